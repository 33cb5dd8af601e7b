"""Periodic event streams of OCPP 2.1: variables told again and again, unconfirmed."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from .device_model import Name
from .dialect import Handler
from .frames import ConnectionLost, Json

if TYPE_CHECKING:
    from .station import ChargingStation


@dataclass
class Stream:
    """One variable that is streamed."""

    id: int
    variable: Name
    interval: float
    monitor_id: int
    task: asyncio.Future[Any] | None = None

    @property
    def description(self) -> Json:
        """Return the stream as it stands in messages."""
        return {
            "id": self.id,
            "variableMonitoringId": self.monitor_id,
            "params": {"interval": int(self.interval), "values": 1},
        }


class Streams:
    """The streams of a station."""

    def __init__(self, station: ChargingStation) -> None:
        """Start without any."""
        self.station = station
        self.open_ones: dict[int, Stream] = {}
        self._ids = count(1)
        self.handlers: dict[str, Handler] = {
            "AdjustPeriodicEventStream": self.adjust,
            "GetPeriodicEventStream": self.get,
        }

    async def open(self, variable: Name, interval: float) -> bool:
        """Ask to stream a variable; return whether the central system wants it."""
        number = next(self._ids)
        stream = Stream(number, variable, interval, monitor_id=number)
        payload = {"constantStreamData": stream.description}
        answer = await self.station.send("OpenPeriodicEventStream", payload)
        if answer.get("status") != "Accepted":
            return False
        self.open_ones[number] = stream
        stream.task = self.station.spawn(self._run(stream))
        return True

    async def close(self, number: int) -> None:
        """End a stream."""
        stream = self.open_ones.pop(number)
        if stream.task is not None:
            stream.task.cancel()
        await self.station.send("ClosePeriodicEventStream", {"id": number})

    async def _run(self, stream: Stream) -> None:
        """Send a value as often as agreed."""
        while True:
            start = self.station.clock.now()
            await self.station.clock.sleep(stream.interval)
            if not self.station.registered:
                continue
            passed = (self.station.clock.now() - start) / timedelta(seconds=1)
            payload = {
                "id": stream.id,
                "pending": 0,
                "basetime": self.station.behaviour.stamp(start) or "",
                "data": [
                    {"t": passed, "v": self.station.device_model[stream.variable]}
                ],
            }
            try:
                await self.station.notify("NotifyPeriodicEventStream", payload)
            except ConnectionLost:
                continue

    def adjust(self, payload: Json) -> Json:
        """Change the pace of a stream."""
        stream = self.open_ones.get(payload["id"])
        if stream is None:
            return {"status": "Rejected"}
        stream.interval = float(payload["params"].get("interval", stream.interval))
        return {"status": "Accepted"}

    def get(self, payload: Json) -> Json:
        """Return the open streams."""
        del payload
        if not self.open_ones:
            return {}
        streams = [stream.description for stream in self.open_ones.values()]
        return {"constantStreamData": streams}
