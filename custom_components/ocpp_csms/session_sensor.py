"""Sensors of the running and the last session of an EVSE, as the journal tells them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfTime
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util

from .coordinator import StationCoordinator
from .csms.changes import EvseKey
from .csms.evse import Evse
from .csms.journal.session import Session
from .entity import EvseEntity
from .session_book import EvseSessions


@dataclass(frozen=True, kw_only=True)
class SessionSensorDescription(SensorEntityDescription):
    """Describes what a sensor shows of a session."""

    value_fn: Callable[[Session, datetime], Any]
    session_fn: Callable[[EvseSessions], Session | None]
    attributes_fn: Callable[[Session], Mapping[str, Any]] | None = None


def _current(sessions: EvseSessions) -> Session | None:
    return sessions.current


def _last(sessions: EvseSessions) -> Session | None:
    return sessions.last


def _energy(session: Session, _: datetime) -> float | None:
    return session.energy_wh


def _cost(session: Session, _: datetime) -> float | None:
    return None if session.cost is None else round(session.cost, 4)


def _duration(session: Session, now: datetime) -> float:
    ended = session.ended_at or now
    return max(0.0, (ended - session.started_at).total_seconds())


def _holder(session: Session, _: datetime) -> str | None:
    return session.holder or session.id_token


def _solar_share(session: Session, _: datetime) -> float | None:
    share = session.solar_share
    return None if share is None else round(share * 100, 1)


def _details(session: Session) -> Mapping[str, Any]:
    return {
        "session": str(session.record),
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "stop_reason": session.stop_reason,
        "remarks": sorted(session.remarks),
    }


def _described(
    prefix: str, session_fn: Callable[[EvseSessions], Session | None]
) -> tuple[SessionSensorDescription, ...]:
    return (
        SessionSensorDescription(
            key=f"{prefix}_cost",
            translation_key=f"{prefix}_cost",
            device_class=SensorDeviceClass.MONETARY,
            suggested_display_precision=2,
            value_fn=_cost,
            session_fn=session_fn,
        ),
        SessionSensorDescription(
            key=f"{prefix}_duration",
            translation_key=f"{prefix}_duration",
            device_class=SensorDeviceClass.DURATION,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_unit_of_measurement=UnitOfTime.HOURS,
            suggested_display_precision=2,
            value_fn=_duration,
            session_fn=session_fn,
        ),
        SessionSensorDescription(
            key=f"{prefix}_holder",
            translation_key=f"{prefix}_holder",
            value_fn=_holder,
            session_fn=session_fn,
        ),
        SessionSensorDescription(
            key=f"{prefix}_solar_share",
            translation_key=f"{prefix}_solar_share",
            native_unit_of_measurement=PERCENTAGE,
            suggested_display_precision=0,
            value_fn=_solar_share,
            session_fn=session_fn,
        ),
    )


SESSION_SENSORS = (
    *_described("session", _current),
    SessionSensorDescription(
        key="last_session_energy",
        translation_key="last_session_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=_energy,
        session_fn=_last,
        attributes_fn=_details,
    ),
    *_described("last_session", _last),
)


def session_sensors(coordinator: StationCoordinator, evse: Evse) -> list[Entity]:
    """Return the sensors of an EVSE's sessions."""
    return [
        SessionSensor(coordinator, evse, description) for description in SESSION_SENSORS
    ]


class SessionSensor(EvseEntity, SensorEntity):
    """A sensor of the running or the last session."""

    entity_description: SessionSensorDescription
    kept_while_away = True

    def __init__(
        self,
        coordinator: StationCoordinator,
        evse: Evse,
        description: SessionSensorDescription,
    ) -> None:
        """Prepare the entity."""
        super().__init__(coordinator, evse, description, (EvseKey.SESSION_RECORD,))
        self._attr_native_value = None
        if description.device_class is SensorDeviceClass.MONETARY:
            self._attr_native_unit_of_measurement = coordinator.hass.config.currency

    @override
    def _update(self) -> None:
        book = self.coordinator.entry.runtime_data.book
        shown = self.entity_description
        session = shown.session_fn(book.sessions(self.station, self.evse))
        now = dt_util.utcnow()
        self._attr_native_value = shown.value_fn(session, now) if session else None
        if shown.attributes_fn is not None:
            attributes = shown.attributes_fn(session) if session else {}
            self._attr_extra_state_attributes = dict(attributes)
