"""A process that begets central systems, to be killed: one line asks for one, one line tells it.

Forking a process that has everything loaded takes milliseconds, so that many can be killed.
"""

import asyncio
import os
from pathlib import Path
import sys

from custom_components.ocpp_csms.csms import codec, memory
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.server import Server, ServerSettings
from custom_components.ocpp_csms.csms.station import StationConfig

_VERSIONS = ("1.6", "2.0.1", "2.1")


async def _serve(port: int, path: Path, stations: list[str]) -> None:
    journal = Journal(path)
    await journal.open()
    settings = ServerSettings(host="127.0.0.1", port=port)
    server = Server(settings, journal=journal)
    for identity in stations:
        station = server.add(StationConfig(identity=identity, observe_only=True))
        memory.restore(station, None, await journal.recent(identity))
    await server.start()
    sys.stdout.write(f"port {server.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Fork a central system for each line that names its port, file and stations."""
    compiled = {version: codec.load(version) for version in _VERSIONS}
    codec.load = compiled.__getitem__
    for line in sys.stdin:
        port, path, *stations = line.split()
        pid = os.fork()
        if pid == 0:
            asyncio.run(_serve(int(port), Path(path), stations))
        sys.stdout.write(f"pid {pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
