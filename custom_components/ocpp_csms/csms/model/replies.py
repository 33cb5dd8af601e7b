"""What the central system answers to events, neutral of version."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .id_token import IdTokenInfo
from .station import RegistrationStatus


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An answer without content."""


ACKNOWLEDGED = Acknowledged()


@dataclass(frozen=True, slots=True)
class BootReply:
    """Answer to Booted; `interval_s` is the heartbeat interval, or the wait before a retry."""

    status: RegistrationStatus
    now: datetime
    interval_s: int


@dataclass(frozen=True, slots=True)
class HeartbeatReply:
    """Answer to HeartbeatReceived."""

    now: datetime


@dataclass(frozen=True, slots=True)
class TokenReply:
    """Answer to TokenPresented."""

    info: IdTokenInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLimit:
    """How far a transaction may go (2.1 TransactionLimitType); None is no limit."""

    most_wh: float | None = None
    most_time: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TransactionReply:
    """Answer to TransactionReported; `info` is None where no token was presented."""

    transaction_id: str
    info: IdTokenInfo | None = None
    limit: TransactionLimit | None = None


@dataclass(frozen=True, slots=True)
class DataTransferReply:
    """Answer to DataTransferred."""

    status: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """An answer that waits for somebody's decision."""

    reply: Awaitable[TokenReply | TransactionReply]


type Reply = (
    Acknowledged
    | BootReply
    | HeartbeatReply
    | TokenReply
    | TransactionReply
    | DataTransferReply
)
