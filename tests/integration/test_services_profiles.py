"""Actions: charging profiles, set and cleared, and composite schedules."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.csms.limits import top_stack_level

from ..csms.support import BareStation
from .common import (
    ACCEPTED,
    NAME,
    PERIODS,
    Charger,
    assert_translated,
    expect_refusal,
    find_entity,
    is_16,
    until,
)


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
        ({"start": "2038-01-01T00:00:00+00:00"}, "time_too_far"),
        ({"valid_from": "2099-01-01 00:00:00"}, "time_too_far"),
        ({"valid_to": "2099-01-01 00:00:00"}, "time_too_far"),
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


@pytest.mark.parametrize("version", ["2.0.1"])
async def test_words_for_a_time_too_far(charger: Charger) -> None:
    """The user reads from which year on times are too far away."""
    times = {"valid_to": "2040-01-01 00:00:00"}
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("set_charging_profile", periods=PERIODS, **times)
    assert "can't read times from the year 2038 on" in str(raised.value)


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


# Beside the limit.


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
    await expect_refusal(hass, watched, "set_charging_profile", {"periods": PERIODS})
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


@pytest.mark.parametrize("device", [0, 1])
@pytest.mark.parametrize(
    "data",
    [
        {"purpose": "tx_default_profile"},
        {"stack_level": "top"},
        {"purpose": "tx_default_profile", "stack_level": "top"},
    ],
)
async def test_limit_is_restored(
    charger: Charger, device: int, data: dict[str, Any]
) -> None:
    """A limit that went together with other profiles is soon in force again."""
    await charger.do("number.set_value", "number.current_limit", value=10)
    if "stack_level" in data:
        data = data | {"stack_level": top_stack_level(charger.station)}
    answer = await charger.act("clear_charging_profile", device, **data)
    assert answer == {"status": "Accepted"}
    await until(lambda: len(charger.calls("SetChargingProfile")) == 2)
    await until(lambda: charger.sim.evse(1).limit_a == 10)
    await charger.expect("number.current_limit", "10.0", applied=True)


@pytest.mark.parametrize(
    "data", [{"profile_id": 42}, {"purpose": "charging_station_max_profile"}]
)
async def test_limit_that_stays(charger: Charger, data: dict[str, Any]) -> None:
    """Where other profiles are removed, a limit is left alone."""
    await charger.do("number.set_value", "number.current_limit", value=10)
    await charger.act("clear_charging_profile", **data)
    await charger.sim.idle()
    assert charger.station.onboarding.finished
    assert len(charger.calls("SetChargingProfile")) == 1
    assert charger.sim.evse(1).limit_a == 10
    await charger.expect("number.current_limit", "10.0", applied=True)


async def test_limit_of_another_evse_stays(twin: Charger) -> None:
    """What is removed at one EVSE is restored there only."""
    for evse, limit in ((1, 10), (2, 12)):
        await twin.do("number.set_value", "number.current_limit", evse, value=limit)
    await twin.act("clear_charging_profile", 2, purpose="tx_default_profile")
    await until(lambda: len(twin.calls("SetChargingProfile")) == 3)
    assert sent_profile(twin)[0] == 2
    await until(lambda: twin.sim.evse(2).limit_a == 12)
    await until(lambda: twin.station.onboarding.finished)
    assert len(twin.calls("SetChargingProfile")) == 3
    assert twin.sim.evse(1).limit_a == 10


async def test_limit_is_removed_by_id(charger: Charger) -> None:
    """Removing the limit's own profile takes limit and pause away for good."""
    await charger.do("number.set_value", "number.current_limit", value=10)
    await charger.do("switch.turn_on", "switch.pause")
    sent = len(charger.calls("SetChargingProfile"))
    answer = await charger.act("clear_charging_profile", profile_id=7001)
    assert answer == {"status": "Accepted"}
    await charger.expect("number.current_limit", "32.0", applied=None)
    await charger.expect("switch.pause", "off")
    await until(lambda: charger.sim.evse(1).limit_a == 32)
    assert len(charger.sim.profiles) == 0
    assert len(charger.calls("SetChargingProfile")) == sent
