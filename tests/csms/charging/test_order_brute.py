"""The order of messages against all orders there are: as little more as any, at every step."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from custom_components.ocpp_csms.csms.charging import way
from custom_components.ocpp_csms.csms.charging.bounds import Bounds
from custom_components.ocpp_csms.csms.charging.combine import UNLIMITED
from custom_components.ocpp_csms.csms.charging.composite import Installed
from custom_components.ocpp_csms.csms.charging.operation import (
    Operation,
    OperationKind,
    after,
    next_operation,
)
from custom_components.ocpp_csms.csms.charging.operations import Changes, diff
from custom_components.ocpp_csms.csms.charging.outlook import Outlook
from custom_components.ocpp_csms.csms.charging.part import Part, State
from custom_components.ocpp_csms.csms.charging.timeline import Segment
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)

from .profiles import NOW

_PLACES = {
    0: ((7300, Purpose.STATION_MAX), (7100, Purpose.TX_DEFAULT)),
    1: (
        (7101, Purpose.TX_DEFAULT),
        (7001, Purpose.TX_DEFAULT),
        (7201, Purpose.TX_DEFAULT),
    ),
    2: ((7102, Purpose.TX_DEFAULT), (7002, Purpose.TX_DEFAULT)),
}


def _installed(
    evse_id: int, id_: int, purpose: Purpose, level: int, limits: Sequence[float]
) -> Installed:
    periods = tuple(
        Period(start_s=3600 * n, limit=limit) for n, limit in enumerate(limits)
    )
    schedule = Schedule(
        unit=RateUnit.AMPERE, periods=periods, start=NOW, duration_s=86_400
    )
    profile = ChargingProfile(
        id=id_,
        stack_level=level,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedule=schedule,
        valid_to=NOW + timedelta(days=2),
    )
    return Installed(evse_id, profile)


def _set(random: Random, most: int, moves: bool = False) -> tuple[Installed, ...]:
    """Return some of our profiles, no two in one place; some where others would be."""
    found: dict[tuple[int, Purpose, int], Installed] = {}
    for usual_id, places in _PLACES.items():
        for id_, purpose in places:
            if random.random() < 0.35 or len(found) >= most:
                continue
            moved = moves and random.random() < 0.2
            evse_id = random.randint(0, 2) if moved else usual_id
            level = random.randint(0, 2)
            limits = random.sample((0.0, 6.0, 10.0, 16.0), random.randint(1, 2))
            place = evse_id, purpose, level
            found.setdefault(place, _installed(evse_id, id_, purpose, level, limits))
    return tuple(found.values())


def _bounds(before: Sequence[Installed], goal: Sequence[Installed]) -> Bounds:
    return Bounds(Outlook(NOW, (), UNLIMITED, (*goal, *before)), before, goal)


def _excess_at(evse_id: int, state: tuple[Installed, ...], bounds: Bounds) -> float:
    concerned = tuple(i for i in state if i.evse_id in (0, evse_id))
    return bounds.excess(evse_id, concerned)


type _Excess = tuple[float, ...]
"""By how much each EVSE is allowed more than the bounds, in A."""


def _excess(state: tuple[Installed, ...], bounds: Bounds) -> _Excess:
    return tuple(_excess_at(evse_id, state, bounds) for evse_id in bounds.evse_ids)


def _worst(
    before: tuple[Installed, ...], operations: Sequence[Operation], bounds: Bounds
) -> float:
    """Return how much more than the bounds the worst step on the way allows."""
    return max(_excess(state, bounds) for state in _on_the_way(before, operations))


def _on_the_way(
    before: tuple[Installed, ...], operations: Sequence[Operation]
) -> list[tuple[Installed, ...]]:
    """Return what is installed before, between and after messages."""
    return [after(before, operations[:n]) for n in range(len(operations) + 1)]


def _steps(
    before: Sequence[Installed], goal: Sequence[Installed]
) -> Iterator[Operation]:
    there = {item.profile.id: item for item in before}
    ids = {item.profile.id for item in goal}
    for item in goal:
        if there.get(item.profile.id) != item:
            yield Operation(OperationKind.SET, item)
    for item in before:
        if item.profile.id not in ids:
            yield Operation(OperationKind.CLEAR, item)


type _Cost = tuple[_Excess, int]
"""How much more the worst step allows each EVSE, and how many messages there are."""


class _All:
    """All orders of some steps."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._known: dict[object, frozenset[_Cost]] = {}

    def costs(
        self, state: tuple[Installed, ...], steps: frozenset[Operation]
    ) -> frozenset[_Cost]:
        """Return what orders come to, but for those that are no better than another."""
        there = {item.profile.id: item for item in state}
        steps = frozenset(
            step
            for step in steps
            if step.kind is OperationKind.SET or step.installed.profile.id in there
        )
        key = frozenset(state), steps
        if key not in self._known:
            nothing = tuple(0.0 for _ in self._bounds.evse_ids)
            found = set(self._further(state, steps)) if steps else {(nothing, 0)}
            self._known[key] = frozenset(
                cost for cost in found if not any(_beats(one, cost) for one in found)
            )
        return self._known[key]

    def _further(
        self, state: tuple[Installed, ...], steps: frozenset[Operation]
    ) -> Iterator[_Cost]:
        there = {item.profile.id: item for item in state}
        for step in steps:
            before = there.get(step.installed.profile.id)
            operation = next_operation(step, before, state)
            then = after(state, [operation])
            rest = steps - {step} if operation.installed == step.installed else steps
            excess = _excess(then, self._bounds)
            for worst, count in self.costs(then, rest):
                yield tuple(map(max, excess, worst, strict=True)), count + 1


def _beats(one: _Cost, other: _Cost) -> bool:
    """Return whether one is better in something, and worse in nothing."""
    pairs = zip((*one[0], one[1]), (*other[0], other[1]), strict=True)
    return one != other and all(a <= b for a, b in pairs)


def _hardest_first(cost: _Cost) -> tuple[list[float], int]:
    return sorted(cost[0], reverse=True), cost[1]


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("seed", [*range(150), 1768])
def test_no_order_is_better(seed: int, moves: bool) -> None:
    """Whatever has to be changed into whatever: no order allows less, or needs fewer messages."""
    random = Random(seed)
    before, goal = _set(random, 6, moves), _set(random, 6, moves)
    bounds = _bounds(before, goal)
    changes = diff(goal, before, NOW)
    reached = after(before, changes.operations)
    assert {i.profile.id: i for i in reached} == {i.profile.id: i for i in goal}
    costs = _All(bounds).costs(before, frozenset(_steps(before, goal)))
    expected = min(map(_hardest_first, costs))
    told = _hardest_first(
        (_worst(before, changes.operations, bounds), len(changes.operations))
    )
    # EVSEs between which a profile moves are one: the worst of them counts.
    seen = 1 if moves else None
    assert told[0][:seen] == pytest.approx(expected[0][:seen])
    if max(expected[0]) <= 0:
        assert told[1] == expected[1]


type _Both = tuple[list[Installed], list[Installed]]
"""What an EVSE has, and what it is to have."""


def _ending(
    evse_id: int, first: int, level: int, limit: float, hours: float = 24
) -> Installed:
    item = _installed(evse_id, first + evse_id, Purpose.TX_DEFAULT, level, [limit])
    end = NOW + timedelta(hours=hours)
    return replace(item, profile=replace(item.profile, valid_to=end))


def _hopeless(evse_id: int, level: int = 0) -> _Both:
    """Return levels that change places: one has to be given up, and 10 A more are allowed."""
    below, above = level, level + 1
    return (
        [_ending(evse_id, 7100, below, 16.0), _ending(evse_id, 7200, above, 6.0)],
        [_ending(evse_id, 7200, below, 16.0), _ending(evse_id, 7100, above, 6.0)],
    )


def _dead_end(evse_id: int) -> _Both:
    """Return what is safe in one order only, though another message would be safe at first."""
    return (
        [_ending(evse_id, 7000, 3, 6.0, 1)],
        [
            _ending(evse_id, 7100, 3, 0.0, 0.25),
            _ending(evse_id, 7000, 0, 6.0),
            _ending(evse_id, 7200, 2, 10.0, 1),
        ],
    )


def _usual(evse_id: int) -> _Both:
    """Return a baseline, a plan and a set-point that are all raised."""

    def layers(more_a: float) -> list[Installed]:
        return [
            _ending(evse_id, 7100, 0, 6.0 + more_a),
            _ending(evse_id, 7200, 1, 8.0 + more_a, 5),
            _ending(evse_id, 7000, 2, 10.0 + more_a, 1),
        ]

    return layers(0), layers(1)


def _fuse(limit: float) -> Installed:
    return _installed(0, 7300, Purpose.STATION_MAX, 0, [limit])


def _station(*evses: _Both) -> tuple[tuple[Installed, ...], tuple[Installed, ...]]:
    """Return what a station has, and what it is to have, with a fuse that is raised."""
    before, goal = (tuple(i for evse in evses for i in evse[n]) for n in (0, 1))
    return (_fuse(63.0), *before), (_fuse(80.0), *goal)


@pytest.mark.parametrize("first", [True, False])
def test_what_one_can_not_avoid_no_other_has_to_bear(first: bool) -> None:
    """An EVSE without a safe order takes none from another that has one."""
    hopeless, dead_end = (1, 2) if first else (2, 1)
    before, goal = _station(_hopeless(hopeless), _dead_end(dead_end))
    bounds = _bounds(before, goal)
    worst = _worst(before, diff(goal, before, NOW).operations, bounds)
    assert dict(zip(bounds.evse_ids, worst, strict=True)) == {
        hopeless: pytest.approx(10.0),
        dead_end: 0.0,
    }


def _looks(
    before: Sequence[Installed], goal: Sequence[Installed], patch: pytest.MonkeyPatch
) -> tuple[int, Changes]:
    """Return how often an order takes the composite schedule of an EVSE, and the order."""
    looks = 0
    look = Outlook.allowed

    def counted(
        self: Outlook, installed: Iterable[Installed], evse_id: int
    ) -> list[Segment]:
        nonlocal looks
        looks += 1
        return look(self, installed, evse_id)

    with patch.context() as context:
        context.setattr(Outlook, "allowed", counted)
        changes = diff(goal, before, NOW)
    return looks, changes


@pytest.mark.parametrize("hard", [_usual, _dead_end, _hopeless])
def test_work_grows_with_the_evses(
    hard: Callable[[int], _Both], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as many EVSEs take twice the work, even if one of them is hard to bring there."""
    looks = []
    for count in (10, 20, 40):
        evses = [_usual(evse_id) for evse_id in range(2, count + 1)]
        before, goal = _station(hard(1), *evses)
        looked, changes = _looks(before, goal, monkeypatch)
        looks.append(looked)
        worst = max(_worst(before, changes.operations, _bounds(before, goal)))
        assert worst == (pytest.approx(10.0) if hard is _hopeless else 0.0)
    assert looks[2] - looks[1] == 2 * (looks[1] - looks[0])
    # Before and after all, and after all but the last of four messages.
    assert looks[1] - looks[0] == 10 * 5


def _swapped(limit: float, levels: tuple[int, int]) -> list[Installed]:
    """Return six profiles of an EVSE with a limit, and two below them on these levels."""
    ring = [_ending(1, 7210 + n, level, 6.0) for n, level in enumerate(levels)]
    return [*ring, *(_ending(1, 7220 + n, 2 + n, limit) for n in range(6))]


def test_profiles_that_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them is given up, without a look for a way on which none would be."""
    before, goal = _swapped(6.0, (0, 1)), _swapped(8.0, (1, 0))
    looks, changes = _looks(before, goal, monkeypatch)
    kinds = [operation.kind for operation in changes.operations]
    assert sorted(kinds) == [OperationKind.CLEAR] + [OperationKind.SET] * 8
    assert looks <= 2 * len(kinds)


def _many() -> tuple[tuple[Installed, ...], tuple[Installed, ...]]:
    """Return an EVSE without a safe order, where ten more profiles change that never hold."""
    before, goal = _hopeless(1, level=10)
    below, changed = (
        [_ending(1, 7210 + n, n, limit) for n in range(10)] for limit in (6.0, 8.0)
    )
    return (*before, *below), (*goal, *changed)


def _moving(evses: int) -> tuple[tuple[Installed, ...], tuple[Installed, ...]]:
    """Return EVSEs that all depend on a profile that moves from one of them to the station."""
    before, goal = _station(*(_hopeless(evse_id) for evse_id in range(1, evses + 1)))
    return (*before, _ending(1, 7098, 5, 6.0)), (*goal, _ending(0, 7099, 5, 6.0))


@pytest.mark.parametrize("moves", [False, True])
def test_work_is_bounded(moves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many orders there are, no more is tried than was said, and a way down from there."""
    before, goal = _moving(8) if moves else _many()
    tries, most = 0, 50
    judge = Part.excess

    def counted(self: Part, state: State, station: State) -> float:
        nonlocal tries
        tries += 1
        return judge(self, state, station)

    monkeypatch.setattr(Part, "excess", counted)
    monkeypatch.setattr(way, "MOST_TRIES", most)
    changes = diff(goal, before, NOW)
    assert most < tries <= most + len(changes.operations) * len(goal)
    reached = after(before, changes.operations)
    assert {i.profile.id: i for i in reached} == {i.profile.id: i for i in goal}
