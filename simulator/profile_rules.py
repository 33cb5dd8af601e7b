"""Which charging profiles a station takes, and what it says of those it has."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from .frames import Json
from .profiles import EXTERNAL, MAX, TX, Limit, Profile, Session
from .times import stamp

if TYPE_CHECKING:
    from .station import ChargingStation


def objection_16(
    station: ChargingStation, connector: int, profile: Profile
) -> str | None:
    """Return why a 1.6 station does not take a profile, or None."""
    config = station.config
    if connector > len(station.evses):
        return "no such connector"
    if profile.purpose == MAX and connector != 0:
        return "ChargePointMaxProfile is for connector 0"
    if profile.purpose == TX:
        transaction = station.evse(connector).transaction if connector else None
        if transaction is None:
            return "no transaction"
        if profile.transaction_id not in {None, transaction.key}:
            return "another transaction"
    units = config.get("ChargingScheduleAllowedChargingRateUnit") or "Current,Power"
    if {"A": "Current", "W": "Power"}[profile.schedule.unit] not in units:
        return "unit not allowed"
    if profile.stack > int(config.get("ChargeProfileMaxStackLevel") or 99):
        return "stack level too high"
    if len(profile.schedule.periods) > int(
        config.get("ChargingScheduleMaxPeriods") or 1024
    ):
        return "too many periods"
    if len(station.profiles) >= int(config.get("MaxChargingProfilesInstalled") or 999):
        return "too many profiles"
    return _objection_to_schedule(profile) or _odd_objection(station, profile)


def _odd_objection(station: ChargingStation, profile: Profile) -> str | None:
    """Return why an odd station refuses what others take."""
    odd = station.misbehaviour
    if odd.only_stack_level not in {None, profile.stack}:
        return "stack level not supported"
    times = (profile.valid_from, profile.valid_to, profile.schedule.start)
    if odd.dies_in_2038 and any(when and when.year >= 2038 for when in times):
        return "time out of range"
    return None


def objection_2x(
    station: ChargingStation, evse_id: int, profile: Profile
) -> str | None:
    """Return the reason code with which a 2.x station refuses a profile, or None."""
    model = station.device_model
    if evse_id > len(station.evses):
        return "UnknownEvse"
    if profile.purpose == EXTERNAL:
        return "InvalidProfile"
    if profile.purpose == MAX and (evse_id != 0 or profile.kind == "Relative"):
        return "InvalidProfile"
    if profile.purpose == TX and (
        reason := _objection_to_tx(station, evse_id, profile)
    ):
        return reason
    if profile.schedule.unit not in model.text("SmartChargingCtrlr", "RateUnit"):
        return "UnsupportedRateUnit"
    if profile.stack > model.number("SmartChargingCtrlr", "ProfileStackLevel"):
        return "InvalidStackLevel"
    if len(profile.schedule.periods) > model.number(
        "SmartChargingCtrlr", "PeriodsPerSchedule"
    ):
        return "InvalidSchedule"
    if _objection_to_schedule(profile) or _odd_objection(station, profile):
        return "InvalidSchedule"
    if profile.kind == "Relative" and profile.schedule.start is not None:
        return "InvalidSchedule"
    return "DuplicateProfile" if _conflicts(station, profile) else None


def _objection_to_tx(
    station: ChargingStation, evse_id: int, profile: Profile
) -> str | None:
    """Return why a TxProfile is refused."""
    transaction = station.evse(evse_id).transaction if evse_id else None
    if not evse_id:
        return "InvalidProfile"
    if profile.transaction_id is None:
        return "MissingParam"
    if transaction is None or transaction.key != profile.transaction_id:
        return "TxNotFound"
    return None


def _objection_to_schedule(profile: Profile) -> str | None:
    """Return what is wrong with a schedule by itself."""
    starts = [period.start for period in profile.schedule.periods]
    if not starts or starts[0] != 0:
        return "the first period does not start at 0"
    if any(later <= earlier for earlier, later in pairwise(starts)):
        return "periods out of order"
    if profile.kind in {"Absolute", "Recurring"} and profile.schedule.start is None:
        return "startSchedule is missing"
    if profile.kind == "Recurring" and profile.recurrency is None:
        return "recurrencyKind is missing"
    return None


def _conflicts(station: ChargingStation, new: Profile) -> bool:
    """Return whether another profile holds the same place at the same time."""
    return any(
        old.id != new.id
        and (old.purpose, old.stack, old.evse_id)
        == (new.purpose, new.stack, new.evse_id)
        and (new.purpose != TX or old.transaction_id == new.transaction_id)
        and (
            old.valid_to is None
            or new.valid_from is None
            or old.valid_to > new.valid_from
        )
        and (
            new.valid_to is None
            or old.valid_from is None
            or new.valid_to > old.valid_from
        )
        for old in station.profiles
    )


def composite(
    station: ChargingStation, evse_id: int, duration: float, unit: str
) -> tuple[datetime, list[Json]]:
    """Return start and periods of what an EVSE, or with 0 the station, will do."""
    start = station.clock.now().replace(microsecond=0)
    end = start + timedelta(seconds=max(duration, 1))
    sessions = _sessions(station, evse_id, start)
    edges = {
        edge
        for session in sessions
        for edge in station.profiles.edges(start, end, session)
    }
    periods: list[Json] = []
    for edge in sorted({start, *edges}):
        limit = _total(station, edge, sessions, whole=evse_id == 0)
        period = _period((edge - start).total_seconds(), limit, unit)
        if not periods or {**period, "startPeriod": 0} != {
            **periods[-1],
            "startPeriod": 0,
        }:
            periods.append(period)
    return start, periods


def _sessions(station: ChargingStation, evse_id: int, start: datetime) -> list[Session]:
    """Return the sessions that a composite schedule is about."""
    evses = station.evses if evse_id == 0 else [station.evse(evse_id)]
    return [
        Session(
            evse.id,
            evse.transaction.started if evse.transaction else start,
            evse.transaction.key if evse.transaction else None,
            evse.transaction.priority if evse.transaction else False,
        )
        for evse in evses
    ]


def _total(
    station: ChargingStation, when: datetime, sessions: list[Session], *, whole: bool
) -> Limit:
    """Return the limit of one EVSE, or the sum over all."""
    store = station.profiles
    limits = []
    for session in sessions:
        evse = station.evse(session.evse_id)
        own = Limit(evse.max_current_a, phases=evse.phases)
        limits.append(own.lower(store.evse_limit(when, session)))
    total = limits[0]
    if whole:
        total = Limit(
            sum(limit.amps for limit in limits),
            sum(limit.watts for limit in limits),
            phases=max(limit.phases for limit in limits),
        )
    return total.lower(store.station_limit(when))


def _period(start: float, limit: Limit, unit: str) -> Json:
    """Return a period of a composite schedule."""
    value = limit.amps if unit == "A" else limit.watts
    return {
        "startPeriod": int(start),
        "limit": round(value, 1),
        "numberPhases": limit.phases,
    }


def stamped(when: datetime) -> str:
    """Write the start of a composite schedule."""
    return stamp(when) or ""
