"""What a user sees in a browser."""

import json
from pathlib import Path

import pytest

from demo.dashboard import URL_PATH
from demo.settings import Settings

from .browser import Page, find_chromium, open_page
from .client import Client

pytestmark = pytest.mark.booted


@pytest.fixture
def chromium() -> str:
    """Return the path of a browser."""
    if not (path := find_chromium()):
        pytest.skip("no Chromium is installed")
    return path


async def test_dashboard_shows_cars_charging(
    client: Client, settings: Settings, chromium: str, tmp_path: Path
) -> None:
    """The dashboard is complete, and nothing goes wrong in the page."""
    log_in = f"localStorage.hassTokens = {json.dumps(tokens(client, settings))}"
    async with open_page(chromium, tmp_path, log_in) as page:
        await page.command("Page.navigate", url=f"{settings.url}/{URL_PATH}")
        await page.shows(r"Garage.*Status\s+Charging")
        await page.shows(r"Power\s+[1-9][\d,]*\sW")
        await page.shows(r"Current limit\s+\d+\sA")
        await assert_is_complete(page)


async def assert_is_complete(page: Page) -> None:
    """See that the page has all its cards."""
    text = await page.text()
    for title in ("Home", "Carport 1", "Carport 2", "Driveway", "Electricity price"):
        assert title in text
    assert "Entity not found" not in text
    assert "Configuration error" not in text
    assert page.errors == []


def tokens(client: Client, settings: Settings) -> str:
    """Return what the frontend keeps of a login."""
    return json.dumps(
        {
            "hassUrl": settings.url,
            "clientId": f"{settings.url}/",
            "access_token": client.token,
            "token_type": "Bearer",
            "expires_in": 1800,
            "expires": 10**14,
        }
    )
