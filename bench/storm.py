"""A thousand stations that come at once: how long it takes, and what memory they hold."""

import asyncio

from .crowd import Crowd
from .plan import Plan, tell
from .process import ServerProcess
from .table import Row

STATIONS = 1000
MEMORY_KIB = 60.0
STORM_S = 10.0
_READY_S = 20.0


def measure_storm(plan: Plan) -> list[Row]:
    """Return what a thousand stations need that connect, boot and stay."""
    return asyncio.run(_measure(plan))


async def _measure(plan: Plan) -> list[Row]:
    rows = await _storm("csms")
    if plan.details:
        rows += (await _storm("echo"))[-1:]
    return rows


async def _storm(name: str) -> list[Row]:
    tell(f"{STATIONS} stations at once: {name}")
    identities = [f"BENCH-{number}" for number in range(STATIONS)]
    with ServerProcess(name) as server:
        crowd = Crowd(server.port)
        if name == "csms":
            server.ask("expect", ["FIRST"])
        try:
            # The first station makes the server load what it loads only once.
            await crowd.arrive(["FIRST"])
            await _ready(server, ["FIRST"])
            base_kib = server.rss_kib()
            if name == "csms":
                server.ask("expect", identities)
            before = server.cpu_s()
            seconds, refused = await crowd.arrive(identities)
            cpu_s = server.cpu_s() - before
            await _ready(server, identities)
            each_kib = (server.rss_kib() - base_kib) / STATIONS
        finally:
            crowd.leave()
    return _rows(name, seconds, cpu_s, refused, each_kib)


async def _ready(server: ServerProcess, identities: list[str]) -> None:
    """Wait until the central system has done all that it does with stations that come."""
    async with asyncio.timeout(_READY_S):
        while server.name == "csms" and not server.ask("ready", identities):
            await asyncio.sleep(0.3)


def _rows(
    name: str, seconds: float, cpu_s: float, refused: int, each_kib: float
) -> list[Row]:
    if name == "echo":
        return [Row("... echo", f"{each_kib:.0f} KiB")]
    return [
        Row(
            f"{STATIONS:,} stations connect and boot at once",
            f"{seconds:.1f} s (CPU {cpu_s:.1f} s), {refused} refused",
            f"<= {STORM_S:.0f} s, 0 refused",
            seconds <= STORM_S and not refused,
        ),
        Row(
            "Memory per idle station, csms alone",
            f"{each_kib:.0f} KiB",
            f"<= {MEMORY_KIB:.0f} KiB",
            each_kib <= MEMORY_KIB,
        ),
    ]
