"""Actions: which station, EVSE and connector they are for."""

from typing import Any

from homeassistant.components.homeassistant import DOMAIN as HOMEASSISTANT_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.services import ACTIONS

from .common import (
    NAME,
    PERIODS,
    Charger,
    assert_translated,
    mock_entry,
    subentry_data,
    until,
)
from .conftest import Connect, SetUp

ALL_ON_STATION: dict[str, dict[str, Any]] = {
    "start_charging": {},
    "stop_charging": {},
    "answer_id_token": {"id_token": "TAG", "accepted": True},
    "set_charging_profile": {"periods": PERIODS},
    "clear_charging_profile": {"profile_id": 1},
    "get_composite_schedule": {},
    "get_variables": {},
    "set_variables": {"variables": [{"variable": "x", "value": "1"}]},
    "trigger_message": {"message": "Heartbeat"},
    "reset": {},
    "unlock_connector": {},
    "change_availability": {"available": False},
    "clear_cache": {},
    "data_transfer": {"vendor_id": "acme"},
    "call": {"action": "ClearCache"},
}


async def call_on(hass: HomeAssistant, device_id: str) -> None:
    """Run an action on a device."""
    await hass.services.async_call(
        DOMAIN, "clear_cache", {"device_id": device_id}, blocking=True
    )


def test_all_are_tested() -> None:
    """The table above has every action."""
    assert ALL_ON_STATION.keys() == ACTIONS.keys()


async def test_target(charger: Charger) -> None:
    """A device can be given as target, as Home Assistant's editor does."""
    await charger.hass.services.async_call(
        DOMAIN,
        "clear_cache",
        {},
        blocking=True,
        target={"device_id": charger.device_id()},
    )
    assert len(charger.calls("ClearCache")) == 1


async def test_several_devices(twin: Charger) -> None:
    """Several devices are asked one after the other; each has its own answer."""
    devices = [twin.device_id(1), twin.device_id(2)]
    answers = await twin.hass.services.async_call(
        DOMAIN,
        "change_availability",
        {"device_id": devices, "available": False},
        blocking=True,
        return_response=True,
    )
    assert answers == {device: {"status": "Accepted"} for device in devices}
    await until(lambda: not any(evse.operative for evse in twin.sim.evses))


async def test_one_of_several_devices_fails(twin: Charger) -> None:
    """One that refuses keeps none of the others back, and its refusal is told."""
    twin.sim.misbehaviour.change_answers = [
        lambda action, answer: (
            {"status": "Rejected"}
            if action == "ChangeAvailability"
            and len(twin.calls("ChangeAvailability")) == 1
            else answer
        )
    ]
    with pytest.raises(HomeAssistantError) as raised:
        await twin.hass.services.async_call(
            DOMAIN,
            "change_availability",
            {"device_id": [twin.device_id(1), twin.device_id(2)], "available": False},
            blocking=True,
        )
    assert_translated(raised, "rejected", station=NAME, status="Rejected")
    assert len(twin.calls("ChangeAvailability")) == 2


async def test_all_of_several_devices_fail(twin: Charger) -> None:
    """Every refusal is told, not only the first."""
    twin.sim.misbehaviour.statuses = {"ChangeAvailability": "Rejected"}
    with pytest.raises(HomeAssistantError) as raised:
        await twin.hass.services.async_call(
            DOMAIN,
            "change_availability",
            {"device_id": [twin.device_id(1), twin.device_id(2)], "available": False},
            blocking=True,
        )
    refusal = f"{NAME} refused: Rejected"
    assert_translated(raised, "several_failed", failures=f"{refusal}; {refusal}")


@pytest.mark.parametrize("device_id", [[], None])
async def test_no_device(charger: Charger, device_id: Any) -> None:
    """Without a device nobody is asked."""
    with pytest.raises(probatio.Invalid):
        await charger.hass.services.async_call(
            DOMAIN, "clear_cache", {"device_id": device_id}, blocking=True
        )


# EVSEs.


@pytest.mark.parametrize(("device", "data"), [(2, {}), (0, {"evse": 2})])
async def test_start_of_second(
    twin: Charger, device: int, data: dict[str, int]
) -> None:
    """An EVSE is addressed by its own device, or by number at the station's."""
    await twin.plug_in(2)
    await twin.act("start_charging", device, **data)
    await twin.expect("switch.charge", "on", 2)
    await twin.expect("switch.charge", "off", 1)
    await twin.sim.idle()
    await twin.act("stop_charging", device, **data)
    await twin.expect("switch.charge", "off", 2)


@pytest.mark.parametrize(
    "action",
    ["start_charging", "stop_charging", "set_charging_profile", "unlock_connector"],
)
async def test_evse_needed(twin: Charger, action: str) -> None:
    """Where a station has several EVSEs, one has to be named."""
    with pytest.raises(ServiceValidationError) as raised:
        await twin.act(action, **ALL_ON_STATION[action])
    assert_translated(raised, "evse_needed", station=NAME)


@pytest.mark.parametrize(
    "action",
    [
        "start_charging",
        "stop_charging",
        "set_charging_profile",
        "clear_charging_profile",
        "get_composite_schedule",
        "trigger_message",
        "unlock_connector",
        "change_availability",
    ],
)
async def test_evse_unknown(charger: Charger, action: str) -> None:
    """An EVSE that the station does not have is refused before anything is sent."""
    sent = len(charger.sim.received)
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act(action, evse=7, **ALL_ON_STATION[action])
    assert_translated(raised, "evse_unknown", station=NAME, evse="7")
    assert len(charger.sim.received) == sent


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("change_availability", {"available": False, "connector": 2}),
        ("trigger_message", {"message": "StatusNotification", "connector": 2}),
    ],
)
async def test_connector_of_no_evse(
    twin: Charger, action: str, data: dict[str, Any]
) -> None:
    """A connector without its EVSE never means the whole station."""
    asked = len(twin.calls("TriggerMessage"))
    with pytest.raises(HomeAssistantError) as raised:
        await twin.act(action, **data)
    assert_translated(raised, "evse_needed")
    assert twin.calls("ChangeAvailability") == []
    assert len(twin.calls("TriggerMessage")) == asked


# Stations.


@pytest.mark.parametrize("action", ALL_ON_STATION)
async def test_unknown_device(
    hass: HomeAssistant, entry: MockConfigEntry, action: str
) -> None:
    """A device that does not exist is refused."""
    with pytest.raises(ServiceValidationError) as raised:
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": "none"} | ALL_ON_STATION[action],
            blocking=True,
            return_response=True,
        )
    assert raised.value.translation_domain == HOMEASSISTANT_DOMAIN
    assert raised.value.translation_key == "service_device_not_found"


async def test_device_of_other_integration(
    hass: HomeAssistant, entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """A device of another integration is refused."""
    other = MockConfigEntry(domain="lamp")
    other.add_to_hass(hass)
    device = device_registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("lamp", "1")}
    )
    with pytest.raises(ServiceValidationError) as raised:
        await call_on(hass, device.id)
    assert raised.value.translation_key == "service_device_wrong_domain"


async def test_device_without_station(
    hass: HomeAssistant, entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """A leftover device of a station that is gone is refused."""
    device = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "GONE")}
    )
    with pytest.raises(ServiceValidationError) as raised:
        await call_on(hass, device.id)
    assert_translated(raised, "device_without_station")


async def test_entry_not_loaded(charger: Charger) -> None:
    """While the entry is not loaded nothing can be asked."""
    device_id = charger.device_id()
    await charger.unload()
    with pytest.raises(ServiceValidationError) as raised:
        await call_on(charger.hass, device_id)
    assert raised.value.translation_key == "service_config_entry_not_loaded"


@pytest.mark.parametrize(
    "action",
    [
        name
        for name in ALL_ON_STATION
        if name not in ("change_availability", "answer_id_token")
    ],
)
async def test_not_connected(charger: Charger, action: str) -> None:
    """While the charger is away that is told; only checks of the request come first."""
    await charger.go_offline()
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act(action, **ALL_ON_STATION[action])
    if action == "stop_charging":
        assert_translated(raised, "no_transaction", station=NAME)
    else:
        assert_translated(raised, "not_connected", station=NAME)


async def test_answer_when_away(charger: Charger) -> None:
    """A charger that is away no longer asks about an ID token; that is told."""
    await charger.go_offline()
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("answer_id_token", 0, **ALL_ON_STATION["answer_id_token"])
    assert_translated(raised, "token_not_asked", station=NAME, id_token="TAG")


async def test_availability_stored(charger: Charger) -> None:
    """A change of availability is kept while the charger is away, and made on its return."""
    await charger.go_offline()
    answer = await charger.act("change_availability", 1, available=False)
    assert answer == {"status": "Stored"}
    await charger.go_online()
    await charger.expect("sensor.status", "unavailable")


async def test_two_entries(set_up: SetUp, connect: Connect, version: str) -> None:
    """Of two chargers at two entries the right one is addressed."""
    chargers = []
    for identity in ("A", "B"):
        entry = await set_up(mock_entry(subentry_data(identity, identity)))
        chargers.append(await connect(entry, version, identity))
    assert await chargers[1].act("clear_cache") == {"status": "Accepted"}
    assert len(chargers[1].calls("ClearCache")) == 1
    assert chargers[0].calls("ClearCache") == []
