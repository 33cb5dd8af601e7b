"""Composite schedules: what is so of all of them, and what single instants say."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    Session,
    composite,
)
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RUNNING = Session(1, NOW - timedelta(minutes=50), "T")
SECOND = Session(2, NOW - timedelta(minutes=100), "S")
V16 = Supply(limit_a=99, limit_w=99_000, fill_phases=False)
V2X = replace(V16, fill_phases=True)
STATION = (Purpose.STATION_MAX, Purpose.STATION_EXTERNAL)


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# Not all on a grid, so that edges may lie anywhere.
_TIMES = st.integers(-120, 120).map(lambda n: n * 60) | st.integers(-7200, 7200)


@st.composite
def _periods(draw: st.DrawFn, unit: RateUnit) -> tuple[Period, ...]:
    lengths = draw(st.lists(st.integers(1, 40), max_size=4))
    scale = 690.0 if unit is RateUnit.WATT else 1.0
    return tuple(
        Period(
            60 * sum(lengths[:index]),
            scale * draw(st.sampled_from([0.0, 6.0, 8.0, 10.0, 16.0, 32.0])),
            draw(st.sampled_from([None, None, 1, 3])),
        )
        for index in range(len(lengths) + 1)
    )


@st.composite
def _absolute(
    draw: st.DrawFn, id_: int, purposes: tuple[Purpose, ...], unit: RateUnit
) -> Installed:
    """Draw a profile that begins, ends and is valid around now."""
    purpose = draw(st.sampled_from(purposes))
    evse_id = 1 if purpose is Purpose.TX else draw(st.sampled_from([0, 1, 1, 2]))
    transaction_id = None
    if purpose is Purpose.TX:
        transaction_id = draw(st.sampled_from([None, "T", "T", "U"]))
    return Installed(
        evse_id,
        ChargingProfile(
            id=id_,
            # Every level is taken once, so that no order but theirs decides.
            stack_level=id_,
            purpose=purpose,
            kind=Kind.ABSOLUTE,
            schedule=Schedule(
                unit=unit,
                periods=draw(_periods(unit)),
                start=_at(draw(_TIMES)),
                duration_s=draw(st.none() | st.integers(0, 9000)),
            ),
            valid_from=draw(st.none() | _TIMES.map(_at)),
            valid_to=draw(st.none() | _TIMES.map(_at)),
            transaction_id=transaction_id,
        ),
    )


@st.composite
def _any_kind(draw: st.DrawFn, id_: int) -> Installed:
    """Draw a profile of any kind and unit, whose times do not depend on the window."""
    unit = draw(st.sampled_from(list(RateUnit)))
    item = draw(_absolute(id_, (*STATION, Purpose.TX_DEFAULT, Purpose.TX), unit))
    transactional = item.profile.purpose not in STATION
    kinds = [Kind.ABSOLUTE, Kind.RECURRING, Kind.DYNAMIC]
    # Without a transaction, Relative would begin with the window.
    kinds += [Kind.RELATIVE, Kind.RELATIVE] if transactional else []
    kind = draw(st.sampled_from(kinds))
    profile = replace(item.profile, kind=kind)
    if kind is Kind.RECURRING:
        profile = replace(profile, recurrency=draw(st.sampled_from(list(Recurrency))))
    if kind is Kind.DYNAMIC:
        profile = replace(profile, updated_at=_at(draw(_TIMES)))
    return replace(item, profile=profile)


@st.composite
def _sets(draw: st.DrawFn, *purposes: Purpose) -> list[Installed]:
    """Draw some Absolute profiles in A, or of any kind and unit where no purpose is named."""
    count = draw(st.integers(0, 5))
    return [
        draw(_absolute(id_, purposes, RateUnit.AMPERE) if purposes else _any_kind(id_))
        for id_ in draw(st.permutations(range(count)))
    ]


def _ask(start_s: int, length_s: int, evse_id: int = 1) -> Question:
    return Question(
        evse_id=evse_id,
        start=_at(start_s),
        duration_s=length_s,
        number_of_evses=2,
    )


def _told(
    installed: list[Installed], question: Question, supply: Supply
) -> tuple[Period, ...]:
    return composite(installed, (RUNNING, SECOND), question, supply).periods


@settings(max_examples=300)
@given(
    _sets(),
    st.integers(1, 10_800),
    st.integers(1, 10_800),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([V16, V2X]),
)
def test_two_halves_make_a_whole(
    installed: list[Installed],
    first_s: int,
    second_s: int,
    evse_id: int,
    supply: Supply,
) -> None:
    """What is told of a time is what is told of its two parts, one after the other."""
    whole = _told(installed, _ask(-3600, first_s + second_s, evse_id), supply)
    first = _told(installed, _ask(-3600, first_s, evse_id), supply)
    second = _told(installed, _ask(-3600 + first_s, second_s, evse_id), supply)
    moved = [replace(period, start_s=period.start_s + first_s) for period in second]
    if replace(moved[0], start_s=first[-1].start_s) == first[-1]:
        del moved[0]
    assert whole == (*first, *moved)
    assert whole[0].start_s == 0
    assert all(a.start_s < b.start_s for a, b in pairwise(whole))


def _says(profile: ChargingProfile, time: datetime) -> Period | None:
    """Return what an Absolute profile says at an instant."""
    schedule = profile.schedule
    assert schedule.start is not None
    passed_s = (time - schedule.start).total_seconds()
    valid = (profile.valid_from is None or time >= profile.valid_from) and (
        profile.valid_to is None or time < profile.valid_to
    )
    over = schedule.duration_s is not None and passed_s >= schedule.duration_s
    if not valid or over:
        return None
    begun = [period for period in schedule.periods if period.start_s <= passed_s]
    return begun[-1] if begun else None


def _highest(profiles: Iterable[ChargingProfile], time: datetime) -> Period | None:
    """Return what the highest level says that says anything."""
    levels = sorted(profiles, key=lambda profile: -profile.stack_level)
    said = (_says(profile, time) for profile in levels)
    return next((period for period in said if period is not None), None)


def _holds(
    installed: list[Installed], time: datetime, supply: Supply
) -> tuple[float, int | None]:
    """Return the limit and the phases that hold at EVSE 1 at an instant."""

    def highest(purpose: Purpose, *evse_ids: int) -> Period | None:
        profiles = (
            item.profile
            for item in installed
            if item.profile.purpose is purpose
            and item.evse_id in evse_ids
            and item.profile.transaction_id in (None, RUNNING.transaction_id)
        )
        return _highest(profiles, time)

    candidates = [
        highest(Purpose.TX, 1) or highest(Purpose.TX_DEFAULT, 0, 1),
        *(highest(purpose, evse_id) for purpose in STATION for evse_id in (0, 1)),
    ]
    periods = [period for period in candidates if period is not None]
    if not periods:
        return supply.limit_a, None
    filled = supply.phases if supply.fill_phases else None
    phases = [period.phases or filled for period in periods]
    limits = [period.limit for period in periods if period.limit is not None]
    return min(limits), min((n for n in phases if n is not None), default=None)


def _instants(installed: list[Installed], start_s: int, length_s: int) -> list[int]:
    """Return every second of a window at which, or just before which, something may change."""
    edges = {start_s, start_s + length_s - 1}
    for item in installed:
        profile, schedule = item.profile, item.profile.schedule
        assert schedule.start is not None
        times = [
            schedule.start + timedelta(seconds=p.start_s) for p in schedule.periods
        ]
        times += [schedule.start + timedelta(seconds=schedule.duration_s or 0)]
        times += [t for t in (profile.valid_from, profile.valid_to) if t is not None]
        edges |= {int((time - NOW).total_seconds()) for time in times}
    near = {edge + more for edge in edges for more in (-1, 0, 1)}
    return sorted(second for second in near if 0 <= second - start_s < length_s)


def _compare(installed: list[Installed], supply: Supply) -> None:
    start_s, length_s = -3600, 9000
    periods = _told(installed, _ask(start_s, length_s), supply)
    for second in _instants(installed, start_s, length_s):
        told = [period for period in periods if period.start_s <= second - start_s][-1]
        holds = _holds(installed, _at(second), supply)
        assert (told.limit, told.phases) == holds, second


@settings(max_examples=150)
@given(_sets(Purpose.TX_DEFAULT), st.sampled_from([V16, V2X]))
def test_highest_level_that_says_something(
    installed: list[Installed], supply: Supply
) -> None:
    """At every instant the highest level holds that is valid, has begun and is not over."""
    _compare(installed, supply)


@settings(max_examples=200)
@given(_sets(*STATION, Purpose.TX_DEFAULT, Purpose.TX), st.sampled_from([V16, V2X]))
def test_lowest_of_the_purposes(installed: list[Installed], supply: Supply) -> None:
    """At every instant the least of all purposes holds; a TxProfile goes before the default."""
    _compare(installed, supply)
