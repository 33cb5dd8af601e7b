"""Sensors of stations and EVSEs."""

from datetime import datetime, timedelta

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import (
    CONF_CALL_TIMEOUT,
    CONF_OBSERVE_ONLY,
    CONF_SKIP_STEPS,
)
from simulator import Misbehaviour

from ..csms.support import Json, boot, stamp
from .common import (
    Charger,
    find_device,
    find_evse_device,
    mock_entry,
    state,
    subentry_data,
    until,
)
from .conftest import Bare, Connect, SetUp

DISABLED = {
    "button.hard_reset",
    "event.message",
    "sensor.clock_offset",
    "sensor.firmware_status",
    "sensor.last_seen",
    "sensor.log_status",
    "sensor.accepted_limit",
    "sensor.voltage_l1",
    "sensor.voltage_l2",
    "sensor.voltage_l3",
}


async def test_station(charger: Charger) -> None:
    """The station tells its firmware, version and boot."""
    await charger.expect("sensor.firmware", "1.0.0", 0)
    await charger.expect("sensor.ocpp_version", charger.version, 0)
    reason = None if charger.version == "1.6" else "PowerUp"
    boot = await charger.expect(
        "sensor.last_boot", charger.clock.now().isoformat(), 0, reason=reason
    )
    assert boot.attributes["device_class"] == "timestamp"


async def test_device(charger: Charger) -> None:
    """The device shows what the station says of itself; EVSEs are its children."""
    device = find_device(charger.hass, charger.entry)
    assert device is not None
    assert (device.name, device.manufacturer, device.model) == (
        "Garage",
        "Simulated",
        "Loopback",
    )
    assert (device.serial_number, device.sw_version) == ("SIM-0001", "1.0.0")
    child = find_evse_device(charger.hass, charger.entry, 1)
    assert child is not None
    assert child.name == "EVSE 1"
    assert child.parent_device_id == device.id


async def test_firmware_changes(charger: Charger) -> None:
    """A new firmware shows at sensor and device."""
    charger.sim.firmware = "2.0.0"
    await charger.sim.reboot()
    await charger.come_back()
    await charger.expect("sensor.firmware", "2.0.0", 0)
    device = find_device(charger.hass, charger.entry)
    assert device is not None
    assert device.sw_version == "2.0.0"


async def test_disabled_by_default(charging: Charger) -> None:
    """The noisy ones, and only these, are disabled by default."""
    await charging.clock.advance(10)
    await charging.expect_number("sensor.power_active_import", 11040)
    entries = er.async_entries_for_config_entry(
        er.async_get(charging.hass), charging.entry.entry_id
    )
    disabled = {
        f"{entry.domain}.{entry.unique_id.split('_', 2)[2]}"
        for entry in entries
        if entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    }
    assert disabled == DISABLED


async def test_steps(charger: Charger) -> None:
    """Each step after a station's coming is told, with what became of it."""
    state = await charger.expect("sensor.setup", "ready", 0)
    assert state.attributes["configuration"].startswith("done: ")
    assert state.attributes["measurands"].startswith("done: Energy.Active.Import")
    assert state.attributes["wishes"] == "skipped: nothing to apply"


async def test_step_fails(set_up: SetUp, connect: Connect, version: str) -> None:
    """A step without an answer is a problem that shows, and the others go on."""
    action = "GetConfiguration" if version == "1.6" else "GetBaseReport"
    odd = Misbehaviour(silent={action})
    entry = await set_up(mock_entry(subentry_data(**{CONF_CALL_TIMEOUT: 0.1})))
    charger = await connect(entry, version, misbehaviour=odd)
    state = await charger.expect("sensor.setup", "problem", 0)
    assert state.attributes["configuration"].startswith("failed: no answer to")
    assert "meter" in state.attributes


async def test_observe_only(set_up: SetUp, connect: Connect, version: str) -> None:
    """A station that is only observed is sent nothing."""
    entry = await set_up(mock_entry(subentry_data(**{CONF_OBSERVE_ONLY: True})))
    charger = await connect(entry, version)
    await charger.expect("sensor.setup", "observe_only", 0)
    assert [frame for frame in charger.sim.received if frame.kind == 2] == []


async def test_skipped_steps(set_up: SetUp, connect: Connect, version: str) -> None:
    """Steps can be switched off one by one."""
    entry = await set_up(
        mock_entry(subentry_data(**{CONF_SKIP_STEPS: ["measurands", "intervals"]}))
    )
    charger = await connect(entry, version)
    await charger.expect("sensor.setup", "ready", 0, measurands="skipped: switched off")
    written = "ChangeConfiguration" if version == "1.6" else "SetVariables"
    assert charger.calls(written) == []


async def test_status(charger: Charger) -> None:
    """The status walks through the same words on every version."""
    await charger.expect("sensor.status", "available", device_class="enum")
    await charger.plug_in()
    await charger.expect("sensor.status", "preparing")
    await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("sensor.status", "charging")
    await charger.sim.set_willing(1, False)
    await charger.expect("sensor.status", "suspended_ev")
    await charger.sim.set_willing(1, True)
    await charger.expect("sensor.status", "charging")
    await charger.do("switch.turn_on", "switch.pause")
    await charger.expect("sensor.status", "suspended_evse")
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("sensor.status", "finishing")
    await charger.sim.unplug(1)
    await charger.expect("sensor.status", "available")
    await charger.sim.set_fault(1, "GroundFailure")
    await charger.expect("sensor.status", "faulted")


async def test_session(charging: Charger) -> None:
    """A session counts its own energy, also after its end."""
    await charging.clock.advance(600)
    state = await charging.expect_number("sensor.session_energy", 1.84)
    assert state.attributes["active"] is True
    assert state.attributes["id_token"] == "HOMEASSISTANT"
    started = datetime.fromisoformat(charging.state("sensor.session_start").state)
    assert abs(charging.clock.now() - started - timedelta(minutes=10)) < timedelta(
        seconds=2
    )
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "off")
    state = await charging.expect_number("sensor.session_energy", 1.84)
    assert charging.state("sensor.session_start").state == started.isoformat()
    assert state.attributes["active"] is False
    assert state.attributes["stop_reason"] == "Remote"


async def test_next_session_starts_anew(charging: Charger) -> None:
    """The next session counts from zero, the register goes on."""
    await charging.clock.advance(600)
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "off")
    before = await charging.expect_number("sensor.energy_active_import_register", 1.84)
    await charging.sim.unplug(1)
    await charging.charge()
    await charging.expect_number("sensor.session_energy", 0)
    await charging.clock.advance(60)
    await charging.expect_number("sensor.session_energy", 0.184)
    energy = charging.value("sensor.energy_active_import_register")
    assert energy > float(before.state)


@pytest.mark.usefixtures("all_enabled")
async def test_accepted_limit(charging: Charger) -> None:
    """The limit that the station has taken is told."""
    await charging.expect("sensor.accepted_limit", STATE_UNKNOWN)
    await charging.do("number.set_value", "number.current_limit", value=10)
    await charging.expect_number("sensor.accepted_limit", 10)


@pytest.mark.usefixtures("all_enabled")
async def test_clock_offset(
    entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """A station whose clock is wrong by a minute is told so."""
    charger = await connect(
        entry, version, misbehaviour=Misbehaviour(clock_offset=-60.0)
    )
    await charger.charge()
    await charger.clock.advance(30)
    await charger.expect_number("sensor.clock_offset", -60, 0)


@pytest.mark.usefixtures("all_enabled")
async def test_last_seen(charger: Charger) -> None:
    """The last sign of life is kept while the station is away."""
    await charger.clock.advance(120)
    await charger.sim.send("Heartbeat", {})
    seen = charger.clock.now().isoformat(timespec="seconds")
    await charger.expect("sensor.last_seen", seen, 0)
    await charger.go_offline()
    await charger.expect("sensor.last_seen", seen, 0)


@pytest.mark.usefixtures("all_enabled")
async def test_firmware_and_log_status(charger: Charger) -> None:
    """Updates and uploads tell how far they are."""
    await charger.sim.send(
        "FirmwareStatusNotification",
        {"status": "Downloading"}
        | ({} if charger.version == "1.6" else {"requestId": 1}),
    )
    await charger.expect("sensor.firmware_status", "Downloading", 0)
    log = (
        ("DiagnosticsStatusNotification", {"status": "Uploading"})
        if charger.version == "1.6"
        else ("LogStatusNotification", {"status": "Uploading", "requestId": 1})
    )
    await charger.sim.send(*log)
    await charger.expect("sensor.log_status", "Uploading", 0)


@pytest.mark.parametrize(
    ("kind", "evse"),
    [("firmware", 0), ("ocpp_version", 0), ("setup", 0), ("status", 1)],
)
async def test_unavailable(charger: Charger, kind: str, evse: int) -> None:
    """Without a connection sensors are unavailable, and afterwards as before."""
    before = charger.state(f"sensor.{kind}", evse).state
    await charger.go_offline()
    await charger.expect(f"sensor.{kind}", STATE_UNAVAILABLE, evse)
    await charger.go_online()
    await charger.expect(f"sensor.{kind}", before, evse)


async def test_last_boot_stays(charger: Charger) -> None:
    """The last boot is known also while the station is away."""
    before = charger.state("sensor.last_boot", 0).state
    await charger.go_offline()
    await charger.expect("sensor.last_boot", before, 0)


async def test_boot_is_told_anew(charger: Charger) -> None:
    """A real reboot moves the time of the last boot."""
    before = charger.state("sensor.last_boot", 0).state
    await charger.clock.advance(60)
    await charger.sim.reboot()
    await charger.come_back()
    await until(lambda: charger.state("sensor.last_boot", 0).state > before)


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
