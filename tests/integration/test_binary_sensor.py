"""Binary sensors: connected, plugged in, charging, problem."""

from homeassistant.const import STATE_UNAVAILABLE
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import LOOPBACK, Charger
from .conftest import Connect, StartStation

NO_PROBLEM = {
    "error_code": None,
    "info": None,
    "vendor_id": None,
    "vendor_error_code": None,
}


async def test_connected(charger: Charger) -> None:
    """The connection is shown with the address, also while it is down."""
    await charger.expect(
        "binary_sensor.connected",
        "on",
        0,
        address=LOOPBACK,
        device_class="connectivity",
    )
    await charger.go_offline()
    await charger.expect("binary_sensor.connected", "off", 0)
    await charger.go_online()
    await charger.expect("binary_sensor.connected", "on", 0)


async def test_newer_socket_wins(
    entry: MockConfigEntry, connect: Connect, start_station: StartStation, version: str
) -> None:
    """A second socket of the same identity takes over, and the charger stays connected."""
    charger = await connect(entry, version)
    second = await start_station(entry, version)
    await charger.ready()
    await charger.expect("binary_sensor.connected", "on", 0)
    assert second.connected


async def test_plugged_in_and_charging(charger: Charger) -> None:
    """A car is plugged in, charges, stops, leaves."""
    await charger.expect("binary_sensor.plugged_in", "off", device_class="plug")
    await charger.expect("binary_sensor.charging", "off")
    await charger.plug_in()
    await charger.expect("binary_sensor.charging", "off")
    await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("binary_sensor.charging", "on")
    await charger.sim.idle()
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("binary_sensor.charging", "off")
    await charger.expect("binary_sensor.plugged_in", "on")
    await charger.sim.unplug(1)
    await charger.expect("binary_sensor.plugged_in", "off")


async def test_suspended_by_car(charging: Charger) -> None:
    """A car that wants nothing is plugged in without charging."""
    await charging.sim.set_willing(1, False)
    await charging.expect("sensor.status", "suspended_ev")
    await charging.expect("binary_sensor.charging", "off")
    await charging.expect("binary_sensor.plugged_in", "on")


async def test_no_problem(charger: Charger) -> None:
    """A healthy charger has no problem."""
    await charger.expect("binary_sensor.problem", "off", 0, **NO_PROBLEM)
    await charger.expect("binary_sensor.problem", "off", 1, **NO_PROBLEM)


@pytest.mark.parametrize("version", ["1.6"])
async def test_fault_with_details(charger: Charger) -> None:
    """A fault is shown with all that the station says of it, and nothing else goes away."""

    def details(action: str, payload: dict[str, object]) -> dict[str, object]:
        if action == "StatusNotification" and payload["connectorId"] == 1:
            payload |= {"info": "Relay", "vendorId": "acme", "vendorErrorCode": "E42"}
        return payload

    charger.sim.misbehaviour.change = [details]
    await charger.sim.set_fault(1, "GroundFailure")
    await charger.expect(
        "binary_sensor.problem",
        "on",
        error_code="GroundFailure",
        info="Relay",
        vendor_id="acme",
        vendor_error_code="E42",
    )
    charger.sim.misbehaviour.change = []
    await charger.sim.set_fault(1, None)
    await charger.expect("binary_sensor.problem", "off", **NO_PROBLEM)


async def test_faulted_stays_available(charger: Charger) -> None:
    """Faulted is a state, not an absence: every entity of the EVSE stays available."""
    await charger.sim.set_fault(1, "GroundFailure")
    await charger.expect("sensor.status", "faulted")
    await charger.expect("binary_sensor.problem", "on")
    gone = [
        state.entity_id
        for state in charger.hass.states.async_all()
        if state.state == STATE_UNAVAILABLE
    ]
    assert gone == []
    await charger.sim.set_fault(1, None)
    await charger.expect("binary_sensor.problem", "off")
    await charger.expect("sensor.status", "available")


async def test_problem_of_station(charger: Charger) -> None:
    """A fault of the station as a whole is shown at the station."""
    code = await charger.fail_as_a_whole("Fuse")
    await charger.expect("binary_sensor.problem", "on", 0, error_code=code, info="Fuse")
    await charger.expect("binary_sensor.problem", "off", 1)


@pytest.mark.parametrize(
    ("kind", "evse"),
    [("plugged_in", 1), ("charging", 1), ("problem", 1), ("problem", 0)],
)
async def test_unavailable(charger: Charger, kind: str, evse: int) -> None:
    """Without a connection nobody knows."""
    await charger.go_offline()
    await charger.expect(f"binary_sensor.{kind}", STATE_UNAVAILABLE, evse)
    await charger.go_online()
    await charger.expect(f"binary_sensor.{kind}", "off", evse)
