"""What a station will do with the charging profiles that it has.

The composite schedule of 1.6 section 3.13.3 and 2.x K08. Where the documents leave a
choice: a Recurring schedule also holds before its own start (validFrom bounds it); the
occurrence that began before the window counts; a Relative schedule without a
transaction begins with the window; TxDefaultProfiles fill gaps of TxProfiles (official
test case K_41); the number of phases is the lowest of all that applies, also for
converting between A and W. What LocalGeneration adds (2.1 K27) is not counted: the answer
is what is allowed without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..model.profile import (
    ChargingProfile,
    CompositeSchedule,
    Period,
    Purpose,
    RateUnit,
)
from .combine import Supply, combine
from .errors import ChargingError
from .figures import is_number
from .timeline import Segment, Timeline, Window, check_profile, fill, slices, stack
from .times import utc


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile and where it is installed; EVSE 0 is the station."""

    evse_id: int
    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class Session:
    """A running transaction; `started_at` None if it is not known."""

    evse_id: int
    started_at: datetime | None = None
    transaction_id: str | None = None

    def __post_init__(self) -> None:
        """Begin in UTC."""
        if self.started_at is not None:
            object.__setattr__(self, "started_at", utc(self.started_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for: an EVSE (0: the station's sum), a window, a unit.

    `assume_transaction` answers for a transaction that is still to come.
    `disconnected_s` is how long the station has been cut off, 0 if it is not.
    """

    evse_id: int
    start: datetime
    duration_s: float
    unit: RateUnit = RateUnit.AMPERE
    assume_transaction: bool = False
    disconnected_s: float = 0.0
    number_of_evses: int = 1
    priority_charging: bool = False

    def __post_init__(self) -> None:
        """Refuse a window that has no end; begin it in UTC."""
        object.__setattr__(self, "start", utc(self.start))
        lengths = (self.duration_s, self.disconnected_s)
        if not all(is_number(length) and length >= 0 for length in lengths):
            raise ChargingError("duration_not_a_number", str(lengths))
        if not isinstance(self.unit, RateUnit):
            raise ChargingError("word_unknown", str(self.unit))


def composite(
    installed: Iterable[Installed],
    sessions: Sequence[Session],
    question: Question,
    supply: Supply,
) -> CompositeSchedule:
    """Return what the station will do. Raises ChargingError for profiles without meaning."""
    window = Window(question.start, max(question.duration_s, 0.0))
    usable = [item for item in installed if _usable(item.profile, question)]
    for item in usable:
        check_profile(item.profile)
    if question.evse_id == 0:
        layers = [_sum(usable, sessions, question, window, supply)]
    else:
        layers = [_evse_layer(usable, sessions, question.evse_id, question, window)]
    layers += _station_layers(usable, window, question.evse_id)
    return CompositeSchedule(
        evse_id=question.evse_id,
        start=question.start,
        duration_s=int(window.length_s),
        unit=question.unit,
        periods=_periods(layers, window, question.unit, supply),
    )


def _periods(
    layers: list[Timeline], window: Window, unit: RateUnit, supply: Supply
) -> tuple[Period, ...]:
    """Return what holds after each change; the default limit where nothing is said."""
    periods: list[Period] = []
    for start, _, parts in slices(layers, window.length_s):
        period = replace(combine(parts, unit, supply), start_s=int(start))
        if periods and periods[-1].start_s == period.start_s:
            # Less than a second: what comes after it holds.
            periods.pop()
        if not periods or replace(period, start_s=periods[-1].start_s) != periods[-1]:
            periods.append(period)
    return tuple(periods)


def _sum(
    installed: list[Installed],
    sessions: Sequence[Session],
    question: Question,
    window: Window,
    supply: Supply,
) -> Timeline:
    """Return what the EVSEs may take together; one without limit counts with the default."""
    layers = [
        [
            Segment(start, end, combine(parts, question.unit, supply), question.unit)
            for start, end, parts in slices(
                [
                    _evse_layer(installed, sessions, evse_id, question, window),
                    *_constraints(installed, window, evse_id),
                ],
                window.length_s,
            )
        ]
        for evse_id in range(1, question.number_of_evses + 1)
    ]
    return [
        Segment(start, end, _add([part.period for part in parts]), question.unit)
        for start, end, parts in slices(layers, window.length_s)
    ]


def _add(periods: list[Period]) -> Period:
    """Return the sum of what EVSEs may take, on the highest number of phases of theirs.

    Phase by phase where one of them tells them apart.
    """
    lines = any(p.limit_l2 is not None or p.limit_l3 is not None for p in periods)
    phases = [period.phases for period in periods if period.phases is not None]
    total = Period(
        0,
        _total(period.limit for period in periods),
        max(phases, default=None),
        setpoint=_total(period.setpoint for period in periods),
        discharge_limit=_total(period.discharge_limit for period in periods),
    )
    if not lines:
        return total
    return replace(
        total,
        limit_l2=_total(_line_of(period, period.limit_l2, 2) for period in periods),
        limit_l3=_total(_line_of(period, period.limit_l3, 3) for period in periods),
    )


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _line_of(period: Period, limit: float | None, line: int) -> float | None:
    """Return what a period allows on a phase; nothing on one that it does not use."""
    if limit is None and (period.phases or 3) >= line:
        return period.limit
    return limit


def expired(installed: Iterable[Installed], disconnected_s: float) -> list[int]:
    """Return the ids of profiles that an offline time has made invalid for good (2.1)."""
    return [
        item.profile.id
        for item in installed
        if item.profile.invalid_after_offline
        and _offline_too_long(item.profile, disconnected_s)
    ]


def _usable(profile: ChargingProfile, question: Question) -> bool:
    return not _offline_too_long(profile, question.disconnected_s)


def _offline_too_long(profile: ChargingProfile, disconnected_s: float) -> bool:
    return profile.max_offline_s is not None and disconnected_s > profile.max_offline_s


def _evse_layer(
    installed: list[Installed],
    sessions: Sequence[Session],
    evse_id: int,
    question: Question,
    window: Window,
) -> Timeline:
    """Return the layer that the transaction profiles of an EVSE make."""
    session = next((known for known in sessions if known.evse_id == evse_id), None)
    if session is None and not question.assume_transaction:
        return []
    anchor = (session.started_at if session else None) or question.start
    timeline: Timeline = []
    purposes = [Purpose.TX, Purpose.TX_DEFAULT]
    if question.priority_charging:
        purposes.insert(0, Purpose.PRIORITY)
    for purpose in purposes:
        # Of two on the same level the EVSE's own goes before that of all.
        profiles = [
            item.profile
            for item in sorted(
                installed, key=lambda item: (item.evse_id == 0, item.profile.id)
            )
            if item.profile.purpose is purpose and _concerns(item, evse_id, session)
        ]
        timeline = fill(timeline, stack(profiles, window, anchor))
    return timeline


def _concerns(item: Installed, evse_id: int, session: Session | None) -> bool:
    """Return whether a transaction profile holds for an EVSE and its transaction."""
    if item.profile.purpose is Purpose.TX:
        wanted = item.profile.transaction_id
        matches = wanted is None or session is None or wanted == session.transaction_id
        return item.evse_id == evse_id and matches
    return item.evse_id in (0, evse_id)


def _station_layers(
    installed: list[Installed], window: Window, evse_id: int
) -> list[Timeline]:
    """Return the layers that limit the station as a whole, and an EVSE of it."""
    layers = [
        *_layers(installed, window, Purpose.STATION_MAX, 0),
        *_constraints(installed, window, 0),
    ]
    if evse_id:
        layers += _layers(installed, window, Purpose.STATION_MAX, evse_id)
        layers += _constraints(installed, window, evse_id)
    return layers


def _constraints(
    installed: list[Installed], window: Window, evse_id: int
) -> list[Timeline]:
    """Return what others than the central system have limited an EVSE, or the station, to."""
    return _layers(installed, window, Purpose.STATION_EXTERNAL, evse_id)


def _layers(
    installed: list[Installed], window: Window, purpose: Purpose, evse_id: int
) -> list[Timeline]:
    profiles = [
        item.profile
        for item in sorted(installed, key=lambda item: item.profile.id)
        if item.profile.purpose is purpose and item.evse_id == evse_id
    ]
    return [stack(profiles, window, window.start)] if profiles else []
