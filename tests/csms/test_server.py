"""The listener: who is let in, who is turned away, and what stopping means."""

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.server import (
    MAX_WAITING,
    Rejection,
    Server,
    ServerSettings,
)
from custom_components.ocpp_csms.csms.station import Station, StationConfig

from .conftest import Dial, StartServer
from .support import UPGRADE, BareStation, boot, raw_request, status, until

HEX = "00ff" * 10


def accept(server: Server, **config: Any) -> Station:
    """Let a station in, to which nothing is sent unasked."""
    plain: dict[str, Any] = {"identity": "CP1", "observe_only": True}
    return server.add(StationConfig(**(plain | config)))


async def _turned_away(call_in: Dial, path: str = "/CP1", **options: Any) -> Any:
    """Dial in vain and return the HTTP response."""
    with pytest.raises(InvalidStatus) as error:
        await call_in(path, **options)
    return error.value.response


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
    response = await _turned_away(call_in)
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
    response = await _turned_away(call_in, path)
    assert response.status_code == status_code
    assert response.body.decode().startswith(reason)


@pytest.mark.parametrize("offer", ["ocpp1.5", "ocpp2.0", "mqtt"])
async def test_bad_subprotocol(
    server: Server, call_in: Dial, station: Station, offer: str
) -> None:
    """A station that speaks nothing that is spoken here is turned away."""
    response = await _turned_away(
        call_in, version=None, headers={"Sec-WebSocket-Protocol": offer}
    )
    assert response.status_code == 400
    assert offer in response.body.decode()


async def test_rejection_is_told(server: Server, call_in: Dial) -> None:
    """Who is turned away, and why, can be read afterwards and is told at once."""
    told: list[Rejection] = []
    server.rejected.connect(told.append)
    await _turned_away(call_in, "/")
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
    await _turned_away(call_in, "/")
    await raw_request(server.port, "GET /CP1 HTTP/1.1", "Host: localhost")
    await until(lambda: not server._guests)
    assert server.stations == {}


async def test_busy_port(server: Server, start_server: StartServer) -> None:
    """A port that is taken is an error that says so."""
    with pytest.raises(OSError, match="in use"):
        await start_server(port=server.port)


# Passwords.


async def test_password(server: Server, call_in: Dial) -> None:
    """A station with the right password is let in."""
    station = accept(server, password="secret")
    await call_in(password=b"secret")
    await until(lambda: station.connected)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "password_missing"),
        ({"password": b"wrong"}, "password_wrong"),
        ({"password": b"secret", "user": "CP2"}, "password_wrong"),
        ({"password": b""}, "password_wrong"),
        ({"headers": {"Authorization": "Bearer secret"}}, "password_missing"),
        ({"headers": {"Authorization": "Basic ???"}}, "password_missing"),
    ],
)
async def test_wrong_password(
    server: Server, call_in: Dial, options: dict[str, Any], reason: str
) -> None:
    """A password that is set is never ignored."""
    station = accept(server, password="secret")
    response = await _turned_away(call_in, **options)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert server.rejections[-1].reason == reason
    assert not station.connected


@pytest.mark.parametrize("password", [HEX.encode(), bytes.fromhex(HEX)])
async def test_hex_password(server: Server, call_in: Dial, password: bytes) -> None:
    """A password of hexadecimal digits may be sent as the bytes it spells."""
    station = accept(server, password=HEX)
    await call_in(password=password)
    await until(lambda: station.connected)


async def test_identity_with_a_colon(server: Server, call_in: Dial) -> None:
    """A colon in the identity does not confuse the credentials."""
    station = accept(server, identity="a:b", password="se:cret")
    await call_in("/a%3Ab", password=b"se:cret", user="a:b")
    await until(lambda: station.connected)


async def test_password_that_is_not_asked_for(call_in: Dial, station: Station) -> None:
    """A station without a password set may send one."""
    await call_in(password=b"whatever")
    await until(lambda: station.connected)


async def test_identity_from_credentials(call_in: Dial, station: Station) -> None:
    """A station that dials the root is named by its user name."""
    await call_in("/", password=b"x", user="CP1")
    await until(lambda: station.connected)


async def test_changed_password(server: Server, call_in: Dial) -> None:
    """A new password holds for the next handshake."""
    accept(server, password="old")
    accept(server, password="new")
    await _turned_away(call_in, password=b"old")
    await call_in(password=b"new")


async def test_wrong_password_does_not_replace(server: Server, call_in: Dial) -> None:
    """Who can't authenticate can't push the real station out."""
    station = accept(server, password="secret")
    socket = await call_in(password=b"secret")
    await until(lambda: station.connected)
    await _turned_away(call_in, password=b"wrong")
    assert (await socket.call("Heartbeat", {}))["currentTime"]


# Unknown stations.


async def test_unknown_station(server: Server, call_in: Dial, version: str) -> None:
    """An unknown station is told to wait, and what it says of itself is known."""
    knocked: list[Station] = []
    server.knocked.connect(knocked.append)
    socket = await call_in("/NEW", version=version)
    answer = await socket.call("BootNotification", boot(version))
    (station,) = knocked
    assert (answer["status"], answer["interval"]) == ("Pending", 10)
    assert station.state.info is not None
    assert (station.identity, station.accepted, station.state.info.vendor) == (
        "NEW",
        False,
        "Acme",
    )


async def test_unknown_station_starts_nothing(
    server: Server, call_in: Dial, version: str
) -> None:
    """What a station sends before it is accepted changes nothing."""
    socket = await call_in("/NEW", version=version)
    await socket.call("BootNotification", boot(version))
    code = await socket.refusal("StatusNotification", status(version))
    assert code == "SecurityError"
    assert server.stations["NEW"].evses == {}


async def test_unknown_station_is_asked_nothing(server: Server, call_in: Dial) -> None:
    """Nothing is sent to a station that is not accepted."""
    socket = await call_in("/NEW")
    await socket.call("BootNotification", boot())
    await socket.call("Heartbeat", {})
    assert socket.requests == []


async def test_boot_of_an_unknown_station_is_told(
    server: Server, call_in: Dial
) -> None:
    """Who watches a waiting station hears what it is."""
    seen: list[Any] = []

    def watch(station: Station) -> None:
        station.changed.connect(lambda _, changes: seen.extend(changes))

    server.knocked.connect(watch)
    socket = await call_in("/NEW")
    await socket.call("BootNotification", boot())
    assert (0, "info") in seen


async def test_acceptance(server: Server, call_in: Dial, version: str) -> None:
    """A waiting station is accepted on its open connection."""
    socket = await call_in("/NEW", version=version)
    await socket.call("BootNotification", boot(version))
    station = accept(server, identity="NEW")
    answer = await socket.call("BootNotification", boot(version))
    assert (station.accepted, answer["status"]) == (True, "Accepted")
    assert await socket.call("StatusNotification", status(version)) == {}


async def test_waiting_station_that_leaves(server: Server, call_in: Dial) -> None:
    """A station that leaves without being accepted is forgotten."""
    socket = await call_in("/NEW")
    await socket.call("Heartbeat", {})
    await socket.close()
    await until(lambda: server.stations == {})


async def test_waiting_station_that_dials_again(server: Server, call_in: Dial) -> None:
    """A waiting station that dials anew is not forgotten with its old socket."""
    old = await call_in("/NEW")
    await old.call("Heartbeat", {})
    new = await call_in("/NEW")
    await old.close_code()
    assert (await new.call("BootNotification", boot()))["status"] == "Pending"
    assert "NEW" in server.stations


async def test_so_many_may_wait(server: Server, call_in: Dial) -> None:
    """Unknown stations can't fill the house; known ones still come in."""
    for number in range(MAX_WAITING):
        await (await call_in(f"/NEW{number}")).call("BootNotification", boot())
    response = await _turned_away(call_in, "/ONE-MORE")
    station = accept(server)
    await call_in("/CP1")
    await until(lambda: station.connected)
    assert response.status_code == 503
    assert server.rejections[-1].reason == "too_many_waiting"


async def test_so_many_may_wait_at_once(server: Server, call_in: Dial) -> None:
    """Nor can they when they all come in one moment."""
    sockets = await asyncio.gather(
        *(call_in(f"/NEW{number}") for number in range(MAX_WAITING + 20)),
        return_exceptions=True,
    )
    await until(lambda: not server._guests)
    assert sum(isinstance(one, InvalidStatus) for one in sockets) == 20
    assert len(server.stations) == MAX_WAITING


# Settings and end.


async def test_settings_change_without_a_reconnect(
    server: Server, cp1: BareStation, station: Station
) -> None:
    """Changed settings hold at once; no socket drops."""
    await until(lambda: station.connected)
    same = accept(server, call_timeout_s=7.0, heartbeat_interval_s=99)
    answer = await cp1.call("BootNotification", boot())
    assert same is station
    assert answer["interval"] == 99
    assert station.connection is not None
    assert station.connection.pacing.call_timeout_s == 7.0


async def test_adding_disturbs_nobody(server: Server, cp1: BareStation) -> None:
    """Adding and removing one station leaves the sockets of others alone."""
    await cp1.call("Heartbeat", {})
    accept(server, identity="CP2")
    await server.remove("CP2")
    assert (await cp1.call("Heartbeat", {}))["currentTime"]


async def test_removal(server: Server, cp1: BareStation, station: Station) -> None:
    """A removed station is disconnected and unknown from then on."""
    await until(lambda: station.connected)
    await server.remove("CP1")
    assert await cp1.close_code() == 1001
    assert "CP1" not in server.stations


async def test_removal_of_nobody(server: Server) -> None:
    """Removing who is not there does nothing."""
    await server.remove("nobody")


async def test_stop(start_server: StartServer, call_in: Dial) -> None:
    """Stopping closes every socket with 1001."""
    server = await start_server()
    accept(server)
    sockets = [
        await call_in(path, port=server.port) for path in ("/CP1", "/NEW", "/NEW2")
    ]
    await until(lambda: all(s.connected for s in server.stations.values()))
    await server.stop()
    assert [await socket.close_code() for socket in sockets] == [1001] * 3


async def test_stop_frees_the_port(start_server: StartServer) -> None:
    """The port can be had again as soon as the listener has stopped."""
    server = await start_server()
    port = server.port
    await server.stop()
    again = await start_server(port=port)
    assert again.port == port


async def test_stop_with_a_station_that_does_not_listen(
    start_server: StartServer, call_in: Dial
) -> None:
    """A socket whose other side is gone does not hold the listener up."""
    server = await start_server(close_timeout_s=0.1)
    station = accept(server)
    socket = await call_in(port=server.port)
    await until(lambda: station.connected)
    socket.socket.transport.pause_reading()
    async with asyncio.timeout(3):
        await server.stop()
    assert not station.connected


async def test_stop_twice(start_server: StartServer) -> None:
    """Stopping again does nothing."""
    server = await start_server()
    await server.stop()
    await server.stop()


async def test_port_before_the_start() -> None:
    """Before the start the port is the one that is asked for."""
    assert Server(ServerSettings(port=9000)).port == 9000


async def test_two_listeners(start_server: StartServer, call_in: Dial) -> None:
    """Two listeners know nothing of each other; either may stop first."""
    one, two = await start_server(), await start_server()
    accept(one)
    other = accept(two)
    await call_in(port=one.port)
    socket = await call_in(port=two.port)
    await until(lambda: other.connected)
    await one.stop()
    assert (await socket.call("Heartbeat", {}))["currentTime"]


async def test_silent_socket_is_dropped(
    start_server: StartServer, call_in: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that answers no ping is closed."""
    server = await start_server(ping_interval_s=0.05, ping_timeout_s=0.05)
    station = accept(server)
    socket = await call_in(port=server.port)
    await until(lambda: station.connected)
    socket.socket.transport.pause_reading()
    await until(lambda: not station.connected)


async def test_pings_can_be_off(start_server: StartServer, call_in: Dial) -> None:
    """Without pings a silent socket stays."""
    server = await start_server(ping_interval_s=None)
    station = accept(server)
    await call_in(port=server.port)
    await until(lambda: station.connected)
    assert station.connected
