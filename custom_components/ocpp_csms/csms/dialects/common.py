"""Messages that look alike in every version."""

from datetime import datetime
from typing import Any

from ..errors import CommandRejectedError
from ..model.commands import DataTransfer, DataTransferResult, GetCompositeSchedule
from ..model.events import (
    DataTransferred,
    FirmwareStatusChanged,
    HeartbeatReceived,
    LogStatusChanged,
    SecurityEventReported,
)
from ..model.profile import CompositeSchedule, Period, RateUnit
from ..model.replies import BootReply, DataTransferReply, HeartbeatReply
from .base import Payload, without_none
from .times import format_time, parse_time


def text(payload: Payload, key: str, limit: int = 255) -> str | None:
    """Return a text that says something, cut to a limit, else None."""
    value = payload.get(key)
    text = str(value).strip()[:limit] if value is not None else ""
    return None if text in ("", "null", "None") else text


def boot_reply(reply: BootReply) -> Payload:
    """Return a BootNotification response."""
    return {
        "currentTime": format_time(reply.now),
        "interval": reply.interval_s,
        "status": reply.status.value,
    }


def heartbeat_reply(reply: HeartbeatReply) -> Payload:
    """Return a Heartbeat response."""
    return {"currentTime": format_time(reply.now)}


def data_transfer_reply(reply: DataTransferReply) -> Payload:
    """Return a DataTransfer response."""
    return without_none(status=reply.status, data=reply.data)


def data_transferred(payload: Payload, _: datetime) -> DataTransferred:
    """Read a DataTransfer."""
    return DataTransferred(
        str(payload.get("vendorId", "")), payload.get("messageId"), payload.get("data")
    )


def firmware_status(payload: Payload, _: datetime) -> FirmwareStatusChanged:
    """Read a FirmwareStatusNotification."""
    return FirmwareStatusChanged(str(payload["status"]), payload.get("requestId"))


def log_status(payload: Payload, _: datetime) -> LogStatusChanged:
    """Read a LogStatusNotification."""
    return LogStatusChanged(str(payload["status"]), payload.get("requestId"))


def security_event(payload: Payload, now: datetime) -> SecurityEventReported:
    """Read a SecurityEventNotification."""
    return SecurityEventReported(
        str(payload["type"]),
        parse_time(payload.get("timestamp"), now),
        payload.get("techInfo"),
    )


def heartbeat(_: Payload, __: datetime) -> HeartbeatReceived:
    """Read a Heartbeat."""
    return HeartbeatReceived()


def decode_composite(
    command: GetCompositeSchedule, schedule: dict[str, Any], start: datetime | None
) -> CompositeSchedule:
    """Read a composite schedule; the periods look alike in all versions."""
    unit = schedule.get("chargingRateUnit")
    return CompositeSchedule(
        evse_id=command.evse_id,
        start=start,
        duration_s=schedule.get("duration"),
        unit=RateUnit(str(unit)) if unit in RateUnit else command.unit,
        periods=tuple(
            Period(item["startPeriod"], float(item["limit"]), item.get("numberPhases"))
            for item in schedule.get("chargingSchedulePeriod") or ()
            if "limit" in item
        ),
    )


def data_transfer_result(_: DataTransfer, payload: Payload) -> DataTransferResult:
    """Read the answer to a DataTransfer."""
    status = str(payload.get("status"))
    if status != "Accepted":
        data = payload.get("data")
        raise CommandRejectedError(status, "" if data is None else str(data))
    return DataTransferResult(status, payload.get("data"))
