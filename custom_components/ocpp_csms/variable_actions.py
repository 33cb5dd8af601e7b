"""Actions with variables."""

from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import probatio

from .action_target import ATTR_EVSE, Target
from .const import DOMAIN
from .csms.configuration import remember, remember_written
from .csms.model.commands import GetVariables, SetVariables
from .csms.model.variable import VariableRef, VariableResult

_VARIABLE = {
    probatio.Required("variable"): cv.string,
    probatio.Optional("component"): cv.string,
    probatio.Optional("instance"): cv.string,
    probatio.Optional("component_instance"): cv.string,
    probatio.Optional(ATTR_EVSE): cv.positive_int,
    probatio.Optional("connector"): cv.positive_int,
}
GET_VARIABLES_FIELDS: dict[Any, Any] = {
    probatio.Optional("variables", default=list): [probatio.Schema(_VARIABLE)]
}

SET_VARIABLES_FIELDS: dict[Any, Any] = {
    probatio.Required("variables"): [
        probatio.Schema(_VARIABLE | {probatio.Required("value"): cv.string})
    ]
}


def _variable_ref(data: dict[str, Any]) -> VariableRef:
    return VariableRef(
        name=data["variable"],
        component=data.get("component", ""),
        instance=data.get("instance"),
        component_instance=data.get("component_instance"),
        evse_id=data.get(ATTR_EVSE),
        connector_id=data.get("connector"),
    )


async def get_variables(target: Target, call: ServiceCall) -> ServiceResponse:
    """Read variables."""
    station = target.station
    refs = tuple(_variable_ref(item) for item in call.data.get("variables", ()))
    if not refs and station.dialect.reports_inventory:
        variables = station.state.variables.values()
        return {
            "variables": [
                {"variable": str(v.ref), "value": v.value, "readonly": v.readonly}
                for v in variables
            ]
        }
    at_once = station.dialect.max_variables or len(refs) or 1
    results: list[VariableResult] = []
    for start in range(0, max(len(refs), 1), at_once):
        results += await station.execute(GetVariables(refs[start : start + at_once]))
    remember(station, results)
    return {"variables": [_result(result) for result in results]}


async def set_variables(target: Target, call: ServiceCall) -> ServiceResponse:
    """Write variables; those that are refused are an error."""
    station = target.station
    values = [(_variable_ref(item), item["value"]) for item in call.data["variables"]]
    at_once = (
        1 if not station.dialect.reports_inventory else station.dialect.max_variables
    )
    results: list[VariableResult] = []
    for start in range(0, len(values), at_once):
        results += await station.execute(
            SetVariables(tuple(values[start : start + at_once]))
        )
    remember_written(station, results)
    refused = [result for result in results if not result.accepted]
    if refused:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="variables_refused",
            translation_placeholders={
                "station": target.coordinator.name,
                "variables": ", ".join(f"{r.ref}: {r.status}" for r in refused),
            },
        )
    return {"variables": [_result(result) for result in results]}


def _result(result: VariableResult) -> dict[str, Any]:
    return {
        "variable": str(result.ref),
        "status": result.status,
        "value": result.value,
        "readonly": result.readonly,
        "reason": result.reason,
    }
