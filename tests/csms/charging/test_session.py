"""What a session cost, how much was solar, what CO2 it made."""

from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.session import (
    SessionTotals,
    Shares,
    Tariff,
    add,
    integrate,
    solar_shares,
)
from custom_components.ocpp_csms.csms.model.rates import Series, floor_slot

from .vectors import cases

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
TARIFF = Tariff(
    import_price=Series(T0, (0.2, 0.4, None, 0.1)),
    export_price=Series(T0, (0.08,) * 4),
    co2=Series(T0, (300.0, 500.0, 100.0, 200.0)),
)


def _at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


@pytest.mark.parametrize("case", cases("planner_cases.json", "session"))
def test_totals_vectors(case: dict[str, Any]) -> None:
    """Running totals of the verification data."""
    totals = SessionTotals()
    for step in case["input"]["steps"]:
        more = step["energy_kwh"] * 1000 - totals.energy_wh
        if more > 0:
            totals = add(
                totals, more, step["green_share"], step["price"], step["co2_g"]
            )
    want = case["expected"]
    assert totals.energy_wh == pytest.approx(want["energy_wh"])
    assert totals.solar_share * 100 == pytest.approx(want["solar_percent"])
    assert totals.cost == pytest.approx(want["price"])
    assert totals.price_per_kwh == pytest.approx(want["price_per_kwh"])
    assert totals.co2_per_kwh == pytest.approx(want["co2_g_per_kwh"])


@pytest.mark.parametrize("case", cases("planner_cases.json", "green_share"))
def test_shares_vectors(case: dict[str, Any]) -> None:
    """Who uses the sun, in the verification data."""
    given_ = case["input"]
    shares = solar_shares(
        solar_w=given_["pv_w"],
        battery_w=given_["battery_w"],
        home_w=given_["home_w"],
        cars_w=given_["loadpoints_w"],
    )
    want = case["expected"]
    wanted = (want["total"], want["home"], want["loadpoints"])
    assert (shares.total, shares.home, shares.cars) == pytest.approx(wanted)


def test_price_change_between_samples() -> None:
    """What flows over a change of the price is priced by time."""
    totals = integrate(SessionTotals(at=_at(0)), _at(30), 2000, TARIFF)
    assert totals.cost == pytest.approx(0.2 + 0.4)
    assert totals.co2_g == pytest.approx(300 + 500)


def test_gap_in_the_prices() -> None:
    """Energy without a price is counted, but not priced with a guess."""
    totals = integrate(SessionTotals(at=_at(0)), _at(60), 4000, TARIFF)
    assert (totals.energy_wh, totals.priced_wh) == (4000, pytest.approx(3000))
    assert totals.cost == pytest.approx(0.7)
    assert totals.price_per_kwh == pytest.approx(0.7 / 3)


def test_price_never_known() -> None:
    """No price, no cost: not 0."""
    totals = integrate(SessionTotals(at=_at(0)), _at(15), 1000, Tariff())
    assert (totals.cost, totals.price_per_kwh, totals.co2_g) == (None, None, None)


@pytest.mark.parametrize(
    ("share", "cost", "co2"), [(0, 0.2, 300), (0.5, 0.14, 150), (1, 0.08, 0)]
)
def test_solar_costs_what_it_would_have_earned(
    share: float, cost: float, co2: float
) -> None:
    """Solar energy is valued at the export price."""
    totals = integrate(SessionTotals(at=_at(0)), _at(15), 1000, TARIFF, share)
    assert totals.cost == pytest.approx(cost)
    assert totals.co2_g == pytest.approx(co2)
    assert totals.solar_share == pytest.approx(share)


def test_first_sample_has_no_time_before_it() -> None:
    """The first sample is priced at its own time."""
    totals = integrate(SessionTotals(), _at(20), 1000, TARIFF)
    assert totals.cost == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("minutes", "energy"),
    [(30, 900), (30, 1000), (5, 2000)],
    ids=["less", "same", "older"],
)
def test_nothing_more(minutes: float, energy: float) -> None:
    """A lower energy or an older time changes no total."""
    before = integrate(SessionTotals(at=_at(0)), _at(15), 1000, TARIFF)
    after = integrate(before, _at(minutes), energy, TARIFF)
    assert (after.energy_wh, after.cost) == (before.energy_wh, before.cost)


@pytest.mark.parametrize(("energy", "share"), [(nan, 0.0), (1.0, nan)])
def test_not_a_number(energy: float, share: float) -> None:
    """What is no number is refused."""
    with pytest.raises(ChargingError, match="energy_not_a_number"):
        integrate(SessionTotals(), T0, energy, TARIFF, share)


@given(
    st.lists(
        st.tuples(st.floats(0, 120), st.floats(0, 500), st.floats(0, 1)), max_size=15
    )
)
def test_totals_add_up(steps: list[tuple[float, float, float]]) -> None:
    """However the samples fall, energy is the last value and the sun never more than it."""
    totals, at, energy = SessionTotals(at=T0), T0, 0.0
    for minutes, more, share in steps:
        at, energy = at + timedelta(minutes=minutes), energy + more
        totals = integrate(totals, at, energy, TARIFF, share)
    assert totals.energy_wh == pytest.approx(energy)
    assert -1e-6 <= totals.solar_wh <= energy + 1e-6
    assert totals.priced_wh <= energy + 1e-6


@given(st.integers(1, 40))
def test_cost_does_not_depend_on_the_samples(count: int) -> None:
    """Even flow costs the same however often it is sampled."""
    totals = SessionTotals(at=T0)
    for index in range(1, count + 1):
        totals = integrate(
            totals, _at(60 * index / count), 4000 * index / count, TARIFF
        )
    assert totals.cost == pytest.approx(0.7)


def test_nobody_uses_anything() -> None:
    """Where nothing is used, all of it is solar if there is sun."""
    assert solar_shares(solar_w=100, battery_w=0, home_w=0, cars_w=0) == Shares(1, 1, 1)


@pytest.mark.parametrize("energy_wh", [-1.0, float("nan"), float("inf")])
def test_energy_that_is_none(energy_wh: float) -> None:
    """Energy that can't be is refused."""
    with pytest.raises(ChargingError, match="energy_not_a_number"):
        add(SessionTotals(), energy_wh, 0.5, 0.3, None)


@pytest.mark.parametrize(("share", "cost"), [(-1.0, 0.2), (2.0, 0.0), (0.5, 0.1)])
def test_share_stays_between_none_and_all(share: float, cost: float) -> None:
    """A share beyond its bounds neither costs nor saves more than there is."""
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    tariff = Tariff(import_price=Series(at, (0.2,) * 8))
    totals = integrate(SessionTotals(at=at), at, 0.0, tariff)
    totals = integrate(totals, at + timedelta(hours=1), 1000.0, tariff, share)
    assert totals.cost == pytest.approx(cost)


def test_price_that_is_no_number() -> None:
    """A price that is none is not known."""
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    tariff = Tariff(import_price=Series(at, (float("nan"),) * 8))
    totals = integrate(SessionTotals(at=at), at + timedelta(hours=1), 1000.0, tariff)
    assert (totals.cost, totals.energy_wh) == (None, 1000.0)


def test_feed_in_price_that_is_not_known() -> None:
    """A gap in the feed-in prices is a gap: the energy is not free."""
    tariff = Tariff(import_price=TARIFF.import_price, export_price=Series(T0, (0.08,)))
    totals = integrate(SessionTotals(at=T0), _at(30), 2000, tariff, solar_share=1.0)
    assert (totals.cost, totals.priced_wh) == (pytest.approx(0.08), 1000)
    bought = integrate(SessionTotals(at=T0), _at(30), 2000, tariff)
    assert bought.priced_wh == 2000


def test_sun_needs_no_other_prices() -> None:
    """All sun costs what selling it brings, and makes no CO2, whatever the grid does."""
    tariff = Tariff(export_price=TARIFF.export_price)
    totals = integrate(SessionTotals(at=T0), _at(15), 1000, tariff, solar_share=1.0)
    assert (totals.cost, totals.co2_g) == (pytest.approx(0.08), 0.0)


def test_night_in_which_the_clock_is_changed() -> None:
    """An hour is an hour by whatever clock it is told."""
    berlin = ZoneInfo("Europe/Berlin")
    for begin, end in (
        (datetime(2026, 3, 29, 1, 59, tzinfo=berlin), (3, 1)),
        (datetime(2026, 10, 25, 2, 59, tzinfo=berlin), (2, 1)),
    ):
        after = begin.replace(hour=end[0], minute=end[1], fold=1)
        prices = Series(floor_slot(begin), (0.3,) * 8)
        tariff = Tariff(import_price=prices)
        before = integrate(SessionTotals(), begin, 0, tariff)
        totals = integrate(before, after, 1000, tariff)
        assert (totals.energy_wh, totals.cost) == (1000, pytest.approx(0.3))


def test_times_of_samples() -> None:
    """An older sample changes nothing; one without more energy moves the time on."""
    totals = integrate(SessionTotals(at=T0), _at(30), 1000, TARIFF)
    assert integrate(totals, _at(10), 2000, TARIFF) == totals
    later = integrate(totals, _at(40), 1000, TARIFF)
    assert (later.at, later.energy_wh) == (_at(40), 1000)


@pytest.mark.parametrize("values", [(1.0, nan, None, None), (1.0, 0.0, nan, None)])
def test_more_numbers_that_are_none(values: tuple[Any, ...]) -> None:
    """Shares and prices that are no numbers are refused."""
    with pytest.raises(ChargingError):
        add(SessionTotals(), *values)
    with pytest.raises(ChargingError):
        solar_shares(solar_w=nan, battery_w=0, home_w=0, cars_w=0)
