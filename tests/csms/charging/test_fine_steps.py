"""Chargers with very many steps: plans take the larger ones, but all the power there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.grid import make_grid
from custom_components.ocpp_csms.csms.charging.plan import Charger, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

T0 = datetime(2026, 1, 5, 18, tzinfo=UTC)


def _request(energy_wh: float, **charger: Any) -> PlanRequest:
    return PlanRequest(
        now=T0,
        deadline=T0 + timedelta(hours=2),
        energy_wh=energy_wh,
        charger=Charger(**charger),
    )


@pytest.mark.parametrize(
    ("charger", "gaps_a", "count"),
    [
        ({}, {1.0}, 11),
        ({"step_a": 0.5}, {0.5}, 21),
        ({"step_a": 0.1}, {0.4}, 26),
        ({"step_a": 0.1, "max_a": 32.0}, {1.0}, 27),
        ({"step_a": 0.1, "max_a": 16.1}, {0.3, 0.4}, 33),
        ({"step_a": 0.1, "min_a": 5.5, "max_a": 16.1}, {0.3, 0.4}, 33),
        ({"step_a": 0.1, "min_a": 6.3, "max_a": 31.7}, {0.3, 0.8, 0.9}, 33),
        ({"step_a": 0.1, "max_a": 16.3}, {0.2, 0.3, 0.4}, 33),
        ({"step_a": 0.1, "min_a": 16.0}, set(), 1),
        ({"step_a": 13.0}, set(), 1),
        ({"step_a": 3.0, "min_a": 6.25, "max_a": 16.0}, {3.0}, 4),
    ],
)
def test_steps_of_a_plan(
    charger: dict[str, Any], gaps_a: set[float], count: int
) -> None:
    """Few steps, about even; the least current is among them, and the most if it is one."""
    currents = make_grid(_request(1000.0, **charger)).currents.tolist()
    assert len(currents) == count
    assert {round(b - a, 3) for a, b in pairwise(currents)} == gaps_a
    assert currents[0] == charger.get("min_a", 6.0)
    if charger.get("step_a", 1.0) <= 1:
        assert currents[-1] == charger.get("max_a", 16.0)


@pytest.mark.parametrize(
    ("charger", "fuse_a", "planned_a"),
    [
        ({"min_a": 6.3, "max_a": 31.7, "step_a": 0.1}, 6.5, 6.3),
        ({"max_a": 16.3, "step_a": 0.1}, 6.2, 6.2),
        ({"max_a": 16.3, "step_a": 0.1}, 6.1, 6.0),
    ],
)
def test_little_room(charger: dict[str, Any], fuse_a: float, planned_a: float) -> None:
    """A fuse that leaves hardly more than the least current leaves a plan."""
    request = replace(
        _request(3_000.0, **charger), capacity_a=Series(T0, (fuse_a,) * 8)
    )
    made = plan(request)
    assert {segment.current_a for segment in made.segments} == {planned_a}
    assert made.energy_wh == pytest.approx(3_000)


def test_all_the_power_there_is() -> None:
    """Whoever needs it gets the most current, also with fine steps."""
    made = plan(_request(22_080.0, step_a=0.1))
    assert [(s.current_a, s.phases) for s in made.segments] == [(16, 3)]
    assert made.energy_wh == pytest.approx(22_080)
