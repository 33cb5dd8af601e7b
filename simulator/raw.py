"""A WebSocket client that may break every rule, for tests of a listener."""

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass
import os
import struct
from typing import Self
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

_SHORT = 125
_MEDIUM = 0xFFFF
_FINAL = 0x80
_MASKED = 0x80


@dataclass(frozen=True)
class Response:
    """The answer to a handshake."""

    status: int
    reason: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def upgraded(self) -> bool:
        """Return whether the connection is a WebSocket now."""
        return self.status == 101

    @property
    def subprotocol(self) -> str | None:
        """Return the subprotocol that the server has chosen."""
        return self.headers.get("sec-websocket-protocol")


class RawClient:
    """A TCP connection with a handshake and frames made by hand."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over a TCP connection."""
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open a TCP connection to the host of a ws:// address."""
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def __aenter__(self) -> Self:
        """Use the connection."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut the connection."""
        await self.abort()

    async def handshake(
        self,
        path: str = "/CP1",
        *,
        subprotocols: Iterable[str] = ("ocpp1.6",),
        headers: dict[str, str] | None = None,
        omit: Iterable[str] = (),
        method: str = "GET",
        http: str = "HTTP/1.1",
    ) -> Response:
        """Ask for a WebSocket, with headers changed, added or left out."""
        fields = {
            "Host": "localhost",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
        }
        if offered := ", ".join(subprotocols):
            fields["Sec-WebSocket-Protocol"] = offered
        fields.update(headers or {})
        left_out = {name.lower() for name in omit}
        lines = [f"{method} {path} {http}"]
        lines += [
            f"{name}: {v}" for name, v in fields.items() if name.lower() not in left_out
        ]
        await self.send_bytes(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        return await self.read_response()

    async def read_response(self) -> Response:
        """Read the answer to a handshake."""
        head = (
            (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        )
        _, status, reason = (*head[0].split(" ", 2), "")[:3]
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = 0 if status == "101" else int(headers.get("content-length", "0"))
        return Response(
            int(status), reason, headers, await self.reader.readexactly(length)
        )

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def send_frame(
        self,
        payload: bytes,
        opcode: int = TEXT,
        *,
        final: bool = True,
        masked: bool = True,
        declared: int | None = None,
        reserved: int = 0,
    ) -> None:
        """Send a frame; declared is a length other than the true one."""
        length = len(payload) if declared is None else declared
        first = bytes([(_FINAL if final else 0) | reserved << 4 | opcode])
        key = os.urandom(4) if masked else b""
        body = (
            bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if masked else payload
        )
        await self.send_bytes(first + _length(length, masked=masked) + key + body)

    async def send_text(self, text: str) -> None:
        """Send a text message."""
        await self.send_frame(text.encode())

    async def send_binary(self, data: bytes) -> None:
        """Send a binary message."""
        await self.send_frame(data, BINARY)

    async def send_half_frame(self, text: str) -> None:
        """Send the first half of a frame whose header announces all of it."""
        data = text.encode()
        await self.send_frame(data[: len(data) // 2], declared=len(data))

    async def send_fragments(self, parts: Iterable[str]) -> None:
        """Send one text message in several frames."""
        encoded = [part.encode() for part in parts]
        for number, part in enumerate(encoded):
            opcode = CONTINUATION if number else TEXT
            await self.send_frame(part, opcode, final=number == len(encoded) - 1)

    async def read_frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame; EOFError when there is none."""
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length > _SHORT:
                size = 2 if length == _SHORT + 1 else 8
                length = int.from_bytes(await self.reader.readexactly(size))
            return first & 0x0F, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as err:
            raise EOFError("the connection is closed") from err

    async def read_text(self) -> str:
        """Return the next text message, answering pings on the way."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == TEXT:
                return payload.decode()
            if opcode == PING:
                await self.send_frame(payload, PONG)

    async def read_close(self) -> tuple[int, str]:
        """Return code and reason with which the server closes."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == CLOSE:
                code = int.from_bytes(payload[:2]) if payload else 1005
                return code, payload[2:].decode()

    async def close(self, code: int = 1000) -> None:
        """Close in good order."""
        await self.send_frame(struct.pack(">H", code), CLOSE)
        await self.abort()

    async def abort(self) -> None:
        """Cut the connection."""
        self.writer.transport.abort()
        await asyncio.sleep(0)


def basic_auth(user: str | bytes, password: str | bytes) -> dict[str, str]:
    """Return the header of HTTP Basic authentication; bytes are taken as they are."""
    first = user.encode() if isinstance(user, str) else user
    second = password.encode() if isinstance(password, str) else password
    return {
        "Authorization": "Basic " + base64.b64encode(first + b":" + second).decode()
    }


def _length(length: int, *, masked: bool) -> bytes:
    """Return the length field of a frame."""
    flag = _MASKED if masked else 0
    if length <= _SHORT:
        return bytes([flag | length])
    if length <= _MEDIUM:
        return bytes([flag | 126]) + struct.pack(">H", length)
    return bytes([flag | 127]) + struct.pack(">Q", length)
