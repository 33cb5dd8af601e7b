"""What the journal says of the running and the last session of each EVSE, and of each holder."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from .csms.authorization import Holder
from .csms.changes import Change, EvseKey
from .csms.evse import Evse
from .csms.journal.errors import JournalError
from .csms.journal.journal import Journal
from .csms.journal.records import HolderTotals
from .csms.journal.session import Session
from .csms.station import Station
from .session_events import async_fire_ended

if TYPE_CHECKING:
    from .hub import Hub

_LOGGER = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class EvseSessions:
    """The sessions of an EVSE: the one that runs, and the last that has ended."""

    current: Session | None = None
    last: Session | None = None


class SessionBook:
    """Reads them again while they change: at begin and end, and every minute between."""

    def __init__(self, hass: HomeAssistant, hub: Hub, journal: Journal) -> None:
        """Know nothing yet."""
        self._hass = hass
        self._hub = hub
        self._journal = journal
        self._sessions: dict[tuple[str, int], EvseSessions] = {}
        self._totals: dict[str, HolderTotals] = {}
        self._holder_listeners: dict[str, list[CALLBACK_TYPE]] = {}
        self._due: dict[tuple[Station, int], None] = {}
        self._totals_due = False
        self._reading: asyncio.Task[None] | None = None
        self._stop = async_track_time_interval(
            hass, self._elapsed, EVERY, cancel_on_shutdown=True
        )

    def sessions(self, station: Station, evse: Evse) -> EvseSessions:
        """Return what was read last of an EVSE's sessions."""
        return self._sessions.get((station.identity, evse.id), EvseSessions())

    def totals(self, holder_id: str) -> HolderTotals | None:
        """Return what was read last of a holder's totals."""
        return self._totals.get(holder_id)

    @callback
    def async_listen_holder(
        self, holder_id: str, update: CALLBACK_TYPE
    ) -> CALLBACK_TYPE:
        """Call an entity when the totals of a holder have been read; returns the end."""
        listeners = self._holder_listeners.setdefault(holder_id, [])
        listeners.append(update)
        return lambda: listeners.remove(update)

    @callback
    def async_station_changed(self, station: Station, changes: list[Change]) -> None:
        """Read what has begun or ended at a station."""
        evses = {evse_id for evse_id, key in changes if key is EvseKey.SESSION}
        if evses:
            self._totals_due = True
            self._read(station, evses)

    @callback
    def async_read_all(self) -> None:
        """Read everything again: somebody has changed sessions, or holders."""
        self._totals_due = True
        for coordinator in self._hub.coordinators.values():
            self._read(coordinator.station, coordinator.station.evses)
        self._start()

    @callback
    def _elapsed(self, _: datetime) -> None:
        for coordinator in self._hub.coordinators.values():
            station = coordinator.station
            running = [e.id for e in station.evses.values() if e.transaction]
            self._read(station, running)

    async def async_end(self) -> None:
        """Read nothing any more."""
        self._stop()
        self._due.clear()
        if self._reading is not None:
            await self._reading

    def _read(self, station: Station, evse_ids: Iterable[int]) -> None:
        self._due |= dict.fromkeys((station, evse_id) for evse_id in evse_ids)
        if self._due:
            self._start()

    def _start(self) -> None:
        if self._reading is None:
            # Not at once: what is told is kept only at the end of its message.
            self._reading = self._hass.async_create_task(
                self._read_due(), eager_start=False
            )

    async def _read_due(self) -> None:
        try:
            await self._journal.commit()
            while self._due:
                station, evse_id = next(iter(self._due))
                del self._due[station, evse_id]
                await self._read_evse(station, evse_id)
            if self._totals_due:
                self._totals_due = False
                await self._read_totals()
        except JournalError as error:
            # The user is told by the journal's own issue.
            _LOGGER.debug("The sessions can't be read: %s", error)
        finally:
            self._reading = None

    async def _read_evse(self, station: Station, evse_id: int) -> None:
        evse = station.evses.get(evse_id)
        if evse is None:
            return
        running, last = evse.transaction, evse.last_transaction
        found = EvseSessions(
            await self._journal.session(running.record) if running else None,
            await self._journal.session(last.record) if last else None,
        )
        known = self._sessions.get((station.identity, evse_id))
        self._sessions[station.identity, evse_id] = found
        self._tell_ended(station, known, found)
        station.mark(EvseKey.SESSION_RECORD, evse_id)
        station.flush()

    def _tell_ended(
        self, station: Station, known: EvseSessions | None, found: EvseSessions
    ) -> None:
        """Tell of a session that has ended since its EVSE was looked at before."""
        last = found.last
        if known is None or last is None:
            return
        if known.last is not None and known.last.record == last.record:
            return
        for coordinator in self._hub.coordinators.values():
            if coordinator.station is station:
                async_fire_ended(self._hass, coordinator, last)

    async def _read_totals(self) -> None:
        for holder in self._hub.server.authorizer.holders:
            self._totals[holder.id] = await self._totals_of(holder)
            for update in tuple(self._holder_listeners.get(holder.id, ())):
                update()

    async def _totals_of(self, holder: Holder) -> HolderTotals:
        tokens = (token.value for token in holder.tokens)
        return await self._journal.holder_totals(holder.id, tokens)
