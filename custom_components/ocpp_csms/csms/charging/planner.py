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
        if kept.cost - fresh.cost <= request.saving_threshold + 1e-9:
            return kept
    return fresh


def _at_once(request: PlanRequest) -> Plan:
    """Return a plan that charges now as fast as it can: the deadline is over."""
    charger = request.charger
    energy = request.energy_wh or 0.0
    hours = energy / charger.max_w
    end = request.now + timedelta(hours=hours)
    segment = PlanSegment(request.now, end, charger.max_a, max(charger.phases))
    price = request.import_price.at(request.now) if request.import_price else None
    return Plan(
        segments=(segment,) if energy else (),
        reason=PlanReason.TOO_LATE,
        energy_wh=energy,
        cost=energy / 1000 * (price or 0.0),
        next_plan_at=end,
    )


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
    limits = _limits(request, start, powers, currents, price, surplus)
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
        dear = (price > request.price_limit + 1e-12)[:, None]
        limits[PlanReason.PRICE_LIMITED] = from_grid & dear
    return limits


def _choose(request: PlanRequest, grid: _Grid) -> Ints:
    """Return the option of each slot."""
    if request.energy_wh is None:
        return _all_that_is_allowed(grid)
    fixed = grid.fixed
    left_wh = request.energy_wh - float((grid.powers[-1] * grid.hours[fixed]).sum())
    left = ceil(left_wh / grid.unit_wh - 1e-6)
    costs = np.where(fixed[:, None], np.inf, grid.costs)
    slots = Slots(costs, grid.units, _tapered(request, grid, max(left, 0)))
    choices = np.full(len(costs), OFF, dtype=np.int64)
    if left > 0:
        choices = cheapest(
            slots, left, start_cost=request.start_cost, contiguous=request.contiguous
        )
        most = request.max_segments
        if most is not None and _segments(np.where(fixed, -2, choices)) > most:
            blocks = max(1, most - int(fixed.any()))
            choices = cheapest_blocks(
                slots, left, blocks, start_cost=request.start_cost
            )
    choices[fixed] = len(grid.powers) - 1
    return choices


def _all_that_is_allowed(grid: _Grid) -> Ints:
    """Return the most powerful option that is allowed in each slot."""
    allowed = np.isfinite(grid.costs)
    last = allowed.shape[1] - 1 - allowed[:, ::-1].argmax(axis=1)
    return np.where(allowed.any(axis=1), last, OFF)


def _precondition(request: PlanRequest, grid: _Grid) -> _Grid:
    """Return the grid with the slots taken in which the car is to be charging.

    The first of them begins where the precondition does.
    """
    left = request.precondition
    energy_wh = request.energy_wh or 0.0
    fixed = np.zeros(len(grid.hours), dtype=np.bool_)
    for slot in reversed(range(len(grid.hours))):
        if left <= timedelta() or energy_wh <= 0 or np.isinf(grid.costs[slot, -1]):
            break
        fixed[slot] = True
        left -= grid.ends[slot] - grid.starts[slot]
        energy_wh -= float(grid.powers[-1] * grid.hours[slot])
    grid = replace(grid, fixed=fixed)
    if left < timedelta():
        grid = _begin_later(grid, int(np.flatnonzero(fixed)[0]), -left)
    return grid


def _begin_later(grid: _Grid, slot: int, length: timedelta) -> _Grid:
    """Return the grid with a slot that begins later."""
    starts, hours = list(grid.starts), grid.hours.copy()
    costs, units = grid.costs.copy(), grid.units.copy()
    starts[slot] += length
    hours[slot] -= length / timedelta(hours=1)
    costs[slot] *= hours[slot] / grid.hours[slot]
    units[slot] = np.floor(grid.powers * hours[slot] / grid.unit_wh + 1e-6)
    return replace(grid, starts=starts, hours=hours, costs=costs, units=units)


def _tapered(
    request: PlanRequest, grid: _Grid, need: int
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]] | None:
    """Return which options the car takes when so many units are missing."""
    if request.taper is None:
        return None
    most = float(grid.powers[-1])
    missing = np.arange(need + 1) * grid.unit_wh
    power = np.array([request.taper.power(float(wh), most) for wh in missing])
    allowed: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
        grid.powers[None, :] <= power[:, None] + _EPSILON_W
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
    shortfall = 0.0 if shortfall < 1e-6 else shortfall
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

    It is the last one, which ends when there is enough; where only a precondition charges,
    the first, which begins later.
    """
    if request.energy_wh is None:
        return grid
    on = choices != OFF
    energy = np.where(on, grid.powers[choices], 0.0) * grid.hours
    excess_wh = float(energy.sum()) - request.energy_wh
    if excess_wh <= 1e-6:
        return grid
    for slot in reversed(np.flatnonzero(on & ~grid.fixed).tolist()):
        part_wh = min(excess_wh, float(energy[slot]))
        grid = _end_earlier(grid, slot, part_wh / float(grid.powers[choices[slot]]))
        excess_wh -= part_wh
        if excess_wh <= 1e-6:
            return grid
    length = timedelta(hours=excess_wh / float(grid.powers[-1]))
    return _begin_later(grid, int(np.flatnonzero(on)[0]), length)


def _end_earlier(grid: _Grid, slot: int, by_h: float) -> _Grid:
    """Return the grid with a slot that ends earlier."""
    ends, hours = list(grid.ends), grid.hours.copy()
    ends[slot] -= timedelta(hours=by_h)
    hours[slot] -= by_h
    return replace(grid, ends=ends, hours=hours)


def _merge(grid: _Grid, choices: Ints) -> tuple[PlanSegment, ...]:
    segments: list[PlanSegment] = []
    last = OFF
    for slot, choice in enumerate(choices.tolist()):
        if choice == OFF or grid.starts[slot] >= grid.ends[slot]:
            last = OFF
            continue
        if choice == last:
            before = segments.pop()
            start = before.start
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
    for reason in (
        PlanReason.SURPLUS_LIMITED,
        PlanReason.PRICE_LIMITED,
        PlanReason.CAPACITY_LIMITED,
    ):
        if reason in grid.limits and grid.limits[reason].any():
            return reason
    return PlanReason.TOO_LATE


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
    if previous is None or request.energy_wh is None:
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
    return _result(request, grid, choices)
