"""What is read of a plan: which segment holds at a time, and which for most of it."""

import pytest

from custom_components.ocpp_csms.csms.charging.plan import Plan, PlanReason, PlanSegment

from .requests import at

_MADE = Plan(
    segments=(
        PlanSegment(at(0), at(20), 6, 3),
        PlanSegment(at(20), at(60), 10, 3),
        PlanSegment(at(75), at(90), 16, 3),
    ),
    reason=PlanReason.COMPLETE,
    next_plan_at=at(90),
)


@pytest.mark.parametrize(
    ("start", "end", "current_a"),
    [
        (15, 30, 10),
        (0, 30, 6),
        (10, 30, 6),
        (5, 24, 6),
        (19, 22, 10),
        (0, 90, 10),
        (50, 80, 10),
        (55, 90, 16),
        (60, 75, None),
        (-15, 0, None),
        (90, 105, None),
    ],
)
def test_segment_of_most_of_a_time(
    start: float, end: float, current_a: float | None
) -> None:
    """The segment that holds longest, the first of two that hold as long."""
    held = _MADE.during(at(start), at(end))
    assert (held and held.current_a) == current_a


@pytest.mark.parametrize(
    ("minutes", "current_a"),
    [(-1, None), (0, 6), (19, 6), (20, 10), (60, None), (75, 16), (90, None)],
)
def test_segment_of_a_moment(minutes: float, current_a: float | None) -> None:
    """A segment holds from its start until, but not at, its end."""
    held = _MADE.at(at(minutes))
    assert (held and held.current_a) == current_a
