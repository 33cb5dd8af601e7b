"""OCPP-J frames: bytes to messages and back (OCPP-J section 4, 2.1 Part 4 section 4)."""

from enum import IntEnum
from typing import Any, NamedTuple

import orjson

from .model.version import OcppVersion

type MessageId = str | int
"""A string by the specification; a number is echoed as it came."""

UNREADABLE_ID = "-1"
MAX_ACTION_LENGTH = 64
MAX_ID_LENGTH = 255
MAX_DESCRIPTION_LENGTH = 255


class MessageType(IntEnum):
    """Kind of a frame; the last two exist only in 2.1."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


class ErrorCode(IntEnum):
    """Why a frame is refused; the word on the wire depends on the version."""

    FORMAT = 1
    FRAMEWORK = 2
    MESSAGE_TYPE = 3
    NOT_IMPLEMENTED = 4
    NOT_SUPPORTED = 5
    TYPE = 6
    OCCURRENCE = 7
    PROPERTY = 8
    SECURITY = 9
    INTERNAL = 10
    GENERIC = 11


_COMMON_CODES = {
    ErrorCode.NOT_IMPLEMENTED: "NotImplemented",
    ErrorCode.NOT_SUPPORTED: "NotSupported",
    ErrorCode.TYPE: "TypeConstraintViolation",
    ErrorCode.PROPERTY: "PropertyConstraintViolation",
    ErrorCode.SECURITY: "SecurityError",
    ErrorCode.INTERNAL: "InternalError",
    ErrorCode.GENERIC: "GenericError",
}
_CODES_16 = _COMMON_CODES | {
    ErrorCode.FORMAT: "FormationViolation",
    ErrorCode.FRAMEWORK: "FormationViolation",
    ErrorCode.MESSAGE_TYPE: "FormationViolation",
    ErrorCode.OCCURRENCE: "OccurenceConstraintViolation",
}
_CODES_2X = _COMMON_CODES | {
    ErrorCode.FORMAT: "FormatViolation",
    ErrorCode.FRAMEWORK: "RpcFrameworkError",
    ErrorCode.MESSAGE_TYPE: "MessageTypeNotSupported",
    ErrorCode.OCCURRENCE: "OccurrenceConstraintViolation",
}


def error_word(code: ErrorCode, version: OcppVersion) -> str:
    """Return the word that a version uses for an error code, its misspellings included."""
    return (_CODES_16 if version is OcppVersion.V16 else _CODES_2X)[code]


class RpcError(Exception):
    """A frame that is answered with an error instead of a result."""

    def __init__(self, code: ErrorCode, description: str = "") -> None:
        """Tell what is wrong, for the station's log."""
        super().__init__(description)
        self.code = code
        self.description = description


class FrameError(RpcError):
    """A frame that can't be read. `id` is what could be made out of its message id.

    `of_answer` marks an answer to a CALL of ours, which is never answered by CALLERROR.
    """

    def __init__(
        self,
        id_: MessageId,
        code: ErrorCode,
        description: str,
        *,
        of_answer: bool = False,
    ) -> None:
        """Tell what is wrong with which frame."""
        super().__init__(code, description)
        self.id = id_
        self.of_answer = of_answer


class Call(NamedTuple):
    """A request that wants an answer."""

    id: MessageId
    action: str
    payload: dict[str, Any]


class Send(NamedTuple):
    """A message without an answer (2.1)."""

    id: MessageId
    action: str
    payload: dict[str, Any]


class CallResult(NamedTuple):
    """The answer to a CALL."""

    id: MessageId
    payload: dict[str, Any]


class CallFailure(NamedTuple):
    """CALLERROR, or with `of_result` CALLRESULTERROR (2.1)."""

    id: MessageId
    code: str
    description: str
    details: Any
    of_result: bool = False


type Frame = Call | Send | CallResult | CallFailure


def parse(raw: bytes | str) -> Frame:
    """Read one frame.

    Tolerated: a numeric message id, a missing or null payload, a CALLERROR with fewer
    than five elements, surplus elements. Raises FrameError for anything else.
    """
    try:
        frame = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FrameError(
            UNREADABLE_ID, ErrorCode.FRAMEWORK, f"not JSON: {error}"
        ) from error
    if not isinstance(frame, list) or len(frame) < 2:
        raise FrameError(UNREADABLE_ID, ErrorCode.FRAMEWORK, "not an OCPP-J array")
    type_, id_ = frame[0], frame[1]
    if not _is_message_id(id_):
        raise FrameError(UNREADABLE_ID, ErrorCode.FRAMEWORK, "unreadable message id")
    if type_ == MessageType.CALL:
        return Call(id_, *_request(frame, id_))
    if type_ == MessageType.CALLRESULT:
        return CallResult(id_, _payload(frame, 2, id_))
    if type_ in (MessageType.CALLERROR, MessageType.CALLRESULTERROR):
        return _failure(frame, id_)
    if type_ == MessageType.SEND:
        return Send(id_, *_request(frame, id_))
    raise FrameError(id_, ErrorCode.MESSAGE_TYPE, f"unknown message type {type_!r:.40}")


def _is_message_id(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= MAX_ID_LENGTH
    return isinstance(value, int) and not isinstance(value, bool)


def _request(frame: list[Any], id_: MessageId) -> tuple[str, dict[str, Any]]:
    action = frame[2] if len(frame) > 2 else None
    if not isinstance(action, str) or not 0 < len(action) <= MAX_ACTION_LENGTH:
        raise FrameError(id_, ErrorCode.FORMAT, "the action is not a name")
    return action, _payload(frame, 3, id_)


def _payload(frame: list[Any], index: int, id_: MessageId) -> dict[str, Any]:
    payload = frame[index] if len(frame) > index else None
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        of_answer = frame[0] == MessageType.CALLRESULT
        description = "the payload is not an object"
        raise FrameError(id_, ErrorCode.FORMAT, description, of_answer=of_answer)
    return payload


def _failure(frame: list[Any], id_: MessageId) -> CallFailure:
    code, description, details = (*frame[2:5], None, None, None)[:3]
    return CallFailure(
        id_,
        str(code) if code else "GenericError",
        str(description) if description else "",
        details,
        frame[0] == MessageType.CALLRESULTERROR,
    )


def _dump(frame: list[Any]) -> bytes:
    # orjson leaves its buffer of at least 1 KiB to the result; a copy is as small as it is.
    return bytes(memoryview(orjson.dumps(frame)))


def call(id_: MessageId, action: str, payload: dict[str, Any]) -> bytes:
    """Return a CALL frame."""
    return _dump([MessageType.CALL.value, id_, action, payload])


def send(id_: MessageId, action: str, payload: dict[str, Any]) -> bytes:
    """Return a SEND frame (2.1)."""
    return _dump([MessageType.SEND.value, id_, action, payload])


def call_result(id_: MessageId, payload: dict[str, Any]) -> bytes:
    """Return a CALLRESULT frame."""
    return _dump([3, id_, payload])


def call_error(
    id_: MessageId, error: RpcError, version: OcppVersion, *, of_result: bool = False
) -> bytes:
    """Return a CALLERROR frame, or a CALLRESULTERROR frame (2.1)."""
    type_ = MessageType.CALLRESULTERROR if of_result else MessageType.CALLERROR
    description = error.description[:MAX_DESCRIPTION_LENGTH]
    return _dump([type_.value, id_, error_word(error.code, version), description, {}])
