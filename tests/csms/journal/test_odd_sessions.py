"""Sessions of meters and clocks that are wrong: what is kept makes sense all the same."""

import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import Remark, Session

from ..conftest import Dial
from ..support import (
    NOW,
    BareStation,
    HandClock,
    Json,
    energy,
    event,
    register,
    start,
    stop,
)


async def _kept(journal: Journal) -> Session:
    await journal.commit()
    ever = NOW.replace(year=2000), NOW.replace(year=2050)
    (session,) = await journal.sessions(*ever)
    return session


async def _charge(
    call_in: Dial, clock: HandClock, version: str, values: list[float], ended: float
) -> BareStation:
    """Charge with these register values, ten minutes apart, from 1000 Wh on."""
    cp1 = await call_in(version=version)
    tx: Json = {}
    if version == "1.6":
        answer = await cp1.call("StartTransaction", start(wh=1000))
        tx = {"tx": answer["transactionId"]}
    else:
        await cp1.call("TransactionEvent", event(meterValue=[energy(1000)]))
    for number, wh in enumerate(values, 1):
        at = 600 * number
        clock.advance(600)
        if version == "1.6":
            await cp1.call("MeterValues", register(wh, at=at, **tx))
        else:
            told = event("Updated", at=at, meterValue=[energy(wh, at=at)])
            await cp1.call("TransactionEvent", told)
    at = 600 * (len(values) + 1)
    clock.advance(600)
    if version == "1.6":
        await cp1.call("StopTransaction", stop(tx["tx"], wh=int(ended), at=at))
    else:
        last = energy(ended, "Transaction.End", at=at)
        await cp1.call("TransactionEvent", event("Ended", at=at, meterValue=[last]))
    return cp1


@pytest.mark.parametrize(
    ("values", "ended", "kept_wh"),
    [
        ([2000, 3000], 4000, 3000),
        # One value that can't be true is held back.
        ([2000, 99_000_000, 3000], 4000, 3000),
        ([2000, 0, 3000], 4000, 3000),
        ([2000, 1500, 3000], 4000, 3000),
        # The register at the end can't be true: what was counted stays.
        ([2000, 3000], 500, 2000),
        ([2000, 3000], 99_000_000, 2000),
    ],
)
async def test_registers(
    call_in: Dial,
    clock: HandClock,
    journal: Journal,
    version: str,
    values: list[float],
    ended: float,
    kept_wh: float,
) -> None:
    """Energy never falls and never jumps, and the quarter hours add up to it."""
    await _charge(call_in, clock, version, values, ended)
    session = await _kept(journal)
    assert session.energy_wh == pytest.approx(kept_wh)
    parts = [wh for _, wh in session.summary.quarters]
    assert sum(parts) == pytest.approx(kept_wh)
    assert min(parts) > 0


@pytest.mark.parametrize("days", [-3650, -1, 1, 365])
async def test_clocks(
    call_in: Dial, clock: HandClock, journal: Journal, version: str, days: float
) -> None:
    """Times in the future, or long ago, are corrected by what the clock is off.

    One that can't be a time at all, as of next year, is none: then it is now.
    """
    off = days * 86_400
    cp1 = await call_in(version=version)
    if version == "1.6":
        answer = await cp1.call("StartTransaction", start(wh=1000, at=off))
        tx = answer["transactionId"]
        clock.advance(600)
        await cp1.call("StopTransaction", stop(tx, wh=3000, at=off + 600))
    else:
        begin = event(at=off, meterValue=[energy(1000, at=off)])
        await cp1.call("TransactionEvent", begin)
        clock.advance(600)
        last = energy(3000, "Transaction.End", at=off + 600)
        end = event("Ended", at=off + 600, meterValue=[last])
        await cp1.call("TransactionEvent", end)
    session = await _kept(journal)
    assert session.energy_wh == 2000
    assert abs((session.started_at - NOW).total_seconds()) < 60
    assert session.duration is not None
    assert session.duration.total_seconds() == pytest.approx(600, abs=60)
    assert (Remark.CLOCK_CORRECTED in session.remarks) is (days < 300)


@pytest.mark.parametrize(
    "token", ["X" * 255, "=1+1", "a\tb", "🔑", "'; DROP TABLE sessions; --", " "]
)
async def test_tokens(
    call_in: Dial, journal: Journal, version: str, token: str
) -> None:
    """Whatever a station calls a token is kept as it is, as far as its version knows it."""
    cp1 = await call_in(version=version)
    if version == "1.6":
        answer = await cp1.call("StartTransaction", start(wh=1000, idTag=token))
        await cp1.call("StopTransaction", stop(answer["transactionId"], wh=3000))
    else:
        told = {"idToken": token, "type": "Central"}
        begin = event(meterValue=[energy(1000)], idToken=told)
        await cp1.call("TransactionEvent", begin)
        await cp1.call("TransactionEvent", event("Ended", at=60))
    session = await _kept(journal)
    assert session.id_token is not None
    assert session.id_token == token or token.startswith(session.id_token)
