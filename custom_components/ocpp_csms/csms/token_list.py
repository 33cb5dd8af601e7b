"""The tokens that a station keeps itself: its local list and its cache, kept in step.

The list lets those in whom the central system would let in, also while the station is
offline. It is written only when it differs from what was written last.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import TYPE_CHECKING

from .authorization import Holder, StartPolicy
from .configuration import write_variable
from .dialects import Setting
from .errors import CommandNotSupportedError, CommandRejectedError, Skipped
from .model.commands import (
    ClearCache,
    GetLocalListVersion,
    LocalListEntry,
    SendLocalList,
)

if TYPE_CHECKING:
    from .station import Station

_AT_ONCE = 20
"""How many entries go into a message where the station does not say how many may."""
_MOST_VERSION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class WrittenList:
    """What a station was told last: the version of its list, and digests.

    `listed` is that of the list, `heeded` that of all that is said of tokens.
    """

    version: int = 0
    listed: str = ""
    heeded: str = ""


async def update_tokens(station: Station) -> str:
    """Write the local list if it is not what it should be, and clear the cache if it may lie."""
    known = tuple(_known_entries(station))
    if not known and not station.written_list.heeded:
        raise Skipped("nobody holds a token")
    done = [await _update_list(station, known), await _update_cache(station, known)]
    if not any(done):
        raise Skipped("in step")
    return ", ".join(what for what in done if what)


async def _update_list(station: Station, known: tuple[LocalListEntry, ...]) -> str:
    entries = known if _is_listed(station) else ()
    listed, written = _digest(entries), station.written_list
    if station.setting(Setting.LOCAL_LIST_ENABLED) is None:
        return ""
    if not listed and not written.listed:
        return ""
    version = await station.execute(GetLocalListVersion())
    if version < 0 or (version, listed) == (written.version, written.listed):
        return ""
    await _enable(station)
    version = await _write(station, entries, max(version, written.version))
    station.written_list = replace(written, version=version, listed=listed)
    return f"{len(entries)} tokens written"


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
    taken for the whole.
    """
    at_once = max(1, station.number(Setting.LOCAL_LIST_AT_ONCE) or _AT_ONCE)
    parts = [entries[i : i + at_once] for i in range(0, len(entries), at_once)] or [()]
    version %= _MOST_VERSION - len(parts)
    for number, part in enumerate(parts):
        version += 1
        try:
            await station.execute(
                SendLocalList(version=version, entries=part, full=number == 0)
            )
        except CommandRejectedError as error:
            if error.status == "NotSupported":
                raise CommandNotSupportedError("SendLocalList") from error
            raise
    return version
