"""The way of one part: its messages in the order that allows its EVSEs the least more.

The best way so far is always the one that is gone on with, so that the first one to come to
its end is the best of all: the one that allows the least more at its worst step; of those the
one with the fewest messages (exactly, if nothing is allowed more), then the preferred one.
"""

from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from .part import Move, Part, State

MOST_TRIES = 4_000
"""So many messages are tried for a part; from there on each is taken that is best by itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """Messages about the station in one order, and what it has before and after each."""

    moves: tuple[Move, ...]
    states: tuple[State, ...]

    @property
    def spares(self) -> int:
        """How many of the messages another order may do without."""
        return sum(move.spare for move in self.moves)


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """How far a part has come along a line; the better way is the lesser one."""

    worst: float
    """How much more than the bounds an EVSE was allowed, in A."""
    spares: int
    preference: tuple[tuple[float, int], ...]
    """How much too much was allowed after each message, and the number of its step."""
    stages: tuple[tuple[Move, ...], ...] = field(compare=False)
    """The part's own messages before the first one about the station, before the second, ..."""
    state: State = field(compare=False)
    left: frozenset[int] = field(compare=False)
    judged: bool = field(default=True, compare=False)
    """Whether `worst` counts its last message, too."""

    @property
    def passed(self) -> int:
        """How many messages about the station it has passed."""
        return len(self.stages) - 1

    @property
    def key(self) -> tuple[frozenset[int], frozenset[int], int]:
        """What makes it come to the same as another."""
        return frozenset(map(id, self.state.values())), self.left, self.passed

    def going_on(self, move: Move) -> Way:
        """Return it with one more message of its part."""
        return replace(
            self,
            spares=self.spares + move.spare,
            preference=(*self.preference, (0.0, move.number)),
            stages=(*self.stages[:-1], (*self.stages[-1], move)),
            state=move.state,
            left=move.left,
            judged=False,
        )

    def passing(self, move: Move) -> Way:
        """Return it with the next message about the station."""
        return replace(
            self,
            preference=(*self.preference, (0.0, move.number)),
            stages=(*self.stages, ()),
            judged=False,
        )

    def judged_by(self, excess: float) -> Way:
        """Return it with what is allowed too much after its last message."""
        last = (excess, self.preference[-1][1])
        return replace(
            self,
            worst=max(self.worst, excess),
            preference=(*self.preference[:-1], last),
            judged=True,
        )


class Search:
    """Looks for the ways of a part."""

    def __init__(self, part: Part) -> None:
        """Begin with nothing tried."""
        self._part = part
        self._tries = 0
        self.hindrance = 0.0
        """How much too much the last way that was found allows."""

    @property
    def is_over(self) -> bool:
        """Whether as much was tried as may be."""
        return self._tries >= MOST_TRIES

    def best(self, line: Line, limit_a: float) -> Way:
        """Return the best way along a line, or part of one if all allow more than a limit."""
        start = Way(0.0, 0, (), ((),), self._part.state, self._part.left)
        waiting, seen = [start], set[object]()
        while True:
            way = heappop(waiting)
            if way.key in seen:
                continue
            if not way.judged:
                self._tries += 1
                station = line.states[way.passed]
                honest = way.judged_by(self._part.excess(way.state, station))
                if way < honest:
                    heappush(waiting, honest)
                    continue
                way = honest
            is_done = not way.left and way.passed == len(line.moves)
            if is_done or way.worst > limit_a:
                self.hindrance = way.worst
                return way
            if self.is_over:
                waiting.clear()
                seen.clear()
            seen.add(way.key)
            for further in self._further(way, line):
                heappush(waiting, further)

    def _further(self, way: Way, line: Line) -> list[Way]:
        """Return a way with each message that may come next."""
        further = [way.going_on(m) for m in self._part.moves(way.state, way.left)]
        if way.passed < len(line.moves):
            further.append(way.passing(line.moves[way.passed]))
        return further
