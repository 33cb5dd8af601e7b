"""Sampled values of all versions as samples in SI units."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.dialects.metering import decode_samples
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT,
    POWER,
    REGISTER,
    STATE_OF_CHARGE,
    VOLTAGE,
    Channel,
    Context,
    Location,
    Measurand,
    Phase,
    Sample,
    Samples,
)
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .support import JSON, NOW, Json, moment, sample, schemas


def _decode(*samples: Json) -> Samples:
    (decoded,) = decode_samples([moment(*samples)], NOW)
    return decoded


def _one(item: Json) -> Sample | None:
    decoded = _decode(item)
    assert decoded.dropped == (0 if decoded.values else 1)
    return next(iter(decoded.values), None)


def _unit(unit: str | None, multiplier: int | None = None) -> Json:
    of_measure: Json = {} if unit is None else {"unit": unit}
    if multiplier is not None:
        of_measure["multiplier"] = multiplier
    return {"unitOfMeasure": of_measure}


@pytest.mark.parametrize(
    ("measurand", "unit", "value"),
    [
        ("Energy.Active.Import.Register", "Wh", 12.5),
        ("Energy.Active.Import.Register", "kWh", 12500.0),
        ("Energy.Active.Import.Register", None, 12.5),
        ("Energy.Reactive.Import.Register", "varh", 12.5),
        ("Energy.Reactive.Import.Register", "kvarh", 12500.0),
        ("Power.Active.Import", "W", 12.5),
        ("Power.Active.Import", "kW", 12500.0),
        ("Power.Active.Import", None, 12.5),
        ("Power.Active.Import", "VA", 12.5),
        ("Power.Active.Import", "kVA", 12500.0),
        ("Power.Reactive.Import", "var", 12.5),
        ("Power.Reactive.Import", "kvar", 12500.0),
        ("Power.Offered", "kW", 12500.0),
        ("Current.Import", "A", 12.5),
        ("Current.Import", "mA", 0.012),
        ("Current.Offered", "A", 12.5),
        ("Voltage", "V", 12.5),
        ("Voltage", "mV", 0.013),
        ("Voltage", "kV", 12500.0),
        ("Temperature", "Celsius", 12.5),
        ("Temperature", "Celcius", 12.5),
        ("Temperature", "Fahrenheit", -10.833),
        ("Temperature", "K", -260.65),
        ("SoC", "Percent", 12.5),
        ("SoC", None, 12.5),
        ("SoC", "Anything", 12.5),
        ("Frequency", "Hz", 12.5),
        ("Frequency", "Hertz", 12.5),
        ("Power.Factor", None, 12.5),
        ("RPM", "RPM", 12.5),
    ],
)
def test_units(measurand: str, unit: str | None, value: float) -> None:
    """Values come in SI units, whatever the station's unit; 1.6 and 2.x alike."""
    named = {} if unit is None else {"unit": unit}
    old, new = _one(sample("12.5", measurand, **named)), None
    new = _one(sample(12.5, measurand, **_unit(unit)))
    assert old == new
    assert old is not None
    assert old.value == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize(
    ("measurand", "unit"),
    [
        ("Energy.Active.Import.Register", "W"),
        ("Energy.Active.Import.Register", "A"),
        ("Power.Active.Import", "Wh"),
        ("Current.Import", "V"),
        ("Voltage", "A"),
        ("Temperature", "W"),
        ("Voltage", "Parsec"),
    ],
)
def test_unit_that_does_not_fit(measurand: str, unit: str) -> None:
    """A unit of another dimension makes the value worthless."""
    assert _one(sample(5, measurand, **_unit(unit))) is None


@pytest.mark.parametrize(
    ("unit", "multiplier", "value"),
    [
        ("W", 3, 12500.0),
        ("W", 0, 12.5),
        ("W", -1, 1.25),
        ("kW", 1, 125000.0),
        (None, 3, 12500.0),
        ("W", None, 12.5),
    ],
)
def test_multiplier(unit: str | None, multiplier: int | None, value: float) -> None:
    """2.x: the multiplier is a power of ten."""
    decoded = _one(sample(12.5, "Power.Active.Import", **_unit(unit, multiplier)))
    assert decoded is not None
    assert decoded.value == value


@pytest.mark.parametrize("multiplier", [400, "x", {}, [1]])
def test_absurd_multiplier(multiplier: Any) -> None:
    """A multiplier beyond all numbers makes the value worthless."""
    assert _one(sample(12.5, "Voltage", **_unit("V", multiplier))) is None


@pytest.mark.parametrize(
    ("phase", "line"),
    [
        (None, None),
        ("", None),
        ("L1", Phase.L1),
        ("L2", Phase.L2),
        ("L3", Phase.L3),
        ("L1-N", Phase.L1),
        ("L2-N", Phase.L2),
        ("L3-N", Phase.L3),
        ("N", Phase.N),
        ("L1-L2", Phase.L1_L2),
        ("L2-L3", Phase.L2_L3),
        ("L3-L1", Phase.L3_L1),
    ],
)
def test_phases(phase: str | None, line: Phase | None) -> None:
    """A value against neutral is one of its phase."""
    decoded = _one(sample("230", "Voltage", phase=phase))
    assert decoded is not None
    assert decoded.channel == Channel(Measurand.VOLTAGE, line)


def test_unknown_phase() -> None:
    """A phase that nobody knows makes the value worthless."""
    assert _one(sample("230", "Voltage", phase="L4")) is None


@pytest.mark.parametrize("context", Context)
def test_contexts(context: Context) -> None:
    """The context is kept."""
    decoded = _one(sample("1", context=context.value))
    assert decoded is not None
    assert decoded.context is context


@pytest.mark.parametrize("context", [None, "", "Sample.Odd"])
def test_missing_context(context: str | None) -> None:
    """A value without a known context counts as a periodic sample."""
    decoded = _one(sample("1", context=context))
    assert decoded is not None
    assert decoded.context is Context.SAMPLE_PERIODIC


@pytest.mark.parametrize("location", Location)
def test_locations(location: Location) -> None:
    """The location tells channels apart."""
    decoded = _one(sample("1", "Voltage", location=location.value))
    assert decoded is not None
    assert decoded.channel.location is location


@pytest.mark.parametrize(
    ("item", "channel"),
    [
        (sample("1"), REGISTER),
        (sample("1", "Power.Active.Import"), POWER),
        (sample("1", "Current.Import"), CURRENT),
        (sample("1", "Voltage"), VOLTAGE),
        (sample("1", "SoC"), STATE_OF_CHARGE),
        (sample("1", "SoC", location="Outlet"), STATE_OF_CHARGE),
        (
            sample("1", "Temperature"),
            Channel(Measurand.TEMPERATURE, None, Location.BODY),
        ),
    ],
)
def test_defaults(item: Json, channel: Channel) -> None:
    """What is left out has its usual meaning."""
    decoded = _one(item)
    assert decoded is not None
    assert decoded.channel == channel


def _schema_measurands(version: OcppVersion) -> set[str]:
    """Return what a version's schema knows, by what its validator says it wants."""
    payload = {
        "connectorId" if version is OcppVersion.V16 else "evseId": 1,
        "meterValue": [moment(sample("1", "?"))],
    }
    errors = schemas(version).requests["MeterValues"].iter_errors(payload)
    return {
        option
        for error in errors
        if error.kind.name == "enum" and error.instance == "?"
        for option in error.kind.as_dict()["options"]
    }


@pytest.mark.parametrize("version", OcppVersion)
def test_every_measurand(version: OcppVersion) -> None:
    """Each measurand of each version's schema is read."""
    names = _schema_measurands(version)
    # 2.1 takes any text; its words are those of the model.
    assert len(names) >= 22 or version is OcppVersion.V21
    for name in names or {measurand.value for measurand in Measurand}:
        decoded = _one(sample("1.5", name))
        assert decoded is not None, name
        assert decoded.channel.measurand == name


@pytest.mark.parametrize(
    "value", ["", "abc", "NaN", "nan", "Infinity", "-inf", "1,5", None, {}, [], "0x10"]
)
def test_value_that_is_no_number(value: Any) -> None:
    """What is no number is dropped, never 0."""
    assert _one(sample(value, "Voltage")) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [("1.5", 1.5), (" 1.5 ", 1.5), ("1e3", 1000.0), ("-3", -3.0), (0, 0.0)],
)
def test_value(value: Any, number: float) -> None:
    """Numbers are read as text and as numbers."""
    decoded = _one(sample(value, "Voltage"))
    assert decoded is not None
    assert decoded.value == number


def test_float_noise() -> None:
    """Digits beyond the third are noise."""
    decoded = _one(sample("30.66666603088379", "Current.Import"))
    assert decoded is not None
    assert decoded.value == 30.667


def test_signed_values_are_left_out() -> None:
    """A signature is no value, and nothing bad either."""
    decoded = _decode(sample("0A1B2C", format="SignedData"), sample("5"))
    assert (len(decoded.values), decoded.dropped) == (1, 0)


def test_bad_values_are_counted() -> None:
    """What is dropped is counted, the rest is used."""
    decoded = _decode(sample("x"), sample("5"), sample("1", "Luck"))
    assert (len(decoded.values), decoded.dropped) == (1, 2)


def test_unusable_time() -> None:
    """Values of a moment without a usable time are kept; the time is none."""
    (decoded,) = decode_samples([moment(sample("5"), at="1970-01-01T00:00:00Z")], NOW)
    assert decoded.at is None
    assert len(decoded.values) == 1


@pytest.mark.parametrize("value", [None, [], [5, None]])
def test_nothing(value: Any) -> None:
    """No meter values are no samples."""
    assert decode_samples(value, NOW) == ()


@given(st.lists(st.dictionaries(st.sampled_from(["value", "unit", "phase"]), JSON)))
def test_any_samples(items: list[Json]) -> None:
    """Whatever a sample holds, it is a finite number or dropped."""
    decoded = _decode(*items)
    assert len(decoded.values) + decoded.dropped == len(items)
    assert all(abs(value) < float("inf") for _, value, _ in decoded.values)
