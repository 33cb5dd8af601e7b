"""Sharing circuits: never too much, evenly, in turn."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.balance import (
    BalanceConfig,
    BalanceState,
    Circuit,
    Demand,
    Grant,
    GrantReason,
    PerPhase,
    Share,
    balance,
)
from custom_components.ocpp_csms.csms.charging.errors import ChargingError

from .vectors import cases

NOW = datetime(2026, 1, 5, 18, tzinfo=UTC)
FINE = BalanceConfig(step_a=0.1)


def _fuse(limit: float, *, other: float | None = 0.0, **fields: Any) -> Circuit:
    measured: PerPhase | None = None if other is None else (other, other, other)
    values = {"id": "main", "limit_a": (limit,) * 3, "measured_a": measured}
    return Circuit(**(values | fields))


def _car(name: str, **fields: Any) -> Demand:
    return Demand(**({"id": name, "circuit": "main"} | fields))


def _share(
    circuits: list[Circuit], demands: list[Demand], config: BalanceConfig = FINE
) -> dict[str, Grant]:
    return balance(circuits, demands, BalanceState(), NOW, config)[1]


def _currents(grants: dict[str, Grant]) -> dict[str, float]:
    return {name: round(grant.current_a, 6) for name, grant in grants.items()}


@pytest.mark.parametrize(
    ("limit", "demands", "currents"),
    [
        pytest.param(32, [{}], {"a": 16}, id="enough"),
        pytest.param(10, [{}], {"a": 10}, id="less than wanted"),
        pytest.param(5, [{}], {"a": 0}, id="less than the minimum"),
        pytest.param(20, [{}, {}], {"a": 10, "b": 10}, id="evenly"),
        pytest.param(
            25, [{"max_a": 8}, {}], {"a": 8, "b": 16}, id="the rest to others"
        ),
        pytest.param(
            20, [{"priority": 1}, {}], {"a": 14, "b": 6}, id="priority after minimums"
        ),
        pytest.param(10, [{}, {"priority": 1}], {"a": 0, "b": 10}, id="priority first"),
        pytest.param(
            16,
            [{"phases": (1,)}, {"phases": (2,)}],
            {"a": 16, "b": 16},
            id="different phases",
        ),
        pytest.param(
            16,
            [{"phases": (1,)}, {"phases": (1, 2, 3)}],
            {"a": 8, "b": 8},
            id="one phase shared",
        ),
    ],
)
def test_shares(
    limit: float, demands: list[dict[str, Any]], currents: dict[str, float]
) -> None:
    """Minimums first, then evenly, then the next priority."""
    cars = [_car(name, **fields) for name, fields in zip("ab", demands, strict=False)]
    assert _currents(_share([_fuse(limit)], cars)) == currents


def test_other_loads_count_less_what_the_cars_draw() -> None:
    """What flows is the house and the cars; the cars' part is theirs to share."""
    cars = [_car("a", drawn_a=10), _car("b", drawn_a=0)]
    assert _currents(_share([_fuse(25, other=15)], cars)) == {"a": 10, "b": 10}


def test_tree() -> None:
    """The circuit that binds may be far up, and is named."""
    circuits = [
        _fuse(16, id="main"),
        _fuse(32, id="garage", parent="main"),
    ]
    grants = _share(circuits, [_car("a", circuit="garage", max_a=32)])
    assert grants["a"] == Grant(pytest.approx(16), GrantReason.CIRCUIT, "main")


@pytest.mark.parametrize(
    ("circuit", "grant"),
    [
        (_fuse(32, other=None, fallback_a=8), (8, GrantReason.NO_METER)),
        (_fuse(32, other=None), (0, GrantReason.NO_METER)),
        (_fuse(12, other=None, metered=False), (12, GrantReason.CIRCUIT)),
    ],
    ids=["fallback", "no fallback", "no other loads"],
)
def test_silent_meter(circuit: Circuit, grant: tuple[float, GrantReason]) -> None:
    """Without its meter a circuit gives no more than what is safe."""
    shared = _share([circuit], [_car("a")])["a"]
    assert (shared.current_a, shared.reason) == (pytest.approx(grant[0]), grant[1])


def test_steps() -> None:
    """Grants come in steps from the minimum, rounded down."""
    config = BalanceConfig(step_a=2)
    assert _currents(_share([_fuse(11.9)], [_car("a")], config)) == {"a": 10}


def test_overload_acts_at_once_and_recovery_waits() -> None:
    """A grant falls at once, and rises only when it has been possible for a while."""
    state = BalanceState()
    seen = []
    for seconds, other in ((0, 0), (10, 22), (20, 0), (79, 0), (80, 0)):
        at = NOW + timedelta(seconds=seconds)
        state, grants = balance([_fuse(30, other=other)], [_car("a")], state, at, FINE)
        seen.append((round(grants["a"].current_a, 6), grants["a"].reason))
    assert seen == [
        (16, GrantReason.FULL),
        (8, GrantReason.CIRCUIT),
        (8, GrantReason.RECOVERING),
        (8, GrantReason.RECOVERING),
        (16, GrantReason.FULL),
    ]


def test_turns() -> None:
    """Where not all can charge, each has its turn."""
    state, charged = BalanceState(), []
    config = BalanceConfig(recovery=timedelta(0))
    cars = [_car(name) for name in "abc"]
    for minutes in range(0, 100, 10):
        at = NOW + timedelta(minutes=minutes)
        state, grants = balance([_fuse(10)], cars, state, at, config)
        charged += [name for name, grant in grants.items() if grant.current_a]
        waiting = [g.reason for g in grants.values() if not g.current_a]
        assert waiting == [GrantReason.WAITING] * 2
    assert charged == ["a"] * 3 + ["b"] * 3 + ["c"] * 3 + ["a"]


@pytest.mark.parametrize(("seconds", "granted"), [(0, 16), (90, 16), (91, 6)])
def test_measurement_of_long_ago(seconds: float, granted: float) -> None:
    """What was measured too long ago is not known any more."""
    fuse = _fuse(30, measured_at=NOW - timedelta(seconds=seconds), fallback_a=6)
    assert _currents(_share([fuse], [_car("a")])) == {"a": granted}


def test_recovery_begins_anew_with_each_overload() -> None:
    """A kettle that is on now and then does not make a car begin and stop with it."""
    state, seen = BalanceState(), []
    for seconds in range(0, 600, 10):
        at = NOW + timedelta(seconds=seconds)
        other = 22 if seconds % 70 == 10 else 0
        state, grants = balance([_fuse(30, other=other)], [_car("a")], state, at, FINE)
        seen.append(grants["a"].current_a)
    assert seen[0] == 16
    assert set(seen[1:]) == {8}


@pytest.mark.parametrize("cars", [2, 3, 4, 5])
@pytest.mark.parametrize("places", [1, 2, 3])
@pytest.mark.parametrize("step_s", [30, 600])
def test_turns_are_even(cars: int, places: int, step_s: int) -> None:
    """Over a day each of several cars has about its share, however many there are."""
    config = BalanceConfig(recovery=timedelta(0))
    demands = [_car(f"c{number}") for number in range(cars)]
    state, hours = BalanceState(), dict.fromkeys((d.id for d in demands), 0.0)
    for seconds in range(0, 86_400, step_s):
        at = NOW + timedelta(seconds=seconds)
        state, grants = balance([_fuse(6 * places)], demands, state, at, config)
        for name, grant in grants.items():
            hours[name] += (grant.current_a > 0) * step_s / 3600
    share = min(1.0, places / cars) * 24
    assert all(0.75 * share < served < 1.3 * share for served in hours.values()), hours


def test_unequal_minimums() -> None:
    """What is left lifts the lowest first."""
    cars = [_car("a"), _car("b", min_a=10)]
    assert _currents(_share([_fuse(24)], cars)) == {"a": 12, "b": 12}
    assert _currents(_share([_fuse(18)], cars)) == {"a": 8, "b": 10}


@pytest.mark.parametrize(
    ("circuits", "demands", "reason"),
    [
        ([_fuse(nan)], [], "circuit_not_a_number"),
        ([_fuse(-1)], [], "circuit_negative"),
        ([_fuse(1), _fuse(2)], [], "circuit_twice"),
        ([_fuse(1, parent="x")], [], "circuit_unknown"),
        ([_fuse(1, parent="main")], [], "circuits_in_a_ring"),
        ([_fuse(1)], [_car("a", circuit="x")], "circuit_unknown"),
        ([_fuse(1)], [_car("a", max_a=nan)], "demand_not_a_number"),
        ([_fuse(1)], [_car("a", min_a=9, max_a=8)], "minimum_above_maximum"),
        ([_fuse(1)], [_car("a", phases=())], "phases_unknown"),
        ([_fuse(1)], [_car("a"), _car("a")], "demand_twice"),
    ],
)
def test_what_makes_no_sense(
    circuits: list[Circuit], demands: list[Demand], reason: str
) -> None:
    """What makes no sense is refused with its reason."""
    with pytest.raises(ChargingError, match=reason):
        _share(circuits, demands)


_CURRENT = st.floats(0, 60).map(lambda value: round(value, 1))
_PER_PHASE = st.tuples(_CURRENT, _CURRENT, _CURRENT)


@st.composite
def _house(draw: st.DrawFn) -> tuple[list[Circuit], list[Demand]]:
    circuits = [Circuit(id="c0", limit_a=draw(_PER_PHASE), measured_a=draw(_PER_PHASE))]
    for number in range(1, draw(st.integers(1, 4))):
        parent = f"c{draw(st.integers(0, number - 1))}"
        silent = draw(st.booleans())
        circuits.append(
            Circuit(
                id=f"c{number}",
                limit_a=draw(_PER_PHASE),
                parent=parent,
                measured_a=None if silent else draw(_PER_PHASE),
                fallback_a=draw(_CURRENT),
            )
        )
    demands = [
        Demand(
            id=f"d{number}",
            circuit=draw(st.sampled_from(circuits)).id,
            max_a=draw(st.sampled_from([6.0, 10.0, 16.0, 32.0])),
            phases=draw(st.sampled_from([(1,), (2,), (3,), (1, 2, 3), (2, 3)])),
            priority=draw(st.integers(0, 2)),
            drawn_a=0.0,
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    return circuits, demands


@settings(max_examples=150)
@given(_house())
def test_no_circuit_gets_more_than_it_carries(
    house: tuple[list[Circuit], list[Demand]],
) -> None:
    """On no phase of no circuit do grants and other loads exceed the limit."""
    circuits, demands = house
    grants = _share(circuits, demands)
    parents = {circuit.id: circuit.parent for circuit in circuits}
    for circuit in circuits:
        for phase in (1, 2, 3):
            total = 0.0
            for demand in demands:
                at: str | None = demand.circuit
                while at not in (None, circuit.id):
                    at = parents[str(at)]
                if at == circuit.id and phase in demand.phases:
                    total += grants[demand.id].current_a
            others = circuit.measured_a[phase - 1] if circuit.measured_a else 0.0
            room = max(0.0, circuit.limit_a[phase - 1] - others)
            if circuit.measured_a is None:
                room = min(circuit.limit_a[phase - 1], circuit.fallback_a)
            assert total <= room + 1e-6


@settings(max_examples=80)
@given(_house(), st.randoms())
def test_order_changes_nothing(
    house: tuple[list[Circuit], list[Demand]], random: Any
) -> None:
    """However circuits and demands are listed, the grants are the same."""
    circuits, demands = list(house[0]), list(house[1])
    grants = _share(circuits, demands)
    random.shuffle(circuits)
    random.shuffle(demands)
    assert _share(circuits, demands) == grants


@settings(max_examples=80)
@given(_house())
def test_between_minimum_and_maximum_or_nothing(
    house: tuple[list[Circuit], list[Demand]],
) -> None:
    """Every grant is one that a charger can keep."""
    circuits, demands = house
    for demand in demands:
        current = _share(circuits, demands)[demand.id].current_a
        assert current == 0 or demand.min_a <= current <= demand.max_a + 1e-9


def test_higher_priority_never_gets_less_by_a_lower_one() -> None:
    """A further car of lower priority takes nothing from the first but its minimum."""
    alone = _share([_fuse(20)], [_car("a", priority=1)])["a"].current_a
    both = _share([_fuse(20)], [_car("a", priority=1), _car("b")])["a"].current_a
    assert (alone, both) == (pytest.approx(16), pytest.approx(14))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"step_a": 0}, "step_not_positive"),
        ({"step_a": nan}, "step_not_positive"),
        ({"turn": timedelta(-1)}, "delay_negative"),
    ],
)
def test_settings_that_make_no_sense(fields: dict[str, Any], reason: str) -> None:
    """So is a way of sharing."""
    with pytest.raises(ChargingError, match=reason):
        BalanceConfig(**fields)


def test_unused_demand() -> None:
    """An EVSE that wants nothing gets nothing and blocks nobody."""
    cars = [replace(_car("a"), min_a=0, max_a=0), _car("b")]
    assert _currents(_share([_fuse(16)], cars)) == {"a": 0, "b": 16}


@pytest.mark.parametrize("case", cases("planner_cases.json", "circuit"))
def test_circuit_vectors(case: dict[str, Any]) -> None:
    """What a tree of two circuits allows one car, as in a proven controller.

    Where others feed into a circuit we let nobody draw more than its fuse carries: what
    they feed can be gone before the next measurement.
    """
    ask = case["input"]
    circuits = [
        Circuit(
            id=name,
            parent="parent" if name == "child" else None,
            limit_a=(float(ask["limit"][name]),) * 3,
            measured_a=(float(ask["measured"][name]),) * 3,
        )
        for name in ("parent", "child")
    ]
    fed = min(ask["measured"].values()) < 0
    allowed = min(case["expected"]["allowed"], *ask["limit"].values())
    assert _allowed(circuits, ask) == pytest.approx(
        allowed if fed else case["expected"]["allowed"]
    )


@pytest.mark.parametrize("case", cases("planner_cases.json", "circuit_cap"))
def test_cap_vectors(case: dict[str, Any]) -> None:
    """A cap from outside is one more circuit above the house's own."""
    ask = case["input"]
    most = [ask["external_cap_w"] or 1e6, ask["max_w"] or 1e6]
    circuits = [
        Circuit(
            id=name,
            parent=parent,
            limit_a=(watts / 690,) * 3,
            measured_a=(ask["measured_w"] / 690,) * 3,
        )
        for name, parent, watts in zip(
            ("cap", "child"), (None, "cap"), most, strict=True
        )
    ]
    amperes = {"old": ask["old"] / 690, "new": ask["new"] / 690}
    assert _allowed(circuits, amperes) * 690 == pytest.approx(
        case["expected"]["allowed"], abs=1
    )


def _allowed(circuits: list[Circuit], ask: Mapping[str, float]) -> float:
    """Return what a car that draws `old` A gets when it wants `new` A."""
    car = Demand(
        id="car", circuit="child", min_a=0, max_a=ask["new"], drawn_a=ask["old"]
    )
    config = BalanceConfig(step_a=0.001)
    state = BalanceState({"car": Share(current_a=ask["old"])})
    return balance(circuits, [car], state, NOW, config)[1]["car"].current_a


@pytest.mark.parametrize(("cars", "limit_a"), [(5, 13), (7, 20), (5, 20)])
def test_turns_are_even_in_the_long_run(cars: int, limit_a: float) -> None:
    """Of more cars than fit each charges as long as the others, with delays as they come."""
    state, served, now = BalanceState(), dict.fromkeys(map(str, range(cars)), 0), NOW
    demands = [_car(name) for name in served]
    for _ in range(24 * 120):
        state, grants = balance([_fuse(limit_a)], demands, state, now)
        for name, grant in grants.items():
            served[name] += grant.current_a > 0
        now += timedelta(seconds=30)
    assert max(served.values()) - min(served.values()) <= 2 * 60
    assert sum(served.values()) / (24 * 120) >= 0.9 * (limit_a // 6)


def test_who_comes_late_takes_no_more_than_others() -> None:
    """One that has waited for nobody does not charge until it has had as much as all."""
    state, now, served = BalanceState(), NOW, {"a": 0, "b": 0, "late": 0}
    for step in range(20 * 120):
        cars = [_car("a"), _car("b"), *([_car("late")] if step >= 12 * 120 else [])]
        state, grants = balance([_fuse(8)], cars, state, now)
        for name, grant in grants.items():
            served[name] += grant.current_a > 0 and step >= 12 * 120
        now += timedelta(seconds=30)
    assert max(served.values()) - min(served.values()) <= 2 * 60


def test_what_others_feed_in_is_not_given_away() -> None:
    """Sun behind a circuit's meter may be gone in a moment: the fuse's limit is the limit."""
    feeding = _fuse(16, other=-20.0)
    assert _currents(_share([feeding], [_car("a", max_a=32)])) == {"a": 16}


def test_what_is_held_back_is_never_below_the_minimum() -> None:
    """A car whose minimum has risen meanwhile waits at a pause, not at too little."""
    state, _ = balance([_fuse(7)], [_car("a")], BalanceState(), NOW, FINE)
    dear = _car("a", min_a=8.0)
    _, grants = balance([_fuse(20)], [dear], state, NOW + timedelta(seconds=1), FINE)
    assert grants["a"] == Grant(0.0, GrantReason.RECOVERING)


@pytest.mark.parametrize(
    ("circuit", "demand", "reason"),
    [
        ({"limit_a": (16.0,)}, {}, "phases_unknown"),
        ({"measured_a": (1.0,)}, {}, "phases_unknown"),
        ({}, {"phases": (1, 1)}, "phases_unknown"),
        ({}, {"priority": nan}, "priority_not_a_number"),
    ],
)
def test_more_that_makes_no_sense(
    circuit: dict[str, Any], demand: dict[str, Any], reason: str
) -> None:
    """What cannot be is named."""
    with pytest.raises(ChargingError, match=reason):
        _share([_fuse(16, **circuit)], [_car("a", **demand)])


def test_time_without_zone() -> None:
    """A time of which nobody knows the zone is refused."""
    with pytest.raises(ChargingError, match="time_without_zone"):
        balance([_fuse(16)], [], BalanceState(), NOW.replace(tzinfo=None))


def test_car_that_wants_nothing_waits_for_nothing() -> None:
    """Whoever did not want anything gets all at once when it does: nothing recovers."""
    idle = _car("a", min_a=0.0, max_a=0.0)
    state, grants = balance([_fuse(25)], [idle], BalanceState(), NOW)
    assert grants["a"] == Grant(0.0, GrantReason.FULL)
    _, grants = balance([_fuse(25)], [_car("a")], state, NOW + timedelta(seconds=30))
    assert grants["a"] == Grant(16.0, GrantReason.FULL)
