"""What is done with a station after it has come: few steps, each visible."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms import onboarding
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.onboarding import Step, StepState
from custom_components.ocpp_csms.csms.station import Station
from simulator import ChargingStation, ManualClock, Misbehaviour

from .conftest import Simulate
from .support import (
    CONFIGURATION,
    MEASURANDS,
    again,
    calls_received,
    come_back,
    onboarded,
    step_states,
    until,
)


async def test_steps_of_a_well_behaved_station(
    simulate: Simulate, version: str
) -> None:
    """Every step has run and none has failed."""
    station, _ = await simulate(version, config={"measurands": MEASURANDS})
    assert step_states(station) == {
        "identify": "skipped",
        "configuration": "done",
        "measurands": "done",
        "intervals": "done",
        "id_tokens": "skipped",
        "status": "skipped",
        "transactions": "skipped",
        "wishes": "skipped",
        "meter": "done",
    }


async def test_identity_is_asked_for(
    simulate: Simulate, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A station that never says what it is is asked, and that is no boot."""
    monkeypatch.setattr(onboarding, "BOOT_WAIT_S", 0)
    seen: list[Occurrence] = []
    station, simulated = await simulate(
        version, misbehaviour=Misbehaviour(no_boot=True), wait=False
    )
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    await simulated.wait_until(lambda: station.state.info)
    await onboarded(station)
    assert station.state.info is not None
    assert station.state.info.vendor == "Simulated"
    assert OccurrenceKind.BOOTED not in [occurrence.kind for occurrence in seen]
    assert step_states(station)["configuration"] == "done"


async def test_status_is_asked_for(simulate: Simulate, version: str) -> None:
    """EVSEs of which no status is known are asked."""
    odd = Misbehaviour(no_status_on_connect=True)
    station, simulated = await simulate(version, misbehaviour=odd, evses=2)
    await simulated.wait_until(
        lambda: all(evse.status for evse in station.evses.values())
    )
    assert step_states(station)["status"] == "done"


async def test_meter_is_asked_for(simulate: Simulate, version: str) -> None:
    """First meter values are asked for."""
    station, simulated = await simulate(version, register_wh=5000.0)
    await simulated.wait_until(lambda: station.evses[1].meter.readings)
    assert station.evses[1].meter.register.lifetime_wh == 5000.0


async def test_transactions_are_checked(simulate: Simulate, version_2x: str) -> None:
    """2.x: a transaction that the station does not know is over."""
    station, _ = await simulate(version_2x)
    gone = Transaction(id="gone", evse_id=1, connector_id=1, started_at=station.clock())
    station.transactions.remember(gone)
    station.evses[1].transaction = gone
    await again(station, Step.TRANSACTIONS)
    assert not gone.active
    assert step_states(station)["transactions"] == "done"


async def test_transactions_of_16_are_not_asked_for(simulate: Simulate) -> None:
    """1.6 has no way to ask."""
    station, _ = await simulate("1.6")
    known = Transaction(id="1", evse_id=1, connector_id=1, started_at=station.clock())
    station.evses[1].transaction = known
    await again(station, Step.TRANSACTIONS)
    assert step_states(station)["transactions"] == "skipped"
    assert station.evses[1].transaction is known


async def test_observe_only(simulate: Simulate, version: str) -> None:
    """Nothing at all is sent, and each step says why."""
    station, simulated = await simulate(version, config={"observe_only": True})
    records = station.onboarding.records.values()
    assert [frame for frame in simulated.received if frame.is_call] == []
    assert {r.detail for r in records} == {"observe only", "nothing to apply"}


async def test_quirk_leaves_a_step_out(simulate: Simulate) -> None:
    """Quirk: a step that harms a model is left out."""
    quirks = {"skip_steps": frozenset({"meter"})}
    station, _ = await simulate("1.6", quirks=quirks)
    record = station.onboarding.records[Step.METER]
    assert (record.state, record.detail) == (
        StepState.SKIPPED,
        "not good for this model",
    )


async def test_refused_step(simulate: Simulate, version: str) -> None:
    """A step that the station refuses says so, and the others go on."""
    odd = Misbehaviour(refuse={"TriggerMessage": "NotSupported"})
    station, _ = await simulate(version, misbehaviour=odd)
    assert step_states(station)["meter"] == "refused"
    assert "NotSupported" in station.onboarding.records[Step.METER].detail
    assert step_states(station)["configuration"] == "done"


async def test_failed_step(simulate: Simulate, version: str) -> None:
    """A step without an answer fails visibly, and the others go on."""
    odd = Misbehaviour(silent={CONFIGURATION[version][0]})
    station, _ = await simulate(
        version, misbehaviour=odd, config={"call_timeout_s": 0.05}
    )
    assert step_states(station)["configuration"] == "failed"
    assert step_states(station)["meter"] == "done"
    assert "no answer" in station.onboarding.problems[Step.CONFIGURATION]


async def test_step_again(simulate: Simulate) -> None:
    """A step that failed can be run again alone."""
    odd = Misbehaviour(refuse={"TriggerMessage": "InternalError"})
    station, simulated = await simulate("1.6", misbehaviour=odd)
    odd.refuse.clear()
    before = calls_received(simulated, "GetConfiguration")
    await again(station, Step.METER)
    assert step_states(station)["meter"] == "done"
    assert calls_received(simulated, "GetConfiguration") == before


async def test_steps_are_told(simulate: Simulate) -> None:
    """Who listens sees the steps as they go."""
    station, simulated = await simulate("1.6", wait=False)
    seen: list[Any] = []
    station.changed.connect(lambda _, changes: seen.extend(changes))
    await simulated.wait_registered()
    await onboarded(station)
    assert (0, "onboarding") in seen


async def test_reboot_runs_the_steps_again(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """After a real reboot everything is looked at again."""
    odd = Misbehaviour(forget_configuration_on_reboot=True)
    station, simulated = await simulate(version, misbehaviour=odd)
    await simulated.reboot()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    assert calls_received(simulated, CONFIGURATION[version][0]) == 2
    assert simulated.dialect.seconds("sample_interval") == 10


async def test_reconnection_does_not(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A mere reconnection reads and writes no configuration."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated = await simulate(version, misbehaviour=odd)
    written = calls_received(simulated, CONFIGURATION[version][1])
    await simulated.drop_connection()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    assert calls_received(simulated, CONFIGURATION[version][0]) == 1
    assert calls_received(simulated, CONFIGURATION[version][1]) == written


async def test_second_boot_is_no_broken_connection(
    simulate: Simulate, version: str
) -> None:
    """A BootNotification amid a step begins anew, and is not held against the step."""
    odd = Misbehaviour(hold={CONFIGURATION[version][0]})
    station, simulated = await simulate(version, misbehaviour=odd, wait=False)
    for _ in range(3):
        await until(lambda: _runs(station))
        await simulated.link.request_boot()
    simulated.release(CONFIGURATION[version][0])
    await onboarded(station)
    assert step_states(station)["configuration"] == "done"


def _runs(station: Station) -> bool:
    return step_states(station).get("configuration") == "running"


async def _break_in_configuration(
    simulate: Simulate,
    manual: ManualClock,
    version: str,
    times: int,
) -> tuple[Station, ChargingStation]:
    """Return a station whose connection broke so often while it told its configuration."""
    odd = Misbehaviour(silent={CONFIGURATION[version][0]})
    station, simulated = await simulate(
        version, misbehaviour=odd, quirks={"boot_settle_s": 0.02}, wait=False
    )
    for _ in range(times):
        await manual.advance_until(lambda: station.connected, limit=120)
        await until(lambda: simulated.registered and _runs(station))
        await simulated.drop_connection()
        await simulated.wait_until(lambda: not station.connected)
    return station, simulated


async def test_one_break_is_forgiven(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """After one break in a step it is tried again."""
    station, simulated = await _break_in_configuration(simulate, manual, version, 1)
    assert station.onboarding.problems == {Step.CONFIGURATION: "the connection broke"}
    simulated.misbehaviour.silent.clear()
    await come_back(manual, station, simulated)
    assert step_states(station)["configuration"] == "done"


async def test_second_break_leaves_the_step_out(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A step in which the connection broke twice is left out, the others are done."""
    station, simulated = await _break_in_configuration(simulate, manual, version, 2)
    await come_back(manual, station, simulated)
    record = station.onboarding.records[Step.CONFIGURATION]
    assert (record.state, record.detail) == (
        StepState.SKIPPED,
        "the connection broke in it before",
    )
    assert step_states(station)["meter"] == "done"


async def test_breaks_are_forgotten(simulate: Simulate, manual: ManualClock) -> None:
    """An hour later the step is tried again."""
    station, simulated = await _break_in_configuration(simulate, manual, "1.6", 2)
    await come_back(manual, station, simulated)
    simulated.misbehaviour.silent.clear()
    await manual.advance(3601)
    await simulated.reboot()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    assert step_states(station)["configuration"] == "done"


async def test_acceptance_begins_the_steps(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A station that is accepted while it waits is onboarded with its next boot."""
    station, simulated = await simulate(version, wait=False)
    station.accepted = False
    await simulated.wait_until(lambda: simulated.link.registration == "Pending")
    assert [frame for frame in simulated.received if frame.is_call] == []
    station.accept(station.config)
    await manual.advance(31)
    await onboarded(station)
    assert step_states(station)["configuration"] == "done"
