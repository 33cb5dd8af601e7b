"""The exact optimum, against trying everything and against a MILP solver."""

from itertools import pairwise, product

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from custom_components.ocpp_csms.csms.charging.optimum import OFF, Ints, Slots, cheapest

from .days import three_days

type Result = tuple[int, float]
"""Missing units, and cost."""


def _value(slots: Slots, choices: Ints, need: int, start_cost: float) -> Result | None:
    """Return what choices amount to, None if they take more than an edge can be cut by.

    What is too much is cut where charging begins or ends, at the dearest such slot.
    """
    on = [slot for slot, option in enumerate(choices) if option != OFF]
    costs = {slot: float(slots.costs[slot, choices[slot]]) for slot in on}
    units = {slot: int(slots.units[slot, choices[slot]]) for slot in on}
    charged = costs.keys() | ({-1} if slots.running else set())
    begins = sum(slot - 1 not in charged for slot in on)
    total = sum(costs.values()) + begins * start_cost
    excess = sum(units.values()) - need
    if excess <= 0:
        return -excess, total
    edges = [
        slot
        for slot in on
        if not {slot - 1, slot + 1} <= charged and units[slot] > excess
    ]
    if not edges:
        return None
    return 0, total - excess * max(costs[slot] / units[slot] for slot in edges)


def _begins(choices: Ints, *, running: bool) -> int:
    before = [0 if running else OFF, *choices]
    return sum(a == OFF and b != OFF for a, b in pairwise(before))


def _try_all(slots: Slots, need: int, start_cost: float, *, most: int | None) -> Result:
    count, options = slots.costs.shape
    best: Result | None = None
    for choices in product(range(OFF, options), repeat=count):
        chosen = np.array(choices)
        on = [(slot, option) for slot, option in enumerate(choices) if option != OFF]
        if not all(np.isfinite(slots.costs[place]) for place in on):
            continue
        if most is not None and _begins(chosen, running=slots.running) > most:
            continue
        value = _value(slots, chosen, need, start_cost)
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
        Slots(costs, units, running=draw(st.booleans())),
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
    best = _try_all(slots, need, start_cost, most=None)
    assert _same(_value(slots, choices, need, start_cost), best)


@settings(max_examples=60)
@given(_small())
def test_contiguous(case: tuple[Slots, int, float]) -> None:
    """Of the plans in one piece none is better."""
    slots, need, start_cost = case
    choices = cheapest(slots, need, start_cost=start_cost, contiguous=True)
    most = 0 if slots.running else 1
    best = _try_all(slots, need, start_cost, most=most)
    assert _begins(choices, running=slots.running) <= most
    assert _same(_value(slots, choices, need, start_cost), best)


def test_cut_slots() -> None:
    """Slots that are cut give fewer units, and are used if they are cheap."""
    slots = Slots(np.array([[0.1], [1.0], [0.2]]), np.array([[1], [3], [2]]))
    assert cheapest(slots, 3).tolist() == [0, OFF, 0]


def test_later_of_two_that_cost_the_same() -> None:
    """The car is full as late as possible."""
    slots = Slots(np.full((4, 1), 0.5), np.ones((4, 1), dtype=np.int64))
    assert cheapest(slots, 2).tolist() == [OFF, OFF, 0, 0]


def _solve(slots: Slots, need: int, start_cost: float) -> float:
    """Return the least cost by a MILP.

    x[t, o] chosen, y[t] begun, p[t] the one of which f[t, o] is used in part, in which
    charging begins or ends.
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
    rows = lil_array((4 * count + 2, size))
    low, high = np.full(4 * count + 2, -np.inf), np.ones(4 * count + 2)
    rows[4 * count + 1, p : p + count] = 1
    for slot in range(count):
        here = slice(x + slot * options, x + (slot + 1) * options)
        part = slice(f + slot * options, f + (slot + 1) * options)
        before = slice(x + (slot - 1) * options, x + slot * options)
        behind = slice(x + (slot + 1) * options, x + (slot + 2) * options)
        rows[slot, here] = 1
        rows[slot, p + slot] = 1
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


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("sun", [True, False])
@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("start_cost", [0, 0.05])
def test_cheapest_is_what_a_solver_finds(
    phases: int, sun: bool, gaps: bool, start_cost: float
) -> None:
    """Three days of prices: no gap to the solver's optimum."""
    slots = three_days(phases, phases, sun=sun, gaps=gaps)
    choices = cheapest(slots, 160, start_cost=start_cost)
    found = _value(slots, choices, 160, start_cost)
    assert found is not None
    assert found[0] == 0
    assert found[1] == pytest.approx(_solve(slots, 160, start_cost), rel=1e-6)
