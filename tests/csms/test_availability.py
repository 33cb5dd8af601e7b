"""Availability of stations and EVSEs: a wish that is kept and applied again."""

import asyncio

import pytest

from custom_components.ocpp_csms.csms import availability, limits, onboarding
from custom_components.ocpp_csms.csms.errors import (
    CallTimeoutError,
    CommandRejectedError,
    InvalidRequestError,
)
from custom_components.ocpp_csms.csms.model.commands import Trigger, TriggerMessage
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.station import Station
from simulator import ManualClock, Misbehaviour

from .conftest import Simulate
from .support import BareStation, Json, again, charge, status, until


async def test_availability(simulate: Simulate, version: str) -> None:
    """An EVSE is taken out of use and put back."""
    station, simulated = await simulate(version)
    assert await availability.set_available(station, 1, available=False) == "Accepted"
    await until(lambda: station.evses[1].status == "unavailable")
    await availability.set_available(station, 1, available=True)
    await until(lambda: station.evses[1].status == "available")
    assert simulated.evse(1).operative


async def test_availability_of_the_station(simulate: Simulate, version: str) -> None:
    """The whole station is taken out of use."""
    station, simulated = await simulate(version, evses=2)
    await availability.set_available(station, None, available=False)
    await until(lambda: not any(evse.operative for evse in simulated.evses))
    assert station.state.wish_available is False


async def test_availability_after_the_transaction(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """While a car charges the wish is scheduled."""
    station, _, running = await charge(simulate, manual, version)
    assert await availability.set_available(station, 1, available=False) == "Scheduled"
    assert running.active


async def test_availability_while_away(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """The wish is kept while the station is away."""
    station, simulated = await simulate(version)
    await simulated.go_offline()
    await until(lambda: not station.connected)
    assert await availability.set_available(station, 1, available=False) == "Stored"
    await simulated.go_online()
    await manual.advance(120)
    await until(lambda: not simulated.evse(1).operative)


async def test_availability_of_a_single_evse(
    cp1: BareStation, station: Station
) -> None:
    """A station that can't be addressed as a whole is addressed by its only connector."""

    def answer(payload: Json) -> Json:
        return {"status": "Accepted" if payload["connectorId"] else "Rejected"}

    await cp1.call("StatusNotification", status())
    cp1.replies = {"ChangeAvailability": answer}
    assert (
        await availability.set_available(station, None, available=False) == "Accepted"
    )
    asked = [payload["connectorId"] for payload in cp1.asked("ChangeAvailability")]
    assert asked == [0, 1]


async def test_refused_availability(cp1: BareStation, station: Station) -> None:
    """A refusal of one EVSE is an error."""
    await cp1.call("StatusNotification", status())
    cp1.replies = {"ChangeAvailability": {"status": "Rejected"}}
    with pytest.raises(CommandRejectedError):
        await availability.set_available(station, 1, available=False)


async def test_availability_is_given_back_after_a_boot(simulate: Simulate) -> None:
    """What the station has come back with is compared with the wish."""
    station, simulated = await simulate("1.6")
    await availability.set_available(station, 1, available=False)
    await until(lambda: station.evses[1].status == "unavailable")
    simulated.evse(1).operative = True
    simulated.behaviour.refresh()
    await until(lambda: station.evses[1].status == "available")
    await again(station, Step.WISHES)
    assert not simulated.evse(1).operative


async def test_unanswered_wish_is_repeated(
    simulate: Simulate, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wish that the station does not answer is kept, and sent again later."""
    monkeypatch.setattr(onboarding, "RETRY_S", 0.01)
    odd = Misbehaviour(silent={"ChangeAvailability"})
    station, simulated = await simulate(
        version, misbehaviour=odd, config={"call_timeout_s": 0.05}
    )
    with pytest.raises(CallTimeoutError):
        await availability.set_available(station, 1, available=False)
    assert station.evses[1].wish.available is False
    odd.silent.clear()
    await until(lambda: not simulated.evse(1).operative)


async def test_refused_wish_leaves_a_newer_one(
    simulate: Simulate, version: str
) -> None:
    """A refusal takes back what was refused, not what has been wished since."""
    station, simulated = await simulate(version)
    simulated.misbehaviour.statuses["ChangeAvailability"] = "Rejected"
    simulated.misbehaviour.hold.add("ChangeAvailability")
    first = asyncio.create_task(availability.set_available(station, 1, available=True))
    await until(lambda: station.evses[1].wish.available is True)
    second = asyncio.create_task(
        availability.set_available(station, 1, available=False)
    )
    await until(lambda: station.evses[1].wish.available is False)
    simulated.release("ChangeAvailability")
    with pytest.raises(CommandRejectedError):
        await first
    assert station.evses[1].wish.available is False
    with pytest.raises(CommandRejectedError):
        await second


async def test_connector_of_16(simulate: Simulate) -> None:
    """1.6 has one connector at each EVSE: another can't be put out of use."""
    station, simulated = await simulate("1.6")
    with pytest.raises(InvalidRequestError, match="connector_unknown"):
        await availability.set_available(station, 1, available=False, connector_id=7)
    with pytest.raises(InvalidRequestError, match="connector_unknown"):
        await station.execute(TriggerMessage(Trigger.STATUS_NOTIFICATION, 1, 7))
    assert simulated.evse(1).operative


async def test_refused_wish_keeps_no_other_back(
    simulate: Simulate, manual: ManualClock
) -> None:
    """Of several wishes the others are fulfilled when one is refused."""
    station, simulated = await simulate("1.6", evses=2)
    await simulated.go_offline()
    await until(lambda: not station.connected)
    await availability.set_available(station, 1, available=False)
    await limits.set_limit(station, 2, 10.0)
    simulated.misbehaviour.statuses["ChangeAvailability"] = "Rejected"
    await simulated.go_online()
    await manual.advance_until(lambda: simulated.registered, limit=120)
    await until(lambda: simulated.evse(2).limit_a == 10.0)
    await until(lambda: station.onboarding.finished)
    record = station.onboarding.records[Step.WISHES]
    assert (record.state.value, record.detail) == ("refused", "Rejected")
