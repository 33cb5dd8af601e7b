"""The planner: what is so of every plan."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.outcome import total_cost
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import ELEVEN_KW, T0, at, request_of

_PRICES = st.lists(st.floats(-0.2, 0.6), min_size=24, max_size=24)


@settings(max_examples=40)
@given(
    _PRICES,
    st.floats(500, 60_000),
    st.lists(st.integers(0, 20), min_size=24, max_size=24),
)
def test_no_limit_is_exceeded(
    prices: list[float], energy: float, capacity: list[int]
) -> None:
    """No plan exceeds the fuse or the charger, or lies about its energy."""
    fuse = Series(T0, tuple(float(value) for value in capacity))
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=energy,
            import_price=Series(T0, tuple(prices)),
            capacity_a=fuse,
        )
    )
    for segment in result.segments:
        moment = segment.start
        while moment < segment.end:
            assert 6 <= segment.current_a <= min(16, fuse.at(moment) or 0)
            moment += timedelta(minutes=15)
    total = sum(segment.energy_wh(230) for segment in result.segments)
    assert total == pytest.approx(result.energy_wh)
    assert result.shortfall_wh == pytest.approx(max(0, energy - total), abs=1e-3)


@settings(max_examples=30)
@given(_PRICES, st.floats(500, 40_000))
def test_more_sun_and_more_time_never_cost_more(
    prices: list[float], energy: float
) -> None:
    """More sun or more time never makes a plan dearer; lower prices neither."""
    series = Series(T0, tuple(abs(price) for price in prices))
    base = request_of(charger=ELEVEN_KW, energy_wh=energy, import_price=series)
    sunny = request_of(
        charger=ELEVEN_KW,
        energy_wh=energy,
        import_price=series,
        surplus_w=Series(T0, (3000.0,) * 24),
    )
    shorter = request_of(
        charger=ELEVEN_KW, energy_wh=energy, import_price=series, deadline=at(300)
    )
    assert plan(sunny).cost <= plan(base).cost + 1e-6
    short = plan(shorter)
    if short.shortfall_wh == 0:
        assert plan(base).cost <= short.cost + 1e-6


@settings(max_examples=30)
@given(_PRICES, st.integers(3, 180), st.integers(1, 5), st.booleans())
def test_more_freedom_never_costs_more(
    prices: list[float], steps: int, segments: int, contiguous: bool
) -> None:
    """One more stretch, a higher price limit or lower prices never make a plan worse.

    Energy in whole steps: what is less counts as one when a plan is chosen.
    """
    energy = steps * 172.5
    series = Series(T0, tuple(abs(price) for price in prices))
    base = request_of(
        charger=ELEVEN_KW,
        energy_wh=energy,
        import_price=series,
        max_segments=segments,
        contiguous=contiguous,
        price_limit=0.5,
    )
    worst = plan(base)
    lower = Series(T0, tuple((price or 0.0) * 0.9 for price in series.values))
    for better in (
        replace(base, max_segments=segments + 1),
        replace(base, price_limit=0.6),
        replace(base, import_price=lower),
    ):
        result = plan(better)
        assert result.shortfall_wh <= worst.shortfall_wh + 1e-3
        if worst.shortfall_wh == 0:
            assert result.cost <= worst.cost + 1e-6


@settings(max_examples=40)
@given(
    _PRICES,
    st.lists(st.integers(0, 18), min_size=24, max_size=24),
    st.lists(st.integers(0, 10), min_size=24, max_size=24),
    st.integers(3, 200),
    st.sampled_from([{}, {"contiguous": True}, {"price_limit": 0.4}]),
)
def test_more_capacity_is_never_worse(
    prices: list[float],
    capacity: list[int],
    more: list[int],
    steps: int,
    wish: dict[str, Any],
) -> None:
    """What the fuse leaves more, here and there, costs no energy and no money."""
    fuse = [float(value) for value in capacity]
    wider = [a + b for a, b in zip(fuse, more, strict=True)]
    request = request_of(
        charger=ELEVEN_KW,
        energy_wh=steps * 172.5,
        import_price=Series(T0, tuple(prices)),
        **wish,
    )
    worst = plan(replace(request, capacity_a=Series(T0, tuple(fuse))))
    result = plan(replace(request, capacity_a=Series(T0, tuple(wider))))
    assert result.shortfall_wh <= worst.shortfall_wh + 1e-3
    if worst.shortfall_wh == 0:
        assert result.cost <= worst.cost + 1e-6


@settings(max_examples=40)
@given(
    _PRICES,
    st.integers(3, 200),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    st.sampled_from([{}, {"contiguous": True}, {"price_limit": 0.4}]),
)
def test_lower_start_cost_is_never_dearer(
    prices: list[float], steps: int, start_costs: list[float], wish: dict[str, Any]
) -> None:
    """Where a beginning costs less all together costs no more, by no more than was saved."""
    low, high = (
        request_of(
            charger=ELEVEN_KW,
            energy_wh=steps * 172.5,
            import_price=Series(T0, tuple(prices)),
            start_cost=start_cost,
            **wish,
        )
        for start_cost in start_costs
    )
    cheap, dear = plan(low), plan(high)
    assert cheap.shortfall_wh == pytest.approx(dear.shortfall_wh, abs=1e-3)
    assert total_cost(low, cheap) <= total_cost(low, dear) + 1e-6
    assert total_cost(low, dear) <= total_cost(high, dear) + 1e-6
    assert total_cost(high, dear) <= total_cost(high, cheap) + 1e-6
