"""The least-cost plan that takes some energy by a deadline.

Exact over a grid of quarter hours: in every slot off, or one of the currents between
minimum and maximum on any of the possible numbers of phases; solar energy is worth its
export price. Energy of the first and the last slot, if they are cut, counts in whole steps,
rounded down, so that a plan never promises more than it gives.
"""

from dataclasses import replace
from datetime import timedelta
from math import ceil

import numpy as np

from .cut import begin_later, cut
from .fill import fill_up
from .grid import Grid, all_that_is_allowed, make_grid
from .optimum import OFF, Floats, Ints, Slots, cheapest
from .outcome import count_segments, outcome, total_cost
from .plan import Plan, PlanReason, PlanRequest
from .precondition import take_precondition
from .previous import lean_on, what_is_left
from .stretches import cheapest_stretches

_CATCH_UP = timedelta(days=1)
"""How long charging goes on after a deadline that was missed, unless there is enough."""
_VERY_FEW = 6
"""Stretches so few that the best of all plans would seldom do with them."""
_QUICK = 60_000
"""Slots times units of energy for which it is looked all the same."""
_ENOUGH_WH = 1e-3
"""Less than this is nothing."""
_EPSILON_WH = 10.0
"""What a plan may lack and be kept: less than a second thought is worth."""


def plan(request: PlanRequest) -> Plan:
    """Return the best plan for a request.

    What can't be reached is reported as shortfall with its reason. The same request gives
    the same plan, and a previous plan is kept unless a new one saves enough.
    """
    if request.energy_wh is not None and request.energy_wh < _ENOUGH_WH:
        return Plan(reason=PlanReason.NOTHING_TO_DO, next_plan_at=request.deadline)
    if request.deadline <= request.now:
        return _at_once(request)
    grid = take_precondition(request, make_grid(request))
    fresh = _plan(request, grid, grid)
    if request.previous is None:
        return fresh
    kept = _keep(request, grid, request.previous)
    more_wh = fresh.shortfall_wh - kept.shortfall_wh
    if request.energy_wh is None:
        more_wh = kept.energy_wh - fresh.energy_wh
    if abs(more_wh) > _EPSILON_WH:
        return kept if more_wh > 0 else fresh
    saved = total_cost(request, kept) - total_cost(request, fresh)
    return kept if saved <= request.saving_threshold + 1e-9 else fresh


def _plan(request: PlanRequest, grid: Grid, valued: Grid) -> Plan:
    """Return the best plan for a grid, if costs are valued otherwise when choosing."""
    return _cut(request, grid, fill_up(request, grid, _choose(request, valued)))


def _keep(request: PlanRequest, grid: Grid, previous: Plan) -> Plan:
    """Return what is left of the previous plan, or the best that is much like it."""
    left = what_is_left(request, grid, previous)
    if left is not None:
        kept = outcome(request, *left, lack_wh=_EPSILON_WH)
        wanted = request.energy_wh
        if wanted is not None and kept.energy_wh > wanted + _EPSILON_WH:
            return _cut(request, *left)
        if kept.shortfall_wh <= 0:
            return kept
        other = _plan(request, grid, lean_on(request, grid, previous))
        return kept if kept.shortfall_wh <= other.shortfall_wh + _EPSILON_WH else other
    return _plan(request, grid, lean_on(request, grid, previous))


def _cut(
    request: PlanRequest, grid: Grid, choices: Ints, *, at_end: bool = False
) -> Plan:
    """Return the plan that choices make, cut to the energy that is wanted."""
    if request.energy_wh is not None and request.taper is None:
        grid = cut(grid, choices, request.energy_wh, at_end=at_end)
    grid = begin_later(request, grid, choices)
    return outcome(request, grid, choices)


def _at_once(request: PlanRequest) -> Plan:
    """Return a plan that charges from now on as fast as all limits allow: it is too late."""
    late = replace(request, deadline=request.now + _CATCH_UP, previous=None)
    grid = make_grid(late)
    choices = all_that_is_allowed(grid)
    energy = np.where(choices != OFF, grid.powers[choices], 0.0) * grid.hours
    before = np.cumsum(energy) - energy
    wanted = request.energy_wh or 0.0
    choices = np.where(before < wanted - _ENOUGH_WH, choices, OFF)
    result = _cut(late, grid, choices, at_end=True)
    end = max((s.end for s in result.segments), default=late.deadline)
    return replace(result, reason=PlanReason.TOO_LATE, next_plan_at=end)


def _choose(request: PlanRequest, grid: Grid) -> Ints:
    """Return the option of each slot."""
    if request.energy_wh is None:
        return _all_there_is(request, grid)
    slots, need = _what_is_needed(request, grid)
    if need <= 0:
        return grid.forced
    few, contiguous = request.max_segments, request.contiguous
    if few == 1 and (grid.forced != OFF).any():
        return grid.forced
    quick = need * len(grid.hours) <= _QUICK
    if request.taper is None and (few is None or few > _VERY_FEW or quick):
        free = replace(
            slots, costs=np.where(grid.forced[:, None] != OFF, np.inf, slots.costs)
        )
        choices = cheapest(
            free, need, start_cost=request.start_cost, contiguous=contiguous
        )
        choices = np.where(grid.forced == OFF, choices, grid.forced)
        if few is None or count_segments(choices) <= few:
            return choices
    return cheapest_stretches(
        slots, need, few, start_cost=request.start_cost, contiguous=contiguous
    )


def _what_is_needed(request: PlanRequest, grid: Grid) -> tuple[Slots, int]:
    """Return the slots, and the units of energy that are to be taken from them.

    What forced slots take counts apart.
    """
    forced = grid.forced != OFF
    others = np.arange(len(grid.powers)) != grid.forced[:, None]
    costs = np.where(forced[:, None] & others, np.inf, grid.costs)
    wanted_wh = (request.energy_wh or 0.0) - grid.forced_wh
    units = np.where(forced[:, None], 0, grid.units)
    takes = None
    need = ceil(wanted_wh / grid.unit_wh - 1e-6)
    possible = np.where(np.isfinite(costs), units, 0).max(axis=1).sum()
    if request.taper is not None:
        # How full the car is counts also where it can't be full in time.
        possible += _reach(request, grid)
    need = max(0, min(need, int(possible)))
    if request.taper is not None:
        takes = _taken(request, grid, need)
    return Slots(costs, units, takes, forced, grid.running), need


def _taken(request: PlanRequest, grid: Grid, need: int) -> Ints:
    """Return the units that the car takes in a slot, by those missing and by option.

    As far as it takes less than it is offered.
    """
    assert request.taper is not None
    hours, most_w = float(grid.hours.max()), float(grid.powers[-1])
    rows = min(need, _reach(request, grid)) + 1
    taken = np.zeros((rows, len(grid.powers)), dtype=np.int64)
    for missing in range(1, rows):
        for option, power_w in enumerate(grid.powers.tolist()):
            missing_wh = missing * grid.unit_wh + grid.forced_wh
            wh, _ = request.taper.charge(missing_wh, power_w, most_w, hours)
            taken[missing, option] = max(1, int(wh / grid.unit_wh + 1e-6))
    return taken


def _reach(request: PlanRequest, grid: Grid) -> int:
    """Return the units missing below which a slot may reach to where the car takes less."""
    assert request.taper is not None
    most_wh = float(grid.powers[-1]) * float(grid.hours.max())
    return ceil((request.taper.from_wh + most_wh) / grid.unit_wh)


def _all_there_is(request: PlanRequest, grid: Grid) -> Ints:
    """Return what takes the most energy, and of equally much what costs the least."""
    if request.max_segments is None and not request.contiguous:
        return all_that_is_allowed(grid)
    goes_on = grid.running and request.max_segments == 1
    energy: Floats = grid.powers * grid.hours[:, None] / grid.unit_wh
    units = np.zeros_like(grid.units)
    weight = Slots(grid.costs, units).shortfall_cost
    slots = Slots(grid.costs - energy * weight, units, running=grid.running)
    return cheapest_stretches(
        slots, 0, request.max_segments, contiguous=request.contiguous or goes_on
    )
