"""Actions: what an automation can ask of a station."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import probatio

from .action_target import TARGET_FIELDS, Target, action_targets, check_admin
from .const import DOMAIN
from .csms.availability import set_available
from .csms.control import find_evse, start_charging, stop_charging
from .csms.model.commands import (
    Call,
    ClearCache,
    DataTransfer,
    Reset,
    ResetKind,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)
from .csms.model.id_token import IdToken
from .errors import translated_errors
from .profile_actions import (
    CLEAR_CHARGING_PROFILE_FIELDS,
    GET_COMPOSITE_SCHEDULE_FIELDS,
    SET_CHARGING_PROFILE_FIELDS,
    clear_charging_profile,
    get_composite_schedule,
    set_charging_profile,
)
from .variable_actions import (
    GET_VARIABLES_FIELDS,
    SET_VARIABLES_FIELDS,
    get_variables,
    set_variables,
)

type Action = Callable[[Target, ServiceCall], Awaitable[ServiceResponse]]


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, (fields, action, response) in ACTIONS.items():
        _register(hass, name, fields, action, response)


def _register(
    hass: HomeAssistant,
    name: str,
    fields: dict[Any, Any],
    action: Action,
    response: SupportsResponse,
) -> None:
    async def handle(call: ServiceCall) -> ServiceResponse:
        if name in ADMIN_ACTIONS:
            await check_admin(hass, call)
        answers = await _run(action, action_targets(hass, call), call)
        if not call.return_response:
            return None
        return answers if len(answers) > 1 else next(iter(answers.values()))

    hass.services.async_register(
        DOMAIN,
        name,
        handle,
        schema=probatio.Schema(TARGET_FIELDS | fields),
        supports_response=response,
    )


async def _run(
    action: Action, targets: dict[str, Target], call: ServiceCall
) -> dict[str, Any]:
    """Return the answers of all devices; one that fails keeps none of the others back."""
    for target in targets.values():
        with translated_errors(target.coordinator.name):
            target.check()
    answers: dict[str, Any] = {}
    failures: list[HomeAssistantError] = []
    for device_id, target in targets.items():
        try:
            with translated_errors(target.coordinator.name):
                answers[device_id] = await action(target, call)
        except HomeAssistantError as failure:
            failures.append(failure)
    if len(failures) > 1:
        told = "; ".join(str(failure).rstrip(".") for failure in failures)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="several_failed",
            translation_placeholders={"failures": told},
        )
    if failures:
        raise failures[0]
    return answers


async def _start_charging(target: Target, call: ServiceCall) -> ServiceResponse:
    token = call.data.get("id_token")
    kind = call.data["id_token_type"]
    done = await start_charging(
        target.station,
        target.evse_id,
        id_token=IdToken(token, kind) if token else None,
    )
    return {"status": done.status}


async def _stop_charging(target: Target, call: ServiceCall) -> ServiceResponse:
    done = await stop_charging(target.station, target.evse_id)
    return {"status": done.status}


async def _answer_id_token(target: Target, call: ServiceCall) -> ServiceResponse:
    target.station.admission.answer(
        call.data["id_token"], accepted=call.data["accepted"]
    )
    return {}


async def _trigger_message(target: Target, call: ServiceCall) -> ServiceResponse:
    if "connector" in call.data:
        target = replace(target, evse_id=target.evse())
    done = await target.station.execute(
        TriggerMessage(
            Trigger(call.data["message"]), target.evse_id, call.data.get("connector")
        )
    )
    return {"status": done.status}


async def _reset(target: Target, call: ServiceCall) -> ServiceResponse:
    done = await target.station.execute(
        Reset(ResetKind(call.data["type"]), target.evse_id)
    )
    return {"status": done.status}


async def _unlock_connector(target: Target, call: ServiceCall) -> ServiceResponse:
    evse = find_evse(target.station, target.evse_id)
    connector = call.data.get("connector", evse.connector_id)
    done = await target.station.execute(UnlockConnector(evse.id, connector))
    return {"status": done.status}


async def _change_availability(target: Target, call: ServiceCall) -> ServiceResponse:
    connector = call.data.get("connector")
    status = await set_available(
        target.station,
        target.evse_id if connector is None else target.evse(),
        available=call.data["available"],
        connector_id=connector,
    )
    return {"status": status}


async def _clear_cache(target: Target, call: ServiceCall) -> ServiceResponse:
    return {"status": (await target.station.execute(ClearCache())).status}


async def _data_transfer(target: Target, call: ServiceCall) -> ServiceResponse:
    result = await target.station.execute(
        DataTransfer(
            call.data["vendor_id"], call.data.get("message_id"), call.data.get("data")
        )
    )
    return {"status": result.status, "data": result.data}


async def _call(target: Target, call: ServiceCall) -> ServiceResponse:
    answer = await target.station.execute(
        Call(call.data["action"], call.data["payload"])
    )
    return {"response": answer}


ADMIN_ACTIONS = frozenset({"call"})
ACTIONS: dict[str, tuple[dict[Any, Any], Action, SupportsResponse]] = {
    "start_charging": (
        {
            probatio.Optional("id_token"): cv.string,
            probatio.Optional("id_token_type", default="Central"): cv.string,
        },
        _start_charging,
        SupportsResponse.OPTIONAL,
    ),
    "stop_charging": ({}, _stop_charging, SupportsResponse.OPTIONAL),
    "answer_id_token": (
        {
            probatio.Required("id_token"): cv.string,
            probatio.Required("accepted"): cv.boolean,
        },
        _answer_id_token,
        SupportsResponse.OPTIONAL,
    ),
    "set_charging_profile": (
        SET_CHARGING_PROFILE_FIELDS,
        set_charging_profile,
        SupportsResponse.OPTIONAL,
    ),
    "clear_charging_profile": (
        CLEAR_CHARGING_PROFILE_FIELDS,
        clear_charging_profile,
        SupportsResponse.OPTIONAL,
    ),
    "get_composite_schedule": (
        GET_COMPOSITE_SCHEDULE_FIELDS,
        get_composite_schedule,
        SupportsResponse.ONLY,
    ),
    "get_variables": (
        GET_VARIABLES_FIELDS,
        get_variables,
        SupportsResponse.ONLY,
    ),
    "set_variables": (
        SET_VARIABLES_FIELDS,
        set_variables,
        SupportsResponse.OPTIONAL,
    ),
    "trigger_message": (
        {
            probatio.Required("message"): probatio.In([item.value for item in Trigger]),
            probatio.Optional("connector"): cv.positive_int,
        },
        _trigger_message,
        SupportsResponse.OPTIONAL,
    ),
    "reset": (
        {
            probatio.Optional("type", default=ResetKind.ON_IDLE.value): probatio.In(
                [kind.value for kind in ResetKind]
            )
        },
        _reset,
        SupportsResponse.OPTIONAL,
    ),
    "unlock_connector": (
        {probatio.Optional("connector"): cv.positive_int},
        _unlock_connector,
        SupportsResponse.OPTIONAL,
    ),
    "change_availability": (
        {
            probatio.Required("available"): cv.boolean,
            probatio.Optional("connector"): cv.positive_int,
        },
        _change_availability,
        SupportsResponse.OPTIONAL,
    ),
    "clear_cache": ({}, _clear_cache, SupportsResponse.OPTIONAL),
    "data_transfer": (
        {
            probatio.Required("vendor_id"): cv.string,
            probatio.Optional("message_id"): cv.string,
            probatio.Optional("data"): object,
        },
        _data_transfer,
        SupportsResponse.OPTIONAL,
    ),
    "call": (
        {
            probatio.Required("action"): cv.string,
            probatio.Optional("payload", default=dict): dict,
        },
        _call,
        SupportsResponse.OPTIONAL,
    ),
}
