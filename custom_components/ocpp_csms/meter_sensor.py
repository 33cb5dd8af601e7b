"""Sensors of the meter: one for each channel that a station sends."""

from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    REVOLUTIONS_PER_MINUTE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfReactiveEnergy,
    UnitOfReactivePower,
    UnitOfTemperature,
)

from .coordinator import StationCoordinator
from .csms.evse import Evse
from .csms.model.meter import Channel, Location, Measurand
from .entity import EvseEntity

_PROMINENT = frozenset(
    {
        Measurand.CURRENT_IMPORT,
        Measurand.CURRENT_OFFERED,
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
        Measurand.POWER_ACTIVE_IMPORT,
        Measurand.SOC,
        Measurand.TEMPERATURE,
        Measurand.VOLTAGE,
    }
)
"""Measurands whose totals are enabled from the start; the rest is there for who wants it."""
_HOME = {Measurand.SOC: Location.EV, Measurand.TEMPERATURE: Location.BODY}
"""Where a measurand is at home; a value from elsewhere says so in its name."""
DERIVED = {"derived": True}
"""Attributes of a value that the station did not send but that follows from others."""
SENT: dict[str, bool] = {}
"""Attributes of a value that the station sent."""
_DIAGNOSTIC = frozenset({Measurand.TEMPERATURE, Measurand.FREQUENCY, Measurand.RPM})


def _power(key: str) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
    )


def _current(key: str) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
    )


def _voltage(key: str) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=0,
    )


def _energy(key: str, state_class: SensorStateClass | None) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.ENERGY,
        state_class=state_class,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
    )


def _reactive_energy(
    key: str, state_class: SensorStateClass | None
) -> SensorEntityDescription:
    return SensorEntityDescription(
        key=key,
        device_class=SensorDeviceClass.REACTIVE_ENERGY,
        state_class=state_class,
        native_unit_of_measurement=UnitOfReactiveEnergy.VOLT_AMPERE_REACTIVE_HOUR,
    )


def _describe(measurand: Measurand) -> SensorEntityDescription:
    """Return what a sensor of a measurand is like."""
    key = measurand.value.replace(".", "_").lower()
    words = measurand.value.split(".")
    match words[0]:
        case "Energy" | "EnergyRequest":
            return _describe_energy(key, words)
        case "Power":
            return _describe_power(key, words)
        case "Current":
            return _current(key)
        case "Voltage":
            return _voltage(key)
        case _:
            return _describe_other(key, measurand)


def _describe_energy(key: str, words: list[str]) -> SensorEntityDescription:
    increasing = SensorStateClass.TOTAL_INCREASING if words[-1] == "Register" else None
    if words[1] == "Reactive":
        return _reactive_energy(key, increasing)
    if words[1] == "Apparent":
        return SensorEntityDescription(key=key, native_unit_of_measurement="VAh")
    return _energy(key, increasing)


def _describe_power(key: str, words: list[str]) -> SensorEntityDescription:
    if words[1] == "Reactive":
        return SensorEntityDescription(
            key=key,
            device_class=SensorDeviceClass.REACTIVE_POWER,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfReactivePower.VOLT_AMPERE_REACTIVE,
        )
    if words[1] == "Factor":
        return SensorEntityDescription(
            key=key,
            device_class=SensorDeviceClass.POWER_FACTOR,
            state_class=SensorStateClass.MEASUREMENT,
        )
    return _power(key)


def _describe_other(key: str, measurand: Measurand) -> SensorEntityDescription:
    measurement = SensorStateClass.MEASUREMENT
    match measurand:
        case Measurand.SOC | Measurand.DISPLAY_PRESENT_SOC:
            return SensorEntityDescription(
                key=key,
                device_class=SensorDeviceClass.BATTERY,
                state_class=measurement,
                suggested_display_precision=0,
                native_unit_of_measurement=PERCENTAGE,
            )
        case Measurand.TEMPERATURE:
            return SensorEntityDescription(
                key=key,
                device_class=SensorDeviceClass.TEMPERATURE,
                state_class=measurement,
                native_unit_of_measurement=UnitOfTemperature.CELSIUS,
                suggested_display_precision=1,
            )
        case Measurand.FREQUENCY:
            return SensorEntityDescription(
                key=key,
                device_class=SensorDeviceClass.FREQUENCY,
                state_class=measurement,
                native_unit_of_measurement=UnitOfFrequency.HERTZ,
            )
        case Measurand.RPM:
            return SensorEntityDescription(
                key=key,
                state_class=measurement,
                native_unit_of_measurement=REVOLUTIONS_PER_MINUTE,
            )
        case _:
            return SensorEntityDescription(key=key, state_class=measurement)


DESCRIPTIONS = {measurand: _describe(measurand) for measurand in Measurand}


def channel_sensors(
    coordinator: StationCoordinator, evse: Evse, channel: Channel
) -> list[MeterSensor]:
    """Return the sensor of a channel."""
    return [MeterSensor(coordinator, evse, channel)]


class MeterSensor(EvseEntity, SensorEntity):
    """The newest value of one channel of an EVSE's meter."""

    def __init__(
        self, coordinator: StationCoordinator, evse: Evse, channel: Channel
    ) -> None:
        """Prepare the sensor of a channel."""
        measurand, phase, location = channel
        description = DESCRIPTIONS[measurand]
        elsewhere = location is not _HOME.get(measurand, Location.OUTLET)
        parts = [description.key, phase, location if elsewhere else None]
        key = "_".join(part.lower() for part in parts if part)
        super().__init__(coordinator, evse, description, (channel,), key=key)
        self.channel = channel
        self._attr_extra_state_attributes = SENT
        place = " ".join(
            part for part in (phase, location if elsewhere else None) if part
        )
        self._attr_translation_key = (
            f"{description.key}_at" if place else description.key
        )
        if place:
            self._attr_translation_placeholders = {"place": place}
        if measurand in _DIAGNOSTIC:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC
        self._attr_entity_registry_enabled_default = measurand in _PROMINENT and (
            not elsewhere and (phase is None or measurand is Measurand.CURRENT_IMPORT)
        )

    @override
    def _update(self) -> None:
        reading = self.evse.meter.readings.get(self.channel)
        if reading is None:
            self._attr_native_value = None
            return
        self._attr_native_value = reading.value
        attributes = DERIVED if reading.derived else SENT
        if self._attr_extra_state_attributes is not attributes:
            self._attr_extra_state_attributes = attributes
