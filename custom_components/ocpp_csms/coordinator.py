"""One station's push: which entities a change concerns."""

from collections import deque
from collections.abc import Callable, Iterable
import logging
from typing import TYPE_CHECKING

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .csms.changes import Change, StationKey
from .csms.model.meter import Channel
from .csms.occurrences import Occurrence
from .csms.station import Station

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

_FIRST_S = 2.0
"""How long the entities of a new EVSE may take to come to be."""

type Discoverer = Callable[[int, Channel | None], None]
"""Adds the entities of an EVSE, or of one of its channels."""


class StationCoordinator:
    """Stands between one station and its entities."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        subentry_id: str,
        station: Station,
    ) -> None:
        """Register the device of a station and listen to it."""
        self.hass = hass
        self.entry = entry
        self.subentry_id = subentry_id
        self.station = station
        self._listeners: dict[Change, list[CALLBACK_TYPE]] = {}
        self._everyone: dict[CALLBACK_TYPE, None] = {}
        self._occurrence_listeners: list[Callable[[Occurrence], None]] = []
        self._discoverers: list[Discoverer] = []
        self._fresh_evses: dict[int, float] = {}
        self._first_occurrences: deque[tuple[float, Occurrence]] = deque(maxlen=16)
        self._evses: set[int] = set(station.evses)
        self._channels: set[tuple[int, Channel]] = {
            (evse.id, channel)
            for evse in station.evses.values()
            for channel in evse.channels
        }
        self._disconnect = (
            station.changed.connect(self._changed),
            station.occurred.connect(self._occurred),
        )
        self.device_id = self.async_update_device()

    @property
    def name(self) -> str:
        """The name that the user gave the station."""
        return self.entry.subentries[self.subentry_id].title

    @property
    def identifiers(self) -> set[tuple[str, str]]:
        """Identifiers of the station's device and of those of its EVSEs."""
        station = self.station
        return {(DOMAIN, station.identity)} | {
            self.evse_identifier(evse_id) for evse_id in station.evses
        }

    def evse_identifier(self, evse_id: int) -> tuple[str, str]:
        """Return the identifier of an EVSE's device."""
        return (DOMAIN, f"{self.station.identity}/evse/{evse_id}")

    def evse_of_device(self, device: dr.AnyDeviceEntry) -> int | None:
        """Return the EVSE of a device, None if it is that of the station."""
        return next(
            (
                evse_id
                for evse_id in self.station.evses
                if self.evse_identifier(evse_id) in device.identifiers
            ),
            None,
        )

    @callback
    def async_update_device(self) -> str:
        """Write what the station says of itself to its device, and return the device's id."""
        info = self.station.state.info
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.entry.entry_id,
            config_subentry_id=self.subentry_id,
            identifiers={(DOMAIN, self.station.identity)},
            name=self.name,
            manufacturer=(info.vendor if info else None) or None,
            model=(info.model if info else None) or None,
            serial_number=info.serial if info else None,
            sw_version=info.firmware if info else None,
        )
        return device.id

    @callback
    def async_forget_evse(self, evse_id: int) -> bool:
        """Forget an EVSE; return False if a transaction runs there."""
        if self.station.evses[evse_id].transaction is not None:
            return False
        del self.station.evses[evse_id]
        self._evses.discard(evse_id)
        self._channels = {known for known in self._channels if known[0] != evse_id}
        return True

    @callback
    def async_close(self) -> None:
        """Listen no longer."""
        for disconnect in self._disconnect:
            disconnect()

    @callback
    def async_listen(
        self, changes: Iterable[Change], update: CALLBACK_TYPE
    ) -> CALLBACK_TYPE:
        """Call an entity when one of these changes comes, or the connection; returns the end."""
        changes = tuple(changes)
        for change in changes:
            self._listeners.setdefault(change, []).append(update)
        self._everyone[update] = None

        def stop() -> None:
            for change in changes:
                self._listeners[change].remove(update)
            self._everyone.pop(update, None)

        return stop

    @callback
    def async_listen_occurrences(
        self, listener: Callable[[Occurrence], None]
    ) -> CALLBACK_TYPE:
        """Call an entity with what happens; returns what ends it.

        What an EVSE was first heard of by happened before its entities came to be: they
        are told of it now.
        """
        self._occurrence_listeners.append(listener)
        since = self.hass.loop.time() - _FIRST_S
        for at, occurrence in self._first_occurrences:
            if at >= since:
                listener(occurrence)
        return lambda: self._occurrence_listeners.remove(listener)

    @callback
    def async_discover(self, discover: Discoverer) -> None:
        """Have a platform add entities for all EVSEs and channels, present and future."""
        self._discoverers.append(discover)
        for evse_id in sorted(self._evses):
            discover(evse_id, None)
        for evse_id, channel in sorted(self._channels, key=str):
            discover(evse_id, channel)

    @callback
    def _changed(self, station: Station, changes: list[Change]) -> None:
        """Update each entity that a change concerns, once."""
        concerned: dict[CALLBACK_TYPE, None] = {}
        for change in changes:
            key = change[1]
            if key in _STRUCTURE:
                self._structure_changed(key)
            listeners = self._listeners.get(change)
            if isinstance(key, Channel):
                if listeners:
                    for update in listeners:
                        _guarded(update)
                else:
                    self._meet_channel(change[0], key)
            elif key is StationKey.CONNECTED:
                concerned = dict(self._everyone)
            elif listeners:
                concerned.update(dict.fromkeys(listeners))
        for update in concerned:
            _guarded(update)

    def _structure_changed(self, key: object) -> None:
        if key is StationKey.INFO:
            self.async_update_device()
        elif key is StationKey.EVSES:
            for evse_id in sorted(self.station.evses.keys() - self._evses):
                self._evses.add(evse_id)
                self._fresh_evses[evse_id] = self.hass.loop.time()
                for discover in self._discoverers:
                    discover(evse_id, None)

    def _meet_channel(self, evse_id: int, channel: Channel) -> None:
        if (evse_id, channel) in self._channels:
            return
        self._channels.add((evse_id, channel))
        for discover in self._discoverers:
            discover(evse_id, channel)

    @callback
    def _occurred(self, _: Station, occurrence: Occurrence) -> None:
        now = self.hass.loop.time()
        if now - self._fresh_evses.get(occurrence.evse_id, -_FIRST_S) < _FIRST_S:
            self._first_occurrences.append((now, occurrence))
        for listener in tuple(self._occurrence_listeners):
            listener(occurrence)


def _guarded(update: CALLBACK_TYPE) -> None:
    """Update an entity; one that fails must not cost the others their update."""
    try:
        update()
    except Exception:
        _LOGGER.exception("An entity could not be updated")


_STRUCTURE = frozenset({StationKey.INFO, StationKey.EVSES})
