"""The listener and the passwords of stations."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import accept, turned_away, until

HEX = "00ff" * 10


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
    response = await turned_away(call_in, **options)
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
    await turned_away(call_in, password=b"old")
    await call_in(password=b"new")


async def test_wrong_password_does_not_replace(server: Server, call_in: Dial) -> None:
    """Who can't authenticate can't push the real station out."""
    station = accept(server, password="secret")
    socket = await call_in(password=b"secret")
    await until(lambda: station.connected)
    await turned_away(call_in, password=b"wrong")
    assert (await socket.call("Heartbeat", {}))["currentTime"]
