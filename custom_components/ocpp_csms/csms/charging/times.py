"""Times without doubt."""

from datetime import UTC, datetime

from .errors import ChargingError

_FIRST_YEAR, _LAST_YEAR = 1971, 9000


def utc(time: datetime) -> datetime:
    """Return a time in UTC. Raises ChargingError for one without a zone, or of no time.

    Times of one zone subtract by the clock on its walls, which jumps with daylight saving.
    """
    if not isinstance(time, datetime):
        raise ChargingError("time_not_a_time", str(time))
    if time.tzinfo is None:
        raise ChargingError("time_without_zone", str(time))
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise ChargingError("time_out_of_range", str(time))
    return time.astimezone(UTC)
