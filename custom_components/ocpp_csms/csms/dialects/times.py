"""Times on the wire (RFC 3339), as stations write them and as we do."""

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""Before this no station spoke a version that is spoken here: its clock is unset."""
FUTURE = timedelta(days=1)
"""A time further ahead than this comes from a clock that is wrong."""


def parse_time(text: object, now: datetime | None = None) -> datetime | None:
    """Return a station's time in UTC, None if it is missing, unreadable or absurd.

    A time without zone is taken for UTC. Without `now` the future is not judged.
    """
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except ValueError, OverflowError:
        return None
    if time < EARLIEST or (now is not None and time > now + FUTURE):
        return None
    return time


def format_time(time: datetime) -> str:
    """Return a time as every station reads it: UTC, milliseconds, Z."""
    return (
        time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
