"""What happens at a station and is over at once: things to be told, not states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class OccurrenceKind(StrEnum):
    """Kinds of happenings."""

    BOOTED = "booted"
    TRANSACTION_STARTED = "transaction_started"
    TRANSACTION_ENDED = "transaction_ended"
    ID_TOKEN_PRESENTED = "id_token_presented"
    AUTHORIZATION_REQUESTED = "authorization_requested"
    TRANSACTION_LIMITED = "transaction_limited"
    FAULT = "fault"
    SECURITY_EVENT = "security_event"
    MONITORED_EVENT = "monitored_event"
    DATA_TRANSFER = "data_transfer"
    START_TIMED_OUT = "start_timed_out"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened; EVSE 0 is the station."""

    kind: OccurrenceKind
    evse_id: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
