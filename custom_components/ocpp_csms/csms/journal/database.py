"""The journal's file: opened, brought to today's schema, set aside when it is damaged."""

from dataclasses import dataclass
from datetime import datetime
import logging
from pathlib import Path
import sqlite3

from ..model.id_token import token_key
from .errors import as_journal_error, is_damage
from .schema import migrate

_LOGGER = logging.getLogger(__name__)

_BUSY_S = 5.0
_COMPANIONS = ("", "-wal", "-shm")
_PAGES_BEFORE_CHECKPOINT = 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file; `damaged` is where an unreadable one was set aside to, if there was one."""

    connection: sqlite3.Connection
    damaged: Path | None = None


def open_database(path: Path, now: datetime) -> Opened:
    """Open a file for writing, or begin a new one. Raises JournalError.

    Every commit is on the disk when it returns (WAL, synchronous FULL).
    """
    try:
        return Opened(_open(path))
    except sqlite3.Error as error:
        if not is_damage(error):
            raise as_journal_error(error) from error
        damaged = set_aside(path, now)
    try:
        return Opened(_open(path), damaged)
    except sqlite3.Error as error:
        raise as_journal_error(error) from error


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file for queries. Raises sqlite3.Error where there is none."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only = ON")
    _add_functions(connection)
    return connection


def _add_functions(connection: sqlite3.Connection) -> None:
    """Let queries compare tokens as everybody else does: SQLite's lower() knows ASCII only."""
    connection.create_function("token_key", 1, _token_key, deterministic=True)


def _token_key(value: str | None) -> str | None:
    return None if value is None else token_key(value)


def set_aside(path: Path, now: datetime) -> Path:
    """Move a file that can't be read out of the way. Raises JournalError."""
    aside = path.with_name(f"{path.name}.corrupt.{now:%Y%m%dT%H%M%S%f}")
    _LOGGER.error("%s is damaged; it is kept as %s", path, aside.name)
    try:
        for companion in _COMPANIONS:
            source = path.with_name(path.name + companion)
            if source.exists():
                source.rename(aside.with_name(aside.name + companion))
    except OSError as error:
        raise as_journal_error(error) from error
    return aside


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _add_functions(connection)
        checkpoint_by_itself(connection, enabled=True)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def checkpoint_by_itself(connection: sqlite3.Connection, *, enabled: bool) -> None:
    """Let the file be brought up to date now and then, or leave it as it is for a backup.

    While it is left, all that is new is in the file beside it, which may be copied at any
    moment: what of it is whole counts.
    """
    if not enabled:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = _PAGES_BEFORE_CHECKPOINT if enabled else 0
    connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
