"""The simulated charging stations."""

from dataclasses import dataclass
import sys

DRIVERS_TOKEN = "DEMO"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One EVSE: a place where a car charges."""

    title: str
    station_id: str
    evse_id: int
    version: str

    def entity(self, domain: str, key: str) -> str:
        """Return the id of one of its entities."""
        return f"{domain}.{self.station_id}_evse_{self.evse_id}_{key}"


@dataclass(frozen=True, kw_only=True)
class Station:
    """One simulated charging station, and what goes on there."""

    identity: str
    name: str
    version: str
    model: str
    serial: str
    scene: str
    evses: int = 1

    @property
    def places(self) -> list[Place]:
        """Return its EVSEs."""
        station_id = self.name.lower()
        return [
            Place(
                title=self.name if self.evses == 1 else f"{self.name} {evse_id}",
                station_id=station_id,
                evse_id=evse_id,
                version=self.version,
            )
            for evse_id in range(1, self.evses + 1)
        ]

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
        return [
            sys.executable,
            "-u",
            "-m",
            "simulator",
            *arguments,
            *self.scene.split(),
        ]


STATIONS = (
    # A car comes home, charges over night, and leaves in the morning.
    Station(
        identity="GARAGE",
        name="Garage",
        version="1.6",
        model="Loopback 16",
        serial="SIM-0016",
        scene=f"--scenario commuter --token {DRIVERS_TOKEN} --soc 35 --register 2412000",
    ),
    # One car charges and falls asleep now and then; one waits to be started.
    Station(
        identity="CARPORT",
        name="Carport",
        version="2.0.1",
        model="Loopback 20 Duo",
        serial="SIM-0201",
        evses=2,
        scene="--plug-in 2 --scenario sleepy --car-phases 1 --soc 62 --register 604000",
    ),
    # Another one, with a smaller car.
    Station(
        identity="DRIVEWAY",
        name="Driveway",
        version="2.1",
        model="Loopback 21",
        serial="SIM-0021",
        scene=f"--scenario commuter --token {DRIVERS_TOKEN} --car-current 10 --capacity 40 --soc 71 --register 831500",
    ),
)
