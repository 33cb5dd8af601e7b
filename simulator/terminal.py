"""What a station exchanges, as lines of text."""

import asyncio
import json

from .frames import CALL, CALLERROR, CALLRESULT, SEND, Frame
from .station import ChargingStation

_KINDS = {CALL: "call", CALLRESULT: "result", CALLERROR: "error", SEND: "send"}
_WIDTH = 160
_PAUSE = 0.1


def line(frame: Frame) -> str:
    """Return a frame as one line."""
    arrow = "->" if frame.direction == "sent" else "<-"
    content = json.dumps(frame.payload, default=str) if frame.action else str(frame.raw)
    if len(content) > _WIDTH:
        content = content[: _WIDTH - 1] + "…"
    kind = _KINDS.get(frame.kind, "frame")
    return f"{frame.time:%H:%M:%S} {arrow} {kind:6} {frame.action} {content}"


def show(frame: Frame) -> None:
    """Print a frame."""
    print(line(frame), flush=True)


async def watch(station: ChargingStation) -> None:
    """Print what is exchanged, and why a connection fails, once until that changes."""
    station.on_frame.append(show)
    problem: str | None = None
    while True:
        error = station.link.last_error
        reason = str(error) if error is not None else None
        if reason != problem:
            problem = reason
            if problem is not None:
                print(f"cannot connect: {problem}", flush=True)
        await asyncio.sleep(_PAUSE)
