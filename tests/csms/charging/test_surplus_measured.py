"""Following the sun: what is made of measurements, and what is remembered of them."""

from datetime import timedelta

import pytest

from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    SurplusConfig,
    SurplusReason,
    site_power,
)

from .sunny_house import NOW, House, at


@pytest.mark.parametrize(
    ("residual_w", "soc", "expected"),
    [
        (300, 30, -1000 + 300),
        (100.5, 30, -1000 + 100.5),
        (20, 30, -1000 + 20),
        (0, 30, -1000 + 100),
        (-300, 30, -1000 + 100),
        (-300, 50, -1000 - 2000 - 300),
        (300, 50, -1000 - 2000 + 300),
    ],
)
def test_margin_for_a_battery_that_goes_first(
    residual_w: float, soc: float, expected: float
) -> None:
    """The user's margin is enough for a battery to feel a surplus; without one it gets its own."""
    seen = Observation(now=NOW, grid_w=-1000, battery_w=-2000, battery_soc=soc)
    config = SurplusConfig(priority_soc=50, residual_w=residual_w)
    assert site_power(seen, config) == expected


def test_car_that_draws_nothing_yet() -> None:
    """A car that is said to charge but draws nothing gets no room to draw more."""
    house = House(car_a=0)
    house.go(0, 2300)
    assert house.go(60, 2300).current_a == 10
    for seconds in (70, 130, 190):
        assert house.go(seconds, 2300, charging=True).current_a == 10
    assert house.go(200, 1000, charging=True).reason is SurplusReason.WEAK


def test_car_that_begins_to_draw_gets_room() -> None:
    """As soon as some current flows there is room for more of it."""
    house = House(car_a=0)
    house.go(0, 2300)
    house.go(60, 2300)
    house.car_a = 4
    assert house.go(70, 2300).current_a == 12


def test_nothing_of_an_import_is_left() -> None:
    """Once a charge has ended for its import, nothing reminds of it."""
    house = House(disable_delay=timedelta(seconds=60))
    house.go(0, 2300)
    house.go(60, 2300)
    house.go(70, 0)
    assert house.state.import_since == at(70)
    assert house.go(130, 0).write
    assert not house.state.on
    assert house.state.import_since is None


def test_clock_that_goes_back_before_a_charge() -> None:
    """A clock that is set back lets a car wait no longer than the delay."""
    house = House()
    assert house.go(10_000, 2300).until == at(10_060)
    assert house.go(100, 2300).until == at(160)
    assert house.go(159, 2300).reason is SurplusReason.STARTING
    assert house.go(160, 2300).current_a == 10
