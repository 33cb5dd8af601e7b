"""Connections that have not said yet what they want: bounded, so that no flood uses up files.

With TLS a connection comes here once its encryption stands.
"""

import asyncio
from collections import OrderedDict
import resource
from typing import override

from websockets.asyncio.server import ServerConnection

PATIENCE_S = 1.0
"""How long a connection may say nothing while many do; else the handshake's time-out holds."""
CROWD = 100
_MOST = 2048
_SHARE = 2


def _most() -> int:
    """Return how many may wait: a part of the files that the process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = files == resource.RLIM_INFINITY
    return _MOST if unlimited else max(1, min(_MOST, files // _SHARE))


class Lobby:
    """The connections of a listener that are not WebSockets yet, the oldest first."""

    def __init__(self, most: int | None = None) -> None:
        """Let so many wait; by default what the system's limit of open files allows."""
        self.most = _most() if most is None else most
        self.dropped = 0
        self.closed = False
        """Whether nobody is let in any more."""
        self._waiting: OrderedDict[asyncio.BaseTransport, float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def enter(self, transport: asyncio.BaseTransport, now: float) -> None:
        """Let one more wait; in a crowd those leave that have said nothing for too long."""
        self._waiting[transport] = now
        if self.closed:
            self._drop(transport)
            return
        crowd = min(CROWD, self.most)
        while len(self._waiting) > crowd:
            oldest, since = next(iter(self._waiting.items()))
            if now - since < PATIENCE_S and len(self._waiting) <= self.most:
                return
            self.dropped += 1
            self._drop(oldest)

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """Note that one has said what it wants, or is gone."""
        self._waiting.pop(transport, None)

    def close(self) -> None:
        """Send all away, and whoever comes from now on."""
        self.closed = True
        for transport in tuple(self._waiting):
            self._drop(transport)

    def _drop(self, transport: asyncio.BaseTransport) -> None:
        self.leave(transport)
        assert isinstance(transport, asyncio.WriteTransport)
        transport.abort()

    def connection_class(self) -> type[ServerConnection]:
        """Return the class of connections that wait here."""
        lobby, waiting = self, self._waiting

        class LobbyConnection(ServerConnection):
            """A connection that waits in the lobby until its request has come."""

            @override
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                lobby.enter(transport, self.loop.time())
                super().connection_made(transport)

            @override
            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                if waiting and self.request is not None:
                    lobby.leave(self.transport)

            @override
            def connection_lost(self, exc: Exception | None) -> None:
                lobby.leave(self.transport)
                super().connection_lost(exc)

        return LobbyConnection
