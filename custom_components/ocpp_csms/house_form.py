"""The form of what is known of the house: prices, CO2, and where its power comes from."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.energy import async_get_manager
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import probatio

from .const import (
    CONF_BATTERY_INVERTED,
    CONF_BATTERY_POWER,
    CONF_CO2_ENTITY,
    CONF_FEED_IN,
    CONF_FEED_IN_ENTITY,
    CONF_GRID_INVERTED,
    CONF_GRID_POWER,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_SOLAR_POWER,
)
from .csms.charging.errors import ChargingError
from .csms.charging.rates import co2_factor, price_factor

SECTION_PRICES = "prices"
SECTION_SOURCES = "sources"
_PRICES = (CONF_PRICE_ENTITY, CONF_PRICE, CONF_FEED_IN_ENTITY, CONF_FEED_IN)
_PRICE_DOMAINS = ["sensor", "input_number", "number"]
_POWER = EntitySelectorConfig(
    domain=["sensor", "input_number"], device_class=SensorDeviceClass.POWER
)


def _price(currency: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            min=-10,
            max=1000,
            step="any",
            unit_of_measurement=f"{currency}/kWh",
            mode=NumberSelectorMode.BOX,
        )
    )


def house_sections(hass: HomeAssistant) -> dict[Any, Any]:
    """Return the sections of prices and of powers."""
    price = _price(hass.config.currency)
    price_entity = EntitySelector(EntitySelectorConfig(domain=_PRICE_DOMAINS))
    prices = {
        probatio.Optional(CONF_PRICE_ENTITY): price_entity,
        probatio.Optional(CONF_PRICE): price,
        probatio.Optional(CONF_FEED_IN_ENTITY): price_entity,
        probatio.Optional(CONF_FEED_IN): price,
        probatio.Optional(CONF_CO2_ENTITY): EntitySelector(
            EntitySelectorConfig(domain=["sensor"])
        ),
    }
    sources = {
        probatio.Optional(CONF_GRID_POWER): EntitySelector(_POWER),
        probatio.Required(CONF_GRID_INVERTED, default=False): BooleanSelector(),
        probatio.Optional(CONF_SOLAR_POWER): EntitySelector(
            EntitySelectorConfig(**_POWER, multiple=True)
        ),
        probatio.Optional(CONF_BATTERY_POWER): EntitySelector(_POWER),
        probatio.Required(CONF_BATTERY_INVERTED, default=False): BooleanSelector(),
    }
    return {
        probatio.Required(SECTION_PRICES): section(
            probatio.Schema(prices), {"collapsed": False}
        ),
        probatio.Required(SECTION_SOURCES): section(
            probatio.Schema(sources), {"collapsed": True}
        ),
    }


def house_errors(hass: HomeAssistant, options: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with what was chosen: units that are none."""
    for key, factor in (
        (CONF_PRICE_ENTITY, price_factor),
        (CONF_FEED_IN_ENTITY, price_factor),
        (CONF_CO2_ENTITY, co2_factor),
    ):
        state = hass.states.get(options[key]) if options.get(key) else None
        if state is None:
            continue
        try:
            factor(str(state.attributes.get("unit_of_measurement", "")))
        except ChargingError:
            return {"base": f"{key}_unit"}
    if options.get(CONF_SOLAR_POWER) and not options.get(CONF_GRID_POWER):
        return {"base": "grid_power_missing"}
    return {}


async def async_propose(
    hass: HomeAssistant, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the Energy dashboard knows of prices and powers, unless some were chosen."""
    if any(key in options for key in (*_PRICES, CONF_GRID_POWER)):
        return {}
    if "energy" not in hass.config.components:
        return {}
    manager = await async_get_manager(hass)
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for source in manager.data["energy_sources"] if manager.data else ():
        by_type.setdefault(source["type"], []).append(source)
    proposal: dict[str, Any] = {}
    for grid in by_type.get("grid", [])[:1]:
        proposal |= {
            CONF_PRICE_ENTITY: grid.get("entity_energy_price"),
            CONF_PRICE: grid.get("number_energy_price"),
            CONF_FEED_IN_ENTITY: grid.get("entity_energy_price_export"),
            CONF_FEED_IN: grid.get("number_energy_price_export"),
            CONF_GRID_POWER: _entity(hass, grid),
        }
    solar = [_entity(hass, source) for source in by_type.get("solar", [])]
    proposal[CONF_SOLAR_POWER] = [entity for entity in solar if entity]
    for battery in by_type.get("battery", [])[:1]:
        proposal[CONF_BATTERY_POWER] = _entity(hass, battery)
    if not proposal.get(CONF_GRID_POWER):
        proposal.pop(CONF_SOLAR_POWER)
    return {key: value for key, value in proposal.items() if value not in (None, [])}


def _entity(hass: HomeAssistant, source: Mapping[str, Any]) -> str | None:
    """Return the entity whose statistics tell a source's power, if there is one."""
    rate = source.get("stat_rate")
    return rate if rate and hass.states.get(rate) is not None else None
