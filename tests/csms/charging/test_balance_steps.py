"""Sharing circuits step by step, as cars draw: limits hold, and no order matters."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.balance import (
    PHASES,
    BalanceConfig,
    BalanceState,
    Circuit,
    Demand,
    Grant,
    GrantReason,
    PerPhase,
    balance,
)

NOW = datetime(2026, 1, 5, 18, tzinfo=UTC)
STEP = timedelta(seconds=30)


def _tree(silent: dict[str, float]) -> list[Circuit]:
    """Return a garage below the main fuse; those that are silent have a fallback."""
    limits = {"main": (12.0, 14.0, 16.0), "garage": (32.0, 32.0, 32.0)}
    return [
        Circuit(
            id=name,
            limit_a=limit_a,
            parent=None if name == "main" else "main",
            measured_a=None if name in silent else (0.0, 0.0, 0.0),
            fallback_a=silent.get(name, 0.0),
        )
        for name, limit_a in limits.items()
    ]


@pytest.mark.parametrize(
    ("silent", "phases", "grant"),
    [
        ({}, PHASES, Grant(12, GrantReason.CIRCUIT, "main")),
        ({"garage": 20.0}, PHASES, Grant(12, GrantReason.NO_METER, "main")),
        ({"garage": 8.0}, PHASES, Grant(8, GrantReason.NO_METER, "garage")),
        ({"garage": 5.0}, PHASES, Grant(0, GrantReason.NO_METER, "garage")),
        ({"main": 20.0}, PHASES, Grant(12, GrantReason.NO_METER, "main")),
        ({"main": 20.0}, (2,), Grant(14, GrantReason.NO_METER, "main")),
        ({"main": 20.0}, (3,), Grant(16, GrantReason.NO_METER, "main")),
        ({"main": 13.0}, (2, 3), Grant(13, GrantReason.NO_METER, "main")),
        ({"main": 50.0, "garage": 50.0}, (1,), Grant(12, GrantReason.NO_METER, "main")),
    ],
)
def test_silent_meter_on_the_way(
    silent: dict[str, float], phases: tuple[int, ...], grant: Grant
) -> None:
    """A fallback never exceeds the fuse, and any silent meter on the way is told."""
    car = Demand(id="a", circuit="garage", max_a=20, phases=phases)
    _, grants = balance(_tree(silent), [car], BalanceState(), NOW)
    assert grants["a"] == grant


def test_silent_meter_below_while_the_fuse_is_full() -> None:
    """Who waits behind a silent meter is told of it, though the main fuse is what is full."""
    cars = [
        Demand(id="a", circuit="main", min_a=8, priority=1),
        Demand(id="b", circuit="garage", min_a=8),
    ]
    state, grants = balance(_tree({"garage": 20.0}), cars, BalanceState(), NOW)
    assert grants["a"] == Grant(12, GrantReason.CIRCUIT, "main")
    assert grants["b"] == Grant(0, GrantReason.NO_METER, "main")
    assert state.shares["b"].limited


@pytest.mark.parametrize("hours", [1, 10, 100])
def test_standstill_is_not_counted(hours: int) -> None:
    """Of a time in which nobody looked no more than minutes count: turns go on as usual."""
    config = BalanceConfig(recovery=timedelta(0))
    fuse = Circuit(id="main", limit_a=(10.0,) * 3, measured_a=(0.0,) * 3)
    cars = [Demand(id=name, circuit="main") for name in "ab"]
    state, grants = balance([fuse], cars, BalanceState(), NOW, config)
    assert grants["a"].current_a == 10
    now, charged = NOW + timedelta(hours=hours), {"a": 0, "b": 0}
    for _ in range(240):
        state, grants = balance([fuse], cars, state, now, config)
        for name, grant in grants.items():
            charged[name] += grant.current_a > 0
        now += STEP
    assert sum(charged.values()) == 240
    assert abs(charged["a"] - charged["b"]) <= 60


# Properties.


@dataclass(frozen=True)
class _House:
    """Circuits and cars, and what the rest of the house draws behind each circuit."""

    circuits: list[Circuit]
    cars: list[Demand]

    @staticmethod
    def built(random: Random) -> _House:
        """Return a house of any shape."""
        circuits: list[Circuit] = []
        for number in range(random.randint(1, 5)):
            parents = [circuit.id for circuit in circuits]
            circuits.append(
                Circuit(
                    id=f"c{number}",
                    parent=random.choice(parents) if parents else None,
                    limit_a=_lines(random, 6, 63),
                    metered=random.random() < 0.8,
                    fallback_a=float(random.randint(0, 70)),
                )
            )
        cars = [
            Demand(
                id=f"d{number}",
                circuit=random.choice(circuits).id,
                min_a=random.choice([0.0, 6.0, 6.0, 8.0, 10.5, 13.0]),
                max_a=random.choice([13.0, 16.0, 32.0]),
                phases=random.choice([(1,), (2,), (3,), (2, 3), PHASES, PHASES]),
                priority=random.randint(0, 2),
            )
            for number in range(random.randint(1, 9))
        ]
        return _House(circuits, cars)

    def path(self, circuit_id: str) -> list[str]:
        """Return a circuit and all above it."""
        parents = {circuit.id: circuit.parent for circuit in self.circuits}
        path = [circuit_id]
        while (parent := parents[path[-1]]) is not None:
            path.append(parent)
        return path

    def carried(self, circuit_id: str, currents: dict[str, float]) -> list[float]:
        """Return what cars draw through a circuit, by phase."""
        return [
            sum(
                currents[car.id]
                for car in self.cars
                if phase in car.phases and circuit_id in self.path(car.circuit)
            )
            for phase in PHASES
        ]


def _lines(random: Random, least: float, most: float) -> PerPhase:
    one, two, three = (round(random.uniform(least, most), 1) for _ in PHASES)
    return one, two, three


def _shuffled[T](random: Random, items: list[T]) -> list[T]:
    return random.sample(items, len(items))


@settings(max_examples=200)
@given(st.integers(0, 1_000_000), st.sampled_from([0.1, 1.0, 2.0]))
def test_limits_hold_and_no_order_matters(seed: int, step_a: float) -> None:
    """With cars that draw, leave and come, and meters that fall silent, over many steps."""
    random = Random(seed)
    house = _House.built(random)
    config = BalanceConfig(step_a=step_a, turn=timedelta(minutes=5))
    state = turned = BalanceState()
    drawn = {car.id: 0.0 for car in house.cars}
    now = NOW
    for _ in range(20):
        others = {circuit.id: _lines(random, 0, 30) for circuit in house.circuits}
        circuits = [
            _measured(random, house, circuit, drawn, others[circuit.id])
            for circuit in house.circuits
        ]
        cars = [_now_wanting(random, car, drawn[car.id]) for car in house.cars]
        state, grants = balance(circuits, cars, state, now, config)
        turned, same = balance(
            _shuffled(random, circuits), _shuffled(random, cars), turned, now, config
        )
        assert (same, turned) == (grants, state)
        granted = {name: grant.current_a for name, grant in grants.items()}
        for circuit in circuits:
            room = _room(circuit, others[circuit.id])
            total = house.carried(circuit.id, granted)
            assert all(t <= r + 1e-6 for t, r in zip(total, room, strict=True))
        for car in cars:
            current = granted[car.id]
            assert current == 0 or car.min_a <= current <= car.max_a + 1e-9
        drawn = {name: random.choice([0, 0.7, 1, 1]) * a for name, a in granted.items()}
        now += STEP * random.choice([1, 1, 3])


def _measured(
    random: Random,
    house: _House,
    circuit: Circuit,
    drawn: dict[str, float],
    others: PerPhase,
) -> Circuit:
    """Return a circuit with what its meter shows, cars and others together; it may be silent."""
    if not circuit.metered or random.random() < 0.1:
        return circuit
    cars = house.carried(circuit.id, drawn)
    one, two, three = (a + b for a, b in zip(others, cars, strict=True))
    return replace(circuit, measured_a=(one, two, three))


def _now_wanting(random: Random, car: Demand, drawn_a: float) -> Demand:
    """Return what a car wants now: sometimes nothing, or less than usual."""
    most = random.choice([car.max_a, car.max_a, car.min_a, 0.0])
    return replace(car, min_a=min(car.min_a, most), max_a=most, drawn_a=drawn_a)


def _room(circuit: Circuit, others: PerPhase) -> list[float]:
    """Return what a circuit has for cars, by phase."""
    if not circuit.metered:
        return list(circuit.limit_a)
    if circuit.measured_a is None:
        return [min(limit, circuit.fallback_a) for limit in circuit.limit_a]
    pairs = zip(circuit.limit_a, others, strict=True)
    return [max(0.0, limit - other) for limit, other in pairs]
