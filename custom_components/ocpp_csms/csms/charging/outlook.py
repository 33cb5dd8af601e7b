"""What EVSEs are going to be allowed by a set of profiles, and by how much more than by others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from ..model.profile import ChargingProfile, RateUnit
from .combine import Supply
from .composite import Installed, Question, Session, composite
from .timeline import Segment, Timeline, has_meaning, slices, span

_TOLERANCE_A = 0.05
_LEAST = timedelta(days=1)
_MOST = timedelta(days=31)


@dataclass(frozen=True)
class Outlook:
    """Looks ahead from `now`, over the transactions that run, as far as `profiles` say something."""

    now: datetime
    sessions: tuple[Session, ...]
    supply: Supply
    profiles: tuple[Installed, ...]

    @cached_property
    def evse_ids(self) -> tuple[int, ...]:
        """The EVSEs that the profiles are about; one at least."""
        return tuple(sorted({item.evse_id for item in self.profiles} - {0})) or (1,)

    @cached_property
    def length_s(self) -> float:
        """How far to look: a day beyond the last change."""
        changes = (
            _last_change(item.profile, self.now)
            for item in self.profiles
            if has_meaning(item.profile)
        )
        last = max(changes, default=timedelta())
        return min(max(last, timedelta()) + _LEAST, _MOST).total_seconds()

    def allowed(self, installed: Iterable[Installed], evse_id: int) -> list[Segment]:
        """Return what an EVSE is allowed, moment by moment, in A."""
        usable = [item for item in installed if has_meaning(item.profile)]
        question = Question(
            evse_id=evse_id,
            start=self.now,
            duration_s=self.length_s,
            assume_transaction=True,
        )
        periods = composite(usable, self.sessions, question, self.supply).periods
        ends = [*(period.start_s for period in periods[1:]), self.length_s]
        return [
            Segment(period.start_s, end, period, RateUnit.AMPERE)
            for period, end in zip(periods, ends, strict=True)
        ]

    def lowers(self, other: Installed, own: Installed) -> bool:
        """Return whether a profile allows less than another, while that says something."""
        for evse_id in (own.evse_id,) if own.evse_id else self.evse_ids:
            timelines = [
                self.allowed(installed, evse_id)
                for installed in ((own,), (own, other), ())
            ]
            for _, _, parts in slices(timelines, self.length_s):
                alone, both, nothing = (part.period.limit or 0.0 for part in parts)
                if alone < nothing and both < alone - _TOLERANCE_A:
                    return True
        return False

    def excess(
        self, installed: Iterable[Installed], evse_id: int, bounds: Iterable[Timeline]
    ) -> float:
        """Return how much more an EVSE is allowed than by any bound, at worst, in A per phase."""
        timelines = [self.allowed(installed, evse_id), *bounds]
        worst = 0.0
        for _, _, parts in slices(timelines, self.length_s):
            has, *may = [part.period.limit or 0.0 for part in parts]
            worst = max(worst, has - max(may))
        return worst if worst > _TOLERANCE_A else 0.0


def _last_change(profile: ChargingProfile, now: datetime) -> timedelta:
    """Return in how long a profile says something else for the last time, days apart."""
    schedule = profile.schedule
    start = schedule.start or now
    lengths = [period.start_s for period in schedule.periods]
    lengths += [schedule.duration_s] if schedule.duration_s else []
    ends = [start + span(max(lengths, default=0))]
    ends += [profile.valid_to] if profile.valid_to else []
    return max(ends) - now
