"""What is installed on each EVSE, as messages change it."""

from collections.abc import Iterable

from .bounds import Bounds
from .composite import Installed
from .operation import Operation, OperationKind


class Board:
    """The profiles of a station by their EVSEs, held against what those may be allowed."""

    def __init__(self, present: Iterable[Installed], bounds: Bounds) -> None:
        """Begin with what is installed."""
        self._bounds = bounds
        self._place: dict[int, int] = {}
        self._at: dict[int, dict[int, Installed]] = {}
        for item in present:
            self._put(item)

    def excess(self, operation: Operation) -> float:
        """Return how much too much EVSEs are allowed after a message that concerns them, in A."""
        item = operation.installed
        places = {item.evse_id, self._place.get(item.profile.id, item.evse_id)}
        touched = self._bounds.evse_ids if 0 in places else places
        return max(self._after(operation, evse_id) for evse_id in touched)

    def apply(self, operation: Operation) -> None:
        """Let the station have done what a message asks for."""
        id_ = operation.installed.profile.id
        place = self._place.pop(id_, None)
        if place is not None:
            del self._at[place][id_]
        if operation.kind is not OperationKind.CLEAR:
            self._put(operation.installed)

    def _put(self, item: Installed) -> None:
        self._place[item.profile.id] = item.evse_id
        self._at.setdefault(item.evse_id, {})[item.profile.id] = item

    def _after(self, operation: Operation, evse_id: int) -> float:
        """Return how much too much an EVSE is allowed after a message."""
        item = operation.installed
        concerned = self._at.get(0, {}) | self._at.get(evse_id, {})
        concerned.pop(item.profile.id, None)
        if operation.kind is not OperationKind.CLEAR and item.evse_id in (0, evse_id):
            concerned[item.profile.id] = item
        return self._bounds.excess(evse_id, tuple(concerned.values()))
