"""Disks that are full, files that are damaged: nothing is lost, and it is told."""

import asyncio
from pathlib import Path
import sqlite3

import pytest

from custom_components.ocpp_csms.csms.journal import journal as journal_module
from custom_components.ocpp_csms.csms.journal.errors import JournalError, JournalProblem
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.schema import MIGRATIONS
from custom_components.ocpp_csms.csms.journal.session import SessionSample

from ..support import NOW, HandClock, until
from .disk import fill_disk, forbid_writing, rows, session, sessions_on


def _problems(journal: Journal) -> list[JournalProblem | None]:
    seen: list[JournalProblem | None] = []
    journal.problem_changed.connect(lambda _, problem: seen.append(problem))
    return seen


async def test_full_disk(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be written is refused and kept; when there is space again it is written."""
    monkeypatch.setattr(journal_module, "FLUSH_S", 0.01)
    problems = _problems(journal)
    await fill_disk(journal)
    kept = [session(str(number), stop_reason="x" * 3000) for number in range(10)]
    for transaction in kept:
        journal.put("CP1", transaction)
        journal.add(SessionSample(transaction.record, NOW, 1.0))
    with pytest.raises(JournalError) as refused:
        await journal.commit()
    assert refused.value.problem is JournalProblem.FULL
    assert problems == [JournalProblem.FULL]
    assert sessions_on(path) == []
    await fill_disk(journal, full=False)
    await until(lambda: journal.problem is None)
    assert problems == [JournalProblem.FULL, None]
    assert {t.id for t in sessions_on(path)} == {t.id for t in kept}
    assert len(rows(path, "SELECT * FROM samples")) == 10


async def test_newer_state_wins_over_the_refused_one(
    journal: Journal, path: Path
) -> None:
    """What changed while nothing could be written is written as it is then."""
    transaction = session()
    await forbid_writing(journal)
    journal.put("CP1", transaction)
    with pytest.raises(JournalError) as refused:
        await journal.commit()
    assert refused.value.problem is JournalProblem.READ_ONLY
    transaction.energy_wh = 5.0
    journal.put("CP1", transaction)
    await forbid_writing(journal, forbidden=False)
    await journal.commit()
    assert [kept.energy_wh for kept in sessions_on(path)] == [5.0]


async def test_directory_that_is_not_there(tmp_path: Path, clock: HandClock) -> None:
    """A file that can't be opened is opened as soon as it can be."""
    path = tmp_path / "later" / "journal.db"
    journal = Journal(path, clock)
    with pytest.raises(JournalError) as refused:
        await journal.open()
    assert refused.value.problem is journal.problem is JournalProblem.READ_ONLY
    with pytest.raises(JournalError):
        await journal.recent("CP1")
    journal.put("CP1", session())
    with pytest.raises(JournalError):
        await journal.commit()
    path.parent.mkdir()
    await journal.commit()
    assert journal.problem is None
    assert len(sessions_on(path)) == 1
    await journal.close()


async def test_one_that_fails_leaves_others_alone(journal: Journal, path: Path) -> None:
    """Work that can't be done is refused alone; what waited with it is done."""

    def impossible(database: sqlite3.Connection) -> None:
        database.execute("INSERT INTO nowhere VALUES (1)")

    journal.put("CP1", session("before"))
    before = asyncio.ensure_future(journal.commit())
    await asyncio.sleep(0)
    failing = journal._writer.submit(impossible)
    journal.put("CP1", session("after"))
    await asyncio.gather(before, journal.commit())
    with pytest.raises(JournalError):
        await failing
    assert {transaction.id for transaction in sessions_on(path)} == {"before", "after"}


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
async def test_damaged_file(path: Path, clock: HandClock, content: bytes) -> None:
    """A file that can't be read is set aside and told of; a new one is begun."""
    path.write_bytes(content)
    journal = Journal(path, clock)
    told: list[Path] = []
    journal.damaged.connect(lambda _, aside: told.append(aside))
    await journal.open()
    journal.put("CP1", session())
    await journal.commit()
    assert len(sessions_on(path)) == 1
    (aside,) = told
    assert aside.read_bytes() == content
    assert ".corrupt." in aside.name
    await journal.close()


async def test_damage_while_it_is_open(journal: Journal, path: Path) -> None:
    """So it is with a file that is spoilt while it is in use: the work is done in the new one."""
    told: list[Path] = []
    journal.damaged.connect(lambda _, aside: told.append(aside))
    journal.put("CP1", session("1"))
    await journal.commit()
    await journal.hold_for_backup(hold=True)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))
    await journal._writer.submit(
        lambda database: database.execute("PRAGMA shrink_memory")
    )
    journal.put("CP1", session("2"))
    await journal.commit()
    assert [transaction.id for transaction in sessions_on(path)] == ["2"]
    assert len(told) == 1


async def test_file_of_a_newer_version(path: Path, clock: HandClock) -> None:
    """What newer software has written is neither read nor touched."""
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    database.close()
    before = path.read_bytes()
    journal = Journal(path, clock)
    with pytest.raises(JournalError) as refused:
        await journal.open()
    assert refused.value.problem is JournalProblem.NEWER
    await journal.close()
    with sqlite3.connect(path) as database:
        tables = database.execute("SELECT * FROM sqlite_master").fetchall()
    database.close()
    assert tables == []
    assert len(before) == path.stat().st_size


async def test_closed(path: Path, clock: HandClock) -> None:
    """After the end nothing is taken any more."""
    journal = Journal(path, clock)
    await journal.open()
    await journal.close()
    journal.put("CP1", session())
    with pytest.raises(JournalError) as refused:
        await journal.commit()
    assert refused.value.problem is JournalProblem.CLOSED
