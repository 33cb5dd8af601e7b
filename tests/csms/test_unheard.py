"""Transactions of which only a part is heard, or the parts in another order."""

import pytest

from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import (
    NOW,
    BareStation,
    HandClock,
    energy,
    event,
    moment,
    sample,
    stamp,
    start,
    status,
    stop,
)


def _all(station: Station) -> list[Transaction]:
    return list(station.transactions)


@pytest.fixture
async def cp2x(call_in: Dial, station: Station, version_2x: str) -> BareStation:
    """Return a 2.x socket of the accepted station CP1."""
    return await call_in(version=version_2x)


async def test_stop_without_start(
    cp1: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """1.6: an end of which the start was never heard is kept, with what it tells."""
    await cp1.call("StatusNotification", status(word="Finishing"))
    values = [
        moment(sample("1000", context="Transaction.Begin", unit="Wh"), at=-600),
        moment(sample("4000", context="Transaction.End", unit="Wh"), at=0),
    ]
    end = stop(4711, wh=4000, at=0, idTag="TAG", transactionData=values)
    await cp1.call("StopTransaction", end)
    (kept,) = _all(station)
    assert (kept.id, kept.evse_id, kept.active) == ("4711", 1, False)
    assert (kept.start_heard, kept.id_token) == (False, "TAG")
    assert (kept.energy_wh, kept.meter_stop_wh) == (3000, 4000)
    assert (NOW - kept.started_at).total_seconds() == 600
    assert station.evses[1].last_transaction is kept
    kinds = [occurrence.kind for occurrence in occurrences]
    assert kinds.count(OccurrenceKind.TRANSACTION_ENDED) == 1
    await cp1.call("StopTransaction", end)
    assert _all(station) == [kept]


async def test_stop_that_tells_nothing(cp1: BareStation, station: Station) -> None:
    """What is not known of it stays open: an energy is not made up."""
    await cp1.call("StopTransaction", stop(4711, wh=4000))
    (kept,) = _all(station)
    assert (kept.evse_id, kept.energy_wh, kept.meter_stop_wh) == (0, None, 4000)


@pytest.mark.parametrize("id_", [0, -1, 2147483647])
async def test_stop_of_no_id(
    cp1: BareStation, station: Station, clock: HandClock, id_: int
) -> None:
    """The one transaction that runs, of which the station never learned the id, is ended."""
    await cp1.call("StartTransaction", start(wh=1000))
    end = stop(id_, wh=3000, at=60)
    await cp1.call("StopTransaction", end)
    (kept,) = _all(station)
    assert (kept.active, kept.energy_wh) == (False, 2000)
    clock.advance(120)
    await cp1.call("StopTransaction", stop(id_, wh=9000, at=100))
    first, second = _all(station)
    assert first is kept
    assert (second.start_heard, second.meter_stop_wh) == (False, 9000)
    await cp1.call("StopTransaction", stop(id_, wh=9000, at=100))
    assert len(_all(station)) == 2


async def test_stop_of_no_id_that_can_not_be(
    cp1: BareStation, station: Station
) -> None:
    """An end that is older than the transaction, or below its start, is another's."""
    await cp1.call("StartTransaction", start(wh=1000, at=0))
    await cp1.call("StopTransaction", stop(0, wh=3000, at=-60))
    await cp1.call("StopTransaction", stop(0, wh=500, at=60))
    assert [kept.active for kept in _all(station)].count(True) == 1
    assert len(_all(station)) == 3


async def test_end_before_start(cp2x: BareStation, station: Station) -> None:
    """2.x: whatever the order in which a queue comes, one complete record is made of it."""
    await cp2x.call(
        "TransactionEvent", event("Ended", at=60, meterValue=[energy(1800)])
    )
    (kept,) = _all(station)
    assert (kept.start_heard, kept.energy_wh) == (False, None)
    begin = event("Started", at=0, meterValue=[energy(1000)])
    await cp2x.call("TransactionEvent", begin)
    await cp2x.call("TransactionEvent", begin)
    assert _all(station) == [kept]
    assert (kept.start_heard, kept.energy_wh, kept.active) == (True, 800, False)
    assert (kept.started_at, kept.evse_id) == (NOW, 1)
    assert station.evses[1].last_transaction is kept


async def test_end_before_update(cp2x: BareStation, station: Station) -> None:
    """2.x: values from the midst are the least until the start is heard, as in any order."""
    await cp2x.call(
        "TransactionEvent", event("Ended", at=60, meterValue=[energy(1800)])
    )
    update = event("Updated", at=30, meterValue=[energy(1500, at=30)])
    await cp2x.call("TransactionEvent", update)
    (kept,) = _all(station)
    assert (kept.active, kept.energy_wh, kept.lacks_start) == (False, 300, True)
    begin = event("Started", at=0, meterValue=[energy(1000)])
    await cp2x.call("TransactionEvent", begin)
    assert (kept.active, kept.energy_wh, kept.lacks_start) == (False, 800, False)


async def test_id_that_is_used_again(cp2x: BareStation, station: Station) -> None:
    """2.x: a station that begins again to count gets another record."""
    for at, wh in ((0, 1000), (600, 5000)):
        await cp2x.call("TransactionEvent", event(at=at, meterValue=[energy(wh)]))
        end = event("Ended", at=at + 60, meterValue=[energy(wh + 700)])
        await cp2x.call("TransactionEvent", end)
    assert [evse.id for evse in station.evses.values()] == [1]
    last = station.evses[1].last_transaction
    assert last is not None
    assert (last.started_at - NOW).total_seconds() == 600
    assert (last.energy_wh, last.meter_stop_wh) == (700, 5700)


async def test_clock_of_the_station(
    cp1: BareStation, station: Station, clock: HandClock
) -> None:
    """How far the station's clock is ahead is kept with its times."""
    for minute in range(3):
        told = status(timestamp=stamp(3600 + minute * 60))
        await cp1.call("StatusNotification", told)
        clock.advance(60)
    await cp1.call("StartTransaction", start(at=3600 + 180))
    (kept,) = _all(station)
    assert kept.clock_offset_s == pytest.approx(3600, abs=5)
