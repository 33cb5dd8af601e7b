"""What keeps the journal from being written."""

from enum import StrEnum
import sqlite3

from ..errors import CsmsError


class JournalProblem(StrEnum):
    """Why nothing can be stored; keys for translation."""

    FULL = "journal_full"
    """There is no space left."""
    READ_ONLY = "journal_read_only"
    """The file, or its directory, may not be written."""
    FAILING = "journal_failing"
    """The disk reports errors, or the file is in use."""
    NEWER = "journal_newer"
    """The file was written by a newer version of this software."""
    CLOSED = "journal_closed"


class JournalError(CsmsError):
    """Something could not be stored; it is kept and tried again."""

    def __init__(self, problem: JournalProblem, detail: str = "") -> None:
        """Say why."""
        super().__init__(f"{problem}: {detail}" if detail else str(problem))
        self.problem = problem
        self.detail = detail


_PROBLEMS = {
    sqlite3.SQLITE_FULL: JournalProblem.FULL,
    sqlite3.SQLITE_READONLY: JournalProblem.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: JournalProblem.READ_ONLY,
    sqlite3.SQLITE_PERM: JournalProblem.READ_ONLY,
}
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file can't be read any more."""
    return _code(error) in _DAMAGE


def as_journal_error(error: sqlite3.Error | OSError) -> JournalError:
    """Return what an error of the database means."""
    if isinstance(error, OSError):
        return JournalError(JournalProblem.READ_ONLY, str(error))
    problem = _PROBLEMS.get(_code(error), JournalProblem.FAILING)
    return JournalError(problem, str(error))


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
