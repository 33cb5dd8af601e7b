"""Messages in an order that allows no EVSE more, after each, than before or after all of them.

They are taken as they are preferred, each as soon as it is safe. Where that ends in a state
from which no message is safe, `detour.py` looks for the order that allows the least more.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush

from .bounds import Bounds
from .composite import Installed
from .detour import least
from .operation import Operation, OperationKind, next_operation


def in_order(
    steps: Sequence[Operation], present: Iterable[Installed], bounds: Bounds
) -> list[Operation]:
    """Return all messages that steps take; those come as they are preferred."""
    present = tuple(present)
    plain = _Plain(steps, Board(present, bounds))
    operations, worst = plain.operations()
    if worst > 0:
        better = least(steps, present, bounds, worst)
        return operations if better is None else better
    return operations


class Board:
    """What is installed on each EVSE, as messages change it, and how much too much it allows."""

    def __init__(self, present: Iterable[Installed], bounds: Bounds) -> None:
        """Begin with what is installed."""
        self._bounds = bounds
        self._place: dict[int, int] = {}
        self._at: dict[int, dict[int, Installed]] = {}
        self._excess: dict[int, float] = {}
        for item in present:
            self._put(item)

    def next(self, step: Operation) -> Operation:
        """Return the next message that a step takes."""
        item = step.installed
        there = self._at.get(item.evse_id, {})
        return next_operation(step, self._before(item), there.values())

    def has(self, item: Installed) -> bool:
        """Return whether there is a profile of its id."""
        return item.profile.id in self._place

    def touched(self, operation: Operation) -> tuple[int, ...]:
        """Return the EVSEs that a message concerns: all, if it is about the station."""
        item = operation.installed
        places = {item.evse_id, self._place.get(item.profile.id, item.evse_id)}
        return self._bounds.evse_ids if 0 in places else tuple(places)

    def excess(self, operation: Operation) -> float:
        """Return how much more than the bounds a message makes EVSEs be allowed, at worst."""
        touched = self.touched(operation)
        others = [e for evse_id, e in self._excess.items() if evse_id not in touched]
        return max(*(self._after(operation, each) for each in touched), *others, 0.0)

    def apply(self, operation: Operation) -> None:
        """Let the station have done what a message asks for."""
        for evse_id in self.touched(operation):
            excess = self._after(operation, evse_id)
            self._excess.pop(evse_id, None)
            if excess > 0:
                self._excess[evse_id] = excess
        place = self._place.pop(operation.installed.profile.id, None)
        if place is not None:
            del self._at[place][operation.installed.profile.id]
        if operation.kind is not OperationKind.CLEAR:
            self._put(operation.installed)

    def _put(self, item: Installed) -> None:
        self._place[item.profile.id] = item.evse_id
        self._at.setdefault(item.evse_id, {})[item.profile.id] = item

    def _before(self, item: Installed) -> Installed | None:
        place = self._place.get(item.profile.id)
        return None if place is None else self._at[place][item.profile.id]

    def _after(self, operation: Operation, evse_id: int) -> float:
        """Return how much too much an EVSE is allowed after a message."""
        item = operation.installed
        concerned = self._at.get(0, {}) | self._at.get(evse_id, {})
        concerned.pop(item.profile.id, None)
        if operation.kind is not OperationKind.CLEAR and item.evse_id in (0, evse_id):
            concerned[item.profile.id] = item
        return self._bounds.excess(evse_id, tuple(concerned.values()))


class _Plain:
    """Takes the first step that is safe, again and again; where none is, the least unsafe."""

    def __init__(self, steps: Sequence[Operation], board: Board) -> None:
        """Begin with all steps ready to be looked at."""
        self._steps = steps
        self._board = board
        self._ready = list(range(len(steps)))
        heapify(self._ready)
        self._parked: dict[int, tuple[int, ...]] = {}
        """Steps that were not safe, and the EVSEs that have to change before they can be."""

    def operations(self) -> tuple[list[Operation], float]:
        """Return all messages in their order, and how much more they allow, at worst."""
        operations, worst = list[Operation](), 0.0
        while self._ready or self._parked:
            number = heappop(self._ready) if self._ready else self._least_unsafe()
            step = self._steps[number]
            if step.kind is OperationKind.CLEAR and not self._board.has(step.installed):
                self._parked.pop(number, None)
                continue
            operation = self._board.next(step)
            excess = self._board.excess(operation)
            if excess > 0 and number not in self._parked:
                self._parked[number] = self._board.touched(operation)
                continue
            self._parked.pop(number, None)
            worst = max(worst, excess)
            operations.append(operation)
            self._take(operation)
            if operation.installed is not step.installed:
                heappush(self._ready, number)
        return operations, worst

    def _take(self, operation: Operation) -> None:
        """Apply a message, and look again at what has waited for a change there."""
        changed = set(self._board.touched(operation))
        self._board.apply(operation)
        free = [n for n, evses in self._parked.items() if not changed.isdisjoint(evses)]
        for number in free:
            del self._parked[number]
            heappush(self._ready, number)

    def _least_unsafe(self) -> int:
        """Return the step that allows the least more now."""

        def excess(number: int) -> tuple[float, int]:
            operation = self._board.next(self._steps[number])
            return self._board.excess(operation), number

        return min(self._parked, key=excess)
