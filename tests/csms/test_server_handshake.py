"""Who is let in by the listener, who is turned away, and how."""

import asyncio

import pytest

from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.server import Rejection, Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import UPGRADE, BareStation, accept, boot, raw_request, turned_away, until

# Letting in.


async def test_station_is_let_in(
    server: Server, call_in: Dial, station: Station, version: str
) -> None:
    """A station dials in, is told its version, and is connected."""
    socket = await call_in(version=version)
    await until(lambda: station.connected)
    assert socket.socket.subprotocol == f"ocpp{version}"
    assert (station.version, station.state.address) == (version, "127.0.0.1")


async def test_disconnect(call_in: Dial, station: Station) -> None:
    """A station that hangs up is not connected, and kept."""
    socket = await call_in()
    await until(lambda: station.connected)
    await socket.close()
    await until(lambda: not station.connected)
    assert station.version is None


async def test_best_version(call_in: Dial, station: Station) -> None:
    """Of several versions the newest is spoken."""
    socket = await call_in(version=("1.6", "2.1", "2.0.1"))
    assert socket.socket.subprotocol == "ocpp2.1"


async def test_pinned_version(server: Server, call_in: Dial) -> None:
    """A pin overrules the preference."""
    accept(server, version=OcppVersion.V16)
    socket = await call_in(version=("2.0.1", "1.6"))
    assert socket.socket.subprotocol == "ocpp1.6"


async def test_pin_that_is_not_offered(server: Server, call_in: Dial) -> None:
    """A station that does not offer its pinned version is turned away."""
    accept(server, version=OcppVersion.V201)
    response = await turned_away(call_in)
    assert response.status_code == 400
    assert server.rejections[-1].reason == "subprotocol"


async def test_no_subprotocol(call_in: Dial, station: Station) -> None:
    """A station that offers no subprotocol speaks 1.6, and none is confirmed."""
    socket = await call_in(version=None)
    assert socket.socket.subprotocol is None
    assert (await socket.call("BootNotification", boot()))["status"] == "Accepted"
    assert station.version is OcppVersion.V16


async def test_no_subprotocol_with_a_pin(server: Server, call_in: Dial) -> None:
    """A station that offers no subprotocol speaks the version that it is pinned to."""
    station = accept(server, version=OcppVersion.V201)
    await call_in(version=None)
    await until(lambda: station.connected)
    assert station.version is OcppVersion.V201


@pytest.mark.parametrize("path", ["/CP1", "/CP1/", "/ocpp/CP1", "/%43P1", "/CP1?a=b"])
async def test_path(call_in: Dial, station: Station, path: str) -> None:
    """The last segment of the path names the station."""
    await call_in(path)
    await until(lambda: station.connected)


async def test_identity_with_odd_characters(server: Server, call_in: Dial) -> None:
    """An identity may hold all that the specifications allow."""
    station = accept(server, identity="A:b=c 1")
    await call_in("/A%3Ab%3Dc%201")
    await until(lambda: station.connected)


async def test_browserlike_handshake(call_in: Dial, station: Station) -> None:
    """An Origin header and an offer of compression do no harm."""
    socket = await call_in(origin="http://station.local", compression="deflate")
    assert (await socket.call("Heartbeat", {}))["currentTime"]


async def test_missing_connection_header(server: Server, station: Station) -> None:
    """A handshake without Connection: Upgrade is understood."""
    head = await raw_request(server.port, "GET /CP1 HTTP/1.1", *UPGRADE)
    assert head.startswith("HTTP/1.1 101")


async def test_lower_case_headers(server: Server, station: Station) -> None:
    """Header names may be written in any case."""
    lines = [line.lower().replace("d2hl", "dGhl") for line in UPGRADE[:2]]
    head = await raw_request(
        server.port, "GET /CP1 HTTP/1.1", *lines, *UPGRADE[2:], "connection: upgrade"
    )
    assert head.startswith("HTTP/1.1 101")


# Turning away.


@pytest.mark.parametrize(
    ("path", "status_code", "reason"),
    [
        ("/", 404, "no_identity"),
        ("/" + "x" * 49, 400, "identity_too_long"),
        ("/a%2Fb", 400, "identity_characters"),
    ],
)
async def test_bad_path(
    server: Server, call_in: Dial, path: str, status_code: int, reason: str
) -> None:
    """A path without an identity is answered with a status and a readable reason."""
    response = await turned_away(call_in, path)
    assert response.status_code == status_code
    assert response.body.decode().startswith(reason)


@pytest.mark.parametrize("offer", ["ocpp1.5", "ocpp2.0", "mqtt"])
async def test_bad_subprotocol(
    server: Server, call_in: Dial, station: Station, offer: str
) -> None:
    """A station that speaks nothing that is spoken here is turned away."""
    response = await turned_away(
        call_in, version=None, headers={"Sec-WebSocket-Protocol": offer}
    )
    assert response.status_code == 400
    assert offer in response.body.decode()


async def test_rejection_is_told(server: Server, call_in: Dial) -> None:
    """Who is turned away, and why, can be read afterwards and is told at once."""
    told: list[Rejection] = []
    server.rejected.connect(told.append)
    await turned_away(call_in, "/")
    (rejection,) = told
    assert list(server.rejections) == told
    assert (rejection.address, rejection.path, rejection.status, rejection.reason) == (
        "127.0.0.1",
        "/",
        404,
        "no_identity",
    )


async def test_rejections_are_bounded(server: Server, call_in: Dial) -> None:
    """Only the last rejections are kept."""
    for number in range(55):
        await raw_request(
            server.port, f"GET /%2F{number} HTTP/1.1", *UPGRADE, "Connection: Upgrade"
        )
    assert len(server.rejections) == 50
    assert server.rejections[-1].path == "/%2F54"


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /CP1 HTTP/1.1", "Host: localhost"),
        (
            "GET /CP1 HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
        ),
        ("GET /CP1 HTTP/1.1", *UPGRADE[:3], "Connection: Upgrade"),
        ("GET /CP1 HTTP/1.1", *UPGRADE, "Connection: close"),
    ],
)
async def test_plain_http(
    server: Server, station: Station, lines: tuple[str, ...]
) -> None:
    """What is no WebSocket handshake is refused, and can be read afterwards."""
    head = await raw_request(server.port, *lines)
    assert head.split()[1] in {"400", "426"}
    assert server.rejections[-1].reason == "not_a_websocket"


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02\x00\x01\x00", b"POST / HTTP/1.1\r\n\r\n", b"\r\n\r\n"]
)
async def test_no_http(server: Server, cp1: BareStation, raw: bytes) -> None:
    """Bytes that are no request at all harm nobody."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(raw)
    writer.write_eof()
    await reader.read()
    writer.close()
    assert (await cp1.call("Heartbeat", {}))["currentTime"]


async def test_nothing_is_left_of_who_was_turned_away(
    server: Server, call_in: Dial
) -> None:
    """A rejected handshake leaves no station and no memory of its socket."""
    await turned_away(call_in, "/")
    await raw_request(server.port, "GET /CP1 HTTP/1.1", "Host: localhost")
    await until(lambda: not server._guests)
    assert server.stations == {}
