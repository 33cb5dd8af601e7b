"""Sessions and samples as rows, out and in again."""

from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
import json
from random import getrandbits
from typing import Any, NamedTuple

from ..charging.session import SessionTotals
from ..model.evse import ChargingState
from ..model.transaction import Transaction
from .session import SessionSample, Summary

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RANDOM_BITS = 30
_SECOND = 1_000_000
_QUARTER = 900_000_000
_COLUMNS = frozenset(
    {
        "record",
        "evse_id",
        "id",
        "started_at",
        "ended_at",
        "id_token",
        "holder_id",
        "energy_wh",
    }
)
_NOT_KEPT = frozenset({"kept_wh", "updated_at"})

UPSERT_SESSION = """
INSERT INTO sessions (record, station, evse, transaction_id, started_at, ended_at, id_token,
    holder_id, energy_wh, details)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
WHERE NOT EXISTS (SELECT 1 FROM deleted WHERE record = ?1)
ON CONFLICT (record) DO UPDATE SET
    evse = excluded.evse, transaction_id = excluded.transaction_id,
    started_at = excluded.started_at, ended_at = excluded.ended_at,
    id_token = excluded.id_token, holder_id = excluded.holder_id,
    energy_wh = excluded.energy_wh, details = excluded.details
"""
INSERT_SAMPLE = """
INSERT INTO samples (record, at, register_wh, power_w, current_a, state_of_charge)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM sessions WHERE record = ?1)
ON CONFLICT (record, at) DO UPDATE SET
    register_wh = coalesce(excluded.register_wh, register_wh),
    power_w = coalesce(excluded.power_w, power_w),
    current_a = coalesce(excluded.current_a, current_a),
    state_of_charge = coalesce(excluded.state_of_charge, state_of_charge)
"""
"""Samples of a session that was deleted meanwhile are left out; what is told again is known better."""
SELECT_RECENT = """
SELECT * FROM known_sessions WHERE record IN (
    SELECT record FROM sessions WHERE station = ?1 AND ended_at IS NULL
    UNION
    SELECT record FROM (
        SELECT record FROM sessions WHERE station = ?1 ORDER BY started_at DESC LIMIT ?2
    )
) ORDER BY started_at
"""
SELECT_ONE = "SELECT * FROM whole_sessions WHERE record = ?"
SELECT_BETWEEN = """
SELECT * FROM whole_sessions WHERE station = coalesce(?3, station) AND record IN (
    SELECT record FROM sessions WHERE began >= ?1 AND began < ?2
    UNION
    SELECT record FROM corrections WHERE changes ->> 'started_at' IS NOT NULL
)
"""
"""Those that began in a time, and those of which a user has said when; to be looked at."""
SELECT_HOLDER_TOTALS = """
SELECT coalesce(sum(sessions), 0), coalesce(sum(energy_wh), 0.0),
    sum(cost) FILTER (WHERE coalesce(currency, ?3) IS ?3), max(ended_at)
FROM charged
WHERE holder_id = ?1 OR (
    holder_id IS NULL AND token_key(id_token) IN (SELECT value FROM json_each(?2))
)
"""
SELECT_EVSES = "SELECT DISTINCT station, evse FROM charged"
SELECT_TOTALS_UNTIL = """
SELECT coalesce(sum(energy_wh), 0.0),
    coalesce(sum(cost) FILTER (WHERE coalesce(currency, ?4) IS ?4), 0.0)
FROM charged
WHERE station = ?1 AND evse = ?2 AND (record IS NULL OR ended_at <= ?3)
"""
SELECT_ENDED_SINCE = """
SELECT * FROM whole_sessions WHERE record IN (
    SELECT record FROM settled WHERE station = ?1 AND evse = ?2 AND ended_at > ?3
)
"""
SELECT_AUDIT = "SELECT * FROM audit WHERE record = ? ORDER BY at"
DELETE_OLD_SAMPLES = """
DELETE FROM samples WHERE record IN (SELECT record FROM summaries WHERE outlives_samples)
"""
OUTLIVE_OLD_SAMPLES = """
UPDATE summaries SET outlives_samples = 1
WHERE NOT outlives_samples AND record IN (SELECT record FROM sessions WHERE finished < ?)
"""
"""What was summed up of samples is not to be summed up of none."""
REMEMBER_OLD_SESSIONS = """
INSERT INTO forgotten
    (station, evse, holder_id, id_token, currency, sessions, energy_wh, cost, ended_at)
SELECT station, evse, coalesce(holder_id, ''), coalesce(token_key(id_token), ''),
    coalesce(currency, ''), count(*), coalesce(sum(energy_wh), 0.0), sum(cost), max(ended_at)
FROM settled WHERE ended_at < ? GROUP BY 1, 2, 3, 4, 5
ON CONFLICT DO UPDATE SET
    sessions = sessions + excluded.sessions, energy_wh = energy_wh + excluded.energy_wh,
    cost = CASE WHEN cost IS NULL THEN excluded.cost ELSE cost + coalesce(excluded.cost, 0.0) END,
    ended_at = max(ended_at, excluded.ended_at)
"""
DELETE_OLD_SESSIONS = """
DELETE FROM sessions WHERE record IN (SELECT record FROM settled WHERE ended_at < ?)
"""
UPSERT_SUMMARY = """
INSERT OR REPLACE INTO summaries (record, charging_s, charging_from, charging_until, peak_w, quarters, solar_wh,
    share_known_wh, cost, priced_wh, co2_g, co2_known_wh, currency, outlives_samples)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
WHERE EXISTS (SELECT 1 FROM sessions WHERE record = ?1)
"""
SELECT_SUMMARY = """
SELECT charging_s, charging_from, charging_until, peak_w, quarters, solar_wh, share_known_wh, cost,
    priced_wh, co2_g, co2_known_wh, currency, outlives_samples
FROM summaries WHERE record = ?
"""
SELECT_SAMPLES = "SELECT * FROM samples WHERE record = ? ORDER BY at"

type Row = tuple[Any, ...]


class HolderTotals(NamedTuple):
    """What a holder has charged in all: energy in Wh; `cost` is None where no price was known."""

    sessions: int = 0
    energy_wh: float = 0.0
    cost: float | None = None
    last_ended: int | None = None


def new_record(now: datetime) -> int:
    """Return a number for a session that nobody else has: by the time, and by chance."""
    return (micros(now) // _SECOND) << _RANDOM_BITS | getrandbits(_RANDOM_BITS)


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
        transaction.holder_id,
        transaction.energy_wh,
        json.dumps(details),
    )


def read_session(row: Row) -> tuple[str, Transaction]:
    """Return the station and the session of a row; what it does not know stays as it comes."""
    record, station, evse, id_, started_at, ended_at, token, holder_id, wh, text = row
    details = json.loads(text)
    state = details.get("charging_state")
    details["charging_state"] = ChargingState(state) if state else None
    return station, Transaction(
        record=record,
        id=id_,
        evse_id=evse,
        started_at=read_time(started_at),
        ended_at=None if ended_at is None else read_time(ended_at),
        id_token=token,
        holder_id=holder_id,
        energy_wh=wh,
        **{key: value for key, value in details.items() if key in _KNOWN},
    )


_KNOWN = {field.name for field in fields(Transaction)} - _COLUMNS - _NOT_KEPT


def sample_row(sample: SessionSample) -> Row:
    """Return the row of a sample."""
    return (sample.record, micros(sample.at), *sample[2:])


def read_sample(row: Row) -> SessionSample:
    """Return the sample of a row."""
    record, at, *values = row
    return SessionSample(record, read_time(at), *values)


def summary_row(
    record: int, summary: Summary, *, outlives_samples: bool = False
) -> Row:
    """Return the row of a summary; quarter hours by their number since 1970."""
    quarters = [(micros(at) // _QUARTER, wh) for at, wh in summary.quarters]
    totals = summary.totals
    return (
        record,
        summary.charging.total_seconds(),
        _micros_or_none(summary.charging_from),
        _micros_or_none(summary.charging_until),
        summary.peak_w,
        json.dumps(quarters),
        totals.solar_wh,
        totals.share_known_wh,
        totals.cost,
        totals.priced_wh,
        totals.co2_g,
        totals.co2_known_wh,
        summary.currency,
        int(outlives_samples),
    )


def read_summary(row: Row) -> Summary:
    """Return the summary of a row without its record."""
    seconds, begin, end, peak_w, text, solar_wh, share_known_wh, *rest = row
    cost, priced_wh, co2_g, co2_known_wh, currency = rest
    quarters = tuple((read_time(n * _QUARTER), wh) for n, wh in json.loads(text))
    return Summary(
        charging=timedelta(seconds=seconds),
        charging_from=None if begin is None else read_time(begin),
        charging_until=None if end is None else read_time(end),
        peak_w=peak_w,
        quarters=quarters,
        totals=SessionTotals(
            energy_wh=sum(wh for _, wh in quarters),
            solar_wh=solar_wh,
            share_known_wh=share_known_wh,
            cost=cost,
            priced_wh=priced_wh,
            co2_g=co2_g,
            co2_known_wh=co2_known_wh,
        ),
        currency=currency,
    )


def micros(time: datetime) -> int:
    """Return a time in microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def _micros_or_none(time: datetime | None) -> int | None:
    return None if time is None else micros(time)


def read_time(micros: int) -> datetime:
    """Return the time of a number of microseconds since 1970."""
    return _EPOCH + micros * _MICROSECOND
