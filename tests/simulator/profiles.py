"""Charging profiles for the tests, in the shape of each version."""

from datetime import UTC, datetime, timedelta
from typing import Any

from .csms import Json, TinyCsms

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def stamp(seconds: float = 0.0) -> str:
    """Return a time some seconds after noon."""
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def profile(version: str, *periods: tuple[float, float], **fields: Any) -> Json:
    """Return a charging profile in the shape of a version."""
    old = version == "1.6"
    number = fields.pop("id", 1)
    schedule: Json = {
        "chargingRateUnit": fields.pop("unit", "A"),
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": limit, **fields.get("period", {})}
            for start, limit in periods
        ],
    }
    fields.pop("period", None)
    for key in ("duration", "startSchedule"):
        if key in fields:
            schedule[key] = fields.pop(key)
    if not old:
        schedule["id"] = 1
    purpose = fields.pop("purpose", "TxDefaultProfile")
    if old and purpose == "ChargingStationMaxProfile":
        purpose = "ChargePointMaxProfile"
    return {
        "chargingProfileId" if old else "id": number,
        "stackLevel": fields.pop("stack", 0),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": fields.pop("kind", "Absolute"),
        "chargingSchedule": schedule if old else [schedule],
        **fields,
    }


async def install(
    csms: TinyCsms,
    version: str,
    *periods: tuple[float, float],
    **fields: Any,
) -> str:
    """Send a charging profile and return the status."""
    evse = fields.pop("evse", 1)
    raw = profile(version, *periods, **fields)
    if version == "1.6":
        payload: Json = {"connectorId": evse, "csChargingProfiles": raw}
    else:
        payload = {"evseId": evse, "chargingProfile": raw}
    return str((await csms.call("SetChargingProfile", payload))["status"])
