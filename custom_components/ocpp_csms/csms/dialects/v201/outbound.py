"""Commands as messages to a 2.x station."""

from typing import Any

from ...errors import CommandRejectedError, InvalidRequestError
from ...model.commands import (
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
    TriggerMessage,
    UnlockConnector,
)
from ...model.profile import ChargingProfile, CompositeSchedule, Purpose, Schedule
from ...model.variable import VariableRef, VariableResult
from ..base import Outbound, Payload, done, empty, without_none
from ..common import data_transfer_result, decode_composite
from ..times import format_time, parse_time
from .inbound import id_token_info, variable_ref

_LIMIT_DECIMALS = 3
PURPOSES = frozenset(
    {Purpose.STATION_MAX, Purpose.STATION_EXTERNAL, Purpose.TX_DEFAULT, Purpose.TX}
)


def _limit(value: float | None) -> float | None:
    return None if value is None else round(value, _LIMIT_DECIMALS)


def _schedule(profile_id: int, schedule: Schedule) -> Payload:
    return without_none(
        id=profile_id,
        startSchedule=format_time(schedule.start) if schedule.start else None,
        duration=schedule.duration_s,
        chargingRateUnit=schedule.unit.value,
        chargingSchedulePeriod=[
            without_none(
                startPeriod=period.start_s,
                limit=_limit(period.limit),
                numberPhases=period.phases,
                phaseToUse=period.phase_to_use,
            )
            for period in schedule.periods
        ],
        minChargingRate=schedule.min_rate,
    )


def encode_profile(profile: ChargingProfile) -> Payload:
    """Return a ChargingProfileType."""
    return without_none(
        id=profile.id,
        stackLevel=profile.stack_level,
        chargingProfilePurpose=profile.purpose.value,
        chargingProfileKind=profile.kind.value,
        recurrencyKind=profile.recurrency.value if profile.recurrency else None,
        validFrom=format_time(profile.valid_from) if profile.valid_from else None,
        validTo=format_time(profile.valid_to) if profile.valid_to else None,
        transactionId=profile.transaction_id,
        chargingSchedule=[_schedule(profile.id, profile.schedule)],
    )


def _evse(evse_id: int | None, connector_id: int | None = None) -> Payload | None:
    return without_none(id=evse_id, connectorId=connector_id) if evse_id else None


def _start(command: StartCharging) -> Payload:
    return without_none(
        evseId=command.evse_id,
        remoteStartId=command.remote_start_id,
        idToken={"idToken": command.id_token.value, "type": command.id_token.type},
        chargingProfile=encode_profile(command.profile) if command.profile else None,
    )


def _stop(command: StopCharging) -> Payload:
    return {"transactionId": command.transaction_id}


def _reset(command: Reset) -> Payload:
    kind = "Immediate" if command.kind is ResetKind.IMMEDIATE else "OnIdle"
    return without_none(type=kind, evseId=command.evse_id)


def _change_availability(command: ChangeAvailability) -> Payload:
    return without_none(
        operationalStatus=command.availability.value,
        evse=_evse(command.evse_id, command.connector_id),
    )


def _unlock(command: UnlockConnector) -> Payload:
    return {"evseId": command.evse_id, "connectorId": command.connector_id}


def _trigger(command: TriggerMessage) -> Payload:
    return without_none(
        requestedMessage=command.trigger.value,
        evse=_evse(command.evse_id, command.connector_id),
    )


def _address(ref: VariableRef) -> Payload:
    if not ref.component:
        raise InvalidRequestError("component_needed", variable=ref.name)
    return {
        "component": without_none(
            name=ref.component,
            instance=ref.component_instance,
            evse=_evse(ref.evse_id, ref.connector_id),
        ),
        "variable": without_none(name=ref.name, instance=ref.instance),
    }


def _get_variables(command: GetVariables) -> Payload:
    if not command.refs:
        raise InvalidRequestError("variables_needed")
    return {"getVariableData": [_address(ref) for ref in command.refs]}


def _got_variables(_: GetVariables, payload: Payload) -> tuple[VariableResult, ...]:
    return tuple(
        VariableResult(
            variable_ref(item),
            str(item["attributeStatus"]),
            item.get("attributeValue"),
            reason=_reason(item.get("attributeStatusInfo")),
        )
        for item in payload["getVariableResult"]
    )


def _set_variables(command: SetVariables) -> Payload:
    return {
        "setVariableData": [
            {"attributeValue": value, **_address(ref)} for ref, value in command.values
        ]
    }


def _set_done(command: SetVariables, payload: Payload) -> tuple[VariableResult, ...]:
    values = dict(command.values)
    return tuple(
        VariableResult(
            ref := variable_ref(item),
            str(item["attributeStatus"]),
            values.get(ref),
            reason=_reason(item.get("attributeStatusInfo")),
        )
        for item in payload["setVariableResult"]
    )


def _reason(info: Any) -> str | None:
    if not isinstance(info, dict):
        return None
    return " ".join(
        str(info[key]) for key in ("reasonCode", "additionalInfo") if info.get(key)
    )


def _base_report(command: GetBaseReport) -> Payload:
    return {"requestId": command.request_id, "reportBase": "FullInventory"}


def _set_profile(command: SetChargingProfile) -> Payload:
    if command.profile.purpose not in PURPOSES:
        raise InvalidRequestError(
            "purpose_not_supported", purpose=command.profile.purpose
        )
    return set_profile(command)


def set_profile(command: SetChargingProfile) -> Payload:
    """Return a SetChargingProfile request with a purpose that the version knows."""
    return {
        "evseId": command.evse_id,
        "chargingProfile": encode_profile(command.profile),
    }


def _clear_profile(command: ClearChargingProfile) -> Payload:
    criteria = without_none(
        evseId=command.evse_id,
        chargingProfilePurpose=command.purpose.value if command.purpose else None,
        stackLevel=command.stack_level,
    )
    return without_none(
        chargingProfileId=command.profile_id, chargingProfileCriteria=criteria or None
    )


def _get_composite(command: GetCompositeSchedule) -> Payload:
    return without_none(
        evseId=command.evse_id,
        duration=command.duration_s,
        chargingRateUnit=command.unit.value if command.unit else None,
    )


def _composite(command: GetCompositeSchedule, payload: Payload) -> CompositeSchedule:
    if payload.get("status") != "Accepted":
        raise CommandRejectedError(
            str(payload.get("status")), _reason(payload.get("statusInfo")) or ""
        )
    schedule = payload.get("schedule") or {}
    return decode_composite(
        command, schedule, parse_time(schedule.get("scheduleStart"))
    )


def _data_transfer(command: DataTransfer) -> Payload:
    return without_none(
        vendorId=command.vendor_id, messageId=command.message_id, data=command.data
    )


def _transaction_status(command: GetTransactionStatus) -> Payload:
    return {"transactionId": command.transaction_id}


def _ongoing(_: GetTransactionStatus, payload: Payload) -> bool | None:
    ongoing = payload.get("ongoingIndicator")
    return None if ongoing is None else bool(ongoing)


def _list_version(_: GetLocalListVersion, payload: Payload) -> int:
    """Read the answer; some stations of 2.0.1 use the word of 1.6."""
    key = "versionNumber" if "versionNumber" in payload else "listVersion"
    return int(payload[key])


def _list_entry(entry: LocalListEntry) -> Payload:
    token = {"idToken": entry.id_token.value, "type": entry.id_token.type}
    return {"idToken": token, "idTokenInfo": id_token_info(entry.info)}


def _send_list(command: SendLocalList) -> Payload:
    return without_none(
        versionNumber=command.version,
        updateType="Full" if command.full else "Differential",
        localAuthorizationList=[_list_entry(entry) for entry in command.entries]
        or None,
    )


OUTBOUND: dict[type[Command[Any]], Outbound] = {
    ChangeAvailability: Outbound(
        "ChangeAvailability", _change_availability, done("Accepted", "Scheduled")
    ),
    ClearCache: Outbound("ClearCache", empty, done("Accepted")),
    ClearChargingProfile: Outbound(
        "ClearChargingProfile", _clear_profile, done("Accepted", "Unknown")
    ),
    DataTransfer: Outbound("DataTransfer", _data_transfer, data_transfer_result),
    GetBaseReport: Outbound("GetBaseReport", _base_report, done("Accepted")),
    GetCompositeSchedule: Outbound("GetCompositeSchedule", _get_composite, _composite),
    GetLocalListVersion: Outbound("GetLocalListVersion", empty, _list_version),
    GetTransactionStatus: Outbound(
        "GetTransactionStatus", _transaction_status, _ongoing
    ),
    GetVariables: Outbound("GetVariables", _get_variables, _got_variables),
    Reset: Outbound("Reset", _reset, done("Accepted", "Scheduled")),
    SendLocalList: Outbound("SendLocalList", _send_list, done("Accepted")),
    SetChargingProfile: Outbound("SetChargingProfile", _set_profile, done("Accepted")),
    SetVariables: Outbound("SetVariables", _set_variables, _set_done),
    StartCharging: Outbound("RequestStartTransaction", _start, done("Accepted")),
    StopCharging: Outbound("RequestStopTransaction", _stop, done("Accepted")),
    TriggerMessage: Outbound("TriggerMessage", _trigger, done("Accepted")),
    UnlockConnector: Outbound("UnlockConnector", _unlock, done("Unlocked")),
}
