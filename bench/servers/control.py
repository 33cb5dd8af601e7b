"""How a server process is told what to do: a line of JSON in, a line of JSON out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import gc
import json
import os
import resource
import sys
from typing import Any

type Handler = Callable[[Any], Awaitable[Any]]


def prepare(core: str) -> None:
    """Keep to one core (none if empty), and allow many sockets."""
    if core:
        os.sched_setaffinity(0, {int(core)})
    allow_many_sockets()


def allow_many_sockets() -> None:
    """Raise the limit of open files to what the system grants."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def obey(port: int, handlers: Mapping[str, Handler] | None = None) -> None:
    """Tell the port, then do what is asked until the other side goes away."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    known = {"collect": _collect, **(handlers or {})}
    _tell(port)
    while line := await reader.readline():
        command, argument = json.loads(line)
        _tell(await known[command](argument))


async def _collect(_: Any) -> None:
    """Free what nobody uses."""
    gc.collect()


def _tell(value: Any) -> None:
    print(json.dumps(value), flush=True)
