"""Chargers with very many steps: plans take the larger ones, but all the power there is."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.grid import make_grid
from custom_components.ocpp_csms.csms.charging.plan import Charger, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan

T0 = datetime(2026, 1, 5, 18, tzinfo=UTC)


def _request(energy_wh: float, **charger: Any) -> PlanRequest:
    return PlanRequest(
        now=T0,
        deadline=T0 + timedelta(hours=2),
        energy_wh=energy_wh,
        charger=Charger(**charger),
    )


@pytest.mark.parametrize(
    ("charger", "step_a", "count"),
    [
        ({}, 1.0, 11),
        ({"step_a": 0.5}, 0.5, 21),
        ({"step_a": 0.1}, 0.4, 26),
        ({"step_a": 0.1, "max_a": 32.0}, 1.0, 27),
        ({"step_a": 0.1, "max_a": 16.1}, 0.4, 26),
        ({"step_a": 0.1, "min_a": 16.0}, None, 1),
        ({"step_a": 13.0}, None, 1),
    ],
)
def test_steps_of_a_plan(
    charger: dict[str, Any], step_a: float | None, count: int
) -> None:
    """Few steps, as even as can be; the most current is among them if it is one at all."""
    currents = make_grid(_request(1000.0, **charger)).currents.tolist()
    assert len(currents) == count
    gaps = {round(b - a, 3) for a, b in pairwise(currents)}
    assert gaps == ({step_a} if step_a else set())
    if step_a:
        assert currents[-1] == pytest.approx(charger.get("max_a", 16.0))


def test_all_the_power_there_is() -> None:
    """Whoever needs it gets the most current, also with fine steps."""
    made = plan(_request(22_080.0, step_a=0.1))
    assert [(s.current_a, s.phases) for s in made.segments] == [(16, 3)]
    assert made.energy_wh == pytest.approx(22_080)
