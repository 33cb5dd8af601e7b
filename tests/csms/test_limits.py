"""The current that an EVSE may give: unit, steps, ways of sending, wishes that are kept."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms import availability, limits
from custom_components.ocpp_csms.csms.connection import Pacing
from custom_components.ocpp_csms.csms.errors import (
    CommandRejectedError,
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
from custom_components.ocpp_csms.csms.model.profile import Kind, Purpose, RateUnit
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.quirks import ProfileAttempt
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station
from simulator import ChargingStation, ManualClock, Misbehaviour

from .conftest import Dial, Simulate, StartServer
from .support import (
    NOW,
    BareStation,
    FixedQuirks,
    Json,
    accept,
    charge,
    come_back,
    start,
    status,
    until,
)

SET = "SetChargingProfile"


async def _quirky(
    start_server: StartServer, call_in: Dial, **knobs: Any
) -> tuple[Server, Station, BareStation]:
    """Return a 1.6 station of a kind with quirks, that takes every profile."""
    server = await start_server(more={"quirks": FixedQuirks(**knobs)})
    station = accept(server)
    socket = await call_in(port=server.port)
    socket.replies = {SET: {"status": "Accepted"}}
    await socket.call(
        "BootNotification", {"chargePointVendor": "A", "chargePointModel": "B"}
    )
    await socket.call("StatusNotification", status())
    return server, station, socket


def _sent(socket: BareStation) -> list[Json]:
    return [payload["csChargingProfiles"] for payload in socket.asked(SET)]


def _limit(profile: Json) -> float:
    return float(profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"])


async def _ready(cp1: BareStation) -> BareStation:
    await cp1.call("StatusNotification", status())
    cp1.replies = {
        SET: {"status": "Accepted"},
        "ClearChargingProfile": {"status": "Accepted"},
    }
    return cp1


async def test_limit(simulate: Simulate, version: str) -> None:
    """A limit is obeyed by the station."""
    station, simulated = await simulate(version)
    await limits.set_limit(station, 1, 10.0)
    await until(lambda: simulated.evse(1).limit_a == 10.0)
    assert (station.evses[1].wish.limit_a, station.evses[1].applied_a) == (10.0, 10.0)


async def test_limit_of_one_evse(simulate: Simulate, version: str) -> None:
    """The limit of one EVSE is not that of another."""
    station, simulated = await simulate(version, evses=2)
    await limits.set_limit(station, 1, 10.0)
    await until(lambda: simulated.evse(1).limit_a == 10.0)
    assert simulated.evse(2).limit_a == 32.0


async def test_limit_is_taken_away(simulate: Simulate, version: str) -> None:
    """Without a limit the station does as it likes."""
    station, simulated = await simulate(version)
    await limits.set_limit(station, 1, 10.0)
    await limits.set_limit(station, 1, None)
    await until(lambda: simulated.evse(1).limit_a == 32.0)
    assert len(simulated.profiles) == 0
    assert station.evses[1].applied_a is None


async def test_limits_do_not_pile_up(simulate: Simulate, version: str) -> None:
    """A new limit replaces the old one."""
    station, simulated = await simulate(version)
    for amps in (10.0, 16.0, 8.0):
        await limits.set_limit(station, 1, amps)
    assert len(simulated.profiles) == 1
    await until(lambda: simulated.evse(1).limit_a == 8.0)


async def test_pause(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """A pause holds the transaction at 0 A, and ends it not; then the limit holds again."""
    station, simulated, running = await charge(simulate, manual, version)
    await limits.set_limit(station, 1, 10.0)
    await limits.set_paused(station, 1, paused=True)
    await until(lambda: station.evses[1].status == "suspended_evse")
    assert running.active
    await limits.set_paused(station, 1, paused=False)
    await until(lambda: station.evses[1].charging)
    assert simulated.evse(1).limit_a == 10.0


async def test_limit_while_paused(simulate: Simulate) -> None:
    """A limit that is changed in a pause holds after it."""
    station, simulated = await simulate("1.6")
    await limits.set_paused(station, 1, paused=True)
    await limits.set_limit(station, 1, 10.0)
    assert station.evses[1].applied_a == 0.0
    await limits.set_paused(station, 1, paused=False)
    await until(lambda: simulated.evse(1).limit_a == 10.0)


async def test_wish_while_away(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A wish is kept while the station is away and applied when it is back."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated = await simulate(version, misbehaviour=odd)
    await simulated.go_offline()
    await until(lambda: not station.connected)
    await limits.set_limit(station, 1, 10.0)
    assert station.evses[1].wish.limit_a == 10.0
    await simulated.go_online()
    await manual.advance(120)
    await until(lambda: simulated.evse(1).limit_a == 10.0)


async def test_wish_that_is_fulfilled(simulate: Simulate, manual: ManualClock) -> None:
    """After a mere reconnection a limit that holds is not sent again."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated = await simulate("1.6", misbehaviour=odd)
    await limits.set_limit(station, 1, 10.0)
    await simulated.drop_connection()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    assert len(simulated.calls("received", SET)) == 1


async def test_refused_wish_is_taken_back(simulate: Simulate, version: str) -> None:
    """A limit that the station refuses is not shown as wished."""
    odd = Misbehaviour(statuses={SET: "Rejected"})
    station, _ = await simulate(version, misbehaviour=odd)
    with pytest.raises(CommandRejectedError, match="Rejected"):
        await limits.set_limit(station, 1, 10.0)
    assert station.evses[1].wish.limit_a is None
    assert station.evses[1].applied_a is None


async def test_unanswered_wish_is_kept(cp1: BareStation, station: Station) -> None:
    """A limit that the station has not answered stays wished."""
    await cp1.call("StatusNotification", status())
    assert station.connection is not None
    station.connection.pacing = Pacing(call_timeout_s=0.02)
    with pytest.raises(Exception, match="no answer"):
        await limits.set_limit(station, 1, 10.0)
    assert station.evses[1].wish.limit_a == 10.0


@pytest.mark.parametrize(
    ("limit", "key"),
    [(-1.0, "limit_negative"), (0.5, "limit_too_low"), (5.9, "limit_too_low")],
)
async def test_senseless_limit(
    cp1: BareStation, station: Station, limit: float, key: str
) -> None:
    """A limit at which nothing can charge is refused before it is sent."""
    await _ready(cp1)
    with pytest.raises(InvalidRequestError, match=key):
        await limits.set_limit(station, 1, limit)
    assert cp1.requests == []


@pytest.mark.parametrize("limit", [0.0, 6.0, 32.0])
async def test_sensible_limit(cp1: BareStation, station: Station, limit: float) -> None:
    """0, and from 6 A on, is sent."""
    await _ready(cp1)
    await limits.set_limit(station, 1, limit)
    assert _limit(_sent(cp1)[0]) == limit


async def test_unknown_evse(cp1: BareStation, station: Station) -> None:
    """The EVSE must be one of the station's."""
    for wish in (
        limits.set_limit(station, 9, 10.0),
        limits.set_paused(station, 9, paused=True),
        availability.set_available(station, 9, available=True),
    ):
        with pytest.raises(InvalidRequestError, match="evse_unknown"):
            await wish


@pytest.mark.parametrize(
    ("wish", "sent"), [(6.0, 6.0), (9.9, 6.0), (10.0, 10.0), (32.0, 16.0)]
)
async def test_steps(
    start_server: StartServer, call_in: Dial, wish: float, sent: float
) -> None:
    """Quirk: a model may keep only some limits; the next lower one is taken."""
    _, station, socket = await _quirky(
        start_server, call_in, current_steps_a=(6.0, 10.0, 16.0)
    )
    await limits.set_limit(station, 1, wish)
    assert _limit(_sent(socket)[0]) == sent


async def test_minimum_of_a_quirk(start_server: StartServer, call_in: Dial) -> None:
    """Quirk: a model may have another minimum."""
    _, station, _ = await _quirky(start_server, call_in, min_current_a=8.0)
    with pytest.raises(InvalidRequestError, match="limit_too_low"):
        await limits.set_limit(station, 1, 7.0)


# Ways of sending.


async def _ways(
    socket: BareStation, station: Station, take: int | None
) -> list[tuple[Any, ...]]:
    """Set a limit where only one way is taken, and return the ways that were tried."""
    tried = 0

    def answer(_: Json) -> Json:
        nonlocal tried
        tried += 1
        return {"status": "Accepted" if tried - 1 == take else "Rejected"}

    socket.replies[SET] = answer
    before = len(_sent(socket))
    if take is None:
        with pytest.raises(CommandRejectedError):
            await limits.set_limit(station, 1, 10.0)
    else:
        await limits.set_limit(station, 1, 10.0)
    return [
        (p["chargingProfilePurpose"], p["chargingProfileKind"], p["stackLevel"])
        for p in _sent(socket)[before:]
    ]


DEFAULT = "TxDefaultProfile"


async def test_order_of_the_ways(cp1: BareStation, station: Station) -> None:
    """A refused limit is sent in other ways; without a transaction only as a default."""
    await _ready(cp1)
    assert await _ways(cp1, station, None) == [
        (DEFAULT, "Absolute", 0),
        (DEFAULT, "Relative", 0),
        (DEFAULT, "Absolute", 0),
    ]


async def test_ways_in_a_transaction(cp1: BareStation, station: Station) -> None:
    """In a transaction it is also tried as a TxProfile of this transaction."""
    await _ready(cp1)
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    ways = await _ways(cp1, station, None)
    assert ways[-2:] == [("TxProfile", "Absolute", 0), ("TxProfile", "Relative", 0)]
    assert _sent(cp1)[-1]["transactionId"] == tx


async def test_good_way_is_remembered(cp1: BareStation, station: Station) -> None:
    """The way that worked is the first one next time."""
    await _ready(cp1)
    assert len(await _ways(cp1, station, 1)) == 2
    assert await _ways(cp1, station, 0) == [(DEFAULT, "Relative", 0)]


async def test_ways_of_a_quirk(start_server: StartServer, call_in: Dial) -> None:
    """Quirk: a model may have its own ways."""
    way = ProfileAttempt(
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.RELATIVE,
        stack_level=3,
        unit=RateUnit.WATT,
    )
    _, station, socket = await _quirky(start_server, call_in, profile_attempts=(way,))
    await limits.set_limit(station, 1, 10.0)
    (sent,) = _sent(socket)
    assert (sent["chargingProfileKind"], sent["stackLevel"]) == ("Relative", 3)
    assert _limit(sent) == 2300.0


async def test_only_way_needs_a_transaction(
    start_server: StartServer, call_in: Dial
) -> None:
    """Quirk: where a limit works only in a transaction, the wish waits for one."""
    way = ProfileAttempt(purpose=Purpose.TX)
    server, station, socket = await _quirky(
        start_server, call_in, profile_attempts=(way,)
    )
    others = frozenset(step.value for step in Step) - {"wishes"}
    accept(server, observe_only=False, skip_steps=others)
    await limits.set_limit(station, 1, 10.0)
    assert (_sent(socket), station.evses[1].wish.limit_a) == ([], 10.0)
    tx = (await socket.call("StartTransaction", start()))["transactionId"]
    await until(lambda: station.evses[1].applied_a == 10.0)
    assert [profile["transactionId"] for profile in _sent(socket)] == [tx]


async def _configured(
    simulate: Simulate, **keys: str
) -> tuple[Station, ChargingStation]:
    station, simulated = await simulate("1.6", wait=False)
    for key, value in keys.items():
        simulated.config[key] = value
    await until(lambda: station.onboarding.finished)
    return station, simulated


@pytest.mark.parametrize(
    ("allowed", "unit"),
    [
        ("Current,Power", "A"),
        ("Current", "A"),
        ("Power", "W"),
        ("power", "W"),
        ("A", "A"),
        ("W", "W"),
        ("A,W", "A"),
        ("", "A"),
        ("nonsense", "A"),
    ],
)
async def test_unit(simulate: Simulate, allowed: str, unit: str) -> None:
    """Amperes are sent unless the station takes only watts."""
    key = "ChargingScheduleAllowedChargingRateUnit"
    station, _ = await _configured(simulate, **{key: allowed})
    assert limits.rate_unit(station) == unit


@pytest.mark.parametrize(
    ("text", "level"),
    [("10", 10), (" 3 ", 3), ("0", 0), ("", 0), ("many", 0), ("-1", 0), ("99999", 999)],
)
async def test_stack_level(simulate: Simulate, text: str, level: int) -> None:
    """The highest level that the station knows is used."""
    station, _ = await _configured(simulate, ChargeProfileMaxStackLevel=text)
    assert limits.top_stack_level(station) == level


async def test_settings_of_an_absent_station(station: Station) -> None:
    """Of a station that was never here nothing is known."""
    assert (limits.rate_unit(station), limits.top_stack_level(station)) == ("A", 0)


@pytest.mark.parametrize(
    ("lines", "volts", "watts"),
    [(0, None, 2300), (1, None, 2300), (3, None, 6900), (3, 240.0, 7200)],
)
def test_watts(lines: int, volts: float | None, watts: float) -> None:
    """Amperes become watts by what was measured; with nothing known, by one phase."""
    evse = Evse(1)
    for line in LINES[:lines]:
        evse.meter.readings[Channel(CURRENT.measurand, line)] = Reading(0.0, NOW)
    if volts:
        evse.meter.readings[VOLTAGE] = Reading(volts, NOW)
    assert limits.to_watts(evse, 10.0) == watts
