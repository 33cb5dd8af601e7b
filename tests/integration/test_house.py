"""Prices, CO2 and powers of the house: chosen, proposed, and in the cost of sessions."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp_csms.csms.journal.session import Session, SessionSample
from custom_components.ocpp_csms.house import EVERY
from custom_components.ocpp_csms.journal import async_current

from ..csms.journal.disk import session
from .common import mock_entry, subentry_data
from .conftest import SetUp

T0 = datetime(2026, 3, 2, 11, 0, tzinfo=dt_util.UTC)
PRICE, GRID, SUN, BATTERY, CO2 = (
    "sensor.price",
    "sensor.grid",
    "sensor.sun",
    "sensor.battery",
    "sensor.co2",
)
FIXED: dict[str, Any] = {"ping_interval": 30, "max_frame_kib": 1024}

# What a flow has set up is unloaded.
pytestmark = pytest.mark.usefixtures("set_up")


def _set(hass: HomeAssistant, entity_id: str, value: Any, unit: str) -> None:
    hass.states.async_set(entity_id, str(value), {"unit_of_measurement": unit})


async def _pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: float
) -> None:
    """Let time pass, in the steps in which the house is looked at."""
    until = dt_util.utcnow() + timedelta(minutes=minutes)
    while dt_util.utcnow() < until:
        freezer.tick(EVERY)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


async def _charged(hass: HomeAssistant, minutes: float, wh: float) -> Session:
    """Return a session that has charged evenly for the last minutes."""
    journal = async_current(hass)
    assert journal is not None
    now = dt_util.utcnow()
    begin = now - timedelta(minutes=minutes)
    kept = session(started_at=begin, ended_at=now, energy_wh=wh)
    journal.put("CP1", kept)
    journal.add(SessionSample(kept.record, begin, 0.0))
    await journal.commit()
    found = await journal.session(kept.record)
    assert found is not None
    return found


async def test_entities(
    hass: HomeAssistant, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Price by the MWh, kW, an inverted battery: all of it is in the cost of its time."""
    freezer.move_to(T0)
    _set(hass, PRICE, 300, "EUR/MWh")
    _set(hass, GRID, 1, "kW")
    _set(hass, SUN, 2000, "W")
    _set(hass, BATTERY, 0, "W")
    _set(hass, CO2, 400, "gCO2eq/kWh")
    await set_up(
        mock_entry(
            subentry_data(),
            price_entity=PRICE,
            feed_in=0.1,
            co2_entity=CO2,
            grid_power=GRID,
            solar_power=[SUN],
            battery_power=BATTERY,
            battery_inverted=True,
        )
    )
    await _pass(hass, freezer, 15)
    _set(hass, PRICE, 100, "EUR/MWh")
    _set(hass, GRID, -1, "kW")
    await _pass(hass, freezer, 15)
    charged = await _charged(hass, 30, 2000)
    # Nobody charges by the meters: where energy would come from counts.
    assert charged.cost == pytest.approx(0.3 + 0.1)
    assert charged.solar_share == pytest.approx(0.5)
    assert charged.summary.totals.co2_g == pytest.approx(400)
    assert charged.summary.currency == hass.config.currency


async def test_unavailable(
    hass: HomeAssistant, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """While an entity says nothing nothing is known, and that is said."""
    freezer.move_to(T0)
    _set(hass, PRICE, 0.3, "EUR/kWh")
    await set_up(mock_entry(subentry_data(), price_entity=PRICE, grid_power=GRID))
    await _pass(hass, freezer, 15)
    for state in ("unavailable", "nan"):
        _set(hass, PRICE, state, "EUR/kWh")
        await _pass(hass, freezer, 15)
    _set(hass, PRICE, 0.5, "fish")
    await _pass(hass, freezer, 15)
    charged = await _charged(hass, 60, 4000)
    assert charged.cost == pytest.approx(0.3)
    assert charged.solar_share is None
    assert "price_unknown" in charged.remarks


async def test_fixed_price(
    hass: HomeAssistant, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """A fixed price holds at all times, also while nobody runs; another from when it is set."""
    freezer.move_to(T0)
    entry = await set_up(mock_entry(subentry_data(), price=0.3))
    assert (await _charged(hass, 600, 1000)).cost == pytest.approx(0.3)
    hass.config_entries.async_update_entry(entry, options={"price": 0.5})
    await hass.async_block_till_done()
    await _pass(hass, freezer, 30)
    assert (await _charged(hass, 15, 1000)).cost == pytest.approx(0.5)


async def _form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.options.async_init(entry.entry_id)


def _suggested(result: Any) -> dict[str, Any]:
    """Return what the form suggests for prices and sources."""
    return {
        str(key): key.description["suggested_value"]
        for part in ("prices", "sources")
        for section_key, section in result["data_schema"].schema.items()
        if section_key == part
        for key in section.schema.schema
        if key.description and "suggested_value" in key.description
    }


async def test_proposal(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What the Energy dashboard knows is proposed, until something has been chosen."""
    hass.config.components.add("energy")
    for entity_id in (GRID, SUN, BATTERY):
        _set(hass, entity_id, 1, "W")
    manager = await async_get_manager(hass)
    await manager.async_update(
        {
            "energy_sources": [
                {
                    "type": "grid",
                    "stat_energy_from": "sensor.bought",
                    "stat_energy_to": "sensor.sold",
                    "stat_cost": None,
                    "stat_compensation": None,
                    "entity_energy_price": PRICE,
                    "number_energy_price": None,
                    "entity_energy_price_export": None,
                    "number_energy_price_export": 0.08,
                    "cost_adjustment_day": 0,
                    "stat_rate": GRID,
                },
                {
                    "type": "solar",
                    "stat_energy_from": "sensor.made",
                    "config_entry_solar_forecast": None,
                    "stat_rate": SUN,
                },
                {
                    "type": "battery",
                    "stat_energy_from": "sensor.out",
                    "stat_energy_to": "sensor.in",
                    "stat_rate": BATTERY,
                },
            ]
        }
    )
    result = await _form(hass, entry)
    assert _suggested(result) == {
        "price_entity": PRICE,
        "feed_in": 0.08,
        "grid_power": GRID,
        "solar_power": [SUN],
        "battery_power": BATTERY,
    }
    given = FIXED | {"prices": {"price": 0.25}, "sources": {}}
    result = await hass.config_entries.options.async_configure(result["flow_id"], given)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["price"] == 0.25
    assert _suggested(await _form(hass, entry)) == {
        "price": 0.25,
        "grid_inverted": False,
        "battery_inverted": False,
    }


@pytest.mark.parametrize(
    ("part", "given", "error"),
    [
        ("prices", {"price_entity": PRICE}, "price_entity_unit"),
        ("prices", {"feed_in_entity": PRICE}, "feed_in_entity_unit"),
        ("prices", {"co2_entity": "sensor.odd"}, "co2_entity_unit"),
        ("sources", {"solar_power": [SUN]}, "grid_power_missing"),
    ],
)
async def test_errors(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    part: str,
    given: dict[str, Any],
    error: str,
) -> None:
    """Units that are no price, and a sun of which nobody knows who gets it."""
    _set(hass, PRICE, 1, "EUR")
    _set(hass, "sensor.odd", 1, "%")
    result = await _form(hass, entry)
    empty: dict[str, Any] = FIXED | {"prices": {}, "sources": {}}
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], empty | {part: given}
    )
    assert result["errors"] == {"base": error}
    result = await hass.config_entries.options.async_configure(result["flow_id"], empty)
    assert result["type"] is FlowResultType.CREATE_ENTRY
