"""Stations over blocking sockets: one sends, waits for its answer, then the next."""

import select
import socket
import time
from typing import Any

import orjson

from .answers import respond
from .frames import CLOSE, PING, PONG, TEXT, Wire, WireError, handshake, masked_frame
from .messages import Feed, Kind, Request, Version, boot, call, start

TIMEOUT = 30.0
_ANSWER = b"[3,"


class Station:
    """One station that is connected, booted and, after `charge`, has a transaction."""

    def __init__(self, port: int, identity: str, version: Version) -> None:
        """Connect to a server on this machine."""
        self._feed = Feed()
        self._version = version
        self._wire = Wire()
        self._answers: list[bytes] = []
        self.transaction_id = "1"
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(handshake(f"/{identity}", version.value))
        while not self._wire.open:
            self._receive()

    def boot(self) -> None:
        """Say what a station says first."""
        for request in boot(self._version):
            self._request(request)

    def charge(self) -> None:
        """Start a transaction."""
        for request in start(self._version, self._feed.id()):
            answer = self._request(request)
            if request[0] == "StartTransaction":
                self.transaction_id = str(answer.get("transactionId", 1))
            elif request[0] == "TransactionEvent":
                self.transaction_id = request[1]["transactionInfo"]["transactionId"]

    def frame(self, kind: Kind) -> bytes:
        """Return a message to send."""
        return kind.frame(self._feed, self.transaction_id)

    def send(self, frame: bytes) -> None:
        """Send a message."""
        self._socket.sendall(frame)

    def await_answer(self) -> bytes:
        """Return the answer; what the server asks meanwhile is answered."""
        while not self._answers:
            self._receive()
        answer = self._answers.pop()
        if not answer.startswith(_ANSWER):
            raise WireError(answer.decode(errors="replace")[:200])
        return answer

    def fileno(self) -> int:
        """Return what to wait on."""
        return self._socket.fileno()

    def idle(self) -> None:
        """Answer what the server wants by now."""
        waiting = select.poll()
        waiting.register(self, select.POLLIN)
        while waiting.poll(0):
            self._receive()

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def _request(self, request: Request) -> Any:
        self._socket.sendall(call(self._feed, *request))
        return orjson.loads(self.await_answer())[2]

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise WireError("the server has closed the connection")
        for opcode, payload in self._wire.feed(data):
            reply = react(opcode, payload)
            if reply is not None:
                self._socket.sendall(reply)
            elif opcode == TEXT:
                self._answers.append(payload)


def settle(stations: list[Station], seconds: float) -> None:
    """Answer for a time what the server wants of stations."""
    waiting = select.poll()
    by_number = {station.fileno(): station for station in stations}
    for number in by_number:
        waiting.register(number, select.POLLIN)
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        ready = waiting.poll(max(0.0, left) * 1000)
        for number, _ in ready:
            by_number[number].idle()
        if left <= 0 and not ready:
            return


def react(opcode: int, payload: bytes) -> bytes | None:
    """Return what a station sends in reaction to a frame; None to an answer."""
    if opcode == PING:
        return masked_frame(payload, PONG)
    if opcode == CLOSE:
        raise WireError(f"the server closes: {payload[2:].decode(errors='replace')}")
    if opcode == TEXT and payload.startswith(b"[2,"):
        return respond(payload)
    return None
