"""The cheapest way to take some energy in few stretches of one set-point each.

For chargers that hold few periods, and for cars that take less near full. Exact dynamic
programming over whole units of energy, as in `optimum`; here the first stretch may begin
later than its slot, and the last may end earlier.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

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
    table.values.reverse()
    table.note_first_cut()
    return table.choices()


@dataclass(frozen=True, slots=True)
class _Cut:
    """A first slot of which only some units are used, and what all that follows costs."""

    cost: float
    slot: int
    option: int
    units: int


@dataclass(slots=True)
class _Values:
    """What is best from a slot on, by the stretches that are left and the units missing."""

    idle: Floats
    over: Floats
    """The same once charging has ended for good, apart from forced slots."""
    begun: Floats
    """What is best if a stretch begins in the slot, what its beginning costs apart."""
    leaves: Floats
    """What is best for one who charged until the slot, and does not go on so."""


@dataclass(slots=True)
class _Table:
    """The values of all slots, filled from the last to the first."""

    slots: Slots
    need: int
    most: int | None
    start_cost: float
    contiguous: bool
    values: list[_Values] = field(default_factory=list)
    """The values of each slot and of the last moment, the latest first while they are made."""
    first: _Cut | None = None
    costs: Floats = field(init=False)
    per_unit: Floats = field(init=False)
    _width: int = field(init=False)
    _goes_on: Floats = field(init=False)
    """Values by stretches, option and units, for one who charged in the slot before.

    Padded in front for what a last slot takes too much, by which it may end earlier.
    """
    _usual_units: Ints = field(init=False)
    _usual: Floats | None = field(init=False)
    """What follows a usual slot, a view of the same values; None if its units are uneven."""
    _charges: Floats = field(init=False)
    _after_first: Floats = field(init=False)
    """What follows a first slot of which 1, 2... units are used, by slots and options."""

    def __post_init__(self) -> None:
        """Begin at the last moment: what is missing then is missing."""
        slots, need = self.slots, self.need
        self.costs = slots.costs - FULL * slots.units.astype(float) ** 2
        finite = np.where(np.isfinite(self.costs), self.costs, 0.0)
        self.per_unit = finite / np.maximum(slots.units, 1)
        self._width = int(slots.units.max(initial=0))
        layers = 1 if self.most is None else self.most + 1
        runs = 1 if self.most is None else self.most
        weight = slots.shortfall_cost + self.start_cost * len(slots.costs)
        missing = np.tile(np.arange(need + 1) * weight, (layers, 1))
        never = np.full_like(missing, np.inf)
        self.values.append(_Values(missing, missing, never, missing))
        count, options = slots.costs.shape
        self._goes_on = np.empty((runs, options, self._width + need + 1))
        self._goes_on[:, :, self._width :] = missing[:runs, None, :]
        self._charges = np.empty((runs, options, need + 1))
        self._usual_units = slots.units.max(axis=0)
        self._usual = self._view_of_usual()
        parts = max(0, min(self._width - 1, need))
        self._after_first = np.empty((count, options, parts))

    def _view_of_usual(self) -> Floats | None:
        """Return the values that follow, each option's shifted by its units: all in one."""
        values, units = self._goes_on, self._usual_units
        steps = {int(step) for step in np.diff(units)}
        if len(steps) > 1:
            return None
        of_layer, of_option, of_unit = values.strides
        return np.lib.stride_tricks.as_strided(
            values[:, :, self._width - int(units[0]) :],
            shape=(*values.shape[:2], self.need + 1),
            strides=(of_layer, of_option - sum(steps) * of_unit, of_unit),
        )

    def add(self, slot: int) -> None:
        """Add the values from a slot on."""
        later = self.values[-1]
        forced = self.slots.is_forced(slot)
        parts = self._after_first.shape[2]
        ends_at = self._width + self.need
        self._after_first[slot] = self._goes_on[-1, :, ends_at - parts : ends_at]
        self._charge(slot, later)
        begun = self._one_more(self._charges.min(axis=1))
        begins = begun + self.start_cost
        if forced:
            over = idle = begins
            leaves = begun
        else:
            over = later.over
            idle = np.where(begins < later.idle - TIE, begins, later.idle)
            leaves = np.minimum(begun, over if self.contiguous else later.idle)
        left = leaves[: len(self._charges), None, :]
        np.minimum(self._charges, left, out=self._goes_on[:, :, self._width :])
        self.values.append(_Values(idle, over, begun, leaves))

    def _one_more(self, values: Floats) -> Floats:
        """Return values by the stretches that were left before one was begun."""
        if self.most is None:
            return values
        return np.concatenate((np.full((1, self.need + 1), np.inf), values))

    def _charge(self, slot: int, later: _Values) -> None:
        """Set what charging with each option in a slot leads to."""
        slots, width, need = self.slots, self._width, self.need
        self._pad(slot, later)
        if self._usual is not None and (slots.units[slot] == self._usual_units).all():
            np.add(self._usual, self.costs[slot][:, None], out=self._charges)
        else:
            for option, units in enumerate(slots.units[slot].tolist()):
                begin = width - units
                after = self._goes_on[:, option, begin : begin + need + 1]
                np.add(after, self.costs[slot, option], out=self._charges[:, option])
        if slots.takes is not None:
            self._charge_near_full(slot, slots.takes_in(slot))
        if need and not slots.is_forced(slot):
            self._charges[:, :, 0] = np.inf

    def _charge_near_full(self, slot: int, takes: Ints) -> None:
        """Set what charging leads to where the car takes less than it is offered."""
        missing = np.arange(len(takes))[:, None]
        after = self._width + np.maximum(missing - takes, 0)
        part = np.minimum(missing, takes) * self.per_unit[slot]
        for option in np.flatnonzero(np.isfinite(self.costs[slot])).tolist():
            values = self._goes_on[:, option, after[:, option]]
            self._charges[:, option, : len(takes)] = values + part[:, option]

    def _pad(self, slot: int, later: _Values) -> None:
        """Set what follows a slot that takes too much: it ends earlier, with a rest."""
        pad = self._goes_on[:, :, : self._width]
        if self.slots.is_forced(slot + 1):
            pad[:] = np.inf
            return
        too_much = np.arange(self._width, 0, -1)
        saved = self.per_unit[slot][:, None] * too_much[None, :]
        np.subtract(later.over[: len(pad), :1, None], saved[None, :, :], out=pad)

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
        values = self.values
        slot, left, need = 0, len(values[0].idle) - 1, self.need
        running = self.slots.running
        options: Iterable[int] = range(self.costs.shape[1])
        first = self.first
        at_first = values[0].leaves if running else values[0].idle
        if first is not None and first.cost < at_first[left, need] - TIE:
            slot, need, running = first.slot, need - first.units, True
            choices[slot] = first.option
            slot, left = slot + 1, left - (self.most is not None)
            stretch = self._stretch(slot, left, need, [first.option], least=0)
            slot, need = stretch.follow(choices, slot)
        over = False
        while slot < count:
            here, later = values[slot], values[slot + 1]
            if running:
                rest = later.over if self.contiguous else later.idle
                begins = here.begun[left, need] < rest[left, need] - TIE
            else:
                held = over or here.idle[left, need] == later.idle[left, need]
                begins = not held
            if not (begins or self.slots.is_forced(slot)):
                over |= running and self.contiguous
                slot, running = slot + 1, False
                continue
            left -= self.most is not None
            stretch = self._stretch(slot, left, need, options, least=1)
            slot, need = stretch.follow(choices, slot)
            running = True
        return choices

    def _stretch(
        self, slot: int, left: int, need: int, options: Iterable[int], least: int
    ) -> _Stretch:
        """Return the best stretch that begins in a slot, of at least some slots."""
        tries = (self._longest(slot, left, need, option, least) for option in options)
        return min(tries, key=lambda stretch: stretch.cost)

    def _longest(
        self, slot: int, left: int, need: int, option: int, least: int
    ) -> _Stretch:
        """Return the best stretch of one option from a slot on."""
        best, spent = _Stretch(np.inf, option, 0, need), 0.0
        for length in range(len(self.costs) - slot + 1):
            end = slot + length
            if length >= least:
                cost = spent + float(self.values[end].leaves[left, need])
                if cost < best.cost - TIE:
                    best = _Stretch(cost, option, length, need)
            if not self._can_charge(end, option, need):
                break
            spent += self._cost_of(end, option, need)
            need -= min(need, self._units_of(end, option, need))
        return best

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

    def _cost_of(self, slot: int, option: int, need: int) -> float:
        """Return what charging costs in a slot, by the part of it that is needed."""
        units = self._units_of(slot, option, need)
        if units == self.slots.units[slot, option] and units <= need:
            return float(self.costs[slot, option])
        return float(self.per_unit[slot, option]) * min(units, need)


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
