"""From the profiles that are there to those that should be, in few and safe steps."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    composite,
)
from custom_components.ocpp_csms.csms.charging.operation import OperationKind, after
from custom_components.ocpp_csms.csms.charging.operations import Changes, diff
from custom_components.ocpp_csms.csms.charging.profile import (
    Desired,
    Live,
    compile_fuse,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.sameness import says_same
from custom_components.ocpp_csms.csms.charging.timetable import Daily, Stretch
from custom_components.ocpp_csms.csms.model.profile import Kind
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .profiles import FLAT, MIDNIGHT, NIGHT, NOW, PLAN, later

ABILITY = Capabilities(version=OcppVersion.V201)
DYNAMIC = Capabilities(
    version=OcppVersion.V21, kinds=frozenset({Kind.ABSOLUTE, Kind.DYNAMIC})
)
FULL = Desired(baseline=FLAT, plan=PLAN, live=Live(9, later(5)))


def _compiled(
    desired: Desired, minutes: float = 0, ability: Capabilities = ABILITY
) -> tuple[Installed, ...]:
    return compile_profiles(desired, ability, later(minutes), 1).profiles


def _told(changes: Changes) -> list[tuple[str, int]]:
    return [(op.kind.value, op.installed.profile.id) for op in changes.operations]


def test_from_nothing() -> None:
    """The baseline first, then what lies above it."""
    changes = diff(_compiled(FULL), (), NOW)
    assert _told(changes) == [("set", 7101), ("set", 7201), ("set", 7001)]
    assert changes.waiting == 0


def test_nothing_to_do() -> None:
    """The same wishes, some time later, are not written again."""
    present = _compiled(FULL)
    assert diff(present, present, NOW).operations == ()
    assert _told(diff(_compiled(FULL, 3), present, later(3))) == []
    day = _compiled(Desired(baseline=NIGHT))
    again = _compiled(Desired(baseline=NIGHT), 60 * 30)
    assert _told(diff(again, day, later(60 * 30))) == []


def test_only_what_changes() -> None:
    """Another set-point leaves plan and baseline alone."""
    present = _compiled(FULL)
    changed = _compiled(replace(FULL, live=Live(12, later(6))), 1)
    assert _told(diff(changed, present, later(1))) == [("set", 7001)]


def test_lower_first() -> None:
    """What lowers the current goes before what raises another layer."""
    present = _compiled(FULL)
    wanted = Desired(
        baseline=Daily(MIDNIGHT, ((0, 20.0),)), plan=PLAN, live=Live(6, later(5))
    )
    assert _told(diff(_compiled(wanted), present, NOW)) == [
        ("set", 7001),
        ("set", 7101),
    ]


def test_withdrawn() -> None:
    """What is not wanted any more is cleared last, from the top down, by its id."""
    changes = diff(_compiled(Desired(baseline=NIGHT)), _compiled(FULL), NOW)
    assert _told(changes) == [("set", 7101), ("clear", 7001), ("clear", 7201)]


def test_over() -> None:
    """What is over by itself need not be cleared."""
    present = _compiled(FULL)
    assert _told(diff(_compiled(Desired(baseline=FLAT)), present, later(501))) == []


def test_others_are_left_alone() -> None:
    """Profiles of others stay, whatever they are."""
    (mine, *_) = _compiled(FULL)
    other = Installed(1, replace(mine.profile, id=42, stack_level=5))
    assert diff([mine], [mine, other], NOW).operations == ()
    assert after([mine, other], diff([], [mine, other], NOW).operations) == (other,)


def test_same_place_under_another_id() -> None:
    """2.x refuses a second profile in a place: the first is cleared before, and only then."""
    one_level = replace(ABILITY, max_stack_level=0)
    present = _compiled(FULL)
    assert _told(diff(_compiled(FULL, ability=one_level), present, NOW)) == [
        ("set", 7101),
        ("clear", 7001),
        ("clear", 7201),
    ]
    moved = [
        Installed(1, replace(item.profile, stack_level=2 - item.profile.stack_level))
        for item in present
    ]
    told = _told(diff(present, moved, NOW))
    assert told.index(("clear", 7001)) < told.index(("set", 7101))


def test_dynamic_is_updated() -> None:
    """2.1: a set-point that is there is updated, which wears out nothing."""
    live = Desired(baseline=FLAT, live=Live(9, later(2)))
    present = _compiled(live, ability=DYNAMIC)
    more = replace(live, live=Live(11, later(2.5)))
    changes = diff(_compiled(more, 0.5, DYNAMIC), present, later(0.5), allowed=0)
    assert _told(changes) == [("update", 7001)]
    same = replace(live, live=Live(9, later(2.5)))
    assert _told(diff(_compiled(same, 0.5, DYNAMIC), present, later(0.5))) == []
    late = replace(live, live=Live(9, later(3.5)))
    assert _told(diff(_compiled(late, 1.5, DYNAMIC), present, later(1.5))) == [
        ("update", 7001)
    ]


def test_budget() -> None:
    """No more is sent than allowed; what waits is told."""
    changes = diff(_compiled(FULL), (), NOW, allowed=2)
    assert _told(changes) == [("set", 7101), ("set", 7201)]
    assert changes.waiting == 1
    assert diff(_compiled(FULL), (), NOW, allowed=0) == Changes((), 3)


def test_fuse() -> None:
    """The fuse is written first, once."""
    fuse = compile_fuse(25, ABILITY, NOW).profiles
    wanted = [*_compiled(FULL), *fuse]
    assert _told(diff(wanted, (), NOW))[0] == ("set", 7300)
    later_fuse = compile_fuse(25, ABILITY, later(600)).profiles
    assert diff(later_fuse, fuse, later(600)).operations == ()


@pytest.mark.parametrize("seconds", [0.4, 1.0])
def test_noise(seconds: float) -> None:
    """A second more or less is the same."""
    (profile,) = _compiled(Desired(baseline=FLAT))
    table = (Stretch(NOW, later(30), 6), Stretch(later(30), later(60), 10))
    change = table[0].end
    assert change is not None
    late = change + timedelta(seconds=seconds)
    moved = (replace(table[0], end=late), replace(table[1], start=late))
    one, two = (
        _compiled(Desired(baseline=FLAT, plan=plan))[1] for plan in (table, moved)
    )
    assert says_same(one, two, NOW)
    assert not says_same(one, profile, NOW)


@pytest.mark.parametrize(
    ("seconds", "same"), [(-600, False), (-2, False), (-1, True), (1, True), (2, False)]
)
def test_another_end_is_another_profile(seconds: int, same: bool) -> None:
    """Two that say the same at first, but one for longer, do not mean the same."""
    (item,) = _compiled(Desired(baseline=FLAT))
    schedule = replace(item.profile.schedule, start=NOW)
    hours = [
        replace(
            item,
            profile=replace(
                item.profile,
                kind=Kind.ABSOLUTE,
                recurrency=None,
                schedule=replace(schedule, duration_s=3600 + more),
            ),
        )
        for more in (0, seconds)
    ]
    until = [
        replace(item, profile=replace(item.profile, valid_to=later(60 + more / 60)))
        for more in (0, seconds)
    ]
    for one, other in (hours, until):
        assert says_same(one, other, NOW) is same
        assert says_same(other, one, NOW) is same


# Properties.


_TIMES = st.integers(0, 40).map(lambda quarters: quarters * 15.0)


@st.composite
def _wishes(draw: st.DrawFn) -> Desired:
    lengths = draw(st.lists(st.integers(10, 300), max_size=4))
    plan, minutes = [], 0
    for length in lengths:
        current = draw(st.sampled_from([0.0, 6.0, 10.0, 16.0]))
        plan.append(Stretch(later(minutes), later(minutes + length), current))
        minutes += length
    live = draw(
        st.none() | st.builds(Live, st.sampled_from([6.0, 9.0]), st.just(later(9)))
    )
    return Desired(
        baseline=draw(st.sampled_from([FLAT, NIGHT])), plan=tuple(plan), live=live
    )


_ABILITIES = st.builds(
    Capabilities,
    version=st.just(OcppVersion.V201),
    max_stack_level=st.integers(0, 3),
    lease=st.booleans(),
    max_periods=st.integers(2, 10),
)


@settings(max_examples=150)
@given(_wishes(), _wishes(), _ABILITIES, _ABILITIES, st.integers(0, 4))
def test_every_step_is_safe(
    before: Desired,
    wanted: Desired,
    able_before: Capabilities,
    able: Capabilities,
    allowed: int,
) -> None:
    """After any number of messages nothing is unlimited; no place is taken twice."""
    present = _compiled(before, ability=able_before)
    target = _compiled(wanted, ability=able)
    changes = diff(target, present, NOW)
    for count in range(len(changes.operations) + 1):
        state = after(present, changes.operations[:count])
        places = [(i.profile.purpose, i.profile.stack_level) for i in state]
        assert len(set(places)) == len(places)
        question = Question(
            evse_id=1, start=NOW, duration_s=86_400, assume_transaction=True
        )
        periods = composite(state, (), question, Supply(limit_a=99)).periods
        assert all(
            period.limit is not None and period.limit <= 16 for period in periods
        )
    assert diff(target, after(present, changes.operations), NOW).operations == ()
    limited = diff(target, present, NOW, allowed)
    assert limited.operations == changes.operations[:allowed]
    assert limited.waiting == len(changes.operations) - len(limited.operations)


@settings(max_examples=60)
@given(_wishes(), _wishes(), st.integers(1, 3))
def test_a_budget_gets_there_in_the_end(
    before: Desired, wanted: Desired, allowed: int
) -> None:
    """Message by message the station comes to what is wanted, with none in vain."""
    state: tuple[Installed, ...] = _compiled(before)
    target = _compiled(wanted)
    needed = len(diff(target, state, NOW).operations)
    sent = 0
    while operations := diff(target, state, NOW, allowed).operations:
        sent += len(operations)
        assert OperationKind.UPDATE not in {op.kind for op in operations}
        state = after(state, operations)
    assert sent == needed


def _most(state: tuple[Installed, ...], minutes: float) -> float:
    question = Question(
        evse_id=1, start=later(minutes), duration_s=0, assume_transaction=True
    )
    (period,) = composite(state, (), question, Supply(limit_a=99)).periods
    return period.limit or 0.0


@settings(max_examples=100)
@given(_wishes(), _wishes(), st.integers(0, 4))
def test_interrupted_changes_allow_no_more(
    before: Desired, wanted: Desired, count: int
) -> None:
    """Wherever the messages stop, nobody gets more than before, or than wanted."""
    present, target = _compiled(before), _compiled(wanted)
    state = after(present, diff(target, present, NOW).operations[:count])
    for minutes in range(0, 1380, 7):
        bound = max(_most(present, minutes + 0.5), _most(target, minutes + 0.5))
        assert _most(state, minutes + 0.5) <= bound + 0.05


def test_plan_before_a_higher_baseline() -> None:
    """A baseline is raised only once the plan above it is there."""
    low = Desired(baseline=Daily(MIDNIGHT, ((0, 6.0),)))
    pause = (Stretch(NOW, later(300), 0),)
    wanted = Desired(baseline=FLAT, plan=pause)
    changes = diff(_compiled(wanted), _compiled(low), NOW)
    assert _told(changes) == [("set", 7201), ("set", 7101)]


def test_unreadable_profile_is_replaced() -> None:
    """One of ours that was changed beyond sense is written anew."""
    (item,) = _compiled(Desired(baseline=FLAT))
    schedule = replace(item.profile.schedule, periods=item.profile.schedule.periods * 2)
    odd = Installed(1, replace(item.profile, schedule=schedule))
    assert _told(diff([item], [odd], NOW)) == [("set", 7101)]
    assert _told(diff([], [odd], NOW)) == [("clear", 7101)]
