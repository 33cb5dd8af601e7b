"""On how many phases to charge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, nan
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.ability import PhaseAbility
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.phases import (
    PhaseChoice,
    PhaseConfig,
    PhaseObservation,
    PhaseReason,
    PhaseState,
    for_maximum,
    for_minimum,
    step,
)

from .vectors import cases

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FREE = PhaseConfig(dwell=timedelta(), max_switches=None)
CAR = PhaseAbility(switchable=True, connected=3, measured=3)


def seen(seconds: float, site_w: float, **more: Any) -> PhaseObservation:
    """Return what is measured so many seconds after noon."""
    return PhaseObservation(now=NOW + seconds * SECOND, site_w=site_w, **more)


@pytest.mark.parametrize("case", cases("planner_cases.json", "phases"))
def test_ability_vectors(case: dict[str, Any]) -> None:
    """Active, most and fewest phases of a proven controller, and when it switches."""
    ask, expected = case["input"], case["expected"]
    ability = PhaseAbility(
        switchable=ask["charger"] == "switchable",
        connected=ask["physical"],
        car=ask["vehicle"],
        measured=ask["measured"],
    )
    assert ability.active == expected["active"]
    assert (ability.least, ability.most) == (
        expected["min_active"],
        expected["max_active"],
    )
    for configured, phases in expected.get("max_active_if_configured", {}).items():
        assert replace(ability, configured=int(configured)).most == phases
    for configured, phases in expected.get("min_active_if_configured", {}).items():
        assert replace(ability, configured=int(configured)).least == phases
    if "scale_at_export" not in expected:
        return
    assert _at_once(ability, 0.1) == expected["scale_at_0.1_w_import"]
    export = expected["scale_at_export"]
    assert _at_once(ability, export["site_w"]) == export["at_i_max_16"]
    if below := export.get("at_i_max_just_below"):
        found = _at_once(ability, export["site_w"], max_a=below["i_max"])
        assert found == below["to"]


def _at_once(ability: PhaseAbility, site_w: float, **more: Any) -> int | None:
    config = replace(FREE, up_delay=timedelta(), down_delay=timedelta(), **more)
    return step(PhaseState(), seen(0, site_w), ability, config)[1].switch_to


@pytest.mark.parametrize("case", cases("planner_cases.json", "phase_timer"))
def test_timer_vectors(case: dict[str, Any]) -> None:
    """When the delays of a proven controller let it switch."""
    ask = case["input"]
    ability = PhaseAbility(
        switchable=True,
        connected=ask["phases"],
        measured=ask["measured"],
        configured=ask["configured"],
    )
    delay = ask["delay_s"] * SECOND
    config = replace(FREE, up_delay=delay, down_delay=delay)
    now = seen(
        0,
        ask["site_w"],
        charge_w=ask["charge_w"],
        charging=ask["status"] == "charging",
        enabled=ask["enabled"],
    )
    state = PhaseState()
    begun = {"none": None, "running": 0, "elapsed": -ask["delay_s"]}[ask["timer"]]
    if begun is not None:
        state, _ = step(state, replace(now, now=NOW + begun * SECOND), ability, config)
    _, choice = step(state, now, ability, config)
    assert choice.switch_to == case["expected"]["switch_to"]


@pytest.mark.parametrize("case", cases("planner_cases.json", "phase_circuit"))
def test_circuit_vectors(case: dict[str, Any]) -> None:
    """What a circuit allows decides as well."""
    ask = case["input"]
    ability = PhaseAbility(
        switchable=True,
        connected=ask["phases"],
        measured=ask["measured"],
        car=ask["vehicle"],
    )
    config = replace(
        FREE, max_a=ask["i_max"], up_delay=timedelta(), down_delay=timedelta()
    )
    now = seen(
        0,
        ask["site_w"],
        enabled=ask["enabled"],
        circuit_a=ask["circuit_max_a"] or inf,
        circuit_w=ask["circuit_max_w"] or inf,
    )
    choice = step(PhaseState(), now, ability, config)[1]
    assert choice.switch_to == case["expected"]["switch_to"]


@pytest.mark.parametrize("case", cases("planner_cases.json", "phase_request"))
def test_request_vectors(case: dict[str, Any]) -> None:
    """What is asked for, and what the user has set, which wins."""
    ask, expected = case["input"], case["expected"]
    ability = PhaseAbility(
        switchable=True, connected=ask["phases"], configured=ask["configured"]
    )
    assert ability.after(ask["asked"]) == expected["command"]


@pytest.mark.parametrize("case", cases("planner_cases.json", "min_charging"))
def test_minimum_vectors(case: dict[str, Any]) -> None:
    """The least power is that of one phase."""
    ask = case["input"]
    ability = PhaseAbility(
        switchable=True, connected=ask["phases"], configured=ask["configured"]
    )
    assert for_minimum(ability) == case["expected"]["phase_command"]


@pytest.mark.parametrize("case", cases("planner_cases.json", "fast_charging"))
def test_fast_vectors(case: dict[str, Any]) -> None:
    """The most power is that of three phases, where the circuit carries them."""
    ask = case["input"]
    ability = PhaseAbility(switchable=True, connected=ask["phases"])
    allowed = ask["circuit_allows_w"]
    config = PhaseConfig(voltage_v=ask["voltage"])
    command = for_maximum(ability, config, inf if allowed is None else allowed)
    assert command == case["expected"]["phase_command"]


@pytest.mark.parametrize(
    ("ability", "active", "least", "most"),
    [
        (PhaseAbility(), 3, 3, 3),
        (PhaseAbility(connected=1), 1, 1, 1),
        (PhaseAbility(connected=3, car=2), 2, 2, 2),
        (PhaseAbility(switchable=True), 3, 1, 3),
        (PhaseAbility(switchable=True, connected=1, measured=1), 1, 1, 3),
        (PhaseAbility(switchable=True, connected=3, measured=1), 1, 1, 1),
        (PhaseAbility(switchable=True, connected=1, car=2), 1, 1, 2),
        (PhaseAbility(switchable=True, connected=3, configured=1), 3, 1, 1),
    ],
)
def test_ability(ability: PhaseAbility, active: int, least: int, most: int) -> None:
    """How many phases flow, and how few and many can."""
    assert (ability.active, ability.least, ability.most) == (active, least, most)


def test_down_and_up_again() -> None:
    """Fewer phases after the delay; more not before the dwell time is over."""
    config = PhaseConfig()
    state, choice = step(PhaseState(), seen(0, 500, charge_w=4140), CAR, config)
    assert choice == PhaseChoice(
        PhaseReason.FEWER, None, NOW + config.down_delay, freed_w=2760
    )
    state, choice = step(state, seen(180, 500, charge_w=4140), CAR, config)
    assert (choice.switch_to, choice.freed_w) == (1, 0)
    one = PhaseAbility(switchable=True, connected=1, measured=1)
    sun = {"site_w": -5000, "charge_w": 1380}
    state, choice = step(state, seen(200, **sun), one, config)
    assert choice.reason is PhaseReason.MORE
    state, choice = step(state, seen(300, **sun), one, config)
    assert choice == PhaseChoice(
        PhaseReason.DWELLING, None, NOW + 180 * SECOND + config.dwell
    )
    _, choice = step(state, seen(780, **sun), one, config)
    assert choice.switch_to == 3


def test_interrupted_delay() -> None:
    """A cloud that passes begins the delay anew."""
    state, _ = step(PhaseState(), seen(0, 500, charge_w=4140), CAR, FREE)
    state, choice = step(state, seen(100, -900, charge_w=4140), CAR, FREE)
    assert choice.reason is PhaseReason.FITTING
    _, choice = step(state, seen(180, 500, charge_w=4140), CAR, FREE)
    assert choice.switch_to is None


def test_worn() -> None:
    """After so many switches in a session no more; the next session has new ones."""
    config = PhaseConfig(max_switches=1)
    state = PhaseState(switches=1)
    low = {"site_w": 500, "charge_w": 4140}
    state, choice = step(state, seen(0, **low), CAR, config)
    state, choice = step(state, seen(9999, **low), CAR, config)
    assert choice == PhaseChoice(PhaseReason.WORN)
    state = state.new_session()
    state, _ = step(state, seen(10000, **low), CAR, config)
    assert step(state, seen(19999, **low), CAR, config)[1].switch_to == 1


def test_next_session_waits_for_the_relays_too() -> None:
    """Switches are counted anew in another session, but the dwell time goes on."""
    config = PhaseConfig(max_switches=1)
    low = {"site_w": 500, "charge_w": 4140}
    state, _ = step(PhaseState(), seen(0, **low), CAR, config)
    state, choice = step(state, seen(180, **low), CAR, config)
    assert choice.switch_to == 1
    state = state.new_session()
    one = PhaseAbility(switchable=True, connected=1, measured=1)
    sun = {"site_w": -5000, "charge_w": 0.0, "charging": False}
    free = NOW + 180 * SECOND + config.dwell
    state, choice = step(state, seen(200, **sun), one, config)
    assert choice == PhaseChoice(PhaseReason.DWELLING, None, free)
    assert step(state, seen(779, **sun), one, config)[1].switch_to is None
    assert step(state, seen(780, **sun), one, config)[1].switch_to == 3


def test_contradiction() -> None:
    """A charger that gives more phases than it says is left alone."""
    odd = PhaseAbility(switchable=True, connected=1, measured=3)
    _, choice = step(PhaseState(), seen(0, 9000), odd, FREE)
    assert choice == PhaseChoice(PhaseReason.CONTRADICTORY)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: PhaseConfig(min_a=17), "minimum_above_maximum"),
        (lambda: PhaseConfig(voltage_v=0), "charger_not_a_number"),
        (lambda: PhaseConfig(max_a=nan), "charger_not_a_number"),
        (lambda: PhaseConfig(dwell=-SECOND), "delay_negative"),
        (lambda: PhaseAbility(car=4), "phases_unknown"),
        (lambda: PhaseAbility(configured=0), "phases_unknown"),
    ],
)
def test_bad_input(build: Any, reason: str) -> None:
    """What makes no sense is refused with its reason."""
    with pytest.raises(ChargingError) as raised:
        build()
    assert raised.value.reason == reason


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.floats(-12000, 12000)),
        min_size=2,
        max_size=60,
    )
)
def test_relays_are_spared(weather: list[tuple[int, float]]) -> None:
    """Whatever the weather, switches are far enough apart, and no more than allowed."""
    config = PhaseConfig(max_switches=4)
    state, connected, now, switched = PhaseState(), 3, 0, []
    for seconds, site_w in weather:
        now += seconds
        ability = PhaseAbility(switchable=True, connected=connected, measured=connected)
        state, choice = step(state, seen(now, site_w, charge_w=1380), ability, config)
        if choice.switch_to is not None:
            assert choice.switch_to != connected
            connected = choice.switch_to
            switched.append(now)
    assert len(switched) <= 4
    assert all(later - earlier >= 600 for earlier, later in pairwise(switched))


def test_refused_switches() -> None:
    """A charger that refuses to switch is asked now and then, and frees nothing meanwhile."""
    config = PhaseConfig()
    state, tries, freed = PhaseState(), 0, []
    for seconds in range(0, 7200, 30):
        now = seen(seconds, 2640, charge_w=4140)
        state, choice = step(state, now, CAR, config)
        tries += choice.switch_to is not None
        freed.append(choice.freed_w > 0)
    assert tries <= config.max_switches
    # Once: what waits for the end of the dwell time afterwards waits for nothing that comes.
    assert sum(freed) * 30 <= config.down_delay.total_seconds()


def test_just_switched() -> None:
    """While a switch is too soon, no phases are told as freed soon, whatever the delay."""
    config = PhaseConfig()
    state = PhaseState(switched_at=NOW)
    for seconds in range(60, 600, 30):
        now = seen(seconds, 2640, charge_w=4140)
        state, choice = step(state, now, CAR, config)
        assert (choice.switch_to, choice.freed_w) == (None, 0.0)
    assert step(state, seen(600, 2640, charge_w=4140), CAR, config)[1].switch_to == 1


def test_clock_that_goes_back() -> None:
    """A clock that is set back makes no delay longer than it is."""
    low = {"site_w": 500, "charge_w": 4140}
    state, _ = step(PhaseState(), seen(7200, **low), CAR, FREE)
    state, choice = step(state, seen(0, **low), CAR, FREE)
    assert choice.until == NOW + FREE.down_delay
    assert step(state, seen(180, **low), CAR, FREE)[1].switch_to == 1


@pytest.mark.parametrize("field", ["site_w", "charge_w", "circuit_a", "circuit_w"])
def test_measurements_that_are_none(field: str) -> None:
    """NaN decides nothing."""
    values: dict[str, Any] = {"site_w": 0.0, field: nan}
    with pytest.raises(ChargingError):
        PhaseObservation(now=NOW, **values)


@pytest.mark.parametrize(
    ("connected", "circuit", "expected"),
    [
        (3, {"circuit_w": 4139.0}, (PhaseReason.FEWER, 1)),
        (3, {"circuit_w": 4140.0}, (PhaseReason.FITTING, None)),
        (1, {"circuit_w": 4139.0}, (PhaseReason.FITTING, None)),
        (1, {"circuit_w": 4140.0}, (PhaseReason.MORE, 3)),
        (1, {"circuit_a": 5.9}, (PhaseReason.FITTING, None)),
        (1, {"circuit_a": 6.0}, (PhaseReason.MORE, 3)),
    ],
)
def test_circuit_decides_with_the_sun(
    connected: int, circuit: dict[str, float], expected: tuple[PhaseReason, int | None]
) -> None:
    """However much sun there is, phases that the circuit can't feed are not used."""
    config = replace(FREE, up_delay=timedelta(), down_delay=timedelta())
    ability = PhaseAbility(switchable=True, connected=connected)
    _, choice = step(PhaseState(), seen(0, -9000, **circuit), ability, config)
    assert (choice.reason, choice.switch_to) == expected
