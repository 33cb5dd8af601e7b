"""What goes wrong in the central system, in words for the user."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.ocpp_csms.csms.errors import (
    CallError,
    CallTimeoutError,
    CommandNotSupportedError,
    CommandRejectedError,
    ConnectionLostError,
    CsmsError,
    InvalidPayloadError,
    InvalidRequestError,
    NotConnectedError,
)
from custom_components.ocpp_csms.errors import translated_errors

from .common import NAME, assert_translated


@pytest.mark.parametrize(
    ("error", "kind", "key", "placeholders"),
    [
        (
            InvalidRequestError("evse_unknown", evse=7),
            ServiceValidationError,
            "evse_unknown",
            {"evse": "7"},
        ),
        (
            InvalidPayloadError("no type"),
            ServiceValidationError,
            "invalid_payload",
            {"error": "no type"},
        ),
        (NotConnectedError(), HomeAssistantError, "not_connected", {}),
        (ConnectionLostError(), HomeAssistantError, "connection_lost", {}),
        (
            CallTimeoutError("Reset", 30.0),
            HomeAssistantError,
            "call_timeout",
            {"action": "Reset", "seconds": "30"},
        ),
        (
            CommandRejectedError("Rejected"),
            HomeAssistantError,
            "rejected",
            {"status": "Rejected"},
        ),
        (
            CommandRejectedError("Rejected", "busy"),
            HomeAssistantError,
            "rejected_with_reason",
            {"status": "Rejected", "reason": "busy"},
        ),
        (
            CallError("InternalError", "oops"),
            HomeAssistantError,
            "call_error_described",
            {"code": "InternalError", "description": "oops"},
        ),
        (
            CallError("NotSupported"),
            HomeAssistantError,
            "call_error",
            {"code": "NotSupported"},
        ),
        (
            CommandNotSupportedError("GetBaseReport"),
            HomeAssistantError,
            "not_supported",
            {"command": "GetBaseReport"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_translated(
    error: CsmsError,
    kind: type[HomeAssistantError],
    key: str,
    placeholders: dict[str, str],
) -> None:
    """Each error of the central system becomes a translated one."""
    with pytest.raises(HomeAssistantError) as raised, translated_errors(NAME):
        raise error
    assert type(raised.value) is kind
    assert_translated(raised, key, station=NAME, **placeholders)
    assert raised.value.__cause__ is error
