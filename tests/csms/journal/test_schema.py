"""Files of earlier versions, and how they become today's."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
import sqlite3

import pytest

from custom_components.ocpp_csms.csms.journal import schema
from custom_components.ocpp_csms.csms.journal.corrections import Author, Correction
from custom_components.ocpp_csms.csms.journal.errors import JournalError
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.records import HolderTotals
from custom_components.ocpp_csms.csms.journal.schema import MIGRATIONS

from ..support import NOW, HandClock
from .disk import rows

HOUR = timedelta(hours=1)
_SECOND = 1_000_000
_AT = int(NOW.timestamp()) * _SECOND
_HOUR = 3600 * _SECOND
_PLAIN = '{"connector_id": 1}'
_RUNS = '{"connector_id": 1, "meter_start_wh": 1000.0}'
_AHEAD = '{"connector_id": 1, "clock_offset_s": 3600.0}'
_HARDLY_AHEAD = '{"connector_id": 1, "clock_offset_s": 12.5}'
_MOVED = f'{{"started_at": {_AT - 48 * _HOUR}, "ended_at": {_AT - 47 * _HOUR}, "vehicle": "Van"}}'
_QUARTERS = f"[[{_AT // 900 // _SECOND}, 4000.0]]"
_SESSIONS = (
    (1, "CP1", 1, "a", _AT + _HOUR, _AT + 3 * _HOUR, "CARD", "ann", 4000.0, _AHEAD),
    (
        2,
        "CP1",
        1,
        "b",
        _AT + 4 * _HOUR,
        _AT + 5 * _HOUR,
        "CARD",
        None,
        1e3,
        _HARDLY_AHEAD,
    ),
    (3, "CP1", 2, "c", _AT, _AT + _HOUR, None, None, 500.0, _PLAIN),
    (4, "CP1", 1, "d", _AT + 9 * _HOUR, None, "CARD", "ann", 100.0, _RUNS),
)
_SUMMARY = (1, 7200.0, None, None, 2e3, _QUARTERS, 0.0, 0.0, 2.0, 4e3, None, 0.0, "EUR")
_AUDIT = (_AT, 3, "corrected", "Ann", "late", "{}", '{"vehicle": "Van"}')


def _fill(database: sqlite3.Connection) -> None:
    """Put something into each table of the first version."""
    for row in _SESSIONS:
        database.execute("INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?,?,?)", row)
    for record, at, wh in ((1, _AT + _HOUR, 0.0), (4, _AT + 10 * _HOUR, 700.0)):
        sample = (record, at, wh, 2000.0, None, None)
        database.execute("INSERT INTO samples VALUES (?,?,?,?,?,?)", sample)
    database.execute(
        "INSERT INTO summaries VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", _SUMMARY
    )
    database.execute("INSERT INTO corrections VALUES (?,?)", (3, _MOVED))
    database.execute("INSERT INTO audit VALUES (?,?,?,?,?,?,?)", _AUDIT)
    database.execute("INSERT INTO fixed_prices VALUES (?,?,?)", (_AT, 0.5, None))


@pytest.fixture
def first_version(path: Path) -> Path:
    """Return a file of the first version, with something in each table."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(MIGRATIONS[0])
        _fill(database)
        database.execute("PRAGMA user_version = 1")
        database.commit()
    return path


def _version(path: Path) -> int:
    return int(rows(path, "PRAGMA user_version")[0][0])


async def test_first_version(first_version: Path, clock: HandClock) -> None:
    """All that was in it is found in today's, at the right times."""
    journal = Journal(first_version, clock)
    journal.currency = "EUR"
    await journal.open()
    try:
        assert _version(first_version) == len(MIGRATIONS)
        told = await journal.sessions(NOW, NOW + 10 * HOUR)
        assert [s.record for s in told] == [1, 2, 4]
        assert told[0].started_at == NOW
        assert told[0].cost == 2.0
        assert told[1].started_at == NOW + 4 * HOUR
        (moved,) = await journal.sessions(NOW - 72 * HOUR, NOW)
        assert (moved.record, moved.vehicle) == (3, "Van")
        assert len(await journal.history(3)) == 1
        assert len(await journal.samples(1)) == 1
        assert told[2].energy_wh == 700.0
        assert [s.register_wh for s in await journal.samples(4)] == [1700.0]
        totals = await journal.holder_totals("ann", ["card"])
        assert totals == HolderTotals(2, 5000.0, 2.0, _AT + 5 * _HOUR)
        by = Author(at=NOW, who=None, reason="wrong")
        await journal.correct(2, Correction(energy_wh=2000.0), by)
    finally:
        await journal.close()


async def test_a_step_that_fails(
    first_version: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays as the steps before it have left it, and is used once the step works."""
    broken = (*MIGRATIONS, "CREATE TABLE new (a) STRICT;")
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    journal = Journal(first_version, clock)
    with pytest.raises(JournalError):
        await journal.open()
    await journal.close()
    assert _version(first_version) == len(MIGRATIONS)
    assert (
        rows(first_version, "SELECT name FROM sqlite_master WHERE name = 'new'") == []
    )
    monkeypatch.setattr(schema, "MIGRATIONS", MIGRATIONS)
    journal = Journal(first_version, clock)
    await journal.open()
    assert len(await journal.sessions(NOW - 72 * HOUR, NOW + 10 * HOUR)) == 4
    await journal.close()


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_every_step(path: Path, version: int) -> None:
    """A file of each version becomes what a new one is."""
    with (
        closing(sqlite3.connect(path)) as old,
        closing(sqlite3.connect(":memory:")) as new,
    ):
        for script in MIGRATIONS[:version]:
            old.executescript(script)
        old.execute(f"PRAGMA user_version = {version}")
        for database in (old, new):
            schema.migrate(database)
        names = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
        assert old.execute(names).fetchall() == new.execute(names).fetchall()
        assert schema.version_of(old) == len(MIGRATIONS)
