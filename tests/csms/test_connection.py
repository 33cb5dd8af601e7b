"""One connection of a station: what is kept of it, and what a second one does to it."""

import logging

import pytest

from custom_components.ocpp_csms.csms.connection import Counters
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import CLEAR, BareStation, start, status, stop, until

# What is kept.


async def test_frames_are_logged(ready: BareStation, station: Station) -> None:
    """Both directions are logged as they were."""
    await ready.call("Heartbeat", {}, "7")
    frames = [(frame.incoming, frame.raw) for frame in station.frames]
    assert frames[0] == (True, b'[2,"7","Heartbeat",{}]')
    assert frames[1][0] is False
    assert frames[1][1].startswith(b'[3,"7",')


async def test_what_is_odd_is_counted(ready: BareStation, station: Station) -> None:
    """Malformed, refused and mended messages are counted for diagnostics."""
    await ready.reaction("nonsense")
    await ready.refusal("Teleport", {})
    await ready.call("StartTransaction", start(wh="5"))
    counters = station.counters
    assert (counters.malformed, counters.refused) == (1, 1)
    assert counters.mended == {"StartTransaction.meterStart: type mended": 1}
    assert (counters.frames_in, counters.frames_out) == (3, 3)


async def test_kinds_of_repairs_are_bounded() -> None:
    """A station can't fill the memory with new kinds of errors."""
    counters = Counters()
    for number in range(100):
        counters.count_mended("A", (f"{number}",))
    counters.count_mended("A", ("0",))
    assert len(counters.mended) == 50
    assert counters.mended["A.0"] == 2


async def test_state_outlives_connections(
    call_in: Dial, ready: BareStation, station: Station
) -> None:
    """What is known of a station stays when it is away."""
    await ready.call("StatusNotification", status(word="Preparing"))
    await ready.close()
    await until(lambda: not station.connected)
    await call_in()
    assert station.evses[1].plugged_in


# Two sockets.


async def test_newest_connection_wins(
    call_in: Dial, ready: BareStation, station: Station
) -> None:
    """A second socket of one identity takes over; the first is closed with 1001."""
    new = await call_in()
    assert await ready.close_code() == 1001
    assert (await new.call("Heartbeat", {}))["currentTime"]
    assert station.connected


async def test_end_of_the_old_connection_harms_not_the_new(
    call_in: Dial, ready: BareStation, station: Station
) -> None:
    """The old socket's end leaves the new one alone."""
    new = await call_in()
    await ready.close()
    new.replies["ClearCache"] = {"status": "Accepted"}
    assert (await station.execute(CLEAR)).status == "Accepted"


async def test_half_open_takeover(
    call_in: Dial, ready: BareStation, station: Station
) -> None:
    """A station comes back while its old socket still hangs, unable to close."""
    ready.socket.transport.pause_reading()
    new = await call_in()
    new.replies["ClearCache"] = {"status": "Accepted"}
    await until(lambda: not station._background)
    assert (await station.execute(CLEAR)).status == "Accepted"
    assert (await new.call("Heartbeat", {}))["currentTime"]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_old_connection_ends_what_it_had_begun(
    call_in: Dial,
    ready: BareStation,
    station: Station,
    caplog: pytest.LogCaptureFixture,
    version: str,
) -> None:
    """What a replaced socket still sends is not lost, and is read in its own version."""
    tx = (await ready.call("StartTransaction", start(wh=1000)))["transactionId"]
    ready.socket.transport.pause_reading()
    await call_in(version=version)
    await until(lambda: str(station.version) == version)
    await ready.send([2, "1", "StopTransaction", stop(tx, 3000)])
    await ready.send([2, "2", "StatusNotification", status()])
    await until(lambda: station.evses[1].transaction is None)
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh == 2000
    await until(lambda: not station._background)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
