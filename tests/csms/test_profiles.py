"""Charging profiles of the user's own making, checked before they are sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.errors import InvalidRequestError
from custom_components.ocpp_csms.csms.model.profile import (
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from custom_components.ocpp_csms.csms.profiles import check_profile
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Simulate
from .support import NOW, profile


def _periods(*periods: tuple[int, float], unit: RateUnit = RateUnit.AMPERE) -> Schedule:
    return Schedule(unit=unit, periods=tuple(Period(*period) for period in periods))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": Kind.RELATIVE},
        {"kind": Kind.RECURRING, "recurrency": Recurrency.DAILY},
        {"valid_from": NOW, "valid_to": NOW + timedelta(hours=1)},
        {"stack_level": 1000},
        {"schedule": _periods((0, 0.0), (1, 16.0))},
        {"schedule": _periods((0, 11_000.0), unit=RateUnit.WATT)},
    ],
)
def test_good_profile(station: Station, fields: dict[str, Any]) -> None:
    """What makes sense is let through; of an absent station nothing is known."""
    check_profile(station, 1, profile(**fields))


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"schedule": _periods()}, "periods_missing"),
        ({"schedule": _periods((1, 6.0))}, "first_period_at_zero"),
        ({"schedule": _periods((0, 6.0), (0, 7.0))}, "periods_not_in_order"),
        ({"schedule": _periods((0, 6.0), (9, 7.0), (5, 8.0))}, "periods_not_in_order"),
        ({"schedule": _periods((0, -1.0))}, "limit_negative"),
        ({"kind": Kind.RECURRING}, "recurrency_needed"),
        ({"recurrency": Recurrency.DAILY}, "recurrency_not_wanted"),
        ({"valid_from": NOW, "valid_to": NOW}, "validity_empty"),
        (
            {"purpose": Purpose.STATION_MAX, "kind": Kind.RELATIVE},
            "station_max_not_relative",
        ),
        ({"purpose": Purpose.STATION_MAX}, "station_max_is_for_station"),
    ],
)
def test_senseless_profile(station: Station, fields: dict[str, Any], key: str) -> None:
    """What makes no sense is refused with a reason to translate."""
    with pytest.raises(InvalidRequestError) as error:
        check_profile(station, 1, profile(**fields))
    assert error.value.key == key


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        (
            {"schedule": _periods(*((second, 6.0) for second in range(49)))},
            "too_many_periods",
        ),
        ({"stack_level": 11}, "stack_level_too_high"),
    ],
)
async def test_abilities(
    simulate: Simulate, version: str, fields: dict[str, Any], key: str
) -> None:
    """What the station says that it can't keep is refused."""
    station, _ = await simulate(version)
    with pytest.raises(InvalidRequestError) as error:
        check_profile(station, 1, profile(**fields))
    assert error.value.key == key


async def test_unit_that_the_station_lacks(simulate: Simulate) -> None:
    """A unit that the station does not name is refused."""
    station, simulated = await simulate("1.6", wait=False)
    simulated.config["ChargingScheduleAllowedChargingRateUnit"] = "Current"
    await simulated.wait_until(lambda: station.onboarding.finished)
    watts = _periods((0, 11_000.0), unit=RateUnit.WATT)
    with pytest.raises(InvalidRequestError, match="unit_not_supported"):
        check_profile(station, 1, profile(schedule=watts))


_FAR = datetime(2038, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": replace(_periods((0, 6.0)), start=_FAR)},
        {"valid_from": _FAR},
        {"valid_to": _FAR},
    ],
)
def test_times_too_far(station: Station, fields: dict[str, Any]) -> None:
    """A time at which the clocks of stations overflow is refused."""
    with pytest.raises(InvalidRequestError) as error:
        check_profile(station, 1, profile(**fields))
    assert (error.value.key, error.value.placeholders) == (
        "time_too_far",
        {"year": "2038"},
    )


def test_times_just_near_enough(station: Station) -> None:
    """The year before it may be used to its end."""
    last = _FAR - timedelta(seconds=1)
    schedule = replace(_periods((0, 6.0)), start=last)
    check_profile(station, 1, profile(schedule=schedule, valid_from=NOW, valid_to=last))


def test_maximum_of_the_station(station: Station) -> None:
    """The station's maximum is for the station."""
    check_profile(station, 0, profile(Purpose.STATION_MAX))
