"""What a station can be told to do wrong towards the central system's requests."""

import asyncio

import orjson
import pytest

from simulator import ANY, CallRefused, ManualClock, Misbehaviour

from .conftest import StartStation
from .csms import TIME, Json, Refused, Silence, TinyCsms

RESET = {
    "1.6": {"type": "Soft"},
    "2.0.1": {"type": "Immediate"},
    "2.1": {"type": "Immediate"},
}


async def test_refuses(csms: TinyCsms, start: StartStation, version: str) -> None:
    """Requests are refused with any code or status."""
    station = await start(version)
    odd = station.misbehaviour
    odd.refuse["Reset"] = "SecurityError"
    with pytest.raises(Refused) as refused:
        await csms.call("Reset", RESET[version])
    assert refused.value.code == "SecurityError"
    odd.refuse["Reset"] = CallRefused("GenericError", "why", {"a": 1})
    with pytest.raises(Refused) as refused:
        await csms.call("Reset", RESET[version])
    assert (refused.value.description, refused.value.details) == ("why", {"a": 1})
    odd.refuse = {ANY: "InternalError"}
    with pytest.raises(Refused):
        await csms.call("ClearCache", {})
    odd.refuse = {}
    odd.statuses["Reset"] = "Rejected"
    assert await csms.call("Reset", RESET[version]) == {"status": "Rejected"}
    assert station.connected


async def test_odd_errors(csms: TinyCsms, start: StartStation, version: str) -> None:
    """Errors can have the wrong id, details of the wrong type, or too few elements."""
    station = await start(version)
    odd = station.misbehaviour
    odd.refuse["ClearCache"] = "NotSupported"
    odd.error_details = ""
    with pytest.raises(Refused) as refused:
        await csms.call("ClearCache", {})
    assert refused.value.details == ""
    odd.error_id = "-1"
    with pytest.raises(TimeoutError):
        await csms.call("ClearCache", {}, timeout=0.05)
    assert csms.frames[-1][:3] == [4, "-1", "NotSupported"]
    odd.error_elements = 4
    with pytest.raises(TimeoutError):
        await csms.call("ClearCache", {}, timeout=0.05)
    assert len(csms.frames[-1]) == 4


async def test_silent_and_held(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Answers can fail to come, come late, or when the test says so."""
    station = await start(version)
    odd = station.misbehaviour
    odd.silent.add("ClearCache")
    with pytest.raises(TimeoutError):
        await csms.call("ClearCache", {}, timeout=0.05)
    odd.silent.clear()
    odd.hold.add("ClearCache")
    waiting = asyncio.ensure_future(csms.call("ClearCache", {}))
    await station.wait_for_call("ClearCache")
    await station.wait_for_call("ClearCache")
    assert not waiting.done()
    station.release("ClearCache")
    assert await waiting == {"status": "Accepted"}
    odd.delay["ClearCache"] = 45
    waiting = asyncio.ensure_future(csms.call("ClearCache", {}))
    await station.wait_for_call("ClearCache")
    await clock.advance(44)
    assert not waiting.done()
    await clock.advance(1)
    assert await waiting == {"status": "Accepted"}


async def test_scripted_answers(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Answers can be anything: other payloads, broken JSON, twice, or a cut line."""
    station = await start(version)
    odd = station.misbehaviour
    odd.replies["ClearCache"] = {"status": 5, "more": []}
    assert await csms.call("ClearCache", {}) == {"status": 5, "more": []}
    odd.replies.clear()
    odd.change_answers.append(lambda action, answer: {**answer, "action": action})
    assert (await csms.call("ClearCache", {}))["action"] == "ClearCache"
    odd.change_answers.clear()
    odd.answer_twice.add("ClearCache")
    answer = await csms.call("ClearCache", {})
    assert answer == {"status": "Accepted"}
    await station.wait_until(lambda: csms.frames[-1] == csms.frames[-2])
    odd.raw_replies["ClearCache"] = '[3,"{id}",{"status":"Acc'
    with pytest.raises(TimeoutError):
        await csms.call("ClearCache", {}, timeout=0.05)
    assert str(csms.raw[-1]).endswith('{"status":"Acc')
    odd.raw_replies["ClearCache"] = b"\x00\x01"
    with pytest.raises(TimeoutError):
        await csms.call("ClearCache", {}, timeout=0.05)
    assert csms.raw[-1] == b"\x00\x01"
    odd.raw_replies.clear()
    odd.drop_on.add("ClearCache")
    with pytest.raises(TimeoutError):
        await csms.call("ClearCache", {}, timeout=0.05)
    assert not station.connected


async def test_reboots_on(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Some requests make a station reboot."""
    station = await start(version, misbehaviour=Misbehaviour(reboot_on={"ClearCache"}))
    await csms.call("ClearCache", {})
    await clock.advance(5)
    await station.wait_registered()
    assert len(csms.got("BootNotification")) == 2


async def test_triggered_first(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """What was triggered can come before the answer to the trigger."""
    station = await start(version, misbehaviour=Misbehaviour(triggered_first=True))
    await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    kinds = [frame[0] for frame in csms.frames[-2:]]
    assert kinds == [2, 3]
    assert csms.frames[-2][2] == "Heartbeat"
    assert station.registered


async def test_refuses_before_boot(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A station can be deaf until its boot is accepted."""
    csms.answers["BootNotification"] = lambda _: {
        "status": "Pending",
        "currentTime": TIME,
        "interval": 30,
    }
    station = await start(
        version, wait=False, misbehaviour=Misbehaviour(refuse_before_boot=True)
    )
    await station.wait_until(lambda: station.link.registration == "Pending")
    with pytest.raises(Refused) as refused:
        await csms.call("ClearCache", {})
    assert refused.value.code == (
        "GenericError" if version == "1.6" else "SecurityError"
    )


async def test_calls_before_boot(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """A station can talk before its boot is accepted, or never boot."""
    csms.answers["BootNotification"] = lambda _: {
        "status": "Rejected",
        "currentTime": TIME,
        "interval": 999,
    }
    station = await start(
        version, wait=False, misbehaviour=Misbehaviour(calls_before_boot=True)
    )
    await station.wait_until(lambda: csms.got("BootNotification"))
    station = await start(version, misbehaviour=Misbehaviour(no_boot=True))
    assert len(csms.got("BootNotification")) == 1
    assert csms.statuses()
    assert station.registered


async def test_quiet_reconnects(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """After a drop a station can say nothing, or only what has changed."""
    station = await start(
        version, evses=2, misbehaviour=Misbehaviour(no_boot_on_reconnect=True)
    )
    odd = station.misbehaviour

    async def reconnect() -> list[str]:
        """Reconnect and return what the station says."""
        csms.calls.clear()
        await station.go_offline()
        await station.plug_in(1)
        await station.go_online()
        await clock.advance(3)
        await station.wait_registered()
        await station.unplug(1)
        await clock.settle()
        return [name for name, _ in csms.calls]

    told = await reconnect()
    assert "BootNotification" not in told
    assert told.count("StatusNotification") == (4 if version == "1.6" else 3)
    odd.only_changed_status_on_reconnect = True
    assert (await reconnect()).count("StatusNotification") == 2
    odd.no_status_on_reconnect = True
    assert (await reconnect()).count("StatusNotification") == 1


@pytest.mark.parametrize("first", [False, True])
async def test_queue_and_status(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str, first: bool
) -> None:
    """What was queued can come before the fresh statuses."""
    odd = Misbehaviour(queue_before_status=first, no_boot_on_reconnect=True)
    station = await start(version, misbehaviour=odd)
    station.sessions.authorizer.cache.add("TAG")
    await station.go_offline()
    csms.calls.clear()
    await station.plug_in(1)
    assert await station.present_token(1, "TAG")
    await station.go_online()
    await clock.advance(2)
    assert (csms.calls[0][0] == "StatusNotification") != first


async def test_same_id_again(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A CALL can come twice with one id, also over two connections."""
    station = await start(version)
    odd = station.misbehaviour
    odd.resend.add("Heartbeat")
    await station.send("Heartbeat", {})
    beats = [frame[1] for frame in csms.frames if frame[2] == "Heartbeat"]
    assert beats[0] == beats[1]
    odd.resend.clear()
    odd.resend_after_reconnect = True
    action = "StartTransaction" if version == "1.6" else "TransactionEvent"

    def silent(_: Json) -> Json:
        """Do not answer."""
        raise Silence

    csms.answers[action] = silent
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await station.wait_until(lambda: csms.got(action))
    del csms.answers[action]
    await station.drop_connection()
    await clock.advance(3)
    await station.wait_registered()
    ids = [frame[1] for frame in csms.frames if frame[2] == action]
    assert ids[0] == ids[1]


async def test_repeats(csms: TinyCsms, start: StartStation, version: str) -> None:
    """A request can come again with a new id."""
    station = await start(version, misbehaviour=Misbehaviour(repeat={"DataTransfer"}))
    await station.send("DataTransfer", {"vendorId": "x"})
    frames = [frame for frame in csms.frames if frame[2] == "DataTransfer"]
    assert len(frames) == 2
    assert frames[0][1] != frames[1][1]


async def test_counted_ids(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Message ids can be numbers that start again after a cold boot only."""
    station = await start(version, message_ids="count")
    first = len(csms.frames)
    assert [frame[1] for frame in csms.frames] == [str(n + 1) for n in range(first)]
    await station.drop_connection()
    await clock.advance(2)
    assert csms.frames[first][1] == str(first + 1)


async def test_invented_and_unchecked(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Anything can be sent: own actions, changed payloads, raw frames."""
    station = await start(
        version, serial="x" * 99, misbehaviour=Misbehaviour(unchecked=True)
    )
    assert await station.send("Invented", {"a": 1}) == {}
    station.misbehaviour.change.append(lambda _, payload: {**payload, "b": 2})
    station.misbehaviour.extra_keys = True
    await station.send("Heartbeat", {})
    assert csms.got("Heartbeat") == [{"b": 2, "simulatorExtra": 1}]
    await station.send_raw("[2,")
    await station.send_raw(b"\xff")
    await station.wait_until(lambda: csms.raw[-2:] == ["[2,", b"\xff"])


async def test_checks_itself(csms: TinyCsms, start: StartStation, version: str) -> None:
    """A proper station does not send what breaks a schema."""
    station = await start(version)
    with pytest.raises(Exception, match="DataTransfer"):
        await station.send("DataTransfer", {"vendorId": 5})
    assert csms.got("DataTransfer") == []
    await station.send("DataTransfer", {"vendorId": 5}, check=False)
    assert csms.got("DataTransfer") == [{"vendorId": 5}]
    assert len(station.errors) == 1
    station.errors.clear()


async def test_complains(csms: TinyCsms, start: StartStation, version: str) -> None:
    """Wrong answers are noted, and in 2.1 sent back as such."""
    station = await start(version)
    csms.answers["Heartbeat"] = lambda _: {"currentTime": 5}
    if version == "2.1":
        with pytest.raises(CallRefused):
            await station.send("Heartbeat", {})
        await station.wait_until(lambda: csms.frames[-1][0] == 5)
        assert csms.frames[-1][2] == "TypeConstraintViolation"
    else:
        await station.send("Heartbeat", {})
    assert len(station.complaints) == 1
    del csms.answers["Heartbeat"]
    station.misbehaviour.result_errors["Heartbeat"] = "InternalError"
    with pytest.raises(CallRefused):
        await station.send("Heartbeat", {})
    await station.wait_until(lambda: csms.frames[-1][2] == "InternalError")


async def test_handshake_oddities(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Several protocols, none, other headers and paths can be offered."""
    name = f"ocpp{version}"
    odd = Misbehaviour(
        subprotocols=["ocpp1.5", name],
        origin="http://charger.invalid",
        headers={"X-Odd": "1"},
        compression=True,
        path="/somewhere/CP9",
    )
    await start(version, misbehaviour=odd)
    assert csms.socket is not None
    request = csms.socket.request
    assert request is not None
    assert request.headers["Sec-WebSocket-Protocol"] == f"ocpp1.5, {name}"
    assert request.headers["Origin"] == "http://charger.invalid"
    assert request.headers["X-Odd"] == "1"
    assert "permessage-deflate" in request.headers["Sec-WebSocket-Extensions"]
    assert request.path == "/somewhere/CP9"
    station = await start(
        version, wait=False, misbehaviour=Misbehaviour(no_subprotocol=True)
    )
    await station.wait_until(lambda: station.connected)
    assert station.link.subprotocol is None


async def test_status_oddities(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Statuses can be repeated, late, walk about, be at 0, or be made up."""
    station = await start(version, evses=2)
    odd = station.misbehaviour
    word = "Preparing" if version == "1.6" else "Occupied"

    async def plug() -> list[tuple[int, str]]:
        """Plug in and out; return the statuses that plugging in gave."""
        csms.calls.clear()
        await station.plug_in(1)
        await clock.settle()
        seen = csms.statuses()
        await station.unplug(1)
        await clock.advance(5)
        return seen

    assert await plug() == [(1, word)]
    odd.repeat_status = 2
    assert await plug() == [(1, word)] * 3
    odd.repeat_status = 0
    odd.status_walk = ["Available", "Faulted"]
    assert await plug() == [(1, "Available"), (1, "Faulted"), (1, word)]
    odd.status_walk = []
    odd.status_delay = 2
    assert await plug() == []
    assert csms.statuses() == [(1, word), (1, "Available")]
    odd.status_delay = 0
    odd.status_at_zero = True
    assert await plug() == [(0, word)]
    odd.status_at_zero = False
    odd.status_without_timestamp = True
    await plug()
    assert all("timestamp" not in payload for payload in csms.got("StatusNotification"))
    station.evse(2).forced_status = "Faulted"
    odd.error_code = "NoError"
    await clock.advance(1)
    assert csms.statuses()[-1] == (2, "Faulted")


async def test_long_and_odd_codes(csms: TinyCsms, start: StartStation) -> None:
    """1.6: error codes out of the list, finishing that blocks or is skipped."""
    station = await start("1.6", misbehaviour=Misbehaviour(error_code="Error"))
    assert {p["errorCode"] for p in csms.got("StatusNotification")} == {"Error"}
    odd = station.misbehaviour
    odd.no_status_of_station = True
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await station.present_token(1, "TAG")
    assert station.evse(1).status == "Finishing"
    odd.finishing_blocks_start = True
    assert not await station.present_token(1, "TAG")
    odd.finishing_blocks_start = False
    odd.no_finishing = True
    await station.present_token(1, "TAG")
    await station.present_token(1, "TAG")
    assert station.evse(1).status == "Preparing"
    odd.start_needs_connector = True
    answer = await csms.call("RemoteStartTransaction", {"idTag": "T"})
    assert answer == {"status": "Rejected"}


async def test_unreadable_from_csms(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Nonsense from the central system is recorded and does no harm."""
    station = await start(version)
    assert csms.socket is not None
    await csms.socket.send("nonsense")
    await csms.socket.send(orjson.dumps([3, "unknown", {}]).decode())
    await csms.socket.send(orjson.dumps([4, "unknown", "Code", "", {}]).decode())
    await csms.socket.send(orjson.dumps([6, "x", "Notice", {}]).decode())
    await station.wait_until(lambda: len(station.received) >= 4)
    await station.wait_until(lambda: station.received[-1].kind == 6)
    assert await station.send("DataTransfer", {"vendorId": "x"}) == {
        "status": "Accepted"
    }
