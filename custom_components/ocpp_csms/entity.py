"""Base entities: of a station, and of an EVSE, which is a child device."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import StationCoordinator
from .csms.changes import Change, Key
from .csms.evse import Evse
from .csms.model.meter import Channel
from .csms.station import Station
from .errors import translated_errors

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .hub import CsmsConfigEntry


class CsmsEntity(Entity):
    """An entity that is updated when something that concerns it changes, and only then."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    evse_id = 0
    """0 is the station itself."""
    kept_while_away = False
    """Whether it holds a wish, which can be changed while the station is away."""

    def __init__(
        self, coordinator: StationCoordinator, key: str, keys: Iterable[Key] = ()
    ) -> None:
        """Prepare an entity that shows the state behind some keys."""
        self.coordinator = coordinator
        self.station = coordinator.station
        self._changes: tuple[Change, ...] = tuple((self.evse_id, key) for key in keys)
        self._attr_unique_id = f"{self.station.identity}_{self.evse_id}_{key}"

    @property
    @override
    def available(self) -> bool:
        """Whether the station is connected, or need not be."""
        return self.kept_while_away or self.station.connected

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the station."""
        self.async_on_remove(
            self.coordinator.async_listen(self._changes, self._handle_change)
        )
        self._update()

    @callback
    def _handle_change(self) -> None:
        self._update()
        self.async_write_ha_state()

    @callback
    def _update(self) -> None:
        """Take over the station's state; entities that compute it on demand need not."""

    def translated_errors(self) -> AbstractContextManager[None]:
        """Turn errors of the station into translated ones."""
        return translated_errors(self.coordinator.name)


class StationEntity(CsmsEntity):
    """An entity of a station."""

    def __init__(
        self,
        coordinator: StationCoordinator,
        description: EntityDescription,
        keys: Iterable[Key] = (),
    ) -> None:
        """Prepare an entity of the station's device."""
        super().__init__(coordinator, description.key, keys)
        self.entity_description = description
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, self.station.identity)}
        )

    @property
    def source(self) -> Station:
        """What the entity tells of."""
        return self.station


class EvseEntity(CsmsEntity):
    """An entity of an EVSE."""

    def __init__(
        self,
        coordinator: StationCoordinator,
        evse: Evse,
        description: EntityDescription,
        keys: Iterable[Key] = (),
        *,
        key: str | None = None,
    ) -> None:
        """Prepare an entity of the EVSE's device."""
        self.evse_id = evse.id
        self.evse = evse
        super().__init__(coordinator, key or description.key, keys)
        self.entity_description = description
        self._attr_device_info = ChildDeviceInfo(
            identifiers={coordinator.evse_identifier(evse.id)},
            parent_device_id=coordinator.device_id,
            translation_key="evse",
            translation_placeholders={"evse": str(evse.id)},
        )

    @property
    def source(self) -> Evse:
        """What the entity tells of."""
        return self.evse


@dataclass(frozen=True, kw_only=True)
class ShowingDescription[SourceT](EntityDescription):
    """Describes what an entity shows of its source, a station or an EVSE."""

    keys: tuple[Key, ...]
    """After changes of these it is looked at again."""
    value_fn: Callable[[SourceT], Any]
    attributes_fn: Callable[[SourceT], Mapping[str, Any]] | None = None
    always_available: bool = False
    """Also while the station is away."""


class ShowingEntity[SourceT](CsmsEntity):
    """An entity that shows what its description takes from its source."""

    entity_description: ShowingDescription[SourceT]

    @property
    @abstractmethod
    def source(self) -> SourceT:
        """What the entity tells of."""

    @abstractmethod
    def _show(self, value: Any) -> None:
        """Take a value over."""

    @property
    @override
    def available(self) -> bool:
        """Whether there is something to show."""
        return self.entity_description.always_available or super().available

    @override
    def _update(self) -> None:
        shown, source = self.entity_description, self.source
        self._show(shown.value_fn(source))
        if shown.attributes_fn is not None:
            self._attr_extra_state_attributes = dict(shown.attributes_fn(source))


type StationEntities = Callable[[StationCoordinator], Iterable[Entity]]
type EvseEntities = Callable[[StationCoordinator, Evse], Iterable[Entity]]
type ChannelEntities = Callable[[StationCoordinator, Evse, Channel], Iterable[Entity]]


@callback
def async_setup_entities(
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    *,
    station: StationEntities = lambda _: (),
    evse: EvseEntities = lambda _, __: (),
    channel: ChannelEntities = lambda _, __, ___: (),
) -> None:
    """Add a platform's entities for all stations, EVSEs and channels, as they come."""

    @callback
    def add_station(coordinator: StationCoordinator) -> None:
        subentry_id = coordinator.subentry_id
        async_add_entities(station(coordinator), config_subentry_id=subentry_id)

        @callback
        def discover(evse_id: int, what: Channel | None) -> None:
            known = coordinator.station.evses[evse_id]
            entities = (
                evse(coordinator, known)
                if what is None
                else channel(coordinator, known, what)
            )
            async_add_entities(entities, config_subentry_id=subentry_id)

        coordinator.async_discover(discover)

    entry.runtime_data.async_add_platform(add_station)
