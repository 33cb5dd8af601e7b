"""A week with two cars and one fuse, decision by decision, as two chargers carry it out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from custom_components.ocpp_csms.csms.charging.ability import PhaseAbility
from custom_components.ocpp_csms.csms.charging.balance import (
    BalanceState,
    Circuit,
    Demand,
    Grant,
    balance,
)
from custom_components.ocpp_csms.csms.charging.budget import Budget, Purse
from custom_components.ocpp_csms.csms.charging.phases import (
    PhaseConfig,
    PhaseObservation,
    PhaseState,
    step as choose_phases,
)
from custom_components.ocpp_csms.csms.charging.plan import Charger, Plan, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan as make_plan
from custom_components.ocpp_csms.csms.charging.profile import Desired, Live
from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    SurplusConfig,
    SurplusState,
    step as follow_sun,
)
from custom_components.ocpp_csms.csms.charging.timetable import (
    Daily,
    Timetable,
    of_plan,
)
from custom_components.ocpp_csms.csms.model.rates import SLOT

from .wallbox import Wallbox
from .world import DAYS, EXPORT, IDLE_W, MONDAY, VOLTS, World

STEP = timedelta(seconds=30)
STEP_H = STEP / timedelta(hours=1)
FUSE_A = 25.0
BUDGET = Budget(300)
_BASELINE = Daily(MONDAY, ((0, 6.0),))
_ALL = (1, 2, 3)


@dataclass(slots=True)
class Result:
    """The figures of a week. Energy in kWh, writes for the whole week."""

    planned_cost: float = 0.0
    simple_cost: float = 0.0
    planned_kwh: float = 0.0
    missing_kwh: float = 0.0
    surplus_kwh: float = 0.0
    used_kwh: float = 0.0
    switches: int = 0
    steps_at_fuse: int = 0
    """Steps in which a car got less than it wanted, for the fuse."""
    overloads: int = 0
    """Steps in which the fuse carried too much for the second time in a row."""
    planned_writes: int = 0
    solar_writes: int = 0


class PlannedCar:
    """The car that has to be full in the morning."""

    def __init__(self, world: World) -> None:
        """Begin on Monday, away."""
        self.box = Wallbox()
        self.drawn_a = 0.0
        self.left_wh = 0.0
        self.deadline = MONDAY
        self._world = world
        self._plan: Plan | None = None
        self._table: Timetable = ()
        self._live: Live | None = None
        self._purse = Purse()

    def come_and_go(self, now: datetime, result: Result) -> None:
        """Come home on working days, and leave at the deadline with what there is."""
        if now == self.deadline:
            result.missing_kwh += self.left_wh / 1000
            self.left_wh = 0.0
        if (now.hour, now.minute, now.second) == (17, 30, 0) and now.weekday() < 5:
            days = 3 if now.weekday() == 4 else 1
            self.deadline = now.replace(hour=7, minute=0) + timedelta(days=days)
            self.left_wh = 45_000.0 if days > 1 else 24_000.0
            self._plan = None
            result.simple_cost += self._simple(now)

    def wanted_a(self, now: datetime) -> float:
        """Return what the plan says; every half hour it is made again."""
        if self.left_wh <= 0 or now >= self.deadline:
            self._plan = None
            return 0.0
        if self._plan is None or now.minute % 30 == now.second == 0:
            self._plan = make_plan(self._request(now))
            self._table = of_plan(self._plan.segments, now, self.deadline)
            self._write(now)
        segment = self._plan.at(now)
        return segment.current_a if segment else 0.0

    def heed(self, now: datetime, wanted_a: float, grant: Grant) -> None:
        """Tell the charger when the fuse allows less than the plan says, and when it does not."""
        limited = grant.current_a < wanted_a
        live = self._live
        if not limited:
            if live is not None:
                self._live = None
                self._write(now)
            return
        changed = live is None or live.current_a != grant.current_a
        if live is None or changed or now >= live.until - BUDGET.lease / 3:
            self._live = Live(grant.current_a, now + BUDGET.lease)
            self._write(now)

    def draw(self, now: datetime) -> float:
        """Return what the car draws now, in A on three phases."""
        allowed_a, _ = self.box.allowed(now)
        self.drawn_a = allowed_a if self.left_wh > 0 else 0.0
        return self.drawn_a

    def _write(self, now: datetime) -> None:
        desired = Desired(baseline=_BASELINE, plan=self._table, live=self._live)
        self._purse = self._purse.at_time(now, BUDGET)
        self._purse = self._purse.take(self.box.bring(desired, now))

    def _request(self, now: datetime) -> PlanRequest:
        world = self._world
        return PlanRequest(
            now=now,
            deadline=self.deadline,
            energy_wh=self.left_wh,
            charger=Charger(max_a=16),
            import_price=world.known_prices(now),
            export_price=world.constant(EXPORT),
            surplus_w=world.forecast,
            capacity_a=world.left_a(),
            max_segments=4,
            start_cost=0.02,
            previous=self._plan,
            saving_threshold=0.05,
        )

    def _simple(self, now: datetime) -> float:
        """Return what full power in the cheapest slots costs that are known at the time."""
        world, prices = self._world, self._world.known_prices(now)
        times = [now + SLOT * i for i in range((self.deadline - now) // SLOT)]
        known = sorted(
            (price, at) for at in times if (price := prices.at(at)) is not None
        )
        wh, cost = self.left_wh, 0.0
        left_a = world.left_a()
        for _, at in known:
            power = (left_a.at(at) or 0.0) * len(_ALL) * VOLTS
            taken = min(wh, power / 4)
            own_w = min(power, max(0.0, world.solar_w(at) - IDLE_W))
            cost += taken / 1000 * world.price(at, own_w / power)
            wh -= taken
        return cost


class SolarCar:
    """The car that is there by day and follows the sun."""

    def __init__(self) -> None:
        """Begin on Monday, away."""
        self.box = Wallbox()
        self.switches = 0
        self.drawn_a = 0.0
        self.phases = 3
        self._there = False
        self._sun = SurplusState()
        self._config = SurplusConfig(budget=BUDGET)
        self._phases = PhaseState()
        self._live: Live | None = None

    @property
    def lines(self) -> tuple[int, ...]:
        """The phases of the house that it is on."""
        return _ALL[: self.phases]

    @property
    def drawn_w(self) -> float:
        """What it draws, in W."""
        return self.drawn_a * self.phases * VOLTS

    def wanted_a(self, now: datetime, grid_w: float) -> float:
        """Return what the sun is enough for; switch phases where that is better."""
        self._there = 8 <= now.hour < 17
        if not self._there:
            self._phases = self._phases.new_session()
        freed_w = self._choose_phases(now, grid_w) if self._there else 0.0
        seen = Observation(
            now=now,
            grid_w=grid_w,
            connected=self._there,
            charging=self.drawn_a > 0,
            drawn_a=self.drawn_a,
            phases=self.phases,
            freed_w=freed_w,
        )
        self._sun, setpoint = follow_sun(self._sun, seen, self._config)
        if setpoint.write:
            self._tell(now, setpoint.current_a)
        return self._sun.current_a if self._there else 0.0

    def heed(self, now: datetime, wanted_a: float, grant: Grant) -> None:
        """Tell the charger when the fuse allows less than the sun, and when it does not."""
        if not self._there or self._live is None:
            return
        told_a = min(wanted_a, grant.current_a)
        if told_a != self._live.current_a:
            self._sun = self._sun.after_writing(self._tell(now, told_a))

    def draw(self, now: datetime) -> float:
        """Return what the car draws now, in A."""
        allowed_a, _ = self.box.allowed(now)
        self.drawn_a = allowed_a if self._there else 0.0
        return self.drawn_a

    def _choose_phases(self, now: datetime, grid_w: float) -> float:
        seen = PhaseObservation(
            now=now,
            site_w=grid_w,
            charge_w=self.drawn_w,
            charging=self.drawn_a > 0,
            enabled=self._sun.on,
        )
        ability = PhaseAbility(switchable=True, connected=self.phases)
        self._phases, choice = choose_phases(self._phases, seen, ability, PhaseConfig())
        if choice.switch_to is not None:
            self.phases = choice.switch_to
            self.switches += 1
        return choice.freed_w

    def _tell(self, now: datetime, current_a: float) -> int:
        self._live = Live(current_a, now + BUDGET.lease, self.phases)
        return self.box.bring(Desired(baseline=_BASELINE, live=self._live), now)


class Week:
    """Runs the week."""

    def __init__(self, world: World) -> None:
        """Begin on Monday."""
        self.world = world
        self.result = Result()
        self.planned = PlannedCar(world)
        self.solar = SolarCar()
        self._balance = BalanceState()
        self._over_before = False

    def run(self) -> Result:
        """Return the figures."""
        now = MONDAY
        while now < MONDAY + timedelta(days=DAYS):
            self._decide(now)
            self._account(now)
            now += STEP
        result = self.result
        result.missing_kwh += self.planned.left_wh / 1000
        result.switches = self.solar.switches
        result.planned_writes = self.planned.box.writes
        result.solar_writes = self.solar.box.writes
        return result

    def _flows(self, now: datetime) -> list[float]:
        """Return what flows through the fuse with what the cars draw."""
        flows = self.world.flows(now)
        for car, lines in ((self.planned, _ALL), (self.solar, self.solar.lines)):
            for phase in lines:
                flows[phase - 1] += car.drawn_a
        return flows

    def _decide(self, now: datetime) -> None:
        planned, solar = self.planned, self.solar
        planned.come_and_go(now, self.result)
        flows = self._flows(now)
        wanted = {
            "planned": planned.wanted_a(now),
            "solar": solar.wanted_a(now, sum(flows) * VOLTS),
        }
        main = Circuit(
            id="main",
            limit_a=(FUSE_A,) * 3,
            measured_a=(flows[0], flows[1], flows[2]),
        )
        demands = [
            Demand(
                id=name,
                circuit="main",
                min_a=6.0 if wanted[name] else 0.0,
                max_a=wanted[name],
                phases=lines,
                priority=priority,
                drawn_a=car.drawn_a,
            )
            for name, car, lines, priority in (
                ("planned", planned, _ALL, 1),
                ("solar", solar, solar.lines, 0),
            )
        ]
        self._balance, grants = balance([main], demands, self._balance, now)
        planned.heed(now, wanted["planned"], grants["planned"])
        solar.heed(now, wanted["solar"], grants["solar"])
        self.result.steps_at_fuse += any(
            grant.current_a < wanted[name] for name, grant in grants.items()
        )

    def _account(self, now: datetime) -> None:
        world, result, planned = self.world, self.result, self.planned
        planned_w = planned.draw(now) * len(_ALL) * VOLTS
        planned_w = min(planned_w, planned.left_wh / STEP_H)
        self.solar.draw(now)
        left_w = world.surplus_w(now)
        if 8 <= now.hour < 17 or planned.left_wh > 0:
            result.surplus_kwh += left_w * STEP_H / 1000
            cars_w = planned_w + self.solar.drawn_w
            result.used_kwh += min(left_w, cars_w) * STEP_H / 1000
        if planned_w:
            own = min(1.0, left_w / planned_w)
            kwh = planned_w * STEP_H / 1000
            result.planned_cost += kwh * world.price(now, own)
            result.planned_kwh += kwh
            planned.left_wh -= kwh * 1000
        over = max(self._flows(now)) > FUSE_A + 1e-6
        result.overloads += over and self._over_before
        self._over_before = over


def run(seed: int = 1) -> Result:
    """Return the figures of a week."""
    return Week(World(seed)).run()
