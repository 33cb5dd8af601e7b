"""Whether a station is going to do what it was told: expected and reported schedules compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import inf, isclose

from ..model.profile import CompositeSchedule, Period, RateUnit
from .errors import ChargingError
from .figures import is_number
from .times import utc

_EPSILON = 1e-6


class ConformityKind(StrEnum):
    """How a reported schedule compares; keys for translation."""

    SAME = "same"
    NOT_REPORTED = "not_reported"
    """The station tells no schedule."""
    SHIFTED = "shifted"
    """The same limits at other times: its clock is wrong, or it counts from elsewhere."""
    HIGHER = "higher"
    """It is going to allow more than it was told."""
    LOWER = "lower"
    """It is going to allow less, perhaps by another's profile."""
    PHASES = "phases"
    TOO_SHORT = "too_short"
    """The same, but it tells less of the time than it was asked about, or begins too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What is no difference; and how A and W compare."""

    seconds: float = 1.0
    late_s: float = 60.0
    """How late the reported time may begin: a station counts from when it was asked."""
    current_a: float = 0.1
    voltage_v: float = 230.0
    phases: int = 3

    def __post_init__(self) -> None:
        """Refuse what nothing can be compared by."""
        values = (self.seconds, self.late_s, self.current_a, self.voltage_v)
        if not all(is_number(value) and value >= 0 for value in values):
            raise ChargingError("tolerance_not_a_number", str(values))
        if self.voltage_v == 0 or self.phases not in (1, 2, 3):
            raise ChargingError("tolerance_not_a_number", str(self.voltage_v))


@dataclass(frozen=True, slots=True)
class Conformity:
    """The first difference, with its time and both values in A per phase (or phases)."""

    kind: ConformityKind
    at: datetime | None = None
    expected: float | None = None
    reported: float | None = None
    shift_s: float | None = None

    @property
    def conforms(self) -> bool:
        """Whether the station is going to do what it was told."""
        return self.kind is ConformityKind.SAME


@dataclass(frozen=True, slots=True)
class _Step:
    """Limits in A per phase from some seconds on, None setting none.

    Of L1 (or all), L2 and L3; then the most to be given back, and the set-point.
    """

    start_s: float
    values: tuple[float | None, ...]
    phases: int | None

    @property
    def limit_a(self) -> float | None:
        """The limit of L1, or of all phases."""
        return self.values[0]


def compare(
    expected: CompositeSchedule,
    reported: CompositeSchedule,
    tolerance: Tolerance = Tolerance(),
) -> Conformity:
    """Return how a reported composite schedule differs from the expected one.

    That is the answer to GetCompositeSchedule (1.6 section 5.7, 2.x K08).

    Their times may begin at different moments: what both cover is compared, from the
    expected one's start on. Where a station does not tell its start, it is taken as that.
    """
    if not expected.periods:
        raise ChargingError("nothing_expected")
    if reported.evse_id != expected.evse_id:
        raise ChargingError("evses_differ", f"{reported.evse_id}, {expected.evse_id}")
    if not reported.periods:
        return Conformity(ConformityKind.NOT_REPORTED)
    begins = utc(reported.start) if reported.start else None
    origin = utc(expected.start) if expected.start else begins
    late_s = (begins - origin).total_seconds() if begins and origin else 0.0
    should = _steps(expected, 0.0, tolerance)
    does = _steps(reported, late_s, tolerance)
    expected_end = _end(expected, 0.0)
    end = min(expected_end, _end(reported, late_s))
    begin = max(0.0, does[0].start_s)
    difference = _first_difference(should, does, begin, end, origin, tolerance)
    if difference is not None:
        shift_s = _shift(should, does, tolerance)
        if shift_s is None:
            return difference
        return Conformity(ConformityKind.SHIFTED, difference.at, shift_s=shift_s)
    if begin > tolerance.late_s or end <= begin:
        return Conformity(ConformityKind.TOO_SHORT, _time(origin, 0.0))
    if end < expected_end - tolerance.seconds:
        return Conformity(ConformityKind.TOO_SHORT, _time(origin, end))
    return Conformity(ConformityKind.SAME)


def _end(schedule: CompositeSchedule, late_s: float) -> float:
    if schedule.duration_s is None:
        return inf
    if not is_number(schedule.duration_s):
        raise ChargingError("duration_not_a_number")
    return late_s + schedule.duration_s


def _time(origin: datetime | None, seconds: float) -> datetime | None:
    return origin + timedelta(seconds=seconds) if origin else None


def _steps(
    schedule: CompositeSchedule, late_s: float, tolerance: Tolerance
) -> list[_Step]:
    """Return the steps of a schedule in A, neighbours that say the same in one."""
    steps: list[_Step] = []
    for before, period in zip(
        (None, *schedule.periods), schedule.periods, strict=False
    ):
        begins = before is None or period.start_s > before.start_s
        if not (begins and is_number(period.start_s) and period.start_s >= 0):
            raise ChargingError("periods_not_in_order")
        values = _values(period, schedule.unit, tolerance)
        step = _Step(late_s + period.start_s, values, period.phases)
        if not steps or (step.values, step.phases) != (
            steps[-1].values,
            steps[-1].phases,
        ):
            steps.append(step)
    return steps


def _values(
    period: Period, unit: RateUnit | None, tolerance: Tolerance
) -> tuple[float | None, ...]:
    """Return what a period says, in A per phase; L2 and L3 as L1 where they are not told apart."""
    lines = (period.limit_l2, period.limit_l3)
    apart = lines != (None, None)
    divisor = 1.0
    if unit is RateUnit.WATT:
        divisor = tolerance.voltage_v * (
            1 if apart else period.phases or tolerance.phases
        )
    limits = [period.limit if line is None else line for line in (None, *lines)]
    values = [*limits, period.discharge_limit, period.setpoint]
    if not all(is_number(value) for value in values if value is not None):
        raise ChargingError("limit_not_a_number")
    return tuple(None if value is None else value / divisor for value in values)


def _first_difference(
    should: list[_Step],
    does: list[_Step],
    begin: float,
    end: float,
    origin: datetime | None,
    tolerance: Tolerance,
) -> Conformity | None:
    for start, stop, expected, reported in _pairs(should, does, begin, end):
        if stop - start <= tolerance.seconds + _EPSILON:
            continue
        at = _time(origin, start)
        for want, have in zip(expected.values, reported.values, strict=True):
            high, low = (inf if value is None else value for value in (have, want))
            if high > low + tolerance.current_a + _EPSILON:
                return Conformity(ConformityKind.HIGHER, at, want, have)
            if high < low - tolerance.current_a - _EPSILON:
                return Conformity(ConformityKind.LOWER, at, want, have)
        told = None not in (expected.phases, reported.phases)
        if told and expected.limit_a and expected.phases != reported.phases:
            return Conformity(
                ConformityKind.PHASES, at, expected.phases, reported.phases
            )
    return None


def _pairs(
    should: list[_Step], does: list[_Step], begin: float, end: float
) -> Iterator[tuple[float, float, _Step, _Step]]:
    """Yield the common time cut at every change, with what either schedule says."""
    inner = {step.start_s for step in (*should, *does) if begin < step.start_s < end}
    for start, stop in pairwise(sorted({begin, *inner, end})):
        expected, reported = _at(should, start), _at(does, start)
        if expected is not None and reported is not None:
            yield start, stop, expected, reported


def _at(steps: list[_Step], time: float) -> _Step | None:
    return next((step for step in reversed(steps) if step.start_s <= time), None)


def _shift(
    should: list[_Step], does: list[_Step], tolerance: Tolerance
) -> float | None:
    """Return by how much the changes come too late, if all do by the same; else None."""
    want = [inf if step.limit_a is None else step.limit_a for step in should]
    have = [inf if step.limit_a is None else step.limit_a for step in does]
    if len(want) < 2 or len(want) != len(have):
        return None
    if not all(
        isclose(a, b, abs_tol=tolerance.current_a)
        for a, b in zip(want, have, strict=True)
    ):
        return None
    shifts = [b.start_s - a.start_s for a, b in zip(should[1:], does[1:], strict=True)]
    even = max(shifts) - min(shifts) <= 2 * tolerance.seconds
    return shifts[0] if even and abs(shifts[0]) > tolerance.seconds else None
