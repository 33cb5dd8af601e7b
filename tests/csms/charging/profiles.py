"""Profiles that are compiled, and what a station makes of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Question,
    Session,
    composite,
)
from custom_components.ocpp_csms.csms.charging.profile import (
    Compiled,
    Desired,
    Installed,
)
from custom_components.ocpp_csms.csms.charging.timetable import (
    Daily,
    Stretch,
    Timetable,
    at,
    overlay,
)
from custom_components.ocpp_csms.csms.dialects import DIALECTS
from custom_components.ocpp_csms.csms.model.commands import SetChargingProfile
from custom_components.ocpp_csms.csms.model.profile import Kind, RateUnit
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from ..support import schemas

NOW = datetime(2026, 11, 20, 21, 40, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 19, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FLAT = Daily(MIDNIGHT, ((0, 16.0),))
NIGHT = Daily(MIDNIGHT, ((0, 16.0), (6 * 3600, 6.0), (22 * 3600, 16.0)))


def later(minutes: float) -> datetime:
    """Return a time so many minutes after now."""
    return NOW + timedelta(minutes=minutes)


PLAN: Timetable = (
    Stretch(NOW, later(80), 0),
    Stretch(later(80), later(170), 16, 3),
    Stretch(later(170), later(275), 0),
    Stretch(later(275), later(380), 10, 3),
    Stretch(later(380), later(500), 0),
)


def ability_of(version: str = "1.6", **fields: Any) -> Capabilities:
    """Return what a station can do, but for some fields."""
    return Capabilities(version=OcppVersion(version), **fields)


def told_by(
    compiled: Compiled, ability: Capabilities, session: Session | None, minutes: int
) -> Timetable:
    """Return what a station does with profiles, as a timetable."""
    question = Question(
        evse_id=1,
        start=NOW,
        duration_s=minutes * 60,
        unit=RateUnit.AMPERE,
        assume_transaction=session is None,
    )
    supply = Supply(limit_a=99, phases=ability.phases, voltage_v=ability.voltage_v)
    sessions = [session] if session else []
    periods = composite(compiled.profiles, sessions, question, supply).periods
    ends = [*(period.start_s for period in periods[1:]), minutes * 60]
    return tuple(
        Stretch(
            NOW + period.start_s * SECOND,
            NOW + end * SECOND,
            -1.0 if period.limit is None else period.limit,
            period.phases,
        )
        for period, end in zip(periods, ends, strict=True)
    )


def wanted_by(desired: Desired, ability: Capabilities) -> Timetable:
    """Return the timetable that is desired, as far as the station can do it."""
    live: Timetable = ()
    if desired.live is not None and desired.live.until > NOW:
        live = (Stretch(NOW, desired.live.until, desired.live.current_a, 3),)
    table = overlay(live, overlay(desired.plan, desired.baseline.stretches(NOW, 14)))
    return tuple(
        replace(
            stretch,
            current_a=ability.snap(
                min(stretch.current_a, desired.fuse_a or stretch.current_a)
            ),
        )
        for stretch in table
    )


def assert_same(told: Timetable, wanted: Timetable, end: datetime) -> None:
    """Compare within 0.1 A and 1 s."""
    edges = {stretch.start for stretch in (*told, *wanted)}
    for time in sorted({NOW, *(e + 1.5 * SECOND for e in edges if e >= NOW)}):
        near = any(abs(time - edge) <= SECOND for edge in edges) and time != NOW
        if time >= end - 2 * SECOND or near:
            continue
        does, should = at(told, time), at(wanted, time)
        assert does is not None
        assert should is not None
        assert abs(does.current_a - should.current_a) <= 0.1, time


def check_message(item: Installed, ability: Capabilities) -> None:
    """Check that a profile suits its schema and the station's limits."""
    profile, schedule = item.profile, item.profile.schedule
    assert len(schedule.periods) <= ability.max_periods
    assert profile.stack_level <= ability.max_stack_level
    assert profile.kind in ability.kinds
    assert (schedule.start is None) == (profile.kind in (Kind.RELATIVE, Kind.DYNAMIC))
    assert schedule.start is None or schedule.start <= NOW
    dialect = DIALECTS[ability.version]
    action, payload = dialect.encode(SetChargingProfile(item.evse_id, profile))
    schemas(ability.version.value).check_request(action, payload)
