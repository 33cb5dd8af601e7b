"""The hub of one entry: owns the listener and knows which station belongs to which subentry."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_PASSWORD, CONF_PORT, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store

from .const import (
    CONF_ALIGNED_INTERVAL,
    CONF_AUTOMATIC_START,
    CONF_BIND_ADDRESS,
    CONF_CALL_TIMEOUT,
    CONF_HEARTBEAT_INTERVAL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_LOCAL_LIST,
    CONF_MAX_CURRENT,
    CONF_MAX_FRAME_KIB,
    CONF_MEASURANDS,
    CONF_OBSERVE_ONLY,
    CONF_PING_INTERVAL,
    CONF_SAMPLE_INTERVAL,
    CONF_SKIP_STEPS,
    CONF_START,
    CONF_UNKNOWN_TOKENS,
    CONF_VERSION,
    DEFAULT_MAX_FRAME_KIB,
    DEFAULT_MEASURANDS,
    DEFAULT_PING_INTERVAL,
    DOMAIN,
    SUBENTRY_STATION,
    VERSION_AUTOMATIC,
    VERSIONS,
)
from .coordinator import StationCoordinator
from .csms import memory
from .csms.authorization import Authorizer, Holder, StartPolicy, UnknownTokens
from .csms.changes import Change, EvseKey, StationKey
from .csms.journal.errors import JournalError
from .csms.journal.journal import Journal
from .csms.model.meter import REGISTER
from .csms.model.transaction import Transaction
from .csms.occurrences import Occurrence, OccurrenceKind
from .csms.onboarding import Step
from .csms.quirks import load_quirks
from .csms.server import Rejection, Server, ServerSettings
from .csms.station import DEFAULT_ID_TOKEN, Station, StationConfig
from .holder_form import holder_subentries, read_holder
from .holder_sensor import holder_identifier
from .journal import async_acquire, async_release, async_watch_house
from .offers import Offers
from .presented_tokens import PresentedTokens
from .repairs import async_clear_rejections, async_report_rejection, async_report_setup
from .session_book import SessionBook
from .session_events import async_fire_started

LOGGER = logging.getLogger(__package__)

type CsmsConfigEntry = ConfigEntry[Hub]

_STORAGE_VERSION = 1
_SAVE_DELAY_S = 10
_SAVE_ENERGY_DELAY_S = 300
"""How much of a running session's energy may be lost when the power fails."""
_MEMORABLE = frozenset({"session", "wish", "limit", "info", "last_boot", "evses"})
"""Changes after which what is kept of a station is saved."""


def server_settings(entry: ConfigEntry) -> ServerSettings:
    """Return how the listener of an entry listens."""
    ping = entry.options.get(CONF_PING_INTERVAL, DEFAULT_PING_INTERVAL)
    frame = entry.options.get(CONF_MAX_FRAME_KIB, DEFAULT_MAX_FRAME_KIB)
    return ServerSettings(
        host=entry.data.get(CONF_BIND_ADDRESS) or None,
        port=int(entry.data[CONF_PORT]),
        ping_interval_s=float(ping) or None,
        max_frame_bytes=int(frame) * 1024,
    )


def station_config(subentry: ConfigSubentry) -> StationConfig:
    """Return what a subentry sets for its station."""
    data = subentry.data
    version = data.get(CONF_VERSION, VERSION_AUTOMATIC)
    defaults = StationConfig(identity=data[CONF_IDENTITY])
    return StationConfig(
        identity=data[CONF_IDENTITY],
        password=data.get(CONF_PASSWORD) or None,
        version=VERSIONS.get(version),
        call_timeout_s=data.get(CONF_CALL_TIMEOUT, defaults.call_timeout_s),
        heartbeat_interval_s=int(
            data.get(CONF_HEARTBEAT_INTERVAL, defaults.heartbeat_interval_s)
        ),
        sample_interval_s=int(
            data.get(CONF_SAMPLE_INTERVAL, defaults.sample_interval_s)
        ),
        aligned_interval_s=int(
            data.get(CONF_ALIGNED_INTERVAL, defaults.aligned_interval_s)
        ),
        measurands=tuple(data.get(CONF_MEASURANDS, DEFAULT_MEASURANDS)),
        max_current_a=data.get(CONF_MAX_CURRENT, defaults.max_current_a),
        id_token=data.get(CONF_ID_TOKEN) or DEFAULT_ID_TOKEN,
        start=StartPolicy(data.get(CONF_START, defaults.start)),
        unknown_tokens=UnknownTokens(
            data.get(CONF_UNKNOWN_TOKENS, defaults.unknown_tokens)
        ),
        automatic_start=data.get(CONF_AUTOMATIC_START, defaults.automatic_start),
        local_list=data.get(CONF_LOCAL_LIST, defaults.local_list),
        skip_steps=frozenset(data.get(CONF_SKIP_STEPS, ())),
        observe_only=data.get(CONF_OBSERVE_ONLY, False),
    )


class Hub:
    """One listener and its stations, as Home Assistant sees them."""

    def __init__(self, hass: HomeAssistant, entry: CsmsConfigEntry) -> None:
        """Prepare the hub of an entry."""
        self.hass = hass
        self.entry = entry
        self.coordinators: dict[str, StationCoordinator] = {}
        """By subentry id."""
        self._settings = server_settings(entry)
        self._store: Store[dict[str, Any]] = Store(
            hass, _STORAGE_VERSION, f"{DOMAIN}.{entry.entry_id}", private=True
        )
        self._journal: Journal | None = None
        self._book: SessionBook | None = None
        self._memory: dict[str, Any] = {}
        self._save_within_s: float | None = None
        """How soon what is known is going to be saved, at most."""
        self._offers = Offers(hass, entry)
        self.presented_tokens = PresentedTokens(hass, entry)
        self._authorizer = Authorizer()
        self._platforms: list[Callable[[StationCoordinator], None]] = []
        self._holder_platforms: list[Callable[[Holder], None]] = []
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The central system."""
        assert self._server is not None
        return self._server

    @property
    def book(self) -> SessionBook:
        """What is known of sessions and holders."""
        assert self._book is not None
        return self._book

    @property
    def listener_changed(self) -> bool:
        """Whether the entry now asks for another listener than the open one."""
        return server_settings(self.entry) != self._settings

    async def async_start(self) -> None:
        """Open the listener and take up the stations. Raises ConfigEntryNotReady."""
        self._memory = await self._store.async_load() or {}
        quirks = await self.hass.async_add_executor_job(load_quirks)
        async with AsyncExitStack() as on_failure:
            self._journal = await async_acquire(self.hass)
            on_failure.push_async_callback(self._release_journal)
            self._know_holders()
            self._server = Server(
                self._settings,
                quirks=quirks,
                authorizer=self._authorizer,
                journal=self._journal,
            )
            self._book = SessionBook(self.hass, self, self._journal)
            on_failure.push_async_callback(self._book.async_end)
            await self._open_listener(self._server)
            on_failure.pop_all()
        await async_watch_house(self.hass)
        self._book.async_read_all()

    async def _open_listener(self, server: Server) -> None:
        server.knocked.connect(self._offers.async_knocked)
        server.rejected.connect(self._rejected)
        for subentry in self._station_subentries():
            self._add_station(subentry, await self._sessions_of(subentry))
        self.entry.async_on_unload(
            self.hass.bus.async_listen_once(
                EVENT_HOMEASSISTANT_STOP, self._async_shutdown
            )
        )
        try:
            await server.start()
        except OSError as error:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key="port_not_available",
                translation_placeholders={
                    "port": str(self._settings.port),
                    "error": error.strerror or str(error),
                },
            ) from error

    async def async_stop(self) -> None:
        """Close the listener and keep what is known of the stations."""
        await self.server.stop()
        await self.book.async_end()
        self._offers.async_end()
        self.presented_tokens.async_end()
        await self._store.async_save(self._snapshot(final=True))
        await self._release_journal()
        async_clear_rejections(self.hass, self.entry, "")

    async def _async_shutdown(self, _: Event) -> None:
        """Take leave of the stations when Home Assistant stops, and keep what is known."""
        await self.server.stop()
        await self.book.async_end()
        await self._store.async_save(self._snapshot(final=True))
        await self._release_journal()

    async def _release_journal(self) -> None:
        if self._journal is not None:
            self._journal = None
            await async_release(self.hass)

    async def async_forget(self) -> None:
        """Remove what was kept of the stations; their sessions stay."""
        await self._store.async_remove()

    async def _sessions_of(self, subentry: ConfigSubentry) -> list[Transaction]:
        """Return the last sessions of a station, none where they can't be read."""
        identity = subentry.data[CONF_IDENTITY]
        assert self._journal is not None
        try:
            return await self._journal.recent(identity)
        except JournalError as error:
            LOGGER.error("The sessions of %s can't be read: %s", identity, error)
            return []

    def _station_subentries(self) -> list[ConfigSubentry]:
        return [
            subentry
            for subentry in self.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_STATION
        ]

    def _know_holders(self) -> bool:
        """Let the holders be those of the subentries; return whether they were others."""
        holders = tuple(read_holder(each) for each in holder_subentries(self.entry))
        if holders == self._authorizer.holders:
            return False
        known = {holder.id for holder in self._authorizer.holders}
        self._authorizer.know(holders)
        for holder in holders:
            if holder.id in known:
                self._rename_device(holder)
                continue
            for add in self._holder_platforms:
                add(holder)
        return True

    def _rename_device(self, holder: Holder) -> None:
        devices = dr.async_get(self.hass)
        device = devices.async_get_device_by_identifier(
            holder_identifier(holder.id), self.entry.entry_id
        )
        if device is not None and device.name != holder.name:
            devices.async_update_device(device.id, name=holder.name)

    @callback
    def async_add_holder_platform(self, add: Callable[[Holder], None]) -> None:
        """Have a platform add its entities for every holder, present and future."""
        self._holder_platforms.append(add)
        for holder in self._authorizer.holders:
            add(holder)

    async def async_sync(self) -> None:
        """Add, change and remove stations and holders, so that they are those of the subentries.

        What is chosen of the house may have changed, too.
        """
        await async_watch_house(self.hass)
        if self._know_holders():
            self.book.async_read_all()
            for station in self.server.stations.values():
                station.admission.reconsider()
                station.onboarding.repeat(Step.ID_TOKENS)
        subentries = {
            subentry.subentry_id: subentry for subentry in self._station_subentries()
        }
        closing = [
            self._remove_station(subentry_id)
            for subentry_id in self.coordinators.keys() - subentries.keys()
        ]
        for subentry_id, subentry in subentries.items():
            known = self.coordinators.get(subentry_id)
            if known is None:
                sessions = await self._sessions_of(subentry)
                coordinator = self._add_station(subentry, sessions)
                for add in self._platforms:
                    add(coordinator)
            else:
                self.server.add(station_config(subentry))
                known.async_update_device()
        self._save_soon()
        # A socket may take seconds to close: until then the stations must be right already.
        await asyncio.gather(*closing)

    @callback
    def async_add_platform(self, add: Callable[[StationCoordinator], None]) -> None:
        """Have a platform add its entities for every station, present and future."""
        self._platforms.append(add)
        for coordinator in self.coordinators.values():
            add(coordinator)

    def coordinator_of_device(self, device: dr.AnyDeviceEntry) -> StationCoordinator:
        """Return the coordinator of the station to which a device belongs."""
        for coordinator in self.coordinators.values():
            if coordinator.identifiers & device.identifiers:
                return coordinator
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="device_without_station"
        )

    @callback
    def async_forget_device(self, device: dr.AnyDeviceEntry) -> bool:
        """Forget the EVSE of a device; return False for one that is in use, and stations."""
        for coordinator in self.coordinators.values():
            evse_id = coordinator.evse_of_device(device)
            if evse_id is not None:
                forgotten = coordinator.async_forget_evse(evse_id)
                self._save_soon()
                return forgotten
            if coordinator.identifiers & device.identifiers:
                return False
        return True

    def _add_station(
        self, subentry: ConfigSubentry, sessions: list[Transaction]
    ) -> StationCoordinator:
        config = station_config(subentry)
        station = self.server.add(config)
        if not station.connected:
            kept = self._memory.get(config.identity)
            station = self._restore(station, kept, sessions)
        station.changed.connect(self._remember)
        station.changed.connect(self.book.async_station_changed)
        coordinator = StationCoordinator(
            self.hass, self.entry, subentry.subentry_id, station
        )
        coordinator.async_listen_occurrences(partial(self._occurred, coordinator))
        self.coordinators[subentry.subentry_id] = coordinator
        return coordinator

    @callback
    def _occurred(
        self, coordinator: StationCoordinator, occurrence: Occurrence
    ) -> None:
        """Tell Home Assistant what concerns it of what happens at a station."""
        self.presented_tokens.async_occurred(coordinator, occurrence)
        if occurrence.kind is OccurrenceKind.TRANSACTION_STARTED:
            async_fire_started(self.hass, coordinator, occurrence)

    def _remove_station(self, subentry_id: str) -> Awaitable[None]:
        """Forget a station at once; what is returned waits until its socket is closed."""
        coordinator = self.coordinators.pop(subentry_id)
        identity = coordinator.station.identity
        self._memory.pop(identity, None)
        coordinator.async_close()
        async_clear_rejections(self.hass, self.entry, identity)
        return self.server.remove(identity)

    def _restore(
        self,
        station: Station,
        kept: dict[str, Any] | None,
        sessions: list[Transaction],
    ) -> Station:
        """Give a station its memory back; one that can't be read is left out."""
        try:
            memory.restore(station, kept, sessions)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning(
                "What was kept of %s can't be read, it starts anew: %r",
                station.identity,
                error,
            )
            del self.server.stations[station.identity]
            station = self.server.add(station.config)
            memory.restore(station, None, sessions)
        return station

    def _remember(self, station: Station, changes: list[Change]) -> None:
        if station.connected and (0, StationKey.CONNECTED) in changes:
            for entry in self.hass.config_entries.async_entries(DOMAIN):
                async_clear_rejections(self.hass, entry, station.identity)
        if (0, StationKey.ONBOARDING) in changes:
            async_report_setup(self.hass, self.entry, station)
        self._save_after(changes)

    def _save_after(self, changes: list[Change]) -> None:
        """Save soon what matters at once, and within minutes what changes all the time."""
        if self._save_within_s == _SAVE_DELAY_S:
            return
        if any(key in _MEMORABLE for _, key in changes):
            self._save_soon()
        elif self._save_within_s is None and any(
            key is EvseKey.SESSION_ENERGY or key == REGISTER for _, key in changes
        ):
            self._save_soon(_SAVE_ENERGY_DELAY_S)

    def _save_soon(self, delay_s: float = _SAVE_DELAY_S) -> None:
        self._save_within_s = delay_s
        self._store.async_delay_save(self._snapshot, delay_s)

    def _snapshot(self, *, final: bool = False) -> dict[str, Any]:
        self._save_within_s = None
        self._memory |= {
            coordinator.station.identity: memory.snapshot(
                coordinator.station, final=final
            )
            for coordinator in self.coordinators.values()
        }
        return self._memory

    @callback
    def _rejected(self, rejection: Rejection) -> None:
        """Tell the user of a station that is turned away for something that can be mended."""
        async_report_rejection(self.hass, self.entry, rejection)
