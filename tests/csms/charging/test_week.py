"""A simulated week in which all decisions work together, as chargers carry them out."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import override

import pytest

from bench.wallbox import Wallbox
from bench.week import BUDGET, Result, SolarCar, Week
from bench.world import World
from custom_components.ocpp_csms.csms.charging.phases import PhaseConfig
from custom_components.ocpp_csms.csms.charging.profile import Desired

DAY = timedelta(days=1)
# One process runs the week once for all.
pytestmark = pytest.mark.xdist_group("week")


class _WatchedBox(Wallbox):
    """A charger that remembers when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[datetime] = []

    @override
    def bring(self, desired: Desired, now: datetime) -> int:
        """Note the time of every message."""
        count = super().bring(desired, now)
        self.times += [now] * count
        return count


class _WatchedCar(SolarCar):
    """A car whose switches of phases are counted by day; every day is a session of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.switched: dict[date, int] = {}

    @override
    def draw(self, now: datetime) -> float:
        """Note the switches so far."""
        earlier = sum(n for day, n in self.switched.items() if day != now.date())
        self.switched[now.date()] = self.switches - earlier
        return super().draw(now)


def _most_in_a_day(times: Iterable[datetime]) -> int:
    """Return how many of some times, in order, lie within any 24 hours at most."""
    recent, most = list[datetime](), 0
    for time in times:
        recent = [*(earlier for earlier in recent if time - earlier < DAY), time]
        most = max(most, len(recent))
    return most


@pytest.fixture(scope="module", name="week")
def _run_week() -> tuple[Week, Result]:
    """Run a week of sun, prices and two cars at one fuse."""
    week = Week(World(seed=2))
    week.planned.box, week.solar = _WatchedBox(), _WatchedCar()
    week.solar.box = _WatchedBox()
    return week, week.run()


def test_fuse_holds(week: tuple[Week, Result]) -> None:
    """No overload outlasts the step in which it is seen, though the fuse binds now and then."""
    _, result = week
    assert result.steps_at_fuse > 0
    assert result.overloads == 0


def test_chargers_are_spared(week: tuple[Week, Result]) -> None:
    """In no 24 hours either charger is written to more often than its budget allows."""
    for car in (week[0].planned, week[0].solar):
        box = car.box
        assert isinstance(box, _WatchedBox)
        assert len(box.times) == box.writes > 0
        assert BUDGET.writes_per_day is not None
        assert _most_in_a_day(box.times) <= BUDGET.writes_per_day


def test_relays_are_spared(week: tuple[Week, Result]) -> None:
    """Phases are switched, but in no session more often than allowed."""
    solar, most = week[0].solar, PhaseConfig().max_switches
    assert isinstance(solar, _WatchedCar)
    assert most is not None
    assert sum(solar.switched.values()) == week[1].switches > 0
    assert max(solar.switched.values()) <= most


def test_cars_get_their_energy(week: tuple[Week, Result]) -> None:
    """Next to nothing is missing at deadlines; most of the sun goes into the cars."""
    _, result = week
    assert result.planned_kwh > 100
    assert result.missing_kwh <= 0.01 * result.planned_kwh
    assert result.used_kwh >= 0.6 * result.surplus_kwh
