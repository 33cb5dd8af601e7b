"""What a plan is asked for, and what it is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..model.rates import Series, floor_slot
from .errors import ChargingError
from .figures import are_figures, is_count, is_figure
from .taper import Taper
from .times import utc

_MOST = 1000.0
"""More amperes or volts than any charger has."""
_MOST_STEPS = 320
_LONGEST_PRECONDITION = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """What a charger and its car can take: currents in A per phase, voltage in V to neutral."""

    min_a: float = 6.0
    max_a: float = 16.0
    step_a: float = 1.0
    phases: tuple[int, ...] = (3,)
    voltage_v: float = 230.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for value in (self.min_a, self.max_a, self.step_a, self.voltage_v):
            if not is_figure(value) or not 0 < value <= _MOST:
                raise ChargingError("charger_not_a_number", str(value))
        if self.min_a > self.max_a:
            raise ChargingError("minimum_above_maximum", f"{self.min_a} > {self.max_a}")
        if not self.phases or not set(self.phases) <= {1, 2, 3}:
            raise ChargingError("phases_unknown", str(self.phases))
        if (self.max_a - self.min_a) / self.step_a > _MOST_STEPS:
            raise ChargingError("steps_too_fine", str(self.step_a))

    @property
    def max_w(self) -> float:
        """The most power, in W."""
        return self.max_a * self.voltage_v * max(self.phases)


def soc_energy(
    soc: float, target: float, capacity_wh: float, efficiency: float = 0.9
) -> float:
    """Return the energy in Wh that the charger has to give for a state of charge in percent."""
    for value in (soc, target, capacity_wh, efficiency):
        if not is_figure(value):
            raise ChargingError("soc_not_a_number", str(value))
    if not (0 <= soc <= 100 and 0 <= target <= 100):
        raise ChargingError("soc_out_of_range", f"{soc} to {target}")
    if capacity_wh <= 0 or not 0 < efficiency <= 1:
        raise ChargingError("battery_not_possible", f"{capacity_wh} Wh, {efficiency}")
    return max(0.0, target - soc) / 100 * capacity_wh / efficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What is to be planned, from `now` to `deadline`.

    Energy in Wh as the charger gives it; None takes what `surplus_only` or `price_limit`
    allow. Prices in currency per kWh, `surplus_w` the solar power that the house leaves,
    `capacity_a` the current per phase that the house's fuse leaves.
    """

    now: datetime
    deadline: datetime
    energy_wh: float | None
    charger: Charger
    import_price: Series | None = None
    export_price: Series | None = None
    co2: Series | None = None
    surplus_w: Series | None = None
    capacity_a: Series | None = None
    unknown_price: float | None = None
    """Stands for prices that are not known yet; None: the mean of the known ones."""
    price_limit: float | None = None
    surplus_only: bool = False
    start_cost: float = 0.0
    """What a beginning costs, in currency: keeps the plan from chopping."""
    max_segments: int | None = None
    contiguous: bool = False
    precondition: timedelta = timedelta()
    """Time before the deadline in which the car is to be charging, to warm its battery."""
    taper: Taper | None = None
    previous: Plan | None = None
    saving_threshold: float = 0.0
    """A new plan that saves no more than this, in currency, is not worth a change."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense; bring the times to UTC."""
        object.__setattr__(self, "now", utc(self.now))
        object.__setattr__(self, "deadline", utc(self.deadline))
        for series in (
            self.import_price,
            self.export_price,
            self.co2,
            self.surplus_w,
            self.capacity_a,
        ):
            _check_series(series)
        energy = self.energy_wh
        if energy is not None and not (is_figure(energy) and energy >= 0):
            raise ChargingError("energy_not_a_number", str(energy))
        if energy is None and self.price_limit is None and not self.surplus_only:
            raise ChargingError("goal_missing")
        if not timedelta() <= self.precondition <= _LONGEST_PRECONDITION:
            raise ChargingError("precondition_not_possible", str(self.precondition))
        if not is_figure(self.start_cost) or self.start_cost < 0:
            raise ChargingError("start_cost_negative", str(self.start_cost))
        chosen = (self.price_limit, self.unknown_price, self.saving_threshold)
        if not all(is_figure(value) for value in chosen if value is not None):
            raise ChargingError("price_not_a_number", str(chosen))
        few = self.max_segments
        if few is not None and not is_count(few, least=1):
            raise ChargingError("segments_missing", str(few))
        if not is_figure(self.saving_threshold) or self.saving_threshold < 0:
            raise ChargingError("threshold_negative", str(self.saving_threshold))
        if energy is None and self.precondition:
            raise ChargingError("precondition_without_goal")

    @property
    def running(self) -> bool:
        """Whether the previous plan charges now, so that charging goes on."""
        return self.previous is not None and self.previous.at(self.now) is not None


def _check_series(series: Series | None) -> None:
    """Raise ChargingError for a series that lies beside the grid, or holds no numbers."""
    if series is None:
        return
    if floor_slot(utc(series.start)) != series.start:
        raise ChargingError("series_beside_the_grid", str(series.start))
    if not are_figures(value for value in series.values if value is not None):
        raise ChargingError("series_not_a_number")


class PlanReason(StrEnum):
    """Why a plan is as it is; the first that applies."""

    NOTHING_TO_DO = "nothing_to_do"
    COMPLETE = "complete"
    WAITING_FOR_PRICES = "waiting_for_prices"
    TOO_LATE = "too_late"
    """The deadline is too close for the energy, even at full power."""
    CAPACITY_LIMITED = "capacity_limited"
    PRICE_LIMITED = "price_limited"
    SURPLUS_LIMITED = "surplus_limited"
    SEGMENTS_LIMITED = "segments_limited"
    """The stretches may not be as many as it would take."""


@dataclass(frozen=True, slots=True)
class PlanSegment:
    """Charging at one set-point from `start` until `end`."""

    start: datetime
    end: datetime
    current_a: float
    phases: int

    def energy_wh(self, voltage_v: float) -> float:
        """Return the energy that flows in it."""
        hours = (self.end - self.start) / timedelta(hours=1)
        return self.current_a * self.phases * voltage_v * hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When and how fast to charge, and what comes of it."""

    segments: tuple[PlanSegment, ...] = field(default=())
    reason: PlanReason
    energy_wh: float = 0.0
    cost: float = 0.0
    solar_wh: float = 0.0
    co2_g: float | None = None
    shortfall_wh: float = 0.0
    next_plan_at: datetime

    def at(self, time: datetime) -> PlanSegment | None:
        """Return the segment that holds at a time, None while nothing is to be charged."""
        return next((s for s in self.segments if s.start <= time < s.end), None)

    def during(self, start: datetime, end: datetime) -> PlanSegment | None:
        """Return the segment that holds for the longest part of a time, if any does."""
        overlaps = [
            (min(s.end, end) - max(s.start, start), s)
            for s in self.segments
            if s.start < end and start < s.end
        ]
        return max(overlaps, key=lambda pair: pair[0])[1] if overlaps else None
