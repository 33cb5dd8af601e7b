"""Statistics of sessions on the hours in which they were."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.ocpp_csms import session_statistics
from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.csms.journal.errors import JournalError, JournalProblem
from custom_components.ocpp_csms.csms.journal.hours import Hours
from custom_components.ocpp_csms.csms.journal.session import SessionSample
from custom_components.ocpp_csms.journal import async_current
from custom_components.ocpp_csms.session_statistics import statistic_id

from ..csms.journal.disk import session
from .common import mock_entry, subentry_data, until
from .conftest import SetUp

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
ENERGY, COST = (statistic_id("CP1", 1, kind) for kind in ("energy", "cost"))


@pytest.fixture(autouse=True)
def environment(
    recorder_mock: Any,
    hass_storage: dict[str, Any],
    enable_custom_integrations: None,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """Have a recorder, and let nothing wait."""
    monkeypatch.setattr(session_statistics, "SOON_S", 0)
    return hass_storage


@pytest.fixture
async def house(hass: HomeAssistant, set_up: SetUp) -> HomeAssistant:
    """Return a house with a fixed price."""
    await set_up(mock_entry(subentry_data(), price=0.5))
    return hass


async def _keep(hass: HomeAssistant, hours: float, wh: float = 4000.0) -> int:
    """Keep a session of two hours that began some hours after T0; return its record."""
    journal = async_current(hass)
    assert journal is not None
    began = T0 + timedelta(hours=hours)
    kept = session(
        f"t{hours}",
        started_at=began,
        ended_at=began + timedelta(hours=2),
        energy_wh=wh,
    )
    journal.put("CP1", kept)
    for half in range(5):
        at = began + timedelta(minutes=30 * half)
        journal.add(SessionSample(kept.record, at, half * wh / 4))
    await journal.commit()
    return kept.record


async def _rows(hass: HomeAssistant, id_: str) -> dict[float, float]:
    """Return the sums of a statistic by hours after T0."""
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        T0 - timedelta(days=30),
        None,
        {id_},
        "hour",
        None,
        {"sum"},
    )
    return {
        (row["start"] - T0.timestamp()) / 3600: round(row["sum"] or 0.0, 3)
        for row in found.get(id_, [])
    }


async def _expect(hass: HomeAssistant, id_: str, rows: dict[float, float]) -> None:
    """Wait until a statistic has these sums."""
    for _ in range(50):
        if await _rows(hass, id_) == rows:
            return
    assert await _rows(hass, id_) == rows


def test_ids() -> None:
    """Identities that differ only in signs have statistics of their own."""
    ids = {statistic_id(identity, 1, "energy") for identity in ("a-b", "a_b", "A.B")}
    assert len(ids) == 3
    assert statistic_id("a_b", 2, "cost") == f"{DOMAIN}:a_b_evse_2_cost"


async def test_hours(house: HomeAssistant) -> None:
    """Energy and cost lie on the hours in which they were."""
    await _keep(house, 0.5)
    await _expect(house, ENERGY, {0: 1.0, 1: 3.0, 2: 4.0})
    await _expect(house, COST, {0: 0.5, 1: 1.5, 2: 2.0})


async def test_a_session_that_is_told_late(house: HomeAssistant) -> None:
    """It lands on its own hours, and lifts those after it."""
    await _keep(house, 20)
    await _expect(house, ENERGY, {20: 2.0, 21: 4.0})
    await _keep(house, -30)
    await _expect(house, ENERGY, {-30: 2.0, -29: 4.0, 20: 6.0, 21: 8.0})


async def test_told_again(house: HomeAssistant) -> None:
    """What is told twice counts once."""
    for _ in range(2):
        await _keep(house, 0)
        journal = async_current(house)
        assert journal is not None
    await _expect(house, ENERGY, {0: 4.0, 1: 8.0})
    (first, _) = await journal.sessions(T0, T0 + timedelta(days=1))
    journal.put("CP1", (await journal.recent("CP1"))[0])
    await journal.commit()
    await _expect(house, ENERGY, {0: 4.0, 1: 8.0})
    assert first.energy_wh == 4000


@pytest.mark.parametrize(
    ("action", "data", "rows"),
    [
        ("correct_session", {"energy": 2.0}, {0: 1.0, 1: 2.0, 10: 4.0, 11: 6.0}),
        ("delete_sessions", {}, {0: 0.0, 1: 0.0, 10: 2.0, 11: 4.0}),
        (
            "correct_session",
            {
                "started_at": T0 - timedelta(hours=4),
                "ended_at": T0 - timedelta(hours=2),
            },
            {-4: 2.0, -3: 4.0, 0: 4.0, 1: 4.0, 10: 6.0, 11: 8.0},
        ),
    ],
)
async def test_changed(
    house: HomeAssistant, action: str, data: dict[str, Any], rows: dict[float, float]
) -> None:
    """What somebody changes, or removes, is changed in the statistics, too."""
    record = await _keep(house, 0)
    await _keep(house, 10)
    await _expect(house, ENERGY, {0: 2.0, 1: 4.0, 10: 6.0, 11: 8.0})
    key = "session" if action == "correct_session" else "sessions"
    await house.services.async_call(
        DOMAIN, action, {key: str(record), "reason": "wrong"} | data, blocking=True
    )
    await _expect(house, ENERGY, rows)


async def test_sessions_from_before(hass: HomeAssistant, set_up: SetUp) -> None:
    """What was kept while there was no statistic of it is caught up, once."""
    entry = await set_up(mock_entry(subentry_data()))
    journal = async_current(hass)
    assert journal is not None
    journal.ended._callbacks = ()
    await _keep(hass, 0)
    assert await _rows(hass, ENERGY) == {}
    assert await hass.config_entries.async_reload(entry.entry_id)
    await _expect(hass, ENERGY, {0: 2.0, 1: 4.0})
    assert await _rows(hass, COST) == {}


async def test_what_is_due_at_the_end(
    hass: HomeAssistant, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that ended just before is written when Home Assistant stops."""
    monkeypatch.setattr(session_statistics, "SOON_S", 1000)
    entry = await set_up(mock_entry(subentry_data()))
    await _keep(hass, 0)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: async_current(hass) is None)
    await _expect(hass, ENERGY, {0: 2.0, 1: 4.0})


async def test_last_one_removed(house: HomeAssistant) -> None:
    """Where the only session of an EVSE is removed nothing was charged."""
    record = await _keep(house, 0)
    await _expect(house, COST, {0: 1.0, 1: 2.0})
    data = {"sessions": str(record), "reason": "a test"}
    await house.services.async_call(DOMAIN, "delete_sessions", data, blocking=True)
    await _expect(house, ENERGY, {0: 0.0, 1: 0.0})
    await _expect(house, COST, {0: 0.0, 1: 0.0})


async def test_forgotten_sessions(house: HomeAssistant) -> None:
    """What is not kept any more still counts, and its hours stay."""
    journal = async_current(house)
    assert journal is not None
    await _keep(house, 0)
    await _expect(house, ENERGY, {0: 2.0, 1: 4.0})
    await journal.prune(sessions=T0 + timedelta(hours=5))
    await _keep(house, 10)
    await _expect(house, ENERGY, {0: 2.0, 1: 4.0, 10: 6.0, 11: 8.0})
    await _expect(house, COST, {0: 1.0, 1: 2.0, 10: 3.0, 11: 4.0})


async def test_wrong_clock(house: HomeAssistant) -> None:
    """A session of a station whose clock is a day ahead is where it was by the right one."""
    journal = async_current(house)
    assert journal is not None
    began = T0 + timedelta(days=1)
    kept = session(
        started_at=began,
        ended_at=began + timedelta(hours=1),
        energy_wh=2000.0,
        clock_offset_s=86_400.0,
    )
    journal.put("CP1", kept)
    await journal.commit()
    await _expect(house, ENERGY, {0: 2.0})


async def test_journal_that_can_not_be_read(
    house: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be read is written later, with the first of what came meanwhile."""
    journal = async_current(house)
    assert journal is not None
    monkeypatch.setattr(session_statistics, "AGAIN_S", 0)
    read, failures = journal.hours, [JournalError(JournalProblem.FULL)] * 2

    async def fail(*args: Any) -> Hours:
        if failures:
            raise failures.pop()
        return await read(*args)

    monkeypatch.setattr(journal, "hours", fail)
    await _keep(house, 0)
    await _expect(house, ENERGY, {0: 2.0, 1: 4.0})
    assert not failures


async def test_two_currencies(house: HomeAssistant) -> None:
    """A cost in another currency is not summed with today's."""
    journal = async_current(house)
    assert journal is not None
    await _keep(house, 0)
    await _expect(house, COST, {0: 1.0, 1: 2.0})
    journal.currency = "CHF"
    await _keep(house, 10)
    await _expect(house, ENERGY, {0: 2.0, 1: 4.0, 10: 6.0, 11: 8.0})
    await _expect(house, COST, {0: 1.0, 1: 2.0, 10: 1.0, 11: 2.0})
