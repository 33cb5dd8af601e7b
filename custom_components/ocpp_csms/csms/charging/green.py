"""Whose power is green: the house's first, then its battery's, then the cars'."""

from dataclasses import dataclass
from math import isfinite

from .errors import ChargingError


@dataclass(frozen=True, slots=True)
class GreenShares:
    """Shares of power that does not come from the grid, from 0 to 1."""

    total: float
    home: float
    cars: float


def green_shares(
    *, grid_w: float, solar_w: float, battery_w: float, home_w: float, cars_w: float
) -> GreenShares:
    """Return how much of what flows is green. Import and a battery's discharge are positive.

    A load that draws nothing counts as green where green power is left for it.
    """
    values = (grid_w, solar_w, battery_w, home_w, cars_w)
    if not all(isfinite(value) for value in values):
        raise ChargingError("measurement_not_a_number", str(values))
    green_w = max(0.0, solar_w) + max(0.0, battery_w)
    bought_w = max(0.0, grid_w)
    left_w = max(0.0, green_w - max(0.0, home_w))
    left_w = max(0.0, left_w - max(0.0, -battery_w))
    total = green_w / (green_w + bought_w) if green_w else 0.0
    return GreenShares(total, _share(green_w, home_w), _share(left_w, cars_w))


def _share(green_w: float, load_w: float) -> float:
    if green_w <= 0:
        return 0.0
    return 1.0 if load_w <= green_w else green_w / load_w
