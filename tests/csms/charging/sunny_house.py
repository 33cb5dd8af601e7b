"""A house with sun, and a car that follows it: for tests of single steps."""

from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.ocpp_csms.csms.charging.budget import Budget
from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    Setpoint,
    SurplusConfig,
    SurplusState,
    step,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FREE = Budget(None)


def at(seconds: float) -> datetime:
    """Return a time so many seconds after noon."""
    return NOW + timedelta(seconds=seconds)


class House:
    """Steps with a car that draws what it may, if it can."""

    def __init__(
        self, car_a: float = 32.0, least_a: float = 0.0, phases: int = 1, **config: Any
    ) -> None:
        """Start with nothing told to the charger."""
        values: dict[str, Any] = {"budget": FREE, "hold": timedelta(), "max_a": 16}
        self.config = SurplusConfig(**values | config)
        self.state = SurplusState()
        self.car_a = car_a
        self.least_a = least_a
        self.phases = phases
        self.writes = 0
        self.battery_w = 0.0
        """How much a home battery can give."""

    @property
    def drawn_a(self) -> float:
        """What the car draws: nothing of what is too little for it."""
        told_a = self.state.current_a
        return min(self.car_a, told_a) if told_a >= self.least_a else 0.0

    @property
    def drawn_w(self) -> float:
        """What the car draws, in W."""
        return self.drawn_a * self.phases * 230

    def go(self, seconds: float, sun_w: float, **more: Any) -> Setpoint:
        """Make a step with this solar power beyond the house's own load."""
        missing_w = self.drawn_w - sun_w
        given_w = min(max(missing_w, 0.0), self.battery_w)
        seen: dict[str, Any] = {
            "now": at(seconds),
            "grid_w": missing_w - given_w,
            "battery_w": given_w,
            "charging": self.drawn_a > 0,
            "drawn_a": self.drawn_a,
            "phases": self.phases,
        } | more
        self.state, setpoint = step(self.state, Observation(**seen), self.config)
        self.writes += setpoint.write
        return setpoint
