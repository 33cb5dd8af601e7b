"""Actions: any message of the user's own making, and who may send it."""

from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.ocpp_csms.const import DOMAIN
from simulator import CallRefused

from .common import NAME, Charger, assert_translated, mock_entry, subentry_data
from .conftest import Connect, SetUp


async def test_call(charger: Charger) -> None:
    """Any message of the version can be sent, and its answer is given back."""
    answer = await charger.act("call", action="GetLocalListVersion", payload={})
    assert answer["response"].keys() <= {"listVersion", "versionNumber"}
    assert len(charger.calls("GetLocalListVersion")) == 1


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Reset", {"type": "Nonsense"}),
        ("Reset", {}),
        ("ClearCache", {"extra": 1}),
        ("Nonsense", {}),
        ("BootNotification", {"foo": 1}),
    ],
)
async def test_call_checks_schema(
    charger: Charger, action: str, payload: dict[str, Any]
) -> None:
    """What breaks its schema is not sent."""
    sent = len(charger.sim.received)
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("call", action=action, payload=payload)
    assert_translated(raised, "invalid_payload", station=NAME)
    assert len(charger.sim.received) == sent


async def test_call_of_what_is_no_call(charger: Charger) -> None:
    """A message that has no answer, or that the version lacks, is not sent as a CALL."""
    data = {"id": 1, "pending": 0, "basetime": "2026-01-05T12:00:00Z"}
    payload = data | {"data": [{"t": 0, "v": "1"}]}
    sent = len(charger.sim.received)
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("call", action="NotifyPeriodicEventStream", payload=payload)
    reason = f"OCPP {charger.version} has no call NotifyPeriodicEventStream"
    assert_translated(raised, "invalid_payload", station=NAME, error=reason)
    assert len(charger.sim.received) == sent


async def test_call_error(charger: Charger) -> None:
    """The station's CALLERROR is told with code and description."""
    charger.sim.misbehaviour.refuse = {
        "ClearCache": CallRefused("InternalError", "no cache")
    }
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("call", action="ClearCache")
    assert_translated(
        raised,
        "call_error_described",
        station=NAME,
        code="InternalError",
        description="no cache",
    )


async def test_time_out(set_up: SetUp, connect: Connect, version: str) -> None:
    """A station that does not answer in time is told, with the time."""
    entry = await set_up(mock_entry(subentry_data(call_timeout=0.5)))
    charger = await connect(entry, version)
    charger.sim.misbehaviour.silent = {"ClearCache"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("clear_cache")
    assert_translated(
        raised, "call_timeout", station=NAME, action="ClearCache", seconds="0.5"
    )


async def call_as(charger: Charger, user_id: str | None) -> None:
    """Send any message as a user."""
    await charger.hass.services.async_call(
        DOMAIN,
        "call",
        {"device_id": charger.device_id(), "action": "ClearCache"},
        blocking=True,
        context=Context(user_id=user_id),
    )


async def test_call_is_for_administrators(
    charger: Charger, hass_admin_user: MockUser, hass_read_only_user: MockUser
) -> None:
    """Administrators and automations may send anything, others not."""
    with pytest.raises(Unauthorized):
        await call_as(charger, hass_read_only_user.id)
    with pytest.raises(UnknownUser):
        await call_as(charger, "nobody")
    assert charger.calls("ClearCache") == []
    await call_as(charger, hass_admin_user.id)
    await call_as(charger, None)
    assert len(charger.calls("ClearCache")) == 2


async def test_others_are_for_everybody(
    charger: Charger, hass_read_only_user: MockUser
) -> None:
    """The other actions are refused by no role of the user's."""
    await charger.hass.services.async_call(
        DOMAIN,
        "clear_cache",
        {"device_id": charger.device_id()},
        blocking=True,
        context=Context(user_id=hass_read_only_user.id),
    )
    assert len(charger.calls("ClearCache")) == 1
