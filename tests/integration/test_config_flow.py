"""Config flow: listener, options, stations, discovery."""

from collections.abc import Iterator
import errno
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_USER,
    ConfigEntryState,
)
from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import (
    CONF_BIND_ADDRESS,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_MAX_CURRENT,
    CONF_MAX_FRAME_KIB,
    CONF_OBSERVE_ONLY,
    CONF_PING_INTERVAL,
    CONF_SAMPLE_INTERVAL,
    CONF_VERSION,
    DOMAIN,
    SUBENTRY_STATION,
)
from simulator import ManualClock, Misbehaviour

from .common import (
    IDENTITY,
    LOOPBACK,
    NAME,
    Charger,
    can_listen,
    find_device,
    free_port,
    in_state,
    mock_entry,
    subentry_data,
    until,
)
from .conftest import Connect, SetUp, StartStation

ELSEWHERE = "192.0.2.1"
"""An address that no computer has."""
STATION_INPUT: dict[str, Any] = {
    CONF_NAME: NAME,
    CONF_MAX_CURRENT: 16,
    "meter": {CONF_SAMPLE_INTERVAL: 30, "aligned_interval": 0, "measurands": []},
    "advanced": {
        CONF_VERSION: "automatic",
        CONF_ID_TOKEN: "HOUSE",
        "call_timeout": 20,
        "heartbeat_interval": 600,
        CONF_OBSERVE_ONLY: False,
        "skip_steps": ["meter"],
    },
}
STATION_DATA = {
    CONF_IDENTITY: IDENTITY,
    CONF_MAX_CURRENT: 16,
    CONF_SAMPLE_INTERVAL: 30,
    "aligned_interval": 0,
    "measurands": [],
    CONF_VERSION: "automatic",
    CONF_ID_TOKEN: "HOUSE",
    "call_timeout": 20,
    "heartbeat_interval": 600,
    CONF_OBSERVE_ONLY: False,
    "skip_steps": ["meter"],
}


@pytest.fixture
def busy_port() -> Iterator[int]:
    """Return a port that another program listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture(autouse=True)
async def tidy(set_up: SetUp) -> None:
    """Unload what a flow has set up."""


def sectioned(**changes: Any) -> dict[str, Any]:
    """Return the form of a station with some fields of its sections changed."""
    form = {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in STATION_INPUT.items()
    }
    for name, value in changes.items():
        place = next((form[s] for s in ("meter", "advanced") if name in form[s]), form)
        place[name] = value
    return form


# The listener.


async def test_user(hass: HomeAssistant) -> None:
    """A port is all that is needed."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {}
    port = free_port()
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: float(port), CONF_BIND_ADDRESS: f" {LOOPBACK} "}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"OCPP Charging ({port})"
    assert result["data"] == {CONF_PORT: port, CONF_BIND_ADDRESS: LOOPBACK}
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_user_all_addresses(hass: HomeAssistant) -> None:
    """Without an address all are listened on."""
    port = free_port()
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data={CONF_PORT: port}
    )
    assert result["data"] == {CONF_PORT: port}
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("address", "errors"),
    [
        ("nonsense", {CONF_BIND_ADDRESS: "invalid_address"}),
        (ELSEWHERE, {CONF_BIND_ADDRESS: "address_not_available"}),
        ("2001:db8::1", {CONF_BIND_ADDRESS: "address_not_available"}),
    ],
)
async def test_user_address(
    hass: HomeAssistant, address: str, errors: dict[str, str]
) -> None:
    """A wrong address is refused at its field, and can be corrected."""
    port = free_port()
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_USER},
        data={CONF_PORT: port, CONF_BIND_ADDRESS: address},
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: port, CONF_BIND_ADDRESS: LOOPBACK}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_user_port_in_use(hass: HomeAssistant, busy_port: int) -> None:
    """A busy port is refused, and another can be chosen."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_USER},
        data={CONF_PORT: busy_port, CONF_BIND_ADDRESS: LOOPBACK},
    )
    assert result["errors"] == {CONF_PORT: "port_in_use"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: free_port(), CONF_BIND_ADDRESS: LOOPBACK}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_user_port_not_permitted(hass: HomeAssistant) -> None:
    """A port that only the administrator of the computer may use is refused."""
    error = PermissionError(errno.EACCES, "not permitted")
    with patch("socket.socket.bind", side_effect=error):
        result = await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_USER},
            data={CONF_PORT: 80, CONF_BIND_ADDRESS: LOOPBACK},
        )
    assert result["errors"] == {CONF_PORT: "port_not_permitted"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: free_port(), CONF_BIND_ADDRESS: LOOPBACK}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_user_same_port(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A port can't be listened on twice."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data={CONF_PORT: entry.data[CONF_PORT]}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reconfigure_port(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect, clock: ManualClock
) -> None:
    """Another port is listened on at once, and the old one is given free."""
    charger = await connect(entry, "1.6")
    old = entry.data[CONF_PORT]
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    port = free_port()
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: port, CONF_BIND_ADDRESS: LOOPBACK}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert in_state(entry, ConfigEntryState.LOADED)
    assert entry.title == f"OCPP Charging ({port})"
    assert entry.runtime_data.server.port == port
    assert can_listen(old)
    charger.sim.url = f"ws://{LOOPBACK}:{port}"
    await charger.come_back()
    await charger.expect("binary_sensor.connected", "on", 0)


async def test_reconfigure_same(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    """Without a change nothing is closed."""
    charger = await connect(entry, "1.6")
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], dict(entry.data)
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert charger.sim.link.connections == 1
    assert charger.sim.connected


async def test_reconfigure_same_port_other_address(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """An address that this computer does not have is refused also for the open port."""
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"],
        {CONF_PORT: entry.data[CONF_PORT], CONF_BIND_ADDRESS: ELSEWHERE},
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {CONF_BIND_ADDRESS: "address_not_available"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: entry.data[CONF_PORT]}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {CONF_PORT: entry.data[CONF_PORT]}
    assert in_state(entry, ConfigEntryState.LOADED)


async def test_reconfigure_busy(
    hass: HomeAssistant, entry: MockConfigEntry, busy_port: int
) -> None:
    """A busy port is refused, and the old one goes on."""
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: busy_port, CONF_BIND_ADDRESS: LOOPBACK}
    )
    assert result["errors"] == {CONF_PORT: "port_in_use"}
    assert in_state(entry, ConfigEntryState.LOADED)


async def test_reconfigure_to_other_entry(
    hass: HomeAssistant, entry: MockConfigEntry, set_up: SetUp
) -> None:
    """The port of another entry is refused."""
    other = await set_up(mock_entry())
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], dict(other.data)
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize("same_port", [True, False])
async def test_reconfigure_not_loaded(
    hass: HomeAssistant, set_up: SetUp, same_port: bool
) -> None:
    """An entry whose port was busy is set up again, also on the same port."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        entry = await set_up(mock_entry(port=listener.getsockname()[1]))
        assert in_state(entry, ConfigEntryState.SETUP_RETRY)
    port = entry.data[CONF_PORT] if same_port else free_port()
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {CONF_PORT: port, CONF_BIND_ADDRESS: LOOPBACK}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert in_state(entry, ConfigEntryState.LOADED)
    assert entry.runtime_data.server.port == port


async def test_options(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Options reach the listener."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "init"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {CONF_PING_INTERVAL: 0.0, CONF_MAX_FRAME_KIB: 128.0}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {CONF_PING_INTERVAL: 0, CONF_MAX_FRAME_KIB: 128}
    await hass.async_block_till_done()
    settings = entry.runtime_data.server.settings
    assert settings.ping_interval_s is None
    assert settings.max_frame_bytes == 128 * 1024


# Stations, entered by hand.


async def start_adding(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Start to add a station; return the flow's id."""
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_STATION), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    return str(result["flow_id"])


async def test_add_station(
    hass: HomeAssistant, set_up: SetUp, connect: Connect, version: str
) -> None:
    """A station can be entered before it dials in, and then gets in at once."""
    entry = await set_up(mock_entry())
    flow_id = await start_adding(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        flow_id,
        {CONF_IDENTITY: f" {IDENTITY} ", CONF_PASSWORD: "s3cret"} | STATION_INPUT,
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (subentry,) = entry.subentries.values()
    assert subentry.title == NAME
    assert subentry.unique_id == IDENTITY
    assert dict(subentry.data) == {**STATION_DATA, CONF_PASSWORD: "s3cret"}
    charger = await connect(entry, version, password="s3cret")
    await charger.expect("binary_sensor.connected", "on", 0)


@pytest.mark.parametrize(
    ("identity", "changes", "errors"),
    [
        ("CP/1", {}, {CONF_IDENTITY: "identity_characters"}),
        ("CP?1", {}, {CONF_IDENTITY: "identity_characters"}),
        ("Wöhr", {}, {CONF_IDENTITY: "identity_characters"}),
        ("", {}, {CONF_IDENTITY: "identity_characters"}),
        ("C" * 49, {}, {CONF_IDENTITY: "identity_too_long"}),
        (IDENTITY, {CONF_PASSWORD: "x" * 41}, {CONF_PASSWORD: "password_too_long"}),
        (IDENTITY, {CONF_ID_TOKEN: "x" * 21}, {"base": "id_token_length"}),
        (IDENTITY, {CONF_ID_TOKEN: ""}, {"base": "id_token_length"}),
    ],
)
async def test_add_station_errors(
    hass: HomeAssistant,
    set_up: SetUp,
    identity: str,
    changes: dict[str, str],
    errors: dict[str, str],
) -> None:
    """What is wrong is said at its field, and can be corrected."""
    entry = await set_up(mock_entry())
    flow_id = await start_adding(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: identity} | sectioned(**changes)
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    result = await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: IDENTITY} | STATION_INPUT
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_add_station_twice(
    hass: HomeAssistant, entry: MockConfigEntry, set_up: SetUp
) -> None:
    """An identity belongs to one station, also across entries."""
    other = await set_up(mock_entry())
    flow_id = await start_adding(hass, other)
    result = await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: IDENTITY} | STATION_INPUT
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reconfigure_station(
    hass: HomeAssistant, set_up: SetUp, connect: Connect, version: str
) -> None:
    """Settings change while the socket stays open."""
    entry = await set_up(
        mock_entry(subentry_data(**(STATION_DATA | {CONF_PASSWORD: "s3cret"})))
    )
    charger = await connect(entry, version, password="s3cret")
    (subentry,) = entry.subentries.values()
    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert result["step_id"] == "reconfigure"
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], sectioned(**{CONF_NAME: "Carport", CONF_MAX_CURRENT: 20})
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    (subentry,) = entry.subentries.values()
    assert subentry.title == "Carport"
    assert CONF_PASSWORD not in subentry.data
    assert charger.sim.link.connections == 1
    assert charger.sim.connected
    device = find_device(hass, entry)
    assert device is not None
    assert device.name == "Carport"
    await charger.expect("number.current_limit", "20.0", max=20.0)


async def test_reconfigure_to_observe_only(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    """That a station is only observed from now on shows at once."""
    charger = await connect(entry, "2.0.1")
    (subentry,) = entry.subentries.values()
    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    await hass.config_entries.subentries.async_configure(
        result["flow_id"], sectioned(**{CONF_OBSERVE_ONLY: True})
    )
    await charger.expect("sensor.setup", "observe_only", 0)


async def test_reconfigure_station_errors(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What is wrong is said, and can be corrected."""
    (subentry,) = entry.subentries.values()
    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], sectioned(**{CONF_PASSWORD: "x" * 41})
    )
    assert result["errors"] == {CONF_PASSWORD: "password_too_long"}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], STATION_INPUT
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_pinned_version(
    hass: HomeAssistant, set_up: SetUp, start_station: StartStation
) -> None:
    """A station is held to the version that is set for it."""
    entry = await set_up(mock_entry(subentry_data(**{CONF_VERSION: "ocpp1_6"})))
    station = await start_station(entry, "2.0.1", wait=False)
    await until(lambda: station.link.last_error is not None)
    assert not station.connected
    station = await start_station(entry, "1.6")
    assert station.registered


# Discovery.


def discoveries(hass: HomeAssistant) -> list[Any]:
    """Return the flows that offer a station."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    ]


async def discover(
    hass: HomeAssistant, start: StartStation, entry: MockConfigEntry, version: str
) -> Any:
    """Let an unknown station dial in; return the station and the flow that offers it."""
    station = await start(entry, version, "NEW1", wait=False)
    await until(lambda: discoveries(hass))
    await hass.async_block_till_done()
    (flow,) = discoveries(hass)
    return station, flow


async def test_discovery(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    connect: Connect,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """An unknown station is offered with all it says, let in, and nobody else is dropped."""
    known = await connect(entry, version)
    station, flow = await discover(hass, start_station, entry, version)
    assert "NEW1" in flow["context"]["title_placeholders"]["name"]
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "confirm"
    assert result["description_placeholders"] == {
        "identity": "NEW1",
        "vendor": "Simulated",
        "model": "Loopback",
        "serial": "SIM-0001",
        "firmware": "1.0.0",
        "address": LOOPBACK,
        "version": version,
    }
    assert not station.registered
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "station_added"
    await hass.async_block_till_done()
    await clock.advance_until(lambda: station.registered)
    charger = Charger(hass, entry, station, clock)
    await charger.ready()
    await charger.expect("binary_sensor.connected", "on", 0)
    await charger.expect("sensor.status", "available")
    assert station.link.connections == known.sim.link.connections == 1
    await charger.charge()


async def test_discovery_in_vain(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """A station that is offered already is not offered again when it asks again."""
    station, _ = await discover(hass, start_station, entry, version)
    await clock.advance(65)
    await station.drop_connection()
    await clock.advance_until(lambda: station.connected)
    await station.idle()
    await hass.async_block_till_done()
    assert len(discoveries(hass)) == 1
    assert not station.registered


async def test_discovery_password(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
) -> None:
    """A password can be set at once; a wrong one can be corrected."""
    _, flow = await discover(hass, start_station, entry, "1.6")
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport", CONF_PASSWORD: "x" * 41}
    )
    assert result["errors"] == {CONF_PASSWORD: "password_too_long"}
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport", CONF_PASSWORD: "s3cret"}
    )
    assert result["reason"] == "station_added"
    await hass.async_block_till_done()
    assert entry.runtime_data.server.stations["NEW1"].config.password == "s3cret"


async def test_discovery_ignored(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """An ignored station is never offered again."""
    station, flow = await discover(hass, start_station, entry, version)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": flow["context"]["unique_id"], "title": "NEW1"},
    )
    await hass.async_block_till_done()
    assert discoveries(hass) == []
    await station.drop_connection()
    await clock.advance_until(lambda: station.connected)
    await station.idle()
    await hass.async_block_till_done()
    assert discoveries(hass) == []
    assert not station.registered


async def test_discovery_already_configured(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A station of any entry is not offered."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={
            "entry_id": entry.entry_id,
            CONF_IDENTITY: IDENTITY,
            "vendor": "",
            "model": "",
        },
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_discovery_entry_removed(
    hass: HomeAssistant, entry: MockConfigEntry, start_station: StartStation
) -> None:
    """An offer ends with the entry that makes it."""
    await discover(hass, start_station, entry, "1.6")
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


async def test_discovery_by_an_entry_that_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A station can't be let in by an entry that is gone."""
    keys = ("address", "version", "vendor", "model", "serial", "firmware")
    found = {"entry_id": "gone", "identity": "NEW1", **dict.fromkeys(keys, "")}
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=found
    )
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_removed"


async def test_discovery_configured_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    set_up: SetUp,
    start_station: StartStation,
) -> None:
    """A station that was set up in another way meanwhile is not added twice."""
    _, flow = await discover(hass, start_station, entry, "1.6")
    await set_up(mock_entry(subentry_data("NEW1")))
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_added_by_hand_ends_discovery(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """Entering a waiting station by hand lets it in and ends the offer."""
    station, _ = await discover(hass, start_station, entry, version)
    flow_id = await start_adding(hass, entry)
    await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: "NEW1"} | STATION_INPUT
    )
    await hass.async_block_till_done()
    assert discoveries(hass) == []
    await clock.advance_until(lambda: station.registered)
    assert station.link.connections == 1


async def test_discovery_of_silent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    """A station that never says what it is is offered by its identity."""
    monkeypatch.setattr("custom_components.ocpp_csms.offers.KNOCK_WAIT_S", 0)
    odd = Misbehaviour(no_boot=True)
    await start_station(entry, version, "NEW1", wait=False, misbehaviour=odd)
    await until(lambda: discoveries(hass))
    (flow,) = discoveries(hass)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert (result["description_placeholders"] or {})["vendor"] == "–"
    assert flow["context"]["title_placeholders"]["name"] == "NEW1"


async def test_removed_station_is_offered(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """A station that was removed and dials in again is unknown."""
    charger = await connect(entry, version)
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await until(lambda: not charger.sim.connected)
    await charger.clock.advance_until(lambda: charger.sim.connected)
    await until(lambda: discoveries(hass))
