"""The central system's CALLs: one at a time, each with an answer or an error in time."""

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest

from custom_components.ocpp_csms.csms import codec
from custom_components.ocpp_csms.csms.connection import Connection, Counters, Pacing
from custom_components.ocpp_csms.csms.errors import (
    CallError,
    CallTimeoutError,
    ConnectionLostError,
    InvalidPayloadError,
    NotConnectedError,
)
from custom_components.ocpp_csms.csms.frame_log import FrameLog
from custom_components.ocpp_csms.csms.model.commands import Call, DataTransfer
from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station, StationConfig

from .conftest import Dial
from .support import CLEAR, NOW, BareStation, start, until


def _ask(station: Station, timeout_s: float | None = None) -> asyncio.Task[Any]:
    """Begin to send a command."""
    return asyncio.create_task(station.execute(CLEAR, timeout_s))


async def test_command(ready: BareStation, station: Station) -> None:
    """A command is sent under an id of its own and gets the station's answer."""
    ready.replies["ClearCache"] = {"status": "Accepted"}
    await station.execute(CLEAR)
    await station.execute(CLEAR)
    assert len({request.id for request in ready.requests}) == 2
    assert all(len(request.id) <= 36 for request in ready.requests)


async def test_one_call_at_a_time(ready: BareStation, station: Station) -> None:
    """The next CALL waits for the answer to the one before."""
    tasks = [_ask(station) for _ in range(3)]
    await ready.request("ClearCache")
    await ready.call("Heartbeat", {})
    assert len(ready.requests) == 1
    done: list[str] = []
    while len(done) < 3:
        await until(lambda: len(ready.requests) == len(done) + 1)
        await ready.answer(ready.requests[-1], {"status": "Accepted"})
        done.append(ready.requests[-1].id)
    await asyncio.gather(*tasks)


async def test_calls_cross(ready: BareStation, station: Station) -> None:
    """The station's CALLs are answered while ours waits."""
    task = _ask(station)
    request = await ready.request("ClearCache")
    assert (await ready.call("Heartbeat", {}))["currentTime"]
    await ready.answer(request, {"status": "Accepted"})
    await task


async def test_time_out(ready: BareStation, station: Station) -> None:
    """A CALL that is not answered times out; the connection stays."""
    with pytest.raises(CallTimeoutError, match="no answer to ClearCache"):
        await station.execute(CLEAR, 0.01)
    assert station.counters.timeouts == 1
    assert (await ready.call("Heartbeat", {}))["currentTime"]


async def test_time_out_of_the_station(
    server: Server, ready: BareStation, station: Station
) -> None:
    """Each station has its own time-out."""
    config = StationConfig(identity="CP1", observe_only=True, call_timeout_s=0.01)
    server.add(config)
    with pytest.raises(CallTimeoutError):
        await station.execute(CLEAR)


async def test_late_answer(ready: BareStation, station: Station) -> None:
    """An answer after the time-out is counted and harms no later CALL."""
    with pytest.raises(CallTimeoutError):
        await station.execute(CLEAR, 0.01)
    task = _ask(station)
    await until(lambda: len(ready.requests) == 2)
    late, waiting = ready.requests
    await ready.answer(late, {"status": "Rejected"})
    await ready.answer(waiting, {"status": "Accepted"})
    assert (await task).status == "Accepted"
    assert station.counters.late_answers == 1


@pytest.mark.parametrize(
    "frame",
    [[3, "who", {}], [4, "who", "GenericError", "", {}], [4, "-1", "x", "", {}]],
)
async def test_answer_to_nothing(
    ready: BareStation, station: Station, frame: Any
) -> None:
    """An answer that nobody waits for is counted and not answered."""
    await ready.send(frame)
    await ready.call("Heartbeat", {})
    assert station.counters.unknown_answers == 1
    assert len(ready.frames) == 1


async def test_memory_of_late_answers_is_bounded(
    ready: BareStation, station: Station
) -> None:
    """An answer that comes far too late is one that nobody knows."""
    for _ in range(10):
        with pytest.raises(CallTimeoutError):
            await station.execute(CLEAR, 0.005)
    await until(lambda: len(ready.requests) == 10)
    await ready.answer(ready.requests[0], {"status": "Accepted"})
    await ready.answer(ready.requests[-1], {"status": "Accepted"})
    await ready.call("Heartbeat", {})
    counters = station.counters
    assert (counters.unknown_answers, counters.late_answers) == (1, 1)


async def test_answer_that_is_mended(ready: BareStation, station: Station) -> None:
    """An answer is mended like a request, and that is counted."""
    ready.replies["GetConfiguration"] = {
        "configurationKey": {"key": "A", "readonly": "true"}
    }
    answer = await station.execute(Call("GetConfiguration", {}))
    assert answer == {"configurationKey": [{"key": "A", "readonly": True}]}
    assert len(station.counters.mended) == 2


async def test_unreadable_answer_to_nothing(
    call_in: Dial, station: Station, version: str
) -> None:
    """An unreadable answer that nobody waits for is counted and not answered."""
    socket = await call_in(version=version)
    await socket.send([3, "who", []])
    await socket.call("Heartbeat", {})
    assert station.counters.unknown_answers == 1
    assert len(socket.frames) == 1


async def test_answer_twice(ready: BareStation, station: Station) -> None:
    """The second answer to a CALL is ignored."""
    task = _ask(station)
    request = await ready.request("ClearCache")
    await ready.answer(request, {"status": "Accepted"})
    await ready.answer(request, {"status": "Rejected"})
    assert (await task).status == "Accepted"


@pytest.mark.parametrize(
    ("rest", "code", "description", "details"),
    [
        (["NotSupported", "no", {"a": 1}], "NotSupported", "no", {"a": 1}),
        (["NotSupported", "no"], "NotSupported", "no", None),
        (["NotSupported"], "NotSupported", "", None),
        ([], "GenericError", "", None),
        (["FormatViolation", "", "words"], "FormatViolation", "", "words"),
        (["Nonsense", None, None], "Nonsense", "", None),
    ],
)
async def test_call_error(
    ready: BareStation,
    station: Station,
    rest: list[Any],
    code: str,
    description: str,
    details: Any,
) -> None:
    """A CALLERROR is an error with the station's words, whatever its shape."""
    task = _ask(station)
    request = await ready.request("ClearCache")
    await ready.send([4, request.id, *rest])
    with pytest.raises(CallError) as error:
        await task
    assert (error.value.code, error.value.description, error.value.details) == (
        code,
        description,
        details,
    )


async def test_call_error_without_its_id(ready: BareStation, station: Station) -> None:
    """A CALLERROR under the id -1 belongs to nothing: the CALL times out."""
    task = _ask(station, 0.05)
    await ready.request("ClearCache")
    await ready.send([4, "-1", "FormationViolation", "", {}])
    with pytest.raises(CallTimeoutError):
        await task


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_unusable_answer(call_in: Dial, station: Station, version: str) -> None:
    """An answer that says nothing is an error at once, and is not answered."""
    socket = await call_in(version=version)
    await until(lambda: station.connected)
    socket.replies["ClearCache"] = {}
    with pytest.raises(CallError):
        await station.execute(CLEAR)
    await socket.call("Heartbeat", {})
    assert [frame[0] for frame in socket.frames] == [2, 3]


async def test_unusable_answer_of_21(call_in: Dial, station: Station) -> None:
    """2.1: the station is told of its unusable answer."""
    socket = await call_in(version="2.1")
    await until(lambda: station.connected)
    socket.replies["ClearCache"] = {}
    with pytest.raises(CallError):
        await station.execute(CLEAR)
    await until(lambda: len(socket.frames) == 2)
    assert socket.frames[1][:3] == [
        5,
        socket.requests[0].id,
        "OccurrenceConstraintViolation",
    ]


@pytest.mark.parametrize("payload", [[], "Accepted", 5, True])
async def test_answer_that_is_no_object(
    ready: BareStation, station: Station, payload: Any
) -> None:
    """An answer of another shape is an error at once, and gets no CALLERROR."""
    task = _ask(station)
    request = await ready.request("ClearCache")
    await ready.answer(request, payload)
    with pytest.raises(CallError):
        async with asyncio.timeout(2):
            await task
    await ready.call("Heartbeat", {})
    assert [frame[0] for frame in ready.frames] == [2, 3]


async def test_invalid_command(ready: BareStation, station: Station) -> None:
    """What breaks its schema never leaves the house."""
    with pytest.raises(InvalidPayloadError):
        await station.execute(Call("Reset", {"type": "Warm"}))
    assert ready.requests == []


async def test_command_while_away(station: Station) -> None:
    """A command to a station that is not connected is an error."""
    with pytest.raises(NotConnectedError):
        await station.execute(CLEAR)
    with pytest.raises(NotConnectedError):
        station.dialect  # noqa: B018


async def test_connection_lost_while_waiting(
    ready: BareStation, station: Station
) -> None:
    """A CALL fails at once when its connection is lost, and so do those behind it."""
    tasks = [_ask(station), _ask(station)]
    await ready.request("ClearCache")
    ready.abort()
    for task in tasks:
        with pytest.raises((ConnectionLostError, NotConnectedError)):
            await task


async def test_caller_that_gives_up(ready: BareStation, station: Station) -> None:
    """A CALL whose caller is gone does not block the next one."""
    task = _ask(station)
    await ready.request("ClearCache")
    task.cancel()
    ready.replies["ClearCache"] = {"status": "Accepted"}
    assert (await station.execute(CLEAR)).status == "Accepted"


async def test_pause_between_calls(
    ready: BareStation, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quirk: a station may want a pause after each CALL."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    ready.replies["ClearCache"] = {"status": "Accepted"}
    assert station.connection is not None
    station.connection.pacing = Pacing(call_gap_s=0.4)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await station.execute(CLEAR)
    monkeypatch.undo()
    assert 0.4 in slept


async def test_pause_before_an_answer(ready: BareStation, station: Station) -> None:
    """Quirk: a station may want the answer to an action later."""
    assert station.connection is not None
    station.connection.pacing = Pacing(answer_delay_s={"StartTransaction": 0.05})
    loop = asyncio.get_running_loop()
    before = loop.time()
    await ready.call("StartTransaction", start())
    assert loop.time() - before >= 0.04


class _StuckSocket:
    """A socket whose other side takes nothing."""

    @property
    def transport(self) -> asyncio.Transport:
        """Never close."""
        return Mock(is_closing=lambda: False)

    async def recv(self, decode: bool | None = None) -> Any:
        """Wait for ever."""
        await asyncio.Event().wait()

    async def send(self, message: bytes, *, text: bool | None = None) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Do nothing."""


async def test_time_out_of_a_stuck_socket() -> None:
    """A CALL times out also where the socket takes nothing."""
    connection = Connection(
        _StuckSocket(),
        codec.load(OcppVersion.V16),
        lambda *_: {},
        frames=FrameLog(),
        counters=Counters(),
        pacing=Pacing(),
        clock=lambda: NOW,
    )
    async with asyncio.timeout(1):
        with pytest.raises(CallTimeoutError):
            await connection.call("ClearCache", {}, 0.01)


async def test_call_on_the_old_connection(
    call_in: Dial, ready: BareStation, station: Station
) -> None:
    """A CALL that waits on the old socket fails at once."""
    task = _ask(station)
    await ready.request("ClearCache")
    await call_in()
    with pytest.raises(ConnectionLostError):
        await task


async def test_data_transfer_answer(ready: BareStation, station: Station) -> None:
    """An answer may bear data."""
    ready.replies["DataTransfer"] = {"status": "Accepted", "data": "yes"}
    assert (await station.execute(DataTransfer("acme"))).data == "yes"
