"""Cars that take less and less near full."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.plan import Charger, Plan, PlanReason
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.charging.taper import Taper

from .requests import ELEVEN_KW, at, hours, request_of, times_of

MOST_W = 11_040.0


def _simulate(taper: Taper, missing: float, offered_w: float, hours: float) -> float:
    """Return what is missing after some time, in small steps."""
    steps = 20_000
    for _ in range(steps):
        power = min(offered_w, taper.power(missing, MOST_W))
        missing = max(0.0, missing - power * hours / steps)
    return missing


@pytest.mark.parametrize("offered_w", [800.0, 4_140.0, 7_000.0, 11_040.0])
@pytest.mark.parametrize("missing", [9_000.0, 2_000.0, 150.0])
@pytest.mark.parametrize("rest_w", [1_000.0, 5_000.0, 20_000.0])
def test_charge(offered_w: float, missing: float, rest_w: float) -> None:
    """The formula says what small steps say, also about the time until full."""
    taper = Taper(from_wh=4_000, rest_w=rest_w)
    taken, used_h = taper.charge(missing, offered_w, MOST_W, 0.25)
    left = _simulate(taper, missing, offered_w, 0.25)
    assert missing - taken == pytest.approx(left, abs=2)
    assert (used_h < 0.25) == (left == 0)
    if left == 0:
        assert _simulate(taper, missing, offered_w, used_h) == pytest.approx(0, abs=2)
        assert _simulate(taper, missing, offered_w, used_h * 0.98) > 0


@pytest.mark.parametrize("fields", [{"from_wh": 0}, {"rest_w": 0}, {"rest_w": -1}])
def test_impossible(fields: dict[str, float]) -> None:
    """A car that never gets full is none."""
    with pytest.raises(ChargingError, match="taper_not_possible"):
        Taper(**{"from_wh": 1000, "rest_w": 1000} | fields)


def _left(result: Plan, missing: float, taper: Taper) -> float:
    """Return what the car lacks after a plan."""
    for segment in result.segments:
        hours = (segment.end - segment.start) / timedelta(hours=1)
        offered_w = segment.current_a * segment.phases * 230
        missing -= taper.charge(missing, offered_w, MOST_W, hours)[0]
    return missing


@settings(max_examples=25)
@given(
    st.floats(1_000, 20_000),
    st.floats(500, 12_000),
    st.floats(3_000, 25_000),
    st.sampled_from([None, 1, 3]),
    st.sampled_from([timedelta(), timedelta(minutes=25)]),
)
def test_car_is_full_in_time(
    from_wh: float,
    rest_w: float,
    energy_wh: float,
    segments: int | None,
    precondition: timedelta,
) -> None:
    """The car gets what the plan promises, to the Wh, and the plan ends when it has it."""
    taper = Taper(from_wh=from_wh, rest_w=rest_w)
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=energy_wh,
            taper=taper,
            max_segments=segments,
            precondition=precondition,
        )
    )
    left = _left(result, energy_wh, taper)
    assert result.shortfall_wh == 0
    assert left == pytest.approx(0, abs=0.1)
    assert result.energy_wh == pytest.approx(energy_wh)


def test_plan_leaves_time_for_it() -> None:
    """A car that takes less begins earlier, if it is to be full as late as others."""
    fields = {"charger": ELEVEN_KW, "import_price": None, "energy_wh": 20_000}
    ((start, end),) = times_of(plan(request_of(**fields)))
    assert int(end - start) == 108
    taper = Taper(from_wh=4_000, rest_w=1_000)
    ((start, end),) = times_of(plan(request_of(**fields, taper=taper)))
    assert (int(end - start), start) == (144, 210)
    assert end <= 360


def test_cost_is_that_of_what_the_car_takes() -> None:
    """Half the power from the sun is all of it where the car takes but half."""
    taper = Taper(from_wh=10_000, rest_w=2_000)
    result = plan(
        request_of(
            charger=Charger(min_a=16, max_a=16),
            energy_wh=1_000,
            taper=taper,
            surplus_w=hours(*[4_000.0] * 6),
            export_price=hours(*[0.08] * 6),
            import_price=hours(*[0.4] * 6),
        )
    )
    assert result.solar_wh == pytest.approx(1_000)
    assert result.cost == pytest.approx(0.08)


def test_too_late_for_the_last_of_it() -> None:
    """What the car takes too slowly is missing, and is told."""
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=11_040,
            deadline=at(75),
            taper=Taper(from_wh=8_000, rest_w=1_500),
        )
    )
    assert result.reason is PlanReason.TOO_LATE
    assert result.shortfall_wh > 1_000
    assert result.energy_wh + result.shortfall_wh == pytest.approx(11_040)


@settings(max_examples=60)
@given(
    st.floats(200, 25_000),
    st.floats(500, 12_000),
    st.floats(500, 30_000),
    st.integers(20, 150),
    st.integers(0, 14),
    st.sampled_from([None, 1, 3]),
)
def test_no_less_than_full_power(
    from_wh: float,
    rest_w: float,
    energy_wh: float,
    minutes: int,
    begun: int,
    segments: int | None,
) -> None:
    """What full power reaches is planned, however tight the deadline, and stays planned."""
    taper = Taper(from_wh=from_wh, rest_w=rest_w)
    request = request_of(
        now=at(begun + 0.6),
        deadline=at(begun + 0.6 + minutes),
        energy_wh=energy_wh,
        taper=taper,
        charger=ELEVEN_KW,
        max_segments=segments,
    )
    most_wh, _ = taper.charge(energy_wh, MOST_W, MOST_W, minutes / 60)
    result = plan(request)
    assert result.energy_wh == pytest.approx(most_wh, abs=0.01)
    late = energy_wh - most_wh > 0.01
    assert result.reason is (PlanReason.TOO_LATE if late else PlanReason.COMPLETE)
    assert plan(replace(request, previous=result)).segments == result.segments


@pytest.mark.parametrize(
    ("begin", "minutes", "energy_wh", "taper", "taken_wh"),
    [
        (11.6, 108.4, 25_839, Taper(from_wh=20_000, rest_w=4_000), 17_200),
        (8, 37, 9_000, Taper(from_wh=500, rest_w=4_000), 6_808),
    ],
)
def test_too_late(
    begin: float, minutes: float, energy_wh: float, taper: Taper, taken_wh: float
) -> None:
    """One that can't be full in time charges at full power from now on."""
    request = request_of(
        now=at(begin),
        deadline=at(begin + minutes),
        energy_wh=energy_wh,
        taper=taper,
        charger=ELEVEN_KW,
    )
    result = plan(request)
    assert times_of(result) == [(begin, begin + minutes)]
    assert result.energy_wh == pytest.approx(taken_wh, abs=1)
    assert result.reason is PlanReason.TOO_LATE
