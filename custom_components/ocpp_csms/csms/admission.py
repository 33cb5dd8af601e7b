"""Who is let charge at one station: tokens are judged, somebody is asked, refusals are followed up."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .authorization import Holder, Rules
from .control import own_token, stop_unwanted
from .errors import InvalidRequestError
from .evse import Evse
from .model.id_token import IdToken, IdTokenInfo, IdTokenStatus, token_key
from .model.transaction import Transaction
from .occurrences import Occurrence, OccurrenceKind
from .timers import EvseTimers

if TYPE_CHECKING:
    from .station import Station

ASK_S = 20.0
"""How long somebody has to answer; stations wait for half a minute at the least."""
DECIDED = timedelta(minutes=10)
"""How long a token is let that somebody has accepted, so that what follows agrees with it."""
ABSENT = timedelta(hours=1)
"""A session of a station that was not heard of for so long holds nobody up elsewhere."""
GRACE_S = 10.0
"""How long a station has to end by itself what was refused."""
_MOST_ASKED = 8
"""Somebody who presents more tokens at a time is trying them out."""


class Admission:
    """Judges the tokens of one station."""

    __slots__ = ("_asked", "_ending", "_granted", "_station")

    def __init__(self, station: Station) -> None:
        """Serve a station."""
        self._station = station
        self._asked: dict[str, asyncio.Future[IdTokenInfo]] = {}
        self._granted: dict[str, datetime] = {}
        self._ending = EvseTimers()

    @property
    def rules(self) -> Rules:
        """How tokens are treated here."""
        config = self._station.config
        return Rules(
            station=self._station.identity,
            start=config.start,
            unknown=config.unknown_tokens,
            own_token=own_token(self._station).value,
        )

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds a token."""
        return self._station.authorizer.holder(token)

    def judge(
        self, token: IdToken, now: datetime, at: datetime | None = None
    ) -> IdTokenInfo | None:
        """Return whether a token may charge; None where somebody has still to be asked.

        `at` is when it was presented, if that was earlier: it may have expired since.
        """
        info = self._station.authorizer.judge(token, self.rules, at or now)
        until = self._granted.get(token_key(token.value), now)
        undecided = info is None or info.status is IdTokenStatus.UNKNOWN
        return IdTokenInfo(expires_at=until) if undecided and until > now else info

    def judge_past(self, token: IdToken, at: datetime) -> IdTokenInfo:
        """Return whether a token may have charged when nobody could be asked: a holder's may."""
        info = self._station.authorizer.judge(token, self.rules, at)
        holder = self.holder(token.value)
        if info is None and holder is not None:
            info = holder.info_at(self._station.identity, at)
        return info or IdTokenInfo(IdTokenStatus.INVALID)

    def charges(self, token: IdToken) -> bool:
        """Return whether a session goes on here that this token was let begin."""
        return any(
            evse.transaction is not None and evse.transaction.lets(token.value)
            for evse in self._station.evses.values()
        )

    def ask(self, token: IdToken, evse_id: int) -> Awaitable[IdTokenInfo]:
        """Ask whether a token may charge; one that is asked about already is not again."""
        key, loop = token_key(token.value), asyncio.get_running_loop()
        asked = self._asked.get(key)
        if asked is None:
            asked = loop.create_future()
            if len(self._asked) >= _MOST_ASKED:
                asked.set_result(IdTokenInfo(IdTokenStatus.INVALID))
                return asked
            self._asked[key] = asked
            timer = loop.call_later(ASK_S, self._decide, key, False)
            asked.add_done_callback(lambda _: timer.cancel())
            data = {"id_token": token.value, "seconds": ASK_S, **self.known(token)}
            kind = OccurrenceKind.AUTHORIZATION_REQUESTED
            self._station.tell(Occurrence(kind, evse_id, data))
        return asyncio.shield(asked)

    def answer(self, token: str, *, accepted: bool) -> None:
        """Decide on a token that is asked about. Raises InvalidRequestError if none is."""
        if token_key(token) not in self._asked:
            raise InvalidRequestError("token_not_asked", id_token=token)
        self._decide(token_key(token), accepted)

    def reconsider(self) -> None:
        """Answer what has an answer by now, as a token that somebody holds since."""
        now = self._station.clock()
        for key in tuple(self._asked):
            info = self.judge(IdToken(key), now)
            if info is not None:
                self._decide(key, info.status is IdTokenStatus.ACCEPTED)

    def grant(self, token: IdToken) -> None:
        """Let a token charge for some minutes, whoever holds it: the user has asked for it."""
        self._grant(token_key(token.value))

    def _grant(self, key: str) -> None:
        now = self._station.clock()
        granted = {key: until for key, until in self._granted.items() if until > now}
        self._granted = granted | {key: now + DECIDED}

    def _decide(self, key: str, accepted: bool) -> None:
        info = IdTokenInfo(IdTokenStatus.INVALID)
        if accepted:
            self._grant(key)
            info = IdTokenInfo(expires_at=self._granted[key])
        asked = self._asked.pop(key)
        if not asked.done():
            asked.set_result(info)

    def known(self, token: IdToken) -> dict[str, str | bool | None]:
        """Return what is told of a token besides itself: whether somebody holds it, and who."""
        holder = self.holder(token.value)
        return {"known": holder is not None, "holder": holder.name if holder else None}

    def in_use(self, token: IdToken, evse: Evse) -> bool:
        """Return whether a token charges elsewhere, and may not at two places at a time."""
        holder = self.holder(token.value)
        if holder is None or holder.concurrent:
            return False
        keys = {token_key(each.value) for each in holder.tokens}
        since = self._station.clock() - ABSENT
        return any(
            other is not evse
            and (station.connected or (station.state.last_seen or since) > since)
            and other.transaction is not None
            and not other.transaction.refused
            and token_key(other.transaction.id_token or "") in keys
            for station in self._station.neighbours()
            for other in station.evses.values()
        )

    def note(self, transaction: Transaction, info: IdTokenInfo | None) -> None:
        """Note in a transaction what was said of its token, and who holds it."""
        if info is not None:
            transaction.refused = info.status is not IdTokenStatus.ACCEPTED
        holder = self.holder(transaction.id_token)
        if holder is not None and transaction.holder is None:
            transaction.holder_id = holder.id
            transaction.holder = holder.name
            transaction.vehicle = holder.vehicle

    def follow_up(self, evse: Evse, transaction: Transaction) -> None:
        """End a transaction that was refused, unless the station soon does so by itself."""
        self._ending.start(evse.id, GRACE_S, self._end_refused, evse, transaction)

    def _end_refused(self, evse: Evse, transaction: Transaction) -> None:
        if evse.transaction is transaction and transaction.refused:
            self._station.in_background(
                stop_unwanted(self._station, evse, "was refused")
            )

    def stop(self) -> None:
        """Wait for nobody's answer any more: what is undecided is told and asked anew."""
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()
        self._ending.stop_all()
