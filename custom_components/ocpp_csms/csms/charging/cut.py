"""Where a plan is cut whose slots hold more than is wanted."""

from datetime import timedelta

import numpy as np

from .grid import Bools, Grid, resized
from .optimum import OFF, Ints
from .plan import PlanRequest

_NONE_WH = 1e-6
_HALVINGS = 20


def cut(grid: Grid, choices: Ints, energy_wh: float, *, at_end: bool = False) -> Grid:
    """Return the grid with slots shortened so that no more than some energy is taken.

    Where charging begins or ends the dearest is cut first, or where it ends last; where only
    a precondition is left, it begins later.
    """
    on = choices != OFF
    energy = np.where(on, grid.powers[choices], 0.0) * grid.hours
    excess_wh = float(energy.sum()) - energy_wh
    free = on & (grid.forced == OFF)
    while excess_wh > _NONE_WH and on.any():
        slot, at_begin = _edge(grid, choices, on, free, at_end=at_end)
        power = float(grid.powers[choices[slot]])
        part_wh = min(excess_wh, float(power * grid.hours[slot]))
        start, end = grid.starts[slot], grid.ends[slot]
        less = timedelta(hours=part_wh / power)
        if at_begin:
            grid = resized(grid, slot, min(start + less, end), end)
        else:
            grid = resized(grid, slot, start, max(end - less, start))
        excess_wh -= part_wh
        on[slot] = free[slot] = False
    return grid


def _edge(
    grid: Grid, choices: Ints, on: Bools, free: Bools, *, at_end: bool
) -> tuple[int, bool]:
    """Return the slot to be cut, and whether at its begin.

    Of equally dear ones the last: charging ends when there is enough.
    """
    if not free.any():
        return int(np.flatnonzero(on)[0]), True
    begins, ends = (
        free & ~np.append(grid.running, on[:-1]),
        free & ~np.append(on[1:], False),
    )
    if at_end and ends.any():
        return int(np.flatnonzero(ends)[-1]), False
    places = np.flatnonzero(begins | ends)
    if not places.size:
        places = np.flatnonzero(free)
    chosen = choices[places]
    wh = grid.powers[chosen] * grid.hours[places]
    price = grid.costs[places, chosen] / np.maximum(wh, _NONE_WH)
    slot = int(places[np.flatnonzero(price >= price.max() - 1e-9)[-1]])
    return slot, bool(begins[slot] and not ends[slot])


def begin_later(request: PlanRequest, grid: Grid, choices: Ints) -> Grid:
    """Return the grid with a later begin, so that a car is not full before its precondition ends.

    For one that takes less near full; it can't be said beforehand how long it takes.
    """
    if request.taper is None or not grid.forced_wh:
        return grid
    for slot in np.flatnonzero(choices != OFF).tolist():
        start, end = grid.starts[slot], grid.ends[slot]
        if _is_full_early(request, resized(grid, slot, end, end), choices):
            grid = resized(grid, slot, end, end)
            continue
        low, high = timedelta(), end - start
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            later = resized(grid, slot, start + middle, end)
            if _is_full_early(request, later, choices):
                low = middle
            else:
                high = middle
        return resized(grid, slot, start + low, end)
    return grid


def _is_full_early(request: PlanRequest, grid: Grid, choices: Ints) -> bool:
    """Return whether a car that takes less near full is so before the last slot is over."""
    assert request.taper is not None
    missing_wh, most_w = request.energy_wh or 0.0, float(grid.powers[-1])
    used_h = hours = 0.0
    for slot in np.flatnonzero(choices != OFF).tolist():
        hours, power_w = float(grid.hours[slot]), float(grid.powers[choices[slot]])
        taken_wh, used_h = request.taper.charge(missing_wh, power_w, most_w, hours)
        missing_wh = max(0.0, missing_wh - taken_wh)
    return missing_wh <= _NONE_WH and used_h <= hours
