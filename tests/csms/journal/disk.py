"""What a disk holds, and disks that hold nothing more."""

from contextlib import closing, suppress
from pathlib import Path
import sqlite3
from typing import Any

from custom_components.ocpp_csms.csms.journal.errors import JournalError
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.records import read_session
from custom_components.ocpp_csms.csms.model.transaction import Transaction

from ..support import NOW


def session(id_: str = "1", **fields: Any) -> Transaction:
    """Return a session that began now, but for some fields."""
    return Transaction(
        **{"id": id_, "evse_id": 1, "connector_id": 1, "started_at": NOW} | fields
    )


def rows(path: Path, query: str = "SELECT * FROM known_sessions") -> list[Any]:
    """Return what another reader finds in a file."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def sessions_on(path: Path) -> list[Transaction]:
    """Return the sessions in a file."""
    return [read_session(row)[1] for row in rows(path)]


async def fill_disk(journal: Journal, *, full: bool = True) -> None:
    """Let a journal's file grow no more, or let it grow again."""

    def limit(database: sqlite3.Connection) -> None:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        most = pages if full else 2**30
        database.execute(f"PRAGMA max_page_count = {most}")

    await journal._writer.submit(limit)


async def forbid_writing(journal: Journal, *, forbidden: bool = True) -> None:
    """Let a journal's file be read only, or not any more."""

    def forbid(database: sqlite3.Connection) -> None:
        database.execute(f"PRAGMA query_only = {int(forbidden)}")

    with suppress(JournalError):
        # Whatever is refused has it opened anew, and a new one may be written.
        await journal._writer.submit(forbid)
