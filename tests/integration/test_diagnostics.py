"""Diagnostics: everything a maintainer needs, nothing that is nobody's business."""

from contextlib import suppress
import json
import socket
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import JSONEncoder, json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import CONF_ID_TOKEN, DOMAIN
from custom_components.ocpp_csms.csms.errors import CallError
from custom_components.ocpp_csms.csms.model.commands import Call
from custom_components.ocpp_csms.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
    station_diagnostics,
)

from ..csms.support import BareStation, start, status
from .common import LOOPBACK, Charger, free_port, mock_entry, station_of, subentry_data
from .conftest import Bare, Connect, SetUp, StartStation

IDENTITY = "Wallbox-Identity"
PASSWORD = "pass-word-1234567"
TOKEN = "OWNTOKEN"
CARD = "04CARD99"
SERIAL = "SN-314159"
TITLE = "Secret garden"
SECRETS = (IDENTITY, PASSWORD, TOKEN, CARD, SERIAL, TITLE)

SECRET_CALLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "1.6": [
        ("GetConfiguration", {"key": ["AuthorizationKey"]}),
        ("GetConfiguration", {}),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": PASSWORD}),
    ],
    "2.0.1": [],
    "2.1": [],
}
for _version in ("2.0.1", "2.1"):
    _ref = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
    }
    _identity = _ref | {"variable": {"name": "Identity"}}
    SECRET_CALLS[_version] = [
        ("GetVariables", {"getVariableData": [_ref, _identity]}),
        (
            "SetNetworkProfile",
            {
                "configurationSlot": 1,
                "connectionData": {
                    "ocppInterface": "Wired0",
                    "ocppTransport": "JSON",
                    "ocppVersion": "OCPP20",
                    "messageTimeout": 30,
                    "ocppCsmsUrl": "wss://csms",
                    "securityProfile": 1,
                    "apn": {
                        "apn": "net",
                        "apnUserName": TOKEN,
                        "apnPassword": PASSWORD,
                        "apnAuthentication": "AUTO",
                    },
                    "vpn": {
                        "server": "vpn",
                        "user": TOKEN,
                        "password": PASSWORD,
                        "key": PASSWORD,
                        "type": "IKEv2",
                    },
                },
            },
        ),
        ("SetVariables", {"setVariableData": [_ref | {"attributeValue": PASSWORD}]}),
    ]


@pytest.fixture
async def secretive(set_up: SetUp, connect: Connect, version: str) -> Charger:
    """Return a charger full of secrets that has charged twice."""
    settings = {CONF_PASSWORD: PASSWORD, CONF_ID_TOKEN: TOKEN}
    entry = await set_up(mock_entry(subentry_data(IDENTITY, TITLE, **settings)))
    charger = await connect(
        entry, version, IDENTITY, password=PASSWORD, serial=SERIAL, firmware="1.2.3"
    )
    await charger.charge()
    await charger.clock.advance(10)
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("switch.charge", "off")
    assert await charger.sim.present_token(1, CARD)
    await charger.expect("switch.charge", "on")
    return charger


def as_text(dump: Any) -> str:
    """Return diagnostics as they are downloaded."""
    return json.dumps(dump, cls=JSONEncoder)


async def test_entry(secretive: Charger) -> None:
    """The diagnostics of an entry hold no secret, and all else."""
    dump = await async_get_config_entry_diagnostics(secretive.hass, secretive.entry)
    text = as_text(dump)
    assert [secret for secret in SECRETS if secret in text] == []
    (station,) = dump["stations"]
    assert station["version"] == secretive.version
    assert station["connected"] is True
    assert station["onboarding"]["configuration"]["state"] == "done"
    assert station["frames"]
    assert station["variables"]
    assert "1.2.3" in text


async def test_secret_calls(secretive: Charger) -> None:
    """Messages that hold secrets are logged without them."""
    for action, payload in SECRET_CALLS[secretive.version]:
        with suppress(CallError):  # not every station knows all of them
            await secretive.station.execute(Call(action, payload))
        dump = station_diagnostics(secretive.station)
        text = as_text(dump["frames"])
        assert action in text
        assert [secret for secret in SECRETS if secret in text] == [], action


@pytest.mark.parametrize("evse", [0, 1])
async def test_device(secretive: Charger, evse: int) -> None:
    """The diagnostics of a station's device, and of its EVSE's, are those of the station."""
    device = secretive.device(evse)
    dump = await async_get_device_diagnostics(secretive.hass, secretive.entry, device)
    text = as_text(dump)
    assert [secret for secret in SECRETS if secret in text] == []
    actions = {
        frame["frame"][2]
        for frame in dump["frames"]
        if isinstance(frame["frame"], list) and frame["frame"][0] == 2
    }
    started = "StartTransaction" if secretive.version == "1.6" else "TransactionEvent"
    assert started in actions


async def test_turned_away(
    hass: HomeAssistant, set_up: SetUp, start_station: StartStation
) -> None:
    """Who was turned away is told without a name or an address."""
    entry = await set_up(
        mock_entry(subentry_data(IDENTITY, **{CONF_PASSWORD: PASSWORD}))
    )
    station = await start_station(entry, "1.6", IDENTITY, wait=False, password="wrong")
    await station.wait_until(lambda: station.link.last_error is not None)
    dump = await async_get_config_entry_diagnostics(hass, entry)
    (rejection,) = dump["rejections"]
    assert (rejection["status"], rejection["reason"]) == (401, "password_wrong")
    text = as_text(dump)
    assert [secret for secret in SECRETS if secret in text] == []


async def test_unreadable_frames(charger: Charger) -> None:
    """A frame that can't be read is told by its size only."""
    await charger.sim.send_raw('[2,"1","Authorize",{"idTag":"04CARD')
    await charger.sim.send("Heartbeat", {})
    dump = await async_get_config_entry_diagnostics(charger.hass, charger.entry)
    text = as_text(dump)
    assert "unreadable" in text
    assert "04CARD" not in text


@pytest.mark.parametrize(
    "payload",
    [
        {"configurationKey": 5},
        {"configurationKey": {"key": "AuthorizationKey"}},
        {"setVariableData": True},
        {"reportData": [1, {"variable": 2, "variableAttribute": 3}]},
        {"getVariableResult": {"a": 1}},
        {"idTag": {"deep": [1]}},
        [1, 2],
        "text",
    ],
)
@pytest.mark.parametrize("version", ["2.0.1"])
async def test_odd_frames(charger: Charger, payload: object) -> None:
    """Whatever a station sends, its diagnostics can be downloaded."""
    await charger.sim.send_raw(json.dumps([2, "odd", "Nonsense", payload]))
    await charger.sim.send("Heartbeat", {})
    dump = await async_get_config_entry_diagnostics(charger.hass, charger.entry)
    assert "Nonsense" in as_text(dump)


async def test_offline(charger: Charger) -> None:
    """Diagnostics work also while the charger is away."""
    await charger.go_offline()
    dump = await async_get_config_entry_diagnostics(charger.hass, charger.entry)
    (station,) = dump["stations"]
    assert station["connected"] is False
    assert station["version"] is None
    as_text(dump)


async def test_without_stations(hass: HomeAssistant, set_up: SetUp) -> None:
    """An entry without stations has diagnostics too."""
    entry: MockConfigEntry = await set_up(mock_entry())
    dump = await async_get_config_entry_diagnostics(hass, entry)
    assert dump["stations"] == []


async def _download(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return diagnostics as strictly as Home Assistant writes them."""
    return json_bytes(await async_get_config_entry_diagnostics(hass, entry)).decode()


@pytest.mark.parametrize("depth", [50, 300, 900])
@pytest.mark.parametrize("path", ["/CP1", "/STRANGER"])
async def test_diagnostics_of_deep_frames(
    hass: HomeAssistant, watched: MockConfigEntry, bare: Bare, path: str, depth: int
) -> None:
    """However deep a frame is nested, the diagnostics can be downloaded."""
    deep = await bare(watched, path)
    raw = '[2,"1","Nonsense",{"a":' + "[" * depth + "]" * depth + "}]"
    assert (await deep.reaction(raw))[0] == 4
    assert "Nonsense" in await _download(hass, watched)


async def test_diagnostics_hold_no_secrets(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """Secrets are left out also where a vendor has put them."""
    keys = {"SIM_PIN": "9876pin", "WifiPassword": "wifi-secret", "ApiKey": "api-secret"}
    cp1.replies["GetConfiguration"] = {
        "configurationKey": [
            {"key": key, "readonly": False, "value": value}
            for key, value in keys.items()
        ]
    }
    await station_of(watched).execute(Call("GetConfiguration", {}))
    await cp1.call("StartTransaction", start(idTag="04CARD99"))
    inner = json.dumps({"idTag": "04CARD99"})
    await cp1.call("DataTransfer", {"vendorId": "acme", "data": inner})
    await cp1.call("StatusNotification", status(info="idTag 04CARD99"))
    text = await _download(hass, watched)
    assert "SIM_PIN" in text
    secrets = (*keys.values(), "04CARD99")
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize("busy", [False, True])
async def test_diagnostics_of_an_entry_that_does_not_run(
    hass: HomeAssistant, set_up: SetUp, busy: bool
) -> None:
    """They are there just when they are asked for: when it does not start."""
    port = free_port()
    with socket.socket() as thief:
        if busy:
            thief.bind((LOOPBACK, port))
            thief.listen()
        entry = await set_up(mock_entry(subentry_data(), port=port))
    if busy:
        assert entry.state is ConfigEntryState.SETUP_RETRY
    else:
        await hass.config_entries.async_unload(entry.entry_id)
    assert str(port) in await _download(hass, entry)


async def test_diagnostics_of_a_device_that_does_not_run(charger: Charger) -> None:
    """The device of an entry that is not loaded has diagnostics as well."""
    device = dr.async_get(charger.hass).async_get(charger.device_id())
    assert device is not None
    await charger.unload()
    told = await async_get_device_diagnostics(charger.hass, charger.entry, device)
    assert "stations" not in told
    assert told["entry"]["domain"] == DOMAIN
