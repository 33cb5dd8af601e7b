"""Who may charge: local list, cache, and asking the central system."""

from datetime import datetime
from typing import TYPE_CHECKING

from .evse import Token
from .frames import Json, SimulatorError
from .times import parse

if TYPE_CHECKING:
    from .station import ChargingStation


class Authorizer:
    """Decides about tokens for a station."""

    def __init__(self, station: ChargingStation) -> None:
        """Start without list and cache."""
        self.station = station
        self.list_version = 0
        self.local_list: dict[str, Json] = {}
        self.cache: set[str] = set()

    async def authorize(self, token: Token) -> bool:
        """Return whether a token may charge, asking only if need be."""
        dialect = self.station.dialect
        online = self.station.registered
        local = self._locally(token)
        if local is not None and dialect.flag(
            "local_preauthorize" if online else "local_offline"
        ):
            return local
        if not online:
            return dialect.flag("offline_unknown")
        action, payload = dialect.authorize(token)
        try:
            accepted = dialect.authorized(await self.station.send(action, payload))
        except SimulatorError, TimeoutError:
            return False
        if accepted and dialect.flag("cache"):
            self.cache.add(token.id)
        return accepted

    def _locally(self, token: Token) -> bool | None:
        """Return what list and cache say; None when they say nothing."""
        info = (
            self.local_list.get(token.id) if self.station.dialect.flag("list") else None
        )
        if info is not None:
            return info.get("status") == "Accepted" and not _expired(
                info, self.station.clock.now()
            )
        return True if token.id in self.cache else None

    def update(
        self, version: int, entries: dict[str, Json | None], *, full: bool
    ) -> str:
        """Take a local list or a difference; return the status to answer with."""
        if not full and version <= self.list_version:
            return "VersionMismatch"
        if full:
            self.local_list.clear()
        for token, info in entries.items():
            if info is None:
                self.local_list.pop(token, None)
            else:
                self.local_list[token] = info
        self.list_version = version
        return "Accepted"


def _expired(info: Json, now: datetime) -> bool:
    """Return whether an entry of the list is out of date."""
    expiry = info.get("expiryDate") or info.get("cacheExpiryDateTime")
    return bool(expiry) and now >= parse(str(expiry))
