"""What a station says of itself."""

from dataclasses import dataclass
from enum import StrEnum


class RegistrationStatus(StrEnum):
    """Answer to a BootNotification (1.6 section 7.40, 2.x RegistrationStatusEnumType)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class StationInfo:
    """Identity plate of a station, from its BootNotification."""

    vendor: str = ""
    model: str = ""
    serial: str | None = None
    firmware: str | None = None
    iccid: str | None = None
    imsi: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault that a station or one of its EVSEs reports."""

    code: str
    info: str | None = None
    vendor_id: str | None = None
    vendor_code: str | None = None


class Availability(StrEnum):
    """Whether a station, EVSE or connector may be used at all."""

    OPERATIVE = "Operative"
    INOPERATIVE = "Inoperative"
