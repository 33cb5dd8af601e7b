"""Whole plans that begin in the midst of a slot, against trying everything to the second.

What the first slot holds counts in whole steps, rounded down, when a plan is chosen. So
nothing is as cheap as the plan but by what one step more would cost: it lies between the
best for the energy that is wanted, and the best for a step more.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.outcome import total_cost
from custom_components.ocpp_csms.csms.charging.plan import Charger, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import T0, at, request_of

_HALF_STEPS = Charger(min_a=6, max_a=7, step_a=0.5)
_STEP_WH = 0.5 * 690 / 4
_POWERS = (6 * 690, 6.5 * 690, 7 * 690)

type Choices = tuple[float | None, ...]
"""The power of each slot in W, None while nothing is charged."""


@dataclass(frozen=True)
class _Night:
    """What a night is asked for, in plain numbers."""

    late_min: float
    """How much of the first slot is over."""
    prices: tuple[float | None, ...]
    fuse_a: tuple[float, ...]
    start_cost: float
    unknown_price: float | None
    energy_wh: float

    def request(self) -> PlanRequest:
        """Return the request to the planner."""
        return request_of(
            now=at(self.late_min),
            deadline=at(15 * len(self.prices)),
            charger=_HALF_STEPS,
            energy_wh=self.energy_wh,
            import_price=Series(T0, self.prices),
            capacity_a=Series(T0, self.fuse_a),
            start_cost=self.start_cost,
            unknown_price=self.unknown_price,
        )

    def price(self, slot: int) -> float:
        """Return the price of a slot; a gap has what is told, or the mean of the others."""
        known = [price for price in self.prices if price is not None]
        mean = sum(known) / len(known) if known else 0.0
        gap = mean if self.unknown_price is None else self.unknown_price
        here = self.prices[slot]
        return gap if here is None else here

    def hours(self, slot: int) -> float:
        """Return how much of a slot is left."""
        return (15 - self.late_min * (slot == 0)) / 60

    def best(self, energy_wh: float) -> tuple[float, float]:
        """Return the least that has to be missing, and the least cost of that."""
        count = len(self.prices)
        ways = product((None, *_POWERS), repeat=count)
        return min(value for way in ways if (value := self._value(way, energy_wh)))

    def _value(self, way: Choices, energy_wh: float) -> tuple[float, float] | None:
        """Return what is missing and the cost; what is too much is cut at an edge."""
        on = [(slot, power) for slot, power in enumerate(way) if power is not None]
        if any(power / 690 > self.fuse_a[slot] for slot, power in on):
            return None
        wh = {slot: power * self.hours(slot) for slot, power in on}
        begins = sum(slot == 0 or way[slot - 1] is None for slot, _ in on)
        cost = sum(wh[slot] * self.price(slot) / 1000 for slot in wh)
        cost += begins * self.start_cost
        excess = sum(wh.values()) - energy_wh
        if excess <= 1e-6:
            return max(0.0, -excess), cost
        edges = [slot for slot in wh if not {slot - 1, slot + 1} <= wh.keys()]
        dear = [self.price(slot) for slot in edges if wh[slot] > excess]
        return (0.0, cost - excess * max(dear) / 1000) if dear else None


@st.composite
def _nights(draw: st.DrawFn) -> _Night:
    count = draw(st.integers(2, 4))
    price = st.integers(1, 60).map(lambda cents: cents / 100)
    sizes: Any = {"min_size": count, "max_size": count}
    night = _Night(
        late_min=draw(st.floats(0.1, 14.5)),
        prices=tuple(draw(st.lists(st.none() | price, **sizes))),
        fuse_a=tuple(draw(st.lists(st.sampled_from([0.0, 6.0, 6.7, 16.0]), **sizes))),
        start_cost=draw(st.sampled_from([0.0, 0.02, 0.3])),
        unknown_price=draw(st.sampled_from([None, 0.25])),
        energy_wh=draw(st.floats(100, 4_000)),
    )
    most_wh = night.energy_wh + 10_000 - night.best(night.energy_wh + 10_000)[0]
    part = draw(st.floats(0.1, 1.2))
    return _Night(**{**vars(night), "energy_wh": max(100.0, most_wh * part)})


@settings(max_examples=100)
@given(_nights())
def test_nothing_is_better_but_by_a_step(night: _Night) -> None:
    """With gaps in the prices, beginnings that cost, and half amperes."""
    request = night.request()
    made = plan(request)
    missing_wh, least = night.best(night.energy_wh)
    more_missing_wh, enough = night.best(night.energy_wh + _STEP_WH)
    assert made.shortfall_wh == pytest.approx(missing_wh, abs=1e-3)
    cost = total_cost(request, made)
    assert cost >= least - 1e-6
    if not more_missing_wh:
        assert cost <= enough + 1e-6
