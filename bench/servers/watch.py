"""What is watched inside Home Assistant: writes of states, and what holds up its event loop."""

from asyncio.events import Handle
from collections import Counter
import gc
import logging
import sys
import threading
import time
from types import FrameType
from typing import Any, override

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, StateMachine, callback

_INTEGRATION = "custom_components/ocpp_csms"
_WAITING = frozenset(
    {
        "open",
        "os.listdir",
        "os.scandir",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "sqlite3.connect",
        "subprocess.Popen",
        "time.sleep",
    }
)
"""What Python tells of that may wait for a disk, a network or a clock."""


class WriteCounter:
    """Counts the states that are written, and those that changed by it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start to count."""
        self.written = self.changed = 0
        self._original = StateMachine.async_set_internal
        self._remove = hass.bus.async_listen(EVENT_STATE_CHANGED, self._count)
        original = self._original

        def counting(*arguments: Any) -> None:
            self.written += 1
            original(*arguments)

        StateMachine.async_set_internal = counting  # type: ignore[assignment,method-assign]

    def stop(self) -> tuple[int, int]:
        """Stop, and return how many were written and how many changed."""
        StateMachine.async_set_internal = self._original  # type: ignore[method-assign]
        self._remove()
        return self.written, self.changed

    @callback
    def _count(self, _: Event[Any]) -> None:
        self.changed += 1


class CallbackWatch:
    """Notes the CPU time of the event loop's longest callback, without garbage collection."""

    def __init__(self) -> None:
        """Start to watch; Home Assistant is not watched for long, so there is no end."""
        self.longest_s = 0.0
        self._collecting_s = 0.0
        self._begin = 0.0
        gc.collect()
        gc.callbacks.append(self._collect)
        original = Handle._run  # noqa: SLF001
        watch = self

        def timed(self: Handle) -> None:
            watch._collecting_s = 0.0
            begin = time.thread_time()
            original(self)
            spent = time.thread_time() - begin - watch._collecting_s
            watch.longest_s = max(watch.longest_s, spent)

        Handle._run = timed  # type: ignore[method-assign]  # noqa: SLF001

    def _collect(self, phase: str, _: object) -> None:
        if phase == "start":
            self._begin = time.thread_time()
        else:
            self._collecting_s += time.thread_time() - self._begin


class WaitWatch:
    """Notes where the integration waits for something in the event loop.

    Python's audit hooks tell; one that was added stays for the life of the process.
    """

    def __init__(self) -> None:
        """Start to watch this thread."""
        self.found: Counter[str] = Counter()
        self._thread = threading.get_ident()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if (
            event in _WAITING
            and threading.get_ident() == self._thread
            and (place := _place_in_integration(sys._getframe()))  # noqa: SLF001
        ):
            self.found[f"{event} {arguments[:1]} at {place}"] += 1


def _place_in_integration(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        if _INTEGRATION in name:
            return f"{name.partition(_INTEGRATION)[2]}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


class Complaints(logging.Handler):
    """Keeps the warnings that name the integration or come from it."""

    def __init__(self) -> None:
        """Start without any."""
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, except for the notice that every custom integration gets."""
        text = record.getMessage()
        if "ocpp_csms" in text + record.name and "not been tested" not in text:
            self.texts.append(text)
