"""What is said of id tokens."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.authorization import (
    Authorizer,
    Holder,
    Rules,
    StartPolicy,
    UnknownTokens,
)
from custom_components.ocpp_csms.csms.model.id_token import (
    IdToken,
    IdTokenInfo,
    IdTokenStatus,
)

from .support import NOW

CARD = IdToken("04AbCdEf")
NEVER = IdToken("STRANGER")


def _holder(**fields: Any) -> Holder:
    return Holder(id="1", name="Ann", tokens=frozenset({CARD}), **fields)


def _judge(
    token: IdToken, start: str = "token", unknown: str = "reject", **holder: Any
) -> IdTokenInfo | None:
    rules = Rules("CP1", StartPolicy(start), UnknownTokens(unknown), "HOME")
    return Authorizer([_holder(**holder)]).judge(token, rules, NOW)


@pytest.mark.parametrize(
    ("start", "unknown", "expected"),
    [
        ("free", "reject", "Accepted"),
        ("free", "ask", "Accepted"),
        ("token", "accept", "Accepted"),
        ("token", "reject", "Unknown"),
        ("token", "ask", None),
        ("automation", "accept", None),
        ("automation", "reject", None),
    ],
)
def test_a_token_that_nobody_holds(
    start: str, unknown: str, expected: str | None
) -> None:
    """What is chosen decides; who is to be asked is."""
    info = _judge(NEVER, start, unknown)
    assert (info and info.status) == expected


@pytest.mark.parametrize("value", ["04ABCDEF", "04abcdef", " 04AbCdEf "])
@pytest.mark.parametrize("start", ["free", "token"])
def test_a_token_of_a_holder(value: str, start: str) -> None:
    """Tokens are the same in whatever case."""
    info = _judge(IdToken(value, "ISO14443"), start)
    assert info is not None
    assert info.status is IdTokenStatus.ACCEPTED


@pytest.mark.parametrize("start", ["free", "token", "automation"])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"blocked": True}, IdTokenStatus.BLOCKED),
        ({"expires_at": NOW}, IdTokenStatus.EXPIRED),
        ({"expires_at": NOW - timedelta(days=1)}, IdTokenStatus.EXPIRED),
        ({"stations": frozenset({"CP2"})}, IdTokenStatus.NOT_AT_THIS_LOCATION),
        ({"blocked": True, "expires_at": NOW}, IdTokenStatus.BLOCKED),
    ],
)
def test_a_holder_who_may_not(
    start: str, fields: dict[str, Any], status: IdTokenStatus
) -> None:
    """Nobody is asked about those, and nothing lets them in."""
    info = _judge(CARD, start, "accept", **fields)
    assert info is not None
    assert info.status is status


def test_what_a_station_is_told() -> None:
    """Until when a token holds, and which group it belongs to."""
    until = NOW + timedelta(hours=1)
    info = _judge(CARD, expires_at=until, group="FAMILY", stations=frozenset({"CP1"}))
    assert info == IdTokenInfo(IdTokenStatus.ACCEPTED, until, IdToken("FAMILY"))


def test_an_automation_is_asked_about_holders_too() -> None:
    """Home Assistant decides on everybody."""
    assert _judge(CARD, "automation") is None


@pytest.mark.parametrize("start", list(StartPolicy))
def test_our_own_token(start: StartPolicy) -> None:
    """What the central system starts by itself may charge."""
    info = _judge(IdToken("home"), start)
    assert info == IdTokenInfo(IdTokenStatus.ACCEPTED)


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("free", IdTokenStatus.ACCEPTED),
        ("token", IdTokenStatus.INVALID),
        ("automation", IdTokenStatus.INVALID),
    ],
)
@pytest.mark.parametrize("kind", ["Central", "NoAuthorization"])
def test_no_token(start: str, status: IdTokenStatus, kind: str) -> None:
    """Whoever has none may charge where it is free."""
    info = _judge(IdToken("", kind), start, "accept")
    assert info is not None
    assert info.status is status


def test_holders_are_replaced() -> None:
    """Whoever is not named any more holds nothing."""
    authorizer = Authorizer([_holder()])
    assert authorizer.holder("04ABCDEF") == _holder()
    authorizer.know([])
    assert authorizer.holder("04ABCDEF") is None
    assert authorizer.holder(None) is None
