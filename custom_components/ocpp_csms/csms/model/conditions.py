"""What a kWh costs, where it comes from and what CO2 it makes at some time."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What holds for the energy of the cars at a time; None is not known.

    Prices in currency per kWh, CO2 in g per kWh of the grid. `solar_share`, 0 to 1, is what
    of the cars' energy comes from sun and battery.
    """

    import_price: float | None = None
    export_price: float | None = None
    co2: float | None = None
    solar_share: float | None = None

    @property
    def price(self) -> float | None:
        """What a kWh costs: the grid's part its price, the solar part the forgone one.

        Where the share is not known all counts as taken from the grid.
        """
        share = self._share
        grid, forgone = _known(self.import_price), _known(self.export_price)
        if share <= 0:
            return grid
        if share >= 1 or forgone is None or grid is None:
            return forgone if share >= 1 else None
        return grid * (1 - share) + forgone * share

    @property
    def emission(self) -> float | None:
        """The CO2 of a kWh; solar energy makes none."""
        share, grid = self._share, _known(self.co2)
        if share >= 1:
            return 0.0
        return None if grid is None else grid * (1 - share)

    @property
    def _share(self) -> float:
        return min(max(self.solar_share or 0.0, 0.0), 1.0)


def _known(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else value
