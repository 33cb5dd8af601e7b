"""What held in a quarter hour."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.quarter import Moment, Quarter, advance
from custom_components.ocpp_csms.csms.charging.session import cars_solar_share
from custom_components.ocpp_csms.csms.model.conditions import Conditions
from custom_components.ocpp_csms.csms.model.rates import SLOT

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)


def _at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def _run(*steps: tuple[float, Moment]) -> dict[float, Conditions]:
    """Return what held, by the minutes of the quarter hours; each moment lasts until its time."""
    quarter, held = Quarter(T0), {}
    for minutes, moment in steps:
        quarter, touched = advance(quarter, moment, _at(minutes))
        held |= {(at - T0) / timedelta(minutes=1): c for at, c in touched.items()}
    return held


def test_mean_by_time() -> None:
    """A price that changes within a quarter hour counts by its time."""
    held = _run(
        (5, Moment(import_price=0.2, co2=300.0)),
        (10, Moment(import_price=0.5)),
        (15, Moment()),
    )
    assert held == {
        0: Conditions(import_price=pytest.approx(0.35), co2=pytest.approx(300))
    }


def test_over_the_edge() -> None:
    """What holds over the edge of a quarter hour counts in both."""
    held = _run((8, Moment(import_price=0.1)), (17, Moment(import_price=0.4)))
    assert held[0].import_price == pytest.approx((8 * 0.1 + 7 * 0.4) / 15)
    assert held[15].import_price == pytest.approx(0.4)


def test_share_by_energy() -> None:
    """The share of the sun counts by what the cars take meanwhile."""
    held = _run(
        (5, Moment(grid_w=0.0, cars_w=9000.0)),
        (10, Moment(grid_w=1000.0, cars_w=1000.0)),
    )
    assert held[0].solar_share == pytest.approx(0.9)


def test_share_while_idle() -> None:
    """While nobody charges, where energy would come from stands for it."""
    held = _run((5, Moment(grid_w=-2000.0)), (10, Moment(grid_w=500.0)))
    assert held[0].solar_share == pytest.approx(0.5)


@pytest.mark.parametrize("minutes", [-1, 11])
def test_time_that_jumps(minutes: float) -> None:
    """What was measured long ago, or in the future, says nothing."""
    quarter, touched = advance(Quarter(T0), Moment(import_price=0.1), _at(minutes))
    assert touched == {}
    assert quarter == Quarter(_at(minutes))


@given(
    st.lists(
        st.tuples(st.floats(0.1, 9), st.none() | st.floats(-1, 1), st.floats(0, 20000)),
        max_size=30,
    )
)
def test_means_lie_between(steps: list[tuple[float, float | None, float]]) -> None:
    """Whatever is measured, a mean is no more and no less than what was."""
    at, told = 0.0, []
    for minutes, price, cars_w in steps:
        at += minutes
        told.append((at, Moment(import_price=price, cars_w=cars_w, grid_w=cars_w / 2)))
    known = [price for _, price, _ in steps if price is not None]
    for minutes, conditions in _run(*told).items():
        assert minutes % (SLOT / timedelta(minutes=1)) == 0
        if conditions.import_price is not None:
            low, high = min(known) - 1e-9, max(known) + 1e-9
            assert low <= conditions.import_price <= high
        assert conditions.solar_share is not None
        assert 0 <= conditions.solar_share <= 1


@pytest.mark.parametrize(
    ("given_", "share"),
    [
        ({"grid_w": 0.0, "cars_w": 4000.0}, 1.0),
        ({"grid_w": -500.0, "cars_w": 4000.0}, 1.0),
        ({"grid_w": 1000.0, "cars_w": 4000.0}, 0.75),
        ({"grid_w": 6000.0, "cars_w": 4000.0}, 0.0),
        ({"grid_w": 2000.0, "cars_w": 4000.0, "solar_w": 3000.0}, 0.5),
        ({"grid_w": 6000.0, "cars_w": 4000.0, "solar_w": 0.0}, 0.0),
        (
            {
                "grid_w": 1000.0,
                "cars_w": 2000.0,
                "solar_w": 3000.0,
                "battery_w": -1000.0,
            },
            0.5,
        ),
        ({"grid_w": 0.0, "cars_w": 3000.0, "solar_w": 0.0, "battery_w": 3500.0}, 1.0),
    ],
)
def test_where_cars_take_it_from(given_: dict[str, Any], share: float) -> None:
    """The home goes first, then the battery, then the cars."""
    assert cars_solar_share(**given_) == pytest.approx(share)


@pytest.mark.parametrize(
    ("fields", "price", "emission"),
    [
        ({}, None, None),
        ({"import_price": 0.3, "co2": 400.0}, 0.3, 400.0),
        ({"import_price": 0.3, "solar_share": 0.5}, None, None),
        (
            {
                "import_price": 0.3,
                "export_price": 0.1,
                "solar_share": 0.5,
                "co2": 400.0,
            },
            0.2,
            200.0,
        ),
        ({"export_price": 0.1, "solar_share": 1.0}, 0.1, 0.0),
        ({"import_price": float("nan"), "co2": float("inf")}, None, None),
        ({"import_price": -0.1, "solar_share": 0.0}, -0.1, None),
    ],
)
def test_conditions(
    fields: dict[str, Any], price: float | None, emission: float | None
) -> None:
    """What a kWh costs, and what CO2 it makes; what is not known is not guessed."""
    conditions = Conditions(**fields)
    assert conditions.price == pytest.approx(price)
    assert conditions.emission == pytest.approx(emission)
