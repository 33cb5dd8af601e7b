"""Actions: variables, read and written."""

from typing import Any

from homeassistant.exceptions import ServiceValidationError
import pytest

from .common import NAME, Charger, assert_translated

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
