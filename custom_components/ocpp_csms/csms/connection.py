"""One socket of one station: OCPP-J messages, one CALL in flight each way.

A connection owns its socket and everything that waits on it, and dies with it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
import logging
from typing import Any, Protocol
from uuid import uuid4

from websockets.exceptions import ConnectionClosed

from . import framing
from .clock import Clock
from .codec import Codec
from .errors import (
    CallError,
    CallTimeoutError,
    ConnectionLostError,
    InvalidPayloadError,
)
from .frame_log import FrameLog
from .framing import (
    Call,
    CallFailure,
    CallResult,
    ErrorCode,
    FrameError,
    RpcError,
    Send,
)
from .model.version import OcppVersion

_LOGGER = logging.getLogger(__name__)

type Payload = dict[str, Any]
type Handler = Callable[[str, Payload], Payload | Awaitable[Payload]]
"""Takes action and payload of a CALL and returns the response payload, or raises RpcError."""

_REMEMBERED_ANSWERS = 8
_MOST_UNANSWERED = 8
"""So many CALLs of one station may wait for their answers before it is listened to again."""
_FRAMES_AT_ONCE = 10
"""After so many frames of one station the others have their turn."""
_MAX_MALFORMED = 1000
"""A socket that sends nothing else is closed after so many unreadable frames."""
_POLICY_VIOLATION = 1008
_ALWAYS_FRESH = frozenset({"BootNotification", "Heartbeat"})
"""Answers with the time in them: a repeated request gets a new one."""


class Socket(Protocol):
    """What is used of a WebSocket."""

    @property
    def transport(self) -> asyncio.BaseTransport:
        """What carries it."""

    async def recv(self, decode: bool | None = None) -> Any:
        """Return the next message."""

    async def send(self, message: bytes, *, text: bool | None = None) -> None:
        """Send a message."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the socket."""


@dataclass(slots=True)
class Counters:
    """What was odd on a station's connections; shown in diagnostics."""

    frames_in: int = 0
    frames_out: int = 0
    malformed: int = 0
    repeated: int = 0
    late_answers: int = 0
    unknown_answers: int = 0
    unusable_answers: int = 0
    timeouts: int = 0
    refused: int = 0
    mended: dict[str, int] = field(default_factory=dict)

    def count_mended(self, action: str, notes: tuple[str, ...]) -> None:
        """Count what was mended in a message; the kinds are bounded."""
        for note in notes:
            key = f"{action}.{note}"
            if key in self.mended or len(self.mended) < 50:
                self.mended[key] = self.mended.get(key, 0) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How gently a station wants to be handled; all in seconds."""

    call_timeout_s: float = 30.0
    call_gap_s: float = 0.0
    answer_delay_s: Mapping[str, float] = field(default_factory=dict)


class Connection:
    """The OCPP-J side of one open WebSocket."""

    def __init__(
        self,
        socket: Socket,
        codec: Codec,
        handler: Handler,
        *,
        admit: Callable[[str], None] = lambda _: None,
        frames: FrameLog,
        counters: Counters,
        pacing: Pacing,
        clock: Clock,
    ) -> None:
        """Take over an open socket. `admit` raises RpcError for actions that are not let in."""
        self._socket = socket
        self._codec = codec
        self._handler = handler
        self._admit = admit
        self._frames = frames
        self._counters = counters
        self.pacing = pacing
        self._clock = clock
        self._turn = asyncio.Lock()
        self._malformed = 0
        self._exchanges: set[asyncio.Task[Payload]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._waiting: tuple[str, asyncio.Future[Payload], str] | None = None
        self._given_up: OrderedDict[str, str] = OrderedDict()
        self._answers: OrderedDict[framing.MessageId, tuple[int, bytes]] = OrderedDict()

    @property
    def version(self) -> OcppVersion:
        """The version that this connection speaks."""
        return self._codec.version

    async def run(self) -> None:
        """Serve the socket until it closes."""
        try:
            for number in count(1):
                await self._receive(await self._socket.recv(decode=False))
                if number % _FRAMES_AT_ONCE == 0:
                    await asyncio.sleep(0)
        except (ConnectionClosed, ConnectionLostError) as error:
            _LOGGER.debug("Connection closed: %s", error)
        finally:
            self._fail_waiting()
            for answering in self._answering:
                answering.cancel()

    async def close(self, code: int, reason: str) -> None:
        """Close the socket; `run` ends."""
        self._fail_waiting()
        await self._socket.close(code, reason)

    async def call(
        self, action: str, payload: Payload, timeout_s: float | None = None
    ) -> Payload:
        """Send a CALL when it is our turn and return the response payload.

        Raises InvalidPayloadError before anything is sent, CallTimeoutError,
        ConnectionLostError, or CallError with the station's own words.
        """
        self._codec.check_request(action, payload)
        try:
            framing.call("", action, payload)
        except TypeError as error:
            raise InvalidPayloadError(str(error)) from error
        seconds = self.pacing.call_timeout_s if timeout_s is None else timeout_s
        exchange = asyncio.create_task(self._exchange(action, payload, seconds))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._end_exchange)
        # The exchange goes on if we are cancelled.
        await asyncio.wait([exchange])
        return exchange.result()

    async def _exchange(self, action: str, payload: Payload, seconds: float) -> Payload:
        """Call when it is our turn. Goes on if the caller is cancelled.

        A station has to answer a CALL, or let it time out, before it gets the next one.
        """
        async with self._turn:
            answer = await self._call_in_turn(action, payload, seconds)
            if self.pacing.call_gap_s:
                await asyncio.sleep(self.pacing.call_gap_s)
        return answer

    def _end_exchange(self, exchange: asyncio.Task[Payload]) -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled():
            exchange.exception()

    async def _call_in_turn(
        self, action: str, payload: Payload, seconds: float
    ) -> Payload:
        id_ = str(uuid4())
        future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._waiting = (id_, future, action)
        try:
            async with asyncio.timeout(seconds):
                await self._send(framing.call(id_, action, payload))
                return await future
        except TimeoutError as error:
            self._counters.timeouts += 1
            self._give_up(id_, action)
            raise CallTimeoutError(action, seconds) from error
        finally:
            self._waiting = None

    def _give_up(self, id_: str, action: str) -> None:
        self._given_up[id_] = action
        if len(self._given_up) > _REMEMBERED_ANSWERS:
            self._given_up.popitem(last=False)

    async def _send(self, raw: bytes) -> None:
        self._frames.add(self._clock(), raw, incoming=False)
        self._counters.frames_out += 1
        if self._socket.transport.is_closing():
            raise ConnectionLostError
        try:
            await self._socket.send(raw, text=True)
        except (ConnectionClosed, OSError) as error:
            raise ConnectionLostError from error

    async def _receive(self, raw: bytes) -> None:
        self._frames.add(self._clock(), raw, incoming=True)
        self._counters.frames_in += 1
        try:
            frame = framing.parse(raw)
        except FrameError as error:
            self._counters.malformed += 1
            self._malformed += 1
            if self._malformed > _MAX_MALFORMED:
                await self.close(_POLICY_VIOLATION, "only unreadable frames")
                return
            await self._refuse_frame(error)
            return
        self._malformed = 0
        if isinstance(frame, Call):
            await self._answer(frame, raw)
        elif isinstance(frame, CallResult):
            await self._resolve(frame)
        elif isinstance(frame, CallFailure):
            await self._fail(frame)
        else:
            await self._take_unanswered(frame)

    async def _refuse_frame(self, error: FrameError) -> None:
        """Answer a frame that can't be read; an unreadable answer ends its CALL instead."""
        if error.of_answer:
            await self._refuse_answer(error.id, error)
        else:
            await self._send(framing.call_error(error.id, error, self.version))

    async def _refuse_answer(self, id_: framing.MessageId, error: RpcError) -> None:
        """Let a CALL of ours fail whose answer can't be used, and say so where 2.1 can."""
        if self._waiting is None or self._waiting[0] != id_:
            self._count_stray(id_)
            return
        _set(self._waiting[1], CallError("FormationViolation", error.description))
        if self.version is OcppVersion.V21:
            raw = framing.call_error(id_, error, self.version, of_result=True)
            await self._send(raw)

    async def _answer(self, call: Call, raw: bytes) -> None:
        """Answer a CALL; a literal repetition gets the answer that it got before."""
        known = self._answers.get(call.id)
        fingerprint = hash(raw)
        if known is not None and known[0] == fingerprint:
            self._counters.repeated += 1
            await self._send(known[1])
            return
        response = self._process(call)
        if isinstance(response, bytes):
            await self._send_answer(call, fingerprint, response)
            return
        # Meanwhile the station may say more, and answer what it was asked.
        task = asyncio.create_task(self._answer_later(call, fingerprint, response))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        if len(self._answering) >= _MOST_UNANSWERED:
            await asyncio.wait(self._answering, return_when=asyncio.FIRST_COMPLETED)

    async def _answer_later(
        self, call: Call, fingerprint: int, response: Awaitable[Payload]
    ) -> None:
        """Answer a CALL when its response is there."""
        try:
            answer = self._result(call, await response)
        except RpcError as error:
            answer = self._refusal(call, error)
        except Exception:
            _LOGGER.exception("Could not answer %s", call.action)
            answer = self._failure(call)
        try:
            await self._send_answer(call, fingerprint, answer)
        except ConnectionLostError as error:
            _LOGGER.debug("The answer to %s came too late: %s", call.action, error)

    async def _send_answer(self, call: Call, fingerprint: int, answer: bytes) -> None:
        delay = self.pacing.answer_delay_s.get(call.action)
        if delay:
            await asyncio.sleep(delay)
        if call.action == "BootNotification":
            self._answers.clear()
        if call.action not in _ALWAYS_FRESH and answer.startswith(b"[3,"):
            self._answers[call.id] = (fingerprint, answer)
            if len(self._answers) > _REMEMBERED_ANSWERS:
                self._answers.popitem(last=False)
        await self._send(answer)

    def _process(self, call: Call) -> bytes | Awaitable[Payload]:
        """Return the frame that answers a CALL, or what its response comes from."""
        try:
            self._admit(call.action)
            payload, notes = self._codec.take_request(call.action, call.payload)
            if notes:
                self._counters.count_mended(call.action, notes)
            response = self._handler(call.action, payload)
            if not isinstance(response, dict):
                return response
            return self._result(call, response)
        except RpcError as error:
            return self._refusal(call, error)
        except Exception:
            _LOGGER.exception("Could not process %s", call.action)
            return self._failure(call)

    def _result(self, call: Call, response: Payload) -> bytes:
        self._codec.check_response(call.action, response)
        return framing.call_result(call.id, response)

    def _refusal(self, call: Call, error: RpcError) -> bytes:
        self._counters.refused += 1
        return framing.call_error(call.id, error, self.version)

    def _failure(self, call: Call) -> bytes:
        """Return the answer to a CALL that failed in an unforeseen way."""
        internal = RpcError(ErrorCode.INTERNAL, "the message could not be processed")
        return framing.call_error(call.id, internal, self.version)

    async def _take_unanswered(self, message: Send) -> None:
        """Process a SEND of 2.1; it gets no answer, not even an error."""
        if self.version is not OcppVersion.V21:
            error = RpcError(ErrorCode.MESSAGE_TYPE, "SEND is a message of 2.1")
            await self._send(framing.call_error(message.id, error, self.version))
            return
        response = self._process(Call(message.id, message.action, message.payload))
        if not isinstance(response, bytes):
            await response

    async def _resolve(self, result: CallResult) -> None:
        """Hand a CALLRESULT to who waits for it."""
        waiting = self._waiting
        if waiting is None or waiting[0] != result.id:
            self._count_stray(result.id)
            return
        _, future, action = waiting
        try:
            payload, notes = self._codec.take_response(action, result.payload)
        except RpcError as error:
            await self._refuse_answer(result.id, error)
            return
        if notes:
            self._counters.count_mended(f"{action}Response", notes)
        if not future.done():
            future.set_result(payload)

    async def _fail(self, failure: CallFailure) -> None:
        """Hand a CALLERROR to who waits for it; note that an answer of ours was no use."""
        if failure.of_result:
            await self._note_result_error(failure)
            return
        waiting = self._waiting
        if waiting is None or waiting[0] != failure.id:
            self._count_stray(failure.id)
            return
        error = CallError(failure.code, failure.description, failure.details)
        _set(waiting[1], error)

    async def _note_result_error(self, failure: CallFailure) -> None:
        if self.version is not OcppVersion.V21:
            error = RpcError(ErrorCode.MESSAGE_TYPE, "a message of 2.1")
            await self._send(framing.call_error(failure.id, error, self.version))
            return
        self._counters.unusable_answers += 1
        _LOGGER.debug("An answer was of no use: %.200r", failure.description)

    def _count_stray(self, id_: framing.MessageId) -> None:
        if id_ in self._given_up:
            self._counters.late_answers += 1
        else:
            self._counters.unknown_answers += 1

    def _fail_waiting(self) -> None:
        if self._waiting is not None:
            _set(self._waiting[1], ConnectionLostError())


def _set(future: asyncio.Future[Payload], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
