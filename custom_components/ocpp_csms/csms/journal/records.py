"""Sessions and samples as rows, out and in again."""

from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
import json
from random import getrandbits
from typing import Any, NamedTuple

from ..model.evse import ChargingState
from ..model.transaction import Transaction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RANDOM_BITS = 20
_COLUMNS = frozenset(
    {"record", "evse_id", "id", "started_at", "ended_at", "id_token", "energy_wh"}
)
_NOT_KEPT = frozenset({"kept_wh"})

UPSERT_SESSION = """
INSERT INTO sessions (record, station, evse, transaction_id, started_at, ended_at, id_token,
    energy_wh, details)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (record) DO UPDATE SET
    evse = excluded.evse, transaction_id = excluded.transaction_id,
    started_at = excluded.started_at, ended_at = excluded.ended_at,
    id_token = excluded.id_token, energy_wh = excluded.energy_wh, details = excluded.details
"""
INSERT_SAMPLE = """
INSERT INTO samples (record, at, energy_wh, power_w, current_a, state_of_charge)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM sessions WHERE record = ?1)
ON CONFLICT (record, at) DO NOTHING
"""
"""Samples of a session that was deleted meanwhile are left out."""
SELECT_RECENT = """
SELECT * FROM known_sessions WHERE station = ?1 AND (ended_at IS NULL OR record IN
    (SELECT record FROM sessions WHERE station = ?1 ORDER BY started_at DESC LIMIT ?2))
ORDER BY started_at
"""
SELECT_BETWEEN = """
SELECT * FROM known_sessions WHERE started_at >= ?1 AND started_at < ?2
    AND station = coalesce(?3, station) AND id_token IS coalesce(?4, id_token)
ORDER BY started_at
"""
SELECT_SAMPLES = "SELECT * FROM samples WHERE record = ? ORDER BY at"

type Row = tuple[Any, ...]


class SessionSample(NamedTuple):
    """What flowed at a moment of a session: its energy so far in Wh, power, current, charge."""

    record: int
    at: datetime
    energy_wh: float | None
    power_w: float | None = None
    current_a: float | None = None
    state_of_charge: float | None = None


def new_record(now: datetime) -> int:
    """Return a number for a session that nobody else has: by the time, and by chance."""
    return (micros(now) // 1000) << _RANDOM_BITS | getrandbits(_RANDOM_BITS)


def session_row(station: str, transaction: Transaction) -> Row:
    """Return the row of a session."""
    details = {
        key: value
        for key, value in asdict(transaction).items()
        if key not in _COLUMNS | _NOT_KEPT and value is not None
    }
    ended = transaction.ended_at
    return (
        transaction.record,
        station,
        transaction.evse_id,
        transaction.id,
        micros(transaction.started_at),
        None if ended is None else micros(ended),
        transaction.id_token,
        transaction.energy_wh,
        json.dumps(details),
    )


def read_session(row: Row) -> tuple[str, Transaction]:
    """Return the station and the session of a row; what it does not know stays as it comes."""
    record, station, evse, id_, started_at, ended_at, id_token, energy_wh, text = row
    details = json.loads(text)
    state = details.get("charging_state")
    details["charging_state"] = ChargingState(state) if state else None
    return station, Transaction(
        record=record,
        id=id_,
        evse_id=evse,
        started_at=_time(started_at),
        ended_at=None if ended_at is None else _time(ended_at),
        id_token=id_token,
        energy_wh=energy_wh,
        **{key: value for key, value in details.items() if key in _KNOWN},
    )


_KNOWN = {field.name for field in fields(Transaction)} - _COLUMNS - _NOT_KEPT


def sample_row(sample: SessionSample) -> Row:
    """Return the row of a sample."""
    return (sample.record, micros(sample.at), *sample[2:])


def read_sample(row: Row) -> SessionSample:
    """Return the sample of a row."""
    record, at, *values = row
    return SessionSample(record, _time(at), *values)


def micros(time: datetime) -> int:
    """Return a time in microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def _time(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND
