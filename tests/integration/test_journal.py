"""Sessions on disk: told of when they can't be, whole in backups, there after a restart."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ocpp_csms.backup import async_post_backup, async_pre_backup
from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import SessionSample
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.journal import FILE_NAME, async_current
from custom_components.ocpp_csms.retention import FIRST

from ..csms.journal.disk import forbid_writing, rows, session, sessions_on
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


@pytest.mark.parametrize(
    ("options", "samples", "sessions"),
    [
        ([{}], 0, 2),
        ([{"sample_days": 0}], 1, 2),
        ([{"sample_days": 200}], 1, 2),
        ([{"session_years": 1}], 0, 1),
        ([{"session_years": 1}, {}], 0, 2),
        ([{"session_years": 1}, {"session_years": 3, "sample_days": 0}], 1, 2),
    ],
)
async def test_retention(
    hass: HomeAssistant,
    set_up: SetUp,
    options: list[dict[str, Any]],
    samples: int,
    sessions: int,
) -> None:
    """Samples go after some months, sessions only if that is wanted; the longest time holds."""
    for number, chosen in enumerate(options):
        entry = mock_entry(subentry_data(f"S{number}", f"S{number}"))
        await set_up(entry)
        hass.config_entries.async_update_entry(entry, options=chosen)
    now = dt_util.utcnow()
    for age in (500, 100):
        began = now - timedelta(days=age)
        kept = session(str(age), started_at=began, ended_at=began, energy_wh=1.0)
        _journal(hass).put("CP1", kept)
    _journal(hass).add(SessionSample(kept.record, kept.started_at, 1.0))
    await _journal(hass).commit()
    async_fire_time_changed(hass, now + FIRST + timedelta(seconds=1))
    await hass.async_block_till_done()
    await _journal(hass).commit()
    path = Path(hass.config.path(FILE_NAME))
    assert len(rows(path, "SELECT * FROM samples")) == samples
    assert len(_sessions(hass)) == sessions
