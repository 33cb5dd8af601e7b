"""Compiled profiles: what is so of all of them."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st

from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.composite import Session
from custom_components.ocpp_csms.csms.charging.profile import (
    Desired,
    Live,
    Remark,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.timetable import Daily, Stretch
from custom_components.ocpp_csms.csms.model.profile import Kind, Purpose, RateUnit
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .profiles import (
    FLAT,
    MIDNIGHT,
    NIGHT,
    NOW,
    ability_of,
    assert_same,
    check_message,
    later,
    told_by,
    wanted_by,
)


@st.composite
def _abilities(draw: st.DrawFn) -> Capabilities:
    version = draw(st.sampled_from(list(OcppVersion)))
    kinds = {draw(st.sampled_from([Kind.ABSOLUTE, Kind.RELATIVE]))}
    kinds |= set(draw(st.lists(st.sampled_from([Kind.ABSOLUTE, Kind.RECURRING]))))
    if version is OcppVersion.V21 and draw(st.booleans()):
        kinds.add(Kind.DYNAMIC)
    return Capabilities(
        version=version,
        purposes=draw(
            st.sampled_from(
                [
                    frozenset({Purpose.TX_DEFAULT, Purpose.TX}),
                    frozenset({Purpose.TX_DEFAULT}),
                    frozenset({Purpose.TX}),
                ]
            )
        ),
        kinds=frozenset(kinds),
        units=frozenset({draw(st.sampled_from(list(RateUnit)))}),
        max_stack_level=draw(st.integers(0, 4)),
        max_periods=draw(st.integers(1, 20)),
        max_profiles=draw(st.none() | st.integers(1, 4)),
        step_a=draw(st.sampled_from([0.1, 1.0])),
        currents_a=draw(st.sampled_from([(), (6.0, 10.0, 13.0, 16.0)])),
        zero=draw(st.booleans()),
        phase_switching=draw(st.booleans()),
        phases=draw(st.sampled_from([1, 3])),
        voltage_v=draw(st.sampled_from([120.0, 230.0, 241.3])),
        lease=draw(st.booleans()),
        default_reaches_running=draw(st.booleans()),
    )


@st.composite
def _desires(draw: st.DrawFn) -> Desired:
    lengths = draw(st.lists(st.integers(1, 50), max_size=8))
    plan, time = [], NOW
    for index, quarters in enumerate(lengths):
        end = NOW.replace(minute=45, second=0) + timedelta(minutes=15) * sum(
            lengths[: index + 1]
        )
        current = draw(st.sampled_from([0.0, 6.0, 7.5, 10.0, 16.0]))
        plan.append(Stretch(time, end, current, 3 if current else None))
        time = end
        del quarters
    live = draw(
        st.none()
        | st.builds(
            Live,
            st.sampled_from([0.0, 6.0, 9.3, 16.0]),
            st.integers(-1, 40).map(later),
        )
    )
    return Desired(
        baseline=draw(st.sampled_from([FLAT, NIGHT, Daily(MIDNIGHT, ((0, 0.0),))])),
        plan=tuple(plan),
        live=live,
        fuse_a=draw(st.none() | st.sampled_from([10.0, 20.0])),
    )


@settings(max_examples=300)
@given(_abilities(), _desires(), st.booleans())
def test_there_and_back(
    ability: Capabilities, desired: Desired, charging: bool
) -> None:
    """What a station does with the profiles is what was desired, for all abilities.

    As long as the profiles claim to be exact, and but for what they remark.
    """
    session = Session(1, later(-45), "T1") if charging else None
    compiled = compile_profiles(desired, ability, NOW, 1, session)
    if Remark.NEEDS_TRANSACTION in compiled.remarks:
        assert session is None
        return
    end = min(compiled.exact_until or later(3000), later(3000))
    told = told_by(compiled, ability, session, 3000)
    assert_same(told, wanted_by(desired, ability), end)


@settings(max_examples=300)
@given(_abilities(), _desires(), st.booleans())
def test_valid_and_safe(
    ability: Capabilities, desired: Desired, charging: bool
) -> None:
    """Every message suits its schema and the station's limits; no gap is ever unlimited."""
    session = Session(1, later(-45), "77") if charging else None
    compiled = compile_profiles(desired, ability, NOW, 1, session)
    ids = [item.profile.id for item in compiled.profiles]
    assert len(set(ids)) == len(ids)
    places = {(i.profile.purpose, i.profile.stack_level) for i in compiled.profiles}
    assert len(places) == len(ids)
    for item in compiled.profiles:
        check_message(item, ability)
    if not compiled.profiles:
        return
    told = told_by(compiled, ability, session, 3000)
    most = max(
        [s.current_a for s in wanted_by(desired, ability)]
        + ([ability.least_a] if not ability.zero else [])
    )
    assert all(0 <= stretch.current_a <= most + 0.1 for stretch in told)


def test_example_of_the_documentation() -> None:
    """What docs/smart-charging.md tells of an evening is so."""
    begin = NOW.replace(hour=23, minute=0, second=0)
    end = begin + timedelta(minutes=90)
    plan = (Stretch(NOW, begin, 0), Stretch(begin, end, 16))
    desired = Desired(
        baseline=Daily(MIDNIGHT, ((0, 6.0),)), plan=plan, live=Live(9, later(5))
    )
    compiled = compile_profiles(desired, ability_of(), NOW, 1)
    assert [(i.profile.id, i.profile.stack_level) for i in compiled.profiles] == [
        (7101, 0),
        (7201, 1),
        (7001, 2),
    ]
    told = told_by(compiled, ability_of(), None, 600)
    assert [(stretch.start, stretch.current_a) for stretch in told] == [
        (NOW, 9),
        (later(5), 0),
        (begin, 16),
        (end, 6),
    ]
