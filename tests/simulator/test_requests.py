"""How a station answers the central system."""

from typing import Any

import pytest

from simulator import ManualClock

from .conftest import V2, StartStation
from .csms import Json, Refused, TinyCsms

pytestmark = pytest.mark.usefixtures("csms")


async def begin(station: Any, clock: ManualClock) -> str:
    """Start a transaction and return its key."""
    await station.plug_in(1)
    assert await station.present_token(1, "TAG")
    await clock.settle()
    return str(station.evse(1).transaction.key)


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
async def test_reset_16(
    csms: TinyCsms, start: StartStation, clock: ManualClock, kind: str
) -> None:
    """1.6: a reset ends transactions, drops the socket and boots."""
    station = await start("1.6", message_ids="count", boot_seconds=10)
    await begin(station, clock)
    socket = csms.socket
    assert await csms.call("Reset", {"type": kind}) == {"status": "Accepted"}
    await clock.advance(9)
    assert csms.got("StopTransaction")[0]["reason"] == f"{kind}Reset"
    assert not station.connected
    await clock.advance(2)
    await station.wait_registered()
    assert csms.socket is not socket
    boots = [frame for frame in csms.frames if frame[2] == "BootNotification"]
    assert [frame[1] for frame in boots] == ["1", "1"]


@V2
async def test_reset_2x(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: a reset comes at once, or when the station is idle."""
    station = await start(version)
    key = await begin(station, clock)
    assert await csms.call("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
    await clock.advance(30)
    assert len(csms.got("BootNotification")) == 1
    await csms.call("RequestStopTransaction", {"transactionId": key})
    await clock.advance(5)
    await station.wait_registered()
    assert csms.got("BootNotification")[-1]["reason"] == "ScheduledReset"
    await begin(station, clock)
    assert await csms.call("Reset", {"type": "Immediate"}) == {"status": "Accepted"}
    await clock.advance(5)
    await station.wait_registered()
    assert csms.got("BootNotification")[-1]["reason"] == "RemoteReset"
    ended = [e for e in csms.got("TransactionEvent") if e["eventType"] == "Ended"]
    assert ended[-1]["transactionInfo"]["stoppedReason"] == "ImmediateReset"


async def test_availability(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """EVSEs go out of service at once, or after their transaction."""
    station = await start(version, evses=2)
    await begin(station, clock)
    payload: Json = {"connectorId": 0, "type": "Inoperative"}
    if version != "1.6":
        payload = {"operationalStatus": "Inoperative"}
    assert await csms.call("ChangeAvailability", payload) == {"status": "Scheduled"}
    await clock.settle()
    assert csms.statuses()[-1] == (2, "Unavailable")
    assert not await station.present_token(2, "TAG")
    await station.present_token(1, "TAG")
    await clock.settle()
    assert csms.statuses()[-1] == (1, "Unavailable")
    payload = {"connectorId": 1, "type": "Operative"}
    if version != "1.6":
        payload = {"operationalStatus": "Operative", "evse": {"id": 1}}
    assert await csms.call("ChangeAvailability", payload) == {"status": "Accepted"}
    await clock.settle()
    assert station.evse(1).operative
    assert not station.evse(2).operative


async def test_unlock(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Unlocking ends a transaction in 1.6 and is refused during one in 2.x."""
    station = await start(version)
    key = await begin(station, clock)
    assert station.evse(1).cable_locked
    if version == "1.6":
        answer = await csms.call("UnlockConnector", {"connectorId": 1})
        await clock.settle()
        assert csms.got("StopTransaction")[0]["reason"] == "UnlockCommand"
    else:
        place = {"evseId": 1, "connectorId": 1}
        busy = await csms.call("UnlockConnector", place)
        assert busy == {"status": "OngoingAuthorizedTransaction"}
        await csms.call("RequestStopTransaction", {"transactionId": key})
        answer = await csms.call("UnlockConnector", place)
        unknown = await csms.call("UnlockConnector", {"evseId": 9, "connectorId": 1})
        assert unknown == {"status": "UnknownConnector"}
    assert answer == {"status": "Unlocked"}
    assert not station.evse(1).cable_locked


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("BootNotification", "BootNotification"),
        ("Heartbeat", "Heartbeat"),
        ("StatusNotification", "StatusNotification"),
        ("MeterValues", "MeterValues"),
        ("FirmwareStatusNotification", "FirmwareStatusNotification"),
    ],
)
async def test_triggers(
    csms: TinyCsms,
    start: StartStation,
    clock: ManualClock,
    version: str,
    message: str,
    sent: str,
) -> None:
    """What is asked for is sent after the answer."""
    station = await start(version)
    station.device_model["AlignedDataCtrlr", "Measurands"] = "Voltage"
    csms.calls.clear()
    answer = await csms.call("TriggerMessage", {"requestedMessage": message})
    assert answer == {"status": "Accepted"}
    await clock.settle()
    assert [name for name, _ in csms.calls] == [sent]
    kinds = [(frame.direction, frame.kind, frame.action) for frame in station.frames]
    assert kinds.index(("sent", 3, "TriggerMessage")) < len(kinds) - 2


async def test_more_triggers(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Log status and, in 2.x, transactions can be asked for too."""
    station = await start(version)
    old = version == "1.6"
    action = "ExtendedTriggerMessage" if old else "TriggerMessage"
    asked = {"requestedMessage": "LogStatusNotification"}
    assert await csms.call(action, asked) == {"status": "Accepted"}
    await clock.settle()
    assert csms.got("LogStatusNotification")[0]["status"] == "Idle"
    if old:
        asked = {"requestedMessage": "DiagnosticsStatusNotification"}
        assert await csms.call("TriggerMessage", asked) == {"status": "Accepted"}
        unknown = {"requestedMessage": "Heartbeat", "connectorId": 7}
        assert await csms.call("TriggerMessage", unknown) == {"status": "Rejected"}
        return
    asked = {"requestedMessage": "TransactionEvent"}
    assert (await csms.call("TriggerMessage", asked))["status"] == "Rejected"
    await begin(station, clock)
    assert (await csms.call("TriggerMessage", asked))["status"] == "Accepted"
    await clock.settle()
    assert csms.events()[-1][:2] == ("Updated", "Trigger")
    asked = {"requestedMessage": "SignV2GCertificate"}
    assert await csms.call("TriggerMessage", asked) == {"status": "NotImplemented"}


@V2
async def test_transaction_status(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: a station tells whether a transaction runs."""
    station = await start(version)
    key = await begin(station, clock)
    answer = await csms.call("GetTransactionStatus", {"transactionId": key})
    assert answer == {"messagesInQueue": False, "ongoingIndicator": True}
    assert await csms.call("GetTransactionStatus", {}) == {"messagesInQueue": False}
    assert (
        await csms.call("CostUpdated", {"totalCost": 1.5, "transactionId": key}) == {}
    )


@V2
async def test_display(csms: TinyCsms, start: StartStation, version: str) -> None:
    """2.x: messages are shown and taken down."""
    await start(version)
    message: Json = {
        "id": 1,
        "priority": "AlwaysFront",
        "message": {"format": "UTF8", "content": "Hello"},
    }
    assert await csms.call("SetDisplayMessage", {"message": message}) == {
        "status": "Accepted"
    }
    assert await csms.call("ClearDisplayMessage", {"id": 1}) == {"status": "Accepted"}
    assert await csms.call("ClearDisplayMessage", {"id": 1}) == {"status": "Unknown"}


async def test_small_ones(csms: TinyCsms, start: StartStation, version: str) -> None:
    """The cache is cleared, and no vendor's data is understood."""
    station = await start(version)
    await station.present_token(1, "TAG")
    assert station.sessions.authorizer.cache == {"TAG"}
    assert await csms.call("ClearCache", {}) == {"status": "Accepted"}
    assert station.sessions.authorizer.cache == set()
    answer = await csms.call("DataTransfer", {"vendorId": "Nobody"})
    assert answer == {"status": "UnknownVendorId"}
    answer = await csms.call("DataTransfer", {"vendorId": "Simulated"})
    assert answer == {"status": "UnknownMessageId"}


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Nonsense", {}, "NotImplemented"),
        ("DeleteCertificate", None, "NotSupported"),
        ("Reset", {"type": "Sideways"}, "PropertyConstraintViolation"),
        ("Reset", {"type": 5}, "TypeConstraintViolation"),
    ],
)
async def test_refusals(
    csms: TinyCsms,
    start: StartStation,
    version: str,
    action: str,
    payload: Json | None,
    code: str,
) -> None:
    """Unknown and wrong requests are refused with the right code."""
    station = await start(version)
    if payload is None:
        data = {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "a",
            "issuerKeyHash": "b",
            "serialNumber": "1",
        }
        payload = {"certificateHashData": data}
    with pytest.raises(Refused) as refused:
        await csms.call(action, payload)
    assert refused.value.code == code
    assert bool(station.complaints) == (action == "Reset")


async def test_missing_field(csms: TinyCsms, start: StartStation, version: str) -> None:
    """A missing field has its own code, spelled as the version has it."""
    await start(version)
    with pytest.raises(Refused) as refused:
        await csms.call("Reset", {})
    old, new = "OccurenceConstraintViolation", "OccurrenceConstraintViolation"
    assert refused.value.code == (old if version == "1.6" else new)
