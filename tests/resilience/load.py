"""Stations that charge without end, and send again whatever was not answered."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
import json
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, WebSocketException
from websockets.typing import Subprotocol

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
_PROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
_PATIENCE_S = 5.0


@dataclass(slots=True)
class Charge:
    """What the meter of a station says of one transaction."""

    began_wh: int
    ended_wh: int | None = None
    id: str = ""


@dataclass(slots=True)
class LoadStation:
    """A station of one version that charges, one transaction after the other."""

    identity: str
    version: str
    port: int
    random: Random
    meter_wh: int = 1000
    charges: list[Charge] = field(default_factory=list)
    resent: int = 0
    _socket: ClientConnection | None = None
    _seconds: int = 0
    _ids: count[int] = field(default_factory=count)

    async def run(self, stop: asyncio.Event) -> None:
        """Charge until it is time to stop, and end the last transaction properly."""
        while not stop.is_set():
            await self._charge()
        if self._socket is not None:
            await self._socket.close()

    async def _charge(self) -> None:
        charge = Charge(self.meter_wh, id=f"{self.identity}-{len(self.charges)}")
        await (self._charge_v16 if self.version == "1.6" else self._charge_v201)(charge)
        self.charges.append(charge)
        self._seconds += 60

    async def _charge_v16(self, charge: Charge) -> None:
        begin = {"connectorId": 1, "idTag": "TAG", "meterStart": charge.began_wh}
        answer = await self._send("StartTransaction", begin | self._now())
        charge.id = str(answer["transactionId"])
        for _ in range(self.random.randrange(3)):
            value = {"value": str(self._flow()), "unit": "Wh"}
            values = [self._now() | {"sampledValue": [value]}]
            told = {"connectorId": 1, "transactionId": int(charge.id)}
            await self._send("MeterValues", told | {"meterValue": values})
        charge.ended_wh = self._flow()
        end = {"transactionId": int(charge.id), "meterStop": charge.ended_wh}
        await self._send("StopTransaction", end | self._now())

    async def _charge_v201(self, charge: Charge) -> None:
        kinds = ["Started", *["Updated"] * self.random.randrange(3), "Ended"]
        for number, kind in enumerate(kinds):
            wh = self.meter_wh if kind == "Started" else self._flow()
            now = self._now()
            value = {"value": wh, "measurand": "Energy.Active.Import.Register"}
            await self._send(
                "TransactionEvent",
                now
                | {
                    "eventType": kind,
                    "triggerReason": "MeterValuePeriodic",
                    "seqNo": number,
                    "transactionInfo": {"transactionId": charge.id},
                    "evse": {"id": 1, "connectorId": 1},
                    "meterValue": [now | {"sampledValue": [value]}],
                },
            )
        charge.ended_wh = self.meter_wh

    def _flow(self) -> int:
        self.meter_wh += self.random.randrange(1, 400)
        return self.meter_wh

    def _now(self) -> dict[str, str]:
        self._seconds += 30
        return {"timestamp": (_BEGIN + timedelta(seconds=self._seconds)).isoformat()}

    async def _send(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a message until it is answered, whatever happens to the other side."""
        while True:
            try:
                return await self._try(action, payload)
            except OSError, WebSocketException, TimeoutError, EOFError:
                self.resent += 1
                self._socket = None
                await asyncio.sleep(0.01)

    async def _try(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        async with asyncio.timeout(_PATIENCE_S):
            if self._socket is None:
                self._socket = await connect(
                    f"ws://127.0.0.1:{self.port}/{self.identity}",
                    subprotocols=[Subprotocol(_PROTOCOLS[self.version])],
                    compression=None,
                    ping_interval=None,
                )
            id_ = str(next(self._ids))
            await self._socket.send(json.dumps([2, id_, action, payload]))
            kind, answered, *rest = json.loads(await self._socket.recv())
        if (kind, answered) != (3, id_):
            raise InvalidMessage(f"{kind} {rest}")
        answer: dict[str, Any] = rest[0]
        return answer
