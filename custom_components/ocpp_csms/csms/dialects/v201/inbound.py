"""Messages of a 2.x station as events."""

from datetime import datetime
from typing import Any

from ...model.events import (
    Booted,
    EventsNotified,
    MeterSampled,
    MonitoredEvent,
    ReportReceived,
    StatusChanged,
    TokenPresented,
    TransactionReported,
)
from ...model.evse import ChargingState, ConnectorStatus
from ...model.id_token import IdToken, IdTokenInfo
from ...model.replies import TokenReply, TransactionReply
from ...model.station import Problem, StationInfo
from ...model.transaction import TransactionPhase
from ...model.variable import Variable, VariableRef
from ..base import Inbound, Payload, empty, without_none
from ..common import (
    boot_reply,
    data_transfer_reply,
    data_transferred,
    firmware_status,
    heartbeat,
    heartbeat_reply,
    log_status,
    security_event,
    text,
)
from ..metering import decode_samples
from ..times import format_time, parse_time

_CHARGING_STATES = {state.value: state for state in ChargingState}


def _booted(payload: Payload, _: datetime) -> Booted:
    station = payload["chargingStation"]
    modem = station.get("modem") or {}
    return Booted(
        StationInfo(
            vendor=text(station, "vendorName") or "",
            model=text(station, "model") or "",
            serial=text(station, "serialNumber"),
            firmware=text(station, "firmwareVersion"),
            iccid=text(modem, "iccid"),
            imsi=text(modem, "imsi"),
        ),
        payload.get("reason"),
    )


def _status_changed(payload: Payload, now: datetime) -> StatusChanged:
    status = ConnectorStatus(payload["connectorStatus"])
    faulty = status is ConnectorStatus.FAULTED
    return StatusChanged(
        evse_id=payload["evseId"],
        connector_id=payload.get("connectorId", 0),
        status=status,
        problem=Problem("Faulted") if faulty else None,
        at=parse_time(payload.get("timestamp"), now),
    )


MAX_TOKEN = 36
"""How long a token may be in 2.0.1, and a group that both versions know."""


def id_token(value: Any) -> IdToken | None:
    """Return an IdTokenType, if there is one; its text is empty with NoAuthorization."""
    if not isinstance(value, dict):
        return None
    return IdToken(str(value.get("idToken") or ""), str(value.get("type", "Central")))


def id_token_info(info: IdTokenInfo) -> Payload:
    """Return an IdTokenInfoType, without a group that no token can name."""
    fits = info.parent is not None and len(info.parent.value) <= MAX_TOKEN
    parent = info.parent if fits else None
    return without_none(
        status=info.status.value,
        cacheExpiryDateTime=format_time(info.expires_at) if info.expires_at else None,
        groupIdToken={"idToken": parent.value, "type": parent.type} if parent else None,
    )


def _token_presented(payload: Payload, _: datetime) -> TokenPresented:
    return TokenPresented(id_token(payload.get("idToken")) or IdToken(""))


def _token_reply(reply: TokenReply) -> Payload:
    return {"idTokenInfo": id_token_info(reply.info)}


def transaction_reported(payload: Payload, now: datetime) -> TransactionReported:
    """Read a TransactionEvent."""
    info = payload["transactionInfo"]
    evse = payload.get("evse") or {}
    return TransactionReported(
        phase=TransactionPhase(payload["eventType"]),
        at=parse_time(payload.get("timestamp"), now),
        transaction_id=str(info["transactionId"]),
        evse_id=evse.get("id"),
        connector_id=evse.get("connectorId"),
        id_token=id_token(payload.get("idToken")),
        samples=decode_samples(payload.get("meterValue"), now),
        charging_state=_CHARGING_STATES.get(info.get("chargingState", "")),
        trigger=payload.get("triggerReason"),
        stop_reason=info.get("stoppedReason"),
        seq_no=payload.get("seqNo"),
        remote_start_id=info.get("remoteStartId"),
        offline=bool(payload.get("offline", False)),
    )


def transaction_reply(reply: TransactionReply) -> Payload:
    """Return a TransactionEventResponse."""
    return {"idTokenInfo": id_token_info(reply.info)} if reply.info else {}


def _meter_sampled(payload: Payload, now: datetime) -> MeterSampled:
    return MeterSampled(
        payload["evseId"], decode_samples(payload.get("meterValue"), now)
    )


def _events_notified(payload: Payload, now: datetime) -> EventsNotified:
    return EventsNotified(tuple(_monitored(item, now) for item in payload["eventData"]))


def _monitored(item: dict[str, Any], now: datetime) -> MonitoredEvent:
    component = item["component"]
    return MonitoredEvent(
        component=component["name"],
        variable=item["variable"]["name"],
        value=str(item.get("actualValue", "")),
        trigger=str(item.get("trigger", "")),
        at=parse_time(item.get("timestamp"), now),
        evse_id=(component.get("evse") or {}).get("id"),
        connector_id=(component.get("evse") or {}).get("connectorId"),
        cleared=bool(item.get("cleared", False)),
        tech_code=text(item, "techCode"),
        tech_info=text(item, "techInfo"),
    )


def _report_received(payload: Payload, _: datetime) -> ReportReceived:
    return ReportReceived(
        request_id=payload["requestId"],
        variables=tuple(
            variable
            for item in payload.get("reportData") or ()
            for variable in _reported_variables(item)
        ),
        last=not payload.get("tbc", False),
    )


def variable_ref(item: dict[str, Any]) -> VariableRef:
    """Return the address in an object that names a component and a variable."""
    component, variable = item["component"], item["variable"]
    evse = component.get("evse") or {}
    return VariableRef(
        name=variable["name"],
        component=component["name"],
        instance=variable.get("instance"),
        component_instance=component.get("instance"),
        evse_id=evse.get("id"),
        connector_id=evse.get("connectorId"),
    )


def _reported_variables(item: dict[str, Any]) -> list[Variable]:
    """Return the actual value of a reported variable."""
    ref = variable_ref(item)
    traits = item.get("variableCharacteristics") or {}
    choices = text(traits, "valuesList")
    return [
        Variable(
            ref=ref,
            value=attribute.get("value"),
            readonly=attribute.get("mutability") == "ReadOnly",
            limit=traits.get("maxLimit"),
            choices=tuple(choice.strip() for choice in choices.split(","))
            if choices
            else (),
        )
        for attribute in item.get("variableAttribute") or ()
        if attribute.get("type", "Actual") == "Actual"
    ]


INBOUND: dict[str, Inbound] = {
    "Authorize": Inbound(_token_presented, _token_reply),
    "BootNotification": Inbound(_booted, boot_reply),
    "DataTransfer": Inbound(data_transferred, data_transfer_reply),
    "FirmwareStatusNotification": Inbound(firmware_status, empty),
    "Heartbeat": Inbound(heartbeat, heartbeat_reply),
    "LogStatusNotification": Inbound(log_status, empty),
    "MeterValues": Inbound(_meter_sampled, empty),
    "NotifyEvent": Inbound(_events_notified, empty),
    "NotifyReport": Inbound(_report_received, empty),
    "SecurityEventNotification": Inbound(security_event, empty),
    "StatusNotification": Inbound(_status_changed, empty),
    "TransactionEvent": Inbound(transaction_reported, transaction_reply),
}
