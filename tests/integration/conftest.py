"""Entries, chargers and simulated stations for the tests inside of Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PORT, __version__ as ha_version
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.ocpp_csms import hub
from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.csms.model.station import StationInfo
from custom_components.ocpp_csms.csms.quirks import QuirkBook, Quirks
from custom_components.ocpp_csms.csms.server import Server
from simulator import ChargingStation, ManualClock

from ..csms.support import BareStation, boot, dial, status
from .common import (
    IDENTITY,
    LOOPBACK,
    NAME,
    VERSIONS,
    Charger,
    mock_entry,
    subentry_data,
)

SNAPSHOT_VERSION = "2026.10.4"


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Keep sessions in a directory of the test's own."""
    return hass_tmp_config_dir


class StartStation(Protocol):
    """Makes simulated stations that dial an entry."""

    def __call__(
        self,
        entry: MockConfigEntry,
        version: str,
        identity: str = IDENTITY,
        *,
        wait: bool = True,
        **options: Any,
    ) -> Awaitable[ChargingStation]:
        """Start a station and, unless told not to, wait until it is registered."""


class Connect(Protocol):
    """Makes chargers that are connected and settled."""

    def __call__(
        self,
        entry: MockConfigEntry,
        version: str,
        identity: str = IDENTITY,
        **options: Any,
    ) -> Awaitable[Charger]:
        """Start a station and wait until it is ready."""


class Bare(Protocol):
    """Dials an entry as a bare station."""

    def __call__(
        self,
        entry: MockConfigEntry,
        path: str = ...,
        version: str | None = ...,
        **options: Any,
    ) -> Awaitable[BareStation]:
        """Connect."""


type SetUp = Callable[[MockConfigEntry], Awaitable[MockConfigEntry]]


class _Impatient(QuirkBook):
    """Knows no models and gives stations no time to settle."""

    @override
    def find(self, info: StationInfo | None) -> Quirks:
        """Return the quirks of a station."""
        return replace(super().find(info), boot_settle_s=0.0)


@pytest.fixture(autouse=True)
def environment(
    hass_storage: dict[str, Any],
    enable_custom_integrations: None,
    socket_enabled: None,
) -> dict[str, Any]:
    """Keep storage in memory, let the integration be found and sockets be opened."""
    return hass_storage


@pytest.fixture
def clock() -> ManualClock:
    """Return the time of stations and central system, which tests move."""
    return ManualClock()


@pytest.fixture(autouse=True)
def quick(
    monkeypatch: pytest.MonkeyPatch, clock: ManualClock, environment: dict[str, Any]
) -> None:
    """Let nothing wait, and the central system share the stations' time."""
    monkeypatch.setattr(hub, "load_quirks", _Impatient)
    monkeypatch.setattr(hub, "Server", partial(Server, clock=clock.now))


@pytest.fixture
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable also the entities that are disabled by default."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Return each version of OCPP in turn."""
    return str(request.param)


@pytest.fixture
def stations() -> list[ChargingStation]:
    """Return the simulated stations of a test."""
    return []


@pytest.fixture
async def start_station(
    clock: ManualClock, stations: list[ChargingStation]
) -> AsyncIterator[StartStation]:
    """Return what makes stations; none may have met a message that breaks its schema."""

    async def make(
        entry: MockConfigEntry,
        version: str,
        identity: str = IDENTITY,
        *,
        wait: bool = True,
        **options: Any,
    ) -> ChargingStation:
        """Start a station."""
        url = f"ws://{LOOPBACK}:{entry.data[CONF_PORT]}"
        station = ChargingStation(
            identity, url, version, **{"clock": clock, "call_timeout": 5.0, **options}
        )
        stations.append(station)
        await station.start()
        if wait:
            await station.wait_registered()
        return station

    yield make
    await asyncio.gather(*(station.stop() for station in stations))
    for station in stations:
        assert station.errors == []
        assert station.complaints == []


@pytest.fixture
async def set_up(
    hass: HomeAssistant, start_station: StartStation, stations: list[ChargingStation]
) -> AsyncIterator[SetUp]:
    """Return what sets up an entry; all are unloaded before the stations stop."""

    async def do(entry: MockConfigEntry) -> MockConfigEntry:
        """Set up an entry."""
        if hass.config_entries.async_get_entry(entry.entry_id) is None:
            entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    yield do
    await asyncio.gather(*(station.idle() for station in stations))
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
def connect(
    hass: HomeAssistant, clock: ManualClock, start_station: StartStation
) -> Connect:
    """Return what makes chargers that are connected and settled."""

    async def make(
        entry: MockConfigEntry, version: str, identity: str = IDENTITY, **options: Any
    ) -> Charger:
        """Start a station and wait until it is ready."""
        station = await start_station(entry, version, identity, **options)
        charger = Charger(hass, entry, station, clock)
        await charger.ready()
        await hass.async_block_till_done()
        return charger

    return make


@pytest.fixture
async def entry(set_up: SetUp) -> MockConfigEntry:
    """Return a set-up entry with one charger, which is not connected yet."""
    return await set_up(mock_entry(subentry_data()))


@pytest.fixture
async def charger(entry: MockConfigEntry, connect: Connect, version: str) -> Charger:
    """Return a connected charger of each version with one EVSE."""
    return await connect(entry, version)


@pytest.fixture
async def twin(entry: MockConfigEntry, connect: Connect, version: str) -> Charger:
    """Return a connected charger with two EVSEs."""
    return await connect(entry, version, evses=2)


@pytest.fixture
async def charging(charger: Charger) -> Charger:
    """Return a charger that is charging a car."""
    await charger.charge()
    return charger


@pytest.fixture
async def bare(set_up: SetUp) -> AsyncIterator[Bare]:
    """Return what dials an entry; all sockets are closed at the end."""
    sockets: list[BareStation] = []

    async def make(
        entry: MockConfigEntry,
        path: str = "/CP1",
        version: str | None = "1.6",
        **options: Any,
    ) -> BareStation:
        port = entry.data[CONF_PORT]
        sockets.append(await dial(port, path, version, **options))
        return sockets[-1]

    yield make
    for opened in sockets:
        opened.abort()
        await opened.close()


@pytest.fixture
async def watched(set_up: SetUp) -> MockConfigEntry:
    """Return a set-up entry with a station to which nothing is sent unasked."""
    return await set_up(mock_entry(subentry_data(IDENTITY, NAME, observe_only=True)))


@pytest.fixture
async def cp1(hass: HomeAssistant, watched: MockConfigEntry, bare: Bare) -> BareStation:
    """Return a 1.6 socket of that station, which has booted and has one EVSE."""
    cp1 = await bare(watched)
    await cp1.call("BootNotification", boot())
    await cp1.call("StatusNotification", status())
    await hass.async_block_till_done()
    return cp1


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return snapshots in Home Assistant's form, of the version that they are made with."""
    if ha_version != SNAPSHOT_VERSION:
        pytest.skip(f"snapshots are those of Home Assistant {SNAPSHOT_VERSION}")
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
