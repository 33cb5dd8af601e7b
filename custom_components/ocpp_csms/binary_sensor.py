"""Binary sensors: connected, plugged in, charging, problem."""

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

from .csms.changes import EvseKey, StationKey
from .csms.evse import Evse
from .csms.model.station import Problem
from .csms.station import Station
from .entity import (
    EvseEntity,
    ShowingDescription,
    ShowingEntity,
    StationEntity,
    async_setup_entities,
)
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
class CsmsBinarySensorDescription[SourceT](
    BinarySensorEntityDescription, ShowingDescription[SourceT]
):
    """Describes a binary sensor of a station or an EVSE."""


STATION_SENSORS: tuple[CsmsBinarySensorDescription[Station], ...] = (
    CsmsBinarySensorDescription(
        key="connected",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.CONNECTED,),
        value_fn=lambda station: station.connected,
        attributes_fn=lambda station: {"address": station.state.address},
        always_available=True,
    ),
    CsmsBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.PROBLEM,),
        value_fn=lambda station: station.state.problem is not None,
        attributes_fn=lambda station: problem_attributes(station.state.problem),
    ),
)

EVSE_SENSORS: tuple[CsmsBinarySensorDescription[Evse], ...] = (
    CsmsBinarySensorDescription(
        key="plugged_in",
        translation_key="plugged_in",
        device_class=BinarySensorDeviceClass.PLUG,
        keys=(EvseKey.STATUS, EvseKey.SESSION),
        value_fn=lambda evse: evse.plugged_in,
    ),
    CsmsBinarySensorDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        keys=(EvseKey.STATUS, EvseKey.SESSION),
        value_fn=lambda evse: evse.charging,
    ),
    CsmsBinarySensorDescription(
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
            StationBinarySensor(coordinator, description, description.keys)
            for description in STATION_SENSORS
        ],
        evse=lambda coordinator, evse: [
            EvseBinarySensor(coordinator, evse, description, description.keys)
            for description in EVSE_SENSORS
        ],
    )


class CsmsBinarySensor[SourceT](ShowingEntity[SourceT], BinarySensorEntity):
    """A binary sensor of a station or an EVSE."""

    entity_description: CsmsBinarySensorDescription[SourceT]

    @override
    def _show(self, value: Any) -> None:
        self._attr_is_on = value


class StationBinarySensor(StationEntity, CsmsBinarySensor[Station]):
    """A binary sensor of a station."""


class EvseBinarySensor(EvseEntity, CsmsBinarySensor[Evse]):
    """A binary sensor of an EVSE."""
