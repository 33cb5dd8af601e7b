"""What is a number of use: neither a text, nor nothing, nor endless."""

from collections.abc import Iterable
from math import inf
from sys import float_info
from typing import TypeGuard

_MOST = 1e12
"""No figure of a house is as large: neither power, energy nor money."""


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number, and neither endless nor none (NaN)."""
    return (
        isinstance(value, (float, int))
        and not isinstance(value, bool)
        and -float_info.max <= value <= float_info.max
    )


def is_figure(value: object) -> TypeGuard[float]:
    """Return whether a value is a number that a house can have."""
    return is_number(value) and -_MOST <= value <= _MOST


def are_figures(values: Iterable[object]) -> bool:
    """Return whether all of many values are figures; quick where they are what they should be."""
    return all(
        (type(value) is float and -_MOST <= value <= _MOST) or is_figure(value)
        for value in values
    )


def is_limit(value: object) -> TypeGuard[float]:
    """Return whether a value is a figure, or no limit at all."""
    return value == inf or is_figure(value)


def is_count(value: object, least: int = 0) -> TypeGuard[int]:
    """Return whether a value is a whole number, and so large at least."""
    return isinstance(value, int) and is_figure(value) and value >= least
