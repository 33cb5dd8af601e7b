"""How much more than before a change, and after it, EVSEs are allowed on the way."""

from collections.abc import Collection, Iterable

from .composite import Installed
from .outlook import Outlook
from .timeline import Timeline


class Bounds:
    """What each EVSE may be allowed while profiles change: what it was, and what it will be."""

    def __init__(
        self, outlook: Outlook, before: Iterable[Installed], goal: Iterable[Installed]
    ) -> None:
        """Take what is installed, and what is to be in the end."""
        self._outlook = outlook
        self._ends = _by_evse(before), _by_evse(goal)
        self._timelines: dict[int, list[Timeline]] = {}
        self._known: dict[tuple[int, frozenset[int]], float] = {}
        self._kept: list[Collection[Installed]] = []

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """The EVSEs that the profiles are about."""
        return self._outlook.evse_ids

    def excess(self, evse_id: int, concerned: Collection[Installed]) -> float:
        """Return how much more an EVSE is allowed by what concerns it, at worst, in A.

        What was asked before is known, by the very objects.
        """
        key = evse_id, frozenset(map(id, concerned))
        bounds = self._of(evse_id)
        known = self._known.get(key)
        if known is None:
            # Kept, so that no other object gets the identity of one of these.
            self._kept.append(concerned)
            known = self._outlook.excess(concerned, evse_id, bounds)
            self._known[key] = known
        return known

    def _of(self, evse_id: int) -> list[Timeline]:
        """Return what an EVSE is allowed before and after; both are within the bounds."""
        if evse_id not in self._timelines:
            ends = [[*end.get(0, ()), *end.get(evse_id, ())] for end in self._ends]
            self._timelines[evse_id] = [
                self._outlook.allowed(end, evse_id) for end in ends
            ]
            self._known |= {(evse_id, frozenset(map(id, end))): 0.0 for end in ends}
        return self._timelines[evse_id]


def _by_evse(items: Iterable[Installed]) -> dict[int, list[Installed]]:
    found: dict[int, list[Installed]] = {}
    for item in items:
        found.setdefault(item.evse_id, []).append(item)
    return found
