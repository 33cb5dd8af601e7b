"""Buttons: reset, unlock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .csms.control import unlock
from .csms.evse import Evse
from .csms.model.commands import Reset, ResetKind
from .csms.station import Station
from .entity import EvseEntity, StationEntity, async_setup_entities
from .hub import CsmsConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class StationButtonDescription(ButtonEntityDescription):
    """Describes a button of a station."""

    press_fn: Callable[[Station], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class EvseButtonDescription(ButtonEntityDescription):
    """Describes a button of an EVSE."""

    press_fn: Callable[[Station, int], Awaitable[Any]]


STATION_BUTTONS = (
    StationButtonDescription(
        key="soft_reset",
        translation_key="soft_reset",
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        press_fn=lambda station: station.execute(Reset(ResetKind.ON_IDLE)),
    ),
    StationButtonDescription(
        key="hard_reset",
        translation_key="hard_reset",
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        press_fn=lambda station: station.execute(Reset(ResetKind.IMMEDIATE)),
    ),
)

EVSE_BUTTONS = (
    EvseButtonDescription(key="unlock", translation_key="unlock", press_fn=unlock),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of an entry."""
    async_setup_entities(
        entry,
        async_add_entities,
        station=lambda coordinator: [
            StationButton(coordinator, description) for description in STATION_BUTTONS
        ],
        evse=lambda coordinator, evse: [
            EvseButton(coordinator, evse, description) for description in EVSE_BUTTONS
        ],
    )


class StationButton(StationEntity, ButtonEntity):
    """A button of a station."""

    entity_description: StationButtonDescription

    def __init__(
        self, coordinator: StationCoordinator, description: StationButtonDescription
    ) -> None:
        """Prepare the button."""
        super().__init__(coordinator, description)

    @override
    async def async_press(self) -> None:
        """Send the command."""
        with self.translated_errors():
            await self.entity_description.press_fn(self.station)


class EvseButton(EvseEntity, ButtonEntity):
    """A button of an EVSE."""

    entity_description: EvseButtonDescription

    def __init__(
        self,
        coordinator: StationCoordinator,
        evse: Evse,
        description: EvseButtonDescription,
    ) -> None:
        """Prepare the button."""
        super().__init__(coordinator, evse, description)

    @override
    async def async_press(self) -> None:
        """Send the command."""
        with self.translated_errors():
            await self.entity_description.press_fn(self.station, self.evse.id)
