"""Transactions of one station: what they do to its EVSEs."""

from dataclasses import replace
from datetime import datetime
import logging
from typing import TYPE_CHECKING

from .allowance import Allowances
from .changes import EvseKey, StationKey
from .closing import Closing
from .control import own_token, stop_unwanted
from .evse import Evse
from .framing import ErrorCode, RpcError
from .model.events import TransactionReported
from .model.evse import EvseStatus
from .model.id_token import IdTokenInfo
from .model.replies import Deferred, TransactionReply
from .model.transaction import Transaction, TransactionPhase
from .recorder import Recorder
from .sampling import Sampling
from .session_news import tell_ended, tell_started
from .session_tokens import SessionTokens
from .transactions import LOST

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)


class Sessions:
    """Applies what a station tells of its transactions."""

    __slots__ = (
        "_allowances",
        "_recorder",
        "_station",
        "closing",
        "sampling",
        "tokens",
    )

    def __init__(self, station: Station, recorder: Recorder) -> None:
        """Serve a station."""
        self._station = station
        self._recorder = recorder
        self._allowances = Allowances(station)
        self.tokens = SessionTokens(station, recorder, self._allowances)
        self.sampling = Sampling(station, recorder, self._allowances)
        self.closing = Closing(station, self.end_lost)

    def reported(
        self, event: TransactionReported, now: datetime
    ) -> TransactionReply | Deferred:
        """Apply a transaction event of any version and reply to it."""
        if not event.offline:
            self._station.hear_clock(event.at, now)
        info = self.tokens.judge(event, now)
        started = event.phase is TransactionPhase.STARTED
        transaction = (
            self._started(event, info, now) if started else self._continued(event, now)
        )
        if transaction is None:
            return TransactionReply(event.transaction_id or "0", info)
        if transaction.clock_offset_s is None:
            transaction.clock_offset_s = self._station.clock_offset.seconds
        return self.tokens.reply(event, transaction, info)

    def stop(self) -> None:
        """Watch nothing any more, and wait for nobody."""
        self._allowances.stop()
        self.tokens.stop()

    def end_lost(self, evse: Evse, at: datetime) -> None:
        """End a transaction whose own end was not heard."""
        if evse.transaction is not None:
            transaction = evse.transaction
            self._station.transactions.close(evse, transaction, at, LOST)
            self._after_end(evse, transaction, at)

    def _started(
        self, event: TransactionReported, info: IdTokenInfo | None, now: datetime
    ) -> Transaction:
        station = self._station
        known = station.transactions.known_start(event)
        if known is not None:
            evse = station.known_evse(
                known.evse_id or event.evse_id or self._only_evse()
            )
            station.transactions.begin_earlier(known, event, evse)
            if not known.active:
                evse.note_last(known)
            station.mark(EvseKey.SESSION, evse.id)
            return known
        if event.evse_id is None:
            event = replace(event, evse_id=self._only_evse())
        evse = self._station.known_evse(event.evse_id or 0)
        before = evse.status
        self.sampling.take_start(evse, event, now)
        if not station.transactions.is_late(event, evse):
            self.end_lost(evse, event.at or now)
        transaction = station.transactions.start(event, evse, now)
        unwanted = evse.unwanted_start is not None
        evse.forget_timers()
        station.transactions.update(transaction, event, evse)
        self.sampling.take(evse, event.samples, now, transaction)
        station.mark(EvseKey.SESSION, evse.id)
        self.status_changed(evse, before, now)
        self.tokens.tell_new(evse, event, info)
        tell_started(station, transaction, info)
        if evse.wish.effective_a != evse.applied_a:
            station.onboarding.repeat_wishes()
        if unwanted and transaction.id_token == own_token(station).value:
            why = "began by a start that was taken back"
            station.in_background(stop_unwanted(station, evse, why))
        return transaction

    def _only_evse(self) -> int:
        """Return the EVSE of a station that has just one; else a message must name it."""
        evses = self._station.evses
        if len(evses) > 1:
            raise RpcError(ErrorCode.OCCURRENCE, "the transaction names no EVSE")
        return next(iter(evses), 1)

    def _sole_evse(self) -> int:
        """Return the EVSE of a station that has just one, 0 for others."""
        evses = self._station.evses
        return next(iter(evses)) if len(evses) == 1 else 0

    def _continued(
        self, event: TransactionReported, now: datetime
    ) -> Transaction | None:
        """Take an update or the end of a transaction, of which the start may be unheard."""
        station = self._station
        known = station.transactions.of(event, station.evses.values())
        if known is None and event.phase is TransactionPhase.ENDED:
            return self._end_unheard(event, now)
        transaction = known or self._take_up(event, now)
        if transaction is None:
            return None
        transaction.evse_id = transaction.evse_id or event.evse_id or 0
        if not transaction.evse_id:
            # Only its end was heard, and nobody has said where it was.
            return transaction
        evse = station.known_evse(transaction.evse_id)
        before = evse.status
        if event.phase is TransactionPhase.UPDATED and station.transactions.reopen(
            transaction, evse
        ):
            station.mark(EvseKey.SESSION, evse.id)
        if event.phase is TransactionPhase.UPDATED:
            station.transactions.hear_life(transaction, event, evse)
        station.transactions.update(transaction, event, evse)
        if known is None:
            tell_started(station, transaction)
        if evse.transaction is transaction:
            self.sampling.take(evse, event.samples, now, transaction)
        else:
            self.sampling.take_late(evse, event.samples, now, transaction)
        if known is None and not transaction.active:
            tell_ended(station, transaction)
        if event.phase is TransactionPhase.ENDED:
            self._ended(evse, transaction, event, now)
        self.status_changed(evse, before, now)
        return transaction

    def _end_unheard(self, event: TransactionReported, now: datetime) -> Transaction:
        """Keep the end of a transaction whose start was not heard."""
        station = self._station
        evse_id = event.evse_id or self._sole_evse()
        transaction = station.transactions.end_unheard(event, evse_id, now)
        _LOGGER.info(
            "%s: end of an unknown transaction %s", station.identity, transaction.id
        )
        if evse_id:
            station.known_evse(evse_id).note_last(transaction)
            station.mark(EvseKey.SESSION, evse_id)
        tell_ended(station, transaction)
        return transaction

    def _take_up(self, event: TransactionReported, now: datetime) -> Transaction | None:
        """Return a transaction that an update shows to run, though its start was not heard."""
        station = self._station
        id_, evse_id = event.transaction_id or "", event.evse_id or self._sole_evse()
        if not evse_id:
            _LOGGER.info(
                "%s: update of an unknown transaction %s", station.identity, id_
            )
            return None
        evse = station.known_evse(evse_id)
        if station.transactions.is_late(event, evse):
            return station.transactions.resume_late(evse, id_, event.at or now)
        self.end_lost(evse, event.at or now)
        station.mark(EvseKey.SESSION, evse.id)
        return station.transactions.resume(evse, id_, event.at or now)

    def _ended(
        self,
        evse: Evse,
        transaction: Transaction,
        event: TransactionReported,
        now: datetime,
    ) -> None:
        if not transaction.active and transaction.stop_reason != LOST:
            return
        running = evse.transaction is transaction
        if event.meter_wh is not None and running:
            at, began = event.at or now, transaction.started_at
            self.sampling.take_end(evse, event.meter_wh, at, began)
        corrected = not transaction.active
        self._station.transactions.end(transaction, event, evse, now)
        if corrected:
            self._station.mark(EvseKey.SESSION, evse.id)
        else:
            self._after_end(evse, transaction, now)

    def _after_end(self, evse: Evse, transaction: Transaction, now: datetime) -> None:
        station = self._station
        self._recorder.keep(transaction)
        if evse.transaction is None:
            self.sampling.flow_ended(evse, now)
            if evse.applied_to_transaction:
                evse.applied_a, evse.applied_to_transaction = None, False
                station.mark(EvseKey.LIMIT, evse.id)
        station.mark(EvseKey.SESSION, evse.id)
        tell_ended(station, transaction)

    def status_changed(
        self, evse: Evse, before: EvseStatus | None, now: datetime
    ) -> None:
        """Tell of a changed status of an EVSE, and of what no longer flows by it."""
        status = evse.status
        self._station.autostart.look_at(evse)
        self._allowances.look_at(evse)
        if status is before:
            return
        self._station.mark(EvseKey.STATUS, evse.id)
        if EvseStatus.UNAVAILABLE in (before, status):
            self._station.mark(StationKey.STATUS)
        if evse.wish.available and status is not EvseStatus.UNAVAILABLE:
            evse.wish.available = None
        if self._station.state.wish_available and not self._station.out_of_use:
            self._station.state.wish_available = None
        if status is not None and status is not EvseStatus.CHARGING:
            self._station.mark_channels(evse.id, evse.meter.stop_flow(now))
