"""Clocks that are wrong for a while: nothing is starved, nothing is stuck."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.ability import PhaseAbility
from custom_components.ocpp_csms.csms.charging.balance import (
    BalanceState,
    Circuit,
    Demand,
    Grant,
    GrantReason,
    Share,
    balance,
)
from custom_components.ocpp_csms.csms.charging.budget import Budget, Purse
from custom_components.ocpp_csms.csms.charging.phases import (
    PhaseConfig,
    PhaseObservation,
    PhaseReason,
    PhaseState,
    step as phase_step,
)
from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    SurplusConfig,
    SurplusReason,
    SurplusState,
    step,
)

T0 = datetime(2026, 6, 1, 12, tzinfo=UTC)
STEP = timedelta(seconds=30)
AHEAD = [timedelta(hours=1), timedelta(days=1), timedelta(days=3650)]


def hours(number: int) -> timedelta:
    """Return so many hours."""
    return timedelta(hours=number)


@pytest.mark.parametrize("ahead", AHEAD)
def test_leases_after_a_clock_was_ahead(ahead: timedelta) -> None:
    """A clock that was ahead once takes no writes away: no lease ends without its repetition."""
    config = SurplusConfig(budget=Budget(300))
    state, _ = step(SurplusState(), Observation(now=T0 + ahead, grid_w=0), config)
    told = T0
    for number in range(2000):
        now = T0 + STEP * number
        seen = Observation(now=now, grid_w=-5000.0 if number % 20 else 3000.0)
        state, setpoint = step(state, seen, config)
        told = now if setpoint.write else told
        assert now - told <= setpoint.lease


@pytest.mark.parametrize("ahead", [timedelta(minutes=40), *AHEAD])
def test_a_clock_that_was_ahead_gives_nothing(ahead: timedelta) -> None:
    """What came back by a clock that was ahead is taken away when it goes back."""
    budget = Budget(300)
    purse = Purse().at_time(T0, budget).take(75)
    ahead_purse = purse.at_time(T0 + ahead, budget)
    gained = ahead_purse.left
    assert gained is not None
    assert gained > 0
    back = ahead_purse.not_after(T0 + STEP).at_time(T0 + STEP, budget)
    assert back.left == pytest.approx(0)
    spent = ahead_purse.take(int(gained)).not_after(T0 + STEP)
    assert not spent.allows(budget)
    assert spent.at_time(T0 + timedelta(days=1), budget).allows(budget)


def test_time_that_was_watched_counts() -> None:
    """A clock that has been ahead for days, and is set right, takes nothing that came by then."""
    budget = Budget(300)
    purse = Purse().at_time(T0 - timedelta(days=9), budget)
    for number in range(3000):
        purse = purse.at_time(T0 + STEP * number, budget)
    assert purse.take(10).not_after(T0 - timedelta(days=3)).left == budget.burst - 10


_JUMP = st.tuples(
    st.integers(0, 2880), st.integers(1, 2880), st.integers(-20, 400).map(hours)
)


@settings(max_examples=60)
@given(
    jumps=st.lists(_JUMP, max_size=3),
    writes=st.sampled_from([8, 24, 300]),
    greedy=st.integers(1, 40),
)
@example(
    jumps=[(1, 4, hours(6)), (5, 3, hours(24)), (9, 4, hours(48))], writes=8, greedy=1
)
def test_a_budget_holds_whatever_the_clock(
    jumps: list[tuple[int, int, timedelta]], writes: int, greedy: int
) -> None:
    """In no 24 hours by the right clock more than the budget; while it is ahead a burst more."""
    budget = Budget(writes)
    purse, told = Purse(), list[int]()
    late = T0 + timedelta(minutes=5760)
    for minute in range(5760):
        ahead = timedelta()
        for begin, length, jump in jumps:
            if begin <= minute < begin + length:
                ahead += jump
        now = min(T0 + timedelta(minutes=minute) + ahead, late + hours(1300))
        purse = purse.not_after(now).at_time(now, budget)
        if minute % greedy == 0 and purse.allows(budget):
            purse = purse.take(1)
            told.append(minute)
    for number, first in enumerate(told):
        within = sum(minute < first + 1440 for minute in told[number:])
        assert within <= writes + len(jumps) * budget.burst + 1
    # Two days after the last jump what was written too much has come back.
    over = max((begin + length for begin, length, _ in jumps), default=0)
    if over + 2880 < 5760:
        assert any(over <= minute < over + 2880 for minute in told)


def test_a_budget_that_is_lifted() -> None:
    """Whoever may write without end may do so at once."""
    purse = Purse().at_time(T0, Budget(300)).take(75)
    free = purse.at_time(T0, Budget(None)).take(1)
    assert free.allows(Budget(None), keep=2)
    back = free.at_time(T0 + STEP, Budget(300))
    assert back.left == Budget(300).burst


def test_writes_before_the_first_step() -> None:
    """What others have written before the time is known counts too."""
    budget = Budget(300)
    state = SurplusState().after_writing(70)
    assert state.purse.at_time(T0, budget).left == budget.burst - 70


METERED = Circuit(id="main", limit_a=(25.0,) * 3, measured_a=(0.0,) * 3, fallback_a=6.0)


def _balance(
    state: BalanceState, now: datetime, limit_a: float = 25.0, *names: str
) -> tuple[BalanceState, dict[str, Grant]]:
    circuit = Circuit(id="main", limit_a=(limit_a,) * 3, measured_a=(0.0,) * 3)
    demands = [Demand(id=name, circuit="main") for name in names or ("a",)]
    return balance([circuit], demands, state, now)


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_measurement_of_the_future(ahead: timedelta) -> None:
    """Nobody knows how old it is: the fallback holds."""
    circuit = Circuit(
        id="main",
        limit_a=(25.0,) * 3,
        measured_a=(0.0,) * 3,
        measured_at=T0 + ahead,
        fallback_a=6.0,
    )
    demand = Demand(id="a", circuit="main")
    _, grants = balance([circuit], [demand], BalanceState(), T0)
    assert (grants["a"].current_a, grants["a"].reason) == (6, GrantReason.NO_METER)


def test_a_measurement_of_the_next_second() -> None:
    """Clocks differ a little: that is no measurement of the future."""
    circuit = Circuit(
        id="main",
        limit_a=(25.0,) * 3,
        measured_a=(0.0,) * 3,
        measured_at=T0 + timedelta(seconds=2),
    )
    _, grants = balance([circuit], [Demand(id="a", circuit="main")], BalanceState(), T0)
    assert grants["a"].reason is GrantReason.FULL


@pytest.mark.parametrize("ahead", AHEAD)
def test_recovery_after_a_clock_was_ahead(ahead: timedelta) -> None:
    """What was to wait until the future waits no longer than usual."""
    share = Share(6, T0 + ahead, 16, served_s=0, limited=True)
    state, grants = _balance(BalanceState({"a": share}), T0)
    assert grants["a"].reason is GrantReason.RECOVERING
    _, grants = _balance(state, T0 + timedelta(seconds=61))
    assert grants["a"].current_a == 16


@pytest.mark.parametrize("ahead", AHEAD)
def test_turns_after_a_clock_was_ahead(ahead: timedelta) -> None:
    """Two cars change places as ever."""
    state, _ = _balance(BalanceState(), T0 + ahead, 9.0, "a", "b")
    served = set()
    for minutes in range(90):
        now = T0 + timedelta(minutes=minutes)
        state, grants = _balance(state, now, 9.0, "a", "b")
        served |= {name for name, grant in grants.items() if grant.current_a}
    assert served == {"a", "b"}


def test_room_has_to_last() -> None:
    """What came only just now is given only when it has lasted, too."""
    state, grants = BalanceState(), {}

    def go(seconds: float, others_a: float) -> Grant:
        nonlocal state, grants
        circuit = Circuit(
            id="main",
            limit_a=(30.0,) * 3,
            measured_a=(others_a + (grants["a"].current_a if grants else 0.0),) * 3,
        )
        drawn = grants["a"].current_a if grants else 0.0
        demand = Demand(id="a", circuit="main", drawn_a=drawn)
        now = T0 + timedelta(seconds=seconds)
        state, grants = balance([circuit], [demand], state, now)
        return grants["a"]

    assert go(0, 22).current_a == 8
    assert go(10, 21).reason is GrantReason.RECOVERING
    early = go(71, 0)
    assert (early.current_a, early.reason) == (9, GrantReason.RECOVERING)
    assert go(100, 0).current_a == 9
    assert go(140, 0).current_a == 16


def test_contradiction_begins_the_wait_anew() -> None:
    """What flowed against what the charger says is no time in which phases were waited for."""
    config, state = PhaseConfig(), PhaseState()

    def go(seconds: float, measured: int | None) -> PhaseReason:
        nonlocal state
        ability = PhaseAbility(switchable=True, connected=1, measured=measured)
        now = T0 + timedelta(seconds=seconds)
        seen = PhaseObservation(now=now, site_w=-9000.0, charge_w=3680.0)
        state, choice = phase_step(state, seen, ability, config)
        assert choice.switch_to is None
        return choice.reason

    assert go(0, 1) is PhaseReason.MORE
    assert go(30, 3) is PhaseReason.CONTRADICTORY
    assert go(61, 1) is PhaseReason.MORE


def test_no_reason_is_left_out() -> None:
    """A surplus step after any jump still has a reason."""
    state, config = SurplusState(), SurplusConfig()
    for ahead in (*AHEAD, timedelta(), -timedelta(days=1)):
        state, setpoint = step(state, Observation(now=T0 + ahead, grid_w=0), config)
        assert setpoint.reason in SurplusReason
