"""Sharing circuits among EVSEs: who may draw how much, so that no fuse trips.

Circuits form a tree; each has a limit per phase and, if it is metered, what flows now.
Minimum currents come first, in the order of priority; then the highest priority is raised
evenly (max-min fair) until something binds, then the next. The order in which circuits and
demands are given changes nothing. An overload acts at once, a recovery waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor, inf

from .errors import ChargingError
from .figures import is_figure
from .times import utc

PHASES = (1, 2, 3)
_EPSILON = 1e-9
_LONGEST_STEP_S = 300.0
"""Longer ago than this nobody knows what was charged."""

type PerPhase = tuple[float, float, float]
"""A value for L1, L2 and L3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A fuse and what hangs on it; currents in A per phase.

    `measured_a` is what flowed through it at `measured_at`, None where it has no meter or the
    meter is silent: then, and when that was too long ago, the EVSEs on it share
    `fallback_a`, whatever else may be on it.
    """

    id: str
    limit_a: PerPhase
    parent: str | None = None
    measured_a: PerPhase | None = None
    measured_at: datetime | None = None
    """None is now."""
    metered: bool = True
    """Whether other loads than the EVSEs are on it; without them no meter is needed."""
    fallback_a: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What an EVSE wants: between `min_a` and `max_a` on `phases` of the house, or nothing.

    `drawn_a` is what it draws now, per phase of its own; higher priorities come first.
    """

    id: str
    circuit: str
    min_a: float = 6.0
    max_a: float = 16.0
    phases: tuple[int, ...] = PHASES
    priority: int = 0
    drawn_a: float = 0.0


class GrantReason(StrEnum):
    """What a grant depends on."""

    FULL = "full"
    """It gets all that it wants, be it nothing."""
    CIRCUIT = "circuit"
    NO_METER = "no_meter"
    WAITING = "waiting"
    """There is not enough for its minimum now; its turn comes."""
    RECOVERING = "recovering"
    """More is there again, but not for long enough."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an EVSE may draw, in A per phase; 0 is a pause. `circuit` is what binds it."""

    current_a: float
    reason: GrantReason
    circuit: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What is remembered of an EVSE between two steps."""

    current_a: float = 0.0
    room_since: datetime | None = None
    """Since when more could be given, while it is not given yet."""
    room_a: float = 0.0
    """The least that could be given since then."""
    began_at: datetime | None = None
    """Begin of its present turn."""
    served_s: float | None = None
    """How long it has charged since it wants to, but for what all others have had before; None
    while it wants nothing.
    """
    limited: bool = False
    """Whether a circuit kept it below what it wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceConfig:
    """How sharing is done."""

    step_a: float = 1.0
    recovery: timedelta = timedelta(seconds=60)
    stale: timedelta = timedelta(seconds=90)
    """How old a measurement may be; one of the future, by a clock that is wrong, as much."""
    turn: timedelta = timedelta(minutes=30)
    """How long an EVSE charges before others have their turn, where not all can."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not is_figure(self.step_a) or self.step_a <= 0:
            raise ChargingError("step_not_positive", str(self.step_a))
        if min(self.recovery, self.turn, self.stale) < timedelta():
            raise ChargingError("delay_negative")


@dataclass(frozen=True, slots=True)
class BalanceState:
    """What is remembered between two steps, by demand, and when the last one was."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(slots=True)
class _Room:
    """What is left on a circuit, per phase."""

    left_a: list[float]
    fallback: bool


class _House:
    """The rooms of all circuits while they are given away."""

    def __init__(
        self,
        circuits: Iterable[Circuit],
        demands: Sequence[Demand],
        now: datetime,
        config: BalanceConfig,
    ) -> None:
        self.circuits = _check_circuits(
            replace(circuit, measured_a=None)
            if circuit.measured_at is not None
            and abs(now - utc(circuit.measured_at)) > config.stale
            else circuit
            for circuit in circuits
        )
        self.rooms: dict[str, _Room] = {}
        self._paths = {
            circuit_id: self._path(circuit_id) for circuit_id in self.circuits
        }
        for demand in demands:
            _check_demand(demand, self.circuits)
        for circuit in self.circuits.values():
            self.rooms[circuit.id] = self._room(circuit, demands)

    def _path(self, circuit_id: str) -> tuple[str, ...]:
        path: list[str] = []
        at: str | None = circuit_id
        while at is not None:
            if at in path:
                raise ChargingError("circuits_in_a_ring", at)
            path.append(at)
            parent = self.circuits[at].parent
            if parent is not None and parent not in self.circuits:
                raise ChargingError("circuit_unknown", parent)
            at = parent
        return tuple(path)

    def _room(self, circuit: Circuit, demands: Sequence[Demand]) -> _Room:
        """Return what a circuit has for EVSEs: its limit less what others draw."""
        if circuit.metered and circuit.measured_a is None:
            left = [min(limit, circuit.fallback_a) for limit in circuit.limit_a]
            return _Room(left, fallback=True)
        others = [0.0, 0.0, 0.0]
        if circuit.measured_a is not None and circuit.metered:
            own = [0.0, 0.0, 0.0]
            for demand in sorted(demands, key=lambda demand: demand.id):
                if circuit.id in self.path(demand):
                    for phase in demand.phases:
                        own[phase - 1] += demand.drawn_a
            others = [
                max(0.0, flows - mine)
                for flows, mine in zip(circuit.measured_a, own, strict=True)
            ]
        left = [
            max(0.0, limit - other)
            for limit, other in zip(circuit.limit_a, others, strict=True)
        ]
        return _Room(left, fallback=False)

    def path(self, demand: Demand) -> tuple[str, ...]:
        """Return the circuits that a demand goes through, up to the root."""
        return self._paths[demand.circuit]

    def room_for(self, demand: Demand) -> tuple[float, str]:
        """Return how much more a demand can have alone, and what binds it."""
        return min(
            (self.rooms[circuit_id].left_a[phase - 1], circuit_id)
            for circuit_id in self.path(demand)
            for phase in demand.phases
        )

    def take(self, demand: Demand, current_a: float) -> None:
        """Give some current to a demand."""
        for circuit_id in self.path(demand):
            for phase in demand.phases:
                self.rooms[circuit_id].left_a[phase - 1] -= current_a


def _check_circuits(circuits: Iterable[Circuit]) -> dict[str, Circuit]:
    known: dict[str, Circuit] = {}
    for circuit in sorted(circuits, key=lambda circuit: circuit.id):
        if {len(circuit.limit_a), len(circuit.measured_a or PHASES)} != {len(PHASES)}:
            raise ChargingError("phases_unknown", circuit.id)
        values = (*circuit.limit_a, circuit.fallback_a, *(circuit.measured_a or ()))
        if not all(is_figure(value) for value in values):
            raise ChargingError("circuit_not_a_number", circuit.id)
        if min(*circuit.limit_a, circuit.fallback_a) < 0:
            raise ChargingError("circuit_negative", circuit.id)
        if circuit.id in known:
            raise ChargingError("circuit_twice", circuit.id)
        known[circuit.id] = circuit
    return known


def _check_demand(demand: Demand, circuits: Mapping[str, Circuit]) -> None:
    if demand.circuit not in circuits:
        raise ChargingError("circuit_unknown", demand.circuit)
    values = (demand.min_a, demand.max_a, demand.drawn_a)
    if not all(is_figure(value) and value >= 0 for value in values):
        raise ChargingError("demand_not_a_number", demand.id)
    if demand.min_a > demand.max_a:
        raise ChargingError("minimum_above_maximum", demand.id)
    lines = set(demand.phases)
    if not lines or not lines <= set(PHASES) or len(lines) < len(demand.phases):
        raise ChargingError("phases_unknown", demand.id)
    if not isinstance(demand.priority, int):
        raise ChargingError("priority_not_a_number", demand.id)


def balance(
    circuits: Iterable[Circuit],
    demands: Iterable[Demand],
    state: BalanceState,
    now: datetime,
    config: BalanceConfig = BalanceConfig(),
) -> tuple[BalanceState, dict[str, Grant]]:
    """Return what each EVSE may draw now, and what to remember. Raises ChargingError."""
    now = utc(now)
    wanted = sorted(demands, key=lambda demand: demand.id)
    if len({demand.id for demand in wanted}) != len(wanted):
        raise ChargingError("demand_twice")
    house = _House(circuits, wanted, now, config)
    state = _with_time_served(state, now)
    given = _minimums(house, wanted, state, now, config)
    bound = _raise(house, wanted, given)
    grants = {
        demand.id: _grant(house, demand, given, bound, config) for demand in wanted
    }
    return _settle(wanted, grants, state, now, config)


def _minimums(
    house: _House,
    demands: list[Demand],
    state: BalanceState,
    now: datetime,
    config: BalanceConfig,
) -> dict[str, float]:
    """Give the minimum currents, by priority and turn, as far as they go."""
    given: dict[str, float] = {}
    for demand in sorted(demands, key=lambda d: _turn(d, state, now, config)):
        room, _ = house.room_for(demand)
        if demand.max_a > 0 and room + _EPSILON >= demand.min_a:
            house.take(demand, demand.min_a)
            given[demand.id] = demand.min_a
    return given


def _turn(
    demand: Demand, state: BalanceState, now: datetime, config: BalanceConfig
) -> tuple[int, bool, float, str]:
    """Return the place of a demand: by priority; who is in its turn; who had the least."""
    share = state.shares.get(demand.id, Share())
    in_turn = share.began_at is not None and now - share.began_at < config.turn
    served_s = _least_served(state) if share.served_s is None else share.served_s
    return -demand.priority, not in_turn, served_s, demand.id


def _with_time_served(state: BalanceState, now: datetime) -> BalanceState:
    """Return the state with the time since the last step counted for those who charged."""
    passed_s = (now - state.at).total_seconds() if state.at else 0.0
    passed_s = min(max(passed_s, 0.0), _LONGEST_STEP_S)
    shares = {
        id_: _with_time(share, passed_s, now) for id_, share in state.shares.items()
    }
    return BalanceState(shares, now)


def _with_time(share: Share, passed_s: float, now: datetime) -> Share:
    """Return a share with some time counted, and no times in the future."""
    served_s = share.served_s
    if served_s is not None and share.current_a > 0:
        served_s += passed_s
    return replace(
        share,
        served_s=served_s,
        room_since=min(share.room_since, now) if share.room_since else None,
        began_at=min(share.began_at, now) if share.began_at else None,
    )


def _least_served(state: BalanceState) -> float:
    """Return what whoever has charged the least has had: who comes new is put beside it."""
    known = [s.served_s for s in state.shares.values() if s.served_s is not None]
    return min(known, default=0.0)


def _raise(
    house: _House, demands: list[Demand], given: dict[str, float]
) -> dict[str, str]:
    """Raise what was given, class by class, evenly; return what binds whom."""
    bound: dict[str, str] = {}
    priorities = sorted({demand.priority for demand in demands}, reverse=True)
    for priority in priorities:
        rising = [d for d in demands if d.priority == priority and d.id in given]
        while rising:
            level = min(given[demand.id] for demand in rising)
            lowest = [d for d in rising if given[d.id] <= level + _EPSILON]
            step = min(
                _even_step(house, lowest),
                _least_wish(lowest, given),
                _next_level(rising, given, level) - level,
            )
            for demand in lowest:
                house.take(demand, step)
                given[demand.id] += step
            rising = [d for d in rising if not _stops(house, d, given, bound)]
    return bound


def _next_level(
    rising: list[Demand], given: Mapping[str, float], level: float
) -> float:
    """Return what the next higher demand has, up to which the lowest are raised first."""
    higher = [given[d.id] for d in rising if given[d.id] > level + _EPSILON]
    return min(higher, default=inf)


def _even_step(house: _House, rising: list[Demand]) -> float:
    """Return by how much all can rise at once before a circuit is full."""
    users: dict[tuple[str, int], int] = {}
    for demand in rising:
        for circuit_id in house.path(demand):
            for phase in demand.phases:
                users[circuit_id, phase] = users.get((circuit_id, phase), 0) + 1
    return max(
        0.0,
        min(
            house.rooms[circuit_id].left_a[phase - 1] / count
            for (circuit_id, phase), count in users.items()
        ),
    )


def _least_wish(rising: list[Demand], given: Mapping[str, float]) -> float:
    return min(demand.max_a - given[demand.id] for demand in rising)


def _stops(
    house: _House, demand: Demand, given: Mapping[str, float], bound: dict[str, str]
) -> bool:
    """Return whether a demand can rise no further, and note what binds it."""
    room, circuit_id = house.room_for(demand)
    if room <= _EPSILON:
        bound[demand.id] = circuit_id
        return True
    return given[demand.id] + _EPSILON >= demand.max_a


def _grant(
    house: _House,
    demand: Demand,
    given: Mapping[str, float],
    bound: Mapping[str, str],
    config: BalanceConfig,
) -> Grant:
    """Return what a demand gets, in steps that its charger knows."""
    if demand.max_a <= 0:
        return Grant(0.0, GrantReason.FULL)
    current = given.get(demand.id)
    circuit_id = bound.get(demand.id) or house.room_for(demand)[1]
    silent = any(house.rooms[place].fallback for place in house.path(demand))
    if current is None:
        reason = GrantReason.NO_METER if silent else GrantReason.WAITING
        return Grant(0.0, reason, circuit_id)
    steps = floor((current - demand.min_a) / config.step_a + 1e-6)
    current = min(demand.min_a + steps * config.step_a, demand.max_a)
    if demand.id not in bound:
        return Grant(current, GrantReason.FULL)
    reason = GrantReason.NO_METER if silent else GrantReason.CIRCUIT
    return Grant(current, reason, circuit_id)


def _settle(
    demands: list[Demand],
    grants: Mapping[str, Grant],
    state: BalanceState,
    now: datetime,
    config: BalanceConfig,
) -> tuple[BalanceState, dict[str, Grant]]:
    """Let grants fall at once and rise only some time after they fell."""
    shares: dict[str, Share] = {}
    settled: dict[str, Grant] = {}
    least_s = _least_served(state)
    for demand in demands:
        before = state.shares.get(demand.id, Share())
        grant = grants[demand.id]
        grant, since, room_a = _recovered(demand, before, grant, now, config)
        settled[demand.id] = grant
        served_s = None
        if demand.max_a > 0:
            served_s = least_s if before.served_s is None else before.served_s
        share = _remember(before, grant, since, now, config)
        shares[demand.id] = replace(share, served_s=served_s, room_a=room_a)
    return BalanceState(shares, now), settled


def _recovered(
    demand: Demand, before: Share, grant: Grant, now: datetime, config: BalanceConfig
) -> tuple[Grant, datetime | None, float]:
    """Return what may be given of what there is room for, since when, and the least since.

    What came only just now has to last, too.
    """
    if not before.limited or grant.current_a <= before.current_a + _EPSILON:
        return grant, None, 0.0
    since, room_a = before.room_since, grant.current_a
    if since is None:
        since = now
    else:
        room_a = min(room_a, before.room_a)
    if now - since < config.recovery:
        held_a = before.current_a if before.current_a >= demand.min_a else 0.0
        return Grant(held_a, GrantReason.RECOVERING, grant.circuit), since, room_a
    if room_a < grant.current_a - _EPSILON:
        given = Grant(room_a, GrantReason.RECOVERING, grant.circuit)
        return given, now, grant.current_a
    return grant, None, 0.0


def _remember(
    before: Share,
    grant: Grant,
    room_since: datetime | None,
    now: datetime,
    config: BalanceConfig,
) -> Share:
    share = replace(
        before,
        current_a=grant.current_a,
        limited=grant.reason is not GrantReason.FULL,
        room_since=room_since,
    )
    if grant.current_a <= 0:
        return replace(share, began_at=None)
    over = before.began_at is not None and now - before.began_at >= config.turn
    if before.began_at is None or over:
        return replace(share, began_at=now)
    return share
