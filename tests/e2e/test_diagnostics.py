"""The diagnostics that a user downloads."""

import json

import pytest

from demo.rest import Json
from demo.stations import STATIONS

from .client import Client

pytestmark = pytest.mark.booted


async def test_of_the_entry(client: Client) -> None:
    """They tell of all stations, with their frames and without what is private."""
    entry_id = (await client.entry())["entry_id"]
    data = (await client.get(f"/api/diagnostics/config_entry/{entry_id}"))["data"]
    assert len(data["stations"]) >= len(STATIONS)
    assert all(station["frames"] for station in data["stations"])
    assert_private_parts_are_missing(data)


async def test_of_a_device(client: Client) -> None:
    """Those of an EVSE's device are those of its station."""
    await client.becomes("sensor.driveway_setup", "ready")
    entry_id = (await client.entry())["entry_id"]
    device_id = await client.device_id("DRIVEWAY/evse/1")
    path = f"/api/diagnostics/config_entry/{entry_id}/device/{device_id}"
    data = (await client.get(path))["data"]
    assert data["version"] == "2.1"
    assert data["onboarding"]["configuration"]["state"] == "done"
    assert_private_parts_are_missing(data)


def assert_private_parts_are_missing(data: Json) -> None:
    """See that neither id tokens nor serial numbers nor identities are told."""
    text = json.dumps(data)
    for private in ('"DEMO"', "SIM-00", "SIM-02", '"DRIVEWAY"', '"GARAGE"'):
        assert private not in text
