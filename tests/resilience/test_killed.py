"""A central system that is killed again and again loses nothing that it acknowledged."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
import os
from pathlib import Path
from random import Random
import signal
import sys
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.model.transaction import Transaction

from ..csms.journal.disk import rows, sessions_on
from .load import LoadStation

KILLS = 200
STATIONS = 50
_ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """Let the tests use real sockets."""


@pytest.fixture
async def victims() -> AsyncIterator[Process]:
    """Return the process that begets central systems."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.resilience.victim",
        stdin=PIPE,
        stdout=PIPE,
        cwd=_ROOT,
    )
    yield process
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


class Victim:
    """One central system."""

    def __init__(self, pid: int, port: int) -> None:
        """Know where it is."""
        self.pid = pid
        self.port = port

    @classmethod
    async def born(
        cls, victims: Process, port: int, path: Path, stations: list[str]
    ) -> Victim:
        """Start one and wait until it listens."""
        assert victims.stdin is not None
        assert victims.stdout is not None
        victims.stdin.write(f"{port} {path} {' '.join(stations)}\n".encode())
        # The process and its child may tell in either order.
        told = [(await victims.stdout.readline()).split() for _ in range(2)]
        numbers = {name: int(number) for name, number in told}
        return cls(numbers[b"pid"], numbers[b"port"])

    def kill(self) -> None:
        """End it without a word."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


async def test_two_hundred_deaths(victims: Process, tmp_path: Path) -> None:
    """Every transaction is there afterwards, none twice, with the energy of its meter."""
    path, random = tmp_path / "journal.db", Random(1)
    identities = [f"CP{number}" for number in range(STATIONS)]
    victim = await Victim.born(victims, 0, path, identities)
    stations = [
        LoadStation(
            identity, "1.6" if number % 2 else "2.0.1", victim.port, Random(number)
        )
        for number, identity in enumerate(identities)
    ]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for station in stations:
            group.create_task(station.run(stop))
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.0, 0.25))
            victim.kill()
            victim = await Victim.born(victims, victim.port, path, identities)
        stop.set()
    await asyncio.sleep(0)
    victim.kill()
    kept = sessions_on(path)
    _compare(stations, _by_station(path, kept))
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert sum(station.resent for station in stations) > KILLS
    assert min(len(station.charges) for station in stations) > 3


def _by_station(path: Path, kept: list[Transaction]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    names = dict(rows(path, "SELECT record, station FROM sessions"))
    for session in sorted(kept, key=lambda session: session.started_at):
        found.setdefault(names[session.record], []).append(session)
    return found


def _compare(stations: list[LoadStation], found: dict[str, list[Any]]) -> None:
    for station in stations:
        kept = found[station.identity]
        assert [s.id for s in kept] == [charge.id for charge in station.charges]
        assert not any(session.active for session in kept)
        energy = [s.energy_wh for s in kept]
        assert energy == [
            c.ended_wh - c.began_wh for c in station.charges if c.ended_wh
        ]
        assert sum(energy) == station.meter_wh - 1000
