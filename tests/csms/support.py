"""What the tests of the central system share: time, waiting, a bare station, payloads."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, override

from hypothesis import strategies as st
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from custom_components.ocpp_csms.csms import codec, control
from custom_components.ocpp_csms.csms.codec import Codec
from custom_components.ocpp_csms.csms.dialects import DIALECTS, Dialect
from custom_components.ocpp_csms.csms.model.commands import ClearCache
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.station import StationInfo
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.csms.model.variable import VariableRef
from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.quirks import QuirkBook, Quirks
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station, StationConfig
from simulator import Car, ChargingStation, ManualClock, Misbehaviour

if TYPE_CHECKING:
    from .conftest import Dial, Simulate

type Json = dict[str, Any]
type Reply = Json | Callable[[Json], Json | None]

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_load = codec.load
VERSIONS = ("1.6", "2.0.1", "2.1")
V16, V2X = ("1.6",), ("2.0.1", "2.1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
"""Whatever JSON can hold."""


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


# Commands.

CLEAR = ClearCache()
KEY = VariableRef("HeartbeatInterval")
PLACED = VariableRef("Enabled", "AuthCtrlr", "A", "B", 1, 2)
TOKEN = IdToken("TAG")


def profile(purpose: Purpose = Purpose.TX_DEFAULT, **fields: Any) -> ChargingProfile:
    """Return a charging profile."""
    schedule = Schedule(
        unit=RateUnit.AMPERE,
        periods=(Period(0, 16.04), Period(3600, 6.0, 3)),
        start=NOW,
        duration_s=7200,
        min_rate=6.0,
    )
    plain: dict[str, Any] = {
        "id": 1,
        "stack_level": 0,
        "kind": Kind.ABSOLUTE,
        "schedule": schedule,
    }
    return ChargingProfile(purpose=purpose, **(plain | fields))


def dialect(version: str) -> Dialect:
    """Return the dialect of a version."""
    return DIALECTS[OcppVersion(version)]


# Letting in.


def accept(server: Server, **config: Any) -> Station:
    """Let a station in, to which nothing is sent unasked."""
    plain: dict[str, Any] = {"identity": "CP1", "observe_only": True}
    return server.add(StationConfig(**(plain | config)))


async def turned_away(call_in: Dial, path: str = "/CP1", **options: Any) -> Any:
    """Dial in vain and return the HTTP response."""
    with pytest.raises(InvalidStatus) as error:
        await call_in(path, **options)
    return error.value.response


# After a station has come.

CONFIGURATION = {
    "1.6": ("GetConfiguration", "ChangeConfiguration"),
    "2.0.1": ("GetBaseReport", "SetVariables"),
    "2.1": ("GetBaseReport", "SetVariables"),
}
"""The actions with which the configuration is read and written."""
MEASURANDS = ("Energy.Active.Import.Register", "SoC", "Power.Offered")


def step_states(station: Station) -> dict[str, str]:
    """Return the state of each step."""
    return {step.value: r.state.value for step, r in station.onboarding.records.items()}


def calls_received(simulated: ChargingStation, action: str) -> int:
    """Return how often a station was asked for an action."""
    return len(simulated.calls("received", action))


async def come_back(
    manual: ManualClock, station: Station, simulated: ChargingStation
) -> None:
    """Let a station that is away dial again, and wait until all steps are done."""
    await manual.advance_until(lambda: station.connected, limit=120)
    await until(lambda: simulated.registered)
    await onboarded(station)


async def onboarded(station: Station) -> None:
    """Wait until the steps have run."""
    await until(lambda: station.onboarding.finished)


async def again(station: Station, step: Step) -> None:
    """Run one step again."""
    station.onboarding.repeat(step)
    await onboarded(station)


async def charge(
    simulate: Simulate,
    manual: ManualClock,
    version: str,
    odd: Misbehaviour | None = None,
) -> tuple[Station, ChargingStation, Transaction]:
    """Return a station at which a car has charged for a minute."""
    station, simulated = await simulate(
        version, misbehaviour=odd or Misbehaviour(), register_wh=5000.0
    )
    await simulated.plug_in(1, Car())
    await control.start_charging(station)
    await until(lambda: station.evses[1].transaction)
    await manual.advance(60)
    await until(lambda: station.evses[1].charging)
    running = station.evses[1].transaction
    assert running is not None
    return station, simulated, running
