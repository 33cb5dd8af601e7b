"""What is done with a station after it has come: few steps, paced, each visible.

Every step reads before it writes, writes only what differs, and is tolerated to fail: the
others go on. A step in which the connection broke twice is left out for an hour.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from typing import TYPE_CHECKING

from .changes import StationKey
from .configuration import read_configuration, set_intervals, set_measurands
from .errors import (
    CallError,
    CommandNotSupportedError,
    CommandRejectedError,
    CsmsError,
    Skipped,
)
from .meter import FLOWS
from .model.commands import GetTransactionStatus, Trigger, TriggerMessage
from .token_list import update_tokens
from .wishes import apply_wishes

if TYPE_CHECKING:
    from .station import Station, StationConfig

_LOGGER = logging.getLogger(__name__)

BOOT_WAIT_S = 10.0
"""How long a station that connects may take to send its BootNotification."""
RETRY_S = 60.0
"""How soon a step is done again that was not answered; doubled each time."""
MAX_RETRY_S = 900.0
MAX_RETRIES = 8
_MAX_BREAKS = 2
_BREAK_MEMORY = timedelta(hours=1)


class Step(StrEnum):
    """The steps, in their order."""

    IDENTIFY = "identify"
    CONFIGURATION = "configuration"
    MEASURANDS = "measurands"
    INTERVALS = "intervals"
    ID_TOKENS = "id_tokens"
    STATUS = "status"
    TRANSACTIONS = "transactions"
    WISHES = "wishes"
    METER = "meter"


class StepState(StrEnum):
    """How a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(slots=True)
class StepRecord:
    """What became of a step, in words for diagnostics."""

    state: StepState = StepState.WAITING
    detail: str = ""
    at: datetime | None = None


class Onboarding:
    """Runs the steps of one station, once per boot."""

    def __init__(self, station: Station) -> None:
        """Prepare for a station."""
        self._station = station
        self.records: dict[Step, StepRecord] = {}
        self.asked_for_boot = False
        self._task: asyncio.Task[None] | None = None
        self._done_once = False
        self._breaks: dict[Step, list[datetime]] = {}
        self._running: Step | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._retries = 0
        self._failed: dict[Step, None] = {}
        self._again: set[Step] = set()
        self._draining = False
        self._start_wanted = False

    @property
    def finished(self) -> bool:
        """Whether the steps have run since the station came."""
        return self._done_once and self._task is None

    @property
    def problems(self) -> dict[Step, str]:
        """Steps that failed, with their reasons."""
        return {
            step: record.detail
            for step, record in self.records.items()
            if record.state is StepState.FAILED
        }

    @property
    def given_up(self) -> bool:
        """Whether steps have failed that are not tried again until the next boot."""
        tried = self._retries >= MAX_RETRIES and self._retry is None
        return bool(self.problems) and tried

    def start(self, *, after_boot: bool) -> None:
        """Begin the steps; a boot begins them anew, a mere reconnection only if need be."""
        if not self._station.accepted:
            return
        if after_boot:
            self.stop()
            self._again.clear()
            self._retries = 0
        elif self._task is not None:
            self._start_wanted = self._draining
            return
        self._draining = self._start_wanted = False
        self._task = asyncio.create_task(self._run(after_boot=after_boot))

    def stop(self, *, broken: bool = False) -> None:
        """End what is running; `broken` says that the connection broke in it."""
        self.asked_for_boot = False
        self._forget_retry()
        if self._task is None:
            return
        if self._running is not None and broken:
            self._breaks.setdefault(self._running, []).append(self._station.clock())
            self._record(self._running, StepState.FAILED, "the connection broke")
        self._running = None
        self._task.cancel()
        self._task = None

    def retry(self, step: Step) -> None:
        """Run a step again later that the station did not answer; ever less often."""
        self._failed[step] = None
        if self._retry is not None or self._retries >= MAX_RETRIES:
            return
        delay = min(RETRY_S * 2**self._retries, MAX_RETRY_S)
        self._retries += 1
        loop = asyncio.get_running_loop()
        self._retry = loop.call_later(delay, self._retry_now)

    def repeat_settings(self, before: StationConfig) -> None:
        """Do again soon, or once the station is back, what has been chosen anew."""
        config = self._station.config
        left_out = frozenset(Step) if before.observe_only else before.skip_steps
        for step in Step:
            if step in left_out and not self._left_out_by_choice(step):
                self.repeat(step)
        if Step.CONFIGURATION in self._again:
            self.repeat(Step.MEASURANDS)
            self.repeat(Step.INTERVALS)
        if config.measurands != before.measurands:
            self.repeat(Step.MEASURANDS)
        intervals = (config.sample_interval_s, config.aligned_interval_s)
        if intervals != (before.sample_interval_s, before.aligned_interval_s):
            self.repeat(Step.INTERVALS)
        if (config.start, config.local_list) != (before.start, before.local_list):
            self.repeat(Step.ID_TOKENS)

    def repeat_wishes(self) -> None:
        """Apply wishes again soon."""
        self.repeat(Step.WISHES)

    def retry_wishes(self) -> None:
        """Apply wishes again later that the station did not answer."""
        self.retry(Step.WISHES)

    def _retry_now(self) -> None:
        self._retry = None
        failed, self._failed = self._failed, {}
        for step in failed:
            self.repeat(step)

    def _forget_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def repeat(self, step: Step) -> None:
        """Run one step again soon: after what runs just now, or once the station is back."""
        self._again.add(step)
        if self._task is None and self._station.accepted and self._station.connected:
            self._draining = True
            self._task = asyncio.create_task(self._run_again())

    async def _run_again(self) -> None:
        await self._drain()
        self._task = None
        if self._start_wanted:
            self.start(after_boot=False)

    async def _drain(self) -> None:
        """Run the steps that are wanted again, in their order."""
        while self._again:
            step = next(step for step in Step if step in self._again)
            await self._run_step(step)

    async def _run(self, *, after_boot: bool) -> None:
        """Run what is due. The whole once per boot; after a reconnection the state only."""
        station = self._station
        settle = station.quirks.boot_settle_s
        if not after_boot:
            await asyncio.sleep(BOOT_WAIT_S if station.state.info is None else settle)
        else:
            await asyncio.sleep(settle)
        reconnected = self._done_once and not after_boot
        failed = {s for s, r in self.records.items() if r.state is StepState.FAILED}
        for step in Step:
            if not reconnected or step in _STEPS_AFTER_RECONNECT or step in failed:
                await self._run_step(step)
        await self._drain()
        self._done_once = True
        self._task = None
        station.mark(StationKey.ONBOARDING)
        station.flush()

    async def _run_step(self, step: Step) -> None:
        self._again.discard(step)
        skipped = self._reason_to_skip(step)
        if skipped:
            self._record(step, StepState.SKIPPED, skipped)
            return
        self._running = step
        self._record(step, StepState.RUNNING)
        try:
            detail = await _ACTIONS[step](self._station)
        except Skipped as skip:
            self._record(step, StepState.SKIPPED, str(skip))
        except (CommandNotSupportedError, CommandRejectedError, CallError) as error:
            self._record(step, StepState.REFUSED, str(error))
        except CsmsError as error:
            self._record(step, StepState.FAILED, str(error) or type(error).__name__)
            self.retry(step)
        except Exception as error:
            # A step that fails in an unforeseen way must not keep the others back.
            _LOGGER.exception("%s: step %s failed", self._station.identity, step)
            self._record(step, StepState.FAILED, repr(error))
        else:
            self._record(step, StepState.DONE, detail)
            self._failed.pop(step, None)
            if not self._failed:
                self._retries = 0
        self._running = None

    def _left_out_by_choice(self, step: Step) -> str:
        """Return why the user wants a step to be left out, nothing if not."""
        config = self._station.config
        if config.observe_only and step is not Step.WISHES:
            return "observe only"
        return "switched off" if step in config.skip_steps else ""

    def _reason_to_skip(self, step: Step) -> str:
        station = self._station
        if chosen := self._left_out_by_choice(step):
            return chosen
        if step in station.quirks.skip_steps:
            return "not good for this model"
        since = station.clock() - _BREAK_MEMORY
        if sum(at > since for at in self._breaks.get(step, ())) >= _MAX_BREAKS:
            return "the connection broke in it before"
        return ""

    def _record(self, step: Step, state: StepState, detail: str = "") -> None:
        station = self._station
        self.records[step] = StepRecord(state, detail, station.clock())
        if state in (StepState.FAILED, StepState.REFUSED):
            _LOGGER.info("%s: step %s %s: %s", station.identity, step, state, detail)
        station.mark(StationKey.ONBOARDING)
        station.flush()


async def _identify(station: Station) -> str:
    """Ask a station that never said what it is for its BootNotification."""
    if station.state.info is not None:
        raise Skipped("known")
    await station.execute(TriggerMessage(Trigger.BOOT_NOTIFICATION))
    return "asked for a BootNotification"


async def _refresh_status(station: Station) -> str:
    """Ask for the status of EVSEs of which nothing was heard; most stations tell by themselves."""
    unknown = [evse.id for evse in station.evses.values() if evse.status is None]
    if station.evses and not unknown:
        raise Skipped("known")
    for evse_id in unknown:
        connector = station.evses[evse_id].connector_id
        await station.execute(
            TriggerMessage(Trigger.STATUS_NOTIFICATION, evse_id, connector)
        )
    if not unknown:
        await station.execute(TriggerMessage(Trigger.STATUS_NOTIFICATION))
    return "asked"


async def _check_transactions(station: Station) -> str:
    """Ask whether transactions still run that ran when the station was last heard."""
    running = [evse for evse in station.evses.values() if evse.transaction is not None]
    if not running:
        raise Skipped("none runs")
    if not station.dialect.supports(GetTransactionStatus):
        raise Skipped("this version can't be asked")
    for evse in running:
        transaction = evse.transaction
        if transaction is None:
            continue
        ongoing = await station.execute(GetTransactionStatus(transaction.id))
        if ongoing is False:
            station.end_lost(evse)
    return f"{len(running)} checked"


async def _refresh_meter(station: Station) -> str:
    """Ask once for meter values where none are known, so that the first ones are not awaited.

    What counts is power or current: a register comes with the start of a transaction.
    """
    unknown = [
        evse
        for evse in station.evses.values()
        if not any(channel.measurand in FLOWS for channel in evse.meter.readings)
    ]
    if not unknown:
        raise Skipped("known")
    for evse in unknown:
        await station.execute(TriggerMessage(Trigger.METER_VALUES, evse.id))
    return "asked"


_ACTIONS: dict[Step, Callable[[Station], Awaitable[str]]] = {
    Step.IDENTIFY: _identify,
    Step.CONFIGURATION: read_configuration,
    Step.MEASURANDS: set_measurands,
    Step.INTERVALS: set_intervals,
    Step.ID_TOKENS: update_tokens,
    Step.STATUS: _refresh_status,
    Step.TRANSACTIONS: _check_transactions,
    Step.WISHES: apply_wishes,
    Step.METER: _refresh_meter,
}
_STEPS_AFTER_RECONNECT = (
    Step.ID_TOKENS,
    Step.STATUS,
    Step.TRANSACTIONS,
    Step.WISHES,
    Step.METER,
)
