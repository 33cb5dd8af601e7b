"""Times as stations write them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.dialects.times import format_time, parse_time

from .support import NOW


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-05T12:00:00Z", NOW),
        ("2026-01-05T12:00:00.000Z", NOW),
        ("2026-01-05T12:00:00.123456Z", NOW.replace(microsecond=123456)),
        ("2026-01-05T12:00:00.123456789Z", NOW.replace(microsecond=123456)),
        ("2026-01-05T13:00:00+01:00", NOW),
        ("2026-01-05T13:00:00+0100", NOW),
        ("2026-01-05T12:00:00", NOW),
        ("2026-01-05 12:00:00", NOW),
        ("20260105T120000Z", NOW),
    ],
)
def test_readable(text: str, time: datetime) -> None:
    """All ways to write a time are read; without a zone it is UTC."""
    assert parse_time(text, NOW) == time


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "now",
        5,
        "1970-01-01T00:00:00Z",
        "2000-01-01T00:00:12Z",
        "2014-12-31T23:59:59Z",
        "2026-01-06T12:00:01Z",
        "2106-02-07T06:28:15Z",
        "2026-13-05T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_unusable(text: object) -> None:
    """A missing, unreadable or absurd time is none."""
    assert parse_time(text, NOW) is None


def test_far_future_without_now() -> None:
    """The start of a schedule may lie ahead."""
    assert parse_time("2027-01-05T12:00:00Z") == NOW.replace(year=2027)


@given(st.text() | st.datetimes().map(lambda time: time.isoformat()))
def test_any_text(text: str) -> None:
    """Whatever the text, a time in UTC or none comes of it."""
    time = parse_time(text, NOW)
    assert time is None or time.tzinfo is UTC


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (NOW, "2026-01-05T12:00:00.000Z"),
        (NOW.replace(microsecond=123456), "2026-01-05T12:00:00.123Z"),
        (
            NOW.astimezone(timezone(timedelta(hours=2))),
            "2026-01-05T12:00:00.000Z",
        ),
    ],
)
def test_written(time: datetime, text: str) -> None:
    """Times are written in UTC with milliseconds and Z."""
    assert format_time(time) == text
