"""The current that an EVSE may give: how a wish becomes a charging profile.

A limit that the user moves goes to TxDefaultProfile or TxProfile, never to the station's
maximum, which is for the fuse and wears the station's memory.
"""

from collections.abc import Awaitable, Iterator
from contextlib import suppress
from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING

from .changes import EvseKey
from .control import find_evse
from .dialects import Setting
from .errors import (
    CallError,
    CallTimeoutError,
    CommandRejectedError,
    ConnectionLostError,
    CsmsError,
    InvalidRequestError,
    NotConnectedError,
)
from .evse import MAX_EVSES, Evse
from .model.commands import (
    ClearChargingProfile,
    GetCompositeSchedule,
    SetChargingProfile,
)
from .model.meter import CURRENT, LINES, VOLTAGE, Channel
from .model.profile import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from .quirks import ProfileAttempt

if TYPE_CHECKING:
    from .station import Station

NOMINAL_VOLTAGE_V = 230.0
_LEAST_VOLTAGE_V = 90.0
_MOST_VOLTAGE_V = 290.0
_CARRYING_A = 0.5
_PROFILE_IDS = 7000
"""Our profiles of limits have this id plus that of the EVSE."""
OWN_PROFILE_IDS = range(_PROFILE_IDS, _PROFILE_IDS + MAX_EVSES + 1)
"""Ids that no profile of a user's may have."""
_BACKDATE = timedelta(minutes=1)
"""A schedule starts a little before now, whatever the station's clock says."""
_MAX_STACK_LEVEL = 999
_UNITS = {
    "current": RateUnit.AMPERE,
    "a": RateUnit.AMPERE,
    "power": RateUnit.WATT,
    "w": RateUnit.WATT,
}
_LOOK_AHEAD_S = 60
_TOLERANCE = 0.5
"""How far what a station says may be above a limit, by rounding, in its unit."""
_ATTEMPTS = (
    ProfileAttempt(purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE),
    ProfileAttempt(purpose=Purpose.TX_DEFAULT, kind=Kind.RELATIVE),
    ProfileAttempt(purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE, stack_level=0),
    ProfileAttempt(purpose=Purpose.TX, kind=Kind.ABSOLUTE),
    ProfileAttempt(purpose=Purpose.TX, kind=Kind.RELATIVE),
)
"""Ways to send a limit, in the order in which they are tried when one is refused."""


async def set_limit(station: Station, evse_id: int, limit_a: float | None) -> None:
    """Wish for a limit and apply it; None takes ours away. Raises CsmsError if refused.

    The wish is kept when the station is away, and applied when it comes back.
    """
    evse = find_evse(station, evse_id)
    if limit_a is not None:
        limit_a = _snap(station, limit_a)
    await _change(station, evse, limit_a, paused=evse.wish.paused)


async def clear_limit(station: Station, evse_id: int) -> None:
    """Take limit and pause of an EVSE away."""
    await _change(station, find_evse(station, evse_id), None, paused=False)


def restore_limits(station: Station, cleared: ClearChargingProfile) -> None:
    """Apply limits again that a user has cleared together with other profiles."""
    if cleared.profile_id is not None or cleared.purpose is Purpose.STATION_MAX:
        return
    for evse in station.evses.values():
        if cleared.evse_id in (None, evse.id) and evse.wish.effective_a is not None:
            evse.applied_a = None
            station.mark(EvseKey.LIMIT, evse.id)
            station.onboarding.repeat_wishes()
    station.flush()


async def set_paused(station: Station, evse_id: int, *, paused: bool) -> None:
    """Hold charging at 0 A without ending the transaction, or let it go on."""
    evse = find_evse(station, evse_id)
    await _change(station, evse, evse.wish.limit_a, paused=paused)


async def _change(
    station: Station, evse: Evse, limit_a: float | None, *, paused: bool
) -> None:
    """Change a wish; one that the station refuses is taken back."""
    wish = evse.wish
    if not evse.applying.locked():
        evse.settled = (wish.limit_a, wish.paused)
    wish.limit_a, wish.paused = limit_a, paused
    station.mark(EvseKey.WISH, evse.id)
    station.flush()
    if not station.connected:
        return
    try:
        await _apply(station, evse)
    except CallTimeoutError, ConnectionLostError, NotConnectedError:
        station.onboarding.retry_wishes()
        raise
    except CsmsError:
        if (wish.limit_a, wish.paused) == (limit_a, paused):
            wish.limit_a, wish.paused = evse.settled
            await _give_back(station, evse)
        raise
    else:
        evse.settled = (limit_a, paused)
    finally:
        station.mark(EvseKey.WISH, evse.id)
        station.flush()


async def _give_back(station: Station, evse: Evse) -> None:
    """Apply the wish again that held before an attempt, which may have replaced it."""
    if evse.wish.effective_a == evse.applied_a:
        return
    try:
        await _apply(station, evse)
    except CsmsError:
        station.onboarding.repeat_wishes()


def _snap(station: Station, limit_a: float) -> float:
    """Return the highest limit the station can keep that is not above the wish."""
    quirks = station.quirks
    if not isfinite(limit_a) or limit_a < 0:
        raise InvalidRequestError("limit_negative", limit=limit_a)
    if 0 < limit_a < quirks.min_current_a:
        raise InvalidRequestError(
            "limit_too_low", limit=limit_a, minimum=quirks.min_current_a
        )
    steps = [step for step in quirks.current_steps_a if step <= limit_a]
    return max(steps) if steps else limit_a


def due(station: Station) -> Iterator[tuple[str, Awaitable[object]]]:
    """Return the limits that the station does not keep, and what makes it keep them."""
    for evse in tuple(station.evses.values()):
        if evse.wish.effective_a != evse.applied_a:
            yield f"limit of EVSE {evse.id}", _apply(station, evse)


async def _apply(station: Station, evse: Evse) -> None:
    """Bring the station in line with the wish for an EVSE, whatever it is by then."""
    async with evse.applying:
        while True:
            limit_a = evse.wish.effective_a
            await _apply_once(station, evse, limit_a)
            if limit_a == evse.wish.effective_a:
                return


async def _apply_once(station: Station, evse: Evse, limit_a: float | None) -> None:
    if limit_a is None:
        await _clear(station, evse)
    else:
        purpose = await _send(station, evse, limit_a)
        if purpose is None:
            return
        evse.applied_to_transaction = purpose is Purpose.TX
        in_watts = rate_unit(station) is RateUnit.WATT
        evse.applied_lines = count_lines(evse) if in_watts else None
    evse.applied_a = limit_a
    station.mark(EvseKey.LIMIT, evse.id)


async def _clear(station: Station, evse: Evse) -> None:
    """Take our limit away; where that is of no use, raise it to the maximum instead."""
    try:
        done = await station.execute(
            ClearChargingProfile(profile_id=own_profile_id(evse))
        )
    except CallError, CommandRejectedError:
        done = None
    if evse.applied_a is not None and (done is None or done.status == "Unknown"):
        await _send(station, evse, station.config.max_current_a)


async def _send(station: Station, evse: Evse, limit_a: float) -> Purpose | None:
    """Send a limit, first in the way that worked before, then in the others.

    Returns the purpose that was taken; None where the wish has changed meanwhile, or the
    station takes limits only for a transaction and none runs: then the wish waits.
    """
    attempts = station.quirks.profile_attempts or _ATTEMPTS
    order = list(range(len(attempts)))
    if station.profile_attempt in order:
        order.remove(station.profile_attempt)
        order.insert(0, station.profile_attempt)
    refusal: CallError | CommandRejectedError | None = None
    overruled = False
    for index in order:
        if evse.wish.effective_a not in (None, limit_a):
            return None
        if attempts[index].purpose is Purpose.TX and evse.transaction is None:
            continue
        profile = build_limit(station, evse, limit_a, attempts[index])
        try:
            await station.execute(SetChargingProfile(evse.id, profile))
        except (CallError, CommandRejectedError) as error:
            refusal = refusal or error
            continue
        if not await _holds(station, evse, profile):
            overruled = True
            await _withdraw(station, evse)
            continue
        station.profile_attempt = index
        return profile.purpose
    if overruled:
        raise InvalidRequestError("limit_overruled")
    if refusal is not None:
        raise refusal
    return None


async def _withdraw(station: Station, evse: Evse) -> None:
    """Remove a profile that came to nothing, and that may have replaced one of ours."""
    evse.applied_a = None
    station.mark(EvseKey.LIMIT, evse.id)
    with suppress(CallError, CommandRejectedError):
        await station.execute(ClearChargingProfile(profile_id=own_profile_id(evse)))


async def _holds(station: Station, evse: Evse, profile: ChargingProfile) -> bool:
    """Return whether an accepted limit holds, or is overruled by a higher stack level.

    Asked only where that can be; a station that does not answer is believed.
    """
    if profile.stack_level >= top_stack_level(station):
        return True
    unit = profile.schedule.unit
    try:
        composite = await station.execute(
            GetCompositeSchedule(evse.id, _LOOK_AHEAD_S, unit)
        )
    except CallError, CallTimeoutError, CommandRejectedError:
        return True
    limit = profile.schedule.periods[0].limit
    told = composite.periods[0].limit if composite.periods else None
    if composite.unit is not unit or told is None or limit is None:
        return True
    return told <= limit + _TOLERANCE


def build_limit(
    station: Station, evse: Evse, limit_a: float, attempt: ProfileAttempt
) -> ChargingProfile:
    """Return the profile that holds an EVSE at a limit."""
    purpose = attempt.purpose or Purpose.TX_DEFAULT
    kind = attempt.kind or Kind.ABSOLUTE
    unit = attempt.unit or rate_unit(station)
    level = attempt.stack_level
    transaction = evse.transaction
    limit = limit_a if unit is RateUnit.AMPERE else to_watts(evse, limit_a)
    return ChargingProfile(
        id=own_profile_id(evse),
        stack_level=top_stack_level(station) if level is None else level,
        purpose=purpose,
        kind=kind,
        transaction_id=(
            (transaction.station_id or transaction.id)
            if purpose is Purpose.TX and transaction
            else None
        ),
        schedule=Schedule(
            unit=unit,
            start=station.clock() - _BACKDATE if kind is Kind.ABSOLUTE else None,
            periods=(Period(0, round(limit, 1)),),
        ),
    )


def rate_unit(station: Station) -> RateUnit:
    """Return the unit that the station takes; amperes unless it takes only watts."""
    units = told_units(station)
    return RateUnit.WATT if units == {RateUnit.WATT} else RateUnit.AMPERE


def told_units(station: Station) -> set[RateUnit]:
    """Return the units that the station says it takes, in the words of any firmware."""
    words = (station.setting(Setting.PROFILE_UNITS) or "").lower().split(",")
    return {_UNITS[word.strip()] for word in words if word.strip() in _UNITS}


def top_stack_level(station: Station) -> int:
    """Return the highest stack level that the station knows, 0 if it does not tell."""
    return min(station.number(Setting.PROFILE_STACK_LEVEL) or 0, _MAX_STACK_LEVEL)


def own_profile_id(evse: Evse) -> int:
    """Return the id of the profile that holds the limit of an EVSE."""
    return _PROFILE_IDS + evse.id


def user_stack_level(station: Station) -> int:
    """Return the highest stack level below the one that limit and pause need."""
    return max(0, top_stack_level(station) - 1)


def to_watts(evse: Evse, limit_a: float) -> float:
    """Return a current as power, by measured voltage and the phases that are known.

    The phases are those that carry current, or, while none does, those that the meter
    knows; with nothing known one is assumed: too little rather than too much.
    """
    volts = evse.meter.value(VOLTAGE) or NOMINAL_VOLTAGE_V
    if not _LEAST_VOLTAGE_V <= volts <= _MOST_VOLTAGE_V:
        volts = NOMINAL_VOLTAGE_V
    return limit_a * volts * count_lines(evse)


def count_lines(evse: Evse) -> int:
    """Return on how many phases a car charges, as far as it can be known."""
    currents = [
        reading.value
        for line in LINES
        if (reading := evse.meter.readings.get(Channel(CURRENT.measurand, line)))
    ]
    carrying = sum(current > _CARRYING_A for current in currents)
    return carrying or len(currents) or 1
