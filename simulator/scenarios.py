"""What people do at a station, for the command line and the demo."""

from collections.abc import Callable, Coroutine
from typing import Any

from .car import Car
from .station import ChargingStation

type MakeCar = Callable[[], Car]
type Scenario = Callable[[ChargingStation, MakeCar, str], Coroutine[Any, Any, None]]

_MINUTE = 60.0
_HOUR = 3600.0


async def commuter(station: ChargingStation, make_car: MakeCar, token: str) -> None:
    """A car at each EVSE comes in the evening, charges, and leaves in the morning."""
    while True:
        for evse in station.evses:
            await station.plug_in(evse.id, make_car())
            await station.clock.sleep(10)
            await station.present_token(evse.id, token)
            await station.clock.sleep(5 * _MINUTE)
        await station.clock.sleep(12 * _HOUR)
        for evse in station.evses:
            await station.unplug(evse.id)
        await station.clock.sleep(10 * _HOUR)


async def visitors(station: ChargingStation, make_car: MakeCar, token: str) -> None:
    """Cars come for half an hour, one EVSE after the other."""
    while True:
        for evse in station.evses:
            await station.plug_in(evse.id, make_car())
            await station.present_token(evse.id, token)
            await station.clock.sleep(30 * _MINUTE)
            if evse.transaction is not None:
                await station.present_token(evse.id, token)
            await station.clock.sleep(_MINUTE)
            await station.unplug(evse.id)
            await station.clock.sleep(5 * _MINUTE)


async def sleepy(station: ChargingStation, make_car: MakeCar, token: str) -> None:
    """A car charges, falls asleep now and then, and wakes up again."""
    await station.plug_in(1, make_car())
    await station.present_token(1, token)
    while True:
        await station.clock.sleep(20 * _MINUTE)
        await station.set_willing(1, willing=False)
        await station.clock.sleep(10 * _MINUTE)
        await station.set_willing(1, willing=True)


async def flaky(station: ChargingStation, make_car: MakeCar, token: str) -> None:
    """A car charges while the network comes and goes."""
    await station.plug_in(1, make_car())
    await station.present_token(1, token)
    while True:
        await station.clock.sleep(10 * _MINUTE)
        await station.go_offline()
        await station.clock.sleep(3 * _MINUTE)
        await station.go_online()


async def power_cuts(station: ChargingStation, make_car: MakeCar, token: str) -> None:
    """The station loses its power while a car charges."""
    while True:
        await station.plug_in(1, make_car())
        await station.present_token(1, token)
        await station.clock.sleep(15 * _MINUTE)
        await station.reboot()
        await station.clock.sleep(_MINUTE)
        await station.unplug(1)
        await station.clock.sleep(_MINUTE)


SCENARIOS: dict[str, Scenario] = {
    "commuter": commuter,
    "flaky": flaky,
    "power-cuts": power_cuts,
    "sleepy": sleepy,
    "visitors": visitors,
}
