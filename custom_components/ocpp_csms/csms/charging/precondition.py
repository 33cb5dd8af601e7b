"""The slots before a deadline in which a car is to be charging, to warm its battery."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .grid import Bools, Grid, all_that_is_allowed, split
from .optimum import OFF, Floats, Ints
from .plan import Plan, PlanRequest

_NONE_WH, _NONE = 1e-3, 1e-6


def take_precondition(request: PlanRequest, grid: Grid) -> Grid:
    """Return the grid with the slots taken in which the car is to be charging.

    At the highest power that is allowed; where stretches are to be few, as one stretch.
    The slot in which the precondition begins is split.
    """
    if not request.precondition:
        return grid
    begin = request.deadline - request.precondition
    for slot, (start, end) in enumerate(zip(grid.starts, grid.ends, strict=True)):
        if start < begin < end:
            grid = split(grid, slot, begin)
            break
    top = all_that_is_allowed(grid)
    inside = np.array([start >= begin for start in grid.starts]) & (top != OFF)
    if request.max_segments is not None and inside.any():
        last = int(np.flatnonzero(inside)[-1])
        if request.max_segments == 1:
            return _with_forced(request, grid, _only_stretch(request, grid, inside))
        inside = _run_until(last, inside)
        top = np.where(inside, top[inside].min(), top)
    forced = np.where(inside, top, OFF)
    inside &= _energy_behind(request, grid, forced) < (request.energy_wh or 0.0)
    return _with_forced(request, grid, np.where(inside, top, OFF))


def _with_forced(request: PlanRequest, grid: Grid, forced: Ints) -> Grid:
    """Return the grid with forced slots, and what the car takes in them."""
    behind = _energy_behind(request, grid, forced)
    on = np.flatnonzero(forced != OFF)
    taken_wh = 0.0
    if on.size:
        first = int(on[0])
        missing_wh = float(behind[first])
        taken_wh = missing_wh + _taken_before(request, grid, forced, first, missing_wh)
    taken_wh = min(taken_wh, request.energy_wh or 0.0)
    return replace(grid, forced=forced, forced_wh=taken_wh)


def _energy_behind(request: PlanRequest, grid: Grid, choices: Ints) -> Floats:
    """Return how much is still missing after each slot, for a car that is full in the end."""
    behind = np.zeros(len(choices))
    missing_wh = 0.0
    for slot in reversed(range(len(choices))):
        behind[slot] = missing_wh
        missing_wh += _taken_before(request, grid, choices, slot, missing_wh)
    return behind


def _taken_before(
    request: PlanRequest, grid: Grid, choices: Ints, slot: int, missing_wh: float
) -> float:
    """Return what the car takes in a slot after which some energy is missing."""
    if choices[slot] == OFF:
        return 0.0
    power_w, hours = float(grid.powers[choices[slot]]), float(grid.hours[slot])
    if request.taper is None:
        return power_w * hours
    most_w = float(grid.powers[-1])
    return request.taper.taken_before(missing_wh, power_w, most_w, hours)


def _run_until(last: int, allowed: Bools) -> Bools:
    """Return the unbroken row of what is allowed that ends with a slot."""
    broken = np.flatnonzero(~allowed[: last + 1])
    run = np.zeros_like(allowed)
    run[broken[-1] + 1 if broken.size else 0 : last + 1] = True
    return run


def _only_stretch(request: PlanRequest, grid: Grid, inside: Bools) -> Ints:
    """Return the one stretch that reaches into the precondition: its option, slot by slot.

    The one that takes the most of what is wanted, of those the cheapest, and then the last;
    what runs or was planned before, unless another is worth a change.
    """
    tries = (
        _only_with(request, grid, option, run)
        for option in range(len(grid.powers))
        for run in _runs(np.isfinite(grid.costs[:, option]), inside)
    )
    return min(tries, key=lambda stretch: stretch.rank).choices


@dataclass(frozen=True, slots=True)
class _OnlyStretch:
    """A stretch that might be the only one: the option of each slot, and how good it is."""

    choices: Ints
    rank: tuple[float, float, int]
    """What is missing in Wh, what it costs, and how early it ends: the least is the best."""


def _only_with(
    request: PlanRequest, grid: Grid, option: int, run: Bools
) -> _OnlyStretch:
    """Return the end of a run that takes what is wanted with an option."""
    wanted_wh = request.energy_wh or 0.0
    behind = _energy_behind(request, grid, np.where(run, option, OFF))
    choices = np.where(run & (behind < wanted_wh - _NONE_WH), option, OFF)
    on = np.flatnonzero(choices != OFF)
    first, last = int(on[0]), int(on[-1])
    taken_wh = float(behind[first])
    taken_wh += _taken_before(request, grid, choices, first, taken_wh)
    cost = float(grid.costs[on, option].sum())
    if request.previous is not None and _is_planned(grid, option, request.previous):
        cost -= max(request.saving_threshold, _NONE)
    missing_wh = round(max(0.0, wanted_wh - taken_wh), 3)
    return _OnlyStretch(choices, (missing_wh, cost, -last))


def _runs(allowed: Bools, inside: Bools) -> Iterator[Bools]:
    """Yield each unbroken row of allowed slots that reaches into others."""
    changes = np.flatnonzero(np.diff(allowed, prepend=False, append=False))
    for begin, end in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
        run = np.zeros_like(allowed)
        run[begin:end] = True
        if (run & inside).any():
            yield run


def _is_planned(grid: Grid, option: int, planned: Plan) -> bool:
    """Return whether a plan that was made before uses an option."""
    return any(
        segment.phases == grid.phases[option]
        and abs(segment.current_a - grid.currents[option]) < _NONE
        for segment in planned.segments
    )
