"""Sessions of stations whose clock was wrong, or that users have moved: found where they were."""

from datetime import datetime, timedelta

import pytest

from custom_components.ocpp_csms.csms.journal.corrections import (
    Author,
    Changed,
    Correction,
    CorrectionError,
)
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import Session, SessionSample
from custom_components.ocpp_csms.csms.model.transaction import Transaction

from ..support import NOW
from .disk import session

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY = Author(at=NOW + DAY, who="Ann", reason="wrong")
AHEAD_S = 2 * DAY.total_seconds()


async def _charge(journal: Journal, at: datetime, ahead_s: float = 0) -> Transaction:
    """Keep a session of an hour and 4 kWh, as a station tells it whose clock is ahead."""
    told = at + timedelta(seconds=ahead_s)
    charged = session(
        str(at),
        started_at=told,
        ended_at=told + HOUR,
        energy_wh=4000.0,
        clock_offset_s=ahead_s or None,
    )
    journal.put("CP1", charged)
    for part in range(5):
        sampled = told + part * HOUR / 4
        journal.add(SessionSample(charged.record, sampled, part * 1000.0, 4000.0))
    await journal.commit()
    return charged


async def _found(journal: Journal, begin: datetime, end: datetime) -> list[int]:
    return [session.record for session in await journal.sessions(begin, end)]


@pytest.mark.parametrize("ahead_s", [AHEAD_S, -AHEAD_S])
async def test_clock_of_the_station(journal: Journal, ahead_s: float) -> None:
    """They are found by the right clock, in order, and nowhere else."""
    wrong = await _charge(journal, NOW, ahead_s)
    right = await _charge(journal, NOW + 2 * HOUR)
    records = [wrong.record, right.record]
    assert await _found(journal, NOW, NOW + DAY) == records
    assert await _found(journal, NOW - 5 * DAY, NOW) == []
    assert await _found(journal, NOW + DAY, NOW + 5 * DAY) == []


@pytest.mark.parametrize("ahead_s", [AHEAD_S, -AHEAD_S])
async def test_hours(journal: Journal, ahead_s: float) -> None:
    """They count before an hour, or in it, by the right clock."""
    await _charge(journal, NOW, ahead_s)
    hours = await journal.hours("CP1", 1, NOW + HOUR)
    assert (hours.before_wh, hours.hours) == (4000, ())
    hours = await journal.hours("CP1", 1, NOW)
    assert hours.before_wh == 0
    assert [(hour.start, hour.energy_wh) for hour in hours.hours] == [(NOW, 4000)]


@pytest.mark.parametrize("ahead_s", [AHEAD_S, -AHEAD_S])
async def test_retention(journal: Journal, ahead_s: float) -> None:
    """They are old by the right clock, and so are their samples."""
    wrong = await _charge(journal, NOW, ahead_s)
    await journal.prune(samples=NOW, sessions=NOW)
    assert len(await journal.samples(wrong.record)) == 5
    assert await _found(journal, NOW, NOW + DAY) == [wrong.record]
    await journal.prune(samples=NOW + 2 * HOUR)
    assert await journal.samples(wrong.record) == []
    await journal.prune(sessions=NOW + 2 * HOUR)
    assert await journal.session(wrong.record) is None


async def _corrected(
    journal: Journal, charged: Transaction, begin: datetime, end: datetime
) -> Session:
    changed = await journal.correct(
        charged.record, Correction(started_at=begin, ended_at=end), BY
    )
    assert changed == Changed("CP1", 1, min(NOW, begin))
    corrected = await journal.session(charged.record)
    assert corrected is not None
    return corrected


@pytest.mark.parametrize(
    ("begin_h", "end_h", "quarters"),
    [
        (-30, -29, {-30: 1000, -29.75: 1000, -29.5: 1000, -29.25: 1000}),
        (30, 30.5, {30: 2000, 30.25: 2000}),
        (0.25, 0.25, {0.25: 4000}),
        (-1, 1, dict.fromkeys((-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75), 500)),
    ],
)
async def test_moved_by_a_user(
    journal: Journal, begin_h: float, end_h: float, quarters: dict[float, float]
) -> None:
    """It is found at its new time, with its energy, and counts there."""
    charged = await _charge(journal, NOW)
    begin, end = NOW + begin_h * HOUR, NOW + end_h * HOUR
    corrected = await _corrected(journal, charged, begin, end)
    told = {(at - NOW) / HOUR: round(wh, 6) for at, wh in corrected.summary.quarters}
    assert told == quarters
    assert corrected.summary.charging <= end - begin
    assert await _found(journal, begin, begin + HOUR / 4) == [charged.record]
    if begin != NOW:
        assert await _found(journal, NOW, NOW + HOUR / 4) == []
    hours = await journal.hours("CP1", 1, min(begin, NOW))
    assert sum(hour.energy_wh for hour in hours.hours) == pytest.approx(4000)


async def test_old_by_what_a_user_has_said(journal: Journal) -> None:
    """Whoever says that it was years ago has it forgotten with those of that time."""
    charged = await _charge(journal, NOW)
    await _corrected(journal, charged, NOW - 30 * DAY, NOW - 29 * DAY)
    await journal.prune(sessions=NOW - 10 * DAY)
    assert await journal.session(charged.record) is None


@pytest.mark.parametrize("ahead_s", [0, AHEAD_S, -AHEAD_S])
async def test_one_correction_after_another(journal: Journal, ahead_s: float) -> None:
    """Each is checked by what users have changed before, and by the right clock."""
    charged = await _charge(journal, NOW, ahead_s)
    await journal.correct(charged.record, Correction(started_at=NOW + HOUR * 0.9), BY)
    with pytest.raises(CorrectionError, match="times_not_possible"):
        await journal.correct(charged.record, Correction(ended_at=NOW + HOUR * 0.5), BY)
    later = Correction(ended_at=NOW + 5 * HOUR)
    await journal.correct(charged.record, later, BY)
    await journal.correct(charged.record, Correction(started_at=NOW + 4 * HOUR), BY)
    corrected = await journal.session(charged.record)
    assert corrected is not None
    assert corrected.started_at == NOW + 4 * HOUR
    assert corrected.duration == HOUR
    first, *_, last = await journal.history(charged.record)
    assert first.before == {"started_at": _micros(NOW)}
    assert last.before == {"started_at": _micros(NOW + HOUR * 0.9)}


def _micros(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000)


async def test_deleted(journal: Journal) -> None:
    """The audit trail holds what a session was at last."""
    charged = await _charge(journal, NOW, AHEAD_S)
    await journal.correct(charged.record, Correction(vehicle="Van"), BY)
    assert await journal.delete(charged.record, BY) == Changed("CP1", 1, NOW)
    entry = (await journal.history(charged.record))[-1]
    assert entry.before["started_at"] == _micros(NOW)
    assert entry.before["vehicle"] == "Van"
