"""The command line of the bench; script/bench calls it."""

import argparse
import signal
import sys
import time

from .cost import measure_cost
from .decisions import measure_decisions
from .durability import measure_durability
from .plan import FULL, QUICK, tell
from .process import leave_server_core
from .record import record, surroundings
from .scale import measure_scale
from .servers.control import allow_many_sockets
from .start import measure_start
from .storm import measure_storm
from .table import Row, render

MEASURES = {
    "cost": measure_cost,
    "scale": measure_scale,
    "storm": measure_storm,
    "start": measure_start,
    "decisions": measure_decisions,
    "durability": measure_durability,
}


def parse_arguments() -> argparse.Namespace:
    """Return what the user wants."""
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measures what OCPP Charging costs, against a bare WebSocket echo server "
        "in the same run, as CPU time of the server process. Prints one table.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument(
        "--only",
        choices=MEASURES,
        action="append",
        help="measure only this (may be repeated)",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="also put the table into docs/performance.md",
    )
    return parser.parse_args()


def main() -> None:
    """Measure and print the table."""
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    leave_server_core()
    allow_many_sockets()
    begin = time.monotonic()
    rows: list[Row] = []
    for name in arguments.only or MEASURES:
        rows += MEASURES[name](QUICK if arguments.quick else FULL)
    table = render(rows)
    tell(f"{time.monotonic() - begin:.0f} s; {surroundings()}")
    print(table)
    if arguments.record:
        record(f"{surroundings()}.\n\n{table}")


if __name__ == "__main__":
    main()
