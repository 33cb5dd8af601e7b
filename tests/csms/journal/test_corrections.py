"""What users change of sessions, and what is forgotten."""

from dataclasses import replace
from datetime import timedelta
from math import nan
from pathlib import Path

import pytest

from custom_components.ocpp_csms.csms.journal.corrections import (
    Author,
    Correction,
    CorrectionError,
)
from custom_components.ocpp_csms.csms.journal.errors import JournalError
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import (
    Remark,
    Session,
    SessionSample,
)
from custom_components.ocpp_csms.csms.model.transaction import Transaction

from ..support import NOW
from .disk import rows, session, sessions_on

HOUR = timedelta(hours=1)
BY = Author(at=NOW + 5 * HOUR, who="Ann", reason="the meter was wrong")


@pytest.fixture
async def ended(journal: Journal) -> Transaction:
    """Return a session of one hour and 2 kWh that is in the journal."""
    transaction = session(
        ended_at=NOW + HOUR, energy_wh=2000.0, id_token="CARD", stop_reason="Local"
    )
    journal.put("CP1", transaction)
    for minute in range(0, 61, 10):
        at = NOW + timedelta(minutes=minute)
        journal.add(SessionSample(transaction.record, at, minute * 100 / 3))
    await journal.commit()
    return transaction


async def _told(journal: Journal) -> list[Session]:
    return await journal.sessions(NOW - HOUR, NOW + HOUR)


async def test_correction(journal: Journal, ended: Transaction) -> None:
    """It is told as corrected, by quarter hours too, and who did it and why is kept."""
    await journal.correct(ended.record, Correction(energy_wh=4000.0), BY)
    (told,) = await _told(journal)
    assert (told.energy_wh, told.id_token) == (4000, "CARD")
    assert told.remarks == {Remark.CORRECTED}
    assert [round(wh) for _, wh in told.summary.quarters] == [1000] * 4
    later = replace(BY, at=BY.at + HOUR, reason="another driver")
    await journal.correct(ended.record, Correction(id_token="OTHER"), later)
    (told,) = await _told(journal)
    assert (told.energy_wh, told.id_token) == (4000, "OTHER")
    first, second = await journal.history(ended.record)
    assert (first.who, first.reason, first.action) == ("Ann", BY.reason, "corrected")
    assert (first.before, first.after) == ({"energy_wh": 2000}, {"energy_wh": 4000})
    assert (second.before, second.after) == (
        {"id_token": "CARD"},
        {"id_token": "OTHER"},
    )
    assert await journal.sessions(NOW - HOUR, NOW + HOUR, id_token="CARD") == []


async def test_correction_outlives_what_the_station_tells_again(
    journal: Journal, ended: Transaction
) -> None:
    """An end that is repeated does not undo what a user has changed."""
    begin, end = NOW - HOUR, NOW + 2 * HOUR
    await journal.correct(
        ended.record, Correction(started_at=begin, ended_at=end, id_token=""), BY
    )
    journal.put("CP1", ended)
    await journal.commit()
    (told,) = await _told(journal)
    assert (told.started_at, told.ended_at, told.id_token) == (begin, end, None)


async def test_energy_that_nobody_told(journal: Journal) -> None:
    """Where there was none an energy may be given; it is spread over the session."""
    transaction = session(ended_at=NOW + HOUR)
    journal.put("CP1", transaction)
    await journal.correct(transaction.record, Correction(energy_wh=400.0), BY)
    (told,) = await _told(journal)
    assert [wh for _, wh in told.summary.quarters] == [100] * 4


async def test_deletion(journal: Journal, ended: Transaction, path: Path) -> None:
    """It is gone with all that belongs to it, and does not come again; the trail stays."""
    await journal.delete(ended.record, BY)
    assert sessions_on(path) == []
    assert rows(path, "SELECT * FROM samples") == []
    assert rows(path, "SELECT * FROM summaries") == []
    journal.put("CP1", ended)
    journal.add(SessionSample(ended.record, NOW, 1.0))
    await journal.commit()
    assert sessions_on(path) == []
    (entry,) = await journal.history(ended.record)
    assert (entry.action, entry.after) == ("deleted", None)
    assert entry.before["energy_wh"] == 2000
    assert entry.before["station"] == "CP1"


@pytest.mark.parametrize(
    ("correction", "reason"),
    [
        (Correction(), "nothing_corrected"),
        (Correction(energy_wh=-1.0), "energy_not_possible"),
        (Correction(energy_wh=nan), "energy_not_possible"),
        (Correction(ended_at=NOW - HOUR), "times_not_possible"),
        (Correction(started_at=NOW + 2 * HOUR), "times_not_possible"),
    ],
)
async def test_corrections_that_can_not_be(
    journal: Journal, ended: Transaction, correction: Correction, reason: str
) -> None:
    """What makes no sense is refused, and changes nothing."""
    with pytest.raises(CorrectionError) as refused:
        await journal.correct(ended.record, correction, BY)
    assert refused.value.reason == reason
    (told,) = await _told(journal)
    assert told.remarks == frozenset()
    assert await journal.history(ended.record) == []


async def test_sessions_that_can_not_be_changed(journal: Journal) -> None:
    """What runs, or is not there, is neither corrected nor deleted."""
    running = session()
    journal.put("CP1", running)
    for record, reason in ((running.record, "session_running"), (1, "session_unknown")):
        with pytest.raises(CorrectionError) as refused:
            await journal.correct(record, Correction(energy_wh=1.0), BY)
        assert refused.value.reason == reason
        with pytest.raises(CorrectionError) as refused:
            await journal.delete(record, BY)
        assert refused.value.reason == reason
    journal.put("CP1", session("2"))
    await journal.commit()
    assert journal.problem is None


async def test_old_samples_are_forgotten(
    journal: Journal, ended: Transaction, path: Path
) -> None:
    """What they said stays; samples of what runs stay as well."""
    running = session("2", started_at=NOW)
    journal.put("CP1", running)
    journal.add(SessionSample(running.record, NOW, 5.0))
    await journal.commit()
    before = await _told(journal)
    await journal.prune(samples=NOW + timedelta(minutes=45))
    assert len(await journal.samples(ended.record)) == 7
    await journal.prune(samples=NOW + 2 * HOUR)
    assert await _told(journal) == before
    left = rows(path, "SELECT record FROM samples")
    assert left == [(running.record,)]


async def test_told_again_without_samples(journal: Journal, ended: Transaction) -> None:
    """A station that tells an old session again takes nothing from what its samples said."""
    await journal.prune(samples=NOW + 2 * HOUR)
    (before,) = await _told(journal)
    assert before.summary.charging == HOUR
    journal.put("CP1", ended)
    await journal.commit()
    assert await _told(journal) == [before]
    journal.put("CP1", replace(ended, energy_wh=3000.0))
    await journal.commit()
    (after,) = await _told(journal)
    assert after.energy_wh == 3000
    assert [round(wh) for _, wh in after.summary.quarters] == [750] * 4
    assert after.summary.charging == HOUR


async def test_told_again_in_another_currency(
    journal: Journal, ended: Transaction
) -> None:
    """What was paid in one currency stays so when the house has another."""
    journal.currency = "EUR"
    await journal.fix_price(0.5, 0.0)
    for currency in ("EUR", "CHF"):
        journal.currency = currency
        journal.put("CP1", ended)
        await journal.commit()
        (told,) = await _told(journal)
        assert (told.cost, told.summary.currency) == (pytest.approx(1.0), "EUR")
    assert (await journal.holder_totals("", ["card"])).cost is None


async def test_old_sessions_are_forgotten(journal: Journal, ended: Transaction) -> None:
    """Sessions go only where that is wanted; in totals they stay."""
    await journal.fix_price(0.5, 0.0)
    journal.put("CP1", ended)
    await journal.commit()
    await journal.prune(sessions=NOW)
    assert len(await _told(journal)) == 1
    before = await journal.holder_totals("", ["card"])
    for number in range(1, 3):
        await journal.prune(sessions=NOW + 2 * HOUR)
        assert await _told(journal) == []
        assert await journal.holder_totals("", ["card"]) == before._replace(
            sessions=number, energy_wh=number * 2000.0, cost=number * 1.0
        )
        hours = await journal.hours("CP1", 1, NOW - HOUR)
        assert (hours.before_wh, hours.hours) == (number * 2000.0, ())
        another = replace(ended, record=0, id="2")
        journal.put("CP1", another)
        await journal.commit()


async def test_totals_of_unusual_letters(journal: Journal) -> None:
    """Tokens are alike whatever the size of their letters, also beyond ASCII."""
    journal.put("CP1", session(ended_at=NOW, energy_wh=1000.0, id_token="GRÜN"))
    await journal.commit()
    assert (await journal.holder_totals("", ["grün"])).sessions == 1
    assert len(await journal.sessions(NOW, NOW + HOUR, id_token=" grün")) == 1
    assert await journal.sessions(NOW, NOW + HOUR, id_token="gruen") == []


async def test_numbers_too_large_for_any_session(journal: Journal) -> None:
    """They are refused as what can't be, and nothing else suffers."""
    with pytest.raises(JournalError):
        await journal.history(2**70)
    with pytest.raises(JournalError):
        await journal.delete(2**70, BY)
    assert journal.problem is None
