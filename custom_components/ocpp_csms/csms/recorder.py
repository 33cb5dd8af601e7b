"""What of a station's sessions goes to the journal, and what has to be there before an answer."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .evse import Evse
from .framing import ErrorCode, RpcError
from .journal.errors import JournalError
from .journal.journal import Journal
from .journal.session import SessionSample
from .meter import totals_of
from .model.meter import CURRENT, POWER, REGISTER, STATE_OF_CHARGE, Channel, Samples
from .model.transaction import Transaction
from .transactions import energy_then

if TYPE_CHECKING:
    from .station import Station


class Recorder:
    """Keeps the sessions of one station; without a journal it keeps nothing."""

    __slots__ = ("_journal", "_starts", "_station", "unsaved")

    def __init__(self, station: Station, journal: Journal | None) -> None:
        """Serve a station."""
        self._station = station
        self._journal = journal
        self._starts: dict[int, float | None] = {}
        """From which register sessions that run count, as it was kept last."""
        self.unsaved = False
        """Whether something was kept that an answer must not go before."""

    def keep(self, transaction: Transaction, *, urgent: bool = True) -> None:
        """Keep a session as it is now; the next answer waits for it if it is urgent."""
        if self._journal is not None:
            self._journal.put(self._station.identity, transaction)
            self._starts[transaction.record] = transaction.meter_start_wh
            if not transaction.active:
                del self._starts[transaction.record]
            self.unsaved |= urgent

    def take(
        self,
        evse: Evse,
        transaction: Transaction,
        samples: Iterable[Samples],
        now: datetime,
    ) -> None:
        """Keep what flowed in a session at the moments that a message tells.

        The newest is what the meter shows; others came late, and are kept as they were told.
        """
        if self._journal is None:
            return
        start_wh = transaction.meter_start_wh
        if not transaction.record or self._starts.get(transaction.record) != start_wh:
            # What samples tell counts from there.
            self.keep(transaction, urgent=False)
        meter, runs = evse.meter, evse.transaction is transaction
        for moment in samples:
            at = moment.at or now
            if runs and at == meter.newest:
                sample = _sample(transaction, at, transaction.energy_wh, meter.value)
            else:
                values = totals_of(moment, self._station.quirks)
                energy_wh = energy_then(transaction, values.get(REGISTER), at)
                sample = _sample(transaction, at, energy_wh, values.get)
            self._journal.add(sample)

    async def before[A: dict[str, Any]](self, answer: A) -> A:
        """Return an answer once all that was kept is on disk.

        Raises RpcError where it can't be: the station keeps its message and sends it again.
        """
        self.unsaved = False
        if self._journal is not None:
            try:
                await self._journal.commit()
            except JournalError as error:
                text = "it could not be stored, please send it again"
                raise RpcError(ErrorCode.INTERNAL, text) from error
        return answer


def _sample(
    transaction: Transaction,
    at: datetime,
    energy_wh: float | None,
    value: Callable[[Channel], float | None],
) -> SessionSample:
    """Return a sample of a session: its energy as a count of the register."""
    start_wh = transaction.meter_start_wh
    return SessionSample(
        transaction.record,
        at,
        None if energy_wh is None or start_wh is None else start_wh + energy_wh,
        value(POWER),
        value(CURRENT),
        value(STATE_OF_CHARGE),
    )
