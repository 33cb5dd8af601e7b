"""What stations say, as events of the neutral model."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.framing import RpcError
from custom_components.ocpp_csms.csms.model.events import (
    Booted,
    DataTransferred,
    EventsNotified,
    FirmwareStatusChanged,
    HeartbeatReceived,
    LogStatusChanged,
    MeterSampled,
    MonitoredEvent,
    ReportReceived,
    SecurityEventReported,
    StatusChanged,
    TokenPresented,
    TransactionReported,
)
from custom_components.ocpp_csms.csms.model.evse import ChargingState, ConnectorStatus
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.meter import REGISTER, Sample, Samples
from custom_components.ocpp_csms.csms.model.station import Problem, StationInfo
from custom_components.ocpp_csms.csms.model.transaction import TransactionPhase
from custom_components.ocpp_csms.csms.model.variable import Variable, VariableRef
from custom_components.ocpp_csms.csms.occurrences import Occurrence
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import (
    NOW,
    V2X,
    Json,
    boot,
    dialect,
    energy,
    event,
    register,
    stamp,
    start,
    status,
    stop,
)

VALUES = (Samples(NOW, (Sample(REGISTER, 500.0),)),)
DECODED: list[tuple[tuple[str, ...], str, Json, Any]] = [
    (
        ("1.6",),
        "BootNotification",
        boot(chargeBoxSerialNumber="S", firmwareVersion="2", iccid="i", imsi="null"),
        Booted(StationInfo("Acme", "One", "S", "2", "i")),
    ),
    (("1.6",), "BootNotification", {}, Booted(StationInfo())),
    (
        V2X,
        "BootNotification",
        boot("2.0.1"),
        Booted(StationInfo("Acme", "One"), "PowerUp"),
    ),
    (
        V2X,
        "BootNotification",
        {"chargingStation": {"model": "M", "modem": {"iccid": "i", "imsi": "j"}}},
        Booted(StationInfo("", "M", iccid="i", imsi="j")),
    ),
    (("1.6", *V2X), "Heartbeat", {}, HeartbeatReceived()),
    (
        ("1.6",),
        "StatusNotification",
        status(timestamp=stamp(5)),
        StatusChanged(1, 1, ConnectorStatus.AVAILABLE, at=NOW + timedelta(seconds=5)),
    ),
    (
        ("1.6",),
        "StatusNotification",
        status(evse=0, word="Unavailable"),
        StatusChanged(0, 0, ConnectorStatus.UNAVAILABLE),
    ),
    (
        ("1.6",),
        "StatusNotification",
        status(errorCode="WeakSignal", info="x", vendorId="v", vendorErrorCode="9"),
        StatusChanged(
            1, 1, ConnectorStatus.AVAILABLE, Problem("WeakSignal", "x", "v", "9")
        ),
    ),
    (
        V2X,
        "StatusNotification",
        status("2.0.1", 2, "Faulted"),
        StatusChanged(2, 1, ConnectorStatus.FAULTED, Problem("Faulted"), NOW),
    ),
    (("1.6",), "Authorize", {"idTag": "A"}, TokenPresented(IdToken("A"))),
    (("1.6",), "Authorize", {}, TokenPresented(IdToken(""))),
    (
        V2X,
        "Authorize",
        {"idToken": {"idToken": "A", "type": "ISO14443"}},
        TokenPresented(IdToken("A", "ISO14443")),
    ),
    (
        ("1.6",),
        "StartTransaction",
        start(),
        TransactionReported(
            phase=TransactionPhase.STARTED,
            at=NOW,
            evse_id=1,
            connector_id=1,
            id_token=IdToken("TAG"),
            meter_wh=1000.0,
        ),
    ),
    (
        ("1.6",),
        "StopTransaction",
        stop(7, at=0, transactionData=[energy(500)]),
        TransactionReported(
            phase=TransactionPhase.ENDED,
            at=NOW,
            transaction_id="7",
            meter_wh=2000.0,
            samples=VALUES,
            stop_reason="Local",
        ),
    ),
    (
        V2X,
        "TransactionEvent",
        event(
            "Updated",
            meterValue=[energy(500)],
            offline=True,
            idToken={"idToken": "A", "type": "Central"},
            info={"chargingState": "Charging", "remoteStartId": 5},
        ),
        TransactionReported(
            phase=TransactionPhase.UPDATED,
            at=NOW,
            transaction_id="T1",
            evse_id=1,
            connector_id=1,
            id_token=IdToken("A"),
            samples=VALUES,
            charging_state=ChargingState.CHARGING,
            trigger="CablePluggedIn",
            seq_no=0,
            remote_start_id=5,
            offline=True,
        ),
    ),
    (
        V2X,
        "TransactionEvent",
        event("Ended", evse=None, info={"stoppedReason": "Remote"}),
        TransactionReported(
            phase=TransactionPhase.ENDED,
            at=NOW,
            transaction_id="T1",
            trigger="CablePluggedIn",
            seq_no=0,
            stop_reason="Remote",
        ),
    ),
    (("1.6",), "MeterValues", register(500), MeterSampled(1, VALUES)),
    (("1.6",), "MeterValues", register(500, tx=-1), MeterSampled(1, VALUES, "-1")),
    (
        V2X,
        "MeterValues",
        {"evseId": 1, "meterValue": [energy(500)]},
        MeterSampled(1, VALUES),
    ),
    (
        ("1.6", *V2X),
        "DataTransfer",
        {"vendorId": "v", "messageId": "m", "data": "d"},
        DataTransferred("v", "m", "d"),
    ),
    (
        V2X,
        "DataTransfer",
        {"vendorId": "v", "data": {"a": 1}},
        DataTransferred("v", None, {"a": 1}),
    ),
    (
        ("1.6", *V2X),
        "FirmwareStatusNotification",
        {"status": "Installed"},
        FirmwareStatusChanged("Installed"),
    ),
    (
        ("1.6",),
        "SignedFirmwareStatusNotification",
        {"status": "Installed", "requestId": 3},
        FirmwareStatusChanged("Installed", 3),
    ),
    (
        ("1.6",),
        "DiagnosticsStatusNotification",
        {"status": "Uploaded"},
        LogStatusChanged("Uploaded"),
    ),
    (
        ("1.6", *V2X),
        "LogStatusNotification",
        {"status": "Uploaded", "requestId": 3},
        LogStatusChanged("Uploaded", 3),
    ),
    (
        ("1.6", *V2X),
        "SecurityEventNotification",
        {"type": "T", "timestamp": stamp(), "techInfo": "i"},
        SecurityEventReported("T", NOW, "i"),
    ),
    (
        V2X,
        "NotifyEvent",
        {
            "generatedAt": stamp(),
            "seqNo": 0,
            "eventData": [
                {
                    "eventId": 1,
                    "timestamp": stamp(),
                    "trigger": "Alerting",
                    "actualValue": "true",
                    "eventNotificationType": "HardWiredNotification",
                    "techCode": "E1",
                    "component": {"name": "Connector", "evse": {"id": 2}},
                    "variable": {"name": "Problem"},
                }
            ],
        },
        EventsNotified(
            (
                MonitoredEvent(
                    "Connector", "Problem", "true", "Alerting", NOW, 2, tech_code="E1"
                ),
            )
        ),
    ),
    (
        V2X,
        "NotifyReport",
        {
            "requestId": 4,
            "generatedAt": stamp(),
            "seqNo": 1,
            "tbc": True,
            "reportData": [
                {
                    "component": {"name": "C", "evse": {"id": 1, "connectorId": 2}},
                    "variable": {"name": "V", "instance": "I"},
                    "variableAttribute": [
                        {"type": "Target", "value": "0"},
                        {"value": "5", "mutability": "ReadOnly"},
                    ],
                    "variableCharacteristics": {
                        "dataType": "OptionList",
                        "supportsMonitoring": False,
                        "maxLimit": 9,
                        "valuesList": "5, 6",
                    },
                }
            ],
        },
        ReportReceived(
            4,
            (
                Variable(
                    VariableRef("V", "C", "I", None, 1, 2), "5", True, 9, ("5", "6")
                ),
            ),
            last=False,
        ),
    ),
    (
        V2X,
        "NotifyReport",
        {"requestId": 4, "generatedAt": stamp(), "seqNo": 0},
        ReportReceived(4, (), last=True),
    ),
]


@pytest.mark.parametrize(
    ("version", "action", "payload", "decoded"),
    [
        (version, action, payload, decoded)
        for versions, action, payload, decoded in DECODED
        for version in versions
    ],
)
def test_message(version: str, action: str, payload: Json, decoded: Any) -> None:
    """A message says the same on every version."""
    assert dialect(version).decode(action, payload, NOW) == decoded


def test_every_message_is_tried(version: str) -> None:
    """No message of a version is left out of the table."""
    tried = {action for versions, action, *_ in DECODED if version in versions}
    assert tried == set(dialect(version).inbound)


def test_transaction_without_a_connector() -> None:
    """1.6: no transaction begins at connector 0."""
    with pytest.raises(RpcError):
        dialect("1.6").decode("StartTransaction", start(evse=0), NOW)


@pytest.mark.parametrize(
    ("version", "action", "payload", "key", "value"),
    [
        (
            "1.6",
            "FirmwareStatusNotification",
            {"status": "Installed"},
            "firmware_status",
            "Installed",
        ),
        (
            "2.0.1",
            "LogStatusNotification",
            {"status": "Uploaded", "requestId": 1},
            "log_status",
            "Uploaded",
        ),
    ],
)
async def test_progress(
    call_in: Dial,
    station: Station,
    version: str,
    action: str,
    payload: Json,
    key: str,
    value: str,
) -> None:
    """The progress of updates and uploads is known."""
    socket = await call_in(version=version)
    assert await socket.call(action, payload) == {}
    assert getattr(station.state, key) == value


async def test_monitored_event(
    call_in: Dial, station: Station, occurrences: list[Occurrence], version_2x: str
) -> None:
    """2.x: a monitored event is told with its EVSE."""
    socket = await call_in(version=version_2x)
    payload = next(row[2] for row in DECODED if row[1] == "NotifyEvent")
    await socket.call("NotifyEvent", payload)
    fault, told = occurrences
    assert (fault.kind, fault.evse_id, fault.data["vendor_code"]) == ("fault", 2, "E1")
    assert (told.kind, told.evse_id) == ("monitored_event", 2)
    assert told.data["tech_code"] == "E1"


async def test_data_of_a_vendor(
    call_in: Dial, station: Station, occurrences: list[Occurrence], version: str
) -> None:
    """Data of a vendor is told, and answered as unknown."""
    socket = await call_in(version=version)
    answer = await socket.call("DataTransfer", {"vendorId": "v", "data": "d"})
    assert answer == {"status": "UnknownVendorId"}
    assert occurrences[0].data == {"vendor_id": "v", "message_id": None, "data": "d"}


async def test_main_meter(call_in: Dial, station: Station, version: str) -> None:
    """Values of the station's main meter make no EVSE."""
    socket = await call_in(version=version)
    payload: Json = {"meterValue": [energy(500)]}
    key = "connectorId" if version == "1.6" else "evseId"
    assert await socket.call("MeterValues", payload | {key: 0}) == {}
    assert station.evses == {}


async def test_unasked_report(call_in: Dial, station: Station, version_2x: str) -> None:
    """2.x: pages that nobody asked for are acknowledged and left alone."""
    socket = await call_in(version=version_2x)
    payload = next(row[2] for row in DECODED if row[1] == "NotifyReport")
    assert await socket.call("NotifyReport", payload) == {}
    assert station.state.variables == {}


async def test_start_that_names_no_evse(
    call_in: Dial, station: Station, version_2x: str
) -> None:
    """2.x: with one EVSE a transaction need not name it; with two it must."""
    socket = await call_in(version=version_2x)
    await socket.call("TransactionEvent", event(evse=None))
    assert station.evses[1].transaction is not None
    station.evse(2)
    code = await socket.refusal("TransactionEvent", event(tx="T2", evse=None))
    assert code == "OccurrenceConstraintViolation"
