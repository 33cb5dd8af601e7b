"""Charge Detail Records: what services that reimburse may rely on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.journal.session import Session, Summary
from custom_components.ocpp_csms.ocpi import House, cdrs
from custom_components.ocpp_csms.session_table import Place

BEGIN = datetime(2026, 10, 5, 18, 7, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
FIRST = BEGIN.replace(minute=0)
HOUSE = House("Home", "DE", 50.0, 8.0)
PLACE = Place({}, UTC, {"ann-card": "Ann"}, "EUR")
SESSION = Session(
    record=1,
    station="CP1",
    evse_id=1,
    connector_id=1,
    transaction_id="tx",
    id_token="ANN-CARD",
    holder=None,
    holder_id=None,
    vehicle=None,
    started_at=BEGIN,
    ended_at=BEGIN + timedelta(hours=2),
    energy_wh=3000.0,
    meter_start_wh=None,
    meter_stop_wh=None,
    summary=Summary(),
    stop_reason="Local",
    signed=(),
    remarks=frozenset(),
)


def _cdr(**fields: Any) -> dict[str, Any]:
    (cdr,) = cdrs([replace(SESSION, **fields)], PLACE, HOUSE, BEGIN)
    return cdr


def _periods(**fields: Any) -> list[tuple[str, float]]:
    """Return begin and energy of each period, after a look at what holds for all."""
    cdr = _cdr(**fields)
    periods = [
        (period["start_date_time"], period["dimensions"][0]["volume"])
        for period in cdr["charging_periods"]
    ]
    assert periods[0][0] == cdr["start_date_time"]
    assert all(one[0] < other[0] for one, other in pairwise(periods))
    assert periods[-1][0] < cdr["end_date_time"]
    assert sum(volume for _, volume in periods) == pytest.approx(cdr["total_energy"])
    return [(start[11:16], volume) for start, volume in periods]


def test_periods_fill_the_session() -> None:
    """Each begins where the one before ends; where nothing flowed they say so."""
    quarters = (
        (FIRST, 500.0),
        (FIRST + QUARTER, 1500.0),
        (FIRST + 4 * QUARTER, 1000.0),
    )
    assert _periods(summary=Summary(quarters=quarters)) == [
        ("18:07", 0.5),
        ("18:15", 1.5),
        ("18:30", 0.0),
        ("19:00", 1.0),
        ("19:15", 0.0),
    ]


def test_energy_that_begins_to_flow_later() -> None:
    """The time before it is a period of its own."""
    quarters = ((FIRST + 2 * QUARTER, 3000.0),)
    assert _periods(summary=Summary(quarters=quarters)) == [
        ("18:07", 0.0),
        ("18:30", 3.0),
        ("18:45", 0.0),
    ]


def test_energy_before_the_begin() -> None:
    """What lies before a begin that a user has given belongs to its first period."""
    quarters = ((FIRST - 2 * QUARTER, 1000.0), (FIRST - QUARTER, 2000.0))
    assert _periods(summary=Summary(quarters=quarters)) == [("18:07", 3.0)]


def test_no_quarter_hours() -> None:
    """All energy is in one period where nobody knows more."""
    assert _periods() == [("18:07", 3.0)]


def test_signed_values_that_are_too_long() -> None:
    """OCPI takes 5000 characters: a longer one is left out, and a remark says so."""
    short = {"nature": "Start", "data": "a" * 5000, "public_key": "k" * 513}
    long = {"nature": "End", "data": "b" * 5001}
    cdr = _cdr(signed=(short, long))
    assert [v["nature"] for v in cdr["signed_data"]["signed_values"]] == ["Start"]
    assert cdr["signed_data"]["public_key"] == ""
    assert "signed_values_too_long" in cdr["remark"]
    assert "signed_data" not in _cdr(signed=(long,))


@pytest.mark.parametrize(
    ("holder", "holder_id", "expected"),
    [
        (None, None, "Ann"),
        ("Bob", "2", "Bob"),
        # A user has said that it is nobody's.
        (None, "name/", "ANN-CARD"),
    ],
)
def test_holder(holder: str | None, holder_id: str | None, expected: str) -> None:
    """A session of nobody is that of who holds its token, but where a user has said no."""
    cdr = _cdr(holder=holder, holder_id=holder_id)
    assert cdr["cdr_token"]["contract_id"] == expected
