"""Stretches that end with the deadline or go on: whatever else is asked, they stay whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.plan import (
    Charger,
    Plan,
    PlanReason,
    PlanRequest,
)
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.charging.taper import Taper
from custom_components.ocpp_csms.csms.model.rates import Series

T0 = datetime(2026, 1, 5, 18, tzinfo=UTC)
FULL = Charger(min_a=16, max_a=16)
NEAR_FULL = Taper(from_wh=4000, rest_w=1000)


def at(minutes: float) -> datetime:
    """Return a time some minutes after T0."""
    return T0 + timedelta(minutes=minutes)


def _series(*values: float) -> Series:
    return Series(T0, values)


def _minutes(made: Plan) -> list[tuple[float, float, float]]:
    """Return begin, end and current of each segment, in minutes after T0."""
    minute = timedelta(minutes=1)
    return [
        ((s.start - T0) / minute, round((s.end - T0) / minute, 1), s.current_a)
        for s in made.segments
    ]


def _request(minutes: float, energy_wh: float | None, **fields: Any) -> PlanRequest:
    plain: dict[str, Any] = {"now": T0, "charger": FULL}
    return PlanRequest(deadline=at(minutes), energy_wh=energy_wh, **plain | fields)


def test_one_stretch_beside_a_gap() -> None:
    """The only stretch ends with the deadline; what lies before a gap is missing."""
    made = plan(
        _request(
            75,
            7610.0,
            import_price=_series(0.1, 0.2, 0.4, 0.1, 0.2),
            capacity_a=_series(16, 8, 16, 8, 16),
            max_segments=1,
            contiguous=True,
            precondition=timedelta(minutes=30),
        )
    )
    assert _minutes(made) == [(60, 75, 16)]
    assert made.reason is PlanReason.SEGMENTS_LIMITED


def test_one_stretch_that_ends_before_a_gap() -> None:
    """One that takes more is the better one, though it ends before the deadline."""
    made = plan(
        _request(
            120,
            14_967.0,
            charger=Charger(max_a=16),
            capacity_a=_series(16, 8, 6, 16, 8, 6, 0, 8),
            max_segments=1,
            precondition=timedelta(hours=2),
        )
    )
    assert _minutes(made) == [(0, 90, 6)]
    assert made.energy_wh == pytest.approx(6_210)


def test_one_stretch_takes_the_current_that_gives_the_most() -> None:
    """A lower current that lasts longer is better than a higher one that does not."""
    made = plan(
        _request(
            60,
            8000.0,
            charger=Charger(max_a=16),
            capacity_a=_series(12, 12, 12, 16),
            max_segments=1,
            precondition=timedelta(minutes=15),
        )
    )
    assert made.energy_wh == pytest.approx(8000)
    assert {segment.current_a for segment in made.segments} == {12}


def test_one_stretch_stays_as_it_was_planned() -> None:
    """Planned again while it runs, the same stretch comes out, to the second."""
    request = _request(
        240,
        12_000.0,
        charger=Charger(max_a=16),
        import_price=_series(*[0.3, 0.2] * 8),
        max_segments=1,
        precondition=timedelta(minutes=30),
        saving_threshold=0.05,
    )
    previous = plan(request)
    (stretch,) = previous.segments
    for minutes in range(5, 240, 7):
        now = at(minutes)
        left = max(0.0, (stretch.end - max(now, stretch.start)) / timedelta(hours=1))
        energy = stretch.current_a * 690 * left
        previous = plan(replace(request, now=now, energy_wh=energy, previous=previous))
        if energy > 20:
            (again,) = previous.segments
            assert (again.end, again.current_a) == (stretch.end, stretch.current_a)


@pytest.mark.parametrize("taper", [None, NEAR_FULL])
def test_random_houses(taper: Taper | None) -> None:
    """Never more stretches than allowed, never where the fuse has no room, and no crash."""
    random = Random(7)
    for _ in range(150):
        slots = random.randint(2, 8)
        few = random.choice([1, 1, 2, 3, None])
        capacity = [float(random.choice([5, 8, 16, 16])) for _ in range(slots)]
        least = random.choice([6, 16])
        phases = random.choice([(3,), (1, 3)])
        request = _request(
            15 * slots,
            random.uniform(500, 9000),
            now=at(random.choice([0, 0, 4.5])),
            charger=Charger(min_a=least, phases=phases),
            import_price=_series(*(random.uniform(0, 0.4) for _ in range(slots))),
            capacity_a=_series(*capacity),
            price_limit=random.choice([None, 0.3]),
            max_segments=few,
            precondition=timedelta(minutes=random.choice([10, 15, 40])),
            taper=taper,
        )
        made = plan(request)
        assert few is None or len(made.segments) <= few
        for begin, end, current_a in _minutes(made):
            inside = capacity[int(begin // 15) : int((end - 0.05) // 15) + 1]
            assert current_a <= min(inside)


def test_a_car_near_full_is_still_warm() -> None:
    """With a taper, too, the last half hour is charged, and no more than is wanted."""
    made = plan(
        _request(
            360,
            20_000.0,
            charger=Charger(max_a=16),
            import_price=_series(*[0.05] * 12, *[0.3] * 12),
            precondition=timedelta(minutes=30),
            taper=NEAR_FULL,
        )
    )
    assert made.reason is PlanReason.COMPLETE
    assert made.energy_wh == pytest.approx(20_000, abs=20)
    begin, end, _ = _minutes(made)[-1]
    assert begin <= 330
    assert end > 350


def test_without_a_goal_there_is_nothing_to_precondition() -> None:
    """Taking what is cheap knows no end that could be warmed up for."""
    with pytest.raises(ChargingError, match="precondition_without_goal"):
        _request(60, None, price_limit=0.2, precondition=timedelta(minutes=15))


@pytest.mark.parametrize("seed", range(20))
def test_near_full_but_out_of_reach(seed: int) -> None:
    """A car that can't get all in time gets as much as full power gives."""
    random = Random(seed)
    capacity = [random.choice([10.0, 16.0, 16.0]) for _ in range(12)]
    taper = Taper(from_wh=random.choice([4000, 8000]), rest_w=1000)
    request = _request(
        180,
        random.uniform(34_000, 60_000),
        now=at(random.choice([0, 7.7])),
        charger=Charger(max_a=16),
        import_price=_series(*(random.uniform(0.05, 0.4) for _ in range(12))),
        capacity_a=_series(*capacity),
        taper=taper,
    )
    most_wh = _full_power(request, capacity, taper)
    assert plan(request).energy_wh == pytest.approx(most_wh, abs=80)


def _full_power(request: PlanRequest, capacity: list[float], taper: Taper) -> float:
    """Return what full power gives until the deadline, in Wh."""
    missing_wh = request.energy_wh or 0.0
    taken_wh = 0.0
    for slot, limit in enumerate(capacity):
        begin = max(at(15 * slot), request.now)
        hours = (at(15 * slot + 15) - begin) / timedelta(hours=1)
        if hours > 0:
            wh, _ = taper.charge(missing_wh, limit * 690, 16 * 690, hours)
            missing_wh, taken_wh = missing_wh - wh, taken_wh + wh
    return taken_wh


def test_out_of_reach_stays_as_it_was_planned() -> None:
    """With a taper, too, a plan of a night stays, whenever it is made anew."""
    request = _request(
        720,
        140_000.0,
        charger=Charger(max_a=16),
        import_price=_series(*(0.1 + slot % 7 / 50 for slot in range(48))),
        taper=NEAR_FULL,
        saving_threshold=0.05,
    )
    previous = first = plan(request)
    for minutes in range(7, 700, 7):
        energy = 140_000.0 - minutes / 60 * 16 * 690
        now = at(minutes)
        previous = plan(replace(request, now=now, energy_wh=energy, previous=previous))
        currents = [segment.current_a for segment in previous.segments]
        assert currents == [segment.current_a for segment in first.segments]


@pytest.mark.parametrize("few", [{"contiguous": True}, {"max_segments": 1}])
def test_one_piece_without_a_goal_is_not_broken(few: dict[str, Any]) -> None:
    """What runs goes on, though another piece would be longer by now."""
    prices = _series(*[0.1] * 20, *[0.9] * 4, *[0.1] * 18, *[0.9] * 6)
    previous = None
    for minutes in range(0, 300, 10):
        previous = plan(
            _request(
                720,
                None,
                now=at(minutes),
                charger=Charger(max_a=16),
                import_price=prices,
                price_limit=0.3,
                previous=previous,
                saving_threshold=1.0,
                **few,
            )
        )
        assert _minutes(previous) == [(minutes, 300, 16)]


@pytest.mark.parametrize("few", [None, 7, 6, 3])
def test_the_best_plan_that_needs_few_stretches_anyway(few: int | None) -> None:
    """A plan of three stretches with a cut inside is found, however many are allowed."""
    made = plan(
        _request(
            90,
            6900.0,
            import_price=_series(0.1, 1.0, 0.3, 1.0, 1.0, 0.1),
            max_segments=few,
        )
    )
    assert made.cost == pytest.approx(0.966)


def test_equal_power_on_fewer_phases() -> None:
    """Of two ways to the same power the one with fewer phases is taken, goal or not."""
    charger = Charger(max_a=32, phases=(1, 3))
    for energy in (None, 4140.0):
        made = plan(
            _request(
                60,
                energy,
                charger=charger,
                surplus_w=_series(*[4140.0] * 4),
                surplus_only=True,
            )
        )
        assert [(s.current_a, s.phases) for s in made.segments] == [(18, 1)]
