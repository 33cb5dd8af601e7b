"""What makes no sense is refused with its reason, wherever it comes from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any, cast

import pytest

from custom_components.ocpp_csms.csms.charging.ability import (
    PhaseAbility,
    current_range,
)
from custom_components.ocpp_csms.csms.charging.balance import (
    BalanceState,
    Circuit,
    Demand,
    balance,
)
from custom_components.ocpp_csms.csms.charging.budget import Budget
from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    composite,
)
from custom_components.ocpp_csms.csms.charging.conformity import compare
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.charging.mode import (
    Mode,
    flexible_power,
    set_current,
)
from custom_components.ocpp_csms.csms.charging.operations import diff
from custom_components.ocpp_csms.csms.charging.phases import (
    PhaseConfig,
    PhaseObservation,
)
from custom_components.ocpp_csms.csms.charging.plan import (
    Charger,
    PlanRequest,
    soc_energy,
)
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.charging.profile import (
    Layer,
    Live,
    compile_fuse,
    profile_id,
)
from custom_components.ocpp_csms.csms.charging.quarter import Moment
from custom_components.ocpp_csms.csms.charging.rates import (
    RawRate,
    co2_factor,
    flat,
    normalise,
    price_factor,
    resample_forecast,
)
from custom_components.ocpp_csms.csms.charging.session import (
    SessionTotals,
    Tariff,
    add,
    cars_solar_share,
    integrate,
    solar_shares,
)
from custom_components.ocpp_csms.csms.charging.surplus import Observation, SurplusConfig
from custom_components.ocpp_csms.csms.charging.taper import Taper
from custom_components.ocpp_csms.csms.charging.timetable import Daily, Stretch
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    CompositeSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.rates import Series
from custom_components.ocpp_csms.csms.model.version import OcppVersion

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
PROFILE = ChargingProfile(
    id=42,
    stack_level=0,
    purpose=Purpose.TX_DEFAULT,
    kind=Kind.ABSOLUTE,
    schedule=Schedule(unit=RateUnit.AMPERE, start=NOW, periods=(Period(0, 10.0),)),
)


def _with(**fields: Any) -> ChargingProfile:
    return replace(PROFILE, schedule=replace(PROFILE.schedule, **fields))


ODD = {
    "naive start": _with(start=NAIVE),
    "naive end": replace(PROFILE, valid_to=NAIVE),
    "naive update": replace(PROFILE, kind=Kind.DYNAMIC, updated_at=NAIVE),
    "year 9999": _with(start=NOW.replace(year=9999)),
    "hourly": replace(
        PROFILE, kind=Kind.RECURRING, recurrency=cast("Recurrency", "Hourly")
    ),
    "kind": replace(PROFILE, kind=cast("Kind", "Foo")),
    "purpose": replace(PROFILE, purpose=cast("Purpose", "Foo")),
    "unit": _with(unit=cast("RateUnit", "kW")),
    "no number": _with(periods=(Period(0, nan),)),
    "unsorted": _with(periods=(Period(0, 6.0), Period(10, 6.0), Period(5, 6.0))),
    "late": _with(periods=(Period(5, 6.0),)),
    "empty": _with(periods=()),
}
LONG = {
    "duration": _with(duration_s=10**15),
    "period": _with(periods=(Period(0, 6.0), Period(10**15, 8.0))),
}


@pytest.mark.parametrize("name", ODD)
def test_profiles_without_meaning(name: str) -> None:
    """What a set with such a profile amounts to is not guessed."""
    question = Question(evse_id=1, start=NOW, duration_s=3600)
    with pytest.raises(ChargingError):
        composite([Installed(1, ODD[name])], [], question, Supply())


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", [*ODD, *LONG])
def test_odd_profiles_in_a_station(name: str, own: bool) -> None:
    """A profile that a station reports, whatever it says, keeps none of ours from being written."""
    id_ = profile_id(Layer.PLAN, 1) if own else 42
    odd = replace((ODD | LONG)[name], id=id_, stack_level=1)
    ours = replace(PROFILE, id=profile_id(Layer.BASELINE, 1))
    changes = diff([Installed(1, ours)], [Installed(1, odd)], NOW)
    assert ours in [each.installed.profile for each in changes.operations]


@pytest.mark.parametrize("name", LONG)
def test_lengths_beyond_all_time(name: str) -> None:
    """What lasts for a million years lasts for good."""
    question = Question(evse_id=1, start=NOW, duration_s=3600, assume_transaction=True)
    told = composite([Installed(1, LONG[name])], [], question, Supply())
    assert [period.limit for period in told.periods] == [
        LONG[name].schedule.periods[0].limit
    ]


def _schedule(**fields: Any) -> CompositeSchedule:
    plain: dict[str, Any] = {
        "evse_id": 1,
        "start": NOW,
        "duration_s": 3600,
        "unit": RateUnit.AMPERE,
        "periods": (Period(0, 10.0),),
    }
    return CompositeSchedule(**plain | fields)


@pytest.mark.parametrize(
    "fields", [{"start": NAIVE}, {"duration_s": nan}, {"evse_id": 2}]
)
def test_reported_schedules(fields: dict[str, Any]) -> None:
    """An answer to another question is no conformity."""
    with pytest.raises(ChargingError):
        compare(_schedule(), _schedule(**fields))


_PRICES = flat(0.3, NOW, NOW + timedelta(hours=24))
_REQUEST = PlanRequest(
    now=NOW,
    deadline=NOW + timedelta(hours=8),
    energy_wh=5000,
    charger=Charger(min_a=6, max_a=16),
    import_price=_PRICES,
)
_PHASES = PhaseAbility(switchable=True, connected=3)
_TOTALS = SessionTotals()


def _planned(**fields: Any) -> object:
    return plan(replace(_REQUEST, **fields))


def _series(value: Any) -> Series:
    return Series(NOW, (value,) * 40)


def _combined(period: Period) -> object:
    question = Question(evse_id=1, start=NOW, duration_s=60)
    item = Installed(1, _with(periods=(period,)))
    return composite([item], [], question, Supply())


def _shared(circuit: Any = None, demand: Any = None) -> object:
    plain = Circuit(id="main", limit_a=(25.0,) * 3, measured_a=(1.0,) * 3)
    return balance(
        [replace(plain, **circuit or {})],
        [replace(Demand(id="a", circuit="main"), **demand or {})],
        BalanceState(),
        NOW,
    )


NUMBERS: dict[str, Callable[[Any], object]] = {
    "energy": lambda v: (
        PlanRequest(now=NOW, deadline=NOW, energy_wh=v, charger=_REQUEST.charger)
        if v is not None
        else current_range((6, v))
    ),
    "start cost": lambda v: _planned(start_cost=v),
    "threshold": lambda v: _planned(saving_threshold=v),
    "least current": lambda v: Charger(min_a=v, max_a=16),
    "step": lambda v: Charger(min_a=6, max_a=16, step_a=v),
    "voltage": lambda v: Charger(min_a=6, max_a=16, voltage_v=v),
    "taper": lambda v: Taper(from_wh=v, rest_w=500),
    "state of charge": lambda v: soc_energy(v, 80, 50_000),
    "capacity": lambda v: soc_energy(20, 80, v),
    "efficiency": lambda v: soc_energy(20, 80, 50_000, v),
    "configured current": lambda v: current_range((6, v)),
    "solar current": lambda v: set_current(Mode.SOLAR, v, 6, 16),
    "power": lambda v: flexible_power(Mode.SOLAR, v, 0),
    "phases": _PHASES.after,
    "price factor": lambda v: normalise([RawRate(NOW, 1.0)], v),
    "flat": lambda v: flat(v, NOW, NOW + timedelta(hours=1)),
    "forecast": lambda v: resample_forecast({NOW: v}),
    "grid": lambda v: Observation(now=NOW, grid_w=v),
    "grid of a quarter": lambda v: Moment(cars_w=v),
    "grid of phases": lambda v: PhaseObservation(now=NOW, site_w=v),
    "circuit of phases": lambda v: PhaseObservation(
        now=NOW, site_w=0, circuit_w=-1e13 if v == inf else v
    ),
    "deadband": lambda v: SurplusConfig(deadband_a=v),
    "circuit": lambda v: _shared(circuit={"fallback_a": v}),
    "demand": lambda v: _shared(demand={"max_a": v}),
    "priority": lambda v: (
        _shared(demand={"priority": v})
        if not isinstance(v, (int, bool))
        else Budget(-1)
    ),
    "session": lambda v: add(_TOTALS, v, 0.5, 0.3, 100),
    "register": lambda v: integrate(_TOTALS, NOW, v, Tariff()),
    "home": lambda v: solar_shares(solar_w=1, battery_w=0, home_w=v, cars_w=1),
    "cars": lambda v: cars_solar_share(grid_w=1, cars_w=v),
    "live": lambda v: Live(v, NOW),
    "baseline": lambda v: Daily(NOW, ((0, v),)),
    "stretch": lambda v: Stretch(NOW, NOW + timedelta(hours=1), v),
    "fuse": lambda v: compile_fuse(v, Capabilities(version=OcppVersion.V16), NOW),
    "window": lambda v: (
        Question(evse_id=1, start=NOW, duration_s=v) if v != 1e13 else Budget(-1)
    ),
}
"""What takes a number, by what it is about; what a number may be elsewhere is left out."""


@pytest.mark.parametrize(
    "value", [nan, inf, -inf, 1e13, 10**400, "8", None, True, NOW], ids=str
)
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number(name: str, value: Any) -> None:
    """Neither a text, nor nothing, nor endless is taken for a number, wherever one belongs."""
    with pytest.raises(ChargingError):
        NUMBERS[name](value)


@pytest.mark.parametrize("value", [nan, inf, 1e13, "8"], ids=str)
@pytest.mark.parametrize(
    "field", ["import_price", "export_price", "co2", "surplus_w", "capacity_a"]
)
def test_series_of_what_is_no_number(field: str, value: Any) -> None:
    """Nor in any slot of a plan."""
    with pytest.raises(ChargingError):
        _planned(**{field: _series(value)})


@pytest.mark.parametrize("value", [nan, inf, -1, "8", True], ids=str)
@pytest.mark.parametrize("field", ["limit", "limit_l2", "limit_l3"])
def test_limits_of_what_is_no_number(field: str, value: Any) -> None:
    """Nor in a profile."""
    with pytest.raises(ChargingError):
        _combined(replace(Period(0, 10.0), **{field: value}))


@pytest.mark.parametrize("value", [nan, 1e308, 10**400, "0.3", None, True], ids=str)
def test_prices_that_are_none(value: Any) -> None:
    """What a source tells beside prices leaves a gap, not a price."""
    hour = timedelta(hours=1)
    raw = [RawRate(NOW, 0.1), RawRate(NOW + hour, value), RawRate(NOW + 2 * hour, 0.2)]
    assert normalise(raw).values == (0.1,) * 4 + (None,) * 4 + (0.2,) * 4


CALLS: list[Callable[[], object]] = [
    lambda: current_range((6, 16), (nan, None)),
    lambda: current_range((6, 16), (None, None), (None, inf)),
    lambda: current_range((-6, 16)),
    lambda: set_current(Mode.SOLAR, -1, 6, 16),
    lambda: set_current(Mode.MIN_SOLAR, 3, 16, 6),
    lambda: set_current(cast("Mode", "weird"), 8, 6, 16),
    lambda: flexible_power(cast("Mode", "foo"), 1, 0),
    lambda: flexible_power(Mode.SOLAR, -1, 0),
    lambda: _PHASES.after(5),
    lambda: _planned(unknown_price=1e308),
    lambda: _planned(price_limit="cheap"),
    lambda: _planned(max_segments="3"),
    lambda: PhaseConfig(max_switches=cast("int", "3")),
    lambda: Supply(limit_a=-5),
    lambda: Supply(voltage_v=0),
    lambda: Capabilities(version=cast("OcppVersion", "3.0")),
    lambda: Capabilities(
        version=OcppVersion.V16, units=frozenset({cast("RateUnit", "kW")})
    ),
    lambda: Question(evse_id=1, start=NOW, duration_s=60, unit=cast("RateUnit", "kW")),
    lambda: Question(evse_id=1, start=NOW, duration_s=-1),
    lambda: Question(evse_id=1, start=NOW, duration_s=60, disconnected_s=-1),
    lambda: Budget(10**400),
    lambda: price_factor(cast("str", None)),
    lambda: co2_factor(cast("str", 3)),
    lambda: normalise([RawRate(cast("datetime", "today"), 0.3)]),
    lambda: Observation(now=cast("datetime", None), grid_w=0),
]


@pytest.mark.parametrize("allowed", [nan, inf, -1, 2.0, 0.5, True, False, "3"])
def test_no_count_of_messages(allowed: Any) -> None:
    """How many messages may be sent is a whole number that is not negative, or not bounded."""
    ours = replace(PROFILE, id=profile_id(Layer.BASELINE, 1))
    with pytest.raises(ChargingError, match="writes_not_a_number"):
        diff([Installed(1, ours)], [], NOW, allowed)
    with pytest.raises(ChargingError, match="writes_not_a_number"):
        diff([], [], NOW, allowed)


@pytest.mark.parametrize("call", CALLS)
def test_numbers_and_words(call: Callable[[], object]) -> None:
    """No current comes of what is none."""
    with pytest.raises(ChargingError):
        call()


@pytest.mark.parametrize("mode", [Mode.SOLAR, Mode.MIN_SOLAR])
def test_the_sun_gives_no_more_than_the_maximum(mode: Mode) -> None:
    """However much of it there is."""
    assert set_current(mode, 40, 6, 16) == 16


@pytest.mark.parametrize(
    ("fuse_a", "unit", "told"),
    [
        (5.98, RateUnit.AMPERE, 5.9),
        (0.04, RateUnit.AMPERE, 0.0),
        (25.0, RateUnit.AMPERE, 25.0),
        (5.999, RateUnit.WATT, 4139.0),
    ],
)
def test_fuses_are_never_told_higher(
    fuse_a: float, unit: RateUnit, told: float
) -> None:
    """What does not fit into the steps of a limit is a little less."""
    ability = Capabilities(version=OcppVersion.V16, units=frozenset({unit}))
    (fuse,) = compile_fuse(fuse_a, ability, NOW).profiles
    assert fuse.profile.schedule.periods == (Period(0, told),)
