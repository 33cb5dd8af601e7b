"""Switches: charge, pause, availability."""

from collections.abc import Awaitable, Callable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .csms.availability import set_available
from .csms.changes import EvseKey, StationKey
from .csms.control import start_charging, stop_charging
from .csms.evse import Evse
from .csms.limits import set_paused
from .csms.model.evse import EvseStatus
from .csms.occurrences import Occurrence, OccurrenceKind
from .csms.station import Station
from .entity import EvseEntity, StationEntity, async_setup_entities
from .hub import CsmsConfigEntry

PARALLEL_UPDATES = 1

_TRANSACTION_CHANGES = (
    OccurrenceKind.TRANSACTION_STARTED,
    OccurrenceKind.TRANSACTION_ENDED,
)

CHARGE = SwitchEntityDescription(key="charge", translation_key="charge")
PAUSE = SwitchEntityDescription(key="pause", translation_key="pause")
AVAILABILITY = SwitchEntityDescription(
    key="availability",
    translation_key="availability",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches of an entry."""
    async_setup_entities(
        entry,
        async_add_entities,
        station=lambda coordinator: [StationAvailabilitySwitch(coordinator)],
        evse=lambda coordinator, evse: [
            ChargeSwitch(coordinator, evse),
            PauseSwitch(coordinator, evse),
            EvseAvailabilitySwitch(coordinator, evse),
        ],
    )


class ChargeSwitch(EvseEntity, SwitchEntity):
    """Starts and stops charging. On while a transaction runs, or one was asked for."""

    def __init__(self, coordinator: StationCoordinator, evse: Evse) -> None:
        """Prepare the switch."""
        super().__init__(coordinator, evse, CHARGE, (EvseKey.SESSION, EvseKey.WISH))
        self._error: str | None = None
        self._stopping: str | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Listen also for a start that comes to nothing."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_occurrences(self._occurred))

    def _occurred(self, occurrence: Occurrence) -> None:
        if occurrence.evse_id != self.evse.id:
            return
        if occurrence.kind is OccurrenceKind.START_TIMED_OUT:
            self._error = "start_timed_out"
        elif occurrence.kind in _TRANSACTION_CHANGES:
            self._error = self._stopping = None
        self._handle_change()

    @override
    def _update(self) -> None:
        transaction = self.evse.transaction
        starts = self.evse.pending_start is not None
        stops = transaction is not None and transaction.id == self._stopping
        pending = starts or stops
        self._attr_is_on = transaction is not None or starts
        self._attr_extra_state_attributes = {"pending": pending, "error": self._error}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Ask the station to start, unless it charges or is asked already."""
        if not self.is_on:
            await self._ask(start_charging)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Ask the station to stop, unless nothing runs."""
        if not self.is_on:
            return
        transaction = self.evse.transaction
        await self._ask(stop_charging)
        if transaction is not None and self.evse.transaction is transaction:
            self._stopping = transaction.id
            self._handle_change()

    async def _ask(self, ask: Callable[[Station, int], Awaitable[object]]) -> None:
        """Ask for something; a refusal is also shown until something else happens."""
        self._error = None
        try:
            with self.translated_errors():
                await ask(self.station, self.evse.id)
        except HomeAssistantError as error:
            self._error = error.translation_key
            raise
        finally:
            self._handle_change()


class PauseSwitch(EvseEntity, SwitchEntity):
    """Holds charging at 0 A; the transaction goes on."""

    kept_while_away = True

    def __init__(self, coordinator: StationCoordinator, evse: Evse) -> None:
        """Prepare the switch."""
        super().__init__(coordinator, evse, PAUSE, (EvseKey.WISH, EvseKey.LIMIT))

    @override
    def _update(self) -> None:
        self._attr_is_on = self.evse.wish.paused
        pending = self.evse.wish.paused and not self.evse.wish_applied
        self._attr_extra_state_attributes = {"pending": pending}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Hold."""
        with self.translated_errors():
            await set_paused(self.station, self.evse.id, paused=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let it go on."""
        with self.translated_errors():
            await set_paused(self.station, self.evse.id, paused=False)


class StationAvailabilitySwitch(StationEntity, SwitchEntity):
    """Takes a whole station out of use."""

    kept_while_away = True

    def __init__(self, coordinator: StationCoordinator) -> None:
        """Prepare the switch."""
        super().__init__(coordinator, AVAILABILITY, (StationKey.STATUS,))

    @override
    def _update(self) -> None:
        wish = self.station.state.wish_available
        reported = not self.station.out_of_use
        self._attr_is_on = reported if wish is None else wish
        self._attr_extra_state_attributes = {
            "pending": wish is not None and wish != reported
        }

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Put the station into use."""
        await self._set(available=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Take the station out of use."""
        await self._set(available=False)

    async def _set(self, *, available: bool) -> None:
        with self.translated_errors():
            await set_available(self.station, None, available=available)
        self._handle_change()


class EvseAvailabilitySwitch(EvseEntity, SwitchEntity):
    """Takes an EVSE out of use."""

    kept_while_away = True

    def __init__(self, coordinator: StationCoordinator, evse: Evse) -> None:
        """Prepare the switch."""
        super().__init__(
            coordinator, evse, AVAILABILITY, (EvseKey.STATUS, EvseKey.WISH)
        )

    @override
    def _update(self) -> None:
        wish = self.evse.wish.available
        reported = self.evse.status is not EvseStatus.UNAVAILABLE
        self._attr_is_on = reported if wish is None else wish
        self._attr_extra_state_attributes = {
            "pending": wish is not None and wish != reported
        }

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Put the EVSE into use."""
        with self.translated_errors():
            await set_available(self.station, self.evse.id, available=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Take the EVSE out of use."""
        with self.translated_errors():
            await set_available(self.station, self.evse.id, available=False)
