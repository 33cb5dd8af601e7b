"""Stations that wait for the central system when a car is plugged in."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import autostart
from custom_components.ocpp_csms.csms.authorization import StartPolicy
from custom_components.ocpp_csms.csms.control import stop_charging
from simulator import Car, ManualClock

from .conftest import Simulate
from .support import calls_received, until

START = {"1.6": "RemoteStartTransaction"}
WANTED: dict[str, Any] = {"automatic_start": True, "id_token": "A1B2C3D4"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nobody wait."""
    monkeypatch.setattr(autostart, "SETTLE_S", 0.0)
    return


def _asked(simulated: Any, version: str) -> int:
    return calls_received(simulated, START.get(version, "RequestStartTransaction"))


async def test_a_car_is_started(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """With the token that is set, once for each car."""
    station, simulated = await simulate(version, config=WANTED)
    await simulated.plug_in(1, Car())
    await until(lambda: station.evses[1].transaction)
    transaction = station.evses[1].transaction
    assert transaction is not None
    assert transaction.id_token == "A1B2C3D4"
    await manual.advance(10)
    await stop_charging(station)
    await until(lambda: station.evses[1].transaction is None)
    await simulated.idle()
    assert _asked(simulated, version) == 1
    await simulated.unplug(1)
    await until(lambda: not station.evses[1].plugged_in)
    await manual.advance(10)
    await simulated.plug_in(1, Car())
    await until(lambda: station.evses[1].transaction)
    assert _asked(simulated, version) == 2


@pytest.mark.parametrize(
    "config", [{"automatic_start": False}, {"start": StartPolicy.TOKEN}]
)
async def test_not_wanted(
    simulate: Simulate, version: str, config: dict[str, Any]
) -> None:
    """A car is left alone where that is not chosen, or where a token is needed."""
    station, simulated = await simulate(version, config=WANTED | config)
    await simulated.plug_in(1, Car())
    await until(lambda: station.evses[1].plugged_in)
    await simulated.idle()
    assert _asked(simulated, version) == 0


async def test_a_car_that_waits_already(simulate: Simulate, version: str) -> None:
    """Whoever is plugged in when it is chosen is started too."""
    station, simulated = await simulate(version)
    await simulated.plug_in(1, Car())
    await until(lambda: station.evses[1].plugged_in)
    station.configure(replace(station.config, automatic_start=True))
    await until(lambda: station.evses[1].transaction)


async def test_who_starts_by_card_is_not_started_again(
    simulate: Simulate, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that began otherwise counts as the start of its car."""
    monkeypatch.setattr(autostart, "SETTLE_S", 5.0)
    station, simulated = await simulate(version, config=WANTED)
    await simulated.plug_in(1, Car())
    assert await simulated.present_token(1, "ANN")
    await until(lambda: station.evses[1].transaction)
    assert _asked(simulated, version) == 0
