"""Whether a station is going to do what it was told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.charging.conformity import (
    Conformity,
    ConformityKind,
    Tolerance,
    compare,
)
from custom_components.ocpp_csms.csms.charging.errors import ChargingError
from custom_components.ocpp_csms.csms.model.profile import (
    CompositeSchedule,
    Period,
    RateUnit,
)

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _schedule(
    *periods: tuple[Any, ...],
    unit: RateUnit | None = RateUnit.AMPERE,
    duration: int | None = 7200,
    start: float | None = 0,
) -> CompositeSchedule:
    return CompositeSchedule(
        1,
        None if start is None else _at(start),
        duration,
        unit,
        tuple(Period(*period) for period in periods),
    )


PLAN = _schedule((0, 0.0), (1800, 16.0, 3), (3600, 0.0))


@pytest.mark.parametrize(
    "reported",
    [
        PLAN,
        _schedule((0, 0.0), (1801, 15.95, 3), (3599, 0.0)),
        _schedule((0, 0.0), (1800, 16.0), (2400, 16.0), (3600, 0.0)),
        _schedule((0, 0.0), (1800, 11_040.0, 3), (3600, 0.0), unit=RateUnit.WATT),
        _schedule((0, 0.0), (1790, 16.0), (3590, 0.0), start=10, duration=7190),
        _schedule((0, 0.0), (1800, 16.0), (3600, 0.0), start=None, duration=None),
    ],
)
def test_same(reported: CompositeSchedule) -> None:
    """What means the same conforms, however it is told."""
    assert compare(PLAN, reported) == Conformity(ConformityKind.SAME)
    assert compare(PLAN, reported).conforms


@pytest.mark.parametrize(
    ("reported", "difference"),
    [
        (_schedule(), Conformity(ConformityKind.NOT_REPORTED)),
        (
            _schedule((0, 32.0)),
            Conformity(ConformityKind.HIGHER, NOW, 0.0, 32.0),
        ),
        (
            _schedule((0, None)),
            Conformity(ConformityKind.HIGHER, NOW, 0.0, None),
        ),
        (
            _schedule((0, 0.0), (1800, 10.0, 3), (3600, 0.0)),
            Conformity(ConformityKind.LOWER, _at(1800), 16.0, 10.0),
        ),
        (
            _schedule((0, 0.0), (1800, 16.0, 1), (3600, 0.0)),
            Conformity(ConformityKind.PHASES, _at(1800), 3, 1),
        ),
        (
            _schedule((0, 0.0), (5400, 16.0, 3), (7200, 0.0)),
            Conformity(ConformityKind.SHIFTED, _at(1800), shift_s=3600),
        ),
        (
            _schedule((0, 0.0), (2400, 16.0, 3), (3660, 0.0)),
            Conformity(ConformityKind.LOWER, _at(1800), 16.0, 0.0),
        ),
        (
            _schedule((0, 0.0), (1860, 16.0, 3), (3650, 0.0)),
            Conformity(ConformityKind.LOWER, _at(1800), 16.0, 0.0),
        ),
        (
            _schedule((0, 0.0), (1740, 16.0, 3), (3600, 0.0)),
            Conformity(ConformityKind.HIGHER, _at(1740), 0.0, 16.0),
        ),
        (
            _schedule((0, 0.0), (1860, 16.0, 3), (3661, 0.0)),
            Conformity(ConformityKind.SHIFTED, _at(1800), shift_s=60),
        ),
        (
            _schedule((0, 0.0), (1800, 16.0, 3), duration=3000),
            Conformity(ConformityKind.TOO_SHORT, _at(3000)),
        ),
        (
            _schedule((3600, 0.0)),
            Conformity(ConformityKind.TOO_SHORT, NOW),
        ),
        (
            _schedule((0, 32.0), start=9000),
            Conformity(ConformityKind.TOO_SHORT, NOW),
        ),
        (
            _schedule((0, None), (1860, 16.0, 3), (3660, None)),
            Conformity(ConformityKind.HIGHER, NOW, 0.0, None),
        ),
        (
            _schedule((0, 0.0), (1800, 16.0, 3), (3600, 16.0)),
            Conformity(ConformityKind.HIGHER, _at(3600), 0.0, 16.0),
        ),
    ],
)
def test_differences(reported: CompositeSchedule, difference: Conformity) -> None:
    """The first difference is named, with its time and both values."""
    assert compare(PLAN, reported) == difference
    assert not compare(PLAN, reported).conforms


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        (_schedule((0, float("nan"))), "limit_not_a_number"),
        (_schedule((0, 6.0), (0, 8.0)), "periods_not_in_order"),
        (_schedule((0, 6.0), (60, 8.0), (30, 9.0)), "periods_not_in_order"),
    ],
)
def test_reports_without_meaning(reported: CompositeSchedule, reason: str) -> None:
    """What can't be read is said to be so, and not to conform."""
    with pytest.raises(ChargingError, match=reason):
        compare(PLAN, reported)


def test_tolerance() -> None:
    """What is no difference can be chosen."""
    rough = _schedule((0, 0.0), (1830, 15.0, 3), (3620, 0.0))
    assert (
        compare(PLAN, rough).kind is ConformityKind.SHIFTED
        or not compare(PLAN, rough).conforms
    )
    wide = Tolerance(seconds=60, current_a=1)
    assert compare(PLAN, rough, wide).conforms


def test_power_of_one_phase() -> None:
    """Watts are compared by the phases of the period, or those of the charger."""
    told = _schedule((0, 2300.0), unit=RateUnit.WATT)
    assert compare(_schedule((0, 10.0)), told, Tolerance(phases=1)).conforms
    assert not compare(_schedule((0, 10.0)), told).conforms


_LIMITS = st.lists(
    st.sampled_from([0.0, 6.0, 10.0, 16.0, 32.0]), min_size=1, max_size=6
)


@given(_LIMITS, st.data())
def test_any_other_limit_is_found(limits: list[float], data: st.DataObject) -> None:
    """A schedule conforms to itself; with one limit changed it does not."""
    periods = [(index * 900, limit) for index, limit in enumerate(limits)]
    expected = _schedule(*periods, duration=900 * len(limits))
    assert compare(expected, expected).conforms
    index = data.draw(st.integers(0, len(limits) - 1))
    other = limits[index] + data.draw(st.sampled_from([-5.0, 1.0, 16.0]))
    changed = list(expected.periods)
    changed[index] = Period(index * 900, other)
    result = compare(expected, replace(expected, periods=tuple(changed)))
    assert result.at == _at(index * 900)
    raised = other > limits[index]
    other = ConformityKind.HIGHER if raised else ConformityKind.LOWER
    # What has become like its neighbour may as well have come at another time.
    assert result.kind in (other, ConformityKind.SHIFTED)


@pytest.mark.parametrize("tenths", range(60, 320, 7))
def test_a_tenth_of_an_ampere(tenths: int) -> None:
    """A tenth of an ampere is no difference, however numbers are kept; two are one."""
    told = _schedule((0, tenths / 10))
    assert compare(told, _schedule((0, (tenths - 1) / 10))).conforms
    assert compare(told, _schedule((0, (tenths - 2) / 10))).kind is ConformityKind.LOWER


def test_last_second() -> None:
    """A change within the last second is none."""
    told = _schedule((0, 6.0), (7199, 16.0))
    assert compare(told, _schedule((0, 6.0))).conforms
    late = _schedule((0, 6.0), (1800, 16.0), duration=1801)
    assert compare(late, _schedule((0, 6.0), (1801, 16.0), duration=1802)).conforms


@pytest.mark.parametrize(
    ("told", "reported", "kind"),
    [
        ({"limit_l2": 6.0}, {"limit_l2": 32.0}, ConformityKind.HIGHER),
        ({"limit_l3": 6.0}, {}, ConformityKind.HIGHER),
        ({"limit_l2": 16.0, "limit_l3": 16.0}, {}, ConformityKind.SAME),
        ({"setpoint": -10.0}, {"setpoint": 10.0}, ConformityKind.HIGHER),
        ({"discharge_limit": -6.0}, {"discharge_limit": -9.0}, ConformityKind.LOWER),
    ],
)
def test_phases_and_set_points(
    told: dict[str, float], reported: dict[str, float], kind: ConformityKind
) -> None:
    """What is told of single phases, and of giving back, is compared as well."""
    one, other = (
        replace(_schedule((0, 16.0)), periods=(Period(0, 16.0, **fields),))
        for fields in (told, reported)
    )
    assert compare(one, other).kind is kind


@pytest.mark.parametrize(
    "fields", [{"voltage_v": 0}, {"phases": 0}, {"seconds": -1}, {"current_a": nan}]
)
def test_tolerances_that_make_no_sense(fields: dict[str, float]) -> None:
    """Nothing can be compared by what is no number."""
    with pytest.raises(ChargingError, match="tolerance_not_a_number"):
        Tolerance(**fields)


@pytest.mark.parametrize("starts", [(-5,), (0, nan), (0, 0)])
def test_reports_that_make_no_sense(starts: tuple[float, ...]) -> None:
    """Periods that begin nowhere, and an expectation of nothing, are refused."""
    odd = replace(PLAN, periods=tuple(Period(start, 6.0) for start in starts))
    with pytest.raises(ChargingError):
        compare(PLAN, odd)
    with pytest.raises(ChargingError, match="nothing_expected"):
        compare(replace(PLAN, periods=()), PLAN)
