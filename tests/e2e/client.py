"""A client of the booted Home Assistant: REST for asking, a WebSocket for following."""

import asyncio
from collections.abc import Callable
from typing import Any, Self, override

from aiohttp import ClientWebSocketResponse

from demo.rest import HomeAssistantClient, Json
from demo.settings import Settings
from demo.stations import Place

PATIENCE = 25.0


class Client(HomeAssistantClient):
    """A logged-in client that always knows the states."""

    _socket: ClientWebSocketResponse
    _reader: asyncio.Task[None]

    def __init__(self, settings: Settings) -> None:
        """Prepare a client."""
        super().__init__(settings)
        self._known: dict[str, Json] = {}
        self._news = asyncio.Condition()
        self._results: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Callable[[Any], None]] = {}

    @override
    async def __aenter__(self) -> Self:
        """Log in and follow the states."""
        assert await self.try_log_in()
        self._socket = await self._session.ws_connect("/api/websocket")
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self.token})
        assert (await self._socket.receive_json())["type"] == "auth_ok"
        self._reader = asyncio.create_task(self._read())
        await self.subscribe(
            self._state_changed, "subscribe_events", event_type="state_changed"
        )
        for state in await self.command("get_states"):
            self._known.setdefault(state["entity_id"], state)
        return self

    @override
    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        await self._socket.close()
        await self._reader
        await super().__aexit__()

    @property
    def token(self) -> str:
        """Return the access token."""
        return self._session.headers["Authorization"].removeprefix("Bearer ")

    @property
    def known(self) -> dict[str, Json]:
        """Return the newest states, by entity."""
        return self._known

    async def command(self, kind: str, **fields: Any) -> Any:
        """Send a WebSocket command, and return its result."""
        return await self._send(len(self._results) + 1, kind, fields)

    async def subscribe(
        self, listener: Callable[[Any], None], kind: str, **fields: Any
    ) -> None:
        """Call a listener with each event of a subscription."""
        number = len(self._results) + 1
        self._listeners[number] = listener
        await self._send(number, kind, fields)

    async def _send(self, number: int, kind: str, fields: Json) -> Any:
        """Send a command under a number."""
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._results[number] = result
        await self._socket.send_json({"id": number, "type": kind, **fields})
        async with asyncio.timeout(PATIENCE):
            return await result

    async def _read(self) -> None:
        """Hand out what comes."""
        async for message in self._socket:
            content = message.json()
            number = content["id"]
            if content["type"] == "event":
                self._listeners[number](content["event"])
            elif content["success"]:
                self._results[number].set_result(content["result"])
            else:
                error = content["error"]
                self._results[number].set_exception(RefusedError(error["message"]))
            async with self._news:
                self._news.notify_all()

    def _state_changed(self, event: Json) -> None:
        """Take over a state."""
        entity_id = event["data"]["entity_id"]
        if (state := event["data"]["new_state"]) is None:
            self._known.pop(entity_id, None)
        else:
            self._known[entity_id] = state

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until something is true that a message may change."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(wanted)

    def state(self, entity_id: str) -> str | None:
        """Return the newest state of an entity, None if there is none."""
        state = self._known.get(entity_id)
        return state["state"] if state else None

    async def becomes(self, entity_id: str, value: str) -> None:
        """Wait until an entity has a state."""
        try:
            await self.until(lambda: self.state(entity_id) == value)
        except TimeoutError:
            raise AssertionError(
                f"{entity_id} is {self.state(entity_id)}, not {value}"
            ) from None

    async def measures(self, entity_id: str, wanted: Callable[[float], bool]) -> float:
        """Wait until a sensor shows a number of some kind, and return it."""
        try:
            await self.until(lambda: wanted(number(self.state(entity_id))))
        except TimeoutError:
            raise AssertionError(
                f"{entity_id} stays at {self.state(entity_id)}"
            ) from None
        return number(self.state(entity_id))

    async def act(self, domain: str, action: str, /, **data: Any) -> None:
        """Perform an action."""
        await self.post(f"/api/services/{domain}/{action}", json=data)

    async def ask(self, action: str, /, **data: Any) -> Any:
        """Perform one of the integration's actions, and return its response."""
        path = f"/api/services/ocpp_csms/{action}?return_response"
        return (await self.post(path, json=data))["service_response"]

    async def switch(self, place: Place, key: str, *, on: bool) -> None:
        """Move a switch of an EVSE."""
        action = "turn_on" if on else "turn_off"
        await self.act("switch", action, entity_id=place.entity("switch", key))

    async def entry(self) -> Json:
        """Return the integration's config entry."""
        [entry] = await self.get(
            "/api/config/config_entries/entry?domain=ocpp_csms&type=hub"
        )
        found: Json = entry
        return found

    async def device_id(self, identifier: str) -> str:
        """Return the id of a station's or an EVSE's device."""
        for device in await self.command("config/device_registry/list"):
            if ["ocpp_csms", identifier] in device["identifiers"]:
                found: str = device["id"]
                return found
        raise AssertionError(f"no device {identifier}")


class RefusedError(Exception):
    """Home Assistant refused a WebSocket command."""


def number(state: str | None) -> float:
    """Return a state as a number, NaN if it is none."""
    try:
        return float(state or "nan")
    except ValueError:
        return float("nan")
