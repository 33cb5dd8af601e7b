"""What the demo asks of Home Assistant over REST."""

from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from .settings import PASSWORD, USERNAME, Settings

type Json = dict[str, Any]


class HomeAssistantClient:
    """A logged-in REST client."""

    def __init__(self, settings: Settings) -> None:
        """Prepare a client."""
        self._session = ClientSession(settings.url, timeout=ClientTimeout(total=10))
        self._client_id = f"{settings.url}/"

    async def __aenter__(self) -> Self:
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._session.close()

    async def try_log_in(self) -> bool:
        """Log in, and tell whether Home Assistant was there to do so."""
        try:
            await self._log_in()
        except ClientError, TimeoutError:
            return False
        return True

    async def is_running(self) -> bool:
        """Tell whether Home Assistant has finished starting."""
        config = await self.get("/api/config")
        return bool(config["state"] == "RUNNING")

    async def states(self) -> list[Json]:
        """Return the states of all entities."""
        states: list[Json] = await self.get("/api/states")
        return states

    async def integration_entities(self, domain: str) -> list[str]:
        """Return the ids of an integration's entities."""
        template = f"{{{{ integration_entities('{domain}') | to_json }}}}"
        entities: list[str] = await self.post(
            "/api/template", json={"template": template}
        )
        return entities

    async def _log_in(self) -> None:
        """Log in as the demo's user, like the login page does."""
        flow = await self.post(
            "/auth/login_flow",
            json={
                "client_id": self._client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self._client_id,
            },
        )
        result = await self.post(
            f"/auth/login_flow/{flow['flow_id']}",
            json={
                "client_id": self._client_id,
                "username": USERNAME,
                "password": PASSWORD,
            },
        )
        tokens = await self.post(
            "/auth/token",
            data={
                "client_id": self._client_id,
                "grant_type": "authorization_code",
                "code": result["result"],
            },
        )
        self._session.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    async def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        async with self._session.get(path, raise_for_status=True) as response:
            return await response.json()

    async def post(self, path: str, **content: Any) -> Any:
        """Send something, and return the JSON that comes back."""
        async with self._session.post(
            path, raise_for_status=True, **content
        ) as response:
            return await response.json(content_type=None)
