"""The slots of a plan as arrays: when, what can be done, and what it costs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from ..model.rates import SLOT, SLOT_S, Series, floor_slot
from .optimum import OFF, Floats, Ints
from .plan import Charger, PlanReason, PlanRequest

_MAX_SLOTS = 7 * 96
_EPSILON_W = 1.0
_NONE = 1e-6
_MOST_STEPS = 32
"""So many currents are tried on each number of phases: more make no difference that counts."""
_MOST_IN_A_SLOT = 2000
"""So many units a slot holds at most: finer ones are too many to count."""
_FINEST, _IN_REST, _MOST_NEAR_FULL = 4, 3, 3000
"""How many times finer units are at most near full, how many of them a slot of the rest holds
if possible, and how many of them may be wanted in all.
"""

type Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """The slots of a request: hours, prices per kWh, powers in W, costs by slot and option."""

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
    known: Bools
    import_price: Floats
    export_price: Floats
    surplus: Floats
    limits: dict[PlanReason, Bools]
    """What each limit forbids, by the reason that it gives."""
    forced: Ints
    """The options of the slots that are taken whatever they cost, before the deadline."""
    forced_wh: float
    """How much the car takes in those."""
    running: bool
    """Whether charging goes on in the first slot, rather than to begin."""


def make_grid(request: PlanRequest) -> Grid:
    """Return the slots from now until the deadline; the first and the last may be cut."""
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
    raw_price = values_of(request.import_price, start, count)
    known = ~np.isnan(raw_price)
    price = np.where(known, raw_price, _unknown_price(request, raw_price))
    export = np.nan_to_num(values_of(request.export_price, start, count))
    surplus = np.maximum(np.nan_to_num(values_of(request.surplus_w, start, count)), 0.0)
    solar = np.minimum(powers[None, :], surplus[:, None])
    kilowatts = (
        solar * export[:, None] + (powers[None, :] - solar) * price[:, None]
    ) / 1000
    unit_wh = _unit_wh(request)
    limits = _limits(request, start, powers, currents, price, known, surplus)
    forbidden = np.zeros((count, len(powers)), dtype=np.bool_)
    for limit in limits.values():
        forbidden |= limit
    costs = np.where(forbidden, np.inf, kilowatts * hours[:, None])
    return Grid(
        start=start,
        hours=hours,
        starts=starts,
        ends=ends,
        currents=currents,
        phases=phases,
        powers=powers,
        costs=costs,
        units=_units(powers, hours, unit_wh),
        unit_wh=unit_wh,
        known=known,
        import_price=price,
        export_price=export,
        surplus=surplus,
        limits=limits,
        forced=np.full(count, OFF, dtype=np.int64),
        forced_wh=0.0,
        running=request.running and bool(np.isfinite(costs[0]).any()),
    )


def _unit_wh(request: PlanRequest) -> float:
    """Return the energy that all options take a whole multiple of in a slot, in Wh.

    Where the car takes less near full, it is finer.
    """
    charger = request.charger
    _, unit_a = _currents(charger)
    unit_wh = charger.voltage_v * unit_a * gcd(*charger.phases) * SLOT_S / 3600
    if request.taper is None:
        return unit_wh
    rest_wh = request.taper.rest_w * SLOT_S / 3600
    finest = _MOST_NEAR_FULL * unit_wh / max(request.energy_wh or 0.0, 1.0)
    return unit_wh / max(
        1, min(_FINEST, ceil(_IN_REST * unit_wh / rest_wh), int(finest))
    )


def _units(powers: Floats, hours: Floats, unit_wh: float) -> Ints:
    """Return the whole units of energy of each option, by slots."""
    units = np.floor(powers[None, :] * hours[:, None] / unit_wh + 1e-6)
    return units.astype(np.int64)


def _options(charger: Charger) -> tuple[Floats, Ints]:
    """Return current and phases of each set-point, in the order of their power."""
    currents, _ = _currents(charger)
    pairs = [(current, phases) for phases in charger.phases for current in currents]
    pairs.sort(key=lambda pair: (pair[0] * pair[1], pair[1]))
    return (
        np.array([current for current, _ in pairs]),
        np.array([phases for _, phases in pairs], dtype=np.int64),
    )


def _currents(charger: Charger) -> tuple[list[float], float]:
    """Return the currents that are tried, and the one that all are about a multiple of, in A.

    Of very many some are left out, evenly; never the least and the most.
    """
    count = int((charger.max_a - charger.min_a) / charger.step_a + 1e-9)
    currents = [
        round(charger.min_a + step * charger.step_a, 6) for step in range(count + 1)
    ]
    if count <= _MOST_STEPS:
        parts = [round(part * 1000) for part in (*currents, charger.step_a)]
        most = max(parts) * max(charger.phases) // gcd(*charger.phases)
        return currents, max(gcd(*parts), most // _MOST_IN_A_SLOT, 1) / 1000
    unit_a = currents[-1] / _how_fine(charger, currents[-1])
    first = ceil(charger.min_a / unit_a - _NONE)
    last = round(currents[-1] / unit_a)
    chosen = {0} | {
        ceil((unit * unit_a - charger.min_a) / charger.step_a - _NONE)
        for unit in range(first, last + 1)
    }
    return [currents[step] for step in sorted(chosen)], unit_a


def _how_fine(charger: Charger, most_a: float) -> int:
    """Return into how many parts the most current is divided, so that few currents are left.

    If possible the parts are whole steps, and the least current whole parts.
    """
    finest = int(_MOST_STEPS * most_a / (most_a - charger.min_a))
    tries = range(finest, finest // 2, -1)
    even = [parts for parts in tries if _is_whole(most_a / charger.step_a / parts)]
    both = [parts for parts in even if _is_whole(charger.min_a * parts / most_a)]
    return next(iter((*both, *even, finest)))


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < _NONE


def values_of(series: Series | None, start: datetime, count: int) -> Floats:
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
    known: Bools,
    surplus: Floats,
) -> dict[PlanReason, Bools]:
    """Return what fuse, price limit and sun forbid, slot by option."""
    count = len(price)
    limits = {}
    if request.capacity_a is not None:
        capacity = np.nan_to_num(values_of(request.capacity_a, start, count), nan=0.0)
        limits[PlanReason.CAPACITY_LIMITED] = (
            currents[None, :] > capacity[:, None] + 1e-6
        )
    from_grid = powers[None, :] > surplus[:, None] + _EPSILON_W
    if request.price_limit is not None:
        # What is not known yet may be dear.
        dear = (~known | (price > request.price_limit + 1e-12))[:, None]
        limits[PlanReason.PRICE_LIMITED] = from_grid & dear
    if request.surplus_only:
        limits[PlanReason.SURPLUS_LIMITED] = from_grid
    return limits


def all_that_is_allowed(grid: Grid) -> Ints:
    """Return the most powerful option that is allowed in each slot, on the fewest phases."""
    allowed = np.isfinite(grid.costs)
    most = np.where(allowed, grid.powers[None, :], -1.0).argmax(axis=1)
    return np.where(allowed.any(axis=1), most, OFF)


def split(grid: Grid, slot: int, at: datetime) -> Grid:
    """Return the grid with a slot in two."""
    index = np.insert(np.arange(len(grid.hours)), slot, slot)
    twice = replace(
        grid,
        hours=grid.hours[index],
        starts=[grid.starts[i] for i in index],
        ends=[grid.ends[i] for i in index],
        costs=grid.costs[index],
        units=grid.units[index],
        known=grid.known[index],
        import_price=grid.import_price[index],
        export_price=grid.export_price[index],
        surplus=grid.surplus[index],
        limits={reason: limit[index] for reason, limit in grid.limits.items()},
        forced=grid.forced[index],
    )
    first = resized(twice, slot, twice.starts[slot], at)
    return resized(first, slot + 1, at, twice.ends[slot + 1])


def resized(grid: Grid, slot: int, start: datetime, end: datetime) -> Grid:
    """Return the grid with another begin and end of a slot."""
    starts, ends, hours = list(grid.starts), list(grid.ends), grid.hours.copy()
    starts[slot], ends[slot] = start, end
    hours[slot] = max(0.0, (end - start) / timedelta(hours=1))
    part = hours[slot] / grid.hours[slot] if grid.hours[slot] else 0.0
    costs, units = grid.costs.copy(), grid.units.copy()
    allowed = np.isfinite(costs[slot])
    costs[slot, allowed] *= part
    units[slot] = _units(grid.powers, hours[slot : slot + 1], grid.unit_wh)
    return replace(
        grid, starts=starts, ends=ends, hours=hours, costs=costs, units=units
    )
