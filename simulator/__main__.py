"""Run one station against any central system."""

import argparse
import asyncio
from contextlib import suppress
import signal
import ssl
import sys

from . import Car, ChargingStation, Clock, RealClock, ScaledClock
from .scenarios import SCENARIOS
from .terminal import watch


def _parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A charging station that charges simulated cars.",
    )
    add = parser.add_argument
    add(
        "--url",
        required=True,
        help="address of the central system, such as ws://host:9000/",
    )
    add("--identity", default="CP1", help="name of the station, the end of the address")
    add(
        "--version",
        default="1.6",
        choices=["1.6", "2.0.1", "2.1"],
        help="version of OCPP",
    )
    add("--evses", type=int, default=1, help="number of EVSEs (1.6: connectors)")
    add("--phases", type=int, default=3, choices=[1, 3], help="phases of the supply")
    add("--max-current", type=float, default=32.0, help="rating in ampere per phase")
    add("--password", help="password of HTTP Basic authentication")
    add("--insecure", action="store_true", help="accept any certificate with wss://")
    add("--vendor", default="Simulated")
    add("--model", default="Loopback")
    add("--serial", default="SIM-0001")
    add("--firmware", default="1.0.0")
    add("--register", type=float, default=0.0, help="meter reading at the start in Wh")
    add(
        "--accelerate",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="let time run faster",
    )
    add(
        "--plug-in",
        type=int,
        action="append",
        default=[],
        metavar="EVSE",
        help="plug a car in",
    )
    add("--token", default="", help="id token presented at the cars plugged in")
    add(
        "--autostart", default="", metavar="TOKEN", help="charge whatever is plugged in"
    )
    add(
        "--soc", type=float, default=40.0, help="state of charge of the cars in percent"
    )
    add("--capacity", type=float, default=60.0, help="battery of the cars in kWh")
    add("--car-phases", type=int, default=3, choices=[1, 2, 3])
    add(
        "--car-current",
        type=float,
        default=16.0,
        help="most that the cars draw, per phase",
    )
    add("--scenario", choices=sorted(SCENARIOS), help="let people come and go")
    add(
        "--for", dest="seconds", type=float, default=0.0, help="stop after real seconds"
    )
    add("--quiet", action="store_true", help="do not show the messages")
    return parser


def _station(options: argparse.Namespace) -> ChargingStation:
    """Return the station that the command line describes."""
    clock: Clock = RealClock()
    if options.accelerate != 1.0:
        clock = ScaledClock(options.accelerate)
    context: ssl.SSLContext | None = None
    if options.url.startswith("wss:"):
        context = ssl.create_default_context()
        if options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    return ChargingStation(
        options.identity,
        options.url,
        options.version,
        evses=options.evses,
        phases=options.phases,
        max_current_a=options.max_current,
        register_wh=options.register,
        password=options.password,
        ssl=context,
        clock=clock,
        vendor=options.vendor,
        model=options.model,
        serial=options.serial,
        firmware=options.firmware,
        autostart=options.autostart,
        ping_interval=20,
        keep_frames=200,
    )


async def _run(options: argparse.Namespace) -> None:
    """Run until Ctrl-C."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with _station(options) as station:
        if not options.quiet:
            station.spawn(watch(station))
        station.spawn(_live(station, options))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), options.seconds or None)
    print("stopped", file=sys.stderr)


async def _live(station: ChargingStation, options: argparse.Namespace) -> None:
    """Plug cars in, and play the scenario."""
    while not station.registered:
        await asyncio.sleep(0.1)

    def car() -> Car:
        """Return a new car."""
        return Car(
            capacity_wh=options.capacity * 1000,
            soc=options.soc,
            phases=options.car_phases,
            max_current_a=options.car_current,
        )

    for evse_id in options.plug_in:
        await station.plug_in(evse_id, car())
        if options.token:
            await station.present_token(evse_id, options.token)
    if options.scenario:
        await SCENARIOS[options.scenario](station, car, options.token or "04A1B2C3D4")


def main() -> int:
    """Run the command line."""
    options = _parser().parse_args()
    bad = [evse for evse in options.plug_in if not 1 <= evse <= options.evses]
    if bad:
        print(f"there is no EVSE {bad[0]}", file=sys.stderr)
        return 2
    asyncio.run(_run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
