"""Wait until a charger charges and Home Assistant shows it."""

import asyncio
from typing import Any

from .rest import HomeAssistantClient

INTERVAL = 1.0


class NotSeenError(Exception):
    """What should be seen did not come in time."""


async def wait_for_charging(client: HomeAssistantClient, timeout: float) -> list[str]:
    """Return the lines that tell what a charging EVSE looks like in Home Assistant."""
    states: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(timeout):
            while True:
                states = await own_states(client)
                if place := charging_place(states):
                    return [
                        describe(state)
                        for state in states
                        if place in state["entity_id"]
                    ]
                await asyncio.sleep(INTERVAL)
    except TimeoutError:
        seen = "\n".join(describe(state) for state in states) or "no entity at all"
        raise NotSeenError(
            f"no charging EVSE within {timeout:.0f} s; seen:\n{seen}"
        ) from None


async def own_states(client: HomeAssistantClient) -> list[dict[str, Any]]:
    """Return the states of the integration's entities."""
    own = set(await client.integration_entities("ocpp_csms"))
    return [state for state in await client.states() if state["entity_id"] in own]


def charging_place(states: list[dict[str, Any]]) -> str | None:
    """Return the part that an EVSE's entity ids share, if it charges and draws power."""
    values = {state["entity_id"]: state["state"] for state in states}
    for entity_id, value in values.items():
        if entity_id.endswith("_status") and value == "charging":
            place: str = entity_id.removeprefix("sensor.").removesuffix("_status")
            if is_positive(values.get(f"sensor.{place}_power")):
                return place
    return None


def is_positive(value: str | None) -> bool:
    """Tell whether a state is a number above zero."""
    try:
        return value is not None and float(value) > 0
    except ValueError:
        return False


def describe(state: dict[str, Any]) -> str:
    """Return a line about a state."""
    unit = state["attributes"].get("unit_of_measurement", "")
    return f"  {state['entity_id']}: {state['state']} {unit}".rstrip()
