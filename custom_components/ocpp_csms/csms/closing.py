"""Transactions that a status shows to be over, while their own end is not heard yet."""

import asyncio
from collections.abc import Callable
from datetime import datetime
import logging
from typing import TYPE_CHECKING

from .errors import CsmsError
from .evse import Evse
from .model.commands import GetTransactionStatus
from .model.transaction import Transaction

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

GRACE_S = 10.0
"""How long the end of a transaction may take to follow the status that shows it."""


class Closing:
    """Closes the stale transactions of one station."""

    __slots__ = ("_end_lost", "_station")

    def __init__(
        self, station: Station, end_lost: Callable[[Evse, datetime], None]
    ) -> None:
        """Serve a station; `end_lost` ends what is running on an EVSE."""
        self._station = station
        self._end_lost = end_lost

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
            self._end_lost(evse, at)
            station.flush()
