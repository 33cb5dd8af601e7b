"""Messages of a 1.6 station as events (1.6 section 4). Connectors are EVSEs with one connector."""

from datetime import datetime

from ...framing import ErrorCode, RpcError
from ...model.events import (
    Booted,
    MeterSampled,
    StatusChanged,
    TokenPresented,
    TransactionReported,
)
from ...model.evse import ConnectorStatus
from ...model.id_token import IdToken, IdTokenInfo, IdTokenStatus
from ...model.replies import TokenReply, TransactionReply
from ...model.station import Problem, StationInfo
from ...model.transaction import TransactionPhase
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

NO_ERROR = "NoError"
STATUSES = {
    IdTokenStatus.ACCEPTED: "Accepted",
    IdTokenStatus.BLOCKED: "Blocked",
    IdTokenStatus.EXPIRED: "Expired",
    IdTokenStatus.CONCURRENT_TX: "ConcurrentTx",
}
"""Every other status is Invalid in 1.6 (section 7.2)."""


MAX_TAG = 20
"""How long an id tag may be (section 7.28)."""


def token(payload: Payload, key: str = "idTag") -> IdToken | None:
    """Return the id tag of a message, if it bears one."""
    value = payload.get(key)
    return IdToken(str(value)) if value else None


def id_tag_info(info: IdTokenInfo) -> Payload:
    """Return an IdTagInfo (section 7.27), without a group that no tag can name."""
    group = info.parent.value if info.parent else ""
    return without_none(
        status=STATUSES.get(info.status, "Invalid"),
        expiryDate=format_time(info.expires_at) if info.expires_at else None,
        parentIdTag=group if 0 < len(group) <= MAX_TAG else None,
    )


def _booted(payload: Payload, _: datetime) -> Booted:
    return Booted(
        StationInfo(
            vendor=text(payload, "chargePointVendor") or "",
            model=text(payload, "chargePointModel") or "",
            serial=text(payload, "chargePointSerialNumber")
            or text(payload, "chargeBoxSerialNumber"),
            firmware=text(payload, "firmwareVersion"),
            iccid=text(payload, "iccid"),
            imsi=text(payload, "imsi"),
        )
    )


def _status_changed(payload: Payload, now: datetime) -> StatusChanged:
    evse_id = payload["connectorId"]
    code = text(payload, "errorCode") or NO_ERROR
    vendor_code = text(payload, "vendorErrorCode")
    status = ConnectorStatus(payload["status"])
    faulty = code != NO_ERROR or status is ConnectorStatus.FAULTED
    problem = Problem(
        code, text(payload, "info"), text(payload, "vendorId"), vendor_code
    )
    return StatusChanged(
        evse_id=evse_id,
        connector_id=1 if evse_id else 0,
        status=status,
        problem=problem if faulty else None,
        at=parse_time(payload.get("timestamp"), now),
    )


def _token_presented(payload: Payload, _: datetime) -> TokenPresented:
    return TokenPresented(IdToken(str(payload.get("idTag") or "")))


def _token_reply(reply: TokenReply) -> Payload:
    return {"idTagInfo": id_tag_info(reply.info)}


def _started(payload: Payload, now: datetime) -> TransactionReported:
    evse_id = payload["connectorId"]
    if evse_id < 1:
        raise RpcError(ErrorCode.PROPERTY, "a transaction needs a connector")
    return TransactionReported(
        phase=TransactionPhase.STARTED,
        at=parse_time(payload.get("timestamp"), now),
        evse_id=evse_id,
        connector_id=1,
        id_token=token(payload) or IdToken(""),
        meter_wh=float(payload["meterStart"]),
    )


def _started_reply(reply: TransactionReply) -> Payload:
    return {
        "transactionId": int(reply.transaction_id),
        "idTagInfo": id_tag_info(reply.info or IdTokenInfo()),
    }


def _stopped(payload: Payload, now: datetime) -> TransactionReported:
    return TransactionReported(
        phase=TransactionPhase.ENDED,
        at=parse_time(payload.get("timestamp"), now),
        transaction_id=str(payload["transactionId"]),
        id_token=token(payload),
        meter_wh=float(payload["meterStop"]),
        samples=decode_samples(payload.get("transactionData"), now),
        stop_reason=payload.get("reason") or "Local",
    )


def _stopped_reply(reply: TransactionReply) -> Payload:
    return {"idTagInfo": id_tag_info(reply.info)} if reply.info else {}


def _meter_sampled(payload: Payload, now: datetime) -> MeterSampled:
    transaction_id = payload.get("transactionId")
    return MeterSampled(
        payload["connectorId"],
        decode_samples(payload.get("meterValue"), now),
        None if transaction_id is None else str(transaction_id),
    )


INBOUND: dict[str, Inbound] = {
    "Authorize": Inbound(_token_presented, _token_reply),
    "BootNotification": Inbound(_booted, boot_reply),
    "DataTransfer": Inbound(data_transferred, data_transfer_reply),
    "DiagnosticsStatusNotification": Inbound(log_status, empty),
    "FirmwareStatusNotification": Inbound(firmware_status, empty),
    "Heartbeat": Inbound(heartbeat, heartbeat_reply),
    "LogStatusNotification": Inbound(log_status, empty),
    "MeterValues": Inbound(_meter_sampled, empty),
    "SecurityEventNotification": Inbound(security_event, empty),
    "SignedFirmwareStatusNotification": Inbound(firmware_status, empty),
    "StartTransaction": Inbound(_started, _started_reply),
    "StatusNotification": Inbound(_status_changed, empty),
    "StopTransaction": Inbound(_stopped, _stopped_reply),
}
