"""Where a plan is filled up that holds less than is wanted.

Energy is counted in whole units when slots are chosen. What a short slot holds beyond those,
and what a car near full takes beyond those, is used only where it is missing.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..model.rates import SLOT_S
from .grid import Grid, all_that_is_allowed
from .optimum import OFF, Ints
from .outcome import is_as_wanted, taken_wh
from .plan import PlanRequest

_NONE_WH = 1e-6


def fill_up(request: PlanRequest, grid: Grid, choices: Ints) -> Ints:
    """Return choices with more, as far as energy is missing: the cheapest slots first.

    All that is allowed, where even that is not enough for a car that takes less near full.
    """
    if request.energy_wh is None:
        return choices
    missing_wh = _missing_wh(request, grid, choices)
    if missing_wh <= _NONE_WH:
        return choices
    most = np.where(grid.forced == OFF, all_that_is_allowed(grid), grid.forced)
    if request.taper is not None and is_as_wanted(request, grid, most):
        lacks_wh = _missing_wh(request, grid, most)
        if lacks_wh > _NONE_WH:
            return most if lacks_wh < missing_wh - _NONE_WH else choices
    for places in _places(request, grid, choices):
        for option in reversed(_options(grid, places)):
            if option <= choices[places].max():
                break
            tried = choices.copy()
            tried[places] = option
            if not is_as_wanted(request, grid, tried):
                continue
            lacks_wh = _missing_wh(request, grid, tried)
            if lacks_wh < missing_wh - _NONE_WH:
                choices, missing_wh = tried, lacks_wh
                break
        if missing_wh <= _NONE_WH:
            break
    return choices


def _missing_wh(request: PlanRequest, grid: Grid, choices: Ints) -> float:
    taken = taken_wh(request, grid, choices)
    return (request.energy_wh or 0.0) - float(taken.sum())


def _places(request: PlanRequest, grid: Grid, choices: Ints) -> Iterator[Ints]:
    """Return where more may be charged: slot by slot, then stretch by stretch.

    Of a car that takes all it is offered only the short slots.
    """
    open_ = grid.forced == OFF
    if request.taper is None:
        open_ &= grid.hours < SLOT_S / 3600 - 1e-9
    dearness = np.where(np.isfinite(grid.costs), grid.costs, np.inf).min(axis=1)
    dearness /= np.maximum(grid.hours, 1e-9)
    for slot in np.argsort(dearness, kind="stable").tolist():
        if open_[slot]:
            yield np.array([slot])
    changes = np.flatnonzero(np.diff(choices, prepend=OFF - 1, append=OFF - 1))
    for begin, end in pairwise(changes.tolist()):
        if choices[begin] != OFF and open_[begin:end].all():
            yield np.arange(begin, end)


def _options(grid: Grid, places: Ints) -> list[int]:
    """Return the options that are allowed in all of some slots."""
    allowed = np.isfinite(grid.costs[places]).all(axis=0)
    return [int(option) for option in np.flatnonzero(allowed)]
