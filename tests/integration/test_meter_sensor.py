"""Sensors of the meter."""

from typing import Any

from homeassistant.components.sensor import SensorStateClass
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Misbehaviour

from ..csms.support import BareStation, meter, sample
from .common import Charger, has_entity, state, until
from .conftest import Connect

ENERGY = "sensor.energy_active_import_register"
POWER = "sensor.power_active_import"

CHANNELS: tuple[tuple[str, float, str, str], ...] = (
    (ENERGY, 0.368, "kWh", "energy"),
    (POWER, 11040, "W", "power"),
    ("sensor.current_import", 16, "A", "current"),
    ("sensor.current_import_l1", 16, "A", "current"),
    ("sensor.current_import_l2", 16, "A", "current"),
    ("sensor.current_import_l3", 16, "A", "current"),
    ("sensor.current_offered", 32, "A", "current"),
    ("sensor.voltage", 230, "V", "voltage"),
    ("sensor.voltage_l1", 230, "V", "voltage"),
    ("sensor.voltage_l2", 230, "V", "voltage"),
    ("sensor.voltage_l3", 230, "V", "voltage"),
)


@pytest.fixture
async def odd_charger(
    entry: MockConfigEntry, connect: Connect, version: str, request: Any
) -> Charger:
    """Return a charger that gets something wrong, as the parameter says."""
    odd = Misbehaviour(**request.param)
    charger = await connect(entry, version, misbehaviour=odd, tick=10.0)
    await charger.charge()
    return charger


@pytest.mark.usefixtures("all_enabled")
async def test_channels(charging: Charger) -> None:
    """Each channel has a sensor with value, unit and device class."""
    await charging.clock.advance(120)
    for kind, value, unit, device_class in CHANNELS:
        state = await charging.expect_number(kind, value)
        assert state.attributes["unit_of_measurement"] == unit, kind
        assert state.attributes["device_class"] == device_class, kind


async def test_state_classes(charging: Charger) -> None:
    """The register suits the energy dashboard, power its graph."""
    await charging.clock.advance(10)
    energy = await charging.expect_number(ENERGY, 0.03067)
    assert energy.attributes["state_class"] == SensorStateClass.TOTAL_INCREASING
    power = await charging.expect_number(POWER, 11040)
    assert power.attributes["state_class"] == SensorStateClass.MEASUREMENT


async def test_state_of_charge(charging: Charger) -> None:
    """The car's state of charge is shown when the station tells it."""
    await charging.clock.advance(10)
    await until(lambda: has_entity(charging.hass, "sensor.soc"))
    state = charging.state("sensor.soc")
    assert float(state.state) == pytest.approx(40.05, abs=0.1)
    assert state.attributes["device_class"] == "battery"
    assert state.attributes["unit_of_measurement"] == "%"


async def test_flow_ends(charging: Charger) -> None:
    """When charging ends, power and current fall to 0; the register stays."""
    await charging.clock.advance(60)
    await charging.do("switch.turn_off", "switch.charge")
    await charging.expect("switch.charge", "off")
    await charging.expect_number(POWER, 0)
    await charging.expect_number("sensor.current_import", 0)
    await charging.expect_number(ENERGY, 0.184)


async def test_unavailable(charging: Charger) -> None:
    """Without a connection no value is shown, and the register is never 0 after it."""
    await charging.clock.advance(60)
    before = charging.value(ENERGY)
    seen: list[str] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == charging.entity_id(ENERGY):
            assert event.data["new_state"]
            seen.append(event.data["new_state"].state)

    charging.hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    await charging.go_offline()
    await charging.expect(ENERGY, STATE_UNAVAILABLE)
    await charging.go_online()
    await charging.clock.advance(60)
    await until(lambda: charging.value(ENERGY) > before)
    numbers = [float(state) for state in seen if state != STATE_UNAVAILABLE]
    assert numbers == sorted(numbers)
    assert numbers[0] >= before


@pytest.mark.parametrize("value", ["", "NaN", "abc", "-5", "0", -5, 0])
async def test_register_never_wrong(charging: Charger, value: float | str) -> None:
    """A register that can't be read, is negative or falls to 0 is never shown."""
    charging.sim.evse(1).meter.register_wh = 5_000.0
    await charging.clock.advance(60)
    await until(lambda: charging.value(ENERGY) > 5)
    before = charging.value(ENERGY)
    name = "Energy.Active.Import.Register"
    charging.sim.misbehaviour.values = {name: value}
    await charging.clock.advance(30)
    await charging.sim.idle()
    assert charging.value(ENERGY) == before
    charging.sim.misbehaviour.values = {}
    await charging.clock.advance(60)
    await until(lambda: charging.value(ENERGY) > before)


async def test_register_never_backward(charging: Charger) -> None:
    """A register that steps back is held back."""
    charging.sim.evse(1).meter.register_wh = 5_000.0
    await charging.clock.advance(60)
    await until(lambda: charging.value(ENERGY) > 5)
    before = charging.value(ENERGY)
    charging.sim.misbehaviour.register_offset_wh = -2_000.0
    await charging.clock.advance(30)
    await charging.sim.idle()
    assert charging.value(ENERGY) >= before
    assert charging.station.evses[1].meter.quarantined > 0


@pytest.mark.parametrize(
    "odd_charger", [{"no_total_power": True}], indirect=True, ids=["no total"]
)
async def test_derived_power(odd_charger: Charger) -> None:
    """Power that the station tells by phase only is summed up, and marked so."""
    await odd_charger.clock.advance(10)
    state = await odd_charger.expect_number(POWER, 11040)
    assert state.attributes["derived"] is True


@pytest.mark.parametrize(
    "odd_charger",
    [
        {"units": {"Power.Active.Import": "kW"}},
        {"units": {"Energy.Active.Import.Register": "kWh"}},
        {"alternate_units": True},
        {"omit_context": True},
        {"float_noise": True},
        {"phase_names": {"L1": "L1-N", "L2": "L2-N", "L3": "L3-N"}},
    ],
    indirect=True,
    ids=lambda odd: next(iter(odd)),
)
async def test_other_ways_to_say_it(odd_charger: Charger) -> None:
    """Other units and words for the same values show the same."""
    await odd_charger.clock.advance(120)
    await odd_charger.expect_number(POWER, 11040)
    energy = odd_charger.value(ENERGY)
    assert energy == pytest.approx(0.368, abs=0.02)
    assert odd_charger.value("sensor.current_import") == pytest.approx(16, abs=0.01)


@pytest.mark.parametrize(
    "odd_charger", [{"session_register": True}], indirect=True, ids=["relative"]
)
async def test_session_relative_register(odd_charger: Charger) -> None:
    """A register that starts anew with each session never runs backwards here."""
    charger = odd_charger
    await charger.clock.advance(600)
    await charger.do("switch.turn_off", "switch.charge")
    await charger.expect("switch.charge", "off")
    first = charger.value(ENERGY)
    assert first == pytest.approx(1.84, abs=0.02)
    await charger.sim.unplug(1)
    await charger.expect("sensor.status", "available")
    await charger.charge()
    await charger.clock.advance(600)
    await until(lambda: charger.value(ENERGY) > first)
    assert charger.value("sensor.session_energy") == pytest.approx(1.84, abs=0.02)
    assert charger.value(ENERGY) == pytest.approx(3.68, abs=0.04)


async def test_two_evses(
    entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """Each EVSE has a meter of its own."""
    charger = await connect(entry, version, evses=2)
    await charger.charge(2, max_current_a=10.0)
    await charger.clock.advance(10)
    await charger.expect_number(POWER, 6900, 2)
    assert not has_entity(charger.hass, POWER, 1) or charger.value(POWER, 1) == 0


@pytest.mark.parametrize("phases", [1, 3])
async def test_phases(
    entry: MockConfigEntry, connect: Connect, version: str, phases: int
) -> None:
    """A single-phase station has a single phase."""
    charger = await connect(entry, version, phases=phases)
    await charger.charge()
    await charger.clock.advance(10)
    await charger.expect_number(POWER, phases * 16 * 230)
    assert has_entity(charger.hass, "sensor.current_import_l3") is (phases == 3)


@pytest.mark.parametrize("unit", ["W", "kW"])
async def test_value_without_end(
    hass: HomeAssistant, cp1: BareStation, unit: str
) -> None:
    """Values beyond all numbers make no entity, and spoil none of those that follow."""
    absurd = [
        sample("1e308", unit=f"{unit}h"),
        sample("1e308", "Power.Active.Import", unit=unit, phase="L1"),
        sample("-1e308", "Power.Active.Import", unit=unit, phase="L2"),
    ]
    await cp1.call("MeterValues", meter(*absurd))
    await hass.async_block_till_done()
    assert not has_entity(hass, "sensor.power_active_import")
    good = [
        sample("5000", unit="Wh"),
        sample("7000", "Power.Active.Import", unit="W"),
    ]
    await cp1.call("MeterValues", meter(*good, at=10))
    await until(lambda: state(hass, "sensor.power_active_import") is not None)
    assert float(state(hass, "sensor.power_active_import") or 0) == 7000
    assert float(state(hass, "sensor.energy_active_import_register") or 0) == 5
