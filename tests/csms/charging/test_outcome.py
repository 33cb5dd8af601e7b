"""What comes of a plan: its cost with the beginnings, and the reason of what is missing."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.outcome import total_cost
from custom_components.ocpp_csms.csms.charging.plan import Plan, PlanReason, PlanSegment
from custom_components.ocpp_csms.csms.charging.planner import plan

from .requests import ELEVEN_KW, KWH_PER_SLOT, at, hours, request_of

type Stretch = tuple[float, float, float]
"""Start and end in minutes, and current."""


def _made(*stretches: Stretch) -> Plan:
    return Plan(
        segments=tuple(PlanSegment(at(a), at(b), amps, 3) for a, b, amps in stretches),
        reason=PlanReason.COMPLETE,
        cost=2.0,
        next_plan_at=at(360),
    )


_WAITS, _RUNS = _made((120, 180, 16)), _made((-30, 60, 16))


@pytest.mark.parametrize(
    ("stretches", "previous", "begins"),
    [
        ([], None, 0),
        ([(0, 60, 16)], None, 1),
        ([(0, 60, 16), (60, 90, 8), (90, 120, 16)], None, 1),
        ([(0, 60, 16), (75, 90, 16)], None, 2),
        ([(0, 60, 16), (60, 90, 8), (120, 180, 8)], None, 2),
        ([(0, 60, 16)], _WAITS, 1),
        ([(0, 60, 16)], _RUNS, 0),
        ([(0, 60, 8), (60, 120, 16)], _RUNS, 0),
        ([(0, 60, 16), (75, 90, 16)], _RUNS, 1),
        ([(15, 60, 16)], _RUNS, 1),
    ],
)
def test_beginnings(
    stretches: list[Stretch], previous: Plan | None, begins: int
) -> None:
    """What follows without a pause begins nothing, nor does what goes on from before."""
    request = request_of(previous=previous, start_cost=0.5)
    assert total_cost(request, _made(*stretches)) == pytest.approx(2 + begins * 0.5)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param(
            {"capacity_a": hours(16, 16, 16, 0, 16, 16), "price_limit": 0.5},
            PlanReason.PRICE_LIMITED,
            id="fuse only where it is dear as well, price a part",
        ),
        pytest.param(
            {"capacity_a": hours(8, 16, 16, 0, 0, 0), "price_limit": 0.85},
            PlanReason.CAPACITY_LIMITED,
            id="price only where there is no fuse as well, fuse a part",
        ),
        pytest.param(
            {"capacity_a": hours(8, 16, 16, 16, 16, 16), "price_limit": 0.5},
            PlanReason.CAPACITY_LIMITED,
            id="each a part, the fuse the smaller one",
        ),
        pytest.param(
            {
                "capacity_a": hours(15, 16, 16, 16, 16, 16),
                "price_limit": 0.5,
                "energy_wh": 20 * KWH_PER_SLOT * 1000,
            },
            PlanReason.CAPACITY_LIMITED,
            id="each a part, without the price limit all could be reached",
        ),
        pytest.param(
            {
                "capacity_a": hours(16, 16, 16, 0, 0, 0),
                "surplus_w": hours(0, 11_040, 0, 0, 0, 0),
                "surplus_only": True,
            },
            PlanReason.SURPLUS_LIMITED,
            id="fuse only where there is no sun as well, sun a part",
        ),
        pytest.param(
            {"capacity_a": hours(*[0] * 6), "price_limit": 0.05},
            PlanReason.CAPACITY_LIMITED,
            id="only together",
        ),
    ],
)
def test_reason_of_several_limits(fields: dict[str, Any], reason: PlanReason) -> None:
    """Of limits that bind together or in part, the first that alone costs something is named."""
    wanted = {"charger": ELEVEN_KW, "energy_wh": 24 * KWH_PER_SLOT * 1000}
    result = plan(request_of(**wanted | fields))
    assert result.reason is reason
    assert result.shortfall_wh > 0
