"""What holds in the house: prices, CO2 and powers, kept in the journal by quarter hours."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfPower
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from .const import (
    CONF_BATTERY_INVERTED,
    CONF_BATTERY_POWER,
    CONF_CO2_ENTITY,
    CONF_FEED_IN,
    CONF_FEED_IN_ENTITY,
    CONF_GRID_INVERTED,
    CONF_GRID_POWER,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_SOLAR_POWER,
    DOMAIN,
)
from .csms.charging.errors import ChargingError
from .csms.charging.figures import is_figure
from .csms.charging.quarter import Moment, Quarter, advance
from .csms.charging.rates import co2_factor, price_factor
from .csms.journal.errors import JournalError
from .csms.journal.journal import Journal
from .csms.model.meter import POWER

_LOGGER = logging.getLogger(__name__)

EVERY = timedelta(seconds=30)
_ENTITIES = (
    CONF_PRICE_ENTITY,
    CONF_FEED_IN_ENTITY,
    CONF_CO2_ENTITY,
    CONF_GRID_POWER,
    CONF_SOLAR_POWER,
    CONF_BATTERY_POWER,
)
_CHOICES = (*_ENTITIES, CONF_PRICE, CONF_FEED_IN)


class House:
    """Watches what the user has chosen; one for all entries."""

    def __init__(self, hass: HomeAssistant, journal: Journal) -> None:
        """Watch nothing yet."""
        self._hass = hass
        self._journal = journal
        self._options: Mapping[str, Any] = {}
        self._stops: list[CALLBACK_TYPE] = []
        self._quarter = Quarter(dt_util.utcnow())
        self._moment = Moment()

    async def async_watch(self) -> None:
        """Watch what is chosen now; the first entry that chooses anything is heeded."""
        options: Mapping[str, Any] = next(
            (
                entry.options
                for entry in self._hass.config_entries.async_entries(DOMAIN)
                if any(entry.options.get(choice) is not None for choice in _CHOICES)
            ),
            {},
        )
        if options == self._options and self._stops:
            return
        self.async_stop()
        self._options = options
        self._journal.currency = self._hass.config.currency
        try:
            await self._journal.fix_price(*self._fixed())
        except JournalError as error:
            _LOGGER.warning("The price could not be stored: %s", error)
        self._quarter, self._moment = Quarter(dt_util.utcnow()), self._measure()
        entities = [*self._entities()]
        self._stops = [
            async_track_state_change_event(self._hass, entities, self._changed),
            async_track_time_interval(
                self._hass, self._elapsed, EVERY, cancel_on_shutdown=True
            ),
        ]

    @callback
    def async_stop(self) -> None:
        """Watch nothing any more."""
        if self._stops:
            self._look()
        for stop in self._stops:
            stop()
        self._stops = []

    def _fixed(self) -> tuple[float | None, float | None]:
        """Return which prices are fixed: of buying, and of selling."""
        if self._options.get(CONF_PRICE_ENTITY):
            return None, None
        price = self._options.get(CONF_PRICE)
        return price, None if price is None else self._options.get(CONF_FEED_IN, 0.0)

    def _entities(self) -> Iterable[str]:
        for key in _ENTITIES:
            chosen = self._options.get(key) or []
            yield from [chosen] if isinstance(chosen, str) else chosen

    @callback
    def _changed(self, _: Event[EventStateChangedData]) -> None:
        self._look()

    @callback
    def _elapsed(self, _: datetime) -> None:
        self._look()

    def _look(self) -> None:
        """Keep what held until now, and look anew."""
        now = dt_util.utcnow()
        self._quarter, touched = advance(self._quarter, self._moment, now)
        if touched and any(
            self._options.get(choice) is not None for choice in _CHOICES
        ):
            self._journal.note(touched)
        self._moment = self._measure()

    def _measure(self) -> Moment:
        options = self._options
        export = self._price(CONF_FEED_IN_ENTITY)
        if not options.get(CONF_FEED_IN_ENTITY):
            export = options.get(CONF_FEED_IN, 0.0)
        price = self._price(CONF_PRICE_ENTITY)
        if not options.get(CONF_PRICE_ENTITY):
            price = options.get(CONF_PRICE)
        grid_w = self._power(options.get(CONF_GRID_POWER))
        battery_w = self._power(options.get(CONF_BATTERY_POWER))
        if grid_w is not None and options.get(CONF_GRID_INVERTED):
            grid_w = -grid_w
        if battery_w is not None and options.get(CONF_BATTERY_INVERTED):
            battery_w = -battery_w
        return Moment(
            import_price=price,
            export_price=export,
            co2=self._value(options.get(CONF_CO2_ENTITY), co2_factor),
            grid_w=grid_w,
            solar_w=self._solar(),
            battery_w=battery_w,
            cars_w=self._cars(),
        )

    def _price(self, key: str) -> float | None:
        return self._value(self._options.get(key), price_factor)

    def _solar(self) -> float | None:
        """Return the power of all chosen sources of the sun, None if one is not known."""
        powers = [self._power(e) for e in self._options.get(CONF_SOLAR_POWER) or ()]
        known = [power for power in powers if power is not None]
        return _known(sum(known)) if powers and len(known) == len(powers) else None

    def _cars(self) -> float:
        """Return the power of all that charges."""
        powers = (
            _known(evse.meter.value(POWER) or 0.0)
            for entry in self._hass.config_entries.async_loaded_entries(DOMAIN)
            for coordinator in entry.runtime_data.coordinators.values()
            for evse in coordinator.station.evses.values()
        )
        return _known(sum(power or 0.0 for power in powers)) or 0.0

    def _value(
        self, entity_id: str | None, factor: Callable[[str], float]
    ) -> float | None:
        """Return the value of an entity in our unit, None while it has none."""
        state, value = self._number(entity_id)
        if state is None or value is None:
            return None
        try:
            unit = str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
            return _known(value * factor(unit))
        except ChargingError:
            return None

    def _power(self, entity_id: str | None) -> float | None:
        """Return the power that an entity tells, in W."""
        state, value = self._number(entity_id)
        if state is None or value is None:
            return None
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, UnitOfPower.WATT)
        try:
            return _known(PowerConverter.convert(value, unit, UnitOfPower.WATT))
        except HomeAssistantError:
            return None

    def _number(self, entity_id: str | None) -> tuple[State | None, float | None]:
        state = self._hass.states.get(entity_id) if entity_id else None
        if state is None:
            return None, None
        try:
            value = float(state.state)
        except ValueError:
            return state, None
        return state, _known(value)


def _known(value: float) -> float | None:
    """Return a value, None for what can't be in a house."""
    return value if is_figure(value) else None
