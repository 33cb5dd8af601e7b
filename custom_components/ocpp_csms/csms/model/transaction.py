"""A charging transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .evse import ChargingState
from .id_token import is_same_token


class TransactionPhase(StrEnum):
    """Which part of a transaction a message reports (2.x TransactionEventEnumType)."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(slots=True, kw_only=True)
class Transaction:
    """State of one transaction; energy in Wh, times in UTC.

    `reported_start_wh` is what the station said of its start. `meter_start_wh`, from
    which the energy counts, is that in the count of the EVSE's register; corrected where that
    can't be true, and None until the station tells a start value or a first sample.
    `resumed` is True while only later events were heard; `updated_at` is the newest of them. `station_id` is what the station calls
    it, if not by our id; `id_confirmed` that it has used our id. `kept_wh` is what was known
    before a crash: the least that the energy can be. `start_heard` is False where only the end
    was; `clock_offset_s` is how far the station's clock, by which it tells times, was ahead.
    `refused` says that the token was, `undecided` that somebody has still to say, `holder` and `vehicle` whose it was at the time.
    `signed` holds what the meter has signed: at the begin, last meanwhile, and at the end.
    `record` is its number in the journal,
    0 while it is in none.
    """

    id: str
    evse_id: int
    connector_id: int
    started_at: datetime
    id_token: str | None = None
    refused: bool = False
    undecided: bool = False
    holder: str | None = None
    holder_id: str | None = None
    vehicle: str | None = None
    charging_state: ChargingState | None = None
    meter_start_wh: float | None = None
    reported_start_wh: float | None = None
    energy_wh: float | None = None
    kept_wh: float | None = None
    meter_stop_wh: float | None = None
    ended_at: datetime | None = None
    stop_reason: str | None = None
    remote_start_id: int | None = None
    station_id: str | None = None
    id_confirmed: bool = False
    resumed: bool = False
    updated_at: datetime | None = field(default=None, compare=False)
    start_heard: bool = True
    clock_offset_s: float | None = None
    signed: list[dict[str, str | None]] = field(default_factory=list)
    record: int = 0

    @property
    def active(self) -> bool:
        """Whether the transaction has not ended."""
        return self.ended_at is None

    @property
    def lacks_start(self) -> bool:
        """Whether its start was not heard: it may have begun earlier."""
        return self.resumed or not self.start_heard

    def lets(self, id_token: str) -> bool:
        """Return whether it was decided that it is charged with this token."""
        return (
            is_same_token(self.id_token, id_token)
            and not self.refused
            and not self.undecided
        )

    @property
    def lacks_token(self) -> bool:
        """Whether nobody is known who may charge: no token was told, or it was refused."""
        return not self.id_token or self.refused
