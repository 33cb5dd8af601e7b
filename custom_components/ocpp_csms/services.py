"""Actions: what an automation can ask of a station."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .coordinator import StationCoordinator
from .csms.configuration import remember
from .csms.control import find_evse, start_charging, stop_charging
from .csms.errors import InvalidRequestError
from .csms.limits import rate_unit, set_available, top_stack_level
from .csms.model.commands import (
    Call,
    ClearCache,
    ClearChargingProfile,
    DataTransfer,
    GetCompositeSchedule,
    GetVariables,
    Reset,
    ResetKind,
    SetChargingProfile,
    SetVariables,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)
from .csms.model.id_token import IdToken
from .csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from .csms.model.variable import VariableRef, VariableResult
from .csms.profiles import check_profile
from .csms.station import Station
from .errors import translated_errors

ATTR_EVSE = "evse"
"""Given where the device is that of the station, and an EVSE of it is meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an action addresses."""

    coordinator: StationCoordinator
    evse_id: int | None

    @property
    def station(self) -> Station:
        """The station."""
        return self.coordinator.station

    def evse(self) -> int:
        """Return the EVSE that is meant, also where a station has just one."""
        return find_evse(self.station, self.evse_id).id


type Action = Callable[[Target, ServiceCall], Awaitable[ServiceResponse]]

_TARGET = {
    probatio.Required(ATTR_DEVICE_ID): cv.string,
    probatio.Optional(ATTR_EVSE): cv.positive_int,
}


def _target(hass: HomeAssistant, call: ServiceCall) -> Target:
    """Return the station, and the EVSE if one is named. Raises ServiceValidationError."""
    device, entry = async_get_device_and_config_entry(
        hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    coordinator: StationCoordinator = entry.runtime_data.coordinator_of_device(device)
    evse_id = coordinator.evse_of_device(device)
    return Target(coordinator, evse_id or call.data.get(ATTR_EVSE))


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
            await _check_admin(hass, call)
        target = _target(hass, call)
        with translated_errors(target.coordinator.name):
            answer = await action(target, call)
        return answer if call.return_response else None

    hass.services.async_register(
        DOMAIN,
        name,
        handle,
        schema=probatio.Schema(_TARGET | fields),
        supports_response=response,
    )


async def _check_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Refuse a user who is no administrator; automations may."""
    if not call.context.user_id:
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


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


async def _set_charging_profile(target: Target, call: ServiceCall) -> ServiceResponse:
    profile = _profile(target, call.data)
    evse_id = 0 if profile.purpose is Purpose.STATION_MAX else target.evse()
    check_profile(target.station, evse_id, profile)
    done = await target.station.execute(SetChargingProfile(evse_id, profile))
    return {"status": done.status, "profile_id": profile.id}


def _profile(target: Target, data: dict[str, Any]) -> ChargingProfile:
    """Return the profile that the fields of an action describe."""
    station = target.station
    kind = Kind(data["kind"])
    unit = RateUnit(data["unit"]) if "unit" in data else rate_unit(station)
    start = data.get("start")
    if start is None and kind in (Kind.ABSOLUTE, Kind.RECURRING):
        start = dt_util.utcnow()
    purpose = Purpose(data["purpose"])
    transaction_id = None
    if purpose is Purpose.TX:
        transaction = find_evse(station, target.evse_id).transaction
        if transaction is None:
            raise InvalidRequestError("no_transaction")
        transaction_id = transaction.station_id or transaction.id
    level = data.get("stack_level")
    return ChargingProfile(
        id=data["profile_id"],
        stack_level=top_stack_level(station) if level is None else level,
        purpose=purpose,
        kind=kind,
        recurrency=Recurrency(data["recurrency"]) if "recurrency" in data else None,
        valid_from=data.get("valid_from"),
        valid_to=data.get("valid_to"),
        transaction_id=transaction_id,
        schedule=Schedule(
            unit=unit,
            start=_utc(start),
            duration_s=data.get("duration"),
            min_rate=data.get("min_rate"),
            periods=tuple(
                Period(period["start"], period["limit"], period.get("phases"))
                for period in data["periods"]
            ),
        ),
    )


def _utc(time: datetime | None) -> datetime | None:
    return dt_util.as_utc(time) if time else None


async def _clear_charging_profile(target: Target, call: ServiceCall) -> ServiceResponse:
    purpose = call.data.get("purpose")
    command = ClearChargingProfile(
        profile_id=call.data.get("profile_id"),
        evse_id=target.evse_id,
        purpose=Purpose(purpose) if purpose else None,
        stack_level=call.data.get("stack_level"),
    )
    if command == ClearChargingProfile():
        raise InvalidRequestError("clear_needs_criteria")
    done = await target.station.execute(command)
    return {"status": done.status}


async def _get_composite_schedule(target: Target, call: ServiceCall) -> ServiceResponse:
    unit = call.data.get("unit")
    schedule = await target.station.execute(
        GetCompositeSchedule(
            target.evse_id or 0, call.data["duration"], RateUnit(unit) if unit else None
        )
    )
    return {
        "start": schedule.start.isoformat() if schedule.start else None,
        "duration": schedule.duration_s,
        "unit": schedule.unit.value if schedule.unit else None,
        "periods": [
            {"start": period.start_s, "limit": period.limit, "phases": period.phases}
            for period in schedule.periods
        ],
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


async def _get_variables(target: Target, call: ServiceCall) -> ServiceResponse:
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
    results = await station.execute(GetVariables(refs))
    remember(station, results)
    return {"variables": [_result(result) for result in results]}


async def _set_variables(target: Target, call: ServiceCall) -> ServiceResponse:
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


async def _trigger_message(target: Target, call: ServiceCall) -> ServiceResponse:
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
    status = await set_available(
        target.station,
        target.evse_id,
        available=call.data["available"],
        connector_id=call.data.get("connector"),
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


_PERIOD = probatio.Schema(
    {
        probatio.Required("start"): probatio.All(
            probatio.Coerce(int), probatio.Range(min=0)
        ),
        probatio.Required("limit"): probatio.Coerce(float),
        probatio.Optional("phases"): probatio.In([1, 2, 3]),
    }
)
_VARIABLE = {
    probatio.Required("variable"): cv.string,
    probatio.Optional("component"): cv.string,
    probatio.Optional("instance"): cv.string,
    probatio.Optional("component_instance"): cv.string,
    probatio.Optional(ATTR_EVSE): cv.positive_int,
    probatio.Optional("connector"): cv.positive_int,
}
_PURPOSES = [Purpose.TX_DEFAULT.value, Purpose.TX.value, Purpose.STATION_MAX.value]
_UNITS = probatio.In([unit.value for unit in RateUnit])

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
    "set_charging_profile": (
        {
            probatio.Optional("purpose", default=Purpose.TX_DEFAULT.value): probatio.In(
                _PURPOSES
            ),
            probatio.Optional("kind", default=Kind.ABSOLUTE.value): probatio.In(
                [Kind.ABSOLUTE.value, Kind.RECURRING.value, Kind.RELATIVE.value]
            ),
            probatio.Optional("recurrency"): probatio.In(
                [item.value for item in Recurrency]
            ),
            probatio.Optional("unit"): _UNITS,
            probatio.Required("periods"): probatio.All(
                probatio.EnsureList(), [_PERIOD]
            ),
            probatio.Optional("start"): cv.datetime,
            probatio.Optional("duration"): cv.positive_int,
            probatio.Optional("min_rate"): probatio.Coerce(float),
            probatio.Optional("valid_from"): cv.datetime,
            probatio.Optional("valid_to"): cv.datetime,
            probatio.Optional("stack_level"): cv.positive_int,
            probatio.Optional("profile_id", default=1): probatio.All(
                probatio.Coerce(int), probatio.Range(min=1, max=2**31 - 1)
            ),
        },
        _set_charging_profile,
        SupportsResponse.OPTIONAL,
    ),
    "clear_charging_profile": (
        {
            probatio.Optional("profile_id"): cv.positive_int,
            probatio.Optional("purpose"): probatio.In(_PURPOSES),
            probatio.Optional("stack_level"): cv.positive_int,
        },
        _clear_charging_profile,
        SupportsResponse.OPTIONAL,
    ),
    "get_composite_schedule": (
        {
            probatio.Optional("duration", default=86400): cv.positive_int,
            probatio.Optional("unit"): _UNITS,
        },
        _get_composite_schedule,
        SupportsResponse.ONLY,
    ),
    "get_variables": (
        {probatio.Optional("variables", default=list): [probatio.Schema(_VARIABLE)]},
        _get_variables,
        SupportsResponse.ONLY,
    ),
    "set_variables": (
        {
            probatio.Required("variables"): [
                probatio.Schema(_VARIABLE | {probatio.Required("value"): cv.string})
            ]
        },
        _set_variables,
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
