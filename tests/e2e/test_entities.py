"""What the booted Home Assistant shows of the stations."""

import pytest

from demo.stations import STATIONS, Place, Station

from .client import Client

pytestmark = pytest.mark.booted

ALL_PLACES = [place for station in STATIONS for place in station.places]
NO_STATISTICS_YET = "statistics_not_defined"


async def test_entry_is_loaded_with_all_stations(client: Client) -> None:
    """The config entry works."""
    entry = await client.entry()
    assert entry["state"] == "loaded"
    assert entry["supports_options"]
    assert entry["supports_reconfigure"]
    assert entry["num_subentries"] >= len(STATIONS)


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.version)
async def test_station_says_what_it_is(client: Client, station: Station) -> None:
    """A station's entities and its device have what the station told."""
    name = station.name.lower()
    await client.becomes(f"binary_sensor.{name}_connectivity", "on")
    await client.becomes(f"sensor.{name}_ocpp_version", station.version)
    await client.becomes(f"sensor.{name}_firmware", "1.0.0")
    assert client.state(f"binary_sensor.{name}_problem") == "off"
    devices = await client.command("config/device_registry/list")
    [device] = [
        device
        for device in devices
        if ["ocpp_csms", station.identity] in device["identifiers"]
    ]
    assert device["model"] == station.model
    assert device["serial_number"] == station.serial


@pytest.mark.parametrize("place", ALL_PLACES, ids=lambda place: place.title)
async def test_evse_has_a_meter(client: Client, place: Place) -> None:
    """Each EVSE has a register for the Energy dashboard, power and a status."""
    energy = place.entity("sensor", "energy")
    assert await client.measures(energy, lambda value: value >= 0) >= 0
    attributes = client.known[energy]["attributes"]
    assert attributes["device_class"] == "energy"
    assert attributes["state_class"] == "total_increasing"
    assert attributes["unit_of_measurement"] == "kWh"
    await client.measures(place.entity("sensor", "power"), lambda value: value >= 0)
    assert client.state(place.entity("binary_sensor", "plugged_in")) == "on"
    status = place.entity("sensor", "status")
    assert client.state(status) in (client.known[status]["attributes"]["options"])


async def test_car_charges(client: Client) -> None:
    """A car draws power, its battery fills and the register rises."""
    place = STATIONS[2].places[0]
    await client.becomes(place.entity("sensor", "status"), "charging")
    await client.measures(place.entity("sensor", "power"), lambda value: value > 1000)
    energy = place.entity("sensor", "energy")
    before = await client.measures(energy, lambda value: value > 0)
    await client.measures(energy, lambda value: value > before)
    session = place.entity("sensor", "session_energy")
    assert await client.measures(session, lambda value: value > 0) < 5


async def test_nothing_is_unavailable(client: Client) -> None:
    """Connected stations have no entity without a state."""
    own = await client.integration_entities("ocpp_csms")
    assert len(own) > 80
    assert [name for name in own if client.state(name) in (None, "unavailable")] == []


async def test_energy_dashboard_takes_the_chargers(client: Client) -> None:
    """The Energy dashboard has each EVSE as a consumer, and no complaint about it."""
    preferences = await client.command("energy/get_prefs")
    consumers = [item["stat_consumption"] for item in preferences["device_consumption"]]
    assert consumers == [place.entity("sensor", "energy") for place in ALL_PLACES]
    complaints = await client.command("energy/validate")
    found = {
        issue["type"] for device in complaints["device_consumption"] for issue in device
    }
    assert found <= {NO_STATISTICS_YET}
