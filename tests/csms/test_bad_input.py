"""Whatever a client sends, the listener and the other stations go on."""

import asyncio
from collections.abc import AsyncIterator
import os
from typing import Any

import orjson
import pytest

from custom_components.ocpp_csms.csms.model.commands import ClearCache
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station, StationConfig

from .conftest import Dial
from .support import (
    UPGRADE,
    BareStation,
    Json,
    boot,
    event,
    meter,
    register,
    sample,
    stamp,
    start,
    status,
    stop,
    until,
)


@pytest.fixture
async def other(server: Server, call_in: Dial) -> AsyncIterator[BareStation]:
    """Return a well-behaved station on the same listener; it must work to the end."""
    known = server.add(StationConfig(identity="OTHER", observe_only=True))
    socket = await call_in("/OTHER")
    await socket.call("BootNotification", boot())
    yield socket
    await socket.call("StatusNotification", status(word="Preparing"))
    assert known.connected
    assert known.evses[1].plugged_in


@pytest.fixture
async def bad(
    call_in: Dial, station: Station, other: BareStation, version: str
) -> BareStation:
    """Return a socket to misuse, in each version."""
    return await call_in(version=version)


async def _still_served(socket: BareStation) -> None:
    assert (await socket.call("Heartbeat", {}))["currentTime"]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hello",
        "{",
        "[2,",
        '[2,"1","Heartbeat",{}',
        "nan",
        '"text"',
        "\x00",
        "[" * 10_000,
        '[2,"\\ud800","Heartbeat",{}]',
    ],
)
async def test_invalid_json(bad: BareStation, raw: str) -> None:
    """Invalid JSON is answered under the id -1."""
    frame = await bad.reaction(raw)
    assert frame[:2] == [4, "-1"]
    await _still_served(bad)


async def test_text_that_is_not_utf_8(bad: BareStation) -> None:
    """A text frame of raw bytes ends its own connection at most."""
    await bad.socket.send(b"\xff\xfe\xfd", text=True)
    await until(lambda: bad.frames or bad.closed)


@pytest.mark.parametrize(
    "frame",
    [
        {},
        [],
        [[]],
        None,
        1,
        [2],
        [None, None, None, None],
        [2, None, None, None],
        [{}, {}, {}, {}],
        [2, "1", {}, {}],
        [2, "1", "Heartbeat", 5],
        [99, "1", "Heartbeat", {}],
        [-1, "1", "Heartbeat", {}],
        ["2", "1", "Heartbeat", {}],
    ],
)
async def test_wrong_shape(bad: BareStation, frame: Any) -> None:
    """JSON that is no message is answered with an error."""
    assert (await bad.reaction(orjson.dumps(frame)))[0] == 4
    await _still_served(bad)


_ACTIONS = {
    "1.6": ["StartTransaction", "StopTransaction", "MeterValues", "BootNotification"],
    "2.0.1": ["TransactionEvent", "MeterValues", "NotifyReport", "NotifyEvent"],
    "2.1": ["TransactionEvent", "MeterValues", "NotifyReport", "NotifyEvent"],
}


@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 2**63, 1e308, True])
async def test_wrong_types(bad: BareStation, version: str, value: Any) -> None:
    """Fields of a wrong type get an answer, of whatever kind."""
    keys = [
        "connectorId",
        "evseId",
        "meterValue",
        "idTag",
        "transactionInfo",
        "evse",
        "eventType",
        "seqNo",
        "timestamp",
        "status",
        "transactionId",
        "meterStart",
    ]
    for action in _ACTIONS[version]:
        assert (await bad.reaction([2, action, action, dict.fromkeys(keys, value)]))[1]
    await _still_served(bad)


@pytest.mark.parametrize("action", ["Teleport", "heartbeat", "Ünbekannt", "X" * 64])
async def test_unknown_action(bad: BareStation, action: str) -> None:
    """An action that does not exist is NotImplemented, in 2.1 too."""
    assert await bad.refusal(action, {}) == "NotImplemented"
    await _still_served(bad)


@pytest.mark.parametrize(
    "action", ["BootNotificationResponse", "Reset", "SetChargingProfile"]
)
async def test_action_of_the_other_side(bad: BareStation, action: str) -> None:
    """A message that only the central system may send is refused."""
    assert await bad.refusal(action, {}) != ""
    await _still_served(bad)


async def test_huge_frame(bad: BareStation, station: Station) -> None:
    """A frame beyond the limit closes its own connection with 1009."""
    await bad.send("x" * (2**20 + 1))
    assert await bad.close_code() == 1009
    await until(lambda: not station.connected)


async def test_large_frame(bad: BareStation) -> None:
    """A frame just within the limit is read."""
    payload = {"vendorId": "acme", "data": "x" * 1_000_000}
    assert (await bad.call("DataTransfer", payload))["status"] == "UnknownVendorId"


async def test_fragmented_frame(bad: BareStation) -> None:
    """A message in many fragments is one message."""
    seen = len(bad.frames)
    await bad.socket.send(iter('[2,"1","Heartbeat",{}]'))
    await until(lambda: len(bad.frames) > seen)
    assert bad.frames[-1][:2] == [3, "1"]


async def test_endless_fragments(bad: BareStation) -> None:
    """Fragments that never end are cut off at the limit."""

    async def parts() -> AsyncIterator[str]:
        while not bad.closed:
            yield "x" * 2**16
            await asyncio.sleep(0)

    with pytest.raises(Exception, match="1009"):
        await bad.socket.send(parts())
    assert await bad.close_code() == 1009


async def test_binary_frame(bad: BareStation) -> None:
    """JSON in a binary frame is understood."""
    await bad.socket.send(b'[2,"1","Heartbeat",{}]')
    await until(lambda: bad.frames)
    assert bad.frames[0][:2] == [3, "1"]


async def test_binary_rubbish(bad: BareStation) -> None:
    """Rubbish in a binary frame is rubbish."""
    await bad.socket.send(os.urandom(1000))
    await until(lambda: bad.frames)
    assert bad.frames[0][:2] == [4, "-1"]
    await _still_served(bad)


_FRAMES = [
    b"\x81",
    b"\x81\xfe",
    b"\x81\x96\x00\x00\x00\x00[2,",
    b"\x81\xff\x00\x00\x00\x00\x00\x00",
    b"\x01\x83\x00\x00\x00\x00[2,",
]


async def _upgraded(
    server: Server,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = ("GET /CP1 HTTP/1.1", *UPGRADE, "Connection: Upgrade", "", "")
    writer.write("\r\n".join(lines).encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@pytest.mark.parametrize("raw", _FRAMES)
async def test_half_frame_and_gone(
    server: Server, station: Station, other: BareStation, raw: bytes
) -> None:
    """A socket that closes amid a frame is gone, and nothing more."""
    _, writer = await _upgraded(server)
    await until(lambda: station.connected)
    writer.write(raw)
    writer.close()
    await until(lambda: not station.connected)


async def test_half_frame_and_waiting(
    server: Server, station: Station, other: BareStation, call_in: Dial
) -> None:
    """A socket that stops amid a frame keeps nobody waiting, its own station neither."""
    _, writer = await _upgraded(server)
    writer.write(_FRAMES[2])
    await _still_served(other)
    await _still_served(await call_in())
    writer.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x81\x02[]",
        b"\xf1\x82\x00\x00\x00\x00[]",
        b"\x83\x82\x00\x00\x00\x00[]",
        b"\x80\x82\x00\x00\x00\x00[]",
    ],
)
async def test_broken_websocket(
    server: Server, station: Station, other: BareStation, raw: bytes
) -> None:
    """Frames that break the WebSocket protocol are answered with a close of 1002."""
    reader, writer = await _upgraded(server)
    await until(lambda: station.connected)
    writer.write(raw)
    assert (await reader.readexactly(4))[::3] == b"\x88\xea"
    writer.close()
    await until(lambda: not station.connected)


async def test_no_boot(bad: BareStation, station: Station, version: str) -> None:
    """A station that never boots is served all the same."""
    await bad.call("StatusNotification", status(version))
    assert station.evses[1].status == "available"


async def test_out_of_order(
    call_in: Dial, station: Station, other: BareStation
) -> None:
    """1.6: meter values and a stop before their start are acknowledged, and harmless."""
    socket = await call_in()
    assert await socket.call("MeterValues", register(5000, tx=77)) == {}
    assert await socket.call("StopTransaction", stop(77)) == {}
    answer = await socket.call("StartTransaction", start())
    running = station.evses[1].transaction
    assert running is not None
    assert running.id == str(answer["transactionId"])


async def test_out_of_order_2x(
    call_in: Dial, station: Station, other: BareStation, version_2x: str
) -> None:
    """2.x: an Ended before its Started is acknowledged, and both make one that is over."""
    socket = await call_in(version=version_2x)
    assert await socket.call("TransactionEvent", event("Ended", evse=None)) == {}
    assert await socket.call("TransactionEvent", event("Updated", evse=None)) == {}
    assert await socket.call("TransactionEvent", event("Started")) == {}
    (only,) = station.transactions
    assert (only.active, only.start_heard, only.evse_id) == (False, True, 1)
    assert station.evses[1].transaction is None
    assert await socket.call("TransactionEvent", event("Started", tx="T2")) == {}
    assert station.evses[1].transaction is not None


@pytest.mark.parametrize("tx", [0, -1, 1, 424242, 2**31 - 1, 2**63 - 1])
async def test_unknown_transaction(
    call_in: Dial, station: Station, other: BareStation, tx: int
) -> None:
    """Messages for unknown transactions are acknowledged and end no other, if they can't."""
    socket = await call_in()
    await socket.call("StartTransaction", start(wh=1000))
    await socket.call("StopTransaction", stop(tx, wh=900))
    assert station.evses[1].transaction is not None


async def test_repeated_ids(bad: BareStation) -> None:
    """A station that uses one id for everything gets an answer to everything."""
    for _ in range(3):
        assert (await bad.reaction([2, "1", "Heartbeat", {}]))[:2] == [3, "1"]
        assert (await bad.reaction([2, "1", "Teleport", {}]))[:2] == [4, "1"]


async def test_flood(bad: BareStation, other: BareStation) -> None:
    """While one station floods, the other is answered, and each of the flood too."""

    async def flood() -> None:
        for number in range(2000):
            await bad.send([2, f"f{number}", "Heartbeat", {}])

    task = asyncio.create_task(flood())
    for _ in range(20):
        await _still_served(other)
    await task
    await until(lambda: len(bad.frames) == 2000)


async def test_flood_of_rubbish(bad: BareStation, other: BareStation) -> None:
    """Rubbish in masses is answered as such."""
    for _ in range(500):
        await bad.send("rubbish")
    await _still_served(other)
    await _still_served(bad)


async def test_flood_of_connections(
    server: Server, other: BareStation, station: Station, call_in: Dial
) -> None:
    """Many sockets of one identity in one moment leave one, that works."""
    sockets = await asyncio.gather(*(call_in() for _ in range(20)))
    await until(lambda: sum(not socket.closed for socket in sockets) == 1)
    (left,) = [socket for socket in sockets if not socket.closed]
    await _still_served(left)


async def test_two_sockets_with_one_identity(
    bad: BareStation, call_in: Dial, version: str
) -> None:
    """The newer of two sockets wins."""
    newer = await call_in(version=version)
    assert await bad.close_code() == 1001
    await _still_served(newer)


async def test_sockets_that_say_nothing(server: Server, other: BareStation) -> None:
    """Sockets that open and send no request keep nobody out."""
    writers = [
        (await asyncio.open_connection("127.0.0.1", server.port))[1] for _ in range(50)
    ]
    await _still_served(other)
    for writer in writers:
        writer.close()


async def test_deep_answer(bad: BareStation, station: Station) -> None:
    """An answer nested beyond all measure fails its CALL, and nothing else."""
    await until(lambda: station.connected)
    task = asyncio.create_task(station.execute(ClearCache()))
    request = await bad.request("ClearCache")
    deep = '{"a":' * 900 + "{}" + "}" * 900
    await bad.send(f'[3,"{request.id}",{{"status":"Accepted","extra":{deep}}}]')
    await asyncio.wait([task])
    task.exception()
    await _still_served(bad)


async def test_numbers_beyond_range(bad: BareStation, version: str) -> None:
    """Numbers that no integer holds are no reason to stumble."""
    key = "connectorId" if version == "1.6" else "evseId"
    raw = f'[2,"1","MeterValues",{{"{key}":1e300,"meterValue":[]}}]'
    assert (await bad.reaction(raw))[:2] == [4, "1"]
    await _still_served(bad)


@pytest.mark.parametrize("evse", [-1, 65, 1634030126, 2**31])
async def test_absurd_evse(
    bad: BareStation, station: Station, version: str, evse: int
) -> None:
    """An EVSE that can't exist does not come to exist."""
    code = await bad.refusal("StatusNotification", status(version, evse=evse))
    assert code.endswith("ConstraintViolation")
    assert station.evses == {}


async def test_whole_number_written_as_decimal(
    call_in: Dial, station: Station, other: BareStation
) -> None:
    """A connector 1.0 is connector 1."""
    socket = await call_in()
    await socket.call("StatusNotification", status() | {"connectorId": 1.0})
    assert [repr(evse_id) for evse_id in station.evses] == ["1"]


async def test_many_samples(bad: BareStation, version: str) -> None:
    """A message of thousands of samples is read."""
    samples = [sample("1" if version == "1.6" else 1.0, "Voltage")] * 5000
    payload = meter(*samples)
    if version != "1.6":
        payload = {"evseId": 1, "meterValue": payload["meterValue"]}
    assert await bad.call("MeterValues", payload) == {}


async def test_absurd_connectors(cp1_201: BareStation, station: Station) -> None:
    """2.x: an EVSE does not grow connectors without end."""
    for connector in (1, 2, 16):
        payload = status("2.0.1") | {"connectorId": connector}
        await cp1_201.call("StatusNotification", payload)
    for connector in (17, 2**31 - 1):
        payload = status("2.0.1") | {"connectorId": connector}
        await cp1_201.refusal("StatusNotification", payload)
    assert sorted(station.evses[1].connectors) == [1, 2, 16]


async def test_events_without_end(
    cp1_201: BareStation,
    station: Station,
    occurrences: list[Occurrence],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """2.x: of a message with thousands of events some are taken, and fewer are told."""
    caplog.set_level("INFO")
    event = {
        "eventId": 1,
        "timestamp": stamp(),
        "trigger": "Alerting",
        "actualValue": "Faulted",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    await cp1_201.call(
        "NotifyEvent",
        {"generatedAt": stamp(), "seqNo": 0, "eventData": [event] * 2000},
    )
    told = [o for o in occurrences if o.kind is OccurrenceKind.MONITORED_EVENT]
    assert len(told) == 50
    assert str(station.evses[1].status) == "faulted"
    assert "1500 events left out" in caplog.text


async def test_one_bad_event_among_good_ones(
    cp1_201: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """2.x: an event of a connector that can't be keeps no other from being taken."""

    def faulted(evse: int, connector: int) -> Json:
        return {
            "eventId": 1,
            "timestamp": stamp(),
            "trigger": "Alerting",
            "actualValue": "Faulted",
            "eventNotificationType": "HardWiredNotification",
            "component": {
                "name": "Connector",
                "evse": {"id": evse, "connectorId": connector},
            },
            "variable": {"name": "AvailabilityState"},
        }

    events = [faulted(1, 1), faulted(1, 99), faulted(2, 1)]
    await cp1_201.call(
        "NotifyEvent", {"generatedAt": stamp(), "seqNo": 0, "eventData": events}
    )
    assert [str(evse.status) for evse in station.evses.values()] == ["faulted"] * 2


async def test_pages_that_nobody_waits_for(
    cp1_201: BareStation, station: Station
) -> None:
    """2.x: pages of an inventory are kept only while they are waited for."""
    item = {
        "component": {"name": "C"},
        "variable": {"name": "V"},
        "variableAttribute": [{"value": "x"}],
    }
    page = {
        "requestId": station.inventory.expect(),
        "generatedAt": stamp(),
        "seqNo": 0,
        "tbc": False,
        "reportData": [item],
    }
    for _ in range(3):
        await cp1_201.call("NotifyReport", page)
    assert len(await station.inventory.complete()) == 1
    await cp1_201.call("NotifyReport", page)
    assert station.inventory._report is None
