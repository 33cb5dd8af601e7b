"""Switches: charge, pause, availability."""

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.csms import control

from ..csms.support import boot, status
from .common import (
    IDENTITY,
    NAME,
    Charger,
    assert_translated,
    find_entity,
    mock_entry,
    subentry_data,
    until,
)
from .conftest import Bare, Connect, SetUp

REFUSED = {
    "1.6": {"RemoteStartTransaction": "Rejected", "RemoteStopTransaction": "Rejected"},
    "2.0.1": {
        "RequestStartTransaction": "Rejected",
        "RequestStopTransaction": "Rejected",
    },
    "2.1": {
        "RequestStartTransaction": "Rejected",
        "RequestStopTransaction": "Rejected",
    },
}


async def test_charge(charging: Charger) -> None:
    """The charge switch starts a transaction, and stops it."""
    await charging.expect("switch.charge", "on", pending=False)
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "off", pending=False, error=None)
    assert charging.sim.evse(1).transaction is None


async def test_start_before_car(charger: Charger) -> None:
    """A start without a car is pending until one is plugged in."""
    await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("switch.charge", "on", pending=True)
    await charger.plug_in()
    await charger.expect("switch.charge", "on", pending=False)
    await charger.expect("sensor.status", "charging")


async def test_start_times_out(
    charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that no transaction follows is given up, and said so."""
    monkeypatch.setattr(control, "START_WAIT_S", 0.05)
    await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("switch.charge", "off", pending=False, error="start_timed_out")
    await charger.plug_in()
    await charger.expect("switch.charge", "on", pending=False, error=None)


async def test_pending_start_stops(charger: Charger) -> None:
    """A start that is pending can be taken back."""
    await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("switch.charge", "on", pending=True)
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("switch.charge", "off", pending=False)


async def test_start_refused(charger: Charger) -> None:
    """A refused start is an error, shown until it works, and the switch stays off."""
    charger.sim.misbehaviour.statuses = REFUSED[charger.version]
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("switch.turn_on", "switch.charge")
    assert_translated(raised, "rejected", station=NAME, status="Rejected")
    await charger.expect("switch.charge", "off", pending=False, error="rejected")
    charger.sim.misbehaviour.statuses = {}
    await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("switch.charge", "on", pending=True, error=None)
    await charger.plug_in()
    await charger.expect("switch.charge", "on", pending=False, error=None)


async def test_stop_refused(charging: Charger) -> None:
    """A refused stop is an error, shown until it works, and the switch stays on."""
    charging.sim.misbehaviour.statuses = REFUSED[charging.version]
    with pytest.raises(HomeAssistantError) as raised:
        await charging.do("switch.turn_off", "switch.charge")
    assert_translated(raised, "rejected", station=NAME, status="Rejected")
    await charging.expect("switch.charge", "on", pending=False, error="rejected")
    charging.sim.misbehaviour.statuses = {}
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "off", pending=False, error=None)


async def test_refusal_is_followed_by_a_card(charger: Charger) -> None:
    """What happens at the station without Home Assistant ends the error too."""
    charger.sim.misbehaviour.statuses = REFUSED[charger.version]
    await charger.plug_in()
    with pytest.raises(HomeAssistantError):
        await charger.do("switch.turn_on", "switch.charge")
    await charger.expect("switch.charge", "off", error="rejected")
    assert await charger.sim.present_token(1, "CARD")
    await charger.expect("switch.charge", "on", pending=False, error=None)


async def test_stop_is_pending(charging: Charger) -> None:
    """A stop is pending until the station has followed it."""
    stop = next(action for action in REFUSED[charging.version] if "Stop" in action)
    charging.sim.misbehaviour.statuses = {stop: "Accepted"}
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "on", pending=True, error=None)
    await charging.sim.idle()
    await charging.expect("switch.charge", "on", pending=True)
    await charging.sim.unplug(1)
    await charging.expect("switch.charge", "off", pending=False, error=None)


async def test_next_session_is_not_pending(charging: Charger) -> None:
    """A stop that was pending concerns no later transaction."""
    stop = next(action for action in REFUSED[charging.version] if "Stop" in action)
    charging.sim.misbehaviour.statuses = {stop: "Accepted"}
    await charging.do("switch.turn_off", "switch.charge")
    await charging.sim.unplug(1)
    await charging.expect("switch.charge", "off", pending=False)
    charging.sim.misbehaviour.statuses = {}
    await charging.charge()
    await charging.expect("switch.charge", "on", pending=False, error=None)


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_reason_of_refusal(charger: Charger) -> None:
    """The reason that a station gives is told."""
    charger.sim.misbehaviour.replies["RequestStartTransaction"] = {
        "status": "Rejected",
        "statusInfo": {"reasonCode": "TxInProgress", "additionalInfo": "busy"},
    }
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("switch.turn_on", "switch.charge")
    assert_translated(raised, "rejected_with_reason", station=NAME, status="Rejected")
    assert "TxInProgress" in (raised.value.translation_placeholders or {})["reason"]


async def test_start_answered_by_error(charger: Charger) -> None:
    """A CALLERROR is told with its code."""
    charger.sim.misbehaviour.refuse = {"*": "InternalError"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("switch.turn_on", "switch.charge")
    assert_translated(raised, "call_error", station=NAME, code="InternalError")


async def test_start_while_charging(charging: Charger) -> None:
    """What charges is not started again: groups and scenes turn on what is on."""
    before = len(charging.sim.frames)
    await charging.do("switch.turn_on", "switch.charge")
    assert len(charging.sim.frames) == before


async def test_stop_without_transaction(charger: Charger) -> None:
    """There is nothing to stop where nothing runs, and that is no error."""
    before = len(charger.sim.frames)
    await charger.do("switch.turn_off", "switch.charge")
    assert len(charger.sim.frames) == before


async def test_start_of_faulted(charger: Charger) -> None:
    """A faulted EVSE can't start."""
    await charger.sim.set_fault(1, "GroundFailure")
    await charger.expect("sensor.status", "faulted")
    with pytest.raises(ServiceValidationError) as raised:
        await charger.do("switch.turn_on", "switch.charge")
    assert_translated(raised, "evse_not_usable", station=NAME, status="faulted")


async def test_connection_breaks(charger: Charger) -> None:
    """A connection that breaks before the answer is an error."""
    charger.sim.misbehaviour.drop_on = {"*"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("switch.turn_on", "switch.charge")
    assert_translated(raised, "connection_lost", station=NAME)


async def test_transaction_of_own(charger: Charger) -> None:
    """The charge switch also shows a transaction that a card started, and stops it."""
    await charger.plug_in()
    assert await charger.sim.present_token(1, "CARD")
    await charger.expect("switch.charge", "on", pending=False)
    await charger.sim.idle()
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("switch.charge", "off")


async def test_pause(charging: Charger) -> None:
    """Pausing holds at 0 A and lets the transaction go on."""
    transaction = charging.sim.evse(1).transaction
    await charging.do("switch.turn_on", "switch.pause")
    await charging.expect("switch.pause", "on")
    await charging.expect("sensor.status", "suspended_evse")
    assert charging.sim.evse(1).limit_a == 0
    assert charging.sim.evse(1).transaction is transaction
    await charging.expect("switch.charge", "on")
    await charging.do("switch.turn_off", "switch.pause")
    await charging.expect("switch.pause", "off")
    await charging.expect("sensor.status", "charging")
    assert charging.sim.evse(1).limit_a == 32
    assert charging.sim.evse(1).transaction is transaction


async def test_pause_keeps_limit(charging: Charger) -> None:
    """After a pause the limit of before holds again."""
    await charging.do("number.set_value", "number.current_limit", value=10)
    await charging.do("switch.turn_on", "switch.pause")
    await until(lambda: charging.sim.evse(1).limit_a == 0)
    await charging.expect("number.current_limit", "10.0")
    await charging.do("switch.turn_off", "switch.pause")
    await until(lambda: charging.sim.evse(1).limit_a == 10)


async def test_pause_refused(charging: Charger) -> None:
    """A refused pause is an error, and the switch goes back."""
    charging.sim.misbehaviour.statuses = {"SetChargingProfile": "Rejected"}
    with pytest.raises(HomeAssistantError) as raised:
        await charging.do("switch.turn_on", "switch.pause")
    assert_translated(raised, "rejected", station=NAME, status="Rejected")
    await charging.expect("switch.pause", "off")


async def test_evse_availability(charger: Charger) -> None:
    """An EVSE goes out of use and back."""
    await charger.do("switch.turn_off", "switch.availability")
    await charger.expect("switch.availability", "off", pending=False)
    await charger.expect("sensor.status", "unavailable")
    await charger.do("switch.turn_on", "switch.availability")
    await charger.expect("switch.availability", "on", pending=False)
    await charger.expect("sensor.status", "available")


async def test_evse_availability_scheduled(charging: Charger) -> None:
    """While a transaction runs, going out of use waits for its end."""
    await charging.do("switch.turn_off", "switch.availability")
    await charging.expect("switch.availability", "off", pending=True)
    assert charging.sim.evse(1).transaction is not None
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.availability", "off", pending=False)


async def test_station_availability(charger: Charger) -> None:
    """The whole station goes out of use and back."""
    await charger.do("switch.turn_off", "switch.availability", 0)
    await charger.expect("sensor.status", "unavailable")
    await charger.expect("switch.availability", "off", 0, pending=False)
    await charger.do("switch.turn_on", "switch.availability", 0)
    await charger.expect("sensor.status", "available")
    await charger.expect("switch.availability", "on", 0, pending=False)


@pytest.mark.parametrize("evse", [0, 1])
async def test_availability_refused(charger: Charger, evse: int) -> None:
    """A refused change is an error, and the switch goes back."""
    charger.sim.misbehaviour.statuses = {"ChangeAvailability": "Rejected"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("switch.turn_off", "switch.availability", evse)
    assert_translated(raised, "rejected", station=NAME, status="Rejected")
    await charger.expect("switch.availability", "on", evse, pending=False)


async def test_availability_from_elsewhere(charger: Charger) -> None:
    """An EVSE that goes out of use by itself is shown so."""
    charger.sim.evse(1).operative = False
    charger.sim.behaviour.refresh()
    await charger.expect("switch.availability", "off", pending=False)


async def test_out_of_use_elsewhere_after_wish(charger: Charger) -> None:
    """What the user disables at the station later is not undone by an old wish."""
    await charger.do("switch.turn_off", "switch.availability")
    await charger.expect("switch.availability", "off", pending=False)
    await charger.do("switch.turn_on", "switch.availability")
    await charger.expect("switch.availability", "on", pending=False)
    charger.sim.evse(1).operative = False
    charger.sim.behaviour.refresh()
    await charger.expect("sensor.status", "unavailable")
    await charger.expect("switch.availability", "off", pending=False)


async def test_unavailable(charger: Charger) -> None:
    """Without a connection nothing can be charged."""
    await charger.go_offline()
    await charger.expect("switch.charge", STATE_UNAVAILABLE)
    await charger.go_online()
    await charger.expect("switch.charge", "off")


async def test_two_evses(
    entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """Each EVSE has switches of its own."""
    charger = await connect(entry, version, evses=2)
    await charger.charge(2)
    await charger.expect("switch.charge", "on", 2)
    await charger.expect("switch.charge", "off", 1)
    await charger.do("switch.turn_on", "switch.pause", 2)
    await charger.expect("sensor.status", "suspended_evse", 2)
    await charger.expect("switch.pause", "off", 1)
    await charger.do("switch.turn_off", "switch.availability", 1)
    await charger.expect("sensor.status", "unavailable", 1)
    await charger.expect("switch.charge", "on", 2)


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
