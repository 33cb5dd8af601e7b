"""Stations' answers to commands, read alike on every version."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.errors import CallError, CommandRejectedError
from custom_components.ocpp_csms.csms.model.commands import (
    Call,
    ChangeAvailability,
    ClearCache,
    ClearChargingProfile,
    Command,
    DataTransfer,
    DataTransferResult,
    Done,
    GetBaseReport,
    GetCompositeSchedule,
    GetTransactionStatus,
    GetVariables,
    Reset,
    ResetKind,
    SetChargingProfile,
    SetVariables,
    StartCharging,
    StopCharging,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)
from custom_components.ocpp_csms.csms.model.profile import (
    CompositeSchedule,
    Period,
    RateUnit,
)
from custom_components.ocpp_csms.csms.model.station import Availability
from custom_components.ocpp_csms.csms.model.variable import VariableRef, VariableResult

from .support import (
    KEY,
    NOW,
    PLACED,
    TOKEN,
    V2X,
    V16,
    VERSIONS,
    Json,
    dialect,
    profile,
    stamp,
)

GOOD: list[tuple[tuple[str, ...], Command[Any], list[str]]] = [
    (
        VERSIONS,
        ChangeAvailability(Availability.OPERATIVE),
        ["Accepted", "Scheduled"],
    ),
    (VERSIONS, ClearCache(), ["Accepted"]),
    (VERSIONS, ClearChargingProfile(), ["Accepted", "Unknown"]),
    (VERSIONS, SetChargingProfile(1, profile()), ["Accepted"]),
    (VERSIONS, StartCharging(id_token=TOKEN, remote_start_id=1), ["Accepted"]),
    (VERSIONS, StopCharging("5"), ["Accepted"]),
    (VERSIONS, TriggerMessage(Trigger.HEARTBEAT), ["Accepted"]),
    (V16, UnlockConnector(1), ["Unlocked", "Accepted"]),
    (V2X, UnlockConnector(1), ["Unlocked"]),
    (V16, Reset(ResetKind.ON_IDLE), ["Accepted"]),
    (V2X, Reset(ResetKind.ON_IDLE), ["Accepted", "Scheduled"]),
    (V2X, GetBaseReport(1), ["Accepted"]),
]


@pytest.mark.parametrize(
    ("version", "command", "status"),
    [
        (version, command, status)
        for versions, command, statuses in GOOD
        for version in versions
        for status in statuses
    ],
)
def test_accepted(version: str, command: Command[Done], status: str) -> None:
    """The station's word is handed on where it means yes."""
    result = dialect(version).decode_result(command, {"status": status})
    assert result == Done(status)


@pytest.mark.parametrize(
    ("version", "command", "status"),
    [
        (version, command, status)
        for versions, command, _ in GOOD
        for version in versions
        for status in ("Rejected", "NotSupported", "Whatever", "")
    ],
)
def test_rejected(version: str, command: Command[Done], status: str) -> None:
    """Every other word is a refusal."""
    with pytest.raises(CommandRejectedError) as error:
        dialect(version).decode_result(command, {"status": status})
    assert error.value.status == status


def test_reason_of_a_refusal(version_2x: str) -> None:
    """2.x: the station's reason is kept."""
    info = {"reasonCode": "TxNotFound", "additionalInfo": "gone"}
    answer = {"status": "Rejected", "statusInfo": info}
    with pytest.raises(CommandRejectedError) as error:
        dialect(version_2x).decode_result(StopCharging("5"), answer)
    assert error.value.reason == "TxNotFound gone"


def _result(version: str, command: Command[Any], answer: Json) -> Any:
    return dialect(version).decode_result(command, answer)


def test_keys() -> None:
    """1.6: known and unknown keys are results."""
    answer = {
        "configurationKey": [
            {"key": "A", "readonly": True, "value": "1"},
            {"key": "B", "readonly": False},
            {"key": "", "readonly": False},
        ],
        "unknownKey": ["C"],
    }
    assert _result("1.6", GetVariables(), answer) == (
        VariableResult(VariableRef("A"), "Accepted", "1", True),
        VariableResult(VariableRef("B"), "Accepted", None, False),
        VariableResult(VariableRef("C"), "UnknownVariable"),
    )


@pytest.mark.parametrize("answer", [{}, {"configurationKey": None, "unknownKey": None}])
def test_no_keys(answer: Json) -> None:
    """1.6: a station may have no key to tell."""
    assert _result("1.6", GetVariables(), answer) == ()


@pytest.mark.parametrize("status", ["Accepted", "RebootRequired", "Rejected"])
def test_changed_key(status: str) -> None:
    """1.6: the answer to a change is the result of its one key."""
    result = _result("1.6", SetVariables(((KEY, "5"),)), {"status": status})
    assert result == (VariableResult(KEY, status, "5"),)


def _place(ref: VariableRef) -> Json:
    evse = {"id": ref.evse_id, "connectorId": ref.connector_id}
    return {
        "component": {
            "name": ref.component,
            "instance": ref.component_instance,
            "evse": evse,
        },
        "variable": {"name": ref.name, "instance": ref.instance},
    }


def test_read_variables(version_2x: str) -> None:
    """2.x: each variable has its own status, value and reason."""
    good = _place(PLACED) | {"attributeStatus": "Accepted", "attributeValue": "1"}
    bad = _place(PLACED) | {
        "attributeStatus": "Rejected",
        "attributeStatusInfo": {"reasonCode": "WriteOnly"},
    }
    answer = {"getVariableResult": [good, bad]}
    assert _result(version_2x, GetVariables((PLACED,)), answer) == (
        VariableResult(PLACED, "Accepted", "1"),
        VariableResult(PLACED, "Rejected", None, reason="WriteOnly"),
    )


def test_written_variables(version_2x: str) -> None:
    """2.x: what was written comes back with its status."""
    answer = {"setVariableResult": [_place(PLACED) | {"attributeStatus": "Accepted"}]}
    result = _result(version_2x, SetVariables(((PLACED, "5"),)), answer)
    assert result == (VariableResult(PLACED, "Accepted", "5"),)


@pytest.mark.parametrize("status", ["Accepted"])
def test_data_transfer(version: str, status: str) -> None:
    """Data that the station sends back is handed on."""
    answer = {"status": status, "data": "x"}
    result = _result(version, DataTransfer("acme"), answer)
    assert result == DataTransferResult("Accepted", "x")


def test_refused_data_transfer(version: str) -> None:
    """A DataTransfer that the station does not know is a refusal."""
    with pytest.raises(CommandRejectedError):
        _result(version, DataTransfer("acme"), {"status": "UnknownVendorId"})


@pytest.mark.parametrize(
    ("answer", "ongoing"),
    [
        ({"ongoingIndicator": True, "messagesInQueue": False}, True),
        ({"ongoingIndicator": False, "messagesInQueue": False}, False),
        ({"messagesInQueue": False}, None),
    ],
)
def test_transaction_status(
    version_2x: str, answer: Json, ongoing: bool | None
) -> None:
    """2.x: the station says whether a transaction goes on, or nothing."""
    assert _result(version_2x, GetTransactionStatus("a"), answer) is ongoing


def _schedule(version: str, **more: Any) -> Json:
    schedule: Json = {
        "duration": 60,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 5.797101, "numberPhases": 3},
            {"startPeriod": 30, "limit": 0},
        ],
    } | more
    if version == "1.6":
        started = {"scheduleStart": stamp(), "chargingSchedule": schedule}
        return {"status": "Accepted", "connectorId": 1} | started
    schedule |= {"evseId": 1, "scheduleStart": stamp()}
    return {"status": "Accepted", "schedule": schedule}


def test_composite(version: str) -> None:
    """A composite schedule is read alike on every version."""
    assert _result(
        version, GetCompositeSchedule(1, 60), _schedule(version)
    ) == CompositeSchedule(
        1, NOW, 60, RateUnit.AMPERE, (Period(0, 5.797101, 3), Period(30, 0.0))
    )


@pytest.mark.parametrize(
    "more",
    [
        {"chargingSchedulePeriod": []},
        {"chargingSchedulePeriod": None},
        {"chargingSchedulePeriod": [{"startPeriod": 0}]},
    ],
)
def test_composite_without_periods(version: str, more: Json) -> None:
    """A composite schedule may say nothing."""
    answer = _schedule(version, **more)
    assert _result(version, GetCompositeSchedule(1, 60), answer).periods == ()


def test_composite_without_schedule(version: str) -> None:
    """An accepted answer may lack its schedule."""
    composite = _result(version, GetCompositeSchedule(1, 60), {"status": "Accepted"})
    assert (composite.start, composite.periods) == (None, ())


def test_composite_without_unit(version: str) -> None:
    """A schedule in no known unit is taken to be in the one that was asked for."""
    command = GetCompositeSchedule(1, 60, RateUnit.WATT)
    composite = _result(version, command, _schedule(version, chargingRateUnit="kW"))
    assert composite.unit is RateUnit.WATT


def test_refused_composite(version: str) -> None:
    """A station may refuse to tell."""
    with pytest.raises(CommandRejectedError):
        _result(version, GetCompositeSchedule(1, 60), {"status": "Rejected"})


@pytest.mark.parametrize(
    "more",
    [
        {"chargingSchedulePeriod": [{"limit": 6}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": "much"}]},
        {"chargingSchedulePeriod": 5},
    ],
)
def test_unusable_answer(version: str, more: Json) -> None:
    """An answer that can't be read is the station's error, not ours."""
    with pytest.raises(CallError):
        _result(version, GetCompositeSchedule(1, 60), _schedule(version, **more))


def test_any_call_is_answered_as_it_is(version: str) -> None:
    """The answer to a message of the caller's own is handed on."""
    assert _result(version, Call("Reset", {}), {"status": "Odd"}) == {"status": "Odd"}
