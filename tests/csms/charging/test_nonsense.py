"""What makes no sense is refused with its reason, wherever it comes from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from typing import Any, cast

import pytest

from custom_components.ocpp_csms.csms.charging.ability import current_range
from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    composite,
)
from custom_components.ocpp_csms.csms.charging.conformity import compare
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.mode import Mode, set_current
from custom_components.ocpp_csms.csms.charging.operations import diff
from custom_components.ocpp_csms.csms.charging.profile import (
    Layer,
    compile_fuse,
    profile_id,
)
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    CompositeSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.version import OcppVersion

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
PROFILE = ChargingProfile(
    id=42,
    stack_level=0,
    purpose=Purpose.TX_DEFAULT,
    kind=Kind.ABSOLUTE,
    schedule=Schedule(unit=RateUnit.AMPERE, start=NOW, periods=(Period(0, 10.0),)),
)


def _with(**fields: Any) -> ChargingProfile:
    return replace(PROFILE, schedule=replace(PROFILE.schedule, **fields))


ODD = {
    "naive start": _with(start=NAIVE),
    "naive end": replace(PROFILE, valid_to=NAIVE),
    "naive update": replace(PROFILE, kind=Kind.DYNAMIC, updated_at=NAIVE),
    "year 9999": _with(start=NOW.replace(year=9999)),
    "hourly": replace(
        PROFILE, kind=Kind.RECURRING, recurrency=cast("Recurrency", "Hourly")
    ),
    "kind": replace(PROFILE, kind=cast("Kind", "Foo")),
    "purpose": replace(PROFILE, purpose=cast("Purpose", "Foo")),
    "unit": _with(unit=cast("RateUnit", "kW")),
    "no number": _with(periods=(Period(0, nan),)),
    "unsorted": _with(periods=(Period(0, 6.0), Period(10, 6.0), Period(5, 6.0))),
    "late": _with(periods=(Period(5, 6.0),)),
    "empty": _with(periods=()),
}
LONG = {
    "duration": _with(duration_s=10**15),
    "period": _with(periods=(Period(0, 6.0), Period(10**15, 8.0))),
}


@pytest.mark.parametrize("name", ODD)
def test_profiles_without_meaning(name: str) -> None:
    """What a set with such a profile amounts to is not guessed."""
    question = Question(evse_id=1, start=NOW, duration_s=3600)
    with pytest.raises(ChargingError):
        composite([Installed(1, ODD[name])], [], question, Supply())


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", [*ODD, *LONG])
def test_odd_profiles_in_a_station(name: str, own: bool) -> None:
    """A profile that a station reports, whatever it says, keeps none of ours from being written."""
    id_ = profile_id(Layer.PLAN, 1) if own else 42
    odd = replace((ODD | LONG)[name], id=id_, stack_level=1)
    ours = replace(PROFILE, id=profile_id(Layer.BASELINE, 1))
    changes = diff([Installed(1, ours)], [Installed(1, odd)], NOW)
    assert ours in [each.installed.profile for each in changes.operations]


@pytest.mark.parametrize("name", LONG)
def test_lengths_beyond_all_time(name: str) -> None:
    """What lasts for a million years lasts for good."""
    question = Question(evse_id=1, start=NOW, duration_s=3600, assume_transaction=True)
    told = composite([Installed(1, LONG[name])], [], question, Supply())
    assert [period.limit for period in told.periods] == [
        LONG[name].schedule.periods[0].limit
    ]


def _schedule(**fields: Any) -> CompositeSchedule:
    plain: dict[str, Any] = {
        "evse_id": 1,
        "start": NOW,
        "duration_s": 3600,
        "unit": RateUnit.AMPERE,
        "periods": (Period(0, 10.0),),
    }
    return CompositeSchedule(**plain | fields)


@pytest.mark.parametrize(
    "fields", [{"start": NAIVE}, {"duration_s": nan}, {"evse_id": 2}]
)
def test_reported_schedules(fields: dict[str, Any]) -> None:
    """An answer to another question is no conformity."""
    with pytest.raises(ChargingError):
        compare(_schedule(), _schedule(**fields))


CALLS: list[Callable[[], object]] = [
    lambda: current_range((6, nan)),
    lambda: current_range((nan, 16)),
    lambda: current_range((6, 16), (nan, None)),
    lambda: current_range((6, 16), (None, None), (None, inf)),
    lambda: current_range((-6, 16)),
    lambda: set_current(Mode.SOLAR, nan, 6, 16),
    lambda: set_current(Mode.SOLAR, -1, 6, 16),
    lambda: set_current(Mode.MIN_SOLAR, 3, 16, 6),
    lambda: set_current(cast("Mode", "weird"), 8, 6, 16),
    lambda: Supply(limit_a=-5),
    lambda: Supply(voltage_v=0),
    lambda: Capabilities(version=cast("OcppVersion", "3.0")),
    lambda: Capabilities(
        version=OcppVersion.V16, units=frozenset({cast("RateUnit", "kW")})
    ),
]


@pytest.mark.parametrize("call", CALLS)
def test_numbers_and_words(call: Callable[[], object]) -> None:
    """No current comes of what is none."""
    with pytest.raises(ChargingError):
        call()


@pytest.mark.parametrize(
    ("fuse_a", "unit", "told"),
    [
        (5.98, RateUnit.AMPERE, 5.9),
        (0.04, RateUnit.AMPERE, 0.0),
        (25.0, RateUnit.AMPERE, 25.0),
        (5.999, RateUnit.WATT, 4139.0),
    ],
)
def test_fuses_are_never_told_higher(
    fuse_a: float, unit: RateUnit, told: float
) -> None:
    """What does not fit into the steps of a limit is a little less."""
    ability = Capabilities(version=OcppVersion.V16, units=frozenset({unit}))
    (fuse,) = compile_fuse(fuse_a, ability, NOW).profiles
    assert fuse.profile.schedule.periods == (Period(0, told),)
