"""The fewest messages that bring a station from the profiles it has to those it should have.

In an order in which every step leaves it safe: never unlimited, and never with more than
what held before, or is to hold after. As far as that leaves a choice: first what must be
there at all, then what lowers the current, then the rest from the lowest layer up, and last
what is not wanted any more, from the top down. Profiles of others are never touched.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from .board import Board
from .bounds import Bounds
from .combine import UNLIMITED, Supply
from .composite import Installed, Session
from .errors import ChargingError
from .figures import is_count
from .obstacles import Obstacle, ObstacleKind, obstacles
from .operation import Operation, OperationKind, after
from .order import in_order
from .outlook import Outlook
from .profile import Layer, layer_of
from .sameness import says_same
from .timeline import Window, expand, has_meaning, is_over
from .times import utc

__all__ = [
    "Changes",
    "Operation",
    "OperationKind",
    "after",
    "diff",
    "says_same",
]

_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Changes:
    """What to send now, in this order, how many more messages have to wait, what hinders."""

    operations: tuple[Operation, ...]
    waiting: int = 0
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def writes(self) -> int:
        """How many of the messages wear out memory."""
        return sum(operation.wears for operation in self.operations)


class _Urgency(IntEnum):
    """What goes first."""

    MISSING = 0
    LOWERS = 1
    OTHER = 2


def diff(
    desired: Iterable[Installed],
    believed: Iterable[Installed],
    now: datetime,
    allowed: int | None = None,
    *,
    sessions: Sequence[Session] = (),
    supply: Supply = UNLIMITED,
) -> Changes:
    """Return what is to be sent, at most `allowed` messages that wear out memory.

    A profile of the same id replaces its predecessor (1.6 section 5.16.3, 2.x K01.FR.05);
    removing goes by id (1.6 section 5.4, 2.x K10). Running transactions place Relative
    profiles; `supply` converts between A and W, see `Capabilities.supply`.

    What is believed to be installed may hold profiles of others, which stay: what is to be
    in the place of one of them is not sent, and they are told where they are in the way.
    Those that are over stay too: they do nothing, and their successors replace them.

    Raises ChargingError if `allowed` is no count.
    """
    if allowed is not None and not is_count(allowed):
        raise ChargingError("writes_not_a_number", str(allowed))
    now = utc(now)
    desired, believed = tuple(desired), tuple(believed)
    outlook = Outlook(now, tuple(sessions), supply, (*desired, *believed))
    hindered = obstacles(desired, believed, outlook)
    barred = {o.own.profile.id for o in hindered if o.kind is ObstacleKind.IN_PLACE}
    present = {item.profile.id: item for item in believed}
    wanted = [item for item in desired if item.profile.id not in barred]
    changed = _changed(wanted, present, outlook)
    gone = _gone({item.profile.id for item in desired}, present, now)
    steps = [Operation(OperationKind.SET, item) for item in changed]
    steps += [Operation(OperationKind.CLEAR, item) for item in gone]
    bounds = Bounds(outlook, present.values(), after(believed, steps))
    operations = tuple(in_order(steps, present.values(), bounds))
    sent = operations
    if allowed is not None:
        sent = _sent(operations, Board(present.values(), bounds), allowed)
    return Changes(sent, len(operations) - len(sent), hindered)


def _changed(
    wanted: Iterable[Installed], present: Mapping[int, Installed], outlook: Outlook
) -> list[Installed]:
    """Return what has to be written, as it is preferred."""
    ours = {id_: item for id_, item in present.items() if layer_of(id_) is not None}
    readable = {id_: item for id_, item in ours.items() if has_meaning(item.profile)}
    changed = [
        item
        for item in wanted
        if item.profile.id not in readable
        or not says_same(item, readable[item.profile.id], outlook.now, outlook.sessions)
    ]
    return sorted(
        changed,
        key=lambda item: _place(item, readable.get(item.profile.id), outlook.now),
    )


def _gone(
    known: Collection[int], present: Mapping[int, Installed], now: datetime
) -> list[Installed]:
    """Return what of ours has to be removed, from the top down; not what is over by itself."""
    gone = [
        item
        for id_, item in present.items()
        if id_ not in known
        and layer_of(id_) is not None
        and not (has_meaning(item.profile) and is_over(item.profile, now))
    ]
    return sorted(gone, key=lambda item: (-_layer(item), item.profile.id))


def _sent(
    operations: Sequence[Operation], board: Board, allowed: int
) -> tuple[Operation, ...]:
    """Return as many messages as the budget allows, in their order.

    What wears out nothing is sent behind it as well, where that allows no more.
    """
    sent: list[Operation] = []
    writes = 0
    for operation in operations:
        behind = writes >= allowed
        if behind and (operation.wears or board.excess(operation) > 0):
            continue
        board.apply(operation)
        sent.append(operation)
        writes += operation.wears
    return tuple(sent)


def _layer(item: Installed) -> int:
    layer = layer_of(item.profile.id)
    return Layer.LIVE if layer is None else layer


def _place(
    item: Installed, before: Installed | None, now: datetime
) -> tuple[_Urgency, int, int]:
    """Return where the writing of a profile belongs in the order."""
    layer = _layer(item)
    urgency = _Urgency.OTHER
    if before is None and layer in (Layer.FUSE, Layer.BASELINE):
        urgency = _Urgency.MISSING
    elif before is not None and _limit(item, now) < _limit(before, now) - _TOLERANCE:
        urgency = _Urgency.LOWERS
    # Of what lowers, the strongest goes first: it is what holds.
    return urgency, -layer if urgency is _Urgency.LOWERS else layer, item.profile.id


def _limit(item: Installed, now: datetime) -> float:
    """Return what a profile allows now; infinity where it says nothing."""
    found = next(iter(expand(item.profile, Window(now, 1), now)), None)
    if found is None or found.start_s > 0 or found.period.limit is None:
        return float("inf")
    return found.period.limit
