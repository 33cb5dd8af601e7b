"""How a station answers the central system."""

from typing import Any

import pytest

from simulator import ManualClock
from simulator.configuration import Key

from .conftest import StartStation
from .csms import Json, Refused, TinyCsms

pytestmark = pytest.mark.usefixtures("csms")

V2 = pytest.mark.parametrize("version", ["2.0.1", "2.1"])


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


async def test_configuration(csms: TinyCsms, start: StartStation) -> None:
    """1.6: keys are read and changed by their rules."""
    station = await start("1.6")
    found = await csms.call("GetConfiguration", {})
    keys = {entry["key"]: entry for entry in found["configurationKey"]}
    assert keys["NumberOfConnectors"] == {
        "key": "NumberOfConnectors",
        "readonly": True,
        "value": "1",
    }
    assert "AuthorizationKey" not in keys
    found = await csms.call(
        "GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]}
    )
    assert found["unknownKey"] == ["Nonsense"]

    async def change(key: str, value: str) -> str:
        """Change a key."""
        payload = {"key": key, "value": value}
        return str((await csms.call("ChangeConfiguration", payload))["status"])

    assert await change("MeterValueSampleInterval", "10") == "Accepted"
    assert station.config["MeterValueSampleInterval"] == "10"
    assert await change("MeterValueSampleInterval", "ten") == "Rejected"
    assert await change("LocalPreAuthorize", "maybe") == "Rejected"
    assert await change("NumberOfConnectors", "2") == "Rejected"
    assert await change("Nonsense", "2") == "NotSupported"
    assert await change("MeterValuesSampledData", "Voltage,SoC") == "Accepted"
    assert await change("MeterValuesSampledData", "Voltage,Nonsense") == "Rejected"
    station.config["MeterValuesSampledDataMaxLength"] = "1"
    assert await change("MeterValuesSampledData", "Voltage,SoC") == "Rejected"
    assert await change("WebSocketPingInterval", "30") == "RebootRequired"
    assert station.config["WebSocketPingInterval"] == "0"
    await station.reboot()
    assert station.config.get("WebSocketPingInterval") == "30"


async def test_max_keys(csms: TinyCsms, start: StartStation) -> None:
    """1.6: no more keys are returned than allowed."""
    station = await start("1.6")
    station.config["GetConfigurationMaxKeys"] = "3"
    assert len((await csms.call("GetConfiguration", {}))["configurationKey"]) == 3
    del station.config["HeartbeatInterval"]
    assert "HeartbeatInterval" not in station.config


async def test_scripted_key(csms: TinyCsms, start: StartStation) -> None:
    """1.6: the answer for a key can be scripted."""
    station = await start("1.6")
    station.config.define(Key("Odd", "1", answers="Rejected"))
    answer = await csms.call("ChangeConfiguration", {"key": "Odd", "value": "2"})
    assert answer == {"status": "Rejected"}
    station.config.define(Key("Silent", None))
    found = await csms.call("GetConfiguration", {"key": ["Silent"]})
    assert found["configurationKey"] == [{"key": "Silent", "readonly": False}]


async def test_new_password(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A new password is used at once, on a new connection."""
    station = await start(version, password="old")
    if version == "1.6":
        payload: Json = {"key": "AuthorizationKey", "value": "new"}
        await csms.call("ChangeConfiguration", payload)
    else:
        await set_variable(csms, "SecurityCtrlr", "BasicAuthPassword", "new")
    await station.wait_until(lambda: not station.connected)
    await clock.advance(2)
    await station.wait_registered()
    assert csms.socket is not None
    assert csms.socket.request is not None
    assert csms.socket.request.headers["Authorization"] == "Basic Q1AxOm5ldw=="
    assert station.password == "new"


async def set_variable(
    csms: TinyCsms, component: str, variable: str, value: str
) -> str:
    """Change a variable and return the status."""
    item = {
        "component": {"name": component},
        "variable": {"name": variable},
        "attributeValue": value,
    }
    answer = await csms.call("SetVariables", {"setVariableData": [item]})
    return str(answer["setVariableResult"][0]["attributeStatus"])


async def get_variable(
    csms: TinyCsms, component: Json, variable: Json, **more: str
) -> Json:
    """Read a variable."""
    item = {"component": component, "variable": variable, **more}
    answer = await csms.call("GetVariables", {"getVariableData": [item]})
    return dict(answer["getVariableResult"][0])


@V2
async def test_variables(csms: TinyCsms, start: StartStation, version: str) -> None:
    """2.x: variables are read and changed by their rules."""
    station = await start(version, evses=2)
    comm = {"name": "OCPPCommCtrlr"}
    found = await get_variable(csms, comm, {"name": "HeartbeatInterval"})
    assert (found["attributeStatus"], found["attributeValue"]) == ("Accepted", "300")
    found = await get_variable(csms, comm, {"name": "Nonsense"})
    assert found["attributeStatus"] == "UnknownVariable"
    found = await get_variable(csms, {"name": "Nonsense"}, {"name": "X"})
    assert found["attributeStatus"] == "UnknownComponent"
    found = await get_variable(
        csms, comm, {"name": "HeartbeatInterval"}, attributeType="Target"
    )
    assert found["attributeStatus"] == "NotSupportedAttributeType"
    found = await get_variable(
        csms, {"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"}
    )
    assert found["attributeStatus"] == "Rejected"
    found = await get_variable(
        csms, {"name": "EVSE", "evse": {"id": 2}}, {"name": "AvailabilityState"}
    )
    assert found["attributeValue"] == "Available"
    found = await get_variable(
        csms, comm, {"name": "MessageTimeout", "instance": "Default"}
    )
    assert found["attributeValue"] == "30"
    assert (
        await set_variable(csms, "SampledDataCtrlr", "TxUpdatedInterval", "10")
        == "Accepted"
    )
    assert (
        await set_variable(csms, "SampledDataCtrlr", "TxUpdatedInterval", "x")
        == "Rejected"
    )
    assert await set_variable(csms, "ChargingStation", "Model", "x") == "Rejected"
    assert await set_variable(csms, "TxCtrlr", "TxStartPoint", "Nonsense") == "Rejected"
    assert (
        await set_variable(csms, "TxCtrlr", "StopTxOnInvalidId", "maybe") == "Rejected"
    )
    status = await set_variable(csms, "OCPPCommCtrlr", "WebSocketPingInterval", "9")
    assert status == "RebootRequired"
    assert station.device_model["OCPPCommCtrlr", "WebSocketPingInterval"] == "0"
    await station.reboot()
    assert station.device_model["OCPPCommCtrlr", "WebSocketPingInterval"] == "9"


@V2
async def test_reports(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: inventories come in pages, criteria and names pick variables."""
    station = await start(version, evses=2)
    asked: Json = {"requestId": 5, "reportBase": "FullInventory"}
    assert await csms.call("GetBaseReport", asked) == {"status": "Accepted"}
    await clock.settle()
    pages = csms.got("NotifyReport")
    assert [page["seqNo"] for page in pages] == list(range(len(pages)))
    assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert sum(len(page["reportData"]) for page in pages) == len(
        list(station.device_model)
    )
    secret = [
        entry
        for page in pages
        for entry in page["reportData"]
        if entry["variable"]["name"] == "BasicAuthPassword"
    ]
    assert "value" not in secret[0]["variableAttribute"][0]
    csms.calls.clear()
    asked = {
        "requestId": 6,
        "componentVariable": [
            {
                "component": {"name": "EVSE", "evse": {"id": 2}},
                "variable": {"name": "Power"},
            }
        ],
    }
    assert await csms.call("GetReport", asked) == {"status": "Accepted"}
    await clock.settle()
    data = csms.got("NotifyReport")[0]["reportData"]
    assert [entry["component"]["evse"]["id"] for entry in data] == [2]
    asked = {"requestId": 7, "componentCriteria": ["Problem"]}
    assert await csms.call("GetReport", asked) == {"status": "EmptyResultSet"}
    asked = {"requestId": 8, "reportBase": "SummaryInventory"}
    assert await csms.call("GetBaseReport", asked) == {"status": "Accepted"}
    station.device_model.remove_component("EVSE")
    found = await get_variable(
        csms, {"name": "EVSE", "evse": {"id": 1}}, {"name": "Power"}
    )
    assert found["attributeStatus"] == "UnknownComponent"


async def test_reservations(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A reservation keeps others out until it is used, cancelled or over."""
    station = await start(version)
    expiry = "2026-01-05T12:10:00Z"
    payload: Json = {
        "connectorId": 1,
        "idTag": "MINE",
        "reservationId": 4,
        "expiryDate": expiry,
    }
    if version != "1.6":
        token = {"idToken": "MINE", "type": "Central"}
        payload = {"id": 4, "evseId": 1, "idToken": token, "expiryDateTime": expiry}
    assert await csms.call("ReserveNow", payload) == {"status": "Accepted"}
    await clock.settle()
    assert csms.statuses()[-1] == (1, "Reserved")
    assert not await station.present_token(1, "OTHER")
    cancel = {"reservationId": 4}
    assert await csms.call("CancelReservation", cancel) == {"status": "Accepted"}
    assert await csms.call("CancelReservation", cancel) == {"status": "Rejected"}
    assert await csms.call("ReserveNow", payload) == {"status": "Accepted"}
    await clock.advance(601)
    assert csms.statuses()[-1] == (1, "Available")
    assert bool(csms.got("ReservationStatusUpdate")) == (version != "1.6")
    await station.plug_in(1)
    assert await csms.call("ReserveNow", payload) == {"status": "Occupied"}
    await station.unplug(1)
    late = {k: "2026-01-05T13:00:00Z" if v == expiry else v for k, v in payload.items()}
    assert await csms.call("ReserveNow", late) == {"status": "Accepted"}
    await station.plug_in(1)
    assert await station.present_token(1, "MINE")
    await clock.settle()
    action = "StartTransaction" if version == "1.6" else "TransactionEvent"
    assert csms.got(action)[0]["reservationId"] == 4


async def test_firmware_and_logs(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Uploads and updates are pretended, with their progress."""
    station = await start(version)
    when = "2026-01-05T12:00:00Z"
    place = "https://example.invalid/2.0.0"
    log = {
        "log": {"remoteLocation": place},
        "logType": "DiagnosticsLog",
        "requestId": 3,
    }
    assert (await csms.call("GetLog", log))["status"] == "Accepted"
    await clock.advance(5)
    assert [p["status"] for p in csms.got("LogStatusNotification")] == [
        "Uploading",
        "Uploaded",
    ]
    if version == "1.6":
        await csms.call("GetDiagnostics", {"location": place})
        await csms.call("UpdateFirmware", {"location": place, "retrieveDate": when})
    else:
        firmware = {"location": place, "retrieveDateTime": when}
        answer = await csms.call(
            "UpdateFirmware", {"requestId": 4, "firmware": firmware}
        )
        assert answer == {"status": "Accepted"}
    await clock.advance(30)
    await station.wait_registered()
    await clock.advance(5)
    assert [p["status"] for p in csms.got("FirmwareStatusNotification")] == [
        "Downloading",
        "Downloaded",
        "Installing",
        "Installed",
    ]
    if version == "1.6":
        assert len(csms.got("DiagnosticsStatusNotification")) == 2
        signed = {
            "location": place,
            "retrieveDateTime": when,
            "signingCertificate": "c",
        }
        payload = {"requestId": 9, "firmware": {**signed, "signature": "s"}}
        assert await csms.call("SignedUpdateFirmware", payload) == {
            "status": "Accepted"
        }
        await clock.settle()
        assert csms.got("SignedFirmwareStatusNotification")[0]["requestId"] == 9
    else:
        assert csms.got("BootNotification")[-1]["reason"] == "FirmwareUpdate"
        assert (
            csms.got("BootNotification")[-1]["chargingStation"]["firmwareVersion"]
            == "2.0.0"
        )


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
