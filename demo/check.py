"""Wait until a charger charges and Home Assistant shows it."""

import asyncio
from collections.abc import Iterator
from typing import Any

from .rest import HomeAssistantClient
from .stations import STATIONS, Place

INTERVAL = 1.0

type States = dict[str, dict[str, Any]]


class NotSeenError(Exception):
    """What should be seen did not come in time."""


async def wait_for_charging(client: HomeAssistantClient, timeout: float) -> list[str]:
    """Return the lines that tell what a charging EVSE looks like in Home Assistant."""
    states: States = {}
    registers: dict[Place, float] = {}
    try:
        async with asyncio.timeout(timeout):
            while True:
                states = await own_states(client)
                for place, register in charging_places(states):
                    if register > registers.setdefault(place, register):
                        return [*describe(place, states, registers[place])]
                await asyncio.sleep(INTERVAL)
    except TimeoutError:
        seen = "\n".join(line(state) for state in states.values()) or "no entity at all"
        raise NotSeenError(
            f"no charging EVSE with a rising register within {timeout:.0f} s; seen:\n{seen}"
        ) from None


async def own_states(client: HomeAssistantClient) -> States:
    """Return the states of the integration's entities."""
    own = set(await client.integration_entities("ocpp_csms"))
    states = {state["entity_id"]: state for state in await client.states()}
    return {entity_id: state for entity_id, state in states.items() if entity_id in own}


def charging_places(states: States) -> Iterator[tuple[Place, float]]:
    """Yield the EVSEs that charge and draw power, with their registers."""
    for place in (place for station in STATIONS for place in station.places):
        status = states.get(place.entity("sensor", "status"), {}).get("state")
        register = number(states, place.entity("sensor", "energy"))
        power = number(states, place.entity("sensor", "power"))
        if status == "charging" and power and register is not None:
            yield place, register


def number(states: States, entity_id: str) -> float | None:
    """Return an entity's state as a number, None if it is none."""
    try:
        return float(states[entity_id]["state"])
    except KeyError, ValueError:
        return None


def describe(place: Place, states: States, register: float) -> Iterator[str]:
    """Yield lines about an EVSE and its station."""
    for entity_id, state in sorted(states.items()):
        if entity_id.partition(".")[2].startswith(f"{place.station_id}_"):
            yield line(state)
    now = number(states, place.entity("sensor", "energy"))
    yield f"The register of {place.title} rose from {register} to {now} kWh."


def line(state: dict[str, Any]) -> str:
    """Return a line about a state."""
    unit = state["attributes"].get("unit_of_measurement", "")
    return f"  {state['entity_id']}: {state['state']} {unit}".rstrip()
