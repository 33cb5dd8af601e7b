"""Many stations that come at once and stay, in one asyncio loop."""

import asyncio
from collections.abc import Callable
from typing import override

from .client import react
from .frames import TEXT, Wire, WireError, handshake
from .messages import Feed, Version, boot, call

TIMEOUT = 60.0


class Crowd:
    """Stations of version 1.6 that connect and boot, then only answer."""

    def __init__(self, port: int) -> None:
        """Prepare to connect to a server on this machine."""
        self._port = port
        self._feed = Feed()
        self._members: list[_Member] = []

    async def arrive(self, identities: list[str]) -> tuple[float, int]:
        """Connect and boot all at once.

        Return the seconds until the last has booted, and how many were refused.
        """
        loop = asyncio.get_running_loop()
        begin = loop.time()
        async with asyncio.timeout(TIMEOUT):
            outcomes = await asyncio.gather(
                *(self._join(identity) for identity in identities),
                return_exceptions=True,
            )
        refused = sum(isinstance(outcome, BaseException) for outcome in outcomes)
        return loop.time() - begin, refused

    def leave(self) -> None:
        """Disconnect all."""
        for member in self._members:
            member.close()
        self._members.clear()

    async def _join(self, identity: str) -> None:
        loop = asyncio.get_running_loop()
        member = _Member(identity, self._requests())
        self._members.append(member)
        await loop.create_connection(lambda: member, "127.0.0.1", self._port)
        await member.booted

    def _requests(self) -> Callable[[], bytes | None]:
        requests = iter(boot(Version.V16))

        def following() -> bytes | None:
            request = next(requests, None)
            return call(self._feed, *request) if request else None

        return following


class _Member(asyncio.Protocol):
    """One station of a crowd."""

    def __init__(self, identity: str, following: Callable[[], bytes | None]) -> None:
        self.booted = asyncio.get_running_loop().create_future()
        self._identity = identity
        self._following = following
        self._wire = Wire()
        self._transport: asyncio.Transport | None = None

    def close(self) -> None:
        self.booted.cancel()
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(handshake(f"/{self._identity}", Version.V16.value))

    @override
    def data_received(self, data: bytes) -> None:
        was_open = self._wire.open
        try:
            for opcode, payload in self._wire.feed(data):
                self._take(opcode, payload)
        except WireError as error:
            self._fail(error)
            return
        if self._wire.open and not was_open:
            self._continue()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(WireError("the server has closed the connection"))

    def _take(self, opcode: int, payload: bytes) -> None:
        reply = react(opcode, payload)
        if reply is not None:
            self._write(reply)
        elif opcode == TEXT:
            if not payload.startswith(b"[3,"):
                raise WireError(payload.decode(errors="replace")[:200])
            self._continue()

    def _continue(self) -> None:
        frame = self._following()
        if frame is not None:
            self._write(frame)
        elif not self.booted.done():
            self.booted.set_result(None)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _fail(self, error: WireError) -> None:
        if not self.booted.done():
            self.booted.set_exception(error)
