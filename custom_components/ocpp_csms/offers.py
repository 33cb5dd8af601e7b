"""Offers of stations that dial in and that nobody has set up yet, as discoveries."""

from collections.abc import Callable
from datetime import datetime

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.discovery_flow import DiscoveryKey
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .const import CONF_IDENTITY, DOMAIN
from .csms.changes import Change, StationKey
from .csms.server import Rejection
from .csms.station import Station
from .repairs import OTHER_PORT, async_report_rejection

KNOCK_WAIT_S = 15
"""How long an unknown station may take to say what it is, before it is offered anyway."""
MAX_OFFERS = 32
"""How many unknown stations are offered at once."""
OFFER_STAYS_S = 600
"""How long the offer of a station stays that has gone away."""


class Offers:
    """The unknown stations of one listener that the user may accept."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Offer stations for an entry."""
        self._hass = hass
        self._entry = entry
        self._offered: set[str] = set()
        self._timers: dict[str, CALLBACK_TYPE] = {}
        """What is waited for, by identity: a station's words, or its coming back."""

    @callback
    def async_knocked(self, station: Station) -> None:
        """Offer a station that nobody knows to the user, once it has said what it is.

        One that does not say so in time is offered all the same.
        """

        @callback
        def give_up() -> None:
            if station.connected and not station.accepted:
                self._offer(station)

        self._wait(station.identity, KNOCK_WAIT_S, give_up)
        station.changed.connect(self._changed)

    @callback
    def async_end(self) -> None:
        """Withdraw all offers."""
        for identity in tuple(self._timers):
            self._wait_no_longer(identity)
        for identity in tuple(self._offered):
            self._withdraw(identity)

    @callback
    def _changed(self, station: Station, changes: list[Change]) -> None:
        """Offer a station that says what it is; withdraw the offer of one that has left."""
        if station.accepted:
            return
        if (0, StationKey.INFO) in changes:
            self._wait_no_longer(station.identity)
            self._offer(station)
        elif (0, StationKey.CONNECTED) in changes and not station.connected:
            self._left(station.identity)

    def _left(self, identity: str) -> None:
        """Withdraw the offer of a station that stays away; forget one that had none."""
        if identity in self._offered:
            self._wait(identity, OFFER_STAYS_S, lambda: self._withdraw(identity))
        else:
            self._wait_no_longer(identity)

    def _wait(self, identity: str, seconds: float, then: Callable[[], None]) -> None:
        """Do something after a while, instead of what was to be done before."""

        @callback
        def elapsed(_: datetime) -> None:
            self._timers.pop(identity, None)
            then()

        self._wait_no_longer(identity)
        self._timers[identity] = async_call_later(self._hass, seconds, elapsed)

    def _wait_no_longer(self, identity: str) -> None:
        if cancel := self._timers.pop(identity, None):
            cancel()

    def _offer(self, station: Station) -> None:
        if other := self._other_entry(station.identity):
            self._report_other_port(station, other)
            return
        offered = self._flows()
        if len(offered) >= MAX_OFFERS and station.identity not in offered:
            return
        self._offered.add(station.identity)
        info = station.state.info
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            {"source": SOURCE_INTEGRATION_DISCOVERY},
            {
                "entry_id": self._entry.entry_id,
                CONF_IDENTITY: station.identity,
                "address": station.state.address or "",
                "version": str(station.version or ""),
                "vendor": info.vendor if info else "",
                "model": info.model if info else "",
                "serial": (info.serial if info else None) or "",
                "firmware": (info.firmware if info else None) or "",
            },
            discovery_key=DiscoveryKey(domain=DOMAIN, key=station.identity, version=1),
        )

    def _withdraw(self, identity: str) -> None:
        self._offered.discard(identity)
        if flow_id := self._flows().get(identity):
            self._hass.config_entries.flow.async_abort(flow_id)

    def _flows(self) -> dict[str, str]:
        """Return the flows that offer stations, by identity."""
        return {
            str(flow["context"].get("unique_id")): flow["flow_id"]
            for flow in self._hass.config_entries.flow.async_progress_by_handler(DOMAIN)
            if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
        }

    def _other_entry(self, identity: str) -> ConfigEntry | None:
        """Return the other entry under which a station is set up."""
        return next(
            (
                entry
                for entry in self._hass.config_entries.async_entries(DOMAIN)
                if entry.entry_id != self._entry.entry_id
                and any(s.unique_id == identity for s in entry.subentries.values())
            ),
            None,
        )

    def _report_other_port(self, station: Station, other: ConfigEntry) -> None:
        rejection = Rejection(
            dt_util.utcnow(),
            station.state.address or "",
            station.identity,
            0,
            OTHER_PORT,
            other.title,
        )
        async_report_rejection(self._hass, self._entry, rejection)
