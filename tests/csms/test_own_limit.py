"""The profile that holds a limit is not replaced behind the user's back, and can be removed."""

import pytest

from custom_components.ocpp_csms.csms import limits
from custom_components.ocpp_csms.csms.errors import InvalidRequestError
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from custom_components.ocpp_csms.csms.profiles import check_profile

from .conftest import Simulate


def _profile(level: int, purpose: Purpose = Purpose.TX_DEFAULT) -> ChargingProfile:
    return ChargingProfile(
        id=1,
        stack_level=level,
        purpose=purpose,
        kind=Kind.RELATIVE,
        schedule=Schedule(unit=RateUnit.AMPERE, periods=(Period(0, 20.0),)),
    )


async def test_level_of_the_limit_is_taken(simulate: Simulate, version: str) -> None:
    """While a limit is wished for, no profile may stand in its place."""
    station, _ = await simulate(version)
    top = limits.top_stack_level(station)
    check_profile(station, 1, _profile(top))
    await limits.set_limit(station, 1, 10.0)
    with pytest.raises(InvalidRequestError, match="stack_level_taken"):
        check_profile(station, 1, _profile(top))
    with pytest.raises(InvalidRequestError, match="stack_level_taken"):
        check_profile(station, 0, _profile(top))
    check_profile(station, 1, _profile(limits.user_stack_level(station)))


async def test_limit_can_be_removed(simulate: Simulate, version: str) -> None:
    """Without limit and pause the station is free again."""
    station, simulated = await simulate(version)
    await limits.set_limit(station, 1, 10.0)
    await limits.set_paused(station, 1, paused=True)
    assert simulated.evse(1).limit_a == 0
    await limits.clear_limit(station, 1)
    evse = station.evses[1]
    assert (evse.wish.effective_a, evse.applied_a) == (None, None)
    assert simulated.evse(1).limit_a > 10
