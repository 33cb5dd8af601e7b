"""Connections that say nothing: bounded, and in nobody's way."""

import asyncio

import pytest

from custom_components.ocpp_csms.csms import lobby
from custom_components.ocpp_csms.csms.codec import Codec
from custom_components.ocpp_csms.csms.lobby import Lobby
from custom_components.ocpp_csms.csms.model.version import OcppVersion
from custom_components.ocpp_csms.csms.server import Server

from .conftest import Dial
from .support import boot, until


class _Transport(asyncio.WriteTransport):
    """A transport that notes that it was cut."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True


def _enter(room: Lobby, *times: float) -> list[_Transport]:
    transports = [_Transport() for _ in times]
    for transport, time in zip(transports, times, strict=True):
        room.enter(transport, time)
    return transports


def test_few_may_take_their_time() -> None:
    """Without a crowd nobody is sent away."""
    room = Lobby(most=3)
    assert not any(t.aborted for t in _enter(room, 0, 50, 100))


def test_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a crowd those leave that have said nothing for too long, the oldest first."""
    monkeypatch.setattr(lobby, "CROWD", 2)
    room = Lobby(most=10)
    assert [t.aborted for t in _enter(room, 0, 0.5, 0.6, 1.2)] == [
        True,
        False,
        False,
        False,
    ]
    assert (len(room), room.dropped) == (3, 1)


def test_flood() -> None:
    """More than fit are never held, however fast they come."""
    room = Lobby(most=3)
    transports = _enter(room, *[0.0] * 10)
    assert [t.aborted for t in transports] == [True] * 7 + [False] * 3
    assert len(room) == 3


def test_those_who_leave_make_room() -> None:
    """Who has said what it wants is not counted, nor dropped later."""
    room = Lobby(most=1)
    (first,) = _enter(room, 0)
    room.leave(first)
    room.leave(first)
    _enter(room, 1)
    assert not first.aborted
    assert len(room) == 1


def test_share_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default a part of the files that may be open, and no more than is reasonable."""
    for files, most in ((200, 100), (2048, 1024), (10**6, 2048), (1, 1)):
        monkeypatch.setattr(
            lobby.resource, "getrlimit", lambda _, files=files: (files, files)
        )
        assert Lobby().most == most
    monkeypatch.setattr(
        lobby.resource, "getrlimit", lambda _: (lobby.resource.RLIM_INFINITY, 0)
    )
    assert Lobby().most == 2048


async def test_station_gets_in_past_a_silent_crowd(
    server: Server, call_in: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many sockets are open and silent, few are held, and a station gets in."""
    server._lobby.most = 20
    silent = [
        await asyncio.open_connection("127.0.0.1", server.port) for _ in range(200)
    ]
    await until(lambda: server._lobby.dropped == 180)
    station = await call_in()
    assert (await station.call("BootNotification", boot()))["status"]
    for _, writer in silent:
        writer.close()
    await until(lambda: len(server._lobby) == 0)


def test_closed() -> None:
    """When the listener stops those who wait leave, and nobody else is let in."""
    room = Lobby(most=3)
    (early,) = _enter(room, 0)
    room.close()
    (late,) = _enter(room, 1)
    assert (early.aborted, late.aborted, len(room)) == (True, True, 0)


async def test_stations_that_come_at_once_are_all_let_in(
    server: Server, call_in: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has sent its request waits for us, not we for it: it is never dropped."""
    monkeypatch.setattr(lobby, "CROWD", 2)
    monkeypatch.setattr(lobby, "PATIENCE_S", 0.05)
    held, codecs = asyncio.Event(), server._codecs.get

    async def slowly(version: OcppVersion) -> Codec:
        await held.wait()
        return await codecs(version)

    monkeypatch.setattr(server._codecs, "get", slowly)
    dials = [asyncio.create_task(call_in(f"/STATION{number}")) for number in range(20)]
    await until(lambda: len(server._guests) == 20)
    monkeypatch.setattr(lobby, "PATIENCE_S", 0.0)
    dials.append(asyncio.create_task(call_in("/LATER")))
    await until(lambda: len(server._guests) == 21)
    held.set()
    await asyncio.gather(*dials)
    assert server._lobby.dropped == 0


async def test_silent_connections_do_not_delay_the_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener stops at once, whoever has not spoken yet."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await until(lambda: len(server._lobby) == 1)
    async with asyncio.timeout(5):
        await server.stop()
    assert len(server._lobby) == 0
    writer.close()
