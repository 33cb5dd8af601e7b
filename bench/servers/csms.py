"""The central system alone, without Home Assistant."""

import asyncio
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from .control import obey, prepare

if TYPE_CHECKING:
    from custom_components.ocpp_csms.csms.server import Server, ServerSettings
    from custom_components.ocpp_csms.csms.station import StationConfig
else:
    # Last on the path: the integration's select.py and others would hide Python's own.
    sys.path.append(str(Path(__file__).parents[2] / "custom_components" / "ocpp_csms"))
    from csms.server import Server, ServerSettings
    from csms.station import StationConfig

_CHANNELS = 10
"""Eight that are sent, and two totals."""


class Watched:
    """Answers what is asked of the central system."""

    def __init__(self, server: Server) -> None:
        """Take a server that runs."""
        self._server = server

    async def expect(self, identities: list[str]) -> None:
        """Let stations in."""
        for identity in identities:
            self._server.add(StationConfig(identity=identity))

    async def check(self, identities: list[str]) -> None:
        """Fail unless all values that stations sent were used."""
        for identity in identities:
            station = self._server.stations[identity]
            evse = station.evses[1]
            meter = evse.meter
            energy_wh = evse.transaction.energy_wh if evse.transaction else None
            if (
                meter.dropped
                or meter.stale
                or meter.quarantined
                or not energy_wh
                or len(meter.readings) < _CHANNELS
            ):
                raise RuntimeError(
                    f"{identity} lost values: {meter.dropped} dropped, "
                    f"{meter.stale} stale, {meter.quarantined} quarantined, "
                    f"{len(meter.readings)} channels, {energy_wh} Wh charged"
                )
            if station.counters.refused or station.counters.mended:
                raise RuntimeError(f"{identity}: {station.counters}")

    async def ready(self, identities: list[str]) -> bool:
        """Return whether all that is done with stations that come has been done."""
        stations = [self._server.stations[identity] for identity in identities]
        return all(
            station.connected and station.onboarding.finished for station in stations
        )


async def main() -> None:
    """Serve the stations that are expected."""
    server = Server(ServerSettings(host="127.0.0.1", port=0))
    watched = Watched(server)
    await server.start()
    await obey(
        server.port,
        {
            "check": watched.check,
            "ready": watched.ready,
            "expect": watched.expect,
        },
    )
    await server.stop()


if __name__ == "__main__":
    prepare(sys.argv[1])
    asyncio.run(main())
