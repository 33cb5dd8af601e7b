"""What the user wished for last is what the station does, or it is not shown as done."""

import asyncio
from collections.abc import Callable
from math import inf, nan

import pytest

from custom_components.ocpp_csms.csms import availability, limits
from custom_components.ocpp_csms.csms.connection import Pacing
from custom_components.ocpp_csms.csms.errors import (
    CommandRejectedError,
    CsmsError,
    InvalidRequestError,
)
from custom_components.ocpp_csms.csms.evse import Evse
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT,
    LINES,
    VOLTAGE,
    Channel,
    Reading,
)
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import NOW, BareStation, Json, accept, boot, start, status, until

SET, CLEAR = "SetChargingProfile", "ClearChargingProfile"
CHANGE = "ChangeAvailability"
ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}
ALL_BUT_WISHES = frozenset(step.value for step in Step) - {"wishes"}


def _profile(payload: Json) -> Json:
    return dict(payload["csChargingProfiles"])


def _amps(payload: Json) -> float:
    periods = _profile(payload)["chargingSchedule"]["chargingSchedulePeriod"]
    return float(periods[0]["limit"])


class _Limits:
    """Answers to profiles, and the limit that is in force by them."""

    def __init__(self, takes: Callable[[Json], bool] = lambda _: True) -> None:
        """Take only some profiles."""
        self.takes = takes
        self.amps: float | None = None

    def __call__(self, payload: Json) -> Json:
        """Answer a SetChargingProfile."""
        if not self.takes(payload):
            return REJECTED
        self.amps = _amps(payload)
        return ACCEPTED


@pytest.fixture
async def ready(cp1: BareStation, station: Station) -> BareStation:
    """Return a station that has booted, with one EVSE, and takes everything."""
    cp1.replies = {SET: ACCEPTED, CLEAR: ACCEPTED, CHANGE: ACCEPTED}
    await _boot(cp1, station)
    await cp1.call("StatusNotification", status())
    return cp1


async def _boot(socket: BareStation, station: Station) -> None:
    await socket.call("BootNotification", boot())
    await until(lambda: station.onboarding.finished)


# Wishes that overtake each other.


async def test_pause_is_not_overtaken(ready: BareStation, station: Station) -> None:
    """A pause holds although an older limit was still tried in other ways."""

    def takes(payload: Json) -> bool:
        kind = _profile(payload)["chargingProfileKind"]
        return _amps(payload) == 0 or kind == "Relative"

    del ready.replies[SET]
    limit = asyncio.create_task(limits.set_limit(station, 1, 32))
    first = await ready.request(SET)
    pause = asyncio.create_task(limits.set_paused(station, 1, paused=True))
    await until(lambda: station.evses[1].wish.paused)
    force = ready.replies[SET] = _Limits(takes)
    await ready.answer(first, force(first.payload))
    await asyncio.gather(limit, pause)
    evse = station.evses[1]
    assert (force.amps, evse.applied_a, evse.wish.paused) == (0, 0, True)


async def test_refused_limit_takes_no_newer_one_back(
    ready: BareStation, station: Station
) -> None:
    """A limit that is refused leaves alone what was wished for since."""
    del ready.replies[SET]
    older = asyncio.create_task(limits.set_limit(station, 1, 10))
    first = await ready.request(SET)
    newer = asyncio.create_task(limits.set_limit(station, 1, 16))
    await until(lambda: station.evses[1].wish.limit_a == 16)
    force = ready.replies[SET] = _Limits(lambda payload: _amps(payload) == 16)
    await ready.answer(first, REJECTED)
    await asyncio.gather(older, newer, return_exceptions=True)
    evse = station.evses[1]
    assert (force.amps, evse.applied_a, evse.wish.limit_a) == (16, 16, 16)


async def test_many_at_once(ready: BareStation, station: Station) -> None:
    """Of many wishes at once the last one holds."""
    force = ready.replies[SET] = _Limits()
    wishes = [limits.set_limit(station, 1, amps) for amps in range(6, 17)]
    await asyncio.gather(*wishes, return_exceptions=True)
    evse = station.evses[1]
    assert (force.amps, evse.applied_a, evse.wish.limit_a) == (16, 16, 16)


# Wishes that are not what they seem.


@pytest.mark.parametrize("limit", [nan, inf, -inf])
async def test_no_number(ready: BareStation, station: Station, limit: float) -> None:
    """What is no number is refused before it is sent, and not wished for."""
    with pytest.raises(InvalidRequestError, match="limit_negative"):
        await limits.set_limit(station, 1, limit)
    assert ready.requests == []
    assert station.evses[1].wish.limit_a is None


async def test_limit_that_is_never_sent(ready: BareStation, station: Station) -> None:
    """While nothing is wished for, no limit is in force."""
    assert not station.evses[1].wish_applied
    await limits.set_limit(station, 1, 10)
    assert station.evses[1].wish_applied


async def test_lowered_maximum(
    server: Server, ready: BareStation, station: Station
) -> None:
    """A limit above a maximum that is lowered is lowered too, and sent."""
    force = ready.replies[SET] = _Limits()
    await limits.set_limit(station, 1, 32)
    accept(server, max_current_a=16.0)
    await until(lambda: force.amps == 16)
    evse = station.evses[1]
    await until(lambda: evse.wish_applied)
    assert evse.wish.limit_a == 16


@pytest.mark.parametrize(
    ("amps", "volts", "watts"),
    [
        pytest.param((16, 0, 0), 230, 2300, id="one-phase-car"),
        pytest.param((16, 16, 0), 230, 4600, id="two-phase-car"),
        pytest.param((16, 16, 16), 230, 6900, id="three-phase-car"),
        pytest.param((0, 0, 0), 230, 6900, id="no-car"),
        pytest.param((16, 0.4, 0.1), 230, 2300, id="leakage"),
        pytest.param((16, 0, 0), 2300, 2300, id="decivolts"),
        pytest.param((16, 0, 0), 0.23, 2300, id="kilovolts"),
        pytest.param((16, 0, 0), 120, 1200, id="split-phase"),
    ],
)
def test_watts(amps: tuple[float, ...], volts: float, watts: float) -> None:
    """Amperes become watts by the phases that carry current, and a voltage that can be."""
    evse = Evse(1)
    for line, value in zip(LINES, amps, strict=True):
        evse.meter.readings[Channel(CURRENT.measurand, line)] = Reading(value, NOW)
    evse.meter.readings[VOLTAGE] = Reading(volts, NOW)
    assert limits.to_watts(evse, 10) == watts


# Wishes that are not answered, or not wanted.


async def test_unanswered_pause(
    ready: BareStation, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause that is not answered is not shown as done, and is sent again."""
    monkeypatch.setattr("custom_components.ocpp_csms.csms.onboarding.RETRY_S", 0.01)
    del ready.replies[SET]
    assert station.connection is not None
    station.connection.pacing = Pacing(call_timeout_s=0.05)
    with pytest.raises(CsmsError, match="no answer"):
        await limits.set_paused(station, 1, paused=True)
    evse = station.evses[1]
    assert (evse.wish.paused, evse.wish_applied) == (True, False)
    ready.replies[SET] = force = _Limits()
    await until(lambda: evse.wish_applied)
    assert force.amps == 0


@pytest.mark.parametrize("clearing", ["Unknown", "CALLERROR"])
async def test_resume_where_nothing_can_be_cleared(
    ready: BareStation, station: Station, clearing: str
) -> None:
    """A pause that can't be cleared is replaced by the most that may flow."""
    force = ready.replies[SET] = _Limits()
    await limits.set_paused(station, 1, paused=True)
    if clearing == "Unknown":
        ready.replies[CLEAR] = {"status": clearing}
    else:
        del ready.replies[CLEAR]
    resume = asyncio.create_task(limits.set_paused(station, 1, paused=False))
    request = await ready.request(CLEAR)
    if clearing == "CALLERROR":
        await ready.send([4, request.id, "NotSupported", "", {}])
    await resume
    assert force.amps == station.config.max_current_a
    assert not station.evses[1].wish.paused


async def test_resume_that_is_refused(ready: BareStation, station: Station) -> None:
    """Where neither helps, the pause stays shown."""
    await limits.set_paused(station, 1, paused=True)
    ready.replies |= {CLEAR: {"status": "Unknown"}, SET: REJECTED}
    with pytest.raises(CommandRejectedError):
        await limits.set_paused(station, 1, paused=False)
    evse = station.evses[1]
    assert (evse.wish.paused, evse.applied_a) == (True, 0)


# Wishes while the station is away, or at the wrong moment.


async def test_wish_while_away_with_observe_only(
    ready: BareStation, station: Station, call_in: Dial
) -> None:
    """What was wished for while the station was away is sent, also if only observed."""
    ready.abort()
    await until(lambda: not station.connected)
    await limits.set_limit(station, 1, 10)
    back = await call_in()
    force = back.replies[SET] = _Limits()
    await back.call("StatusNotification", status())
    await back.call("BootNotification", boot())
    await until(lambda: station.evses[1].wish_applied)
    assert force.amps == 10
    assert {request.action for request in back.requests} == {SET}


async def test_wish_on_a_replaced_connection(
    ready: BareStation, station: Station, call_in: Dial
) -> None:
    """A wish that was on its way on a connection that is replaced is sent on the new one."""
    del ready.replies[SET]
    wish = asyncio.create_task(limits.set_limit(station, 1, 10))
    await ready.request(SET)
    back = await call_in()
    force = back.replies[SET] = _Limits()
    await asyncio.gather(wish, return_exceptions=True)
    await until(lambda: station.evses[1].wish_applied)
    assert (force.amps, station.evses[1].wish.limit_a) == (10, 10)


async def test_start_during_the_last_step(server: Server, call_in: Dial) -> None:
    """A limit for transactions only reaches one that starts while a later step waits."""
    station = accept(
        server, observe_only=False, skip_steps=ALL_BUT_WISHES - {Step.METER}
    )
    socket = await call_in()
    socket.replies[SET] = force = _Limits(
        lambda payload: _profile(payload)["chargingProfilePurpose"] == "TxProfile"
    )
    await socket.call("StatusNotification", status(word="Preparing"))
    station.evses[1].wish.limit_a = 6
    await socket.call("BootNotification", boot())
    trigger = await socket.request("TriggerMessage")
    await socket.call("StartTransaction", start())
    await socket.answer(trigger, REJECTED)
    await until(lambda: station.evses[1].wish_applied)
    assert force.amps == 6


# Availability.


def _asked(socket: BareStation) -> list[tuple[int, str]]:
    return [(p["connectorId"], p["type"]) for p in socket.asked(CHANGE)]


async def test_station_out_of_use_stays_so(
    server: Server, ready: BareStation, station: Station
) -> None:
    """An older wish for an EVSE does not undo that the whole station is out of use."""
    accept(server, observe_only=False, skip_steps=ALL_BUT_WISHES)
    await availability.set_available(station, 1, available=True)
    await availability.set_available(station, None, available=False)
    for evse in (0, 1):
        await ready.call("StatusNotification", status(evse=evse, word="Unavailable"))
    await _boot(ready, station)
    assert _asked(ready) == [(1, "Operative"), (0, "Inoperative")]


async def test_disabled_at_the_station_stays_so(
    server: Server, ready: BareStation, station: Station
) -> None:
    """A wish that was fulfilled does not enable again what is disabled since."""
    accept(server, observe_only=False, skip_steps=ALL_BUT_WISHES)
    await ready.call("StatusNotification", status(word="Unavailable"))
    await availability.set_available(station, 1, available=True)
    for word in ("Available", "Unavailable"):
        await ready.call("StatusNotification", status(word=word))
    await _boot(ready, station)
    assert _asked(ready) == [(1, "Operative")]
