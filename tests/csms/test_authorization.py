"""Who may charge."""

import pytest

from custom_components.ocpp_csms.csms.authorization import accept_all
from custom_components.ocpp_csms.csms.model.id_token import IdToken, IdTokenStatus


@pytest.mark.parametrize(
    ("value", "status"),
    [("TAG", IdTokenStatus.ACCEPTED), ("", IdTokenStatus.INVALID)],
)
def test_accept_all(value: str, status: IdTokenStatus) -> None:
    """Every token may charge that is one."""
    assert accept_all("CP1", IdToken(value), None).status is status
