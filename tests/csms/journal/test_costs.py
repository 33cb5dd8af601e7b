"""What sessions cost: by what held in their quarter hours when they ended."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.journal.corrections import Author, Correction
from custom_components.ocpp_csms.csms.journal.errors import JournalError
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.records import HolderTotals
from custom_components.ocpp_csms.csms.journal.session import (
    Remark,
    Session,
    SessionSample,
)
from custom_components.ocpp_csms.csms.model.conditions import Conditions

from ..support import NOW, HandClock
from .disk import fill_disk, session

DAY = timedelta(days=1)
BY = Author(at=NOW, who="Ann", reason="mended")


def _at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def _charge(
    journal: Journal, wh: float = 2000.0, minutes: float = 30, **fields: Any
) -> Session:
    """Return a session that took energy evenly for some minutes."""
    told = {"ended_at": _at(minutes), "energy_wh": wh} | fields
    transaction = session(**told)
    journal.put("CP1", transaction)
    await journal.commit()
    found = await journal.session(transaction.record)
    assert found is not None
    return found


async def test_nothing_is_known(journal: Journal) -> None:
    """Without any price there is no cost: not 0."""
    charged = await _charge(journal)
    assert (charged.cost, charged.solar_share) == (None, None)
    assert charged.summary.currency is None
    assert Remark.PRICE_UNKNOWN not in charged.remarks


async def test_price_of_each_quarter_hour(journal: Journal) -> None:
    """Each part has the price, the share of the sun and the CO2 of its time."""
    journal.currency = "EUR"
    journal.note(
        {
            _at(0): Conditions(import_price=0.2, co2=400.0, solar_share=0.0),
            _at(15): Conditions(
                import_price=0.4, export_price=0.1, co2=200.0, solar_share=0.5
            ),
        }
    )
    charged = await _charge(journal)
    assert charged.cost == pytest.approx(0.2 + 0.25)
    assert charged.solar_share == pytest.approx(0.25)
    assert charged.summary.totals.co2_g == pytest.approx(400 + 100)
    assert charged.summary.currency == "EUR"


async def test_cost_is_that_of_the_time(journal: Journal) -> None:
    """Prices that become known, or others, later change no session that has ended."""
    journal.note({_at(0): Conditions(import_price=0.2)})
    charged = await _charge(journal, 1000.0, 15)
    journal.note({_at(0): Conditions(import_price=9.0)})
    await journal.commit()
    again = await journal.session(charged.record)
    assert again is not None
    assert again.cost == pytest.approx(0.2)


async def test_a_session_that_runs(journal: Journal) -> None:
    """Its cost so far is known."""
    running = session(meter_start_wh=0.0)
    journal.put("CP1", running)
    journal.note({_at(0): Conditions(import_price=0.3)})
    journal.add(SessionSample(running.record, _at(10), 1000.0))
    await journal.commit()
    found = await journal.session(running.record)
    assert found is not None
    assert found.cost == pytest.approx(0.3)
    assert Remark.RUNNING in found.remarks


async def test_price_known_in_part(journal: Journal) -> None:
    """What has no price is not in the cost, and that is said."""
    journal.note({_at(0): Conditions(import_price=0.2)})
    charged = await _charge(journal)
    assert charged.cost == pytest.approx(0.2)
    assert charged.summary.totals.priced_wh == pytest.approx(1000)
    assert Remark.PRICE_UNKNOWN in charged.remarks


async def test_fixed_price(journal: Journal, clock: HandClock) -> None:
    """A fixed price holds from when it was set, the first one also before."""
    await journal.fix_price(0.3, 0.1)
    early = await _charge(journal, started_at=NOW - DAY, ended_at=NOW - DAY / 2)
    assert early.cost == pytest.approx(0.6)
    clock.advance(900)
    await journal.fix_price(0.5, 0.1)
    await journal.fix_price(0.5, 0.1)
    both = await _charge(journal)
    assert both.cost == pytest.approx(0.3 + 0.5)
    clock.advance(900)
    await journal.fix_price(None, None)
    later = await _charge(journal, started_at=_at(30), ended_at=_at(60))
    assert later.cost is None


async def test_fixed_price_beside_what_was_noted(journal: Journal) -> None:
    """What was noted goes first; of the sun only the noted share is known."""
    await journal.fix_price(0.3, 0.1)
    journal.note({_at(0): Conditions(solar_share=1.0)})
    journal.note({_at(15): Conditions(import_price=0.4)})
    charged = await _charge(journal)
    assert charged.cost == pytest.approx(0.1 + 0.4)
    assert charged.summary.totals.share_known_wh == pytest.approx(1000)
    assert charged.solar_share == pytest.approx(1.0)


async def test_old_conditions_are_forgotten(journal: Journal) -> None:
    """They go with the samples; costs stay."""
    journal.note({_at(0): Conditions(import_price=0.2)})
    charged = await _charge(journal, 1000.0, 15)
    await journal.prune(samples=_at(60))
    kept = await journal.session(charged.record)
    assert kept is not None
    assert kept.cost == pytest.approx(0.2)
    assert (await _charge(journal, 1000.0, 15)).cost is None


async def test_corrected_energy(journal: Journal) -> None:
    """The cost goes with the energy."""
    known = Conditions(import_price=0.3, export_price=0.1, solar_share=0.5)
    journal.note({_at(0): known})
    charged = await _charge(journal, 1000.0, 15)
    await journal.correct(charged.record, Correction(energy_wh=500.0), BY)
    corrected = await journal.session(charged.record)
    assert corrected is not None
    assert corrected.cost == pytest.approx(0.1)
    assert corrected.solar_share == pytest.approx(0.5)


async def test_corrected_cost_and_holder(journal: Journal) -> None:
    """A cost that is known better, and somebody else who has charged."""
    charged = await _charge(journal, holder="Ann", holder_id="1", id_token="A")
    correction = Correction(cost=4.2, holder="Bob", holder_id="2", id_token="B")
    await journal.correct(charged.record, correction, BY)
    corrected = await journal.session(charged.record)
    assert corrected is not None
    assert (corrected.cost, corrected.holder) == (4.2, "Bob")
    (entry,) = await journal.history(charged.record)
    assert entry.before["holder"] == "Ann"
    assert entry.before["cost"] is None
    assert await journal.holder_totals("1", ["A"]) == HolderTotals()
    totals = await journal.holder_totals("2", [])
    assert (totals.sessions, totals.energy_wh, totals.cost) == (1, 2000.0, 4.2)


async def test_totals_of_a_holder(journal: Journal) -> None:
    """All that was theirs at the time, and what was nobody's but has their token."""
    await journal.fix_price(0.5, 0.0)
    await _charge(journal, 1000.0, holder_id="1", id_token="A")
    first = await _charge(journal, 2000.0, holder_id="1", id_token="OLD")
    await _charge(journal, 4000.0, id_token="a")
    await _charge(journal, 8000.0, holder_id="2", id_token="A")
    await _charge(journal, 16000.0, id_token="C")
    journal.put("CP1", session(holder_id="1", energy_wh=32000.0))
    await journal.commit()
    totals = await journal.holder_totals("1", ["A"])
    assert (totals.sessions, totals.energy_wh) == (3, 7000.0)
    assert totals.cost == pytest.approx(3.5)
    await journal.correct(first.record, Correction(energy_wh=1000.0), BY)
    totals = await journal.holder_totals("1", ["A"])
    assert (totals.energy_wh, totals.cost) == (6000.0, pytest.approx(3.0))
    await journal.delete(first.record, BY)
    totals = await journal.holder_totals("1", ["A"])
    assert (totals.energy_wh, totals.cost) == (5000.0, pytest.approx(2.5))


async def test_what_waits_is_kept_while_the_disk_is_full(journal: Journal) -> None:
    """Conditions that can't be written are written later."""
    journal.put("CP1", session("0"))
    await journal.commit()
    await fill_disk(journal)
    price = Conditions(import_price=0.2)
    journal.note({_at(15 * number): price for number in range(2000)})
    with pytest.raises(JournalError):
        await journal.commit()
    await fill_disk(journal, full=False)
    charged = await _charge(journal, 1000.0, 15)
    assert charged.cost == pytest.approx(0.2)
