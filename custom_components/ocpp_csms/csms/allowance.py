"""How far a transaction may go by what its holder may take: in energy, and in time."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .control import stop_unwanted
from .evse import Evse
from .model.replies import TransactionLimit
from .model.transaction import Transaction
from .occurrences import Occurrence, OccurrenceKind
from .timers import EvseTimers

if TYPE_CHECKING:
    from .station import Station

LEAST_S = 2.0
"""A station has to hear first that its transaction has begun."""
_AGAIN = timedelta(minutes=1)


class Allowances:
    """Ends the transactions of one station that have got all that they may have."""

    __slots__ = ("_ended_at", "_station", "_timers")

    def __init__(self, station: Station) -> None:
        """Serve a station."""
        self._station = station
        self._timers = EvseTimers()
        self._ended_at: dict[int, datetime] = {}
        """When an EVSE was last asked to end what has got enough."""

    def limit(self, transaction: Transaction) -> TransactionLimit | None:
        """Return how far a transaction may go, None if nothing limits it."""
        holder = self._station.authorizer.holder(transaction.id_token)
        if holder is None or (holder.most_wh is None and holder.most_time is None):
            return None
        return TransactionLimit(most_wh=holder.most_wh, most_time=holder.most_time)

    def look_at(self, evse: Evse) -> None:
        """Watch what runs at an EVSE, and end it if it has got enough.

        Time goes by the clock of the station, as far as it is known to be off.
        """
        transaction = evse.transaction
        limit = None if transaction is None else self.limit(transaction)
        if transaction is None or limit is None:
            self._timers.stop(evse.id)
            self._ended_at.pop(evse.id, None)
            return
        if limit.most_wh is not None and (transaction.energy_wh or 0) >= limit.most_wh:
            self._end(evse, transaction, "energy")
        elif limit.most_time is not None:
            passed = self._station.clock() - transaction.started_at
            left_s = (limit.most_time - passed).total_seconds()
            delay_s = max(LEAST_S, left_s + (transaction.clock_offset_s or 0.0))
            self._timers.start(evse.id, delay_s, self._time_is_over, evse, transaction)

    def stop(self) -> None:
        """Watch nothing any more."""
        self._timers.stop_all()

    def _time_is_over(self, evse: Evse, transaction: Transaction) -> None:
        if evse.transaction is transaction:
            self._end(evse, transaction, "time")

    def _end(self, evse: Evse, transaction: Transaction, what: str) -> None:
        """End a transaction; a station that won't is asked again now and then."""
        now, last = self._station.clock(), self._ended_at.get(evse.id)
        if last is not None and timedelta() <= now - last < _AGAIN:
            return
        if not self._station.connected:
            return
        self._ended_at[evse.id] = now
        data = {
            "transaction_id": transaction.id,
            "holder": transaction.holder,
            "limit": what,
        }
        kind = OccurrenceKind.TRANSACTION_LIMITED
        self._station.tell(Occurrence(kind, evse.id, data))
        why = f"has got all its {what}"
        self._station.in_background(stop_unwanted(self._station, evse, why))
