"""The cheapest way to take some energy out of a row of slots: exact dynamic programming.

Energy is counted in whole units, so that nothing is rounded on the way. A shortfall is
avoided at any price: of two ways the one that takes more energy is the better one, and of
equally much the cheaper, and of equally cheap ones the one with the higher power, and then
the later. One slot in which charging begins or ends may be used in part only.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

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
    slots = replace(slots, costs=slots.costs - FULL * slots.units.astype(float) ** 2)
    table = _Table(slots, need, start_cost, contiguous=contiguous)
    for slot in reversed(range(len(slots.costs))):
        table.add(slot)
    return table.choices()


class _State(IntEnum):
    """Whether it charges as a slot begins, and whether a slot before was used in part."""

    RUNNING = 0
    RUNNING_USED = 1
    IDLE = 2
    IDLE_USED = 3

    @classmethod
    def of(cls, on: bool, used: bool) -> _State:
        """Return the state in which it charges or not, and a part was used or not."""
        return cls(2 * (not on) + used)


class _Parts:
    """What using a slot in part costs, by the units that are used, and with which option."""

    def __init__(self, slots: Slots, need: int) -> None:
        most = min(int(slots.units.max(initial=1)), need + 1)
        self.units: Ints = np.arange(1, max(most, 2))
        per_unit = slots.costs / np.maximum(slots.units, 1)
        self.costs: Floats = np.full((len(slots.costs), len(self.units)), np.inf)
        self.options = np.zeros(self.costs.shape, dtype=np.int16)
        for option in range(slots.units.shape[1]):
            fits = slots.units[:, option][:, None] > self.units[None, :]
            cost = per_unit[:, option][:, None] * self.units[None, :]
            better = fits & (cost < self.costs)
            self.costs[better] = np.broadcast_to(cost, better.shape)[better]
            self.options[better] = option


class _Table:
    """What is best from each slot on, by state and the units that are missing then.

    Padded in front, infinitely dear, for what takes more than is missing.
    """

    def __init__(
        self, slots: Slots, need: int, start_cost: float, *, contiguous: bool
    ) -> None:
        """Begin at the last moment: what is missing then is missing."""
        count = len(slots.costs)
        self._slots, self._parts, self._need = slots, _Parts(slots, need), need
        self._contiguous = contiguous
        self._start_costs = np.array([[0.0], [0.0], [start_cost], [start_cost]])
        self._width = int(slots.units.max(initial=1))
        weight = slots.shortfall_cost + start_cost * count
        self._missing: Floats = np.arange(need + 1, dtype=np.float64) * weight
        # One more than the last moment, as a slot that ends in part is followed by a rest.
        self._values: Floats = np.empty((count + 2, 4, self._width + need + 1))
        self._values[:, :, : self._width] = np.inf
        self._values[count:, :, self._width :] = self._missing
        self._usual = slots.units.max(axis=0)
        even = len(set(np.diff(self._usual).tolist())) <= 1
        self._after_usual = self._after(self._usual) if even else None
        self._after_part = self._after(self._parts.units)

    def _after(self, units: Ints) -> Floats:
        """Return a view of all values, by slot, state and way: once the way's units are taken.

        The ways are in even steps of units.
        """
        count, states, _ = self._values.shape
        of_slot, of_state, of_unit = self._values.strides
        step = int(units[1] - units[0]) if len(units) > 1 else 0
        return np.lib.stride_tricks.as_strided(
            self._values[:, :, self._width - int(units[0]) :],
            shape=(count, states, len(units), self._need + 1),
            strides=(of_slot, of_state, -step * of_unit, of_unit),
            writeable=False,
        )

    def add(self, slot: int) -> None:
        """Add the values from a slot on."""
        values, resting = self._values[slot, :, self._width :], self._resting(slot)
        if not np.isfinite(self._slots.costs[slot]).any():
            values[:] = resting
            return
        whole, used = self._charging(slot)
        begun, ended = self._in_part(slot, ends=False), self._in_part(slot, ends=True)
        charging = np.array(
            (np.minimum(whole, ended), used, np.minimum(whole, begun), used)
        )
        charging += self._start_costs
        charging[:, 0] = np.inf
        values[:] = np.where(charging < resting - TIE, charging, resting)

    def _resting(self, slot: int) -> Floats:
        """Return what follows a slot in which nothing is charged, by the state before."""
        idle = self._values[slot + 1, _State.IDLE :, self._width :]
        if self._contiguous:
            return np.concatenate(([self._missing, self._missing], idle))
        return np.concatenate((idle, idle))

    def _charging(self, slot: int) -> Floats:
        """Return the least cost of using a slot wholly, with the part to come, and used."""
        units, costs = self._slots.units[slot], self._slots.costs[slot]
        if self._after_usual is not None and (units == self._usual).all():
            after = self._after_usual[slot + 1, : _State.IDLE]
        else:
            begins = (self._width - units).tolist()
            later = self._values[slot + 1, : _State.IDLE]
            rows = [later[:, begin : begin + self._need + 1] for begin in begins]
            after = np.stack(rows, axis=1)
        result: Floats = (after + costs[:, None]).min(axis=1)
        return result

    def _in_part(self, slot: int, *, ends: bool) -> Floats:
        """Return the least cost of using a slot in part, as charging begins or ends in it."""
        after = self._after_part[self._behind(slot, ends=ends)]
        result: Floats = (after + self._parts.costs[slot][:, None]).min(axis=0)
        return result

    def _behind(self, slot: int, *, ends: bool) -> tuple[int, _State]:
        """Return where the values stand that follow a slot in which charging begins or ends.

        One that ends before its slot does is followed by a rest.
        """
        if not ends:
            return slot + 1, _State.RUNNING_USED
        return (-1 if self._contiguous else slot + 2), _State.IDLE_USED

    def choices(self) -> Ints:
        """Return the choices on the best way through the slots."""
        slots, parts, need = self._slots, self._parts, self._need
        choices = np.full(len(slots.costs), OFF, dtype=np.int64)
        on, used, rests, over = slots.running, False, False, False
        for slot in range(len(choices)):
            was_on, rested = on, rests
            on = rests = False
            if over or rested or not self._charges(slot, was_on, used, need):
                over |= was_on and self._contiguous
                continue
            cost, option = self._best_whole(slot, need, used=used)
            part_cost, part = self._best_part(slot, need, ends=was_on)
            if used or cost <= part_cost:
                choices[slot] = option
                need -= int(slots.units[slot, option])
                on = True
                continue
            choices[slot] = parts.options[slot, part]
            need -= int(parts.units[part])
            used, rests, on = True, was_on, not was_on
            over |= was_on and self._contiguous
        return choices

    def _charges(self, slot: int, on: bool, used: bool, need: int) -> bool:
        """Return whether it is best to charge in a slot: it costs otherwise than to rest."""
        state, unit = _State.of(on, used), self._width + need
        return bool(self._values[slot, state, unit] != self._resting(slot)[state, need])

    def _best_whole(self, slot: int, need: int, *, used: bool) -> tuple[float, int]:
        """Return what the best option for a whole slot costs, and which it is."""
        units, state = self._slots.units[slot], _State.of(True, used)
        after = self._values[slot + 1, state, self._width + need - units]
        return _least(after + self._slots.costs[slot])

    def _best_part(self, slot: int, need: int, *, ends: bool) -> tuple[float, int]:
        """Return what the best part of a slot costs, and which it is."""
        after = self._after_part[self._behind(slot, ends=ends)][:, need]
        return _least(after + self._parts.costs[slot])


def _least(costs: Floats) -> tuple[float, int]:
    """Return the least cost, and the first place where it is."""
    place = int(costs.argmin())
    return float(costs[place]), place
