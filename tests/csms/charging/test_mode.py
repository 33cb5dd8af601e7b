"""Ways of charging, ranges of current, and goals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.ability import current_range
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.goals import Goal, next_goal
from custom_components.ocpp_csms.csms.charging.mode import (
    Mode,
    flexible_power,
    set_current,
)

from .vectors import cases

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _goal(data: dict[str, Any], soc: float | None = None) -> Goal:
    return Goal(
        id=str(data["id"]),
        deadline=NOW + timedelta(seconds=data["target_s"]),
        required=timedelta(seconds=data.get("required_s", 0)),
        reached=soc is not None and soc >= data["goal"],
    )


@pytest.mark.parametrize("case", cases("planner_cases.json", "mode"))
def test_mode_vectors(case: dict[str, Any]) -> None:
    """What is told to the charger when nothing is missing or left."""
    ask = case["input"]
    solar_a = ask["offered_a"] if ask["enabled"] else 0.0
    current_a = set_current(
        Mode(ask["mode"]),
        solar_a,
        ask["i_min"],
        ask["i_max"],
        connected=ask["status"] != "disconnected",
    )
    command = {0.0: "disable", ask["offered_a"]: None}.get(current_a, current_a)
    assert command == case["expected"]["command"]


@pytest.mark.parametrize(
    ("mode", "solar_a", "current_a"),
    [
        (Mode.OFF, 10, 0),
        (Mode.FAST, 0, 16),
        (Mode.MIN_SOLAR, 0, 6),
        (Mode.MIN_SOLAR, 10, 10),
        (Mode.SOLAR, 0, 0),
        (Mode.SOLAR, 10, 10),
    ],
)
def test_modes(mode: Mode, solar_a: float, current_a: float) -> None:
    """Each way gives its current; without a car none does."""
    assert set_current(mode, solar_a, 6, 16) == current_a
    assert set_current(mode, solar_a, 6, 16, connected=False) == 0


@pytest.mark.parametrize("case", cases("planner_cases.json", "flexible_power"))
def test_flexible_vectors(case: dict[str, Any]) -> None:
    """What could be left to a more important car."""
    ask = case["input"]
    power = flexible_power(
        Mode(ask["mode"]),
        ask["charge_w"] if ask["status"] == "charging" else 0.0,
        ask["voltage"] * ask["i_min"] * ask["min_active_phases"],
        planned=ask["plan_active"],
    )
    assert power == case["expected"]["flexible_w"]


@pytest.mark.parametrize(
    ("mode", "charge_w", "planned", "power_w"),
    [
        (Mode.SOLAR, 4000, False, 4000),
        (Mode.SOLAR, 4000, True, 0),
        (Mode.MIN_SOLAR, 4000, False, 2620),
        (Mode.MIN_SOLAR, 1000, False, 0),
        (Mode.FAST, 4000, False, 0),
        (Mode.OFF, 0, False, 0),
    ],
)
def test_flexible(mode: Mode, charge_w: float, planned: bool, power_w: float) -> None:
    """Only what follows the sun can be left to others."""
    assert flexible_power(mode, charge_w, 1380, planned=planned) == power_w


@pytest.mark.parametrize("case", cases("planner_cases.json", "current_range"))
def test_range_vectors(case: dict[str, Any]) -> None:
    """Least and most current by configuration, charger and car."""
    ask = case["input"]
    found = current_range(
        tuple(ask["configured"]), tuple(ask["charger"]), tuple(ask["vehicle"])
    )
    assert list(found) == case["expected"]["range_a"]


def test_range() -> None:
    """A charger knows its minimum better; a car may need more; nothing left is an error."""
    assert current_range((6, 16), (2, None), (5, None)) == (5, 16)
    assert current_range((6, 16), (8, 13), (None, 10)) == (8, 10)
    with pytest.raises(ChargingError) as raised:
        current_range((6, 16), (10, None), (None, 8))
    assert raised.value.reason == "minimum_above_maximum"


@pytest.mark.parametrize("case", cases("planner_cases.json", "next_plan"))
def test_goal_vectors(case: dict[str, Any]) -> None:
    """Which of several goals comes first."""
    soc = case["input"]["soc_now"]
    found = next_goal(_goal(plan, soc) for plan in case["input"]["plans"])
    wanted = case["expected"]["plan_id"]
    assert (found and found.id) == (None if wanted is None else str(wanted))


@pytest.mark.parametrize("case", cases("planner_cases.json", "plan_lock"))
def test_lock_vectors(case: dict[str, Any]) -> None:
    """A goal that is being charged for outlives its deadline until it is released."""
    locked: Goal | None = _goal(case["input"]["lock"])
    told = []
    for step in case["input"]["steps"]:
        locked = None if step.get("clear") else locked
        found = next_goal([], locked)
        told.append(found and found.id)
    assert told == [
        None if plan is None else str(plan["id"]) for plan in case["expected"]["plan"]
    ]


def test_goals() -> None:
    """The goal that has to be begun first, though its deadline is the later one."""
    soon = _goal({"id": 1, "target_s": 7200, "required_s": 600})
    late = _goal({"id": 2, "target_s": 9000, "required_s": 7200})
    assert next_goal([soon, late]) is late
    assert next_goal([soon, late], soon) is soon
    assert next_goal([]) is None
