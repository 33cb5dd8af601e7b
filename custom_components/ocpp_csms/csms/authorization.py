"""Who may charge: the holders of id tokens, and what is said of tokens that nobody holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .model.id_token import IdToken, IdTokenInfo, IdTokenStatus, token_key


class StartPolicy(StrEnum):
    """Who may begin to charge at a station; keys for translation."""

    FREE = "free"
    """Anybody, with or without a token; those who are blocked are not."""
    TOKEN = "token"
    """Whoever presents a token that is accepted."""
    AUTOMATION = "automation"
    """Whom an automation lets, asked for each token anew."""


class UnknownTokens(StrEnum):
    """What is said of tokens that nobody holds, where a token is needed; keys for translation."""

    REJECT = "reject"
    ACCEPT = "accept"
    ASK = "ask"
    """The user, who has some seconds to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A user, or a card: tokens, and what may be done with them. Energy in Wh, per session."""

    id: str
    """Stays the same when the name changes."""
    name: str
    tokens: frozenset[IdToken]
    blocked: bool = False
    expires_at: datetime | None = None
    group: str | None = None
    """Members of a group may end each other's transactions (1.6 parentIdTag, 2.x groupIdToken)."""
    stations: frozenset[str] | None = None
    """Identities of the stations at which they may charge; None for all."""
    concurrent: bool = False
    """Whether they may charge at several places at a time."""
    vehicle: str | None = None
    most_wh: float | None = None
    most_time: timedelta | None = None

    def status_at(self, station: str, now: datetime) -> IdTokenStatus:
        """Return whether they may charge at a station, concurrent use apart."""
        if self.blocked:
            return IdTokenStatus.BLOCKED
        if self.expires_at is not None and now >= self.expires_at:
            return IdTokenStatus.EXPIRED
        if self.stations is not None and station not in self.stations:
            return IdTokenStatus.NOT_AT_THIS_LOCATION
        return IdTokenStatus.ACCEPTED

    def info_at(self, station: str, now: datetime) -> IdTokenInfo:
        """Return what a station is told of their tokens."""
        return IdTokenInfo(
            self.status_at(station, now),
            self.expires_at,
            IdToken(self.group) if self.group else None,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """How tokens are treated at one station. `own_token` is that of the central system."""

    station: str
    start: StartPolicy = StartPolicy.FREE
    unknown: UnknownTokens = UnknownTokens.ACCEPT
    own_token: str = ""


class Authorizer:
    """All holders of one central system; the same answer in every message of every version."""

    def __init__(self, holders: Iterable[Holder] = ()) -> None:
        """Know some holders."""
        self.holders: tuple[Holder, ...] = ()
        self._by_token: dict[str, Holder] = {}
        self.know(holders)

    def know(self, holders: Iterable[Holder]) -> None:
        """Know these holders, and no others, from now on."""
        self.holders = tuple(holders)
        self._by_token = {
            token_key(token.value): holder
            for holder in self.holders
            for token in holder.tokens
        }

    def holder(self, token: str | None) -> Holder | None:
        """Return who holds a token, None if nobody does."""
        return self._by_token.get(token_key(token)) if token else None

    def judge(self, token: IdToken, rules: Rules, now: datetime) -> IdTokenInfo | None:
        """Return whether a token may charge; None where somebody has to be asked."""
        if not token.value:
            free = rules.start is StartPolicy.FREE
            return IdTokenInfo(
                IdTokenStatus.ACCEPTED if free else IdTokenStatus.INVALID
            )
        if token_key(token.value) == token_key(rules.own_token):
            return IdTokenInfo()
        holder = self.holder(token.value)
        if holder is None:
            return _judge_unknown(rules)
        info = holder.info_at(rules.station, now)
        accepted = info.status is IdTokenStatus.ACCEPTED
        asked = accepted and rules.start is StartPolicy.AUTOMATION
        return None if asked else info


def _judge_unknown(rules: Rules) -> IdTokenInfo | None:
    if rules.start is StartPolicy.AUTOMATION:
        return None
    if rules.start is StartPolicy.FREE:
        return IdTokenInfo()
    match rules.unknown:
        case UnknownTokens.ACCEPT:
            return IdTokenInfo()
        case UnknownTokens.ASK:
            return None
        case UnknownTokens.REJECT:
            return IdTokenInfo(IdTokenStatus.UNKNOWN)
