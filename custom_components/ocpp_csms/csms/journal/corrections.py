"""What users change of sessions: kept beside what the stations told, and who did it and why."""

from dataclasses import dataclass, replace
from datetime import datetime
import json
from math import isfinite
import sqlite3
from typing import Any

from ..charging.times import utc
from ..errors import CsmsError
from .records import micros, read_session, read_time
from .session import Remark, Session, moved, rescaled, times_of

_SESSION = """
SELECT known_sessions.*, cost, currency, changes
FROM known_sessions LEFT JOIN summaries USING (record) LEFT JOIN corrections USING (record)
WHERE record = ?
"""
_AUDIT = """
INSERT INTO audit (at, record, action, who, reason, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class CorrectionError(CsmsError):
    """A session can't be changed so; `reason` is a key for translation."""

    def __init__(self, reason: str, record: int) -> None:
        """Say why."""
        super().__init__(f"{reason}: {record}")
        self.reason = reason
        self.record = record


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is to be otherwise than the station told; None leaves it as it is. Energy in Wh.

    An empty text stands for none.
    """

    energy_wh: float | None = None
    cost: float | None = None
    id_token: str | None = None
    holder: str | None = None
    holder_id: str | None = None
    vehicle: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def as_data(self, currency: str | None) -> dict[str, Any]:
        """Return what is changed, ready for JSON; a cost with its currency."""
        times = {"started_at": self.started_at, "ended_at": self.ended_at}
        values = {
            "energy_wh": self.energy_wh,
            "cost": self.cost,
            "id_token": self.id_token,
            "holder": self.holder,
            "holder_id": self.holder_id,
            "vehicle": self.vehicle,
            "currency": None if self.cost is None else currency,
        }
        told = {key: micros(utc(time)) for key, time in times.items() if time}
        return {key: value for key, value in values.items() if value is not None} | told


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes something, and why."""

    at: datetime
    who: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """An EVSE of which a session was changed or removed, and since when that may be seen."""

    station: str
    evse_id: int
    since: datetime

    @classmethod
    def of(cls, *sessions: dict[str, Any]) -> Changed:
        """Return where a session was, as it is before a change and after it."""
        first = min(session["started_at"] for session in sessions)
        return cls(sessions[0]["station"], sessions[0]["evse"], read_time(first))


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of a session; values as they were and as they became, None where it is gone."""

    at: datetime
    action: str
    who: str | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any] | None


def read_audit(row: tuple[Any, ...]) -> AuditEntry:
    """Return the entry of a row."""
    at, _, action, who, reason, before, after = row
    told = None if after is None else json.loads(after)
    return AuditEntry(read_time(at), action, who, reason, json.loads(before), told)


def apply(session: Session, changes: dict[str, Any]) -> Session:
    """Return a session as it is after what users have changed of it; an empty text is none."""
    begin, end = changes.get("started_at"), changes.get("ended_at")
    corrected = replace(
        session,
        energy_wh=changes.get("energy_wh", session.energy_wh),
        id_token=changes.get("id_token", session.id_token) or None,
        holder=changes.get("holder", session.holder) or None,
        holder_id=changes.get("holder_id", session.holder_id) or None,
        vehicle=changes.get("vehicle", session.vehicle) or None,
        remarks=session.remarks | {Remark.CORRECTED},
    )
    corrected = rescaled(corrected, session.energy_wh)
    if begin is not None or end is not None:
        corrected = moved(
            corrected,
            session.started_at if begin is None else read_time(begin),
            session.ended_at if end is None else read_time(end),
        )
    if "cost" in changes:
        summary = corrected.summary
        totals = replace(
            summary.totals, cost=changes["cost"], priced_wh=summary.totals.energy_wh
        )
        currency = changes.get("currency", summary.currency)
        summary = replace(summary, totals=totals, currency=currency)
        corrected = replace(
            corrected,
            summary=summary,
            remarks=corrected.remarks - {Remark.PRICE_UNKNOWN},
        )
    return corrected


def correct(
    database: sqlite3.Connection, record: int, changes: dict[str, Any], author: Author
) -> Changed:
    """Change a session. Raises CorrectionError."""
    told, before = _known(database, record)
    known = told | before
    _check(record, changes, known)
    database.execute(
        "INSERT OR REPLACE INTO corrections (record, changes) VALUES (?, ?)",
        (record, json.dumps(before | changes)),
    )
    was = {key: known.get(key) for key in changes}
    _note(database, record, "corrected", author, was, changes)
    return Changed.of(known, known | changes)


def delete(database: sqlite3.Connection, record: int, author: Author) -> Changed:
    """Remove a session for good; what it was stays in the audit trail. Raises CorrectionError."""
    told, before = _known(database, record)
    known = told | before
    if known["ended_at"] is None:
        raise CorrectionError("session_running", record)
    database.execute("INSERT INTO deleted (record) VALUES (?)", (record,))
    database.execute("DELETE FROM sessions WHERE record = ?", (record,))
    _note(database, record, "deleted", author, known, None)
    return Changed.of(known)


def _known(
    database: sqlite3.Connection, record: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the station told of a session, by the right clock, and what users changed.

    Raises CorrectionError.
    """
    row = database.execute(_SESSION, (record,)).fetchone()
    if row is None:
        raise CorrectionError("session_unknown", record)
    *columns, cost, currency, changes = row
    station, transaction = read_session(tuple(columns))
    begin, end = times_of(transaction)
    told = {
        "station": station,
        "evse": transaction.evse_id,
        "transaction_id": transaction.id,
        "energy_wh": transaction.energy_wh,
        "id_token": transaction.id_token,
        "holder": transaction.holder,
        "holder_id": transaction.holder_id,
        "vehicle": transaction.vehicle,
        "cost": cost,
        "currency": currency,
        "started_at": micros(begin),
        "ended_at": None if end is None else micros(end),
    }
    return told, json.loads(changes) if changes else {}


def _check(record: int, changes: dict[str, Any], known: dict[str, Any]) -> None:
    """Refuse what can't be, with what users have changed before. Raises CorrectionError."""
    if not changes:
        raise CorrectionError("nothing_corrected", record)
    if known["ended_at"] is None:
        raise CorrectionError("session_running", record)
    energy_wh = changes.get("energy_wh", 0.0)
    if not isfinite(energy_wh) or energy_wh < 0:
        raise CorrectionError("energy_not_possible", record)
    if not isfinite(changes.get("cost", 0.0)):
        raise CorrectionError("cost_not_possible", record)
    after = known | changes
    if after["ended_at"] < after["started_at"]:
        raise CorrectionError("times_not_possible", record)


def _note(
    database: sqlite3.Connection,
    record: int,
    action: str,
    author: Author,
    before: dict[str, Any],
    after: dict[str, Any] | None,
) -> None:
    told = None if after is None else json.dumps(after)
    row = (micros(author.at), record, action, author.who, author.reason)
    database.execute(_AUDIT, (*row, json.dumps(before), told))
