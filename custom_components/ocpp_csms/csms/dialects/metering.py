"""Sampled values of any version as samples in SI units."""

from datetime import datetime
from typing import Any, NamedTuple

from ..model.meter import (
    Channel,
    Context,
    Location,
    Measurand,
    Phase,
    Sample,
    Samples,
    SignedValue,
)
from .times import parse_time


class _Unit(NamedTuple):
    dimension: str
    factor: float = 1.0
    offset: float = 0.0


class _Spec(NamedTuple):
    channel: Channel
    factor: float
    offset: float


_UNITS = {
    "Wh": _Unit("energy"),
    "kWh": _Unit("energy", 1e3),
    "varh": _Unit("energy"),
    "kvarh": _Unit("energy", 1e3),
    "VAh": _Unit("energy"),
    "kVAh": _Unit("energy", 1e3),
    "W": _Unit("power"),
    "kW": _Unit("power", 1e3),
    "VA": _Unit("power"),
    "kVA": _Unit("power", 1e3),
    "var": _Unit("power"),
    "kvar": _Unit("power", 1e3),
    "A": _Unit("current"),
    "mA": _Unit("current", 1e-3),
    "V": _Unit("voltage"),
    "mV": _Unit("voltage", 1e-3),
    "kV": _Unit("voltage", 1e3),
    "Celsius": _Unit("temperature"),
    "Celcius": _Unit("temperature"),
    "C": _Unit("temperature"),
    "K": _Unit("temperature", 1.0, -273.15),
    "Fahrenheit": _Unit("temperature", 5 / 9, -160 / 9),
}
_FREE_DIMENSIONS = {
    Measurand.FREQUENCY,
    Measurand.POWER_FACTOR,
    Measurand.RPM,
    Measurand.SOC,
}
"""Measurands with one unit only: what a station names beside them is not looked at."""

_PHASES = {
    None: None,
    "L1": Phase.L1,
    "L2": Phase.L2,
    "L3": Phase.L3,
    "N": Phase.N,
    "L1-N": Phase.L1,
    "L2-N": Phase.L2,
    "L3-N": Phase.L3,
    "L1-L2": Phase.L1_L2,
    "L2-L3": Phase.L2_L3,
    "L3-L1": Phase.L3_L1,
}
_CONTEXTS = {context.value: context for context in Context}
_specs: dict[tuple[Any, ...], _Spec] = {}
"""What descriptions of values mean that were seen already; only those that mean anything."""

_MAX_SPECS = 5000
_MAX_UNIT = 20
_SIGNED = "SignedData"
_DECIMALS = 3
_CEILING = 1e12
"""Beyond this, and where it is no number at all, a value is an error."""


def _dimension(measurand: Measurand) -> str | None:
    """Return the dimension of a measurand, None where its unit is not looked at."""
    if measurand in _FREE_DIMENSIONS or measurand.startswith("Display."):
        return None
    head = measurand.split(".", 1)[0]
    return "energy" if head == "EnergyRequest" else head.lower()


def _spec(
    measurand: Any, phase: Any, location: Any, unit: Any, multiplier: Any
) -> _Spec | None:
    """Return what a value's description means, None if it means nothing known."""
    key = (measurand, phase, location, unit, multiplier)
    try:
        return _specs[key]
    except KeyError:
        pass
    except TypeError:
        return None
    spec = _read_spec(*key)
    if spec is not None and len(_specs) < _MAX_SPECS and len(str(unit)) <= _MAX_UNIT:
        _specs[key] = spec
    return spec


def _read_spec(
    measurand: Any, phase: Any, location: Any, unit: Any, multiplier: Any
) -> _Spec | None:
    try:
        kind = Measurand(measurand or Measurand.ENERGY_ACTIVE_IMPORT_REGISTER)
        line = _PHASES[phase or None]
        place = Location(location) if location else _default_location(kind)
        factor = 10.0 ** int(multiplier or 0)
    except KeyError, TypeError, ValueError, OverflowError:
        return None
    if kind is Measurand.SOC:
        place = Location.EV
    channel = Channel(kind, line, place)
    dimension = _dimension(kind)
    if dimension is None or not unit:
        return _Spec(channel, factor, 0.0)
    known = _UNITS.get(unit)
    if known is None or known.dimension != dimension:
        return None
    return _Spec(channel, factor * known.factor, known.offset)


def _default_location(measurand: Measurand) -> Location:
    return Location.BODY if measurand is Measurand.TEMPERATURE else Location.OUTLET


def decode_samples(meter_values: Any, now: datetime) -> tuple[Samples, ...]:
    """Return the samples of a list of MeterValue objects.

    A value that can't be read, or whose unit doesn't fit its measurand, is dropped and
    counted; it never becomes 0. Signed values are taken as they are.
    """
    return tuple(
        _decode_moment(moment, now)
        for moment in meter_values or ()
        if isinstance(moment, dict)
    )


def _decode_moment(moment: dict[str, Any], now: datetime) -> Samples:
    values: list[Sample] = []
    signed: list[SignedValue] = []
    dropped = 0
    for item in moment.get("sampledValue") or ():
        if "signedMeterValue" in item or item.get("format") == _SIGNED:
            signed += _signed(item)
            if item.get("format") == _SIGNED:
                continue
        sample = _decode_value(item)
        if sample is None:
            dropped += 1
        else:
            values.append(sample)
    at = parse_time(moment.get("timestamp"), now)
    return Samples(at, tuple(values), dropped, tuple(signed))


def _signed(item: dict[str, Any]) -> list[SignedValue]:
    """Return what is signed of a value: in 1.6 its text, in 2.x an object beside it."""
    context = _CONTEXTS.get(item.get("context") or "", Context.SAMPLE_PERIODIC)
    beside = item.get("signedMeterValue")
    if not isinstance(beside, dict):
        data = item.get("value")
        return [SignedValue(str(data), context)] if data else []
    data = beside.get("signedMeterData")
    if not data:
        return []
    return [
        SignedValue(
            str(data),
            context,
            beside.get("encodingMethod"),
            beside.get("signingMethod"),
            beside.get("publicKey"),
        )
    ]


def _decode_value(item: dict[str, Any]) -> Sample | None:
    of_measure = item.get("unitOfMeasure")
    if of_measure:
        unit, multiplier = of_measure.get("unit"), of_measure.get("multiplier")
    else:
        unit, multiplier = item.get("unit"), None
    spec = _spec(
        item.get("measurand"), item.get("phase"), item.get("location"), unit, multiplier
    )
    if spec is None:
        return None
    try:
        value = float(item["value"])
    except KeyError, TypeError, ValueError:
        return None
    context = _CONTEXTS.get(item.get("context") or "", Context.SAMPLE_PERIODIC)
    if spec.factor != 1.0 or spec.offset:
        value = value * spec.factor + spec.offset
    if not abs(value) <= _CEILING:
        return None
    return Sample(spec.channel, round(value, _DECIMALS), context)
