"""Which of several goals is charged for: by what time, how much."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .times import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal of a user's. `required` is how long charging for it takes at full power."""

    id: str
    deadline: datetime
    required: timedelta
    reached: bool = False

    def __post_init__(self) -> None:
        """Bring the deadline to UTC."""
        object.__setattr__(self, "deadline", utc(self.deadline))

    @property
    def latest_start(self) -> datetime:
        """When charging has to begin at the latest."""
        return self.deadline - self.required


def next_goal(goals: Iterable[Goal], locked: Goal | None = None) -> Goal | None:
    """Return the goal to charge for: the one that has to be begun first; None if all are reached.

    One that is locked, because it is being charged for, stays until it is released, even
    after its deadline.
    """
    if locked is not None:
        return locked
    return min(
        (goal for goal in goals if not goal.reached),
        key=lambda goal: (goal.latest_start, goal.deadline, goal.id),
        default=None,
    )
