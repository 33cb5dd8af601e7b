"""Timers of the EVSEs of a station."""

import asyncio
from collections.abc import Callable


class EvseTimers:
    """At most one timer for each EVSE; one that has rung is no longer there."""

    __slots__ = ("_handles",)

    def __init__(self) -> None:
        """Wait for nothing."""
        self._handles: dict[int, asyncio.TimerHandle] = {}

    def start[*Arguments](
        self,
        evse_id: int,
        delay_s: float,
        ring: Callable[[*Arguments], None],
        *arguments: *Arguments,
    ) -> None:
        """Call a function in some seconds, unless something waits already at the EVSE."""
        if evse_id not in self._handles:
            loop = asyncio.get_running_loop()
            self._handles[evse_id] = loop.call_later(
                delay_s, self._ring, evse_id, ring, arguments
            )

    def stop(self, evse_id: int) -> None:
        """Wait no longer at an EVSE."""
        if handle := self._handles.pop(evse_id, None):
            handle.cancel()

    def stop_all(self) -> None:
        """Wait no longer anywhere."""
        for evse_id in tuple(self._handles):
            self.stop(evse_id)

    def _ring[*Arguments](
        self,
        evse_id: int,
        ring: Callable[[*Arguments], None],
        arguments: tuple[*Arguments],
    ) -> None:
        del self._handles[evse_id]
        ring(*arguments)
