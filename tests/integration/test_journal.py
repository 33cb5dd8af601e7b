"""Sessions on disk: told of when they can't be, whole in backups, there after a restart."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.ocpp_csms.backup import async_post_backup, async_pre_backup
from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.journal import FILE_NAME, async_current

from ..csms.journal.disk import forbid_writing, session, sessions_on
from .common import Charger, mock_entry, subentry_data, until
from .conftest import SetUp


def _journal(hass: HomeAssistant) -> Journal:
    journal = async_current(hass)
    assert journal is not None
    return journal


def _sessions(hass: HomeAssistant) -> list[Transaction]:
    return sessions_on(Path(hass.config.path(FILE_NAME)))


def _issue(hass: HomeAssistant, issue_id: str = "journal") -> str | None:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    return issue.translation_key if issue else None


async def test_session_goes_on_after_a_reload(charging: Charger) -> None:
    """The same session goes on when the entry is loaded anew, and is one record."""
    hass = charging.hass
    (before,) = _sessions(hass)
    await charging.clock.advance(600)
    await charging.expect_number("sensor.session_energy", 1.84)
    await charging.reload()
    await charging.come_back()
    await charging.clock.advance(600)
    await charging.expect_number("sensor.session_energy", 3.68)
    await _journal(hass).commit()
    (after,) = _sessions(hass)
    assert (after.record, after.id, after.active) == (before.record, before.id, True)
    assert after.energy_wh == pytest.approx(3680, abs=20)


async def test_disk_that_takes_nothing(charging: Charger) -> None:
    """The user is told, until it takes something again."""
    hass, journal = charging.hass, _journal(charging.hass)
    assert _issue(hass) is None
    await forbid_writing(journal)
    journal.put("CP1", session("kept"))
    await until(lambda: _issue(hass) == "journal_read_only", 10)
    await until(lambda: _issue(hass) is None, 10)
    assert "kept" in {kept.id for kept in _sessions(hass)}


async def test_damaged_file(hass: HomeAssistant, set_up: SetUp) -> None:
    """A damaged file is told of; nothing else stops."""
    path = Path(hass.config.path(FILE_NAME))
    path.write_bytes(b"nonsense" * 1000)
    await set_up(mock_entry(subentry_data()))
    assert _issue(hass, "journal_damaged") == "journal_damaged"
    _journal(hass).put("CP1", session())
    await _journal(hass).commit()
    assert len(_sessions(hass)) == 1


async def test_backup(charging: Charger) -> None:
    """While a backup is made sessions are stored beside a file that stays as it is."""
    hass, path = charging.hass, Path(charging.hass.config.path(FILE_NAME))
    await async_pre_backup(hass)
    before = path.read_bytes()
    for number in range(30):
        _journal(hass).put("CP1", session(f"during {number}"))
        await _journal(hass).commit()
    assert path.read_bytes() == before
    await async_post_backup(hass)
    assert len(_sessions(hass)) == 31


async def test_backup_without_an_entry(hass: HomeAssistant) -> None:
    """Where nothing runs there is nothing to hold."""
    await async_pre_backup(hass)
    await async_post_backup(hass)
    assert async_current(hass) is None


async def test_entries_share_the_journal(
    hass: HomeAssistant, set_up: SetUp, environment: dict[str, Any]
) -> None:
    """One file for all entries, open as long as one is loaded; it outlives their removal."""
    one = await set_up(mock_entry(subentry_data("A", "A")))
    two = await set_up(mock_entry(subentry_data("B", "B")))
    journal = _journal(hass)
    await hass.config_entries.async_remove(one.entry_id)
    assert async_current(hass) is journal
    journal.put("B", session())
    await hass.config_entries.async_remove(two.entry_id)
    assert async_current(hass) is None
    assert len(_sessions(hass)) == 1
