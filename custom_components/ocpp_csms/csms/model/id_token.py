"""Id tokens: who asks to charge, and what is answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IdTokenStatus(StrEnum):
    """Answer to a presented token (2.x AuthorizationStatusEnumType; 1.6 has the first five)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class IdToken:
    """A token and its kind (2.x IdTokenType; 1.6 has no kinds)."""

    value: str
    type: str = "Central"


@dataclass(frozen=True, slots=True)
class IdTokenInfo:
    """What the central system says of a token."""

    status: IdTokenStatus = IdTokenStatus.ACCEPTED
    expires_at: datetime | None = None
    parent: IdToken | None = None


def token_key(value: str) -> str:
    """Return what a token is compared by: identifiers are case-insensitive (1.6 7.28, 2.x 1.11)."""
    return value.strip().casefold()


def is_same_token(one: str | None, other: str) -> bool:
    """Return whether a token, if there is one, is another."""
    return one is not None and token_key(one) == token_key(other)
