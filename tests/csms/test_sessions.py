"""Charging from the first boot to the last stop, on each version."""

import pytest

from custom_components.ocpp_csms.csms import control
from custom_components.ocpp_csms.csms.changes import EvseKey, StationKey
from custom_components.ocpp_csms.csms.errors import (
    CommandRejectedError,
    InvalidRequestError,
    NotConnectedError,
)
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT,
    CURRENT_OFFERED,
    POWER,
    REGISTER,
    VOLTAGE,
)
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from simulator import Car, ManualClock, Misbehaviour

from .conftest import Simulate
from .support import charge, come_back, until


async def test_boot(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """After the boot it is known what the station is, and when it booted."""
    station, simulated = await simulate(version, firmware="2.5")
    info = station.state.info
    assert info is not None
    assert (info.vendor, info.model, info.serial, info.firmware) == (
        "Simulated",
        "Loopback",
        "SIM-0001",
        "2.5",
    )
    assert station.state.last_boot == manual.now()
    assert simulated.dialect.seconds("heartbeat_interval") == 300


async def test_heartbeat(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """A heartbeat shows that the station is there."""
    station, _ = await simulate(version)
    seen: list[object] = []
    station.changed.connect(lambda _, changes: seen.extend(changes))
    await manual.advance(301)
    assert station.state.last_seen is not None
    assert (manual.now() - station.state.last_seen).total_seconds() < 10
    assert (0, StationKey.LAST_SEEN) in seen


async def test_plug_in(simulate: Simulate, version: str) -> None:
    """A car that is plugged in is seen."""
    station, simulated = await simulate(version)
    await simulated.plug_in(1)
    await until(lambda: station.evses[1].plugged_in)
    assert station.evses[1].status == "preparing"


async def test_charging(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """While the car charges, power, current, voltage and energy are known."""
    station, simulated, running = await charge(simulate, manual, version)
    evse, true = station.evses[1], simulated.evse(1)
    await until(lambda: evse.meter.value(POWER))
    assert evse.meter.value(POWER) == pytest.approx(true.power_w, rel=0.01)
    assert evse.meter.value(CURRENT) == pytest.approx(true.current_a, rel=0.01)
    assert evse.meter.value(VOLTAGE) == 230
    assert evse.meter.value(CURRENT_OFFERED) == 32
    assert evse.meter.value(REGISTER) == pytest.approx(true.register_wh, abs=50)
    assert running.energy_wh == pytest.approx(true.register_wh - 5000, abs=50)


async def test_remote_start(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A remote start leads to a transaction with our token."""
    station, _, running = await charge(simulate, manual, version)
    assert running.id_token == station.config.id_token
    assert station.evses[1].pending_start is None


async def test_remote_stop(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A remote stop ends the transaction; the car is finishing."""
    station, simulated, running = await charge(simulate, manual, version)
    await control.stop_charging(station)
    await until(lambda: not running.active)
    evse = station.evses[1]
    assert running.stop_reason == "Remote"
    assert running.energy_wh == pytest.approx(
        simulated.evse(1).register_wh - 5000, abs=2
    )
    await until(lambda: evse.status == "finishing")
    assert evse.meter.value(POWER) == 0


async def test_unplug(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """When the car leaves, the transaction is over and the EVSE is free."""
    station, simulated, running = await charge(simulate, manual, version)
    await simulated.unplug(1)
    await until(lambda: station.evses[1].status == "available")
    assert running.stop_reason == "EVDisconnected"


async def test_card(simulate: Simulate, version: str) -> None:
    """A card at the reader begins and ends a transaction, and is told."""
    station, simulated = await simulate(version)
    seen: list[Occurrence] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    await simulated.plug_in(1)
    assert await simulated.present_token(1, "CARD")
    await until(lambda: station.evses[1].transaction)
    await simulated.present_token(1, "CARD")
    await until(lambda: station.evses[1].transaction is None)
    kinds = [occurrence.kind for occurrence in seen]
    assert kinds.index(OccurrenceKind.ID_TOKEN_PRESENTED) < kinds.index(
        OccurrenceKind.TRANSACTION_STARTED
    )
    assert kinds[-1] is OccurrenceKind.TRANSACTION_ENDED
    assert seen[-1].data["id_token"] == "CARD"


async def test_car_that_pauses(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A car that wants no energy suspends; no power is shown."""
    station, simulated, _ = await charge(simulate, manual, version)
    await simulated.set_willing(1, False)
    await until(lambda: station.evses[1].status == "suspended_ev")
    assert station.evses[1].meter.value(POWER) == 0
    assert station.evses[1].plugged_in


async def test_two_evses(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """Two cars charge at two EVSEs; each has its own session."""
    station, simulated = await simulate(version, evses=2)
    for evse_id in (1, 2):
        await simulated.plug_in(evse_id, Car())
        await control.start_charging(station, evse_id)
    await until(lambda: all(evse.transaction for evse in station.evses.values()))
    await manual.advance(60)
    await control.stop_charging(station, 1)
    await until(lambda: station.evses[1].transaction is None)
    assert station.evses[2].charging


async def test_fault(simulate: Simulate, version: str) -> None:
    """A fault is seen and told, and so is its end."""
    station, simulated = await simulate(version)
    seen: list[Occurrence] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    await simulated.set_fault(1, "GroundFailure")
    await until(lambda: station.evses[1].status == "faulted")
    await simulated.set_fault(1, None)
    await until(lambda: station.evses[1].status == "available")
    assert OccurrenceKind.FAULT in [occurrence.kind for occurrence in seen]
    assert station.evses[1].problem is None


async def test_security_event(simulate: Simulate, version: str) -> None:
    """A security event is told."""
    station, simulated = await simulate(version)
    seen: list[Occurrence] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    await simulated.security_event("TamperDetectionActivated", "lid")
    assert (seen[-1].kind, seen[-1].data["type"], seen[-1].data["info"]) == (
        OccurrenceKind.SECURITY_EVENT,
        "TamperDetectionActivated",
        "lid",
    )


async def test_reconnect_while_charging(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A transaction outlives its connection."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated, running = await charge(simulate, manual, version, odd)
    await simulated.drop_connection()
    await until(lambda: not station.connected)
    await manual.advance(60)
    await until(lambda: station.connected)
    assert station.evses[1].transaction is running
    await control.stop_charging(station)
    await until(lambda: not running.active)
    assert running.energy_wh == pytest.approx(
        simulated.evse(1).register_wh - 5000, abs=2
    )


async def test_reboot_while_charging(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A transaction that the station continues after its reboot goes on."""
    odd = Misbehaviour(transaction_on_reboot="continue")
    station, simulated, running = await charge(simulate, manual, version, odd)
    await simulated.reboot()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    await manual.advance(60)
    assert station.evses[1].transaction is running


async def test_reboot_ends_a_transaction(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A transaction that the power loss ended is told as such when the station is back."""
    _, simulated, running = await charge(simulate, manual, version)
    await simulated.reboot()
    await manual.advance(10)
    await until(lambda: running.stop_reason == "PowerLoss")
    assert running.energy_wh == pytest.approx(
        simulated.evse(1).register_wh - 5000, abs=2
    )


async def test_end_while_offline(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """What happens offline is told later, with its own times."""
    _, simulated, running = await charge(simulate, manual, version)
    await simulated.go_offline()
    await manual.advance(60)
    ended = manual.now()
    await simulated.unplug(1)
    await manual.advance(300)
    await simulated.go_online()
    await manual.advance_until(lambda: not running.active, limit=300)
    await until(lambda: running.stop_reason == "EVDisconnected")
    assert running.ended_at == ended
    assert running.energy_wh == pytest.approx(
        simulated.evse(1).register_wh - 5000, abs=2
    )


async def test_whole_session_while_offline(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A session that nobody heard of is complete afterwards."""
    station, simulated = await simulate(version, register_wh=5000.0)
    setting = "AllowOfflineTxForUnknownId"
    if version == "1.6":
        simulated.config[setting] = "true"
    else:
        simulated.device_model["AuthCtrlr", "OfflineTxForUnknownIdEnabled"] = "true"
    await simulated.go_offline()
    await simulated.plug_in(1, Car())
    await simulated.present_token(1, "CARD")
    await manual.advance(600)
    await simulated.unplug(1)
    await manual.advance(600)
    await simulated.go_online()
    await manual.advance_until(lambda: station.evses[1].last_transaction, limit=300)
    last = station.evses[1].last_transaction
    assert last is not None
    await until(lambda: not last.active)
    await until(lambda: last.stop_reason == "EVDisconnected")
    assert last.energy_wh == pytest.approx(simulated.evse(1).register_wh - 5000, abs=2)
    assert last.ended_at is not None
    assert (last.ended_at - last.started_at).total_seconds() == pytest.approx(
        600, abs=2
    )


# What is refused, and followed up.


async def test_start_at_an_unnamed_evse(simulate: Simulate) -> None:
    """With several EVSEs the one that is meant must be named."""
    station, _ = await simulate("1.6", evses=2)
    with pytest.raises(InvalidRequestError, match="evse_needed"):
        await control.start_charging(station)


@pytest.mark.parametrize("evse_id", [0, 2, -1])
async def test_unknown_evse(simulate: Simulate, evse_id: int) -> None:
    """An EVSE that the station does not have is refused."""
    station, _ = await simulate("1.6")
    for wish in (control.start_charging, control.stop_charging, control.unlock):
        with pytest.raises(InvalidRequestError, match="evse_unknown"):
            await wish(station, evse_id)


async def test_start_while_charging(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A second start is refused before it is sent."""
    station, _, _ = await charge(simulate, manual, version)
    with pytest.raises(InvalidRequestError, match="already_charging"):
        await control.start_charging(station)


async def test_start_at_a_faulted_evse(simulate: Simulate) -> None:
    """An EVSE that is out of order is not started."""
    station, simulated = await simulate("1.6")
    await simulated.set_fault(1, "GroundFailure")
    await until(lambda: station.evses[1].status == "faulted")
    with pytest.raises(InvalidRequestError, match="evse_not_usable"):
        await control.start_charging(station)


async def test_stop_without_a_transaction(simulate: Simulate, version: str) -> None:
    """Where nothing runs, nothing is stopped."""
    station, _ = await simulate(version)
    with pytest.raises(InvalidRequestError, match="no_transaction"):
        await control.stop_charging(station)


async def test_refused_start(simulate: Simulate, version: str) -> None:
    """A refusal of the station is an error, and nothing is awaited."""
    action = "RemoteStartTransaction" if version == "1.6" else "RequestStartTransaction"
    odd = Misbehaviour(statuses={action: "Rejected"})
    station, _ = await simulate(version, misbehaviour=odd)
    with pytest.raises(CommandRejectedError, match="Rejected"):
        await control.start_charging(station)
    assert station.evses[1].pending_start is None


async def test_start_before_the_car_is_there(simulate: Simulate, version: str) -> None:
    """An accepted start is pending until the car is plugged in."""
    station, simulated = await simulate(version)
    await control.start_charging(station)
    assert station.evses[1].pending_start is not None
    await simulated.plug_in(1)
    await until(lambda: station.evses[1].transaction)
    assert station.evses[1].pending_start is None


async def test_start_without_a_car(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that no transaction follows is given up, and that is told."""
    monkeypatch.setattr(control, "START_WAIT_S", 0.01)
    station, _ = await simulate("1.6")
    seen: list[Occurrence] = []
    changes: list[object] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    station.changed.connect(lambda _, changed: changes.extend(changed))
    await control.start_charging(station)
    await until(lambda: seen)
    assert seen[0].kind is OccurrenceKind.START_TIMED_OUT
    assert station.evses[1].pending_start is None
    assert (1, EvseKey.WISH) in changes


async def test_stop_before_the_car_is_there(simulate: Simulate, version: str) -> None:
    """A stop before any transaction ends the waiting for one."""
    station, _ = await simulate(version)
    await control.start_charging(station)
    assert (await control.stop_charging(station)).status == "Forgotten"
    assert station.evses[1].pending_start is None


async def test_away(simulate: Simulate) -> None:
    """A station that is away can't be started."""
    station, simulated = await simulate("1.6")
    await simulated.go_offline()
    await until(lambda: not station.connected)
    with pytest.raises(NotConnectedError):
        await control.start_charging(station)


async def test_start_with_a_token(simulate: Simulate, version: str) -> None:
    """A start may name its token."""
    station, simulated = await simulate(version)
    await simulated.plug_in(1)
    await control.start_charging(station, id_token=IdToken("GUEST"))
    await until(lambda: station.evses[1].transaction)
    running = station.evses[1].transaction
    assert running is not None
    assert running.id_token == "GUEST"


@pytest.mark.parametrize(("version", "length"), [("1.6", 20), ("2.0.1", 36)])
async def test_own_token_fits(simulate: Simulate, version: str, length: int) -> None:
    """Our own token is cut to what the version allows."""
    station, _ = await simulate(version, config={"id_token": "x" * 50})
    assert control.own_token(station).value == "x" * length


async def test_own_token_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: a model may need a token of its own, or a shorter one."""
    station, _ = await simulate("1.6", quirks={"id_token": "0123456789"})
    assert control.own_token(station).value == "0123456789"


async def test_unlock(simulate: Simulate, version: str) -> None:
    """The cable is released."""
    station, simulated = await simulate(version)
    await simulated.plug_in(1)
    simulated.evse(1).cable_locked = True
    assert (await control.unlock(station)).status == "Unlocked"
    await until(lambda: not simulated.evse(1).cable_locked)


async def test_remote_start_ids_differ(simulate: Simulate) -> None:
    """Each remote start has an id of its own."""
    station, _ = await simulate("2.0.1")
    assert len({station.next_remote_start_id() for _ in range(5)}) == 5
