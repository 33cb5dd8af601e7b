"""What strangers call themselves and send does no harm, and hides nothing."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import IDENTITY, issues
from .conftest import Bare


async def _turned_away(bare: Bare, entry: MockConfigEntry, path: str) -> None:
    with pytest.raises(Exception, match=r"rejected|HTTP"):
        await bare(entry, path, "9.9")


@pytest.fixture
def own_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log at INFO, as users have it."""
    caplog.set_level(logging.INFO, "custom_components.ocpp_csms")
    return caplog


async def test_text_is_no_markdown(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """What a stranger calls itself makes no link in Home Assistant's own pages."""
    await _turned_away(bare, entry, "/[click](http:%2f%2fevil.example)`x")
    (issue,) = issues(hass).values()
    placeholders = issue.translation_placeholders or {}
    for key in ("station", "path", "detail"):
        assert placeholders[key][0] == placeholders[key][-1] == "`"
        assert "`" not in placeholders[key][1:-1]


async def test_query_is_not_shown(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """What follows a path, often a secret, is in no issue."""
    await _turned_away(bare, entry, "/CP1?token=secret-token")
    (issue,) = issues(hass).values()
    assert "secret-token" not in str(issue.translation_placeholders)


async def test_query_is_not_logged(
    entry: MockConfigEntry, bare: Bare, own_log: pytest.LogCaptureFixture
) -> None:
    """Nor is it in the log."""
    await _turned_away(bare, entry, "/CP1?token=secret-token")
    lines = [r.getMessage() for r in own_log.records if "Turned" in r.getMessage()]
    assert len(lines) == 1
    assert "secret-token" not in lines[0]


async def test_strangers_hide_no_issue(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """However many strangers are turned away, that one's own station is, is told."""
    for number in range(12):
        await _turned_away(bare, entry, f"/STRANGER{number}")
    await _turned_away(bare, entry, f"/{IDENTITY}")
    told = [
        issue.translation_placeholders for issue in ir.async_get(hass).issues.values()
    ]
    assert any(words and words["station"] == f"`{IDENTITY}`" for words in told)
