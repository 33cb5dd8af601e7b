"""A journal in a directory of its own, and a central system that keeps sessions in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import StationConfig

from ..conftest import StartServer
from ..support import HandClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the journal lies."""
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path, clock: HandClock) -> AsyncIterator[Journal]:
    """Return an open journal."""
    journal = Journal(path, clock)
    await journal.open()
    yield journal
    await journal.close()


@pytest.fixture
async def server(start_server: StartServer, journal: Journal) -> Server:
    """Return a central system that keeps sessions, and knows a station."""
    server = await start_server(more={"journal": journal})
    server.add(StationConfig(identity="CP1", observe_only=True))
    return server
