"""The profile that holds a limit is not replaced behind the user's back, and can be removed."""

import asyncio

import pytest

from custom_components.ocpp_csms.csms import limits
from custom_components.ocpp_csms.csms.errors import (
    CommandRejectedError,
    InvalidRequestError,
)
from custom_components.ocpp_csms.csms.model.commands import (
    ClearChargingProfile,
    SetChargingProfile,
)
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from custom_components.ocpp_csms.csms.profiles import check_profile
from custom_components.ocpp_csms.csms.station import Station
from simulator import ChargingStation, ManualClock

from .conftest import Simulate
from .support import charge, until


def _profile(level: int, amps: float = 20.0) -> ChargingProfile:
    return ChargingProfile(
        id=1,
        stack_level=level,
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.RELATIVE,
        schedule=Schedule(unit=RateUnit.AMPERE, periods=(Period(0, amps),)),
    )


async def _below_a_profile(
    simulate: Simulate, version: str, amps: float
) -> tuple[Station, ChargingStation]:
    """Return a station that takes limits only on a level below a profile of the user's."""
    station, simulated = await simulate(version)
    await station.execute(SetChargingProfile(1, _profile(1, amps)))
    simulated.misbehaviour.only_stack_level = 0
    return station, simulated


def _ids(simulated: ChargingStation) -> list[int]:
    return [profile.id for profile in simulated.profiles]


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


# Accepted, but without effect.


async def test_overruled_limit(simulate: Simulate, version: str) -> None:
    """A limit that another profile overrules is refused and withdrawn, until that is gone."""
    station, simulated = await _below_a_profile(simulate, version, 20.0)
    evse = station.evses[1]
    with pytest.raises(InvalidRequestError, match="limit_overruled"):
        await limits.set_limit(station, 1, 10.0)
    assert (evse.wish.limit_a, evse.applied_a) == (None, None)
    assert _ids(simulated) == [1]
    await station.execute(ClearChargingProfile(profile_id=1))
    await limits.set_limit(station, 1, 10.0)
    assert (evse.wish.limit_a, evse.applied_a) == (10.0, 10.0)
    assert _ids(simulated) == [limits.own_profile_id(evse)]


async def test_refused_limit_gives_the_earlier_one_back(
    simulate: Simulate, version: str
) -> None:
    """The attempt to set a limit that does not hold leaves the one before in force."""
    station, simulated = await _below_a_profile(simulate, version, 8.0)
    evse = station.evses[1]
    await limits.set_limit(station, 1, 10.0)
    with pytest.raises(InvalidRequestError, match="limit_overruled"):
        await limits.set_limit(station, 1, 6.0)
    await until(lambda: evse.applied_a == 10.0)
    await station.execute(ClearChargingProfile(profile_id=1))
    await until(lambda: simulated.evse(1).limit_a == 10.0)
    assert (evse.wish.limit_a, evse.applied_a) == (10.0, 10.0)


async def test_refused_limit_with_wishes_left_out(
    simulate: Simulate, version: str
) -> None:
    """So it is where wishes are not applied after a boot."""
    station, simulated = await simulate(
        version, config={"skip_steps": frozenset({"wishes"})}
    )
    await station.execute(SetChargingProfile(1, _profile(1, 8.0)))
    simulated.misbehaviour.only_stack_level = 0
    await limits.set_limit(station, 1, 10.0)
    with pytest.raises(InvalidRequestError, match="limit_overruled"):
        await limits.set_limit(station, 1, 6.0)
    assert station.evses[1].applied_a == 10.0


async def test_two_refused_limits(simulate: Simulate, version: str) -> None:
    """Of two wishes that are both refused neither stays: what held before does."""
    station, simulated = await simulate(version)
    await limits.set_limit(station, 1, 16.0)
    simulated.misbehaviour.statuses["SetChargingProfile"] = "Rejected"
    simulated.misbehaviour.hold.add("SetChargingProfile")
    first = asyncio.create_task(limits.set_limit(station, 1, 10.0))
    await until(lambda: station.evses[1].wish.limit_a == 10.0)
    second = asyncio.create_task(limits.set_limit(station, 1, 12.0))
    await until(lambda: station.evses[1].wish.limit_a == 12.0)
    simulated.release("SetChargingProfile")
    refused = await asyncio.gather(first, second, return_exceptions=True)
    assert any(isinstance(result, CommandRejectedError) for result in refused)
    assert station.evses[1].wish.limit_a == 16.0


async def test_limit_above_another_profile(simulate: Simulate, version: str) -> None:
    """A profile that allows even less does not overrule a limit."""
    station, simulated = await _below_a_profile(simulate, version, 8.0)
    await limits.set_limit(station, 1, 10.0)
    assert station.evses[1].applied_a == 10.0
    assert sorted(_ids(simulated)) == [1, limits.own_profile_id(station.evses[1])]


@pytest.mark.parametrize("answer", ["Rejected", "NotSupported"])
async def test_station_that_tells_no_schedule(
    simulate: Simulate, version: str, answer: str
) -> None:
    """Where it can't be known whether a limit holds, the station's word counts."""
    station, simulated = await _below_a_profile(simulate, version, 20.0)
    if answer == "Rejected":
        simulated.misbehaviour.statuses["GetCompositeSchedule"] = answer
    else:
        simulated.misbehaviour.refuse["GetCompositeSchedule"] = answer
    await limits.set_limit(station, 1, 10.0)
    assert station.evses[1].applied_a == 10.0


async def test_overruled_limit_in_a_transaction(
    simulate: Simulate, manual: ManualClock, version_2x: str
) -> None:
    """2.x: in a transaction a limit that is overruled as a default is sent for it alone."""
    station, simulated, _ = await charge(simulate, manual, version_2x)
    top = limits.top_stack_level(station)
    await station.execute(SetChargingProfile(1, _profile(top)))
    await limits.set_limit(station, 1, 10.0)
    evse = station.evses[1]
    assert (evse.applied_a, evse.applied_to_transaction) == (10.0, True)
    await until(lambda: simulated.evse(1).limit_a == 10.0)
    (own,) = [profile for profile in simulated.profiles if profile.id != 1]
    assert (own.id, own.purpose) == (limits.own_profile_id(evse), "TxProfile")
