"""A week in a house with sun, clouds, prices, two cars and one fuse, decision by decision."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import pi, sin
from random import Random

from custom_components.ocpp_csms.csms.charging.ability import PhaseAbility
from custom_components.ocpp_csms.csms.charging.balance import (
    BalanceState,
    Circuit,
    Demand,
    balance,
)
from custom_components.ocpp_csms.csms.charging.budget import Budget
from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.composite import Installed
from custom_components.ocpp_csms.csms.charging.operations import after, diff
from custom_components.ocpp_csms.csms.charging.phases import (
    PhaseConfig,
    PhaseObservation,
    PhaseState,
    step as choose_phases,
)
from custom_components.ocpp_csms.csms.charging.plan import Charger, Plan, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan as make_plan
from custom_components.ocpp_csms.csms.charging.profile import (
    Desired,
    Live,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    SurplusConfig,
    SurplusState,
    step as follow_sun,
)
from custom_components.ocpp_csms.csms.charging.timetable import Daily, of_plan
from custom_components.ocpp_csms.csms.model.rates import SLOT, Series
from custom_components.ocpp_csms.csms.model.version import OcppVersion

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 7
STEP = timedelta(seconds=30)
STEP_H = STEP / timedelta(hours=1)
FUSE_A = 25.0
VOLTS = 230.0
EXPORT = 0.08
_LEFT_A = 14.0
"""What the fuse leaves for a car beside the house's kettle."""
_SLOTS_A_DAY = 96
_PEAK_W = 8000.0
_ABILITY = Capabilities(version=OcppVersion.V16, phase_switching=True, step_a=1.0)
_BASELINE = Daily(MONDAY, ((0, 6.0),))


class World:
    """Sun, house and prices of the week, the same for each seed."""

    def __init__(self, seed: int = 1) -> None:
        """Draw the week."""
        random = Random(seed)
        count = DAYS * _SLOTS_A_DAY
        self.prices = tuple(_price(slot, random) for slot in range(count))
        self.clouds = tuple(_clouds(random, count * 30))
        self.kettles = tuple(random.random() < 0.02 for _ in range(count * 3))
        self.series = Series(MONDAY, self.prices)
        self.forecast = self._forecast(random)

    def solar_w(self, at: datetime) -> float:
        """Return what the roof gives."""
        minutes = (at - MONDAY) / timedelta(minutes=1)
        cloud = self.clouds[int(minutes * 2) % len(self.clouds)]
        return _clear_w(minutes / 60 % 24) * cloud

    def house_a(self, at: datetime) -> tuple[float, float, float]:
        """Return what the house draws on each phase."""
        minutes = (at - MONDAY) / timedelta(minutes=1)
        hour = minutes / 60 % 24
        evening = 3.0 if 18 <= hour < 22 else 0.0
        kettle = 9.0 if self.kettles[int(minutes // 5) % len(self.kettles)] else 0.0
        return 1.2 + evening, 0.8 + kettle, 1.0 + evening

    def known_prices(self, now: datetime) -> Series:
        """Return the prices that are known: tomorrow's from 13 o'clock on."""
        days = (now - MONDAY) // timedelta(days=1) + (2 if now.hour >= 13 else 1)
        return Series(MONDAY, self.prices[: days * _SLOTS_A_DAY])

    def _forecast(self, random: Random) -> Series:
        """Return what the house will leave: each day's weather is foreseen, its hours are not."""
        values: list[float] = []
        for day in range(DAYS):
            steps = self.clouds[day * 2880 + 1000 : day * 2880 + 2200]
            weather = sum(steps) / len(steps) * random.uniform(0.8, 1.1)
            values += [
                max(0.0, _clear_w(slot / 4) * weather - 1200)
                for slot in range(_SLOTS_A_DAY)
            ]
        return Series(MONDAY, tuple(values))


def _clear_w(hour: float) -> float:
    """Return what the roof gives under a clear sky."""
    return _PEAK_W * sin((hour - 5) / 16 * pi) ** 1.3 if 5 < hour < 21 else 0.0


def _price(slot: int, random: Random) -> float:
    hour = slot % _SLOTS_A_DAY / 4
    shape = 0.10 * sin((hour - 9) / 24 * 4 * pi)
    return round(0.24 + shape + random.uniform(-0.04, 0.04), 4)


def _clouds(random: Random, count: int) -> Iterator[float]:
    clear = 0.8
    for _ in range(count):
        clear = min(1.0, max(0.1, clear + random.uniform(-0.06, 0.062)))
        yield clear


@dataclass(slots=True)
class Writes:
    """What a charger is believed to have, and how often it was written to."""

    installed: tuple[Installed, ...] = ()
    count: int = 0

    def bring(self, desired: Desired, now: datetime) -> None:
        """Write what differs."""
        wanted = compile_profiles(desired, _ABILITY, now, 1).profiles
        operations = diff(wanted, self.installed, now).operations
        self.count += len(operations)
        self.installed = after(self.installed, operations)


@dataclass(slots=True)
class Result:
    """The figures of a week. Energy in kWh."""

    planned_cost: float = 0.0
    simple_cost: float = 0.0
    planned_kwh: float = 0.0
    missing_kwh: float = 0.0
    surplus_kwh: float = 0.0
    used_kwh: float = 0.0
    switches: int = 0
    overloads: int = 0
    """Steps in which the fuse carried too much for the second time in a row."""
    writes: dict[str, Writes] = field(
        default_factory=lambda: {"planned": Writes(), "solar": Writes()}
    )


class Week:
    """Runs the week."""

    def __init__(self, world: World) -> None:
        """Begin on Monday."""
        self.world = world
        self.result = Result()
        self._plan: Plan | None = None
        self._deadline = MONDAY
        self._left_wh = 0.0
        self._sun = SurplusState()
        self._sun_config = SurplusConfig(budget=Budget(300))
        self._phases = PhaseState()
        self._connected = 3
        self._balance = BalanceState()
        self._drawn_a = {"planned": 0.0, "solar": 0.0}
        self._live: Live | None = None
        self._over_before = False

    def run(self) -> Result:
        """Return the figures."""
        now = MONDAY
        while now < MONDAY + timedelta(days=DAYS):
            self._step(now)
            now += STEP
        self.result.missing_kwh += self._left_wh / 1000
        return self.result

    def _step(self, now: datetime) -> None:
        house_a, solar_w = self.world.house_a(now), self.world.solar_w(now)
        self._come_and_go(now)
        wanted = {"planned": self._planned_a(now), "solar": self._solar_a(now, house_a)}
        self._share(now, house_a, solar_w, wanted)
        self._account(now, house_a, solar_w)

    # The car that has to be full in the morning.

    def _come_and_go(self, now: datetime) -> None:
        weekend = now.weekday() == 4
        if (now.hour, now.minute, now.second) == (17, 30, 0) and now.weekday() < 5:
            self._deadline = now.replace(hour=7, minute=0) + timedelta(
                days=3 if weekend else 1
            )
            self._left_wh = 45_000.0 if weekend else 24_000.0
            self._plan = None
            self.result.simple_cost += self._simple(now)
            self._drawn_a["planned"] = 0.0
        if now == self._deadline:
            self.result.missing_kwh += self._left_wh / 1000
            self._left_wh = 0.0

    def _request(self, now: datetime, charger: Charger) -> PlanRequest:
        return PlanRequest(
            now=now,
            deadline=self._deadline,
            energy_wh=self._left_wh,
            charger=charger,
            import_price=self.world.known_prices(now),
            export_price=Series(MONDAY, (EXPORT,) * len(self.world.prices)),
            surplus_w=self.world.forecast,
            capacity_a=Series(MONDAY, (_LEFT_A,) * len(self.world.prices)),
            max_segments=6,
            start_cost=0.02,
            previous=self._plan,
            saving_threshold=0.05,
        )

    def _planned_a(self, now: datetime) -> float:
        if self._left_wh <= 0 or now >= self._deadline:
            self._plan = None
            return 0.0
        if self._plan is None or now.minute % 30 == now.second == 0:
            self._plan = make_plan(self._request(now, Charger(max_a=16)))
            table = of_plan(self._plan.segments, now, self._deadline)
            self.result.writes["planned"].bring(
                Desired(baseline=_BASELINE, plan=table), now
            )
        segment = self._plan.during(now, now + STEP)
        return segment.current_a if segment else 0.0

    def _simple(self, now: datetime) -> float:
        """Return what full power in the cheapest slots costs that are known at the time."""
        slots = [
            (self.world.known_prices(now).at(now + SLOT * i), now + SLOT * i)
            for i in range((self._deadline - now) // SLOT)
        ]
        known = sorted((price, at) for price, at in slots if price is not None)
        wh, cost = self._left_wh, 0.0
        for _, at in known:
            if wh <= 0:
                break
            power = _LEFT_A * 3 * VOLTS
            taken = min(wh, power / 4)
            own_w = min(power, max(0.0, self.world.solar_w(at) - 1200))
            cost += taken / 1000 * self._price(at, own_w / power)
            wh -= taken
        return cost

    def _price(self, at: datetime, own: float) -> float:
        grid = self.world.series.at(at) or 0.0
        return own * EXPORT + (1 - own) * grid

    # The car that follows the sun.

    def _solar_a(self, now: datetime, house_a: tuple[float, float, float]) -> float:
        there = 8 <= now.hour < 17
        ability = PhaseAbility(switchable=True, connected=self._connected)
        cars_w = self._power_w("planned") + self._power_w("solar")
        grid_w = sum(house_a) * VOLTS + cars_w - self.world.solar_w(now)
        charging = self._drawn_a["solar"] > 0
        freed_w = 0.0
        if there:
            self._phases, choice = choose_phases(
                self._phases,
                PhaseObservation(
                    now=now,
                    site_w=grid_w,
                    charge_w=self._power_w("solar"),
                    charging=charging,
                    enabled=self._sun.on,
                ),
                ability,
                PhaseConfig(),
            )
            freed_w = choice.freed_w
            if choice.switch_to is not None:
                self._connected = choice.switch_to
                self.result.switches += 1
        else:
            self._phases = self._phases.new_session()
        self._sun, setpoint = follow_sun(
            self._sun,
            Observation(
                now=now,
                grid_w=grid_w,
                connected=there,
                charging=charging,
                drawn_a=self._drawn_a["solar"],
                phases=self._connected,
                freed_w=freed_w,
            ),
            self._sun_config,
        )
        if setpoint.write and there:
            self._live = Live(setpoint.current_a, now + setpoint.lease, self._connected)
            desired = Desired(baseline=_BASELINE, live=self._live)
            self.result.writes["solar"].bring(desired, now)
        return self._sun.current_a if there else 0.0

    # Both.

    def _share(
        self,
        now: datetime,
        house_a: tuple[float, float, float],
        solar_w: float,
        wanted: dict[str, float],
    ) -> None:
        solar_a = solar_w / 3 / VOLTS
        flows = [load - solar_a for load in house_a]
        for name, current in self._drawn_a.items():
            for phase in self._lines(name):
                flows[phase - 1] += current
        main = Circuit(
            id="main",
            limit_a=(FUSE_A,) * 3,
            measured_a=(flows[0], flows[1], flows[2]),
        )
        demands = [
            Demand(
                id=name,
                circuit="main",
                min_a=6.0 if current else 0.0,
                max_a=current,
                phases=self._lines(name),
                priority=1 if name == "planned" else 0,
                drawn_a=self._drawn_a[name],
            )
            for name, current in wanted.items()
        ]
        self._balance, grants = balance([main], demands, self._balance, now)
        self._drawn_a = {name: grant.current_a for name, grant in grants.items()}

    def _lines(self, name: str) -> tuple[int, ...]:
        return (1,) if name == "solar" and self._connected == 1 else (1, 2, 3)

    def _power_w(self, name: str) -> float:
        return self._drawn_a[name] * len(self._lines(name)) * VOLTS

    def _account(
        self, now: datetime, house_a: tuple[float, float, float], solar_w: float
    ) -> None:
        result = self.result
        planned_w = min(self._power_w("planned"), self._left_wh / STEP_H)
        left_w = max(0.0, solar_w - sum(house_a) * VOLTS)
        cars_w = planned_w + self._power_w("solar")
        if 8 <= now.hour < 17 or self._left_wh > 0:
            result.surplus_kwh += left_w * STEP_H / 1000
            result.used_kwh += min(left_w, cars_w) * STEP_H / 1000
        if planned_w:
            own = min(1.0, left_w / planned_w)
            result.planned_cost += planned_w * STEP_H / 1000 * self._price(now, own)
            result.planned_kwh += planned_w * STEP_H / 1000
            self._left_wh -= planned_w * STEP_H
        solar_a = solar_w / 3 / VOLTS
        flows = [load - solar_a for load in house_a]
        for name, current in self._drawn_a.items():
            for phase in self._lines(name):
                flows[phase - 1] += current
        over = max(flows) > FUSE_A + 1e-6
        result.overloads += over and self._over_before
        self._over_before = over


def run(seed: int = 1) -> Result:
    """Return the figures of a week."""
    return replace(Week(World(seed)).run())
