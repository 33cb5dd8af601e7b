"""A journal in a directory of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal

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
