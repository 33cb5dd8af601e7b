"""A new station: discovered, accepted, used and removed."""

from collections.abc import AsyncIterator

import pytest

from demo.rest import Json
from demo.settings import Settings
from demo.stations import Place
from simulator import ChargingStation, ScaledClock

from .client import Client

pytestmark = pytest.mark.booted

IDENTITY = "NEWCOMER"
FACTOR = 10  # a station that waits to be accepted asks again after half a minute
PLACE = Place(title="Newcomer", station_id="newcomer", evse_id=1, version="2.0.1")


@pytest.fixture
async def newcomer(
    settings: Settings, socket_enabled: None
) -> AsyncIterator[ChargingStation]:
    """Run a station that Home Assistant does not know."""
    url = f"ws://127.0.0.1:{settings.ocpp_port}/"
    clock = ScaledClock(FACTOR)
    async with ChargingStation(
        IDENTITY, url, "2.0.1", vendor="Acme", clock=clock
    ) as station:
        yield station
    assert station.errors == []


async def test_newcomer_is_accepted_and_charges(
    client: Client, newcomer: ChargingStation
) -> None:
    """A station that dials in is offered, let in, and obeys."""
    flow = await discovered(client)
    assert flow["context"]["title_placeholders"]["name"].startswith("Acme")
    await accept(client, flow["flow_id"])
    await charge(client, newcomer)
    await remove(client)
    assert (await discovered(client))["flow_id"] != flow["flow_id"]


async def discovered(client: Client) -> Json:
    """Wait until the station is offered, and return the flow."""
    flows: list[Json] = []

    def follow(changes: list[Json]) -> None:
        flows.extend(change["flow"] for change in changes if change.get("flow"))

    def offer() -> Json | None:
        offers = [flow for flow in flows if flow["context"]["unique_id"] == IDENTITY]
        return offers[-1] if offers else None

    await client.subscribe(follow, "config_entries/flow/subscribe")
    await client.until(lambda: offer() is not None)
    found = offer()
    assert found
    return found


async def accept(client: Client, flow_id: str) -> None:
    """Fill in the form."""
    path = f"/api/config/config_entries/flow/{flow_id}"
    form = await client.get(path)
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"]["identity"] == IDENTITY
    done = await client.post(path, json={"name": "Newcomer"})
    assert (done["type"], done["reason"]) == ("abort", "station_added")


async def charge(client: Client, newcomer: ChargingStation) -> None:
    """Start, limit, pause and stop; the station itself says what it does."""
    await newcomer.wait_registered(timeout=30)
    evse = newcomer.evse(1)
    await newcomer.plug_in(1)
    await client.becomes(PLACE.entity("binary_sensor", "plugged_in"), "on")
    await client.switch(PLACE, "charge", on=True)
    await client.becomes(PLACE.entity("sensor", "status"), "charging")
    assert evse.transaction is not None
    limit = PLACE.entity("number", "current_limit")
    await client.act("number", "set_value", entity_id=limit, value=9)
    assert evse.limit.amps == 9
    await client.switch(PLACE, "pause", on=True)
    await client.becomes(PLACE.entity("sensor", "status"), "suspended_evse")
    assert (evse.power_w, evse.limit.amps) == (0, 0)
    await client.switch(PLACE, "charge", on=False)
    await client.becomes(PLACE.entity("switch", "charge"), "off")
    assert evse.transaction is None


async def remove(client: Client) -> None:
    """Remove the station's subentry; its entities go with it."""
    entry_id = (await client.entry())["entry_id"]
    subentries = await client.command(
        "config_entries/subentries/list", entry_id=entry_id
    )
    [subentry_id] = [
        subentry["subentry_id"]
        for subentry in subentries
        if subentry["unique_id"] == IDENTITY
    ]
    await client.command(
        "config_entries/subentries/delete", entry_id=entry_id, subentry_id=subentry_id
    )
    await client.until(
        lambda: "binary_sensor.newcomer_connectivity" not in client.known
    )
