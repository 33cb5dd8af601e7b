"""What stations really send: a test or more for each of thirteen observations."""

from itertools import permutations
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import limits
from custom_components.ocpp_csms.csms.errors import CallError, CommandRejectedError
from custom_components.ocpp_csms.csms.model.commands import (
    ClearCache,
    GetCompositeSchedule,
    Reset,
    ResetKind,
    SetChargingProfile,
    StartCharging,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT,
    POWER,
    REGISTER,
    STATE_OF_CHARGE,
    VOLTAGE,
)
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station, StationConfig
from simulator import CallRefused, Car, ManualClock, Misbehaviour

from .conftest import Dial, Simulate
from .support import (
    NOW,
    BareStation,
    HandClock,
    again,
    boot,
    energy,
    event,
    meter,
    moment,
    profile,
    register,
    sample,
    stamp,
    start,
    status,
    stop,
    until,
)


def _kinds(occurrences: list[Occurrence]) -> list[OccurrenceKind]:
    return [occurrence.kind for occurrence in occurrences]


# 1. Message ids restart; CALLs are repeated.


async def test_01_ids_restart_after_a_cold_boot(
    cp1: BareStation, call_in: Dial, station: Station
) -> None:
    """The "1" of a new boot is no repetition of the old one."""
    await cp1.call("StartTransaction", start(at=0), "1")
    again = await call_in()
    await again.call("StartTransaction", start(at=60), "1")
    assert station.counters.repeated == 0
    assert len(station.transactions._known) == 2


async def test_01_same_call_after_a_reboot(
    cp1: BareStation, call_in: Dial, station: Station, occurrences: list[Occurrence]
) -> None:
    """A start that was sent before the reboot is answered again and counts once."""
    first = await cp1.call("StartTransaction", start(), "1")
    again = await call_in()
    await again.call("BootNotification", boot(), "2")
    assert await again.call("StartTransaction", start(), "1") == first
    assert _kinds(occurrences).count(OccurrenceKind.TRANSACTION_STARTED) == 1


async def test_01_same_stop_twice(
    cp1: BareStation, occurrences: list[Occurrence]
) -> None:
    """A stop under another id is answered again and counts once."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    await cp1.call("StopTransaction", stop(tx), "8")
    await cp1.call("StopTransaction", stop(tx), "9")
    assert _kinds(occurrences).count(OccurrenceKind.TRANSACTION_ENDED) == 1


async def test_01_same_event_twice(
    call_in: Dial,
    station: Station,
    occurrences: list[Occurrence],
    version_2x: str,
) -> None:
    """2.x: Started and Ended that come again count once."""
    socket = await call_in(version=version_2x)
    for payload in (event("Started"), event("Started"), event("Ended", at=9)) * 2:
        await socket.call("TransactionEvent", payload)
    kinds = _kinds(occurrences)
    assert kinds.count(OccurrenceKind.TRANSACTION_STARTED) == 1
    assert kinds.count(OccurrenceKind.TRANSACTION_ENDED) == 1


# 2. Odd order and odd errors.


async def test_02_triggered_call_before_its_answer(
    simulate: Simulate, version: str
) -> None:
    """What was triggered may come before the answer to the trigger."""
    station, simulated = await simulate(
        version, misbehaviour=Misbehaviour(triggered_first=True)
    )
    seen = len(simulated.calls("sent", "Heartbeat"))
    await station.execute(TriggerMessage(Trigger.HEARTBEAT))
    assert len(simulated.calls("sent", "Heartbeat")) == seen + 1


@pytest.mark.parametrize(
    ("error_elements", "error_details"), [(5, "words"), (4, None), (3, None)]
)
async def test_02_odd_call_errors(
    simulate: Simulate, version: str, error_elements: int, error_details: Any
) -> None:
    """A CALLERROR of another shape, in words of another version, is an error."""
    odd = Misbehaviour(error_elements=error_elements, error_details=error_details)
    odd.refuse["ClearCache"] = "FormationViolation"
    station, _ = await simulate(
        version, misbehaviour=odd, config={"observe_only": True}
    )
    with pytest.raises(CallError, match="FormationViolation"):
        await station.execute(ClearCache())


async def test_02_invented_action(cp1: BareStation) -> None:
    """An invented action is NotImplemented."""
    assert await cp1.refusal("PlugAndPray", {}) == "NotImplemented"


async def test_02_unanswered_call_closes_nothing(
    cp1: BareStation, station: Station
) -> None:
    """A time-out does not close the station."""
    await until(lambda: station.connected)
    with pytest.raises(Exception, match="no answer"):
        await station.execute(ClearCache(), 0.01)
    assert (await cp1.call("Heartbeat", {}))["currentTime"]


# 3. Features are found out.


@pytest.mark.parametrize(
    "code", ["NotSupported", "NotImplemented", "FormationViolation"]
)
@pytest.mark.parametrize(
    "command",
    [
        TriggerMessage(Trigger.HEARTBEAT),
        UnlockConnector(1),
        SetChargingProfile(1, profile()),
        GetCompositeSchedule(1, 60),
    ],
)
async def test_03_feature_that_is_missing(
    simulate: Simulate, code: str, command: Any
) -> None:
    """Any feature may be refused; that is an error with the station's word."""
    odd = Misbehaviour(refuse={"*": code})
    station, _ = await simulate("1.6", misbehaviour=odd, config={"observe_only": True})
    with pytest.raises(CallError) as error:
        await station.execute(command)
    assert error.value.code == code


async def test_03_reboot_required(simulate: Simulate) -> None:
    """A setting that needs a reboot is written once, not again and again."""
    odd = Misbehaviour(statuses={"ChangeConfiguration": "RebootRequired"})
    station, simulated = await simulate("1.6", misbehaviour=odd)
    before = len(simulated.calls("received", "ChangeConfiguration"))
    await again(station, Step.INTERVALS)
    assert before == 1
    assert len(simulated.calls("received", "ChangeConfiguration")) == before


# 4. After a network drop.


async def test_04_no_boot_and_no_status_after_a_drop(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """State is kept where a station comes back without a word."""
    odd = Misbehaviour(no_boot_on_reconnect=True, no_status_on_reconnect=True)
    station, simulated = await simulate(version, misbehaviour=odd)
    await simulated.plug_in(1)
    await simulated.wait_until(lambda: station.evses[1].plugged_in)
    await simulated.drop_connection()
    await until(lambda: not station.connected)
    await manual.advance(5)
    await simulated.wait_until(lambda: station.connected)
    assert station.evses[1].plugged_in


@pytest.mark.parametrize("status_first", [True, False])
async def test_04_queued_stop_and_fresh_status(
    cp1: BareStation, station: Station, status_first: bool
) -> None:
    """A queued stop and a fresh Available come in either order; the energy is right."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    calls = [
        ("StatusNotification", status(timestamp=stamp(600))),
        ("StopTransaction", stop(tx, wh=3000, at=300)),
    ]
    for action, payload in calls if status_first else reversed(calls):
        await cp1.call(action, payload)
    last = station.evses[1].last_transaction
    assert last is not None
    assert (last.energy_wh, last.ended_at) == (2000.0, NOW.replace(minute=5))
    assert station.evses[1].transaction is None


async def test_04_queued_stop_after_a_fresh_status_is_told_once(
    cp1: BareStation, occurrences: list[Occurrence]
) -> None:
    """A transaction ends once, even where its end is found out twice."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    await cp1.call("StatusNotification", status(timestamp=stamp(600)))
    await cp1.call("StopTransaction", stop(tx, at=300))
    assert _kinds(occurrences).count(OccurrenceKind.TRANSACTION_ENDED) == 1


async def test_04_queued_stop_without_time(cp1: BareStation, station: Station) -> None:
    """A queued message with a time that says nothing is of now."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    await cp1.call("StopTransaction", stop(tx) | {"timestamp": "1970-01-01T00:00:00Z"})
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.ended_at == NOW


# 5. Transactions made offline.


async def test_05_late_start_and_stop(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """A transaction that was made offline keeps its own times."""
    clock.advance(7200)
    tx = (await cp1.call("StartTransaction", start(at=60)))["transactionId"]
    await cp1.call("StopTransaction", stop(tx, at=660))
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.ended_at is not None
    assert (last.ended_at - last.started_at).total_seconds() == 600


async def test_05_two_connectors_interleaved(
    cp1: BareStation, station: Station
) -> None:
    """Queued transactions of two connectors do not mix."""
    one = (await cp1.call("StartTransaction", start(1, 100)))["transactionId"]
    two = (await cp1.call("StartTransaction", start(2, 500, 5)))["transactionId"]
    await cp1.call("MeterValues", register(200, at=30, tx=one, evse=1))
    await cp1.call("StopTransaction", stop(two, 900))
    await cp1.call("StopTransaction", stop(one, 300))
    energies = [
        evse.last_transaction.energy_wh
        for evse in station.evses.values()
        if evse.last_transaction
    ]
    assert energies == [200.0, 400.0]


async def test_05_values_older_than_the_newest(
    cp1: BareStation, station: Station
) -> None:
    """Queued values do not overwrite newer ones."""
    await cp1.call("MeterValues", register(5000, at=60))
    await cp1.call("MeterValues", register(4000, at=0))
    assert station.evses[1].meter.value(REGISTER) == 5000
    assert station.evses[1].meter.stale == 1


async def test_05_offline_values_say_nothing_of_the_clock(
    cp1_201: BareStation, station: Station, clock: HandClock
) -> None:
    """2.x: values that were kept while offline don't make the clock look wrong."""
    clock.advance(3600)
    await cp1_201.call("TransactionEvent", event(offline=True, meterValue=[energy(5)]))
    assert station.clock_offset.seconds is None


# 6. Orphans.


async def test_06_power_loss_without_an_end(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A transaction that a power loss ended is found to be over."""
    odd = Misbehaviour(transaction_on_reboot="orphan")
    station, simulated = await simulate(version, misbehaviour=odd)
    await simulated.plug_in(1)
    await simulated.present_token(1, "TAG")
    await simulated.wait_until(lambda: station.evses[1].transaction)
    simulated.evse(1).car = None
    await simulated.reboot()
    await manual.advance(5)
    await simulated.wait_until(lambda: station.evses[1].transaction is None)
    assert station.evses[1].last_transaction is not None


@pytest.mark.parametrize("reason", ["PowerLoss", "Reboot"])
async def test_06_stop_by_power_loss(
    cp1: BareStation, station: Station, reason: str
) -> None:
    """1.6: a stop without idTag is a stop."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    assert await cp1.call("StopTransaction", stop(tx, reason=reason)) == {}
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.stop_reason == reason


async def test_06_transaction_that_goes_on_after_a_reboot(
    cp1: BareStation, call_in: Dial, station: Station
) -> None:
    """A transaction outlives a reboot of its station."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    again = await call_in()
    await again.call("BootNotification", boot())
    await again.call("StatusNotification", status(word="Charging"))
    await again.call("MeterValues", register(1500, at=60, tx=tx))
    running = station.evses[1].transaction
    assert running is not None
    assert (running.id, running.energy_wh) == (str(tx), 500.0)


@pytest.mark.parametrize("wh", [0, 4999, -5])
async def test_06_register_that_goes_back(
    cp1: BareStation, station: Station, wh: float
) -> None:
    """A register that goes backwards or to 0 is held back."""
    await cp1.call("MeterValues", register(5000, at=0))
    await cp1.call("MeterValues", register(wh, at=60))
    assert station.evses[1].meter.value(REGISTER) == 5000
    assert station.evses[1].meter.quarantined == 1


async def test_06_stop_below_start(cp1: BareStation, station: Station) -> None:
    """A meterStop below the meterStart does not spoil the energy that was counted."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("MeterValues", register(1500, at=60, tx=tx))
    await cp1.call("StopTransaction", stop(tx, wh=0, at=120))
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh == 500.0


# 7. Meter values.


async def test_07_kwh_and_wh_from_one_station(
    cp1: BareStation, station: Station
) -> None:
    """Units may change from message to message."""
    name = "Energy.Active.Import.Register"
    await cp1.call("MeterValues", meter(sample("5000", name, unit="Wh")))
    await cp1.call("MeterValues", meter(sample("5.1", name, unit="kWh"), at=60))
    assert station.evses[1].meter.value(REGISTER) == 5100


async def test_07_total_beside_phases(cp1: BareStation, station: Station) -> None:
    """A total is not added to its phases."""
    name = "Power.Active.Import"
    phases = [sample("1", name, unit="kW", phase=f"L{n}-N") for n in (1, 2, 3)]
    await cp1.call("MeterValues", meter(*phases, sample("3000", name, unit="W")))
    assert station.evses[1].meter.value(POWER) == 3000


async def test_07_bare_value(cp1: BareStation, station: Station) -> None:
    """A value without unit, measurand and context is the register in Wh."""
    await cp1.call("MeterValues", meter(sample("5000")))
    assert station.evses[1].meter.value(REGISTER) == 5000


async def test_07_float_noise(cp1: BareStation, station: Station) -> None:
    """Noise behind the third digit is cut off."""
    await cp1.call("MeterValues", meter(sample("30.66666603088379", "Current.Import")))
    assert station.evses[1].meter.value(CURRENT) == 30.667


@pytest.mark.parametrize(
    ("at", "read"),
    [
        ("1970-01-01T00:00:00Z", NOW),
        ("2026-01-05T11:59:00Z", NOW.replace(hour=11, minute=59)),
        ("2026-01-05T11:59:00", NOW.replace(hour=11, minute=59)),
    ],
)
async def test_07_timestamps(
    cp1: BareStation, station: Station, at: str, read: Any
) -> None:
    """Times of 1970 are of now; no milliseconds and no zone are fine."""
    await cp1.call("MeterValues", meter(sample("230", "Voltage"), at=at))
    assert station.evses[1].meter.readings[VOLTAGE].at == read


async def test_07_clock_aligned_without_transaction(
    cp1: BareStation, station: Station
) -> None:
    """Clock-aligned values without transaction id count for the running transaction."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("MeterValues", register(1200, at=30, tx=tx))
    await cp1.call("MeterValues", register(1300, at=60))
    running = station.evses[1].transaction
    assert running is not None
    assert running.energy_wh == 300.0


async def test_07_begin_value_at_the_end(cp1: BareStation, station: Station) -> None:
    """A repeated Transaction.Begin value is no reading."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    begin = sample("1000", context="Transaction.Begin")
    end = sample("3000", context="Transaction.End")
    data = [moment(begin, at=0), moment(end, begin, at=60)]
    await cp1.call("StopTransaction", stop(tx, wh=3000, transactionData=data))
    assert station.evses[1].meter.value(REGISTER) == 3000


@pytest.mark.parametrize(
    "values",
    permutations(
        [
            ("20", "Transaction.Begin"),
            ("60", "Sample.Periodic"),
            ("80", "Transaction.End"),
        ]
    ),
)
async def test_07_values_of_the_end(
    cp1: BareStation, station: Station, values: tuple[tuple[str, str], ...]
) -> None:
    """Of the values that close a transaction that of its end counts, wherever it stands."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    samples = [sample(percent, "SoC", context=context) for percent, context in values]
    data = [moment(*samples, at=60)]
    await cp1.call("StopTransaction", stop(tx, transactionData=data))
    assert station.evses[1].meter.value(STATE_OF_CHARGE) == 80


async def test_07_time_of_the_start_of_an_interval(
    cp1: BareStation, station: Station
) -> None:
    """Values that bear the time at which their interval began are values."""
    tx = (await cp1.call("StartTransaction", start(wh=1000, at=0)))["transactionId"]
    await cp1.call("MeterValues", register(1100, at=-60, tx=tx))
    running = station.evses[1].transaction
    assert running is not None
    assert running.energy_wh == 100.0


# 8. Peculiarities of 2.x.


async def test_08_events_without_evse(cp1_201: BareStation, station: Station) -> None:
    """Updated and Ended are known by their transaction."""
    await cp1_201.call("TransactionEvent", event("Started", meterValue=[energy(100)]))
    update = event("Updated", at=30, evse=None, meterValue=[energy(300, at=30)])
    await cp1_201.call("TransactionEvent", update)
    running = station.evses[1].transaction
    assert running is not None
    assert running.energy_wh == 200.0
    await cp1_201.call("TransactionEvent", event("Ended", at=60, evse=None))
    assert station.evses[1].transaction is None


async def test_08_evse_without_connector(
    cp1_201: BareStation, station: Station
) -> None:
    """An EVSE may leave its connector unnamed."""
    await cp1_201.call("TransactionEvent", event(evse={"id": 2}))
    running = station.evses[2].transaction
    assert running is not None
    assert running.connector_id == 1


@pytest.mark.parametrize("seq_nos", [(0, 0, 0), (1, 5, 2)])
async def test_08_sequence_numbers(
    cp1_201: BareStation, station: Station, seq_nos: tuple[int, int, int]
) -> None:
    """Sequence numbers that do not count are not counted on."""
    kinds = ("Started", "Updated", "Ended")
    for at, (kind, number) in enumerate(zip(kinds, seq_nos, strict=True)):
        await cp1_201.call("TransactionEvent", event(kind, at=at, seqNo=number))
    assert station.evses[1].last_transaction is not None


@pytest.mark.parametrize(
    "odd",
    [
        Misbehaviour(report_first_seq_no=1),
        Misbehaviour(report_page=3),
        Misbehaviour(),
    ],
)
async def test_08_reports(
    simulate: Simulate, version_2x: str, odd: Misbehaviour
) -> None:
    """An inventory is read in pages of any size, numbered from 0 or 1."""
    station, _ = await simulate(version_2x, misbehaviour=odd, evses=2)
    assert len(station.state.variables) > 50
    assert sorted(station.evses) == [1, 2]


async def test_08_report_without_data(simulate: Simulate, version_2x: str) -> None:
    """An empty inventory is an inventory."""
    odd = Misbehaviour(report_without_data=True)
    station, _ = await simulate(version_2x, misbehaviour=odd)
    assert station.state.variables == {}
    assert station.onboarding.finished


async def test_08_status_of_the_station(cp1_201: BareStation, station: Station) -> None:
    """Status of EVSE 0 is the station's own."""
    await cp1_201.call("StatusNotification", status("2.0.1", 0, "Unavailable"))
    assert (station.state.status, station.evses) == ("Unavailable", {})


async def test_08_write_only_variables(simulate: Simulate, version_2x: str) -> None:
    """A variable that can't be read has no value."""
    station, _ = await simulate(version_2x)
    (password,) = [
        variable
        for ref, variable in station.state.variables.items()
        if ref.name == "BasicAuthPassword"
    ]
    assert not password.value


@pytest.mark.parametrize(
    "more",
    [
        {"info": {"chargingState": "EVConnected"}},
        {"triggerReason": "TimeLimitReached"},
        {"triggerReason": "Nonsense"},
    ],
)
async def test_08_odd_start(
    cp1_201: BareStation, station: Station, more: dict[str, Any]
) -> None:
    """A start is a start, whatever its trigger and state."""
    await cp1_201.call("TransactionEvent", event(**more))
    assert station.evses[1].transaction is not None


# 9. Answers that break their schemas; strict in what is sent.


async def test_09_composite_with_noise(cp1: BareStation, station: Station) -> None:
    """A limit of 5.797101 A is used as it is; durations may be absurd."""
    await until(lambda: station.connected)
    cp1.replies["GetCompositeSchedule"] = {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": stamp(),
        "chargingSchedule": {
            "duration": 2**31,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5.797101}],
        },
    }
    composite = await station.execute(GetCompositeSchedule(1, 60))
    assert composite.periods[0].limit == 5.797101


async def test_09_over_long_serial(cp1: BareStation, station: Station) -> None:
    """A serial number longer than allowed is the serial number."""
    await cp1.call("BootNotification", boot(chargePointSerialNumber="x" * 80))
    assert station.state.info is not None
    assert station.state.info.serial == "x" * 80


async def test_09_everything_sent_is_valid(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """The simulator checks each of our frames; in a whole session it finds no fault."""
    station, simulated = await simulate(version, evses=2)
    await simulated.plug_in(1, Car())
    await station.execute(
        StartCharging(id_token=IdToken("TAG"), remote_start_id=1, evse_id=1)
    )
    await manual.advance(120)
    await limits.set_limit(station, 1, 10.0)
    await station.execute(Reset(ResetKind.IMMEDIATE))
    await manual.advance(10)
    assert simulated.complaints == []
    refusals = [frame for frame in simulated.sent if frame.kind == 4]
    assert refusals == []


# 10. Charging profiles.


async def test_10_absolute_profiles_have_a_start(
    simulate: Simulate, version: str
) -> None:
    """An absolute limit begins at a time, a little in the past."""
    station, simulated = await simulate(version)
    await limits.set_limit(station, 1, 10.0)
    text = str(simulated.calls("received", "SetChargingProfile")[0].payload)
    assert "'Absolute'" in text
    assert "'startSchedule': '2026-01-05T11:" in text


async def test_10_unit_that_the_station_names(simulate: Simulate) -> None:
    """A station that takes only watts gets watts."""
    station, simulated = await simulate("1.6", wait=False)
    simulated.config["ChargingScheduleAllowedChargingRateUnit"] = "Power"
    await simulated.wait_until(lambda: station.onboarding.finished)
    await limits.set_limit(station, 1, 10.0)
    profiles = simulated.calls("received", "SetChargingProfile")[0].payload
    schedule = profiles["csChargingProfiles"]["chargingSchedule"]
    assert schedule["chargingRateUnit"] == "W"


async def test_10_no_year_2038(simulate: Simulate, version: str) -> None:
    """No time beyond 2037 is sent."""
    station, simulated = await simulate(version)
    await limits.set_limit(station, 1, 10.0)
    text = str(simulated.calls("received", "SetChargingProfile")[0].payload)
    assert "validTo" not in text
    assert not any(f"'20{year}-" in text for year in range(38, 100))


@pytest.mark.parametrize("forget", [True, False])
async def test_10_limits_over_a_reboot(
    simulate: Simulate, manual: ManualClock, version: str, forget: bool
) -> None:
    """A limit holds after a reboot, whether the station keeps it or not."""
    odd = Misbehaviour(forget_profiles_on_reboot=forget)
    station, simulated = await simulate(version, misbehaviour=odd)
    await limits.set_limit(station, 1, 10.0)
    await simulated.reboot()
    await manual.advance(10)
    await simulated.wait_until(lambda: station.evses[1].applied_a == 10.0)
    assert len(simulated.profiles) == 1


async def test_10_limit_below_the_minimum(simulate: Simulate) -> None:
    """Between 0 and 6 A there is no charging: such a limit is refused."""
    station, _ = await simulate("1.6")
    with pytest.raises(Exception, match="limit_too_low"):
        await limits.set_limit(station, 1, 5.0)


# 11. Connections.


async def test_11_password_of_raw_bytes(server: Server, call_in: Dial) -> None:
    """Forty hexadecimal digits may come as twenty bytes."""
    password = "c3ff" * 10
    config = StationConfig(identity="CP1", password=password, observe_only=True)
    station = server.add(config)
    await call_in(password=bytes.fromhex(password))
    await until(lambda: station.connected)


async def test_11_password_changes(server: Server, call_in: Dial) -> None:
    """A station may come back at once with its new password, its old socket still open."""
    server.add(StationConfig(identity="CP1", password="old", observe_only=True))
    old = await call_in(password=b"old")
    server.add(StationConfig(identity="CP1", password="new", observe_only=True))
    new = await call_in(password=b"new")
    assert await old.close_code() == 1001
    assert (await new.call("Heartbeat", {}))["currentTime"]


async def test_11_offers_of_the_handshake(call_in: Dial, station: Station) -> None:
    """Several subprotocols, an Origin and compression may be offered."""
    socket = await call_in(
        version=("1.6", "2.0.1"), origin="http://x", compression="deflate"
    )
    assert socket.socket.subprotocol == "ocpp2.0.1"


async def test_11_calls_before_the_boot(cp1: BareStation, station: Station) -> None:
    """CALLs before the boot are answered."""
    await cp1.call("StatusNotification", status())
    await cp1.call("BootNotification", boot())
    assert station.evses[1].status == "available"


async def test_11_station_that_refuses_before_its_boot(
    simulate: Simulate, version: str
) -> None:
    """A station that takes no CALL before its boot is asked nothing before it."""
    odd = Misbehaviour(refuse_before_boot=True)
    station, simulated = await simulate(
        version, misbehaviour=odd, quirks={"boot_settle_s": 0.05}
    )
    assert station.onboarding.problems == {}
    assert [frame for frame in simulated.sent if frame.kind == 4] == []


# 12. Status.


async def test_12_debounced_status(cp1: BareStation, station: Station) -> None:
    """A transaction runs although its status comes a second later."""
    await cp1.call("StatusNotification", status(word="Preparing"))
    await cp1.call("StartTransaction", start())
    assert station.evses[1].transaction is not None
    await cp1.call("StatusNotification", status(word="Charging", timestamp=stamp(1)))
    assert station.evses[1].charging


async def test_12_repeated_status(cp1: BareStation, station: Station) -> None:
    """A status that is repeated unchanged changes nothing."""
    changes: list[Any] = []
    await cp1.call("StatusNotification", status(word="Preparing"))
    station.changed.connect(lambda _, changed: changes.extend(changed))
    await cp1.call("StatusNotification", status(word="Preparing"))
    assert changes == []


async def test_12_quick_walk(cp1: BareStation, station: Station) -> None:
    """The last of many states counts."""
    for word in ("Available", "Preparing", "Charging", "SuspendedEV", "Finishing"):
        await cp1.call("StatusNotification", status(word=word))
    assert station.evses[1].status == "finishing"


async def test_12_faulted_without_error(cp1: BareStation, station: Station) -> None:
    """Faulted is a fault, also with NoError."""
    await cp1.call("StatusNotification", status(word="Faulted", info="why"))
    problem = station.evses[1].problem
    assert station.evses[1].status == "faulted"
    assert problem is not None
    assert (problem.code, problem.info) == ("NoError", "why")


async def test_12_nine_connectors(cp1: BareStation, station: Station) -> None:
    """Nine connectors in nine states are nine EVSEs."""
    words = (
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEVSE",
        "SuspendedEV",
        "Finishing",
        "Reserved",
        "Unavailable",
        "Faulted",
    )
    for evse, word in enumerate(words, 1):
        await cp1.call("StatusNotification", status(evse=evse, word=word))
    assert len({evse.status for evse in station.evses.values()}) == 9


# 13. Rigid test tools.


async def test_13_nothing_unasked(simulate: Simulate, version: str) -> None:
    """A station that is only observed is sent nothing that the user did not ask for."""
    station, simulated = await simulate(version, config={"observe_only": True})
    await simulated.plug_in(1)
    assert station.onboarding.finished
    assert [frame for frame in simulated.received if frame.is_call] == []


async def test_13_single_steps_can_be_left_out(simulate: Simulate) -> None:
    """Each step can be switched off for a station."""
    skip = frozenset({"configuration", "status", "meter"})
    station, simulated = await simulate("1.6", config={"skip_steps": skip})
    details = {step.value: r.detail for step, r in station.onboarding.records.items()}
    assert simulated.calls("received", "GetConfiguration") == []
    assert {details[step] for step in skip} == {"switched off"}


async def test_13_wishes_of_the_user_are_sent(simulate: Simulate) -> None:
    """What the user asks for is sent all the same."""
    station, simulated = await simulate("1.6", config={"observe_only": True})
    odd = simulated.misbehaviour
    odd.refuse["ClearCache"] = CallRefused("NotSupported")
    with pytest.raises((CallError, CommandRejectedError)):
        await station.execute(ClearCache())
