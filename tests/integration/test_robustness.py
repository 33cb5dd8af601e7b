"""Whatever a station, a stranger or a user does, Home Assistant shows the truth and goes on."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from datetime import date
import json
import logging
from pathlib import Path
import socket
from typing import Any, Protocol

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_bytes
from homeassistant.util.yaml import load_yaml_dict
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import ocpp_csms
from custom_components.ocpp_csms import async_remove_config_entry_device
from custom_components.ocpp_csms.const import (
    CONF_CALL_TIMEOUT,
    CONF_MAX_CURRENT,
    CONF_SKIP_STEPS,
    DOMAIN,
)
from custom_components.ocpp_csms.csms import onboarding
from custom_components.ocpp_csms.csms.changes import StationKey
from custom_components.ocpp_csms.csms.limits import top_stack_level
from custom_components.ocpp_csms.csms.model.commands import Call
from custom_components.ocpp_csms.csms.model.meter import POWER
from custom_components.ocpp_csms.csms.station import Station
from custom_components.ocpp_csms.diagnostics import async_get_config_entry_diagnostics

from ..csms.support import (
    BareStation,
    Json,
    boot,
    dial,
    event,
    meter,
    sample,
    stamp,
    start,
    status,
)
from .common import (
    IDENTITY,
    LOOPBACK,
    NAME,
    Charger,
    assert_translated,
    find_device,
    find_entity,
    find_evse_device,
    free_port,
    has_entity,
    mock_entry,
    subentry_data,
    until,
)
from .conftest import SetUp
from .test_repairs import issues

PERIODS = [{"start": 0, "limit": 10}]
ACCEPTED = {"status": "Accepted"}


class Bare(Protocol):
    """Dials an entry as a bare station."""

    def __call__(
        self,
        entry: MockConfigEntry,
        path: str = ...,
        version: str | None = ...,
        **options: Any,
    ) -> Awaitable[BareStation]:
        """Connect."""


@pytest.fixture
async def bare(set_up: SetUp) -> AsyncIterator[Bare]:
    """Return what dials an entry; all sockets are closed at the end."""
    sockets: list[BareStation] = []

    async def make(
        entry: MockConfigEntry,
        path: str = "/CP1",
        version: str | None = "1.6",
        **options: Any,
    ) -> BareStation:
        port = entry.data[CONF_PORT]
        sockets.append(await dial(port, path, version, **options))
        return sockets[-1]

    yield make
    for opened in sockets:
        opened.abort()
        await opened.close()


@pytest.fixture
async def watched(set_up: SetUp) -> MockConfigEntry:
    """Return a set-up entry with a station to which nothing is sent unasked."""
    return await set_up(mock_entry(subentry_data(IDENTITY, NAME, observe_only=True)))


@pytest.fixture
async def cp1(hass: HomeAssistant, watched: MockConfigEntry, bare: Bare) -> BareStation:
    """Return a 1.6 socket of that station, which has booted and has one EVSE."""
    cp1 = await bare(watched)
    await cp1.call("BootNotification", boot())
    await cp1.call("StatusNotification", status())
    await hass.async_block_till_done()
    return cp1


def station_of(entry: MockConfigEntry, identity: str = IDENTITY) -> Station:
    """Return what the central system knows of a station."""
    station: Station = entry.runtime_data.server.stations[identity]
    return station


def state(hass: HomeAssistant, kind: str, evse: int = 1) -> str | None:
    """Return the state of an entity, None if there is none."""
    if not has_entity(hass, kind, evse):
        return None
    shown = hass.states.get(find_entity(hass, kind, evse))
    return shown.state if shown else None


def offers(hass: HomeAssistant) -> list[Any]:
    """Return the flows that offer a station."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    ]


# Offers of unknown stations.


async def test_offers_are_bounded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A scan of made-up names fills no page with offers."""
    monkeypatch.setattr("custom_components.ocpp_csms.offers.MAX_OFFERS", 3)
    for number in range(8):
        stranger = await bare(entry, f"/STRANGER{number}")
        await stranger.call("BootNotification", boot())
        stranger.abort()
        await until(lambda: not entry.runtime_data.server.stations.keys() - {IDENTITY})
    await hass.async_block_till_done()
    assert len(offers(hass)) == 3


async def test_offer_of_a_station_that_left(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A station that went away is offered no longer, after a while."""
    stays, leaves = await bare(entry, "/STAYS"), await bare(entry, "/LEAVES")
    for stranger in (stays, leaves):
        await stranger.call("BootNotification", boot())
    await until(lambda: len(offers(hass)) == 2)
    monkeypatch.setattr("custom_components.ocpp_csms.offers.OFFER_STAYS_S", 0)
    leaves.abort()
    await until(lambda: len(offers(hass)) == 1)
    assert offers(hass)[0]["context"]["unique_id"] == "STAYS"


@pytest.mark.parametrize("removed", [False, True])
async def test_offers_end_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare, removed: bool
) -> None:
    """What nobody listens to any more is offered no longer."""
    stranger = await bare(entry, "/STRANGER")
    await stranger.call("BootNotification", boot())
    await until(lambda: offers(hass))
    if removed:
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_unload(entry.entry_id)
    assert offers(hass) == []


async def test_set_up_under_another_entry(
    hass: HomeAssistant, set_up: SetUp, watched: MockConfigEntry, bare: Bare
) -> None:
    """A station that dials the port of another entry is no mystery."""
    other = await set_up(mock_entry())
    lost = await bare(other)
    await lost.call("BootNotification", boot())
    await until(lambda: issues(hass))
    (issue,) = issues(hass).values()
    assert issue.translation_key == "rejected_other_port"
    assert (issue.translation_placeholders or {})["detail"] == f"`{watched.title}`"
    assert offers(hass) == []
    await (await bare(watched)).call("BootNotification", boot())
    await until(lambda: not issues(hass))


# Strangers' text.


async def _turned_away(bare: Bare, entry: MockConfigEntry, path: str) -> None:
    with pytest.raises(Exception, match=r"rejected|HTTP"):
        await bare(entry, path, "9.9")


async def test_text_is_no_markdown(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """What a stranger calls itself makes no link in Home Assistant's own pages."""
    await _turned_away(bare, entry, "/[click](http:%2f%2fevil.example)`x")
    (issue,) = issues(hass).values()
    placeholders = issue.translation_placeholders or {}
    for key in ("station", "path", "detail"):
        assert placeholders[key][0] == placeholders[key][-1] == "`"
        assert "`" not in placeholders[key][1:-1]


@pytest.fixture
def own_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log at INFO, as users have it."""
    caplog.set_level(logging.INFO, "custom_components.ocpp_csms")
    return caplog


async def test_query_is_not_shown(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """What follows a path, often a secret, is in no issue."""
    await _turned_away(bare, entry, "/CP1?token=secret-token")
    (issue,) = issues(hass).values()
    assert "secret-token" not in str(issue.translation_placeholders)


async def test_query_is_not_logged(
    entry: MockConfigEntry, bare: Bare, own_log: pytest.LogCaptureFixture
) -> None:
    """Nor is it in the log."""
    await _turned_away(bare, entry, "/CP1?token=secret-token")
    lines = [r.getMessage() for r in own_log.records if "Turned" in r.getMessage()]
    assert len(lines) == 1
    assert "secret-token" not in lines[0]


async def test_strangers_hide_no_issue(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """However many strangers are turned away, that one's own station is, is told."""
    for number in range(12):
        await _turned_away(bare, entry, f"/STRANGER{number}")
    await _turned_away(bare, entry, f"/{IDENTITY}")
    assert any(f"/{IDENTITY}/" in id_ for _, id_ in ir.async_get(hass).issues)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_long_texts(
    hass: HomeAssistant, watched: MockConfigEntry, bare: Bare, version: str
) -> None:
    """Texts without end are cut before they are kept."""
    long = "x" * 100_000
    cp1 = await bare(watched, version=version)
    payload = (
        boot(chargePointVendor=long, firmwareVersion=long)
        if version == "1.6"
        else boot(
            version,
            chargingStation={
                "vendorName": long,
                "model": long,
                "firmwareVersion": long,
                "serialNumber": long,
            },
        )
    )
    await cp1.call("BootNotification", payload)
    if version == "1.6":
        fault = status(word="Faulted", info=long, vendorErrorCode=long, vendorId=long)
        await cp1.call("StatusNotification", fault)
    await cp1.call("DataTransfer", {"vendorId": "acme", "data": long})
    await hass.async_block_till_done()
    device = find_device(hass, watched)
    assert device is not None
    texts = (device.manufacturer, device.model, device.sw_version, device.serial_number)
    assert max(len(text or "") for text in texts) <= 255
    for shown in hass.states.async_all():
        assert len(json.dumps(dict(shown.attributes), default=str)) < 16_384


# Devices.


async def test_evse_that_never_was(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """An EVSE that a station told of by mistake can be deleted, for good."""
    await cp1.call("StatusNotification", status(evse=60))
    await hass.async_block_till_done()
    phantom = find_evse_device(hass, watched, 60)
    assert phantom is not None
    assert await async_remove_config_entry_device(hass, watched, phantom)
    cp1.abort()
    await hass.config_entries.async_reload(watched.entry_id)
    await hass.async_block_till_done()
    assert station_of(watched).evses.keys() == {1}
    assert find_evse_device(hass, watched, 1) is not None


async def test_evse_in_use_is_kept(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """An EVSE at which a transaction runs is not deleted."""
    await cp1.call("StartTransaction", start())
    await hass.async_block_till_done()
    device = find_evse_device(hass, watched, 1)
    assert device is not None
    assert not await async_remove_config_entry_device(hass, watched, device)
    assert 1 in station_of(watched).evses


async def test_station_named_like_an_evse(
    hass: HomeAssistant, set_up: SetUp, bare: Bare
) -> None:
    """A station may be called as the EVSE of another one is."""
    names = ("CP1", "CP1_evse_1")
    entry = await set_up(
        mock_entry(*(subentry_data(name, name, observe_only=True) for name in names))
    )
    for name in names:
        socket_ = await bare(entry, f"/{name}")
        await socket_.call("BootNotification", boot())
        await socket_.call("StatusNotification", status())
    await hass.async_block_till_done()
    ids = set()
    for name in names:
        for device in (
            find_device(hass, entry, name),
            find_evse_device(hass, entry, 1, name),
        ):
            assert device is not None
            ids.add(device.id)
    assert len(ids) == 4


# Entities.


async def test_entity_that_fails(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    cp1: BareStation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One entity that can't be updated costs no other its update, nor the station its answer."""
    power = sample("3600", "Power.Active.Import", unit="W")
    await cp1.call("MeterValues", meter(power))
    await hass.async_block_till_done()
    (coordinator,) = watched.runtime_data.coordinators.values()

    def fail() -> None:
        raise RuntimeError("of no consequence")

    changes = [(1, POWER), (0, StationKey.LAST_SEEN)]
    coordinator.async_listen(changes, fail)
    for listeners in coordinator._listeners.values():
        listeners.sort(key=lambda update: update is not fail)
    power = sample("2300", "Power.Active.Import", unit="W")
    current = sample("10", "Current.Import", unit="A")
    assert await cp1.call("MeterValues", meter(power, current, at=10)) == {}
    await hass.async_block_till_done()
    assert float(state(hass, "sensor.power_active_import") or 0) == 2300
    assert float(state(hass, "sensor.current_import") or 0) == 10
    assert "of no consequence" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("unit", ["W", "kW"])
async def test_value_without_end(
    hass: HomeAssistant, cp1: BareStation, unit: str
) -> None:
    """Values beyond all numbers make no entity, and spoil none of those that follow."""
    absurd = [
        sample("1e308", unit=f"{unit}h"),
        sample("1e308", "Power.Active.Import", unit=unit, phase="L1"),
        sample("-1e308", "Power.Active.Import", unit=unit, phase="L2"),
    ]
    await cp1.call("MeterValues", meter(*absurd))
    await hass.async_block_till_done()
    assert not has_entity(hass, "sensor.power_active_import")
    good = [
        sample("5000", unit="Wh"),
        sample("7000", "Power.Active.Import", unit="W"),
    ]
    await cp1.call("MeterValues", meter(*good, at=10))
    await until(lambda: state(hass, "sensor.power_active_import") is not None)
    assert float(state(hass, "sensor.power_active_import") or 0) == 7000
    assert float(state(hass, "sensor.energy_active_import_register") or 0) == 5


async def test_limit_is_what_was_sent(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """A limit is shown as in force only when the station has taken it."""
    limit = find_entity(hass, "number.current_limit")

    def applied() -> bool:
        shown = hass.states.get(limit)
        return bool(shown and shown.attributes["applied"])

    assert not applied()
    cp1.replies["SetChargingProfile"] = ACCEPTED
    data = {"entity_id": limit, "value": 32}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    assert applied()
    (subentry,) = watched.subentries.values()
    hass.config_entries.async_update_subentry(
        watched, subentry, data={**subentry.data, CONF_MAX_CURRENT: 16}
    )
    await until(lambda: len(cp1.asked("SetChargingProfile")) == 2)
    await until(applied)
    assert state(hass, "number.current_limit") == "16"


async def test_limit_that_is_no_number(hass: HomeAssistant, cp1: BareStation) -> None:
    """NaN is no limit."""
    data = {"entity_id": find_entity(hass, "number.current_limit"), "value": "nan"}
    with pytest.raises((HomeAssistantError, probatio.Invalid)):
        await hass.services.async_call("number", "set_value", data, blocking=True)
    assert state(hass, "number.current_limit") == "32.0"
    assert cp1.requests == []


async def test_pause_that_is_not_answered(
    hass: HomeAssistant, set_up: SetUp, bare: Bare
) -> None:
    """A pause that the station has not confirmed is shown as pending."""
    data = {"observe_only": True, "call_timeout": 0.05}
    entry = await set_up(mock_entry(subentry_data(IDENTITY, NAME, **data)))
    silent = await bare(entry)
    await silent.call("BootNotification", boot())
    await silent.call("StatusNotification", status())
    await hass.async_block_till_done()
    pause = find_entity(hass, "switch.pause")
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": pause}, blocking=True
        )
    shown = hass.states.get(pause)
    assert shown is not None
    assert (shown.state, shown.attributes["pending"]) == ("on", True)


# Status by events, and starts without a card.


def _monitored(variable: str, value: str, component: str = "Connector") -> Json:
    connector = {"connectorId": 1} if component == "Connector" else {}
    place = {"name": component, "evse": {"id": 1} | connector}
    return {
        "generatedAt": stamp(),
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": stamp(),
                "trigger": "Delta",
                "actualValue": value,
                "eventNotificationType": "HardWiredNotification",
                "component": place,
                "variable": {"name": variable},
            }
        ],
    }


@pytest.mark.parametrize("component", ["Connector", "EVSE"])
@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_status_by_events(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    bare: Bare,
    version: str,
    component: str,
) -> None:
    """A station may tell its status, and its problems, by events alone."""
    cp1 = await bare(watched, version=version)
    await cp1.call("BootNotification", boot(version))
    for word, shown in (("Available", "available"), ("Occupied", "preparing")):
        told = _monitored("AvailabilityState", word, component)
        await cp1.call("NotifyEvent", told)
        await until(lambda: state(hass, "sensor.status") == shown)  # noqa: B023
    for value, shown in (("true", "on"), ("false", "off")):
        await cp1.call("NotifyEvent", _monitored("Problem", value, component))
        await until(lambda: state(hass, "binary_sensor.problem") == shown)  # noqa: B023


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_start_without_a_card(
    watched: MockConfigEntry, bare: Bare, version: str
) -> None:
    """A station with a start button may charge."""
    cp1 = await bare(watched, version=version)
    token = {"idToken": "", "type": "NoAuthorization"}
    answer = await cp1.call("TransactionEvent", event(idToken=token))
    assert answer["idTokenInfo"] == ACCEPTED
    answer = await cp1.call("Authorize", {"idToken": token})
    assert answer["idTokenInfo"] == ACCEPTED


# Diagnostics.


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


# Leaving.


@pytest.mark.parametrize("removed", [False, True])
async def test_entry_that_goes_in_the_midst_of_a_call(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    cp1: BareStation,
    removed: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A CALL that is not answered yet ends with its entry, without noise."""
    limit = find_entity(hass, "number.current_limit")
    data = {"entity_id": limit, "value": 10}
    waits = hass.async_create_task(
        hass.services.async_call("number", "set_value", data, blocking=True)
    )
    await cp1.request("SetChargingProfile")
    if removed:
        await hass.config_entries.async_remove(watched.entry_id)
    else:
        await hass.config_entries.async_unload(watched.entry_id)
    with pytest.raises(HomeAssistantError):
        await waits
    await hass.async_block_till_done()
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


# Actions.


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("change_availability", {"available": False, "connector": 2}),
        ("trigger_message", {"message": "StatusNotification", "connector": 2}),
    ],
)
async def test_connector_of_no_evse(
    connect_twin: Charger, action: str, data: dict[str, Any]
) -> None:
    """A connector without its EVSE never means the whole station."""
    asked = len(connect_twin.calls("TriggerMessage"))
    with pytest.raises(HomeAssistantError) as raised:
        await connect_twin.act(action, **data)
    assert_translated(raised, "evse_needed")
    assert connect_twin.calls("ChangeAvailability") == []
    assert len(connect_twin.calls("TriggerMessage")) == asked


@pytest.fixture
async def connect_twin(entry: MockConfigEntry, connect: Any, version: str) -> Charger:
    """Return a connected charger with two EVSEs."""
    charger: Charger = await connect(entry, version, evses=2)
    return charger


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("call", {"action": "DataTransfer", "payload": {1: 2}}),
        (
            "call",
            {
                "action": "DataTransfer",
                "payload": {"vendorId": "x", "data": date(2026, 1, 1)},
            },
        ),
        ("data_transfer", {"vendor_id": "v", "data": {"a": {1, 2}}}),
        ("data_transfer", {"vendor_id": "v", "data": "\ud800"}),
        ("set_charging_profile", {"periods": [{"start": 0, "limit": "nan"}]}),
        ("set_charging_profile", {"periods": [{"start": 0, "limit": "inf"}]}),
        ("set_charging_profile", {"periods": [{"start": 10**30, "limit": 1}]}),
        ("set_charging_profile", {"periods": PERIODS, "duration": 10**30}),
        ("set_charging_profile", {"periods": PERIODS, "min_rate": -5}),
        ("set_charging_profile", {"periods": PERIODS, "min_rate": "nan"}),
        ("set_charging_profile", {"periods": PERIODS, "profile_id": 7001}),
        ("set_charging_profile", {"periods": PERIODS, "profile_id": 10**30}),
        ("set_charging_profile", {"periods": PERIODS, "stack_level": 10**30}),
        (
            "set_charging_profile",
            {"periods": PERIODS, "start": "2099-01-01 00:00:00"},
        ),
        ("get_composite_schedule", {"duration": 10**30}),
        ("clear_charging_profile", {"profile_id": 10**30}),
    ],
)
async def test_nonsense_in_actions(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    cp1: BareStation,
    action: str,
    data: dict[str, Any],
) -> None:
    """Nonsense is refused in words for the user, before anything is sent."""
    await _refuse(hass, watched, action, data)
    assert cp1.requests == []


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("trigger_message", {"message": "MeterValues"}),
        ("unlock_connector", {}),
        ("change_availability", {"available": True}),
    ],
)
async def test_absurd_connector(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    bare: Bare,
    action: str,
    data: dict[str, Any],
) -> None:
    """2.x: so is a connector that no number can name."""
    cp1 = await bare(watched, version="2.0.1")
    await cp1.call("StatusNotification", status("2.0.1"))
    await hass.async_block_till_done()
    await _refuse(hass, watched, action, data | {"connector": 10**30})
    assert cp1.requests == []


async def _refuse(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, data: dict[str, Any]
) -> None:
    """Run an action on EVSE 1 that must be refused in words for the user."""
    device = find_evse_device(hass, entry, 1)
    assert device is not None
    with pytest.raises((HomeAssistantError, probatio.Invalid)) as raised:
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": device.id, **data},
            blocking=True,
            return_response=True,
        )
    if isinstance(raised.value, HomeAssistantError):
        assert raised.value.translation_key


def test_periods_have_fields() -> None:
    """The form of a charging profile asks for each part of a period."""
    services = load_yaml_dict(str(Path(ocpp_csms.__file__).parent / "services.yaml"))
    selector = services["set_charging_profile"]["fields"]["periods"]["selector"]
    assert selector["object"]["multiple"]
    assert selector["object"]["fields"].keys() == {"start", "limit", "phases"}


@pytest.mark.parametrize("level", [None, 0, 1, "top"])
@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_profile_of_the_user_beside_the_limit(
    charger: Charger, level: int | str | None
) -> None:
    """A profile of the user's either leaves the limit in force, or is refused."""
    await charger.do("number.set_value", "number.current_limit", value=10)
    await charger.charge()
    top = top_stack_level(charger.station)
    data = {} if level is None else {"stack_level": top if level == "top" else level}
    periods = [{"start": 0, "limit": 16}]
    with suppress(HomeAssistantError):
        await charger.act("set_charging_profile", 1, periods=periods, **data)
    await charger.sim.idle()
    assert charger.sim.evse(1).limit_a == 10
    await charger.expect("number.current_limit", "10.0", applied=True)


async def test_profile_on_the_only_level(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """Where a station has one level only, a profile of the user's replaces no limit."""
    cp1.replies["SetChargingProfile"] = ACCEPTED
    data = {"entity_id": find_entity(hass, "number.current_limit"), "value": 10}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    await _refuse(hass, watched, "set_charging_profile", {"periods": PERIODS})
    assert len(cp1.asked("SetChargingProfile")) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"profile_id": 7001},
        {"purpose": "tx_default_profile"},
        {"purpose": "tx_default_profile", "stack_level": 0},
        {"stack_level": "top"},
    ],
)
@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_limit_that_the_user_clears(
    charger: Charger, data: dict[str, Any]
) -> None:
    """A limit that goes with the profiles that the user clears is not shown as applied."""
    await charger.do("number.set_value", "number.current_limit", value=10)
    await charger.charge()
    if data.get("stack_level") == "top":
        data = data | {"stack_level": top_stack_level(charger.station)}
    with suppress(HomeAssistantError):
        await charger.act("clear_charging_profile", 1, **data)
    await charger.sim.idle()
    await charger.hass.async_block_till_done()

    def applied() -> bool:
        return bool(charger.state("number.current_limit").attributes["applied"])

    await until(lambda: applied() == (charger.sim.evse(1).limit_a == 10))


# Steps that fail.


async def test_steps_that_fail_are_an_issue(
    hass: HomeAssistant,
    set_up: SetUp,
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step that fails again and again is told to the user, until it is done."""
    monkeypatch.setattr(onboarding, "RETRY_S", 0.001)
    monkeypatch.setattr(onboarding, "MAX_RETRIES", 2)
    others = [step.value for step in onboarding.Step if step != "configuration"]
    data = {CONF_CALL_TIMEOUT: 0.05, CONF_SKIP_STEPS: others}
    entry = await set_up(mock_entry(subentry_data(IDENTITY, NAME, **data)))
    cp1 = await bare(entry)
    await cp1.call("BootNotification", boot())
    await until(lambda: "setup_failed" in issues(hass))
    placeholders = issues(hass)["setup_failed"].translation_placeholders or {}
    assert (placeholders["station"], placeholders["step"]) == (
        f"`{IDENTITY}`",
        "configuration",
    )
    cp1.replies["GetConfiguration"] = {"configurationKey": []}
    await cp1.call("BootNotification", boot())
    await until(lambda: not issues(hass))
