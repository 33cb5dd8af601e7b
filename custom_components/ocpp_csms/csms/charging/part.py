"""EVSEs whose messages depend on one another, and what each message makes of them.

A message about one EVSE concerns no other, one about the station (EVSE 0) all of them. So the
station is a part of its own, and so is each EVSE; those between which a profile moves are one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .bounds import Bounds
from .composite import Installed
from .operation import Operation, OperationKind, next_operation, place_of

_MOST_APART = 4
"""With more messages about the station than these all EVSEs are one part with it."""

type State = Mapping[int, Installed]
"""Profiles by their ids."""


@dataclass(frozen=True, slots=True)
class Move:
    """A message, what holds after it, and which steps are left then."""

    number: int
    """That of its step: the lower, the more it is preferred."""
    operation: Operation
    state: State
    left: frozenset[int]
    spare: bool = False
    """Whether it clears what is to be written yet, though another order may do without."""


class Part:
    """Some EVSEs, or the station, with their profiles and the steps to take there."""

    def __init__(
        self,
        evse_ids: frozenset[int],
        steps: Mapping[int, Operation],
        present: Iterable[Installed],
        bounds: Bounds,
    ) -> None:
        """Take what is there, and the steps with the numbers by which they are preferred."""
        self._evse_ids = sorted(evse_ids - {0})
        self._steps = steps
        self._clears, self._writes = (
            {
                step.installed.profile.id: number
                for number, step in steps.items()
                if (step.kind is OperationKind.CLEAR) is clears
            }
            for clears in (True, False)
        )
        self._bounds = bounds
        self.state: State = {item.profile.id: item for item in present}
        self.left = frozenset(steps)
        self._rings = self._found_rings()

    def moves(self, state: State, left: frozenset[int]) -> Iterator[Move]:
        """Yield the messages that may come next, as they are preferred."""
        for number in sorted(left):
            step = self._steps[number]
            before = state.get(step.installed.profile.id)
            operation = next_operation(step, before, state.values())
            done = operation.installed is step.installed
            rest = left - {number} if done else left
            id_ = operation.installed.profile.id
            if operation.kind is not OperationKind.CLEAR:
                after = {**state, id_: operation.installed}
                yield Move(number, operation, after, rest)
                continue
            after = {other: item for other, item in state.items() if other != id_}
            rest -= {self._clears.get(id_)}
            again = self._writes.get(id_) in left
            spare = again and not self._opens_ring(id_, state)
            yield Move(number, operation, after, rest, spare)

    def excess(self, state: State, station: State) -> float:
        """Return how much too much an EVSE is allowed, at worst, beside what the station has."""
        return max(
            (self._excess_at(each, state, station) for each in self._evse_ids),
            default=0.0,
        )

    def _opens_ring(self, id_: int, state: State) -> bool:
        """Return whether profiles wait for each other, and can't but for clearing one of them."""
        ring = self._rings.get(id_, ())
        return bool(ring) and all(state.get(i) is self.state[i] for i in ring)

    def _found_rings(self) -> dict[int, tuple[int, ...]]:
        """Return the profiles that are each to come to the place of the next, by their ids."""
        places = {place_of(item): id_ for id_, item in self.state.items()}
        ahead = {
            id_: places.get(place_of(self._steps[number].installed))
            for id_, number in self._writes.items()
            if id_ in self.state
        }
        rings: dict[int, tuple[int, ...]] = {}
        for first, at in ahead.items():
            path = [first]
            while at in ahead and at not in path:
                path.append(at)
                at = ahead[at]
            if at == first and len(path) > 1:
                rings[first] = tuple(path)
        return rings

    def _excess_at(self, evse_id: int, state: State, station: State) -> float:
        own = (item for item in state.values() if item.evse_id in (0, evse_id))
        return self._bounds.excess(evse_id, (*station.values(), *own))


def divided(
    steps: Sequence[Operation], present: Iterable[Installed], bounds: Bounds
) -> tuple[Part, list[Part]]:
    """Return the station and its EVSEs as parts, but for those where nothing can change.

    All are in one part where a profile moves between the station and an EVSE, where there is
    one EVSE only, and where so much is written for the station that its orders are too many.
    """
    present = tuple(present)
    groups = _groups(steps, present, bounds.evse_ids)
    own = [step for step in steps if step.installed.evse_id == 0]
    if len(set(groups.values())) == 2 or len(own) > _MOST_APART:
        groups = dict.fromkeys(groups, frozenset(groups))
    members = dict.fromkeys(sorted(set(groups.values()), key=min))
    taken: dict[frozenset[int], dict[int, Operation]] = {group: {} for group in members}
    there: dict[frozenset[int], list[Installed]] = {group: [] for group in members}
    for number, step in enumerate(steps):
        taken[groups[step.installed.evse_id]][number] = step
    for item in present:
        there[groups[item.evse_id]].append(item)
    parts = {
        group: Part(group, taken[group], there[group], bounds) for group in members
    }
    apart = frozenset({0})
    station = parts.pop(apart, None) or Part(apart, {}, (), bounds)
    return station, [part for part in parts.values() if part.left or station.left]


def _groups(
    steps: Sequence[Operation], present: tuple[Installed, ...], evse_ids: Iterable[int]
) -> dict[int, frozenset[int]]:
    """Return with which others EVSEs, and the station (0), share profiles that move."""
    groups = {evse_id: frozenset({evse_id}) for evse_id in (0, *evse_ids)}
    places = {item.profile.id: item.evse_id for item in present}
    for step in steps:
        there = step.installed.evse_id
        before = places.get(step.installed.profile.id, there)
        joined = groups[there] | groups[before]
        groups |= dict.fromkeys(joined, joined)
    if len(groups[0]) > 1:
        # What moves to or from the station concerns every EVSE.
        return dict.fromkeys(groups, frozenset(groups))
    return groups
