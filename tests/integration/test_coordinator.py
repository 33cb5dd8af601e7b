"""The way from a change to the entities that show it."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.csms.changes import StationKey
from custom_components.ocpp_csms.csms.model.meter import POWER

from ..csms.support import BareStation, meter, sample
from .common import state


async def test_entity_that_fails(
    hass: HomeAssistant,
    watched: MockConfigEntry,
    cp1: BareStation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One entity that can't be updated costs no other its update, nor the station its answer."""
    power = sample("3600", "Power.Active.Import", unit="W")
    await cp1.call("MeterValues", meter(power))
    await hass.async_block_till_done()
    (coordinator,) = watched.runtime_data.coordinators.values()

    def fail() -> None:
        raise RuntimeError("of no consequence")

    changes = [(1, POWER), (0, StationKey.LAST_SEEN)]
    coordinator.async_listen(changes, fail)
    for listeners in coordinator._listeners.values():
        listeners.sort(key=lambda update: update is not fail)
    power = sample("2300", "Power.Active.Import", unit="W")
    current = sample("10", "Current.Import", unit="A")
    assert await cp1.call("MeterValues", meter(power, current, at=10)) == {}
    await hass.async_block_till_done()
    assert float(state(hass, "sensor.power_active_import") or 0) == 2300
    assert float(state(hass, "sensor.current_import") or 0) == 10
    assert "of no consequence" in caplog.text
    caplog.clear()
