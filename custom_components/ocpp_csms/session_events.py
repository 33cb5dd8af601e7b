"""Events of Home Assistant's bus that tell of sessions, for the logbook and for automations."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import StationCoordinator
from .csms.journal.session import Session
from .csms.occurrences import Occurrence

EVENT_STARTED = f"{DOMAIN}_session_started"
EVENT_ENDED = f"{DOMAIN}_session_ended"


@callback
def async_fire_started(
    hass: HomeAssistant, coordinator: StationCoordinator, occurrence: Occurrence
) -> None:
    """Tell that a session has begun."""
    hass.bus.async_fire(
        EVENT_STARTED,
        {
            ATTR_DEVICE_ID: _device_id(hass, coordinator, occurrence.evse_id),
            "station": coordinator.name,
            "evse": occurrence.evse_id,
            "id_token": occurrence.data["id_token"],
            "holder": occurrence.data["holder"],
        },
    )


@callback
def async_fire_ended(
    hass: HomeAssistant, coordinator: StationCoordinator, session: Session
) -> None:
    """Tell that a session has ended, and what it was."""
    hass.bus.async_fire(
        EVENT_ENDED,
        {
            ATTR_DEVICE_ID: _device_id(hass, coordinator, session.evse_id),
            "station": coordinator.name,
            "evse": session.evse_id,
            "session": str(session.record),
            "id_token": session.id_token,
            "holder": session.holder,
            "energy": None
            if session.energy_wh is None
            else round(session.energy_wh / 1000, 3),
            "cost": None if session.cost is None else round(session.cost, 4),
            "currency": session.summary.currency,
            "started_at": session.started_at.isoformat(),
            "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        },
    )


def _device_id(
    hass: HomeAssistant, coordinator: StationCoordinator, evse_id: int
) -> str:
    """Return the device of an EVSE, of the station where there is none of it yet."""
    devices = dr.async_get(hass)
    child = devices.async_get_child_device_by_identifier(
        coordinator.evse_identifier(evse_id), coordinator.entry.entry_id
    )
    return child.id if child else coordinator.device_id
