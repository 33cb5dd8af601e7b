"""Values that come late or in another order: each quarter hour gets its own energy all the same."""

from itertools import permutations

import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import Remark, Session
from custom_components.ocpp_csms.csms.model.rates import SLOT
from custom_components.ocpp_csms.csms.server import Server

from ..conftest import Dial
from ..support import (
    NOW,
    HandClock,
    Json,
    energy,
    event,
    meter,
    register,
    sample,
    start,
    status,
    stop,
)

QUARTER_S = 900
EVENTS: tuple[Json, ...] = (
    event(at=0, meterValue=[energy(1000)]),
    event(
        "Updated", at=900, meterValue=[energy(1200, at=900)], chargingState="Charging"
    ),
    event("Updated", at=1800, meterValue=[energy(2100, at=1800)]),
    event("Ended", at=2700, meterValue=[energy(2500, at=2700)]),
)
"""200 Wh in the first quarter hour, 900 in the second, 400 in the third."""


@pytest.fixture(autouse=True)
def later(clock: HandClock) -> None:
    """Let all of it have happened hours ago."""
    clock.advance(4 * 3600)


async def _kept(journal: Journal) -> Session:
    await journal.commit()
    (session,) = await journal.sessions(NOW.replace(year=2000), NOW.replace(year=2050))
    return session


def _quarters(session: Session) -> list[tuple[int, float]]:
    return [((at - NOW) // SLOT, round(wh, 3)) for at, wh in session.summary.quarters]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_any_order(
    server: Server,
    call_in: Dial,
    journal: Journal,
    version_2x: str,
    order: tuple[int, ...],
) -> None:
    """2.x: whatever comes first, energy lies where it flowed; sent again, it changes nothing."""
    cp1 = await call_in(version=version_2x)
    for number in (*order, *order):
        await cp1.call("TransactionEvent", EVENTS[number] | {"offline": True})
        session = await _kept(journal)
        total = sum(wh for _, wh in session.summary.quarters)
        assert total == pytest.approx(session.energy_wh or 0.0)
    assert _quarters(session) == [(0, 200), (1, 900), (2, 400)]
    assert (session.started_at, session.ended_at) == (NOW, NOW + 3 * SLOT)
    assert (session.meter_start_wh, session.meter_stop_wh) == (1000, 2500)
    assert not session.remarks


@pytest.mark.parametrize("order", list(permutations(range(1, 4))))
async def test_start_never_heard(
    server: Server,
    call_in: Dial,
    journal: Journal,
    version_2x: str,
    order: tuple[int, ...],
) -> None:
    """2.x: it counts from the earliest value that was heard, and says that it may be more."""
    cp1 = await call_in(version=version_2x)
    for number in order:
        await cp1.call("TransactionEvent", EVENTS[number] | {"offline": True})
    session = await _kept(journal)
    assert session.energy_wh == 1300
    assert _quarters(session) == [(1, 900), (2, 400)]
    assert session.started_at == NOW + SLOT
    assert session.remarks == {Remark.START_UNHEARD}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_order_after_the_start(
    server: Server, call_in: Dial, journal: Journal, order: tuple[int, ...]
) -> None:
    """1.6: values that come after the end, or before older ones, count where they belong."""
    cp1 = await call_in(version="1.6")
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    messages = (
        ("MeterValues", register(1200, at=900, tx=tx)),
        ("MeterValues", register(2100, at=1800, tx=tx)),
        ("StopTransaction", stop(tx, wh=2500, at=2700)),
    )
    for number in (*order, *order):
        await cp1.call(*messages[number])
    session = await _kept(journal)
    assert session.energy_wh == 1500
    assert _quarters(session) == [(0, 200), (1, 900), (2, 400)]


async def test_several_moments_in_one_message(
    server: Server, call_in: Dial, journal: Journal, version_2x: str
) -> None:
    """2.x: values that were gathered offline come in one message, each with its own time."""
    cp1 = await call_in(version=version_2x)
    await cp1.call("TransactionEvent", EVENTS[0])
    moments = [energy(1200, at=900), energy(2100, at=1800)]
    await cp1.call("TransactionEvent", event("Updated", at=1800, meterValue=moments))
    assert _quarters(await _kept(journal)) == [(0, 200), (1, 900)]
    last = event("Ended", at=2700, meterValue=[energy(2500, at=2700)])
    await cp1.call("TransactionEvent", last)
    assert _quarters(await _kept(journal)) == [(0, 200), (1, 900), (2, 400)]


async def test_late_session_beside_one_that_runs(
    server: Server, call_in: Dial, journal: Journal, version_2x: str
) -> None:
    """2.x: a session that comes out of a queue while the next one runs has its quarter hours."""
    cp1 = await call_in(version=version_2x)
    now = {"transactionInfo": {"transactionId": "T2"}}
    running = event(at=9000, meterValue=[energy(9000, at=9000)]) | now
    await cp1.call("TransactionEvent", running)
    for past in EVENTS:
        await cp1.call("TransactionEvent", past | {"offline": True})
    await journal.commit()
    found = await journal.sessions(NOW, NOW + 20 * SLOT)
    assert [s.transaction_id for s in found] == ["T1", "T2"]
    assert _quarters(found[0]) == [(0, 200), (1, 900), (2, 400)]


async def test_an_update_of_a_session_that_another_has_followed(
    server: Server, call_in: Dial, journal: Journal, version_2x: str
) -> None:
    """2.x: it is kept as one of which neither begin nor end was heard, and told as over."""
    told: list[tuple[str, object]] = []
    server.stations["CP1"].occurred.connect(
        lambda _, what: told.append((what.kind.value, what.data.get("transaction_id")))
    )
    cp1 = await call_in(version=version_2x)
    now = {"transactionInfo": {"transactionId": "T2"}}
    await cp1.call("TransactionEvent", event(at=9000) | now)
    for number in (2, 1):
        await cp1.call("TransactionEvent", EVENTS[number] | {"offline": True})
    await journal.commit()
    found = {s.transaction_id: s for s in await journal.sessions(NOW, NOW + 20 * SLOT)}
    assert (found["T1"].energy_wh, _quarters(found["T1"])) == (900, [(1, 900)])
    assert found["T1"].remarks == {Remark.START_UNHEARD, Remark.END_UNHEARD}
    assert (found["T1"].started_at, found["T1"].ended_at) == (
        NOW + SLOT,
        NOW + 2 * SLOT,
    )
    assert Remark.RUNNING in found["T2"].remarks
    kinds = [kind for kind, id_ in told if id_ == "T1"]
    assert kinds == ["transaction_started", "transaction_ended"]


@pytest.mark.parametrize("wh", [500.0, 2600.0, 99_000_000.0])
async def test_late_value_that_cannot_be(
    server: Server, call_in: Dial, journal: Journal, wh: float
) -> None:
    """A late value below the start, or above the end, tells nothing."""
    cp1 = await call_in(version="1.6")
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await cp1.call("MeterValues", register(2100, at=1800, tx=tx))
    await cp1.call("StopTransaction", stop(tx, wh=2500, at=2700))
    before = await _kept(journal)
    await cp1.call("MeterValues", register(wh, at=900, tx=tx))
    after = await _kept(journal)
    assert (after.energy_wh, after.summary.quarters) == (1500, before.summary.quarters)


async def test_old_state_comes_late(
    server: Server, call_in: Dial, version_2x: str
) -> None:
    """2.x: an older event does not take back what a newer one has said of the state."""
    cp1 = await call_in(version=version_2x)
    await cp1.call("TransactionEvent", event())
    evse = server.stations["CP1"].evses[1]
    for at, state in ((1800, "SuspendedEV"), (900, "Charging")):
        told = event("Updated", at=at)
        told["transactionInfo"] |= {"chargingState": state}
        await cp1.call("TransactionEvent", told)
    assert evse.transaction is not None
    assert evse.transaction.charging_state == "SuspendedEV"


async def test_registers_that_begin_anew_with_each_session(
    server: Server, call_in: Dial, journal: Journal, version_2x: str
) -> None:
    """2.x: each session has its own quarter hours, also where its values come late."""
    cp1 = await call_in(version=version_2x)
    begins = {"T0": 0, "T1": 6 * QUARTER_S, "T2": 12 * QUARTER_S}
    for tx, begin in begins.items():
        values = [0, 200, 1100, 1500]
        order = (0, 1, 2, 3) if tx != "T2" else (0, 2, 1, 3)
        for number in order:
            kind = ("Started", "Updated", "Updated", "Ended")[number]
            at = begin + number * QUARTER_S
            told = [energy(values[number], at=at)]
            message = event(kind, tx=tx, at=at, offline=True, meterValue=told)
            await cp1.call("TransactionEvent", message)
    await journal.commit()
    found = await journal.sessions(NOW, NOW + 40 * SLOT)
    assert [session.energy_wh for session in found] == [1500] * 3
    for session, begin in zip(found, begins.values(), strict=True):
        first = begin // QUARTER_S
        quarters = _quarters(session)
        assert sum(wh for _, wh in quarters) == 1500
        if session.transaction_id == "T2":
            assert quarters == [(first, 200), (first + 1, 900), (first + 2, 400)]


@pytest.mark.parametrize("start_wh", [None, 0])
async def test_registers_of_a_meter_that_has_counted_for_years(
    server: Server, call_in: Dial, journal: Journal, start_wh: int | None
) -> None:
    """1.6: without a start, or with one that can't be, only what flowed since is the session's."""
    cp1 = await call_in(version="1.6")
    tx = 77
    await cp1.call("MeterValues", register(1_234_567, at=-60))
    if start_wh is None:
        await cp1.call("StatusNotification", status("1.6", word="Charging"))
    else:
        answer = await cp1.call("StartTransaction", start(wh=start_wh))
        tx = answer["transactionId"]
    for at, wh in ((0, 1_234_567), (900, 1_234_667), (1800, 1_235_067)):
        await cp1.call("MeterValues", register(wh, at=at, tx=tx))
    session = await _kept(journal)
    assert session.energy_wh == 500
    assert _quarters(session) == [(0, 100), (1, 400)]
    (kept,) = await journal.recent("CP1")
    assert kept.energy_wh == 500


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_end_without_a_register(
    server: Server,
    call_in: Dial,
    journal: Journal,
    version_2x: str,
    order: tuple[int, ...],
) -> None:
    """2.x: what comes after an end that tells no register still counts."""
    cp1 = await call_in(version=version_2x)
    end = event("Ended", at=2700)
    last = event("Updated", at=2700, meterValue=[energy(2500, at=2700)])
    for told in (EVENTS[0], end, *((*EVENTS[1:3], last)[n] for n in order)):
        await cp1.call("TransactionEvent", told | {"offline": True})
    session = await _kept(journal)
    assert session.energy_wh == 1500
    assert _quarters(session) == [(0, 200), (1, 900), (2, 400)]


async def test_a_moment_in_two_parts(
    server: Server, call_in: Dial, journal: Journal
) -> None:
    """1.6: a moment whose power and register come apart is one sample with both."""
    cp1 = await call_in(version="1.6")
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    power = sample("4000", "Power.Active.Import", unit="W")
    for at, wh in ((900, 1200), (1800, 2100)):
        await cp1.call("MeterValues", meter(power, at=at, tx=tx))
        await cp1.call("MeterValues", register(wh, at=at, tx=tx))
    await cp1.call("StopTransaction", stop(tx, wh=2500, at=2700))
    session = await _kept(journal)
    assert _quarters(session) == [(0, 200), (1, 900), (2, 400)]
    assert session.summary.peak_w == 4000


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_long_session_beside_many_short_ones(
    server: Server, call_in: Dial, journal: Journal, version: str
) -> None:
    """However many others come meanwhile, its end is that of the session that runs."""
    cp1 = await call_in(version=version)

    async def begin(evse: int, number: int) -> int:
        if version == "1.6":
            told = start(evse=evse, wh=1000, at=number)
            answer = await cp1.call("StartTransaction", told)
            return int(answer["transactionId"])
        place = {"id": evse, "connectorId": 1}
        told = event(
            tx=f"T{number}", at=number, evse=place, meterValue=[energy(1000, at=number)]
        )
        await cp1.call("TransactionEvent", told)
        return number

    async def end(evse: int, number: int, at: int) -> None:
        if version == "1.6":
            await cp1.call("StopTransaction", stop(number, wh=9000, at=at))
            return
        place, last = {"id": evse, "connectorId": 1}, energy(9000, at=at)
        told = event("Ended", tx=f"T{number}", at=at, evse=place, meterValue=[last])
        await cp1.call("TransactionEvent", told)

    long = await begin(1, 0)
    for number in range(1, 71):
        await end(2, await begin(2, 10 * number), 10 * number + 5)
    await end(1, long, 3600)
    await journal.commit()
    found = await journal.sessions(NOW, NOW + 40 * SLOT)
    assert len(found) == 71
    assert [s.energy_wh for s in found if s.evse_id == 1] == [8000]
    assert all(session.ended_at is not None for session in found)
