"""The baseline: a bare WebSocket server that reads each CALL and answers with nothing in it."""

import asyncio
import sys

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.messages import Version

from .control import obey, prepare


async def echo(socket: ServerConnection) -> None:
    """Answer every message until the connection is closed."""
    try:
        while True:
            message = orjson.loads(await socket.recv(decode=False))
            await socket.send(orjson.dumps([3, message[1], {}]), text=True)
    except ConnectionClosed:
        pass


async def main() -> None:
    """Serve with the options of the central system."""
    server = await serve(
        echo,
        "127.0.0.1",
        0,
        subprotocols=[Subprotocol(version.value) for version in Version],
        compression=None,
        ping_interval=30,
        ping_timeout=30,
        close_timeout=5,
        max_size=2**20,
        max_queue=8,
        server_header=None,
    )
    async with server:
        await obey(server.sockets[0].getsockname()[1])


if __name__ == "__main__":
    prepare(sys.argv[1])
    asyncio.run(main())
