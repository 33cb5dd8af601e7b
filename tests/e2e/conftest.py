"""A booted Home Assistant for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo.settings import Settings
from demo.stations import STATIONS, Place

from .client import Client
from .process import NEWEST_PYTHON, RunningCheck, RunningDemo, problems, processes_of

PLACES = [station.places[-1] for station in STATIONS]
"""One EVSE of each version of OCPP; the car at the second one's waits to be started."""


@pytest.fixture(scope="session")
def newest_python() -> Path:
    """Return the Python of the newest Home Assistant."""
    if not NEWEST_PYTHON.exists():
        pytest.skip("there is no .venv-newest: run script/setup newest")
    return NEWEST_PYTHON


@pytest.fixture(scope="session")
def demo(
    newest_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningDemo]:
    """Run the demo; at last it has to stop well, with nothing amiss in its log."""
    running = RunningDemo(tmp_path_factory.mktemp("demo") / "run")
    yield running
    running.stop()
    assert problems(running.folder) == []
    assert processes_of(running.folder) == []


@pytest.fixture(scope="session")
def check(
    newest_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningCheck]:
    """Run script/demo --check."""
    running = RunningCheck(tmp_path_factory.mktemp("check") / "run")
    yield running
    running.stop()


@pytest.fixture(scope="session", autouse=True)
def early_check(request: pytest.FixtureRequest) -> None:
    """Let the check run beside the other tests, if it is wanted: it waits a lot."""
    if any(
        "check" in getattr(item, "fixturenames", ()) for item in request.session.items
    ):
        request.getfixturevalue("check")


@pytest.fixture
def settings(demo: RunningDemo) -> Settings:
    """Return where the demo is."""
    return Settings(
        folder=demo.folder,
        host="127.0.0.1",
        port=demo.port,
        ocpp_port=demo.ocpp_port,
    )


@pytest.fixture
async def client(settings: Settings, socket_enabled: None) -> AsyncIterator[Client]:
    """Return a logged-in client, with all stations there."""
    async with Client(settings) as client:
        for place in PLACES:
            await client.becomes(f"binary_sensor.{place.station_id}_connectivity", "on")
        yield client


@pytest.fixture(params=PLACES, ids=[station.version for station in STATIONS])
def place(request: pytest.FixtureRequest) -> Place:
    """Return an EVSE of each version of OCPP in turn."""
    found: Place = request.param
    return found
