"""Clocks, cars, and what stands alone."""

import asyncio
from datetime import UTC, datetime
import gc

import pytest

from simulator import Car, ManualClock, RealClock, ScaledClock, SimulatorError
from simulator.configuration import Configuration
from simulator.device_model import Name
from simulator.frames import ConnectionLost, schemas
from simulator.rpc import _Pending

from .conftest import StartStation
from .csms import TinyCsms


async def test_manual_clock_runs_in_order() -> None:
    """Sleepers wake in the order of their times, whoever came first."""
    clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    log: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        """Sleep twice."""
        for _ in range(2):
            await clock.sleep(seconds)
            log.append((name, clock.elapsed))

    tasks = [
        asyncio.ensure_future(sleeper("a", 3)),
        asyncio.ensure_future(sleeper("b", 2)),
    ]
    await clock.advance(4)
    assert [name for name, _ in log] == ["b", "a", "b"]
    assert [when for _, when in log] == [2, 3, 4]
    await clock.advance(2)
    assert len(log) == 4
    assert clock.now() == datetime(2030, 1, 1, 0, 0, 6, tzinfo=UTC)
    await asyncio.gather(*tasks)


async def test_manual_clock_until() -> None:
    """The clock can move until something holds, or give up."""
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep(50))
    await clock.advance_until(task.done)
    assert clock.elapsed == 50
    with pytest.raises(TimeoutError):
        await clock.advance_until(lambda: False, limit=10)
    await clock.sleep(0)


async def test_limits() -> None:
    """Work can be limited in every kind of time."""

    async def quick() -> int:
        """Return at once."""
        return 1

    manual = ManualClock()
    for clock in (manual, RealClock(), ScaledClock(1000)):
        assert await clock.limit(quick(), 1) == 1
    with pytest.raises(TimeoutError):
        await ScaledClock(10_000).limit(asyncio.sleep(5), 1)
    waiting = asyncio.ensure_future(manual.limit(asyncio.sleep(30), 5))
    await manual.advance(5)
    with pytest.raises(TimeoutError):
        await waiting
    with pytest.raises(ValueError, match="positive"):
        ScaledClock(0)


async def test_scaled_clock() -> None:
    """An accelerated clock starts where told and runs ahead."""
    start = datetime(2026, 3, 29, tzinfo=UTC)
    clock = ScaledClock(36_000, start)
    await clock.sleep(60)
    assert (clock.now() - start).total_seconds() >= 60
    assert clock.watch(lambda: True)() is None
    assert abs((RealClock().now() - datetime.now(UTC)).total_seconds()) < 5
    await RealClock().sleep(0)


def test_car() -> None:
    """A car takes what it may, tapers off, and stops when full."""
    car = Car(capacity_wh=50_000, soc=50, max_current_a=16)
    assert car.current_for(32) == 16
    assert car.current_for(10) == 10
    assert car.current_for(5.9) == 0
    car.take(10_000)
    assert car.soc == pytest.approx(68)
    car.soc = 90
    assert 2 < car.current_for(32) < 16
    car.soc = 99.999
    assert car.current_for(32) == pytest.approx(2, abs=0.01)
    car.take(100_000)
    assert car.full
    assert car.current_for(32) == 0
    limited = Car(soc=60, target_soc=60)
    assert not limited.wants_energy
    assert not Car(willing=False).wants_energy


def test_configuration_table() -> None:
    """A table of keys can be shaped as needed."""
    table = Configuration(connectors=3)
    assert table["NumberOfConnectors"] == "3"
    table["Own"] = "1"
    assert "Own" in list(table)
    assert table.key("Own").readonly is False
    table.factory_reset()
    assert "Own" not in table
    with pytest.raises(KeyError):
        table["Own"]


def test_schemas() -> None:
    """Each version knows its own messages."""
    assert schemas("1.6").knows("StartTransaction")
    assert not schemas("1.6").knows("StartTransactionResponse")
    assert not schemas("1.6").knows("../secrets")
    assert schemas("2.0.1").knows("TransactionEvent")
    assert not schemas("2.0.1").knows("UpdateDynamicSchedule")
    assert schemas("2.1").knows("NotifyPeriodicEventStream")


async def test_device_model_is_shaped(start: StartStation) -> None:
    """Variables can be set, added and removed from outside."""
    station = await start("2.0.1")
    model = station.device_model
    model["Own", "Thing"] = "1"
    assert model["Own", "Thing"] == "1"
    assert model.variable(Name("Own", "Thing")).mutability == "ReadWrite"
    del model["Own", "Thing"]
    with pytest.raises(KeyError):
        model["Own", "Thing"]
    assert model.text("Own", "Thing") == ""
    assert model["ChargingStation", "VendorName"] == "Simulated"
    station.misbehaviour.forget_configuration_on_reboot = True
    model["OCPPCommCtrlr", "HeartbeatInterval"] = "77"
    await station.reboot()
    assert model["OCPPCommCtrlr", "HeartbeatInterval"] == "300"


async def test_stream(csms: TinyCsms, start: StartStation, clock: ManualClock) -> None:
    """2.1: a variable is streamed by unconfirmed messages."""
    station = await start("2.1")
    csms.answers["OpenPeriodicEventStream"] = lambda _: {"status": "Accepted"}
    power = Name("EVSE", "Power", evse=1)
    assert await csms.call("GetPeriodicEventStream", {}) == {}
    assert await station.streams.open(power, 5)
    await clock.advance(10)
    told = csms.got("NotifyPeriodicEventStream")
    assert [payload["data"] for payload in told] == [[{"t": 5.0, "v": "0.0"}]] * 2
    found = await csms.call("GetPeriodicEventStream", {})
    assert found["constantStreamData"][0]["id"] == 1
    slower = {"id": 1, "params": {"interval": 60}}
    assert await csms.call("AdjustPeriodicEventStream", slower) == {
        "status": "Accepted"
    }
    unknown = {"id": 9, "params": {}}
    assert await csms.call("AdjustPeriodicEventStream", unknown) == {
        "status": "Rejected"
    }
    await station.streams.close(1)
    await clock.advance(120)
    assert len(csms.got("NotifyPeriodicEventStream")) == 2
    csms.answers["OpenPeriodicEventStream"] = lambda _: {"status": "Rejected"}
    assert not await station.streams.open(power, 5)


async def test_security_event(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Security events are told."""
    station = await start(version)
    await station.security_event("SettingSystemTime", "by hand")
    event = csms.got("SecurityEventNotification")[0]
    assert (event["type"], event["techInfo"]) == ("SettingSystemTime", "by hand")


async def test_not_connected(clock: ManualClock) -> None:
    """Without a connection nothing can be sent."""
    from simulator import ChargingStation  # noqa: PLC0415

    station = ChargingStation("CP1", "ws://127.0.0.1:1/", clock=clock)
    for work in (station.send("A", {}), station.notify("A", {}), station.send_raw("")):
        with pytest.raises(SimulatorError):
            await work
    with pytest.raises(TimeoutError):
        await station.wait_until(lambda: False, timeout=0.01)


async def test_recording(csms: TinyCsms, start: StartStation, version: str) -> None:
    """Frames are recorded, listened to, waited for, and forgotten in time."""
    station = await start(version, keep_frames=5)
    heard: list[str] = []
    station.on_frame.append(lambda frame: heard.append(frame.action))
    for _ in range(30):
        await station.send("Heartbeat", {})
    assert len(heard) == 60
    assert len(station.frames) <= 10
    assert station.sent[-1].is_call
    assert station.received[-1].payload == {"currentTime": "2026-01-05T12:00:00Z"}
    fresh = await start(version)
    frame = await fresh.wait_for_sent("BootNotification")
    assert frame.direction == "sent"
    await csms.call("ClearCache", {})
    assert (await fresh.wait_for_call("ClearCache")).payload == {}
    with pytest.raises(TimeoutError):
        await fresh.wait_for_call("ClearCache", timeout=0.01)


async def test_errors_that_nobody_waits_for_any_more() -> None:
    """A CALL whose sending failed leaves no error behind when the socket closes."""
    loop, left = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: left.append(context))
    pending = _Pending("Heartbeat", loop.create_future(), 0.0)
    pending.fail(ConnectionLost("the socket closed"))
    del pending
    gc.collect()
    assert left == []
