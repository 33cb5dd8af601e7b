"""The cheapest way to take some energy in few stretches of one set-point each.

For chargers that hold few periods, and for cars that take less near full. Exact dynamic
programming over whole units of energy, as in `optimum`; here the first stretch may begin
later than its slot, and the last may end earlier.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .optimum import FULL, OFF, TIE, Floats, Ints, Slots


def cheapest_stretches(
    slots: Slots,
    need: int,
    most: int | None,
    *,
    start_cost: float = 0.0,
    contiguous: bool = False,
) -> Ints:
    """Return the option of each slot that takes `need` units at the least cost.

    In at most so many stretches of one option, None for any number; neighbours with another
    option are two. `start_cost` is paid where charging begins, not where its option changes.
    `contiguous` allows one beginning, apart from forced slots.
    """
    table = _Table(slots, need, most, start_cost, contiguous=contiguous)
    for slot in reversed(range(len(slots.costs))):
        table.add(slot)
    table.over.reverse()
    table.note_first_cut()
    return table.choices()


@dataclass(frozen=True, slots=True)
class _Cut:
    """A first slot of which only some units are used, and what all that follows costs."""

    cost: float
    slot: int
    option: int
    units: int


class _Table:
    """The values of all slots, filled from the last to the first.

    What is best from a slot on, by the stretches that are left and the units missing. Rows of
    values are padded in front for what a last slot takes too much, by which it may end earlier.
    """

    def __init__(
        self,
        slots: Slots,
        need: int,
        most: int | None,
        start_cost: float,
        *,
        contiguous: bool,
    ) -> None:
        """Begin at the last moment: what is missing then is missing."""
        count, options = slots.costs.shape
        self.slots, self.need, self.start_cost = slots, need, start_cost
        self.contiguous = contiguous
        self.costs = slots.costs - FULL * slots.units.astype(float) ** 2
        finite = np.where(np.isfinite(self.costs), self.costs, 0.0)
        self.per_unit = finite / np.maximum(slots.units, 1)
        self.limited = most is not None
        runs = 1 if most is None else most
        self.width = int(slots.units.max(initial=0))
        shape = runs + self.limited, self.width + need + 1
        weight = slots.shortfall_cost + start_cost * count
        missing: Floats = np.maximum(np.arange(shape[1]) - self.width, 0) * weight
        self.idle: Floats = np.empty((count + 1, *shape))
        """What is best for one who does not charge as a slot begins."""
        self.leaves: Floats = np.empty((count + 1, *shape))
        """What is best for one who charged until a slot, and does not go on so."""
        self.idle[count] = self.leaves[count] = missing
        self.over = [self.idle[count]]
        """What is best once charging has ended for good, apart from forced slots: from the last
        moment on while the values are made.
        """
        self.first: _Cut | None = None
        self._running: Floats = np.empty((2, options, runs, shape[1]))
        """What is best for one who charged until a slot, by option: of this slot and the next."""
        self._running[:] = missing
        self._rows = [_in_rows(values) for values in self._running]
        """The same, all stretches in a row: views."""
        usual = slots.units.max(axis=0)
        even = len(set(np.diff(usual).tolist())) <= 1
        self._after_usual = self._after(usual)
        self._is_usual = ((slots.units == usual).all(axis=1) & even).tolist()
        self._forced = [slots.is_forced(slot) for slot in range(count + 1)]
        self._plain = slots.takes is None and not any(self._forced)
        too_much = np.arange(self.width, 0, -1)
        self._saved: Floats = self.per_unit[:, :, None] * too_much
        """What is saved of the last slot, by how many units it takes too much."""
        parts = max(0, min(self.width - 1, need))
        self._after_first: Floats = np.empty((count, options, parts))
        """What follows a first slot of which 1, 2... units are used, by slots and options."""

    def _after(self, units: Ints) -> Floats:
        """Return a view of what follows each option, if their units are in even steps.

        All stretches in a row, without the padding of the first.
        """
        _, options, runs, length = self._running.shape
        of_slot, of_option, _, of_value = self._running.strides
        step = int(units[1] - units[0]) if options > 1 else 0
        return np.lib.stride_tricks.as_strided(
            self._running[:, :, 0, self.width - int(units[0]) :],
            shape=(2, options, runs * length - self.width),
            strides=(of_slot, of_option - step * of_value, of_value),
            writeable=False,
        )

    def add(self, slot: int) -> None:
        """Add the values from a slot on."""
        later, over = self.idle[slot + 1], self.over[-1]
        idle, leaves = self.idle[slot], self.leaves[slot]
        parts, last = self._after_first.shape[2], self.width + self.need
        later_on = self._running[(slot + 1) % 2]
        if parts:
            self._after_first[slot] = later_on[:, -1, last - parts : last]
        charges = self._charge(slot)
        begun = charges.min(axis=0)
        begins = begun + self.start_cost
        first = int(self.limited)
        if self._forced[slot]:
            idle[:first] = leaves[:first] = np.inf
            idle[first:], leaves[first:] = begins, begun
            over = idle
        else:
            rest = over if self.contiguous else later
            idle[:first], leaves[:first] = later[:first], rest[:first]
            later = later[first:]
            idle[first:] = np.where(begins < later - TIE, begins, later)
            np.minimum(begun, rest[first:], out=leaves[first:])
        self.over.append(over)
        rows, left = self._rows[slot % 2], leaves[: len(begun)].reshape(-1)
        np.minimum(rows, left, out=rows)

    def _charge(self, slot: int) -> Floats:
        """Return what charging with each option in a slot leads to."""
        self._pad(slot)
        slots, width, need = self.slots, self.width, self.need
        units, costs = slots.units[slot], self.costs[slot]
        charges: Floats = self._running[slot % 2]
        rows = self._rows[slot % 2][:, width:]
        if self._is_usual[slot]:
            np.add(self._after_usual[(slot + 1) % 2], costs[:, None], out=rows)
        else:
            after = self._rows[(slot + 1) % 2]
            for option, each in enumerate(units.tolist()):
                shifted = after[option, width - each : after.shape[1] - each]
                np.add(shifted, costs[option], out=rows[option])
        if slots.takes is not None:
            self._charge_near_full(slot, slots.takes_in(slot))
        if need and not self._forced[slot]:
            charges[:, :, width] = np.inf
        return charges

    def _charge_near_full(self, slot: int, takes: Ints) -> None:
        """Set what charging leads to where the car takes less than it is offered."""
        missing = np.arange(len(takes))[:, None]
        after = self.width + np.maximum(missing - takes, 0)
        part = np.minimum(missing, takes) * self.per_unit[slot]
        near_full = slice(self.width, self.width + len(takes))
        charges, later_on = self._running[slot % 2], self._running[(slot + 1) % 2]
        for option in np.flatnonzero(np.isfinite(self.costs[slot])).tolist():
            values = later_on[option][:, after[:, option]]
            charges[option, :, near_full] = values + part[:, option]

    def _pad(self, slot: int) -> None:
        """Set what follows a slot that takes too much: it ends earlier, with a rest."""
        pad = self._running[(slot + 1) % 2, :, :, : self.width]
        if self._forced[slot + 1]:
            pad[:] = np.inf
            return
        rest = self.over[-1][: pad.shape[1], self.width]
        np.subtract(rest[:, None], self._saved[slot][:, None], out=pad)

    def note_first_cut(self) -> None:
        """Note the best way that begins in the midst of a slot; of equal ones the later."""
        slots, parts = self.slots, self._after_first.shape[2]
        broken = slots.running and self.contiguous
        if slots.takes is not None or not parts or broken:
            return
        units = np.arange(parts, 0, -1)
        costs = self._after_first + self.per_unit[:, :, None] * units
        fits = units < slots.units[:, :, None]
        fits &= np.isfinite(self.costs)[:, :, None]
        if slots.forced is not None:
            fits &= ~slots.forced[:, None, None]
        costs[~fits] = np.inf
        costs[: int(slots.running)] = np.inf
        by_slot = costs.reshape(len(costs), -1).min(axis=1)
        slot = int(np.flatnonzero(by_slot <= by_slot.min() + TIE)[-1])
        option, index = divmod(int(costs[slot].argmin()), parts)
        cost = float(costs[slot, option, index]) + self.start_cost
        self.first = _Cut(cost, slot, option, int(units[index]))

    def choices(self) -> Ints:
        """Return the options on the best way through all slots."""
        count = len(self.costs)
        choices = np.full(count, OFF, dtype=np.int64)
        slot, left, need = 0, self.idle.shape[1] - 1, self.need
        running, first = self.slots.running, self.first
        options: Iterable[int] = range(self.costs.shape[1])
        at_first = self.leaves if running else self.idle
        if (
            first is not None
            and first.cost < at_first[0, left, self.width + need] - TIE
        ):
            slot, need, running = first.slot, need - first.units, True
            choices[slot] = first.option
            slot, left = slot + 1, left - self.limited
            stretch = self._stretch(slot, left, need, [first.option], least=0)
            slot, need = stretch.follow(choices, slot)
        over = False
        while slot < count:
            if running:
                begins = self._begins_again(slot, left, need)
            else:
                begins = not over and self._begins(slot, left, need)
            if not (begins or self.slots.is_forced(slot)):
                over |= running and self.contiguous
                slot, running = slot + 1, False
                continue
            left -= self.limited
            stretch = self._stretch(slot, left, need, options, least=1)
            slot, need = stretch.follow(choices, slot)
            running = True
        return choices

    def _begins(self, slot: int, left: int, need: int) -> bool:
        """Return whether it is best to begin in a slot."""
        idle = self.idle[:, left, self.width + need]
        return bool(idle[slot] != idle[slot + 1])

    def _begins_again(self, slot: int, left: int, need: int) -> bool:
        """Return whether one who charged until a slot is best to begin another stretch in it."""
        place = left, self.width + need
        rest = self.over[slot + 1] if self.contiguous else self.idle[slot + 1]
        return bool(self.leaves[slot][place] < rest[place] - TIE)

    def _stretch(
        self, slot: int, left: int, need: int, options: Iterable[int], least: int
    ) -> _Stretch:
        """Return the best stretch that begins in a slot, of at least some slots."""
        leaves = self.leaves[:, left]
        tries = (self._longest(slot, leaves, need, option, least) for option in options)
        return min(tries, key=lambda stretch: stretch.cost)

    def _longest(
        self, slot: int, leaves: Floats, need: int, option: int, least: int
    ) -> _Stretch:
        """Return the best stretch of one option from a slot on, by what follows it."""
        if self._plain and need > 0:
            return self._longest_plain(slot, leaves, need, option, least)
        best, spent = _Stretch(np.inf, option, 0, need), 0.0
        for length in range(len(self.costs) - slot + 1):
            end = slot + length
            if length >= least:
                cost = spent + float(leaves[end, self.width + need])
                if cost < best.cost - TIE:
                    best = _Stretch(cost, option, length, need)
            if not self._can_charge(end, option, need):
                break
            units = self._units_of(end, option, need)
            spent += self._cost_of(end, option, need, units)
            need -= min(need, units)
        return best

    def _longest_plain(
        self, slot: int, leaves: Floats, need: int, option: int, least: int
    ) -> _Stretch:
        """Return the same where all slots are alike: all lengths at a time."""
        costs, units = self.costs[slot:, option], self.slots.units[slot:, option]
        missing = need - np.concatenate(([0], units.cumsum()))
        most = np.flatnonzero(np.concatenate((~np.isfinite(costs), [True])))[0]
        lengths = min(int(most), int((missing[:-1] > 0).sum()))
        missing, spent = missing[: lengths + 1], costs[:lengths].cumsum()
        if lengths and missing[-1] < 0:
            # The last slot is used in part only.
            spent[-1] += self.per_unit[slot + lengths - 1, option] * missing[-1]
        missing = np.maximum(missing, 0)
        ends = slot + np.arange(lengths + 1)
        totals = leaves[ends, self.width + missing] + np.concatenate(([0.0], spent))
        if lengths < least:
            return _Stretch(np.inf, option, 0, need)
        totals = totals[least:]
        length = least + int((totals <= totals.min() + TIE).argmax())
        cost, left = float(totals[length - least]), int(missing[length])
        return _Stretch(cost, option, length, left)

    def _can_charge(self, slot: int, option: int, need: int) -> bool:
        """Return whether one who charges with an option can do so in a slot."""
        slots = self.slots
        if slot == len(self.costs) or not np.isfinite(self.costs[slot, option]):
            return False
        if slots.is_forced(slot) or not self.need:
            return True
        ends_earlier = slots.takes is None and slots.units[slot, option] > need
        return need > 0 and not (ends_earlier and slots.is_forced(slot + 1))

    def _units_of(self, slot: int, option: int, need: int) -> int:
        """Return the units that an option takes at most in a slot."""
        takes = self.slots.takes
        if takes is None or need >= len(takes):
            return int(self.slots.units[slot, option])
        return int(self.slots.takes_in(slot)[need, option])

    def _cost_of(self, slot: int, option: int, need: int, units: int) -> float:
        """Return what taking some units in a slot costs, by the part of it that is needed."""
        if units == self.slots.units[slot, option] and units <= need:
            return float(self.costs[slot, option])
        return float(self.per_unit[slot, option]) * min(units, need)


def _in_rows(values: Floats) -> Floats:
    """Return values by option and all the rest in a row: a view."""
    return values.reshape(len(values), -1)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some slots with one option: the cost from its begin to the last moment, what is missing."""

    cost: float
    option: int
    length: int
    need: int

    def follow(self, choices: Ints, slot: int) -> tuple[int, int]:
        """Put it into the choices from a slot on; return the slot after it, and what is missing."""
        choices[slot : slot + self.length] = self.option
        return slot + self.length, self.need
