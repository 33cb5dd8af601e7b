"""Sensors of stations and EVSEs; those of the meter are in `meter_sensor`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .csms.authorization import Holder
from .csms.changes import EvseKey, StationKey
from .csms.evse import Evse
from .csms.model.evse import EvseStatus
from .csms.onboarding import StepState
from .csms.station import Station
from .entity import (
    EvseEntity,
    ShowingDescription,
    ShowingEntity,
    StationEntity,
    async_setup_entities,
)
from .holder_sensor import holder_sensors
from .hub import CsmsConfigEntry
from .meter_sensor import channel_sensors
from .session_sensor import session_sensors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CsmsSensorDescription[SourceT](
    SensorEntityDescription, ShowingDescription[SourceT]
):
    """Describes a sensor of a station or an EVSE."""


def setup_state(station: Station) -> str:
    """Return how the steps after a station's coming stand, in one word."""
    onboarding = station.onboarding
    if station.config.observe_only:
        return "observe_only"
    if onboarding.problems:
        return "problem"
    return "ready" if onboarding.finished else "running"


def setup_steps(station: Station) -> dict[str, str]:
    """Return each step's state, with its detail where it has one."""
    return {
        step.value: f"{record.state}: {record.detail}"
        if record.detail
        else record.state.value
        for step, record in station.onboarding.records.items()
        if record.state is not StepState.WAITING
    }


def _session_start(evse: Evse) -> datetime | None:
    return evse.session.started_at if evse.session else None


def _session_attributes(evse: Evse) -> dict[str, Any]:
    session = evse.session
    return {
        "transaction_id": session.id if session else None,
        "id_token": session.id_token if session else None,
        "active": session.active if session else False,
        "stop_reason": session.stop_reason if session else None,
    }


STATION_SENSORS: tuple[CsmsSensorDescription[Station], ...] = (
    CsmsSensorDescription(
        key="firmware",
        translation_key="firmware",
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.INFO,),
        value_fn=lambda station: (
            station.state.info.firmware if station.state.info else None
        ),
    ),
    CsmsSensorDescription(
        key="ocpp_version",
        translation_key="ocpp_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.CONNECTED,),
        value_fn=lambda station: station.version.value if station.version else None,
    ),
    CsmsSensorDescription(
        key="setup",
        translation_key="setup",
        device_class=SensorDeviceClass.ENUM,
        options=["running", "ready", "problem", "observe_only"],
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.ONBOARDING, StationKey.SETTINGS),
        value_fn=setup_state,
        attributes_fn=setup_steps,
    ),
    CsmsSensorDescription(
        key="last_boot",
        translation_key="last_boot",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        keys=(StationKey.LAST_BOOT,),
        value_fn=lambda station: station.state.last_boot,
        attributes_fn=lambda station: {"reason": station.state.boot_reason},
        always_available=True,
    ),
    CsmsSensorDescription(
        key="last_seen",
        translation_key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        keys=(StationKey.LAST_SEEN,),
        value_fn=lambda station: station.state.last_seen,
        always_available=True,
    ),
    CsmsSensorDescription(
        key="clock_offset",
        translation_key="clock_offset",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        keys=(StationKey.CLOCK_OFFSET,),
        value_fn=lambda station: station.clock_offset.seconds,
    ),
    CsmsSensorDescription(
        key="firmware_status",
        translation_key="firmware_status",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        keys=(StationKey.FIRMWARE_STATUS,),
        value_fn=lambda station: station.state.firmware_status,
    ),
    CsmsSensorDescription(
        key="log_status",
        translation_key="log_status",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        keys=(StationKey.LOG_STATUS,),
        value_fn=lambda station: station.state.log_status,
    ),
)

EVSE_SENSORS: tuple[CsmsSensorDescription[Evse], ...] = (
    CsmsSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in EvseStatus],
        keys=(EvseKey.STATUS, EvseKey.SESSION),
        value_fn=lambda evse: evse.status.value if evse.status else None,
    ),
    CsmsSensorDescription(
        key="session_energy",
        translation_key="session_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        keys=(EvseKey.SESSION, EvseKey.SESSION_ENERGY),
        value_fn=lambda evse: evse.session.energy_wh if evse.session else None,
        attributes_fn=_session_attributes,
    ),
    CsmsSensorDescription(
        key="session_start",
        translation_key="session_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        keys=(EvseKey.SESSION,),
        value_fn=_session_start,
    ),
    CsmsSensorDescription(
        key="accepted_limit",
        translation_key="accepted_limit",
        device_class=SensorDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        keys=(EvseKey.LIMIT,),
        value_fn=lambda evse: evse.applied_a,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an entry."""
    async_setup_entities(
        entry,
        async_add_entities,
        station=lambda coordinator: [
            StationSensor(coordinator, description, description.keys)
            for description in STATION_SENSORS
        ],
        evse=lambda coordinator, evse: [
            *(
                EvseSensor(coordinator, evse, description, description.keys)
                for description in EVSE_SENSORS
            ),
            *session_sensors(coordinator, evse),
        ],
        channel=channel_sensors,
    )
    hub = entry.runtime_data

    @callback
    def add_holder(holder: Holder) -> None:
        async_add_entities(holder_sensors(hub, holder), config_subentry_id=holder.id)

    hub.async_add_holder_platform(add_holder)


class CsmsSensor[SourceT](ShowingEntity[SourceT], SensorEntity):
    """A sensor of a station or an EVSE."""

    entity_description: CsmsSensorDescription[SourceT]

    @override
    def _show(self, value: Any) -> None:
        self._attr_native_value = value


class StationSensor(StationEntity, CsmsSensor[Station]):
    """A sensor of a station."""


class EvseSensor(EvseEntity, CsmsSensor[Evse]):
    """A sensor of an EVSE."""
