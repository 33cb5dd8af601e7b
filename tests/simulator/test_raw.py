"""Handshakes and frames made by hand."""

import orjson
import pytest

from simulator.raw import CLOSE, PING, PONG, RawClient, basic_auth

from .csms import TinyCsms

HEARTBEAT = '[2,"1","Heartbeat",{}]'


async def test_proper_handshake(csms: TinyCsms) -> None:
    """A proper handshake is taken, and messages are answered."""
    async with await RawClient.open(csms.url) as client:
        response = await client.handshake(subprotocols=["ocpp2.0.1", "ocpp1.6"])
        assert response.upgraded
        assert response.subprotocol == "ocpp2.0.1"
        await client.send_text(HEARTBEAT)
        assert orjson.loads(await client.read_text())[:2] == [3, "1"]
        await client.close()


@pytest.mark.parametrize("name", ["Connection", "Upgrade", "Sec-WebSocket-Key"])
async def test_missing_headers(csms: TinyCsms, name: str) -> None:
    """Headers can be left out."""
    async with await RawClient.open(csms.url) as client:
        response = await client.handshake(omit=[name])
        assert not response.upgraded
        assert response.status >= 400


async def test_added_headers(csms: TinyCsms) -> None:
    """Headers can be added, with passwords as raw bytes."""
    async with await RawClient.open(csms.url) as client:
        headers = basic_auth("CP1", b"\xff\x00")
        response = await client.handshake("/a/b%20c", subprotocols=[], headers=headers)
        assert response.upgraded
        assert response.subprotocol is None
        assert csms.socket is not None
        assert csms.socket.request is not None
        assert csms.socket.request.path == "/a/b%20c"
        assert csms.socket.request.headers["Authorization"] == "Basic Q1AxOv8A"


async def test_fragments_and_pings(csms: TinyCsms) -> None:
    """A message can come in pieces, and pings are answered."""
    async with await RawClient.open(csms.url) as client:
        await client.handshake()
        await client.send_fragments(['[2,"1",', '"Heart', 'beat",{}]'])
        await client.send_frame(b"hi", PING)
        first = await client.read_frame()
        second = await client.read_frame()
        assert {first[0], second[0]} == {1, PONG}


@pytest.mark.parametrize("size", [100, 1000, 70_000])
async def test_sizes(csms: TinyCsms, size: int) -> None:
    """Frames can be of any size."""
    async with await RawClient.open(csms.url) as client:
        await client.handshake()
        await client.send_text(f'[2,"{"x" * size}","Heartbeat",{{}}]')
        assert len(orjson.loads(await client.read_text())[1]) == size


@pytest.mark.parametrize("fault", ["unmasked", "reserved", "half", "opcode"])
async def test_broken_frames(csms: TinyCsms, fault: str) -> None:
    """Frames can break the rules, and the other side may close."""
    async with await RawClient.open(csms.url) as client:
        await client.handshake()
        match fault:
            case "unmasked":
                await client.send_frame(HEARTBEAT.encode(), masked=False)
            case "reserved":
                await client.send_frame(HEARTBEAT.encode(), reserved=7)
            case "half":
                await client.send_half_frame(HEARTBEAT)
                return
            case _:
                await client.send_frame(b"", 5)
        code, _ = await client.read_close()
        assert code == 1002


async def test_end_of_connection(csms: TinyCsms) -> None:
    """Reading from a closed connection is an EOFError."""
    async with await RawClient.open(csms.url) as client:
        await client.handshake()
        await client.send_binary(b"\x00")
        await client.send_frame(b"\x03\xe8", CLOSE)
        assert (await client.read_close())[0] == 1000
        with pytest.raises(EOFError):
            await client.read_frame()
