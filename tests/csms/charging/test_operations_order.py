"""In which order profiles are written: never with more than before, or than in the end."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    Session,
    composite,
)
from custom_components.ocpp_csms.csms.charging.operation import after
from custom_components.ocpp_csms.csms.charging.operations import Changes, diff
from custom_components.ocpp_csms.csms.charging.profile import (
    Desired,
    Live,
    compile_fuse,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.timetable import Daily, Stretch
from custom_components.ocpp_csms.csms.model.profile import (
    Kind,
    Period,
    Purpose,
    RateUnit,
)
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .profiles import FLAT, MIDNIGHT, NOW, later

LOW = Daily(MIDNIGHT, ((0, 6.0),))
UNLIMITED_A = 1e6


def _able(**fields: Any) -> Capabilities:
    return Capabilities(**{"version": OcppVersion.V201} | fields)


def _compiled(
    desired: Desired, minutes: float = 0, *, session: Session | None = None, **able: Any
) -> tuple[Installed, ...]:
    now = later(minutes)
    return compile_profiles(desired, _able(**able), now, 1, session).profiles


def _fuse(limit_a: float) -> tuple[Installed, ...]:
    return compile_fuse(limit_a, _able(), NOW).profiles


def _told(changes: Changes) -> list[tuple[str, int]]:
    return [(op.kind.value, op.installed.profile.id) for op in changes.operations]


def _allowed(
    state: tuple[Installed, ...],
    minutes: float,
    able: Capabilities,
    session: Session | None = None,
) -> float:
    question = Question(
        evse_id=1, start=later(minutes), duration_s=0, assume_transaction=True
    )
    sessions = (session,) if session else ()
    (period,) = composite(state, sessions, question, able.supply).periods
    return period.limit or 0.0


def test_capability_that_changes_while_a_long_plan_runs() -> None:
    """A profile is replaced by its id rather than cleared: there is no moment without a limit."""
    before = _compiled(Desired(baseline=LOW), lease=False, max_stack_level=1)
    plan = (Stretch(NOW, later(1800), 6),)
    wanted = _compiled(
        Desired(baseline=Daily(MIDNIGHT, ((0, 10.0),)), plan=plan), max_stack_level=1
    )
    changes = diff(wanted, before, NOW)
    assert _told(changes) == [("set", 7101), ("set", 7201)]
    for count in range(3):
        state = after(before, changes.operations[:count])
        assert max(_allowed(state, m, _able()) for m in range(0, 3000, 50)) <= 16
    assert _told(diff(wanted, before, NOW, allowed=1)) == [("set", 7101)]


def test_fuse_is_raised_last() -> None:
    """A higher fuse comes after what keeps the current down."""
    before = (*_compiled(Desired(baseline=FLAT)), *_fuse(10))
    plan = (Stretch(NOW, later(60), 16), Stretch(later(60), later(600), 0))
    wanted = (*_compiled(Desired(baseline=FLAT, plan=plan)), *_fuse(16))
    assert _told(diff(wanted, before, NOW)) == [("set", 7201), ("set", 7300)]
    lower = (*_compiled(Desired(baseline=FLAT)), *_fuse(8))
    assert _told(diff(lower, before, NOW))[0] == ("set", 7300)


def test_order_looks_beyond_a_day() -> None:
    """A plan of days is written before a baseline that is higher after it has ended."""
    ten = Desired(baseline=Daily(MIDNIGHT, ((0, 10.0),)))
    plan = (Stretch(NOW, later(2000), 16), Stretch(later(2000), later(4000), 0))
    wanted = _compiled(Desired(baseline=FLAT, plan=plan))
    assert _told(diff(wanted, _compiled(ten), NOW)) == [("set", 7201), ("set", 7101)]


def test_order_knows_when_a_transaction_began() -> None:
    """Relative profiles are placed by their transaction, not by now."""
    relative = {"kinds": frozenset({Kind.RELATIVE})}
    session = Session(1, later(-600), "T")
    off = Desired(baseline=Daily(MIDNIGHT, ((0, 0.0),)))
    noon = Daily(MIDNIGHT, ((0, 0.0), (15 * 3600, 16.0)))
    plan = (Stretch(NOW, later(300), 0),)
    before = _compiled(off, session=session, **relative)
    wanted = _compiled(Desired(baseline=noon, plan=plan), session=session, **relative)
    changes = diff(wanted, before, NOW, sessions=[session])
    for count in range(len(changes.operations) + 1):
        state = after(before, changes.operations[:count])
        for minutes in range(5, 600, 10):
            bound = max(
                _allowed(other, minutes, _able(), session) for other in (before, wanted)
            )
            assert _allowed(state, minutes, _able(), session) <= bound


@pytest.mark.parametrize("minutes", [30, 61, 121, 200])
def test_relative_plan_is_written_once(minutes: float) -> None:
    """What has passed of a plan by the transaction's time is no reason to write it again."""
    relative = {"kinds": frozenset({Kind.RELATIVE})}
    session = Session(1, later(-60), "T")
    plan = tuple(
        Stretch(later(60 * n), later(60 * n + 60), 6.0 + n % 3) for n in range(5)
    )
    desired = Desired(baseline=FLAT, plan=plan)
    before = _compiled(desired, session=session, **relative)
    again = _compiled(desired, minutes, session=session, **relative)
    assert diff(again, before, later(minutes), sessions=[session]).operations == ()


def test_order_knows_the_phases() -> None:
    """Watts are told apart from amperes by the station's own phases."""
    able = {
        "version": OcppVersion.V16,
        "units": frozenset({RateUnit.WATT}),
        "phases": 1,
        "phase_switching": True,
    }
    plan = (Stretch(NOW, later(600), 13, 1),)
    live = Live(11, later(300), 1)
    before = _compiled(Desired(baseline=FLAT, plan=plan, live=live), **able)
    seven = Desired(baseline=Daily(MIDNIGHT, ((0, 7.0),)))
    changes = diff(_compiled(seven, **able), before, NOW, supply=_able(**able).supply)
    assert _told(changes) == [("set", 7101), ("clear", 7201), ("clear", 7001)]


def test_lease_is_kept_alive_behind_what_waits() -> None:
    """2.1: an update costs nothing, and goes out although others have to wait."""
    dynamic = {
        "version": OcppVersion.V21,
        "kinds": frozenset({Kind.ABSOLUTE, Kind.DYNAMIC}),
    }
    before = _compiled(Desired(baseline=FLAT, live=Live(6, later(5))), **dynamic)
    ten = Daily(MIDNIGHT, ((0, 10.0),))
    plan = (Stretch(later(3), later(60), 8),)
    wanted = Desired(baseline=ten, plan=plan, live=Live(6, later(8)))
    changes = diff(_compiled(wanted, 3, **dynamic), before, later(3), allowed=0)
    assert _told(changes) == [("update", 7001)]
    assert (changes.waiting, changes.writes) == (2, 0)
    more = replace(wanted, live=Live(12, later(8)))
    raised = diff(_compiled(more, 3, **dynamic), before, later(3), allowed=0)
    assert _told(raised) == [("update", 7001)]


def _at(evse_id: int, item: Installed, **fields: Any) -> Installed:
    """Return a profile as that of another EVSE."""
    id_ = item.profile.id - item.profile.id % 100 + evse_id
    return Installed(evse_id, replace(item.profile, id=id_, **fields))


def test_what_goes_first_does_so_at_all_evses() -> None:
    """What is missing, what lowers, what raises, what is withdrawn: EVSE by EVSE in each."""
    plan = (Stretch(NOW, later(60), 8),)
    missing, low, high, withdrawn = (
        _compiled(Desired(baseline=LOW)),
        _compiled(Desired(baseline=LOW, live=Live(6, later(9)))),
        _compiled(Desired(baseline=LOW, live=Live(9, later(9)))),
        _compiled(Desired(baseline=LOW, plan=plan)),
    )
    pairs = [((), missing), (high, low), (low, high), (withdrawn, missing)]
    before, wanted = (
        [
            _at(evse_id, item)
            for turn in (0, 4)
            for evse_id, pair in enumerate(pairs, 1 + turn)
            for item in pair[end]
        ]
        for end in (0, 1)
    )
    assert _told(diff(wanted, before, NOW)) == [
        *(("set", id_) for id_ in (7101, 7105)),
        *(("set", id_) for id_ in (7002, 7006)),
        *(("set", id_) for id_ in (7003, 7007)),
        *(("clear", id_) for id_ in (7204, 7208)),
    ]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ((16.0, 20.0, None), [("set", 7300), ("set", 7100), ("clear", 7000)]),
        ((20.0, 16.0, None), [("set", 7100), ("set", 7300), ("clear", 7000)]),
        ((20.0, 20.0, 6.0), [("set", 7000), ("set", 7300), ("set", 7100)]),
    ],
)
def test_what_goes_first_for_the_whole_station(
    limits: tuple[float, float, float | None], told: list[tuple[str, int]]
) -> None:
    """The same holds for what concerns all EVSEs, as long as it is safe for each of them."""
    base, live = _compiled(Desired(baseline=LOW, live=Live(9, later(9))))

    def at_station(item: Installed, level: int, limit: float) -> Installed:
        schedule = replace(item.profile.schedule, periods=(Period(0, limit),))
        return _at(0, item, stack_level=level, schedule=schedule)

    def station(fuse_a: float, base_a: float, live_a: float | None) -> list[Installed]:
        lasting = [*_fuse(fuse_a), at_station(base, 0, base_a)]
        return [*lasting, at_station(live, 2, live_a)] if live_a else lasting

    own = [_at(evse_id, base, stack_level=1) for evse_id in (1, 2)]
    before = [*station(18, 18, 9), *own]
    changes = diff([*station(*limits), *own], before, NOW)
    assert _told(changes) == told


@pytest.mark.parametrize(("fuse_a", "told"), [(8, []), (16, [("update", 7000)])])
def test_update_for_all_waits_for_the_fuse_of_one(
    fuse_a: float, told: list[tuple[str, int]]
) -> None:
    """2.1: an update for the whole station is held against each EVSE."""
    dynamic = {
        "version": OcppVersion.V21,
        "kinds": frozenset({Kind.ABSOLUTE, Kind.DYNAMIC}),
    }

    def live(amperes: float) -> Installed:
        desired = Desired(baseline=LOW, live=Live(amperes, later(5)))
        return _at(0, _compiled(desired, **dynamic)[1])

    def fuse(amperes: float) -> Installed:
        return _at(2, _fuse(amperes)[0])

    held = _at(1, _fuse(6)[0])
    before, wanted = [held, live(6), fuse(10)], [held, live(16), fuse(fuse_a)]
    assert _told(diff(wanted, before, NOW, allowed=0)) == told


@pytest.mark.parametrize(("fuse_a", "told"), [(8, []), (16, [("update", 7001)])])
def test_update_that_waits_for_the_fuse(
    fuse_a: float, told: list[tuple[str, int]]
) -> None:
    """2.1: an update that allows too much before the fuse is lowered waits like the fuse."""
    dynamic = {
        "version": OcppVersion.V21,
        "kinds": frozenset({Kind.ABSOLUTE, Kind.DYNAMIC}),
    }
    low, high = (
        _compiled(Desired(baseline=LOW, live=Live(amperes, later(5))), **dynamic)
        for amperes in (6, 16)
    )
    before, wanted = (*low, *_fuse(10)), (*high, *_fuse(fuse_a))
    changes = diff(wanted, before, NOW, allowed=0)
    assert (_told(changes), changes.waiting) == (told, 2 - len(told))
    everything = diff(wanted, before, NOW, allowed=1)
    assert set(_told(everything)) == {("set", 7300), ("update", 7001)}


def test_dynamic_profile_of_another_evse_is_set() -> None:
    """2.1: what is to move from one EVSE to another can't be updated there."""
    dynamic = {
        "version": OcppVersion.V21,
        "kinds": frozenset({Kind.ABSOLUTE, Kind.DYNAMIC}),
    }
    base, live = _compiled(Desired(baseline=LOW, live=Live(6, later(5))), **dynamic)
    more = _compiled(Desired(baseline=LOW, live=Live(9, later(5))), **dynamic)
    assert _told(diff(more, [base, live], NOW)) == [("update", 7001)]
    moved = diff(more, [base, replace(live, evse_id=2)], NOW)
    assert _told(moved) == [("set", 7001)]


def test_what_is_barred_stays_as_it_was() -> None:
    """An own profile whose new place is another's is left where it is."""
    own = _compiled(Desired(baseline=FLAT))
    elsewhere = _compiled(Desired(baseline=FLAT), lease=False)
    taken = Installed(1, replace(elsewhere[0].profile, id=42))
    changes = diff(elsewhere, [*own, taken], NOW)
    assert changes.operations == ()
    assert [obstacle.foreign for obstacle in changes.obstacles] == [taken]


def test_what_is_barred_still_limits() -> None:
    """An own profile that stays as another has its new place holds in the end, too.

    The plan goes last, so the fuse is not raised before it: 8 A before, 6 A behind.
    """
    (base,) = _compiled(Desired(baseline=LOW))
    moved = Installed(1, replace(base.profile, stack_level=2))
    taken = Installed(1, replace(base.profile, id=42, stack_level=2, valid_to=later(5)))
    (_, plan) = _compiled(Desired(baseline=LOW, plan=(Stretch(NOW, later(600), 20.0),)))
    changes = diff([moved, *_fuse(16)], [base, taken, plan, *_fuse(8)], NOW)
    assert _told(changes) == [("clear", 7201), ("set", 7300)]


@pytest.mark.parametrize("id_", [7101, 7201])
def test_own_profile_without_meaning(id_: int) -> None:
    """What can't be read is replaced; under another id it has to go first."""
    (item,) = _compiled(Desired(baseline=FLAT))
    odd = replace(item.profile, id=id_, kind=Kind.RECURRING, recurrency=None)
    changes = diff([item], [Installed(1, odd)], NOW)
    expected = [("set", 7101)] if id_ == 7101 else [("clear", 7201), ("set", 7101)]
    assert _told(changes) == expected


@pytest.mark.parametrize(
    "change", [{"transaction_id": "other"}, {"kind": Kind.RELATIVE}]
)
def test_other_meaning_is_written(change: dict[str, Any]) -> None:
    """Another transaction, or another way to tell the time, is another profile."""
    session = Session(1, NOW, "T")
    plan = (Stretch(NOW, later(60), 6, 3), Stretch(later(60), later(90), 9, 1))
    able = {"purposes": frozenset({Purpose.TX}), "phase_switching": True}
    items = _compiled(Desired(baseline=FLAT, plan=plan), session=session, **able)
    before = [
        *items[:1],
        replace(items[1], profile=replace(items[1].profile, **change)),
    ]
    assert _told(diff(items, before, NOW, sessions=[session])) == [("set", 7701)]


def test_other_phases_are_written() -> None:
    """The same current on other phases is another."""
    able = {"phase_switching": True}
    one, three = (
        _compiled(Desired(baseline=FLAT, plan=(Stretch(NOW, later(60), 6, n),)), **able)
        for n in (1, 3)
    )
    assert _told(diff(three, one, NOW)) == [("set", 7201)]


def test_another_lease_is_written_anew() -> None:
    """2.1: an update changes the value of a Dynamic profile, not its duration."""
    dynamic = {
        "version": OcppVersion.V21,
        "kinds": frozenset({Kind.ABSOLUTE, Kind.DYNAMIC}),
    }
    before = _compiled(Desired(baseline=FLAT, live=Live(6, later(5))), **dynamic)
    longer = _compiled(Desired(baseline=FLAT, live=Live(6, later(9))), **dynamic)
    assert _told(diff(longer, before, NOW)) == [("set", 7001)]


_PLANS = st.lists(
    st.tuples(st.integers(5, 900), st.sampled_from([0.0, 6.0, 10.0, 16.0])), max_size=3
)


@st.composite
def _wishes(draw: st.DrawFn) -> tuple[Desired, float]:
    plan, minutes = [], 0
    for length, current in draw(_PLANS):
        plan.append(Stretch(later(minutes), later(minutes + length), current))
        minutes += length
    live = draw(
        st.none() | st.builds(Live, st.sampled_from([6.0, 9.0]), st.just(later(9)))
    )
    baseline = draw(
        st.sampled_from([FLAT, LOW, Daily(MIDNIGHT, ((0, 6.0), (21600, 16.0)))])
    )
    desired = Desired(baseline=baseline, plan=tuple(plan), live=live)
    return desired, draw(st.sampled_from([8.0, 12.0, 25.0]))


@settings(max_examples=80)
@given(_wishes(), _wishes(), st.integers(0, 4), st.booleans(), st.booleans())
def test_interrupted_changes_allow_no_more(
    before: tuple[Desired, float],
    wanted: tuple[Desired, float],
    allowed: int,
    watts: bool,
    copies: bool,
) -> None:
    """Wherever the messages stop, with fuses, watts and copies, nobody gets more than is right."""
    session = Session(1, later(-30), "T")
    able = {
        "units": frozenset({RateUnit.WATT if watts else RateUnit.AMPERE}),
        "default_reaches_running": not copies,
    }
    supply = _able(**able).supply
    states = [
        (
            *_compiled(desired, session=session, **able),
            *compile_fuse(fuse_a, _able(**able), NOW).profiles,
        )
        for desired, fuse_a in (before, wanted)
    ]
    changes = diff(
        states[1], states[0], NOW, allowed, sessions=[session], supply=supply
    )
    state = after(states[0], changes.operations)
    for minutes in range(0, 2800, 23):
        bound = max(_allowed(other, minutes, _able(**able)) for other in states)
        assert _allowed(state, minutes, _able(**able)) <= bound + 0.06
