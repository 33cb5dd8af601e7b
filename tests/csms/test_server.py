"""The listener: its settings, its stations, and what stopping means."""

import asyncio

import pytest

from custom_components.ocpp_csms.csms.server import Server, ServerSettings
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial, StartServer
from .support import BareStation, accept, boot, until


async def test_busy_port(server: Server, start_server: StartServer) -> None:
    """A port that is taken is an error that says so."""
    with pytest.raises(OSError, match="in use"):
        await start_server(port=server.port)


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
