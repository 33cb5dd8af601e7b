"""What is kept of a station while nobody runs."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms import availability, limits
from custom_components.ocpp_csms.csms.dialects import DIALECTS
from custom_components.ocpp_csms.csms.model.meter import POWER, REGISTER, VOLTAGE
from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Simulate
from .restart import reborn
from .support import (
    BareStation,
    HandClock,
    Json,
    boot,
    energy,
    event,
    meter,
    register,
    sample,
    start,
    status,
    stop,
    until,
)


def _take(station: Station, action: str, payload: Any) -> Any:
    """Hand a 1.6 message to a station as its socket would."""
    event_ = DIALECTS[OcppVersion.V16].decode(action, payload, station.clock())
    return station._inbox.take(event_, station.clock())


def _take_only_tx_profiles(payload: Json) -> Json:
    purpose = payload["csChargingProfiles"]["chargingProfilePurpose"]
    return {"status": "Accepted" if purpose == "TxProfile" else "Rejected"}


def test_nothing_known(station: Station, clock: HandClock) -> None:
    """A station that was never heard can be kept too."""
    again = reborn(station, clock)
    assert (again.state.info, again.evses) == (None, {})


async def test_identity(cp1: BareStation, station: Station, clock: HandClock) -> None:
    """It is known what the station is, and when it was last here."""
    await cp1.call("BootNotification", boot(firmwareVersion="2.5"))
    again = reborn(station, clock)
    assert again.state.info == station.state.info
    assert again.state.last_boot == station.state.last_boot
    assert again.state.last_seen == station.state.last_seen


async def test_register_does_not_start_anew(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """The register is guarded across a restart."""
    await cp1.call("MeterValues", register(16_000_000))
    again = reborn(station, clock)
    assert again.evses[1].meter.value(REGISTER) == 16_000_000
    _take(again, "MeterValues", register(0, at=60))
    assert again.evses[1].meter.value(REGISTER) == 16_000_000


async def test_channels_are_known(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """What was measured is known, its old values are not shown."""
    values = meter(sample("7000", "Power.Active.Import"), sample("230", "Voltage"))
    await cp1.call("MeterValues", values)
    evse = reborn(station, clock).evses[1]
    assert {POWER, VOLTAGE} <= evse.channels
    assert evse.meter.value(POWER) is None


async def test_channels_are_known_after_two_restarts(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A channel that had no value between two restarts is not forgotten."""
    await cp1.call("MeterValues", meter(sample("230", "Voltage")))
    twice = reborn(reborn(station, clock), clock)
    assert VOLTAGE in twice.evses[1].channels


async def test_transaction_goes_on(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A transaction that runs across a restart is ended by its own stop."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    again = reborn(station, clock)
    running = again.evses[1].transaction
    assert running == station.evses[1].transaction
    _take(again, "StopTransaction", stop(tx, wh=3000, at=600))
    assert again.evses[1].transaction is None
    assert running is not None
    assert running.energy_wh == 2000


async def test_transaction_of_2x_goes_on(
    cp1_201: BareStation, station: Station, clock: HandClock
) -> None:
    """2.x: its charging state and start value are known."""
    payload = event(meterValue=[energy(500)], info={"chargingState": "Charging"})
    await cp1_201.call("TransactionEvent", payload)
    running = reborn(station, clock).evses[1].transaction
    assert running == station.evses[1].transaction


async def test_last_transaction(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """The last session is known."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    await cp1.call("StopTransaction", stop(tx))
    again = reborn(station, clock)
    assert again.evses[1].last_transaction == station.evses[1].last_transaction


async def test_stop_by_the_name_of_the_station(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A station that names its transaction itself may end it by that name."""
    await cp1.call("StartTransaction", start(wh=1000))
    await cp1.call("MeterValues", register(1500, at=60, tx=-16))
    again = reborn(station, clock)
    _take(again, "StopTransaction", stop(-16, wh=2000, at=90))
    assert again.evses[1].transaction is None


async def test_repeated_start(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A start that is repeated after a restart is no second transaction."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    again = reborn(station, clock)
    reply = _take(again, "StartTransaction", start())
    assert reply.transaction_id == str(tx)


async def test_ids_go_on(cp1: BareStation, station: Station, clock: HandClock) -> None:
    """No id is given twice, not even when the clock was put back."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    again = reborn(station, clock)
    clock.advance(-86_400)
    assert int(again.transactions.new_id(clock())) > tx


async def test_wishes(cp1: BareStation, station: Station, clock: HandClock) -> None:
    """What the user wants is not lost."""
    await cp1.call("StatusNotification", status())
    await cp1.close()
    await until(lambda: not station.connected)
    await limits.set_limit(station, 1, 10.0)
    await limits.set_paused(station, 1, paused=True)
    await availability.set_available(station, None, available=False)
    again = reborn(station, clock)
    assert again.evses[1].wish == station.evses[1].wish
    assert again.state.wish_available is False


@pytest.mark.parametrize("attempt", [None, 2])
def test_way_of_sending_limits(
    station: Station, clock: HandClock, attempt: int | None
) -> None:
    """The way that worked is remembered."""
    station.profile_attempt = attempt
    assert reborn(station, clock).profile_attempt == attempt


async def test_crash_during_a_transaction(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """After a crash no energy is shown that has fallen behind, but none is lost."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("MeterValues", register(1500, at=60, tx=tx))
    again = reborn(station, clock, final=False)
    running = again.evses[1].transaction
    assert running is not None
    assert running.energy_wh is None
    assert REGISTER not in again.evses[1].meter.readings
    clock.advance(600)
    _take(again, "MeterValues", register(2500, at=600, tx=tx))
    assert running.energy_wh == 1500
    assert again.evses[1].meter.value(REGISTER) == 2500
    _take(again, "MeterValues", register(900, at=660, tx=tx))
    assert again.evses[1].meter.value(REGISTER) == 2500


@pytest.mark.parametrize(("rests_s", "shown"), [(60, False), (3600, True)])
async def test_crash_while_nothing_is_charged(
    cp1: BareStation, station: Station, clock: HandClock, rests_s: int, shown: bool
) -> None:
    """A register that has not been heard of for long has not moved: it is shown at once."""
    await cp1.call("MeterValues", register(1500))
    clock.advance(rests_s)
    again = reborn(station, clock, final=False)
    assert (again.evses[1].meter.value(REGISTER) == 1500) is shown


async def test_restart_after_a_crash(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """What has fallen behind by a crash is not shown after a clean restart either."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("MeterValues", register(1500, at=60, tx=tx))
    again = reborn(reborn(station, clock, final=False), clock)
    running = again.evses[1].transaction
    assert running is not None
    assert running.energy_wh is None
    assert REGISTER not in again.evses[1].meter.readings


async def test_end_that_is_lost_after_a_crash(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A transaction of which nothing more is heard has at least the energy that was kept."""
    await cp1.call("StatusNotification", status(word="Charging"))
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("MeterValues", register(1500, at=60, tx=tx))
    again = reborn(station, clock, final=False)
    again.end_lost(again.evses[1])
    last = again.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh == 500
    assert again.evses[1].meter.value(REGISTER) == 1500


async def test_limit_of_one_transaction(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A limit that only the running transaction has is over with it, also after a restart."""
    await cp1.call("StatusNotification", status())
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    cp1.replies["SetChargingProfile"] = _take_only_tx_profiles
    await limits.set_limit(station, 1, 10.0)
    again = reborn(station, clock)
    assert again.evses[1].wish_applied
    _take(again, "StopTransaction", stop(tx, at=600))
    assert not again.evses[1].wish_applied


async def test_limit_that_outlives_the_transaction(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """Any other limit stays in force."""
    await cp1.call("StatusNotification", status())
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    cp1.replies["SetChargingProfile"] = {"status": "Accepted"}
    await limits.set_limit(station, 1, 10.0)
    again = reborn(station, clock)
    _take(again, "StopTransaction", stop(tx, at=600))
    assert again.evses[1].wish_applied


@pytest.mark.parametrize(("lines", "applied"), [(1, True), (3, False)])
async def test_limit_in_watts(
    simulate: Simulate, clock: HandClock, lines: int, applied: bool
) -> None:
    """Watts are for so many phases: with more of them a limit is due again after a restart."""
    station, simulated = await simulate(
        "1.6", wait=False, config={"skip_steps": frozenset({"meter"})}
    )
    simulated.config["ChargingScheduleAllowedChargingRateUnit"] = "Power"
    await until(lambda: station.onboarding.finished)
    station.evses[1].meter.readings.clear()
    await limits.set_limit(station, 1, 10.0)
    again = reborn(station, clock)
    assert again.evses[1].wish_applied
    currents = [
        sample("10", "Current.Import", phase=f"L{line}") for line in range(1, lines + 1)
    ]
    _take(again, "MeterValues", meter(*currents))
    assert again.evses[1].wish_applied is applied
