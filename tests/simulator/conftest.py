"""Stations and a central system for the tests of the simulator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import pytest

from simulator import ChargingStation, ManualClock

from .csms import TinyCsms, tiny_csms

VERSIONS = ("1.6", "2.0.1", "2.1")
V2 = pytest.mark.parametrize("version", ["2.0.1", "2.1"])


class StartStation(Protocol):
    """Makes stations."""

    def __call__(
        self, version: str, *, wait: bool = True, **options: Any
    ) -> Awaitable[ChargingStation]:
        """Start a station and, unless told not to, wait until it is registered."""


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """Let the tests use real sockets."""


@pytest.fixture(autouse=True)
async def fast_loop() -> None:
    """Do without the loop's debugging, which takes most of the time of these tests."""
    asyncio.get_running_loop().set_debug(False)


@pytest.fixture
async def csms() -> AsyncIterator[TinyCsms]:
    """Run a central system."""
    async with tiny_csms() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that the test moves."""
    return ManualClock()


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Return each version of OCPP in turn."""
    return str(request.param)


@pytest.fixture
async def start(csms: TinyCsms, clock: ManualClock) -> AsyncIterator[StartStation]:
    """Return what makes stations; all are stopped and checked at the end."""
    stations: list[ChargingStation] = []

    async def make(
        version: str, *, wait: bool = True, **options: Any
    ) -> ChargingStation:
        """Start a station."""
        options = {"clock": clock, **options}
        station = ChargingStation("CP1", csms.url, version, **options)
        stations.append(station)
        await station.start()
        if wait:
            await station.wait_registered()
        return station

    before = asyncio.all_tasks()
    yield make
    for station in stations:
        await station.stop()
        assert station.errors == []
    left = {task for task in asyncio.all_tasks() - before if "serve" not in repr(task)}
    assert not {task for task in left if "simulator" in repr(task.get_coro())}


@pytest.fixture
def settled(clock: ManualClock) -> Callable[[], Awaitable[None]]:
    """Return what waits until everything under way is done."""
    return clock.settle
