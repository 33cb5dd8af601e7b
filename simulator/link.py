"""How a station stays connected: dialling, registering, sending, dialling again."""

import asyncio
import base64
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from .frames import SUBPROTOCOLS, CallRefused, ConnectionLost, Json, SchemaViolation
from .outbox import Outbox, Outgoing, Registration
from .rpc import Connection, message_ids

if TYPE_CHECKING:
    from .station import ChargingStation

_LOGGER = logging.getLogger(__name__)
_FRAME_LIMIT = 2**24


class Link:
    """The way to the central system, with everything that is waiting for it."""

    def __init__(self, station: ChargingStation) -> None:
        """Prepare to dial."""
        self.station = station
        self.outbox = Outbox()
        self.connection: Connection | None = None
        self.registration: Registration = "None"
        self.connections = 0
        self.announced = False
        """Whether the state of things has been told since the connection was made."""
        self.last_error: Exception | None = None
        self.subprotocol: str | None = None
        self._ids: Iterator[str] = message_ids(station.message_ids)
        self._cold = True
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._registered = asyncio.Event()
        self._restart_after: float | None = None
        self._dialling_since: float | None = None
        self._moving_since: float | None = None
        """Loop time since which the connection is being given up."""
        self._lost_at: datetime | None = None

    @property
    def connected(self) -> bool:
        """Return whether the socket is open."""
        return self.connection is not None and not self.connection.closed

    @property
    def refused_status(self) -> int | None:
        """Return the HTTP status with which the last attempt was refused, if it was."""
        error = self.last_error
        return error.response.status_code if isinstance(error, InvalidStatus) else None

    @property
    def offline_seconds(self) -> float:
        """Return how long the connection has been lost; 0 while it stands."""
        if self._lost_at is None or self.connected:
            return 0.0
        return (self.station.clock.now() - self._lost_at).total_seconds()

    @property
    def busy(self) -> bool:
        """Return whether something will happen soon without time passing."""
        now, patience = asyncio.get_running_loop().time(), self.station.clock.patience
        if self._dialling_since is not None:
            return now - self._dialling_since < patience
        if self._moving_since is not None:
            return now - self._moving_since < patience
        if self.connection is None:
            return False
        since = self.connection.waiting_since
        if since is not None:
            return now - since < patience
        return self.outbox.take(self.registration) is not None

    async def run(self) -> None:
        """Dial, serve and dial again until cancelled."""
        wait = 0.0
        while True:
            self._moving_since = None
            await self._allowed.wait()
            if wait:
                await self.station.clock.sleep(wait)
            if not self._allowed.is_set():
                continue
            try:
                socket = await self._dial()
            except (OSError, InvalidHandshake, TimeoutError, EOFError) as err:
                self.last_error = err
                wait = min(
                    max(wait * 2, self.station.reconnect_min),
                    self.station.reconnect_max,
                )
                continue
            self.last_error = None
            await self._serve(socket)
            wait = self.station.reconnect_min
            if self._restart_after is not None:
                wait, self._restart_after = self._restart_after, None

    async def _dial(self) -> ClientConnection:
        """Open a socket."""
        station, odd = self.station, self.station.misbehaviour
        path = quote(station.identity, safe="") if odd.path is None else odd.path
        offered = odd.subprotocols or [SUBPROTOCOLS[station.version]]
        self._dialling_since = asyncio.get_running_loop().time()
        try:
            return await connect(
                f"{station.url.rstrip('/')}/{path.lstrip('/')}",
                subprotocols=None
                if odd.no_subprotocol
                else [Subprotocol(p) for p in offered],
                compression="deflate" if odd.compression else None,
                origin=odd.origin,  # type: ignore[arg-type]
                additional_headers=self._headers(),
                user_agent_header=None,
                ping_interval=station.ping_interval,
                open_timeout=10,
                close_timeout=1,
                max_size=_FRAME_LIMIT,
                proxy=None,
                ssl=station.ssl,
            )
        finally:
            self._dialling_since = None

    def _headers(self) -> dict[str, str]:
        """Return the headers of the handshake."""
        headers = dict(self.station.misbehaviour.headers)
        secret = self.station.misbehaviour.password_bytes
        if secret is None and self.station.password is not None:
            secret = self.station.password.encode()
        if secret is not None:
            user = f"{self.station.identity}:".encode()
            headers["Authorization"] = (
                "Basic " + base64.b64encode(user + secret).decode()
            )
        return headers

    async def _serve(self, socket: ClientConnection) -> None:
        """Use a socket until it closes."""
        connection = Connection(socket, self.station, self._ids)
        self.connection = connection
        self.connections += 1
        self.subprotocol = socket.subprotocol
        warm = not self._cold
        helpers = [
            asyncio.ensure_future(self._send_queue(connection)),
            asyncio.ensure_future(self._register(warm=warm)),
        ]
        for helper in helpers:
            helper.add_done_callback(self.station.watch_task)
        try:
            await connection.run()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await connection.close()
            self._lost()

    def _lost(self) -> None:
        """Note that the connection is gone."""
        self.connection = None
        self._lost_at = self.station.clock.now()
        self.registration = "None"
        self.announced = False
        self._registered.clear()
        self.outbox.drop_transient()
        if self.station.misbehaviour.forget_profiles_on_disconnect:
            self.station.profiles.clear()

    # Registration.

    async def _register(self, *, warm: bool) -> None:
        """Send the boot until it is accepted, then tell the state of things."""
        odd = self.station.misbehaviour
        if odd.calls_before_boot:
            self._set_registration("Accepted")
        if odd.no_boot or (warm and odd.no_boot_on_reconnect):
            self._set_registration("Accepted")
        else:
            await self._boot_until_accepted()
        self._cold = False
        self.station.boot_reason = "Unknown"
        self.station.on_registered(warm=warm)
        self.announced = True

    async def _boot_until_accepted(self) -> None:
        """Repeat BootNotification as often as told."""
        while True:
            wait = self.station.boot_retry
            with suppress(CallRefused, TimeoutError):
                answer = await self.request_boot()
                wait = answer.get("interval") or wait
            if self._registered.is_set() and self.registration == "Accepted":
                return
            with suppress(TimeoutError):
                await self.station.clock.limit(self._registered.wait(), wait)
            if self._registered.is_set():
                return

    async def request_boot(self, *, triggered: bool = False) -> Json:
        """Send one BootNotification."""
        action, payload = self.station.dialect.boot(triggered=triggered)
        item = Outgoing(action, payload, kind="boot", on_answer=self.on_boot_answer)
        self.outbox.put(item, first=True)
        return await item.answer

    def on_boot_answer(self, answer: Json) -> None:
        """Obey the answer to a BootNotification."""
        status, interval = answer.get("status"), answer.get("interval")
        if status not in {"Accepted", "Pending", "Rejected"}:
            return
        if status == "Accepted" and interval:
            self.station.dialect.set_setting("heartbeat_interval", str(interval))
        self._set_registration(status)

    def _set_registration(self, status: Registration) -> None:
        """Note how the central system regards the station."""
        self.registration = status
        if status == "Accepted":
            self._registered.set()
            self.station.sessions.plan_heartbeat()
        else:
            self._registered.clear()
        self.outbox.changed.set()

    # Sending.

    async def _send_queue(self, connection: Connection) -> None:
        """Send what is queued, one after the other."""
        while True:
            item = self.outbox.take(self.registration)
            if item is None:
                self.outbox.changed.clear()
                await self.outbox.changed.wait()
                continue
            if not await self._send_one(connection, item):
                return

    async def _send_one(self, connection: Connection, item: Outgoing) -> bool:
        """Send one request; return whether the connection still stands."""
        payload = item.content()
        if payload is None:
            self.outbox.remove(item)
            return True
        item.message_id = item.message_id or next(self._ids)
        item.attempts += 1
        try:
            content = self.station.prepared(item, payload)
            answer = await connection.call(item.action, content, item.message_id)
        except ConnectionLost as err:
            self._unsent(item, err)
            return False
        except (CallRefused, SchemaViolation, TimeoutError) as err:
            self._failed(item, err)
            return True
        self.outbox.remove(item)
        odd = self.station.misbehaviour
        if odd.hits(item.action, odd.repeat) and item.attempts == 1:
            with suppress(CallRefused, TimeoutError):
                await connection.call(item.action, content, next(self._ids))
        item.succeed(answer)
        return True

    def _unsent(self, item: Outgoing, error: Exception) -> None:
        """Keep a request for later, or give it up."""
        if not self.station.misbehaviour.resend_after_reconnect:
            item.message_id = None
        if not item.keep:
            self.outbox.remove(item)
            item.fail(error)

    def _failed(self, item: Outgoing, error: Exception) -> None:
        """Try a transaction message again, or give a request up."""
        attempts = self.station.dialect.seconds("message_attempts") or 1
        if (
            item.keep
            and item.attempts < attempts
            and not isinstance(error, SchemaViolation)
        ):
            item.message_id = None
            pause = self.station.dialect.seconds("message_retry") * item.attempts
            self.outbox.paused = True
            self.station.spawn(self._resume(pause))
            return
        self.outbox.remove(item)
        item.fail(error)
        if isinstance(error, SchemaViolation):
            _LOGGER.error("%s: %s", self.station.identity, error)
            self.station.errors.append(error)

    async def _resume(self, seconds: float) -> None:
        """Let the messages that are kept go on after a while."""
        await self.station.clock.sleep(seconds)
        self.outbox.paused = False
        self.outbox.changed.set()

    # Losing the connection.

    def drop(self) -> None:
        """Lose the connection as with a cut cable."""
        if self.connection is not None:
            self._moving_since = asyncio.get_running_loop().time()
            self.connection.abort()

    async def hang_up(self) -> None:
        """Close the connection in good order."""
        if self.connection is not None:
            await self.connection.close()

    def hold_off(self) -> None:
        """Stay disconnected until allowed again."""
        self._allowed.clear()
        self.drop()

    def allow(self) -> None:
        """Dial again."""
        self._allowed.set()

    def restart(self, after: float) -> None:
        """Forget the connection and the message ids; come back as after a reboot."""
        self._cold = True
        self._restart_after = after if self.connection is not None else None
        self._ids = message_ids(self.station.message_ids)
        self.drop()

    async def drained(self) -> None:
        """Wait until everything queued is sent, or the connection is lost."""
        while self.connected and self.outbox.take(self.registration) is not None:
            self.outbox.removed.clear()
            await self.outbox.removed.wait()
