"""What is put into the journal is on disk, once, and comes out as it went in."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import sqlite3

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.journal import journal as journal_module
from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.records import (
    new_record,
    read_session,
    session_row,
)
from custom_components.ocpp_csms.csms.journal.session import SessionSample
from custom_components.ocpp_csms.csms.model.evse import ChargingState
from custom_components.ocpp_csms.csms.model.transaction import Transaction

from ..support import NOW, HandClock, until
from .disk import rows, session, sessions_on

_TIMES = st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=9000)).map(
    lambda time: time.replace(tzinfo=NOW.tzinfo)
)
_WH = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


@given(
    st.builds(
        Transaction,
        record=st.integers(1, 2**62),
        id=_TEXTS,
        evse_id=st.integers(0, 200),
        connector_id=st.integers(0, 20),
        started_at=_TIMES,
        ended_at=st.none() | _TIMES,
        id_token=st.none() | _TEXTS,
        charging_state=st.none() | st.sampled_from(ChargingState),
        meter_start_wh=_WH,
        reported_start_wh=_WH,
        energy_wh=_WH,
        meter_stop_wh=_WH,
        stop_reason=st.none() | _TEXTS,
        remote_start_id=st.none() | st.integers(0, 2**31),
        station_id=st.none() | _TEXTS,
        id_confirmed=st.booleans(),
        resumed=st.booleans(),
    )
)
def test_sessions_come_out_as_they_went_in(transaction: Transaction) -> None:
    """Whatever a session holds is there again, to the microsecond."""
    assert read_session(session_row("CP1", transaction)) == ("CP1", transaction)


def test_details_of_another_version_are_left_out() -> None:
    """What a row knows and this software does not is no obstacle."""
    row = (*session_row("CP1", session())[:-1], '{"connector_id": 2, "colour": "red"}')
    assert read_session(row)[1].connector_id == 2


def test_records_differ() -> None:
    """Two sessions of the same moment have different numbers, later ones higher ones."""
    assert len({new_record(NOW) for _ in range(50)}) == 50
    assert new_record(NOW) < new_record(NOW + timedelta(seconds=1)) < 2**63


async def test_committed_is_on_disk(journal: Journal, path: Path) -> None:
    """What was committed is found by another reader, as it is."""
    first, second = session("1"), session("2", ended_at=NOW, energy_wh=7.5)
    journal.put("CP1", first)
    journal.put("CP1", second)
    await journal.commit()
    kept = sorted(sessions_on(path), key=lambda transaction: transaction.id)
    assert kept == [first, second]
    await journal.commit()
    assert journal.problem is None


async def test_later_states_replace_earlier_ones(journal: Journal, path: Path) -> None:
    """A session is one row, however often it is put."""
    transaction = session()
    for energy in (1.0, 2.0, 3.0):
        transaction.energy_wh = energy
        journal.put("CP1", transaction)
        await journal.commit()
    assert [kept.energy_wh for kept in sessions_on(path)] == [3.0]


async def test_same_id_twice(journal: Journal, path: Path) -> None:
    """Two sessions of one id, of a station that begins again to count, are two."""
    journal.put("CP1", session("1"))
    journal.put("CP1", session("1", started_at=NOW + timedelta(days=1)))
    await journal.commit()
    assert len(sessions_on(path)) == 2


async def test_samples(journal: Journal, path: Path) -> None:
    """Samples come in the order of their times, each moment once as it was told last."""
    transaction = session(energy_wh=0.0, meter_start_wh=0.0)
    journal.put("CP1", transaction)
    samples = [
        SessionSample(transaction.record, NOW + timedelta(seconds=at), wh, 3680.0)
        for at, wh in ((10, 20.0), (0, 10.0), (10, 99.0), (10, None))
    ]
    for sample in samples:
        journal.add(sample)
    await journal.commit()
    assert await journal.samples(transaction.record) == [samples[1], samples[2]]
    assert sessions_on(path)[0].energy_wh == 99.0
    transaction.ended_at, transaction.energy_wh = NOW, 25.0
    journal.put("CP1", transaction)
    await journal.commit()
    assert sessions_on(path)[0].energy_wh == 25.0


async def test_sample_of_a_deleted_session(journal: Journal, path: Path) -> None:
    """What belongs to no session is left out, and keeps nothing else from the disk."""
    journal.add(SessionSample(4711, NOW, 1.0))
    journal.put("CP1", session())
    await journal.commit()
    assert (len(sessions_on(path)), rows(path, "SELECT * FROM samples")) == (1, [])


async def test_nobody_has_to_wait(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody waits for comes to the disk by itself."""
    monkeypatch.setattr(journal_module, "FLUSH_S", 0.01)
    journal.put("CP1", session())
    await until(lambda: sessions_on(path))


async def test_closing_writes_what_is_left(path: Path, clock: HandClock) -> None:
    """Nothing is left behind; and a second closing is none."""
    journal = Journal(path, clock)
    await journal.open()
    journal.put("CP1", session())
    await journal.close()
    await journal.close()
    assert len(sessions_on(path)) == 1


async def test_recent(journal: Journal) -> None:
    """The last sessions of a station, and whichever still run, oldest first."""
    for number in range(8):
        began = NOW + timedelta(hours=number)
        ended = None if number in (1, 7) else began
        journal.put("CP1", session(str(number), started_at=began, ended_at=ended))
        journal.put("CP2", session(str(number), started_at=began))
    await journal.commit()
    recent = await journal.recent("CP1", 3)
    assert [transaction.id for transaction in recent] == ["1", "5", "6", "7"]
    assert await journal.recent("CP3") == []


async def test_sessions_of_a_time(journal: Journal) -> None:
    """By time, station and token."""
    for number, (station, token) in enumerate(
        (("CP1", "A"), ("CP1", None), ("CP2", "A"), ("CP2", "B"))
    ):
        began = NOW + timedelta(hours=number)
        kept = session(str(number), started_at=began, id_token=token)
        journal.put(station, kept)
    await journal.commit()
    day = (NOW, NOW + timedelta(days=1))

    async def found(**wanted: str) -> list[str]:
        kept = await journal.sessions(*day, **wanted)
        return [session.transaction_id for session in kept]

    assert await found() == ["0", "1", "2", "3"]
    assert await found(station="CP1") == ["0", "1"]
    assert await found(id_token="A") == ["0", "2"]
    assert await found(station="CP2", id_token="B") == ["3"]
    hours = (NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    kept = await journal.sessions(*hours)
    assert [session.station for session in kept] == ["CP1", "CP2"]


async def test_many_at_once(journal: Journal, path: Path) -> None:
    """A hundred stations that wait at once are all served, with their own."""

    async def serve(number: int) -> None:
        transaction = session(str(number))
        for energy in range(5):
            journal.put(f"CP{number}", replace(transaction, energy_wh=float(energy)))
            await journal.commit()

    await asyncio.gather(*(serve(number) for number in range(100)))
    kept = sessions_on(path)
    assert len(kept) == 500
    assert {transaction.id for transaction in kept} == {str(n) for n in range(100)}


async def test_survives_what_is_copied_at_any_moment(
    journal: Journal, path: Path, tmp_path: Path
) -> None:
    """While a backup is made the file stays as it is, and a copy holds what was committed."""
    journal.put("CP1", session("before"))
    await journal.commit()
    await journal.hold_for_backup(hold=True)
    before = path.read_bytes()
    for number in range(50):
        journal.put("CP1", session(str(number)))
        await journal.commit()
    assert path.read_bytes() == before
    copies = tmp_path / "backup"
    copies.mkdir()
    beside = path.with_name(path.name + "-wal").read_bytes()
    for length in (0, 1, len(beside) // 2, len(beside) - 7, len(beside)):
        (copies / path.name).write_bytes(before)
        (copies / f"{path.name}-wal").write_bytes(beside[:length])
        with sqlite3.connect(copies / path.name) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            (count,) = copy.execute("SELECT count(*) FROM sessions").fetchone()
        copy.close()
        assert 1 <= count <= 51
        for left in copies.iterdir():
            left.unlink()
    assert count == 51
    await journal.hold_for_backup(hold=False)
    journal.put("CP1", session("after"))
    await journal.commit()
    assert len(sessions_on(path)) == 52
