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
    """A ring of frames, bounded in number and bytes. Nothing is decoded until somebody looks."""

    __slots__ = ("_bytes", "_frames", "_max_bytes", "_size")

    def __init__(self, size: int = 60, max_bytes: int = 8_192) -> None:
        """Keep the last `size` frames, or fewer if they are large; the newest always."""
        self._frames: deque[LoggedFrame] = deque()
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0

    def add(self, at: datetime, raw: bytes, *, incoming: bool) -> None:
        """Remember a frame."""
        frames = self._frames
        frames.append(LoggedFrame(at, incoming, raw))
        self._bytes += len(raw)
        while len(frames) > 1 and (
            self._bytes > self._max_bytes or len(frames) > self._size
        ):
            self._bytes -= len(frames.popleft().raw)

    def __iter__(self) -> Iterator[LoggedFrame]:
        """Iterate from the oldest to the newest frame."""
        return iter(self._frames)
