"""Nothing keeps the event loop waiting: no access to files or DNS, no import, no sleep."""

from collections.abc import Callable
import socket
import threading

from homeassistant import block_async_io
from homeassistant.block_async_io import BlockedCalls
from homeassistant.core import HomeAssistant
from homeassistant.util import loop
import pytest

from custom_components.ocpp_csms import hub
from custom_components.ocpp_csms.csms.quirks import QuirkBook, load_quirks
from custom_components.ocpp_csms.diagnostics import async_get_config_entry_diagnostics
from simulator import frames

from ..csms.support import schemas
from .common import PERIODS, VERSIONS, discoveries, mock_entry, subentry_data, until
from .conftest import Connect, SetUp, StartStation

DNS = ("getaddrinfo", "gethostbyaddr", "gethostbyname", "getnameinfo")
"""What Home Assistant does not watch by itself."""

type Reports = Callable[[], list[str]]


def _load_schemas_of_simulator() -> None:
    """Have the simulator read now what it would read in the event loop."""
    for version in VERSIONS:
        known, wanted = schemas(version), frames.schemas(version)
        for action in known.requests:
            wanted.validator(action, response=False)
        for action in known.responses:
            wanted.validator(action, response=True)


@pytest.fixture
def real_quirks(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    """Let the files of quirks be read, as in a house, though none of them counts."""
    without_files = hub.load_quirks

    def load() -> QuirkBook:
        load_quirks()
        return without_files()

    monkeypatch.setattr(hub, "load_quirks", load)


@pytest.fixture
def reports(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Reports:
    """Watch for blocking calls as Home Assistant does; return what tells of them."""
    _load_schemas_of_simulator()
    for call in block_async_io._BLOCKING_CALLS:
        known = getattr(call.object, call.function)
        monkeypatch.setattr(call.object, call.function, known)
    monkeypatch.setattr(block_async_io, "_IN_TESTS", False)
    monkeypatch.setattr(block_async_io, "_BLOCKED_CALLS", BlockedCalls(set()))
    monkeypatch.setattr(loop, "_PREVIOUSLY_REPORTED", set())
    for name in DNS:
        watched = loop.protect_loop(
            getattr(socket, name),
            threading.get_ident(),
            strict=False,
            strict_core=False,
        )
        monkeypatch.setattr(socket, name, watched)
    block_async_io.enable()

    def told() -> list[str]:
        texts = [record.getMessage() for record in caplog.records]
        return [text for text in texts if "blocking call" in text]

    return told


@pytest.mark.usefixtures("real_quirks")
async def test_life_of_an_entry(
    hass: HomeAssistant,
    reports: Reports,
    set_up: SetUp,
    connect: Connect,
    start_station: StartStation,
    version: str,
) -> None:
    """From its setting up to its unloading an entry blocks nothing."""
    entry = await set_up(mock_entry(subentry_data()))
    charger = await connect(entry, version)
    await charger.charge()
    await charger.do("number.set_value", "number.current_limit", value=10)
    await charger.act("set_charging_profile", periods=PERIODS)
    await charger.clock.advance(60)
    await start_station(entry, version, "NEW1", wait=False)
    await until(lambda: discoveries(hass))
    await async_get_config_entry_diagnostics(hass, entry)
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("switch.charge", "off")
    await charger.reload()
    await charger.unload()
    assert reports() == []


def _look_up() -> None:
    socket.getaddrinfo("127.0.0.1", 80)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [(load_quirks, "integration 'ocpp_csms'"), (_look_up, "getaddrinfo")],
)
async def test_blocking_is_reported(
    reports: Reports, blocks: Callable[[], object], words: str
) -> None:
    """Who reads files or asks the DNS in the event loop is reported."""
    blocks()
    assert any(words in text for text in reports())
