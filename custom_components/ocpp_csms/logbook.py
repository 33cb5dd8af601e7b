"""What the logbook says of sessions."""

from collections.abc import Callable

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN
from .session_events import EVENT_ENDED, EVENT_STARTED


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the events of sessions."""
    async_describe_event(DOMAIN, EVENT_STARTED, _started)
    async_describe_event(DOMAIN, EVENT_ENDED, _ended)


@callback
def _started(event: Event) -> dict[str, str]:
    return {
        LOGBOOK_ENTRY_NAME: _place(event),
        LOGBOOK_ENTRY_MESSAGE: f"began charging{_who(event, 'for')}",
        LOGBOOK_ENTRY_ICON: "mdi:ev-plug-type2",
    }


@callback
def _ended(event: Event) -> dict[str, str]:
    data = event.data
    energy = data.get("energy")
    much = "an unknown amount of energy" if energy is None else f"{energy:.2f} kWh"
    cost = data.get("cost")
    money = (
        "" if cost is None else f", {cost:.2f} {data.get('currency') or ''}".rstrip()
    )
    return {
        LOGBOOK_ENTRY_NAME: _place(event),
        LOGBOOK_ENTRY_MESSAGE: f"charged {much}{_who(event, 'for')}{money}",
        LOGBOOK_ENTRY_ICON: "mdi:battery-check",
    }


def _place(event: Event) -> str:
    return f"{event.data.get('station')} EVSE {event.data.get('evse')}"


def _who(event: Event, word: str) -> str:
    who = event.data.get("holder") or event.data.get("id_token")
    return f" {word} {who}" if who else ""
