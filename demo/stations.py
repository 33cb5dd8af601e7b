"""The simulated charging stations."""

from dataclasses import dataclass
import sys


@dataclass(frozen=True, kw_only=True)
class Station:
    """One simulated charging station, and what goes on there."""

    identity: str
    name: str
    version: str
    model: str
    serial: str
    evses: int = 1
    scene: tuple[str, ...] = ()

    def command(self, ocpp_port: int) -> list[str]:
        """Return the command that runs the station."""
        options = {
            "--url": f"ws://127.0.0.1:{ocpp_port}/",
            "--identity": self.identity,
            "--version": self.version,
            "--evses": str(self.evses),
            "--model": self.model,
            "--serial": self.serial,
        }
        arguments = [part for option in options.items() for part in option]
        return [sys.executable, "-u", "-m", "simulator", *arguments, *self.scene]


STATIONS = (
    # A car that charges as soon as it is plugged in.
    Station(
        identity="GARAGE",
        name="Garage",
        version="1.6",
        model="Loopback 16",
        serial="SIM-0016",
        scene=(
            "--plug-in",
            "1",
            "--autostart",
            "DEMO",
            "--soc",
            "35",
            "--register",
            "2412000",
        ),
    ),
    # One car waits to be started from Home Assistant; the other place is free.
    Station(
        identity="CARPORT",
        name="Carport",
        version="2.0.1",
        model="Loopback 20 Duo",
        serial="SIM-0201",
        evses=2,
        scene=(
            "--plug-in",
            "1",
            "--car-phases",
            "1",
            "--car-current",
            "32",
            "--soc",
            "60",
        ),
    ),
    # A car that comes in the evening and leaves in the morning.
    Station(
        identity="DRIVEWAY",
        name="Driveway",
        version="2.1",
        model="Loopback 21",
        serial="SIM-0021",
        scene=("--scenario", "commuter", "--token", "DEMO", "--register", "831500"),
    ),
)
