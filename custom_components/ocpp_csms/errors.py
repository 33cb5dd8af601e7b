"""Errors of the central system as Home Assistant's, translated."""

from collections.abc import Generator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .csms.errors import (
    CallError,
    CallTimeoutError,
    CommandNotSupportedError,
    CommandRejectedError,
    ConnectionLostError,
    InvalidPayloadError,
    InvalidRequestError,
    NotConnectedError,
)


@contextmanager
def translated_errors(station: str) -> Generator[None]:
    """Turn what goes wrong with a station into what a user can read."""
    try:
        yield
    except InvalidRequestError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=error.key,
            translation_placeholders={"station": station, **error.placeholders},
        ) from error
    except InvalidPayloadError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="invalid_payload",
            translation_placeholders={"station": station, "error": str(error)},
        ) from error
    except NotConnectedError as error:
        raise _error("not_connected", station) from error
    except ConnectionLostError as error:
        raise _error("connection_lost", station) from error
    except CallTimeoutError as error:
        raise _error(
            "call_timeout", station, action=error.action, seconds=f"{error.seconds:g}"
        ) from error
    except CommandRejectedError as error:
        if error.reason:
            raise _error(
                "rejected_with_reason",
                station,
                status=error.status,
                reason=error.reason,
            ) from error
        raise _error("rejected", station, status=error.status) from error
    except CallError as error:
        if error.description:
            raise _error(
                "call_error_described",
                station,
                code=error.code,
                description=error.description,
            ) from error
        raise _error("call_error", station, code=error.code) from error
    except CommandNotSupportedError as error:
        raise _error("not_supported", station, command=error.command) from error


def _error(key: str, station: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"station": station, **placeholders},
    )
