"""What is kept of sessions for good: on disk before a station is told so."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
import json
import logging
from pathlib import Path
import sqlite3

from ..clock import Clock, utc_now
from ..model.conditions import Conditions
from ..model.id_token import is_same_token, token_key
from ..model.transaction import Transaction
from ..signal import Signal
from .conditions import (
    DELETE_OLD_CONDITIONS,
    UPSERT_CONDITIONS,
    conditions_row,
    fix_price,
    known_conditions,
)
from .corrections import (
    AuditEntry,
    Author,
    Changed,
    Correction,
    apply,
    correct,
    delete,
    read_audit,
)
from .database import open_for_reading
from .errors import JournalError, JournalProblem, as_journal_error
from .hours import Hours, hours_of
from .records import (
    DELETE_OLD_SAMPLES,
    DELETE_OLD_SESSIONS,
    INSERT_SAMPLE,
    OUTLIVE_OLD_SAMPLES,
    REMEMBER_OLD_SESSIONS,
    SELECT_AUDIT,
    SELECT_BETWEEN,
    SELECT_ENDED_SINCE,
    SELECT_EVSES,
    SELECT_HOLDER_TOTALS,
    SELECT_ONE,
    SELECT_RECENT,
    SELECT_SAMPLES,
    SELECT_SUMMARY,
    SELECT_TOTALS_UNTIL,
    UPSERT_SESSION,
    UPSERT_SUMMARY,
    HolderTotals,
    Row,
    micros,
    new_record,
    read_sample,
    read_session,
    read_summary,
    sample_row,
    session_row,
    summary_row,
)
from .session import Session, SessionSample, Summary, session_of, settled, summarise
from .writer import Writer

_LOGGER = logging.getLogger(__name__)

FLUSH_S = 5.0
"""How long what nobody waits for may take to come to the disk."""
_MOST_SAMPLES = 100_000
"""How many samples are kept in memory while they can't be written."""
_MOST_CONDITIONS = 10_000
_REMEMBERED = 64
_SESSION_LENGTH = 10
"""How many columns a session has of its own."""


class Journal:
    """The sessions of all stations of one entry, in one file."""

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        """Prepare for a file, which comes to be when it is first written."""
        self.path = path
        self.damaged: Signal[Journal, Path] = Signal()
        """Tells where a damaged file was set aside to; a new one has been begun."""
        self.problem_changed: Signal[Journal, JournalProblem | None] = Signal()
        self.ended: Signal[str, Transaction] = Signal()
        """Tells each session that has ended, and its station; perhaps several times."""
        self.problem: JournalProblem | None = None
        """What keeps it from being written; None while all is well."""
        self._clock = clock
        self._writer = Writer(path, clock, self._tell_damage)
        self._reader = ThreadPoolExecutor(1, f"reader {path.name}")
        self._sessions: dict[int, Row] = {}
        self._samples: list[Row] = []
        self._conditions: dict[datetime, Row] = {}
        self.currency: str | None = None
        """That of the prices; kept with each cost."""
        self._lost_samples = 0
        self._closed = False
        self._flushing: asyncio.TimerHandle | None = None
        self._last: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Start, and open the file. Raises JournalError where it can't be; that may pass."""
        self._writer.start()
        await self._tried(self._writer.submit(_nothing))

    async def close(self) -> None:
        """Write what is left, as far as it can be, and close the file."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            self._flushing.cancel()
        try:
            await self.commit()
        except JournalError as error:
            _LOGGER.error("What was left could not be stored: %s", error)
        await self._writer.stop()
        self._reader.shutdown()

    def put(self, station: str, transaction: Transaction) -> None:
        """Keep a session as it is now; on disk with the next commit, or in a few seconds."""
        if not transaction.record:
            transaction.record = new_record(self._clock())
        if not transaction.active:
            self.ended.emit(station, transaction)
        self._sessions[transaction.record] = session_row(station, transaction)
        self._flush_soon()

    def add(self, sample: SessionSample) -> None:
        """Keep a sample of a session that was put before; on disk in a few seconds."""
        if len(self._samples) >= _MOST_SAMPLES:
            self._lost_samples += 1
            return
        self._samples.append(sample_row(sample))
        self._flush_soon()

    def note(self, conditions: Mapping[datetime, Conditions]) -> None:
        """Keep what held in quarter hours, or has held so far; on disk in a few seconds."""
        for at, known in conditions.items():
            self._conditions[at] = conditions_row(at, known)
        self._flush_soon()

    async def fix_price(
        self, import_price: float | None, export_price: float | None
    ) -> None:
        """Note which prices are fixed from now on, None for none. Raises JournalError."""
        work = partial(fix_price, self._clock(), import_price, export_price)
        await self._writer.submit(work)

    async def commit(self) -> None:
        """Wait until all that was put is on disk. Raises JournalError; then it is kept here."""
        if self._waiting:
            self._last = self._submit()
        if self._last is not None:
            await asyncio.shield(self._last)

    @property
    def _waiting(self) -> bool:
        return bool(self._sessions or self._samples or self._conditions)

    def _submit(self) -> asyncio.Future[None]:
        batch = _Batch(self._sessions, self._samples, self._conditions, self.currency)
        self._sessions, self._samples, self._conditions = {}, [], {}
        done = self._writer.submit(batch.write)
        done.add_done_callback(partial(self._written, batch))
        return done

    def _written(self, batch: _Batch, done: asyncio.Future[None]) -> None:
        """Note whether it worked; what could not be written is tried again soon."""
        error = done.exception()
        self._note(error)
        if error is None:
            return
        self._sessions = batch.sessions | self._sessions
        self._samples = (batch.samples + self._samples)[:_MOST_SAMPLES]
        conditions = batch.conditions | self._conditions
        self._conditions = dict(list(conditions.items())[-_MOST_CONDITIONS:])
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flushing is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(FLUSH_S, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        if self._waiting:
            self._last = self._submit()

    def _note(self, error: BaseException | None) -> None:
        problem = error.problem if isinstance(error, JournalError) else None
        if problem is self.problem:
            return
        self.problem = problem
        if problem is not None:
            _LOGGER.error("%s can't be written: %s", self.path, error)
        else:
            _LOGGER.info("%s can be written again", self.path)
        self.problem_changed.emit(self, problem)

    def _tell_damage(self, aside: Path) -> None:
        self.damaged.emit(self, aside)

    async def _tried(self, done: asyncio.Future[None]) -> None:
        try:
            await done
        except JournalError as error:
            self._note(error)
            raise
        self._note(None)

    async def hold_for_backup(self, *, hold: bool) -> None:
        """Leave the file as it is while it is copied, or let it be brought up to date again.

        Sessions are stored meanwhile as well: in the file beside it, which may be copied at
        any moment.
        """
        await self._tried(self._writer.hold_checkpoints(hold=hold))

    async def recent(self, station: str, most: int = _REMEMBERED) -> list[Transaction]:
        """Return the last sessions of a station, and all that have not ended, oldest first.

        Raises JournalError.
        """
        rows = await self._read(partial(_rows, SELECT_RECENT, (station, most)))
        return [read_session(row)[1] for row in rows]

    async def sessions(
        self,
        begin: datetime,
        end: datetime,
        *,
        station: str | None = None,
        id_token: str | None = None,
    ) -> list[Session]:
        """Return the sessions that began in a time, oldest first. Raises JournalError."""
        wanted = (micros(begin), micros(end), station)
        found = await self._read(partial(self._find, SELECT_BETWEEN, wanted))
        asked = [
            session
            for session in found
            if begin <= session.started_at < end
            and (id_token is None or is_same_token(session.id_token, id_token))
        ]
        return sorted(asked, key=lambda session: session.started_at)

    async def session(self, record: int) -> Session | None:
        """Return a session, None if there is none of this number. Raises JournalError."""
        found = await self._read(partial(self._find, SELECT_ONE, (record,)))
        return next(iter(found), None)

    async def holder_totals(
        self, holder_id: str, tokens: Iterable[str]
    ) -> HolderTotals:
        """Return all that a holder has charged; of sessions of nobody, those of the tokens.

        Also what is not kept any more. Of the cost what is in today's currency.
        Raises JournalError.
        """
        keys = json.dumps([token_key(token) for token in tokens])
        wanted = (holder_id, keys, self.currency)
        (row,) = await self._read(partial(_rows, SELECT_HOLDER_TOTALS, wanted))
        return HolderTotals(*row)

    async def evses(self) -> list[tuple[str, int]]:
        """Return the EVSEs that have charged. Raises JournalError."""
        rows = await self._read(partial(_rows, SELECT_EVSES, ()))
        return [(station, evse_id) for station, evse_id in rows]

    async def hours(self, station: str, evse_id: int, since: datetime) -> Hours:
        """Return what an EVSE has charged by hours, since the begin of one.

        Sessions that run do not count yet; what is not kept any more counts before the first
        hour. Raises JournalError.
        """
        return await self._read(partial(self._hours, station, evse_id, since))

    def _hours(
        self,
        station: str,
        evse_id: int,
        since: datetime,
        database: sqlite3.Connection,
    ) -> Hours:
        wanted = station, evse_id, micros(since)
        currency = self.currency
        values = (*wanted, currency)
        ((before_wh, before_cost),) = _rows(SELECT_TOTALS_UNTIL, values, database)
        sessions = self._find(SELECT_ENDED_SINCE, wanted, database)
        return hours_of(sessions, since, before_wh, before_cost, currency)

    def _find(
        self, query: str, values: tuple[object, ...], database: sqlite3.Connection
    ) -> list[Session]:
        rows = _rows(query, values, database)
        return [_whole_session(row, self.currency, database) for row in rows]

    async def correct(self, record: int, correction: Correction, by: Author) -> Changed:
        """Change a session that has ended. Raises CorrectionError or JournalError."""
        await self.commit()
        values = correction.as_data(self.currency)
        work = partial(correct, record=record, changes=values, author=by)
        changed: Changed = await self._writer.submit(work)
        return changed

    async def delete(self, record: int, by: Author) -> Changed:
        """Remove a session that has ended. Raises CorrectionError or JournalError."""
        await self.commit()
        work = partial(delete, record=record, author=by)
        changed: Changed = await self._writer.submit(work)
        return changed

    async def history(self, record: int) -> list[AuditEntry]:
        """Return what users have changed of a session, oldest first."""
        rows = await self._read(partial(_rows, SELECT_AUDIT, (record,)))
        return [read_audit(row) for row in rows]

    async def prune(
        self, *, samples: datetime | None = None, sessions: datetime | None = None
    ) -> None:
        """Forget sessions that have ended earlier, and samples of those that have.

        What samples said stays with the session, and what sessions came to in the totals.

        Raises JournalError.
        """
        await self._writer.submit(partial(_prune, samples, sessions))

    async def samples(self, record: int) -> list[SessionSample]:
        """Return the samples of a session, oldest first. Raises JournalError."""
        return await self._read(partial(_samples, record))

    async def _read[R](self, work: Callable[[sqlite3.Connection], R]) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, _query, self.path, work)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written together."""

    sessions: dict[int, Row]
    samples: list[Row]
    conditions: dict[datetime, Row]
    currency: str | None

    def write(self, database: sqlite3.Connection) -> None:
        """Write it, and sum up the sessions that have ended."""
        rows = self.sessions.values()
        database.executemany(UPSERT_CONDITIONS, self.conditions.values())
        database.executemany(UPSERT_SESSION, rows)
        database.executemany(INSERT_SAMPLE, self.samples)
        for row in rows:
            _, transaction = read_session(row)
            if not transaction.active:
                self._sum_up(transaction, database)

    def _sum_up(self, transaction: Transaction, database: sqlite3.Connection) -> None:
        """Keep what a session came to; of one whose samples are gone, in the same proportions."""
        record, outlives, known = transaction.record, False, Summary()
        row = database.execute(SELECT_SUMMARY, (record,)).fetchone()
        if row is not None:
            known, outlives = read_summary(row[:-1]), bool(row[-1])
        if outlives:
            summary = known.with_energy(transaction.energy_wh)
        else:
            currency = known.currency or self.currency
            summary = _summary(transaction, currency, database)
        values = summary_row(record, summary, outlives_samples=outlives)
        database.execute(UPSERT_SUMMARY, values)


def _nothing(_: sqlite3.Connection) -> None:
    """Do nothing, but have the file opened."""


def _whole_session(
    row: Row, currency: str | None, database: sqlite3.Connection
) -> Session:
    """Return a session with its summary, which is made now for one that runs."""
    told, summed, changes = row[:_SESSION_LENGTH], row[_SESSION_LENGTH:-1], row[-1]
    station, transaction = read_session(told)
    if summed[0] is None:
        summary = _summary(transaction, currency, database)
    else:
        summary = read_summary(summed)
    session = session_of(station, transaction, summary)
    return apply(session, json.loads(changes)) if changes else session


def _summary(
    transaction: Transaction, currency: str | None, database: sqlite3.Connection
) -> Summary:
    summary = summarise(transaction, _samples(transaction.record, database))
    quarters = (at for at, _ in summary.quarters)
    return settled(summary, known_conditions(database, quarters), currency)


def _samples(record: int, database: sqlite3.Connection) -> list[SessionSample]:
    return [read_sample(row) for row in _rows(SELECT_SAMPLES, (record,), database)]


def _rows(
    query: str, values: tuple[object, ...], database: sqlite3.Connection
) -> list[Row]:
    return database.execute(query, values).fetchall()


def _prune(
    samples: datetime | None, sessions: datetime | None, database: sqlite3.Connection
) -> None:
    if samples is not None:
        database.execute(OUTLIVE_OLD_SAMPLES, (micros(samples),))
        database.execute(DELETE_OLD_SAMPLES)
        database.execute(DELETE_OLD_CONDITIONS, (micros(samples),))
    if sessions is not None:
        database.execute(REMEMBER_OLD_SESSIONS, (micros(sessions),))
        database.execute(DELETE_OLD_SESSIONS, (micros(sessions),))


def _query[R](path: Path, work: Callable[[sqlite3.Connection], R]) -> R:
    """Return what comes of reading a file. Raises JournalError."""
    try:
        connection = open_for_reading(path)
        try:
            return work(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise as_journal_error(error) from error
    except OverflowError as error:
        raise JournalError(JournalProblem.FAILING, str(error)) from error
