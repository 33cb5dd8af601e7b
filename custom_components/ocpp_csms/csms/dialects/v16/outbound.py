"""Commands as messages to a 1.6 station (1.6 section 5)."""

from typing import Any

from ...errors import CommandRejectedError, InvalidRequestError
from ...model.commands import (
    ChangeAvailability,
    ClearCache,
    ClearChargingProfile,
    Command,
    DataTransfer,
    Done,
    GetCompositeSchedule,
    GetLocalListVersion,
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
from ...model.profile import ChargingProfile, CompositeSchedule, Purpose, Schedule
from ...model.variable import VariableRef, VariableResult
from ..base import Outbound, Payload, done, empty, without_none
from ..common import data_transfer_result, decode_composite
from ..times import format_time, parse_time
from .inbound import id_tag_info

_PURPOSES = {
    Purpose.STATION_MAX: "ChargePointMaxProfile",
    Purpose.TX_DEFAULT: "TxDefaultProfile",
    Purpose.TX: "TxProfile",
}
_TRIGGERS = {
    Trigger.LOG_STATUS_NOTIFICATION: "DiagnosticsStatusNotification",
}


def _limit(value: float | None) -> float:
    """Return a limit with one decimal, as section 7.13 demands."""
    if value is None:
        raise InvalidRequestError("limit_needed")
    return round(value, 1)


def _schedule(schedule: Schedule) -> Payload:
    return without_none(
        duration=schedule.duration_s,
        startSchedule=format_time(schedule.start) if schedule.start else None,
        chargingRateUnit=schedule.unit.value,
        chargingSchedulePeriod=[
            without_none(
                startPeriod=period.start_s,
                limit=_limit(period.limit),
                numberPhases=period.phases,
            )
            for period in schedule.periods
        ],
        minChargingRate=_limit(schedule.min_rate)
        if schedule.min_rate is not None
        else None,
    )


def encode_profile(profile: ChargingProfile) -> Payload:
    """Return a ChargingProfile (section 7.8)."""
    purpose = _PURPOSES.get(profile.purpose)
    if purpose is None:
        raise InvalidRequestError("purpose_not_supported", purpose=profile.purpose)
    return without_none(
        chargingProfileId=profile.id,
        transactionId=_transaction(profile.transaction_id)
        if profile.transaction_id
        else None,
        stackLevel=profile.stack_level,
        chargingProfilePurpose=purpose,
        chargingProfileKind=profile.kind.value,
        recurrencyKind=profile.recurrency.value if profile.recurrency else None,
        validFrom=format_time(profile.valid_from) if profile.valid_from else None,
        validTo=format_time(profile.valid_to) if profile.valid_to else None,
        chargingSchedule=_schedule(profile.schedule),
    )


def _transaction(transaction_id: str) -> int:
    try:
        return int(transaction_id)
    except ValueError as error:
        raise InvalidRequestError(
            "transaction_unknown", transaction=transaction_id
        ) from error


def _start(command: StartCharging) -> Payload:
    return without_none(
        connectorId=command.evse_id,
        idTag=command.id_token.value,
        chargingProfile=encode_profile(command.profile) if command.profile else None,
    )


def _stop(command: StopCharging) -> Payload:
    return {"transactionId": _transaction(command.transaction_id)}


def _reset(command: Reset) -> Payload:
    if command.evse_id:
        raise InvalidRequestError("reset_of_evse_not_supported")
    return {"type": "Hard" if command.kind is ResetKind.IMMEDIATE else "Soft"}


def _check_connector(connector_id: int | None) -> None:
    """Refuse another connector than the only one that an EVSE has in 1.6."""
    if connector_id not in (None, 1):
        raise InvalidRequestError("connector_unknown", connector=connector_id)


def _change_availability(command: ChangeAvailability) -> Payload:
    _check_connector(command.connector_id)
    return {"connectorId": command.evse_id or 0, "type": command.availability.value}


def _unlock(command: UnlockConnector) -> Payload:
    _check_connector(command.connector_id)
    return {"connectorId": command.evse_id}


def _unlocked(_: UnlockConnector, payload: Payload) -> Done:
    """Read the answer; some stations say Accepted where the section has Unlocked."""
    return done("Unlocked", "Accepted")(_, payload)


def _trigger(command: TriggerMessage) -> Payload:
    _check_connector(command.connector_id)
    if command.trigger is Trigger.TRANSACTION_EVENT:
        raise InvalidRequestError("trigger_not_supported", trigger=command.trigger)
    return without_none(
        requestedMessage=_TRIGGERS.get(command.trigger, command.trigger.value),
        connectorId=command.evse_id,
    )


def _get_variables(command: GetVariables) -> Payload:
    return {"key": [ref.name for ref in command.refs]} if command.refs else {}


def _got_variables(_: GetVariables, payload: Payload) -> tuple[VariableResult, ...]:
    known = tuple(
        VariableResult(
            VariableRef(str(item["key"])),
            "Accepted",
            item.get("value"),
            bool(item.get("readonly", False)),
        )
        for item in payload.get("configurationKey") or ()
        if item.get("key")
    )
    unknown = tuple(
        VariableResult(VariableRef(str(key)), "UnknownVariable")
        for key in payload.get("unknownKey") or ()
    )
    return known + unknown


def _set_variables(command: SetVariables) -> Payload:
    if len(command.values) != 1:
        raise InvalidRequestError("one_key_at_a_time")
    ((ref, value),) = command.values
    return {"key": ref.name, "value": value}


def _set_done(command: SetVariables, payload: Payload) -> tuple[VariableResult, ...]:
    ref, value = command.values[0]
    return (VariableResult(ref, str(payload["status"]), value),)


def _set_profile(command: SetChargingProfile) -> Payload:
    return {
        "connectorId": command.evse_id,
        "csChargingProfiles": encode_profile(command.profile),
    }


def _clear_profile(command: ClearChargingProfile) -> Payload:
    return without_none(
        id=command.profile_id,
        connectorId=command.evse_id,
        chargingProfilePurpose=_PURPOSES.get(command.purpose)
        if command.purpose
        else None,
        stackLevel=command.stack_level,
    )


def _get_composite(command: GetCompositeSchedule) -> Payload:
    return without_none(
        connectorId=command.evse_id,
        duration=command.duration_s,
        chargingRateUnit=command.unit.value if command.unit else None,
    )


def _composite(command: GetCompositeSchedule, payload: Payload) -> CompositeSchedule:
    if payload.get("status") != "Accepted":
        raise CommandRejectedError(str(payload.get("status")))
    schedule = payload.get("chargingSchedule") or {}
    start = parse_time(payload.get("scheduleStart") or schedule.get("startSchedule"))
    return decode_composite(command, schedule, start)


def _data_transfer(command: DataTransfer) -> Payload:
    return without_none(
        vendorId=command.vendor_id, messageId=command.message_id, data=command.data
    )


def _list_version(_: GetLocalListVersion, payload: Payload) -> int:
    return int(payload["listVersion"])


def _list_entry(entry: LocalListEntry) -> Payload:
    return {"idTag": entry.id_token.value, "idTagInfo": id_tag_info(entry.info)}


def _send_list(command: SendLocalList) -> Payload:
    """Return a SendLocalList request (section 5.15)."""
    return {
        "listVersion": command.version,
        "updateType": "Full" if command.full else "Differential",
        "localAuthorizationList": [_list_entry(entry) for entry in command.entries],
    }


OUTBOUND: dict[type[Command[Any]], Outbound] = {
    ChangeAvailability: Outbound(
        "ChangeAvailability", _change_availability, done("Accepted", "Scheduled")
    ),
    ClearCache: Outbound("ClearCache", empty, done("Accepted")),
    ClearChargingProfile: Outbound(
        "ClearChargingProfile", _clear_profile, done("Accepted", "Unknown")
    ),
    DataTransfer: Outbound("DataTransfer", _data_transfer, data_transfer_result),
    GetCompositeSchedule: Outbound("GetCompositeSchedule", _get_composite, _composite),
    GetLocalListVersion: Outbound("GetLocalListVersion", empty, _list_version),
    GetVariables: Outbound("GetConfiguration", _get_variables, _got_variables),
    Reset: Outbound("Reset", _reset, done("Accepted")),
    SendLocalList: Outbound("SendLocalList", _send_list, done("Accepted")),
    SetChargingProfile: Outbound("SetChargingProfile", _set_profile, done("Accepted")),
    SetVariables: Outbound("ChangeConfiguration", _set_variables, _set_done),
    StartCharging: Outbound("RemoteStartTransaction", _start, done("Accepted")),
    StopCharging: Outbound("RemoteStopTransaction", _stop, done("Accepted")),
    TriggerMessage: Outbound("TriggerMessage", _trigger, done("Accepted")),
    UnlockConnector: Outbound("UnlockConnector", _unlock, _unlocked),
}
