"""Who may charge."""

from collections.abc import Callable

from .model.id_token import IdToken, IdTokenInfo, IdTokenStatus

type Authorizer = Callable[[str, IdToken, int | None], IdTokenInfo]
"""Decides on a token: station identity, token, EVSE if known."""


_NO_AUTHORIZATION = "NoAuthorization"


def accept_all(_: str, id_token: IdToken, __: int | None) -> IdTokenInfo:
    """Accept every token that is one, and whoever needs none (2.x C02)."""
    good = id_token.value or id_token.type == _NO_AUTHORIZATION
    return IdTokenInfo(IdTokenStatus.ACCEPTED if good else IdTokenStatus.INVALID)
