"""The current limit."""

from typing import Any

from homeassistant.components.number import ATTR_MAX, ATTR_MIN, ATTR_STEP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import CONF_MAX_CURRENT
from simulator import Misbehaviour

from ..csms.support import BareStation
from .common import (
    ACCEPTED,
    NAME,
    Charger,
    assert_translated,
    find_entity,
    mock_entry,
    state,
    subentry_data,
    until,
)
from .conftest import Connect, SetUp

LIMIT = "number.current_limit"


def purposes(charger: Charger) -> set[str]:
    """Return the purposes of all profiles that were sent."""
    return {
        (frame.payload.get("csChargingProfiles") or frame.payload["chargingProfile"])[
            "chargingProfilePurpose"
        ]
        for frame in charger.calls("SetChargingProfile")
    }


async def test_attributes(charger: Charger) -> None:
    """The slider goes from what a car needs to what is set for the station."""
    state = await charger.expect(LIMIT, "32.0", device_class="current", applied=None)
    assert state.attributes[ATTR_MIN] == 6
    assert state.attributes[ATTR_MAX] == 32
    assert state.attributes[ATTR_STEP] == 1
    assert state.attributes["unit_of_measurement"] == "A"


async def test_limit(charging: Charger) -> None:
    """The station obeys a limit at once."""
    await charging.do("number.set_value", LIMIT, value=10)
    await charging.expect(LIMIT, "10.0", applied=True)
    await until(lambda: charging.sim.evse(1).limit_a == 10)
    await charging.clock.advance(10)
    await charging.expect_number("sensor.current_import", 10)


async def test_limit_before_transaction(charger: Charger) -> None:
    """A limit that was set before holds for the next transaction."""
    await charger.do("number.set_value", LIMIT, value=8)
    await charger.charge()
    assert charger.sim.evse(1).limit_a == 8


async def test_never_station_maximum(charging: Charger) -> None:
    """A limit is never the station's maximum, even if all else is refused."""
    charging.sim.misbehaviour.profile_answers = {
        "TxDefaultProfile": "Rejected",
        "TxProfile": "Rejected",
    }
    with pytest.raises(HomeAssistantError) as raised:
        await charging.do("number.set_value", LIMIT, value=10)
    assert_translated(raised, "rejected", station=NAME, status="Rejected")
    assert purposes(charging) == {"TxDefaultProfile", "TxProfile"}
    await charging.expect(LIMIT, "32.0")


async def test_falls_back_to_transaction(charging: Charger) -> None:
    """A station that takes only TxProfile gets that, and is remembered to."""
    charging.sim.misbehaviour.profile_answers = {"TxDefaultProfile": "Rejected"}
    await charging.do("number.set_value", LIMIT, value=10)
    await until(lambda: charging.sim.evse(1).limit_a == 10)
    tried = len(charging.calls("SetChargingProfile"))
    await charging.do("number.set_value", LIMIT, value=12)
    await until(lambda: charging.sim.evse(1).limit_a == 12)
    assert len(charging.calls("SetChargingProfile")) == tried + 1


async def test_needs_transaction(charger: Charger) -> None:
    """Without a transaction such a station's refusal is told."""
    charger.sim.misbehaviour.profile_answers = {"TxDefaultProfile": "Rejected"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.do("number.set_value", LIMIT, value=10)
    assert_translated(raised, "rejected", station=NAME, status="Rejected")


@pytest.mark.parametrize("value", [5, 33, -1, 0])
async def test_out_of_range(charger: Charger, value: float) -> None:
    """What the slider does not offer is refused before anything is sent."""
    with pytest.raises(ServiceValidationError):
        await charger.do("number.set_value", LIMIT, value=value)
    assert charger.calls("SetChargingProfile") == []


async def test_wish_survives_loss(charging: Charger) -> None:
    """A limit that was set before a loss of connection still holds after it."""
    await charging.do("number.set_value", LIMIT, value=10)
    sent = len(charging.calls("SetChargingProfile"))
    charging.sim.misbehaviour.no_boot_on_reconnect = True
    await charging.go_offline()
    await charging.go_online()
    await charging.expect(LIMIT, "10.0", applied=True)
    assert len(charging.calls("SetChargingProfile")) == sent


async def test_stored_while_away(charger: Charger) -> None:
    """A limit that is set while the station is away is kept, and applied on its return."""
    await charger.go_offline()
    await charger.do("number.set_value", LIMIT, value=10)
    await charger.expect(LIMIT, "10.0", applied=False)
    await charger.go_online()
    await charger.expect(LIMIT, "10.0", applied=True)
    await charger.charge()
    assert charger.sim.evse(1).limit_a == 10


async def test_pause_while_away(charging: Charger) -> None:
    """A pause while the station is away is kept, and applied on its return."""
    await charging.go_offline()
    await charging.do("switch.turn_on", "switch.pause")
    await charging.go_online()
    await charging.expect("switch.pause", "on")
    await until(lambda: charging.sim.evse(1).limit_a == 0)


async def test_availability_while_away(charger: Charger) -> None:
    """Taken out of use while away: done on return."""
    await charger.go_offline()
    await charger.do("switch.turn_off", "switch.availability")
    await charger.go_online()
    await charger.expect("switch.availability", "off", pending=False)
    await charger.expect("sensor.status", "unavailable")


async def test_applied_again_after_reboot(charger: Charger) -> None:
    """A station that forgets its profiles at a boot gets the limit again."""
    charger.sim.misbehaviour.forget_profiles_on_reboot = True
    await charger.do("number.set_value", LIMIT, value=10)
    await charger.sim.reboot()
    await charger.come_back()
    await charger.expect(LIMIT, "10.0", applied=True)
    await charger.charge()
    assert charger.sim.evse(1).limit_a == 10


async def test_each_evse_of_its_own(
    entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """EVSEs are limited one by one."""
    charger = await connect(entry, version, evses=2)
    await charger.do("number.set_value", LIMIT, 2, value=10)
    await charger.do("number.set_value", LIMIT, 1, value=14)
    await charger.charge(1)
    await charger.charge(2)
    assert [evse.limit_a for evse in charger.sim.evses] == [14, 10]


async def test_maximum_of_settings(
    set_up: SetUp, connect: Connect, version: str
) -> None:
    """The maximum is what the user has set for the station."""
    entry = await set_up(mock_entry(subentry_data(**{CONF_MAX_CURRENT: 16.0})))
    charger = await connect(entry, version)
    await charger.expect(LIMIT, "16.0", **{ATTR_MAX: 16.0})
    with pytest.raises(ServiceValidationError):
        await charger.do("number.set_value", LIMIT, value=20)


@pytest.mark.parametrize("version", ["1.6"])
@pytest.mark.parametrize(
    ("unit", "limit"), [("Current", 10.0), ("Power", 6900.0), ("Current,Power", 10.0)]
)
async def test_unit_of_station(
    entry: MockConfigEntry, connect: Connect, version: str, unit: str, limit: float
) -> None:
    """A station that takes only watts gets watts, by the phases that are measured."""

    def change(action: str, answer: Any) -> Any:
        for key in answer.get("configurationKey", ()):
            if key["key"] == "ChargingScheduleAllowedChargingRateUnit":
                key["value"] = unit
        return answer

    odd = Misbehaviour(change_answers=[change])
    charger = await connect(entry, version, misbehaviour=odd)
    await charger.do("number.set_value", LIMIT, value=10)
    schedule = charger.last_call("SetChargingProfile")["csChargingProfiles"][
        "chargingSchedule"
    ]
    assert schedule["chargingSchedulePeriod"][0]["limit"] == limit


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
