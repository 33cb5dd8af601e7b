"""Commands as messages: valid on each version, or refused before they are sent."""

from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.errors import (
    CommandNotSupportedError,
    InvalidPayloadError,
    InvalidRequestError,
)
from custom_components.ocpp_csms.csms.model.commands import (
    Call,
    ChangeAvailability,
    ClearCache,
    ClearChargingProfile,
    Command,
    DataTransfer,
    GetBaseReport,
    GetCompositeSchedule,
    GetLocalListVersion,
    GetTransactionStatus,
    GetVariables,
    LocalListEntry,
    Reset,
    ResetKind,
    SendLocalList,
    SetChargingProfile,
    SetVariables,
    StartCharging,
    StopCharging,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)
from custom_components.ocpp_csms.csms.model.id_token import (
    IdToken,
    IdTokenInfo,
    IdTokenStatus,
)
from custom_components.ocpp_csms.csms.model.profile import (
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.station import Availability

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
    schemas,
)

FULL_PROFILE = profile(
    kind=Kind.RECURRING,
    recurrency=Recurrency.DAILY,
    valid_from=NOW,
    valid_to=NOW + timedelta(days=1),
)
LISTED = tuple(
    LocalListEntry(TOKEN, IdTokenInfo(status, NOW, IdToken("GROUP")))
    for status in IdTokenStatus
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
    (VERSIONS, GetLocalListVersion(), "GetLocalListVersion"),
    (VERSIONS, SendLocalList(version=2, entries=LISTED), "SendLocalList"),
    (VERSIONS, SendLocalList(version=2, entries=LISTED, full=False), "SendLocalList"),
    (VERSIONS, SendLocalList(version=3, entries=()), "SendLocalList"),
    (VERSIONS, DataTransfer("acme"), "DataTransfer"),
    (VERSIONS, DataTransfer("acme", "id", "text"), "DataTransfer"),
    (V2X, DataTransfer("acme", "id", {"a": [1]}), "DataTransfer"),
    (V2X, GetTransactionStatus("abc"), "GetTransactionStatus"),
    (V16, Call("GetLocalListVersion", {}), "GetLocalListVersion"),
    (V2X, Call("GetLocalListVersion", {}), "GetLocalListVersion"),
]


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
