"""What held in a quarter hour, as the mean of what was measured in it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..model.conditions import Conditions
from ..model.rates import SLOT, floor_slot
from .errors import ChargingError
from .figures import is_figure
from .session import cars_solar_share

_LONGEST = timedelta(minutes=10)
"""Whoever measures nothing for longer knows nothing of the time between."""
_IDLE_W = 1e-6
"""While no car charges, where its energy would come from counts only if nothing else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is measured at a time; None is not known. Powers in W, `grid_w` is import.

    `battery_w` is positive while it discharges.
    """

    import_price: float | None = None
    export_price: float | None = None
    co2: float | None = None
    grid_w: float | None = None
    solar_w: float | None = None
    battery_w: float | None = None
    cars_w: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot have been measured."""
        known = (self.import_price, self.export_price, self.co2, self.grid_w)
        values = [v for v in (*known, self.solar_w, self.battery_w) if v is not None]
        if not all(is_figure(value) for value in (*values, self.cars_w)):
            raise ChargingError("measurement_not_a_number", f"{values}, {self.cars_w}")

    @property
    def solar_share(self) -> float | None:
        """How much of what the cars take is solar, None where the grid's power is not known."""
        if self.grid_w is None:
            return None
        return cars_solar_share(
            grid_w=self.grid_w,
            cars_w=max(self.cars_w, _IDLE_W),
            solar_w=self.solar_w,
            battery_w=self.battery_w or 0.0,
        )


@dataclass(frozen=True, slots=True)
class Mean:
    """A weighted mean."""

    total: float = 0.0
    weight: float = 0.0

    def add(self, value: float | None, weight: float) -> Mean:
        """Return the mean with a value more; what is not known does not count."""
        if value is None or weight <= 0:
            return self
        return Mean(self.total + value * weight, self.weight + weight)

    @property
    def value(self) -> float | None:
        """The mean, None of nothing."""
        return self.total / self.weight if self.weight else None


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter hour that has been measured until a time."""

    until: datetime
    import_price: Mean = field(default_factory=Mean)
    export_price: Mean = field(default_factory=Mean)
    co2: Mean = field(default_factory=Mean)
    solar_share: Mean = field(default_factory=Mean)

    @property
    def start(self) -> datetime:
        """When it began."""
        return floor_slot(self.until)

    @property
    def conditions(self) -> Conditions:
        """What held in it so far."""
        return Conditions(
            import_price=self.import_price.value,
            export_price=self.export_price.value,
            co2=self.co2.value,
            solar_share=self.solar_share.value,
        )


def advance(
    quarter: Quarter, moment: Moment, now: datetime
) -> tuple[Quarter, dict[datetime, Conditions]]:
    """Return the quarter hour of a time, and what held in all that were touched on the way.

    What was measured at the end of `quarter` holds until now.
    """
    if not timedelta() <= now - quarter.until <= _LONGEST:
        return Quarter(now), {}
    touched: dict[datetime, Conditions] = {}
    while quarter.until < now:
        start = quarter.start
        end = min(start + SLOT, now)
        quarter = _measured(quarter, moment, end)
        touched[start] = quarter.conditions
        if end == start + SLOT:
            quarter = Quarter(end)
    return quarter, touched


def _measured(quarter: Quarter, moment: Moment, end: datetime) -> Quarter:
    seconds = (end - quarter.until).total_seconds()
    flowed = seconds * max(moment.cars_w, _IDLE_W)
    return replace(
        quarter,
        until=end,
        import_price=quarter.import_price.add(moment.import_price, seconds),
        export_price=quarter.export_price.add(moment.export_price, seconds),
        co2=quarter.co2.add(moment.co2, seconds),
        solar_share=quarter.solar_share.add(moment.solar_share, flowed),
    )
