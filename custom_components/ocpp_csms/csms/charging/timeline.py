"""Timelines: what a set of charging profiles of one purpose says, moment by moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import ceil, inf

from ..model.profile import ChargingProfile, Kind, Period, Purpose, RateUnit, Recurrency
from .errors import ChargingError
from .figures import is_number
from .times import utc

AHEAD = timedelta(days=8)
"""How far is looked to know what a profile says: a week and what may begin after it."""
_FOR_GOOD_S = 3_000_000_000.0
"""A lifetime."""
_RECURRENCES = {Recurrency.DAILY: 86_400.0, Recurrency.WEEKLY: 604_800.0}


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is looked at; `length_s` may be 0."""

    start: datetime
    length_s: float

    def seconds(self, time: datetime) -> float:
        """Return a time in seconds from the start of the window."""
        return (time - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Segment:
    """A period of a profile, in seconds from the start of the window."""

    start_s: float
    end_s: float
    period: Period
    unit: RateUnit


type Timeline = list[Segment]
"""Segments in order, without overlaps; gaps say nothing."""


def check_profile(profile: ChargingProfile) -> None:
    """Raise ChargingError for what has no clear meaning (1.6 sections 7.8 and 7.13)."""
    name, schedule = f"profile {profile.id}", profile.schedule
    times = (schedule.start, profile.valid_from, profile.valid_to, profile.updated_at)
    for time in times:
        if time is not None:
            utc(time)
    _check_words(profile, name)
    if profile.kind is Kind.RECURRING and profile.recurrency is None:
        raise ChargingError("recurrency_missing", name)
    duration = schedule.duration_s
    if duration is not None and not (is_number(duration) and duration >= 0):
        raise ChargingError("duration_not_a_number", name)
    periods = schedule.periods
    if not periods:
        raise ChargingError("periods_missing", name)
    if periods[0].start_s != 0:
        raise ChargingError("first_period_not_at_zero", name)
    for earlier, later in pairwise(periods):
        if not (is_number(later.start_s) and later.start_s > earlier.start_s):
            raise ChargingError("periods_not_in_order", name)
    for period in periods:
        _check_period(period, name)


def _check_words(profile: ChargingProfile, name: str) -> None:
    """Raise ChargingError for words that no version has."""
    words: tuple[tuple[object, type[StrEnum]], ...] = (
        (profile.kind, Kind),
        (profile.purpose, Purpose),
        (profile.schedule.unit, RateUnit),
        (profile.recurrency or Recurrency.DAILY, Recurrency),
    )
    for word, known in words:
        if not isinstance(word, known):
            raise ChargingError("word_unknown", f"{name}: {word}")


def _check_period(period: Period, name: str) -> None:
    """Raise ChargingError for numbers that are none, or of the wrong sign (2.1 K28)."""
    limits = (period.limit, period.limit_l2, period.limit_l3)
    back = (
        period.discharge_limit,
        period.discharge_limit_l2,
        period.discharge_limit_l3,
    )
    points = (period.setpoint, period.setpoint_l2, period.setpoint_l3)
    known = [value for value in (*limits, *back, *points) if value is not None]
    if not all(is_number(value) for value in (*known, period.start_s)):
        raise ChargingError("limit_not_a_number", name)
    if any(value < 0 for value in limits if value is not None):
        raise ChargingError("limit_not_a_number", name)
    if any(value > 0 for value in back if value is not None):
        raise ChargingError("discharge_limit_positive", name)
    if period.phases not in (None, 1, 2, 3):
        raise ChargingError("phases_unknown", name)


def has_meaning(profile: ChargingProfile) -> bool:
    """Return whether a profile can be read."""
    try:
        check_profile(profile)
    except ChargingError:
        return False
    return True


def is_over(profile: ChargingProfile, now: datetime) -> bool:
    """Return whether a profile will never say anything again."""
    if profile.valid_to is not None and profile.valid_to <= now:
        return True
    schedule = profile.schedule
    begin = schedule.start or profile.valid_from
    if profile.kind is not Kind.ABSOLUTE or None in (begin, schedule.duration_s):
        return False
    assert begin is not None
    return begin + span(schedule.duration_s or 0) <= now


def span(seconds: float) -> timedelta:
    """Return a length of time; what is absurdly long is for good."""
    return timedelta(seconds=min(seconds, _FOR_GOOD_S))


def stack(
    profiles: Iterable[ChargingProfile], window: Window, anchor: datetime
) -> Timeline:
    """Return what profiles of one purpose say together.

    At every moment the highest stack level that has a period wins; a gap in it exposes
    the lower one (1.6 section 3.13.2, errata 3.7). `anchor` is where Relative ones begin.
    """
    timeline: Timeline = []
    for profile in sorted(
        profiles, key=lambda profile: profile.stack_level, reverse=True
    ):
        timeline = fill(timeline, list(expand(profile, window, anchor)))
    return timeline


def expand(
    profile: ChargingProfile, window: Window, anchor: datetime
) -> Iterator[Segment]:
    """Yield the segments of a profile that fall into a window, in order."""
    check_profile(profile)
    first = window.seconds(profile.valid_from) if profile.valid_from else -inf
    last = window.seconds(profile.valid_to) if profile.valid_to else inf
    first = max(first, 0.0)
    # A window without length still asks what holds at its start.
    last = min(last, max(window.length_s, 1e-9))
    for start, end in _occurrences(profile, window, anchor):
        yield from _clip(profile, start, max(first, start), min(last, end))


def _occurrences(
    profile: ChargingProfile, window: Window, anchor: datetime
) -> Iterator[tuple[float, float]]:
    """Yield start and end of every run of a schedule that may touch the window."""
    duration = profile.schedule.duration_s
    length = inf if duration is None else float(duration)
    start = _start(profile, window, anchor)
    if profile.kind is not Kind.RECURRING:
        yield start, start + length
        return
    assert profile.recurrency is not None
    every = _RECURRENCES[profile.recurrency]
    # The occurrence that began before the window may reach into it.
    run = start + every * (ceil(-start / every) - 1)
    while run <= window.length_s:
        yield run, run + min(length, every)
        run += every


def _start(profile: ChargingProfile, window: Window, anchor: datetime) -> float:
    """Return where a schedule begins, in seconds from the start of the window."""
    schedule = profile.schedule
    match profile.kind:
        case Kind.RELATIVE:
            return window.seconds(anchor)
        case Kind.DYNAMIC:
            begin = profile.updated_at or schedule.start
        case _:
            begin = schedule.start or profile.valid_from
    return window.seconds(begin) if begin else 0.0


def _clip(
    profile: ChargingProfile, run: float, first: float, last: float
) -> Iterator[Segment]:
    periods = profile.schedule.periods
    for index, period in enumerate(periods):
        start = max(run + period.start_s, first)
        is_last = index + 1 == len(periods)
        end = last if is_last else min(run + periods[index + 1].start_s, last)
        if start < end:
            yield Segment(start, end, period, profile.schedule.unit)


def fill(upper: Timeline, lower: Timeline) -> Timeline:
    """Return a timeline with its gaps filled from another, in one pass over both."""
    if not upper:
        return lower
    filled: Timeline = []
    gaps = _gaps(upper)
    gap_start, gap_end = next(gaps)
    for segment in lower:
        while gap_end <= segment.start_s:
            gap_start, gap_end = next(gaps)
        while gap_start < segment.end_s:
            start, end = max(segment.start_s, gap_start), min(segment.end_s, gap_end)
            if start < end:
                filled.append(Segment(start, end, segment.period, segment.unit))
            if gap_end >= segment.end_s:
                break
            gap_start, gap_end = next(gaps)
    return sorted(upper + filled, key=lambda segment: segment.start_s)


def _gaps(timeline: Timeline) -> Iterator[tuple[float, float]]:
    """Yield where a timeline says nothing; the last gap has no end."""
    at = -inf
    for segment in timeline:
        yield at, segment.start_s
        at = segment.end_s
    yield at, inf


def slices(
    timelines: Iterable[Timeline], length_s: float
) -> Iterator[tuple[float, float, list[Segment]]]:
    """Yield the window cut at every change, with what each timeline says in between.

    In the order of the timelines; one that says nothing is left out. The last slice has
    no end, so that a window without length has one too.
    """
    timelines = [timeline for timeline in timelines if timeline]
    cuts = {0.0}
    for timeline in timelines:
        for segment in timeline:
            cuts.update((segment.start_s, segment.end_s))
    ordered = [*sorted(cut for cut in cuts if 0 <= cut < length_s or cut == 0), inf]
    positions = [0] * len(timelines)
    for start, end in pairwise(ordered):
        parts: list[Segment] = []
        for index, timeline in enumerate(timelines):
            while positions[index] < len(timeline) and (
                timeline[positions[index]].end_s <= start
            ):
                positions[index] += 1
            if positions[index] < len(timeline):
                segment = timeline[positions[index]]
                if segment.start_s <= start < segment.end_s:
                    parts.append(segment)
        yield start, end, parts
