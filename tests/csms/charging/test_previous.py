"""Plans that are made again: the same comes out unless something else is worth it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.plan import Plan, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import ELEVEN_KW, KWH_PER_SLOT, T0, at, hours, request_of, times_of


def _later(request: PlanRequest, made: Plan, minutes: float) -> PlanRequest:
    """Return the request some time later, when what was planned until then was charged."""
    now = at(minutes)
    charged = sum(
        segment.energy_wh(230)
        * max(timedelta(), min(segment.end, now) - segment.start)
        / (segment.end - segment.start)
        for segment in made.segments
    )
    wanted = max(0.0, (request.energy_wh or 0.0) - charged)
    return replace(request, now=now, energy_wh=wanted, previous=made)


def _ahead(made: Plan, minutes: float) -> list[tuple[float, float]]:
    return [(max(a, minutes), b) for a, b in times_of(made) if b > minutes]


_PRICES = st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=24, max_size=24)
_WISHES = st.sampled_from(
    [
        {},
        # Stretches that are over leave room for others, which may be worth it.
        {"max_segments": 3, "saving_threshold": 2.0},
        {"contiguous": True},
        {"precondition": timedelta(minutes=20)},
        {"start_cost": 0.05},
    ]
)


@settings(max_examples=60)
@given(
    _PRICES,
    st.floats(2_000, 40_000),
    st.lists(st.floats(0.1, 340), min_size=1, max_size=6).map(sorted),
    _WISHES,
)
def test_time_alone_changes_nothing(
    prices: list[float], energy: float, moments: list[float], wish: dict[str, Any]
) -> None:
    """Whenever it is asked again, even in the midst of a slot, what is left stays as it is."""
    request = request_of(
        charger=ELEVEN_KW,
        energy_wh=energy,
        import_price=Series(T0, tuple(prices)),
        **{"saving_threshold": 0.05} | wish,
    )
    made = plan(request)
    first, told = made, [(s.start, s.end, s.current_a) for s in made.segments]
    for minutes in moments:
        again = _later(request, first, minutes)
        if (again.energy_wh or 0.0) < 20:
            break
        made = plan(replace(again, previous=made))
        left = [
            (max(start, at(minutes)), end, current)
            for start, end, current in told
            if end > at(minutes)
        ]
        assert [(s.start, s.end, s.current_a) for s in made.segments] == left
        assert made.energy_wh == pytest.approx(again.energy_wh, abs=10)


def test_same_request_same_plan() -> None:
    """Planning again changes nothing."""
    first = plan(request_of())
    assert plan(request_of(previous=first)) == first


def test_previous_plan_is_kept_unless_it_pays() -> None:
    """A small saving is not worth a change, a large one is."""
    first = plan(request_of())
    cheaper = hours(0.2, 0.6, 0.1, 0.8, 0.09, 0.9)
    kept = plan(request_of(import_price=cheaper, previous=first, saving_threshold=0.2))
    changed = plan(
        request_of(import_price=cheaper, previous=first, saving_threshold=0.01)
    )
    assert times_of(kept) == [(120, 180)]
    assert times_of(changed) == [(240, 300)]


def test_previous_plan_that_is_not_allowed_any_more() -> None:
    """A plan that the fuse forbids by now is not kept."""
    first = plan(request_of())
    fuse = hours(16, 16, 0, 16, 16, 16)
    again = plan(request_of(capacity_a=fuse, previous=first, saving_threshold=100))
    assert times_of(again) == [(0, 60)]


def test_going_on_is_no_beginning() -> None:
    """A pause in what runs has to save what the new beginning costs."""
    request = request_of(import_price=hours(0.2, 0.3, 0.3), start_cost=0.5)
    made = plan(request)
    assert times_of(made) == [(0, 60)]
    later = _later(request, made, 20)
    cheaper = replace(later, import_price=hours(0.2, 0.15, 0.3))
    assert times_of(plan(cheaper)) == [(20, 60)]
    pays = replace(cheaper, start_cost=0.1)
    assert times_of(plan(pays)) == [(75, 115)]


def test_one_piece_is_not_broken() -> None:
    """What has to be one piece goes on once it runs, whatever the rest would cost later."""
    request = request_of(import_price=hours(0.2, 0.3, 0.3), contiguous=True)
    later = _later(request, plan(request), 20)
    cheaper = replace(later, import_price=hours(0.2, 0.01, 0.3))
    assert times_of(plan(cheaper)) == [(20, 60)]


@pytest.mark.parametrize("segments", [None, 2])
def test_what_runs_is_not_paused_to_the_second(segments: int | None) -> None:
    """A few Wh more are taken at the end, not by a pause of some seconds now."""
    request = request_of(import_price=hours(0.2, 0.3, 0.3), max_segments=segments)
    later = _later(request, plan(request), 20)
    more = replace(later, energy_wh=(later.energy_wh or 0.0) + 60)
    result = plan(more)
    assert result.segments[0].start == at(20)
    assert result.shortfall_wh == 0


def test_one_piece_that_the_fuse_breaks() -> None:
    """What runs and may not go on is one piece again as soon as it may."""
    request = request_of(import_price=hours(0.2, 0.3, 0.3), contiguous=True)
    later = _later(request, plan(request), 20)
    broken = replace(later, capacity_a=Series(T0, (0.0,) * 2 + (16.0,) * 22))
    result = plan(broken)
    assert result.shortfall_wh == 0
    assert result.segments[0].start >= at(30)


def test_car_that_took_less() -> None:
    """What is missing is added to what was planned, in whole slots, and no more is changed."""
    first = plan(request_of())
    more = request_of(
        energy_wh=4 * KWH_PER_SLOT * 1000 + 552,
        import_price=hours(0.2, 0.6, 0.1, 0.8, 0.09, 0.9),
        previous=first,
        saving_threshold=0.2,
    )
    result = plan(more)
    assert times_of(result) == [(120, 168), (285, 300)]
    assert times_of(plan(replace(more, previous=None))) == [(165, 168), (240, 300)]


def test_car_that_took_more() -> None:
    """What is too much is cut from what was planned."""
    first = plan(request_of())
    less = request_of(energy_wh=3.5 * KWH_PER_SLOT * 1000, previous=first)
    assert times_of(plan(less)) == [(120, 172.5)]


def test_lack_that_is_not_worth_a_thought() -> None:
    """A few Wh more change nothing, and are not called a shortfall."""
    first = plan(request_of())
    more = request_of(energy_wh=4 * KWH_PER_SLOT * 1000 + 5, previous=first)
    result = plan(more)
    assert (times_of(result), result.shortfall_wh) == (times_of(first), 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"contiguous": True},
        {"max_segments": 1},
        {"precondition": timedelta(minutes=30)},
        {"start_cost": 5.0},
        {"charger": ELEVEN_KW, "capacity_a": hours(*[9.0] * 6)},
    ],
)
def test_previous_plan_that_no_longer_fits(fields: dict[str, Any]) -> None:
    """A changed wish changes the plan, however well the old one would still do."""
    zigzag = Series(T0, (0.1, 0.9) * 12)
    request = request_of(import_price=zigzag)
    before = plan(request)
    assert len(before.segments) > 1
    changed = request_of(
        import_price=zigzag, previous=before, saving_threshold=0.1, **fields
    )
    assert plan(changed).segments != before.segments


@pytest.mark.parametrize("seconds", [1, 45, 863, 1800, 7100])
def test_all_that_fits_stays_all_that_fits(seconds: float) -> None:
    """A plan that needs every minute is not given up for one that lacks something."""
    request = request_of(
        charger=ELEVEN_KW, energy_wh=22_080, deadline=at(120), saving_threshold=0.01
    )
    made = plan(request)
    again = plan(_later(request, made, seconds / 60))
    assert times_of(again) == [(seconds / 60, 120)]
    assert again.shortfall_wh == pytest.approx(0, abs=0.01)


def test_plan_that_can_not_reach_its_goal_goes_on() -> None:
    """Less to pay is no reason to end early what is too little anyway."""
    request = request_of(energy_wh=30_000, deadline=at(120))
    made = plan(request)
    again = plan(_later(request, made, 119))
    assert times_of(again) == [(119, 120)]


@pytest.mark.parametrize(("more_wh", "kept"), [(9, True), (60, False), (400, False)])
def test_what_lacks_is_added(more_wh: float, kept: bool) -> None:
    """From some Wh on a lack is no longer overlooked."""
    first = plan(request_of())
    again = plan(request_of(energy_wh=first.energy_wh + more_wh, previous=first))
    assert again.shortfall_wh == 0
    assert (again.energy_wh == pytest.approx(first.energy_wh)) == kept


@pytest.mark.parametrize("less_wh", [200, 4000])
def test_what_is_too_much_is_left_out(less_wh: float) -> None:
    """A car that needs less gets less."""
    first = plan(request_of())
    again = plan(request_of(energy_wh=first.energy_wh - less_wh, previous=first))
    assert again.energy_wh == pytest.approx(first.energy_wh - less_wh)


def test_equally_good_is_no_reason_to_change() -> None:
    """What costs the same stays, also where no saving is asked for."""
    flat = hours(*[0.2] * 6)
    early = plan(request_of(import_price=flat, deadline=at(60)))
    assert times_of(plan(request_of(import_price=flat, previous=early))) == [(0, 60)]
    assert times_of(plan(request_of(import_price=flat))) == [(300, 360)]


def test_previous_plan_on_another_grid() -> None:
    """Two pieces in one slot, as of another begin, are not taken for one."""
    early, late = plan(request_of(deadline=at(5))), plan(request_of(deadline=at(360)))
    pieces = (early.segments[0], replace(early.segments[0], start=at(10), end=at(15)))
    odd = replace(late, segments=(*pieces, *late.segments))
    result = plan(request_of(previous=odd))
    assert result.energy_wh == pytest.approx(11_040)
