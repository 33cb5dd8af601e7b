"""What once went wrong in the field: one named test for each item that concerns csms."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import limits, onboarding
from custom_components.ocpp_csms.csms.authorization import Authorizer, Holder
from custom_components.ocpp_csms.csms.errors import (
    CallTimeoutError,
    CommandRejectedError,
    CsmsError,
)
from custom_components.ocpp_csms.csms.model.commands import (
    ClearCache,
    StopCharging,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.meter import POWER, REGISTER, VOLTAGE
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station, StationConfig
from simulator import ManualClock, Misbehaviour

from .conftest import Dial, Simulate, StartServer
from .support import (
    BareStation,
    boot,
    energy,
    event,
    meter,
    moment,
    register,
    sample,
    start,
    status,
    stop,
    until,
)


async def test_reconnect_does_not_kill_the_new_connection(
    cp1: BareStation, call_in: Dial, station: Station
) -> None:
    """A station dials again while its old socket is open: the new one lives on."""
    await cp1.call("BootNotification", boot())
    new = await call_in()
    await cp1.close_code()
    await new.call("BootNotification", boot())
    assert station.connected


async def test_connectors_are_found_without_a_reload(simulate: Simulate) -> None:
    """The second connector is there as soon as it is known."""
    station, _ = await simulate("1.6", evses=2)
    assert sorted(station.evses) == [1, 2]


async def test_faulted_hides_nothing(cp1: BareStation, station: Station) -> None:
    """A fault is shown with the vendor's words, and the rest stays readable."""
    await cp1.call("MeterValues", register(5000))
    words = {"errorCode": "OtherError", "info": "lid", "vendorErrorCode": "E7"}
    await cp1.call("StatusNotification", status(word="Faulted") | words)
    evse = station.evses[1]
    assert evse.problem is not None
    assert (evse.problem.code, evse.problem.info, evse.problem.vendor_code) == (
        "OtherError",
        "lid",
        "E7",
    )
    assert evse.meter.value(REGISTER) == 5000


async def test_fault_of_the_station_beside_a_sound_connector(
    cp1: BareStation, station: Station
) -> None:
    """Connector 0 may be faulted while connector 1 charges."""
    await cp1.call("StatusNotification", status(word="Charging"))
    fault = status(evse=0, word="Faulted", errorCode="EVCommunicationError")
    await cp1.call("StatusNotification", fault)
    assert station.state.problem is not None
    assert (station.evses[1].charging, station.evses[1].problem) == (True, None)


async def test_real_boot_after_a_triggered_one(
    simulate: Simulate, manual: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a boot was triggered, later real boots are still boots."""
    monkeypatch.setattr(onboarding, "BOOT_WAIT_S", 0)
    odd = Misbehaviour(no_boot=True)
    station, simulated = await simulate("1.6", misbehaviour=odd, wait=False)
    await until(lambda: station.state.info)
    seen: list[OccurrenceKind] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence.kind))
    odd.no_boot = False
    await manual.advance(60)
    await simulated.reboot()
    await manual.advance_until(lambda: OccurrenceKind.BOOTED in seen, limit=60)


async def test_settings_are_given_again_to_a_forgetful_station(
    simulate: Simulate, manual: ManualClock
) -> None:
    """A station that forgets its settings at boot gets them again."""
    odd = Misbehaviour(forget_configuration_on_reboot=True)
    _, simulated = await simulate("1.6", misbehaviour=odd)
    await simulated.reboot()
    await manual.advance(10)
    await until(lambda: simulated.config["MeterValueSampleInterval"] == "10")


async def test_odd_answer_does_not_crash_a_command(
    cp1: BareStation, station: Station
) -> None:
    """UnlockConnector answered with Accepted is unlocked."""
    await until(lambda: station.connected)
    cp1.replies["UnlockConnector"] = {"status": "Accepted"}
    assert (await station.execute(UnlockConnector(1))).status == "Accepted"


@pytest.mark.parametrize("value", ["", "abc", "NaN", "-", "1.2.3"])
async def test_bad_number_does_not_become_zero(
    cp1: BareStation, station: Station, value: str
) -> None:
    """A value that can't be read leaves the last one."""
    name = "Energy.Active.Import.Register"
    await cp1.call("MeterValues", register(16_000_000))
    await cp1.call("MeterValues", meter(sample(value, name), at=10))
    assert station.evses[1].meter.value(REGISTER) == 16_000_000
    assert station.evses[1].meter.dropped == 1


async def test_new_station_does_not_count_from_its_session(
    cp1: BareStation, station: Station
) -> None:
    """A station whose register begins at 0 is not taken to count per session."""
    tx = (await cp1.call("StartTransaction", start(wh=0)))["transactionId"]
    await cp1.call("MeterValues", register(500, at=60, tx=tx))
    await cp1.call("StopTransaction", stop(tx, wh=600, at=90))
    tx = (await cp1.call("StartTransaction", start(wh=600, at=600)))["transactionId"]
    await cp1.call("MeterValues", register(900, at=660, tx=tx))
    evse = station.evses[1]
    assert not evse.meter.register.session_relative
    assert evse.meter.value(REGISTER) == 900


async def test_session_register_is_judged_per_connector(
    cp1: BareStation, station: Station
) -> None:
    """One connector that counts per session says nothing of the other."""
    for evse in (1, 2):
        await cp1.call("MeterValues", register(50_000, evse=evse))
    one = (await cp1.call("StartTransaction", start(1, 0, 10)))["transactionId"]
    two = (await cp1.call("StartTransaction", start(2, 50_000, 10)))["transactionId"]
    await cp1.call("MeterValues", register(300, at=60, tx=one, evse=1))
    await cp1.call("MeterValues", register(50_300, at=60, tx=two, evse=2))
    evses = station.evses.values()
    assert [evse.meter.register.session_relative for evse in evses] == [True, False]
    assert [evse.meter.value(REGISTER) for evse in evses] == [50_300, 50_300]
    assert [evse.session.energy_wh for evse in evses if evse.session] == [300, 300]


async def test_register_runs_on_in_the_next_session(
    cp1: BareStation, station: Station
) -> None:
    """The register of a station that counts per session goes on rising."""
    await cp1.call("MeterValues", register(50_000))
    for at in (100, 1000):
        tx = (await cp1.call("StartTransaction", start(1, 0, at)))["transactionId"]
        await cp1.call("MeterValues", register(400, at=at + 60, tx=tx))
        await cp1.call("StopTransaction", stop(tx, wh=500, at=at + 90))
    evse = station.evses[1]
    assert evse.meter.value(REGISTER) == 51_000
    assert evse.last_transaction is not None
    assert evse.last_transaction.energy_wh == 500


async def test_retried_start_is_one_transaction(
    cp1: BareStation, station: Station
) -> None:
    """A StartTransaction that is tried again gets the same id."""
    ids = {
        (await cp1.call("StartTransaction", start()))["transactionId"] for _ in range(3)
    }
    assert len(ids) == 1


async def test_times_of_queued_messages_count(
    cp1: BareStation, station: Station, clock: Any
) -> None:
    """The duration of a queued session is not that of the queue."""
    clock.advance(86_400)
    tx = (await cp1.call("StartTransaction", start(at=0)))["transactionId"]
    await cp1.call("StopTransaction", stop(tx, at=3600))
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.ended_at is not None
    assert (last.ended_at - last.started_at).total_seconds() == 3600


async def test_unknown_stop_ends_no_other(cp1: BareStation, station: Station) -> None:
    """A StopTransaction of nobody is not guessed onto connector 1."""
    await cp1.call("StartTransaction", start())
    await cp1.call("StopTransaction", stop(999))
    assert station.evses[1].transaction is not None


async def test_id_of_a_refused_token_is_not_zero(
    start_server: StartServer, call_in: Dial
) -> None:
    """A start gets an id above 0, whatever becomes of its token."""
    tokens = frozenset({IdToken("TAG")})
    blocked = Holder(id="1", name="Ann", tokens=tokens, blocked=True)
    server = await start_server(more={"authorizer": Authorizer([blocked])})
    server.add(StationConfig(identity="CP1", observe_only=True))
    socket = await call_in(port=server.port)
    answer = await socket.call("StartTransaction", start())
    assert answer["idTagInfo"] == {"status": "Blocked"}
    assert answer["transactionId"] > 0


async def test_closing_meter_values(cp1: BareStation, station: Station) -> None:
    """1.6: values after the stop belong to the ended transaction and begin none."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("StatusNotification", status(word="Charging"))
    await cp1.call("StopTransaction", stop(tx, wh=2000, at=60))
    await cp1.call("MeterValues", register(2001, at=61, tx=tx))
    evse = station.evses[1]
    assert (evse.transaction, evse.meter.value(REGISTER)) == (None, 2001)
    assert evse.last_transaction is not None
    assert evse.last_transaction.energy_wh == 1000


async def test_flow_is_zero_after_the_stop(cp1: BareStation, station: Station) -> None:
    """Power does not stay where it was when the session ended."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    await cp1.call("MeterValues", meter(sample("7000", "Power.Active.Import"), tx=tx))
    await cp1.call("StopTransaction", stop(tx))
    assert station.evses[1].meter.value(POWER) == 0


async def test_same_second_starts_on_two_connectors(
    cp1: BareStation, station: Station
) -> None:
    """Two starts in one second are two transactions."""
    one = await cp1.call("StartTransaction", start(1))
    two = await cp1.call("StartTransaction", start(2))
    assert one["transactionId"] != two["transactionId"]
    assert [evse.transaction is not None for evse in station.evses.values()] == [
        True
    ] * 2


@pytest.mark.parametrize("tx", [0, -1, 2**63 - 1])
async def test_id_that_means_none_in_a_transaction(
    cp1: BareStation, station: Station, tx: int
) -> None:
    """Values under 0, -1 or the largest number count for the transaction that runs."""
    begun = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("StatusNotification", status(word="Charging"))
    await cp1.call("MeterValues", register(1500, at=60, tx=tx))
    running = station.evses[1].transaction
    assert running is not None
    assert (running.id, running.energy_wh) == (str(begun), 500.0)


@pytest.mark.parametrize("tx", [0, -1, 2**63 - 1])
async def test_id_that_means_none_while_idle(
    cp1: BareStation, station: Station, tx: int
) -> None:
    """Outside of transactions such an id begins none."""
    await cp1.call("StatusNotification", status())
    await cp1.call("MeterValues", register(1500, tx=tx))
    evse = station.evses[1]
    assert (evse.transaction, evse.meter.value(REGISTER)) == (None, 1500)


async def test_negative_id_of_the_station(cp1: BareStation, station: Station) -> None:
    """A station that uses a negative id of its own is followed, and stopped by it."""
    await cp1.call("StartTransaction", start(wh=1000))
    await cp1.call("MeterValues", register(1500, at=60, tx=-16))
    cp1.replies["RemoteStopTransaction"] = {"status": "Accepted"}
    running = station.evses[1].transaction
    assert running is not None
    await station.execute(StopCharging(running.station_id or running.id))
    assert cp1.asked("RemoteStopTransaction") == [{"transactionId": -16}]
    await cp1.call("StopTransaction", stop(-16, wh=2000, at=90))
    assert running.energy_wh == 1000.0


async def test_status_of_evse_0(cp1_201: BareStation, station: Station) -> None:
    """2.x: status (0,0) is the station's and makes no EVSE."""
    await cp1_201.call("StatusNotification", status("2.0.1", 0))
    assert (station.state.status, station.evses) == ("Available", {})


async def test_status_of_connector_0(cp1_201: BareStation, station: Station) -> None:
    """2.x: status (1,0) is that of EVSE 1, by its first connector."""
    await cp1_201.call(
        "StatusNotification", status("2.0.1", 1, "Occupied", connectorId=0)
    )
    evse = station.evses[1]
    assert (list(evse.connectors), evse.plugged_in) == ([1], True)


async def test_inventory_without_connectors(
    simulate: Simulate, version_2x: str
) -> None:
    """2.x: an inventory that names no EVSE hides none of those that report."""

    def change(action: str, payload: Any) -> Any:
        if action == "NotifyReport":
            payload["reportData"] = [
                item
                for item in payload.get("reportData", ())
                if "evse" not in item["component"]
            ] or payload["reportData"][:0]
        return payload

    odd = Misbehaviour(change=[change])
    station, _ = await simulate(version_2x, misbehaviour=odd, evses=2)
    assert sorted(station.evses) == [1, 2]


async def test_version_flip_on_reconnect(
    server: Server, call_in: Dial, station: Station
) -> None:
    """A station that comes back in another version is spoken to in that version."""
    old = await call_in(version="1.6")
    await old.call("StatusNotification", status(word="Preparing"))
    new = await call_in(version="2.0.1")
    await new.call("BootNotification", boot("2.0.1"))
    await new.call("StatusNotification", status("2.0.1", word="Occupied"))
    new.replies["UnlockConnector"] = {"status": "Unlocked"}
    await station.execute(UnlockConnector(1, 1))
    assert new.asked("UnlockConnector") == [{"evseId": 1, "connectorId": 1}]
    assert station.evses[1].plugged_in


async def test_short_probe_in_another_version(call_in: Dial, station: Station) -> None:
    """A short 1.6 connection in between leaves a 2.0.1 station as it was."""
    await (await call_in(version="1.6")).close()
    new = await call_in(version="2.0.1")
    await new.call("BootNotification", boot("2.0.1"))
    assert str(station.version) == "2.0.1"


async def test_half_open_takeover(call_in: Dial, station: Station) -> None:
    """A station that lost its network dials anew long before the old socket dies."""
    old = await call_in()
    await until(lambda: station.connected)
    old.socket.transport.pause_reading()
    new = await call_in()
    await new.call("BootNotification", boot())
    old.abort()
    await until(lambda: not station._background)
    assert (await new.call("Heartbeat", {}))["currentTime"]
    assert station.connected


async def test_reload_with_the_station_offline(
    server: Server, call_in: Dial, station: Station
) -> None:
    """A station that is away while it is set up is served when it comes."""
    await server.remove("CP1")
    again = server.add(StationConfig(identity="CP1", observe_only=True))
    socket = await call_in()
    await socket.call("BootNotification", boot())
    assert again.connected


@pytest.mark.parametrize("code", ["NotImplemented", "InternalError", "GenericError"])
async def test_station_that_rejects_every_call(
    simulate: Simulate, version: str, code: str
) -> None:
    """A station that rejects everything is onboarded, shown and followed."""
    odd = Misbehaviour(refuse={"*": code})
    station, simulated = await simulate(version, misbehaviour=odd)
    await simulated.plug_in(1)
    await until(lambda: station.evses[1].plugged_in)
    assert station.onboarding.finished
    assert station.onboarding.problems == {}


async def test_station_that_answers_late(
    simulate: Simulate, manual: ManualClock
) -> None:
    """An answer a minute late is counted, and the next command works."""
    odd = Misbehaviour(delay={"ClearCache": 60.0})
    station, _ = await simulate("1.6", misbehaviour=odd)
    with pytest.raises(CallTimeoutError):
        await station.execute(ClearCache(), 0.05)
    odd.delay.clear()
    await manual.advance(61)
    assert (await station.execute(ClearCache())).status == "Accepted"
    assert station.counters.late_answers == 1


async def test_slow_station(simulate: Simulate, manual: ManualClock) -> None:
    """A station that needs its time may have a longer time-out, from the next call on."""
    odd = Misbehaviour(delay={"ClearCache": 59.0})
    config: dict[str, Any] = {"observe_only": True, "call_timeout_s": 0.05}
    station, simulated = await simulate("1.6", misbehaviour=odd, config=config)
    with pytest.raises(CallTimeoutError):
        await station.execute(ClearCache())
    station.configure(replace(station.config, call_timeout_s=90.0))
    answer = asyncio.create_task(station.execute(ClearCache()))
    await until(lambda: len(simulated.calls("received", "ClearCache")) == 2)
    await manual.advance(58)
    assert not answer.done()
    await manual.advance(2)
    assert (await answer).status == "Accepted"


async def test_one_bad_unit(cp1: BareStation, station: Station) -> None:
    """A unit that nobody knows costs its value only."""
    bad = sample("50", "Frequency", unit="Hz")
    good = sample("230", "Voltage", unit="V")
    await cp1.call("MeterValues", meter(bad, good))
    assert station.evses[1].meter.value(VOLTAGE) == 230


async def test_empty_sampled_value(cp1: BareStation, station: Station) -> None:
    """A moment without samples is acknowledged, those beside it are used."""
    moments = [moment(), moment(sample("230", "Voltage"), at=1)]
    await cp1.call("MeterValues", {"connectorId": 1, "meterValue": moments})
    assert station.evses[1].meter.value(VOLTAGE) == 230


async def test_empty_sampled_value_2x(cp1_201: BareStation, station: Station) -> None:
    """2.x: the same in an event of a transaction."""
    moments = [moment(), energy(500, at=1)]
    await cp1_201.call("TransactionEvent", event(meterValue=moments))
    assert station.evses[1].meter.value(REGISTER) == 500


async def test_object_meter_value(cp1: BareStation, station: Station) -> None:
    """A meterValue that is an object is one of a list."""
    payload = {"connectorId": 1, "meterValue": moment(sample("230", "Voltage"))}
    await cp1.call("MeterValues", payload)
    assert station.evses[1].meter.value(VOLTAGE) == 230


async def test_over_long_id_tag(cp1: BareStation, station: Station) -> None:
    """An idTag longer than allowed is answered with a valid message."""
    tag = "x" * 64
    assert (await cp1.call("Authorize", {"idTag": tag}))["idTagInfo"]
    answer = await cp1.call("StartTransaction", start(idTag=tag))
    stopped = await cp1.call(
        "StopTransaction", stop(answer["transactionId"], idTag=tag)
    )
    assert stopped["idTagInfo"]["status"] == "Accepted"
    assert tag not in str(answer)


async def test_unknown_error_code(cp1: BareStation, station: Station) -> None:
    """An errorCode that nobody knows does not cost the status."""
    await cp1.call("StatusNotification", status(word="Charging", errorCode="Error"))
    assert station.evses[1].charging


async def test_limit_is_never_the_station_maximum(
    simulate: Simulate, version: str
) -> None:
    """However often it is refused, a limit goes to no ChargePointMaxProfile."""
    odd = Misbehaviour(statuses={"SetChargingProfile": "Rejected"})
    station, simulated = await simulate(version, misbehaviour=odd)
    with pytest.raises(CsmsError):
        await limits.set_limit(station, 1, 10.0)
    sent = str([f.payload for f in simulated.calls("received", "SetChargingProfile")])
    assert "MaxProfile" not in sent
    assert "TxDefaultProfile" in sent


async def test_start_on_a_busy_evse_is_told(
    cp1: BareStation, occurrences: list[Occurrence]
) -> None:
    """The end of a transaction that a newer start shows to be over is told."""
    await cp1.call("StartTransaction", start(at=0))
    await cp1.call("StartTransaction", start(at=600))
    kinds = [occurrence.kind.value for occurrence in occurrences]
    assert [kind for kind in kinds if kind != "id_token_presented"] == [
        "transaction_started",
        "transaction_ended",
        "transaction_started",
    ]


@pytest.mark.parametrize("asked", [False, True])
async def test_token_without_a_question_is_told(
    cp1: BareStation, occurrences: list[Occurrence], asked: bool
) -> None:
    """A card is told once, whether the station asked about it or began at once."""
    if asked:
        await cp1.call("Authorize", {"idTag": "CARD"})
    await cp1.call("StartTransaction", start(idTag="CARD"))
    told = [o for o in occurrences if o.kind is OccurrenceKind.ID_TOKEN_PRESENTED]
    assert [(o.data["id_token"], o.data["status"]) for o in told] == [
        ("CARD", "Accepted")
    ]


async def test_token_of_one_evse_among_several(
    cp1: BareStation, occurrences: list[Occurrence]
) -> None:
    """Who reads a card may not be known; who begins with one is."""
    for connector in (1, 2):
        await cp1.call("StatusNotification", status(evse=connector))
    await cp1.call("Authorize", {"idTag": "ONE"})
    await cp1.call("StartTransaction", start(idTag="TWO", connectorId=2))
    told = [o for o in occurrences if o.kind is OccurrenceKind.ID_TOKEN_PRESENTED]
    assert [(o.evse_id, o.data["evse_id"]) for o in told] == [(0, None), (2, 2)]


async def test_transaction_first_heard_of_by_values(
    cp1: BareStation, occurrences: list[Occurrence]
) -> None:
    """1.6: a transaction that began while nobody listened is told when it is heard of."""
    await cp1.call("StatusNotification", status(word="Charging"))
    for minute in (0, 60):
        await cp1.call("MeterValues", register(5000, at=minute, tx=42))
    told = [o for o in occurrences if o.kind is OccurrenceKind.TRANSACTION_STARTED]
    assert [(o.evse_id, o.data["transaction_id"]) for o in told] == [(1, "42")]
    assert told[0].data["resumed"]


async def test_transaction_first_heard_of_by_an_update(
    cp1_201: BareStation, occurrences: list[Occurrence]
) -> None:
    """2.x: so is one of which the start was lost, with its token."""
    token = {"idToken": "CARD", "type": "ISO14443"}
    for number in (1, 2):
        await cp1_201.call(
            "TransactionEvent", event("Updated", seqNo=number, idToken=token)
        )
    told = [o for o in occurrences if o.kind is OccurrenceKind.TRANSACTION_STARTED]
    assert [(o.evse_id, o.data["id_token"]) for o in told] == [(1, "CARD")]
    assert told[0].data["resumed"]


async def test_start_that_comes_after_an_update(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: a start that overtakes nobody still gives the begin and all of the energy."""
    later = [energy(10_500, at=60)]
    await cp1_201.call("TransactionEvent", event("Updated", at=60, meterValue=later))
    first = [energy(10_000, "Transaction.Begin", at=0)]
    await cp1_201.call("TransactionEvent", event("Started", at=0, meterValue=first))
    end = [energy(11_000, "Transaction.End", at=120)]
    await cp1_201.call("TransactionEvent", event("Ended", at=120, meterValue=end))
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.ended_at is not None
    assert (last.ended_at - last.started_at).total_seconds() == 120
    assert last.energy_wh == 1000


async def test_problem_that_events_tell(
    cp1_201: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """2.x: a problem of an event lasts beyond a status, until an event ends it."""
    await cp1_201.call("NotifyEvent", _problem("true"))
    await cp1_201.call("StatusNotification", status("2.0.1", word="Occupied"))
    assert station.evses[1].problem is not None
    assert [o.kind for o in occurrences if o.kind is OccurrenceKind.FAULT]
    await cp1_201.call("NotifyEvent", _problem("false"))
    assert station.evses[1].problem is None


async def test_problem_of_the_whole_station(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: a problem of no EVSE is the station's."""
    await cp1_201.call("NotifyEvent", _problem("true", evse=None))
    assert station.state.problem is not None
    assert station.state.problem.vendor_code == "E7"
    await cp1_201.call("NotifyEvent", _problem("false", evse=None))
    assert station.state.problem is None


async def test_faulted_by_an_event_is_a_problem(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: AvailabilityState Faulted names a problem, and its end ends it."""
    for value, problem in (("Faulted", "Faulted"), ("Available", None)):
        payload = _problem(value, variable="AvailabilityState")
        await cp1_201.call("NotifyEvent", payload)
        known = station.evses[1].problem
        assert (known.code if known else None) == problem


def _problem(
    value: str, evse: int | None = 1, variable: str = "Problem"
) -> dict[str, Any]:
    component: dict[str, Any] = {"name": "ChargingStation"}
    if evse:
        component = {"name": "Connector", "evse": {"id": evse, "connectorId": 1}}
    data = {
        "eventId": 1,
        "timestamp": "2026-11-01T12:00:00Z",
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": component,
        "variable": {"name": variable},
        "techCode": "E7",
    }
    return {"generatedAt": data["timestamp"], "seqNo": 0, "eventData": [data]}


async def test_boot_after_an_unanswered_trigger(
    cp1: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """A real boot after a trigger that came to nothing is told as one."""
    station.onboarding.asked_for_boot = True
    with pytest.raises(CallTimeoutError):
        await station.execute(TriggerMessage(Trigger.BOOT_NOTIFICATION), timeout_s=0.01)
    await cp1.call("BootNotification", boot())
    assert OccurrenceKind.BOOTED in [occurrence.kind for occurrence in occurrences]


async def test_boot_that_was_asked_for(
    cp1: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """A triggered boot is no boot, whatever else is asked and refused in between."""
    cp1.replies = {
        "TriggerMessage": {"status": "Accepted"},
        "ClearCache": {"status": "Rejected"},
    }
    await station.execute(TriggerMessage(Trigger.BOOT_NOTIFICATION))
    with pytest.raises(CommandRejectedError):
        await station.execute(ClearCache())
    await station.execute(TriggerMessage(Trigger.HEARTBEAT))
    await cp1.call("BootNotification", boot())
    assert OccurrenceKind.BOOTED not in [o.kind for o in occurrences]
    await cp1.call("BootNotification", boot())
    assert OccurrenceKind.BOOTED in [o.kind for o in occurrences]


async def test_answers_of_before_a_boot_are_forgotten(
    cp1: BareStation, station: Station
) -> None:
    """A station that counts ids from 1 after a boot gets no answer from before it."""
    for repeated in (0, 1):
        await cp1.call("StatusNotification", status(), id_="1")
        assert station.counters.repeated == repeated
    await cp1.call("BootNotification", boot())
    await cp1.call("StatusNotification", status(), id_="1")
    assert station.counters.repeated == 1


async def test_energy_of_an_event_with_its_end_alone(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: where only the end has a register, the energy counts from what was known."""
    await cp1_201.call("MeterValues", {"evseId": 1, "meterValue": [energy(10_000)]})
    await cp1_201.call("TransactionEvent", event("Started", at=10))
    end = energy(12_000, "Transaction.End", at=3600)
    await cp1_201.call("TransactionEvent", event("Ended", at=3600, meterValue=[end]))
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh == 2000


async def test_transaction_that_was_given_up_too_early(
    cp1: BareStation, station: Station
) -> None:
    """1.6: a blip of Available does not cost the session that goes on."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("StatusNotification", status())
    await cp1.call("StatusNotification", status(word="Charging"))
    await cp1.call("MeterValues", register(1500, at=60, tx=tx))
    running = station.evses[1].transaction
    assert running is not None
    assert (running.id, running.energy_wh) == (str(tx), 500.0)


async def test_unknown_update_on_a_busy_evse(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: a transaction that another one pushes aside is over."""
    await cp1_201.call("TransactionEvent", event("Started", "A"))
    await cp1_201.call("TransactionEvent", event("Updated", "B", at=60))
    known = station.transactions.find("A")
    assert known is not None
    assert not known.active
