"""How transactions end, or don't: what shows it, what only seems to, and what it costs."""

import asyncio
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import closing, control
from custom_components.ocpp_csms.csms.model.meter import CURRENT, POWER
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import (
    BareStation,
    HandClock,
    Json,
    accept,
    boot,
    energy,
    event,
    meter,
    register,
    sample,
    stamp,
    start,
    status,
    stop,
    until,
)

ASK = "GetTransactionStatus"


def _ended(occurrences: list[Occurrence]) -> list[dict[str, Any]]:
    kind = OccurrenceKind.TRANSACTION_ENDED
    return [dict(o.data) for o in occurrences if o.kind is kind]


def _running(station: Station) -> str | None:
    transaction = station.evses[1].transaction
    return transaction.id if transaction else None


async def _begin(socket: BareStation, **more: Any) -> int:
    """Begin a transaction of 1.6 and return its id."""
    answer = await socket.call("StartTransaction", start(**more))
    await socket.call("StatusNotification", status(word="Charging"))
    return int(answer["transactionId"])


# What only seems to be an end.


async def test_other_connector_is_available(
    cp1_201: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """2.x: a free connector beside that of the transaction ends nothing."""
    await cp1_201.call("TransactionEvent", event())
    free = status("2.0.1", connectorId=2, timestamp=stamp(60))
    await cp1_201.call("StatusNotification", free)
    assert station.evses[1].closing is None
    assert (_running(station), _ended(occurrences)) == ("T1", [])


async def test_update_of_an_older_transaction(
    cp1_201: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """2.x: what comes late of an unknown transaction is kept, and does not end what runs."""
    begin = event("Started", "T2", 3600, meterValue=[energy(1000, at=3600)])
    await cp1_201.call("TransactionEvent", begin)
    await cp1_201.call("TransactionEvent", event("Updated", "T1", 0, offline=True))
    more = event("Updated", "T2", 3660, meterValue=[energy(1100, at=3660)])
    await cp1_201.call("TransactionEvent", more)
    running = station.evses[1].transaction
    assert running is not None
    assert (running.id, running.energy_wh) == ("T2", 100)
    assert [each["transaction_id"] for each in _ended(occurrences)] == ["T1"]


async def test_newer_transaction_comes_back(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: one that was given up for another goes on when it is heard of again."""
    await cp1_201.call("TransactionEvent", event("Started", "T1", 0))
    await cp1_201.call("TransactionEvent", event("Started", "T2", 60))
    await cp1_201.call("TransactionEvent", event("Ended", "T2", 120))
    await cp1_201.call("TransactionEvent", event("Updated", "T1", 180))
    assert _running(station) == "T1"


@pytest.mark.parametrize(
    ("own_first", "at"),
    [
        pytest.param(True, 60, id="own-id-seen"),
        pytest.param(False, -60, id="older-than-the-start"),
    ],
)
async def test_stray_transaction_id(
    cp1: BareStation, station: Station, own_first: bool, at: float
) -> None:
    """1.6: values of another transaction don't change by what id ours is stopped."""
    cp1.replies["RemoteStopTransaction"] = {"status": "Accepted"}
    tx = await _begin(cp1)
    if own_first:
        await cp1.call("MeterValues", register(1010, at=10, tx=tx))
    await cp1.call("MeterValues", register(900, at=at, tx=55))
    await control.stop_charging(station, 1)
    assert cp1.asked("RemoteStopTransaction") == [{"transactionId": tx}]


async def test_names_of_one_transaction_are_bounded(
    cp1: BareStation, station: Station
) -> None:
    """1.6: a transaction has one other name at most, however many ids come."""
    tx = await _begin(cp1)
    for id_ in range(1, 101):
        await cp1.call("MeterValues", register(1000 + id_, at=id_, tx=id_))
    transactions = station.transactions
    known = transactions.find(str(tx))
    assert known is station.evses[1].transaction
    assert [id_ for id_ in range(1, 101) if transactions.find(str(id_))] == [1]


async def test_start_without_a_clock_again(
    cp1: BareStation, station: Station, call_in: Dial, occurrences: list[Occurrence]
) -> None:
    """A start that is repeated by a station whose clock is not set is one transaction."""
    unset = start(timestamp="1970-01-01T00:00:10Z")
    first = await cp1.call("StartTransaction", unset)
    cp1.abort()
    again = await (await call_in()).call("StartTransaction", unset)
    assert again["transactionId"] == first["transactionId"]
    assert _ended(occurrences) == []


# What is an end.


@pytest.mark.parametrize("word", ["Preparing", "Available"])
async def test_forgotten_in_a_reboot(
    cp1: BareStation, station: Station, clock: HandClock, word: str
) -> None:
    """1.6: a station that has booted and waits for a car has forgotten the transaction."""
    cp1.replies["RemoteStartTransaction"] = {"status": "Accepted"}
    await _begin(cp1)
    clock.advance(60)
    await cp1.call("BootNotification", boot())
    await cp1.call("StatusNotification", status(word=word, timestamp=stamp(70)))
    await until(lambda: _running(station) is None)
    assert station.evses[1].last_transaction is not None
    assert station.evses[1].last_transaction.stop_reason == "Lost"
    assert (await control.start_charging(station, 1)).status == "Accepted"


async def test_preparing_without_a_reboot(cp1: BareStation, station: Station) -> None:
    """1.6: Preparing alone ends nothing: some stations say it before they charge."""
    tx = await _begin(cp1)
    await cp1.call("StatusNotification", status(word="Preparing", timestamp=stamp(70)))
    assert station.evses[1].closing is None
    assert _running(station) == str(tx)


async def test_end_after_the_status(
    cp1_201: BareStation,
    station: Station,
    occurrences: list[Occurrence],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2.x: an end that follows the status is told once, with its own energy and reason."""
    monkeypatch.setattr(closing, "GRACE_S", 60)
    await cp1_201.call("TransactionEvent", event(meterValue=[energy(1000)]))
    update = event("Updated", at=3600, meterValue=[energy(5000, at=3600)])
    await cp1_201.call("TransactionEvent", update)
    free = status("2.0.1", timestamp=stamp(3700))
    await cp1_201.call("StatusNotification", free)
    end = event(
        "Ended",
        at=3700,
        info={"stoppedReason": "EVDisconnected"},
        meterValue=[energy(6000, "Transaction.End", at=3700)],
    )
    await cp1_201.call("TransactionEvent", end)
    (told,) = _ended(occurrences)
    assert (told["energy_wh"], told["reason"]) == (5000, "EVDisconnected")


async def test_stop_after_the_status(
    cp1: BareStation,
    station: Station,
    occurrences: list[Occurrence],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1.6: a StopTransaction that follows the status is told once, with its own energy."""
    monkeypatch.setattr(closing, "GRACE_S", 60)
    tx = await _begin(cp1)
    await cp1.call("StatusNotification", status(timestamp=stamp(60)))
    await cp1.call("StopTransaction", stop(tx, wh=3000, reason="EVDisconnected"))
    (told,) = _ended(occurrences)
    assert (told["energy_wh"], told["reason"]) == (2000, "EVDisconnected")


@pytest.mark.parametrize("heard", [True, False])
async def test_energy_of_the_closing_value(
    cp1: BareStation, station: Station, occurrences: list[Occurrence], heard: bool
) -> None:
    """1.6: what flowed between the last sample and the stop counts, start heard or not."""
    tx = await _begin(cp1, wh=1000) if heard else 77
    await cp1.call("StatusNotification", status(word="Charging"))
    for at, wh in ((0, 1000), (30, 1500)):
        await cp1.call("MeterValues", register(wh, at=at, tx=tx))
    await cp1.call("StopTransaction", stop(tx, wh=1800, at=60))
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh == 800
    assert [data["energy_wh"] for data in _ended(occurrences)] == [800]


async def _leave_an_orphan(socket: BareStation) -> None:
    """Let a transaction of 2.x run on an EVSE that is free, without an end."""
    await socket.call("TransactionEvent", event())
    await socket.call("StatusNotification", status("2.0.1", word="Occupied"))
    free = status("2.0.1", timestamp=stamp(100))
    await socket.call("StatusNotification", free)


async def test_orphan_that_may_not_be_asked_about(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: where nothing is sent unasked, an available EVSE ends its transaction."""
    await _leave_an_orphan(cp1_201)
    await until(lambda: _running(station) is None)
    assert cp1_201.asked(ASK) == []


STEPS = frozenset(
    {"identify", "configuration", "measurands", "intervals", "status", "meter"}
)


async def _asked(
    server: Server, call_in: Dial, **config: Any
) -> tuple[Station, BareStation]:
    """Return a station of 2.x of which nothing but transactions is asked."""
    station = accept(server, observe_only=False, skip_steps=STEPS, **config)
    return station, await call_in(version="2.0.1")


@pytest.mark.parametrize(
    "answer",
    [{"messagesInQueue": False}, {"messagesInQueue": False, "ongoingIndicator": False}],
)
async def test_orphan_of_which_no_clear_answer_comes(
    server: Server, call_in: Dial, answer: Json
) -> None:
    """2.x: a station that does not say that the transaction goes on has none."""
    station, socket = await _asked(server, call_in)
    socket.replies[ASK] = answer
    await _leave_an_orphan(socket)
    await until(lambda: station.evses[1].last_transaction)
    assert _running(station) is None


@pytest.mark.parametrize("code", ["NotSupported", "NotImplemented", "InternalError"])
async def test_orphan_of_which_the_question_is_refused(
    server: Server, call_in: Dial, code: str
) -> None:
    """2.x: nor has one that can't be asked."""
    station, socket = await _asked(server, call_in)
    await _leave_an_orphan(socket)
    request = await socket.request(ASK)
    await socket.send([4, request.id, code, "", {}])
    await until(lambda: _running(station) is None)


async def test_orphan_of_which_no_answer_comes(server: Server, call_in: Dial) -> None:
    """2.x: nor one that does not answer."""
    station, socket = await _asked(server, call_in, call_timeout_s=0.05)
    await _leave_an_orphan(socket)
    await until(lambda: station.counters.timeouts)
    await until(lambda: _running(station) is None)


async def test_transaction_that_goes_on(server: Server, call_in: Dial) -> None:
    """2.x: where the station says that it goes on, it does."""
    station, socket = await _asked(server, call_in)
    await _leave_an_orphan(socket)
    request = await socket.request(ASK)
    await socket.answer(request, {"messagesInQueue": False, "ongoingIndicator": True})
    await socket.call("Heartbeat", {})
    await until(lambda: not station._background)
    assert _running(station) == "T1"


async def test_nothing_waits_after_the_server(
    server: Server,
    cp1: BareStation,
    station: Station,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No timer is left of a transaction that was about to be closed."""
    monkeypatch.setattr(closing, "GRACE_S", 60)
    await _begin(cp1)
    await cp1.call("StatusNotification", status(timestamp=stamp(60)))
    timer = station.evses[1].closing
    assert timer is not None
    await server.stop()
    assert timer.cancelled()


# What an end leaves behind.


@pytest.mark.parametrize("named", [True, False])
async def test_closing_values_bring_no_power_back(
    cp1: BareStation, station: Station, named: bool
) -> None:
    """1.6: values from before the stop, heard after it, show no power on a free EVSE."""
    tx = await _begin(cp1)
    await cp1.call("StopTransaction", stop(tx, at=60))
    await cp1.call("StatusNotification", status(timestamp=stamp(61)))
    closing = meter(
        sample("7000", "Power.Active.Import", unit="W"),
        sample("30", "Current.Import", unit="A"),
        at=50,
        tx=tx if named else None,
    )
    await cp1.call("MeterValues", closing)
    evse = station.evses[1]
    assert (evse.meter.value(POWER), evse.meter.value(CURRENT)) == (0, 0)


@pytest.mark.parametrize("token", ["HOMEASSISTANT", "CARD"])
async def test_start_that_was_taken_back(
    cp1: BareStation, station: Station, token: str
) -> None:
    """A start that the user took back is stopped when it comes; that of a card is not."""
    cp1.replies["RemoteStartTransaction"] = {"status": "Accepted"}
    cp1.replies["RemoteStopTransaction"] = {"status": "Accepted"}
    await cp1.call("StatusNotification", status())
    await control.start_charging(station, 1)
    await control.stop_charging(station, 1)
    tx = await _begin(cp1, idTag=token)
    if token == "CARD":
        await cp1.call("Heartbeat", {})
        assert not station._background
        assert cp1.asked("RemoteStopTransaction") == []
    else:
        request = await cp1.request("RemoteStopTransaction")
        assert request.payload == {"transactionId": tx}


async def test_next_start_is_wanted(cp1: BareStation, station: Station) -> None:
    """A start that is asked for after one was taken back is not stopped."""
    cp1.replies["RemoteStartTransaction"] = {"status": "Accepted"}
    await cp1.call("StatusNotification", status())
    await control.start_charging(station, 1)
    await control.stop_charging(station, 1)
    await control.start_charging(station, 1)
    tx = await _begin(cp1, idTag="HOMEASSISTANT")
    await asyncio.gather(*station._background)
    assert (_running(station), cp1.asked("RemoteStopTransaction")) == (str(tx), [])


async def test_energy_after_the_meter_was_replaced(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """The session's energy is that of its own start and stop, whatever meter was before."""
    await cp1.call("MeterValues", register(2_000_000))
    for number in range(14):
        await cp1.call("MeterValues", register(100 + 10 * number, at=60 + number * 10))
    assert station.evses[1].meter.register.resets == 1
    clock.advance(1000)
    tx = await _begin(cp1, wh=300, at=1000)
    running = station.evses[1].transaction
    assert running is not None
    for hour in range(1, 8):
        clock.advance(3600)
        wh, at = 300 + 7000 * hour, 1000 + 3600 * hour
        await cp1.call("MeterValues", register(wh, at=at, tx=tx))
        assert running.energy_wh == 7000 * hour
    await cp1.call("StopTransaction", stop(tx, wh=49_300, at=1000 + 3600 * 7))
    assert running.energy_wh == 49_000
