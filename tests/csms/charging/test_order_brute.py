"""The order of messages against all orders there are: as little more as any, at every step."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from random import Random

import pytest

from custom_components.ocpp_csms.csms.charging import detour
from custom_components.ocpp_csms.csms.charging.bounds import Bounds
from custom_components.ocpp_csms.csms.charging.combine import UNLIMITED
from custom_components.ocpp_csms.csms.charging.composite import Installed
from custom_components.ocpp_csms.csms.charging.detour import least
from custom_components.ocpp_csms.csms.charging.operation import (
    Operation,
    OperationKind,
    after,
    next_operation,
)
from custom_components.ocpp_csms.csms.charging.operations import diff
from custom_components.ocpp_csms.csms.charging.outlook import Outlook
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


def _set(random: Random, most: int) -> tuple[Installed, ...]:
    """Return some of our profiles, no two in one place."""
    found: dict[tuple[int, Purpose, int], Installed] = {}
    for evse_id, places in _PLACES.items():
        for id_, purpose in places:
            if random.random() < 0.35 or len(found) >= most:
                continue
            level = random.randint(0, 2)
            limits = random.sample((0.0, 6.0, 10.0, 16.0), random.randint(1, 2))
            place = evse_id, purpose, level
            found.setdefault(place, _installed(evse_id, id_, purpose, level, limits))
    return tuple(found.values())


def _bounds(before: Sequence[Installed], goal: Sequence[Installed]) -> Bounds:
    return Bounds(Outlook(NOW, (), UNLIMITED, (*goal, *before)), before, goal)


def _excess(state: tuple[Installed, ...], bounds: Bounds) -> float:
    return max(
        bounds.excess(evse_id, tuple(i for i in state if i.evse_id in (0, evse_id)))
        for evse_id in bounds.evse_ids
    )


def _worst(
    before: tuple[Installed, ...], operations: Sequence[Operation], bounds: Bounds
) -> float:
    """Return how much more than the bounds the worst step on the way allows."""
    states = (after(before, operations[: n + 1]) for n in range(len(operations)))
    return max((_excess(state, bounds) for state in states), default=0.0)


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


def _best_of_all(
    state: tuple[Installed, ...],
    steps: frozenset[Operation],
    bounds: Bounds,
    known: dict[object, float],
) -> float:
    """Return what the best of all orders allows more, at worst."""
    there = {item.profile.id: item for item in state}
    steps = frozenset(
        step
        for step in steps
        if step.kind is OperationKind.SET or step.installed.profile.id in there
    )
    key = frozenset(state), steps
    if key not in known:
        best = float("inf") if steps else 0.0
        for step in steps:
            before = there.get(step.installed.profile.id)
            operation = next_operation(step, before, state)
            then = after(state, [operation])
            rest = steps - {step} if operation.installed == step.installed else steps
            further = _best_of_all(then, rest, bounds, known)
            best = min(best, max(_excess(then, bounds), further))
        known[key] = best
    return known[key]


@pytest.mark.parametrize("seed", range(150))
def test_no_order_is_better(seed: int) -> None:
    """Whatever has to be changed into whatever, the order allows no more than the best."""
    random = Random(seed)
    before, goal = _set(random, 6), _set(random, 6)
    bounds = _bounds(before, goal)
    changes = diff(goal, before, NOW)
    reached = after(before, changes.operations)
    assert {i.profile.id: i for i in reached} == {i.profile.id: i for i in goal}
    best = _best_of_all(before, frozenset(_steps(before, goal)), bounds, {})
    assert _worst(before, changes.operations, bounds) == pytest.approx(best)


@pytest.mark.parametrize("moves", [False, True])
def test_work_is_bounded(moves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much has to be changed, no more is looked at than was said."""
    random = Random(1)

    def many() -> tuple[Installed, ...]:
        at_evses = (
            _installed(evse_id, first + evse_id, Purpose.TX_DEFAULT, level, [limit])
            for evse_id in range(1, 13)
            for level, first in enumerate((7000, 7100, 7200))
            for limit in random.sample((0.0, 6.0, 10.0, 16.0), 1)
        )
        station = _installed(0, 7300, Purpose.STATION_MAX, 0, [random.randint(6, 60)])
        return (station, *at_evses)

    before, goal = many(), many()
    if moves:
        # Everything depends on a profile that moves from an EVSE to the station.
        before = (*before, _installed(1, 7113, Purpose.TX_DEFAULT, 5, [6.0]))
        goal = (*goal, _installed(0, 7113, Purpose.TX_DEFAULT, 5, [6.0]))
    bounds = _bounds(before, goal)
    asked = 0

    def excess(evse_id: int, concerned: Collection[Installed]) -> float:
        nonlocal asked
        asked += 1
        return Bounds.excess(bounds, evse_id, concerned)

    monkeypatch.setattr(bounds, "excess", excess)
    monkeypatch.setattr(detour, "MOST_TRIES", 2000)
    least(list(_steps(before, goal)), before, bounds, float("inf"))
    # Each message that is tried is looked at for all EVSEs that depend on it, and a way on.
    assert asked <= (2000 + 100) * 13
