"""A night in which is planned anew every few minutes: nothing new, nothing changes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from custom_components.ocpp_csms.csms.charging.plan import (
    Charger,
    Plan,
    PlanRequest,
    PlanSegment,
)
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import ELEVEN_KW, T0, at, request_of

_SLOTS = 40
_ENOUGH_WH = 20.0


def _night(seed: int, **fields: Any) -> PlanRequest:
    """Return a night of ten hours with prices of a seed."""
    random = np.random.default_rng(seed)
    prices = random.uniform(0.05, 0.5, _SLOTS).round(3).tolist()
    return request_of(
        deadline=at(15 * _SLOTS), import_price=Series(T0, tuple(prices)), **fields
    )


def _sun(seed: int) -> Series:
    """Return the sun of a morning behind clouds."""
    random = np.random.default_rng(seed)
    rise = np.maximum(0.0, np.linspace(-6_000, 12_000, _SLOTS))
    return Series(T0, tuple((rise * random.uniform(0.3, 1, _SLOTS)).round().tolist()))


def _gaps(seed: int) -> Series:
    """Return what a fuse leaves that leaves nothing now and then."""
    random = np.random.default_rng(seed)
    return Series(T0, tuple(random.choice([0.0, 7.0, 10.0, 16.0], _SLOTS).tolist()))


def _charged_wh(made: Plan, now: datetime) -> float:
    """Return what a plan gives until a time."""
    done = [replace(s, end=min(s.end, now)) for s in made.segments if s.start < now]
    return sum(segment.energy_wh(230) for segment in done)


def _ahead(made: Plan, now: datetime) -> tuple[PlanSegment, ...]:
    """Return what of a plan is still to come."""
    return tuple(
        replace(s, start=max(s.start, now)) for s in made.segments if s.end > now
    )


_BOTH = Charger(phases=(1, 3))


@pytest.mark.parametrize("every_min", [5, 17])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"charger": _BOTH}, id="one or three phases"),
        pytest.param({"charger": ELEVEN_KW, "surplus_w": _sun(1)}, id="sun"),
        pytest.param({"charger": ELEVEN_KW, "capacity_a": _gaps(2)}, id="fuse"),
        pytest.param(
            {
                "charger": _BOTH,
                "surplus_w": _sun(3),
                "export_price": Series(T0, (0.08,) * _SLOTS),
                "capacity_a": _gaps(4),
                "start_cost": 0.03,
            },
            id="all of it",
        ),
        # Stretches that are over leave room for others, which may be worth it.
        pytest.param(
            {
                "charger": _BOTH,
                "capacity_a": _gaps(5),
                "max_segments": 3,
                "saving_threshold": 2.0,
            },
            id="few stretches",
        ),
    ],
)
def test_nothing_new(fields: dict[str, Any], every_min: int) -> None:
    """The plan stays the same to the second, from the evening until the car has enough."""
    request = _night(every_min, energy_wh=17_350.0, **fields)
    first = made = plan(request)
    assert first.shortfall_wh == 0
    now = T0
    while (now := now + timedelta(minutes=every_min)) < request.deadline:
        missing_wh = 17_350.0 - _charged_wh(first, now)
        if missing_wh < _ENOUGH_WH:
            break
        made = plan(replace(request, now=now, energy_wh=missing_wh, previous=made))
        assert made.segments == _ahead(first, now)
        assert made.shortfall_wh == 0
    assert _charged_wh(first, now) > 17_350.0 - _ENOUGH_WH
