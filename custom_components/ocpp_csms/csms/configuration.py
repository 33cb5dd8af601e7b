"""Reading and setting a station's configuration, carefully: read all, write what differs."""

from collections.abc import Iterable
from dataclasses import replace
import logging
import math
from typing import TYPE_CHECKING

from .changes import StationKey
from .dialects import Setting
from .errors import (
    CallError,
    CallTimeoutError,
    CommandRejectedError,
    CsmsError,
    Skipped,
)
from .evse import MAX_EVSES
from .model.commands import GetBaseReport, GetVariables, SetVariables
from .model.variable import Variable, VariableRef, VariableResult

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

MIN_INTERVAL_S = 1
_MOST_CONNECTORS = 16
"""A station that claims more has told an uninitialised number."""


async def read_configuration(station: Station) -> str:
    """Read the whole configuration once."""
    if station.dialect.reports_inventory:
        await _read_inventory(station)
    else:
        await _read_keys(station)
    station.mark(StationKey.CONFIGURATION)
    _learn_evses(station)
    return f"{len(station.state.variables)} variables"


async def _read_inventory(station: Station) -> None:
    """Read all that a 2.x station reports; one that reports nothing gets asked singly.

    Where pages stay away, that is done too, and the step fails, so that it is tried again.
    """
    request_id = station.inventory.expect()
    try:
        await station.execute(GetBaseReport(request_id))
    except CsmsError as error:
        station.inventory.forget()
        if not isinstance(error, CallError | CommandRejectedError):
            raise
        _LOGGER.info("%s reports no inventory: %s", station.identity, error)
        await _read_settings(station)
        return
    try:
        variables = await station.inventory.complete()
    except CallTimeoutError:
        await _read_settings(station)
        raise
    station.state.variables = {variable.ref: variable for variable in variables}


async def _read_keys(station: Station) -> None:
    """Read 1.6 keys at once; a station that can't gets asked singly."""
    results: tuple[VariableResult, ...] = ()
    if not station.quirks.one_key_per_get:
        results = await station.execute(GetVariables())
    if results:
        remember(station, results)
    else:
        await _read_settings(station)


async def _read_settings(station: Station) -> None:
    """Read those variables that matter, one by one."""
    for ref in station.dialect.settings.values():
        remember(station, await station.execute(GetVariables((ref,))))


def remember(station: Station, results: Iterable[VariableResult]) -> None:
    """Keep what was read; 2.x does not say with a value whether it can be changed."""
    variables = station.state.variables
    for result in results:
        if not result.accepted:
            continue
        known = variables.get(result.ref)
        if known is not None and result.readonly is None:
            variables[result.ref] = replace(known, value=result.value)
        else:
            variables[result.ref] = Variable(
                result.ref, result.value, bool(result.readonly)
            )


def remember_written(station: Station, results: Iterable[VariableResult]) -> None:
    """Keep what was written to variables that are known."""
    variables = station.state.variables
    for result in results:
        known = variables.get(result.ref)
        if known is not None and result.accepted:
            variables[result.ref] = replace(known, value=result.value)


def _learn_evses(station: Station) -> None:
    """Let EVSEs exist that the configuration names, before anything is heard of them."""
    if station.dialect.reports_inventory:
        ids = {
            ref.evse_id
            for ref in station.state.variables
            if ref.evse_id is not None
            and 0 < ref.evse_id <= MAX_EVSES
            and ref.component in ("EVSE", "Connector")
        }
        for evse_id in sorted(ids):
            station.evse(evse_id)
        return
    count = station.number(Setting.CONNECTOR_COUNT)
    if count is None or station.quirks.ignore_connector_count:
        return
    if count <= _MOST_CONNECTORS:
        for evse_id in range(1, count + 1):
            station.evse(evse_id)


async def set_measurands(station: Station) -> str:
    """Have the wanted measurands sampled, as far as the station takes them."""
    wanted = station.config.measurands
    if not wanted:
        raise Skipped("left to the station")
    ref = station.dialect.settings[Setting.SAMPLED_MEASURANDS]
    variable = _writable(station, ref)
    chosen = _supported(station, wanted, variable)[: _most_measurands(station)]
    has = _names(variable.value or "")
    if not set(chosen) - has or (chosen, has) == station.measurands_taken:
        raise Skipped("set already")
    taken = await _write_measurands(station, ref, chosen)
    station.measurands_taken = (chosen, _names(",".join(taken) or variable.value or ""))
    return ",".join(taken) or "none was taken"


async def _write_measurands(
    station: Station, ref: VariableRef, chosen: tuple[str, ...]
) -> tuple[str, ...]:
    """Write all, or, where that is refused, one more at a time; return what was taken."""
    if await write_variable(station, ref, ",".join(chosen)):
        return chosen
    taken: tuple[str, ...] = ()
    for name in chosen:
        if await write_variable(station, ref, ",".join((*taken, name))):
            taken = (*taken, name)
    return taken


def _most_measurands(station: Station) -> int | None:
    """Return how many measurands the station samples at once, None if it does not tell."""
    told = station.number(Setting.SAMPLED_MAXIMUM)
    limits = [most for most in (told, station.quirks.max_measurands) if most]
    return min(limits, default=None)


def _reboot_note(status: str) -> str:
    return " (after a restart of the station)" if status == "RebootRequired" else ""


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _supported(
    station: Station, wanted: tuple[str, ...], variable: Variable
) -> tuple[str, ...]:
    """Return the wanted measurands that the station lists as possible, if it lists any."""
    known = station.quirks.measurands
    return tuple(
        name
        for name in wanted
        if (not variable.choices or name in variable.choices)
        and (known is None or name in known)
    )


def _writable(station: Station, ref: VariableRef) -> Variable:
    variable = station.state.variables.get(ref)
    if variable is None:
        raise Skipped(f"the station does not know {ref}")
    if variable.readonly or ref.name in station.quirks.readonly:
        raise Skipped(f"{ref} can't be changed")
    return variable


async def write_variable(station: Station, ref: VariableRef, value: str) -> str:
    """Write a variable; return the station's word if it was taken, else nothing."""
    try:
        results = await station.execute(SetVariables(((ref, value),)))
    except CallError, CommandRejectedError:
        return ""
    result = next(iter(results), None)
    if result is None or not result.accepted:
        return ""
    remember_written(station, results)
    return result.status


async def set_intervals(station: Station) -> str:
    """Have samples taken in the wanted intervals."""
    config = station.config
    sample = config.sample_interval_s
    if sample and station.quirks.min_sample_interval_s:
        sample = max(sample, station.quirks.min_sample_interval_s)
    wanted = {
        Setting.SAMPLE_INTERVAL: sample,
        Setting.ALIGNED_INTERVAL: config.aligned_interval_s,
    }
    told: list[str] = []
    for setting, seconds in wanted.items():
        if seconds < MIN_INTERVAL_S:
            continue
        told.append(await _set_interval(station, setting, seconds))
    told = [text for text in told if text]
    if not told:
        raise Skipped("nothing to change")
    return ", ".join(told)


async def _set_interval(station: Station, setting: Setting, seconds: int) -> str:
    ref = station.dialect.settings[setting]
    try:
        variable = _writable(station, ref)
    except Skipped:
        return ""
    if _same_number(variable.value, seconds):
        return ""
    status = await write_variable(station, ref, str(seconds))
    if not status:
        return f"{ref.name} was refused"
    return f"{ref.name}={seconds}{_reboot_note(status)}"


def _same_number(text: str | None, number: float) -> bool:
    try:
        return text is not None and math.isclose(float(text), number)
    except ValueError:
        return False
