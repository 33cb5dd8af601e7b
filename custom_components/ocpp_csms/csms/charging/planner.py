"""The least-cost plan that takes some energy by a deadline.

Exact over a grid of quarter hours: in every slot off, or one of the currents between
minimum and maximum on any of the possible numbers of phases; solar energy is worth its
export price. The first and the last slot may be cut; their energy counts in whole steps,
rounded down, so that a plan never promises more than it gives.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from .grid import (
    Grid,
    all_that_is_allowed,
    begin_later,
    end_earlier,
    make_grid,
    take_precondition,
    values_of,
)
from .optimum import OFF, Floats, Ints, Slots, cheapest, cheapest_blocks
from .plan import Plan, PlanReason, PlanRequest, PlanSegment

_PUBLICATION = timedelta(hours=1)
"""How soon to ask again for prices that are not known yet."""
_CATCH_UP = timedelta(days=1)
"""How long charging goes on after a deadline that was missed, unless there is enough."""
_VERY_FEW = 6
_EPSILON_WH = 10.0
"""What a plan may lack and be kept: less than a second thought is worth."""
_EPSILON_W = 1.0


def plan(request: PlanRequest) -> Plan:
    """Return the best plan for a request.

    What can't be reached is reported as shortfall with its reason. The same request gives
    the same plan, and a previous plan is kept unless a new one saves enough.
    """
    if request.energy_wh is not None and request.energy_wh <= 0:
        return Plan(reason=PlanReason.NOTHING_TO_DO, next_plan_at=request.deadline)
    if request.deadline <= request.now:
        return _at_once(request)
    grid = take_precondition(request, make_grid(request))
    kept = _keep_previous(request, grid)
    choices = _choose(request, grid)
    fresh = _result(request, grid, choices)
    if kept is not None and kept.shortfall_wh <= fresh.shortfall_wh + _EPSILON_WH:
        saved = _total_cost(request, kept) - _total_cost(request, fresh)
        if saved <= request.saving_threshold + 1e-9:
            return kept
    return fresh


def _total_cost(request: PlanRequest, made: Plan) -> float:
    """Return what a plan costs with its beginnings."""
    ends = {segment.end for segment in made.segments}
    begins = sum(segment.start not in ends for segment in made.segments)
    return made.cost + begins * request.start_cost


def _at_once(request: PlanRequest) -> Plan:
    """Return a plan that charges from now on as fast as all limits allow: it is too late."""
    late = replace(request, deadline=request.now + _CATCH_UP, previous=None)
    grid = make_grid(late)
    choices = all_that_is_allowed(grid)
    on = choices != OFF
    energy = np.where(on, grid.powers[choices], 0.0) * grid.hours
    wanted = request.energy_wh or 0.0
    before = np.cumsum(energy) - energy
    choices = np.where(before < wanted - 1e-6, choices, OFF)
    result = _result(late, grid, choices)
    end = max((s.end for s in result.segments), default=late.deadline)
    return replace(result, reason=PlanReason.TOO_LATE, next_plan_at=end)


def _choose(request: PlanRequest, grid: Grid) -> Ints:
    """Return the option of each slot."""
    if request.energy_wh is None:
        return all_that_is_allowed(grid)
    fixed, top = grid.fixed, all_that_is_allowed(grid)
    fixed_wh = float((grid.powers[top[fixed]] * grid.hours[fixed]).sum())
    left_wh = request.energy_wh - fixed_wh
    left = ceil(left_wh / grid.unit_wh - 1e-6)
    costs = np.where(fixed[:, None], np.inf, grid.costs)
    left = min(left, int(np.where(np.isfinite(costs), grid.units, 0).max(axis=1).sum()))
    slots = Slots(costs, grid.units, _tapered(request, grid, max(left, 0)))
    if left <= 0:
        return np.where(fixed, top, OFF)
    made = [np.where(fixed, top, c) for c in _candidates(request, slots, left, fixed)]
    fitting = [choices for choices in made if _is_few(request, grid, choices)]
    return min(fitting or made[-1:], key=lambda c: _worth(request, grid, c))


def _candidates(
    request: PlanRequest,
    slots: Slots,
    need: int,
    fixed: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> list[Ints]:
    """Return the best way of all, and, where stretches are to be few, that with the fewest.

    Where they are to be very few, the best of all would seldom do.
    """
    start_cost, contiguous = request.start_cost, request.contiguous
    few = request.max_segments
    found: list[Ints] = []
    if few is None or few > _VERY_FEW:
        best = cheapest(slots, need, start_cost=start_cost, contiguous=contiguous)
        found.append(best)
    if contiguous:
        found.append(cheapest_blocks(slots, need, 1, start_cost=start_cost))
    elif few is not None:
        blocks = max(1, few - int(fixed.any()))
        found.append(cheapest_blocks(slots, need, blocks, start_cost=start_cost))
    return found


def _is_few(request: PlanRequest, grid: Grid, choices: Ints) -> bool:
    """Return whether choices make no more stretches than are asked for."""
    if request.contiguous and _starts(np.where(grid.fixed, OFF, choices)) > 1:
        return False
    return request.max_segments is None or _segments(choices) <= request.max_segments


def _worth(request: PlanRequest, grid: Grid, choices: Ints) -> tuple[float, float]:
    """Return what choices lack, in Wh, and what they cost: the less the better."""
    made = _result(request, grid, choices)
    return round(made.shortfall_wh, 3), round(_total_cost(request, made), 9)


def _tapered(
    request: PlanRequest, grid: Grid, need: int
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]] | None:
    """Return which options the car takes when so many units are missing."""
    if request.taper is None:
        return None
    most = float(grid.powers[-1])
    missing = np.arange(need + 1) * grid.unit_wh
    power = np.array([request.taper.power(float(wh), most) for wh in missing])
    # What counts is the power at the end of a slot, when less is missing.
    slot_units = grid.units.max(axis=0)
    after = np.maximum(np.arange(need + 1)[:, None] - slot_units[None, :], 0)
    allowed: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
        grid.powers[None, :] <= power[after] + _EPSILON_W
    )
    allowed[:, 0] = True
    return allowed


def _segments(choices: Ints) -> int:
    """Return how many stretches of one set-point the choices make."""
    changes = np.flatnonzero(np.diff(choices, prepend=OFF))
    return int((choices[changes] != OFF).sum())


def _result(request: PlanRequest, grid: Grid, choices: Ints) -> Plan:
    """Return the plan that choices make."""
    grid = _trim(request, grid, choices)
    on = choices != OFF
    power = np.where(on, grid.powers[choices], 0.0)
    energy = power * grid.hours
    solar = np.minimum(power, grid.surplus) * grid.hours
    cost = (
        float(((energy - solar) * grid.import_price + solar * grid.export_price).sum())
        / 1000
    )
    total = float(energy.sum())
    wanted = request.energy_wh
    shortfall = max(0.0, wanted - total) if wanted is not None else 0.0
    shortfall = 0.0 if shortfall < 1e-3 else shortfall
    return Plan(
        segments=_merge(grid, choices),
        reason=_reason(request, grid, choices, shortfall),
        energy_wh=total,
        cost=cost,
        solar_wh=float(solar.sum()),
        co2_g=_co2(request, grid, energy - solar),
        shortfall_wh=shortfall,
        next_plan_at=_next_plan(request, grid),
    )


def _trim(request: PlanRequest, grid: Grid, choices: Ints) -> Grid:
    """Return the grid with the slot shortened that goes beyond what is wanted.

    It is the dearest of those in which charging begins or ends; where only a precondition
    charges, the first, which begins later.
    """
    if request.energy_wh is None:
        return grid
    on = choices != OFF
    energy = np.where(on, grid.powers[choices], 0.0) * grid.hours
    excess_wh = float(energy.sum()) - request.energy_wh
    if excess_wh <= 1e-6:
        return grid
    free = on & ~grid.fixed
    while excess_wh > 1e-6 and free.any():
        slot, at_begin = _dearest_edge(grid, choices, free)
        power = float(grid.powers[choices[slot]])
        part_wh = min(excess_wh, float(power * grid.hours[slot]))
        cut = begin_later if at_begin else end_earlier
        grid = cut(grid, slot, timedelta(hours=part_wh / power))
        excess_wh -= part_wh
        free[slot] = False
    if excess_wh <= 1e-6:
        return grid
    first = int(np.flatnonzero(on)[0])
    power = float(grid.powers[choices[first]])
    return begin_later(grid, first, timedelta(hours=excess_wh / power))


def _dearest_edge(
    grid: Grid, choices: Ints, free: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[int, bool]:
    """Return the dearest slot at the begin or end of a stretch, and whether it is the begin.

    Of equally dear ones the last: charging ends when there is enough.
    """
    on = choices != OFF
    begins = free & ~np.append(False, on[:-1])
    ends = free & ~np.append(on[1:], False)
    edges = np.flatnonzero(begins | ends)
    if not edges.size:
        edges = np.flatnonzero(free)
    chosen = choices[edges]
    wh = grid.powers[chosen] * grid.hours[edges]
    price = grid.costs[edges, chosen] / np.maximum(wh, 1e-9)
    slot = int(edges[np.flatnonzero(price >= price.max() - 1e-9)[-1]])
    return slot, bool(begins[slot] and not ends[slot])


def _merge(grid: Grid, choices: Ints) -> tuple[PlanSegment, ...]:
    segments: list[PlanSegment] = []
    last = OFF
    for slot, choice in enumerate(choices.tolist()):
        if choice == OFF or grid.starts[slot] >= grid.ends[slot]:
            last = OFF
            continue
        if choice == last and segments[-1].end == grid.starts[slot]:
            start = segments.pop().start
        else:
            start = grid.starts[slot]
        current, phases = float(grid.currents[choice]), int(grid.phases[choice])
        segments.append(PlanSegment(start, grid.ends[slot], current, phases))
        last = choice
    return tuple(segments)


def _reason(
    request: PlanRequest, grid: Grid, choices: Ints, shortfall_wh: float
) -> PlanReason:
    if shortfall_wh <= 0:
        waits = (
            (choices != OFF) & ~grid.known
        ).any() and request.import_price is not None
        return PlanReason.WAITING_FOR_PRICES if waits else PlanReason.COMPLETE
    most = float((grid.powers[-1] * grid.hours).sum())
    if request.energy_wh is not None and most + 1e-6 < request.energy_wh:
        return PlanReason.TOO_LATE
    reachable = _reachable(grid, grid.limits)
    for reason in grid.limits:
        others = {key: limit for key, limit in grid.limits.items() if key != reason}
        if _reachable(grid, others) > reachable + 1e-6:
            return reason
    return next(iter(grid.limits), PlanReason.TOO_LATE)


def _reachable(
    grid: Grid,
    limits: dict[PlanReason, np.ndarray[tuple[int, int], np.dtype[np.bool_]]],
) -> float:
    """Return how much energy can be charged at most within some limits, in Wh."""
    allowed = np.ones(grid.costs.shape, dtype=np.bool_)
    for limit in limits.values():
        allowed &= ~limit
    power = np.where(allowed, grid.powers[None, :], 0.0).max(axis=1)
    return float((power * grid.hours).sum())


def _co2(request: PlanRequest, grid: Grid, from_grid_wh: Floats) -> float | None:
    if request.co2 is None:
        return None
    intensity = values_of(request.co2, grid.start, len(grid.hours))
    if np.isnan(intensity[from_grid_wh > 0]).any():
        return None
    return float((np.nan_to_num(intensity) * from_grid_wh).sum()) / 1000


def _next_plan(request: PlanRequest, grid: Grid) -> datetime:
    """Return when to plan again if nothing else happens."""
    if request.import_price is not None and not grid.known.all():
        return request.now + _PUBLICATION
    return request.deadline


def _keep_previous(request: PlanRequest, grid: Grid) -> Plan | None:
    """Return what is left of the previous plan, valued anew; None if it can't be kept."""
    previous = request.previous
    if previous is None or request.energy_wh is None or request.taper is not None:
        return None
    choices = np.full(len(grid.hours), OFF, dtype=np.int64)
    for slot, (start, end) in enumerate(zip(grid.starts, grid.ends, strict=True)):
        segment = previous.during(start, end)
        if segment is None:
            continue
        matches = np.flatnonzero(
            np.isclose(grid.currents, segment.current_a)
            & (grid.phases == segment.phases)
        )
        if not matches.size:
            return None
        choice = int(matches[0])
        if not np.isfinite(grid.costs[slot, choice]):
            return None
        choices[slot] = choice
    if not _still_fits(request, grid, choices):
        return None
    return _result(request, grid, choices)


def _still_fits(request: PlanRequest, grid: Grid, choices: Ints) -> bool:
    """Return whether choices keep to what is asked for now."""
    top = all_that_is_allowed(grid)
    if (choices[grid.fixed] != top[grid.fixed]).any():
        return False
    return _is_few(request, grid, choices)


def _starts(choices: Ints) -> int:
    """Return how often charging begins."""
    on = choices != OFF
    return int((on & ~np.append(False, on[:-1])).sum())
