"""Buttons: restart, release the cable."""

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import NAME, Charger, assert_translated, until
from .conftest import Connect

RESET = {"soft_reset": ("Soft", "OnIdle"), "hard_reset": ("Hard", "Immediate")}


@pytest.mark.parametrize("key", RESET)
@pytest.mark.usefixtures("all_enabled")
async def test_reset(charger: Charger, key: str) -> None:
    """The restart buttons restart the station, which comes back."""
    boots = charger.sim.boots
    await charger.do("button.press", f"button.{key}", 0)
    type_ = RESET[key][charger.version != "1.6"]
    assert charger.last_call("Reset")["type"] == type_
    await charger.expect("binary_sensor.connected", "off", 0)
    await charger.come_back()
    assert charger.sim.boots == boots + 1


async def test_hard_reset_disabled_by_default(charger: Charger) -> None:
    """The button that ends transactions roughly has to be enabled first."""
    assert charger.hass.states.get(charger.entity_id("button.hard_reset", 0)) is None


async def test_soft_reset_waits(charging: Charger) -> None:
    """Restart when idle: a transaction is ended first on 1.6, waited for on 2.x."""
    await charging.do("button.press", "button.soft_reset", 0)
    if charging.version != "1.6":
        await charging.expect("switch.charge", "on")
        await charging.do("switch.turn_off", "switch.charge")
        await charging.expect("switch.charge", "off")
        await charging.clock.advance(2)
    await charging.expect("binary_sensor.connected", "off", 0)
    await charging.come_back()
    await charging.expect("switch.charge", "off")


async def test_unlock(charger: Charger) -> None:
    """The cable is released."""
    await charger.plug_in()
    charger.sim.evse(1).cable_locked = True
    await charger.do("button.press", "button.unlock")
    await until(lambda: not charger.sim.evse(1).cable_locked)


async def test_unlock_of_second(
    entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """Each EVSE has its own cable."""
    charger = await connect(entry, version, evses=2)
    await charger.do("button.press", "button.unlock", 2)
    call = charger.last_call("UnlockConnector")
    assert call == (
        {"connectorId": 2} if version == "1.6" else {"evseId": 2, "connectorId": 1}
    )


@pytest.mark.parametrize(
    ("key", "evse", "action", "status"),
    [
        ("soft_reset", 0, "Reset", "Rejected"),
        ("unlock", 1, "UnlockConnector", "UnlockFailed"),
    ],
)
async def test_refused(
    charger: Charger, key: str, evse: int, action: str, status: str
) -> None:
    """A refusal is told with the station's word."""
    charger.sim.misbehaviour.statuses = {action: status}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("button.press", f"button.{key}", evse)
    assert_translated(raised, "rejected", station=NAME, status=status)


async def test_not_supported(charger: Charger) -> None:
    """An error of the station is told with its code."""
    charger.sim.misbehaviour.refuse = {"UnlockConnector": "NotSupported"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("button.press", "button.unlock")
    assert_translated(raised, "call_error", station=NAME, code="NotSupported")


@pytest.mark.parametrize(("key", "evse"), [("soft_reset", 0), ("unlock", 1)])
async def test_unavailable(charger: Charger, key: str, evse: int) -> None:
    """Without a connection nothing can be pressed."""
    await charger.go_offline()
    await charger.expect(f"button.{key}", STATE_UNAVAILABLE, evse)
    await charger.go_online()
    assert charger.state(f"button.{key}", evse).state != STATE_UNAVAILABLE
