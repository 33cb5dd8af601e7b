"""The integration's actions, with their responses."""

from http import HTTPStatus
from typing import Any

from aiohttp import ClientResponseError
import pytest

from demo.stations import STATIONS, Place, Station

from .client import Client

pytestmark = pytest.mark.booted

HEARTBEAT = {"variable": "HeartbeatInterval"}
PROFILE_ID = 77
STACK_LEVEL = 5
LIMIT = 13


def identifier(place: Place) -> str:
    """Return what identifies the device of an EVSE."""
    return f"{place.station_id.upper()}/evse/{place.evse_id}"


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.version)
async def test_variables_are_read(client: Client, station: Station) -> None:
    """A configuration key or a variable of the device model is read."""
    variable = HEARTBEAT
    if station.version != "1.6":
        variable = HEARTBEAT | {"component": "OCPPCommCtrlr"}
    response = await client.ask(
        "get_variables",
        device_id=await client.device_id(station.identity),
        variables=[variable],
    )
    [result] = response["variables"]
    assert int(result["value"]) > 0


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.version)
async def test_any_message_is_called(client: Client, station: Station) -> None:
    """An administrator sends a message of the station's version."""
    device_id = await client.device_id(station.identity)
    answer = await client.ask("call", device_id=device_id, action="ClearCache")
    assert answer == {"response": {"status": "Accepted"}}
    assert await client.ask("clear_cache", device_id=device_id) == {
        "status": "Accepted"
    }
    triggered = await client.ask(
        "trigger_message", device_id=device_id, message="Heartbeat"
    )
    assert triggered == {"status": "Accepted"}


async def test_profile_is_set_seen_and_cleared(client: Client, place: Place) -> None:
    """A profile shows in the composite schedule until it is removed."""
    device_id = await client.device_id(identifier(place))
    answer = await client.ask(
        "set_charging_profile",
        device_id=device_id,
        profile_id=PROFILE_ID,
        stack_level=STACK_LEVEL,
        unit="A",
        periods=[{"start": 0, "limit": LIMIT}],
    )
    assert answer == {"status": "Accepted", "profile_id": PROFILE_ID}
    assert (await limits(client, device_id))[-1] == LIMIT
    cleared = await client.ask(
        "clear_charging_profile", device_id=device_id, profile_id=PROFILE_ID
    )
    assert cleared == {"status": "Accepted"}
    assert LIMIT not in await limits(client, device_id)


async def limits(client: Client, device_id: str) -> list[float]:
    """Return the limits of the schedule that an EVSE follows."""
    schedule: dict[str, Any] = await client.ask(
        "get_composite_schedule", device_id=device_id, duration=600, unit="A"
    )
    return [period["limit"] for period in schedule["periods"]]


async def test_wrong_message_is_refused(client: Client) -> None:
    """A message that its schema does not allow is a bad request."""
    await is_refused(
        client,
        "call",
        device_id=await client.device_id(STATIONS[0].identity),
        action="ChangeAvailability",
        payload={"connectorId": "one", "type": "Operative"},
    )


async def test_unknown_device_is_refused(client: Client) -> None:
    """An action for a device that is not there is a bad request."""
    await is_refused(client, "clear_cache", device_id="nowhere")


async def is_refused(client: Client, action: str, /, **data: Any) -> None:
    """See that an action is a bad request."""
    with pytest.raises(ClientResponseError) as refused:
        await client.ask(action, **data)
    assert refused.value.status == HTTPStatus.BAD_REQUEST
