"""Sockets that are cut at every point of a transaction: one complete record is what remains."""

from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import codec, memory
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.server import Server, ServerSettings
from custom_components.ocpp_csms.csms.station import StationConfig

from ..csms.journal.disk import sessions_on
from ..csms.support import (
    BareStation,
    HandClock,
    Json,
    dial,
    energy,
    event,
    register,
    schemas,
    start,
    status,
    stop,
)

SEQUENCES: dict[str, list[tuple[str, Json]]] = {
    "1.6": [
        ("StatusNotification", status("1.6", word="Preparing")),
        ("StartTransaction", start(wh=1000)),
        ("StatusNotification", status("1.6", word="Charging")),
        ("MeterValues", register(1500, at=30, tx=0)),
        ("MeterValues", register(2000, at=60, tx=0)),
        ("StopTransaction", stop(0, wh=2500, at=90)),
        ("StatusNotification", status("1.6", word="Finishing")),
    ],
    "2.0.1": [
        ("StatusNotification", status("2.0.1", word="Occupied")),
        ("TransactionEvent", event(meterValue=[energy(1000)])),
        ("TransactionEvent", event("Updated", at=30, meterValue=[energy(1500, at=30)])),
        ("TransactionEvent", event("Updated", at=60, meterValue=[energy(2000, at=60)])),
        ("TransactionEvent", event("Ended", at=90, meterValue=[energy(2500, at=90)])),
        ("StatusNotification", status("2.0.1", word="Available")),
    ],
}
SEQUENCES["2.1"] = SEQUENCES["2.0.1"]


class Fate(StrEnum):
    """What happens to a message and its answer."""

    REQUEST_LOST = "request lost"
    """The socket is cut before the message leaves."""
    ANSWER_LOST = "answer lost"
    """The socket is cut when the message has been taken; the station sends it again."""
    REPEATED = "repeated"
    """The answer comes too late: the station sends it again on the same socket."""
    BOTH_LIVE = "both live"
    """The station dials anew while the old socket is still open."""
    RESTART = "restart"
    """The central system starts anew when it has been taken, before it was answered."""


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests use real sockets; compile the schemas once."""
    monkeypatch.setattr(codec, "load", schemas)


class House:
    """A central system with its journal, which can be started anew."""

    def __init__(self, path: Path) -> None:
        """Begin with nothing."""
        self.path = path
        self.port = 0
        self.clock = HandClock()
        self._old: list[tuple[Server, Journal]] = []

    async def start(self) -> None:
        """Start a central system that knows what the journal holds."""
        journal = Journal(self.path, self.clock)
        await journal.open()
        settings = ServerSettings(host="127.0.0.1", port=self.port, close_timeout_s=0.2)
        server = Server(settings, clock=self.clock, journal=journal)
        station = server.add(StationConfig(identity="CP1", observe_only=True))
        memory.restore(station, None, await journal.recent("CP1"))
        await server.start()
        self.port = server.port
        self._old.append((server, journal))

    async def stop(self) -> None:
        """Stop it."""
        server, journal = self._old.pop()
        await server.stop()
        await journal.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Return a running central system."""
    house = House(tmp_path / "journal.db")
    await house.start()
    yield house
    await house.stop()


class Station:
    """A station that goes through a sequence, and suffers one fate on the way."""

    def __init__(self, house: House, version: str) -> None:
        """Begin without a socket."""
        self._house = house
        self._version = version
        self._socket: BareStation | None = None
        self._old: list[BareStation] = []
        self._tx: Any = 0

    async def _dial(self) -> BareStation:
        if self._socket is None:
            self._socket = await dial(self._house.port, "/CP1", self._version)
        return self._socket

    async def close(self) -> None:
        """Close all sockets."""
        for socket in (*self._old, *([self._socket] if self._socket else [])):
            socket.abort()
            await socket.close()

    def _leave(self, *, cut: bool) -> None:
        if self._socket is not None:
            if cut:
                self._socket.abort()
            self._old.append(self._socket)
        self._socket = None

    async def send(self, action: str, payload: Json, fate: Fate | None) -> None:
        """Send a message until it is answered."""
        if "transactionId" in payload:
            payload = payload | {"transactionId": self._tx}
        socket = await self._dial()
        match fate:
            case Fate.REQUEST_LOST:
                self._leave(cut=True)
            case Fate.ANSWER_LOST:
                await socket.call(action, payload)
                self._leave(cut=True)
            case Fate.REPEATED:
                await socket.call(action, payload)
            case Fate.BOTH_LIVE:
                await socket.call(action, payload)
                self._leave(cut=False)
            case Fate.RESTART:
                await socket.call(action, payload)
                self._leave(cut=True)
                await self._house.stop()
                await self._house.start()
        answer = await (await self._dial()).call(action, payload)
        self._tx = answer.get("transactionId", self._tx)


def _cases() -> Iterator[Any]:
    for version, sequence in SEQUENCES.items():
        for index, fate in product(range(len(sequence)), Fate):
            yield pytest.param(version, {index: fate}, id=f"{version}-{index}-{fate}")


@pytest.mark.parametrize(("version", "fates"), _cases())
async def test_one_misfortune(
    house: House, version: str, fates: dict[int, Fate]
) -> None:
    """Whatever happens to whichever message, the record is complete, and single."""
    await _charge(house, version, fates)


@pytest.mark.parametrize("version", list(SEQUENCES))
@pytest.mark.parametrize("fate", list(Fate))
async def test_one_misfortune_after_the_other(
    house: House, version: str, fate: Fate
) -> None:
    """Nor does it matter if it happens to all of them."""
    await _charge(house, version, dict.fromkeys(range(9), fate))


async def _charge(house: House, version: str, fates: dict[int, Fate]) -> None:
    station = Station(house, version)
    for index, (action, payload) in enumerate(SEQUENCES[version]):
        await station.send(action, payload, fates.get(index))
        house.clock.advance(15)
    await station.close()
    (kept,) = sessions_on(house.path)
    assert (kept.active, kept.energy_wh, kept.evse_id) == (False, 1500, 1)
    assert kept.stop_reason == "Local"


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_any_order(house: House, version: str, order: tuple[int, ...]) -> None:
    """2.x: a queue that is sent in another order, twice, makes one record with all energy."""
    events = [p for action, p in SEQUENCES[version] if action == "TransactionEvent"]
    station = Station(house, version)
    for index in (*order, *order):
        await station.send("TransactionEvent", events[index], None)
        house.clock.advance(15)
    await station.close()
    (kept,) = sessions_on(house.path)
    assert (kept.active, kept.energy_wh, kept.evse_id) == (False, 1500, 1)
