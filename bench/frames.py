"""The client side of a WebSocket, sans I/O and as light as it gets."""

from collections.abc import Iterator
import os

TEXT = 0x1
CLOSE = 0x8
PING = 0x9
PONG = 0xA
_FINAL = 0x80
_MASKED = 0x80
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class WireError(Exception):
    """The server did something else than to answer."""


def handshake(path: str, subprotocol: str) -> bytes:
    """Return the request that opens a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    ).encode()


def masked_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a frame as a client sends it."""
    size = len(payload)
    if size < 126:
        header = bytes((_FINAL | opcode, _MASKED | size))
    else:
        header = bytes((_FINAL | opcode, _MASKED | 126)) + size.to_bytes(2)
    mask = os.urandom(4)
    repeated = int.from_bytes((mask * (size // 4 + 1))[:size])
    return header + mask + (int.from_bytes(payload) ^ repeated).to_bytes(size)


class Wire:
    """Reads what a server sends: its answer to the handshake, then frames."""

    __slots__ = ("_buffer", "_open")

    def __init__(self) -> None:
        """Start before the handshake."""
        self._buffer = b""
        self._open = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield opcode and payload of each frame that is complete now."""
        self._buffer += data
        if not self._open and not self._take_handshake():
            return
        while (frame := self._take_frame()) is not None:
            yield frame

    @property
    def open(self) -> bool:
        """Whether the server has let us in."""
        return self._open

    def _take_handshake(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101 "):
            raise WireError(head.partition(b"\r\n")[0].decode())
        self._buffer, self._open = rest, True
        return True

    def _take_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 0x0F, buffer[start : start + size]
