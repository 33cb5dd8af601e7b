"""The cheapest way to take some energy out of a row of slots: exact dynamic programming.

Energy is counted in whole units, so that nothing is rounded on the way. A shortfall is
avoided at any price: of two ways the one that takes more energy is the better one, and of
equally much the cheaper, and of equally cheap ones the one with the higher power, and then
the later. One slot in which charging begins or ends may be used in part only.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

OFF = -1
"""The choice of a slot in which nothing is charged."""
TIE = 1e-9
"""Costs closer than this are the same: the later slot is taken."""
FULL = 1e-12
"""What more power is worth, by the square of its units, where it makes no other difference."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What can be done in each slot.

    `costs[t, o]` is what option o costs in slot t, infinite where it is not allowed;
    `units[t, o]` the units of energy that it takes. Options are in the order of their power.
    `takes[r, o]`, if given, says how many units the car takes with option o in a usual slot
    when r units are missing; what it has no row for is taken wholly. `forced` names the slots that have to be used. `running` says
    that charging goes on as the first slot begins: nothing begins then.
    """

    costs: Floats
    units: Ints
    takes: Ints | None = None
    forced: NDArray[np.bool_] | None = None
    running: bool = False

    @property
    def shortfall_cost(self) -> float:
        """Return what one missing unit weighs: more than all that could be saved."""
        finite = self.costs[np.isfinite(self.costs)]
        return 1.0 + 2.0 * float(np.abs(finite).sum()) if finite.size else 1.0

    def takes_in(self, slot: int) -> Ints:
        """Return what the car takes in a slot, by the units that are missing and option."""
        assert self.takes is not None
        usual = self.units.max(axis=0)
        result: Ints = self.takes * self.units[slot] // np.maximum(usual, 1)
        return result

    def is_forced(self, slot: int) -> bool:
        """Return whether a slot has to be used; none behind the last has."""
        return (
            self.forced is not None
            and slot < len(self.forced)
            and bool(self.forced[slot])
        )


def cheapest(
    slots: Slots, need: int, *, start_cost: float = 0.0, contiguous: bool = False
) -> Ints:
    """Return the option of each slot that takes `need` units at the least cost.

    `start_cost` is paid at each beginning. `contiguous` allows one beginning only. One slot
    in which charging begins or ends may be used in part, and counts by that part; its
    choice is the option that is used.
    """
    count = len(slots.costs)
    slots = replace(slots, costs=slots.costs - FULL * slots.units.astype(float) ** 2)
    parts = _Parts(slots, need)
    weight = slots.shortfall_cost + start_cost * count
    missing: Floats = np.arange(need + 1, dtype=np.float64) * weight
    # What is best from a slot on: while idle or running; with the part to come, or used.
    idle: Floats = missing
    idle_used, idle_later, running, running_used = idle, idle, idle, idle
    steps = [_Step.nothing(need) for _ in range(count)]
    for slot in reversed(range(count)):
        stopped, stopped_used = (missing, missing) if contiguous else (idle, idle_used)
        if not np.isfinite(slots.costs[slot]).any():
            running, running_used, idle_later = stopped, stopped_used, idle_used
            continue
        after = parts.after(running, running_used, parts.whole(slot))
        whole, used = _best(after, slots.costs[slot])
        rest = missing if contiguous else idle_later
        after = parts.after(running_used, rest, parts.index)
        begun, ended = _best(after, parts.costs[slot])
        steps[slot] = _Step(whole, used, begun, ended)
        idle_later = idle_used
        start, end = (
            np.minimum(whole.cost, begun.cost),
            np.minimum(whole.cost, ended.cost),
        )
        running = steps[slot].decide(0, end, stopped)
        running_used = steps[slot].decide(1, used.cost, stopped_used)
        idle = steps[slot].decide(2, start + start_cost, idle)
        idle_used = steps[slot].decide(3, used.cost + start_cost, idle_used)
    return _follow(slots, parts, need, steps, contiguous=contiguous)


@dataclass(frozen=True, slots=True)
class _Best:
    """The best of several ways, and what it costs, by the units that are missing."""

    cost: Floats
    way: Ints


def _best(after: Floats, costs: Floats) -> tuple[_Best, _Best]:
    """Return the best of several ways, by what comes after each, for two cases in a row."""
    after += costs
    way = after.argmin(axis=1)
    cost = after[np.arange(len(after)), way]
    half = len(after) // 2
    cost[0] = cost[half] = np.inf
    return _Best(cost[:half], way[:half]), _Best(cost[half:], way[half:])


class _Parts:
    """What using a slot in part costs, by the units that are used."""

    def __init__(self, slots: Slots, need: int) -> None:
        most = min(int(slots.units.max(initial=1)), need + 1)
        units = np.arange(1, max(most, 2))
        self.units = units
        self._slots = slots
        # Taking more than is missing leads into the padding, which is infinite.
        self._width = int(slots.units.max(initial=1))
        length = self._width + need + 1
        self._rows: Floats = np.full((2, length), np.inf)
        first = np.arange(self._width, length)
        self._missing = np.concatenate((first, first + length))[:, None]
        self.index: Ints = self._missing - units[None, :]
        self._usual_units = slots.units.max(axis=0)
        self._usual: Ints = self._missing - self._usual_units[None, :]
        per_unit = slots.costs / np.maximum(slots.units, 1)
        self.costs = np.full((len(slots.costs), len(units)), np.inf)
        self.options = np.zeros((len(slots.costs), len(units)), dtype=np.int16)
        for option in range(slots.units.shape[1]):
            fits = slots.units[:, option][:, None] > units[None, :]
            cost = per_unit[:, option][:, None] * units[None, :]
            better = fits & (cost < self.costs)
            self.costs[better] = np.broadcast_to(cost, better.shape)[better]
            self.options[better] = option

    def whole(self, slot: int) -> Ints:
        """Return how much is missing after each option of a slot."""
        units = self._slots.units[slot]
        if (units == self._usual_units).all():
            return self._usual
        index: Ints = self._missing - units[None, :]
        return index

    def after(self, first: Floats, second: Floats, places: Ints) -> Floats:
        """Return the values of two cases at the places that `whole` or `index` name."""
        self._rows[0, self._width :] = first
        self._rows[1, self._width :] = second
        return self._rows.take(places)


@dataclass(slots=True)
class _Step:
    """The decisions in one slot, by the units that are missing."""

    whole: _Best
    used: _Best
    begun: _Best
    ended: _Best
    charges: NDArray[np.bool_] | None = None
    """Whether to charge: running, running with the part used, idle, idle with it used."""

    @classmethod
    def nothing(cls, need: int) -> _Step:
        """Return the step of a slot in which nothing can be charged."""
        none = _Best(np.full(need + 1, np.inf), np.zeros(need + 1, dtype=np.int64))
        return cls(none, none, none, none, np.zeros((4, need + 1), dtype=np.bool_))

    def decide(
        self,
        state: int,
        charging: Floats,
        resting: Floats,
    ) -> Floats:
        """Note where charging is better than resting, and return what the better costs."""
        if self.charges is None:
            self.charges = np.zeros((4, len(charging)), dtype=np.bool_)
        self.charges[state] = charging < resting - TIE
        result: Floats = np.where(self.charges[state], charging, resting)
        return result


def _follow(
    slots: Slots, parts: _Parts, need: int, steps: list[_Step], *, contiguous: bool
) -> Ints:
    """Return the choices on the best way through the slots."""
    choices = np.full(len(slots.costs), OFF, dtype=np.int64)
    on, used, rests, over = slots.running, False, False, False
    for slot, step in enumerate(steps):
        assert step.charges is not None
        was_on, rested = on, rests
        on = rests = False
        if over or rested or not step.charges[(0 if was_on else 2) + used, need]:
            over |= was_on and contiguous
            continue
        part = step.ended if was_on else step.begun
        if used:
            choices[slot] = step.used.way[need]
        elif part.cost[need] < step.whole.cost[need]:
            way = part.way[need]
            choices[slot] = parts.options[slot, way]
            need -= int(parts.units[way])
            used, rests, on = True, was_on, not was_on
            over |= was_on and contiguous
            continue
        else:
            choices[slot] = step.whole.way[need]
        need -= int(slots.units[slot, choices[slot]])
        on = True
    return choices
