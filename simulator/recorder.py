"""What a station has exchanged, and waiting for it."""

import asyncio
from collections.abc import Callable

from .frames import CALL, SEND, Direction, Frame


class Recorder:
    """Keeps the frames of a station."""

    def __init__(self, keep_frames: int = 0) -> None:
        """Keep the last frames, or with 0 all."""
        self.frames: list[Frame] = []
        self.sent: list[Frame] = []
        self.received: list[Frame] = []
        self.on_frame: list[Callable[[Frame], None]] = []
        self._keep_frames = keep_frames
        self._seen: dict[tuple[Direction, str], int] = {}

    def record(self, frame: Frame) -> None:
        """Keep a frame."""
        for kept in (
            self.frames,
            self.sent if frame.direction == "sent" else self.received,
        ):
            kept.append(frame)
            if self._keep_frames and len(kept) > 2 * self._keep_frames:
                del kept[: -self._keep_frames]
        for listener in self.on_frame:
            listener(frame)

    async def wait_until(
        self, predicate: Callable[[], object], timeout: float = 5.0
    ) -> None:
        """Wait until something holds, at most for some real seconds."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not predicate():
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError("the condition did not come true")
            await asyncio.sleep(0.001)

    async def wait_for_call(self, action: str, timeout: float = 5.0) -> Frame:
        """Return the next request of this action that the central system sends."""
        return await self._next_frame("received", action, timeout)

    async def wait_for_sent(self, action: str, timeout: float = 5.0) -> Frame:
        """Return the next request of this action that the station sends."""
        return await self._next_frame("sent", action, timeout)

    async def _next_frame(
        self, direction: Direction, action: str, timeout: float
    ) -> Frame:
        """Return the first matching frame after the one returned last time."""
        key: tuple[Direction, str] = (direction, action)
        index = self._seen.get(key, 0)
        await self.wait_until(
            lambda: len(self.calls(direction, action)) > index, timeout
        )
        self._seen[key] = index + 1
        return self.calls(direction, action)[index]

    def calls(self, direction: Direction, action: str) -> list[Frame]:
        """Return the requests of an action in one direction."""
        frames = self.sent if direction == "sent" else self.received
        return [f for f in frames if f.kind in {CALL, SEND} and f.action == action]
