"""What a station does with its profiles: the rules, each by a small case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    Session,
    composite,
)
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.model.profile import (
    ChargingProfile,
    Kind,
    OperationMode,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = 3600
SUPPLY = Supply(limit_a=99, limit_w=99_000, fill_phases=False)


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _profile(
    *periods: tuple[Any, ...] | Period, evse: int = 1, **fields: Any
) -> Installed:
    schedule = {
        "unit": fields.pop("unit", RateUnit.AMPERE),
        "start": fields.pop("start", NOW),
        "duration_s": fields.pop("duration_s", None),
    }
    values = {
        "id": 1,
        "stack_level": fields.pop("level", 0),
        "purpose": Purpose.TX_DEFAULT,
        "kind": Kind.ABSOLUTE,
        **fields,
    }
    return Installed(
        evse,
        ChargingProfile(
            schedule=Schedule(
                periods=tuple(
                    item if isinstance(item, Period) else Period(*item)
                    for item in periods
                ),
                **schedule,
            ),
            **values,
        ),
    )


def _ask(**fields: Any) -> Question:
    values = {"evse_id": 1, "start": NOW, "duration_s": HOUR}
    return Question(**values | {"assume_transaction": True} | fields)


def _told(
    *installed: Installed, sessions: tuple[Session, ...] = (), **fields: Any
) -> list[tuple[int, float | None]]:
    periods = composite(installed, sessions, _ask(**fields), SUPPLY).periods
    return [(period.start_s, period.limit) for period in periods]


BASE = _profile((0, 16.0))


@pytest.mark.parametrize(
    ("installed", "told"),
    [
        pytest.param([], [(0, 99)], id="nothing"),
        pytest.param([BASE], [(0, 16)], id="one"),
        pytest.param(
            [BASE, _profile((0, 6.0), level=1, duration_s=600)],
            [(0, 6), (600, 16)],
            id="higher level until its duration is over",
        ),
        pytest.param(
            [BASE, _profile((0, 32.0), level=1)], [(0, 32)], id="higher level, more"
        ),
        pytest.param(
            [BASE, _profile((0, 6.0), level=1, start=_at(900))],
            [(0, 16), (900, 6)],
            id="begins later",
        ),
        pytest.param(
            [BASE, _profile((0, 6.0), level=1, valid_to=_at(300))],
            [(0, 6), (300, 16)],
            id="valid until",
        ),
        pytest.param(
            [BASE, _profile((0, 6.0), level=1, valid_from=_at(300))],
            [(0, 16), (300, 6)],
            id="valid from",
        ),
        pytest.param(
            [BASE, _profile((0, 10.0), purpose=Purpose.TX, duration_s=600)],
            [(0, 10), (600, 16)],
            id="TxProfile before TxDefaultProfile, which fills its gaps",
        ),
        pytest.param(
            [
                BASE,
                _profile((0, 25.0), (600, 10.0), evse=0, purpose=Purpose.STATION_MAX),
            ],
            [(0, 16), (600, 10)],
            id="never more than the station's maximum",
        ),
        pytest.param(
            [BASE, _profile((0, 8.0), evse=0, purpose=Purpose.STATION_EXTERNAL)],
            [(0, 8)],
            id="nor than external constraints",
        ),
        pytest.param(
            [_profile((0, 6.0), evse=2), BASE], [(0, 16)], id="another EVSE's"
        ),
        pytest.param([_profile((0, 6.0), evse=0)], [(0, 6)], id="all EVSEs'"),
        pytest.param(
            [_profile((0, 6900.0, 3), unit=RateUnit.WATT)], [(0, 10)], id="W of three"
        ),
        pytest.param(
            [_profile((0, 2300.0, 1), unit=RateUnit.WATT)], [(0, 10)], id="W of one"
        ),
        pytest.param(
            [_profile((0, 6.0), (900, 8.0), (1800, 8.0), (2700, 6.0))],
            [(0, 6), (900, 8), (2700, 6)],
            id="changes only",
        ),
    ],
)
def test_rules(installed: list[Installed], told: list[tuple[int, float]]) -> None:
    """Levels, validity, purposes, places and units."""
    assert _told(*installed) == told


@pytest.mark.parametrize(
    ("recurrency", "start", "told"),
    [
        (Recurrency.DAILY, _at(-86_400), [(0, 6), (1800, 16)]),
        (Recurrency.DAILY, _at(-86_400 * 9 + 900), [(0, 16), (900, 6), (2700, 16)]),
        (Recurrency.WEEKLY, _at(-7 * 86_400), [(0, 6), (1800, 16)]),
        (Recurrency.WEEKLY, _at(-86_400), [(0, 16)]),
    ],
)
def test_recurring(
    recurrency: Recurrency, start: datetime, told: list[tuple[int, float]]
) -> None:
    """Every 24 hours, or every week, from its start on."""
    profile = _profile(
        (0, 6.0),
        level=1,
        kind=Kind.RECURRING,
        recurrency=recurrency,
        start=start,
        duration_s=1800,
    )
    assert _told(BASE, profile) == told


def test_relative() -> None:
    """From the begin of the transaction on."""
    profile = _profile((0, 6.0), (1800, 10.0), kind=Kind.RELATIVE, start=None)
    running = Session(1, _at(-600), "T")
    assert _told(profile, sessions=(running,), assume_transaction=False) == [
        (0, 6),
        (1200, 10),
    ]


def test_transaction_profile_of_another_transaction() -> None:
    """A TxProfile holds for its transaction only, and for none without one."""
    profile = _profile((0, 6.0), purpose=Purpose.TX, transaction_id="T")
    for id_, limit in (("T", 6), ("U", 16)):
        running = Session(1, NOW, id_)
        told = _told(BASE, profile, sessions=(running,), assume_transaction=False)
        assert told == [(0, limit)]
    assert _told(BASE, profile, assume_transaction=False) == [(0, 99)]


def test_sum_of_the_evses() -> None:
    """EVSE 0 is what all EVSEs may take together, within the station's maximum."""
    second = replace(_profile((0, 10.0), evse=2))
    assert _told(BASE, second, evse_id=0, number_of_evses=2) == [(0, 26)]
    most = _profile((0, 20.0), evse=0, purpose=Purpose.STATION_MAX)
    assert _told(BASE, second, most, evse_id=0, number_of_evses=2) == [(0, 20)]


def test_dynamic() -> None:
    """2.1: a Dynamic profile holds from its last value on, for its duration."""
    profile = _profile(
        (0, 6.0), level=1, kind=Kind.DYNAMIC, start=None, duration_s=120,
        updated_at=_at(-60),
    )  # fmt: skip
    assert _told(BASE, profile) == [(0, 6), (60, 16)]


@pytest.mark.parametrize(
    ("updated", "told"),
    [
        (-60, [(0, 6), (60, 16)]),
        (-110, [(0, 6), (10, 16)]),
        (-120, [(0, 16)]),
        (None, [(0, 16)]),
        (30, [(0, 16), (30, 6), (150, 16)]),
    ],
)
def test_dynamic_counts_from_its_last_value(
    updated: float | None, told: list[tuple[int, float]]
) -> None:
    """2.1 K28: it is the last update that counts, whenever the schedule began."""
    profile = _profile(
        (0, 6.0), level=1, kind=Kind.DYNAMIC, start=_at(-600), duration_s=120,
        updated_at=None if updated is None else _at(updated),
    )  # fmt: skip
    assert _told(BASE, profile) == told


def test_offline() -> None:
    """2.1: a profile may end when the station has been cut off for too long."""
    profile = _profile((0, 6.0), level=1, max_offline_s=300)
    assert _told(BASE, profile, disconnected_s=300) == [(0, 6)]
    assert _told(BASE, profile, disconnected_s=301) == [(0, 16)]


def test_set_points() -> None:
    """2.1: a set-point is cut to the limits, whosever they are; so are discharge limits."""
    give = Period(
        0, 16.0, setpoint=-12.0, discharge_limit=-14.0,
        operation_mode=OperationMode.CENTRAL_SETPOINT,
    )  # fmt: skip
    most = Period(0, 10.0, discharge_limit=-8.0)
    (period,) = composite(
        [
            _profile(give),
            _profile(most, evse=0, purpose=Purpose.STATION_MAX),
        ],
        (),
        _ask(),
        SUPPLY,
    ).periods
    assert (period.limit, period.setpoint, period.discharge_limit) == (10, -8, -8)
    assert period.operation_mode is OperationMode.CENTRAL_SETPOINT


def test_fewest_phases() -> None:
    """The number of phases is the lowest of all that holds."""
    one = _profile((0, 16.0, 1))
    three = _profile((0, 32.0, 3), evse=0, purpose=Purpose.STATION_MAX)
    (period,) = composite([one, three], (), _ask(), SUPPLY).periods
    assert (period.limit, period.phases) == (16, 1)


@pytest.mark.parametrize("turned", [False, True])
def test_same_level_twice(turned: bool) -> None:
    """Of two on one level the EVSE's own holds, in whatever order they are listed."""
    both = [_profile((0, 16.0), evse=0, id=1), _profile((0, 10.0), evse=1, id=2)]
    assert _told(*(both[::-1] if turned else both)) == [(0, 10)]


def test_constraints_of_another_evse() -> None:
    """What limits EVSE 2 from outside does not limit EVSE 1."""
    other = _profile((0, 6.0), evse=2, purpose=Purpose.STATION_EXTERNAL)
    assert _told(BASE, other) == [(0, 16)]
    assert _told(_profile((0, 16.0), evse=2), other, evse_id=2) == [(0, 6)]


@pytest.mark.parametrize("duration", [float("inf"), float("nan")])
def test_window_without_end(duration: float) -> None:
    """A window has an end."""
    with pytest.raises(ChargingError, match="duration_not_a_number"):
        _ask(duration_s=duration)


@pytest.mark.parametrize(
    ("periods", "reason"),
    [
        ([], "periods_missing"),
        ([(60, 6.0)], "first_period_not_at_zero"),
        ([(0, 6.0), (60, 8.0), (30, 9.0)], "periods_not_in_order"),
        ([(0, float("nan"))], "limit_not_a_number"),
        ([(0, -1.0)], "limit_not_a_number"),
        ([Period(0, 6.0, limit_l2=float("nan"))], "limit_not_a_number"),
        ([(0, 6.0, 0)], "phases_unknown"),
    ],
)
def test_profiles_without_meaning(periods: list[Any], reason: str) -> None:
    """What has no meaning is refused with its reason."""
    with pytest.raises(ChargingError, match=reason):
        _told(_profile(*periods))


def test_sum_of_single_phases() -> None:
    """The station's sum tells phases apart where an EVSE does, with set-points."""
    period = Period(0, 16.0, limit_l2=10.0, limit_l3=10.0)
    installed = [_profile(period), _profile((0, 6.0), evse=2, id=2)]
    (told,) = composite(
        installed, (), _ask(evse_id=0, number_of_evses=2), SUPPLY
    ).periods
    assert (told.limit, told.limit_l2, told.limit_l3) == (22, 16, 16)
    points = [_profile(Period(0, 16.0, setpoint=-4.0, discharge_limit=-6.0))]
    (told,) = composite(points, (), _ask(evse_id=0), SUPPLY).periods
    assert (told.setpoint, told.discharge_limit) == (-4, -6)


def test_constraints_of_one_evse() -> None:
    """What others limit one EVSE to counts in the station's sum, and beside the station's own."""
    limit = {"purpose": Purpose.STATION_EXTERNAL}
    one = _profile((0, 6.0), id=2, **limit)
    assert _told(one, evse_id=0, number_of_evses=2) == [(0, 6 + 99)]
    high = _profile((0, 30.0), id=3, level=1, **limit)
    low = _profile((0, 6.0), id=4, evse=0, **limit)
    assert _told(high, low) == [(0, 6)]


def test_idle() -> None:
    """2.1: an EVSE that is to be idle is allowed nothing, whatever lies below."""
    idle = Period(0, None, operation_mode=OperationMode.IDLE)
    assert _told(_profile(idle)) == [(0, 0)]
    assert _told(_profile(idle, id=2, level=1), _profile((0, 16.0))) == [(0, 0)]


def test_only_a_discharge_limit() -> None:
    """A period may say what may be given back and nothing else."""
    back = _profile(Period(0, None, discharge_limit=-8.0))
    (told,) = composite([back], (), _ask(), SUPPLY).periods
    assert (told.limit, told.discharge_limit) == (None, -8)


def test_edges_within_a_second() -> None:
    """Of several changes in one second the last holds."""
    late = _profile((0, 6.0), id=2, level=1, start=_at(0.2), duration_s=1)
    later = _profile((0, 8.0), id=3, level=2, start=_at(0.4), duration_s=600)
    assert _told(late, later, _profile((0, 16.0))) == [(0, 8), (600, 16)]


def test_priority_charging() -> None:
    """2.1 Q: a profile for charging with priority holds when that is asked for, and only then."""
    fast = _profile((0, 32.0), id=2, purpose=Purpose.PRIORITY)
    slow = _profile((0, 6.0))
    assert _told(fast, slow) == [(0, 6)]
    assert _told(fast, slow, priority_charging=True) == [(0, 32)]


def test_transaction_profile_of_another_evse() -> None:
    """What was told to one EVSE's transaction holds nowhere else."""
    other = _profile((0, 6.0), evse=2, purpose=Purpose.TX, transaction_id="T")
    assert _told(other, sessions=(Session(1, NOW, "T"),)) == [(0, 99)]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"periods": (Period(0, 6.0, setpoint=nan),)}, "limit_not_a_number"),
        ({"periods": (Period(0, 6.0), Period(nan, 9.0))}, "periods_not_in_order"),
        (
            {"periods": (Period(0, 6.0, discharge_limit=3.0),)},
            "discharge_limit_positive",
        ),
        ({"duration_s": -5}, "duration_not_a_number"),
        ({"duration_s": nan}, "duration_not_a_number"),
        ({"start": NOW.replace(tzinfo=None)}, "time_without_zone"),
    ],
)
def test_schedules_without_meaning(fields: dict[str, Any], reason: str) -> None:
    """Numbers and times that are none are refused."""
    item = _profile((0, 6.0))
    schedule = replace(item.profile.schedule, **fields)
    odd = replace(item, profile=replace(item.profile, schedule=schedule))
    with pytest.raises(ChargingError, match=reason):
        _told(odd)


def test_questions_and_supplies_without_meaning() -> None:
    """So are they in the question, and in what is converted by."""
    with pytest.raises(ChargingError, match="time_without_zone"):
        _ask(start=NOW.replace(tzinfo=None))
    for fields in ({"voltage_v": 0}, {"phases": 0}, {"limit_a": nan}):
        with pytest.raises(ChargingError):
            Supply(**fields)
