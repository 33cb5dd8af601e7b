"""Actions with the sessions of the past: they ask the journal, no charger."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_dumps
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from .action_target import action_targets, check_admin
from .const import DOMAIN
from .csms.journal.corrections import Author, Correction, CorrectionError
from .csms.journal.errors import JournalError
from .csms.journal.journal import Journal
from .csms.journal.session import Session
from .csms.model.id_token import token_key
from .downloads import async_offer
from .journal import async_current, async_session_changed
from .ocpi import House, cdrs
from .report import Heading, report
from .session_table import Place, change_data, session_csv, session_data, session_totals

_A_MONTH = timedelta(days=31)
_FIRST = datetime(2000, 1, 1, tzinfo=dt_util.UTC)
_LAST_YEAR = 9000
_CSV, _CSV_COMMA, _JSON, _OCPI = "csv", "csv_decimal_comma", "json", "ocpi"
_CONTENT_TYPES = {
    _CSV: ("sessions.csv", "text/csv"),
    _CSV_COMMA: ("sessions.csv", "text/csv"),
    _JSON: ("sessions.json", "application/json"),
    _OCPI: ("cdrs.json", "application/json"),
}
_GROUPS = ("station", "holder", "month")


def _moment(value: Any) -> datetime:
    """Return a time that a session can have had. Raises Invalid."""
    time = cv.datetime(value)
    if not _FIRST.year <= time.year < _LAST_YEAR:
        raise probatio.Invalid(f"{time.year} is no year of a session")
    return time


_RECORD = probatio.All(probatio.Coerce(int), probatio.Range(min=1, max=2**63 - 1))
_FILTER: dict[Any, Any] = {
    probatio.Optional("begin"): _moment,
    probatio.Optional("end"): _moment,
    probatio.Optional(ATTR_DEVICE_ID): probatio.All(
        probatio.EnsureList(), probatio.Length(min=1), [cv.string]
    ),
    probatio.Optional("id_token"): cv.string,
    probatio.Optional("holder"): cv.string,
}
GET_SESSIONS_FIELDS = _FILTER
EXPORT_SESSIONS_FIELDS = _FILTER | {
    probatio.Optional("path"): cv.string,
    probatio.Optional("format", default=_CSV): probatio.In(list(_CONTENT_TYPES)),
}
GET_SESSION_TOTALS_FIELDS = _FILTER | {
    probatio.Optional("group_by", default=lambda: list(_GROUPS)): probatio.All(
        probatio.EnsureList(), probatio.Length(min=1), [probatio.In(_GROUPS)]
    ),
}
CREATE_REPORT_FIELDS: dict[Any, Any] = {
    probatio.Optional("month"): probatio.Match(r"^20\d{2}-(0[1-9]|1[0-2])$"),
    probatio.Optional("holder"): cv.string,
    probatio.Optional(ATTR_DEVICE_ID): _FILTER[ATTR_DEVICE_ID],
    probatio.Optional("path"): cv.string,
}

_SESSION_IDS = probatio.All(probatio.EnsureList(), probatio.Length(min=1), [_RECORD])
DELETE_SESSIONS_FIELDS: dict[Any, Any] = {
    probatio.Required("sessions"): _SESSION_IDS,
    probatio.Required("reason"): probatio.All(cv.string, probatio.Length(min=1)),
}
CORRECT_SESSION_FIELDS: dict[Any, Any] = {
    probatio.Required("session"): _RECORD,
    probatio.Required("reason"): probatio.All(cv.string, probatio.Length(min=1)),
    probatio.Optional("energy"): probatio.Coerce(float),
    probatio.Optional("cost"): probatio.Coerce(float),
    probatio.Optional("id_token"): cv.string,
    probatio.Optional("holder"): cv.string,
    probatio.Optional("vehicle"): cv.string,
    probatio.Optional("started_at"): _moment,
    probatio.Optional("ended_at"): _moment,
}

type Action = Callable[[HomeAssistant, ServiceCall], Awaitable[ServiceResponse]]


@callback
def async_setup_session_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, (fields, action, response) in SESSION_ACTIONS.items():
        _register(hass, name, fields, action, response)


def _register(
    hass: HomeAssistant,
    name: str,
    fields: dict[Any, Any],
    action: Action,
    response: SupportsResponse,
) -> None:
    async def handle(call: ServiceCall) -> ServiceResponse:
        return await action(hass, call)

    hass.services.async_register(
        DOMAIN,
        name,
        handle,
        schema=probatio.Schema(fields),
        supports_response=response,
    )


async def _get_sessions(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    place = _place(hass)
    sessions = await _sessions(hass, call)
    return {"sessions": [session_data(session, place) for session in sessions]}


async def _export_sessions(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    kind = call.data["format"]
    path = _allowed_path(hass, call)
    sessions, place = await _sessions(hass, call), _place(hass)
    told_of = len(sessions)
    match kind:
        case "ocpi":
            records = cdrs(sessions, place, _house(hass), dt_util.utcnow())
            text, told_of = json_dumps(records), len(records)
        case "json":
            text = json_dumps([session_data(session, place) for session in sessions])
        case _:
            text = session_csv(sessions, place, decimal_comma=kind == _CSV_COMMA)
    # Spreadsheets know UTF-8 by its mark.
    marked = kind in (_CSV, _CSV_COMMA)
    content = text.encode("utf-8-sig" if marked else "utf-8")
    told = await _hand_over(hass, path, *_CONTENT_TYPES[kind], content)
    return {**told, "sessions": told_of}


async def _create_report(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    path = _allowed_path(hass, call)
    begin, end = _month(call.data.get("month"))
    found, place = await _sessions(hass, call, begin, end), _place(hass)
    sessions = [session for session in found if session.ended_at is not None]
    texts = await _report_texts(hass)
    heading = Heading(
        f"{begin.astimezone(place.zone):%Y-%m}",
        hass.config.location_name,
        dt_util.now(),
        hass.config.language,
    )
    page = report(sessions, place, heading, texts)
    name = f"charging-{heading.month}.html"
    told = await _hand_over(hass, path, name, "text/html", page.encode())
    return {**told, "sessions": len(sessions)}


async def _get_session_totals(
    hass: HomeAssistant, call: ServiceCall
) -> ServiceResponse:
    place = _place(hass)
    sessions = await _sessions(hass, call)
    totals: list[JsonValueType] = [
        *session_totals(sessions, place, call.data["group_by"])
    ]
    return {"totals": totals}


async def _report_texts(hass: HomeAssistant) -> dict[str, str]:
    """Return the words of a report in the language of the house."""
    prefix = f"component.{DOMAIN}.common.report_"
    texts = await async_get_translations(hass, hass.config.language, "common", [DOMAIN])
    return {
        key.removeprefix(prefix): text
        for key, text in texts.items()
        if key.startswith(prefix)
    }


def _month(text: str | None) -> tuple[datetime, datetime]:
    """Return begin and end of a month by the clock of the house, of the last one if none is named."""
    now = dt_util.start_of_local_day()
    if text is None:
        end = now.replace(day=1)
        return dt_util.as_utc((end - timedelta(days=1)).replace(day=1)), dt_util.as_utc(
            end
        )
    begin = now.replace(year=int(text[:4]), month=int(text[5:]), day=1)
    return dt_util.as_utc(begin), dt_util.as_utc(
        (begin + timedelta(days=31)).replace(day=1)
    )


def _house(hass: HomeAssistant) -> House:
    config = hass.config
    return House(
        config.location_name, config.country, config.latitude, config.longitude
    )


def _allowed_path(hass: HomeAssistant, call: ServiceCall) -> Path | None:
    """Return where a file is to be written, None where a link is wanted."""
    if "path" not in call.data:
        return None
    path = Path(hass.config.path(call.data["path"]))
    if not hass.config.is_allowed_path(str(path)):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"path": str(path)},
        )
    return path


async def _hand_over(
    hass: HomeAssistant, path: Path | None, name: str, kind: str, content: bytes
) -> dict[str, str]:
    """Write a file, or offer it; return where it is."""
    if path is None:
        return {"url": async_offer(hass, name, kind, content)}
    try:
        await hass.async_add_executor_job(_write, path, content)
    except OSError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="file_not_written",
            translation_placeholders={
                "path": str(path),
                "error": error.strerror or str(error),
            },
        ) from error
    return {"path": str(path)}


async def _delete_sessions(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    author = await _author(hass, call)
    try:
        for record in call.data["sessions"]:
            with _translated():
                changed = await _journal(hass).delete(record, author)
            async_session_changed(hass, changed)
    finally:
        _read_again(hass)
    return None


async def _correct_session(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    author, data = await _author(hass, call), call.data
    holder, holder_id = _holder(hass, data)
    correction = Correction(
        energy_wh=data["energy"] * 1000 if "energy" in data else None,
        cost=data.get("cost"),
        id_token=data.get("id_token"),
        holder=holder,
        holder_id=holder_id,
        vehicle=data.get("vehicle"),
        started_at=_time(data.get("started_at")),
        ended_at=_time(data.get("ended_at")),
    )
    with _translated():
        changed = await _journal(hass).correct(data["session"], correction, author)
    async_session_changed(hass, changed)
    _read_again(hass)
    return None


def _read_again(hass: HomeAssistant) -> None:
    """Show what has been changed."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        entry.runtime_data.book.async_read_all()


def _holder(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> tuple[str | None, str | None]:
    """Return name and id of the holder that a correction names, or whose token it names.

    None of both where it names neither; a name of nobody stands for itself.
    """
    holders = [
        holder
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for holder in entry.runtime_data.server.authorizer.holders
    ]
    if (name := data.get("holder")) is not None:
        same = (h for h in holders if h.name.casefold() == name.strip().casefold())
        known = next(same, None)
        # Whoever is not set up is nobody else either, whose token it may be.
        return (
            (known.name, known.id) if known else (name.strip(), f"name/{name.strip()}")
        )
    if (token := data.get("id_token")) is None:
        return None, None
    keys = {token_key(each.value): h for h in holders for each in h.tokens}
    known = keys.get(token_key(token))
    return (known.name, known.id) if known else ("", "")


async def _get_session_history(
    hass: HomeAssistant, call: ServiceCall
) -> ServiceResponse:
    place = _place(hass)
    with _translated():
        entries = await _journal(hass).history(call.data["session"])
    return {"changes": [change_data(entry, place) for entry in entries]}


async def _author(hass: HomeAssistant, call: ServiceCall) -> Author:
    """Return who changes sessions; that is for administrators, and for automations."""
    await check_admin(hass, call)
    user = None
    if call.context.user_id:
        user = await hass.auth.async_get_user(call.context.user_id)
    return Author(
        at=dt_util.utcnow(), who=user.name if user else None, reason=call.data["reason"]
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the journal refuses into errors in the user's language."""
    try:
        yield
    except CorrectionError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=error.reason,
            translation_placeholders={"session": str(error.record)},
        ) from error
    except JournalError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="sessions_not_readable",
            translation_placeholders={"error": error.detail or str(error.problem)},
        ) from error


def _journal(hass: HomeAssistant) -> Journal:
    journal = async_current(hass)
    if journal is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_journal"
        )
    return journal


def _write(path: Path, content: bytes) -> None:
    """Write a file as a whole."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


async def _sessions(
    hass: HomeAssistant,
    call: ServiceCall,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> list[Session]:
    """Return the sessions that are asked for; without a begin those of the last month."""
    tomorrow = dt_util.utcnow() + timedelta(days=1)
    end = end or _time(call.data.get("end")) or tomorrow
    begin = begin or _time(call.data.get("begin")) or max(end - _A_MONTH, _FIRST)
    places = _chosen(hass, call)
    with _translated():
        sessions = await _journal(hass).sessions(
            begin, end, id_token=call.data.get("id_token")
        )
    place, holder = _place(hass), call.data.get("holder")
    return [
        session
        for session in sessions
        if (places is None or _is_at(session, places.get(session.station, ())))
        and (holder is None or _same_name(holder, place.holder(session)))
    ]


def _same_name(wanted: str, name: str | None) -> bool:
    return name is not None and name.casefold() == wanted.strip().casefold()


def _chosen(
    hass: HomeAssistant, call: ServiceCall
) -> dict[str, list[int | None]] | None:
    """Return the stations that are chosen, with their EVSEs, None for all."""
    if ATTR_DEVICE_ID not in call.data:
        return None
    chosen: dict[str, list[int | None]] = {}
    for target in action_targets(hass, call).values():
        chosen.setdefault(target.station.identity, []).append(target.evse_id)
    return chosen


def _is_at(session: Session, evses: list[int | None] | tuple[()]) -> bool:
    return any(evse_id in (None, session.evse_id) for evse_id in evses)


def _time(time: datetime | None) -> datetime | None:
    """Return a time that the user gave by the clock of the house."""
    return None if time is None else dt_util.as_utc(time)


def _place(hass: HomeAssistant) -> Place:
    names = {
        coordinator.station.identity: coordinator.name
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for coordinator in entry.runtime_data.coordinators.values()
    }
    holders = {
        token_key(token.value): holder.name
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for holder in entry.runtime_data.server.authorizer.holders
        for token in holder.tokens
    }
    zone = dt_util.get_default_time_zone()
    return Place(names, zone, holders, hass.config.currency)


SESSION_ACTIONS: dict[str, tuple[dict[Any, Any], Action, SupportsResponse]] = {
    "get_sessions": (GET_SESSIONS_FIELDS, _get_sessions, SupportsResponse.ONLY),
    "export_sessions": (
        EXPORT_SESSIONS_FIELDS,
        _export_sessions,
        SupportsResponse.OPTIONAL,
    ),
    "get_session_totals": (
        GET_SESSION_TOTALS_FIELDS,
        _get_session_totals,
        SupportsResponse.ONLY,
    ),
    "create_report": (
        CREATE_REPORT_FIELDS,
        _create_report,
        SupportsResponse.ONLY,
    ),
    "delete_sessions": (
        DELETE_SESSIONS_FIELDS,
        _delete_sessions,
        SupportsResponse.NONE,
    ),
    "correct_session": (
        CORRECT_SESSION_FIELDS,
        _correct_session,
        SupportsResponse.NONE,
    ),
    "get_session_history": (
        {probatio.Required("session"): _RECORD},
        _get_session_history,
        SupportsResponse.ONLY,
    ),
}
