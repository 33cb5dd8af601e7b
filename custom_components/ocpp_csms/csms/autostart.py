"""Starting by itself: for stations that wait for the central system when a car is plugged in."""

import logging
from typing import TYPE_CHECKING

from .authorization import StartPolicy
from .control import start_charging
from .errors import CsmsError
from .evse import Evse
from .model.evse import EvseStatus
from .timers import EvseTimers

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

SETTLE_S = 3.0
"""How long a station may take to start by itself what it need not be asked for."""


class Autostart:
    """Starts a transaction once for each car that is plugged in."""

    __slots__ = ("_served", "_station", "_timers")

    def __init__(self, station: Station) -> None:
        """Serve a station."""
        self._station = station
        self._served: set[int] = set()
        """EVSEs whose car has had its start."""
        self._timers = EvseTimers()

    @property
    def _wanted(self) -> bool:
        config = self._station.config
        return config.automatic_start and config.start is StartPolicy.FREE

    def look_at(self, evse: Evse) -> None:
        """Start soon if a car waits at an EVSE; one that is unplugged may be started anew."""
        if evse.status is EvseStatus.AVAILABLE:
            self._served.discard(evse.id)
        if evse.transaction is not None:
            self._served.add(evse.id)
        waits = evse.status is EvseStatus.PREPARING and evse.transaction is None
        if not waits or evse.id in self._served or not self._wanted:
            self._timers.stop(evse.id)
        else:
            self._timers.start(evse.id, SETTLE_S, self._due, evse)

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._timers.stop_all()

    def _due(self, evse: Evse) -> None:
        if self._station.connected:
            self._served.add(evse.id)
            self._station.in_background(self._start(evse))

    async def _start(self, evse: Evse) -> None:
        try:
            await start_charging(self._station, evse.id)
        except CsmsError as error:
            _LOGGER.warning(
                "%s: EVSE %s could not be started: %s",
                self._station.identity,
                evse.id,
                error,
            )
