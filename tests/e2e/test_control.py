"""What the switches and the slider do to a simulated car."""

import asyncio

import pytest

from demo.stations import Place

from .client import Client
from .conftest import PLACES

pytestmark = pytest.mark.booted

LIMIT = 8.0
WAITING_EVSE = 2


async def test_cars_obey_on_all_versions(client: Client) -> None:
    """The cars do what the switches and the sliders say, all at the same time."""
    async with asyncio.TaskGroup() as tasks:
        for place in PLACES:
            tasks.create_task(pause_limit_stop_and_start(client, place))


async def pause_limit_stop_and_start(client: Client, place: Place) -> None:
    """See one car obey."""
    await client.becomes(f"sensor.{place.station_id}_setup", "ready")
    if place.evse_id == WAITING_EVSE:
        await client.switch(place, "charge", on=True)
    await charges(client, place)
    await pause_and_limit(client, place)
    await stop(client, place)
    await client.switch(place, "charge", on=True)
    await charges(client, place)
    await lift_limit(client, place)


async def charges(client: Client, place: Place) -> None:
    """Wait until the car charges."""
    await client.becomes(place.entity("sensor", "status"), "charging")
    await client.becomes(place.entity("binary_sensor", "charging"), "on")
    assert client.state(place.entity("switch", "charge")) == "on"


async def pause_and_limit(client: Client, place: Place) -> None:
    """Pause, and go on with less; the transaction stays."""
    session = place.entity("sensor", "session_energy")
    transaction = client.known[session]["attributes"]["transaction_id"]
    await client.switch(place, "pause", on=True)
    await client.becomes(place.entity("sensor", "status"), "suspended_evse")
    await client.measures(place.entity("sensor", "power"), lambda value: value == 0)
    await set_limit(client, place, LIMIT)
    await client.switch(place, "pause", on=False)
    await client.becomes(place.entity("sensor", "status"), "charging")
    current = place.entity("sensor", "current")
    await client.measures(current, lambda value: abs(value - LIMIT) < 0.2)
    assert client.known[session]["attributes"]["transaction_id"] == transaction


async def stop(client: Client, place: Place) -> None:
    """End the transaction; nothing flows any more."""
    await client.switch(place, "charge", on=False)
    await client.becomes(place.entity("switch", "charge"), "off")
    await client.becomes(place.entity("sensor", "status"), "finishing")
    await client.measures(place.entity("sensor", "power"), lambda value: value == 0)
    session = client.known[place.entity("sensor", "session_energy")]
    assert session["attributes"]["active"] is False


async def lift_limit(client: Client, place: Place) -> None:
    """Let the car draw what it likes again."""
    await set_limit(client, place, 32)
    current = place.entity("sensor", "current")
    await client.measures(current, lambda value: value > LIMIT + 1)


async def set_limit(client: Client, place: Place, amps: float) -> None:
    """Move the slider."""
    slider = place.entity("number", "current_limit")
    await client.act("number", "set_value", entity_id=slider, value=amps)
    await client.measures(slider, lambda value: value == amps)
