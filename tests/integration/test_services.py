"""Actions: what an automation can ask of a station."""

from datetime import timedelta
from typing import Any

from homeassistant.components.homeassistant import DOMAIN as HOMEASSISTANT_DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.services import ACTIONS
from simulator import CallRefused

from .common import NAME, Charger, assert_translated, mock_entry, subentry_data, until
from .conftest import Connect, SetUp

PERIODS = [{"start": 0, "limit": 10}]
ALL_ON_STATION: dict[str, dict[str, Any]] = {
    "start_charging": {},
    "stop_charging": {},
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


@pytest.fixture
async def twin(entry: MockConfigEntry, connect: Connect, version: str) -> Charger:
    """Return a connected charger with two EVSEs."""
    return await connect(entry, version, evses=2)


def is_16(charger: Charger) -> bool:
    """Return whether a charger speaks 1.6."""
    return charger.version == "1.6"


def sent_profile(charger: Charger) -> tuple[int, dict[str, Any]]:
    """Return the EVSE and the profile that were sent last."""
    call = charger.last_call("SetChargingProfile")
    if is_16(charger):
        return call["connectorId"], call["csChargingProfiles"]
    return call["evseId"], call["chargingProfile"]


def sent_schedule(charger: Charger) -> dict[str, Any]:
    """Return the schedule of the profile that was sent last."""
    schedules = sent_profile(charger)[1]["chargingSchedule"]
    schedule: dict[str, Any] = schedules if is_16(charger) else schedules[0]
    return schedule


def test_all_are_tested() -> None:
    """The table above has every action."""
    assert ALL_ON_STATION.keys() == ACTIONS.keys()


# Starting and stopping.


async def test_start_and_stop(charger: Charger) -> None:
    """Start and stop are answered with the station's word."""
    await charger.plug_in()
    assert await charger.act("start_charging") == {"status": "Accepted"}
    state = await charger.expect("switch.charge", "on", pending=False)
    assert state is not None
    await charger.sim.idle()
    assert await charger.act("stop_charging") == {"status": "Accepted"}
    await charger.expect("switch.charge", "off")


async def test_start_with_token(charger: Charger) -> None:
    """A token of the caller's is used instead of the settings'."""
    await charger.plug_in()
    await charger.act("start_charging", id_token="04AABB", id_token_type="ISO14443")
    await charger.expect("switch.charge", "on", pending=False)
    state = await charger.expect("sensor.session_energy", "0.0")
    assert state.attributes["id_token"] == "04AABB"
    if not is_16(charger):
        token = charger.last_call("RequestStartTransaction")["idToken"]
        assert token == {"idToken": "04AABB", "type": "ISO14443"}


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


# Targets.


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


async def call_on(hass: HomeAssistant, device_id: str) -> None:
    """Run an action on a device."""
    await hass.services.async_call(
        DOMAIN, "clear_cache", {"device_id": device_id}, blocking=True
    )


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
    "action", [name for name in ALL_ON_STATION if name != "change_availability"]
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


# Charging profiles.


async def test_set_profile(charging: Charger) -> None:
    """A profile is sent, obeyed, and told by the composite schedule."""
    answer = await charging.act(
        "set_charging_profile",
        1,
        periods=[{"start": 0, "limit": 10}, {"start": 600, "limit": 12, "phases": 1}],
        start=charging.clock.now().isoformat(),
        duration=3600,
        min_rate=6,
        profile_id=42,
        stack_level=1,
        unit="A",
    )
    assert answer == {"status": "Accepted", "profile_id": 42}
    await until(lambda: charging.sim.evse(1).limit_a == 10)
    evse_id, profile = sent_profile(charging)
    assert evse_id == 1
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert profile["chargingProfileKind"] == "Absolute"
    assert profile["stackLevel"] == 1
    schedule = sent_schedule(charging)
    assert (schedule["duration"], schedule["minChargingRate"]) == (3600, 6)
    answer = await charging.act("get_composite_schedule", 1, duration=1200)
    assert answer["unit"] == "A"
    assert answer["duration"] == 1200
    assert [(p["start"], p["limit"]) for p in answer["periods"]] == [(0, 10), (600, 12)]
    answer = await charging.act("clear_charging_profile", profile_id=42)
    assert answer == {"status": "Accepted"}
    await until(lambda: charging.sim.evse(1).limit_a == 32)


async def test_profile_of_transaction(charging: Charger) -> None:
    """A TxProfile names the running transaction."""
    answer = await charging.act(
        "set_charging_profile", purpose="tx_profile", kind="relative", periods=PERIODS
    )
    assert answer["status"] == "Accepted"
    await until(lambda: charging.sim.evse(1).limit_a == 10)
    profile = sent_profile(charging)[1]
    transaction = charging.sim.evse(1).transaction
    assert transaction is not None
    assert str(profile["transactionId"]) == transaction.key
    assert "startSchedule" not in sent_schedule(charging)


async def test_profile_of_station(twin: Charger) -> None:
    """A station's maximum goes to the station, and needs no EVSE."""
    answer = await twin.act(
        "set_charging_profile", purpose="charging_station_max_profile", periods=PERIODS
    )
    assert answer["status"] == "Accepted"
    evse_id, profile = sent_profile(twin)
    assert evse_id == 0
    assert profile["chargingProfilePurpose"] == (
        "ChargePointMaxProfile" if is_16(twin) else "ChargingStationMaxProfile"
    )
    answer = await twin.act(
        "clear_charging_profile", purpose="charging_station_max_profile"
    )
    assert answer == {"status": "Accepted"}


@pytest.mark.parametrize("recurrency", ["daily", "weekly"])
async def test_recurring(charger: Charger, recurrency: str) -> None:
    """A recurring profile with a span of validity is sent as such, in UTC."""
    now = charger.clock.now()
    await charger.act(
        "set_charging_profile",
        kind="recurring",
        recurrency=recurrency,
        periods=PERIODS,
        duration=86400,
        start="2026-01-05 00:00:00",
        valid_from="2026-01-05 00:00:00",
        valid_to=(now + timedelta(days=2)).isoformat(),
    )
    profile = sent_profile(charger)[1]
    assert profile["recurrencyKind"] == recurrency.title()
    # Home Assistant's tests live in US/Pacific.
    assert profile["validFrom"].startswith("2026-01-05T08:00:00")
    assert profile["validFrom"].endswith(("Z", "+00:00"))
    assert sent_schedule(charger)["startSchedule"].startswith("2026-01-05T08:00:00")


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"periods": []}, "periods_missing"),
        ({"periods": [{"start": 5, "limit": 1}]}, "first_period_at_zero"),
        ({"periods": PERIODS * 2}, "periods_not_in_order"),
        ({"periods": [{"start": 0, "limit": -1}]}, "limit_negative"),
        ({"kind": "recurring"}, "recurrency_needed"),
        ({"recurrency": "daily"}, "recurrency_not_wanted"),
        (
            {"purpose": "charging_station_max_profile", "kind": "relative"},
            "station_max_not_relative",
        ),
        (
            {"purpose": "charging_station_max_profile", "evse": 1},
            "station_max_is_for_station",
        ),
        (
            {
                "valid_from": "2026-02-02 00:00:00",
                "valid_to": "2026-01-01T00:00:00+00:00",
            },
            "validity_empty",
        ),
        ({"purpose": "tx_profile"}, "no_transaction"),
        ({"stack_level": 999}, "stack_level_too_high"),
        (
            {"periods": [{"start": n, "limit": 9} for n in range(2000)]},
            "too_many_periods",
        ),
    ],
)
async def test_profile_refused(
    charger: Charger, data: dict[str, Any], key: str
) -> None:
    """A profile that makes no sense, or that the station can't take, is not sent."""
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("set_charging_profile", **({"periods": PERIODS} | data))
    assert_translated(raised, key, station=NAME)
    assert charger.calls("SetChargingProfile") == []


@pytest.mark.parametrize("version", ["1.6"])
async def test_unit_not_supported(charger: Charger) -> None:
    """A unit that the station does not take is refused."""
    await charger.act(
        "get_variables",
        variables=[{"variable": "ChargingScheduleAllowedChargingRateUnit"}],
    )
    charger.sim.misbehaviour.replies["GetConfiguration"] = {
        "configurationKey": [
            {
                "key": "ChargingScheduleAllowedChargingRateUnit",
                "readonly": True,
                "value": "Current",
            }
        ]
    }
    await charger.act("get_variables")
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("set_charging_profile", unit="W", periods=PERIODS)
    assert_translated(raised, "unit_not_supported", station=NAME, unit="W")


async def test_clear_nothing(charger: Charger) -> None:
    """Removing needs to know what; an unknown profile is no error."""
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("clear_charging_profile")
    assert_translated(raised, "clear_needs_criteria")
    answer = await charger.act("clear_charging_profile", profile_id=77)
    assert answer == {"status": "Unknown"}


async def test_profile_rejected(charger: Charger) -> None:
    """A refusal of the station is told with its word."""
    charger.sim.misbehaviour.statuses = {"SetChargingProfile": "Rejected"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("set_charging_profile", periods=PERIODS)
    assert_translated(raised, "rejected", station=NAME, status="Rejected")


async def test_composite_schedule_of_station(twin: Charger) -> None:
    """Without an EVSE the schedule of the whole station is asked for."""
    answer = await twin.act("get_composite_schedule", duration=60, unit="W")
    assert answer["unit"] == "W"
    call = twin.last_call("GetCompositeSchedule")
    assert call["connectorId" if is_16(twin) else "evseId"] == 0


async def test_composite_schedule_refused(charger: Charger) -> None:
    """A schedule that the station won't tell is an error."""
    charger.sim.misbehaviour.replies = {"GetCompositeSchedule": {"status": "Rejected"}}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("get_composite_schedule")
    assert_translated(raised, "rejected", station=NAME, status="Rejected")


# Variables.

HEARTBEAT: dict[str, dict[str, Any]] = {
    "1.6": {"variable": "HeartbeatInterval"},
    "2.0.1": {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval"},
    "2.1": {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval"},
}


async def test_variables(charger: Charger) -> None:
    """A variable is written and read."""
    ref = HEARTBEAT[charger.version]
    answer = await charger.act("set_variables", variables=[ref | {"value": "120"}])
    assert [item["status"] for item in answer["variables"]] == ["Accepted"]
    answer = await charger.act("get_variables", variables=[ref])
    (item,) = answer["variables"]
    assert item["value"] == "120"
    assert item["status"] == "Accepted"


async def test_all_variables(charger: Charger) -> None:
    """Without a choice all variables are told."""
    answer = await charger.act("get_variables")
    assert len(answer["variables"]) > 20
    assert all(
        {"variable", "value", "readonly"} <= item.keys() for item in answer["variables"]
    )


async def test_written_variable_is_told(charger: Charger) -> None:
    """What was written is told by the list of all variables too."""
    ref = HEARTBEAT[charger.version]
    await charger.act("set_variables", variables=[ref | {"value": "120"}])
    answer = await charger.act("get_variables")
    values = [
        item["value"]
        for item in answer["variables"]
        if "HeartbeatInterval" in item["variable"]
    ]
    assert "120" in values


async def test_unknown_variable(charger: Charger) -> None:
    """A variable that the station does not know is told so, when read and when written."""
    ref = HEARTBEAT[charger.version] | {"variable": "Nonsense"}
    answer = await charger.act("get_variables", variables=[ref])
    assert answer["variables"][0]["status"] != "Accepted"
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("set_variables", variables=[ref | {"value": "1"}])
    assert_translated(raised, "variables_refused", station=NAME)
    assert "Nonsense" in (raised.value.translation_placeholders or {})["variables"]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_component_needed(charger: Charger) -> None:
    """2.x wants a component for each variable."""
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("get_variables", variables=[{"variable": "x"}])
    assert_translated(raised, "component_needed", variable="x")


async def test_many_variables(charger: Charger) -> None:
    """Many variables are written in as many messages as the station needs."""
    ref = HEARTBEAT[charger.version]
    wanted = [ref | {"value": str(100 + n)} for n in range(5)]
    answer = await charger.act("set_variables", variables=wanted)
    assert len(answer["variables"]) == 5
    answer = await charger.act("get_variables", variables=[ref])
    assert answer["variables"][0]["value"] == "104"


# The rest.


@pytest.mark.parametrize(
    "message", ["BootNotification", "Heartbeat", "StatusNotification", "MeterValues"]
)
async def test_trigger(charger: Charger, message: str) -> None:
    """A station sends what it is asked for."""
    sent = len(charger.sim.calls("sent", message))
    device = 1 if message in ("StatusNotification", "MeterValues") else 0
    answer = await charger.act("trigger_message", device, message=message)
    assert answer == {"status": "Accepted"}
    await until(lambda: len(charger.sim.calls("sent", message)) > sent)


async def test_triggered_boot_is_no_boot(charger: Charger) -> None:
    """A BootNotification that was asked for is no reboot."""
    before = charger.state("sensor.last_boot", 0).state
    await charger.clock.advance(60)
    await charger.act("trigger_message", message="BootNotification")
    await charger.sim.wait_until(
        lambda: len(charger.sim.calls("sent", "BootNotification")) == 2
    )
    await charger.sim.idle()
    assert charger.state("sensor.last_boot", 0).state == before


@pytest.mark.parametrize("version", ["1.6"])
async def test_trigger_not_supported(charger: Charger) -> None:
    """A message that the version does not know is refused."""
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("trigger_message", message="TransactionEvent")
    assert_translated(
        raised, "trigger_not_supported", station=NAME, trigger="TransactionEvent"
    )


@pytest.mark.parametrize(
    ("type_", "words"),
    [("on_idle", ("Soft", "OnIdle")), ("immediate", ("Hard", "Immediate"))],
)
async def test_reset(charger: Charger, type_: str, words: tuple[str, str]) -> None:
    """A station restarts and comes back."""
    assert await charger.act("reset", type=type_) == {"status": "Accepted"}
    assert charger.last_call("Reset")["type"] == words[not is_16(charger)]
    await charger.expect("binary_sensor.connected", "off", 0)
    await charger.come_back()


async def test_reset_of_evse(charger: Charger) -> None:
    """Only 2.x can restart an EVSE; a station that can't says so."""
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("reset", 1)
    if is_16(charger):
        assert_translated(raised, "reset_of_evse_not_supported", station=NAME)
    else:
        assert charger.last_call("Reset")["evseId"] == 1
        assert_translated(raised, "rejected_with_reason", station=NAME)


async def test_unlock(charger: Charger) -> None:
    """The cable is released."""
    await charger.plug_in()
    charger.sim.evse(1).cable_locked = True
    assert await charger.act("unlock_connector", connector=1) == {"status": "Unlocked"}
    assert not charger.sim.evse(1).cable_locked


async def test_unlock_fails(charger: Charger) -> None:
    """A stuck cable is told."""
    charger.sim.misbehaviour.statuses = {"UnlockConnector": "UnlockFailed"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("unlock_connector")
    assert_translated(raised, "rejected", station=NAME, status="UnlockFailed")


async def test_change_availability(charger: Charger) -> None:
    """A station, and an EVSE, go out of use and back."""
    for device in (0, 1):
        answer = await charger.act("change_availability", device, available=False)
        assert answer == {"status": "Accepted"}
        await charger.expect("sensor.status", "unavailable")
        await charger.act("change_availability", device, available=True)
        await charger.expect("sensor.status", "available")


async def test_change_availability_later(charging: Charger) -> None:
    """While a transaction runs the change is scheduled."""
    answer = await charging.act("change_availability", 1, available=False)
    assert answer == {"status": "Scheduled"}


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_change_availability_of_connector(charger: Charger) -> None:
    """A single connector can be addressed on 2.x."""
    await charger.act("change_availability", 1, available=False, connector=1)
    assert charger.last_call("ChangeAvailability")["evse"] == {
        "id": 1,
        "connectorId": 1,
    }


async def test_clear_cache(charger: Charger) -> None:
    """The cache of tokens is cleared."""
    assert await charger.act("clear_cache") == {"status": "Accepted"}


async def test_data_transfer(charger: Charger) -> None:
    """Data in a vendor's own format are sent and answered."""
    charger.sim.misbehaviour.replies["DataTransfer"] = {
        "status": "Accepted",
        "data": "pong",
    }
    answer = await charger.act(
        "data_transfer", vendor_id="acme", message_id="ping", data="1"
    )
    assert answer == {"status": "Accepted", "data": "pong"}
    assert charger.last_call("DataTransfer") == {
        "vendorId": "acme",
        "messageId": "ping",
        "data": "1",
    }


async def test_data_transfer_refused(charger: Charger) -> None:
    """A vendor that the station does not know is told."""
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("data_transfer", vendor_id="nobody")
    assert raised.value.translation_key in ("rejected", "rejected_with_reason")
    assert (raised.value.translation_placeholders or {})["status"] == "UnknownVendorId"


# Any message.


async def test_call(charger: Charger) -> None:
    """Any message of the version can be sent, and its answer is given back."""
    answer = await charger.act("call", action="GetLocalListVersion", payload={})
    assert answer["response"].keys() <= {"listVersion", "versionNumber"}
    assert len(charger.calls("GetLocalListVersion")) == 1


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Reset", {"type": "Nonsense"}),
        ("Reset", {}),
        ("ClearCache", {"extra": 1}),
        ("Nonsense", {}),
        ("BootNotification", {"foo": 1}),
    ],
)
async def test_call_checks_schema(
    charger: Charger, action: str, payload: dict[str, Any]
) -> None:
    """What breaks its schema is not sent."""
    sent = len(charger.sim.received)
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("call", action=action, payload=payload)
    assert_translated(raised, "invalid_payload", station=NAME)
    assert len(charger.sim.received) == sent


async def test_call_error(charger: Charger) -> None:
    """The station's CALLERROR is told with code and description."""
    charger.sim.misbehaviour.refuse = {
        "ClearCache": CallRefused("InternalError", "no cache")
    }
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("call", action="ClearCache")
    assert_translated(
        raised,
        "call_error",
        station=NAME,
        code="InternalError",
        description="no cache",
    )


async def test_time_out(set_up: SetUp, connect: Connect, version: str) -> None:
    """A station that does not answer in time is told, with the time."""
    entry = await set_up(mock_entry(subentry_data(call_timeout=0.5)))
    charger = await connect(entry, version)
    charger.sim.misbehaviour.silent = {"ClearCache"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("clear_cache")
    assert_translated(
        raised, "call_timeout", station=NAME, action="ClearCache", seconds="0.5"
    )


async def call_as(charger: Charger, user_id: str | None) -> None:
    """Send any message as a user."""
    await charger.hass.services.async_call(
        DOMAIN,
        "call",
        {"device_id": charger.device_id(), "action": "ClearCache"},
        blocking=True,
        context=Context(user_id=user_id),
    )


async def test_call_is_for_administrators(
    charger: Charger, hass_admin_user: MockUser, hass_read_only_user: MockUser
) -> None:
    """Administrators and automations may send anything, others not."""
    with pytest.raises(Unauthorized):
        await call_as(charger, hass_read_only_user.id)
    with pytest.raises(UnknownUser):
        await call_as(charger, "nobody")
    assert charger.calls("ClearCache") == []
    await call_as(charger, hass_admin_user.id)
    await call_as(charger, None)
    assert len(charger.calls("ClearCache")) == 2


async def test_others_are_for_everybody(
    charger: Charger, hass_read_only_user: MockUser
) -> None:
    """The other actions are refused by no role of the user's."""
    await charger.hass.services.async_call(
        DOMAIN,
        "clear_cache",
        {"device_id": charger.device_id()},
        blocking=True,
        context=Context(user_id=hass_read_only_user.id),
    )
    assert len(charger.calls("ClearCache")) == 1


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("set_charging_profile", {}),
        ("set_charging_profile", {"periods": PERIODS, "purpose": "Nonsense"}),
        ("set_charging_profile", {"periods": [{"start": -1, "limit": 1}]}),
        ("set_charging_profile", {"periods": [{"start": 0, "limit": 1, "phases": 4}]}),
        ("set_charging_profile", {"periods": PERIODS, "profile_id": 0}),
        ("set_variables", {}),
        ("set_variables", {"variables": [{"variable": "x"}]}),
        ("trigger_message", {"message": "Nonsense"}),
        ("reset", {"type": "Nonsense"}),
        ("change_availability", {}),
        ("data_transfer", {}),
        ("call", {"action": "ClearCache", "payload": "text"}),
        ("start_charging", {"evse": "two"}),
        ("start_charging", {"evse": 0}),
        ("start_charging", {"unknown": 1}),
    ],
)
@pytest.mark.parametrize("version", ["2.0.1"])
async def test_fields_are_checked(
    charger: Charger, action: str, data: dict[str, Any]
) -> None:
    """What a form could not have given is refused."""
    with pytest.raises(probatio.Invalid):
        await charger.act(action, **data)
