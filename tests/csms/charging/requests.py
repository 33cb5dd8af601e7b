"""Requests to the planner, and what is read of its plans."""

from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.ocpp_csms.csms.charging.plan import Charger, Plan, PlanRequest
from custom_components.ocpp_csms.csms.model.rates import Series

T0 = datetime(2026, 1, 5, 18, tzinfo=UTC)
ELEVEN_KW = Charger(max_a=16)
ONE_SPEED = Charger(min_a=16, max_a=16)
KWH_PER_SLOT = 16 * 690 / 4000


def at(minutes: float) -> datetime:
    """Return the time so many minutes after the beginning."""
    return T0 + timedelta(minutes=minutes)


def hours(*values: float | None) -> Series:
    """Return a series with a value for each hour."""
    return Series(T0, tuple(value for value in values for _ in range(4)))


def request_of(**fields: Any) -> PlanRequest:
    """Return a request for an hour's energy within six hours, but for some fields."""
    return PlanRequest(
        **{
            "now": T0,
            "deadline": at(360),
            "energy_wh": 4 * KWH_PER_SLOT * 1000,
            "charger": ONE_SPEED,
            "import_price": hours(0.2, 0.6, 0.1, 0.8, 0.4, 0.9),
            **fields,
        }
    )


def times_of(result: Plan) -> list[tuple[float, float]]:
    """Return when a plan charges, in minutes after the beginning."""
    return [
        ((s.start - T0).total_seconds() / 60, (s.end - T0).total_seconds() / 60)
        for s in result.segments
    ]
