"""The command line of the demo; script/demo calls it."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
import sys

from .check import NotSeenError
from .processes import ChildFailedError
from .run import StartError, check, end_on_signals, show
from .settings import ROOT, Settings, free_port, port_problem

DEFAULT_PORT = 8123
DEFAULT_OCPP_PORT = 9000


def parse_arguments() -> argparse.Namespace:
    """Return what the user wants."""
    parser = argparse.ArgumentParser(
        prog="script/demo",
        description="A real Home Assistant with OCPP Charging, three simulated charging stations "
        "and a simulated home. It starts anew each time.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (%(default)s)"
    )
    parser.add_argument(
        "--port",
        type=int,
        help=f"port of Home Assistant ({DEFAULT_PORT}); 0 takes a free one",
    )
    parser.add_argument(
        "--ocpp-port",
        type=int,
        help=f"port for stations ({DEFAULT_OCPP_PORT}); 0 takes a free one",
    )
    parser.add_argument(
        "--folder", type=Path, help="folder to make anew and to work in (.demo/show)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="do not stay: wait until a charger charges, print what was seen, and exit "
        "(on free ports unless told otherwise)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=180,
        help="seconds that --check waits (%(default)s)",
    )
    return parser.parse_args()


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the run; a check disturbs no demo that is running."""
    folder = ROOT / ".demo" / ("check" if arguments.check else "show")
    port = 0 if arguments.check else DEFAULT_PORT
    ocpp_port = 0 if arguments.check else DEFAULT_OCPP_PORT
    return Settings(
        folder=(arguments.folder or folder).absolute(),
        host=arguments.host,
        port=chosen_port(arguments.port, port),
        ocpp_port=chosen_port(arguments.ocpp_port, ocpp_port),
    )


def chosen_port(wanted: int | None, default: int) -> int:
    """Return the port to open, a free one in place of 0."""
    return (default if wanted is None else wanted) or free_port()


async def main(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run, and return the exit code."""
    end_on_signals()
    exit_code = 0
    try:
        if arguments.check:
            await check(settings, arguments.timeout)
        else:
            await show(settings)
    except* (ChildFailedError, NotSeenError, StartError) as errors:
        for error in leaves(errors):
            print(f"error: {error}", file=sys.stderr)
        exit_code = 1
    return exit_code


def leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    """Yield the errors of a group and of the groups within."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


if __name__ == "__main__":
    arguments = parse_arguments()
    settings = settings_from(arguments)
    for host, port in (
        (settings.host, settings.port),
        ("127.0.0.1", settings.ocpp_port),
    ):
        if problem := port_problem(host, port):
            sys.exit(f"error: {problem}")
    try:
        sys.exit(asyncio.run(main(arguments, settings)))
    except asyncio.CancelledError:
        sys.exit(1 if arguments.check else 0)
