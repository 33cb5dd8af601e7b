"""Callbacks, the frame log, and how variables are written."""

import pytest

from custom_components.ocpp_csms.csms.frame_log import FrameLog
from custom_components.ocpp_csms.csms.model.variable import VariableRef, VariableResult
from custom_components.ocpp_csms.csms.signal import Signal

from .support import NOW


def test_signal() -> None:
    """Every listener hears, until it does not want to."""
    signal: Signal[int] = Signal()
    first: list[int] = []
    second: list[int] = []
    leave = signal.connect(first.append)
    signal.connect(second.append)
    signal.emit(1)
    leave()
    leave()
    signal.emit(2)
    assert (first, second) == ([1], [1, 2])


def test_listener_that_leaves_while_told() -> None:
    """A listener may leave while it is told."""
    signal: Signal[()] = Signal()
    seen: list[str] = []

    def once() -> None:
        seen.append("once")
        leave()

    leave = signal.connect(once)
    signal.connect(lambda: seen.append("other"))
    signal.emit()
    signal.emit()
    assert seen == ["once", "other", "other"]


def test_frame_log_is_a_ring() -> None:
    """Only the last frames are kept, the oldest first."""
    log = FrameLog(size=2)
    for raw in (b"1", b"2", b"3"):
        log.add(NOW, raw, incoming=True)
    assert [frame.raw for frame in log] == [b"2", b"3"]


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (VariableRef("HeartbeatInterval"), "HeartbeatInterval"),
        (VariableRef("Enabled", "AuthCtrlr"), "AuthCtrlr.Enabled"),
        (
            VariableRef("MessageTimeout", "OCPPCommCtrlr", "Default"),
            "OCPPCommCtrlr.MessageTimeout[Default]",
        ),
        (VariableRef("Power", "EVSE", evse_id=1), "EVSE@1.Power"),
        (
            VariableRef("Available", "Connector", None, "left", 1, 2),
            "Connector[left]@1:2.Available",
        ),
    ],
)
def test_variable_names(ref: VariableRef, text: str) -> None:
    """Variables are written as users read them."""
    assert str(ref) == text


@pytest.mark.parametrize(
    ("status", "accepted"),
    [
        ("Accepted", True),
        ("RebootRequired", True),
        ("Rejected", False),
        ("UnknownVariable", False),
        ("NotSupported", False),
    ],
)
def test_variable_results(status: str, accepted: bool) -> None:
    """A value that holds after the next reboot is accepted too."""
    assert VariableResult(VariableRef("A"), status).accepted is accepted
