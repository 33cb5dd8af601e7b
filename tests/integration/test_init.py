"""Setting up, unloading, reloading and removing; what stays over a restart."""

import asyncio
from datetime import timedelta
import logging
from pathlib import Path
import socket
from types import MappingProxyType
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_PORT, EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.dt import utcnow
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp_csms import PLATFORMS
from custom_components.ocpp_csms.const import (
    CONF_IDENTITY,
    CONF_MAX_FRAME_KIB,
    DOMAIN,
    SUBENTRY_STATION,
)
from custom_components.ocpp_csms.journal import FILE_NAME
from simulator import ChargingStation

from ..csms.journal.disk import sessions_on
from ..csms.support import BareStation
from .common import (
    LOOPBACK,
    Charger,
    can_listen,
    find_device,
    find_entity,
    has_entity,
    in_state,
    mock_entry,
    subentry_data,
    until,
)
from .conftest import Connect, SetUp, StartStation

GOING_AWAY = 1001


def socket_of(station: ChargingStation) -> Any:
    """Return the open socket of a station."""
    assert station.link.connection is not None
    return station.link.connection.socket


def station_subentry(identity: str, title: str) -> ConfigSubentry:
    """Return the subentry of another station."""
    return ConfigSubentry(
        data=MappingProxyType({CONF_IDENTITY: identity}),
        subentry_type=SUBENTRY_STATION,
        title=title,
        unique_id=identity,
    )


async def test_set_up_and_unload(charger: Charger) -> None:
    """Unloading closes every socket with 1001 and frees the port; setting up opens it."""
    entry = charger.entry
    opened = socket_of(charger.sim)
    await charger.unload()
    assert in_state(entry, ConfigEntryState.NOT_LOADED)
    assert can_listen(entry.data[CONF_PORT])
    assert opened.close_code == GOING_AWAY
    await charger.set_up()
    await charger.come_back()
    await charger.expect("binary_sensor.connected", "on", 0)


async def test_unload_fails(charger: Charger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entities that can't be unloaded keep the listener and its sockets."""
    hass, entry = charger.hass, charger.entry
    with monkeypatch.context() as patched:
        patched.setattr(
            hass.config_entries, "async_unload_platforms", AsyncMock(return_value=False)
        )
        assert not await hass.config_entries.async_unload(entry.entry_id)
    assert charger.sim.connected
    await charger.do("switch.turn_on", "switch.pause")
    # What is left after a failed unload is closed by hand, as Home Assistant never does.
    await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    await entry.runtime_data.async_stop()


async def test_unload_of_waiting(
    hass: HomeAssistant, entry: MockConfigEntry, start_station: StartStation
) -> None:
    """Unloading also lets go of a station that nobody has accepted yet."""
    station = await start_station(entry, "1.6", "NEW1", wait=False)
    await until(lambda: station.connected)
    opened = socket_of(station)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: not station.connected)
    assert opened.close_code == GOING_AWAY


async def test_reload(charger: Charger) -> None:
    """A reload lets the charger come back to the same entities and device."""
    device = charger.device_id()
    entities = set(er.async_get(charger.hass).entities)
    await charger.reload()
    assert charger.device_id() == device
    assert set(er.async_get(charger.hass).entities) == entities
    await charger.charge()


async def test_reload_offline(charger: Charger) -> None:
    """A reload while the charger is away keeps its entities, unavailable, until it is back."""
    await charger.charge()
    await charger.clock.advance(10)
    await charger.expect_number("sensor.power_active_import", 11040)
    await charger.go_offline()
    hass, entry = charger.hass, charger.entry
    for _ in range(2):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        for kind in (
            "switch.charge",
            "sensor.status",
            "sensor.power_active_import",
            "sensor.energy_active_import_register",
            "sensor.soc",
        ):
            state = await charger.expect(kind, STATE_UNAVAILABLE)
            assert "restored" not in state.attributes, kind
    await charger.go_online()
    await charger.expect("switch.charge", "on")


async def test_port_busy(hass: HomeAssistant, set_up: SetUp) -> None:
    """A busy port is told and tried again later."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        port = listener.getsockname()[1]
        entry = await set_up(mock_entry(subentry_data(), port=port))
        assert in_state(entry, ConfigEntryState.SETUP_RETRY)
        assert entry.error_reason_translation_key == "port_not_available"
        placeholders = entry.error_reason_translation_placeholders or {}
        assert placeholders["port"] == str(port)
        assert "in use" in placeholders["error"]
    await hass.config_entries.async_reload(entry.entry_id)
    assert in_state(entry, ConfigEntryState.LOADED)


async def test_actions_without_entry(hass: HomeAssistant) -> None:
    """The actions exist as soon as the integration does."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert hass.services.has_service(DOMAIN, "start_charging")


@pytest.mark.parametrize("first", [0, 1])
async def test_two_entries(
    hass: HomeAssistant, set_up: SetUp, connect: Connect, version: str, first: int
) -> None:
    """Two entries work side by side and are unloaded in either order."""
    entries = [
        await set_up(mock_entry(subentry_data(identity, identity)))
        for identity in ("A", "B")
    ]
    chargers = [
        await connect(entry, version, identity)
        for entry, identity in zip(entries, ("A", "B"), strict=True)
    ]
    await chargers[0].charge()
    await chargers[1].expect("switch.charge", "off")
    assert await hass.config_entries.async_unload(entries[first].entry_id)
    other = chargers[1 - first]
    await other.do("switch.turn_on", "switch.pause")
    await other.expect("switch.pause", "on")
    assert other.sim.link.connections == 1
    assert await hass.config_entries.async_unload(entries[1 - first].entry_id)
    assert all(can_listen(entry.data[CONF_PORT]) for entry in entries)


async def test_changing_stations_drops_nobody(
    charger: Charger, start_station: StartStation
) -> None:
    """Adding, changing and removing a station leaves all other sockets alone."""
    hass, entry = charger.hass, charger.entry
    hass.config_entries.async_add_subentry(entry, station_subentry("B", "Carport"))
    await hass.async_block_till_done()
    station = await start_station(entry, charger.version, "B")
    other = Charger(hass, entry, station, charger.clock)
    await other.ready()
    await other.expect("sensor.status", "available")

    subentry = next(s for s in entry.subentries.values() if s.unique_id == "B")
    hass.config_entries.async_update_subentry(entry, subentry, title="Street")
    await hass.async_block_till_done()
    device = find_device(hass, entry, "B")
    assert device is not None
    assert device.name == "Street"
    assert station.connected

    opened = socket_of(station)
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done()
    await until(lambda: not station.connected)
    assert opened.close_code == GOING_AWAY
    assert find_device(hass, entry, "B") is None
    assert not has_entity(hass, "switch.charge", 1, "B")
    assert charger.sim.link.connections == 1
    await charger.charge()


async def test_station_added_again(charger: Charger) -> None:
    """A station that was removed and added again starts without memory of a wish."""
    hass, entry = charger.hass, charger.entry
    await charger.do("number.set_value", "number.current_limit", value=10)
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    await until(lambda: not charger.sim.connected)
    hass.config_entries.async_add_subentry(entry, station_subentry("CP1", "Garage"))
    await hass.async_block_till_done()
    await charger.come_back()
    await charger.expect("number.current_limit", "32.0")


async def test_options_reload(charger: Charger) -> None:
    """Another frame limit needs a new listener, and the charger comes back to it."""
    hass, entry = charger.hass, charger.entry
    hass.config_entries.async_update_entry(entry, options={CONF_MAX_FRAME_KIB: 64})
    await until(lambda: not charger.sim.connected)
    await hass.async_block_till_done()
    await charger.come_back()
    await charger.expect("binary_sensor.connected", "on", 0)


async def test_remove_entry(charger: Charger, environment: dict[str, Any]) -> None:
    """Removing the entry removes what was kept."""
    hass, entry = charger.hass, charger.entry
    key = f"{DOMAIN}.{entry.entry_id}"
    await charger.reload()
    assert key in environment
    await hass.config_entries.async_remove(entry.entry_id)
    assert key not in environment
    assert dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id) == []


async def test_home_assistant_stops(
    charging: Charger, environment: dict[str, Any]
) -> None:
    """When Home Assistant stops, stations are told and what is known is kept."""
    await charging.clock.advance(600)
    await charging.expect_number("sensor.session_energy", 1.84)
    opened = socket_of(charging.sim)
    charging.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await charging.hass.async_block_till_done()
    await until(lambda: not charging.sim.connected)
    assert opened.close_code == GOING_AWAY
    kept = _kept(charging, environment)
    (evse,) = kept["evses"]
    assert evse["final"]
    (session,) = sessions_on(Path(charging.hass.config.path(FILE_NAME)))
    assert session.energy_wh == pytest.approx(1840, abs=20)


async def test_energy_is_kept_during_a_transaction(
    charging: Charger, environment: dict[str, Any]
) -> None:
    """Should the power fail, no more than seconds of a session are missing, minutes of the rest."""
    path = Path(charging.hass.config.path(FILE_NAME))
    await _elapse(charging, 11)
    for energy_wh in (1840, 3680):
        await charging.clock.advance(600)
        await charging.expect_number("sensor.session_energy", energy_wh / 1000)
        await until(
            lambda wh=energy_wh: (sessions_on(path)[0].energy_wh or 0) > wh - 20, 10
        )
        await _elapse(charging, 301)
        kept = _kept(charging, environment)
        (evse,) = kept["evses"]
        assert not evse["final"]
        assert evse["charging"]


async def _elapse(charger: Charger, seconds: float) -> None:
    """Let Home Assistant's own timers of so many seconds end."""
    async_fire_time_changed(charger.hass, utcnow() + timedelta(seconds=seconds))
    await charger.hass.async_block_till_done()


def _kept(charger: Charger, environment: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a station."""
    stored = environment[f"{DOMAIN}.{charger.entry.entry_id}"]["data"]
    kept: dict[str, Any] = stored[charger.station.identity]
    return kept


async def test_platform_that_fails(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the set-up fails half-way the port is free again, for the next try."""

    async def fail(*_: Any) -> None:
        raise RuntimeError("no platforms")

    entry = mock_entry()
    entry.add_to_hass(hass)
    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", fail)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    with socket.create_server((LOOPBACK, entry.data["port"])):
        pass


async def test_two_stations_removed_at_once(
    hass: HomeAssistant, set_up: SetUp, connect: Connect, start_station: StartStation
) -> None:
    """One that can't close its socket does not bring back another that goes as well."""
    entry = await set_up(mock_entry(subentry_data("A", "A"), subentry_data("B", "B")))
    hanging = await start_station(entry, "1.6", "A")
    await start_station(entry, "1.6", "B")
    socket_of(hanging).transport.pause_reading()
    for subentry_id in tuple(entry.subentries):
        hass.config_entries.async_remove_subentry(entry, subentry_id)
    await until(lambda: not entry.runtime_data.coordinators)
    socket_of(hanging).transport.resume_reading()
    await hass.async_block_till_done()
    assert not entry.runtime_data.coordinators
    assert not [s for s in entry.runtime_data.server.stations.values() if s.accepted]


async def test_storage_has_no_secrets(
    hass: HomeAssistant,
    set_up: SetUp,
    connect: Connect,
    environment: dict[str, Any],
) -> None:
    """The password stays in the entry, it is not kept a second time."""
    entry = await set_up(mock_entry(subentry_data(password="s3cret-s3cret")))
    await connect(entry, "2.0.1", password="s3cret-s3cret")
    await hass.config_entries.async_unload(entry.entry_id)
    assert "s3cret" not in str(environment[f"{DOMAIN}.{entry.entry_id}"])


@pytest.mark.parametrize("boots", [True, False])
async def test_restart_during_transaction(charging: Charger, boots: bool) -> None:
    """A transaction goes on over a restart of Home Assistant, with all its energy."""
    charging.sim.misbehaviour.no_boot_on_reconnect = not boots
    await charging.clock.advance(600)
    before = await charging.expect_number("sensor.session_energy", 1.84)
    await charging.unload()
    await charging.clock.advance(300)
    await charging.set_up()
    await charging.come_back()
    await charging.expect("switch.charge", "on", pending=False)
    await charging.clock.advance(300)
    await until(lambda: charging.value("sensor.session_energy") > 3)
    after = charging.state("sensor.session_energy")
    assert after.attributes["transaction_id"] == before.attributes["transaction_id"]
    assert after.attributes["active"] is True
    await charging.expect("sensor.status", "charging")
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "off")
    assert charging.value("sensor.session_energy") == pytest.approx(3.7, abs=0.2)


async def test_wish_survives_restart(charger: Charger) -> None:
    """A limit, a pause and an EVSE out of use are still so after a restart."""
    await charger.do("number.set_value", "number.current_limit", value=10)
    await charger.do("switch.turn_on", "switch.pause")
    await charger.do("switch.turn_off", "switch.availability")
    await charger.reload()
    await charger.expect("number.current_limit", "10.0")
    await charger.expect("switch.pause", "on")
    await charger.expect("switch.availability", "off", pending=False)


async def test_register_after_restart(charging: Charger) -> None:
    """The register shows its last value as soon as the station is back, never less."""
    await charging.clock.advance(60)
    before = await charging.expect_number("sensor.energy_active_import_register", 0.184)
    await charging.reload()
    await until(
        lambda: has_entity(charging.hass, "sensor.energy_active_import_register")
    )
    await until(
        lambda: (
            charging.state("sensor.energy_active_import_register").state
            != STATE_UNAVAILABLE
        )
    )
    assert charging.value("sensor.energy_active_import_register") >= float(before.state)


async def test_broken_storage(
    hass: HomeAssistant, set_up: SetUp, environment: dict[str, Any], connect: Connect
) -> None:
    """What is kept can't be read: the stations start anew instead of the entry failing."""
    entry = mock_entry(subentry_data())
    environment[f"{DOMAIN}.{entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{entry.entry_id}",
        "data": {"CP1": {"info": {"unknown": 1}, "evses": [{"id": "x"}]}},
    }
    await set_up(entry)
    assert in_state(entry, ConfigEntryState.LOADED)
    charger = await connect(entry, "1.6")
    await charger.expect("sensor.status", "available")


async def test_logged_once(charger: Charger, caplog: pytest.LogCaptureFixture) -> None:
    """Loss and return of a charger are logged, once each."""
    caplog.clear()
    with caplog.at_level(logging.INFO, "custom_components.ocpp_csms"):
        await charger.go_offline()
        await charger.go_online()
    lines = [r.getMessage() for r in caplog.records if "onnected" in r.getMessage()]
    assert len([line for line in lines if "no longer connected" in line]) == 1
    assert len([line for line in lines if "is connected" in line]) == 1


async def test_many_stations_at_once(
    set_up: SetUp, start_station: StartStation, hass: HomeAssistant
) -> None:
    """Stations that all dial in at the same moment all get in."""
    names = [f"S{number}" for number in range(12)]
    entry = await set_up(mock_entry(*(subentry_data(name, name) for name in names)))
    await asyncio.gather(*(start_station(entry, "2.0.1", name) for name in names))
    stations = entry.runtime_data.server.stations.values()
    await until(lambda: all(station.onboarding.finished for station in stations))
    await hass.async_block_till_done()
    assert all(has_entity(hass, "switch.charge", 1, name) for name in names)


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
