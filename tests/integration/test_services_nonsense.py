"""Actions: what a form could not give, and what no station could take, is refused."""

from datetime import date
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import ocpp_csms

from ..csms.support import BareStation, status
from .common import PERIODS, Charger, expect_refusal
from .conftest import Bare


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
    await expect_refusal(hass, watched, action, data)
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
    await expect_refusal(hass, watched, action, data | {"connector": 10**30})
    assert cp1.requests == []


def test_periods_have_fields() -> None:
    """The form of a charging profile asks for each part of a period."""
    services = load_yaml_dict(str(Path(ocpp_csms.__file__).parent / "services.yaml"))
    selector = services["set_charging_profile"]["fields"]["periods"]["selector"]
    assert selector["object"]["multiple"]
    assert selector["object"]["fields"].keys() == {"start", "limit", "phases"}
