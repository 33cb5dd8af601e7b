"""What can go wrong between the central system and a station."""


class CsmsError(Exception):
    """Base of every error that the central system raises on purpose."""


class NotConnectedError(CsmsError):
    """The station has no open connection."""


class CallTimeoutError(CsmsError):
    """The station did not answer a CALL within its time-out."""

    def __init__(self, action: str, seconds: float) -> None:
        """Tell which action was left unanswered, and for how long."""
        super().__init__(f"no answer to {action} within {seconds:g} s")
        self.action = action
        self.seconds = seconds


class ConnectionLostError(CsmsError):
    """The connection closed before the station answered."""


class CallError(CsmsError):
    """The station answered with a CALLERROR (OCPP-J section 4.2.3)."""

    def __init__(
        self, code: str, description: str = "", details: object = None
    ) -> None:
        """Keep the station's own words."""
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details = details


class CommandRejectedError(CsmsError):
    """The station understood a command and refused it."""

    def __init__(self, status: str, reason: str = "") -> None:
        """Keep the status of the answer and the station's reason, if any."""
        super().__init__(f"{status}: {reason}" if reason else status)
        self.status = status
        self.reason = reason


class CommandNotSupportedError(CsmsError):
    """The station's OCPP version has no message for the command."""

    def __init__(self, command: str) -> None:
        """Tell which command the version lacks."""
        super().__init__(command)
        self.command = command


class InvalidPayloadError(CsmsError):
    """A payload breaks its schema; nothing was sent."""


class InvalidRequestError(CsmsError):
    """A wish that makes no sense for this station; nothing was sent.

    `key` names the reason for translation, `placeholders` fill its text.
    """

    def __init__(self, key: str, **placeholders: object) -> None:
        """Name the reason."""
        super().__init__(key)
        self.key = key
        self.placeholders = {name: str(value) for name, value in placeholders.items()}


class Skipped(CsmsError):
    """A step of onboarding found nothing to do."""


class HandshakeError(CsmsError):
    """A connection attempt that is refused before it becomes a WebSocket.

    `reason` is a key for translation; `status` is the HTTP status sent back.
    """

    def __init__(self, status: int, reason: str, detail: str = "") -> None:
        """Keep what is answered and why."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.status = status
        self.reason = reason
        self.detail = detail
