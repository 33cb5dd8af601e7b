"""The order of messages that allows the least more, where the plain one is not safe.

Messages about the station concern every EVSE; those about one EVSE no other. So each order of
the former is tried, and between them each EVSE finds its own best way, apart from the others.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .bounds import Bounds
from .composite import Installed
from .operation import Operation, OperationKind, next_operation

MOST_TRIES = 8_000
"""So many messages are tried; what is best by then is taken."""

type _State = dict[int, Installed]
type _Key = tuple[frozenset[int], frozenset[int]]
type _Nodes = dict[_Key, _Node]


def least(
    steps: Sequence[Operation],
    present: Iterable[Installed],
    bounds: Bounds,
    worst: float,
) -> list[Operation] | None:
    """Return the messages in the order that allows the least more, None if not less than `worst`."""
    present = tuple(present)
    search = _Search(steps, present, bounds, worst)
    return search.found()


@dataclass(slots=True)
class _Tries:
    """How much was tried."""

    count: int = 0

    @property
    def are_over(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.count >= MOST_TRIES


@dataclass(frozen=True, slots=True)
class _Node:
    """How far the steps of a part have come: what is installed, which are left, at what cost."""

    state: _State
    left: frozenset[int]
    worst: float
    path: tuple[tuple[int, int, Operation], ...] = ()
    """Messages with the number of messages about the station before them, and their step's."""

    @property
    def key(self) -> _Key:
        """What makes it the same as another, however it was reached."""
        return frozenset(map(id, self.state.values())), self.left


class _Part:
    """EVSEs whose messages depend on each other: one, but for profiles that move."""

    def __init__(
        self,
        evse_ids: frozenset[int],
        steps: dict[int, Operation],
        bounds: Bounds,
        tries: _Tries,
    ) -> None:
        """Take the EVSEs, all steps, the bounds, and how much may still be tried."""
        self._steps = steps
        self._bounds = bounds
        self._tries = tries
        self._evse_ids = sorted(evse_ids - {0})
        self._numbers = frozenset(
            n for n, step in steps.items() if step.installed.evse_id in evse_ids
        )
        self._own = evse_ids

    def start(self, present: Iterable[Installed]) -> _Nodes:
        """Return where it begins."""
        state = {i.profile.id: i for i in present if i.evse_id in self._own}
        node = _Node(state, self._numbers, 0.0)
        return {node.key: node}

    def reach(self, nodes: _Nodes, common: _State, stage: int, limit: float) -> _Nodes:
        """Return all that can be reached by own messages, below a limit."""
        found = dict(nodes)
        waiting = deque(sorted(nodes.values(), key=lambda node: len(node.path)))
        while waiting and not self._tries.are_over:
            node = waiting.popleft()
            if found.get(node.key) is not node:
                continue
            for after in self._steps_on(node, common, stage):
                known = found.get(after.key)
                if after.worst < (limit if known is None else known.worst):
                    found[after.key] = after
                    waiting.append(after)
        return found

    def shifted(self, nodes: _Nodes, common: _State, limit: float) -> _Nodes:
        """Return what holds once the station's own profiles have become others."""
        moved = (
            _Node(
                node.state,
                node.left,
                max(node.worst, self._excess(node.state, common)),
                node.path,
            )
            for node in nodes.values()
        )
        return {node.key: node for node in moved if node.worst < limit}

    def _steps_on(self, node: _Node, common: _State, stage: int) -> Iterable[_Node]:
        for number in sorted(node.left):
            self._tries.count += 1
            step, state = self._steps[number], dict(node.state)
            operation, left = _taken(number, step, state, node.left)
            if operation is None:
                yield _Node(state, left, node.worst, node.path)
                continue
            worst = max(node.worst, self._excess(state, common))
            yield _Node(state, left, worst, (*node.path, (stage, number, operation)))

    def _excess(self, state: _State, common: _State) -> float:
        return max(
            (
                self._bounds.excess(
                    evse_id,
                    (
                        *common.values(),
                        *(i for i in state.values() if i.evse_id in (0, evse_id)),
                    ),
                )
                for evse_id in self._evse_ids
            ),
            default=0.0,
        )


class _Search:
    """Tries the orders of the messages about the station."""

    def __init__(
        self,
        steps: Sequence[Operation],
        present: tuple[Installed, ...],
        bounds: Bounds,
        worst: float,
    ) -> None:
        """Look for what allows less than `worst`."""
        self._steps = dict(enumerate(steps))
        self._present = present
        self._best = worst
        self._found: list[Operation] | None = None
        self._tries = _Tries()
        groups = _groups(steps, present, bounds.evse_ids)
        self._apart = frozenset({0}) not in groups
        self._parts = [
            _Part(group, self._steps, bounds, self._tries)
            for group in groups
            if group != frozenset({0})
        ]

    def found(self) -> list[Operation] | None:
        """Return the best order, None if none is better."""
        common, left = {}, frozenset[int]()
        if not self._apart:
            common = {i.profile.id: i for i in self._present if i.evse_id == 0}
            left = frozenset(
                n for n, step in self._steps.items() if step.installed.evse_id == 0
            )
        starts = [part.start(self._present) for part in self._parts]
        self._explore(common, left, starts, ())
        return self._found

    @property
    def _is_done(self) -> bool:
        return self._best <= 0 or self._tries.are_over

    def _explore(
        self,
        common: _State,
        left: frozenset[int],
        nodes: list[_Nodes],
        path: tuple[tuple[int, Operation], ...],
    ) -> None:
        """Go on from where each part can be, after some messages about the station."""
        reached = [
            part.reach(each, common, len(path), self._best)
            for part, each in zip(self._parts, nodes, strict=True)
        ]
        if not left:
            self._keep(reached, path)
            return
        for number in sorted(left):
            self._tries.count += 1
            after = dict(common)
            operation, rest = _taken(number, self._steps[number], after, left)
            if operation is None:
                self._explore(after, rest, reached, path)
                return
            shifted = [
                part.shifted(each, after, self._best)
                for part, each in zip(self._parts, reached, strict=True)
            ]
            if all(shifted):
                self._explore(after, rest, shifted, (*path, (number, operation)))
            if self._is_done:
                return

    def _keep(
        self, reached: list[_Nodes], path: tuple[tuple[int, Operation], ...]
    ) -> None:
        """Keep an order if all parts have come to their end, and it is the best so far."""
        ends = [
            min(
                (node for node in nodes.values() if not node.left),
                key=lambda node: node.worst,
                default=None,
            )
            for nodes in reached
        ]
        whole = [end for end in ends if end is not None]
        worst = max((end.worst for end in whole), default=0.0)
        if len(whole) == len(ends) and worst < self._best:
            self._best = worst
            self._found = _merged(whole, path)


def _taken(
    number: int, step: Operation, state: _State, left: frozenset[int]
) -> tuple[Operation | None, frozenset[int]]:
    """Take the next message of a step; return it, None if nothing is to be done, and what is left."""
    id_ = step.installed.profile.id
    if step.kind is OperationKind.CLEAR and id_ not in state:
        return None, left - {number}
    operation = next_operation(step, state.get(id_), state.values())
    if operation.kind is OperationKind.CLEAR:
        state.pop(operation.installed.profile.id, None)
    else:
        state[id_] = operation.installed
    done = operation.installed is step.installed
    return operation, left - {number} if done else left


def _groups(
    steps: Sequence[Operation], present: tuple[Installed, ...], evse_ids: Iterable[int]
) -> list[frozenset[int]]:
    """Return which EVSEs, and the station (0), are joined by profiles that move between them."""
    groups = {evse_id: frozenset({evse_id}) for evse_id in (0, *evse_ids)}
    places = {item.profile.id: item.evse_id for item in present}
    for step in steps:
        there = step.installed.evse_id
        before = places.get(step.installed.profile.id, there)
        joined = groups[there] | groups[before]
        groups |= dict.fromkeys(joined, joined)
    if len(groups[0]) > 1:
        # A profile moves between the station and an EVSE: all depend on it.
        return [frozenset(groups)]
    return sorted(set(groups.values()), key=min)


def _merged(
    ends: list[_Node], path: tuple[tuple[int, Operation], ...]
) -> list[Operation]:
    """Return the messages of all parts in one order, those of one stage as they are preferred."""
    ways = [list(end.path) for end in ends]
    operations: list[Operation] = []
    for stage in range(len(path) + 1):
        while ready := [way for way in ways if way and way[0][0] == stage]:
            _, _, operation = min(ready, key=lambda way: way[0][1]).pop(0)
            operations.append(operation)
        if stage < len(path):
            operations.append(path[stage][1])
    return operations
