"""Charging profiles, neutral of version (1.6 section 7.8 to 7.14; 2.x ChargingProfileType)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What a profile is for; 1.6 says ChargePointMaxProfile for the station's maximum."""

    STATION_MAX = "ChargingStationMaxProfile"
    STATION_EXTERNAL = "ChargingStationExternalConstraints"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class Kind(StrEnum):
    """How the times of a schedule are meant."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


class Recurrency(StrEnum):
    """Period of a Recurring profile."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class RateUnit(StrEnum):
    """Unit of every limit in a schedule."""

    AMPERE = "A"
    WATT = "W"


@dataclass(frozen=True, slots=True)
class Period:
    """A limit from `start_s` seconds after the schedule's start, until the next period."""

    start_s: int
    limit: float
    phases: int | None = None
    phase_to_use: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Limits over time; `duration_s` None lasts until the profile ends."""

    unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration_s: int | None = None
    min_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """A charging profile as it is installed on a station."""

    id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """What a station says it will do (GetCompositeSchedule)."""

    evse_id: int
    start: datetime | None
    duration_s: int | None
    unit: RateUnit | None
    periods: tuple[Period, ...]
