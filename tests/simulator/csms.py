"""A small central system for the tests of the simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

type Json = dict[str, Any]
type Answer = Callable[[Json], Any]

TIME = "2026-01-05T12:00:00Z"


class Refused(Exception):
    """The station answered with a CALLERROR."""

    def __init__(self, code: str, description: str, details: Any) -> None:
        """Keep the parts of the error."""
        super().__init__(code)
        self.code, self.description, self.details = code, description, details


class Silence(Exception):
    """Raised by an answer that never comes."""


class TinyCsms:
    """Answers stations, and remembers what they said."""

    def __init__(self) -> None:
        """Start without a station."""
        self.url = ""
        self.socket: ServerConnection | None = None
        self.sockets: list[ServerConnection] = []
        self.frames: list[Any] = []
        self.raw: list[str | bytes] = []
        self.calls: list[tuple[str, Json]] = []
        self.answers: dict[str, Answer] = {}
        self._transactions = count(1)
        self._ids = count(1000)
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    async def serve(self, socket: ServerConnection) -> None:
        """Serve one connection."""
        self.socket = socket
        self.sockets.append(socket)
        try:
            async for raw in socket:
                self.raw.append(raw)
                await self._receive(socket, raw)
        except ConnectionClosed:
            pass

    async def _receive(self, socket: ServerConnection, raw: str | bytes) -> None:
        """Take a frame."""
        try:
            frame = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return
        self.frames.append(frame)
        if frame[0] == 2:
            self.calls.append((frame[2], frame[3]))
            try:
                answer = self.answer(socket.subprotocol or "", frame[2], frame[3])
            except Refused as err:
                reply = [4, frame[1], err.code, err.description, err.details]
            except Silence:
                return
            else:
                reply = [3, frame[1], answer]
            await socket.send(orjson.dumps(reply).decode())
        elif frame[0] == 6:
            self.calls.append((frame[2], frame[3]))
        elif (future := self._waiting.get(frame[1])) is not None and not future.done():
            if frame[0] == 3:
                future.set_result(frame[2])
            else:
                future.set_exception(Refused(*frame[2:5]))

    def answer(self, protocol: str, action: str, payload: Json) -> Any:
        """Return the answer to a request."""
        if action in self.answers:
            return self.answers[action](payload)
        old = protocol == "ocpp1.6"
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": TIME, "interval": 300}
            case "Heartbeat":
                return {"currentTime": TIME}
            case "Authorize":
                return {"idTagInfo" if old else "idTokenInfo": {"status": "Accepted"}}
            case "StartTransaction":
                return {
                    "transactionId": next(self._transactions),
                    "idTagInfo": {"status": "Accepted"},
                }
            case "DataTransfer":
                return {"status": "Accepted"}
            case _:
                return {}

    async def call(
        self, action: str, payload: Json | None = None, timeout: float = 2.0
    ) -> Any:
        """Send a request and return the answer."""
        assert self.socket is not None
        message_id = str(next(self._ids))
        future = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(
            orjson.dumps([2, message_id, action, payload or {}]).decode()
        )
        return await asyncio.wait_for(future, timeout)

    def got(self, action: str) -> list[Json]:
        """Return the payloads of an action, in order."""
        return [payload for name, payload in self.calls if name == action]

    def events(self) -> list[tuple[str, str, str]]:
        """Return type, trigger and charging state of the TransactionEvents."""
        return [
            (
                event["eventType"],
                event["triggerReason"],
                event["transactionInfo"].get("chargingState", ""),
            )
            for event in self.got("TransactionEvent")
        ]

    def statuses(self) -> list[tuple[int, str]]:
        """Return the statuses, in order."""
        return [
            (payload.get("connectorId", 0), payload["status"])
            if "status" in payload
            else (payload["evseId"], payload["connectorStatus"])
            for payload in self.got("StatusNotification")
        ]


@asynccontextmanager
async def tiny_csms() -> AsyncIterator[TinyCsms]:
    """Run a central system on a free port of the loopback."""
    csms = TinyCsms()
    protocols: Any = ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"]
    async with serve(
        csms.serve,
        "127.0.0.1",
        0,
        subprotocols=protocols,
        select_subprotocol=lambda _, offered: next(
            (p for p in protocols if p in offered), None
        ),
        close_timeout=0.2,
        compression=None,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        csms.url = f"ws://127.0.0.1:{port}/"
        yield csms
