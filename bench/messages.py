"""The messages that the stations send. No two are alike: nothing may profit from repetition."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from .frames import masked_frame

type Payload = dict[str, Any]
type Request = tuple[str, Payload]

_LOCATED = {"context": "Sample.Periodic", "location": "Outlet"}
_REGISTER_WH = 1_234_000
_SESSION_AGE = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)


class Version(Enum):
    """The versions of OCPP, by subprotocol."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


class _Value(NamedTuple):
    measurand: str
    phase: str | None
    unit: str
    value: float


class Feed:
    """An endless source of a station's message ids, rising times and changing values."""

    def __init__(self) -> None:
        """Begin now."""
        self._prefix = str(uuid4())[:-12]
        self._ids = count(1)
        self._steps = count(1)
        self._last = datetime.now(UTC)

    def id(self) -> str:
        """Return a message id that was not used yet, as long as the usual UUID."""
        return f"{self._prefix}{next(self._ids):012d}"

    def time(self) -> str:
        """Return the time, later than the one before."""
        self._last = max(datetime.now(UTC), self._last + _MILLISECOND)
        return _text(self._last)

    def values(self) -> list[_Value]:
        """Return eight values, each different from the one before."""
        number = next(self._steps)
        step = number % 100
        return [
            _Value("Power.Active.Import", None, "W", round(7000 + step * 0.7, 1)),
            # Many messages a second must not look like more power than there can be.
            _Value(
                "Energy.Active.Import.Register",
                None,
                "Wh",
                round(_REGISTER_WH + number / 100, 2),
            ),
            *(
                _Value("Current.Import", f"L{line}", "A", round(12 + step * rise, 2))
                for line, rise in ((1, 0.01), (2, 0.02), (3, 0.03))
            ),
            *(
                _Value("Voltage", f"L{line}-N", "V", round(220 + step * rise, 1))
                for line, rise in ((1, 0.1), (2, 0.2), (3, 0.3))
            ),
        ]


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _meter_value_16(feed: Feed) -> Payload:
    samples = [
        {"value": str(value), **_LOCATED, "measurand": measurand, "unit": unit}
        | ({"phase": phase} if phase else {})
        for measurand, phase, unit, value in feed.values()
    ]
    return {"timestamp": feed.time(), "sampledValue": samples}


def _meter_value_2x(feed: Feed) -> Payload:
    samples: list[Payload] = [
        {
            "value": value,
            **_LOCATED,
            "measurand": measurand,
            "unitOfMeasure": {"unit": unit, "multiplier": 0},
        }
        | ({"phase": phase} if phase else {})
        for measurand, phase, unit, value in feed.values()
    ]
    return {"timestamp": feed.time(), "sampledValue": samples}


def boot(version: Version) -> list[Request]:
    """Return what a station says first."""
    time = _text(datetime.now(UTC))
    if version is Version.V16:
        station = {
            "chargePointVendor": "Bench",
            "chargePointModel": "Three phases",
            "chargePointSerialNumber": "B-0001",
            "firmwareVersion": "1.0.0",
        }
        status = {"errorCode": "NoError", "status": "Available", "timestamp": time}
        return [
            ("BootNotification", station),
            ("StatusNotification", {"connectorId": 0, **status}),
            ("StatusNotification", {"connectorId": 1, **status}),
        ]
    station = {
        "vendorName": "Bench",
        "model": "Three phases",
        "serialNumber": "B-0001",
        "firmwareVersion": "1.0.0",
    }
    connector = {"evseId": 1, "connectorId": 1, "connectorStatus": "Available"}
    return [
        ("BootNotification", {"reason": "PowerUp", "chargingStation": station}),
        ("StatusNotification", {"timestamp": time, **connector}),
    ]


def start(version: Version, transaction_id: str) -> list[Request]:
    """Return what a station says when a car starts to charge."""
    time = _text(datetime.now(UTC) - _SESSION_AGE)
    if version is Version.V16:
        connector = {"connectorId": 1, "timestamp": time}
        return [
            (
                "StartTransaction",
                {**connector, "idTag": "CARD-1", "meterStart": _REGISTER_WH},
            ),
            (
                "StatusNotification",
                {**connector, "errorCode": "NoError", "status": "Charging"},
            ),
        ]
    connector = {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied"}
    event = {
        "eventType": "Started",
        "timestamp": time,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {
            "transactionId": transaction_id,
            "chargingState": "Charging",
        },
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "CARD-1", "type": "ISO14443"},
    }
    return [
        ("StatusNotification", {"timestamp": time, **connector}),
        ("TransactionEvent", event),
    ]


def _meter_values_16(feed: Feed, transaction_id: str) -> Request:
    return (
        "MeterValues",
        {
            "connectorId": 1,
            "transactionId": int(transaction_id),
            "meterValue": [_meter_value_16(feed)],
        },
    )


def _meter_values_2x(feed: Feed, _: str) -> Request:
    return "MeterValues", {"evseId": 1, "meterValue": [_meter_value_2x(feed)]}


def _transaction_event(feed: Feed, transaction_id: str) -> Request:
    meter_value = _meter_value_2x(feed)
    info = {"transactionId": transaction_id, "chargingState": "Charging"}
    event = {
        "eventType": "Updated",
        "timestamp": meter_value["timestamp"],
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 1,
        "transactionInfo": info,
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [meter_value],
    }
    return "TransactionEvent", event


@dataclass(frozen=True)
class Kind:
    """A message with eight sampled values."""

    name: str
    version: Version
    build: Callable[[Feed, str], Request]

    def frame(self, feed: Feed, transaction_id: str) -> bytes:
        """Return a frame to send, with values of its own."""
        return call(feed, *self.build(feed, transaction_id))


METER_VALUES_16 = Kind("1.6 MeterValues", Version.V16, _meter_values_16)
KINDS = (
    METER_VALUES_16,
    Kind("2.0.1 TransactionEvent", Version.V201, _transaction_event),
    Kind("2.0.1 MeterValues", Version.V201, _meter_values_2x),
    Kind("2.1 TransactionEvent", Version.V21, _transaction_event),
    Kind("2.1 MeterValues", Version.V21, _meter_values_2x),
)


def call(feed: Feed, action: str, payload: Payload) -> bytes:
    """Return the frame of a CALL."""
    return masked_frame(orjson.dumps([2, feed.id(), action, payload]))
