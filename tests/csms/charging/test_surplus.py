"""Following the sun, step by step."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.ability import PhaseAbility
from custom_components.ocpp_csms.csms.charging.budget import Budget, Purse
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.phases import (
    PhaseConfig,
    PhaseObservation,
    PhaseState,
    step as choose_phases,
)
from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    Setpoint,
    SurplusConfig,
    SurplusReason,
    SurplusState,
    site_power,
    step,
)

from .sunny_house import FREE, NOW, House, at
from .vectors import cases


@pytest.mark.parametrize("case", cases("planner_cases.json", "surplus"))
def test_vectors(case: dict[str, Any]) -> None:
    """The behaviour of a proven controller."""
    given_ = case["input"]
    config = SurplusConfig(
        min_a=given_["i_min"],
        max_a=given_["i_max"],
        voltage_v=given_["voltage"],
        enable_w=given_["enable_w"],
        disable_w=given_["disable_w"],
        enable_delay=timedelta(milliseconds=given_["enable_delay_s"]),
        disable_delay=timedelta(milliseconds=given_["disable_delay_s"]),
        budget=FREE,
        hold=timedelta(),
    )
    ability = PhaseAbility(
        switchable=given_["phase_switching"],
        connected=given_["phases"],
        measured=given_["measured_phases"],
    )
    phase_config = PhaseConfig(
        voltage_v=given_["voltage"],
        up_delay=config.enable_delay,
        down_delay=config.disable_delay,
    )
    state, phases = SurplusState(), PhaseState()
    currents, switches = [], []
    for sample in given_["series"]:
        now, site_w = NOW + _thousandth(sample["t_ns"]), sample["site_w"]
        measured = PhaseObservation(now=now, site_w=site_w)
        phases, choice = choose_phases(phases, measured, ability, phase_config)
        switches += [choice.switch_to] if choice.switch_to else []
        seen = Observation(
            now=now, grid_w=site_w, phases=ability.active, freed_w=choice.freed_w
        )
        state = replace(state, current_a=6.0 if given_["enabled"] else 0.0)
        state, setpoint = step(state, seen, config)
        currents.append(setpoint.current_a)
    assert currents == case["expected"]["current_a"]
    assert switches == case["expected"].get("phase_commands", [])


def _thousandth(nanoseconds: int) -> timedelta:
    """Return a time at a thousandth, but a nanosecond as the least that a datetime tells."""
    seconds, rest = divmod(nanoseconds + 500_000_000, 1_000_000_000)
    return timedelta(milliseconds=seconds, microseconds=rest - 500_000_000)


def test_a_sunny_morning() -> None:
    """Off until there is enough for the delay, then with the sun, up to the maximum."""
    house = House()
    assert house.go(0, 1000).reason is SurplusReason.TOO_LITTLE
    begins = house.go(30, 1500)
    assert begins == Setpoint(0, SurplusReason.STARTING, FREE.lease, at(90))
    assert house.go(89, 3000).current_a == 0
    assert house.go(90, 3000).current_a == 6, "the least of the delay"
    assert house.go(120, 3000) == Setpoint(
        13, SurplusReason.FOLLOWING, FREE.lease, write=True
    )
    assert house.go(150, 2900).current_a == 12
    assert [house.go(180 + 30 * n, 9000).current_a for n in range(3)] == [16, 16, 16]
    assert house.go(400, 9000).reason is SurplusReason.MAXIMUM


def test_clouds() -> None:
    """Less is told at once; off only after the delay; a gap in the clouds begins it anew."""
    house = House()
    house.go(0, 4000)
    assert house.go(60, 4000).current_a == 16
    assert house.go(70, 2000).current_a == 8
    stopping = house.go(80, 500)
    assert stopping == Setpoint(
        6, SurplusReason.STOPPING, FREE.lease, at(260), write=True
    )
    assert house.go(200, 1500).reason is SurplusReason.FOLLOWING
    assert house.go(210, 500).until == at(390)
    assert house.go(389, 500).current_a == 6
    assert house.go(390, 500) == Setpoint(
        0, SurplusReason.TOO_LITTLE, FREE.lease, write=True
    )


def test_weak_sun_within_the_limit() -> None:
    """Import below `disable_w` does not end it."""
    house = House(disable_w=500)
    house.go(0, 1400)
    house.go(60, 1400)
    for n in range(20):
        assert house.go(61 + 60 * n, 1000).reason is SurplusReason.WEAK
        assert house.state.current_a == 6


def test_minimum_without_sun() -> None:
    """The minimum goes on at night, without delay, and the sun adds to it."""
    house = House(keep_minimum=True)
    assert house.go(0, 0) == Setpoint(6, SurplusReason.MINIMUM, FREE.lease, write=True)
    assert house.go(10, 2600).current_a == 11
    assert house.go(20, -3000) == Setpoint(
        6, SurplusReason.MINIMUM, FREE.lease, write=True
    )
    assert house.go(3600, -3000).current_a == 6


def test_car_that_draws_less() -> None:
    """What a car draws counts when there is too little, not what it may draw."""
    house = House(car_a=7)
    house.go(0, 2300)
    assert house.go(60, 2300).current_a == 10
    assert house.go(70, 2300).current_a == 12, "room to draw more, and the rest"
    assert house.go(80, 1500).current_a == 6


def test_residual() -> None:
    """The margin stays with the grid."""
    house = House(residual_w=460)
    house.go(0, 2300)
    assert house.go(60, 2300).current_a == 8


@pytest.mark.parametrize(
    ("soc", "battery_w", "grid_w", "expected"),
    [
        (80, -2000, 0, -2000),
        (30, -2000, 0, 100),
        (30, 500, 0, 600),
        (None, -2000, 0, -2000),
        (49.9, 0, -3000, -2900),
    ],
)
def test_battery_first(
    soc: float | None, battery_w: float, grid_w: float, expected: float
) -> None:
    """Below its priority level the battery's charging power is not the car's."""
    seen = Observation(now=NOW, grid_w=grid_w, battery_w=battery_w, battery_soc=soc)
    assert site_power(seen, SurplusConfig(priority_soc=50)) == expected


@pytest.mark.parametrize("case", cases("planner_cases.json", "battery_priority"))
def test_battery_vectors(case: dict[str, Any]) -> None:
    """What a proven controller sees of the site, by the charge of the home battery."""
    ask = case["input"]
    seen = Observation(
        now=NOW,
        grid_w=ask["grid_w"],
        battery_w=ask["battery_w"],
        battery_soc=ask["battery_soc"],
    )
    config = SurplusConfig(
        priority_soc=ask["priority_soc"], residual_w=ask["residual_w"]
    )
    assert site_power(seen, config) == case["expected"]["site_w"]


def test_battery_bridges_clouds() -> None:
    """Above the buffer level the battery keeps a car going, but lets none begin."""
    house = House(buffer_soc=60)
    house.battery_w = 3000
    house.go(0, 1000, battery_soc=90)
    assert house.go(61, 1000, battery_soc=90).reason is SurplusReason.TOO_LITTLE
    house.go(70, 2000, battery_soc=90)
    house.go(130, 2000, battery_soc=90)
    for n in range(10):
        bridged = house.go(140 + 100 * n, 0, battery_soc=90)
        assert (bridged.current_a, bridged.reason) == (6, SurplusReason.BATTERY)
    assert house.go(2000, 0, battery_soc=59).reason is SurplusReason.STOPPING


def test_battery_at_its_limit() -> None:
    """What the battery can't give comes from the grid: that ends after the delay."""
    house = House(phases=3, buffer_soc=60)
    house.battery_w = 2500
    house.go(0, 6000, battery_soc=90)
    house.go(60, 6000, battery_soc=90)
    assert house.go(70, 3000, battery_soc=90).reason is SurplusReason.BATTERY
    weak = house.go(80, 0, battery_soc=90)
    assert (weak.reason, weak.until) == (SurplusReason.STOPPING, at(260))
    assert house.go(260, 0, battery_soc=90).current_a == 0


def test_import_while_phases_are_waited_for() -> None:
    """It ends soon after the phases have changed, unless that has helped."""
    house = House(phases=3)
    house.go(0, 6000)
    house.go(60, 6000)
    for seconds in range(70, 260, 10):
        told = house.go(seconds, 3000, freed_w=2760.0)
        assert told.current_a == 6
    house.phases = 1
    assert house.go(260, 3000).reason is SurplusReason.FOLLOWING
    house.phases = 3
    for seconds in range(270, 460, 10):
        house.go(seconds, 3000, freed_w=2760.0)
    assert house.go(460, 0).until == at(450 + 60)
    assert house.go(510, 0).current_a == 0


def test_battery_begins() -> None:
    """From the start level on the battery lets a car begin."""
    house = House(buffer_soc=60, buffer_start_soc=80)
    assert house.go(0, 0, battery_soc=80).reason is SurplusReason.STARTING
    begun = house.go(60, 0, battery_soc=80)
    assert (begun.current_a, begun.reason) == (6, SurplusReason.BATTERY)


def test_no_car() -> None:
    """Without a car nothing is offered, and delays begin anew with the next."""
    house = House()
    house.go(0, 4000)
    house.go(60, 4000)
    gone = house.go(70, 4000, connected=False)
    assert (gone.current_a, gone.reason, gone.write) == (0, SurplusReason.NO_CAR, True)
    assert house.go(80, 4000).until == at(140)


def test_raises_wait() -> None:
    """A raise waits for the hold, and is not made for less than the dead-band."""
    house = House(hold=timedelta(seconds=120), deadband_a=2)
    house.go(0, 1500)
    house.go(60, 1500)
    held = house.go(90, 3000)
    assert held == Setpoint(6, SurplusReason.HOLDING, FREE.lease, at(180))
    assert house.go(180, 1700).current_a == 6
    assert house.go(190, 3000).current_a == 13


def test_lease_is_kept() -> None:
    """An unchanged set-point is repeated before its lease ends."""
    house = House(budget=Budget(300))
    written = [n for n in range(0, 7200, 10) if house.go(n, 0).write]
    gaps = [b - a for a, b in pairwise(written)]
    lease = Budget(300).lease.total_seconds()
    assert gaps
    assert max(gaps) < lease


def test_budget_ends() -> None:
    """With few writes left raises are left out; the end of charging is still written."""
    house = House(budget=Budget(8), disable_delay=timedelta(seconds=60))
    house.go(0, 1500)
    assert house.go(60, 1500).write
    more = house.go(70, 3600)
    assert (more.current_a, more.reason) == (6, SurplusReason.BUDGET)
    house.go(80, 0)
    ended = house.go(140, 0)
    assert (ended.current_a, ended.write) == (0, True)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"min_a": 20}, "minimum_above_maximum"),
        ({"voltage_v": float("nan")}, "surplus_not_a_number"),
        ({"step_a": 0}, "surplus_not_positive"),
        ({"buffer_soc": 120}, "soc_out_of_range"),
        ({"hold": timedelta(seconds=-1)}, "delay_negative"),
    ],
)
def test_refused_config(config: dict[str, Any], reason: str) -> None:
    """What makes no sense is named."""
    with pytest.raises(ChargingError) as refused:
        SurplusConfig(**config)
    assert refused.value.reason == reason


@pytest.mark.parametrize("seen", [{"grid_w": float("nan")}, {"grid_w": 0, "phases": 4}])
def test_refused_measurement(seen: dict[str, Any]) -> None:
    """What cannot have been measured is named."""
    with pytest.raises(ChargingError):
        Observation(now=NOW, **seen)


def test_refused_budget() -> None:
    """A budget that cannot keep a set-point alive is refused."""
    with pytest.raises(ChargingError, match="budget_too_small"):
        Budget(5)


def test_clock_that_goes_back() -> None:
    """A clock that is put back gives no writes."""
    purse = Purse().at_time(NOW, Budget(8)).take(2)
    assert purse.at_time(at(-3600), Budget(8)).left == purse.left


SAMPLES = st.lists(
    st.tuples(st.sampled_from([10, 30, 60]), st.floats(-4000, 12000)),
    min_size=20,
    max_size=300,
)
CARS = st.fixed_dictionaries(
    {
        "car_a": st.sampled_from([3.0, 7.0, 13.5, 32.0]),
        "least_a": st.sampled_from([0.0, 8.0, 20.0]),
        "phases": st.sampled_from([1, 2, 3]),
    }
)


@settings(max_examples=120)
@given(
    SAMPLES,
    CARS,
    st.sampled_from([16, 25, 100, 300, None]),
    st.integers(1, 2),
    st.booleans(),
    st.sampled_from([0, 0, 60, 180]),
)
def test_writes_and_import_are_bounded(
    samples: list[tuple[int, float]],
    car: dict[str, Any],
    writes: int | None,
    messages: int,
    measured: bool,
    delay_s: int,
) -> None:
    """The budget is never exceeded, and import never lasts longer than the delay."""
    budget = Budget(writes, messages)
    house = House(
        **car,
        budget=budget,
        hold=timedelta(seconds=60),
        disable_delay=timedelta(seconds=delay_s),
    )
    seconds, since, made = 0, None, 0
    for length, sun_w in samples:
        more = {} if measured else {"drawn_a": None}
        told = house.go(seconds, sun_w, **more)
        assert told.current_a == 0 or 6 <= told.current_a <= 16
        if told.write:
            assert told.current_a == house.state.current_a
            made += messages
        imports = house.drawn_a > 0 and house.drawn_w - sun_w > 1
        since = (seconds if since is None else since) if imports else None
        assert since is None or seconds - since <= delay_s + 60
        if writes is not None:
            assert made <= budget.burst + seconds * budget.per_second + 1e-6
        seconds += length


def test_two_messages_for_a_set_point() -> None:
    """Where a set-point takes two messages, half as many are written, and each is kept alive."""
    one, two = Budget(300), Budget(300, messages=2)
    assert two.lease == 2 * one.lease
    house = House(budget=Budget(16, messages=2), disable_delay=timedelta(seconds=60))
    house.go(0, 1500)
    assert house.go(60, 1500).write
    assert house.go(70, 3600).reason is SurplusReason.BUDGET
    with pytest.raises(ChargingError, match="budget_too_small"):
        Budget(15, messages=2)
    with pytest.raises(ChargingError, match="messages_missing"):
        Budget(300, messages=0)


def test_plans_and_set_points_share_a_budget() -> None:
    """What plans take is missing for raises, but never for the end of a charge."""
    budget = Budget(40)
    house = House(budget=budget, disable_delay=timedelta(seconds=60))
    house.go(0, 1500)
    assert house.go(60, 1500).current_a == 6
    spare = house.state.purse.spare(budget)
    assert spare == 10 - 2 - 2
    house.state = house.state.after_writing(spare)
    assert house.state.purse.spare(budget) == 0
    assert house.go(70, 3600).reason is SurplusReason.BUDGET
    house.go(80, 0)
    ended = house.go(140, 0)
    assert (ended.current_a, ended.write) == (0, True)
    assert FREE.burst and Purse().at_time(NOW, FREE).spare(FREE) is None


def test_clock_that_goes_back_while_charging() -> None:
    """A clock that is set back lets a car import no longer than the delay, nor the lease lapse."""
    house = House(budget=Budget(300))
    house.go(10_000, 4000)
    house.go(10_060, 4000)
    assert house.state.on
    assert house.go(10_100, 0).reason is SurplusReason.STOPPING
    house.go(100, 0)
    assert house.go(280, 0).current_a == 0
    lease_s = house.config.budget.lease.total_seconds()
    house.go(1000, 4000)
    house.go(1100, 4000)
    written = house.writes
    house.go(0, 4000)
    house.go(lease_s, 4000)
    assert house.writes > written


def test_clock_that_jumps_brings_no_writes() -> None:
    """Forth and back again the budget stays what it was."""
    budget = Budget(300)
    purse = Purse().at_time(NOW, budget)
    while purse.allows(budget):
        purse = purse.take(1)
    for _ in range(10):
        purse = purse.at_time(at(180), budget).at_time(NOW, budget)
    assert not purse.allows(budget)


def test_nothing_is_written_without_a_car() -> None:
    """An EVSE without a car is told once that nothing may flow, and then left alone."""
    house = House(budget=Budget(300))
    for minutes in range(0, 1440, 5):
        house.go(minutes * 60, 0, connected=False)
    assert house.writes <= 1


@pytest.mark.parametrize("fields", [{"freed_w": float("nan")}, {"battery_soc": 250}])
def test_observations_that_make_no_sense(fields: dict[str, Any]) -> None:
    """What cannot have been measured is refused."""
    with pytest.raises(ChargingError):
        Observation(now=NOW, grid_w=0, **fields)


def test_repeating_leaves_what_ends_a_charge() -> None:
    """An unchanged set-point is not repeated with the write that is kept for stopping."""
    budget = Budget(40)
    house = House(budget=budget, disable_delay=timedelta(seconds=60))
    house.go(0, 1500)
    house.go(60, 1500)
    left = house.state.purse.left or 0.0
    house.state = house.state.after_writing(int(left) - 1)
    repeated = house.go(60 + budget.refresh.total_seconds() / 50, 1500)
    assert not repeated.write
    late = replace(house.state, written_at=at(-90_000), purse=Purse(1.5, at(120)))
    house.state = late
    assert not house.go(120, 1500).write
    house.go(130, 0)
    assert house.go(190, 0).write


def test_last_step_to_the_maximum() -> None:
    """The full current is worth a raise, however small it is."""
    house = House(deadband_a=2)
    house.go(0, 15.5 * 230)
    assert house.go(60, 15.5 * 230).current_a == 15
    assert house.go(120, 20 * 230).current_a == 16


@pytest.mark.parametrize("fields", [{"now": NOW.replace(tzinfo=None)}, {"drawn_a": -1}])
def test_more_observations_that_make_no_sense(fields: dict[str, Any]) -> None:
    """Times without a zone and currents below nothing are refused."""
    with pytest.raises(ChargingError):
        Observation(**{"now": NOW, "grid_w": 0} | fields)


def test_car_that_nobody_measures() -> None:
    """One that draws less than it may goes down to the minimum at once when it still imports."""
    house = House(car_a=3, disable_delay=timedelta(seconds=60))
    house.go(0, 3450, drawn_a=None)
    assert house.go(60, 3450, drawn_a=None).current_a > 10
    first = house.go(70, 0, drawn_a=None)
    assert first.reason is SurplusReason.FOLLOWING
    assert house.go(80, 0, drawn_a=None) == Setpoint(
        6, SurplusReason.STOPPING, FREE.lease, at(130), write=True
    )
    assert house.go(130, 0, drawn_a=None).current_a == 0
