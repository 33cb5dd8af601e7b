"""Messages in a safe order where others have profiles, too."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from custom_components.ocpp_csms.csms.charging.combine import UNLIMITED
from custom_components.ocpp_csms.csms.charging.composite import Installed
from custom_components.ocpp_csms.csms.charging.operation import OperationKind, after
from custom_components.ocpp_csms.csms.charging.operations import Changes, diff
from custom_components.ocpp_csms.csms.charging.outlook import Outlook
from custom_components.ocpp_csms.csms.charging.profile import (
    Layer,
    layer_of,
    profile_id,
)
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _profile(
    id_: int,
    level: int,
    limit: float,
    purpose: Purpose = Purpose.TX_DEFAULT,
    duration_s: int | None = None,
    evse_id: int = 1,
) -> Installed:
    schedule = Schedule(
        unit=RateUnit.AMPERE,
        start=NOW - timedelta(seconds=1),
        duration_s=duration_s,
        periods=(Period(0, limit),),
    )
    return Installed(
        evse_id,
        ChargingProfile(
            id=id_,
            stack_level=level,
            purpose=purpose,
            kind=Kind.ABSOLUTE,
            schedule=schedule,
        ),
    )


def _worst(believed: list[Installed], goal: list[Installed], changes: Changes) -> float:
    """Return how much more is allowed after any message than before or after all, in A."""
    outlook = Outlook(NOW, (), UNLIMITED, (*believed, *goal))
    foreign = [item for item in believed if layer_of(item.profile.id) is None]
    bounds = [outlook.allowed(each, 1) for each in (believed, [*foreign, *goal])]
    return max(
        (
            outlook.excess(after(believed, changes.operations[:count]), 1, bounds)
            for count in range(len(changes.operations) + 1)
        ),
        default=0.0,
    )


def test_removing_beside_the_limit_of_another() -> None:
    """What the other's profile allows afterwards does not hold before."""
    lower = _profile(profile_id(Layer.PLAN, 1), 1, 6.0, Purpose.TX, 3600)
    higher = _profile(profile_id(Layer.BASELINE, 1), 0, 16.0, Purpose.TX)
    foreign = _profile(42, 3, 6.0)
    believed = [higher, lower, foreign]
    changes = diff([], believed, NOW)
    assert [each.installed for each in changes.operations] == [higher, lower]
    assert _worst(believed, [], changes) == 0


def test_fuse_and_set_point_beside_another() -> None:
    """A higher fuse comes after the set-point that goes above the other's profile."""
    fuse = profile_id(Layer.FUSE, 0)
    live = _profile(profile_id(Layer.LIVE, 1), 5, 9.0, duration_s=300)
    before = _profile(fuse, 0, 8.0, Purpose.STATION_MAX, evse_id=0)
    behind = _profile(fuse, 0, 16.0, Purpose.STATION_MAX, evse_id=0)
    believed = [before, _profile(42, 3, 16.0)]
    goal = [behind, live]
    changes = diff(goal, believed, NOW)
    assert [each.installed for each in changes.operations] == [live, behind]


@pytest.mark.parametrize("seed", range(40))
def test_any_profiles(seed: int) -> None:
    """Never more than before or in the end, and nobody else's profile is touched."""
    random = Random(seed)
    layers = [Layer.BASELINE, Layer.PLAN, Layer.LIVE]
    for _ in range(25):
        purpose = random.choice([Purpose.TX_DEFAULT, Purpose.TX])

        def ours(purpose: Purpose = purpose) -> list[Installed]:
            return [
                _profile(
                    profile_id(layer, 1),
                    index * 2,
                    random.choice([0.0, 6.0, 10.0, 16.0]),
                    purpose,
                    None if index == 0 else random.choice([300, 3600]),
                )
                for index, layer in enumerate(layers)
                if random.random() < 0.7
            ]

        foreign = [
            _profile(
                number,
                random.choice([1, 3, 5]),
                random.choice([6.0, 12.0, 16.0]),
                random.choice([Purpose.TX_DEFAULT, Purpose.TX]),
                random.choice([None, 900]),
            )
            for number in (41, 42)
            if random.random() < 0.6
        ]
        believed, goal = [*ours(), *foreign], ours()
        changes = diff(goal, believed, NOW)
        touched = {each.installed.profile.id for each in changes.operations}
        assert touched.isdisjoint({41, 42})
        assert _worst(believed, goal, changes) <= 0.05


def test_many_evses() -> None:
    """Each EVSE gets its messages, whatever the others get."""
    wanted = [
        _profile(profile_id(Layer.BASELINE, evse), 0, 10.0, evse_id=evse)
        for evse in range(1, 13)
    ]
    believed = [
        _profile(profile_id(Layer.BASELINE, evse), 0, 6.0, evse_id=evse)
        for evse in range(1, 13)
    ]
    changes = diff(wanted, believed, NOW)
    assert {each.installed.evse_id for each in changes.operations} == set(range(1, 13))
    assert all(each.kind is OperationKind.SET for each in changes.operations)
