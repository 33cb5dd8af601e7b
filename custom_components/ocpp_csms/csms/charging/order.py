"""Messages in an order that allows no EVSE more, after each, than before or after all of them.

For each order of the messages about the station every part finds its own best way. The order
whose parts are allowed the least more is taken, the worst of them first; then the one with the
fewest messages, then the preferred one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from math import inf

from .bounds import Bounds
from .composite import Installed
from .operation import Operation
from .part import Move, Part, divided
from .way import Line, Search, Way


def in_order(
    steps: Sequence[Operation], present: Iterable[Installed], bounds: Bounds
) -> list[Operation]:
    """Return all messages that steps take; those come as they are preferred."""
    station, parts = divided(steps, present, bounds)
    searches = [Search(part) for part in parts]
    lines = _lines(station)
    best = _Choice.of(next(lines), searches)
    for line in lines:
        if best.is_perfect or any(search.is_over for search in searches):
            break
        # Whoever was hindered is the first to show that another line is no better.
        searches.sort(key=lambda search: -search.hindrance)
        other = _Choice.of(line, searches, best.worst)
        if other.cost < best.cost:
            best = other
    return best.operations()


@dataclass(frozen=True, slots=True)
class _Choice:
    """A line of the station, and the way of each part along it."""

    line: Line
    ways: tuple[Way, ...]

    @classmethod
    def of(
        cls, line: Line, searches: Iterable[Search], limit_a: float = inf
    ) -> _Choice:
        """Return the ways of all parts along a line, up to the first one above a limit."""
        ways: list[Way] = []
        for search in searches:
            ways.append(search.best(line, limit_a))
            if ways[-1].worst > limit_a:
                break
        return cls(line, tuple(ways))

    @property
    def worst(self) -> float:
        """How much too much an EVSE is allowed, in A."""
        return max((way.worst for way in self.ways), default=0.0)

    @property
    def spares(self) -> int:
        """How many messages another order may do without."""
        return self.line.spares + sum(way.spares for way in self.ways)

    @property
    def is_perfect(self) -> bool:
        """Whether no other can be better."""
        return self.worst <= 0 and self.spares == 0

    @property
    def cost(self) -> tuple[list[float], int]:
        """What it comes to; the lesser is the better."""
        return sorted((way.worst for way in self.ways), reverse=True), self.spares

    def operations(self) -> list[Operation]:
        """Return the messages of all parts in one order.

        Between those about the station, each part goes on by itself: of all that come next the
        preferred one is taken.
        """
        moves: list[Move] = []
        for stage in range(len(self.line.moves) + 1):
            own = (way.stages[stage] for way in self.ways)
            moves += merge(*own, key=lambda move: move.number)
            moves += self.line.moves[stage : stage + 1]
        return [move.operation for move in moves]


def _lines(station: Part) -> Iterator[Line]:
    """Yield all orders of the messages about the station, as they are preferred."""

    def further(line: Line, left: frozenset[int]) -> Iterator[Line]:
        if not left:
            yield line
        for move in station.moves(line.states[-1], left):
            longer = Line((*line.moves, move), (*line.states, move.state))
            yield from further(longer, move.left)

    yield from further(Line((), (station.state,)), station.left)
