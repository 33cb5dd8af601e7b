"""Commands as messages: valid on each version, or refused before they are sent."""

from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.dialects import DIALECTS, Dialect, Setting
from custom_components.ocpp_csms.csms.errors import (
    CallError,
    CommandNotSupportedError,
    CommandRejectedError,
    InvalidPayloadError,
    InvalidRequestError,
)
from custom_components.ocpp_csms.csms.framing import ErrorCode, RpcError
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
from custom_components.ocpp_csms.csms.model.id_token import IdToken
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
from custom_components.ocpp_csms.csms.model.station import Availability
from custom_components.ocpp_csms.csms.model.variable import VariableRef, VariableResult
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .support import NOW, VERSIONS, Json, schemas, stamp

V16, V2X = ("1.6",), ("2.0.1", "2.1")
KEY = VariableRef("HeartbeatInterval")
PLACED = VariableRef("Enabled", "AuthCtrlr", "A", "B", 1, 2)
TOKEN = IdToken("TAG")


def profile(purpose: Purpose = Purpose.TX_DEFAULT, **fields: Any) -> ChargingProfile:
    """Return a charging profile."""
    schedule = Schedule(
        unit=RateUnit.AMPERE,
        periods=(Period(0, 16.04), Period(3600, 6.0, 3)),
        start=NOW,
        duration_s=7200,
        min_rate=6.0,
    )
    plain: dict[str, Any] = {
        "id": 1,
        "stack_level": 0,
        "kind": Kind.ABSOLUTE,
        "schedule": schedule,
    }
    return ChargingProfile(purpose=purpose, **(plain | fields))


FULL_PROFILE = profile(
    kind=Kind.RECURRING,
    recurrency=Recurrency.DAILY,
    valid_from=NOW,
    valid_to=NOW + timedelta(days=1),
)
SENT: list[tuple[tuple[str, ...], Command[Any], str]] = [
    (V16, StartCharging(id_token=TOKEN, remote_start_id=1), "RemoteStartTransaction"),
    (
        V16,
        StartCharging(
            id_token=TOKEN,
            remote_start_id=1,
            evse_id=1,
            profile=profile(Purpose.TX),
        ),
        "RemoteStartTransaction",
    ),
    (
        V2X,
        StartCharging(
            id_token=TOKEN,
            remote_start_id=1,
            evse_id=1,
            profile=profile(Purpose.TX),
        ),
        "RequestStartTransaction",
    ),
    (V2X, StartCharging(id_token=TOKEN, remote_start_id=1), "RequestStartTransaction"),
    (V16, StopCharging("5"), "RemoteStopTransaction"),
    (V16, StopCharging("-16"), "RemoteStopTransaction"),
    (V2X, StopCharging("abc"), "RequestStopTransaction"),
    *((VERSIONS, Reset(kind), "Reset") for kind in ResetKind),
    (V2X, Reset(ResetKind.ON_IDLE, 1), "Reset"),
    *(
        (VERSIONS, ChangeAvailability(word, *where), "ChangeAvailability")
        for word in Availability
        for where in ((), (1,), (1, 1))
    ),
    (VERSIONS, UnlockConnector(1, 1), "UnlockConnector"),
    *(
        (VERSIONS, TriggerMessage(trigger), "TriggerMessage")
        for trigger in Trigger
        if trigger is not Trigger.TRANSACTION_EVENT
    ),
    (VERSIONS, TriggerMessage(Trigger.METER_VALUES, 1), "TriggerMessage"),
    (VERSIONS, TriggerMessage(Trigger.STATUS_NOTIFICATION, 1, 1), "TriggerMessage"),
    (V2X, TriggerMessage(Trigger.TRANSACTION_EVENT, 1), "TriggerMessage"),
    (V16, GetVariables(), "GetConfiguration"),
    (V16, GetVariables((KEY,)), "GetConfiguration"),
    (V2X, GetVariables((PLACED,)), "GetVariables"),
    (V16, SetVariables(((KEY, "60"),)), "ChangeConfiguration"),
    (V2X, SetVariables(((PLACED, "true"), (PLACED, "x"))), "SetVariables"),
    (V2X, GetBaseReport(1), "GetBaseReport"),
    *(
        (VERSIONS, SetChargingProfile(1, profile(purpose)), "SetChargingProfile")
        for purpose in (Purpose.TX_DEFAULT, Purpose.STATION_MAX)
    ),
    (VERSIONS, SetChargingProfile(1, FULL_PROFILE), "SetChargingProfile"),
    (
        VERSIONS,
        SetChargingProfile(1, profile(Purpose.TX, transaction_id="7")),
        "SetChargingProfile",
    ),
    (
        V2X,
        SetChargingProfile(1, profile(Purpose.STATION_EXTERNAL)),
        "SetChargingProfile",
    ),
    *(
        (("2.1",), SetChargingProfile(1, profile(purpose)), "SetChargingProfile")
        for purpose in (Purpose.PRIORITY, Purpose.LOCAL_GENERATION)
    ),
    (VERSIONS, ClearChargingProfile(), "ClearChargingProfile"),
    (VERSIONS, ClearChargingProfile(profile_id=1), "ClearChargingProfile"),
    (
        VERSIONS,
        ClearChargingProfile(evse_id=1, purpose=Purpose.TX_DEFAULT, stack_level=0),
        "ClearChargingProfile",
    ),
    (VERSIONS, GetCompositeSchedule(0, 60), "GetCompositeSchedule"),
    (VERSIONS, GetCompositeSchedule(1, 60, RateUnit.WATT), "GetCompositeSchedule"),
    (VERSIONS, ClearCache(), "ClearCache"),
    (VERSIONS, DataTransfer("acme"), "DataTransfer"),
    (VERSIONS, DataTransfer("acme", "id", "text"), "DataTransfer"),
    (V2X, DataTransfer("acme", "id", {"a": [1]}), "DataTransfer"),
    (V2X, GetTransactionStatus("abc"), "GetTransactionStatus"),
    (V16, Call("GetLocalListVersion", {}), "GetLocalListVersion"),
    (V2X, Call("GetLocalListVersion", {}), "GetLocalListVersion"),
]


def dialect(version: str) -> Dialect:
    """Return the dialect of a version."""
    return DIALECTS[OcppVersion(version)]


def _encode(version: str, command: Command[Any]) -> tuple[str, Json]:
    action, payload = dialect(version).encode(command)
    schemas(version).check_request(action, payload)
    return action, payload


@pytest.mark.parametrize(
    ("version", "command", "action"),
    [
        (version, command, action)
        for versions, command, action in SENT
        for version in versions
    ],
)
def test_command_is_valid(version: str, command: Command[Any], action: str) -> None:
    """A command becomes a message that fits the version's schema."""
    assert _encode(version, command)[0] == action


def test_every_command_is_tried(version: str) -> None:
    """No command of a version is left out of the table."""
    tried = {type(command) for versions, command, _ in SENT if version in versions}
    assert set(dialect(version).outbound) <= tried


@pytest.mark.parametrize(
    ("version", "command"),
    [
        ("1.6", GetBaseReport(1)),
        ("1.6", GetTransactionStatus("1")),
    ],
)
def test_command_that_a_version_lacks(version: str, command: Command[Any]) -> None:
    """A command without a message in the version is refused, and is known to be."""
    assert not dialect(version).supports(type(command))
    with pytest.raises(CommandNotSupportedError):
        dialect(version).encode(command)


@pytest.mark.parametrize(
    ("version", "command", "key"),
    [
        ("1.6", StopCharging("abc"), "transaction_unknown"),
        ("1.6", Reset(ResetKind.ON_IDLE, 1), "reset_of_evse_not_supported"),
        ("1.6", TriggerMessage(Trigger.TRANSACTION_EVENT), "trigger_not_supported"),
        ("1.6", SetVariables(((KEY, "1"), (KEY, "2"))), "one_key_at_a_time"),
        ("1.6", SetVariables(()), "one_key_at_a_time"),
        *(
            ("1.6", SetChargingProfile(1, profile(purpose)), "purpose_not_supported")
            for purpose in (
                Purpose.STATION_EXTERNAL,
                Purpose.PRIORITY,
                Purpose.LOCAL_GENERATION,
            )
        ),
        *(
            ("2.0.1", SetChargingProfile(1, profile(purpose)), "purpose_not_supported")
            for purpose in (Purpose.PRIORITY, Purpose.LOCAL_GENERATION)
        ),
        *((version, GetVariables(), "variables_needed") for version in V2X),
        *((version, GetVariables((KEY,)), "component_needed") for version in V2X),
        *(
            (version, SetVariables(((KEY, "1"),)), "component_needed")
            for version in V2X
        ),
    ],
)
def test_senseless_command(version: str, command: Command[Any], key: str) -> None:
    """What makes no sense for the version is refused with a reason to translate."""
    with pytest.raises(InvalidRequestError) as error:
        dialect(version).encode(command)
    assert error.value.key == key


@pytest.mark.parametrize(
    ("version", "command"),
    [
        ("1.6", StartCharging(id_token=IdToken("x" * 21), remote_start_id=1)),
        ("1.6", DataTransfer("acme", None, {"a": 1})),
        ("1.6", SetChargingProfile(1, profile(kind=Kind.DYNAMIC))),
        ("1.6", Call("Teleport", {})),
        ("1.6", Call("Reset", {"type": "OnIdle"})),
        ("2.0.1", StartCharging(id_token=IdToken("x" * 37), remote_start_id=1)),
        ("2.0.1", SetChargingProfile(1, profile(kind=Kind.DYNAMIC))),
        ("2.1", Call("Reset", {"type": "Soft"})),
    ],
)
def test_invalid_command(version: str, command: Command[Any]) -> None:
    """What breaks the version's schema is not sent."""
    with pytest.raises(InvalidPayloadError):
        _encode(version, command)


@pytest.mark.parametrize(
    ("version", "kind", "word"),
    [
        ("1.6", ResetKind.IMMEDIATE, "Hard"),
        ("1.6", ResetKind.ON_IDLE, "Soft"),
        ("2.0.1", ResetKind.IMMEDIATE, "Immediate"),
        ("2.1", ResetKind.ON_IDLE, "OnIdle"),
    ],
)
def test_kinds_of_reset(version: str, kind: ResetKind, word: str) -> None:
    """Each version has its words for the kinds of reset."""
    assert _encode(version, Reset(kind))[1] == {"type": word}


@pytest.mark.parametrize(("version", "limit"), [("1.6", 16.0), ("2.0.1", 16.04)])
def test_limits_are_rounded(version: str, limit: float) -> None:
    """1.6 allows one decimal in a limit."""
    payload = _encode(version, SetChargingProfile(1, profile()))[1]
    found = payload.get("csChargingProfiles") or payload["chargingProfile"]
    schedule = found["chargingSchedule"]
    schedule = schedule[0] if isinstance(schedule, list) else schedule
    assert schedule["chargingSchedulePeriod"][0]["limit"] == limit


@given(limit=st.floats(0, 100), version=st.sampled_from(VERSIONS))
def test_any_limit_is_valid(limit: float, version: str) -> None:
    """Whatever the limit, its message fits the schema."""
    schedule = Schedule(unit=RateUnit.AMPERE, periods=(Period(0, limit),))
    _encode(version, SetChargingProfile(1, profile(schedule=schedule)))


def test_station_maximum_by_name() -> None:
    """1.6 has another name for the station's maximum."""
    payload = _encode("1.6", SetChargingProfile(0, profile(Purpose.STATION_MAX)))[1]
    name = payload["csChargingProfiles"]["chargingProfilePurpose"]
    assert name == "ChargePointMaxProfile"


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


@pytest.mark.parametrize(
    ("version", "action"),
    [
        ("1.6", "GetConfiguration"),
        ("2.0.1", "NotifyCustomerInformation"),
        ("2.1", "NotifySettlement"),
    ],
)
def test_message_that_is_not_handled(version: str, action: str) -> None:
    """A message of the version that nobody handles is NotSupported."""
    with pytest.raises(RpcError) as error:
        dialect(version).decode(action, {}, NOW)
    assert error.value.code is ErrorCode.NOT_SUPPORTED


_ONLY_16 = {Setting.CONNECTOR_COUNT, Setting.SAMPLED_MAXIMUM}


@pytest.mark.parametrize("setting", Setting)
def test_settings(version: str, setting: Setting) -> None:
    """Each setting has an address on each version; what 2.x tells otherwise has none."""
    ref = dialect(version).settings.get(setting)
    if version != "1.6" and setting in _ONLY_16:
        assert ref is None
        return
    assert ref is not None
    assert bool(ref.component) == (version != "1.6")
