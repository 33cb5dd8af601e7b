"""Following the sun with few writes left: leases, and the end of a charge."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.budget import KEEP_TO_STOP, Budget, Purse
from custom_components.ocpp_csms.csms.charging.surplus import SurplusReason

from .sunny_house import NOW, House, at

STEP_S = 30
BUDGETS = [
    Budget(writes and writes * messages, messages)
    for writes in (8, 24, 100, 300, 1000, None)
    for messages in (1, 2)
]


def _nearly_spent(current_a: float, **config: Any) -> House:
    """Return a house that charges with the sun, with one write left and no more for hours."""
    house = House(budget=Budget(8), disable_delay=timedelta(seconds=60), **config)
    house.state = replace(
        house.state, current_a=current_a, written_at=NOW, purse=Purse(1.5, NOW)
    )
    return house


def test_last_write_ends_a_charge() -> None:
    """What can't be lowered any more imports no longer than the delay, and ends then."""
    house = _nearly_spent(16)
    first = house.go(0, 8 * 230)
    assert (first.current_a, first.reason) == (16, SurplusReason.STOPPING)
    assert first.until == at(60)
    assert house.go(59, 8 * 230).current_a == 16
    ended = house.go(60, 8 * 230)
    assert (ended.current_a, ended.write) == (0, True)


def test_last_write_saves_a_battery() -> None:
    """A home battery bridges clouds at the minimum, not at what can't be lowered any more."""
    house = _nearly_spent(16, buffer_soc=60)
    empty = {"grid_w": 0.0, "battery_w": 8 * 230.0, "battery_soc": 90.0}
    assert house.go(0, 0, **empty).reason is SurplusReason.STOPPING
    ended = house.go(60, 0, **empty)
    assert (ended.current_a, ended.write) == (0, True)


def test_last_write_without_import() -> None:
    """As long as nothing is imported the set-point stays as it is."""
    house = _nearly_spent(10, disable_w=500)
    for minutes in range(5):
        told = house.go(60 * minutes, 9 * 230)
        assert (told.current_a, told.reason) == (10, SurplusReason.BUDGET)


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
@pytest.mark.parametrize("sun_w", [0, 2300])
def test_unchanged_set_point_never_lapses(budget: Budget, sun_w: float) -> None:
    """Under an even sky the lease is renewed for days, with a step to spare."""
    house = House(budget=budget)
    length_s = int(min(budget.lease * 40, timedelta(days=3)).total_seconds())
    times = range(0, length_s, STEP_S)
    written = [seconds for seconds in times if house.go(seconds, sun_w).write]
    lease_s = budget.lease.total_seconds()
    assert len(written) > 2
    assert max(b - a for a, b in pairwise(written)) + STEP_S < lease_s
    assert times[-1] - written[-1] + STEP_S < lease_s


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
@pytest.mark.parametrize("changes", [0.02, 0.5], ids=["calm", "cloudy"])
def test_leases_last_as_long_as_the_budget(budget: Budget, changes: float) -> None:
    """Whatever the sky, a set-point is renewed in time unless there is nothing left to do it."""
    random = Random(1)
    house = House(budget=budget, hold=timedelta(seconds=60))
    renew_s = budget.refresh.total_seconds() + STEP_S
    sun_w, kept_at = 3000.0, 0
    for seconds in range(0, 2880 * STEP_S, STEP_S):
        if random.random() < changes:
            sun_w = random.uniform(-500, 5000)
        told = house.go(seconds, sun_w)
        spent = not house.state.purse.allows(budget, KEEP_TO_STOP)
        if told.write or spent:
            kept_at = seconds
        assert seconds - kept_at <= renew_s < budget.lease.total_seconds()
    assert house.writes > 2


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
def test_renewals_leave_writes_for_changes(budget: Budget) -> None:
    """Renewing alone takes at most half of what comes back."""
    if budget.writes_per_day is None:
        assert budget.refresh < budget.lease
        return
    renewals_s = budget.messages / budget.refresh.total_seconds()
    assert renewals_s <= budget.per_second / 2 + 1e-12
