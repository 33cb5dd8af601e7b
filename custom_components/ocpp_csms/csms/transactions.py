"""The transactions of one station: started, matched, repeated, resumed and closed.

Stations repeat messages, send them late, in the wrong order, for ids of their own, or
not at all. Nothing here guesses: a message that belongs to no known transaction is
acknowledged and changes none.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
import logging

from .evse import Evse
from .model.events import TransactionReported
from .model.evse import ChargingState
from .model.meter import Context, Samples
from .model.transaction import Transaction, TransactionPhase
from .register import plausible_wh
from .told_register import (
    begin_register,
    marked_register,
    start_register,
    stop_register,
)

_LOGGER = logging.getLogger(__name__)

_REMEMBERED = 64
_EPOCH = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
LOST = "Lost"
"""Stop reason of a transaction whose end was never reported."""
_MOST_SIGNED = 20_000
_NATURES = {Context.TRANSACTION_BEGIN: "Start", Context.TRANSACTION_END: "End"}
NO_TRANSACTION = frozenset({"", "0", "-1", "2147483647", "9223372036854775807"})
"""Ids that stations send outside of any transaction."""


type EvseOf = Callable[[int], Evse]


class Transactions:
    """Ledger of a station's transactions."""

    def __init__(self, last_id: int = 0) -> None:
        """Begin with the highest id that was ever given out here."""
        self.last_id = last_id
        self._known: OrderedDict[str, Transaction] = OrderedDict()
        self._aliases: dict[str, str] = {}

    def new_id(self, now: datetime) -> str:
        """Return an id that was never used: seconds since 2026, or one more than the last.

        Positive and below 2**31, as embedded stations need.
        """
        self.last_id = max(self.last_id + 1, int((now - _EPOCH).total_seconds()))
        while self.find(str(self.last_id)) is not None:
            self.last_id += 1
        return str(self.last_id)

    def take_up(self, sessions: Iterable[Transaction], evses: EvseOf) -> None:
        """Take up sessions that were kept over a restart, oldest first.

        Of several that did not end on one EVSE only the newest can run still.
        """
        for session in sessions:
            self.remember(session)
            if not session.evse_id:
                continue
            evse = evses(session.evse_id)
            if not session.active:
                evse.last_transaction = session
                continue
            if evse.transaction is not None:
                self.close(evse, evse.transaction, session.started_at, LOST)
            evse.transaction = session

    def __iter__(self) -> Iterator[Transaction]:
        """Iterate over the transactions that are remembered, by their start."""
        return iter(sorted(self._known.values(), key=lambda known: known.started_at))

    def find(self, transaction_id: str) -> Transaction | None:
        """Return a transaction by our id or by the id that the station gave it."""
        return self._known.get(self._aliases.get(transaction_id, transaction_id))

    def of(
        self, event: TransactionReported, evses: Iterable[Evse]
    ) -> Transaction | None:
        """Return the transaction that a message belongs to.

        An end without a usable id is that of the one transaction that runs, if that has
        never been called by its id: its start was not answered, or the answer not heeded.
        """
        id_ = event.transaction_id or ""
        if id_ not in NO_TRANSACTION:
            return self.find(id_)
        running = [evse.transaction for evse in evses if evse.transaction]
        if event.phase is TransactionPhase.ENDED and len(running) == 1:
            (only,) = running
            if not only.id_confirmed and _can_end(only, event):
                return only
        return self.known_end(event)

    def known_start(self, event: TransactionReported) -> Transaction | None:
        """Return the transaction that a repeated start began already."""
        if event.transaction_id is not None:
            known = self.find(event.transaction_id)
            return None if known and _is_reused(known, event) else known
        token = _token(event)
        return next(
            (
                known
                for known in self._known.values()
                if _may_be_the_start(known, event)
                and known.evse_id == event.evse_id
                and known.id_token == token
                and known.reported_start_wh == event.meter_wh
                and known.stop_reason in (None, LOST)
            ),
            None,
        )

    def start(
        self, event: TransactionReported, evse: Evse, now: datetime
    ) -> Transaction:
        """Begin a transaction on an EVSE.

        One from the past, reported late, leaves a newer one that runs there alone.
        """
        late = self.is_late(event, evse)
        transaction = Transaction(
            id=event.transaction_id or self.new_id(now),
            evse_id=evse.id,
            connector_id=event.connector_id or evse.connector_id,
            started_at=event.at or now,
            id_token=_token(event),
            charging_state=event.charging_state,
            remote_start_id=event.remote_start_id,
        )
        start_wh = start_register(event)
        _take_start(transaction, evse, start_wh)
        if not late:
            evse.meter.register.begin_session(transaction.started_at, start_wh)
            evse.transaction = transaction
        self.remember(transaction)
        return transaction

    def known_end(self, event: TransactionReported) -> Transaction | None:
        """Return the transaction that an end of no usable id has ended already, repeated."""
        return next(
            (
                known
                for known in self._known.values()
                if not known.start_heard
                and (known.ended_at, known.meter_stop_wh) == (event.at, event.meter_wh)
            ),
            None,
        )

    def end_unheard(
        self, event: TransactionReported, evse_id: int, now: datetime
    ) -> Transaction:
        """Keep the end of a transaction of which nothing was heard before.

        It began when its first value was measured, if it tells any; its energy is known
        where it tells the register at its begin.
        """
        ended_at = event.at or now
        times = [moment.at for moment in event.samples if moment.at is not None]
        id_ = event.transaction_id or ""
        transaction = Transaction(
            id=self.new_id(now) if id_ in NO_TRANSACTION else id_,
            evse_id=evse_id,
            connector_id=event.connector_id or 0,
            started_at=min([*times, ended_at]),
            ended_at=ended_at,
            id_token=_token(event),
            reported_start_wh=marked_register(event.samples, Context.TRANSACTION_BEGIN),
            meter_stop_wh=stop_register(event),
            stop_reason=event.stop_reason or "Local",
            start_heard=False,
        )
        transaction.energy_wh = _energy_by_values(transaction, ended_at)
        take_signed(transaction, event.samples)
        self.remember(transaction)
        return transaction

    @staticmethod
    def is_late(event: TransactionReported, evse: Evse) -> bool:
        """Return whether an event is older than the transaction that runs on its EVSE."""
        running = evse.transaction
        return (
            running is not None
            and event.at is not None
            and event.at < running.started_at
        )

    def begin_earlier(
        self, transaction: Transaction, event: TransactionReported, evse: Evse
    ) -> None:
        """Take the start of a transaction of which later events came first."""
        if event.at is None:
            return
        if event.at >= transaction.started_at and not transaction.lacks_start:
            return
        transaction.started_at = event.at
        if not transaction.start_heard:
            transaction.evse_id = event.evse_id or transaction.evse_id
        transaction.start_heard, transaction.resumed = True, False
        transaction.connector_id = event.connector_id or transaction.connector_id
        if event.id_token is not None and transaction.id_token is None:
            transaction.id_token = event.id_token.value
        _count_from(transaction, evse, start_register(event))

    @staticmethod
    def hear_life(
        transaction: Transaction, event: TransactionReported, evse: Evse
    ) -> None:
        """Let a transaction have run when an update was measured.

        One of which no start was heard begins with the earliest that was; one of which no end
        was heard has not ended before.
        """
        if event.at is None:
            return
        if transaction.stop_reason == LOST and transaction.ended_at is not None:
            transaction.ended_at = max(transaction.ended_at, event.at)
        if not transaction.lacks_start:
            return
        transaction.started_at = min(transaction.started_at, event.at)
        known_wh, start_wh = (
            transaction.reported_start_wh,
            begin_register(event.samples),
        )
        if start_wh is not None and (known_wh is None or start_wh < known_wh):
            _count_from(transaction, evse, start_wh)

    def remember(self, transaction: Transaction) -> None:
        """Keep a transaction, so that later messages find it."""
        self._known[transaction.id] = transaction
        if transaction.station_id is not None:
            self._aliases[transaction.station_id] = transaction.id
        if len(self._known) > _REMEMBERED:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Forget the first of those that have ended, if any: what runs may still be told of."""
        ended = (known.id for known in self._known.values() if not known.active)
        forgotten = next(ended, next(iter(self._known)))
        del self._known[forgotten]
        self._aliases = {k: v for k, v in self._aliases.items() if v != forgotten}

    def update(
        self, transaction: Transaction, event: TransactionReported, evse: Evse
    ) -> None:
        """Take from an event what it tells of a transaction; of its state, the newest."""
        newest = transaction.updated_at
        if newest is None or event.at is None or event.at >= newest:
            transaction.updated_at = event.at or newest
            if event.charging_state is not None and transaction.active:
                transaction.charging_state = event.charging_state
        if event.id_token is not None and transaction.lacks_token:
            transaction.id_token = _token(event)
        if event.connector_id:
            transaction.connector_id = event.connector_id
        if event.remote_start_id is not None:
            transaction.remote_start_id = event.remote_start_id
        runs = event.phase is not TransactionPhase.ENDED and transaction.active
        if runs and transaction.meter_start_wh is None:
            from_zero = evse.meter.register.session_relative and event.samples
            start_wh = 0.0 if from_zero else begin_register(event.samples)
            _take_start(transaction, evse, start_wh)

    def end(
        self,
        transaction: Transaction,
        event: TransactionReported,
        evse: Evse,
        now: datetime,
    ) -> None:
        """End a transaction with what the station says of its end."""
        transaction.meter_stop_wh = stop_register(event)
        energy = _energy_by_values(transaction, event.at or now)
        if energy is not None or not transaction.energy_wh:
            transaction.energy_wh = energy
        if event.id_token is not None and transaction.id_token is None:
            transaction.id_token = event.id_token.value
        self.close(evse, transaction, event.at or now, event.stop_reason or "Local")

    def close(
        self, evse: Evse, transaction: Transaction, at: datetime, reason: str
    ) -> None:
        """Mark a transaction as ended. A lost end may be corrected by a late message."""
        transaction.ended_at = max(at, transaction.started_at)
        if transaction.energy_wh is None:
            transaction.energy_wh = transaction.kept_wh
        transaction.stop_reason = reason
        transaction.charging_state = None
        if evse.transaction is transaction:
            evse.transaction = None
        evse.note_last(transaction)

    @staticmethod
    def count_late(transaction: Transaction, register_wh: float, at: datetime) -> None:
        """Count the energy of a transaction that does not run any more, if no end told it."""
        start_wh, ended_at = transaction.reported_start_wh, transaction.ended_at
        if start_wh is None or transaction.meter_stop_wh is not None:
            return
        if ended_at is not None and transaction.stop_reason != LOST and at > ended_at:
            return
        energy_wh = round(register_wh - start_wh, 3)
        most = plausible_wh((at - transaction.started_at).total_seconds())
        if (transaction.energy_wh or 0.0) < energy_wh <= most:
            transaction.energy_wh = energy_wh

    def reopen(self, transaction: Transaction, evse: Evse) -> bool:
        """Let a transaction go on that was given up too early; return whether it was."""
        if transaction.stop_reason != LOST or evse.transaction is not None:
            return False
        transaction.ended_at = transaction.stop_reason = None
        evse.transaction = transaction
        return True

    def adopt(
        self, evse: Evse, transaction_id: str, at: datetime, *, charging: bool
    ) -> Transaction | None:
        """Return the transaction that meter values of an EVSE belong to.

        An id that is not ours on an EVSE that charges: the station's own name for the
        running transaction, or a transaction that began while nobody listened.
        """
        known = self.find(transaction_id)
        if known is not None:
            if charging:
                self.reopen(known, evse)
            return known if known is evse.transaction else None
        running = evse.transaction
        if running is not None:
            if running.id_confirmed or running.station_id or at < running.started_at:
                return None
            _LOGGER.info("EVSE %s calls its transaction %s", evse.id, transaction_id)
            self._aliases[transaction_id] = running.id
            running.station_id = transaction_id
            return running
        if not charging:
            return None
        return self.resume(evse, transaction_id, at)

    def resume_late(self, evse: Evse, transaction_id: str, at: datetime) -> Transaction:
        """Keep a transaction whose start was not heard, and that a newer one has followed."""
        transaction = Transaction(
            id=transaction_id,
            evse_id=evse.id,
            connector_id=evse.connector_id,
            started_at=at,
            ended_at=at,
            stop_reason=LOST,
            resumed=True,
        )
        self.remember(transaction)
        return transaction

    def resume(self, evse: Evse, transaction_id: str, at: datetime) -> Transaction:
        """Take up a transaction whose start was not heard."""
        _LOGGER.info("EVSE %s: transaction %s runs already", evse.id, transaction_id)
        transaction = Transaction(
            id=transaction_id,
            evse_id=evse.id,
            connector_id=evse.connector_id,
            started_at=at,
            charging_state=ChargingState.CHARGING,
            resumed=True,
        )
        evse.transaction = transaction
        evse.meter.register.begin_session(at)
        self.remember(transaction)
        return transaction


def energy_then(
    transaction: Transaction, register_wh: float | None, at: datetime
) -> float | None:
    """Return the energy that a register told late means, None where it can't be.

    It is no more than what is known of the whole.
    """
    start_wh, ended_at = transaction.reported_start_wh, transaction.ended_at
    if register_wh is None or start_wh is None or (ended_at and at > ended_at):
        return None
    energy_wh = round(register_wh - start_wh, 3)
    return energy_wh if 0 <= energy_wh <= (transaction.energy_wh or 0.0) else None


def take_signed(transaction: Transaction, samples: Iterable[Samples]) -> None:
    """Keep what the meter has signed: the first of the begin, and the last of the rest."""
    for value in (value for moment in samples for value in moment.signed):
        nature = _NATURES.get(value.context, "Intermediate")
        known = next((s for s in transaction.signed if s["nature"] == nature), None)
        if len(value.data) > _MOST_SIGNED or (known and nature == "Start"):
            continue
        if known is not None:
            transaction.signed.remove(known)
        transaction.signed.append(
            {
                "nature": nature,
                "data": value.data,
                "encoding": value.encoding,
                "method": value.method,
                "public_key": value.public_key,
            }
        )


def _token(event: TransactionReported) -> str | None:
    """Return the token that an event bears, None where it is none or empty."""
    return (event.id_token.value if event.id_token else None) or None


def _is_reused(known: Transaction, event: TransactionReported) -> bool:
    """Return whether a start is that of another transaction than the one of its id.

    Some stations begin again to count.
    """
    ended = known.ended_at
    return ended is not None and event.at is not None and event.at > ended


def _can_end(transaction: Transaction, event: TransactionReported) -> bool:
    """Return whether an end can be that of a transaction, by its time and its register."""
    start_wh, stop_wh = transaction.reported_start_wh, event.meter_wh
    in_time = event.at is None or event.at >= transaction.started_at
    return in_time and (start_wh is None or stop_wh is None or stop_wh >= start_wh)


def _take_start(transaction: Transaction, evse: Evse, start_wh: float | None) -> None:
    """Count a transaction's energy from what the station says is its start."""
    if start_wh is not None:
        register = evse.meter.register
        transaction.reported_start_wh = start_wh
        if not register.session_relative or transaction.meter_start_wh is None:
            transaction.meter_start_wh = register.at_start(start_wh)
        transaction.energy_wh = 0.0


def _count_from(transaction: Transaction, evse: Evse, start_wh: float | None) -> None:
    """Count a transaction's energy from another start than before."""
    if start_wh is None:
        return
    energy_wh, before_wh = transaction.energy_wh, transaction.meter_start_wh
    _take_start(transaction, evse, start_wh)
    if before_wh is not None and transaction.meter_start_wh is not None:
        energy_wh = (energy_wh or 0.0) + before_wh - transaction.meter_start_wh
        transaction.energy_wh = energy_wh
    if transaction.ended_at is not None:
        told_wh = _energy_by_values(transaction, transaction.ended_at)
        transaction.energy_wh = energy_wh if told_wh is None else told_wh


def _may_be_the_start(known: Transaction, event: TransactionReported) -> bool:
    """Return whether a start is that of a known transaction, by its time.

    One without a usable time can be, while nothing else has come of the transaction.
    """
    if event.at is None:
        return known.active and not known.energy_wh and not known.id_confirmed
    return known.started_at == event.at


def _energy_by_values(transaction: Transaction, at: datetime) -> float | None:
    """Return stop minus start where both are known and make sense."""
    start, stop = transaction.reported_start_wh, transaction.meter_stop_wh
    if start is None or stop is None:
        return None
    most = plausible_wh((at - transaction.started_at).total_seconds())
    return round(stop - start, 3) if 0 <= stop - start <= most else None
