"""Prices, CO2 and forecasts on the grid of quarter hours."""

from datetime import UTC, datetime, timedelta
from math import inf, nan
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.rates import (
    RawRate,
    co2_factor,
    flat,
    normalise,
    price_factor,
    resample_forecast,
)

T0 = datetime(2026, 1, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def _at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def _raw(*rates: tuple[float, float | None, float]) -> list[RawRate]:
    return [
        RawRate(_at(start), value, None if end is None else _at(end))
        for start, end, value in rates
    ]


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR/kWh", 1),
        ("EUR/MWh", 0.001),
        ("ct/kWh", 0.01),
        ("Cent/kWh", 0.01),
        ("öre/kWh", 0.01),
        ("p/kWh", 0.01),
        ("SEK/kWh", 1),
        ("€/MWh", 0.001),
        ("USD/Wh", 1000),
        (" NOK / kWh ", 1),
    ],
)
def test_price_unit(unit: str, factor: float) -> None:
    """MWh and cents are told by the unit."""
    assert price_factor(unit) == pytest.approx(factor)


@pytest.mark.parametrize("unit", ["", "EUR", "kWh", "/kWh", "EUR/h", "EUR/kW"])
def test_price_unit_unknown(unit: str) -> None:
    """What is no price per energy is refused."""
    with pytest.raises(ChargingError, match="unit_unknown"):
        price_factor(unit)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("g/kWh", 1), ("gCO2eq/kWh", 1), ("kg/MWh", 1), ("kg/kWh", 1000)],
)
def test_co2_unit(unit: str, factor: float) -> None:
    """Intensities are in g per kWh."""
    assert co2_factor(unit) == pytest.approx(factor)


def test_co2_unit_unknown() -> None:
    """Money is no mass."""
    with pytest.raises(ChargingError, match="unit_unknown"):
        co2_factor("EUR/kWh")


@pytest.mark.parametrize(
    ("rates", "values"),
    [
        pytest.param([(0, 15, 1), (15, 30, 2)], (1, 2), id="15 min"),
        pytest.param([(0, 30, 1), (30, 60, 2)], (1, 1, 2, 2), id="30 min"),
        pytest.param([(0, 60, 1)], (1, 1, 1, 1), id="60 min"),
        pytest.param([(0, None, 1), (15, None, 2)], (1, 2), id="no ends, 15 min"),
        pytest.param([(0, None, 1), (60, None, 2)], (1,) * 4 + (2,) * 4, id="no ends"),
        pytest.param([(0, None, 7)], (7,) * 4, id="a single rate lasts an hour"),
        pytest.param([(0, 15, 1), (30, 45, 3)], (1, None, 3), id="a gap stays a gap"),
        pytest.param([(0, 60, 1), (30, 60, 2)], (1, 1, 2, 2), id="overlap"),
        pytest.param([(0, 15, 1), (0, 15, 5)], (5,), id="duplicate: the later holds"),
        pytest.param([(30, 45, 3), (0, 15, 1)], (1, None, 3), id="any order"),
        pytest.param([(0, 15, -0.05)], (-0.05,), id="negative"),
        pytest.param([(0, 15, nan), (15, 30, 2)], (2,), id="not a number"),
        pytest.param([(0, 15, inf), (15, 30, 2)], (2,), id="infinite"),
        pytest.param([(0, 5, 1), (5, 15, 4)], (3,), id="mean by time"),
        pytest.param([(0, 5, 1), (15, 30, 2)], (None, 2), id="hardly covered"),
        pytest.param([(0, 7.5, 1), (15, 30, 2)], (1, 2), id="half covered"),
        pytest.param([(0, 7, 1), (15, 30, 2)], (None, 2), id="less than half covered"),
        pytest.param([(0, 3, 1), (10, 15, 4)], (2.875,), id="half covered by two"),
        pytest.param([(15, 0, 1), (30, None, 2)], (1, 2), id="end before start"),
        pytest.param([], (), id="none"),
    ],
)
def test_normalise(
    rates: list[tuple[float, float | None, float]], values: tuple[float | None, ...]
) -> None:
    """Whatever a source tells becomes one value for each quarter hour."""
    assert normalise(_raw(*rates)).values == pytest.approx(values)


def test_factor() -> None:
    """Values come in the unit that is asked for."""
    assert normalise(_raw((0, 15, 80.0)), price_factor("EUR/MWh")).values == (0.08,)


@pytest.mark.parametrize(
    ("day", "slots"),
    [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)],
    ids=["23 hours", "25 hours", "24 hours"],
)
def test_days_of_local_time(day: str, slots: int) -> None:
    """Local hours of the days on which the clocks change are neither lost nor doubled."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    start = midnight.astimezone(UTC)
    raw = [
        RawRate(
            (start + timedelta(hours=hour))
            .astimezone(BERLIN)
            .replace(tzinfo=None, fold=0),
            float(hour),
        )
        for hour in range(slots // 4)
    ]
    series = normalise(raw, zone=BERLIN)
    assert series.start == start
    assert series.values == tuple(float(slot // 4) for slot in range(slots))


def test_today_without_tomorrow() -> None:
    """What is not published yet is not known."""
    series = normalise(_raw((0, 60, 1)))
    assert (series.at(_at(59)), series.at(_at(60)), series.at(_at(-1))) == (
        1,
        None,
        None,
    )


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2000), st.integers(1, 300), st.floats(-1, 1, allow_nan=False)
        ),
        max_size=30,
    )
)
def test_values_stay_within_what_was_told(rates: list[tuple[int, int, float]]) -> None:
    """No value of the grid is outside of the rates that it comes from."""
    raw = [
        RawRate(_at(start), value, _at(start + length))
        for start, length, value in rates
    ]
    known = [value for value in normalise(raw).values if value is not None]
    told = [value for _, _, value in rates]
    assert all(min(told) - 1e-9 <= value <= max(told) + 1e-9 for value in known)


def test_forecast_with_stubs() -> None:
    """Stubs at sunrise and the night in between: the energy is kept."""
    forecast = {_at(20): 100.0, _at(30): 500.0, _at(60): 1000.0, _at(600): 300.0}
    series = resample_forecast(forecast)
    assert sum(value or 0 for value in series.values) / 4 == pytest.approx(1900)
    assert series.at(_at(25)) == pytest.approx(400.0)
    assert series.at(_at(45)) == pytest.approx(1000.0)
    assert series.at(_at(300)) == 0


@given(
    st.dictionaries(
        st.integers(0, 2000).map(_at), st.floats(0, 5000, allow_nan=False), max_size=40
    )
)
def test_forecast_keeps_energy(forecast: dict[datetime, float]) -> None:
    """Whatever the periods, no energy is lost or made."""
    total = sum(value or 0 for value in resample_forecast(forecast).values) / 4
    assert total == pytest.approx(sum(forecast.values()), abs=1e-6)


@pytest.mark.parametrize("energy", [-1.0, nan, inf])
def test_forecast_not_a_number(energy: float) -> None:
    """An energy that is none is refused."""
    with pytest.raises(ChargingError, match="energy_not_a_number"):
        resample_forecast({T0: energy})


def test_forecast_without_zone() -> None:
    """A forecast has to say its zone."""
    with pytest.raises(ChargingError, match="time_without_zone"):
        resample_forecast({T0.replace(tzinfo=None): 1.0})


def test_flat() -> None:
    """A fixed price covers every slot that is touched."""
    series = flat(0.3, _at(10), _at(46))
    assert (series.start, series.values) == (T0, (0.3,) * 4)


# Cases that went wrong once.


def test_holes_of_sources_without_ends() -> None:
    """A source that tells no ends leaves its gaps as gaps."""
    raw = [RawRate(_at(minutes), 1.0) for minutes in (0, 60, 120, 720)]
    series = normalise(raw)
    assert series.at(_at(179)) == 1
    assert series.at(_at(181)) is None
    assert series.at(_at(779)) == 1
    assert series.end == _at(780)


def test_overlaps_cover_and_uncover() -> None:
    """A short rate in a long one covers it for its own time only."""
    raw = [RawRate(_at(0), 1.0, _at(60)), RawRate(_at(15), 5.0, _at(30))]
    assert normalise(raw).values == (1.0, 5.0, 1.0, 1.0)


@pytest.mark.parametrize("days", [20, 20_000])
def test_stale_entries(days: int) -> None:
    """An entry of long ago does not push out what is of today."""
    raw = [RawRate(_at(-days * 1440), 9.0, _at(-days * 1440 + 60))]
    raw += [RawRate(_at(60 * hour), 1.0, _at(60 * hour + 60)) for hour in range(24)]
    assert normalise(raw).at(_at(600)) == 1


@pytest.mark.parametrize(
    "unit",
    [
        "¢/kWh",
        "c€/kWh",
        "€ct/kWh",
        "EUR cent/kWh",
        "eurocent/kWh",
        "cent(s)/kWh",
        "NZc/kWh",
    ],
)
def test_hundredths(unit: str) -> None:
    """Whatever they are called, hundredths are hundredths."""
    assert price_factor(unit) == 0.01


@pytest.mark.parametrize(
    "unit", ["EUR/kWh", "€/kWh", "kr/kWh", "Kč/kWh", "CHF/kWh", "zł/kWh"]
)
def test_whole_currencies(unit: str) -> None:
    """Currencies are taken as they are."""
    assert price_factor(unit) == 1


@pytest.mark.parametrize("unit", ["g/kWh", "W/kWh", "%/kWh", "kWh/kWh", "kgCO2/kWh"])
def test_no_money(unit: str) -> None:
    """What is no currency is no price."""
    with pytest.raises(ChargingError, match="unit_unknown"):
        price_factor(unit)


def test_forecast_of_two_hours() -> None:
    """Longer periods than an hour are spread over their own length."""
    forecast = {_at(120 * number): 2000.0 for number in range(4)}
    series = resample_forecast(forecast)
    assert series.at(_at(90)) == 1000
    assert series.at(_at(479)) == 1000
    assert series.end == _at(480)


def test_forecast_of_quarter_hours() -> None:
    """The last period is as long as the others."""
    forecast = {_at(15 * number): 250.0 for number in range(4)}
    assert resample_forecast(forecast).values == (1000.0,) * 4


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("Rp/kWh", 0.01),
        ("Rappen/kWh", 0.01),
        ("€c/kWh", 0.01),
        ("gr/kWh", 0.01),
        ("sen/kWh", 0.01),
        ("m€/kWh", 0.001),
        ("mill/kWh", 0.001),
        ("USD/MWh", 0.001),
    ],
)
def test_parts_of_money(unit: str, factor: float) -> None:
    """Hundredths and thousandths of many countries are what they are."""
    assert price_factor(unit) == pytest.approx(factor)


@pytest.mark.parametrize("unit", ["l/kWh", "km/kWh", "foo/kWh", "h/kWh", "€€/kWh"])
def test_nobodys_money(unit: str) -> None:
    """What is not known to be money is not taken for it."""
    with pytest.raises(ChargingError, match="unit_unknown"):
        price_factor(unit)


def test_numbers_that_are_none() -> None:
    """Neither factors nor prices may be anything but numbers, nor times without a zone."""
    with pytest.raises(ChargingError):
        normalise([], nan)
    with pytest.raises(ChargingError):
        flat(nan, T0, T0)
    with pytest.raises(ChargingError):
        flat(0.2, T0.replace(tzinfo=None), T0)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("GBp/kWh", 0.01),
        ("pence/kWh", 0.01),
        ("USc/kWh", 0.01),
        ("EUR ct/kWh", 0.01),
        ("Eurocent/kWh", 0.01),
        ("€ct/kWh", 0.01),
        ("SEK öre/kWh", 0.01),
        ("CHF Rp./kWh", 0.01),
    ],
)
def test_hundredths_of_a_whole(unit: str, factor: float) -> None:
    """Cents of all lands, with the whole before them."""
    assert price_factor(unit) == factor


@pytest.mark.parametrize(
    "unit", ["abc/kWh", "inc/kWh", "percent/kWh", "product/kWh", "foo ct/kWh"]
)
def test_words_that_end_like_money(unit: str) -> None:
    """What only looks like a hundredth of something is no money."""
    with pytest.raises(ChargingError):
        price_factor(unit)


@pytest.mark.parametrize("unit", ["gCO₂/kWh", "g CO2/kWh", "gCO2eq/kWh"])
def test_spellings_of_co2(unit: str) -> None:
    """However grams of CO2 are written."""
    assert co2_factor(unit) == 1


def test_a_price_for_a_year() -> None:
    """A fixed price holds for the weeks that are looked at, beside prices of hours too."""
    year = RawRate(T0 - timedelta(days=100), 0.3, T0 + timedelta(days=265))
    assert normalise([year]).at(T0 - timedelta(days=100)) == 0.3
    hours = [RawRate(T0 + timedelta(hours=n), n / 100) for n in range(24)]
    both = normalise([year, *hours])
    assert both.at(T0 + timedelta(hours=5)) == 0.05
    assert both.at(T0 + timedelta(days=2)) == 0.3
    open_ended = normalise([*hours[:-1], RawRate(hours[-1].start, 0.5, year.end)])
    assert open_ended.at(T0 + timedelta(hours=5)) == 0.05


@pytest.mark.parametrize("day", [-99, -1, 0, 200])
def test_a_price_for_a_year_today(day: int) -> None:
    """Whenever it is looked at, a price that began long ago is known, whatever comes next."""
    now = T0 + timedelta(days=day)
    year = RawRate(T0 - timedelta(days=100), 0.3, T0 + timedelta(days=265))
    following = RawRate(T0 + timedelta(days=265), 0.4, T0 + timedelta(days=630))
    for rates in ([year], [year, following]):
        series = normalise(rates, around=now)
        assert [series.at(now + timedelta(days=n)) for n in (0, 1, 13)] == [0.3] * 3
        assert len(series.values) <= 28 * 96 + 1
    assert normalise([following], around=T0).values == ()


def test_values_beyond_all_money() -> None:
    """What nothing costs is a gap, and no energy of a forecast."""
    assert normalise([RawRate(T0, 1e308, _at(60))], 10.0).values == ()
    with pytest.raises(ChargingError):
        resample_forecast({T0: 1e308})


def test_a_stale_forecast() -> None:
    """What was forecast weeks ago is left out."""
    told = {T0 - timedelta(days=20): 0.0, T0: 1000.0}
    assert resample_forecast(told).at(T0) == 1000
