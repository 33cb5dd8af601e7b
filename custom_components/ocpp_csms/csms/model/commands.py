"""What the central system asks of a station, neutral of version.

`Command[R]` names in R what a station's answer becomes. A refusal is not a result:
it is raised as CommandRejectedError.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .id_token import IdToken, IdTokenInfo
from .profile import ChargingProfile, CompositeSchedule, Purpose, RateUnit
from .station import Availability
from .variable import VariableRef, VariableResult


class Command[R]:
    """Base of all commands; R is the type of the result."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The station accepted; `status` is its word (Accepted, Scheduled, Unlocked …)."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCharging(Command[Done]):
    """RemoteStartTransaction / RequestStartTransaction. `evse_id` None leaves it open."""

    id_token: IdToken
    remote_start_id: int
    evse_id: int | None = None
    profile: ChargingProfile | None = None


@dataclass(frozen=True, slots=True)
class StopCharging(Command[Done]):
    """RemoteStopTransaction / RequestStopTransaction."""

    transaction_id: str


class ResetKind(StrEnum):
    """IMMEDIATE is 1.6's Hard, ON_IDLE its Soft: transactions are ended first."""

    IMMEDIATE = "immediate"
    ON_IDLE = "on_idle"


@dataclass(frozen=True, slots=True)
class Reset(Command[Done]):
    """Reset of the station, or in 2.x of one EVSE."""

    kind: ResetKind
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeAvailability(Command[Done]):
    """ChangeAvailability of the station (no EVSE), an EVSE or a connector."""

    availability: Availability
    evse_id: int | None = None
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class UnlockConnector(Command[Done]):
    """UnlockConnector."""

    evse_id: int
    connector_id: int = 1


class Trigger(StrEnum):
    """Messages that can be asked for, in the words of 2.x."""

    BOOT_NOTIFICATION = "BootNotification"
    HEARTBEAT = "Heartbeat"
    STATUS_NOTIFICATION = "StatusNotification"
    METER_VALUES = "MeterValues"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"


@dataclass(frozen=True, slots=True)
class TriggerMessage(Command[Done]):
    """TriggerMessage."""

    trigger: Trigger
    evse_id: int | None = None
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class GetVariables(Command[tuple[VariableResult, ...]]):
    """GetConfiguration / GetVariables. No refs: everything (1.6 only)."""

    refs: tuple[VariableRef, ...] = ()


@dataclass(frozen=True, slots=True)
class SetVariables(Command[tuple[VariableResult, ...]]):
    """ChangeConfiguration (one value) / SetVariables."""

    values: tuple[tuple[VariableRef, str], ...]


@dataclass(frozen=True, slots=True)
class GetBaseReport(Command[Done]):
    """GetBaseReport of the full inventory; the answer comes as ReportReceived events."""

    request_id: int


@dataclass(frozen=True, slots=True)
class SetChargingProfile(Command[Done]):
    """SetChargingProfile; EVSE 0 means the station."""

    evse_id: int
    profile: ChargingProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearChargingProfile(Command[Done]):
    """ClearChargingProfile by id or by criteria; the status Unknown counts as done."""

    profile_id: int | None = None
    evse_id: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule(Command[CompositeSchedule]):
    """GetCompositeSchedule; EVSE 0 means the station."""

    evse_id: int
    duration_s: int
    unit: RateUnit | None = None


@dataclass(frozen=True, slots=True)
class ClearCache(Command[Done]):
    """ClearCache."""


@dataclass(frozen=True, slots=True)
class GetLocalListVersion(Command[int]):
    """GetLocalListVersion; 0 is an empty list, -1 (1.6) that there is none."""


@dataclass(frozen=True, slots=True)
class LocalListEntry:
    """A token in a station's own list, and what it says of it."""

    id_token: IdToken
    info: IdTokenInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLocalList(Command[Done]):
    """SendLocalList; `full` replaces the list, otherwise entries are added to it."""

    version: int
    entries: tuple[LocalListEntry, ...]
    full: bool = True


@dataclass(frozen=True, slots=True)
class DataTransferResult:
    """Answer to a DataTransfer that the station accepted."""

    status: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class DataTransfer(Command[DataTransferResult]):
    """DataTransfer to a station."""

    vendor_id: str
    message_id: str | None = None
    data: Any = None


@dataclass(frozen=True, slots=True)
class GetTransactionStatus(Command[bool | None]):
    """GetTransactionStatus (2.x): whether it is ongoing; None if the station won't say."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class Call(Command[dict[str, Any]]):
    """Any message of the station's version, with a payload of the caller's."""

    action: str
    payload: dict[str, Any]
