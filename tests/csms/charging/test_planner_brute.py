"""Whole plans against trying everything: from the request to the cost, with all that limits them."""

from itertools import product
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.plan import Charger, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import T0, at, request_of

type Option = tuple[float, int]
"""Current per phase, and phases."""
_CHARGERS = (
    Charger(min_a=6, max_a=8),
    Charger(min_a=6, max_a=10, step_a=2, phases=(1,)),
    Charger(min_a=6, max_a=16, step_a=5),
    Charger(min_a=6, max_a=7, phases=(1, 3)),
)


def _options(charger: Charger) -> list[Option]:
    count = int((charger.max_a - charger.min_a) / charger.step_a + 1e-9) + 1
    currents = [charger.min_a + n * charger.step_a for n in range(count)]
    return [(a, phases) for phases in charger.phases for a in currents]


class _Slots:
    """What the slots of a request cost, computed anew."""

    def __init__(self, request: PlanRequest, count: int) -> None:
        self._request = request
        self.count = count
        self.options = _options(request.charger)

    def _at(self, series: Series | None, slot: int, otherwise: float) -> float:
        value = None if series is None else series.values[slot]
        return otherwise if value is None else value

    def energy_wh(self, option: Option) -> float:
        """Return the energy of a quarter hour."""
        return option[0] * option[1] * self._request.charger.voltage_v / 4

    def cost(self, slot: int, option: Option) -> float:
        """Return the cost of a quarter hour: sun at what it would sell for, the rest bought."""
        sun_wh = max(self._at(self._request.surplus_w, slot, 0.0), 0.0) / 4
        own_wh = min(self.energy_wh(option), sun_wh)
        bought_wh = self.energy_wh(option) - own_wh
        price = self._at(self._request.import_price, slot, 0.0)
        return (
            own_wh * self._at(self._request.export_price, slot, 0.0) + bought_wh * price
        ) / 1000

    def allows(self, slot: int, option: Option) -> bool:
        """Return whether fuse and price limit let an option be used."""
        request = self._request
        if option[0] > self._at(request.capacity_a, slot, 99.0) + 1e-9:
            return False
        sun_w = self._at(request.surplus_w, slot, 0.0)
        from_sun = self.energy_wh(option) * 4 <= sun_w + 1
        limit = request.price_limit
        dear = limit is not None and self._at(request.import_price, slot, 0.0) > limit
        return from_sun or not dear


def _value(
    slots: _Slots, request: PlanRequest, tried: tuple[Option | None, ...]
) -> tuple[float, float] | None:
    """Return shortfall and cost of a choice for each slot, None if it is none."""
    on = [(slot, option) for slot, option in enumerate(tried) if option is not None]
    if not all(slots.allows(slot, option) for slot, option in on):
        return None
    before = (None, *tried)
    stretches = sum(
        a is not None and a != b for a, b in zip(tried, before, strict=False)
    )
    begins = sum(
        a is not None and b is None for a, b in zip(tried, before, strict=False)
    )
    few = request.max_segments
    if (few is not None and stretches > few) or (request.contiguous and begins > 1):
        return None
    total = sum(slots.cost(*place) for place in on) + begins * request.start_cost
    excess = sum(slots.energy_wh(option) for _, option in on) - (request.energy_wh or 0)
    if excess <= 1e-6:
        return max(0.0, -excess), total
    cuts = [
        slots.cost(slot, option) * excess / slots.energy_wh(option)
        for slot, option in on
        if _is_edge(tried, slot, outer=few is not None)
        and slots.energy_wh(option) > excess + 1e-9
    ]
    return (0.0, total - max(cuts)) if cuts else None


def _is_edge(tried: tuple[Option | None, ...], slot: int, *, outer: bool) -> bool:
    if outer:
        on = [index for index, option in enumerate(tried) if option is not None]
        return slot in (on[0], on[-1])
    around = (None, *tried, None)
    return around[slot] is None or around[slot + 2] is None


_WISHES: Any = st.fixed_dictionaries(
    {},
    optional={
        "max_segments": st.integers(1, 3),
        "contiguous": st.just(True),
        "start_cost": st.sampled_from([0.02, 0.3]),
        "price_limit": st.sampled_from([0.2, 0.4]),
    },
)


@st.composite
def _requests(draw: st.DrawFn) -> tuple[PlanRequest, int]:
    charger, count = draw(st.sampled_from(_CHARGERS)), draw(st.integers(1, 4))
    prices = st.floats(-0.05, 0.6).map(lambda price: round(price, 3))

    def series(values: st.SearchStrategy[float]) -> Series:
        return Series(T0, tuple(draw(st.lists(values, min_size=count, max_size=count))))

    fields: dict[str, Any] = {"import_price": series(prices)}
    if draw(st.booleans()):
        fields["surplus_w"] = series(st.sampled_from([0.0, 1500.0, 3000.0, 6000.0]))
        fields["export_price"] = series(st.just(0.05))
    if draw(st.booleans()):
        fields["capacity_a"] = series(st.sampled_from([0.0, 6.0, 8.0, 16.0]))
    parts = [round(a * phases * 1000) for a, phases in _options(charger)]
    most = max(parts) * count // 1000
    unit_wh = charger.voltage_v * min(charger.phases) / 4
    units = draw(st.integers(1, max(1, most // min(charger.phases))))
    fields["energy_wh"] = units * unit_wh
    return request_of(
        charger=charger, deadline=at(15 * count), **fields, **draw(_WISHES)
    ), count


@settings(max_examples=250)
@given(_requests())
def test_nothing_is_better(case: tuple[PlanRequest, int]) -> None:
    """No plan lacks less, and of those that lack as little none costs less."""
    request, count = case
    slots = _Slots(request, count)
    values = (
        _value(slots, request, tried)
        for tried in product((None, *slots.options), repeat=count)
    )
    best = min(value for value in values if value is not None)
    made = plan(request)
    ends = {segment.end for segment in made.segments}
    begins = sum(segment.start not in ends for segment in made.segments)
    cost = made.cost + begins * request.start_cost
    assert made.shortfall_wh == pytest.approx(best[0], abs=1e-3)
    assert cost == pytest.approx(best[1], abs=1e-6)
