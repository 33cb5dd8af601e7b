"""The planner: requests that make no sense are refused."""

from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.plan import Charger, soc_energy
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import T0, request_of


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"energy_wh": -1}, "energy_not_a_number"),
        ({"energy_wh": nan}, "energy_not_a_number"),
        ({"energy_wh": inf}, "energy_not_a_number"),
        ({"energy_wh": None}, "goal_missing"),
        ({"now": T0.replace(tzinfo=None)}, "time_without_zone"),
        ({"max_segments": 0}, "segments_missing"),
    ],
)
def test_request_that_makes_no_sense(fields: dict[str, Any], reason: str) -> None:
    """What makes no sense is refused with its reason."""
    with pytest.raises(ChargingError, match=reason):
        request_of(**fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"min_a": 20, "max_a": 16}, "minimum_above_maximum"),
        ({"min_a": nan}, "charger_not_a_number"),
        ({"step_a": 0}, "charger_not_a_number"),
        ({"phases": ()}, "phases_unknown"),
        ({"phases": (4,)}, "phases_unknown"),
    ],
)
def test_charger_that_makes_no_sense(fields: dict[str, Any], reason: str) -> None:
    """So is a charger that can't be."""
    with pytest.raises(ChargingError, match=reason):
        Charger(**fields)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((-1, 80, 60_000), "soc_out_of_range"),
        ((50, 101, 60_000), "soc_out_of_range"),
        ((nan, 80, 60_000), "soc_not_a_number"),
        ((50, 80, 0), "battery_not_possible"),
        ((50, 80, 60_000, 0), "battery_not_possible"),
    ],
)
def test_soc_that_makes_no_sense(values: tuple[float, ...], reason: str) -> None:
    """A battery that can't be is refused."""
    with pytest.raises(ChargingError, match=reason):
        soc_energy(*values)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"precondition": timedelta(-1)}, "precondition_not_possible"),
        ({"start_cost": -1}, "start_cost_negative"),
        ({"start_cost": nan}, "start_cost_negative"),
        ({"price_limit": nan}, "price_not_a_number"),
        ({"unknown_price": inf}, "price_not_a_number"),
        ({"saving_threshold": nan}, "price_not_a_number"),
    ],
)
def test_wishes_that_make_no_sense(fields: dict[str, Any], reason: str) -> None:
    """Numbers that are none are refused with their reason."""
    with pytest.raises(ChargingError, match=reason):
        request_of(**fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"import_price": Series(T0, (0.1, inf))}, "series_not_a_number"),
        ({"surplus_w": Series(T0, (nan,))}, "series_not_a_number"),
        ({"co2": Series(T0 + timedelta(minutes=7), (1.0,))}, "series_beside_the_grid"),
        ({"capacity_a": Series(T0.replace(tzinfo=None))}, "time_without_zone"),
        ({"precondition": timedelta.max}, "precondition_not_possible"),
        ({"deadline": datetime.max.replace(tzinfo=UTC)}, "time_out_of_range"),
    ],
)
def test_series_and_times_that_make_no_sense(
    fields: dict[str, Any], reason: str
) -> None:
    """What lies beside the grid, or beyond all time, is refused."""
    with pytest.raises(ChargingError, match=reason):
        request_of(**fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"step_a": 0.001}, "steps_too_fine"), ({"voltage_v": 1e300}, "not_a_number")],
)
def test_chargers_beyond_measure(fields: dict[str, Any], reason: str) -> None:
    """So are steps that nobody could count."""
    with pytest.raises(ChargingError, match=reason):
        Charger(**fields)
