"""Whether profiles say the same from now on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ..model.profile import ChargingProfile, Kind
from .composite import Installed, Session
from .timeline import AHEAD, Segment, Window, expand

_TOLERANCE_S = 1.0
_TOLERANCE = 0.05


def says_same(
    one: Installed, other: Installed, now: datetime, sessions: Sequence[Session] = ()
) -> bool:
    """Return whether two profiles mean the same from now on."""
    a, b = one.profile, other.profile
    if one.evse_id != other.evse_id or slot(a) != slot(b):
        return False
    if Kind.DYNAMIC in (a.kind, b.kind):
        return a.kind is b.kind and _same_set_point(a, b, now)
    if (a.kind is Kind.RELATIVE) != (b.kind is Kind.RELATIVE):
        return False
    window = Window(now, AHEAD.total_seconds())
    began = (
        s.started_at for s in sessions if s.evse_id == one.evse_id and s.started_at
    )
    anchor = next(began, now)
    return _same_segments(_segments(a, window, anchor), _segments(b, window, anchor))


def slot(profile: ChargingProfile) -> tuple[object, ...]:
    """Return what places a profile, and counts its limits."""
    return (
        profile.purpose,
        profile.stack_level,
        profile.transaction_id,
        profile.schedule.unit,
    )


def _same_set_point(a: ChargingProfile, b: ChargingProfile, now: datetime) -> bool:
    """Return whether a Dynamic profile need not be updated: same value, lease half over at most."""
    lease = timedelta(seconds=b.schedule.duration_s or 0)
    stale = (
        lease > timedelta()
        and b.updated_at is not None
        and now - b.updated_at > lease / 2
    )
    same = a.schedule.periods == b.schedule.periods
    return same and a.schedule.duration_s == b.schedule.duration_s and not stale


def _segments(
    profile: ChargingProfile, window: Window, anchor: datetime
) -> list[Segment]:
    """Return what a profile says in a window, neighbours that say the same in one.

    A Relative one is placed by the transaction's begin, else as if it began now.
    """
    merged: list[Segment] = []
    for segment in expand(profile, window, anchor):
        last = merged[-1] if merged else None
        if last and last.end_s == segment.start_s and _same_period(last, segment):
            merged[-1] = replace(last, end_s=segment.end_s)
        else:
            merged.append(segment)
    return merged


def _same_period(a: Segment, b: Segment) -> bool:
    return replace(a.period, start_s=0) == replace(b.period, start_s=0)


def _same_segments(a: list[Segment], b: list[Segment]) -> bool:
    return len(a) == len(b) and all(
        abs(x.start_s - y.start_s) <= _TOLERANCE_S
        and abs(x.end_s - y.end_s) <= _TOLERANCE_S
        and (x.period.limit is None) == (y.period.limit is None)
        and abs((x.period.limit or 0.0) - (y.period.limit or 0.0)) <= _TOLERANCE
        and x.period.phases == y.period.phases
        for x, y in zip(a, b, strict=True)
    )
