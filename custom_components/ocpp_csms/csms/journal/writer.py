"""The one thread that writes: what waits at a time is committed together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
import logging
from pathlib import Path
from queue import SimpleQueue
import sqlite3
from threading import Thread
from typing import Any

from ..clock import Clock
from ..errors import CsmsError
from .database import checkpoint_by_itself, open_database, set_aside
from .errors import JournalError, JournalProblem, as_journal_error, is_damage

_LOGGER = logging.getLogger(__name__)

_MOST_AT_ONCE = 500

type Work = Callable[[sqlite3.Connection], Any]
"""Writes within a transaction that is open, or reads; returns what is asked for."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a job."""

    job: _Job
    result: Any = None
    error: Exception | None = None


class Writer:
    """Does work on one file, in order; each future is done once its work is on the disk."""

    def __init__(
        self, path: Path, clock: Clock, on_damage: Callable[[Path], None]
    ) -> None:
        """Prepare for a file; `on_damage` is told, in the loop, what was set aside."""
        self._path = path
        self._clock = clock
        self._on_damage = on_damage
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._database: sqlite3.Connection | None = None
        self._thread = Thread(target=self._run, name=f"journal {path.name}")
        self._ended = False
        self._checkpoints = True

    def start(self) -> None:
        """Start the thread; the file is opened by the first work."""
        self._thread.start()

    async def stop(self) -> None:
        """Finish what waits, close the file and end the thread."""
        self._ended = True
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """Have something done. The future raises JournalError if it could not be."""
        done: asyncio.Future[Any] = self._loop.create_future()
        if self._ended:
            done.set_exception(JournalError(JournalProblem.CLOSED))
        else:
            self._queue.put(_Job(work, done))
        return done

    def hold_checkpoints(self, *, hold: bool) -> asyncio.Future[Any]:
        """Leave the file itself as it is, for a backup, or let it be written again."""
        return self.submit(partial(self._hold, hold=hold))

    def _hold(self, _: sqlite3.Connection, *, hold: bool) -> None:
        self._checkpoints = not hold

    def _run(self) -> None:
        ended = False
        while not ended:
            jobs: list[_Job] = []
            item = self._queue.get()
            while item is not None:
                jobs.append(item)
                if self._queue.empty() or len(jobs) >= _MOST_AT_ONCE:
                    break
                item = self._queue.get()
            ended = item is None
            if jobs:
                self._deliver(self._commit(jobs))
        self._close()

    def _commit(self, jobs: Sequence[_Job]) -> list[_Outcome]:
        """Do several jobs in one commit; if that fails, each in its own."""
        held = self._checkpoints
        try:
            outcomes = self._together(jobs)
        except (sqlite3.Error, CsmsError, OverflowError) as error:
            if len(jobs) > 1:
                return [each for job in jobs for each in self._commit([job])]
            return [_Outcome(jobs[0], error=self._refused(error))]
        if held is not self._checkpoints and self._database is not None:
            checkpoint_by_itself(self._database, enabled=self._checkpoints)
        return outcomes

    def _together(self, jobs: Sequence[_Job]) -> list[_Outcome]:
        try:
            return self._in_one(jobs)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._close()
            self._tell_damage(set_aside(self._path, self._clock()))
        return self._in_one(jobs)

    def _in_one(self, jobs: Sequence[_Job]) -> list[_Outcome]:
        database = self._open()
        database.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [_Outcome(job, job.work(database)) for job in jobs]
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        return outcomes

    def _refused(self, error: Exception) -> CsmsError:
        if isinstance(error, CsmsError):
            return error
        if isinstance(error, sqlite3.Error):
            refused = as_journal_error(error)
            if refused.problem is JournalProblem.READ_ONLY:
                # What was opened while nothing could be written stays so.
                self._close()
            return refused
        return JournalError(JournalProblem.FAILING, str(error))

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            opened = open_database(self._path, self._clock())
            self._database = opened.connection
            if opened.damaged is not None:
                self._tell_damage(opened.damaged)
        return self._database

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            try:
                database.close()
            except sqlite3.Error as error:
                _LOGGER.warning("%s could not be closed: %s", self._path, error)

    def _tell_damage(self, aside: Path) -> None:
        self._in_loop(partial(self._on_damage, aside))

    def _deliver(self, outcomes: list[_Outcome]) -> None:
        self._in_loop(partial(_resolve, outcomes))

    def _in_loop(self, callback: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)


def _resolve(outcomes: list[_Outcome]) -> None:
    """Tell those who still wait what came of their work."""
    for outcome in outcomes:
        done = outcome.job.done
        if done.done():
            continue
        if outcome.error is not None:
            done.set_exception(outcome.error)
        else:
            done.set_result(outcome.result)
