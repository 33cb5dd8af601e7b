"""Actions with charging profiles."""

from datetime import datetime
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from .action_target import Target
from .csms.control import find_evse
from .csms.errors import InvalidRequestError
from .csms.limits import (
    clear_limit,
    own_profile_id,
    rate_unit,
    restore_limits,
    user_stack_level,
)
from .csms.model.commands import (
    ClearChargingProfile,
    GetCompositeSchedule,
    SetChargingProfile,
)
from .csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from .csms.profiles import check_profile

_PERIOD = probatio.Schema(
    {
        probatio.Required("start"): probatio.All(
            probatio.Coerce(int), probatio.Range(min=0)
        ),
        probatio.Required("limit"): probatio.All(
            probatio.Coerce(float), probatio.Range(max=1e7)
        ),
        probatio.Optional("phases"): probatio.In([1, 2, 3]),
    }
)
PURPOSES = {
    "tx_default_profile": Purpose.TX_DEFAULT,
    "tx_profile": Purpose.TX,
    "charging_station_max_profile": Purpose.STATION_MAX,
}
KINDS = {
    kind.name.lower(): kind for kind in (Kind.ABSOLUTE, Kind.RECURRING, Kind.RELATIVE)
}
RECURRENCIES = {item.name.lower(): item for item in Recurrency}
_SECONDS = probatio.All(probatio.Coerce(int), probatio.Range(min=0, max=2**31 - 1))
_LIMIT = probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=1e7))
_UNITS = probatio.In([unit.value for unit in RateUnit])
SET_CHARGING_PROFILE_FIELDS: dict[Any, Any] = {
    probatio.Optional("purpose", default="tx_default_profile"): probatio.In(PURPOSES),
    probatio.Optional("kind", default="absolute"): probatio.In(KINDS),
    probatio.Optional("recurrency"): probatio.In(RECURRENCIES),
    probatio.Optional("unit"): _UNITS,
    probatio.Required("periods"): probatio.All(probatio.EnsureList(), [_PERIOD]),
    probatio.Optional("start"): cv.datetime,
    probatio.Optional("duration"): _SECONDS,
    probatio.Optional("min_rate"): _LIMIT,
    probatio.Optional("valid_from"): cv.datetime,
    probatio.Optional("valid_to"): cv.datetime,
    probatio.Optional("stack_level"): cv.positive_int,
    probatio.Optional("profile_id", default=1): probatio.All(
        probatio.Coerce(int), probatio.Range(min=1, max=2**31 - 1)
    ),
}

CLEAR_CHARGING_PROFILE_FIELDS: dict[Any, Any] = {
    probatio.Optional("profile_id"): cv.positive_int,
    probatio.Optional("purpose"): probatio.In(PURPOSES),
    probatio.Optional("stack_level"): cv.positive_int,
}

GET_COMPOSITE_SCHEDULE_FIELDS: dict[Any, Any] = {
    probatio.Optional("duration", default=86400): _SECONDS,
    probatio.Optional("unit"): _UNITS,
}


async def set_charging_profile(target: Target, call: ServiceCall) -> ServiceResponse:
    """Check a profile and send it."""
    profile = _profile(target, call.data)
    of_station = profile.purpose is Purpose.STATION_MAX
    evse_id = (target.evse_id or 0) if of_station else target.evse()
    check_profile(target.station, evse_id, profile)
    done = await target.station.execute(SetChargingProfile(evse_id, profile))
    return {"status": done.status, "profile_id": profile.id}


def _profile(target: Target, data: dict[str, Any]) -> ChargingProfile:
    """Return the profile that the fields of an action describe."""
    station = target.station
    kind = KINDS[data["kind"]]
    unit = RateUnit(data["unit"]) if "unit" in data else rate_unit(station)
    start = data.get("start")
    if start is None and kind in (Kind.ABSOLUTE, Kind.RECURRING):
        start = dt_util.utcnow()
    purpose = PURPOSES[data["purpose"]]
    transaction_id = None
    if purpose is Purpose.TX:
        transaction = find_evse(station, target.evse_id).transaction
        if transaction is None:
            raise InvalidRequestError("no_transaction")
        transaction_id = transaction.station_id or transaction.id
    level = data.get("stack_level")
    return ChargingProfile(
        id=data["profile_id"],
        stack_level=user_stack_level(station) if level is None else level,
        purpose=purpose,
        kind=kind,
        recurrency=RECURRENCIES[data["recurrency"]] if "recurrency" in data else None,
        valid_from=_utc(data.get("valid_from")),
        valid_to=_utc(data.get("valid_to")),
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


async def clear_charging_profile(target: Target, call: ServiceCall) -> ServiceResponse:
    """Remove profiles."""
    purpose = call.data.get("purpose")
    command = ClearChargingProfile(
        profile_id=call.data.get("profile_id"),
        evse_id=target.evse_id,
        purpose=PURPOSES[purpose] if purpose else None,
        stack_level=call.data.get("stack_level"),
    )
    if command == ClearChargingProfile():
        raise InvalidRequestError("clear_needs_criteria")
    own = next(
        (
            evse
            for evse in target.station.evses.values()
            if own_profile_id(evse) == command.profile_id
        ),
        None,
    )
    if own is not None:
        await clear_limit(target.station, own.id)
        return {"status": "Accepted"}
    done = await target.station.execute(command)
    restore_limits(target.station, command)
    return {"status": done.status}


async def get_composite_schedule(target: Target, call: ServiceCall) -> ServiceResponse:
    """Ask what the station is going to do."""
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
