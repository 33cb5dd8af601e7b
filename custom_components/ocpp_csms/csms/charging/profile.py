"""What is to hold at an EVSE, as charging profiles that its station understands.

In layers of one purpose: a baseline that is always there, a plan above it, a live set-point
on top. A plan ends, a set-point has a lease: what is below takes over, also when nobody is
there to write anything. Falling back to a lower level of the same purpose is specified (1.6
section 3.13.2, errata 3.7 and 3.43); a station that does not do so, or has too few levels,
gets the layers in one profile, which ends in the baseline. Ids are the same for ever, so
that a profile replaces its own predecessor and no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from ..model.profile import ChargingProfile, Kind, Period, Purpose, Recurrency, Schedule
from ..model.version import OcppVersion
from .capability import Capabilities
from .composite import Installed, Session
from .errors import ChargingError
from .times import utc
from .timetable import (
    Daily,
    Stretch,
    Timetable,
    check_current,
    check_order,
    has_gaps,
    merge,
    overlay,
    until,
)

_MAX_EVSES = 99
_COPY = 500
_MAX_DAYS = 14
_AGO = timedelta(hours=1)
_LONG_AGO = timedelta(days=1)
"""How long ago schedules begin, with an end and without: a slow clock must leave no gap."""


class Layer(IntEnum):
    """The layers, the higher the stronger."""

    FUSE = 0
    BASELINE = 1
    PLAN = 2
    LIVE = 3


_FIRST_IDS = {
    Layer.LIVE: 7000,
    Layer.BASELINE: 7100,
    Layer.PLAN: 7200,
    Layer.FUSE: 7300,
}


def profile_id(
    layer: Layer, evse_id: int, purpose: Purpose = Purpose.TX_DEFAULT
) -> int:
    """Return the id of a layer's profile, which never changes."""
    if not 0 <= evse_id <= _MAX_EVSES:
        raise ChargingError("evse_unknown", str(evse_id))
    return _FIRST_IDS[layer] + evse_id + (_COPY if purpose is Purpose.TX else 0)


def layer_of(profile_id: int) -> Layer | None:
    """Return the layer of one of our profiles, None for another's."""
    first = profile_id - profile_id % 100
    return next(
        (
            layer
            for layer, start in _FIRST_IDS.items()
            if first in (start, start + _COPY)
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class Live:
    """A set-point in A per phase that holds until its lease is over."""

    current_a: float
    until: datetime
    phases: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no current; bring the time to UTC."""
        check_current(self.current_a)
        object.__setattr__(self, "until", utc(self.until))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What is to hold at an EVSE.

    Where neither `live` nor `plan` says anything the baseline holds; nothing exceeds
    `fuse_a`.
    """

    baseline: Daily
    plan: Timetable = ()
    live: Live | None = None
    fuse_a: float | None = None

    def __post_init__(self) -> None:
        """Refuse a fuse that is none, and a plan without order."""
        if self.fuse_a is not None:
            check_current(self.fuse_a)
        check_order(self.plan)


class Remark(StrEnum):
    """Where profiles say something else than was desired; keys for translation."""

    NO_PAUSE = "no_pause"
    """The station knows no limit of 0: it gets the least current instead."""
    SNAPPED = "snapped"
    """The station does not know a current: it gets the next lower one."""
    PHASES_FIXED = "phases_fixed"
    """The station does not heed a number of phases."""
    CUT = "cut"
    """The station holds fewer periods: the rest is to be written later."""
    BASELINE_FLAT = "baseline_flat"
    """The day's currents can't be told for good: in the end the least of them holds."""
    NEEDS_TRANSACTION = "needs_transaction"
    """The station can be told this during a transaction only."""
    NO_FALLBACK = "no_fallback"
    """What is told holds until something else is told."""
    REPEATS = "repeats"
    """In the next transaction the same begins anew, until something else is told."""
    FUSE_EXCEEDED = "fuse_exceeded"
    """The fuse leaves less than the station's least current, and it knows no pause."""
    NEXT_TRANSACTION = "next_transaction"
    """The running transaction can't be told: it holds from the next one on."""
    FUSE_NOT_TOLD = "fuse_not_told"
    """The station can't be told its fuse; every current heeds it instead."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Profiles, the lowest layer first, and how well they say what was desired.

    Until `exact_until` they do, apart from the remarks; None is for good.
    """

    profiles: tuple[Installed, ...]
    remarks: frozenset[Remark] = frozenset()
    exact_until: datetime | None = None


def compile_fuse(fuse_a: float, ability: Capabilities, now: datetime) -> Compiled:
    """Return the profile of a station's fuse (never Relative: 2.0.1 K01.FR.38)."""
    check_current(fuse_a)
    now = utc(now)
    if (
        Purpose.STATION_MAX not in ability.purposes
        or Kind.ABSOLUTE not in ability.kinds
    ):
        return Compiled((), frozenset({Remark.FUSE_NOT_TOLD}))
    profile = ChargingProfile(
        id=profile_id(Layer.FUSE, 0),
        stack_level=0,
        purpose=Purpose.STATION_MAX,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(
            unit=ability.unit,
            start=now.replace(second=0, microsecond=0) - _LONG_AGO,
            periods=(Period(0, ability.fuse(fuse_a)),),
        ),
    )
    return Compiled((Installed(0, profile),))


def compile_profiles(
    desired: Desired,
    ability: Capabilities,
    now: datetime,
    evse_id: int,
    session: Session | None = None,
) -> Compiled:
    """Return the profiles that make a station do what is desired. Raises ChargingError.

    In the words of 1.6 sections 3.13 and 5.16, and of 2.x K01: absolute schedules begin in
    the past, relative ones and Dynamic ones (2.1 K28) bear no start.
    """
    compiler = _Compiler(desired, ability, utc(now), evse_id, session)
    purposes = _purposes(ability, session)
    for purpose in purposes:
        compiler.add(purpose, len(purposes))
    if not compiler.profiles:
        compiler.remarks.add(Remark.NEEDS_TRANSACTION)
    elif session and Purpose.TX not in purposes and not ability.default_reaches_running:
        compiler.remarks.add(Remark.NEXT_TRANSACTION)
    return Compiled(
        tuple(compiler.profiles), frozenset(compiler.remarks), compiler.exact_until
    )


def _purposes(ability: Capabilities, session: Session | None) -> list[Purpose]:
    """Return for which purposes the layers are to be written.

    A station with room for one profile gets it for what runs.
    """
    purposes = [p for p in (Purpose.TX_DEFAULT,) if p in ability.purposes]
    running = Purpose.TX in ability.purposes and _is_known(session, ability)
    if running and (not purposes or not ability.default_reaches_running):
        purposes.append(Purpose.TX)
    return purposes[-1:] if ability.max_profiles == 1 else purposes


def _is_known(session: Session | None, ability: Capabilities) -> bool:
    """Return whether a transaction can be named, as 2.x demands it (K01.FR.03)."""
    if session is None:
        return False
    return ability.version is OcppVersion.V16 or session.transaction_id is not None


def _slots(ability: Capabilities, purposes: int) -> list[tuple[int, tuple[Layer, ...]]]:
    """Return which layers share a stack level, from the lowest level on."""
    top = ability.max_stack_level
    room = top + 1
    if ability.max_profiles is not None:
        room = min(room, ability.max_profiles // purposes)
    if not ability.lease or room == 1:
        return [(top, (Layer.BASELINE, Layer.PLAN, Layer.LIVE))]
    if room == 2:
        return [(0, (Layer.BASELINE,)), (top, (Layer.PLAN, Layer.LIVE))]
    return [(0, (Layer.BASELINE,)), (1, (Layer.PLAN,)), (top, (Layer.LIVE,))]


class _Compiler:
    """Collects the profiles of one EVSE."""

    def __init__(
        self,
        desired: Desired,
        ability: Capabilities,
        now: datetime,
        evse_id: int,
        session: Session | None,
    ) -> None:
        self.profiles: list[Installed] = []
        self.remarks: set[Remark] = set()
        self.exact_until: datetime | None = None
        self._ability = ability
        self._now = now
        self._evse_id = evse_id
        self._session = session
        self._baseline = replace(
            desired.baseline,
            currents_a=tuple(
                (second, self._legal(current, desired.fuse_a))
                for second, current in desired.baseline.currents_a
            ),
        )
        self._layers = {
            Layer.PLAN: self._legal_table(desired.plan, desired.fuse_a),
            Layer.LIVE: self._legal_table(_of_live(desired.live, now), desired.fuse_a),
        }

    def add(self, purpose: Purpose, purposes: int) -> None:
        """Add the profiles of all layers, for one purpose of some."""
        for level, layers in _slots(self._ability, purposes):
            profile = self._profile(purpose, level, layers)
            if profile is not None:
                self.profiles.append(Installed(self._evse_id, profile))

    def _legal(self, current_a: float, fuse_a: float | None) -> float:
        wanted = current_a if fuse_a is None else min(current_a, fuse_a)
        legal = self._ability.snap(wanted)
        if legal > wanted:
            self.remarks.add(Remark.NO_PAUSE)
            if fuse_a is not None and legal > fuse_a:
                self.remarks.add(Remark.FUSE_EXCEEDED)
        elif legal < wanted - 1e-6:
            self.remarks.add(Remark.SNAPPED)
        return legal

    def _legal_table(self, timetable: Timetable, fuse_a: float | None) -> Timetable:
        """Return what is still to come of a timetable, as the station can be told it."""
        ability = self._ability
        if not ability.phase_switching and any(
            stretch.current_a and stretch.phases not in (None, ability.phases)
            for stretch in timetable
        ):
            self.remarks.add(Remark.PHASES_FIXED)
        legal = merge(
            Stretch(
                max(stretch.start, self._now),
                stretch.end,
                current := self._legal(stretch.current_a, fuse_a),
                stretch.phases if ability.phase_switching and current else None,
            )
            for stretch in self._near(timetable)
            if stretch.end is None or stretch.end > self._now
        )
        if not has_gaps(legal, self._now):
            return legal
        below = self._baseline.stretches(self._now, _MAX_DAYS)
        return until(overlay(legal, below), legal[-1].end)

    def _near(self, timetable: Timetable) -> Timetable:
        """Return a timetable as far as anything is written ahead."""
        last = self._now + timedelta(days=_MAX_DAYS)
        if not timetable or (
            timetable[-1].start <= last
            and (timetable[-1].end is None or timetable[-1].end <= last)
        ):
            return timetable
        self.remarks.add(Remark.CUT)
        self._exact(last)
        return until(timetable, last)

    def _profile(
        self, purpose: Purpose, level: int, layers: Sequence[Layer]
    ) -> ChargingProfile | None:
        blank = ChargingProfile(
            id=profile_id(layers[0], self._evse_id, purpose),
            stack_level=level,
            purpose=purpose,
            kind=Kind.ABSOLUTE,
            transaction_id=self._session.transaction_id
            if purpose is Purpose.TX and self._session
            else None,
            schedule=Schedule(unit=self._ability.unit, periods=()),
        )
        if layers == (Layer.BASELINE,):
            return self._baseline_profile(blank)
        if layers == (Layer.LIVE,) and Kind.DYNAMIC in self._ability.kinds:
            return self._dynamic_profile(blank)
        timetable: Timetable = ()
        for layer in layers:
            if layer is Layer.BASELINE:
                timetable = self._baseline.stretches(self._now, self._days())
            else:
                timetable = overlay(self._layers[layer], timetable)
        if Layer.BASELINE in layers:
            timetable = self._ending_in_baseline(timetable)
        else:
            timetable = self._shortened(timetable)
        return self._placed(blank, timetable)

    def _days(self) -> int:
        """Return for how many days a baseline is written out that can't recur."""
        return min(_MAX_DAYS, max(1, self._ability.max_periods))

    def _baseline_profile(self, blank: ChargingProfile) -> ChargingProfile | None:
        """Return the baseline: for good, every day anew where the station can do so."""
        baseline = self._baseline
        if baseline.constant or not self._recurs():
            days = self._days()
            timetable = self._ending_in_baseline(baseline.stretches(self._now, days))
            return self._placed(blank, timetable)
        return replace(
            blank,
            kind=Kind.RECURRING,
            recurrency=Recurrency.DAILY,
            schedule=replace(
                blank.schedule,
                start=baseline.last_midnight(self._now),
                periods=tuple(
                    Period(second, self._ability.limit(current, None))
                    for second, current in baseline.currents_a
                ),
            ),
        )

    def _recurs(self) -> bool:
        ability = self._ability
        fits = len(self._baseline.currents_a) <= ability.max_periods
        return Kind.RECURRING in ability.kinds and fits

    def _dynamic_profile(self, blank: ChargingProfile) -> ChargingProfile | None:
        """Return a set-point as Dynamic profile, whose duration is the lease (2.1 K28)."""
        timetable = self._layers[Layer.LIVE]
        if not timetable or timetable[0].end is None:
            return None
        (live,) = timetable
        lease = (timetable[0].end - self._now).total_seconds()
        return replace(
            blank,
            kind=Kind.DYNAMIC,
            updated_at=self._now,
            schedule=replace(
                blank.schedule,
                duration_s=max(1, int(lease)),
                periods=(self._period(0, live),),
            ),
        )

    def _shortened(self, timetable: Timetable) -> Timetable:
        """Return as much of a timetable as fits; what is below holds after it."""
        most = self._ability.max_periods
        if len(timetable) > most:
            self.remarks.add(Remark.CUT)
            self._exact(timetable[most].start)
        return timetable[:most]

    def _ending_in_baseline(self, timetable: Timetable) -> Timetable:
        """Return as much of a timetable as fits, with a last stretch that holds for good."""
        most, baseline = self._ability.max_periods, self._baseline
        last = timetable[-1]
        if last.end is None and len(timetable) <= most:
            return timetable
        if most == 1:
            self.remarks.add(Remark.NO_FALLBACK)
            self._exact(timetable[0].end)
            return (replace(timetable[0], end=None),)
        kept = timetable[: most - 1]
        end = kept[-1].end
        assert end is not None
        self.remarks.add(Remark.CUT if baseline.constant else Remark.BASELINE_FLAT)
        self._exact(end)
        return merge([*kept, Stretch(end, None, baseline.least_a)])

    def _exact(self, until: datetime | None) -> None:
        known = self.exact_until
        if until is not None:
            self.exact_until = until if known is None else min(known, until)

    def _placed(
        self, profile: ChargingProfile, timetable: Timetable
    ) -> ChargingProfile | None:
        """Return a profile with the periods of a timetable, by the clock or the transaction."""
        if not timetable:
            return None
        if Kind.ABSOLUTE in self._ability.kinds:
            return self._filled(profile, timetable, self._past(timetable))
        started = self._session.started_at if self._session else None
        if started is not None:
            # A clock that is ahead may tell a begin that is still to come.
            started = min(started, self._now)
            lasts = timetable[-1].end is None and len(timetable) > 1
            if lasts and profile.purpose is Purpose.TX_DEFAULT:
                self.remarks.add(Remark.REPEATS)
            relative = replace(profile, kind=Kind.RELATIVE)
            return self._filled(relative, timetable, started)
        if timetable[-1].end is not None:
            self.remarks.add(Remark.NEEDS_TRANSACTION)
            return None
        flat = Stretch(self._now, None, self._baseline.least_a)
        if timetable[0].current_a != flat.current_a or len(timetable) > 1:
            self.remarks |= {Remark.NEEDS_TRANSACTION, Remark.BASELINE_FLAT}
            self._exact(self._now)
        return self._filled(replace(profile, kind=Kind.RELATIVE), (flat,), self._now)

    def _past(self, timetable: Timetable) -> datetime:
        """Return when an absolute schedule begins: long enough ago for clocks that are slow."""
        lasts = timetable[-1].end is None
        return self._now.replace(second=0, microsecond=0) - (
            _LONG_AGO if lasts else _AGO
        )

    def _filled(
        self, profile: ChargingProfile, timetable: Timetable, origin: datetime
    ) -> ChargingProfile:
        end = timetable[-1].end
        absolute = profile.kind is Kind.ABSOLUTE
        return replace(
            profile,
            valid_to=end,
            schedule=replace(
                profile.schedule,
                start=origin if absolute else None,
                duration_s=None if end is None else max(1, _seconds(end, origin)),
                periods=self._periods(timetable, origin),
            ),
        )

    def _periods(self, timetable: Timetable, origin: datetime) -> tuple[Period, ...]:
        """Return the periods of a timetable; of two in one second the later holds."""
        starts = {
            _seconds(stretch.start, origin) if index else 0: stretch
            for index, stretch in enumerate(timetable)
        }
        return tuple(self._period(start_s, s) for start_s, s in starts.items())

    def _period(self, start_s: int, stretch: Stretch) -> Period:
        limit = self._ability.limit(stretch.current_a, stretch.phases)
        return Period(start_s, limit, stretch.phases)


def _of_live(live: Live | None, now: datetime) -> Timetable:
    if live is None or live.until <= now:
        return ()
    return (Stretch(now, live.until, live.current_a, live.phases),)


def _seconds(time: datetime, origin: datetime) -> int:
    return round((time - origin).total_seconds())
