"""Where a plan is cut, or filled up: its slots may hold more than is wanted, or less.

Slots that are short, as the first one often is, are chosen by whole units of energy; what
they hold beyond those is used only where it is missing.
"""

from datetime import timedelta
from enum import Enum, auto

import numpy as np

from ..model.rates import SLOT_S
from .grid import Bools, Grid, resized
from .optimum import OFF, Ints
from .outcome import is_as_wanted
from .plan import PlanRequest

_NONE_WH = 1e-6
_HALVINGS = 20


class Edges(Enum):
    """Where a plan may be cut."""

    ANY = auto()
    """Where charging begins or ends."""
    OUTER = auto()
    """Where it begins first, or ends last."""
    END = auto()
    """Where it ends last."""


def cut(grid: Grid, choices: Ints, energy_wh: float, edges: Edges) -> Grid:
    """Return the grid with slots shortened so that no more than some energy is taken.

    The dearest edge is cut first; where only a precondition is left, it begins later.
    """
    on = choices != OFF
    energy = np.where(on, grid.powers[choices], 0.0) * grid.hours
    excess_wh = float(energy.sum()) - energy_wh
    free = on & (grid.forced == OFF)
    while excess_wh > _NONE_WH and on.any():
        slot, at_begin = _edge(grid, choices, on, free, edges)
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
    grid: Grid, choices: Ints, on: Bools, free: Bools, edges: Edges
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
    if edges is not Edges.ANY:
        begins, ends = _only_first(begins), _only_first(ends[::-1])[::-1]
    if edges is Edges.END and ends.any():
        begins = np.zeros_like(begins)
    places = np.flatnonzero(begins | ends)
    if not places.size:
        places = np.flatnonzero(free)
    chosen = choices[places]
    wh = grid.powers[chosen] * grid.hours[places]
    price = grid.costs[places, chosen] / np.maximum(wh, _NONE_WH)
    slot = int(places[np.flatnonzero(price >= price.max() - 1e-9)[-1]])
    return slot, bool(begins[slot] and not ends[slot])


def _only_first(places: Bools) -> Bools:
    """Return only the first of some places."""
    result = np.zeros_like(places)
    result[np.flatnonzero(places)[:1]] = True
    return result


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


def fill_up(request: PlanRequest, grid: Grid, choices: Ints) -> Ints:
    """Return choices with more in the short slots, as far as energy is missing."""
    if request.energy_wh is None or request.taper is not None:
        return choices
    short = grid.hours < SLOT_S / 3600 - 1e-9
    for slot in np.flatnonzero(short & (grid.forced == OFF)).tolist():
        missing_wh = request.energy_wh - _energy_wh(grid, choices)
        if missing_wh <= _NONE_WH:
            break
        for option in reversed(np.flatnonzero(np.isfinite(grid.costs[slot])).tolist()):
            tried = choices.copy()
            tried[slot] = option
            if option > choices[slot] and is_as_wanted(request, grid, tried):
                choices = tried
                break
    return choices


def _energy_wh(grid: Grid, choices: Ints) -> float:
    power = np.where(choices != OFF, grid.powers[choices], 0.0)
    return float((power * grid.hours).sum())
