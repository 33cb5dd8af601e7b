"""The fewest messages that bring a station from the profiles it has to those it should have.

In an order in which every step leaves it safe: never unlimited, and never with more than
what held before, or is to hold after. As far as that leaves a choice: first what must be
there at all, then what lowers the current, then the rest from the lowest layer up, and last
what is not wanted any more, from the top down. Profiles of others are never touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from ..model.profile import ChargingProfile, Kind, RateUnit
from .combine import Supply
from .composite import Installed, Question, composite
from .obstacles import Obstacle, ObstacleKind, obstacles
from .profile import Layer, layer_of
from .timeline import AHEAD, Segment, Window, expand, has_meaning, is_over, slices

_TOLERANCE_S = 1.0
_TOLERANCE = 0.05
_LOOK_S = 86_400
_UNLIMITED = Supply(limit_a=1e6, limit_w=1e9)


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
) -> Changes:
    """Return what is to be sent, at most `allowed` messages that wear out memory.

    A profile of the same id replaces its predecessor (1.6 section 5.16.3, 2.x K01.FR.05);
    removing goes by id (1.6 section 5.4, 2.x K10).

    What is believed to be installed may hold profiles of others, which stay: what is to be
    in the place of one of them is not sent, and they are told where they are in the way.
    Those that are over stay too: they do nothing, and their successors replace them.
    """
    desired, believed = tuple(desired), tuple(believed)
    hindered = obstacles(desired, believed, now)
    barred = {o.own.profile.id for o in hindered if o.kind is ObstacleKind.IN_PLACE}
    wanted = {i.profile.id: i for i in desired if i.profile.id not in barred}
    own = [item for item in believed if layer_of(item.profile.id) is not None]
    present = {item.profile.id: item for item in own if has_meaning(item.profile)}
    changed = [
        item
        for id_, item in wanted.items()
        if id_ not in present or not says_same(item, present[id_], now)
    ]
    changed.sort(key=lambda item: _place(item, present.get(item.profile.id), now))
    gone = [
        item
        for item in own
        if item.profile.id not in wanted
        and not (has_meaning(item.profile) and is_over(item.profile, now))
    ]
    gone.sort(key=lambda item: -_layer(item))
    steps = [Operation(OperationKind.SET, item) for item in changed]
    steps += [Operation(OperationKind.CLEAR, item) for item in gone]
    changes = _within(_in_safe_order(steps, present, wanted, now), allowed)
    return replace(changes, obstacles=hindered)


def _in_safe_order(
    steps: list[Operation],
    present: dict[int, Installed],
    wanted: dict[int, Installed],
    now: datetime,
) -> list[Operation]:
    """Return the steps so that after each no more is allowed than before or after them all.

    Where no step is safe in that sense, the one that comes first is taken.
    """
    state, operations = dict(present), list[Operation]()
    bounds = [tuple(present.values()), tuple(wanted.values())]
    while steps:
        tries = [_done(step, state) for step in steps]
        best = next(
            (
                index
                for index, (_, result) in enumerate(tries)
                if _is_bounded(steps[index].installed, result, bounds, now)
            ),
            0,
        )
        done, state = tries[best]
        operations += done
        cleared = {op.installed.profile.id for op in done} - wanted.keys()
        steps = [
            step
            for index, step in enumerate(steps)
            if index != best and step.installed.profile.id not in cleared
        ]
    return operations


def _done(
    step: Operation, state: dict[int, Installed]
) -> tuple[list[Operation], dict[int, Installed]]:
    """Return the messages of a step, and what is installed after them."""
    item = step.installed
    result = dict(state)
    if step.kind is OperationKind.CLEAR:
        result.pop(item.profile.id, None)
        return [step], result
    messages = []
    for other in _in_the_way(item, state):
        del result[other.profile.id]
        messages.append(Operation(OperationKind.CLEAR, other))
    messages.append(_write(item, result.get(item.profile.id)))
    result[item.profile.id] = item
    return messages, result


def _is_bounded(
    item: Installed,
    state: dict[int, Installed],
    bounds: list[tuple[Installed, ...]],
    now: datetime,
) -> bool:
    """Return whether a state allows an EVSE no more than one of others, at any time."""
    if item.evse_id == 0:
        return True
    timelines = [
        _allowed(installed, item.evse_id, now)
        for installed in (tuple(state.values()), *bounds)
    ]
    for _, _, parts in slices(timelines, _LOOK_S):
        has, *may = [part.period.limit or 0.0 for part in parts]
        if has > max(may) + _TOLERANCE:
            return False
    return True


def _allowed(
    installed: tuple[Installed, ...], evse_id: int, now: datetime
) -> list[Segment]:
    """Return what an EVSE is allowed, moment by moment, in A."""
    question = Question(
        evse_id=evse_id, start=now, duration_s=_LOOK_S, assume_transaction=True
    )
    periods = composite(installed, (), question, _UNLIMITED).periods
    ends = [*(period.start_s for period in periods[1:]), _LOOK_S]
    return [
        Segment(period.start_s, end, period, RateUnit.AMPERE)
        for period, end in zip(periods, ends, strict=True)
    ]


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


def says_same(one: Installed, other: Installed, now: datetime) -> bool:
    """Return whether two profiles mean the same from now on."""
    a, b = one.profile, other.profile
    if one.evse_id != other.evse_id or _slot(a) != _slot(b):
        return False
    if Kind.DYNAMIC in (a.kind, b.kind):
        return a.kind is b.kind and _same_set_point(a, b, now)
    if (a.kind is Kind.RELATIVE) != (b.kind is Kind.RELATIVE):
        return False
    window = Window(now, AHEAD.total_seconds())
    return _same_segments(_segments(a, window), _segments(b, window))


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


def _segments(profile: ChargingProfile, window: Window) -> list[Segment]:
    """Return what a profile says in a window, neighbours that say the same in one.

    A Relative one is placed as if its transaction had begun at the window's start.
    """
    merged: list[Segment] = []
    for segment in expand(profile, window, window.start):
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


def _within(operations: list[Operation], allowed: int | None) -> Changes:
    """Return as many operations as the budget allows, in their order."""
    if allowed is None:
        return Changes(tuple(operations))
    kept: list[Operation] = []
    for index, operation in enumerate(operations):
        if operation.wears:
            if allowed <= 0:
                return Changes(tuple(kept), len(operations) - index)
            allowed -= 1
        kept.append(operation)
    return Changes(tuple(kept))
