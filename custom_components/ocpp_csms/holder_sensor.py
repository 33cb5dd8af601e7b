"""Sensors of what each holder of id tokens has charged in all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .const import DOMAIN
from .csms.authorization import Holder
from .csms.journal.records import HolderTotals, read_time

if TYPE_CHECKING:
    from .hub import Hub


@dataclass(frozen=True, kw_only=True)
class HolderSensorDescription(SensorEntityDescription):
    """Describes what a sensor shows of a holder's totals."""

    value_fn: Callable[[HolderTotals], Any]


def _last_charged(totals: HolderTotals) -> datetime | None:
    return None if totals.last_ended is None else read_time(totals.last_ended)


HOLDER_SENSORS = (
    HolderSensorDescription(
        key="energy",
        translation_key="holder_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        value_fn=lambda totals: round(totals.energy_wh, 1),
    ),
    HolderSensorDescription(
        key="cost",
        translation_key="holder_cost",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        value_fn=lambda totals: None if totals.cost is None else round(totals.cost, 4),
    ),
    HolderSensorDescription(
        key="sessions",
        translation_key="holder_sessions",
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda totals: totals.sessions,
    ),
    HolderSensorDescription(
        key="last_charged",
        translation_key="holder_last_charged",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_last_charged,
    ),
)


def holder_sensors(hub: Hub, holder: Holder) -> list[SensorEntity]:
    """Return the sensors of a holder."""
    return [HolderSensor(hub, holder, description) for description in HOLDER_SENSORS]


def holder_identifier(holder_id: str) -> tuple[str, str]:
    """Return the identifier of a holder's device."""
    return (DOMAIN, f"holder/{holder_id}")


class HolderSensor(SensorEntity):
    """A sensor of what a holder has charged in all."""

    entity_description: HolderSensorDescription
    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, hub: Hub, holder: Holder, description: HolderSensorDescription
    ) -> None:
        """Prepare the entity."""
        self._hub = hub
        self._holder_id = holder.id
        self.entity_description = description
        self._attr_unique_id = f"holder_{holder.id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={holder_identifier(holder.id)},
            name=holder.name,
            entry_type=DeviceEntryType.SERVICE,
        )
        if description.device_class is SensorDeviceClass.MONETARY:
            self._attr_native_unit_of_measurement = hub.hass.config.currency

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the totals."""
        self.async_on_remove(
            self._hub.book.async_listen_holder(self._holder_id, self._changed)
        )
        self._update()

    @callback
    def _changed(self) -> None:
        self._update()
        self.async_write_ha_state()

    def _update(self) -> None:
        totals = self._hub.book.totals(self._holder_id)
        shown = self.entity_description
        self._attr_native_value = None if totals is None else shown.value_fn(totals)
