"""The station's CALLs: each gets one answer, or a reason."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import BareStation, boot, start, status, until


async def test_call(ready: BareStation) -> None:
    """A CALL gets the CALLRESULT with its id."""
    frame = await ready.reaction([2, "abc", "Heartbeat", {}])
    assert frame == [3, "abc", {"currentTime": "2026-01-05T12:00:00.000Z"}]


async def test_numeric_id(ready: BareStation) -> None:
    """A number as id is answered as the number."""
    frame = await ready.reaction([2, 17, "Heartbeat", {}])
    assert frame[:2] == [3, 17]


async def test_calls_are_answered_in_order(ready: BareStation) -> None:
    """A station that does not wait for answers gets them all, in order."""
    for number in range(20):
        await ready.send([2, f"{number}", "Heartbeat", {}])
    await until(lambda: len(ready.frames) == 20)
    assert [frame[1] for frame in ready.frames] == [f"{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("version", "frame", "id_", "code"),
    [
        ("1.6", "nonsense", "-1", "FormationViolation"),
        ("2.0.1", "nonsense", "-1", "RpcFrameworkError"),
        ("2.1", "[2,", "-1", "RpcFrameworkError"),
        ("1.6", [2, {}, "Heartbeat", {}], "-1", "FormationViolation"),
        ("2.0.1", [2, {}, "Heartbeat", {}], "-1", "RpcFrameworkError"),
        ("1.6", [2, "1", "Heartbeat", []], "1", "FormationViolation"),
        ("2.0.1", [2, "1", "Heartbeat", []], "1", "FormatViolation"),
        ("2.0.1", [9, "1", "Heartbeat", {}], "1", "MessageTypeNotSupported"),
        ("2.1", [9, "1", "Heartbeat", {}], "1", "MessageTypeNotSupported"),
        ("1.6", [2, "1", "Teleport", {}], "1", "NotImplemented"),
        ("2.0.1", [2, "1", "Teleport", {}], "1", "NotImplemented"),
        ("2.1", [2, "1", "Teleport", {}], "1", "NotImplemented"),
        ("1.6", [2, "1", "GetConfiguration", {}], "1", "NotSupported"),
        (
            "2.1",
            [2, "1", "ClearedChargingLimit", {"chargingLimitSource": "EMS"}],
            "1",
            "NotSupported",
        ),
        (
            "1.6",
            [2, "1", "StatusNotification", {}],
            "1",
            "OccurenceConstraintViolation",
        ),
        (
            "2.0.1",
            [2, "1", "StatusNotification", {}],
            "1",
            "OccurrenceConstraintViolation",
        ),
        (
            "1.6",
            [2, "1", "StatusNotification", status(evse=-1)],
            "1",
            "PropertyConstraintViolation",
        ),
    ],
)
async def test_error_codes(
    call_in: Dial, station: Station, version: str, frame: Any, id_: str, code: str
) -> None:
    """What can't be taken is answered with the version's own word."""
    socket = await call_in(version=version)
    answer = await socket.reaction(frame)
    assert (answer[0], answer[1], answer[2], len(answer)) == (4, id_, code, 5)


async def test_send_of_21(call_in: Dial, station: Station) -> None:
    """2.1: a SEND is taken and not answered."""
    socket = await call_in(version="2.1")
    await socket.send([6, "1", "StatusNotification", status("2.1")])
    await socket.call("Heartbeat", {})
    assert len(socket.frames) == 1
    assert 1 in station.evses


async def test_bad_send_of_21(call_in: Dial, station: Station) -> None:
    """2.1: not even a SEND that can't be taken is answered."""
    socket = await call_in(version="2.1")
    await socket.send([6, "1", "Teleport", {}])
    await socket.call("Heartbeat", {})
    assert len(socket.frames) == 1


@pytest.mark.parametrize(
    ("version", "code"),
    [("1.6", "FormationViolation"), ("2.0.1", "MessageTypeNotSupported")],
)
async def test_send_before_21(
    call_in: Dial, station: Station, version: str, code: str
) -> None:
    """Before 2.1 there is no SEND."""
    socket = await call_in(version=version)
    frame = await socket.reaction([6, "1", "Heartbeat", {}])
    assert frame[:3] == [4, "1", code]


async def test_error_of_our_answer(call_in: Dial, station: Station) -> None:
    """2.1: a CALLRESULTERROR is taken note of, and nothing more."""
    socket = await call_in(version="2.1")
    await socket.send([5, "1", "FormatViolation", "bad", {}])
    assert (await socket.call("Heartbeat", {}))["currentTime"]


async def test_repeated_call(ready: BareStation, station: Station) -> None:
    """A CALL that comes again, word for word, gets its first answer again."""
    frame = [2, "1", "StartTransaction", start()]
    first = await ready.reaction(frame)
    assert await ready.reaction(frame) == first
    assert station.counters.repeated == 1


async def test_id_used_again(ready: BareStation) -> None:
    """Another CALL under a used id is another CALL."""
    first = await ready.reaction([2, "1", "StartTransaction", start(at=0)])
    second = await ready.reaction([2, "1", "StartTransaction", start(at=9)])
    assert first[2]["transactionId"] != second[2]["transactionId"]


async def test_repeated_heartbeat(ready: BareStation, clock: Any) -> None:
    """A repeated Heartbeat gets the time as it is then."""
    first = await ready.reaction([2, "1", "Heartbeat", {}])
    clock.advance(60)
    assert await ready.reaction([2, "1", "Heartbeat", {}]) != first


async def test_ids_begin_anew_after_a_boot(ready: BareStation) -> None:
    """An answer is not kept over a boot."""
    await ready.reaction([2, "1", "StatusNotification", status()])
    await ready.reaction([2, "2", "BootNotification", boot()])
    await ready.reaction([2, "1", "StatusNotification", status()])
    assert ready.frames[0] == ready.frames[2]


async def test_refusals_are_not_kept(ready: BareStation, station: Station) -> None:
    """A CALL that was refused is tried anew when it comes again."""
    station.accepted = False
    frame = [2, "1", "StatusNotification", status()]
    assert (await ready.reaction(frame))[0] == 4
    station.accepted = True
    assert (await ready.reaction(frame))[0] == 3


async def test_failing_handler(
    ready: BareStation, station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of our own is InternalError, is logged, and ends nothing."""

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    leave = station.changed.connect(fail)
    station.mark("anything")  # type: ignore[arg-type]
    frame = await ready.reaction([2, "1", "Heartbeat", {}])
    leave()
    assert frame[:3] == [4, "1", "InternalError"]
    assert "broken" in caplog.text
    assert (await ready.call("Heartbeat", {}))["currentTime"]
