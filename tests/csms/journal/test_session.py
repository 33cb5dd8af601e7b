"""Sessions as their owners see them."""

from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import (
    Remark,
    Session,
    SessionSample,
    session_of,
    summarise,
)

from ..support import NOW
from .disk import session

type Told = tuple[float, float | None, float | None]
"""Minutes, Wh, W."""


def _session(*told: Told, **fields: Any) -> Session:
    transaction = session(**{"record": 1, "meter_start_wh": 0.0} | fields)
    samples = [
        SessionSample(1, NOW + timedelta(minutes=at), wh, w) for at, wh, w in told
    ]
    return session_of("CP1", transaction, summarise(transaction, samples))


def _at(minutes: float) -> Any:
    return NOW + timedelta(minutes=minutes)


def _quarters(made: Session) -> list[tuple[float, float]]:
    return [
        ((at - NOW) / timedelta(minutes=1), round(wh, 3))
        for at, wh in made.summary.quarters
    ]


def test_complete_session() -> None:
    """Energy by quarter hours, how long and how fast it flowed."""
    told = [(0.0, 0.0, 0.0), *((n, n * 100.0, 6000.0) for n in range(1, 21))]
    told += [(30.0, 2000.0, 0.0), (45.0, 2000.0, 0.0)]
    made = _session(
        *told,
        energy_wh=2000.0,
        ended_at=_at(60),
        reported_start_wh=1000.0,
        meter_stop_wh=3000.0,
        stop_reason="Local",
    )
    assert _quarters(made) == [(0, 1500), (15, 500)]
    assert (made.summary.charging, made.duration) == (
        timedelta(minutes=20),
        timedelta(minutes=60),
    )
    assert (made.summary.peak_w, made.mean_w) == (6000, 6000)
    assert (made.meter_start_wh, made.meter_stop_wh) == (1000, 3000)
    assert made.remarks == frozenset()


def test_running_session() -> None:
    """What runs has no end yet."""
    made = _session((10, 500.0, 3000.0), energy_wh=500.0)
    assert (made.ended_at, made.duration, made.remarks) == (
        None,
        None,
        {Remark.RUNNING},
    )
    assert _quarters(made) == [(0, 500)]


def test_what_no_sample_tells() -> None:
    """Without samples the energy is spread over the session; hours that nobody saw do not charge."""
    made = _session(energy_wh=1000.0, ended_at=_at(60))
    assert _quarters(made) == [(0, 250), (15, 250), (30, 250), (45, 250)]
    assert (made.summary.charging, made.mean_w, made.summary.peak_w) == (
        timedelta(),
        None,
        None,
    )


@pytest.mark.parametrize(
    ("fields", "remarks"),
    [
        ({"start_heard": False}, {Remark.START_UNHEARD, Remark.ENERGY_UNKNOWN}),
        ({"resumed": True, "energy_wh": 1.0}, {Remark.START_UNHEARD}),
        ({"stop_reason": "Lost", "energy_wh": 1.0}, {Remark.END_UNHEARD}),
        ({"clock_offset_s": 29.0, "energy_wh": 1.0}, set()),
        ({"clock_offset_s": -90.0, "energy_wh": 1.0}, {Remark.CLOCK_CORRECTED}),
    ],
)
def test_remarks(fields: dict[str, Any], remarks: set[Remark]) -> None:
    """What is not as certain as it looks is told."""
    assert _session(ended_at=_at(60), **fields).remarks == remarks


def test_clock_of_the_station() -> None:
    """Times of a clock that was an hour ahead are set back, those of samples too."""
    made = _session(
        (60.0, 0.0, 0.0),
        (65.0, 500.0, 6000.0),
        started_at=_at(60),
        ended_at=_at(75),
        energy_wh=500.0,
        clock_offset_s=3600.0,
    )
    assert (made.started_at, made.ended_at) == (NOW, _at(15))
    assert _quarters(made) == [(0, 500)]


@given(
    st.lists(st.tuples(st.floats(0, 600), st.floats(0, 90_000)), max_size=30),
    st.floats(0, 90_000),
)
def test_quarters_hold_all_energy(
    told: list[tuple[float, float]], energy: float
) -> None:
    """However samples jump, the quarter hours hold what the session took, no more and no less."""
    samples: list[Told] = [(at, wh, None) for at, wh in sorted(told)]
    made = _session(*samples, energy_wh=energy, ended_at=_at(700))
    assert sum(wh for _, wh in made.summary.quarters) == pytest.approx(energy)
    assert all(wh > 0 for _, wh in made.summary.quarters)


async def test_summary_outlives_its_samples(journal: Journal) -> None:
    """What samples said is kept with the session, when they are not any more."""
    transaction = session()
    journal.put("CP1", transaction)
    for minute in range(21):
        at = NOW + timedelta(minutes=minute)
        journal.add(SessionSample(transaction.record, at, minute * 100.0, 6000.0))
    await journal.commit()
    (running,) = await journal.sessions(NOW, _at(1))
    assert _quarters(running) == [(0, 1500), (15, 500)]
    transaction.ended_at, transaction.energy_wh = _at(25), 2000.0
    journal.put("CP1", transaction)
    await journal.commit()
    (ended,) = await journal.sessions(NOW, _at(1))
    await journal._writer.submit(
        lambda database: database.execute("DELETE FROM samples")
    )
    (later,) = await journal.sessions(NOW, _at(1))
    assert later == ended
    assert _quarters(later) == [(0, 1500), (15, 500)]
    assert later.summary.charging == timedelta(minutes=20)
