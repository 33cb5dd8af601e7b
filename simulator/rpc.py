"""One connection to the central system: framing, one CALL at a time, time-outs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Literal, Protocol
import uuid

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .clock import Clock
from .frames import (
    CALL,
    CALLERROR,
    CALLRESULT,
    CALLRESULTERROR,
    SEND,
    CallRefused,
    ConnectionLost,
    Direction,
    Frame,
    Json,
    Schemas,
)
from .misbehaviour import Misbehaviour

type MessageIds = Literal["uuid", "count"]


class Owner(Protocol):
    """What a connection needs of its station."""

    clock: Clock
    misbehaviour: Misbehaviour
    call_timeout: float

    @property
    def schemas(self) -> Schemas:
        """Return the message schemas."""

    def record(self, frame: Frame) -> None:
        """Keep a frame."""

    def answer(self, action: str, payload: Json) -> Json:
        """Handle a request."""

    def note_error(self, error: BaseException) -> None:
        """Keep a flaw of the simulator itself."""

    def objection(self, action: str, payload: Any) -> CallRefused | None:
        """Return what is wrong with an answer, if the station says so."""

    def reboot_if_told(self, action: str) -> None:
        """Reboot if that is what the station does after an action."""

    async def after_answer(self) -> None:
        """Do what follows from a request once it is answered."""

    async def drained(self) -> None:
        """Wait until all that is queued is sent."""

    async def held(self, action: str) -> None:
        """Wait until a withheld answer is released."""


def message_ids(kind: MessageIds) -> Iterator[str]:
    """Return a source of message ids."""
    if kind == "uuid":
        return iter(lambda: str(uuid.uuid4()), "")
    return map(str, count(1))


@dataclass
class _Pending:
    """A CALL that waits for its answer."""

    action: str
    future: asyncio.Future[Json]
    since: float

    def fail(self, error: Exception) -> None:
        """Raise an error for who waits, if anybody does still: sending may have failed as well."""
        self.future.set_exception(error)
        self.future.exception()


class Connection:
    """A socket and what is under way on it."""

    def __init__(
        self, socket: ClientConnection, owner: Owner, ids: Iterator[str]
    ) -> None:
        """Take over an open socket."""
        self.socket = socket
        self.closed = False
        self._owner = owner
        self._ids = ids
        self._pending: dict[str, _Pending] = {}
        self._answering: dict[asyncio.Task[None], float] = {}
        self._turn = asyncio.Lock()

    @property
    def waiting_since(self) -> float | None:
        """Return when the newest of what is under way began, in the loop's time."""
        times = [pending.since for pending in self._pending.values()]
        return max([*times, *self._answering.values()], default=None)

    async def run(self) -> None:
        """Read until the socket closes."""
        try:
            async for raw in self.socket:
                self._receive(raw)
        except ConnectionClosed:
            pass
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Fail what still waits."""
        self.closed = True
        for pending in self._pending.values():
            if not pending.future.done():
                pending.fail(ConnectionLost("the socket closed"))
        self._pending.clear()
        tasks = [task for task in self._answering if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close in good order."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.socket.close(), 1.0)
        self.abort()

    def abort(self) -> None:
        """Drop the socket as a lost network would."""
        self.closed = True
        self.socket.transport.abort()

    async def call(
        self, action: str, payload: Any, message_id: str | None = None
    ) -> Json:
        """Send a request and return the payload of its answer."""
        async with self._turn:
            message_id = message_id or next(self._ids)
            future = asyncio.get_running_loop().create_future()
            since = asyncio.get_running_loop().time()
            self._pending[message_id] = _Pending(action, future, since)
            try:
                await self._send(CALL, message_id, action, payload, [action, payload])
                if self._owner.misbehaviour.hits(
                    action, self._owner.misbehaviour.resend
                ):
                    await self._send(
                        CALL, message_id, action, payload, [action, payload]
                    )
                return await self._owner.clock.limit(future, self._owner.call_timeout)
            finally:
                self._pending.pop(message_id, None)

    async def notify(self, action: str, payload: Any) -> None:
        """Send an unconfirmed message (2.1)."""
        await self._send(SEND, next(self._ids), action, payload, [action, payload])

    async def send_raw(self, raw: str | bytes) -> None:
        """Send a frame as it is."""
        self._record("sent", 0, "", "", None, raw)
        await self._write(raw)

    async def _send(
        self, kind: int, message_id: str, action: str, payload: Any, rest: list[Any]
    ) -> None:
        """Encode, record and send a frame."""
        raw = orjson.dumps([kind, message_id, *rest]).decode()
        self._record("sent", kind, message_id, action, payload, raw)
        await self._write(raw)

    async def _write(self, raw: str | bytes) -> None:
        """Send, or tell that the connection is lost."""
        if self.closed:
            raise ConnectionLost("the socket is closed")
        try:
            await self.socket.send(raw)
        except ConnectionClosed as err:
            raise ConnectionLost(str(err)) from err

    def _record(
        self,
        direction: Direction,
        kind: int,
        message_id: str,
        action: str,
        payload: Any,
        raw: str | bytes,
    ) -> None:
        """Keep a frame with its time."""
        now = self._owner.clock.now()
        self._owner.record(
            Frame(direction, kind, message_id, action, payload, raw, now)
        )

    def _receive(self, raw: str | bytes) -> None:
        """Take a frame apart."""
        try:
            frame = orjson.loads(raw)
            kind, message_id = frame[0], str(frame[1])
        except orjson.JSONDecodeError, LookupError, TypeError:
            self._record("received", 0, "", "", None, raw)
            return
        if kind == CALL and len(frame) == 4:
            self._record("received", kind, message_id, str(frame[2]), frame[3], raw)
            self._spawn(self._serve(message_id, str(frame[2]), frame[3]))
        elif kind in {CALLRESULT, CALLERROR, CALLRESULTERROR}:
            self._settle(kind, message_id, frame[2:], raw)
        else:
            action = str(frame[2]) if len(frame) > 2 else ""
            self._record("received", kind, message_id, action, frame[3:], raw)

    def _spawn(self, work: Any) -> None:
        """Serve a request beside the reader."""
        task = asyncio.ensure_future(work)
        self._answering[task] = asyncio.get_running_loop().time()
        task.add_done_callback(self._answering.pop)

    def _settle(
        self, kind: int, message_id: str, rest: list[Any], raw: str | bytes
    ) -> None:
        """Hand an answer to the CALL that waits for it."""
        pending = self._pending.get(message_id)
        action = pending.action if pending else ""
        payload = rest[0] if kind == CALLRESULT and rest else rest
        self._record("received", kind, message_id, action, payload, raw)
        if pending is None or pending.future.done():
            return
        if kind == CALLRESULT:
            self._accept(message_id, pending, payload)
        elif kind == CALLERROR:
            code, description, details = (*rest, "", "", {})[:3]
            pending.fail(CallRefused(str(code), str(description), details))

    def _accept(self, message_id: str, pending: _Pending, payload: Any) -> None:
        """Take an answer, or send back that it is wrong (2.1)."""
        objection = self._owner.objection(pending.action, payload)
        if objection is None:
            pending.future.set_result(payload if isinstance(payload, dict) else {})
            return
        pending.fail(objection)
        parts = [objection.code, objection.description, objection.details]
        work = self._send(CALLRESULTERROR, message_id, pending.action, parts, parts)
        self._spawn(work)

    async def _serve(self, message_id: str, action: str, payload: Any) -> None:
        """Answer a request, or misbehave as told."""
        odd = self._owner.misbehaviour
        if odd.hits(action, odd.hold):
            await self._owner.held(action)
        if (delay := odd.action_of(action, odd.delay)) is not None:
            await self._owner.clock.sleep(delay)
        if odd.hits(action, odd.silent):
            return
        if odd.hits(action, odd.drop_on):
            self.abort()
            return
        with suppress(ConnectionLost):
            raw = odd.action_of(action, odd.raw_replies)
            if raw is not None:
                await self.send_raw(_with_id(raw, message_id))
                return
            send = self._prepare(message_id, action, payload)
            if odd.triggered_first:
                await self._owner.after_answer()
                await self._owner.drained()
            await send()
            if odd.hits(action, odd.answer_twice):
                await send()
            await self._owner.after_answer()
            self._owner.reboot_if_told(action)

    def _prepare(self, message_id: str, action: str, payload: Any) -> Callable[[], Any]:
        """Handle a request and return the sending of its answer."""
        try:
            answer = self._handled(action, payload)
        except CallRefused as err:
            return partial(self._send_error, message_id, action, err)
        except Exception as err:  # noqa: BLE001
            # A flaw of the simulator: kept for the test, and answered all the same.
            self._owner.note_error(err)
            refusal = CallRefused("InternalError", repr(err)[:255])
            return partial(self._send_error, message_id, action, refusal)
        return partial(self._send, CALLRESULT, message_id, action, answer, [answer])

    def _handled(self, action: str, payload: Any) -> Any:
        """Return the answer to a request, scripted or real."""
        scripted = self._owner.misbehaviour.answer_for(action)
        if scripted is not None:
            return scripted
        answer: Any = self._owner.answer(action, payload)
        self._owner.schemas.check(action, answer, response=True)
        for change in self._owner.misbehaviour.change_answers:
            answer = change(action, answer)
        return answer

    async def _send_error(
        self, message_id: str, action: str, refusal: CallRefused
    ) -> None:
        """Send a CALLERROR, shaped as told."""
        odd = self._owner.misbehaviour
        details = refusal.details if odd.error_details is None else odd.error_details
        parts = [refusal.code, refusal.description, details]
        rest = parts[: odd.error_elements - 2]
        await self._send(CALLERROR, odd.error_id or message_id, action, parts, rest)


def _with_id(raw: str | bytes, message_id: str) -> str | bytes:
    """Put the message id into a scripted answer."""
    return raw.replace("{id}", message_id) if isinstance(raw, str) else raw
