"""The tokens of one station's sessions: what is said of them, and what follows."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .admission import DECIDED
from .allowance import Allowances
from .authorization import StartPolicy
from .control import own_token
from .evse import Evse
from .model.events import TokenPresented, TransactionReported
from .model.evse import ChargingState
from .model.id_token import (
    IdToken,
    IdTokenInfo,
    IdTokenStatus,
    is_same_token,
    token_key,
)
from .model.replies import Deferred, TokenReply, TransactionReply
from .model.transaction import Transaction, TransactionPhase
from .recorder import Recorder
from .session_news import tell_token

if TYPE_CHECKING:
    from .station import Station


class SessionTokens:
    """Judges the tokens that come alone, or with a transaction."""

    __slots__ = ("_allowances", "_asking", "_presented", "_recorder", "_station")

    def __init__(
        self, station: Station, recorder: Recorder, allowances: Allowances
    ) -> None:
        """Serve a station."""
        self._station = station
        self._recorder = recorder
        self._allowances = allowances
        self._asking: set[asyncio.Task[TransactionReply]] = set()
        self._presented: str | None = None
        """The token that was asked about last, until a transaction begins."""

    def stop(self) -> None:
        """Wait for nobody any more."""
        for asking in self._asking:
            asking.cancel()

    def presented(self, event: TokenPresented, now: datetime) -> TokenReply | Deferred:
        """Reply whether a token may charge, at once or when somebody has decided."""
        station, token = self._station, event.id_token
        info = station.admission.judge(token, now)
        if info is None and station.admission.charges(token):
            info = IdTokenInfo()
        self._presented = token.value
        evses = station.evses
        only = next(iter(evses)) if len(evses) == 1 else 0
        tell_token(station, only, token, info)
        if info is None:
            return Deferred(self._token_decided(station.admission.ask(token, only)))
        return TokenReply(info)

    @staticmethod
    async def _token_decided(decision: Awaitable[IdTokenInfo]) -> TokenReply:
        return TokenReply(await decision)

    def judge(self, event: TransactionReported, now: datetime) -> IdTokenInfo | None:
        """Return what is said of the token of an event; None of none, or if somebody is asked.

        What was decided at the begin of a transaction holds for all of it, and nobody is
        asked about what is over, or began long ago.
        """
        token = event.id_token
        if token is None:
            return None
        station, at = self._station, self._happened(event, now)
        info = station.admission.judge(token, now, at)
        if info is not None:
            return info
        known = (
            station.transactions.known_start(event)
            if event.phase is TransactionPhase.STARTED
            else station.transactions.of(event, station.evses.values())
        )
        if known is not None and known.lets(token.value):
            return IdTokenInfo()
        ended = event.phase is TransactionPhase.ENDED
        if known is not None and is_same_token(known.id_token, token.value):
            refused = known.refused and not known.undecided
            return IdTokenInfo(IdTokenStatus.INVALID) if refused or ended else None
        # 2.x says itself whether it was offline; a clock may be slow.
        queued = event.offline or event.seq_no is None
        if ended or (queued and now - at > DECIDED):
            return station.admission.judge_past(token, at)
        return None

    def _happened(self, event: TransactionReported, now: datetime) -> datetime:
        """Return when what an event tells happened, by the right clock; never in the future."""
        ahead = timedelta(seconds=self._station.clock_offset.seconds or 0.0)
        return now if event.at is None else min(event.at - ahead, now)

    def reply(
        self,
        event: TransactionReported,
        transaction: Transaction,
        info: IdTokenInfo | None,
    ) -> TransactionReply | Deferred:
        """Reply to an event, at once or when somebody has decided on its token."""
        if event.id_token is not None and info is None:
            asking = self._ask(event, event.id_token, transaction)
            return Deferred(asyncio.shield(asking))
        return self._admitted(event, transaction, info)

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

    def tell_new(
        self, evse: Evse, event: TransactionReported, info: IdTokenInfo | None
    ) -> None:
        """Tell of a token that was not asked about before its transaction began."""
        token = event.id_token
        before, self._presented = self._presented, None
        own = own_token(self._station).value
        if token and token.value and token.value not in (own, before):
            tell_token(self._station, evse.id, token, info)


def _is_good(info: IdTokenInfo | None) -> bool:
    return info is not None and info.status is IdTokenStatus.ACCEPTED
