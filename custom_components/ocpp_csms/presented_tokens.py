"""What a presented id token sets off: a scanned tag, a flow that learns it, a question to the user."""

import asyncio
from hashlib import blake2s

from homeassistant.components import persistent_notification
from homeassistant.components.tag import async_scan_tag
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.translation import async_get_exception_message
from homeassistant.util import dt as dt_util

from .const import CONF_TOKENS, DOMAIN
from .coordinator import StationCoordinator
from .csms.model.id_token import IdToken, token_key
from .csms.occurrences import Occurrence, OccurrenceKind

_MOST_OFFERED = 5
_MOST_SCANNED = 100
"""Somebody may present any number of cards: so many unknown ones become tags between restarts."""


class PresentedTokens:
    """The tokens that are presented at the stations of one entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._waiting: list[asyncio.Future[IdToken]] = []
        self._offered: set[str] = set()
        """Unique ids of the flows that offer tokens."""
        self._scanned: set[str] = set()

    async def async_next(self) -> IdToken:
        """Return the token that is presented next."""
        future: asyncio.Future[IdToken] = self._hass.loop.create_future()
        self._waiting.append(future)
        try:
            return await future
        finally:
            self._waiting.remove(future)

    @callback
    def async_occurred(
        self, coordinator: StationCoordinator, occurrence: Occurrence
    ) -> None:
        """Take what happens at a station."""
        data = occurrence.data
        if occurrence.kind is OccurrenceKind.ID_TOKEN_PRESENTED and data["id_token"]:
            self._presented(data["id_token"])
            if data["known"] or self._may_be_tag(data["id_token"]):
                self._scan(coordinator, data["id_token"])
        elif occurrence.kind is OccurrenceKind.AUTHORIZATION_REQUESTED:
            if not data["known"]:
                self._ask(coordinator, data["id_token"])

    def _presented(self, token: str) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(IdToken(token))

    def _may_be_tag(self, token: str) -> bool:
        if len(self._scanned) < _MOST_SCANNED:
            self._scanned.add(token)
        return token in self._scanned

    def _scan(self, coordinator: StationCoordinator, token: str) -> None:
        self._hass.async_create_task(
            async_scan_tag(self._hass, token, coordinator.device_id)
        )

    def _ask(self, coordinator: StationCoordinator, token: str) -> None:
        """Offer a token that nobody holds to the user, and tell of it."""
        unique_id = offer_id(token)
        offered = {
            flow["context"].get("unique_id")
            for flow in self._hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        }
        self._offered &= offered
        if unique_id not in offered and len(self._offered) >= _MOST_OFFERED:
            return
        self._offered.add(unique_id)
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            {"source": SOURCE_INTEGRATION_DISCOVERY},
            {
                "entry_id": self._entry.entry_id,
                CONF_TOKENS: token,
                "station": coordinator.name,
            },
        )
        message = async_get_exception_message(
            DOMAIN,
            "token_asked",
            {
                "id_token": _plain(token),
                "station": coordinator.name,
                "time": dt_util.now().strftime("%H:%M:%S"),
            },
        )
        persistent_notification.async_create(
            self._hass, message, notification_id=f"{DOMAIN}_{unique_id}"
        )

    @callback
    def async_end(self) -> None:
        """Withdraw all offers, and let nobody wait any more."""
        for future in self._waiting:
            future.cancel()
        flows = self._hass.config_entries.flow
        for flow in flows.async_progress_by_handler(DOMAIN):
            if flow["context"].get("unique_id") in self._offered:
                flows.async_abort(flow["flow_id"])
        self._offered.clear()


def offer_id(token: str) -> str:
    """Return the id of the flow that offers a token; it tells the token to nobody."""
    digest = blake2s(token_key(token).encode(), digest_size=8).hexdigest()
    return f"id_token/{digest}"


def _plain(token: str) -> str:
    """Return a stranger's text so that it can't be taken for Markdown."""
    return "".join(c for c in token if c.isalnum() or c in "-_:.")[:50] or "–"
