"""OCPP-J frames: what is read, what is refused, and that nothing else ever happens."""

from contextlib import suppress
from typing import Any

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.ocpp_csms.csms import framing
from custom_components.ocpp_csms.csms.framing import (
    Call,
    CallFailure,
    CallResult,
    ErrorCode,
    FrameError,
    RpcError,
    Send,
)
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .support import JSON

IDS = st.text(min_size=1, max_size=255).filter(
    lambda text: text.encode(errors="ignore").decode() == text
)
PAYLOADS = st.dictionaries(
    st.text(max_size=5).filter(lambda text: text.encode(errors="ignore").decode()),
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.just("text"),
    max_size=4,
)


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        (
            '[2,"1","Heartbeat",{}]',
            Call("1", "Heartbeat", {}),
        ),
        ('[2,"1","Heartbeat"]', Call("1", "Heartbeat", {})),
        ('[2,"1","Heartbeat",null]', Call("1", "Heartbeat", {})),
        ('[2,7,"Heartbeat",{}]', Call(7, "Heartbeat", {})),
        ('[2,"1","Heartbeat",{},"surplus"]', Call("1", "Heartbeat", {})),
        ('[2,"1","A",{"a":[1]}]', Call("1", "A", {"a": [1]})),
        ('[3,"1",{"a":1}]', CallResult("1", {"a": 1})),
        ('[3,"1"]', CallResult("1", {})),
        (
            '[4,"1","NotSupported","no",{"a":1}]',
            CallFailure("1", "NotSupported", "no", {"a": 1}),
        ),
        ('[4,"1","NotSupported","no"]', CallFailure("1", "NotSupported", "no", None)),
        ('[4,"1","NotSupported"]', CallFailure("1", "NotSupported", "", None)),
        ('[4,"1"]', CallFailure("1", "GenericError", "", None)),
        (
            '[4,"-1","FormatViolation","","words"]',
            CallFailure("-1", "FormatViolation", "", "words"),
        ),
        ('[4,"1",null,null,null]', CallFailure("1", "GenericError", "", None)),
        (
            '[5,"1","FormatViolation","bad",{}]',
            CallFailure("1", "FormatViolation", "bad", {}, of_result=True),
        ),
        (
            '[6,"1","NotifyPeriodicEventStream",{}]',
            Send("1", "NotifyPeriodicEventStream", {}),
        ),
    ],
)
def test_readable(raw: str, frame: framing.Frame) -> None:
    """A frame is read, small liberties included."""
    assert framing.parse(raw) == frame


@pytest.mark.parametrize(
    ("raw", "id_", "code"),
    [
        (b"", "-1", ErrorCode.FRAMEWORK),
        (b"hello", "-1", ErrorCode.FRAMEWORK),
        (b"\xff\xfe", "-1", ErrorCode.FRAMEWORK),
        (b'[2,"1","Heartbeat",{}', "-1", ErrorCode.FRAMEWORK),
        (b"{}", "-1", ErrorCode.FRAMEWORK),
        (b"null", "-1", ErrorCode.FRAMEWORK),
        (b"2", "-1", ErrorCode.FRAMEWORK),
        (b"[]", "-1", ErrorCode.FRAMEWORK),
        (b"[2]", "-1", ErrorCode.FRAMEWORK),
        (b'[2,null,"Heartbeat",{}]', "-1", ErrorCode.FRAMEWORK),
        (b'[2,"","Heartbeat",{}]', "-1", ErrorCode.FRAMEWORK),
        (b'[2,true,"Heartbeat",{}]', "-1", ErrorCode.FRAMEWORK),
        (b'[2,1.5,"Heartbeat",{}]', "-1", ErrorCode.FRAMEWORK),
        (b'[2,{},"Heartbeat",{}]', "-1", ErrorCode.FRAMEWORK),
        (b'[2,"' + b"x" * 256 + b'","A",{}]', "-1", ErrorCode.FRAMEWORK),
        (b'[9,"1","Heartbeat",{}]', "1", ErrorCode.MESSAGE_TYPE),
        (b'["2","1","Heartbeat",{}]', "1", ErrorCode.MESSAGE_TYPE),
        (b'[null,"1"]', "1", ErrorCode.MESSAGE_TYPE),
        (b'[[],"1"]', "1", ErrorCode.MESSAGE_TYPE),
        (b'[2,"1"]', "1", ErrorCode.FORMAT),
        (b'[2,"1",5,{}]', "1", ErrorCode.FORMAT),
        (b'[2,"1","",{}]', "1", ErrorCode.FORMAT),
        (b'[2,"1","' + b"x" * 65 + b'",{}]', "1", ErrorCode.FORMAT),
        (b'[2,"1","Heartbeat",[]]', "1", ErrorCode.FORMAT),
        (b'[2,"1","Heartbeat","{}"]', "1", ErrorCode.FORMAT),
        (b'[3,"1",[]]', "1", ErrorCode.FORMAT),
        (b"[" * 5000, "-1", ErrorCode.FRAMEWORK),
    ],
)
def test_unreadable(raw: bytes, id_: str, code: ErrorCode) -> None:
    """A broken frame is refused under its id, or under -1 where that is unreadable."""
    with pytest.raises(FrameError) as error:
        framing.parse(raw)
    assert (error.value.id, error.value.code) == (id_, code)


@given(st.binary() | st.text())
def test_any_bytes(raw: bytes | str) -> None:
    """Whatever bytes come, nothing but FrameError is raised."""
    with suppress(FrameError):
        framing.parse(raw)


@given(st.lists(JSON, max_size=6) | JSON)
def test_any_json(value: Any) -> None:
    """Whatever JSON comes, nothing but FrameError is raised."""
    try:
        raw = orjson.dumps(value)
    except TypeError:
        return
    with suppress(FrameError):
        framing.parse(raw)


@given(st.sampled_from([2, 3, 4, 5, 6]), st.lists(JSON, max_size=5))
def test_any_elements(kind: int, elements: list[Any]) -> None:
    """Whatever follows a message type, nothing but FrameError is raised."""
    try:
        raw = orjson.dumps([kind, *elements])
    except TypeError:
        return
    with suppress(FrameError):
        framing.parse(raw)


@given(IDS, st.sampled_from(["Heartbeat", "Ünknown"]), PAYLOADS)
def test_call_round_trip(id_: str, action: str, payload: dict[str, Any]) -> None:
    """A CALL that is written is read again as it was."""
    assert framing.parse(framing.call(id_, action, payload)) == Call(
        id_, action, payload
    )


@given(IDS, PAYLOADS)
def test_send_round_trip(id_: str, payload: dict[str, Any]) -> None:
    """A SEND that is written is read again as it was."""
    assert framing.parse(framing.send(id_, "X", payload)) == Send(id_, "X", payload)


@given(IDS | st.integers(-(2**63), 2**63 - 1), PAYLOADS)
def test_result_round_trip(id_: str | int, payload: dict[str, Any]) -> None:
    """A CALLRESULT that is written is read again as it was."""
    assert framing.parse(framing.call_result(id_, payload)) == CallResult(id_, payload)


@given(
    IDS, st.sampled_from(ErrorCode), st.sampled_from(OcppVersion), st.text(max_size=999)
)
def test_error_round_trip(
    id_: str, code: ErrorCode, version: OcppVersion, description: str
) -> None:
    """A CALLERROR has five elements and a description of at most 255 characters."""
    description = description.encode(errors="ignore").decode()
    raw = framing.call_error(id_, RpcError(code, description), version)
    assert orjson.loads(raw) == [
        4,
        id_,
        framing.error_word(code, version),
        description[:255],
        {},
    ]


def test_error_of_result() -> None:
    """A CALLRESULTERROR has message type 5."""
    error = RpcError(ErrorCode.FORMAT, "bad")
    raw = framing.call_error("1", error, OcppVersion.V21, of_result=True)
    assert orjson.loads(raw) == [5, "1", "FormatViolation", "bad", {}]


@pytest.mark.parametrize(
    ("code", "word_16", "word_2x"),
    [
        (ErrorCode.FORMAT, "FormationViolation", "FormatViolation"),
        (ErrorCode.FRAMEWORK, "FormationViolation", "RpcFrameworkError"),
        (ErrorCode.MESSAGE_TYPE, "FormationViolation", "MessageTypeNotSupported"),
        (ErrorCode.NOT_IMPLEMENTED, "NotImplemented", "NotImplemented"),
        (ErrorCode.NOT_SUPPORTED, "NotSupported", "NotSupported"),
        (ErrorCode.TYPE, "TypeConstraintViolation", "TypeConstraintViolation"),
        (
            ErrorCode.OCCURRENCE,
            "OccurenceConstraintViolation",
            "OccurrenceConstraintViolation",
        ),
        (
            ErrorCode.PROPERTY,
            "PropertyConstraintViolation",
            "PropertyConstraintViolation",
        ),
        (ErrorCode.SECURITY, "SecurityError", "SecurityError"),
        (ErrorCode.INTERNAL, "InternalError", "InternalError"),
        (ErrorCode.GENERIC, "GenericError", "GenericError"),
    ],
)
def test_error_words(code: ErrorCode, word_16: str, word_2x: str) -> None:
    """Each version has its own words for errors."""
    words = [framing.error_word(code, version) for version in OcppVersion]
    assert words == [word_16, word_2x, word_2x]
