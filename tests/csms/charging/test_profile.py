"""What is to hold, as charging profiles: and back again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf, nan
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.ocpp_csms.csms.charging.composite import Session
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.profile import (
    Compiled,
    Desired,
    Live,
    Remark,
    compile_fuse,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.timeline import check_profile
from custom_components.ocpp_csms.csms.charging.timetable import Daily, Stretch, at
from custom_components.ocpp_csms.csms.model.profile import Kind, Purpose, RateUnit
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .profiles import (
    FLAT,
    MIDNIGHT,
    NIGHT,
    NOW,
    PLAN,
    SECOND,
    ability_of,
    assert_same,
    check_message,
    later,
    told_by,
    wanted_by,
)


def test_layers() -> None:
    """Baseline, plan and set-point lie above each other, and each ends in the one below."""
    desired = Desired(baseline=NIGHT, plan=PLAN, live=Live(9, later(5)))
    compiled = compile_profiles(desired, ability_of(), NOW, 1)
    assert not compiled.remarks
    assert compiled.exact_until is None
    profiles = [item.profile for item in compiled.profiles]
    assert [(p.id, p.stack_level, p.kind) for p in profiles] == [
        (7101, 0, Kind.RECURRING),
        (7201, 1, Kind.ABSOLUTE),
        (7001, 2, Kind.ABSOLUTE),
    ]
    assert {p.purpose for p in profiles} == {Purpose.TX_DEFAULT}
    baseline, plan, live = (p.schedule for p in profiles)
    assert (baseline.start, baseline.duration_s) == (MIDNIGHT, None)
    # Begun an hour ago, for clocks that are slow.
    assert plan.start == later(-60).replace(second=0)
    assert profiles[1].valid_to == later(500)
    assert plan.duration_s == 560 * 60 + 30
    starts = [period.start_s - 3600 for period in plan.periods]
    assert starts == [-3600, 4830, 10230, 16530, 22830]
    assert (live.duration_s, live.periods[0].limit) == (3930, 9)
    told = told_by(compiled, ability_of(), None, 600)
    assert [(round((s.start - NOW) / SECOND), s.current_a) for s in told] == [
        (0, 9),
        (300, 0),
        (80 * 60, 16),
        (170 * 60, 0),
        (275 * 60, 10),
        (380 * 60, 0),
        (500 * 60, 6),
    ]


@pytest.mark.parametrize(
    "fields", [{"max_stack_level": 1}, {"max_stack_level": 1, "max_profiles": 2}]
)
def test_one_level(fields: dict[str, Any]) -> None:
    """A station with one level above the baseline gets plan and set-point in one profile."""
    desired = Desired(baseline=FLAT, plan=PLAN, live=Live(9, later(5)))
    ability = ability_of(**fields)
    compiled = compile_profiles(desired, ability, NOW, 1)
    assert [(i.profile.id, i.profile.stack_level) for i in compiled.profiles] == [
        (7101, 0),
        (7201, 1),
    ]
    assert_same(
        told_by(compiled, ability, None, 600), wanted_by(desired, ability), later(600)
    )


@pytest.mark.parametrize(
    "fields", [{"max_stack_level": 0}, {"lease": False}, {"max_profiles": 1}]
)
def test_no_fallback_to_lower_levels(fields: dict[str, Any]) -> None:
    """All in one profile that ends in the baseline, and never ends itself."""
    desired = Desired(baseline=FLAT, plan=PLAN, live=Live(9, later(5)))
    ability = ability_of(**fields)
    compiled = compile_profiles(desired, ability, NOW, 1)
    (item,) = compiled.profiles
    assert (item.profile.valid_to, item.profile.schedule.duration_s) == (None, None)
    assert item.profile.schedule.periods[-1].limit == 16
    assert_same(
        told_by(compiled, ability, None, 600), wanted_by(desired, ability), later(600)
    )


def test_few_periods() -> None:
    """What does not fit is told later; until then the plan is exact, then the baseline."""
    desired = Desired(baseline=FLAT, plan=PLAN)
    compiled = compile_profiles(desired, ability_of(max_periods=3), NOW, 1)
    assert compiled.remarks == {Remark.CUT}
    assert compiled.exact_until == later(275)
    told = told_by(compiled, ability_of(), None, 600)
    assert at(told, later(274)) == Stretch(later(170), later(275), 0, 3)
    assert at(told, later(276)) == Stretch(later(275), later(600), 16, 3)


def test_one_period() -> None:
    """A single period without levels holds until something else is told: that is said."""
    ability = ability_of(max_periods=1, max_stack_level=0)
    compiled = compile_profiles(Desired(baseline=FLAT, plan=PLAN), ability, NOW, 1)
    assert compiled.remarks == {Remark.NO_FALLBACK}
    assert compiled.exact_until == later(80)


def test_relative() -> None:
    """A station that knows but Relative gets the times from its transaction's begin."""
    ability = ability_of(kinds=frozenset({Kind.RELATIVE}))
    desired = Desired(baseline=FLAT, plan=PLAN)
    alone = compile_profiles(desired, ability, NOW, 1)
    assert alone.remarks == {Remark.NEEDS_TRANSACTION}
    assert [item.profile.id for item in alone.profiles] == [7101]
    session = Session(1, later(-100), "T1")
    compiled = compile_profiles(desired, ability, NOW, 1, session)
    assert {item.profile.schedule.start for item in compiled.profiles} == {None}
    assert_same(
        told_by(compiled, ability, session, 600),
        wanted_by(desired, ability),
        later(600),
    )


def test_relative_in_one_profile() -> None:
    """What is told for one transaction begins anew in the next: that is said."""
    ability = ability_of(kinds=frozenset({Kind.RELATIVE}), max_stack_level=0)
    session = Session(1, later(-100), "T1")
    desired = Desired(baseline=FLAT, plan=PLAN)
    compiled = compile_profiles(desired, ability, NOW, 1, session)
    assert compiled.remarks == {Remark.REPEATS}


def test_day_that_can_not_recur() -> None:
    """Where nothing recurs the days are written out, and end in the least current."""
    ability = ability_of(kinds=frozenset({Kind.ABSOLUTE}), max_periods=6)
    compiled = compile_profiles(Desired(baseline=NIGHT), ability, NOW, 1)
    assert compiled.remarks == {Remark.BASELINE_FLAT}
    (item,) = compiled.profiles
    limits = [period.limit for period in item.profile.schedule.periods]
    assert limits == [16, 6, 16, 6, 16, 6]
    assert compiled.exact_until == MIDNIGHT + timedelta(days=3, hours=6)


def test_relative_day_without_a_transaction() -> None:
    """Before a transaction a day can't be placed: the least current, to be safe."""
    ability = ability_of(kinds=frozenset({Kind.RELATIVE}))
    compiled = compile_profiles(Desired(baseline=NIGHT), ability, NOW, 1)
    assert compiled.remarks >= {Remark.NEEDS_TRANSACTION, Remark.BASELINE_FLAT}
    (item,) = compiled.profiles
    assert [period.limit for period in item.profile.schedule.periods] == [6]


def test_transaction_profiles_only() -> None:
    """A station without TxDefaultProfile can be told something in a transaction only."""
    ability = ability_of(purposes=frozenset({Purpose.TX}))
    desired = Desired(baseline=FLAT, plan=PLAN)
    compiled = compile_profiles(desired, ability, NOW, 1)
    assert compiled == Compiled((), frozenset({Remark.NEEDS_TRANSACTION}))
    session = Session(1, NOW, "77")
    compiled = compile_profiles(desired, ability, NOW, 1, session)
    assert [(i.profile.id, i.profile.transaction_id) for i in compiled.profiles] == [
        (7601, "77"),
        (7701, "77"),
    ]


@pytest.mark.parametrize(("version", "told"), [("1.6", True), ("2.0.1", False)])
def test_transaction_without_id(version: str, told: bool) -> None:
    """What has no id can't be named where that is needed."""
    ability = ability_of(version, purposes=frozenset({Purpose.TX}))
    session = Session(1, NOW)
    compiled = compile_profiles(Desired(baseline=FLAT), ability, NOW, 1, session)
    assert bool(compiled.profiles) == told
    assert (Remark.NEEDS_TRANSACTION in compiled.remarks) != told


def test_default_that_does_not_reach_a_running_transaction() -> None:
    """There the layers are written for the running transaction as well."""
    ability = ability_of(default_reaches_running=False)
    session = Session(1, NOW, "77")
    compiled = compile_profiles(Desired(baseline=FLAT), ability, NOW, 1, session)
    assert [(i.profile.id, i.profile.purpose) for i in compiled.profiles] == [
        (7101, Purpose.TX_DEFAULT),
        (7601, Purpose.TX),
    ]


def test_dynamic() -> None:
    """2.1: a set-point is a Dynamic profile, whose duration is the lease."""
    ability = ability_of("2.1", kinds=frozenset({Kind.ABSOLUTE, Kind.DYNAMIC}))
    desired = Desired(baseline=FLAT, live=Live(11.5, later(2)))
    compiled = compile_profiles(desired, ability, NOW, 1)
    live = compiled.profiles[-1].profile
    assert (live.kind, live.schedule.duration_s, live.updated_at) == (
        Kind.DYNAMIC,
        120,
        NOW,
    )
    told = told_by(compiled, ability, None, 10)
    assert [(s.start, s.current_a) for s in told] == [(NOW, 11.5), (later(2), 16)]


def test_no_zero() -> None:
    """A station that knows no 0 gets its least current, and that is said."""
    ability = ability_of(zero=False)
    compiled = compile_profiles(Desired(baseline=FLAT, plan=PLAN), ability, NOW, 1)
    assert compiled.remarks == {Remark.NO_PAUSE}
    assert compiled.profiles[1].profile.schedule.periods[0].limit == 6


@pytest.mark.parametrize(
    ("fields", "wanted", "told"),
    [
        ({}, 12.34, 12.3),
        ({"step_a": 1.0}, 12.9, 12),
        ({"step_a": 4.0}, 9.9, 6),
        ({"step_a": 4.0}, 10, 10),
        ({"currents_a": (6.0, 10.0, 13.0, 16.0)}, 12.9, 10),
        ({"currents_a": (6.0, 10.0)}, 32, 10),
        ({"min_a": 8.0}, 7.9, 0),
        ({"min_a": 8.0, "zero": False}, 7.9, 8),
        ({}, 0, 0),
    ],
)
def test_currents(fields: dict[str, Any], wanted: float, told: float) -> None:
    """A current is told as the next lower one that the station knows."""
    assert ability_of(**fields).snap(wanted) == told


def test_snapped_is_said() -> None:
    """That a current is another than the desired one is said."""
    ability = ability_of(currents_a=(6.0, 16.0))
    compiled = compile_profiles(Desired(baseline=FLAT, plan=PLAN), ability, NOW, 1)
    assert compiled.remarks == {Remark.SNAPPED}


def test_phases() -> None:
    """A number of phases is told to stations that heed it; to others that is said."""
    plan = (Stretch(NOW, later(60), 10, 1), Stretch(later(60), later(90), 0))
    desired = Desired(baseline=FLAT, plan=plan)
    one = compile_profiles(desired, ability_of(phase_switching=True), NOW, 1)
    assert [p.phases for p in one.profiles[1].profile.schedule.periods] == [1, None]
    none = compile_profiles(desired, ability_of(), NOW, 1)
    assert none.remarks == {Remark.PHASES_FIXED}
    assert [p.phases for p in none.profiles[1].profile.schedule.periods] == [None, None]


def test_watts() -> None:
    """A station that knows but watts gets the total of its phases."""
    ability = ability_of(units=frozenset({RateUnit.WATT}), phase_switching=True)
    plan = (Stretch(NOW, later(60), 10, 1),)
    compiled = compile_profiles(Desired(baseline=FLAT, plan=plan), ability, NOW, 1)
    limits = [i.profile.schedule.periods[0].limit for i in compiled.profiles]
    assert limits == [11040, 2300]


def test_fuse() -> None:
    """The fuse is told for the whole station, and heeded where it can't be."""
    compiled = compile_fuse(25, ability_of(), NOW)
    (item,) = compiled.profiles
    assert (item.evse_id, item.profile.purpose) == (0, Purpose.STATION_MAX)
    assert item.profile.schedule.periods[0].limit == 25
    for version in OcppVersion:
        check_message(item, ability_of(version.value))
    blind = ability_of(purposes=frozenset({Purpose.TX_DEFAULT}))
    assert compile_fuse(25, blind, NOW).remarks == {Remark.FUSE_NOT_TOLD}
    desired = Desired(baseline=FLAT, plan=PLAN, fuse_a=13)
    told = told_by(compile_profiles(desired, blind, NOW, 1), blind, None, 600)
    assert max(stretch.current_a for stretch in told) == 13


def test_gaps_in_a_plan() -> None:
    """Where a plan says nothing the baseline holds, also between its stretches."""
    plan = (
        Stretch(later(10), later(20), 8, 3),
        Stretch(later(30), later(40), 10, 3),
    )
    desired = Desired(baseline=FLAT, plan=plan)
    compiled = compile_profiles(desired, ability_of(), NOW, 1)
    told = told_by(compiled, ability_of(), None, 60)
    assert [stretch.current_a for stretch in told] == [16, 8, 16, 10, 16]


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Desired(baseline=FLAT, fuse_a=nan), "current_not_a_number"),
        (lambda: Desired(baseline=FLAT, fuse_a=-1), "current_not_a_number"),
        (lambda: compile_fuse(-1, ability_of(), NOW), "current_not_a_number"),
        (lambda: compile_fuse(inf, ability_of(), NOW), "current_not_a_number"),
        (lambda: Live(nan, NOW), "current_not_a_number"),
        (lambda: Stretch(later(10), NOW, 6), "stretch_runs_backwards"),
        (lambda: Stretch(NOW, None, 6, 4), "phases_unknown"),
        (lambda: Desired(baseline=FLAT, plan=PLAN[::-1]), "stretches_not_in_order"),
        (lambda: Daily(MIDNIGHT, ((0, nan),)), "current_not_a_number"),
        (lambda: Daily(MIDNIGHT, ((60, 6.0),)), "day_not_whole"),
        (lambda: Daily(MIDNIGHT, ((0, 6.0), (0, 8.0))), "periods_not_in_order"),
        (lambda: ability_of(max_profiles=0), "no_room_for_profiles"),
        (lambda: ability_of(kinds=frozenset()), "no_kind"),
        (lambda: ability_of(purposes=frozenset()), "no_purpose"),
        (lambda: ability_of(units=frozenset()), "no_unit"),
        (lambda: ability_of(phases=4), "phases_unknown"),
        (lambda: ability_of(step_a=0), "charger_not_a_number"),
    ],
)
def test_what_makes_no_sense(build: Any, reason: str) -> None:
    """Numbers and orders that make no sense are refused with their reason."""
    with pytest.raises(ChargingError, match=reason):
        build()


@pytest.mark.parametrize("lead_s", [0.3, 0.49, 0.9])
def test_parts_of_a_second(lead_s: float) -> None:
    """A set-point that ends with a stretch, but for a moment, leaves profiles that can be read."""
    plan = (Stretch(NOW, later(10), 6), Stretch(later(10), later(20), 16))
    live = Live(9, later(10) - timedelta(seconds=lead_s))
    desired = Desired(baseline=FLAT, plan=plan, live=live)
    for fields in ({"max_stack_level": 1}, {"max_stack_level": 0}, {}):
        ability = ability_of("2.0.1", **fields)
        for item in compile_profiles(desired, ability, NOW, 1).profiles:
            check_profile(item.profile)
            check_message(item, ability)


def test_transaction_of_a_clock_that_is_ahead() -> None:
    """A begin that is still to come is taken as now."""
    ability = ability_of("2.0.1", kinds=frozenset({Kind.RELATIVE}))
    plan = (Stretch(NOW, later(1), 0), Stretch(later(1), later(60), 16))
    session = Session(1, later(3), "T")
    compiled = compile_profiles(
        Desired(baseline=FLAT, plan=plan), ability, NOW, 1, session
    )
    periods = compiled.profiles[-1].profile.schedule.periods
    assert [period.start_s for period in periods] == [0, 60]


@pytest.mark.parametrize("most", range(1, 8))
def test_room_for_copies(most: int) -> None:
    """With copies for what runs there are no more profiles than the station holds."""
    ability = ability_of(max_profiles=most, default_reaches_running=False)
    desired = Desired(baseline=FLAT, plan=PLAN, live=Live(9, later(5)))
    compiled = compile_profiles(desired, ability, NOW, 1, Session(1, NOW, "7"))
    assert len(compiled.profiles) <= most
    assert compiled.profiles[-1].profile.purpose is Purpose.TX


@pytest.mark.parametrize(
    ("fields", "session", "told"),
    [
        ({}, Session(1, NOW, "7"), False),
        ({"default_reaches_running": False}, Session(1, NOW, "7"), False),
        ({"default_reaches_running": False}, None, False),
        ({"default_reaches_running": False}, Session(1, NOW), True),
        (
            {
                "default_reaches_running": False,
                "purposes": frozenset({Purpose.TX_DEFAULT}),
            },
            Session(1, NOW, "7"),
            True,
        ),
    ],
)
def test_running_transaction_that_can_not_be_told(
    fields: dict[str, Any], session: Session | None, told: bool
) -> None:
    """When only the next transaction heeds it, that is said."""
    ability = ability_of("2.0.1", **fields)
    compiled = compile_profiles(Desired(baseline=FLAT), ability, NOW, 1, session)
    assert (Remark.NEXT_TRANSACTION in compiled.remarks) == told


def test_fuse_below_the_least_current() -> None:
    """A station that knows no pause can't keep to so small a fuse: that is said."""
    ability = ability_of(zero=False)
    compiled = compile_profiles(Desired(baseline=FLAT, fuse_a=4), ability, NOW, 1)
    assert compiled.remarks == {Remark.NO_PAUSE, Remark.FUSE_EXCEEDED}


def test_fuse_in_watts() -> None:
    """A fuse is that of all phases."""
    watts = ability_of(units=frozenset({RateUnit.WATT}))
    (item,) = compile_fuse(25, watts, NOW).profiles
    assert item.profile.schedule.periods[0].limit == 25 * 690


@pytest.mark.parametrize(
    ("fields", "current_a", "limit"),
    [
        ({}, 12.99, 12.9),
        ({"min_a": 6.25, "step_a": 0.05}, 6.25, 6.3),
        ({"units": frozenset({RateUnit.WATT}), "voltage_v": 231.1}, 6.0, 4160.0),
        ({"units": frozenset({RateUnit.WATT}), "voltage_v": 231.1}, 10.0, 6933.0),
    ],
)
def test_rounding(fields: dict[str, Any], current_a: float, limit: float) -> None:
    """Never more than is wanted, but for the least current, below which cars pause."""
    assert ability_of(**fields).limit(current_a, None) == limit


def test_plan_far_ahead() -> None:
    """What is more than two weeks away is left for later, and told so; what has no end stays."""
    far = (Stretch(later(0), later(60 * 24 * 20), 10),)
    compiled = compile_profiles(Desired(baseline=FLAT, plan=far), ability_of(), NOW, 1)
    assert compiled.remarks == {Remark.CUT}
    assert compiled.exact_until == later(60 * 24 * 14)
    endless = (Stretch(NOW, None, 10),)
    forever = compile_profiles(
        Desired(baseline=FLAT, plan=endless), ability_of(), NOW, 1
    )
    assert not forever.remarks
    assert forever.profiles[-1].profile.valid_to is None


def test_local_times() -> None:
    """Four hours are four hours, also in a night in which the clock is changed."""
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 10, 25, tzinfo=berlin)
    four = datetime(2026, 10, 25, 4, tzinfo=berlin)
    plan = (Stretch(midnight, four, 0), Stretch(four, four.replace(hour=6), 10))
    desired = Desired(baseline=Daily(midnight, ((0, 16.0),)), plan=plan)
    compiled = compile_profiles(desired, ability_of(), midnight, 1)
    schedule = compiled.profiles[-1].profile.schedule
    starts = [period.start_s - 3600 for period in schedule.periods]
    assert starts == [-3600, 5 * 3600]


def test_clock_of_the_station_that_is_slow() -> None:
    """Fuse and baseline hold at once for a station whose clock is hours behind."""
    ability = ability_of()
    items = [
        *compile_fuse(25, ability, NOW).profiles,
        *compile_profiles(Desired(baseline=FLAT), ability, NOW, 1).profiles,
    ]
    for item in items:
        start = item.profile.schedule.start
        assert start is not None
        assert start <= later(-60 * 14)


@pytest.mark.parametrize(
    "make",
    [
        lambda naive: Live(6, naive),
        lambda naive: Stretch(naive, None, 6),
        lambda naive: Daily(naive, ((0, 6.0),)),
        lambda naive: Session(1, naive),
        lambda naive: compile_fuse(16, ability_of(), naive),
        lambda naive: compile_profiles(Desired(baseline=FLAT), ability_of(), naive, 1),
    ],
)
def test_times_without_zone(make: Callable[[datetime], object]) -> None:
    """A time of which nobody knows the zone is refused."""
    with pytest.raises(ChargingError, match="time_without_zone"):
        make(NOW.replace(tzinfo=None))
