"""The last frames of a station, kept for diagnostics."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple


class LoggedFrame(NamedTuple):
    """One frame: when, in which direction, and its bytes as they were."""

    at: datetime
    incoming: bool
    raw: bytes


class FrameLog:
    """A ring of frames. Nothing is copied or decoded until somebody looks."""

    __slots__ = ("_frames",)

    def __init__(self, size: int = 60) -> None:
        """Keep the last `size` frames."""
        self._frames: deque[LoggedFrame] = deque(maxlen=size)

    def add(self, at: datetime, raw: bytes, *, incoming: bool) -> None:
        """Remember a frame."""
        self._frames.append(LoggedFrame(at, incoming, raw))

    def __iter__(self) -> Iterator[LoggedFrame]:
        """Iterate from the oldest to the newest frame."""
        return iter(self._frames)
