"""The exact optimum, against trying everything and against a MILP solver."""

from itertools import pairwise, product

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from custom_components.ocpp_csms.csms.charging.optimum import (
    OFF,
    Ints,
    Slots,
    cheapest,
    cheapest_blocks,
)

type Result = tuple[int, float]
"""Missing units, and cost."""


def _value(slots: Slots, choices: Ints, need: int, start_cost: float) -> Result | None:
    """Return what choices amount to, None if they take more than an edge can be cut by.

    What is too much is cut where charging begins or ends, at the dearest such slot.
    """
    on = [slot for slot, option in enumerate(choices) if option != OFF]
    costs = {slot: float(slots.costs[slot, choices[slot]]) for slot in on}
    units = {slot: int(slots.units[slot, choices[slot]]) for slot in on}
    begins = sum(slot - 1 not in costs for slot in on)
    total = sum(costs.values()) + begins * start_cost
    excess = sum(units.values()) - need
    if excess <= 0:
        return -excess, total
    edges = [
        slot
        for slot in on
        if not {slot - 1, slot + 1} <= costs.keys() and units[slot] > excess
    ]
    if not edges:
        return None
    return 0, total - excess * max(costs[slot] / units[slot] for slot in edges)


def _value_of_blocks(
    slots: Slots, choices: Ints, need: int, start_cost: float
) -> Result | None:
    """Return the same for blocks, of which the last slot of all is cut."""
    cost, on = 0.0, False
    for slot, option in enumerate(choices):
        if option == OFF:
            on = False
            continue
        if need == 0:
            return None
        units = int(slots.units[slot, option])
        cost += float(slots.costs[slot, option]) * min(1.0, need / units)
        cost += 0.0 if on else start_cost
        need = max(0, need - units)
        on = True
    return need, cost


def _begins(choices: Ints) -> int:
    before = [OFF, *choices]
    return sum(a == OFF and b != OFF for a, b in pairwise(before))


def _try_all(
    slots: Slots, need: int, start_cost: float, *, most: int | None, one_option: bool
) -> Result:
    count, options = slots.costs.shape
    best: Result | None = None
    for choices in product(range(OFF, options), repeat=count):
        chosen = np.array(choices)
        on = [(slot, option) for slot, option in enumerate(choices) if option != OFF]
        if not all(np.isfinite(slots.costs[place]) for place in on):
            continue
        if most is not None and _begins(chosen) > most:
            continue
        if one_option and len({option for _, option in on}) > 1:
            continue
        worth = _value_of_blocks if one_option else _value
        value = worth(slots, chosen, need, start_cost)
        if value is not None and (best is None or value < best):
            best = value
    assert best is not None
    return best


@st.composite
def _small(draw: st.DrawFn) -> tuple[Slots, int, float]:
    count, options = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    units = np.tile(np.arange(1, options + 1), (count, 1))
    price = draw(
        st.lists(
            st.floats(-1, 3).map(lambda x: round(x, 2)),
            min_size=count * options,
            max_size=count * options,
        )
    )
    costs = np.array(price).reshape(count, options)
    barred = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    costs[np.array(barred), -1] = np.inf
    return (
        Slots(costs, units),
        draw(st.integers(1, 10)),
        draw(st.sampled_from([0, 0.4])),
    )


def _same(found: Result | None, best: Result) -> bool:
    return found is not None and found[0] == best[0] and abs(found[1] - best[1]) < 1e-6


@settings(max_examples=60)
@given(_small())
def test_cheapest(case: tuple[Slots, int, float]) -> None:
    """Nothing is cheaper, and nothing takes more energy."""
    slots, need, start_cost = case
    choices = cheapest(slots, need, start_cost=start_cost)
    best = _try_all(slots, need, start_cost, most=None, one_option=False)
    assert _same(_value(slots, choices, need, start_cost), best)


@settings(max_examples=60)
@given(_small())
def test_contiguous(case: tuple[Slots, int, float]) -> None:
    """Of the plans in one piece none is better."""
    slots, need, start_cost = case
    choices = cheapest(slots, need, start_cost=start_cost, contiguous=True)
    best = _try_all(slots, need, start_cost, most=1, one_option=False)
    assert _begins(choices) <= 1
    assert _same(_value(slots, choices, need, start_cost), best)


@settings(max_examples=60)
@given(_small(), st.integers(1, 2))
def test_blocks(case: tuple[Slots, int, float], blocks: int) -> None:
    """Of the plans with one set-point in so many blocks none is better."""
    slots, need, start_cost = case
    choices = cheapest_blocks(slots, need, blocks, start_cost=start_cost)
    best = _try_all(slots, need, start_cost, most=blocks, one_option=True)
    assert _begins(choices) <= blocks
    assert _same(_value_of_blocks(slots, choices, need, start_cost), best)


def test_cut_slots() -> None:
    """Slots that are cut give fewer units, and are used if they are cheap."""
    slots = Slots(np.array([[0.1], [1.0], [0.2]]), np.array([[1], [3], [2]]))
    assert cheapest(slots, 3).tolist() == [0, OFF, 0]


def test_later_of_two_that_cost_the_same() -> None:
    """The car is full as late as possible."""
    slots = Slots(np.full((4, 1), 0.5), np.ones((4, 1), dtype=np.int64))
    assert cheapest(slots, 2).tolist() == [OFF, OFF, 0, 0]
    assert cheapest_blocks(slots, 2, 1).tolist() == [OFF, OFF, 0, 0]


def test_options_that_the_car_does_not_take() -> None:
    """Near full only the weaker option is left."""
    allowed = np.array([[True, True], [True, False], [True, True], [True, True]])
    slots = Slots(np.tile([1.0, 1.5], (4, 1)), np.tile([1, 2], (4, 1)), allowed)
    choices = cheapest(slots, 3)
    assert sorted(option for option in choices if option != OFF) == [0, 1]


def _solve(
    slots: Slots,
    need: int,
    start_cost: float,
    most: int | None = None,
    *,
    last_only: bool = False,
) -> float:
    """Return the least cost by a MILP, with at most some beginnings.

    x[t, o] chosen, y[t] begun, p[t] the one of which f[t, o] is used in part: one in which
    charging begins or ends, or the last of all.
    """
    count, options = slots.costs.shape
    wide = count * options
    size = 2 * wide + 2 * count
    x, f, y, p = 0, wide, 2 * wide, 2 * wide + count
    prices = np.nan_to_num(slots.costs, posinf=0).ravel()
    cost = np.concatenate([prices, prices, [start_cost] * count, [0.0] * count])
    free = np.isfinite(slots.costs).ravel().astype(float)
    upper = np.concatenate([free, free, np.ones(2 * count)])
    whole = np.concatenate([np.ones(wide), np.zeros(wide), np.ones(2 * count)])
    rows = lil_array((4 * count + 3, size))
    low, high = np.full(4 * count + 3, -np.inf), np.ones(4 * count + 3)
    rows[4 * count + 1, y : y + count] = 1
    high[4 * count + 1] = np.inf if most is None else most
    rows[4 * count + 2, p : p + count] = 1
    for slot in range(count):
        here = slice(x + slot * options, x + (slot + 1) * options)
        part = slice(f + slot * options, f + (slot + 1) * options)
        before = slice(x + (slot - 1) * options, x + slot * options)
        behind = slice(x + (slot + 1) * options, x + (slot + 2) * options)
        rows[slot, here] = 1
        rows[slot, (p if last_only else p + slot) : p + slot + 1] = 1
        rows[count + slot, here] = 1
        rows[count + slot, p + slot] = 1
        if slot:
            rows[count + slot, before] = -1
            rows[count + slot, p + slot - 1] = -1
        rows[count + slot, y + slot] = -1
        high[count + slot] = 0
        rows[2 * count + slot, part] = 1
        rows[2 * count + slot, p + slot] = -1
        high[2 * count + slot] = 0
        if 0 < slot < count - 1:
            rows[3 * count + slot, before] = 1
            rows[3 * count + slot, behind] = 1
            rows[3 * count + slot, p + slot] = 1
            high[3 * count + slot] = 2
    rows[4 * count, x : x + wide] = slots.units.ravel()
    rows[4 * count, f : f + wide] = slots.units.ravel()
    low[4 * count], high[4 * count] = need, need
    answer = milp(
        cost,
        constraints=LinearConstraint(rows.tocsr(), low, high),
        bounds=Bounds(np.zeros(size), upper),
        integrality=whole,
        options={"mip_rel_gap": 0},
    )
    assert answer.success
    return float(answer.fun)


def _three_days(seed: int, phases: int, *, sun: bool, gaps: bool) -> Slots:
    """Return 288 slots with random prices; some may be forbidden."""
    random = np.random.default_rng(seed)
    currents = np.arange(6, 17, 2)
    power = currents * 230.0 * phases
    price = np.repeat(random.uniform(0.05, 0.5, 72), 4)
    shine = np.maximum(0, np.sin(np.arange(288) / 96 * 2 * np.pi))
    sun_w = shine * random.uniform(0, 9000) if sun else np.zeros(288)
    solar = np.minimum(power[None, :], sun_w[:, None])
    costs = (solar * 0.08 + (power[None, :] - solar) * price[:, None]) / 4000
    if gaps:
        costs[random.uniform(size=288) < 0.3] = np.inf
    return Slots(costs, np.tile(currents // 2, (288, 1)))


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("sun", [True, False])
@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("start_cost", [0, 0.05])
def test_cheapest_is_what_a_solver_finds(
    phases: int, sun: bool, gaps: bool, start_cost: float
) -> None:
    """Three days of prices: no gap to the solver's optimum."""
    slots = _three_days(phases, phases, sun=sun, gaps=gaps)
    choices = cheapest(slots, 160, start_cost=start_cost)
    found = _value(slots, choices, 160, start_cost)
    assert found is not None
    assert found[0] == 0
    assert found[1] == pytest.approx(_solve(slots, 160, start_cost), rel=1e-6)


@pytest.mark.parametrize("blocks", [2, 4])
@pytest.mark.parametrize("gaps", [True, False])
def test_blocks_are_what_a_solver_finds(blocks: int, gaps: bool) -> None:
    """So it is with one current for all, in at most some blocks."""
    slots = _three_days(7, 3, sun=True, gaps=gaps)
    choices = cheapest_blocks(slots, 50, blocks)
    found = _value_of_blocks(slots, choices, 50, 0)
    assert found is not None
    assert _begins(choices) <= blocks
    each = [
        Slots(slots.costs[:, [option]], slots.units[:, [option]])
        for option in range(slots.costs.shape[1])
    ]
    possible = [only for only in each if _fits(only, 50, blocks)]
    best = min(_solve(only, 50, 0, blocks, last_only=True) for only in possible)
    assert found == (0, pytest.approx(best, rel=1e-6))


def _fits(slots: Slots, need: int, blocks: int) -> bool:
    """Return whether so many blocks can take what is needed."""
    free = np.isfinite(slots.costs[:, 0])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.view(np.int8), [0]])))
    lengths = sorted(edges[1::2] - edges[::2], reverse=True)
    return bool(sum(lengths[:blocks]) * slots.units[0, 0] >= need)
