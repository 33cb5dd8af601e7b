"""Time, injected: what the central system knows of the hour."""

from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], datetime]
"""Returns the current time, aware and in UTC."""


def utc_now() -> datetime:
    """Return the real time, in UTC."""
    return datetime.now(UTC)
