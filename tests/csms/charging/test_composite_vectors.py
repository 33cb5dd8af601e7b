"""Composite schedules against the verification data of an independent implementation."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import composite, expired
from custom_components.ocpp_csms.csms.model.profile import Period

from .vectors import cases, installed, question, sessions

V16 = Supply(limit_a=48, limit_w=33_120, fill_phases=False)
V2 = Supply(limit_a=57, limit_w=55_612)
_FIELDS = {
    "start_s": "start_s",
    "limit": "limit",
    "phases": "phases",
    "limit_L2": "limit_l2",
    "limit_L3": "limit_l3",
    "dischargeLimit": "discharge_limit",
    "dischargeLimit_L2": "discharge_limit_l2",
    "dischargeLimit_L3": "discharge_limit_l3",
    "setpoint": "setpoint",
    "setpoint_L2": "setpoint_l2",
    "setpoint_L3": "setpoint_l3",
    "operationMode": "operation_mode",
}


@pytest.mark.parametrize("case", cases("composite_v16.json"))
def test_v16(case: dict[str, Any]) -> None:
    """OCPP 1.6."""
    _check(case, V16)


@pytest.mark.parametrize("case", cases("composite_v201.json"))
def test_v201(case: dict[str, Any]) -> None:
    """OCPP 2.0.1."""
    _check(case, V2)


@pytest.mark.parametrize("case", cases("composite_v21.json"))
def test_v21(case: dict[str, Any]) -> None:
    """OCPP 2.1."""
    _check(case, V2)


def _check(case: dict[str, Any], supply: Supply) -> None:
    profiles = [installed(item) for item in case["profiles"]]
    asked = question(case)
    answer = composite(profiles, sessions(case), asked, supply)
    expected = case["expected"]
    assert answer.duration_s == expected["duration_s"]
    assert answer.unit == expected["unit"]
    wanted = expected["periods"]
    if expected.get("partial"):
        assert len(answer.periods) >= expected["min_periods"]
    else:
        assert len(answer.periods) == len(wanted)
    for got, want in zip(answer.periods, wanted, strict=False):
        _check_period(got, want, complete=expected.get("other_fields_absent", False))
    if "cleared_profile_ids" in expected:
        assert (
            expired(profiles, asked.disconnected_s) == expected["cleared_profile_ids"]
        )


def _check_period(got: Period, want: dict[str, Any], *, complete: bool) -> None:
    for name, field in _FIELDS.items():
        if name not in want and not complete:
            continue
        value, wanted = getattr(got, field), want.get(name)
        if isinstance(wanted, int | float):
            assert value == pytest.approx(wanted, rel=1e-6), name
        else:
            assert value == wanted, name
