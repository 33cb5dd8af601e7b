"""The arithmetic of charging profiles."""

from datetime import timedelta
from typing import Any

from simulator.profiles import Limit, ProfileStore, Session, read_profile

from .csms import Json
from .profiles import NOW, profile, stamp


def limit_at(raw: Json, seconds: float, *, session: float = 0.0) -> Any:
    """Return the amperes that a lone profile allows some seconds after noon."""
    store = ProfileStore()
    store.install(read_profile(1, raw, NOW), replace_same_slot=True)
    when = NOW + timedelta(seconds=seconds)
    limit = store.evse_limit(when, Session(1, NOW + timedelta(seconds=session), "t"))
    return limit.amps if limit else None


def test_recurring() -> None:
    """Daily and weekly schedules come again, also the one that began yesterday."""
    daily = profile(
        "2.0.1",
        (0, 16),
        (6 * 3600, 6),
        kind="Recurring",
        recurrencyKind="Daily",
        startSchedule=stamp(-20 * 3600),
    )
    assert limit_at(daily, -21 * 3600) is None
    assert limit_at(daily, -20 * 3600) == 16
    assert limit_at(daily, 0) == 6
    assert limit_at(daily, 4 * 3600) == 16
    assert limit_at(daily, 10 * 3600) == 6
    weekly = profile(
        "2.0.1",
        (0, 16),
        kind="Recurring",
        recurrencyKind="Weekly",
        startSchedule=stamp(),
        duration=3600,
    )
    assert limit_at(weekly, 100) == 16
    assert limit_at(weekly, 3600) is None
    assert limit_at(weekly, 7 * 86400 + 10) == 16
    assert limit_at(weekly, 8 * 86400 + 10) is None


def test_relative_and_validity() -> None:
    """Relative schedules start with the session; outside its validity nothing holds."""
    relative = profile("2.0.1", (0, 10), (60, 20), kind="Relative")
    assert limit_at(relative, 59, session=0) == 10
    assert limit_at(relative, 61, session=0) == 20
    assert limit_at(relative, 61, session=30) == 10
    bounded = profile(
        "2.0.1", (0, 10), startSchedule=stamp(), validFrom=stamp(10), validTo=stamp(20)
    )
    assert limit_at(bounded, 9) is None
    assert limit_at(bounded, 10) == 10
    assert limit_at(bounded, 20) is None


def test_limits_combine() -> None:
    """Current and power limits combine on the fewest phases."""
    limit = Limit(current=16, phases=3).lower(Limit(power=2300, phases=1))
    assert limit.phases == 1
    assert limit.amps == 10
    assert limit.watts == 2300
    assert limit.share(2).amps == 5
    assert limit.lower(None) is limit


def test_two_shapes_agree() -> None:
    """The same profile in both shapes is read alike."""
    old = read_profile(1, profile("1.6", (0, 8), startSchedule=stamp()), NOW)
    new = read_profile(1, profile("2.0.1", (0, 8), startSchedule=stamp()), NOW)
    assert old.schedules == new.schedules
    assert (old.id, old.purpose, old.kind) == (new.id, new.purpose, new.kind)
