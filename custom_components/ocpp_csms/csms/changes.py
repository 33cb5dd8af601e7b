"""What can change about a station, as keys that listeners subscribe to."""

from enum import StrEnum

from .model.meter import Channel


class StationKey(StrEnum):
    """A part of a station's own state."""

    CONNECTED = "connected"
    ACCEPTED = "accepted"
    INFO = "info"
    PROBLEM = "problem"
    STATUS = "status"
    LAST_BOOT = "last_boot"
    LAST_SEEN = "last_seen"
    CLOCK_OFFSET = "clock_offset"
    ONBOARDING = "onboarding"
    CONFIGURATION = "configuration"
    FIRMWARE_STATUS = "firmware_status"
    LOG_STATUS = "log_status"
    EVSES = "evses"
    SETTINGS = "settings"


class EvseKey(StrEnum):
    """A part of an EVSE's state."""

    STATUS = "status"
    PROBLEM = "problem"
    SESSION = "session"
    SESSION_ENERGY = "session_energy"
    SESSION_RECORD = "session_record"
    """What the journal says of the running session, and of the last."""
    WISH = "wish"
    LIMIT = "limit"


type Key = StationKey | EvseKey | Channel
type Change = tuple[int, Key]
"""EVSE id (0 is the station) and what changed about it."""
