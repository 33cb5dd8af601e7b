"""Binary sensors: connected, plugged in, charging, problem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .csms.changes import EvseKey, Key, StationKey
from .csms.evse import Evse
from .csms.model.station import Problem
from .csms.station import Station
from .entity import EvseEntity, StationEntity, async_setup_entities
from .hub import CsmsConfigEntry

PARALLEL_UPDATES = 0


def problem_attributes(problem: Problem | None) -> dict[str, Any]:
    """Return what a station says of its fault."""
    return {
        "error_code": problem.code if problem else None,
        "info": problem.info if problem else None,
        "vendor_id": problem.vendor_id if problem else None,
        "vendor_error_code": problem.vendor_code if problem else None,
    }


@dataclass(frozen=True, kw_only=True)
class StationBinarySensorDescription(BinarySensorEntityDescription):
    """Describes a binary sensor of a station."""

    keys: tuple[Key, ...]
    value_fn: Callable[[Station], bool | None]
    attributes_fn: Callable[[Station], Mapping[str, Any]] | None = None
    always_available: bool = False


@dataclass(frozen=True, kw_only=True)
class EvseBinarySensorDescription(BinarySensorEntityDescription):
    """Describes a binary sensor of an EVSE."""

    keys: tuple[Key, ...]
    value_fn: Callable[[Evse], bool | None]
    attributes_fn: Callable[[Evse], Mapping[str, Any]] | None = None


STATION_SENSORS = (
    StationBinarySensorDescription(
        key="connected",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.CONNECTED,),
        value_fn=lambda station: station.connected,
        attributes_fn=lambda station: {"address": station.state.address},
        always_available=True,
    ),
    StationBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.PROBLEM,),
        value_fn=lambda station: station.state.problem is not None,
        attributes_fn=lambda station: problem_attributes(station.state.problem),
    ),
)

EVSE_SENSORS = (
    EvseBinarySensorDescription(
        key="plugged_in",
        translation_key="plugged_in",
        device_class=BinarySensorDeviceClass.PLUG,
        keys=(EvseKey.STATUS, EvseKey.SESSION),
        value_fn=lambda evse: evse.plugged_in,
    ),
    EvseBinarySensorDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        keys=(EvseKey.STATUS, EvseKey.SESSION),
        value_fn=lambda evse: evse.charging,
    ),
    EvseBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(EvseKey.PROBLEM, EvseKey.STATUS),
        value_fn=lambda evse: evse.problem is not None,
        attributes_fn=lambda evse: problem_attributes(evse.problem),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of an entry."""
    async_setup_entities(
        entry,
        async_add_entities,
        station=lambda coordinator: [
            StationBinarySensor(coordinator, description)
            for description in STATION_SENSORS
        ],
        evse=lambda coordinator, evse: [
            EvseBinarySensor(coordinator, evse, description)
            for description in EVSE_SENSORS
        ],
    )


class StationBinarySensor(StationEntity, BinarySensorEntity):
    """A binary sensor of a station."""

    entity_description: StationBinarySensorDescription

    def __init__(
        self,
        coordinator: StationCoordinator,
        description: StationBinarySensorDescription,
    ) -> None:
        """Prepare the sensor."""
        super().__init__(coordinator, description, description.keys)

    @property
    @override
    def available(self) -> bool:
        """Whether there is something to show."""
        return self.entity_description.always_available or super().available

    @override
    def _update(self) -> None:
        description = self.entity_description
        self._attr_is_on = description.value_fn(self.station)
        if description.attributes_fn is not None:
            self._attr_extra_state_attributes = dict(
                description.attributes_fn(self.station)
            )


class EvseBinarySensor(EvseEntity, BinarySensorEntity):
    """A binary sensor of an EVSE."""

    entity_description: EvseBinarySensorDescription

    def __init__(
        self,
        coordinator: StationCoordinator,
        evse: Evse,
        description: EvseBinarySensorDescription,
    ) -> None:
        """Prepare the sensor."""
        super().__init__(coordinator, evse, description, description.keys)

    @override
    def _update(self) -> None:
        description = self.entity_description
        self._attr_is_on = description.value_fn(self.evse)
        if description.attributes_fn is not None:
            self._attr_extra_state_attributes = dict(
                description.attributes_fn(self.evse)
            )
