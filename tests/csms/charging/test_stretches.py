"""The exact optimum in few stretches, against trying everything and against a MILP solver."""

from dataclasses import replace
from itertools import product

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from custom_components.ocpp_csms.csms.charging.optimum import OFF, Ints, Slots
from custom_components.ocpp_csms.csms.charging.stretches import cheapest_stretches

from .days import three_days

type Result = tuple[int, float]
"""Missing units, and cost."""


def _stretches(choices: Ints) -> int:
    before = np.append(OFF, choices[:-1])
    return int(((choices != OFF) & (choices != before)).sum())


def _begins(choices: Ints, *, running: bool) -> int:
    before = np.append(0 if running else OFF, choices[:-1])
    return int(((choices != OFF) & (before == OFF)).sum())


def _taken(slots: Slots, choices: Ints, need: int) -> tuple[int, float]:
    """Return what is missing after choices, and their cost, where the car takes less near full."""
    cost = 0.0
    for slot in np.flatnonzero(choices != OFF):
        option = choices[slot]
        units = min(need, int(slots.takes_in(slot)[need, option]))
        cost += float(slots.costs[slot, option]) * units / slots.units[slot, option]
        need -= units
    return need, cost


def _value(slots: Slots, choices: Ints, need: int, start_cost: float) -> Result | None:
    """Return what choices amount to, None if they take too much.

    What is too much is cut from the first or the last slot that is not forced, the dearer of
    them; not from one that a forced slot follows, as that would be a pause.
    """
    begins = _begins(choices, running=slots.running) * start_cost
    if slots.takes is not None:
        missing, cost = _taken(slots, choices, need)
        return missing, cost + begins
    on = [(slot, option) for slot, option in enumerate(choices) if option != OFF]
    total = float(sum(slots.costs[place] for place in on)) + begins
    excess = int(sum(slots.units[place] for place in on)) - need
    if excess <= 0:
        return -excess, total
    free = [place for place in on if not slots.is_forced(place[0])]
    cuts = [
        excess * float(slots.costs[place]) / int(slots.units[place])
        for place in (free[0], free[-1])
        if slots.units[place] > excess and _is_edge(slots, choices, place[0])
    ]
    return (0, total - max(cuts)) if cuts else None


def _is_edge(slots: Slots, choices: Ints, slot: int) -> bool:
    """Return whether the first or the last slot that is not forced may be cut."""
    on = np.flatnonzero(choices != OFF)
    begins = slot == on[0] and not (slots.running and slot == 0)
    free = [other for other in on if not slots.is_forced(other)]
    return begins or (slot == free[-1] and not slots.is_forced(slot + 1))


def _try_all(
    slots: Slots, need: int, most: int | None, start_cost: float, *, contiguous: bool
) -> Result:
    count, options = slots.costs.shape
    best: Result | None = None
    for tried in product(range(OFF, options), repeat=count):
        choices = np.array(tried)
        on = np.flatnonzero(choices != OFF)
        if not np.isfinite(slots.costs[on, choices[on]]).all():
            continue
        if any(slots.is_forced(t) and choices[t] == OFF for t in range(count)):
            continue
        if most is not None and _stretches(choices) > most:
            continue
        if contiguous and _begins(choices, running=slots.running) > (not slots.running):
            continue
        value = _value(slots, choices, need, start_cost)
        if value is not None and (best is None or value < best):
            best = value
    assert best is not None
    return best


@st.composite
def _small(draw: st.DrawFn) -> tuple[Slots, int]:
    count, options = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    units = np.tile(np.arange(1, options + 1) + draw(st.integers(0, 1)), (count, 1))
    prices = st.floats(-1, 3).map(lambda price: round(price, 2))
    size = count * options
    costs = np.array(draw(st.lists(prices, min_size=size, max_size=size)))
    costs = costs.reshape(count, options)
    barred = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    costs[np.array(barred), -1] = np.inf
    running = draw(st.booleans())
    return Slots(costs, units, running=running), draw(st.integers(1, 10))


_MOST = st.sampled_from([None, 1, 2, 3])
_START_COSTS = st.sampled_from([0, 0.4])


@settings(max_examples=150)
@given(_small(), _MOST, _START_COSTS, st.booleans())
def test_stretches(
    case: tuple[Slots, int], most: int | None, start_cost: float, contiguous: bool
) -> None:
    """Of the plans in so many stretches none takes more, and none is cheaper."""
    slots, need = case
    choices = cheapest_stretches(
        slots, need, most, start_cost=start_cost, contiguous=contiguous
    )
    assert most is None or _stretches(choices) <= most
    begins = _begins(choices, running=slots.running)
    assert not contiguous or begins <= (not slots.running)
    found = _value(slots, choices, need, start_cost)
    best = _try_all(slots, need, most, start_cost, contiguous=contiguous)
    assert found == (best[0], pytest.approx(best[1], abs=1e-6))


@settings(max_examples=80)
@given(_small(), _MOST, st.integers(1, 6))
def test_car_that_takes_less_near_full(
    case: tuple[Slots, int], most: int | None, less: int
) -> None:
    """What the car does not take costs nothing, and is taken later."""
    slots, need = case
    usual = slots.units.max(axis=0)
    missing = np.arange(need + 1)[:, None]
    takes = np.clip(missing - less, 1, usual[None, :])
    slots = replace(slots, takes=takes)
    choices = cheapest_stretches(slots, need, most)
    found = _value(slots, choices, need, 0)
    best = _try_all(slots, need, most, 0, contiguous=False)
    assert found == (best[0], pytest.approx(best[1], abs=1e-6))


@settings(max_examples=80)
@given(_small(), st.integers(2, 3), _START_COSTS)
def test_forced_slots(case: tuple[Slots, int], most: int, start_cost: float) -> None:
    """The last slot is used whatever it costs, and is one with a neighbour like it."""
    slots, need = case
    count = len(slots.costs)
    costs, units = slots.costs.copy(), slots.units.copy()
    costs[-1], units[-1] = np.inf, 0
    costs[-1, 0] = 0.0
    forced = np.arange(count) == count - 1
    slots = Slots(costs, units, forced=forced, running=slots.running)
    choices = cheapest_stretches(slots, need, most, start_cost=start_cost)
    assert choices[-1] == 0
    assert _stretches(choices) <= most
    found = _value(slots, choices, need, start_cost)
    best = _try_all(slots, need, most, start_cost, contiguous=False)
    assert found == (best[0], pytest.approx(best[1], abs=1e-6))


def test_without_a_need() -> None:
    """Where nothing is needed, what is worth something is taken, in as few stretches as may be."""
    costs = np.array([[-1.0], [-1], [2], [-1], [9], [-1]])
    slots = Slots(costs, np.zeros((6, 1), dtype=np.int64))
    assert cheapest_stretches(slots, 0, None).tolist() == [0, 0, OFF, 0, OFF, 0]
    assert cheapest_stretches(slots, 0, 2).tolist() == [0, 0, OFF, OFF, OFF, 0]
    assert cheapest_stretches(slots, 0, 1).tolist() == [0, 0, OFF, OFF, OFF, OFF]


@pytest.mark.parametrize(
    ("running", "chosen"), [(False, [0, 0, 0, OFF]), (True, [OFF, 0, 0, 0])]
)
def test_what_runs_does_not_begin_later(running: bool, chosen: list[int]) -> None:
    """Half a first slot is cheap for one who begins in it; who runs uses all of it, or none."""
    costs = np.array([[4.0], [1], [1], [4.4]])
    slots = Slots(costs, np.full((4, 1), 4), running=running)
    assert cheapest_stretches(slots, 10, 2, start_cost=0.6).tolist() == chosen


def test_later_of_two_that_cost_the_same() -> None:
    """The car is full as late as possible."""
    slots = Slots(np.full((4, 1), 0.5), np.ones((4, 1), dtype=np.int64))
    assert cheapest_stretches(slots, 2, 1).tolist() == [OFF, OFF, 0, 0]


def test_other_current_in_each_stretch() -> None:
    """Where the fuse leaves less, less is taken, and more where it leaves more."""
    costs = np.array([[1.0, 2], [1, np.inf], [1, 2], [1, 2]])
    slots = Slots(costs, np.tile([1, 2], (4, 1)))
    assert cheapest_stretches(slots, 7, 3).tolist() == [1, 0, 1, 1]


class _Model:
    """The plan as a mixed-integer program, row by row."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: list[dict[int, float]] = []
        self._bounds: list[tuple[float, float]] = []

    def add(self, row: dict[int, float], low: float, high: float) -> None:
        """Add a row between bounds."""
        self._rows.append(row)
        self._bounds.append((low, high))

    def solve(self, costs: Ints, upper: Ints, whole: Ints) -> float:
        """Return the least cost."""
        matrix = lil_array((len(self._rows), self._size))
        for index, row in enumerate(self._rows):
            for column, value in row.items():
                matrix[index, column] = value
        low, high = np.array(self._bounds).T
        answer = milp(
            costs,
            constraints=LinearConstraint(matrix.tocsr(), low, high),
            bounds=Bounds(np.zeros(self._size), upper),
            integrality=whole,
            options={"mip_rel_gap": 0},
        )
        assert answer.success
        return float(answer.fun)


def _solve(slots: Slots, need: int, most: int) -> float:
    """Return the least cost by a MILP.

    z[t, o] chosen, s[t, o] a stretch begins, f[t, o] units that are cut, before[t] and
    behind[t] whether charging has begun before the slot and goes on after it, first[t] and
    last[t] whether the slot may be cut.
    """
    count, options = slots.costs.shape
    wide = count * options
    z, s, f, before = 0, wide, 2 * wide, 3 * wide
    behind, first, last = before + count, before + 2 * count, before + 3 * count
    size = 3 * wide + 4 * count
    model = _Model(size)
    for slot in range(count):
        here = {z + slot * options + option: 1.0 for option in range(options)}
        model.add(here, 0, 1)
        for option in range(options):
            place = slot * options + option
            units = float(slots.units[slot, option])
            begins = {s + place: -1.0, z + place: 1.0}
            if slot:
                begins[z + place - options] = -1
            model.add(begins, -np.inf, 0)
            model.add({f + place: 1, z + place: -units}, -np.inf, 0)
            cut = {f + place: 1, first + slot: -units, last + slot: -units}
            model.add(cut, -np.inf, 0)
        if slot:
            earlier = {column - options: 1.0 for column in here}
            model.add({before + slot: -1, before + slot - 1: 1}, -np.inf, 0)
            model.add({before + slot: -1} | earlier, -np.inf, 0)
            model.add({behind + slot - 1: -1, behind + slot: 1}, -np.inf, 0)
            model.add({behind + slot - 1: -1} | here, -np.inf, 0)
        model.add({first + slot: 1, before + slot: 1}, 0, 1)
        model.add({last + slot: 1, behind + slot: 1}, 0, 1)
    model.add({s + place: 1 for place in range(wide)}, 0, most)
    units = slots.units.ravel().tolist()
    taken = {z + place: float(units[place]) for place in range(wide)}
    model.add(taken | {f + place: -1 for place in range(wide)}, need, need)
    free = np.isfinite(slots.costs)
    costs = np.where(free, slots.costs, 0).ravel()
    flags = np.ones(4 * count)
    return model.solve(
        np.concatenate([costs, 0 * costs, -costs / slots.units.ravel(), 0 * flags]),
        np.concatenate(
            [free.ravel(), np.ones(wide), (free * slots.units).ravel(), flags]
        ),
        np.concatenate([np.ones(wide), np.zeros(2 * wide), flags]),
    )


@pytest.mark.parametrize(
    ("phases", "sun", "gaps", "most"),
    [(3, True, False, 2), (3, True, True, 4), (1, False, True, 3)],
)
def test_what_a_solver_finds(phases: int, sun: bool, gaps: bool, most: int) -> None:
    """Three days of prices in few stretches: no gap to the solver's optimum."""
    slots = three_days(phases, phases, sun=sun, gaps=gaps)
    choices = cheapest_stretches(slots, 80, most)
    assert _stretches(choices) <= most
    found = _value(slots, choices, 80, 0)
    assert found == (0, pytest.approx(_solve(slots, 80, most), rel=1e-6))
