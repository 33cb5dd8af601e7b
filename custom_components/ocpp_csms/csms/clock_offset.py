"""How far a station's clock is off, judged by the times that it writes on its messages."""

from datetime import datetime

STEP_S = 5.0
"""Smaller differences are the network's."""
QUEUED_S = 30.0
"""What is told so much later may have been in a queue."""


class ClockOffset:
    """The offset of one station's clock, believed once two messages of a kind agree on it.

    Messages that come late, out of a queue, don't agree with each other; one that is sent
    again, with the time that it had, is no second one. Measured values may bear the time at
    which their interval began: by themselves they can't make a clock slow that other
    messages have shown to be right.
    """

    __slots__ = ("_last", "_last_s", "_shown_by_events", "seconds")

    def __init__(self) -> None:
        """Know nothing yet."""
        self.seconds: float | None = None
        """Positive where the station's clock is ahead; None while not known."""
        self._last: dict[bool, datetime] = {}
        self._last_s: dict[bool, float] = {}
        self._shown_by_events = False

    def hear(self, at: datetime, now: datetime, *, measured: bool) -> bool:
        """Take the time of a message, or of values; return whether the offset changed."""
        offset = round((at - now).total_seconds(), 1)
        repeated = self._last.get(measured) == at
        self._last[measured] = at
        if repeated and abs(offset) >= QUEUED_S:
            return False
        last, self._last_s[measured] = self._last_s.get(measured), offset
        if last is None or abs(offset - last) >= STEP_S:
            return False
        known = self.seconds
        if measured and self._shown_by_events and offset < (known or 0.0):
            return False
        self._shown_by_events = not measured
        if known is not None and abs(offset - known) < STEP_S:
            return False
        self.seconds = offset
        return True
