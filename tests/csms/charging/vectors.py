"""Reads verification data that stands beside the project, where it does."""

from datetime import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    Session,
)
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

FOLDER = Path(__file__).parents[4] / "shared" / "vectors"
MISSING = "the verification data is not beside the project"


def cases(name: str, group: str | None = None) -> list[Any]:
    """Return the cases of a file as parameters; one skipped parameter if it is absent."""
    file = FOLDER / name
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=MISSING), id=name)]
    data = json.loads(file.read_text("utf-8"))
    return [
        pytest.param(case, id=case.get("id", case.get("name")))
        for case in data["cases"]
        if group is None or case["group"] == group
    ]


def installed(item: dict[str, Any]) -> Installed:
    """Return an installed profile."""
    return Installed(item["evse"], read_profile(item["profile"]))


def sessions(case: dict[str, Any]) -> list[Session]:
    """Return the running transactions of a case."""
    return [
        Session(item["evse"], _time(item["start"]), item["transaction_id"])
        for item in case["sessions"]
    ]


def question(case: dict[str, Any]) -> Question:
    """Return what a case asks."""
    start, end = _time(case["window"]["start"]), _time(case["window"]["end"])
    assert start and end
    return Question(
        evse_id=case["evse"],
        start=min(start, end),
        duration_s=(end - min(start, end)).total_seconds(),
        unit=RateUnit(case["unit"]),
        assume_transaction=case["assume_transaction"],
        disconnected_s=case.get("disconnected_s") or 0,
        number_of_evses=case["number_of_evses"],
    )


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else datetime.fromisoformat(f"{text}+00:00")


def read_profile(data: dict[str, Any]) -> ChargingProfile:
    """Return a profile from the field names of any version."""
    schedule = data["chargingSchedule"]
    if isinstance(schedule, list):
        (schedule,) = schedule
    purpose = data["chargingProfilePurpose"]
    if purpose == "ChargePointMaxProfile":
        purpose = Purpose.STATION_MAX
    recurrency = data.get("recurrencyKind")
    return ChargingProfile(
        id=data["chargingProfileId"] if "chargingProfileId" in data else data["id"],
        stack_level=data["stackLevel"],
        purpose=Purpose(purpose),
        kind=Kind(data["chargingProfileKind"]),
        recurrency=Recurrency(recurrency) if recurrency else None,
        valid_from=_time(data.get("validFrom")),
        valid_to=_time(data.get("validTo")),
        transaction_id=data.get("transactionId"),
        max_offline_s=data.get("maxOfflineDuration"),
        invalid_after_offline=data.get("invalidAfterOfflineDuration", False),
        schedule=Schedule(
            unit=RateUnit(schedule["chargingRateUnit"]),
            start=_time(schedule.get("startSchedule")),
            duration_s=schedule.get("duration"),
            min_rate=schedule.get("minChargingRate"),
            periods=tuple(
                _period(period) for period in schedule["chargingSchedulePeriod"]
            ),
        ),
    )


def _period(data: dict[str, Any]) -> Period:
    mode = data.get("operationMode")
    return Period(
        data["startPeriod"],
        data.get("limit"),
        phases=data.get("numberPhases"),
        limit_l2=data.get("limit_L2"),
        limit_l3=data.get("limit_L3"),
        discharge_limit=data.get("dischargeLimit"),
        discharge_limit_l2=data.get("dischargeLimit_L2"),
        discharge_limit_l3=data.get("dischargeLimit_L3"),
        setpoint=data.get("setpoint"),
        setpoint_l2=data.get("setpoint_L2"),
        setpoint_l3=data.get("setpoint_L3"),
        operation_mode=OperationMode(mode) if mode else None,
    )
