"""The least-cost plan that takes some energy by a deadline.

Exact over a grid of quarter hours: in every slot off, or one of the currents between
minimum and maximum on any of the possible numbers of phases; solar energy is worth its
export price. The first and the last slot may be cut; their energy counts in whole steps,
rounded down, so that a plan never promises more than it gives.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from ..model.rates import SLOT, SLOT_S, Series, floor_slot
from .optimum import OFF, Floats, Ints, Slots, cheapest, cheapest_blocks
from .plan import Charger, Plan, PlanReason, PlanRequest, PlanSegment

_PUBLICATION = timedelta(hours=1)
"""How soon to ask again for prices that are not known yet."""
_CATCH_UP = timedelta(days=1)
"""How long charging goes on after a deadline that was missed, unless there is enough."""
_VERY_FEW = 6
_MAX_SLOTS = 7 * 96
_EPSILON_W = 1.0


@dataclass(frozen=True, slots=True)
class _Grid:
    """The slots of a request as arrays: hours, prices, powers, costs."""

    start: datetime
    hours: Floats
    starts: list[datetime]
    ends: list[datetime]
    currents: Floats
    phases: Ints
    powers: Floats
    costs: Floats
    units: Ints
    unit_wh: float
    known: np.ndarray[tuple[int], np.dtype[np.bool_]]
    import_price: Floats
    export_price: Floats
    surplus: Floats
    limits: dict[PlanReason, np.ndarray[tuple[int, int], np.dtype[np.bool_]]]
    """What each limit forbids, by the reason that it gives."""
    fixed: np.ndarray[tuple[int], np.dtype[np.bool_]]
    """The slots before the deadline that are taken whatever they cost."""


def plan(request: PlanRequest) -> Plan:
    """Return the best plan for a request.

    What can't be reached is reported as shortfall with its reason. The same request gives
    the same plan, and a previous plan is kept unless a new one saves enough.
    """
    if request.energy_wh is not None and request.energy_wh <= 0:
        return Plan(reason=PlanReason.NOTHING_TO_DO, next_plan_at=request.deadline)
    if request.deadline <= request.now:
        return _at_once(request)
    grid = _precondition(request, _grid(request))
    kept = _keep_previous(request, grid)
    choices = _choose(request, grid)
    fresh = _result(request, grid, choices)
    if kept is not None and kept.shortfall_wh <= fresh.shortfall_wh + grid.unit_wh:
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
    grid = _grid(late)
    choices = _all_that_is_allowed(grid)
    on = choices != OFF
    energy = np.where(on, grid.powers[choices], 0.0) * grid.hours
    wanted = request.energy_wh or 0.0
    before = np.cumsum(energy) - energy
    choices = np.where(before < wanted - 1e-6, choices, OFF)
    result = _result(late, grid, choices)
    end = max((s.end for s in result.segments), default=late.deadline)
    return replace(result, reason=PlanReason.TOO_LATE, next_plan_at=end)


def _options(charger: Charger) -> tuple[Floats, Ints]:
    """Return current and phases of each set-point, in the order of their power."""
    count = int((charger.max_a - charger.min_a) / charger.step_a + 1e-9) + 1
    pairs = [
        (charger.min_a + index * charger.step_a, phases)
        for phases in charger.phases
        for index in range(count)
    ]
    pairs.sort(key=lambda pair: (pair[0] * pair[1], pair[1]))
    return (
        np.array([current for current, _ in pairs]),
        np.array([phases for _, phases in pairs], dtype=np.int64),
    )


def _grid(request: PlanRequest) -> _Grid:
    charger = request.charger
    start = floor_slot(request.now)
    count = min(ceil((request.deadline - start) / SLOT), _MAX_SLOTS)
    starts = [max(start + SLOT * i, request.now) for i in range(count)]
    ends = [min(start + SLOT * (i + 1), request.deadline) for i in range(count)]
    hours = np.array(
        [
            (end - begin).total_seconds() / 3600
            for begin, end in zip(starts, ends, strict=True)
        ]
    )
    currents, phases = _options(charger)
    powers = currents * phases * charger.voltage_v
    raw_price = _array(request.import_price, start, count)
    known = ~np.isnan(raw_price)
    price = np.where(known, raw_price, _unknown_price(request, raw_price))
    export = np.nan_to_num(_array(request.export_price, start, count))
    surplus = np.maximum(np.nan_to_num(_array(request.surplus_w, start, count)), 0.0)
    solar = np.minimum(powers[None, :], surplus[:, None])
    kilowatts = (
        solar * export[:, None] + (powers[None, :] - solar) * price[:, None]
    ) / 1000
    unit_wh = charger.voltage_v * min(charger.phases) * charger.step_a * SLOT_S / 3600
    units = np.floor(powers[None, :] * hours[:, None] / unit_wh + 1e-6).astype(np.int64)
    limits = _limits(request, start, powers, currents, price, known, surplus)
    forbidden = np.zeros((count, len(powers)), dtype=np.bool_)
    for limit in limits.values():
        forbidden |= limit
    costs = np.where(forbidden, np.inf, kilowatts * hours[:, None])
    return _Grid(
        start, hours, starts, ends, currents, phases, powers, costs, units, unit_wh,
        known, price, export, surplus, limits, np.zeros(count, dtype=np.bool_),
    )  # fmt: skip


def _array(series: Series | None, start: datetime, count: int) -> Floats:
    """Return the values of a series on the grid; NaN where they are not known."""
    if series is None:
        return np.full(count, np.nan)
    return np.array(
        [np.nan if value is None else value for value in series.window(start, count)],
        dtype=np.float64,
    )


def _unknown_price(request: PlanRequest, prices: Floats) -> float:
    if request.unknown_price is not None:
        return request.unknown_price
    known = prices[~np.isnan(prices)]
    return float(known.mean()) if known.size else 0.0


def _limits(
    request: PlanRequest,
    start: datetime,
    powers: Floats,
    currents: Floats,
    price: Floats,
    known: np.ndarray[tuple[int], np.dtype[np.bool_]],
    surplus: Floats,
) -> dict[PlanReason, np.ndarray[tuple[int, int], np.dtype[np.bool_]]]:
    """Return what fuse, price limit and sun forbid, slot by option."""
    count = len(price)
    limits = {}
    if request.capacity_a is not None:
        capacity = np.nan_to_num(_array(request.capacity_a, start, count), nan=0.0)
        limits[PlanReason.CAPACITY_LIMITED] = (
            currents[None, :] > capacity[:, None] + 1e-6
        )
    from_grid = powers[None, :] > surplus[:, None] + _EPSILON_W
    if request.surplus_only:
        limits[PlanReason.SURPLUS_LIMITED] = from_grid
    if request.price_limit is not None:
        # What is not known yet may be dear.
        dear = (~known | (price > request.price_limit + 1e-12))[:, None]
        limits[PlanReason.PRICE_LIMITED] = from_grid & dear
    return limits


def _choose(request: PlanRequest, grid: _Grid) -> Ints:
    """Return the option of each slot."""
    if request.energy_wh is None:
        return _all_that_is_allowed(grid)
    fixed, top = grid.fixed, _all_that_is_allowed(grid)
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


def _is_few(request: PlanRequest, grid: _Grid, choices: Ints) -> bool:
    """Return whether choices make no more stretches than are asked for."""
    if request.contiguous and _starts(np.where(grid.fixed, OFF, choices)) > 1:
        return False
    return request.max_segments is None or _segments(choices) <= request.max_segments


def _worth(request: PlanRequest, grid: _Grid, choices: Ints) -> tuple[float, float]:
    """Return what choices lack, in Wh, and what they cost: the less the better."""
    made = _result(request, grid, choices)
    return round(made.shortfall_wh, 3), round(_total_cost(request, made), 9)


def _all_that_is_allowed(grid: _Grid) -> Ints:
    """Return the most powerful option that is allowed in each slot."""
    allowed = np.isfinite(grid.costs)
    last = allowed.shape[1] - 1 - allowed[:, ::-1].argmax(axis=1)
    return np.where(allowed.any(axis=1), last, OFF)


def _precondition(request: PlanRequest, grid: _Grid) -> _Grid:
    """Return the grid with the slots taken in which the car is to be charging.

    At the highest power that is allowed. The slot in which the precondition begins is split.
    """
    begin = request.deadline - _precondition_time(request)
    inside = next(
        (
            slot
            for slot, (start, end) in enumerate(
                zip(grid.starts, grid.ends, strict=True)
            )
            if start < begin < end
        ),
        None,
    )
    if inside is not None:
        grid = _split(grid, inside, begin)
    energy_wh = request.energy_wh or 0.0
    fixed, top = np.zeros(len(grid.hours), dtype=np.bool_), _all_that_is_allowed(grid)
    for slot in reversed(range(len(grid.hours))):
        if grid.starts[slot] < begin or energy_wh <= 0:
            break
        if top[slot] != OFF:
            fixed[slot] = True
            energy_wh -= float(grid.powers[top[slot]] * grid.hours[slot])
    return replace(grid, fixed=fixed)


def _precondition_time(request: PlanRequest) -> timedelta:
    """Return how long before the deadline is taken; all, if that has to be the only stretch."""
    if request.precondition and request.max_segments == 1:
        return request.deadline - request.now
    return request.precondition


def _split(grid: _Grid, slot: int, at: datetime) -> _Grid:
    """Return the grid with a slot in two."""
    index = np.insert(np.arange(len(grid.hours)), slot, slot)
    starts, ends = [grid.starts[i] for i in index], [grid.ends[i] for i in index]
    ends[slot] = starts[slot + 1] = at
    hours = grid.hours[index]
    whole = hours[slot]
    hours[slot] = (ends[slot] - starts[slot]) / timedelta(hours=1)
    hours[slot + 1] = whole - hours[slot]
    part = (hours / grid.hours[index])[:, None]
    units = np.floor(grid.powers[None, :] * hours[:, None] / grid.unit_wh + 1e-6)
    return replace(
        grid,
        hours=hours,
        starts=starts,
        ends=ends,
        costs=grid.costs[index] * part,
        units=units.astype(np.int64),
        known=grid.known[index],
        import_price=grid.import_price[index],
        export_price=grid.export_price[index],
        surplus=grid.surplus[index],
        limits={reason: limit[index] for reason, limit in grid.limits.items()},
        fixed=grid.fixed[index],
    )


def _begin_later(grid: _Grid, slot: int, length: timedelta) -> _Grid:
    """Return the grid with a slot that begins later."""
    starts, hours = list(grid.starts), grid.hours.copy()
    starts[slot] += length
    hours[slot] = max(0.0, hours[slot] - length / timedelta(hours=1))
    return replace(grid, starts=starts, hours=hours)


def _tapered(
    request: PlanRequest, grid: _Grid, need: int
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


def _result(request: PlanRequest, grid: _Grid, choices: Ints) -> Plan:
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


def _trim(request: PlanRequest, grid: _Grid, choices: Ints) -> _Grid:
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
        cut = _begin_later if at_begin else _end_earlier
        grid = cut(grid, slot, timedelta(hours=part_wh / power))
        excess_wh -= part_wh
        free[slot] = False
    if excess_wh <= 1e-6:
        return grid
    first = int(np.flatnonzero(on)[0])
    power = float(grid.powers[choices[first]])
    return _begin_later(grid, first, timedelta(hours=excess_wh / power))


def _dearest_edge(
    grid: _Grid, choices: Ints, free: np.ndarray[tuple[int], np.dtype[np.bool_]]
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


def _end_earlier(grid: _Grid, slot: int, length: timedelta) -> _Grid:
    """Return the grid with a slot that ends earlier."""
    ends, hours = list(grid.ends), grid.hours.copy()
    ends[slot] -= length
    hours[slot] = max(0.0, hours[slot] - length / timedelta(hours=1))
    return replace(grid, ends=ends, hours=hours)


def _merge(grid: _Grid, choices: Ints) -> tuple[PlanSegment, ...]:
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
    request: PlanRequest, grid: _Grid, choices: Ints, shortfall_wh: float
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
    grid: _Grid,
    limits: dict[PlanReason, np.ndarray[tuple[int, int], np.dtype[np.bool_]]],
) -> float:
    """Return how much energy can be charged at most within some limits, in Wh."""
    allowed = np.ones(grid.costs.shape, dtype=np.bool_)
    for limit in limits.values():
        allowed &= ~limit
    power = np.where(allowed, grid.powers[None, :], 0.0).max(axis=1)
    return float((power * grid.hours).sum())


def _co2(request: PlanRequest, grid: _Grid, from_grid_wh: Floats) -> float | None:
    if request.co2 is None:
        return None
    intensity = _array(request.co2, grid.start, len(grid.hours))
    if np.isnan(intensity[from_grid_wh > 0]).any():
        return None
    return float((np.nan_to_num(intensity) * from_grid_wh).sum()) / 1000


def _next_plan(request: PlanRequest, grid: _Grid) -> datetime:
    """Return when to plan again if nothing else happens."""
    if request.import_price is not None and not grid.known.all():
        return request.now + _PUBLICATION
    return request.deadline


def _keep_previous(request: PlanRequest, grid: _Grid) -> Plan | None:
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


def _still_fits(request: PlanRequest, grid: _Grid, choices: Ints) -> bool:
    """Return whether choices keep to what is asked for now."""
    top = _all_that_is_allowed(grid)
    if (choices[grid.fixed] != top[grid.fixed]).any():
        return False
    return _is_few(request, grid, choices)


def _starts(choices: Ints) -> int:
    """Return how often charging begins."""
    on = choices != OFF
    return int((on & ~np.append(False, on[:-1])).sum())
