"""Who may charge."""

from collections.abc import Callable

from .model.id_token import IdToken, IdTokenInfo, IdTokenStatus

type Authorizer = Callable[[str, IdToken, int | None], IdTokenInfo]
"""Decides on a token: station identity, token, EVSE if known."""


def accept_all(_: str, id_token: IdToken, __: int | None) -> IdTokenInfo:
    """Accept every token that is one: the charger on the own wall, without cards to manage."""
    return IdTokenInfo(
        IdTokenStatus.ACCEPTED if id_token.value else IdTokenStatus.INVALID
    )
