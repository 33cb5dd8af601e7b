"""The fewest messages that bring a station from the profiles it has to those it should have.

In an order in which every step leaves it safe: never unlimited, and never with more than
what held before, or is to hold after. As far as that leaves a choice: first what must be
there at all, then what lowers the current, then the rest from the lowest layer up, and last
what is not wanted any more, from the top down. Profiles of others are never touched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from ..model.profile import ChargingProfile, Kind
from .combine import UNLIMITED, Supply
from .composite import Installed, Session
from .obstacles import Obstacle, ObstacleKind, obstacles
from .outlook import Outlook
from .profile import Layer, layer_of
from .timeline import AHEAD, Segment, Window, expand, has_meaning, is_over
from .times import utc

_TOLERANCE_S = 1.0
_TOLERANCE = 0.05


class OperationKind(StrEnum):
    """What is sent."""

    SET = "set"
    """SetChargingProfile."""
    UPDATE = "update"
    """UpdateDynamicSchedule, which wears out nothing (2.1 K28)."""
    CLEAR = "clear"
    """ClearChargingProfile, by its id."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A message and the profile that it is about."""

    kind: OperationKind
    installed: Installed

    @property
    def wears(self) -> bool:
        """Whether the station has to store something for it."""
        return self.kind is not OperationKind.UPDATE


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
    """
    now = utc(now)
    desired, believed = tuple(desired), tuple(believed)
    outlook = Outlook(now, tuple(sessions), supply, (*desired, *believed))
    hindered = obstacles(desired, believed, outlook)
    barred = {o.own.profile.id for o in hindered if o.kind is ObstacleKind.IN_PLACE}
    wanted = [item for item in desired if item.profile.id not in barred]
    own = [item for item in believed if layer_of(item.profile.id) is not None]
    present = {item.profile.id: item for item in own}
    changed = [
        item
        for item in wanted
        if not _is_there(item, present.get(item.profile.id), outlook)
    ]
    readable = {id_: i for id_, i in present.items() if has_meaning(i.profile)}
    changed.sort(key=lambda item: _place(item, readable.get(item.profile.id), now))
    known = {item.profile.id for item in desired}
    gone = [
        item
        for item in own
        if item.profile.id not in known
        and not (has_meaning(item.profile) and is_over(item.profile, now))
    ]
    gone.sort(key=lambda item: -_layer(item))
    steps = [Operation(OperationKind.SET, item) for item in changed]
    steps += [Operation(OperationKind.CLEAR, item) for item in gone]
    kept = {id_: item for id_, item in present.items() if id_ in known - barred}
    foreign = {
        item.profile.id: item for item in believed if layer_of(item.profile.id) is None
    }
    goal = foreign | kept | {item.profile.id: item for item in wanted}
    order = _Order(outlook, foreign | present, tuple(goal.values()))
    return replace(order.sent(order.of(steps), allowed), obstacles=hindered)


class _Order:
    """Puts messages into an order that allows no more, after each, than before or after all.

    Where there is none, into the one that allows the least more.
    """

    def __init__(
        self,
        outlook: Outlook,
        present: dict[int, Installed],
        goal: tuple[Installed, ...],
    ) -> None:
        self._outlook = outlook
        self._present = present
        self._bounds = {
            evse_id: [
                outlook.allowed(bound, evse_id)
                for bound in (tuple(present.values()), goal)
            ]
            for evse_id in outlook.evse_ids
        }
        self._known: dict[tuple[int, frozenset[Installed]], float] = {}

    def of(self, steps: list[Operation]) -> list[Operation]:
        """Return all messages that the steps take, in their order."""
        state, operations = dict(self._present), list[Operation]()
        while steps:
            tries = [_next(step, state) for step in steps]
            excesses = [self._excess(operation, state) for operation in tries]
            best = excesses.index(min(excesses))
            operation = tries[best]
            operations.append(operation)
            _apply(operation, state)
            id_ = operation.installed.profile.id
            cleared = operation.kind is OperationKind.CLEAR
            steps = [
                step
                for index, step in enumerate(steps)
                if not (index == best and operation.kind is not OperationKind.CLEAR)
                and not (cleared and _clears(step, id_))
            ]
        return operations

    def sent(self, operations: list[Operation], allowed: int | None) -> Changes:
        """Return as many messages as the budget allows, in their order.

        What wears out nothing is sent behind it as well, where that allows no more.
        """
        state, kept = dict(self._present), list[Operation]()
        for operation in operations:
            behind = (
                allowed is not None
                and len(kept) < len(operations)
                and (sum(each.wears for each in kept) >= allowed)
            )
            fits = not behind or (
                not operation.wears and self._excess(operation, state) <= 0
            )
            if fits:
                kept.append(operation)
                _apply(operation, state)
        return Changes(tuple(kept), len(operations) - len(kept))

    def _excess(self, operation: Operation, state: dict[int, Installed]) -> float:
        """Return how much more than the bounds a message allows, at worst, in A."""
        result = dict(state)
        _apply(operation, result)
        return max(
            self._excess_at(evse_id, result) for evse_id in self._outlook.evse_ids
        )

    def _excess_at(self, evse_id: int, state: dict[int, Installed]) -> float:
        """Return how much more than the bounds an EVSE is allowed; known if asked before."""
        concerned = frozenset(
            item for item in state.values() if item.evse_id in (0, evse_id)
        )
        key = evse_id, concerned
        if key not in self._known:
            bounds = self._bounds[evse_id]
            self._known[key] = self._outlook.excess(concerned, evse_id, bounds)
        return self._known[key]


def _next(step: Operation, state: dict[int, Installed]) -> Operation:
    """Return the next message that a step takes: first what is in its way has to go."""
    if step.kind is OperationKind.CLEAR:
        return step
    item = step.installed
    for other in _in_the_way(item, state):
        return Operation(OperationKind.CLEAR, other)
    return _write(item, state.get(item.profile.id))


def _apply(operation: Operation, state: dict[int, Installed]) -> None:
    id_ = operation.installed.profile.id
    if operation.kind is OperationKind.CLEAR:
        state.pop(id_, None)
    else:
        state[id_] = operation.installed


def _clears(step: Operation, profile_id: int) -> bool:
    return step.kind is OperationKind.CLEAR and step.installed.profile.id == profile_id


def _is_there(item: Installed, before: Installed | None, outlook: Outlook) -> bool:
    """Return whether a profile need not be written."""
    return (
        before is not None
        and has_meaning(before.profile)
        and says_same(item, before, outlook.now, outlook.sessions)
    )


def after(
    believed: Iterable[Installed], operations: Iterable[Operation]
) -> tuple[Installed, ...]:
    """Return what is installed once operations have been accepted."""
    present = {item.profile.id: item for item in believed}
    for operation in operations:
        if operation.kind is OperationKind.CLEAR:
            present.pop(operation.installed.profile.id, None)
        else:
            present[operation.installed.profile.id] = operation.installed
    return tuple(present.values())


def says_same(
    one: Installed, other: Installed, now: datetime, sessions: Sequence[Session] = ()
) -> bool:
    """Return whether two profiles mean the same from now on."""
    a, b = one.profile, other.profile
    if one.evse_id != other.evse_id or _slot(a) != _slot(b):
        return False
    if Kind.DYNAMIC in (a.kind, b.kind):
        return a.kind is b.kind and _same_set_point(a, b, now)
    if (a.kind is Kind.RELATIVE) != (b.kind is Kind.RELATIVE):
        return False
    window = Window(now, AHEAD.total_seconds())
    began = (
        s.started_at for s in sessions if s.evse_id == one.evse_id and s.started_at
    )
    anchor = next(began, now)
    return _same_segments(_segments(a, window, anchor), _segments(b, window, anchor))


def _slot(profile: ChargingProfile) -> tuple[object, ...]:
    return (
        profile.purpose,
        profile.stack_level,
        profile.transaction_id,
        profile.schedule.unit,
    )


def _same_set_point(a: ChargingProfile, b: ChargingProfile, now: datetime) -> bool:
    """Return whether a Dynamic profile need not be updated: same value, lease half over at most."""
    lease = timedelta(seconds=b.schedule.duration_s or 0)
    stale = (
        lease > timedelta()
        and b.updated_at is not None
        and now - b.updated_at > lease / 2
    )
    same = a.schedule.periods == b.schedule.periods
    return same and a.schedule.duration_s == b.schedule.duration_s and not stale


def _segments(
    profile: ChargingProfile, window: Window, anchor: datetime
) -> list[Segment]:
    """Return what a profile says in a window, neighbours that say the same in one.

    A Relative one is placed by the transaction's begin, else as if it began now.
    """
    merged: list[Segment] = []
    for segment in expand(profile, window, anchor):
        last = merged[-1] if merged else None
        if last and last.end_s == segment.start_s and _same_period(last, segment):
            merged[-1] = replace(last, end_s=segment.end_s)
        else:
            merged.append(segment)
    return merged


def _same_period(a: Segment, b: Segment) -> bool:
    return replace(a.period, start_s=0) == replace(b.period, start_s=0)


def _same_segments(a: list[Segment], b: list[Segment]) -> bool:
    return len(a) == len(b) and all(
        abs(x.start_s - y.start_s) <= _TOLERANCE_S
        and abs(x.end_s - y.end_s) <= _TOLERANCE_S
        and (x.period.limit is None) == (y.period.limit is None)
        and abs((x.period.limit or 0.0) - (y.period.limit or 0.0)) <= _TOLERANCE
        and x.period.phases == y.period.phases
        for x, y in zip(a, b, strict=True)
    )


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


def _in_the_way(item: Installed, state: dict[int, Installed]) -> list[Installed]:
    """Return our other profiles in the same place, which 2.x does not replace (K01.FR.06)."""
    return [
        other
        for id_, other in state.items()
        if id_ != item.profile.id
        and layer_of(id_) is not None
        and other.evse_id == item.evse_id
        and other.profile.purpose is item.profile.purpose
        and other.profile.stack_level == item.profile.stack_level
    ]


def _write(item: Installed, before: Installed | None) -> Operation:
    """Return how a profile is written: a Dynamic one that is there is but updated."""
    updates = (
        before is not None
        and item.profile.kind is Kind.DYNAMIC is before.profile.kind
        and before.evse_id == item.evse_id
        and _slot(item.profile) == _slot(before.profile)
        and item.profile.schedule.duration_s == before.profile.schedule.duration_s
    )
    return Operation(OperationKind.UPDATE if updates else OperationKind.SET, item)
