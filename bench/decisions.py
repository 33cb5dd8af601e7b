"""What the decisions cost in time, and what they bring in a week."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import pi, sin
from random import Random
from statistics import median
import time

from custom_components.ocpp_csms.csms.charging.balance import (
    BalanceState,
    Circuit,
    Demand,
    balance,
)
from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    composite,
)
from custom_components.ocpp_csms.csms.charging.operations import diff
from custom_components.ocpp_csms.csms.charging.plan import Charger, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan as make_plan
from custom_components.ocpp_csms.csms.charging.profile import (
    Desired,
    Live,
    compile_fuse,
    compile_profiles,
)
from custom_components.ocpp_csms.csms.charging.surplus import (
    Observation,
    SurplusConfig,
    SurplusState,
    step,
)
from custom_components.ocpp_csms.csms.charging.timetable import Daily, Stretch
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.rates import SLOT, Series
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .plan import Plan, tell
from .table import Row
from .week import STEP, Result, run
from .world import DAYS

PLAN_MS = 50.0
SEGMENTS_MS = 25.0
COMPOSITE_MS = 5.0
ORDER_MS = 100.0
STEP_MS = 2.0
EVSES = 20
MISSING = 0.005
"""What a plan may leave undone by the delays of sharing a fuse."""
GROWTH = 1.5
"""How much dearer a slot or an EVSE may get when there are several times as many."""
STEP_MINUTES = STEP / timedelta(minutes=1)
_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def measure_decisions(plan: Plan) -> list[Row]:
    """Return how long decisions take (CPU), and the figures of simulated weeks."""
    times = 40 if plan.details else 10
    return [
        *_planning(times),
        _composing(times),
        *_writing(min(times, 10)),
        *_stepping(times),
        *_weeks(4 if plan.details else 1),
    ]


def _cpu_ms(work: Callable[[int], object], times: int) -> list[float]:
    """Return what each of some runs takes, in order of length."""
    work(0)
    spent = []
    for number in range(times):
        before = time.process_time()
        work(number)
        spent.append((time.process_time() - before) * 1000)
    return sorted(spent)


def _p95(spent: list[float]) -> float:
    return spent[int(len(spent) * 0.95) - 1]


def _request(seed: int, slots: int = 288, energy_wh: float = 80_000) -> PlanRequest:
    random = Random(seed)
    sun_w = random.uniform(0, 9000)
    return PlanRequest(
        now=_NOW,
        deadline=_NOW + SLOT * slots,
        energy_wh=energy_wh,
        charger=Charger(max_a=16),
        import_price=Series(
            _NOW, tuple(random.uniform(0.05, 0.5) for _ in range(slots))
        ),
        export_price=Series(_NOW, (0.08,) * slots),
        surplus_w=Series(
            _NOW, tuple(max(0.0, sun_w * sin(i / 48 * pi)) for i in range(slots))
        ),
    )


def _plan_of(slots: int, seed: int) -> object:
    return make_plan(_request(seed, slots, 40_000))


def _planning(times: int) -> list[Row]:
    tell("decisions: planning")
    free = _p95(_cpu_ms(lambda seed: make_plan(_request(seed)), times))
    few = _p95(
        _cpu_ms(lambda seed: make_plan(replace(_request(seed), max_segments=4)), times)
    )
    by_slots = [
        median(_cpu_ms(partial(_plan_of, slots), times)) for slots in (96, 192, 288)
    ]
    growth = (by_slots[2] / 288) / (by_slots[0] / 96)
    return [
        _row("Plan, 288 slots, 80 kWh, three phases, p95", free, PLAN_MS),
        _row("The same in at most 4 segments, p95", few, SEGMENTS_MS),
        Row(
            "Plan of 40 kWh in 96 / 192 / 288 slots",
            " / ".join(f"{spent:.1f}" for spent in by_slots) + " ms",
            f"a slot at most {GROWTH:g} x as dear",
            growth <= GROWTH,
        ),
    ]


def _composing(times: int) -> Row:
    tell("decisions: composite schedules")
    random = Random(1)
    installed = [
        Installed(
            0 if index == 0 else 1,
            ChargingProfile(
                id=index,
                stack_level=index,
                purpose=Purpose.STATION_MAX if index == 0 else Purpose.TX_DEFAULT,
                kind=Kind.ABSOLUTE,
                schedule=Schedule(
                    unit=RateUnit.AMPERE,
                    start=_NOW + timedelta(minutes=7 * index),
                    duration_s=6 * 3600,
                    periods=tuple(
                        Period(1200 * n, random.uniform(6, 32)) for n in range(24)
                    ),
                ),
            ),
        )
        for index in range(10)
    ]
    question = Question(
        evse_id=1, start=_NOW, duration_s=86_400, assume_transaction=True
    )
    spent = median(
        _cpu_ms(lambda _: composite(installed, (), question, Supply()), times)
    )
    return _row("Composite schedule of 10 profiles over 24 h", spent, COMPOSITE_MS)


def _writing(times: int) -> list[Row]:
    """Return how long it takes to find the messages for a station whose all is new."""
    tell("decisions: messages")
    few, some, many = (
        median(_cpu_ms(partial(_order_of, *_rewritten(count)), times))
        for count in (10, EVSES, 2 * EVSES)
    )
    growth = (many / (2 * EVSES)) / (few / 10)
    return [
        _row(f"Order of the messages that change all of {EVSES} EVSEs", some, ORDER_MS),
        Row(
            "The same with 10 / 20 / 40 EVSEs",
            f"{few:.0f} / {some:.0f} / {many:.0f} ms",
            f"an EVSE at most {GROWTH:g} x as dear",
            growth <= GROWTH,
        ),
    ]


def _order_of(
    after: Sequence[Installed], before: Sequence[Installed], _: int
) -> object:
    return diff(after, before, _NOW)


def _rewritten(evses: int) -> tuple[list[Installed], list[Installed]]:
    """Return what a station is to have, and what it has, all of it different."""
    ability = Capabilities(version=OcppVersion.V16, max_periods=16)

    def wanted(more_a: float) -> list[Installed]:
        profiles = [*compile_fuse(200 + more_a, ability, _NOW).profiles]
        for evse_id in range(1, evses + 1):
            plan = tuple(
                Stretch(_NOW + SLOT * n, _NOW + SLOT * (n + 1), 6 + n % 8 + more_a)
                for n in range(14)
            )
            desired = Desired(
                baseline=Daily(_NOW, ((0, 6 + more_a),)),
                plan=plan,
                live=Live(9 + more_a, _NOW + timedelta(minutes=10)),
            )
            profiles += compile_profiles(desired, ability, _NOW, evse_id).profiles
        return profiles

    return wanted(1), wanted(0)


def _stepping(times: int) -> list[Row]:
    tell("decisions: sun and circuits")
    spent = [median(_cpu_ms(_step_of(count), times)) for count in (5, 10, 20)]
    growth = (spent[2] / 20) / (spent[0] / 5)
    return [
        _row("One step of sun and circuits, 20 EVSEs on 5 circuits", spent[2], STEP_MS),
        Row(
            "The same with 5 / 10 / 20 EVSEs",
            " / ".join(f"{each:.2f}" for each in spent) + " ms",
            f"an EVSE at most {GROWTH:g} x as dear",
            growth <= GROWTH,
        ),
    ]


def _step_of(count: int) -> Callable[[int], object]:
    """Return one step of all decisions that are made again and again."""
    circuits = [
        Circuit(id="main", limit_a=(63.0,) * 3, measured_a=(20.0, 22.0, 18.0)),
        *(
            Circuit(id=f"c{n}", parent="main", limit_a=(32.0,) * 3, metered=False)
            for n in range(4)
        ),
    ]
    config = SurplusConfig()
    states = [SurplusState(current_a=10, written_at=_NOW) for _ in range(count)]

    def work(number: int) -> None:
        now = _NOW + timedelta(seconds=30 * number)
        seen = Observation(now=now, grid_w=-2000, charging=True, drawn_a=10)
        points = [step(state, seen, config)[1] for state in states]
        demands = [
            Demand(
                id=f"e{n}",
                circuit=f"c{n % 4}",
                max_a=max(6.0, point.current_a),
                drawn_a=10,
                priority=n % 3,
            )
            for n, point in enumerate(points)
        ]
        balance(circuits, demands, BalanceState(), now)

    return work


def _weeks(count: int) -> list[Row]:
    tell("decisions: simulated weeks")
    results = [run(seed) for seed in range(1, count + 1)]
    saved = 1 - _sum(results, "planned_cost") / _sum(results, "simple_cost")
    used = _sum(results, "used_kwh") / _sum(results, "surplus_kwh")
    missing = _sum(results, "missing_kwh") / _sum(results, "planned_kwh")
    overloads = _sum(results, "overloads")
    days = DAYS * count
    writes = [_sum(results, f"{name}_writes") / days for name in ("planned", "solar")]
    switches = _sum(results, "switches") / days
    return [
        Row(
            f"Cost of a planned car in {count} simulated weeks",
            f"{saved:+.1%} saved",
            "against full power in the cheapest slots",
        ),
        Row("Share of the surplus used by two cars", f"{used:.0%}"),
        Row(
            "Writes a day: planned car, car that follows the sun",
            f"{writes[0]:.1f}, {writes[1]:.0f}",
            "<= 300",
            max(writes) <= 300,
        ),
        Row("Phase switches a day", f"{switches:.1f}", "<= 10", switches <= 10),
        Row(
            "Energy missing at deadlines",
            f"{missing:.1%}",
            f"<= {MISSING:.1%}",
            missing <= MISSING,
        ),
        Row(
            "Minutes a week in which the fuse allows a car less than it wants",
            f"{_sum(results, 'steps_at_fuse') * STEP_MINUTES / count:.0f}",
        ),
        Row(
            "Steps with an overloaded fuse",
            f"{overloads:.0f}",
            "none",
            not overloads,
        ),
    ]


def _sum(results: list[Result], name: str) -> float:
    return float(sum(getattr(result, name) for result in results))


def _row(what: str, spent_ms: float, target_ms: float) -> Row:
    return Row(
        what, f"{spent_ms:.2f} ms", f"<= {target_ms:g} ms", spent_ms <= target_ms
    )
