"""What comes of a choice for each slot: a plan with its energy, cost and reason."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from .grid import Bools, Grid, resized
from .optimum import OFF, Floats, Ints
from .plan import Plan, PlanReason, PlanRequest, PlanSegment

_PUBLICATION = timedelta(hours=1)
"""How soon to ask again for prices that are not known yet."""
_LOOK_AGAIN = timedelta(days=1)
"""How soon to plan again for a deadline that is too far away to be planned for."""
_NONE_WH = 1e-3


def outcome(
    request: PlanRequest, grid: Grid, choices: Ints, lack_wh: float = _NONE_WH
) -> Plan:
    """Return the plan that choices make; what lacks less than `lack_wh` is complete."""
    grid, energy = _taken(request, grid, choices)
    hours = np.maximum(grid.hours, 1e-9)
    solar = np.minimum(energy / hours, grid.surplus) * grid.hours
    cost = (energy - solar) * grid.import_price + solar * grid.export_price
    total = float(energy.sum())
    shortfall = max(0.0, request.energy_wh - total) if request.energy_wh else 0.0
    shortfall = 0.0 if shortfall < lack_wh else shortfall
    return Plan(
        segments=_merge(grid, choices),
        reason=_reason(request, grid, choices, shortfall),
        energy_wh=total,
        cost=float(cost.sum()) / 1000,
        solar_wh=float(solar.sum()),
        co2_g=_co2(request, grid, energy - solar),
        shortfall_wh=shortfall,
        next_plan_at=_next_plan(request, grid),
    )


def total_cost(request: PlanRequest, made: Plan) -> float:
    """Return what a plan costs with its beginnings; going on with a previous one is none."""
    ends = {segment.end for segment in made.segments}
    if request.running:
        ends.add(request.now)
    begins = sum(segment.start not in ends for segment in made.segments)
    return made.cost + begins * request.start_cost


def count_segments(choices: Ints) -> int:
    """Return how many stretches of one set-point the choices make."""
    changes = np.flatnonzero(np.diff(choices, prepend=OFF))
    return int((choices[changes] != OFF).sum())


def _count_starts(choices: Ints) -> int:
    """Return how often charging begins."""
    on = choices != OFF
    return int((on & ~np.append(False, on[:-1])).sum())


def is_as_wanted(request: PlanRequest, grid: Grid, choices: Ints) -> bool:
    """Return whether choices keep to what is asked for now."""
    forced = grid.forced != OFF
    if (choices[forced] != grid.forced[forced]).any():
        return False
    if request.contiguous and _count_starts(np.where(forced, OFF, choices)) > 1:
        return False
    few = request.max_segments
    return few is None or count_segments(choices) <= few


def taken_wh(request: PlanRequest, grid: Grid, choices: Ints) -> Floats:
    """Return the energy in Wh that the car takes in each slot."""
    return _taken(request, grid, choices)[1]


def _taken(request: PlanRequest, grid: Grid, choices: Ints) -> tuple[Grid, Floats]:
    """Return the grid until the car is full, and what it takes in each slot."""
    if request.taper is not None and request.energy_wh is not None:
        return _tapered(request, grid, choices)
    return grid, np.where(choices != OFF, grid.powers[choices], 0.0) * grid.hours


def _tapered(request: PlanRequest, grid: Grid, choices: Ints) -> tuple[Grid, Floats]:
    """Return the grid cut where the car is full, and what it takes in each slot."""
    assert request.taper is not None
    missing_wh, most_w = request.energy_wh or 0.0, float(grid.powers[-1])
    energy = np.zeros(len(grid.hours))
    for slot in np.flatnonzero(choices != OFF).tolist():
        hours = float(grid.hours[slot])
        offered_w = float(grid.powers[choices[slot]])
        taken, used_h = request.taper.charge(missing_wh, offered_w, most_w, hours)
        energy[slot] = taken
        missing_wh = max(0.0, missing_wh - taken)
        if used_h < hours:
            end = grid.starts[slot] + timedelta(hours=used_h)
            grid = resized(grid, slot, grid.starts[slot], end)
    return grid, energy


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
        unknown = bool(((choices != OFF) & ~grid.known).any())
        waits = unknown and request.import_price is not None
        return PlanReason.WAITING_FOR_PRICES if waits else PlanReason.COMPLETE
    wanted_wh = request.energy_wh or 0.0
    most = _reachable(request, grid, {})
    if most + _NONE_WH < wanted_wh:
        return PlanReason.TOO_LATE
    reachable = _reachable(request, grid, grid.limits)
    if reachable + _NONE_WH >= wanted_wh:
        few = request.contiguous or request.max_segments is not None
        return PlanReason.SEGMENTS_LIMITED if few else PlanReason.TOO_LATE
    for reason in grid.limits:
        others = {key: limit for key, limit in grid.limits.items() if key != reason}
        if _reachable(request, grid, others) > reachable + _NONE_WH:
            return reason
    return next(iter(grid.limits))


def _reachable(
    request: PlanRequest, grid: Grid, limits: Mapping[PlanReason, Bools]
) -> float:
    """Return how much energy can be charged at most within some limits, in Wh."""
    allowed: Bools = np.ones(grid.costs.shape, dtype=np.bool_)
    for limit in limits.values():
        allowed &= ~limit
    last = allowed.shape[1] - 1 - allowed[:, ::-1].argmax(axis=1)
    most = np.where(allowed.any(axis=1), last, OFF)
    return float(taken_wh(request, grid, most).sum())


def _co2(request: PlanRequest, grid: Grid, from_grid_wh: Floats) -> float | None:
    if request.co2 is None:
        return None
    known = [request.co2.at(start) for start in grid.starts]
    intensity = np.array([np.nan if value is None else value for value in known])
    if np.isnan(intensity[from_grid_wh > 0]).any():
        return None
    return float((np.nan_to_num(intensity) * from_grid_wh).sum()) / 1000


def _next_plan(request: PlanRequest, grid: Grid) -> datetime:
    """Return when to plan again if nothing else happens."""
    if grid.ends[-1] < request.deadline:
        return request.now + _LOOK_AGAIN
    if request.import_price is not None and not grid.known.all():
        return request.now + _PUBLICATION
    return request.deadline
