"""The flow of a station: entered by hand, and changed."""

from typing import Any

from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import (
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_MAX_CURRENT,
    CONF_OBSERVE_ONLY,
    CONF_SAMPLE_INTERVAL,
    CONF_VERSION,
)

from .common import (
    IDENTITY,
    NAME,
    STATION_INPUT,
    find_device,
    mock_entry,
    start_adding,
    subentry_data,
    until,
)
from .conftest import Connect, SetUp, StartStation

STATION_DATA = {
    CONF_IDENTITY: IDENTITY,
    CONF_MAX_CURRENT: 16,
    CONF_SAMPLE_INTERVAL: 30,
    "aligned_interval": 0,
    "measurands": [],
    CONF_VERSION: "automatic",
    "start": "free",
    "unknown_tokens": "accept",
    "automatic_start": False,
    "local_list": True,
    CONF_ID_TOKEN: "HOUSE",
    "call_timeout": 20,
    "heartbeat_interval": 600,
    CONF_OBSERVE_ONLY: False,
    "skip_steps": ["meter"],
}
SECTIONS = ("access", "meter", "advanced")

# What a flow has set up is unloaded.
pytestmark = pytest.mark.usefixtures("set_up")


def sectioned(**changes: Any) -> dict[str, Any]:
    """Return the form of a station with some fields of its sections changed."""
    form = {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in STATION_INPUT.items()
    }
    for name, value in changes.items():
        place = next((form[s] for s in SECTIONS if name in form[s]), form)
        place[name] = value
    return form


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
        ("", {}, {CONF_IDENTITY: "no_identity"}),
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


@pytest.mark.parametrize("identity", ["Garage left", "C#1", "A*B@home.lan"])
async def test_add_station_with_an_odd_identity(
    hass: HomeAssistant, set_up: SetUp, start_station: StartStation, identity: str
) -> None:
    """Whatever identity gets in when it dials can be entered by hand too."""
    entry = await set_up(mock_entry())
    flow_id = await start_adding(hass, entry)
    await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: identity} | STATION_INPUT
    )
    await hass.async_block_till_done()
    station = await start_station(entry, "1.6", identity)
    assert station.registered


async def test_add_station_without_a_name(hass: HomeAssistant, set_up: SetUp) -> None:
    """A blank name is the identity."""
    entry = await set_up(mock_entry())
    flow_id = await start_adding(hass, entry)
    await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: IDENTITY} | STATION_INPUT | {CONF_NAME: "  "}
    )
    await hass.async_block_till_done()
    (subentry,) = entry.subentries.values()
    assert subentry.title == IDENTITY


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


def _suggested(result: Any, field: str) -> Any:
    """Return what a form holds in a field before it is touched."""
    (key,) = (key for key in result["data_schema"].schema if key == field)
    return (key.description or {}).get("suggested_value")


@pytest.mark.parametrize(
    ("entered", "stored"),
    [("unchanged", "s3cret"), ("an0ther", "an0ther"), ("", None), (None, None)],
)
async def test_reconfigure_password(
    hass: HomeAssistant, set_up: SetUp, entered: str | None, stored: str | None
) -> None:
    """The form does not show the password; left alone it stays, emptied it goes."""
    data = STATION_DATA | {CONF_PASSWORD: "s3cret"}
    entry = await set_up(mock_entry(subentry_data(**data)))
    (subentry,) = entry.subentries.values()
    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    shown = _suggested(result, CONF_PASSWORD)
    assert shown
    assert "s3cret" not in str(result)
    password = shown if entered == "unchanged" else entered
    await hass.config_entries.subentries.async_configure(
        result["flow_id"],
        sectioned() | ({} if password is None else {CONF_PASSWORD: password}),
    )
    await hass.async_block_till_done()
    (subentry,) = entry.subentries.values()
    assert subentry.data.get(CONF_PASSWORD) == stored


async def test_reconfigure_without_password(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Where no password is set the form holds none."""
    (subentry,) = entry.subentries.values()
    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert _suggested(result, CONF_PASSWORD) is None


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
