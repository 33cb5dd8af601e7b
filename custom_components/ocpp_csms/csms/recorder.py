"""What of a station's sessions goes to the journal, and what has to be there before an answer."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .evse import Evse
from .framing import ErrorCode, RpcError
from .journal.errors import JournalError
from .journal.journal import Journal
from .journal.session import SessionSample
from .model.meter import CURRENT, POWER, STATE_OF_CHARGE
from .model.transaction import Transaction

if TYPE_CHECKING:
    from .station import Station


class Recorder:
    """Keeps the sessions of one station; without a journal it keeps nothing."""

    __slots__ = ("_journal", "_station", "unsaved")

    def __init__(self, station: Station, journal: Journal | None) -> None:
        """Serve a station."""
        self._station = station
        self._journal = journal
        self.unsaved = False
        """Whether something was kept that an answer must not go before."""

    def keep(self, transaction: Transaction, *, urgent: bool = True) -> None:
        """Keep a session as it is now; the next answer waits for it if it is urgent."""
        if self._journal is not None:
            self._journal.put(self._station.identity, transaction)
            self.unsaved |= urgent

    def sample(self, evse: Evse, transaction: Transaction, at: datetime) -> None:
        """Keep what flows in a session."""
        if self._journal is None:
            return
        if not transaction.record:
            self.keep(transaction, urgent=False)
        value = evse.meter.value
        self._journal.add(
            SessionSample(
                transaction.record,
                at,
                transaction.energy_wh,
                value(POWER),
                value(CURRENT),
                value(STATE_OF_CHARGE),
            )
        )

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
