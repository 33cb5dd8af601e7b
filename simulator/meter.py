"""The meter of an EVSE and how its readings are put."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .car import NOMINAL_VOLTAGE, Car
from .misbehaviour import Misbehaviour

PHASES = ("L1", "L2", "L3")

_UNITS = {
    "Energy": "Wh",
    "Power": "W",
    "Current": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Temperature": "Celsius",
    "Frequency": "Hz",
}
_LOCATIONS = {"SoC": "EV", "Temperature": "Body"}
_IDLE_TEMPERATURE = 22.0
_WARMTH_PER_W = 0.001


@dataclass
class Meter:
    """What flows now, and what has flowed."""

    phases: int = 3
    register_wh: float = 0.0
    voltage_v: float = NOMINAL_VOLTAGE
    frequency_hz: float = 50.0
    currents_a: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    offered_a: float = 0.0
    offered_phases: int = 3
    turns: int = 0
    """Counts readings, for stations that change units."""

    @property
    def power_w(self) -> float:
        """Return the power on all phases together."""
        return sum(self.currents_a) * self.voltage_v

    @property
    def temperature_c(self) -> float:
        """Return the temperature inside the housing."""
        return _IDLE_TEMPERATURE + self.power_w * _WARMTH_PER_W

    def flow(self, current_a: float, phases: int, seconds: float) -> float:
        """Let a current flow on some phases; return the energy in Wh."""
        self.currents_a = [current_a if index < phases else 0.0 for index in range(3)]
        energy = self.power_w * seconds / 3600.0
        self.register_wh += energy
        return energy


@dataclass(frozen=True)
class Reading:
    """One value as it goes into a message."""

    measurand: str
    value: Any
    unit: str | None
    phase: str | None
    location: str
    context: str


@dataclass(frozen=True)
class Sampling:
    """What to read, and what for."""

    measurands: Iterable[str]
    context: str = "Sample.Periodic"
    session_start_wh: float | None = None
    """Register at the start of the transaction, if one runs."""


def readings(
    meter: Meter, car: Car | None, sampling: Sampling, odd: Misbehaviour
) -> list[Reading]:
    """Return the readings asked for, distorted as told."""
    context = odd.context or sampling.context
    found = []
    for name in sampling.measurands:
        measurand, _, only = _split_phase(name)
        if measurand in odd.omit_measurands:
            continue
        for phase, value in _values(meter, car, measurand, sampling, odd):
            if only and phase != only:
                continue
            meter.turns += 1
            kilo = odd.alternate_units and meter.turns % 2 == 1
            found.append(_reading(measurand, phase, value, context, odd, kilo=kilo))
    return found


def register(meter: Meter, session_start_wh: float | None, odd: Misbehaviour) -> float:
    """Return the register as the station tells it."""
    base = session_start_wh or 0.0 if odd.session_register else 0.0
    return meter.register_wh - base + odd.register_offset_wh


def _split_phase(name: str) -> tuple[str, str, str]:
    """Split a phase off a measurand, as in Voltage.L1-N."""
    measurand, dot, phase = name.rpartition(".")
    return (measurand, dot, phase) if phase.startswith("L") else (name, "", "")


def _values(
    meter: Meter, car: Car | None, measurand: str, sampling: Sampling, odd: Misbehaviour
) -> list[tuple[str | None, float]]:
    """Return the values of a measurand with their phases."""
    lines = PHASES[: meter.phases]
    match measurand:
        case "Energy.Active.Import.Register":
            value = register(meter, sampling.session_start_wh, odd)
            return [] if odd.per_phase_only else [(None, value)]
        case "Energy.Active.Export.Register" | "Power.Active.Export" | "Current.Export":
            return [(None, 0.0)]
        case "Power.Active.Import":
            return _power(meter, lines, odd)
        case "Current.Import":
            return [(line, meter.currents_a[index]) for index, line in enumerate(lines)]
        case "Voltage":
            return [(f"{line}-N", meter.voltage_v) for line in lines]
        case "Current.Offered":
            return [(None, meter.offered_a)]
        case "Power.Offered":
            return [(None, meter.offered_a * meter.offered_phases * meter.voltage_v)]
        case "Frequency":
            return [(None, meter.frequency_hz)]
        case "Temperature":
            return [(None, meter.temperature_c)]
        case "Power.Factor":
            return [(None, 1.0)]
        case "SoC":
            return [(None, car.soc)] if car else []
        case _:
            return []


def _power(
    meter: Meter, lines: tuple[str, ...], odd: Misbehaviour
) -> list[tuple[str | None, float]]:
    """Return power as a total, per phase, or both."""
    values: list[tuple[str | None, float]] = []
    if odd.per_phase_power or odd.per_phase_only or odd.no_total_power:
        values += [
            (line, meter.currents_a[i] * meter.voltage_v)
            for i, line in enumerate(lines)
        ]
    if not (odd.per_phase_only or odd.no_total_power):
        values.append((None, 0.0 if odd.zero_total_power else meter.power_w))
    return values


def _reading(
    measurand: str,
    phase: str | None,
    value: float,
    context: str,
    odd: Misbehaviour,
    *,
    kilo: bool,
) -> Reading:
    """Put a value into its unit and shape."""
    natural = _UNITS.get(measurand.partition(".")[0])
    if measurand == "Power.Factor":
        natural = None
    unit = odd.units.get(measurand, natural)
    if kilo and natural in {"W", "Wh"}:
        unit = f"k{natural}"
    if unit and natural and unit == f"k{natural}":
        value /= 1000.0
    put: Any = value * (1 + 2e-8) + 3e-7 if odd.float_noise else round(value, 4)
    return Reading(
        measurand=measurand,
        value=odd.values.get(measurand, put),
        unit=odd.labels.get(measurand, unit),
        phase=odd.phase_names.get(phase, phase) if phase else None,
        location=_LOCATIONS.get(measurand, "Outlet"),
        context=context,
    )
