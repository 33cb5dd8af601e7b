"""What the integration adds to Home Assistant's start, and whether it holds up the event loop."""

from contextlib import ExitStack
from statistics import median
from typing import Any

from .client import Station, settle
from .home import home_assistant
from .messages import METER_VALUES_16
from .plan import Plan, tell
from .process import ServerProcess
from .table import Row

START_MS = 150.0
CALLBACK_MS = 100.0
"""What asyncio itself calls slow."""
_STATIONS = ["BENCH-0", "BENCH-1", "BENCH-2"]


def measure_start(plan: Plan) -> list[Row]:
    """Return how long setting up the entry takes, and what waits meanwhile."""
    wall_ms, cpu_ms = [], []
    for number in range(plan.boots):
        tell(f"setting up the entry: boot {number + 1} of {plan.boots}")
        with home_assistant(_STATIONS, disabled=True) as home:
            before = home.cpu_s()
            wall_ms.append(home.ask("set_up") * 1000)
            cpu_ms.append((home.cpu_s() - before) * 1000)
    typical_ms = median(cpu_ms)
    row = Row(
        f"Setting up the entry with {len(_STATIONS)} stations",
        f"{typical_ms:.0f} ms CPU ({min(wall_ms):.0f} ms at best)",
        f"< {START_MS:.0f} ms",
        typical_ms < START_MS,
    )
    return [row, *_blocking(_watch())]


def _watch() -> dict[str, Any]:
    """Let an entry be set up, a station come, charge and go, and the entry go, watched."""
    tell("setting up the entry: watching the event loop")
    with home_assistant(_STATIONS, disabled=True) as home:
        home.ask("watch")
        home.ask("set_up")
        _visit(home)
        home.ask("unload")
        found: dict[str, Any] = home.ask("watched")
        return found


def _visit(home: ServerProcess) -> None:
    kind = METER_VALUES_16
    with ExitStack() as stack:
        station = Station(home.ask("port"), _STATIONS[0], kind.version)
        stack.callback(station.close)
        station.boot()
        station.charge()
        settle([station], 4.0)
        for _ in range(20):
            station.send(station.frame(kind))
            station.await_answer()


def _blocking(found: dict[str, Any]) -> list[Row]:
    waits: dict[str, int] = found["waits"]
    complaints: list[str] = found["complaints"]
    for text in (*waits, *complaints):
        tell(f"the event loop waited, or Home Assistant complained: {text}")
    longest_ms = found["longest_s"] * 1000
    number = sum(waits.values()) + len(complaints)
    return [
        Row(
            "File, DNS or process access in the event loop",
            str(number) if number else "none",
            "none",
            not number,
        ),
        Row(
            "Longest callback of the event loop",
            f"{longest_ms:.0f} ms",
            f"< {CALLBACK_MS:.0f} ms",
            longest_ms < CALLBACK_MS,
        ),
    ]
