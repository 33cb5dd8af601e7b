"""The tokens that a station keeps itself: its local list and its cache, kept in step.

The list lets those in whom the central system would let in, also while the station is
offline. It is written only when it differs from what was written last.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2s
import json
import logging
from typing import TYPE_CHECKING

from .authorization import Holder, StartPolicy
from .configuration import write_variable
from .dialects import Setting
from .errors import CallError, CommandNotSupportedError, CommandRejectedError, Skipped
from .model.commands import (
    ClearCache,
    GetLocalListVersion,
    LocalListEntry,
    SendLocalList,
)
from .model.id_token import IdTokenStatus
from .model.version import OcppVersion

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

_AT_ONCE = 20
"""How many entries go into a message where the station does not say how many may."""
_MOST_VERSION = 2**31 - 1
_NOT_SUPPORTED = frozenset({"NotSupported", "NotImplemented"})


@dataclass(frozen=True, slots=True)
class WrittenList:
    """What a station was told last: the version of its list, and digests.

    `listed` is that of the list, `heeded` that of all that is said of tokens. `refused` says
    that it takes no list, which is not asked again before it boots.
    """

    version: int = 0
    listed: str = ""
    heeded: str = ""
    refused: bool = False


async def update_tokens(station: Station) -> str:
    """Write the local list if it is not what it should be, and clear the cache if it may lie."""
    known = tuple(_known_entries(station))
    if not known and not station.written_list.heeded:
        raise Skipped("nobody holds a token")
    try:
        listed = await _update_list(station, known)
    except CallError, CommandRejectedError, CommandNotSupportedError:
        # A list that is refused must not keep a blocked card in the cache.
        await _update_cache(station, known)
        raise
    done = [listed, await _update_cache(station, known)]
    if not any(done):
        refused = station.written_list.refused
        raise Skipped("the list was refused" if refused else "in step")
    return ", ".join(what for what in done if what)


async def _update_list(station: Station, known: tuple[LocalListEntry, ...]) -> str:
    wanted = known if _is_listed(station) else ()
    entries = _fitting(wanted, _most_entries(station))
    listed, written = _digest(entries), station.written_list
    if station.setting(Setting.LOCAL_LIST_ENABLED) is None or written.refused:
        return ""
    if not listed and not written.listed:
        return ""
    try:
        version = await station.execute(GetLocalListVersion())
        if version < 0 or (version, listed) == (written.version, written.listed):
            return ""
        await _enable(station)
        version = await _write(station, entries, max(version, written.version))
    except (CallError, CommandRejectedError) as error:
        if not _is_not_supported(error):
            raise
        station.written_list = replace(written, refused=True)
        raise CommandNotSupportedError("SendLocalList") from error
    station.written_list = replace(written, version=version, listed=listed)
    return _told(station, len(entries), len(wanted))


def _told(station: Station, count: int, wanted: int) -> str:
    """Return what was written; warn where not all have found room."""
    if count == wanted:
        return f"{count} tokens written"
    told = f"{count} of {wanted} tokens written, as the list holds no more"
    _LOGGER.warning(
        "%s: %s; while it is offline it does not know the others",
        station.identity,
        told,
    )
    return told


def _is_not_supported(error: CallError | CommandRejectedError) -> bool:
    word = error.code if isinstance(error, CallError) else error.status
    return word in _NOT_SUPPORTED


def _most_entries(station: Station) -> int | None:
    """Return how many entries the list holds: 2.x tells it as the limit of their number."""
    variable = station.variable(Setting.LOCAL_LIST_LENGTH)
    if variable is None or station.version is OcppVersion.V16:
        return station.number(Setting.LOCAL_LIST_LENGTH)
    limit = variable.limit
    return None if limit is None or limit < 0 else int(limit)


def _fitting(
    entries: tuple[LocalListEntry, ...], most: int | None
) -> tuple[LocalListEntry, ...]:
    """Return as many entries as a list holds: those first that are let charge."""
    if most is None or len(entries) <= most:
        return entries
    by_use = sorted(
        entries, key=lambda entry: entry.info.status is not IdTokenStatus.ACCEPTED
    )
    return tuple(by_use[:most])


async def _update_cache(station: Station, known: tuple[LocalListEntry, ...]) -> str:
    heeded, written = _digest(known), station.written_list
    if heeded == written.heeded:
        return ""
    cached = station.setting(Setting.CACHE_ENABLED) is not None
    if cached:
        await station.execute(ClearCache())
    station.written_list = replace(written, heeded=heeded)
    return "cache cleared" if cached else ""


def _is_listed(station: Station) -> bool:
    """Return whether tokens go into the list.

    Not where an automation decides: a station that knows a token does not ask.
    """
    config = station.config
    return config.local_list and config.start is not StartPolicy.AUTOMATION


def _known_entries(station: Station) -> Iterator[LocalListEntry]:
    """Yield what is said of each token that somebody holds."""
    for holder in station.authorizer.holders:
        yield from _entries(holder, station)


def _entries(holder: Holder, station: Station) -> Iterator[LocalListEntry]:
    info = holder.info_at(station.identity, station.clock())
    most = station.dialect.max_token_length
    for token in sorted(holder.tokens, key=lambda token: token.value):
        if len(token.value) <= most:
            yield LocalListEntry(token, info)


def _digest(entries: tuple[LocalListEntry, ...]) -> str:
    """Return what tells one list from another; nothing for an empty one."""
    text = repr(sorted(repr(entry) for entry in entries))
    return blake2s(text.encode(), digest_size=8).hexdigest() if entries else ""


async def _enable(station: Station) -> None:
    """Have the station use its list, which is off in some as they come."""
    ref = station.dialect.settings[Setting.LOCAL_LIST_ENABLED]
    variable = station.state.variables[ref]
    if (variable.value or "").lower() != "true" and not variable.readonly:
        await write_variable(station, ref, "true")


async def _write(
    station: Station, entries: tuple[LocalListEntry, ...], version: int
) -> int:
    """Write a whole list in as many messages as it takes, and return its version.

    Versions rise with each message, so that a list of which a part is missing is not
    taken for the whole. Where somebody else has written meanwhile it is begun again, once.
    """
    parts = _parts(station, entries)
    for further in (True, False):
        version %= _MOST_VERSION - len(parts)
        try:
            for number, part in enumerate(parts):
                version += 1
                full = number == 0
                command = SendLocalList(version=version, entries=part, full=full)
                await station.execute(command)
        except CommandRejectedError as error:
            if error.status != "VersionMismatch" or not further:
                raise
            version = max(version, await station.execute(GetLocalListVersion()))
        else:
            break
    return version


def _parts(
    station: Station, entries: tuple[LocalListEntry, ...]
) -> list[tuple[LocalListEntry, ...]]:
    """Return the entries of each message, as many as it may hold; one message at least."""
    at_once = max(1, station.number(Setting.LOCAL_LIST_AT_ONCE) or _AT_ONCE)
    room = station.number(Setting.LOCAL_LIST_BYTES) or _MOST_VERSION
    parts: list[list[LocalListEntry]] = [[]]
    used = 0
    for entry in entries:
        length = _length(station, (entry,))
        if parts[-1] and (len(parts[-1]) >= at_once or used + length > room):
            parts.append([])
            used = 0
        parts[-1].append(entry)
        used += length
    return [tuple(part) for part in parts]


def _length(station: Station, entries: tuple[LocalListEntry, ...]) -> int:
    """Return how long a message with entries is, at most, in bytes."""
    command = SendLocalList(version=0, entries=entries)
    _, payload = station.dialect.encode(command)
    return len(json.dumps(payload, ensure_ascii=False).encode())
