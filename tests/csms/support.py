"""What the tests of the central system share: time, waiting, a bare station, payloads."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, NamedTuple, override

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from custom_components.ocpp_csms.csms import codec
from custom_components.ocpp_csms.csms.codec import Codec
from custom_components.ocpp_csms.csms.model.station import StationInfo
from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.quirks import QuirkBook, Quirks

type Json = dict[str, Any]
type Reply = Json | Callable[[Json], Json | None]

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_load = codec.load
VERSIONS = ("1.6", "2.0.1", "2.1")


def stamp(seconds: float = 0) -> str:
    """Return the time some seconds after NOW, as a station writes it."""
    time = NOW + timedelta(seconds=seconds)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def schemas(version: str) -> Codec:
    """Return the compiled schemas of a version."""
    return _load(OcppVersion(version))


class HandClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        """Stand at NOW."""
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)


class FixedQuirks(QuirkBook):
    """Finds the same quirks for every station."""

    def __init__(self, **knobs: Any) -> None:
        """Hold the knobs; nothing waits after a boot unless told so."""
        super().__init__()
        self.quirks = Quirks(**({"boot_settle_s": 0.0} | knobs))

    @override
    def find(self, info: StationInfo | None) -> Quirks:
        """Return the quirks."""
        return self.quirks


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait until a condition holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not condition():
        assert loop.time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.001)


class Refused(Exception):
    """A CALLERROR of the central system."""

    def __init__(self, code: str, description: str, details: Any) -> None:
        """Keep its parts."""
        super().__init__(f"{code}: {description}")
        self.code, self.description, self.details = code, description, details


class Request(NamedTuple):
    """A CALL of the central system."""

    id: str
    action: str
    payload: Json


class BareStation:
    """One socket of a station, without any behaviour of its own.

    `replies` names what is answered to the central system's CALLs; others stay unanswered.
    """

    def __init__(self, socket: ClientConnection) -> None:
        """Take over an open socket."""
        self.socket = socket
        self.frames: list[Any] = []
        self.requests: list[Request] = []
        self.replies: dict[str, Reply] = {}
        self.closed = False
        self._ids = count(1)
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for raw in self.socket:
                frame = orjson.loads(raw)
                self.frames.append(frame)
                await self._take(frame)
        self.closed = True

    async def _take(self, frame: list[Any]) -> None:
        kind, id_, *rest = frame
        if kind == 2:
            await self._serve(Request(id_, *rest))
        elif (future := self._waiting.pop(str(id_), None)) is not None:
            if kind == 3:
                future.set_result(rest[0])
            else:
                future.set_exception(Refused(*rest))

    async def _serve(self, request: Request) -> None:
        self.requests.append(request)
        reply = self.replies.get(request.action)
        answer = reply(request.payload) if callable(reply) else reply
        if answer is not None:
            await self.answer(request, answer)

    async def answer(self, request: Request, payload: Any) -> None:
        """Answer a CALL of the central system."""
        await self.send([3, request.id, payload])

    async def send(self, frame: Any) -> None:
        """Send a frame: bytes and text as they are, all else as JSON."""
        raw = frame if isinstance(frame, str | bytes) else orjson.dumps(frame).decode()
        await self.socket.send(raw)

    async def call(self, action: str, payload: Any, id_: Any = None) -> Json:
        """Send a CALL and return the answer; raises Refused."""
        id_ = id_ or f"m{next(self._ids)}"
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[str(id_)] = future
        await self.send([2, id_, action, payload])
        async with asyncio.timeout(5):
            return await future

    async def refusal(self, action: str, payload: Any) -> str:
        """Send a CALL that is answered with an error, and return its code."""
        try:
            answer = await self.call(action, payload)
        except Refused as error:
            return error.code
        raise AssertionError(f"answered {answer}")

    async def reaction(self, frame: Any) -> Any:
        """Send a frame and return the next one that comes."""
        seen = len(self.frames)
        await self.send(frame)
        await until(lambda: len(self.frames) > seen)
        return self.frames[seen]

    async def request(self, action: str) -> Request:
        """Return the first CALL of an action, waiting for it."""
        await until(lambda: any(r.action == action for r in self.requests))
        return next(r for r in self.requests if r.action == action)

    def asked(self, action: str) -> list[Json]:
        """Return the payloads of an action's CALLs so far."""
        return [r.payload for r in self.requests if r.action == action]

    async def close(self) -> None:
        """Close the socket."""
        await self.socket.close()
        await self._reader

    async def close_code(self) -> int | None:
        """Return the code with which the other side closed, waiting for it."""
        await until(lambda: self.closed)
        return self.socket.close_code

    def abort(self) -> None:
        """Lose the connection without a word."""
        self.socket.transport.abort()


async def dial(
    port: int,
    path: str = "/CP1",
    version: str | tuple[str, ...] | None = "1.6",
    *,
    password: bytes | None = None,
    user: str | None = None,
    **options: Any,
) -> BareStation:
    """Dial a central system, offering one version, several or none."""
    versions = (version,) if isinstance(version, str) else version or ()
    headers: dict[str, str] = options.pop("headers", {})
    if password is not None:
        name = path.rsplit("/", 1)[-1] if user is None else user
        headers["Authorization"] = basic(name, password)
    options = {"ping_interval": None, "compression": None, "max_size": None} | options
    socket = await connect(
        f"ws://127.0.0.1:{port}{path}",
        subprotocols=[Subprotocol(f"ocpp{v}") for v in versions] or None,
        additional_headers=headers,
        close_timeout=0.5,
        proxy=None,
        **options,
    )
    return BareStation(socket)


def basic(user: str, password: bytes) -> str:
    """Return an Authorization header."""
    return "Basic " + b64encode(user.encode() + b":" + password).decode()


async def raw_request(port: int, *lines: str) -> str:
    """Send an HTTP request by hand and return the head of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head.decode("latin-1")


UPGRADE = (
    "Host: localhost",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: ocpp1.6",
)
"""Headers of a handshake, without the Connection header."""


# Payloads.


def boot(version: str = "1.6", **more: Any) -> Json:
    """Return a BootNotification."""
    if version == "1.6":
        return {"chargePointVendor": "Acme", "chargePointModel": "One"} | more
    station = {"vendorName": "Acme", "model": "One"}
    return {"reason": "PowerUp", "chargingStation": station} | more


def status(
    version: str = "1.6", evse: int = 1, word: str = "Available", **more: Any
) -> Json:
    """Return a StatusNotification."""
    if version == "1.6":
        return {"connectorId": evse, "status": word, "errorCode": "NoError"} | more
    payload = {"timestamp": stamp(), "evseId": evse, "connectorId": 1 if evse else 0}
    return payload | {"connectorStatus": word} | more


def sample(value: Any, measurand: str | None = None, **more: Any) -> Json:
    """Return a SampledValue; the value is written as given."""
    named = {} if measurand is None else {"measurand": measurand}
    return {"value": value} | named | more


def moment(*samples: Json, at: float | str = 0) -> Json:
    """Return a MeterValue of a moment, in seconds after NOW or as text."""
    timestamp = at if isinstance(at, str) else stamp(at)
    return {"timestamp": timestamp, "sampledValue": list(samples)}


def meter(
    *samples: Json, evse: int = 1, at: float | str = 0, tx: int | None = None
) -> Json:
    """Return a MeterValues of 1.6."""
    payload: Json = {"connectorId": evse, "meterValue": [moment(*samples, at=at)]}
    return payload if tx is None else payload | {"transactionId": tx}


def register(wh: float, at: float = 0, tx: int | None = None, evse: int = 1) -> Json:
    """Return a MeterValues of 1.6 that holds the register."""
    name = "Energy.Active.Import.Register"
    return meter(sample(f"{wh}", name, unit="Wh"), at=at, tx=tx, evse=evse)


def start(evse: int = 1, wh: Any = 1000, at: float = 0, **more: Any) -> Json:
    """Return a StartTransaction."""
    payload = {"connectorId": evse, "idTag": "TAG", "meterStart": wh}
    return payload | {"timestamp": stamp(at)} | more


def stop(tx: int, wh: Any = 2000, at: float = 60, **more: Any) -> Json:
    """Return a StopTransaction."""
    return {"transactionId": tx, "meterStop": wh, "timestamp": stamp(at)} | more


def event(kind: str = "Started", tx: str = "T1", at: float = 0, **more: Any) -> Json:
    """Return a TransactionEvent; `evse` 1 unless given, None leaves it out."""
    info = {"transactionId": tx} | more.pop("info", {})
    payload: Json = {
        "eventType": kind,
        "timestamp": stamp(at),
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": info,
        "evse": {"id": 1, "connectorId": 1},
    } | more
    return {key: value for key, value in payload.items() if value is not None}


def energy(wh: float, context: str = "Sample.Periodic", at: float = 0) -> Json:
    """Return a MeterValue of 2.x that holds the register."""
    name = "Energy.Active.Import.Register"
    return moment(sample(wh, name, context=context), at=at)
