"""What is kept of sessions for good: on disk before a station is told so."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
import json
import logging
from pathlib import Path
import sqlite3

from ..clock import Clock, utc_now
from ..model.transaction import Transaction
from ..signal import Signal
from .corrections import (
    AuditEntry,
    Author,
    Correction,
    apply,
    correct,
    delete,
    read_audit,
)
from .database import open_for_reading
from .errors import JournalError, JournalProblem, as_journal_error
from .records import (
    DELETE_OLD_SAMPLES,
    DELETE_OLD_SESSIONS,
    INSERT_SAMPLE,
    SELECT_AUDIT,
    SELECT_BETWEEN,
    SELECT_RECENT,
    SELECT_SAMPLES,
    UPSERT_SESSION,
    UPSERT_SUMMARY,
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
from .session import Session, SessionSample, session_of, summarise
from .writer import Writer

_LOGGER = logging.getLogger(__name__)

FLUSH_S = 5.0
"""How long what nobody waits for may take to come to the disk."""
_MOST_SAMPLES = 100_000
"""How many samples are kept in memory while they can't be written."""
_REMEMBERED = 64


class Journal:
    """The sessions of all stations of one entry, in one file."""

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        """Prepare for a file, which comes to be when it is first written."""
        self.path = path
        self.damaged: Signal[Journal, Path] = Signal()
        """Tells where a damaged file was set aside to; a new one has been begun."""
        self.problem_changed: Signal[Journal, JournalProblem | None] = Signal()
        self.problem: JournalProblem | None = None
        """What keeps it from being written; None while all is well."""
        self._clock = clock
        self._writer = Writer(path, clock, self._tell_damage)
        self._reader = ThreadPoolExecutor(1, f"reader {path.name}")
        self._sessions: dict[int, Row] = {}
        self._samples: list[Row] = []
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
        self._sessions[transaction.record] = session_row(station, transaction)
        self._flush_soon()

    def add(self, sample: SessionSample) -> None:
        """Keep a sample of a session that was put before; on disk in a few seconds."""
        if len(self._samples) >= _MOST_SAMPLES:
            self._lost_samples += 1
            return
        self._samples.append(sample_row(sample))
        self._flush_soon()

    async def commit(self) -> None:
        """Wait until all that was put is on disk. Raises JournalError; then it is kept here."""
        if self._sessions or self._samples:
            self._last = self._submit()
        if self._last is not None:
            await asyncio.shield(self._last)

    def _submit(self) -> asyncio.Future[None]:
        sessions, self._sessions = self._sessions, {}
        samples, self._samples = self._samples, []
        work = partial(_write, list(sessions.values()), samples)
        done = self._writer.submit(work)
        done.add_done_callback(partial(self._written, sessions, samples))
        return done

    def _written(
        self,
        sessions: dict[int, Row],
        samples: list[Row],
        done: asyncio.Future[None],
    ) -> None:
        """Note whether it worked; what could not be written is tried again soon."""
        error = done.exception()
        self._note(error)
        if error is None:
            return
        self._sessions = sessions | self._sessions
        self._samples = (samples + self._samples)[:_MOST_SAMPLES]
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flushing is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(FLUSH_S, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        if self._sessions or self._samples:
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
        """Return the last sessions of a station, and all that have not ended, oldest first."""
        rows = await self._read(SELECT_RECENT, (station, most))
        return [read_session(row)[1] for row in rows]

    async def sessions(
        self,
        begin: datetime,
        end: datetime,
        *,
        station: str | None = None,
        id_token: str | None = None,
    ) -> list[Session]:
        """Return the sessions that began in a time, oldest first."""
        wanted = (micros(begin), micros(end), station)
        rows = await self._read(SELECT_BETWEEN, wanted)
        found = [await self._session(row) for row in rows]
        return [s for s in found if id_token in (None, s.id_token)]

    async def _session(self, row: Row) -> Session:
        *told, seconds, peak_w, quarters, changes = row
        station, transaction = read_session(tuple(told))
        if seconds is None:
            samples = await self.samples(transaction.record)
            summary = summarise(transaction, samples)
        else:
            summary = read_summary((seconds, peak_w, quarters))
        session = session_of(station, transaction, summary)
        return apply(session, json.loads(changes)) if changes else session

    async def correct(self, record: int, correction: Correction, by: Author) -> None:
        """Change a session that has ended. Raises CorrectionError or JournalError."""
        await self.commit()
        work = partial(correct, record=record, correction=correction, author=by)
        await self._writer.submit(work)

    async def delete(self, record: int, by: Author) -> None:
        """Remove a session that has ended. Raises CorrectionError or JournalError."""
        await self.commit()
        await self._writer.submit(partial(delete, record=record, author=by))

    async def history(self, record: int) -> list[AuditEntry]:
        """Return what users have changed of a session, oldest first."""
        return [read_audit(row) for row in await self._read(SELECT_AUDIT, (record,))]

    async def prune(
        self, *, samples: datetime | None = None, sessions: datetime | None = None
    ) -> None:
        """Forget samples and sessions that are older; what samples said stays with the session.

        Raises JournalError.
        """
        await self._writer.submit(partial(_prune, samples, sessions))

    async def samples(self, record: int) -> list[SessionSample]:
        """Return the samples of a session, oldest first."""
        return [read_sample(row) for row in await self._read(SELECT_SAMPLES, (record,))]

    async def _read(self, query: str, values: Iterable[object]) -> list[Row]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._reader, _query, self.path, query, tuple(values)
        )


def _nothing(_: sqlite3.Connection) -> None:
    """Do nothing, but have the file opened."""


def _write(
    sessions: list[Row], samples: list[Row], database: sqlite3.Connection
) -> None:
    database.executemany(UPSERT_SESSION, sessions)
    database.executemany(INSERT_SAMPLE, samples)
    for row in sessions:
        _, transaction = read_session(row)
        if not transaction.active:
            known = database.execute(SELECT_SAMPLES, (transaction.record,))
            summary = summarise(transaction, [read_sample(each) for each in known])
            values = summary_row(transaction.record, summary)
            database.execute(UPSERT_SUMMARY, values)


def _prune(
    samples: datetime | None, sessions: datetime | None, database: sqlite3.Connection
) -> None:
    if samples is not None:
        database.execute(DELETE_OLD_SAMPLES, (micros(samples),))
    if sessions is not None:
        database.execute(DELETE_OLD_SESSIONS, (micros(sessions),))


def _query(path: Path, query: str, values: tuple[object, ...]) -> list[Row]:
    """Return the rows of a query. Raises JournalError."""
    try:
        connection = open_for_reading(path)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise as_journal_error(error) from error
