"""Connecting, registering, and leaving nothing behind."""

import asyncio

import pytest

from simulator import ChargingStation, ManualClock, Misbehaviour, ScaledClock

from .conftest import StartStation
from .csms import TIME, TinyCsms


async def test_boot_and_statuses(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """A station boots and tells the state of its EVSEs."""
    station = await start(version, evses=2, serial="S1", firmware="9.9")
    assert csms.calls[0][0] == "BootNotification"
    boot = csms.calls[0][1]
    if version == "1.6":
        assert boot["firmwareVersion"] == "9.9"
        assert csms.statuses() == [(0, "Available"), (1, "Available"), (2, "Available")]
    else:
        assert boot["chargingStation"]["serialNumber"] == "S1"
        assert boot["reason"] == "PowerUp"
        assert csms.statuses() == [(1, "Available"), (2, "Available")]
    assert station.link.subprotocol == f"ocpp{version}"
    assert station.registered
    assert station.complaints == []


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_boot_again_after_interval(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str, status: str
) -> None:
    """A station that is not accepted boots again, and says nothing else before."""
    answers = iter([(status, 20), (status, 0), ("Accepted", 100)])

    def boot(_: object) -> object:
        """Accept the third boot."""
        word, interval = next(answers)
        return {"status": word, "currentTime": TIME, "interval": interval}

    csms.answers["BootNotification"] = boot
    station = await start(version, wait=False, boot_retry=50)
    await clock.advance(19)
    assert len(csms.got("BootNotification")) == 1
    await clock.advance(1)
    assert len(csms.got("BootNotification")) == 2
    await clock.advance(49)
    assert {name for name, _ in csms.calls} == {"BootNotification"}
    await clock.advance(1)
    assert station.registered
    await clock.advance(99)
    assert csms.got("Heartbeat") == []
    await clock.advance(1)
    assert len(csms.got("Heartbeat")) == 1


async def test_triggers_while_pending(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """While it is pending a station sends what it is asked for, and a boot frees it."""
    statuses = iter(["Pending", "Accepted"])
    csms.answers["BootNotification"] = lambda _: {
        "status": next(statuses),
        "currentTime": TIME,
        "interval": 600,
    }
    station = await start(version, wait=False)
    await station.wait_until(
        lambda: csms.calls and station.link.registration == "Pending"
    )
    assert await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {
        "status": "Accepted"
    }
    await clock.settle()
    assert len(csms.got("Heartbeat")) == 1
    await csms.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    await station.wait_registered()
    assert len(csms.got("BootNotification")) == 2


async def test_reconnects_with_back_off(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A lost connection comes back, and statuses are told afresh."""
    station = await start(version, reconnect_min=5)
    await station.drop_connection()
    before = len(csms.statuses())
    await clock.advance(4)
    assert not station.connected
    await clock.advance(2)
    await station.wait_registered()
    assert station.link.connections == 2
    assert len(csms.got("BootNotification")) == 2
    assert len(csms.statuses()) > before


async def test_back_off_grows(clock: ManualClock) -> None:
    """Without a central system a station dials ever less often."""
    station = ChargingStation("CP1", "ws://127.0.0.1:1/", clock=clock, reconnect_max=10)
    async with station:
        await clock.advance(300)
        assert station.link.last_error is not None
        assert not station.connected
    assert station.errors == []


async def test_offline_until_told(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A cut network stays cut until it is mended."""
    station = await start(version)
    await station.go_offline()
    await clock.advance(500)
    assert station.link.connections == 1
    await station.go_online()
    await clock.advance(5)
    await station.wait_registered()


async def test_password(csms: TinyCsms, start: StartStation, version: str) -> None:
    """The password goes into HTTP Basic, as text or as raw bytes."""
    station = await start(version, password="secret")
    assert csms.socket is not None
    assert csms.socket.request is not None
    assert csms.socket.request.headers["Authorization"] == "Basic Q1AxOnNlY3JldA=="
    await station.stop()
    await start(version, misbehaviour=Misbehaviour(password_bytes=b"\xff\xfe"))
    assert csms.socket.request.headers["Authorization"] == "Basic Q1AxOv/+"


async def test_identity_is_percent_encoded(csms: TinyCsms, clock: ManualClock) -> None:
    """Odd characters of an identity are escaped in the path."""
    async with ChargingStation("Garage 1/ä", csms.url, clock=clock) as station:
        await station.wait_registered()
        assert csms.socket is not None
        assert csms.socket.request is not None
        assert csms.socket.request.path == "/Garage%201%2F%C3%A4"


async def test_accelerated(csms: TinyCsms, start: StartStation, version: str) -> None:
    """An accelerated clock makes heartbeats come soon."""
    station = await start(version, clock=ScaledClock(6000))
    await station.wait_until(lambda: len(csms.got("Heartbeat")) > 1)


async def test_stop_is_clean(csms: TinyCsms, clock: ManualClock, version: str) -> None:
    """Nothing of a station is left when it has stopped."""
    before = asyncio.all_tasks()
    station = ChargingStation("CP1", csms.url, version, clock=clock)
    await station.start()
    await station.wait_registered()
    await station.stop()
    names = [repr(task) for task in asyncio.all_tasks() - before]
    assert not [name for name in names if "conn_handler" not in name], names
