"""Config flow: the listener, its address and its options."""

from collections.abc import Iterator
import errno
import socket
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import (
    CONF_BIND_ADDRESS,
    CONF_MAX_FRAME_KIB,
    CONF_PING_INTERVAL,
    CONF_SAMPLE_DAYS,
    CONF_SESSION_YEARS,
    DOMAIN,
)
from simulator import ManualClock

from .common import LOOPBACK, can_listen, free_port, in_state, mock_entry
from .conftest import Connect, SetUp

ELSEWHERE = "192.0.2.1"
"""An address that no computer has."""

# What a flow has set up is unloaded.
pytestmark = pytest.mark.usefixtures("set_up")


@pytest.fixture
def busy_port() -> Iterator[int]:
    """Return a port that another program listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


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
        result["flow_id"],
        {
            CONF_PING_INTERVAL: 0.0,
            CONF_MAX_FRAME_KIB: 128.0,
            "prices": {},
            "sources": {},
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {
        "battery_inverted": False,
        "grid_inverted": False,
        CONF_PING_INTERVAL: 0,
        CONF_MAX_FRAME_KIB: 128,
        CONF_SAMPLE_DAYS: 90,
        CONF_SESSION_YEARS: 0,
    }
    await hass.async_block_till_done()
    settings = entry.runtime_data.server.settings
    assert settings.ping_interval_s is None
    assert settings.max_frame_bytes == 128 * 1024
