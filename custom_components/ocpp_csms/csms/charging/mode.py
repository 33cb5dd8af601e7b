"""Ways of charging that a user chooses among, and what each means for others."""

from enum import StrEnum

from .errors import ChargingError
from .figures import is_figure


class Mode(StrEnum):
    """How a car is to be charged; keys for translation."""

    OFF = "off"
    FAST = "fast"
    """At once, as fast as it goes."""
    MIN_SOLAR = "min_solar"
    """With the sun, but never less than the minimum."""
    SOLAR = "solar"
    """With the sun alone."""


def set_current(
    mode: Mode, solar_a: float, min_a: float, max_a: float, *, connected: bool = True
) -> float:
    """Return the current of a mode in A per phase, 0 being a pause.

    `solar_a` is what following the sun would give now. Raises ChargingError for what is
    no current.
    """
    if not all(is_figure(value) and value >= 0 for value in (solar_a, min_a, max_a)):
        raise ChargingError("current_not_a_number", f"{solar_a}, {min_a}, {max_a}")
    if min_a > max_a:
        raise ChargingError("minimum_above_maximum", f"{min_a} > {max_a}")
    if not connected:
        return 0.0
    match mode:
        case Mode.OFF:
            return 0.0
        case Mode.FAST:
            return max_a
        case Mode.MIN_SOLAR:
            return min(max(solar_a, min_a), max_a)
        case Mode.SOLAR:
            return min(solar_a, max_a)
        case _:
            raise ChargingError("mode_unknown", str(mode))


def flexible_power(
    mode: Mode, charge_w: float, minimum_w: float, *, planned: bool = False
) -> float:
    """Return how much of the power that a car draws could be left to one more important.

    `minimum_w` is what it draws at least while it charges. What a plan needs is not given
    away, nor what is to be charged fast. Raises ChargingError for what is no power.
    """
    if not all(is_figure(value) and value >= 0 for value in (charge_w, minimum_w)):
        raise ChargingError("power_not_a_number", f"{charge_w}, {minimum_w}")
    if mode not in frozenset(Mode):
        raise ChargingError("mode_unknown", str(mode))
    if planned or mode in (Mode.OFF, Mode.FAST):
        return 0.0
    kept_w = minimum_w if mode is Mode.MIN_SOLAR else 0.0
    return max(0.0, charge_w - kept_w)
