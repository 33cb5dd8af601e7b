"""The cheapest way to take some energy out of a row of slots: exact dynamic programming.

Energy is counted in whole units, so that nothing is rounded on the way. A shortfall is
avoided at any price: of two ways the one that takes more energy is the better one, and of
equally much the cheaper, and of equally cheap ones the one with the higher power, and then
the later. The last slot ends when there is enough: it costs only the part that is used.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

OFF = -1
"""The choice of a slot in which nothing is charged."""
_TIE = 1e-9
"""Costs closer than this are the same: the later slot is taken."""
_FULL = 1e-12
"""What more power is worth, by the square of its units, where it makes no other difference."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What can be done in each slot.

    `costs[t, o]` is what option o costs in slot t, infinite where it is not allowed;
    `units[t, o]` the units of energy that it takes. Options are in the order of their power.
    `allowed[r, o]`, if given, says which options the car takes when r units are missing.
    """

    costs: Floats
    units: Ints
    allowed: NDArray[np.bool_] | None = None

    @property
    def shortfall_cost(self) -> float:
        """Return what one missing unit weighs: more than all that could be saved."""
        finite = self.costs[np.isfinite(self.costs)]
        return 1.0 + 2.0 * float(np.abs(finite).sum()) if finite.size else 1.0


def cheapest(
    slots: Slots, need: int, *, start_cost: float = 0.0, contiguous: bool = False
) -> Ints:
    """Return the option of each slot that takes `need` units at the least cost.

    `start_cost` is paid at each beginning. `contiguous` allows one beginning only.
    """
    count = len(slots.costs)
    weight = slots.shortfall_cost + start_cost * count
    missing = np.arange(need + 1, dtype=np.float64) * weight
    idle = missing.copy()
    running = missing.copy()
    best = np.zeros((count, need + 1), dtype=np.int16)
    begin = np.zeros((count, need + 1), dtype=np.bool_)
    go_on = np.zeros((count, need + 1), dtype=np.bool_)
    barred = _barred(slots)
    slots = replace(slots, costs=slots.costs - _FULL * slots.units.astype(float) ** 2)
    for slot in reversed(range(count)):
        if not np.isfinite(slots.costs[slot]).any():
            running = missing.copy() if contiguous else idle
            continue
        charge = running[_after(slots, slot, need)] + _part(slots, slot, need)
        if barred is not None:
            charge += barred
        best[slot] = charge.argmin(axis=1)
        charging = charge[np.arange(need + 1), best[slot]]
        charging[0] = np.inf
        stopped = missing if contiguous else idle
        go_on[slot] = charging < stopped - _TIE
        begin[slot] = charging + start_cost < idle - _TIE
        running = np.where(go_on[slot], charging, stopped)
        idle = np.where(begin[slot], charging + start_cost, idle)
    return _follow(slots, need, best, begin, go_on, contiguous=contiguous)


def _barred(slots: Slots) -> Floats | None:
    if slots.allowed is None:
        return None
    return np.where(slots.allowed, 0.0, np.inf)


def _part(slots: Slots, slot: int, need: int) -> Floats:
    """Return what each option costs, for each amount that is missing: no more than that."""
    units = np.maximum(slots.units[slot], 1)
    part = np.minimum(np.arange(need + 1)[:, None] / units[None, :], 1.0)
    part[0] = 1.0
    result: Floats = np.where(np.isfinite(slots.costs[slot]), slots.costs[slot], 0.0)
    return np.where(np.isfinite(slots.costs[slot]), result * part, np.inf)


def _after(slots: Slots, slot: int, need: int) -> Ints:
    """Return how much is missing after each option, for each amount that was before."""
    left = np.arange(need + 1)[:, None] - slots.units[slot][None, :]
    result: Ints = np.maximum(left, 0)
    return result


def _follow(
    slots: Slots,
    need: int,
    best: NDArray[np.int16],
    begin: NDArray[np.bool_],
    go_on: NDArray[np.bool_],
    *,
    contiguous: bool,
) -> Ints:
    """Return the choices on the best way through the slots."""
    choices = np.full(len(slots.costs), OFF, dtype=np.int64)
    on = over = False
    for slot in range(len(choices)):
        if over:
            break
        was_on = on
        on = bool((go_on if was_on else begin)[slot, need])
        if on:
            choices[slot] = best[slot, need]
            need = max(0, need - int(slots.units[slot, choices[slot]]))
        elif was_on and contiguous:
            over = True
    return choices


def cheapest_blocks(
    slots: Slots, need: int, blocks: int, *, start_cost: float = 0.0
) -> Ints:
    """Return the option of each slot, with one option for all, in at most some blocks.

    For chargers that hold few periods. Slots whose units differ from the usual ones (the
    first and the last, if they are cut) are left out.
    """
    usual = slots.units.max(axis=0)
    whole = (slots.units == usual).all(axis=1)
    costs = np.where(whole[:, None], slots.costs, np.inf)
    takes = -(-need // usual)
    steps = np.arange(int(takes.max()) + 1)
    left = need - (takes[:, None] - steps[None, :]) * usual[:, None]
    weight = slots.shortfall_cost + start_cost * blocks
    missing = np.maximum(left, 0) * weight
    missing[:, 0] = 0.0
    last = (need - (takes - 1) * usual) / usual
    value = _block_values(costs, last, takes, blocks, start_cost, missing)
    option = int(np.flatnonzero(value <= value.min() + _TIE)[-1])
    most = int(takes[option])
    return _best_blocks(
        costs[:, option],
        float(last[option]),
        option,
        blocks,
        start_cost,
        missing[option, : most + 1],
    )


def _block_values(
    costs: Floats,
    last: Floats,
    takes: Ints,
    blocks: int,
    start_cost: float,
    missing: Floats,
) -> Floats:
    """Return the cost of the best blocks for each option.

    `last[o]` is the part of its last slot that is used, `missing[o, n]` what it costs that
    option o has n slots too few.
    """
    idle = np.repeat(missing[:, :, None], blocks + 1, axis=2)
    running = idle.copy()
    for slot in reversed(range(len(costs))):
        charge = running[:, :-1, :] + costs[slot][:, None, None]
        charge[:, 0, :] = running[:, 0, :] + (costs[slot] * last)[:, None]
        running[:, 1:, :] = np.minimum(idle[:, 1:, :], charge)
        np.minimum(idle[:, 1:, 1:], charge[:, :, :-1] + start_cost, out=idle[:, 1:, 1:])
    value: Floats = idle[np.arange(len(takes)), takes, blocks]
    return value


def _best_blocks(
    costs: Floats,
    last: float,
    option: int,
    blocks: int,
    start_cost: float,
    missing: Floats,
) -> Ints:
    """Return the best blocks of one option."""
    count, takes = len(costs), len(missing) - 1
    idle = np.repeat(missing[:, None], blocks + 1, axis=1)
    running = idle.copy()
    begin = np.zeros((count, takes + 1, blocks + 1), dtype=np.bool_)
    go_on = np.zeros_like(begin)
    for slot in reversed(range(count)):
        charge = running[:-1] + costs[slot]
        charge[0] = running[0] + costs[slot] * last
        go_on[slot, 1:] = charge < idle[1:] - _TIE
        begin[slot, 1:, 1:] = charge[:, :-1] + start_cost < idle[1:, 1:] - _TIE
        running[1:] = np.where(go_on[slot, 1:], charge, idle[1:])
        idle[1:, 1:] = np.where(
            begin[slot, 1:, 1:], charge[:, :-1] + start_cost, idle[1:, 1:]
        )
    choices = np.full(count, OFF, dtype=np.int64)
    on, left = False, blocks
    for slot in range(count):
        starts = not on and bool(begin[slot, takes, left])
        on = starts or (on and bool(go_on[slot, takes, left]))
        left -= starts
        if on:
            choices[slot] = option
            takes -= 1
    return choices
