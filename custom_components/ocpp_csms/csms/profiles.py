"""Charging profiles of the user's own making, checked before they are sent."""

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from .dialects import Setting
from .errors import InvalidRequestError
from .limits import OWN_PROFILE_IDS, own_profile_id, told_units, top_stack_level
from .model.profile import ChargingProfile, Kind, Purpose

if TYPE_CHECKING:
    from .station import Station


_LAST_YEAR = 2038


def check_profile(station: Station, evse_id: int, profile: ChargingProfile) -> None:
    """Raise InvalidRequestError for a profile that the station can't be expected to keep."""
    if profile.id in OWN_PROFILE_IDS:
        raise InvalidRequestError("profile_id_reserved", id=profile.id)
    _check_periods(profile)
    _check_kind(profile)
    _check_times(profile)
    _check_abilities(station, profile)
    _check_own_limit(station, evse_id, profile)
    if profile.purpose is Purpose.STATION_MAX and evse_id != 0:
        raise InvalidRequestError("station_max_is_for_station")


def _check_periods(profile: ChargingProfile) -> None:
    periods = profile.schedule.periods
    if not periods:
        raise InvalidRequestError("periods_missing")
    if periods[0].start_s != 0:
        raise InvalidRequestError("first_period_at_zero")
    starts = [period.start_s for period in periods]
    if any(second <= first for first, second in pairwise(starts)):
        raise InvalidRequestError("periods_not_in_order")
    negative = [
        period.limit
        for period in periods
        if period.limit is not None and period.limit < 0
    ]
    if negative:
        raise InvalidRequestError("limit_negative", limit=min(negative))


def _check_kind(profile: ChargingProfile) -> None:
    recurring = profile.kind is Kind.RECURRING
    if recurring != (profile.recurrency is not None):
        raise InvalidRequestError(
            "recurrency_needed" if recurring else "recurrency_not_wanted"
        )
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:
        raise InvalidRequestError("station_max_not_relative")
    valid_from, valid_to = profile.valid_from, profile.valid_to
    if valid_from and valid_to and valid_to <= valid_from:
        raise InvalidRequestError("validity_empty")


def _check_times(profile: ChargingProfile) -> None:
    """Refuse times at which the clocks of embedded stations overflow."""
    start, duration_s = profile.schedule.start, profile.schedule.duration_s
    times = [start, profile.valid_from, profile.valid_to]
    too_far = any(time is not None and time.year >= _LAST_YEAR for time in times)
    if not too_far and start is not None and duration_s is not None:
        too_far = (start + timedelta(seconds=duration_s)).year >= _LAST_YEAR
    if too_far:
        raise InvalidRequestError("time_too_far", year=_LAST_YEAR)


def _check_abilities(station: Station, profile: ChargingProfile) -> None:
    """Compare with what the station's own variables say; what they don't say is allowed."""
    most = station.number(Setting.PROFILE_PERIODS)
    count = len(profile.schedule.periods)
    if most and count > most:
        raise InvalidRequestError("too_many_periods", count=count, maximum=most)
    top = station.number(Setting.PROFILE_STACK_LEVEL)
    if top and profile.stack_level > top:
        raise InvalidRequestError(
            "stack_level_too_high", level=profile.stack_level, maximum=top
        )
    units = told_units(station)
    if units and profile.schedule.unit not in units:
        raise InvalidRequestError("unit_not_supported", unit=profile.schedule.unit)


def _check_own_limit(station: Station, evse_id: int, profile: ChargingProfile) -> None:
    """Refuse a profile that would replace, or overrule, a limit or a pause."""
    if profile.purpose is Purpose.STATION_MAX:
        return
    if profile.stack_level < top_stack_level(station):
        return
    for evse in station.evses.values():
        if evse_id in (0, evse.id) and evse.wish.effective_a is not None:
            own = own_profile_id(evse)
            raise InvalidRequestError(
                "stack_level_taken", level=profile.stack_level, id=own
            )
