"""How often a charger may be written to, as some wear out their memory by it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor, inf

from .errors import ChargingError
from .figures import is_count

_DAY_S = 86_400.0
_LEAST_WRITES = 8
_MOST = 10**9
_SHORTEST_LEASE = timedelta(seconds=300)
_FOR_ONE = 1 - 1e-9
_UNSEEN = timedelta(minutes=15)
"""Whoever steps again after longer may have waited, or been told another time."""
_DAY = timedelta(days=1)
KEEP_TO_STOP = 1
"""How many set-points are kept for ending a charge."""
KEEP_TO_LOWER = 2
"""How many are kept for lowering it, and ending it then."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `writes_per_day` in any 24 hours; None where writing wears out nothing.

    A quarter may be written at once, the rest comes back evenly over the day. A set-point
    takes `messages` writes: two where a running transaction needs a copy of its own.
    """

    writes_per_day: int | None = 300
    messages: int = 1

    def __post_init__(self) -> None:
        """Refuse a budget that cannot even keep a set-point alive."""
        counts = (self.writes_per_day or 0, self.messages)
        if not all(is_count(count, least=-_MOST) for count in counts):
            raise ChargingError("budget_not_a_number", str(counts))
        if self.messages < 1:
            raise ChargingError("messages_missing", str(self.messages))
        least = _LEAST_WRITES * self.messages
        if self.writes_per_day is not None and self.writes_per_day < least:
            raise ChargingError("budget_too_small", str(self.writes_per_day))

    @property
    def burst(self) -> float:
        """How many writes there are at most at one time."""
        return (
            inf
            if self.writes_per_day is None
            else max(4.0 * self.messages, self.writes_per_day / 4)
        )

    @property
    def per_second(self) -> float:
        """How fast writes come back."""
        if self.writes_per_day is None:
            return 0.0
        return (self.writes_per_day - self.burst) / _DAY_S

    @property
    def lease(self) -> timedelta:
        """How long a set-point holds, so that its repetition leaves writes for changes."""
        if self.writes_per_day is None:
            return _SHORTEST_LEASE
        return max(
            _SHORTEST_LEASE, timedelta(seconds=3 * self.messages / self.per_second)
        )

    @property
    def refresh(self) -> timedelta:
        """When an unchanged set-point is repeated, well before its lease is over."""
        return self.lease * 2 / 3


@dataclass(frozen=True, slots=True)
class Unseen:
    """What has come back over times in which nobody looked, until one."""

    writes: float
    until: datetime


@dataclass(frozen=True, slots=True)
class Purse:
    """The writes that are left at a time; `left` None where the time is not known yet.

    `taken` is what was written before that. `unseen` is taken away again when the clock
    goes back behind it: then it was ahead, and that time has not passed.
    """

    left: float | None = None
    at: datetime | None = None
    taken: int = 0
    unseen: Unseen | None = None

    def at_time(self, now: datetime, budget: Budget) -> Purse:
        """Return the purse with what has come back since. A clock that goes back adds none."""
        if budget.writes_per_day is None:
            return Purse(inf, now)
        if self.left is None or self.at is None:
            return Purse(max(0.0, budget.burst - self.taken), now)
        if now <= self.at:
            return self
        passed_s = (now - self.at).total_seconds()
        # However often a clock was wrong, what is owed comes back in a day.
        before = max(self.left, budget.burst - budget.writes_per_day)
        left = min(budget.burst, before + passed_s * budget.per_second)
        unseen = self.unseen
        if now - self.at > _UNSEEN and left > before:
            lately = unseen is not None and now - unseen.until < _DAY
            others = unseen.writes if unseen is not None and lately else 0.0
            unseen = Unseen(others + left - before, now)
        return replace(self, left=left, at=now, unseen=unseen)

    def allows(self, budget: Budget, keep: int = 0) -> bool:
        """Return whether a set-point can be written and so many others be kept."""
        if self.left is None:
            return False
        return self.left >= (keep + _FOR_ONE) * budget.messages

    def spare(self, budget: Budget) -> int | None:
        """Return how many messages plans and baselines may take; None for any number.

        What it takes to lower a set-point and to end it is kept.
        """
        if budget.writes_per_day is None:
            return None
        left = (self.left or 0.0) - KEEP_TO_LOWER * budget.messages
        return max(0, floor(left + 1e-9))

    def take(self, messages: int) -> Purse:
        """Return the purse after some messages."""
        if self.left is None:
            return replace(self, taken=self.taken + messages)
        return replace(self, left=self.left - messages)

    def not_after(self, now: datetime) -> Purse:
        """Return the purse as of now at the latest, after a clock went back.

        What was written too much while it was ahead has to come back before more is, which
        takes a day or so.
        """
        if self.left is None or self.at is None or now >= self.at:
            return self
        revoked = self.unseen is not None and self.unseen.until > now
        if self.unseen is None or not revoked:
            return replace(self, at=now)
        return replace(self, left=self.left - self.unseen.writes, at=now, unseen=None)
