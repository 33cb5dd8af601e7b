"""Who may charge."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..csms.support import event
from .common import ACCEPTED
from .conftest import Bare


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_start_without_a_card(
    watched: MockConfigEntry, bare: Bare, version: str
) -> None:
    """A station with a start button may charge."""
    cp1 = await bare(watched, version=version)
    token = {"idToken": "", "type": "NoAuthorization"}
    answer = await cp1.call("TransactionEvent", event(idToken=token))
    assert answer["idTokenInfo"] == ACCEPTED
    answer = await cp1.call("Authorize", {"idToken": token})
    assert answer["idTokenInfo"] == ACCEPTED
