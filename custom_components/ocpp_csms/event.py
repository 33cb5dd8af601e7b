"""Event entities: what happens at a station or an EVSE and is over at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .csms.evse import Evse
from .csms.occurrences import Occurrence, OccurrenceKind
from .entity import CsmsEntity, EvseEntity, StationEntity, async_setup_entities
from .hub import CsmsConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CsmsEventDescription(EventEntityDescription):
    """Describes an event entity by the occurrences that it shows."""

    types: Mapping[OccurrenceKind, str]


ID_TOKEN = CsmsEventDescription(
    key="id_token",
    translation_key="id_token",
    event_types=["presented", "authorization_requested"],
    types={
        OccurrenceKind.ID_TOKEN_PRESENTED: "presented",
        OccurrenceKind.AUTHORIZATION_REQUESTED: "authorization_requested",
    },
)
"""Of the station, and of the EVSE where it is known: a reader may serve several."""

STATION_EVENTS = (
    CsmsEventDescription(
        key="activity",
        translation_key="activity",
        event_types=["booted", "fault"],
        entity_category=EntityCategory.DIAGNOSTIC,
        types={OccurrenceKind.BOOTED: "booted", OccurrenceKind.FAULT: "fault"},
    ),
    ID_TOKEN,
    CsmsEventDescription(
        key="security",
        translation_key="security",
        event_types=["security_event"],
        entity_category=EntityCategory.DIAGNOSTIC,
        types={OccurrenceKind.SECURITY_EVENT: "security_event"},
    ),
    CsmsEventDescription(
        key="message",
        translation_key="message",
        event_types=["data_transfer", "monitored_event"],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        types={
            OccurrenceKind.DATA_TRANSFER: "data_transfer",
            OccurrenceKind.MONITORED_EVENT: "monitored_event",
        },
    ),
)

EVSE_EVENTS = (
    CsmsEventDescription(
        key="transaction",
        translation_key="transaction",
        event_types=["started", "ended", "limit_reached", "start_timed_out"],
        types={
            OccurrenceKind.TRANSACTION_STARTED: "started",
            OccurrenceKind.TRANSACTION_ENDED: "ended",
            OccurrenceKind.TRANSACTION_LIMITED: "limit_reached",
            OccurrenceKind.START_TIMED_OUT: "start_timed_out",
        },
    ),
    ID_TOKEN,
    CsmsEventDescription(
        key="fault",
        translation_key="fault",
        event_types=["fault"],
        entity_category=EntityCategory.DIAGNOSTIC,
        types={OccurrenceKind.FAULT: "fault"},
    ),
)


_OF_ANY_EVSE = (
    OccurrenceKind.ID_TOKEN_PRESENTED,
    OccurrenceKind.AUTHORIZATION_REQUESTED,
    OccurrenceKind.MONITORED_EVENT,
)
"""What a station shows wherever it happened."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entities of an entry."""
    async_setup_entities(
        entry,
        async_add_entities,
        station=lambda coordinator: [
            StationEvent(coordinator, description) for description in STATION_EVENTS
        ],
        evse=lambda coordinator, evse: [
            EvseEvent(coordinator, evse, description) for description in EVSE_EVENTS
        ],
    )


class _OccurrenceEvent(CsmsEntity, EventEntity):
    """An event entity that shows occurrences of one place."""

    entity_description: CsmsEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what happens."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_occurrences(self._occurred))

    @callback
    def _occurred(self, occurrence: Occurrence) -> None:
        type_ = self.entity_description.types.get(occurrence.kind)
        if type_ is None or not self._concerns(occurrence):
            return
        self._trigger_event(type_, dict(occurrence.data))
        self.async_write_ha_state()

    def _concerns(self, occurrence: Occurrence) -> bool:
        return occurrence.evse_id == self.evse_id


class StationEvent(StationEntity, _OccurrenceEvent):
    """An event entity of a station."""

    def __init__(
        self, coordinator: StationCoordinator, description: CsmsEventDescription
    ) -> None:
        """Prepare the entity."""
        super().__init__(coordinator, description)

    @override
    def _concerns(self, occurrence: Occurrence) -> bool:
        """Show also which tokens an EVSE reads, and what monitors say of it."""
        return super()._concerns(occurrence) or occurrence.kind in _OF_ANY_EVSE


class EvseEvent(EvseEntity, _OccurrenceEvent):
    """An event entity of an EVSE."""

    def __init__(
        self,
        coordinator: StationCoordinator,
        evse: Evse,
        description: CsmsEventDescription,
    ) -> None:
        """Prepare the entity."""
        super().__init__(coordinator, evse, description)
