"""Transactions and meter values of one station: what they do to its EVSEs."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from .admission import DECIDED
from .allowance import Allowances
from .authorization import StartPolicy
from .changes import EvseKey, StationKey
from .control import own_token, stop_unwanted
from .errors import CsmsError
from .evse import Evse
from .framing import ErrorCode, RpcError
from .limits import count_lines
from .meter import totals_of
from .model.commands import GetTransactionStatus
from .model.events import MeterSampled, TokenPresented, TransactionReported
from .model.evse import ChargingState, EvseStatus
from .model.id_token import (
    IdToken,
    IdTokenInfo,
    IdTokenStatus,
    is_same_token,
    token_key,
)
from .model.meter import REGISTER, Samples
from .model.replies import (
    ACKNOWLEDGED,
    Acknowledged,
    Deferred,
    TokenReply,
    TransactionReply,
)
from .model.transaction import Transaction, TransactionPhase
from .occurrences import Occurrence, OccurrenceKind
from .recorder import Recorder
from .transactions import LOST, NO_TRANSACTION, take_signed

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

GRACE_S = 10.0
"""How long the end of a transaction may take to follow the status that shows it."""
_FLOWING = (EvseStatus.CHARGING, EvseStatus.SUSPENDED_EV, EvseStatus.SUSPENDED_EVSE)


class Sessions:
    """Applies what a station tells of its transactions and meters."""

    __slots__ = ("_allowances", "_asking", "_presented", "_recorder", "_station")

    def __init__(self, station: Station, recorder: Recorder) -> None:
        """Serve a station."""
        self._station = station
        self._recorder = recorder
        self._allowances = Allowances(station)
        self._asking: set[asyncio.Task[TransactionReply]] = set()
        self._presented: str | None = None
        """The token that was asked about last, until a transaction begins."""

    def token_presented(
        self, event: TokenPresented, now: datetime
    ) -> TokenReply | Deferred:
        """Reply whether a token may charge, at once or when somebody has decided."""
        station, token = self._station, event.id_token
        info = station.admission.judge(token, now)
        if info is None and station.admission.charges(token):
            info = IdTokenInfo()
        self._presented = token.value
        evses = station.evses
        only = next(iter(evses)) if len(evses) == 1 else 0
        self._tell_token(only, token, info)
        if info is None:
            return Deferred(self._token_decided(station.admission.ask(token, only)))
        return TokenReply(info)

    @staticmethod
    async def _token_decided(decision: Awaitable[IdTokenInfo]) -> TokenReply:
        return TokenReply(await decision)

    def reported(
        self, event: TransactionReported, now: datetime
    ) -> TransactionReply | Deferred:
        """Apply a transaction event of any version and reply to it."""
        token = event.id_token
        info = self._judged(event, token, now) if token else None
        if not event.offline:
            self._station.hear_clock(event.at, now)
        started = event.phase is TransactionPhase.STARTED
        transaction = (
            self._started(event, info, now) if started else self._continued(event, now)
        )
        if transaction is None:
            return TransactionReply(event.transaction_id or "0", info)
        if transaction.clock_offset_s is None:
            transaction.clock_offset_s = self._station.clock_offset.seconds
        if token is not None and info is None:
            return Deferred(asyncio.shield(self._ask(event, token, transaction)))
        return self._admitted(event, transaction, info)

    def _judged(
        self, event: TransactionReported, token: IdToken, now: datetime
    ) -> IdTokenInfo | None:
        """Return what is said of the token of an event; None where somebody has to be asked.

        What was decided at the begin of a transaction holds for all of it, and nobody is
        asked about what is over, or began long ago.
        """
        station, at = self._station, self._happened(event, now)
        info = station.admission.judge(token, now, at)
        if info is not None:
            return info
        began = event.phase is TransactionPhase.STARTED
        known = station.transactions.known_start(event) if began else self._find(event)
        if known is not None and known.lets(token.value):
            return IdTokenInfo()
        if event.phase is TransactionPhase.ENDED or now - at > DECIDED:
            return station.admission.judge_past(token, at)
        return None

    def _happened(self, event: TransactionReported, now: datetime) -> datetime:
        """Return when what an event tells happened, by the right clock; never in the future."""
        ahead = timedelta(seconds=self._station.clock_offset.seconds or 0.0)
        return now if event.at is None else min(event.at - ahead, now)

    def _ask(
        self, event: TransactionReported, token: IdToken, transaction: Transaction
    ) -> asyncio.Task[TransactionReply]:
        """Ask about a token; the answer counts, whatever becomes of the connection meanwhile."""
        if is_same_token(transaction.id_token, token.value):
            transaction.undecided = True
        decision = self._station.admission.ask(token, transaction.evse_id)
        self._recorder.keep(transaction)
        asking = asyncio.create_task(self._decided(event, transaction, decision))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        return asking

    async def _decided(
        self,
        event: TransactionReported,
        transaction: Transaction,
        decision: Awaitable[IdTokenInfo],
    ) -> TransactionReply:
        reply = self._admitted(event, transaction, await decision)
        self._station.flush()
        return reply

    def _admitted(
        self,
        event: TransactionReported,
        transaction: Transaction,
        info: IdTokenInfo | None,
    ) -> TransactionReply:
        """Note who charges, follow up a refusal, and reply."""
        station, token = self._station, event.id_token
        evse = station.evses.get(transaction.evse_id)
        runs = evse is not None and evse.transaction is transaction
        if token is not None and evse is not None and runs and _is_good(info):
            if station.admission.in_use(token, evse):
                info = IdTokenInfo(IdTokenStatus.CONCURRENT_TX)
        key = None if token is None else token_key(token.value)
        of_token = key == token_key(transaction.id_token or "")
        # What is said of a card at the end takes nothing back of what was let begin.
        judged = of_token and transaction.ended_at is None
        if of_token:
            transaction.undecided = False
        station.admission.note(transaction, info if judged else None)
        if evse is not None and runs:
            if transaction.refused or self._lacks_token(transaction):
                transaction.refused = True
                station.admission.follow_up(evse, transaction)
            self._allowances.look_at(evse)
        self._recorder.keep(transaction)
        goes_on = transaction.active and _is_good(info)
        limit = self._allowances.limit(transaction) if goes_on else None
        return TransactionReply(transaction.id, info, limit)

    def _lacks_token(self, transaction: Transaction) -> bool:
        """Return whether energy flows without a token where one is needed."""
        return (
            self._station.config.start is not StartPolicy.FREE
            and not transaction.id_token
            and not transaction.resumed
            and transaction.charging_state is ChargingState.CHARGING
        )

    def stop(self) -> None:
        """Watch nothing any more, and wait for nobody."""
        self._allowances.stop()
        for asking in self._asking:
            asking.cancel()

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
        self._take_meter_start(evse, event, now)
        if not station.transactions.is_late(event, evse):
            self.end_lost(evse, event.at or now)
        transaction = station.transactions.start(event, evse, now)
        unwanted = evse.unwanted_start is not None
        evse.forget_timers()
        station.transactions.update(transaction, event, evse)
        self._take_samples(evse, event.samples, now, transaction)
        station.mark(EvseKey.SESSION, evse.id)
        self.status_changed(evse, before, now)
        self._tell_new_token(evse, event, info)
        self._tell_started(transaction, info)
        if evse.wish.effective_a != evse.applied_a:
            station.onboarding.repeat_wishes()
        if unwanted and transaction.id_token == own_token(station).value:
            why = "began by a start that was taken back"
            station.in_background(stop_unwanted(station, evse, why))
        return transaction

    def _tell_new_token(
        self, evse: Evse, event: TransactionReported, info: IdTokenInfo | None
    ) -> None:
        """Tell of a token that was not asked about before its transaction began."""
        token = event.id_token
        before, self._presented = self._presented, None
        own = own_token(self._station).value
        if token and token.value and token.value not in (own, before):
            self._tell_token(evse.id, token, info)

    def _tell_token(
        self, evse_id: int, token: IdToken, info: IdTokenInfo | None
    ) -> None:
        """Tell of a token, which may still wait for a decision."""
        data = {
            "id_token": token.value,
            "status": info.status.value if info else None,
            "evse_id": evse_id or None,
            **self._station.admission.known(token),
        }
        kind = OccurrenceKind.ID_TOKEN_PRESENTED
        self._station.tell(Occurrence(kind, evse_id, data))

    def _tell_started(
        self, transaction: Transaction, info: IdTokenInfo | None = None
    ) -> None:
        """Tell of a new transaction, or of one that is heard of for the first time."""
        holder = self._station.admission.holder(transaction.id_token)
        data = {
            "transaction_id": transaction.id,
            "id_token": transaction.id_token,
            "holder": holder.name if holder else None,
            "id_token_status": info.status.value if info else None,
            "meter_start_wh": transaction.meter_start_wh,
            "started_at": transaction.started_at.isoformat(),
            "resumed": transaction.resumed,
        }
        kind = OccurrenceKind.TRANSACTION_STARTED
        self._station.tell(Occurrence(kind, transaction.evse_id, data))

    def _take_meter_start(
        self, evse: Evse, event: TransactionReported, now: datetime
    ) -> None:
        """Count the register at a start as a reading, unless it starts anew with each session."""
        if event.meter_wh is not None and not evse.meter.register.session_relative:
            lifetime = evse.meter.register.lifetime_wh
            if lifetime is None or event.meter_wh >= lifetime:
                keys = evse.meter.take_register(event.meter_wh, event.at or now, None)
                self._mark_channels(evse, keys)

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
        known = self._find(event)
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
            station.transactions.hear_earlier(transaction, event, evse)
        station.transactions.update(transaction, event, evse)
        if known is None:
            self._tell_started(transaction)
        if evse.transaction is transaction:
            self._take_samples(evse, event.samples, now, transaction)
        else:
            self._take_late(evse, event.samples, now, transaction)
        if event.phase is TransactionPhase.ENDED:
            self._ended(evse, transaction, event, now)
        self.status_changed(evse, before, now)
        return transaction

    def _find(self, event: TransactionReported) -> Transaction | None:
        """Return the transaction that a message belongs to.

        An end without a usable id is that of the one transaction that runs, if that has
        never been called by its id: its start was not answered, or the answer not heeded.
        """
        station = self._station
        id_ = event.transaction_id or ""
        if id_ not in NO_TRANSACTION:
            return station.transactions.find(id_)
        running = [
            evse.transaction for evse in station.evses.values() if evse.transaction
        ]
        if event.phase is TransactionPhase.ENDED and len(running) == 1:
            (only,) = running
            if not only.id_confirmed and _can_end(only, event):
                return only
        return station.transactions.known_end(event)

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
        self._tell_ended(transaction)
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
            return None
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
            keys = evse.meter.take_register(
                event.meter_wh, event.at or now, transaction.started_at
            )
            self._mark_channels(evse, keys)
            evse.count_energy(event.at or now)
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
            self._mark_channels(evse, evse.meter.stop_flow(now))
            self._mark_channels(evse, evse.meter.show_registers())
            if evse.applied_to_transaction:
                evse.applied_a, evse.applied_to_transaction = None, False
                station.mark(EvseKey.LIMIT, evse.id)
        station.mark(EvseKey.SESSION, evse.id)
        self._tell_ended(transaction)

    def _tell_ended(self, transaction: Transaction) -> None:
        data = {
            "transaction_id": transaction.id,
            "id_token": transaction.id_token,
            "holder": transaction.holder,
            "energy_wh": transaction.energy_wh,
            "started_at": transaction.started_at.isoformat(),
            "ended_at": transaction.ended_at.isoformat()
            if transaction.ended_at
            else None,
            "reason": transaction.stop_reason,
        }
        kind = OccurrenceKind.TRANSACTION_ENDED
        self._station.tell(Occurrence(kind, transaction.evse_id, data))

    def _take_samples(
        self,
        evse: Evse,
        samples: tuple[Samples, ...],
        now: datetime,
        transaction: Transaction | None,
    ) -> None:
        if not samples:
            return
        station = self._station
        start = transaction.started_at if transaction else None
        changed = evse.meter.take(samples, now, station.quirks, start)
        self._mark_channels(evse, changed)
        if self._are_closing(evse, samples):
            self._mark_channels(evse, evse.meter.stop_flow(now))
        if transaction is not None:
            take_signed(transaction, samples)
            if evse.count_energy(samples[-1].at or now):
                station.mark(EvseKey.SESSION_ENERGY, evse.id)
                self._allowances.look_at(evse)
            self._recorder.take(evse, transaction, samples, now)
        station.hear_clock(samples[-1].at, now, measured=True)
        if evse.applied_lines not in (None, count_lines(evse)):
            evse.applied_a = evse.applied_lines = None
            station.onboarding.repeat_wishes()

    def _take_late(
        self,
        evse: Evse,
        samples: tuple[Samples, ...],
        now: datetime,
        transaction: Transaction,
    ) -> None:
        """Take values of a transaction that does not run any more."""
        for moment in samples:
            value = totals_of(moment, self._station.quirks).get(REGISTER)
            if value is not None:
                at = moment.at or now
                self._station.transactions.count_late(transaction, value, at)
        take_signed(transaction, samples)
        self._recorder.take(evse, transaction, samples, now)

    @staticmethod
    def _are_closing(evse: Evse, samples: tuple[Samples, ...]) -> bool:
        """Return whether values belong to a transaction that is over: nothing flows any more."""
        last, at = evse.last_transaction, samples[-1].at
        return (
            evse.transaction is None
            and last is not None
            and last.ended_at is not None
            and at is not None
            and at <= last.ended_at
        )

    def _mark_channels(self, evse: Evse, keys: list[Any]) -> None:
        if keys:
            self._station.mark_channels(evse.id, keys)

    def sampled(self, event: MeterSampled, now: datetime) -> Acknowledged:
        """Apply meter values and reply to them."""
        if event.evse_id == 0:
            return ACKNOWLEDGED
        evse = self._station.known_evse(event.evse_id)
        transaction = evse.transaction
        id_ = event.transaction_id
        if (
            id_ is not None
            and id_ not in NO_TRANSACTION
            and (transaction is None or transaction.id != id_)
        ):
            transaction = self._adopt(evse, id_, event, now)
            past = None if transaction else self._station.transactions.find(id_)
            if past is not None:
                self._take_late(evse, event.samples, now, past)
                self._recorder.keep(past, urgent=False)
        elif transaction is not None and id_ == transaction.id:
            transaction.id_confirmed = True
        self._take_samples(evse, event.samples, now, transaction)
        return ACKNOWLEDGED

    def _adopt(
        self, evse: Evse, id_: str, event: MeterSampled, now: datetime
    ) -> Transaction | None:
        """Return the transaction that values of another id than the running one's belong to."""
        station = self._station
        before, known = evse.transaction, station.transactions.find(id_)
        at = next((s.at for s in event.samples if s.at), None) or now
        charging = evse.status in _FLOWING
        adopted = station.transactions.adopt(evse, id_, at, charging=charging)
        if adopted is not None:
            self._recorder.keep(adopted, urgent=False)
        if adopted is not None and before is None:
            station.mark(EvseKey.SESSION, evse.id)
            if known is None:
                self._tell_started(adopted)
        return adopted

    def close_stale(self, evse: Evse, at: datetime) -> None:
        """End a transaction that an available connector shows to be over.

        Not at once: its own end often comes a little later, with the right energy. A
        station of 2.x is asked then.
        """
        transaction = evse.transaction
        if transaction is None or at < transaction.started_at:
            return
        if evse.closing is not None:
            evse.closing.cancel()
        loop = asyncio.get_running_loop()
        evse.closing = loop.call_later(
            GRACE_S, self._close_after_grace, evse, transaction, at
        )

    def _close_after_grace(
        self, evse: Evse, transaction: Transaction, at: datetime
    ) -> None:
        evse.closing = None
        station = self._station
        if evse.transaction is not transaction:
            return
        if not evse.charging or station.reports_charging_state:
            station.in_background(self._ask_and_close(evse, transaction, at))

    async def _ask_and_close(
        self, evse: Evse, transaction: Transaction, at: datetime
    ) -> None:
        """End a transaction unless the station says that it goes on."""
        station = self._station
        if station.reports_charging_state and not station.config.observe_only:
            try:
                if await station.execute(GetTransactionStatus(transaction.id)):
                    return
            except CsmsError as error:
                _LOGGER.debug("%s does not tell: %s", station.identity, error)
        if evse.transaction is transaction:
            self.end_lost(evse, at)
            station.flush()

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


def _can_end(transaction: Transaction, event: TransactionReported) -> bool:
    """Return whether an end can be that of a transaction, by its time and its register."""
    start_wh, stop_wh = transaction.reported_start_wh, event.meter_wh
    in_time = event.at is None or event.at >= transaction.started_at
    return in_time and (start_wh is None or stop_wh is None or stop_wh >= start_wh)


def _is_good(info: IdTokenInfo | None) -> bool:
    return info is not None and info.status is IdTokenStatus.ACCEPTED
