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


class OperationMode(StrEnum):
    """What a period asks of the EVSE (2.1 OperationModeEnumType)."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"


@dataclass(frozen=True, slots=True)
class Period:
    """A limit from `start_s` seconds after the schedule's start, until the next period.

    `limit` is per phase in A, or the total in W; where `limit_l2` and `limit_l3` are given
    (2.1) it is that of L1 alone. Discharge limits and negative set-points are what the
    car may, or shall, give back. `limit` None (2.1) sets no limit.
    """

    start_s: int
    limit: float | None
    phases: int | None = None
    phase_to_use: int | None = None
    limit_l2: float | None = None
    limit_l3: float | None = None
    discharge_limit: float | None = None
    discharge_limit_l2: float | None = None
    discharge_limit_l3: float | None = None
    setpoint: float | None = None
    setpoint_l2: float | None = None
    setpoint_l3: float | None = None
    operation_mode: OperationMode | None = None


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
    """A charging profile as it is installed on a station.

    `max_offline_s` and `invalid_after_offline` (2.1) end its use when the station is cut off
    for longer. `updated_at` is when a Dynamic profile got its last value (2.1 K28).
    """

    id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None
    max_offline_s: int | None = None
    invalid_after_offline: bool = False
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """What a station says it will do (GetCompositeSchedule)."""

    evse_id: int
    start: datetime | None
    duration_s: int | None
    unit: RateUnit | None
    periods: tuple[Period, ...]
