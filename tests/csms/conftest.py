"""A central system on the loopback, and stations that dial it."""

# First, so that the package has one import path whatever a plugin imports later.

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

import pytest

from custom_components.ocpp_csms.csms import closing, codec
from custom_components.ocpp_csms.csms.occurrences import Occurrence
from custom_components.ocpp_csms.csms.server import Server, ServerSettings
from custom_components.ocpp_csms.csms.station import Station, StationConfig
from simulator import ChargingStation, ManualClock

from .support import VERSIONS, BareStation, FixedQuirks, HandClock, dial, schemas, until


class StartServer(Protocol):
    """Starts central systems."""

    def __call__(self, *, more: Any = None, **settings: Any) -> Awaitable[Server]:
        """Start one; `more` holds the arguments beside the settings."""


class Dial(Protocol):
    """Dials the central system as a bare station."""

    def __call__(
        self,
        path: str = ...,
        version: str | tuple[str, ...] | None = ...,
        **options: Any,
    ) -> Awaitable[BareStation]:
        """Connect."""


class Simulate(Protocol):
    """Starts simulated stations that the central system knows."""

    def __call__(
        self,
        version: str,
        *,
        config: dict[str, Any] | None = None,
        quirks: dict[str, Any] | None = None,
        wait: bool = True,
        **options: Any,
    ) -> Awaitable[tuple[Station, ChargingStation]]:
        """Return the central system's view of it, and the station."""


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """Let the tests use real sockets."""


@pytest.fixture(autouse=True)
def compiled_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile the schemas once for all tests."""
    monkeypatch.setattr(codec, "load", schemas)


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close transactions at once that a status shows to be over."""
    monkeypatch.setattr(closing, "GRACE_S", 0)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Return each version in turn."""
    return str(request.param)


@pytest.fixture(params=["2.0.1", "2.1"])
def version_2x(request: pytest.FixtureRequest) -> str:
    """Return 2.0.1 and 2.1."""
    return str(request.param)


@pytest.fixture
def clock() -> HandClock:
    """Return the central system's clock."""
    return HandClock()


@pytest.fixture
async def start_server(clock: HandClock) -> AsyncIterator[StartServer]:
    """Return what starts central systems; all are stopped at the end."""
    servers: list[Server] = []

    async def make(*, more: Any = None, **settings: Any) -> Server:
        plain: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "close_timeout_s": 0.5}
        others: dict[str, Any] = {"clock": clock, "quirks": FixedQuirks()}
        server = Server(ServerSettings(**(plain | settings)), **(others | (more or {})))
        servers.append(server)
        await server.start()
        return server

    yield make
    for server in servers:
        await server.stop()


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """Return a running central system."""
    return await start_server()


@pytest.fixture
async def call_in(server: Server) -> AsyncIterator[Dial]:
    """Return what dials the central system; all sockets are closed at the end."""
    sockets: list[BareStation] = []

    async def make(
        path: str = "/CP1",
        version: str | tuple[str, ...] | None = "1.6",
        **options: Any,
    ) -> BareStation:
        port = options.pop("port", server.port)
        sockets.append(await dial(port, path, version, **options))
        return sockets[-1]

    yield make
    for socket in sockets:
        socket.abort()
        await socket.close()


@pytest.fixture
def station(server: Server) -> Station:
    """Return the station CP1, to which nothing is sent unasked."""
    return server.add(StationConfig(identity="CP1", observe_only=True))


@pytest.fixture
def occurrences(station: Station) -> list[Occurrence]:
    """Return what happens at CP1, as it happens."""
    seen: list[Occurrence] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    return seen


@pytest.fixture
async def cp1(call_in: Dial, station: Station) -> BareStation:
    """Return a 1.6 socket of the accepted station CP1."""
    return await call_in()


@pytest.fixture
async def ready(cp1: BareStation, station: Station) -> BareStation:
    """Return the socket of CP1 once the central system serves it."""
    await until(lambda: station.connected)
    return cp1


@pytest.fixture
async def cp1_201(call_in: Dial, station: Station) -> BareStation:
    """Return a 2.0.1 socket of the accepted station CP1."""
    return await call_in(version="2.0.1")


@pytest.fixture
def manual() -> ManualClock:
    """Return the time of simulated stations and of their central system."""
    return ManualClock(patience=0.05)


@pytest.fixture
async def simulate(manual: ManualClock) -> AsyncIterator[Simulate]:
    """Return what starts simulated stations; everything is stopped at the end."""
    servers: list[Server] = []
    stations: list[ChargingStation] = []

    async def make(
        version: str,
        *,
        config: dict[str, Any] | None = None,
        quirks: dict[str, Any] | None = None,
        wait: bool = True,
        **options: Any,
    ) -> tuple[Station, ChargingStation]:
        server = Server(
            ServerSettings(host="127.0.0.1", port=0, close_timeout_s=0.5),
            clock=manual.now,
            quirks=FixedQuirks(**(quirks or {})),
        )
        servers.append(server)
        await server.start()
        station = server.add(StationConfig(identity="CP1", **(config or {})))
        plain: dict[str, Any] = {"clock": manual, "boot_retry": 1.0, "tick": 5.0}
        simulated = ChargingStation(
            "CP1", f"ws://127.0.0.1:{server.port}", version, **(plain | options)
        )
        stations.append(simulated)
        await simulated.start()
        if wait:
            await simulated.wait_registered()
            await simulated.wait_until(lambda: station.onboarding.finished)
        return station, simulated

    yield make
    for simulated in stations:
        await simulated.stop()
    for server in servers:
        await server.stop()
    assert [error for simulated in stations for error in simulated.errors] == []
