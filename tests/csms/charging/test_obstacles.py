"""Profiles of others that are in the way of ours."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import UNLIMITED
from custom_components.ocpp_csms.csms.charging.composite import Installed
from custom_components.ocpp_csms.csms.charging.obstacles import (
    Obstacle,
    ObstacleKind,
    obstacles,
)
from custom_components.ocpp_csms.csms.charging.operation import after
from custom_components.ocpp_csms.csms.charging.operations import diff
from custom_components.ocpp_csms.csms.charging.outlook import Outlook
from custom_components.ocpp_csms.csms.charging.profile import (
    Desired,
    compile_fuse,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.timeline import Segment
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .profiles import FLAT, NOW, PLAN, later

ABILITY = Capabilities(version=OcppVersion.V201)
OWN = compile_profiles(Desired(baseline=FLAT, plan=PLAN), ABILITY, NOW, 1).profiles


def _foreign(evse_id: int = 1, **fields: Any) -> Installed:
    values: dict[str, Any] = {
        "id": 42,
        "stack_level": 0,
        "purpose": Purpose.TX_DEFAULT,
        "kind": Kind.ABSOLUTE,
        "schedule": Schedule(
            unit=RateUnit.AMPERE, start=NOW, periods=(Period(0, 10.0),)
        ),
    }
    return Installed(evse_id, ChargingProfile(**values | fields))


_HIGH = Schedule(unit=RateUnit.AMPERE, start=NOW, periods=(Period(0, 63.0),))


def _found(
    own: Sequence[Installed], believed: Sequence[Installed], minutes: float = 0
) -> tuple[Obstacle, ...]:
    outlook = Outlook(later(minutes), (), UNLIMITED, (*own, *believed))
    return obstacles(own, believed, outlook)


@pytest.mark.parametrize(
    ("foreign", "expected"),
    [
        (_foreign(), [("in_place", 7101)]),
        (_foreign(stack_level=1), [("above", 7101), ("in_place", 7201)]),
        (_foreign(stack_level=9), [("above", 7101), ("above", 7201)]),
        (_foreign(evse_id=0), []),
        (_foreign(evse_id=0, stack_level=1), [("above", 7101)]),
        (_foreign(evse_id=2, stack_level=9), []),
        (
            _foreign(purpose=Purpose.TX, transaction_id="t"),
            [("above", 7101), ("above", 7201)],
        ),
        (_foreign(purpose=Purpose.PRIORITY), [("above", 7101), ("above", 7201)]),
        (_foreign(purpose=Purpose.LOCAL_GENERATION), []),
        (
            _foreign(evse_id=0, purpose=Purpose.STATION_EXTERNAL),
            [("limits", 7101), ("limits", 7201)],
        ),
        (_foreign(evse_id=0, purpose=Purpose.STATION_MAX, schedule=_HIGH), []),
        (_foreign(valid_to=NOW), []),
        (_foreign(stack_level=9, valid_to=NOW), []),
        (_foreign(stack_level=9, kind=Kind.RECURRING, valid_to=NOW), []),
    ],
)
def test_obstacles(foreign: Installed, expected: list[tuple[str, int]]) -> None:
    """In our place, above it, or limiting it; of what is over, or for others, nothing."""
    found = _found(OWN, [*OWN, foreign])
    assert [(o.kind.value, o.own.profile.id) for o in found] == expected
    assert all(obstacle.foreign is foreign for obstacle in found)


def test_over_or_unreadable() -> None:
    """What says nothing any more is in nobody's way but for its place."""
    schedule = _foreign().profile.schedule
    over = _foreign(stack_level=9, schedule=replace(schedule, duration_s=60))
    assert _found(OWN, [over], 2) == ()
    odd = _foreign(schedule=replace(schedule, periods=()))
    assert [o.kind for o in _found(OWN, [odd])] == [ObstacleKind.IN_PLACE]


def test_fuse() -> None:
    """Of the station's maximum a lower one limits, a higher level holds instead."""
    fuse = compile_fuse(25, ABILITY, NOW).profiles
    wanted = {"evse_id": 0, "purpose": Purpose.STATION_MAX}
    above = _found(fuse, [_foreign(**wanted, stack_level=3)])
    place = _found(fuse, [_foreign(**wanted)])
    assert [o.kind for o in (*above, *place)] == [
        ObstacleKind.ABOVE,
        ObstacleKind.IN_PLACE,
    ]
    assert _found(fuse, [_foreign(stack_level=3)]) == ()


def test_place_of_another_is_left_to_it() -> None:
    """What would replace another's profile is not sent; the rest is, and it is told."""
    foreign = _foreign()
    changes = diff(OWN, [foreign], NOW)
    assert [op.installed.profile.id for op in changes.operations] == [7201]
    assert [(o.kind, o.foreign) for o in changes.obstacles] == [
        (ObstacleKind.IN_PLACE, foreign)
    ]
    assert foreign in after([foreign], changes.operations)
    assert diff(OWN, OWN, NOW).obstacles == ()


def test_work_grows_with_the_evses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another has limited the whole station to is held against each EVSE at that EVSE alone."""
    looks = 0
    look = Outlook.allowed

    def counted(
        self: Outlook, installed: Iterable[Installed], evse_id: int
    ) -> list[Segment]:
        nonlocal looks
        looks += 1
        return look(self, installed, evse_id)

    monkeypatch.setattr(Outlook, "allowed", counted)
    limit = _foreign(evse_id=0, purpose=Purpose.STATION_EXTERNAL)
    for count in (5, 10, 20):
        looks = 0
        own = [replace(OWN[0], evse_id=evse_id) for evse_id in range(1, count + 1)]
        found = obstacles(own, [limit], Outlook(NOW, (), UNLIMITED, (*own, limit)))
        assert [each.own.evse_id for each in found] == list(range(1, count + 1))
        # Of ours alone, with the other's, and of nothing.
        assert looks == 3 * count
