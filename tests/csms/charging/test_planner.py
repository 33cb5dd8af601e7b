"""Plans: by a deadline, at the least cost, within every limit."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.ocpp_csms.csms.charging.plan import (
    Charger,
    Plan,
    PlanReason,
    PlanSegment,
    soc_energy,
)
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.charging.taper import Taper
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import (
    ELEVEN_KW,
    KWH_PER_SLOT,
    ONE_SPEED,
    T0,
    at,
    hours,
    request_of,
    times_of,
)


def _with_times(result: Plan) -> list[tuple[PlanSegment, tuple[float, float]]]:
    return list(zip(result.segments, times_of(result), strict=True))


@pytest.mark.parametrize(
    ("slots", "times"),
    [
        (4, [(120, 180)]),
        (8, [(0, 60), (120, 180)]),
        (6, [(30, 60), (120, 180)]),
        (10, [(0, 60), (120, 180), (270, 300)]),
    ],
)
def test_cheapest_hours(slots: int, times: list[tuple[float, float]]) -> None:
    """The cheapest quarter hours, the later ones among equals."""
    result = plan(request_of(energy_wh=slots * KWH_PER_SLOT * 1000))
    assert times_of(result) == times
    assert (result.reason, result.shortfall_wh) == (PlanReason.COMPLETE, 0)


def test_figures() -> None:
    """Energy, cost and CO2 are those of the segments."""
    result = plan(request_of(co2=hours(100, 200, 300, 400, 500, 600)))
    assert result.energy_wh == pytest.approx(11_040)
    assert result.cost == pytest.approx(1.104)
    assert result.co2_g == pytest.approx(3312)
    assert result.next_plan_at == at(360)


def test_co2_of_a_split_slot() -> None:
    """CO2 is that of the time, also where a precondition begins in the midst of a slot."""
    result = plan(
        request_of(
            energy_wh=16 * 690 * 2 / 3 + 11_040,
            precondition=timedelta(minutes=40),
            co2=hours(100, 200, 300, 400, 500, 600),
        )
    )
    assert times_of(result) == [(120, 180), (320, 360)]
    assert result.co2_g == pytest.approx(11.04 * 300 + 11.04 * 2 / 3 * 600)


def test_contiguous() -> None:
    """One block: the cheapest pair of hours in a row."""
    result = plan(request_of(energy_wh=22_080, contiguous=True))
    assert times_of(result) == [(60, 180)]


def test_sun_is_worth_its_export_price() -> None:
    """Solar power after the house is taken before cheap hours, at the current that fits."""
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=6 * 690 + 6 * 690,
            surplus_w=hours(0, 0, 0, 6 * 690, 6 * 690, 0),
            export_price=hours(*[0.08] * 6),
        )
    )
    assert times_of(result) == [(180, 300)]
    assert result.solar_wh == pytest.approx(result.energy_wh)
    assert result.cost == pytest.approx(8.28 * 0.08)


def test_capacity() -> None:
    """What the fuse leaves is never exceeded."""
    result = plan(
        request_of(charger=ELEVEN_KW, capacity_a=hours(16, 16, 8, 16, 16, 16))
    )
    assert all(
        s.current_a <= 8 for s in result.segments if at(120) <= s.start < at(180)
    )
    assert result.reason is PlanReason.COMPLETE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"energy_wh": 200_000}, PlanReason.TOO_LATE),
        ({"capacity_a": hours(0, 0, 0, 0, 0, 0)}, PlanReason.CAPACITY_LIMITED),
        ({"price_limit": 0.05}, PlanReason.PRICE_LIMITED),
        ({"surplus_only": True}, PlanReason.SURPLUS_LIMITED),
    ],
)
def test_shortfall(fields: dict[str, Any], reason: PlanReason) -> None:
    """What can't be reached is reported with its reason."""
    result = plan(request_of(**fields))
    assert result.reason is reason
    assert result.shortfall_wh > 0


def test_price_limit() -> None:
    """Above the limit nothing is taken from the grid."""
    result = plan(request_of(energy_wh=40_000, price_limit=0.3))
    assert times_of(result) == [(0, 60), (120, 180)]


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"price_limit": 0.3}, [(0, 60), (120, 180)]),
        (
            {"surplus_only": True, "surplus_w": hours(0, 12_000, 0, 12_000, 0, 0)},
            [(60, 120), (180, 240)],
        ),
    ],
    ids=["cheap only", "surplus only"],
)
def test_without_a_goal(
    fields: dict[str, Any], times: list[tuple[float, float]]
) -> None:
    """Without a fixed goal all is taken that is allowed."""
    assert times_of(plan(request_of(energy_wh=None, **fields))) == times


def test_prices_that_are_not_known_yet() -> None:
    """Unknown hours count with the mean of the known ones, and are planned anew soon."""
    result = plan(request_of(import_price=hours(0.5, 0.6, 0.1), energy_wh=22_080))
    assert times_of(result)[0] == (120, 180)
    assert result.reason is PlanReason.WAITING_FOR_PRICES
    assert result.next_plan_at == at(60)


def test_no_prices_at_all() -> None:
    """Without prices the energy is taken as late as it can."""
    assert times_of(plan(request_of(import_price=None))) == [(300, 360)]


def test_deadline_in_the_past() -> None:
    """Too late: at once, as fast as it goes."""
    result = plan(request_of(deadline=at(-30)))
    assert times_of(result) == [(0, 60)]
    assert result.reason is PlanReason.TOO_LATE


def test_in_the_middle_of_a_slot() -> None:
    """A first and a last slot that are cut give less, never too little in all."""
    result = plan(request_of(now=at(7), deadline=at(52), import_price=None))
    assert times_of(result) == [(7, 52)]
    full = plan(request_of(now=at(7), deadline=at(130), import_price=None))
    assert full.energy_wh >= 11_040
    assert full.shortfall_wh == 0


def test_few_segments() -> None:
    """A charger that holds few periods gets few stretches of one set-point each."""
    prices = Series(T0, tuple(0.1 if slot % 2 else 0.5 for slot in range(24)))
    free = plan(request_of(import_price=prices, charger=ELEVEN_KW))
    few = plan(request_of(import_price=prices, charger=ELEVEN_KW, max_segments=2))
    # As docs/smart-charging.md tells it.
    assert (len(free.segments), free.cost) == (4, pytest.approx(1.104))
    assert times_of(few) == [(285, 300), (315, 360)]
    assert few.cost == pytest.approx(2.208)


def test_other_current_in_each_of_few_segments() -> None:
    """What the fuse leaves in one stretch holds nobody back in another."""
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=14 * KWH_PER_SLOT * 1000,
            capacity_a=hours(16, 16, 8, 8, 16, 16),
            import_price=hours(0.2, 0.6, 0.1, 0.1, 0.6, 0.2),
            max_segments=3,
        )
    )
    assert [(s.current_a, *t) for s, t in _with_times(result)] == [
        (16, 0, 60),
        (8, 120, 240),
        (16, 270, 360),
    ]


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"max_segments": 2}, [(0, 60), (180, 300)]),
        ({"max_segments": 1}, [(180, 300)]),
        ({"contiguous": True}, [(180, 300)]),
    ],
)
def test_few_segments_without_a_goal(
    fields: dict[str, Any], times: list[tuple[float, float]]
) -> None:
    """Without a fixed goal the longest of the cheap hours are taken."""
    prices = Series(T0, (0.1,) * 4 + (0.9, 0.9, 0.1, 0.9) + (0.9,) * 4 + (0.1,) * 8)
    request = request_of(
        energy_wh=None, price_limit=0.3, import_price=prices, deadline=at(300), **fields
    )
    assert times_of(plan(request)) == times


@pytest.mark.parametrize("wish", [{"max_segments": 1}, {"contiguous": True}])
def test_too_few_segments(wish: dict[str, Any]) -> None:
    """What does not fit into so few stretches is missing, and told so."""
    fuse = hours(16, 16, 0, 16, 16, 16)
    result = plan(request_of(energy_wh=44_160, capacity_a=fuse, **wish))
    assert times_of(result) == [(180, 360)]
    assert result.reason is PlanReason.SEGMENTS_LIMITED
    assert result.shortfall_wh == pytest.approx(11_040)


def test_start_cost() -> None:
    """What a beginning costs keeps the plan together."""
    prices = Series(T0, tuple(0.1 if slot % 2 else 0.12 for slot in range(24)))
    chopped = plan(request_of(import_price=prices))
    whole = plan(request_of(import_price=prices, start_cost=1.0))
    assert len(chopped.segments) > len(whole.segments) == 1


def test_precondition() -> None:
    """The last half hour before leaving is charged, whatever it costs."""
    result = plan(request_of(precondition=timedelta(minutes=30)))
    assert times_of(result) == [(150, 180), (330, 360)]


def test_one_or_three_phases() -> None:
    """A little sun is taken on one phase."""
    result = plan(
        request_of(
            charger=Charger(phases=(1, 3)),
            energy_wh=1380,
            surplus_w=hours(0, 0, 0, 1500, 0, 0),
        )
    )
    assert {(s.phases, s.current_a) for s in result.segments} == {(1, 6)}
    assert result.solar_wh == pytest.approx(1380)


def test_nothing_to_do() -> None:
    """A car that has what it needs gets no plan."""
    assert plan(request_of(energy_wh=0)).reason is PlanReason.NOTHING_TO_DO


def test_soc_goal() -> None:
    """A state of charge is an energy, with what is lost on the way."""
    assert soc_energy(50, 80, 60_000, 0.9) == pytest.approx(20_000)
    assert soc_energy(90, 80, 60_000) == 0


_EVENING = hours(0.30, 0.34, 0.28, 0.22, 0.18, 0.16, 0.15, 0.15, 0.17, 0.21, 0.27, 0.31)


@pytest.mark.parametrize(
    ("fields", "times", "cost"),
    [
        ({}, [(360, 468)], 3.00),
        ({"capacity_a": hours(*[9.0] * 12)}, [(300, 480), (525, 538)], 3.09),
        ({"precondition": timedelta(minutes=30)}, [(390, 468), (690, 720)], 3.88),
        ({"energy_wh": None, "price_limit": 0.16}, [(300, 480)], 5.08),
        ({"deadline": at(60)}, [(0, 60)], 3.31),
    ],
)
def test_examples_of_the_documentation(
    fields: dict[str, Any], times: list[tuple[int, int]], cost: float
) -> None:
    """What docs/smart-charging.md tells of a night is so."""
    night: dict[str, Any] = {
        "charger": ELEVEN_KW,
        "energy_wh": 20_000,
        "deadline": at(720),
        "import_price": _EVENING,
    }
    result = plan(request_of(**night | fields))
    assert [(int(start), int(end)) for start, end in times_of(result)] == times
    assert result.cost == pytest.approx(cost, abs=0.005)


@pytest.mark.parametrize(
    ("fields", "current_a"),
    [
        ({"capacity_a": hours(*[8.0] * 30)}, {8.0}),
        ({"capacity_a": hours(*[0.0] * 30)}, set()),
        ({"price_limit": 0.05}, set()),
        ({}, {16.0}),
    ],
)
def test_missed_deadline_keeps_every_limit(
    fields: dict[str, Any], current_a: set[float]
) -> None:
    """After the deadline charging goes on at once, within fuse and price limit."""
    result = plan(request_of(charger=ELEVEN_KW, deadline=at(-30), **fields))
    assert {segment.current_a for segment in result.segments} == current_a
    assert result.reason is PlanReason.TOO_LATE
    if current_a:
        assert result.segments[0].start == T0
        assert result.energy_wh == pytest.approx(4 * KWH_PER_SLOT * 1000)


def test_missed_deadline_begins_at_once() -> None:
    """Too late is no time to wait for a cheaper minute."""
    result = plan(request_of(deadline=T0, energy_wh=6_000, import_price=hours(0.9)))
    ((start, end),) = times_of(result)
    assert (start, end) == (0, pytest.approx(6_000 / 184))


@pytest.mark.parametrize("minutes", [1, 20, 35, 90])
@pytest.mark.parametrize("slots", [0.5, 2.5, 7, 23])
@pytest.mark.parametrize("fields", [{}, {"capacity_a": hours(*[10.0] * 6)}])
def test_segments_are_what_the_plan_says(
    minutes: int, slots: float, fields: dict[str, Any]
) -> None:
    """With a precondition too the segments hold the energy, and the end is charged."""
    charger = ELEVEN_KW if fields else ONE_SPEED
    result = plan(
        request_of(
            charger=charger,
            energy_wh=slots * KWH_PER_SLOT * 1000,
            precondition=timedelta(minutes=minutes),
            **fields,
        )
    )
    energy = sum(segment.energy_wh(230) for segment in result.segments)
    assert energy == pytest.approx(result.energy_wh, rel=1e-6)
    assert result.energy_wh + result.shortfall_wh == pytest.approx(
        slots * KWH_PER_SLOT * 1000
    )
    assert result.segments[-1].end == at(360)


@pytest.mark.parametrize(
    "fields",
    [
        {"contiguous": True, "max_segments": 3},
        {"max_segments": 1, "precondition": timedelta(minutes=30)},
        {"max_segments": 2, "precondition": timedelta(minutes=30)},
    ],
)
def test_wishes_that_go_together(fields: dict[str, Any]) -> None:
    """One stretch, few segments and a warm car can be asked for at once."""
    result = plan(request_of(charger=ELEVEN_KW, energy_wh=9000, **fields))
    assert len(result.segments) <= fields["max_segments"]
    if fields.get("contiguous"):
        starts = {segment.start for segment in result.segments[1:]}
        assert starts <= {segment.end for segment in result.segments}
    if "precondition" in fields:
        assert result.segments[-1].end == at(360)
    assert result.shortfall_wh == 0


def test_dear_slot_is_the_one_that_is_cut() -> None:
    """What is too much is cut where it is dear, not where it is late."""
    prices = Series(T0, (0.5, 0.1))
    result = plan(
        request_of(
            deadline=at(30),
            energy_wh=1.5 * KWH_PER_SLOT * 1000,
            import_price=prices,
        )
    )
    assert times_of(result) == [(7.5, 30)]
    assert result.cost == pytest.approx(KWH_PER_SLOT * (0.5 * 0.5 + 0.1))


def test_beginnings_that_cost_more_than_charging() -> None:
    """What a beginning costs never keeps a car from being charged."""
    result = plan(request_of(start_cost=50.0, import_price=None))
    assert result.shortfall_wh == 0


def test_more_energy_than_there_is_time_for() -> None:
    """An absurd wish is answered as fast as any, with what is possible."""
    result = plan(request_of(charger=ELEVEN_KW, energy_wh=2e9))
    assert result.energy_wh == pytest.approx(6 * 11_040)
    assert result.reason is PlanReason.TOO_LATE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"capacity_a": hours(*[0.0] * 6), "price_limit": 0.85},
            PlanReason.CAPACITY_LIMITED,
        ),
        (
            {"capacity_a": hours(*[32.0] * 6), "price_limit": 0.05},
            PlanReason.PRICE_LIMITED,
        ),
        (
            {"surplus_only": True, "surplus_w": hours(*[0.0] * 6)},
            PlanReason.SURPLUS_LIMITED,
        ),
    ],
)
def test_limit_that_binds_is_named(fields: dict[str, Any], reason: PlanReason) -> None:
    """Of several limits the one that costs energy is the reason."""
    assert plan(request_of(charger=ELEVEN_KW, **fields)).reason is reason


def test_unknown_prices_are_not_cheap() -> None:
    """Below a price limit nothing is planned into hours of which the price is not known."""
    prices = hours(0.20, 0.25, 0.40)
    result = plan(request_of(energy_wh=None, price_limit=0.3, import_price=prices))
    assert times_of(result) == [(0, 120)]


@pytest.mark.parametrize("seconds", [20, 60, 130, 200, 430, 899])
def test_short_slots_are_used_wholly(seconds: int) -> None:
    """When all the time is needed, all of it is used, at full current."""
    now = at(15 - seconds / 60)
    wanted = 11_040 * (seconds + 900) / 3600
    result = plan(
        request_of(charger=ELEVEN_KW, now=now, deadline=at(30), energy_wh=wanted)
    )
    assert {segment.current_a for segment in result.segments} == {16}
    assert (result.shortfall_wh, result.reason) == (0, PlanReason.COMPLETE)


@pytest.mark.parametrize(
    ("charger", "prices", "energy_wh", "contiguous", "cost"),
    [
        (Charger(step_a=5), (0.21, 0.41, 0.48, 0.19), 8025, False, 2.131),
        (Charger(step_a=5), (0.11, 0.06, 0.50, 0.13), 8666, True, 1.261),
        (Charger(min_a=6.5, max_a=9.5), (0.1, 0.9, 0.9, 0.2), 2875, False, 0.411),
    ],
)
def test_steps_that_do_not_begin_at_zero(
    charger: Charger,
    prices: tuple[float, ...],
    energy_wh: float,
    contiguous: bool,
    cost: float,
) -> None:
    """Currents that are no multiples of the step are counted as what they are."""
    result = plan(
        request_of(
            charger=charger,
            deadline=at(60),
            import_price=Series(T0, prices),
            energy_wh=energy_wh,
            contiguous=contiguous,
        )
    )
    assert result.cost == pytest.approx(cost, abs=5e-4)


def test_more_segments_than_very_few() -> None:
    """Also where many stretches are allowed there are no more than those."""
    zigzag = Series(T0, (0.1, 0.9) * 12)
    many = request_of(import_price=zigzag, energy_wh=10 * KWH_PER_SLOT * 1000)
    assert len(plan(many).segments) == 10
    for most in (7, 8, 9):
        limited = plan(replace(many, max_segments=most))
        assert len(limited.segments) <= most
        assert limited.shortfall_wh == 0


def test_local_times() -> None:
    """Two hours are two hours, also in a night in which the clock is changed."""
    berlin = ZoneInfo("Europe/Berlin")
    deadline = datetime(2026, 3, 29, 4, tzinfo=berlin)
    result = plan(
        request_of(
            now=datetime(2026, 3, 28, 23, tzinfo=berlin),
            deadline=deadline,
            energy_wh=22_080,
            precondition=timedelta(hours=2),
            import_price=None,
        )
    )
    assert result.segments[-1].end - result.segments[0].start == timedelta(hours=2)
    assert result.segments[-1].end == deadline


def test_prices_that_nobody_needs_are_not_waited_for() -> None:
    """A gap in which nothing is planned makes no plan provisional, and hides no CO2."""
    prices = hours(0.2, 0.6, 0.1, None, 0.4, 0.9)
    co2 = hours(100, 200, 300, None, 500, 600)
    result = plan(request_of(import_price=prices, co2=co2, unknown_price=9.0))
    assert result.reason is PlanReason.COMPLETE
    assert result.co2_g == pytest.approx(3312)


def test_precondition_that_is_longer_than_needed() -> None:
    """A car that needs little is not charged for as long as it could be warmed."""
    result = plan(request_of(precondition=timedelta(hours=3), energy_wh=5_520))
    assert times_of(result) == [(330, 360)]
    assert result.energy_wh == pytest.approx(5_520)


@pytest.mark.parametrize(
    "limit",
    [{"capacity_a": hours(*[32.0] * 6)}, {"max_segments": 4}, {"price_limit": 2}],
)
def test_reason_is_what_binds(limit: dict[str, Any]) -> None:
    """A limit that changes nothing is not the reason, of whatever else there is too little."""
    taper = Taper(from_wh=4_000, rest_w=1_000)
    request = {"charger": ELEVEN_KW, "energy_wh": 20_000, "deadline": at(120)}
    slow = plan(request_of(**request, taper=taper, **limit))
    assert (slow.reason, slow.shortfall_wh > 500) == (PlanReason.TOO_LATE, True)
    much = plan(request_of(**request | {"energy_wh": 90_000}, **limit))
    assert much.reason is PlanReason.TOO_LATE
