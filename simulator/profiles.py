"""Charging profiles: what is installed, and the limit that follows from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any

from .car import NOMINAL_VOLTAGE
from .frames import Json
from .times import parse

MAX = "ChargingStationMaxProfile"
TX = "TxProfile"
TX_DEFAULT = "TxDefaultProfile"
EXTERNAL = "ChargingStationExternalConstraints"
PRIORITY = "PriorityCharging"

_RECURRENCE = {"Daily": 86_400.0, "Weekly": 604_800.0}
_DEFAULT_PHASES = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may flow, as limited in current, in power, or in both."""

    current: float = inf
    """Current per phase."""
    power: float = inf
    """Power on all phases together."""
    phases: int = _DEFAULT_PHASES
    set_phases: bool = False
    """Whether a profile named the phases."""

    @property
    def amps(self) -> float:
        """Return the limit as current per phase."""
        return min(self.current, self.power / (self.phases * NOMINAL_VOLTAGE))

    @property
    def watts(self) -> float:
        """Return the limit as power."""
        return min(self.power, self.current * self.phases * NOMINAL_VOLTAGE)

    def lower(self, other: Limit | None) -> Limit:
        """Return the stricter of two limits, with the fewer phases."""
        if other is None:
            return self
        return Limit(
            min(self.current, other.current),
            min(self.power, other.power),
            min(self.phases, other.phases),
            self.set_phases or other.set_phases,
        )

    def share(self, parts: int) -> Limit:
        """Return an equal part of the limit."""
        return replace(self, current=self.current / parts, power=self.power / parts)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of a schedule with one limit."""

    start: float
    limit: float
    phases: int | None


@dataclass(frozen=True)
class Schedule:
    """A sequence of periods."""

    unit: str
    start: datetime | None
    duration: float | None
    periods: tuple[Period, ...]

    def at(self, seconds: float) -> Limit | None:
        """Return the limit so many seconds after the start."""
        if seconds < 0 or (self.duration is not None and seconds >= self.duration):
            return None
        found: Period | None = None
        for period in self.periods:
            if period.start > seconds:
                break
            found = period
        if found is None:
            return None
        phases, named = found.phases or _DEFAULT_PHASES, found.phases is not None
        value = max(found.limit, 0.0)
        if self.unit == "W":
            return Limit(power=value, phases=phases, set_phases=named)
        return Limit(current=value, phases=phases, set_phases=named)

    def edges(self) -> Iterator[float]:
        """Return the seconds after the start at which the limit may change."""
        yield 0.0
        yield from (period.start for period in self.periods)
        if self.duration is not None:
            yield self.duration


@dataclass(frozen=True)
class Profile:
    """A charging profile in one shape for all versions."""

    id: int
    evse_id: int
    stack: int
    purpose: str
    kind: str
    recurrency: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    transaction_id: str | None
    schedules: tuple[Schedule, ...]
    raw: Json
    source: str = "CSO"
    updated: datetime | None = None
    """When a Dynamic profile was last told something."""

    @property
    def max_offline(self) -> float | None:
        """Return the seconds offline after which the profile counts no more (2.1)."""
        seconds = self.raw.get("maxOfflineDuration")
        return None if seconds is None else float(seconds)

    @property
    def schedule(self) -> Schedule:
        """Return the schedule in use."""
        return self.schedules[0]

    def covers(self, when: datetime) -> bool:
        """Return whether the profile is valid at a time."""
        if self.valid_from is not None and when < self.valid_from:
            return False
        return self.valid_to is None or when < self.valid_to

    def origin(self, when: datetime, session_start: datetime) -> datetime | None:
        """Return the start of the schedule that runs at a time."""
        if self.kind == "Relative":
            return session_start
        if self.kind == "Dynamic":
            return self.updated
        start = self.schedule.start or session_start
        if self.kind != "Recurring":
            return start
        if when < start:
            return None
        span = _RECURRENCE.get(self.recurrency or "Daily", 86_400.0)
        return start + timedelta(seconds=(when - start).total_seconds() // span * span)

    def at(self, when: datetime, session_start: datetime) -> Limit | None:
        """Return the limit that this profile sets at a time."""
        if not self.covers(when):
            return None
        origin = self.origin(when, session_start)
        if origin is None:
            return None
        return self.schedule.at((when - origin).total_seconds())

    def edges(
        self, start: datetime, end: datetime, session_start: datetime
    ) -> Iterator[datetime]:
        """Return the times in a window at which the limit may change."""
        for edge in (self.valid_from, self.valid_to):
            if edge is not None:
                yield edge
        when: datetime | None = start
        if self.kind == "Recurring":
            when = max(start, self.schedule.start or start)
        while when is not None and when < end:
            origin = self.origin(when, session_start)
            if origin is None:
                return
            yield from (
                origin + timedelta(seconds=seconds) for seconds in self.schedule.edges()
            )
            if self.kind != "Recurring":
                return
            when = origin + timedelta(seconds=_RECURRENCE[self.recurrency or "Daily"])


@dataclass(frozen=True)
class Session:
    """What the limit of an EVSE depends on besides the profiles."""

    evse_id: int
    start: datetime
    transaction_id: str | None = None
    priority: bool = False
    offline: float = 0.0
    """Seconds since the connection was lost; 0 while it stands."""


class ProfileStore:
    """The profiles that a station has installed."""

    def __init__(self) -> None:
        """Start with none."""
        self._profiles: list[Profile] = []

    def __iter__(self) -> Iterator[Profile]:
        """Iterate over the installed profiles."""
        return iter(self._profiles)

    def __len__(self) -> int:
        """Return the number of installed profiles."""
        return len(self._profiles)

    def install(self, profile: Profile, *, replace_same_slot: bool) -> None:
        """Add a profile in place of one with its id, or (1.6) its slot."""
        self._profiles = [
            old
            for old in self._profiles
            if old.id != profile.id
            and not (replace_same_slot and _same_slot(old, profile))
        ]
        self._profiles.append(profile)

    def remove(self, profiles: Iterable[Profile]) -> int:
        """Take profiles out; return how many."""
        gone = {id(profile) for profile in profiles}
        before = len(self._profiles)
        self._profiles = [
            profile for profile in self._profiles if id(profile) not in gone
        ]
        return before - len(self._profiles)

    def clear(self) -> None:
        """Forget everything."""
        self._profiles.clear()

    def match(self, **wanted: Any) -> list[Profile]:
        """Return the profiles whose named fields have the given values; None matches all."""
        return [
            profile
            for profile in self._profiles
            if all(v is None or getattr(profile, k) == v for k, v in wanted.items())
        ]

    def expire_offline(self, seconds: float) -> None:
        """Drop the profiles that do not outlive so long a time offline (2.1)."""
        self.remove(
            [
                profile
                for profile in self._profiles
                if profile.max_offline is not None
                and profile.raw.get("invalidAfterOfflineDuration")
                and seconds > profile.max_offline
            ]
        )

    def bind(self, evse_id: int, transaction_id: str) -> None:
        """Tie the TxProfiles that came with a remote start to their transaction."""
        self._profiles = [
            replace(profile, transaction_id=transaction_id)
            if profile.purpose == TX
            and profile.evse_id == evse_id
            and not profile.transaction_id
            else profile
            for profile in self._profiles
        ]

    def end_transaction(self, evse_id: int) -> None:
        """Drop the TxProfiles of a transaction that is over."""
        self.remove(self.match(purpose=TX, evse_id=evse_id))

    def update(self, profile: Profile, now: datetime, limit: float | None) -> None:
        """Give a Dynamic profile a new limit."""
        schedule = profile.schedule
        if limit is not None:
            period = replace(schedule.periods[0], limit=limit)
            schedule = replace(schedule, periods=(period,))
        fresh = replace(profile, schedules=(schedule,), updated=now)
        self._profiles = [fresh if old is profile else old for old in self._profiles]

    def evse_limit(self, when: datetime, session: Session) -> Limit | None:
        """Return the limit of one EVSE, without what holds for the whole station."""
        limit = self._top(PRIORITY, when, session) if session.priority else None
        if limit is None:
            limit = self._top(TX, when, session)
        if limit is None:
            limit = self._top(TX_DEFAULT, when, session)
        for purpose in (MAX, EXTERNAL):
            own = self._top(purpose, when, session, station=False)
            limit = limit.lower(own) if limit else own
        return limit

    def station_limit(self, when: datetime, offline: float = 0.0) -> Limit | None:
        """Return the limit of the whole station."""
        session = Session(0, when, offline=offline)
        limits = (self._top(purpose, when, session) for purpose in (MAX, EXTERNAL))
        found = [limit for limit in limits if limit is not None]
        return found[0].lower(found[1] if len(found) > 1 else None) if found else None

    def edges(self, start: datetime, end: datetime, session: Session) -> list[datetime]:
        """Return the times in a window at which a limit may change, in order."""
        times = {start}
        for profile in self._profiles:
            times |= {
                edge
                for edge in profile.edges(start, end, session.start)
                if start < edge < end
            }
        return sorted(times)

    def _top(
        self, purpose: str, when: datetime, session: Session, *, station: bool = True
    ) -> Limit | None:
        """Return the limit of the highest level of a purpose that has one."""
        best: Limit | None = None
        rank = (-1, -1)
        for profile in self._profiles:
            if profile.purpose != purpose or not _concerns(
                profile, session, station=station
            ):
                continue
            limit = profile.at(when, session.start)
            level = (int(profile.evse_id > 0), profile.stack)
            if purpose == TX_DEFAULT and limit is None:
                continue
            if limit is not None and level > rank:
                best, rank = limit, level
        return best


def _concerns(profile: Profile, session: Session, *, station: bool) -> bool:
    """Return whether a profile holds for a session."""
    if profile.evse_id == 0:
        if not station or (profile.purpose in {MAX, EXTERNAL} and session.evse_id != 0):
            return False
    elif profile.evse_id != session.evse_id:
        return False
    if profile.max_offline is not None and session.offline > profile.max_offline:
        return False
    if profile.purpose != TX or profile.transaction_id is None:
        return True
    return profile.transaction_id == session.transaction_id


def _same_slot(old: Profile, new: Profile) -> bool:
    """Return whether two profiles share purpose, level and place."""
    return (old.purpose, old.stack, old.evse_id) == (
        new.purpose,
        new.stack,
        new.evse_id,
    )


def _schedule(raw: Json) -> Schedule:
    """Read a schedule."""
    periods = tuple(
        Period(
            float(period["startPeriod"]),
            float(period.get("limit", period.get("setpoint", inf))),
            period.get("numberPhases"),
        )
        for period in raw["chargingSchedulePeriod"]
    )
    duration = raw.get("duration")
    start = raw.get("startSchedule")
    return Schedule(
        unit=raw["chargingRateUnit"],
        start=parse(start) if start else None,
        duration=None if duration is None else float(duration),
        periods=periods,
    )


def read_profile(
    evse_id: int, raw: Json, now: datetime, source: str = "CSO"
) -> Profile:
    """Read a charging profile of any version."""
    schedules = raw["chargingSchedule"]
    purpose = str(raw["chargingProfilePurpose"])
    transaction = raw.get("transactionId")
    valid_from, valid_to = raw.get("validFrom"), raw.get("validTo")
    return Profile(
        id=raw["id"] if "id" in raw else raw["chargingProfileId"],
        evse_id=evse_id,
        stack=raw["stackLevel"],
        purpose=MAX if purpose == "ChargePointMaxProfile" else purpose,
        kind=raw["chargingProfileKind"],
        recurrency=raw.get("recurrencyKind"),
        valid_from=parse(valid_from) if valid_from else None,
        valid_to=parse(valid_to) if valid_to else None,
        transaction_id=None if transaction is None else str(transaction),
        schedules=tuple(
            _schedule(item)
            for item in (schedules if isinstance(schedules, list) else [schedules])
        ),
        raw=raw,
        source=source,
        updated=now,
    )
