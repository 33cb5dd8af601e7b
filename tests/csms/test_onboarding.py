"""What is done with a station after it has come: few steps, each visible."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms import inventory, onboarding
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.onboarding import Step, StepState
from custom_components.ocpp_csms.csms.station import Station
from simulator import ChargingStation, ManualClock, Misbehaviour

from .conftest import Simulate
from .support import until

NAMES = {
    "1.6": ("GetConfiguration", "ChangeConfiguration"),
    "2.0.1": ("GetBaseReport", "SetVariables"),
    "2.1": ("GetBaseReport", "SetVariables"),
}
WANTED = ("Energy.Active.Import.Register", "SoC", "Power.Offered")


def _states(station: Station) -> dict[str, str]:
    return {step.value: r.state.value for step, r in station.onboarding.records.items()}


def _count(simulated: ChargingStation, action: str) -> int:
    return len(simulated.calls("received", action))


async def come_back(
    manual: ManualClock, station: Station, simulated: ChargingStation
) -> None:
    """Let a station that is away dial again, and wait until all steps are done."""
    await manual.advance_until(lambda: station.connected, limit=120)
    await until(lambda: simulated.registered)
    await onboarded(station)


async def onboarded(station: Station) -> None:
    """Wait until the steps have run."""
    await until(lambda: station.onboarding.finished)


async def again(station: Station, step: Step) -> None:
    """Run one step again."""
    station.onboarding.repeat(step)
    await onboarded(station)


async def test_steps_of_a_well_behaved_station(
    simulate: Simulate, version: str
) -> None:
    """Every step has run and none has failed."""
    station, _ = await simulate(version, config={"measurands": WANTED})
    assert _states(station) == {
        "identify": "skipped",
        "configuration": "done",
        "measurands": "done",
        "intervals": "done",
        "status": "skipped",
        "transactions": "skipped",
        "wishes": "skipped",
        "meter": "done",
    }


async def test_configuration_is_read_once(simulate: Simulate, version: str) -> None:
    """The whole configuration is read with one request."""
    station, simulated = await simulate(version)
    assert _count(simulated, NAMES[version][0]) == 1
    assert len(station.state.variables) > 20


async def test_configuration_names_the_evses(simulate: Simulate, version: str) -> None:
    """EVSEs of which nothing was heard are known from the configuration."""
    odd = Misbehaviour(no_status_on_connect=True)
    station, _ = await simulate(version, evses=3, misbehaviour=odd)
    assert sorted(station.evses) == [1, 2, 3]


@pytest.mark.parametrize("count", ["0", "1634030126", "-1", "many", ""])
async def test_absurd_count_of_connectors(simulate: Simulate, count: str) -> None:
    """1.6: a number that no station has is not believed."""
    station, simulated = await simulate("1.6", wait=False)
    simulated.config["NumberOfConnectors"] = count
    await onboarded(station)
    assert sorted(station.evses) == [1]


async def test_absurd_evse_in_an_inventory(simulate: Simulate, version_2x: str) -> None:
    """2.x: an EVSE that no station has does not come to exist."""

    def change(action: str, payload: Any) -> Any:
        if action == "NotifyReport":
            for item in payload.get("reportData", ()):
                evse = item["component"].get("evse")
                if evse and item["variable"]["name"] == "Power":
                    evse["id"] = 1634030126
        return payload

    station, _ = await simulate(version_2x, misbehaviour=Misbehaviour(change=[change]))
    assert sorted(station.evses) == [1]


async def test_measurands_are_set(simulate: Simulate, version: str) -> None:
    """The wanted measurands are set."""
    _, simulated = await simulate(version, config={"measurands": WANTED})
    assert simulated.dialect.measurands("sampled") == list(WANTED)


async def test_measurands_within_what_the_station_lists(
    simulate: Simulate, version_2x: str
) -> None:
    """2.x: what the station does not list is not asked for."""
    wanted = (*WANTED, "Energy.Reactive.Export.Register")
    _, simulated = await simulate(version_2x, config={"measurands": wanted})
    assert simulated.dialect.measurands("sampled") == list(WANTED)


async def test_measurands_that_are_refused(simulate: Simulate) -> None:
    """1.6: what the station refuses is left out, what it takes is kept."""
    wanted = ("Voltage", "SoC", "RPM", "Frequency")
    _, simulated = await simulate("1.6", config={"measurands": wanted})
    assert simulated.dialect.measurands("sampled") == ["Voltage", "SoC", "Frequency"]


async def test_measurands_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: of what the user chose, a model may be asked for some only, and for so many."""
    quirks = {"measurands": ("Frequency", "SoC", "Voltage"), "max_measurands": 2}
    wanted = ("Temperature", "Voltage", "SoC", "Frequency")
    _, simulated = await simulate("1.6", quirks=quirks, config={"measurands": wanted})
    assert simulated.dialect.measurands("sampled") == ["Voltage", "SoC"]


async def test_time_out_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: a model that is slow gets its time, and more where the user chose more."""
    slow: dict[str, Any] = {"call_timeout_s": 90.0}
    station, _ = await simulate("1.6", quirks=slow, config={"call_timeout_s": 30.0})
    assert station.pacing.call_timeout_s == 90.0
    station, _ = await simulate("1.6", quirks=slow, config={"call_timeout_s": 120.0})
    assert station.pacing.call_timeout_s == 120.0


async def test_intervals_are_set(simulate: Simulate, version: str) -> None:
    """The wanted intervals are set."""
    config = {"sample_interval_s": 20, "aligned_interval_s": 900}
    _, simulated = await simulate(version, config=config)
    settings = simulated.dialect
    assert settings.seconds("sample_interval") == 20
    assert settings.seconds("aligned_interval") == 900


async def test_interval_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: a model may not be sampled that often."""
    quirks = {"min_sample_interval_s": 30}
    _, simulated = await simulate("1.6", quirks=quirks)
    assert simulated.config["MeterValueSampleInterval"] == "30"


async def test_nothing_equal_is_written(simulate: Simulate, version: str) -> None:
    """What is set already is not written."""
    config = {
        "sample_interval_s": 60,
        "measurands": ("Voltage", "Energy.Active.Import.Register"),
    }
    station, simulated = await simulate(version, config=config)
    assert _count(simulated, NAMES[version][1]) == 0
    assert _states(station)["measurands"] == "skipped"
    assert _states(station)["intervals"] == "skipped"


@pytest.mark.parametrize("value", ["60", "60.0", " 60 "])
async def test_equal_in_another_spelling(simulate: Simulate, value: str) -> None:
    """A number in another spelling is the same number."""
    station, simulated = await simulate(
        "1.6", wait=False, config={"sample_interval_s": 60}
    )
    simulated.config["MeterValueSampleInterval"] = value
    await onboarded(station)
    assert _count(simulated, "ChangeConfiguration") == 0


async def test_nothing_switched_off_is_switched_on(
    simulate: Simulate, version: str
) -> None:
    """An interval of 0 in the options leaves the station's own."""
    config = {"sample_interval_s": 0, "aligned_interval_s": 0}
    _, simulated = await simulate(version, config=config)
    assert _count(simulated, NAMES[version][1]) == 0


async def test_read_only_is_not_written(simulate: Simulate) -> None:
    """What the station calls read-only is left alone, and so is what a quirk calls so."""
    quirks = {"readonly": frozenset({"MeterValueSampleInterval"})}
    station, simulated = await simulate("1.6", quirks=quirks)
    assert _count(simulated, "ChangeConfiguration") == 0
    assert _states(station)["intervals"] == "skipped"


async def test_unknown_key_is_not_written(simulate: Simulate) -> None:
    """A key that the station does not have is not written."""
    station, simulated = await simulate("1.6", wait=False)
    del simulated.config["MeterValueSampleInterval"]
    await onboarded(station)
    assert _count(simulated, "ChangeConfiguration") == 0


async def test_one_key_at_a_time(simulate: Simulate) -> None:
    """Quirk: a station that can't tell everything is asked for what matters, singly."""
    station, simulated = await simulate("1.6", quirks={"one_key_per_get": True})
    asked = [frame.payload for frame in simulated.calls("received", "GetConfiguration")]
    assert all(len(payload["key"]) == 1 for payload in asked)
    assert 5 < len(asked) < 20
    assert station.onboarding.problems == {}


async def test_no_configuration_at_once(simulate: Simulate) -> None:
    """A station that answers with no key at all is asked singly."""
    odd = Misbehaviour(replies={"GetConfiguration": {}})
    station, simulated = await simulate("1.6", misbehaviour=odd)
    assert _count(simulated, "GetConfiguration") > 5
    assert _states(station)["intervals"] == "skipped"


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
    assert _states(station)["configuration"] == "done"


async def test_status_is_asked_for(simulate: Simulate, version: str) -> None:
    """EVSEs of which no status is known are asked."""
    odd = Misbehaviour(no_status_on_connect=True)
    station, simulated = await simulate(version, misbehaviour=odd, evses=2)
    await simulated.wait_until(
        lambda: all(evse.status for evse in station.evses.values())
    )
    assert _states(station)["status"] == "done"


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
    assert _states(station)["transactions"] == "done"


async def test_transactions_of_16_are_not_asked_for(simulate: Simulate) -> None:
    """1.6 has no way to ask."""
    station, _ = await simulate("1.6")
    known = Transaction(id="1", evse_id=1, connector_id=1, started_at=station.clock())
    station.evses[1].transaction = known
    await again(station, Step.TRANSACTIONS)
    assert _states(station)["transactions"] == "skipped"
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
    assert _states(station)["meter"] == "refused"
    assert "NotSupported" in station.onboarding.records[Step.METER].detail
    assert _states(station)["configuration"] == "done"


async def test_failed_step(simulate: Simulate, version: str) -> None:
    """A step without an answer fails visibly, and the others go on."""
    odd = Misbehaviour(silent={NAMES[version][0]})
    station, _ = await simulate(
        version, misbehaviour=odd, config={"call_timeout_s": 0.05}
    )
    assert _states(station)["configuration"] == "failed"
    assert _states(station)["meter"] == "done"
    assert "no answer" in station.onboarding.problems[Step.CONFIGURATION]


@pytest.mark.parametrize("status", ["Rejected", "NotSupported", "EmptyResultSet"])
async def test_inventory_that_is_refused(
    simulate: Simulate, version_2x: str, status: str
) -> None:
    """2.x: a station that reports no inventory is asked for what matters, and set up."""
    odd = Misbehaviour(statuses={"GetBaseReport": status})
    station, simulated = await simulate(
        version_2x, misbehaviour=odd, config={"measurands": WANTED}
    )
    assert _states(station)["configuration"] == "done"
    assert len(station.state.variables) == len(station.dialect.settings)
    assert simulated.dialect.measurands("sampled") == list(WANTED)


async def test_inventory_that_is_not_known(simulate: Simulate, version_2x: str) -> None:
    """2.x: nor does an error instead of a refusal keep the settings back."""
    odd = Misbehaviour(refuse={"GetBaseReport": "NotImplemented"})
    _, simulated = await simulate(
        version_2x, misbehaviour=odd, config={"measurands": WANTED}
    )
    assert simulated.dialect.measurands("sampled") == list(WANTED)


async def test_inventory_that_stays_away(
    simulate: Simulate, version_2x: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.x: pages that never come fail the step, but what matters is read and set."""
    monkeypatch.setattr(inventory, "PAGE_WAIT_S", 0.05)
    odd = Misbehaviour(statuses={"GetBaseReport": "Accepted"})
    station, simulated = await simulate(
        version_2x, misbehaviour=odd, config={"measurands": WANTED}
    )
    assert "NotifyReport" in station.onboarding.problems[Step.CONFIGURATION]
    assert simulated.dialect.measurands("sampled") == list(WANTED)


async def test_answer_that_says_nothing_of_a_write(
    simulate: Simulate, version_2x: str
) -> None:
    """2.x: an empty result of a write does not stop the steps."""
    odd = Misbehaviour(replies={"SetVariables": {"setVariableResult": []}})
    station, simulated = await simulate(version_2x, misbehaviour=odd, wait=False)
    await simulated.wait_registered()
    await onboarded(station)
    assert _states(station)["meter"] == "done"


async def test_step_again(simulate: Simulate) -> None:
    """A step that failed can be run again alone."""
    odd = Misbehaviour(refuse={"TriggerMessage": "InternalError"})
    station, simulated = await simulate("1.6", misbehaviour=odd)
    odd.refuse.clear()
    before = _count(simulated, "GetConfiguration")
    await again(station, Step.METER)
    assert _states(station)["meter"] == "done"
    assert _count(simulated, "GetConfiguration") == before


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
    assert _count(simulated, NAMES[version][0]) == 2
    assert simulated.dialect.seconds("sample_interval") == 10


async def test_reconnection_does_not(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A mere reconnection reads and writes no configuration."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated = await simulate(version, misbehaviour=odd)
    written = _count(simulated, NAMES[version][1])
    await simulated.drop_connection()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    assert _count(simulated, NAMES[version][0]) == 1
    assert _count(simulated, NAMES[version][1]) == written


async def test_second_boot_is_no_broken_connection(
    simulate: Simulate, version: str
) -> None:
    """A BootNotification amid a step begins anew, and is not held against the step."""
    odd = Misbehaviour(hold={NAMES[version][0]})
    station, simulated = await simulate(version, misbehaviour=odd, wait=False)
    for _ in range(3):
        await until(lambda: _runs(station))
        await simulated.link.request_boot()
    simulated.release(NAMES[version][0])
    await onboarded(station)
    assert _states(station)["configuration"] == "done"


def _runs(station: Station) -> bool:
    return _states(station).get("configuration") == "running"


async def _break_in_configuration(
    simulate: Simulate,
    manual: ManualClock,
    version: str,
    times: int,
) -> tuple[Station, ChargingStation]:
    """Return a station whose connection broke so often while it told its configuration."""
    odd = Misbehaviour(silent={NAMES[version][0]})
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
    assert _states(station)["configuration"] == "done"


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
    assert _states(station)["meter"] == "done"


async def test_breaks_are_forgotten(simulate: Simulate, manual: ManualClock) -> None:
    """An hour later the step is tried again."""
    station, simulated = await _break_in_configuration(simulate, manual, "1.6", 2)
    await come_back(manual, station, simulated)
    simulated.misbehaviour.silent.clear()
    await manual.advance(3601)
    await simulated.reboot()
    await until(lambda: not station.connected)
    await come_back(manual, station, simulated)
    assert _states(station)["configuration"] == "done"


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
    assert _states(station)["configuration"] == "done"
