"""What stations tell, neutral of version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .evse import ChargingState, ConnectorStatus
from .id_token import IdToken
from .meter import Samples
from .station import Problem, StationInfo
from .transaction import TransactionPhase
from .variable import Variable


@dataclass(frozen=True, slots=True)
class Booted:
    """BootNotification."""

    info: StationInfo
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatReceived:
    """Heartbeat."""


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """StatusNotification; EVSE 0 is the station itself."""

    evse_id: int
    connector_id: int
    status: ConnectorStatus
    problem: Problem | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenPresented:
    """Authorize."""

    id_token: IdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionReported:
    """StartTransaction, StopTransaction (1.6) or TransactionEvent (2.x).

    `transaction_id` is None only for a 1.6 start: the central system gives the id.
    `meter_wh` is the register at a 1.6 start or stop.
    """

    phase: TransactionPhase
    at: datetime | None
    transaction_id: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    id_token: IdToken | None = None
    meter_wh: float | None = None
    samples: tuple[Samples, ...] = ()
    charging_state: ChargingState | None = None
    trigger: str | None = None
    stop_reason: str | None = None
    seq_no: int | None = None
    remote_start_id: int | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class MeterSampled:
    """MeterValues; EVSE 0 is the station's main meter."""

    evse_id: int
    samples: tuple[Samples, ...]
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class DataTransferred:
    """DataTransfer from a station."""

    vendor_id: str
    message_id: str | None
    data: Any


@dataclass(frozen=True, slots=True)
class FirmwareStatusChanged:
    """FirmwareStatusNotification."""

    status: str
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class LogStatusChanged:
    """DiagnosticsStatusNotification or LogStatusNotification."""

    status: str
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class SecurityEventReported:
    """SecurityEventNotification."""

    type: str
    at: datetime | None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class MonitoredEvent:
    """One entry of a NotifyEvent."""

    component: str
    variable: str
    value: str
    trigger: str
    at: datetime | None
    evse_id: int | None = None
    connector_id: int | None = None
    cleared: bool = False
    tech_code: str | None = None
    tech_info: str | None = None


@dataclass(frozen=True, slots=True)
class EventsNotified:
    """NotifyEvent."""

    events: tuple[MonitoredEvent, ...]


@dataclass(frozen=True, slots=True)
class ReportReceived:
    """One page of a NotifyReport; `last` is False while more pages follow."""

    request_id: int
    variables: tuple[Variable, ...]
    last: bool


type Event = (
    Booted
    | HeartbeatReceived
    | StatusChanged
    | TokenPresented
    | TransactionReported
    | MeterSampled
    | DataTransferred
    | FirmwareStatusChanged
    | LogStatusChanged
    | SecurityEventReported
    | EventsNotified
    | ReportReceived
)
