"""Times as they stand in messages."""

from datetime import UTC, datetime, timedelta, timezone

from .misbehaviour import Timestamps

_LOCAL = timezone(timedelta(hours=2))


def parse(text: str) -> datetime:
    """Read a time; without a zone it is UTC."""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def stamp(when: datetime, style: Timestamps = "normal") -> str | None:
    """Write a time in the style of a station."""
    match style:
        case "no_ms":
            return when.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "no_zone":
            return when.strftime("%Y-%m-%dT%H:%M:%S")
        case "1970":
            return "1970-01-01T00:00:00Z"
        case "local":
            return when.astimezone(_LOCAL).isoformat(timespec="milliseconds")
        case "garbage":
            return "not a time"
        case "none":
            return None
        case "normal":
            pass
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
