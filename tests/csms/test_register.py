"""The energy register that never runs backwards."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.register import (
    RESET_EVIDENCE,
    SLACK_WH,
    Register,
    plausible_wh,
)

from .support import NOW


def _feed(register: Register, values: list[float], session: bool = False) -> None:
    for minute, value in enumerate(values, 1):
        at = NOW + timedelta(minutes=minute)
        register.take(value, at, NOW if session else None)


def test_first_value() -> None:
    """The first value is taken as it is."""
    register = Register()
    assert register.take(16_000_000, NOW) == 16_000_000


def test_zero_at_first() -> None:
    """A new meter stands at 0."""
    register = Register()
    assert register.take(0, NOW) == 0


def test_running() -> None:
    """What goes up is taken."""
    register = Register()
    _feed(register, [100, 200, 200, 1300])
    assert (register.lifetime_wh, register.quarantined) == (1300, 0)


@pytest.mark.parametrize("value", [-1, -16_000_000])
def test_negative(value: float) -> None:
    """A negative value is held back and counted."""
    register = Register(lifetime_wh=500, at=NOW)
    assert register.take(value, NOW) is None
    assert (register.lifetime_wh, register.quarantined) == (500, 1)


def test_negative_at_first() -> None:
    """A negative value is held back also as the first one."""
    register = Register()
    assert register.take(-1, NOW) is None
    assert register.lifetime_wh is None


@pytest.mark.parametrize("value", [0, 1, 499.999])
def test_backward(value: float) -> None:
    """A value from below is held back and counted."""
    register = Register(lifetime_wh=500, at=NOW)
    assert register.take(value, NOW) is None
    assert (register.lifetime_wh, register.quarantined) == (500, 1)


def test_drop_to_zero_and_back() -> None:
    """A register that drops to 0 for a moment is not seen to."""
    register = Register()
    _feed(register, [16_000_000, 0, 0, 16_000_100])
    assert (register.lifetime_wh, register.quarantined) == (16_000_100, 2)


def test_jump_is_no_energy() -> None:
    """A jump by megawatt hours, even if borne out, is a meter that counts from elsewhere."""
    register = Register(lifetime_wh=500, at=NOW)
    _feed(register, [16_000_000 + 10.0 * i for i in range(RESET_EVIDENCE)])
    assert (register.lifetime_wh, register.resets) == (500, 1)
    later = NOW + timedelta(hours=1)
    assert register.take(16_000_000 + 10.0 * RESET_EVIDENCE, later) == 510


def test_glitch_that_repeats() -> None:
    """The same nonsense any number of times is nonsense."""
    register = Register(lifetime_wh=500, at=NOW)
    _feed(register, [16_000_000.0] * (3 * RESET_EVIDENCE) + [510])
    assert (register.lifetime_wh, register.resets) == (510, 0)


def test_glitch_in_a_session() -> None:
    """One 0 in a session neither makes it relative nor adds the whole register to it."""
    register = _session(2_005_000, 0, 2_010_000, before=2_000_000)
    assert not register.session_relative
    assert register.lifetime_wh == 2_010_000


@pytest.mark.parametrize("value", [1e15, float("inf"), float("nan")])
def test_more_than_a_meter_counts(value: float) -> None:
    """What no meter has ever counted is held back, also as the first value."""
    register = Register()
    assert register.take(value, NOW) is None
    assert register.take(500, NOW) == 500


def test_single_jump() -> None:
    """A jump that the next value denies is never shown."""
    register = Register()
    _feed(register, [500, 16_000_000, 510])
    assert (register.lifetime_wh, register.quarantined) == (510, 1)


def test_long_absence_is_no_jump() -> None:
    """What can have flowed while nobody listened is taken at once."""
    register = Register(lifetime_wh=500, at=NOW)
    assert register.take(200_000, NOW + timedelta(days=1)) == 200_000


def test_replaced_meter() -> None:
    """So many rising values from below are a new meter; its count goes on from the old."""
    register = Register(lifetime_wh=16_000_000, at=NOW)
    _feed(register, [10.0 * i for i in range(RESET_EVIDENCE + 1)])
    assert (register.lifetime_wh, register.resets) == (16_000_010, 1)


def test_evidence_of_a_replaced_meter_is_consecutive() -> None:
    """A value that fits the old meter makes the count begin anew."""
    register = Register(lifetime_wh=16_000_000, at=NOW)
    few = [10.0 * i for i in range(RESET_EVIDENCE - 1)]
    _feed(register, [*few, 16_000_000, *few])
    assert (register.lifetime_wh, register.resets) == (16_000_000, 0)


def test_stuck_at_zero() -> None:
    """A register that says nothing but 0 is out of order, not replaced."""
    register = Register(lifetime_wh=16_000_000, at=NOW)
    _feed(register, [0.0] * (3 * RESET_EVIDENCE))
    assert (register.lifetime_wh, register.resets) == (16_000_000, 0)


def _session(*values: float, before: float = 50_000) -> Register:
    register = Register(lifetime_wh=before, at=NOW)
    register.begin_session(NOW)
    _feed(register, list(values), session=True)
    return register


def test_session_relative_is_recognised() -> None:
    """Values far below the register, and fit for the session, count from its start."""
    register = _session(0, 100, 250)
    assert register.session_relative
    assert (register.lifetime_wh, register.quarantined) == (50_250, 2)


def test_start_value_speaks_for_a_session_register() -> None:
    """With a start of 0 the first value is enough."""
    register = Register(lifetime_wh=50_000, at=NOW)
    register.begin_session(NOW, 0.0)
    _feed(register, [300], session=True)
    assert (register.lifetime_wh, register.session_relative) == (50_300, True)


def test_session_relative_over_two_sessions() -> None:
    """The next session adds to what the last one reached."""
    register = _session(0, 1000, 3000)
    register.begin_session(NOW)
    _feed(register, [0, 200], session=True)
    assert register.lifetime_wh == 53_200


def test_session_relative_ends_by_evidence() -> None:
    """More than a session can hold, and above the register, is a lifetime value again."""
    register = _session(0, 100, 200, before=500_000)
    _feed(register, [500_200, 500_300], session=True)
    assert not register.session_relative
    assert register.lifetime_wh == 500_300


def test_lifetime_register_in_a_session() -> None:
    """A register that runs on through a session is not mistaken."""
    register = _session(50_000, 50_100)
    assert not register.session_relative
    assert register.lifetime_wh == 50_100


def test_new_station_is_not_mistaken() -> None:
    """A register that begins at 0 with its first session is no session's register."""
    register = Register()
    register.begin_session(NOW)
    _feed(register, [0, 100, 200], session=True)
    assert not register.session_relative
    assert register.lifetime_wh == 200


def test_idle_values_of_a_session_relative_register() -> None:
    """Between sessions such a register says nothing of the lifetime."""
    register = _session(0, 2000, 5000)
    _feed(register, [5000.0] * (3 * RESET_EVIDENCE))
    assert (register.lifetime_wh, register.resets) == (55_000, 0)


@pytest.mark.parametrize(
    ("register", "start", "energy"),
    [
        (Register(lifetime_wh=1500), 1000, 500),
        (Register(lifetime_wh=1500), 1500, 0),
        (Register(lifetime_wh=1500), 2000, None),
        (Register(lifetime_wh=None), 1000, None),
        (
            Register(lifetime_wh=1500, session_relative=True, base_wh=1200),
            0,
            300,
        ),
    ],
)
def test_session_energy(register: Register, start: float, energy: float | None) -> None:
    """The energy of a session is the register less its start, where that makes sense."""
    assert register.session_energy(start) == energy


@pytest.mark.parametrize(
    ("seconds", "energy"), [(0, SLACK_WH), (-5, SLACK_WH), (3600, 501_000)]
)
def test_plausible(seconds: float, energy: float) -> None:
    """No more than half a megawatt flows."""
    assert plausible_wh(seconds) == energy


VALUES = st.floats(-1e6, 1e9) | st.sampled_from([0.0, 1.0, 16e6, -1.0])
STEPS = st.lists(st.tuples(VALUES, st.integers(-60, 3600), st.booleans()), max_size=60)


@given(STEPS)
def test_never_backwards(steps: list[tuple[float, int, bool]]) -> None:
    """Whatever comes, the register goes back only when it counts a reset."""
    register, at = Register(), NOW
    for value, seconds, in_session in steps:
        before, resets = register.lifetime_wh, register.resets
        at += timedelta(seconds=seconds)
        register.take(value, at, NOW if in_session else None)
        after = register.lifetime_wh
        if before is not None and register.resets == resets:
            assert after is not None
            assert after >= before


@given(STEPS)
def test_quarantined_values_are_never_shown(
    steps: list[tuple[float, int, bool]],
) -> None:
    """A value is shown, or counted as held back; never both."""
    register, at = Register(), NOW
    for value, seconds, in_session in steps:
        before, held = register.lifetime_wh, register.quarantined
        at += timedelta(seconds=seconds)
        shown = register.take(value, at, NOW if in_session else None)
        assert register.quarantined - held == (shown is None)
        assert register.lifetime_wh == (before if shown is None else shown)


@given(STEPS)
def test_no_reset_without_evidence(steps: list[tuple[float, int, bool]]) -> None:
    """A reset takes its number of held values."""
    register, at = Register(), NOW
    for value, seconds, in_session in steps:
        at += timedelta(seconds=seconds)
        register.take(value, at, NOW if in_session else None)
    assert register.quarantined >= register.resets * (RESET_EVIDENCE - 1)


@given(st.lists(st.floats(0, 500), max_size=40), st.floats(0, 1e8))
def test_honest_register(steps: list[float], start: float) -> None:
    """A register that only goes up by what can flow is shown as it is."""
    register, value = Register(), start
    for minute, step in enumerate(steps):
        value += step
        assert register.take(value, NOW + timedelta(minutes=minute)) == value
