"""The current limit of an EVSE."""

from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .csms.changes import EvseKey, StationKey
from .csms.evse import Evse
from .csms.limits import set_limit
from .entity import EvseEntity, async_setup_entities
from .hub import CsmsConfigEntry

PARALLEL_UPDATES = 1

LIMIT = NumberEntityDescription(
    key="current_limit",
    translation_key="current_limit",
    device_class=NumberDeviceClass.CURRENT,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    native_step=1,
    mode=NumberMode.SLIDER,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the numbers of an entry."""
    async_setup_entities(
        entry,
        async_add_entities,
        evse=lambda coordinator, evse: [CurrentLimitNumber(coordinator, evse)],
    )


class CurrentLimitNumber(EvseEntity, NumberEntity):
    """The most current that the car may draw."""

    kept_while_away = True

    def __init__(self, coordinator: StationCoordinator, evse: Evse) -> None:
        """Prepare the number."""
        super().__init__(coordinator, evse, LIMIT, (EvseKey.WISH, EvseKey.LIMIT))
        self._changes = (*self._changes, (0, StationKey.INFO), (0, StationKey.SETTINGS))

    @override
    def _update(self) -> None:
        self._attr_native_min_value = self.station.quirks.min_current_a
        self._attr_native_max_value = self.station.config.max_current_a
        wish = self.evse.wish
        self._attr_native_value = (
            self.station.config.max_current_a if wish.limit_a is None else wish.limit_a
        )
        self._attr_extra_state_attributes = {"applied": self.evse.wish_applied}

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Limit the current."""
        with self.translated_errors():
            await set_limit(self.station, self.evse.id, value)
