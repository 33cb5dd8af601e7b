"""Timetables: which current is to hold when, on how many phases."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from .errors import ChargingError
from .figures import is_figure
from .plan import PlanSegment
from .times import utc

DAY = timedelta(days=1)


def check_current(current_a: float) -> None:
    """Raise ChargingError for what can't be a current."""
    if not is_figure(current_a) or current_a < 0:
        raise ChargingError("current_not_a_number", str(current_a))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A current in A per phase from `start` until `end`, None being for good.

    0 is a pause; `phases` None leaves the phases open.
    """

    start: datetime
    end: datetime | None
    current_a: float
    phases: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no current, or ends before it begins; bring its times to UTC."""
        object.__setattr__(self, "start", utc(self.start))
        if self.end is not None:
            object.__setattr__(self, "end", utc(self.end))
        check_current(self.current_a)
        if self.phases not in (None, 1, 2, 3):
            raise ChargingError("phases_unknown", str(self.phases))
        if self.end is not None and self.end < self.start:
            raise ChargingError("stretch_runs_backwards", str(self.start))

    def holds(self, time: datetime) -> bool:
        """Return whether it holds at a time."""
        return self.start <= time and (self.end is None or time < self.end)


type Timetable = tuple[Stretch, ...]
"""Stretches in order, without overlaps; gaps say nothing."""


def check_order(timetable: Timetable) -> None:
    """Raise ChargingError for stretches that overlap or are not in order."""
    for earlier, later in pairwise(timetable):
        if earlier.end is None or later.start < earlier.end:
            raise ChargingError("stretches_not_in_order", str(later.start))


def at(timetable: Timetable, time: datetime) -> Stretch | None:
    """Return what holds at a time."""
    return next((stretch for stretch in timetable if stretch.holds(time)), None)


def of_plan(
    segments: Iterable[PlanSegment], start: datetime, end: datetime
) -> Timetable:
    """Return a plan's segments with the pauses between them, from `start` until `end`."""
    stretches: list[Stretch] = []
    time = start
    for segment in sorted(segments, key=lambda segment: segment.start):
        begin, finish = max(segment.start, time), min(segment.end, end)
        if begin >= finish:
            continue
        if time < begin:
            stretches.append(Stretch(time, begin, 0.0))
        stretches.append(Stretch(begin, finish, segment.current_a, segment.phases))
        time = finish
    if time < end:
        stretches.append(Stretch(time, end, 0.0))
    return merge(stretches)


@dataclass(frozen=True, slots=True)
class Daily:
    """Currents that hold every day, from seconds after a midnight on; the first at 0.

    `midnight` is any local midnight. The days have 24 hours each: to be made anew when
    daylight saving time begins or ends (1.6 section 7.9, errata 3.56).
    """

    midnight: datetime
    currents_a: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        """Refuse a day that is not one."""
        object.__setattr__(self, "midnight", utc(self.midnight))
        starts = [start for start, _ in self.currents_a]
        if not starts or starts[0] != 0 or starts[-1] >= DAY.total_seconds():
            raise ChargingError("day_not_whole", str(starts))
        for _, current in self.currents_a:
            check_current(current)
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise ChargingError("periods_not_in_order", str(starts))

    @property
    def constant(self) -> bool:
        """Whether it is the same all day."""
        return len({current for _, current in self.currents_a}) == 1

    @property
    def least_a(self) -> float:
        """The least current of the day."""
        return min(current for _, current in self.currents_a)

    def last_midnight(self, time: datetime) -> datetime:
        """Return the begin of the day that a time lies in."""
        return self.midnight + (time - self.midnight) // DAY * DAY

    def stretches(self, start: datetime, days: int) -> Timetable:
        """Return the stretches from `start` on, for so many days; for good if constant."""
        if self.constant:
            return (Stretch(start, None, self.currents_a[0][1]),)
        first = self.last_midnight(start)
        end = first + DAY * (days + 1)
        times = [
            (first + DAY * day + timedelta(seconds=second), current)
            for day in range(days + 1)
            for second, current in self.currents_a
        ]
        ends = [time for time, _ in times[1:]] + [end]
        return merge(
            Stretch(max(time, start), finish, current)
            for (time, current), finish in zip(times, ends, strict=True)
            if finish > start
        )


def merge(stretches: Iterable[Stretch]) -> Timetable:
    """Return stretches with neighbours that say the same in one."""
    merged: list[Stretch] = []
    for stretch in stretches:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.end == stretch.start
            and (last.current_a, last.phases) == (stretch.current_a, stretch.phases)
        ):
            merged[-1] = replace(last, end=stretch.end)
        else:
            merged.append(stretch)
    return tuple(merged)


def has_gaps(timetable: Timetable, start: datetime) -> bool:
    """Return whether a timetable says nothing somewhere between `start` and its end."""
    starts = [stretch.start for stretch in timetable]
    ends = [start, *(stretch.end for stretch in timetable)]
    return any(
        end is not None and end < next_
        for end, next_ in zip(ends, starts, strict=False)
    )


def until(timetable: Timetable, end: datetime | None) -> Timetable:
    """Return a timetable as far as to a time, None being all of it."""
    if end is None:
        return timetable
    return tuple(
        stretch if stretch.end and stretch.end <= end else replace(stretch, end=end)
        for stretch in timetable
        if stretch.start < end
    )


def overlay(upper: Timetable, lower: Timetable) -> Timetable:
    """Return a timetable with its gaps, and what is before and after it, from another."""
    result: list[Stretch] = list(upper)
    for stretch in lower:
        result += _left_of(stretch, upper)
    return merge(sorted(result, key=lambda stretch: stretch.start))


def _left_of(stretch: Stretch, upper: Timetable) -> list[Stretch]:
    """Return what is left of a stretch beside those of another timetable."""
    left: list[Stretch] = []
    start = stretch.start
    for over in upper:
        if over.end is not None and over.end <= start:
            continue
        if stretch.end is not None and stretch.end <= over.start:
            break
        if start < over.start:
            left.append(replace(stretch, start=start, end=over.start))
        if over.end is None:
            return left
        start = over.end
    if stretch.end is None or start < stretch.end:
        left.append(replace(stretch, start=start))
    return left
