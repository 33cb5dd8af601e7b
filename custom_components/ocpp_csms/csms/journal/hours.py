"""What an EVSE has charged hour by hour, as its sessions tell it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .session import Session


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour in which energy flowed: energy in Wh, cost in the currency of the house."""

    start: datetime
    energy_wh: float
    cost: float


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours since a time, and what there was before it."""

    before_wh: float
    before_cost: float
    hours: tuple[Hour, ...]


def floor_hour(time: datetime) -> datetime:
    """Return the begin of the hour of a time."""
    return time.replace(minute=0, second=0, microsecond=0)


def hours_of(
    sessions: Iterable[Session],
    since: datetime,
    before_wh: float,
    before_cost: float,
    currency: str | None,
) -> Hours:
    """Return the hours of sessions; what they took earlier than `since` is before them.

    A cost is spread over its session by its energy; one in another currency does not count.
    """
    energy: dict[datetime, float] = {}
    cost: dict[datetime, float] = {}
    for session in sessions:
        per_wh = 0.0
        same = session.summary.currency in (None, currency)
        if session.cost is not None and session.energy_wh and same:
            per_wh = session.cost / session.energy_wh
        for at, wh in session.summary.quarters:
            if at < since:
                before_wh, before_cost = before_wh + wh, before_cost + wh * per_wh
                continue
            hour = floor_hour(at)
            energy[hour] = energy.get(hour, 0.0) + wh
            cost[hour] = cost.get(hour, 0.0) + wh * per_wh
    found = tuple(Hour(at, energy[at], cost[at]) for at in sorted(energy))
    return Hours(before_wh, before_cost, found)
