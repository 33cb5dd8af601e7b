"""What a station that is not accepted can cost: next to nothing."""

import asyncio
import logging
from time import process_time
from typing import Any
from unittest.mock import Mock

import pytest
from websockets.exceptions import ConnectionClosedOK

from custom_components.ocpp_csms.csms import connection
from custom_components.ocpp_csms.csms.connection import Connection, Counters, Pacing
from custom_components.ocpp_csms.csms.dialects import metering
from custom_components.ocpp_csms.csms.frame_log import FrameLog
from custom_components.ocpp_csms.csms.framing import RpcError
from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.server import MAX_WAITING, Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import (
    NOW,
    BareStation,
    Json,
    Refused,
    accept,
    boot,
    meter,
    moment,
    sample,
    schemas,
    until,
)

LOGGER = connection.__name__


# Before acceptance nothing is read.


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        pytest.param("MeterValues", {"meterValue": [1] * 100_000}, id="large"),
        pytest.param("MeterValues", {}, id="broken"),
        pytest.param("StatusNotification", {"connectorId": []}, id="wrong-type"),
        pytest.param("Invented", {}, id="unknown"),
    ],
)
async def test_nothing_is_read(
    server: Server, call_in: Dial, version: str, action: str, payload: Json
) -> None:
    """What a waiting station sends beside its boot is refused before it is looked at."""
    socket = await call_in("/NEW", version=version)
    assert await socket.refusal(action, payload) == "SecurityError"
    counters = server.stations["NEW"].counters
    assert (counters.refused, counters.mended) == (1, {})


async def test_nothing_is_remembered(server: Server, call_in: Dial) -> None:
    """The descriptions of a waiting station's values are not kept."""
    before = dict(metering._specs)
    socket = await call_in("/NEW")
    samples = [sample("1", "SoC", unit="Percent", location="EV", phase="L2")]
    assert await socket.refusal("MeterValues", meter(*samples)) == "SecurityError"
    assert metering._specs == before


@pytest.mark.parametrize("measurand", ["SoC", "Power.Active.Import", "Nonsense"])
def test_long_units_are_not_remembered(measurand: str) -> None:
    """Units as long as a station likes fill no memory, nor do those that mean nothing."""
    before = dict(metering._specs)
    for number in range(10):
        item = sample(1, measurand, unitOfMeasure={"unit": f"{number}" * 1000})
        metering.decode_samples([moment(item)], NOW)
    assert metering._specs == before


# Large and broken messages of accepted stations.


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([1] * 500_000, id="numbers"),
        pytest.param(
            [{"timestamp": "x", "sampledValue": [{}] * 300_000}], id="samples"
        ),
        pytest.param([{"timestamp": 1, "sampledValue": []}] * 30_000, id="moments"),
    ],
)
def test_breaches_are_not_counted_for_ever(values: list[Any]) -> None:
    """A message that is broken a thousandfold is refused, not mended."""
    payload = {"connectorId": 1, "meterValue": values}
    codec = schemas("1.6")
    before = process_time()
    with pytest.raises(RpcError, match="too large"):
        codec.take_request("MeterValues", payload)
    assert process_time() - before < 1


async def test_large_and_broken(cp1: BareStation, station: Station) -> None:
    """It costs its sender an error, and no memory."""
    payload = {"connectorId": 1, "meterValue": [1] * 100_000}
    with pytest.raises(Refused) as refused:
        await cp1.call("MeterValues", payload)
    assert (refused.value.code, station.counters.mended) == ("FormationViolation", {})
    assert (await cp1.call("Heartbeat", {}))["currentTime"]


# Floods.


class _Flood:
    """A socket in which many frames are waiting already."""

    transport = Mock(is_closing=lambda: False)

    def __init__(self, frame: bytes, number: int) -> None:
        """Hold so many of one frame."""
        self.frame, self.left, self.sent = frame, number, 0

    async def recv(self, decode: bool | None = None) -> bytes:
        """Return the next frame at once."""
        if not self.left:
            raise ConnectionClosedOK(None, None)
        self.left -= 1
        return self.frame

    async def send(self, message: bytes, *, text: bool | None = None) -> None:
        """Count an answer."""
        self.sent += 1

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Have nothing more to read."""
        self.left = 0


@pytest.mark.parametrize(
    "frame", [b'[2,"1","Heartbeat",{}]', b"x", b'[9,"1"]', b'[3,"1",{}]']
)
async def test_flood_leaves_others_their_turn(frame: bytes) -> None:
    """Frames that wait already are not served all at once."""
    flood = _Flood(frame, 500)
    serving = Connection(
        flood,
        schemas("1.6"),
        lambda _, __: {"currentTime": "2026-01-05T12:00:00Z"},
        frames=FrameLog(),
        counters=Counters(),
        pacing=Pacing(),
        clock=lambda: NOW,
    )
    task = asyncio.create_task(serving.run())
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 25


async def test_only_rubbish_is_cut_off(
    cp1: BareStation, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that sends nothing but rubbish is closed, one that errs at times is not."""
    monkeypatch.setattr(connection, "_MAX_MALFORMED", 10)
    for _ in range(3):
        for _ in range(10):
            assert (await cp1.reaction("x"))[:2] == [4, "-1"]
        await cp1.call("Heartbeat", {})
    for _ in range(11):
        await cp1.send("x")
    assert await cp1.close_code() == 1008


@pytest.mark.parametrize(
    ("version", "answers"), [("1.6", 50), ("2.0.1", 50), ("2.1", 0)]
)
async def test_result_errors_write_no_log(
    server: Server,
    call_in: Dial,
    caplog: pytest.LogCaptureFixture,
    version: str,
    answers: int,
) -> None:
    """A stranger's words reach no log, and where they are unknown are refused as such."""
    socket = await call_in("/NEW", version=version)
    forged = "line\n2026-01-01 ERROR (MainThread) forged " + "x" * 10_000
    with caplog.at_level(logging.DEBUG, LOGGER):
        for _ in range(50):
            await socket.send([5, "x", "c", forged, {}])
        await socket.call("Heartbeat", {})
    lines = [r for r in caplog.records if r.name == LOGGER]
    assert [r for r in lines if r.levelno > logging.DEBUG] == []
    assert [
        r for r in lines if "\n" in r.getMessage() or len(r.getMessage()) > 400
    ] == []
    assert len([frame for frame in socket.frames if frame[0] == 4]) == answers
    assert server.stations["NEW"].counters.unusable_answers == 50 - answers


# Places.


async def test_silent_sockets_keep_nobody_out(server: Server, call_in: Dial) -> None:
    """Who has waited longest without a word makes room for the next one."""
    first = await call_in("/TOLD")
    await first.call("BootNotification", boot())
    silent = [await call_in(f"/SILENT{n}") for n in range(MAX_WAITING - 1)]
    await until(lambda: len(server.stations) == MAX_WAITING)
    new = await call_in("/NEW")
    assert (await new.call("BootNotification", boot()))["status"] == "Pending"
    assert await silent[0].close_code() == 1001
    assert "SILENT0" not in server.stations
    assert {"TOLD", "SILENT1", "NEW"} <= server.stations.keys()
    assert not first.closed


# Being accepted is not being let in.


async def test_password_for_an_open_socket(server: Server, call_in: Dial) -> None:
    """A station that is accepted with a password has to come anew, and to know it."""
    socket = await call_in("/NEW")
    await socket.call("BootNotification", boot())
    station = accept(server, identity="NEW", password="secret-password-1")
    assert await socket.close_code() == 1001
    with pytest.raises(Exception, match="401"):
        await call_in("/NEW")
    await call_in("/NEW", password=b"secret-password-1")
    await until(lambda: station.connected)


async def test_new_password(server: Server, call_in: Dial) -> None:
    """A changed password sends away who came in under the old one; any other change not."""
    station = accept(server, password="old-password-1234")
    socket = await call_in(password=b"old-password-1234")
    accept(server, password="old-password-1234", sample_interval_s=60)
    assert (await socket.call("Heartbeat", {}))["currentTime"]
    accept(server, password="new-password-1234")
    assert await socket.close_code() == 1001
    await until(lambda: not station.connected)


@pytest.mark.parametrize(
    ("pin", "stays"),
    [(None, True), (OcppVersion.V201, True), (OcppVersion.V16, False)],
)
async def test_new_pin(
    server: Server, call_in: Dial, pin: OcppVersion | None, stays: bool
) -> None:
    """A version that is pinned holds at once."""
    accept(server)
    socket = await call_in(version=("1.6", "2.0.1"))
    await socket.call("Heartbeat", {})
    accept(server, version=pin)
    if stays:
        assert (await socket.call("Heartbeat", {}))["currentTime"]
    else:
        assert await socket.close_code() == 1001
        assert (await call_in(version=("1.6", "2.0.1"))).socket.subprotocol == "ocpp1.6"
