"""The listener: stations dial in here, are told apart, let in or turned away."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
import logging
import ssl
from typing import Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server as WebSocketServer, ServerConnection, serve
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from .authorization import Authorizer
from .clock import Clock, utc_now
from .codec import Codec, Codecs
from .errors import HandshakeError
from .handshake import (
    Choice,
    check_password,
    choose_version,
    read_credentials,
    read_identity,
    split_subprotocols,
)
from .journal.journal import Journal
from .lobby import Lobby
from .model.version import OcppVersion
from .quirks import QuirkBook
from .signal import Signal
from .station import Station, StationConfig

_LOGGER = logging.getLogger(__name__)
_SOCKET_LOGGER = logging.getLogger(f"{__name__}.websocket")
_SOCKET_LOGGER.setLevel(logging.WARNING)  # it tells of every open and close

MAX_WAITING = 32
"""How many stations may wait for acceptance at once."""
_REJECTIONS = 50
_DEFLATE = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=11,
)
"""Compression as 2.x demands it (Part 4 section 3.3), keeping no memory between messages."""
_QUEUED_FRAMES = 8
_BACKLOG = 256
"""How many connections are accepted at a time: well below what the lobby holds."""
_MISSING_CONNECTION = "Connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the listener listens."""

    host: str | None = None
    """Address to bind; None binds all."""
    port: int = 9000
    tls: ssl.SSLContext | None = None
    ping_interval_s: float | None = 30.0
    """None sends no WebSocket pings."""
    ping_timeout_s: float | None = 30.0
    max_frame_bytes: int = 2**20
    close_timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Rejection:
    """A connection attempt that was turned away; `reason` is a key for translation."""

    at: datetime
    address: str
    path: str
    status: int
    reason: str
    detail: str = ""

    @property
    def identity(self) -> str:
        """What the path names as identity, whether it may be one or not."""
        return unquote(self.path.partition("?")[0].rstrip("/").rpartition("/")[2])


@dataclass(slots=True)
class _Guest:
    """Who a handshake has let in; kept until the connection is served."""

    identity: str
    choice: Choice
    codec: Codec | None = None


class Server:
    """The central system's listener and its stations."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        clock: Clock = utc_now,
        quirks: QuirkBook | None = None,
        authorizer: Authorizer | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Prepare a listener; `start` opens it. Without a journal no session is kept."""
        self.settings = settings
        self.stations: dict[str, Station] = {}
        self.rejections: deque[Rejection] = deque(maxlen=_REJECTIONS)
        self.rejected: Signal[Rejection] = Signal()
        self.knocked: Signal[Station] = Signal()
        self._clock = clock
        self._quirks = quirks
        self.authorizer = authorizer or Authorizer()
        self._journal = journal
        self._codecs = Codecs()
        self._lobby = Lobby()
        self._listener: WebSocketServer | None = None
        self._guests: WeakKeyDictionary[ServerConnection, _Guest] = WeakKeyDictionary()

    @property
    def port(self) -> int:
        """The port that is listened on; the real one where 0 was asked for."""
        if self._listener is None or not self._listener.sockets:
            return self.settings.port
        return int(self._listener.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the listener. Raises OSError where the port can't be had."""
        settings = self.settings
        self._lobby.closed = False
        self._listener = await serve(
            self._serve,
            settings.host,
            settings.port,
            ssl=settings.tls,
            create_connection=self._lobby.connection_class(),
            process_request=self._on_request,
            process_response=self._on_response,
            select_subprotocol=self._select_subprotocol,
            compression=None,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            close_timeout=settings.close_timeout_s,
            max_size=settings.max_frame_bytes,
            max_queue=_QUEUED_FRAMES,
            backlog=_BACKLOG,
            server_header=None,
            logger=_SOCKET_LOGGER,
        )

    async def stop(self) -> None:
        """Close every connection with 1001 and free the port."""
        self._lobby.close()
        await _close(self.stations.values(), "the central system stops")
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            await listener.wait_closed()

    def add(self, config: StationConfig) -> Station:
        """Let a station in from now on, also one that waits for it."""
        station = self.stations.get(config.identity)
        if station is None:
            station = self._new_station(config, accepted=True)
        elif not station.accepted:
            station.accept(config)
        else:
            station.configure(config)
        return station

    def remove(self, identity: str) -> Awaitable[None]:
        """Let a station in no longer; what is returned closes its connection."""
        station = self.stations.pop(identity, None)
        closing = _close([station] if station else [], "the station was removed")
        return asyncio.create_task(closing)

    def _new_station(self, config: StationConfig, *, accepted: bool) -> Station:
        station = Station(
            config,
            accepted=accepted,
            clock=self._clock,
            quirks=self._quirks,
            authorizer=self.authorizer,
            neighbours=self.stations.values,
            journal=self._journal,
        )
        self.stations[config.identity] = station
        return station

    async def _on_request(
        self, socket: ServerConnection, request: Request
    ) -> Response | None:
        """Decide on a handshake before it is accepted.

        The schemas are at hand before it is, so that connections are served in the
        order in which they were opened.
        """
        if self._lobby.closed:
            return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "stopping\n")
        try:
            identity, choice = self._admit(request)
        except HandshakeError as error:
            return self._refuse(socket, request, error)
        if choice.version is not OcppVersion.V16:
            socket.protocol.available_extensions = [_DEFLATE]
        guest = self._guests[socket] = _Guest(identity, choice)
        guest.codec = await self._codecs.get(choice.version)
        if _MISSING_CONNECTION not in request.headers and "Upgrade" in request.headers:
            # Some stations leave the header out; what they want is plain.
            request.headers[_MISSING_CONNECTION] = "Upgrade"
        return None

    def _admit(self, request: Request) -> tuple[str, Choice]:
        """Return who dials in, and the version to speak. Raises HandshakeError."""
        headers = request.headers
        credentials = read_credentials(
            next(iter(headers.get_all("Authorization")), None)
        )
        identity = read_identity(request.path, credentials)
        station = self.stations.get(identity)
        config = station.config if station and station.accepted else None
        if config is not None and config.password is not None:
            check_password(identity, config.password, credentials)
        if station is None and self._waiting >= MAX_WAITING and not self._make_room():
            raise HandshakeError(
                HTTPStatus.SERVICE_UNAVAILABLE, "too_many_waiting", identity
            )
        offered = split_subprotocols(headers.get_all("Sec-WebSocket-Protocol"))
        return identity, choose_version(offered, config.version if config else None)

    def _make_room(self) -> bool:
        """Send away who has waited longest without saying what it is; return if there is one."""
        silent = (
            station
            for station in self.stations.values()
            if not station.accepted and station.state.info is None
        )
        station = next(silent, None)
        if station is None:
            return False
        del self.stations[station.identity]
        if station.connection is not None:
            station.close_in_background(station.connection, "others are waiting")
        return True

    @property
    def _waiting(self) -> int:
        """How many stations wait for acceptance, or are about to."""
        waiting = {s.identity for s in self.stations.values() if not s.accepted}
        guests = {g.identity for g in self._guests.values()} - self.stations.keys()
        return len(waiting | guests)

    def _refuse(
        self, socket: ServerConnection, request: Request, error: HandshakeError
    ) -> Response:
        self._reject(socket, request.path, error.status, error.reason, error.detail)
        response = socket.respond(error.status, f"{error}\n")
        if error.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'
        return response

    def _reject(
        self, socket: ServerConnection, path: str, status: int, reason: str, detail: str
    ) -> None:
        rejection = Rejection(
            self._clock(),
            _address(socket),
            path.partition("?")[0][:200],
            int(status),
            reason,
            detail,
        )
        _LOGGER.info(
            "Turned %s away from %r: %s %s",
            rejection.address,
            rejection.path,
            reason,
            detail,
        )
        self.rejections.append(rejection)
        self.rejected.emit(rejection)

    def _on_response(
        self, socket: ServerConnection, request: Request, response: Response
    ) -> Response | None:
        """Note handshakes that fail for reasons of HTTP itself."""
        if (
            response.status_code != HTTPStatus.SWITCHING_PROTOCOLS
            and socket in self._guests
        ):
            del self._guests[socket]
            detail = str(socket.protocol.handshake_exc or "")
            self._reject(
                socket, request.path, response.status_code, "not_a_websocket", detail
            )
        return None

    def _select_subprotocol(
        self, socket: ServerConnection, _: Any
    ) -> Subprotocol | None:
        guest = self._guests.get(socket)
        if guest is None:
            raise NegotiationError("the handshake was not admitted")
        name = guest.choice.subprotocol
        return Subprotocol(name) if name else None

    async def _serve(self, socket: ServerConnection) -> None:
        """Serve an open connection until it closes."""
        guest = self._guests.pop(socket)
        assert guest.codec is not None
        station = self.stations.get(guest.identity)
        if station is None:
            station = self._new_station(
                StationConfig(identity=guest.identity), accepted=False
            )
        if not station.accepted:
            self.knocked.emit(station)
        try:
            await station.serve(socket, guest.codec, _address(socket))
        finally:
            if not station.accepted and not station.connected:
                self._forget(station)

    def _forget(self, station: Station) -> None:
        """Forget a station that left without having been accepted."""
        if self.stations.get(station.identity) is station:
            del self.stations[station.identity]


async def _close(stations: Iterable[Station], reason: str) -> None:
    """Close the connections of stations, all at once."""
    await asyncio.gather(*(station.disconnect(reason) for station in stations))


def _address(socket: ServerConnection) -> str:
    address = socket.remote_address
    return str(address[0]) if address else ""
