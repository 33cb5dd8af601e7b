"""Readings that can't be true are not shown, and those that can are not lost with them."""

from datetime import timedelta
from math import isfinite
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.dialects.metering import decode_samples
from custom_components.ocpp_csms.csms.meter import Meter
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT,
    POWER,
    REGISTER,
    STATE_OF_CHARGE,
    Channel,
    Measurand,
    Phase,
)
from custom_components.ocpp_csms.csms.quirks import Quirks
from custom_components.ocpp_csms.csms.register import CEILING_WH, Register
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .restart import reborn
from .support import (
    NOW,
    BareStation,
    HandClock,
    Json,
    accept,
    boot,
    meter,
    moment,
    register,
    sample,
    start,
    status,
    until,
)

HOUR = 3600
EXPORT = "Energy.Active.Export.Register"


def _power(watts: float, at: float | str = 0) -> Json:
    return meter(sample(f"{watts}", "Power.Active.Import", unit="W"), at=at)


# Registers.


@pytest.mark.parametrize("glitches", [1, 2, 3])
@pytest.mark.parametrize("glitch", [0, 1, 16_777_216_000, 2_147_483_647])
async def test_glitch_in_a_session(
    cp1: BareStation,
    station: Station,
    clock: HandClock,
    glitch: int,
    glitches: int,
) -> None:
    """A register that glitches, also twice the same, costs no energy and adds none."""
    tx = (await cp1.call("StartTransaction", start(wh=2_000_000)))["transactionId"]
    for hour in range(1, 6):
        clock.advance(HOUR)
        value = register(2_000_000 + 7000 * hour, at=HOUR * hour, tx=tx)
        await cp1.call("MeterValues", value)
    for second in range(glitches):
        await cp1.call("MeterValues", register(glitch, at=5 * HOUR + second + 1, tx=tx))
    for second in range(10, 60, 10):
        value = register(2_035_000 + 2 * second, at=5 * HOUR + second, tx=tx)
        await cp1.call("MeterValues", value)
    evse = station.evses[1]
    assert evse.transaction is not None
    assert evse.meter.value(REGISTER) == 2_035_100
    assert evse.transaction.energy_wh == 35_100
    assert evse.meter.quarantined == glitches


async def test_glitch_that_stays(cp1: BareStation, station: Station) -> None:
    """However often one impossible value comes, it is never believed."""
    await cp1.call("MeterValues", register(5_000_000))
    for second in range(10, 400, 10):
        await cp1.call("MeterValues", register(16_777_216_000, at=second))
    await cp1.call("MeterValues", register(5_000_200, at=400))
    assert station.evses[1].meter.value(REGISTER) == 5_000_200


@pytest.mark.parametrize("first", ["1e15", "1e308", "inf", "nan", "-5"])
async def test_first_value(cp1: BareStation, station: Station, first: str) -> None:
    """What no meter has ever counted is not believed as the first value either."""
    await cp1.call("MeterValues", meter(sample(first, unit="Wh")))
    assert station.evses[1].meter.value(REGISTER) is None
    await cp1.call("MeterValues", register(5_000_000, at=10))
    assert station.evses[1].meter.value(REGISTER) == 5_000_000


async def test_replaced_meter_is_continuous(cp1: BareStation, station: Station) -> None:
    """The count goes on where a new meter begins, neither back nor by a leap."""
    await cp1.call("MeterValues", register(2_000_000))
    evse = station.evses[1]
    shown: list[float] = []
    for number in range(1, 40):
        await cp1.call("MeterValues", register(10 * number, at=60 * number))
        shown.append(evse.meter.value(REGISTER) or 0)
    assert shown == sorted(shown)
    assert (shown[0], shown[-1] < 2_000_500) == (2_000_000, True)
    assert evse.meter.register.resets == 1


@pytest.mark.parametrize(
    ("measurand", "more"),
    [
        (EXPORT, {}),
        ("Energy.Reactive.Import.Register", {"unit": "varh"}),
        ("Energy.Active.Import.Register", {"phase": "L2"}),
        ("Energy.Active.Import.Register", {"location": "Inlet"}),
    ],
)
async def test_every_register_outlives_a_restart(
    cp1: BareStation,
    station: Station,
    clock: HandClock,
    measurand: str,
    more: dict[str, Any],
) -> None:
    """After a restart no register begins anew, whichever it is."""
    unit = {"unit": "Wh"} | more
    await cp1.call("MeterValues", meter(sample("3000000", measurand, **unit)))
    kept = reborn(station, clock).evses[1].meter
    assert kept.readings.keys() == station.evses[1].meter.readings.keys()
    for value in ("0", "9e9"):
        values = moment(sample(value, measurand, **unit), at=60)
        kept.take(decode_samples([values], NOW), NOW, Quirks())
        assert {reading.value for reading in kept.readings.values()} == {3_000_000}


@pytest.mark.parametrize("base", [500, 2_000, 30_000, 2_000_000])
@pytest.mark.parametrize("absolute", [True, False])
def test_register_of_sessions_that_changes_its_mind(base: int, absolute: bool) -> None:
    """Of two ways to read a value the one that adds less is taken."""
    meter_ = Register()
    meter_.take(base, NOW)
    meter_.session_relative = True
    meter_.begin_session(NOW)
    for minute in range(4):
        value = 100 * minute + (base if absolute else 0)
        meter_.take(value, NOW + timedelta(minutes=minute + 1), NOW)
    assert meter_.lifetime_wh == base + 300


# Numbers that are none.


@pytest.mark.parametrize("unit", ["kW", "W"])
@pytest.mark.parametrize("value", ["1e308", "-1e308", "inf", "nan", "1e13"])
def test_no_number(value: str, unit: str) -> None:
    """What is no number, or becomes none by its unit, is dropped and counted."""
    item = sample(value, "Power.Active.Import", unit=unit)
    (decoded,) = decode_samples([moment(item)], NOW)
    assert (decoded.values, decoded.dropped) == ((), 1)


@pytest.mark.parametrize("multiplier", [300, 308, -400, 400, 10**9])
def test_absurd_multiplier(multiplier: int) -> None:
    """2.x: a multiplier makes no number infinite."""
    of_measure = {"unit": "W", "multiplier": multiplier}
    item = sample(7000.0, "Power.Active.Import", unitOfMeasure=of_measure)
    (decoded,) = decode_samples([moment(item)], NOW)
    assert all(isfinite(value.value) for value in decoded.values)
    assert all(abs(value.value) <= CEILING_WH for value in decoded.values)


def test_sum_of_absurd_phases() -> None:
    """A total that is derived is a number, or is not there."""
    lines = [
        sample("1e308", "Power.Active.Import", unit="kW", phase="L1"),
        sample("-1e308", "Power.Active.Import", unit="kW", phase="L2"),
        sample("7000", "Power.Active.Import", unit="W", phase="L3"),
    ]
    meter_ = Meter()
    meter_.take(decode_samples([moment(*lines)], NOW), NOW, Quirks())
    assert meter_.value(POWER) == 7000
    third = Channel(Measurand.POWER_ACTIVE_IMPORT, Phase.L3, POWER.location)
    assert meter_.readings.keys() == {POWER, third}


# Clocks.


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_clock_that_starts_anew(
    call_in: Dial, station: Station, version: str
) -> None:
    """After a boot the values count whatever time the station takes it for."""
    socket = await call_in(version=version)
    for at, watts in (("2020-01-05T00:00:00Z", 7000), ("2020-01-01T00:01:00Z", 1000)):
        await socket.call("BootNotification", boot(version))
        values = _power(watts, at)
        if version != "1.6":
            values = {"evseId": values.pop("connectorId")} | values
            del values["meterValue"][0]["sampledValue"][0]["unit"]
            values["meterValue"][0]["sampledValue"][0]["value"] = watts
        await socket.call("MeterValues", values)
        assert station.evses[1].meter.value(POWER) == watts


async def test_clock_that_is_set_back(cp1: BareStation, station: Station) -> None:
    """A clock that goes back by an hour freezes the values for ten minutes only."""
    began = station.clock()
    await cp1.call("MeterValues", _power(7000, 0))
    evse = station.evses[1]
    for number in range(62):
        now = began + timedelta(seconds=10 * number)
        station.clock = lambda now=now: now
        assert evse.meter.value(POWER) == (7000 if number < 61 else 1000)
        await cp1.call("MeterValues", _power(1000, 10 * number - HOUR))


async def test_queue_after_an_outage(cp1: BareStation, station: Station) -> None:
    """Values out of a queue don't hide the newest ones."""
    await cp1.call("MeterValues", _power(7000, 0))
    for number in range(100):
        await cp1.call("MeterValues", _power(1000, 10 * number - HOUR))
    assert station.evses[1].meter.value(POWER) == 7000


# Outages.


async def _charging(socket: BareStation) -> None:
    await socket.call("BootNotification", boot())
    await socket.call("StatusNotification", status(word="Charging"))
    values = [
        sample("7000", "Power.Active.Import", unit="W"),
        sample("30", "Current.Import", unit="A"),
        sample("60", "SoC", unit="Percent"),
        sample("5000", unit="Wh"),
    ]
    await socket.call("MeterValues", meter(*values))


@pytest.mark.parametrize(("away", "power"), [(30, 7000), (7200, None)])
async def test_flow_after_an_outage(
    cp1: BareStation,
    station: Station,
    call_in: Dial,
    clock: HandClock,
    away: int,
    power: float | None,
) -> None:
    """After a long silence nobody knows what flows; energy and charge are as they were."""
    await _charging(cp1)
    cp1.abort()
    await until(lambda: not station.connected)
    clock.advance(away)
    seen: list[Any] = []
    station.changed.connect(lambda _, changes: seen.extend(changes))
    await (await call_in()).call("Heartbeat", {})
    evse = station.evses[1]
    assert evse.meter.value(POWER) == power
    assert (evse.meter.value(CURRENT) is None) == (power is None)
    assert ((1, POWER) in seen) == (power is None)
    assert (evse.meter.value(REGISTER), evse.meter.value(STATE_OF_CHARGE)) == (5000, 60)
    assert {POWER, CURRENT} <= evse.channels


async def test_flow_is_asked_for_after_an_outage(
    server: Server, call_in: Dial, clock: HandClock
) -> None:
    """What is not known any more is asked for."""
    others = {"identify", "configuration", "measurands", "intervals", "status"}
    station = accept(server, observe_only=False, skip_steps=frozenset(others))
    first = await call_in()
    await _charging(first)
    await until(lambda: station.onboarding.finished)
    first.abort()
    await until(lambda: not station.connected)
    clock.advance(7200)
    again = await call_in()
    request = await again.request("TriggerMessage")
    assert request.payload == {"requestedMessage": "MeterValues", "connectorId": 1}
    await again.answer(request, {"status": "Accepted"})
    await again.call("MeterValues", _power(3000, 7200))
    assert station.evses[1].meter.value(POWER) == 3000
