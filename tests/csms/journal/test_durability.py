"""What a station is told is on disk: by the answer, not by good luck."""

from pathlib import Path

import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.server import Server

from ..conftest import Dial
from ..support import (
    BareStation,
    Json,
    Refused,
    energy,
    event,
    meter,
    register,
    sample,
    start,
    stop,
)
from .disk import forbid_writing, sessions_on


@pytest.fixture
async def cp1(server: Server, call_in: Dial) -> BareStation:
    """Return a 1.6 socket."""
    return await call_in()


@pytest.fixture
async def cp2x(server: Server, call_in: Dial, version_2x: str) -> BareStation:
    """Return a 2.x socket."""
    return await call_in(version=version_2x)


async def test_start_and_stop(cp1: BareStation, path: Path) -> None:
    """1.6: what is answered is on disk at that moment."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    (begun,) = sessions_on(path)
    assert (begun.id, begun.active, begun.id_token) == (str(tx), True, "TAG")
    await cp1.call("StopTransaction", stop(tx, wh=2500))
    (ended,) = sessions_on(path)
    assert (ended.active, ended.energy_wh, ended.stop_reason) == (False, 1500, "Local")


async def test_events_of_2x(cp2x: BareStation, path: Path) -> None:
    """2.x: each event is."""
    await cp2x.call("TransactionEvent", event(meterValue=[energy(1000)]))
    assert [kept.active for kept in sessions_on(path)] == [True]
    state = {"transactionInfo": {"transactionId": "T1", "chargingState": "Charging"}}
    await cp2x.call("TransactionEvent", event("Updated", at=5, **state))
    assert [kept.charging_state for kept in sessions_on(path)] == ["Charging"]
    await cp2x.call("TransactionEvent", event("Ended", at=9, meterValue=[energy(1800)]))
    (ended,) = sessions_on(path)
    assert (ended.active, ended.energy_wh) == (False, 800)


async def test_meter_values_need_not_wait(
    cp1: BareStation, journal: Journal, path: Path
) -> None:
    """Meter values are answered at once, and come to the disk a little later."""
    tx = (await cp1.call("StartTransaction", start(wh=1000)))["transactionId"]
    await forbid_writing(journal)
    values = meter(
        sample("1500", "Energy.Active.Import.Register", unit="Wh"),
        sample("7000", "Power.Active.Import", unit="W"),
        sample("31", "SoC"),
        at=10,
        tx=tx,
    )
    assert await cp1.call("MeterValues", values) == {}
    await forbid_writing(journal, forbidden=False)
    await journal.commit()
    (running,) = sessions_on(path)
    assert running.energy_wh == 500
    (kept,) = await journal.samples(running.record)
    assert (kept.register_wh, kept.power_w, kept.state_of_charge) == (1500, 7000, 31)


async def test_what_cannot_be_stored_is_not_acknowledged(
    cp1: BareStation, journal: Journal, path: Path
) -> None:
    """The station gets an error, sends it again, and gets one session in the end."""
    await forbid_writing(journal)
    begin = start(wh=1000)
    with pytest.raises(Refused, match="InternalError"):
        await cp1.call("StartTransaction", begin)
    assert sessions_on(path) == []
    await forbid_writing(journal, forbidden=False)
    tx = (await cp1.call("StartTransaction", begin))["transactionId"]
    assert [kept.id for kept in sessions_on(path)] == [str(tx)]
    await forbid_writing(journal)
    end = stop(tx, wh=2000)
    with pytest.raises(Refused, match="InternalError"):
        await cp1.call("StopTransaction", end)
    assert [kept.active for kept in sessions_on(path)] == [True]
    await forbid_writing(journal, forbidden=False)
    await cp1.call("StopTransaction", end)
    (ended,) = sessions_on(path)
    assert (ended.active, ended.energy_wh) == (False, 1000)


@pytest.mark.parametrize("lost", ["nothing", "start", "values", "stop"])
async def test_messages_that_come_again(
    cp1: BareStation, call_in: Dial, path: Path, lost: str
) -> None:
    """Whatever answer was lost, the message that comes again on another socket changes nothing."""
    messages: list[tuple[str, str, Json]] = [
        ("start", "StartTransaction", start(wh=1000)),
        ("values", "MeterValues", register(1500, at=30)),
        ("stop", "StopTransaction", stop(0, wh=2000)),
    ]
    socket, tx = cp1, 0
    for name, action, payload in messages:
        if action == "StopTransaction":
            payload["transactionId"] = tx
        answer = await socket.call(action, payload)
        if name == lost:
            socket = await call_in()
            again = await socket.call(action, payload)
            assert again == answer
        tx = answer.get("transactionId", tx)
    (ended,) = sessions_on(path)
    assert (ended.active, ended.energy_wh, ended.id) == (False, 1000, str(tx))
