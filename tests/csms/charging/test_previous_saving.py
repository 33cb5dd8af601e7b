"""What a new plan has to save before it takes the place of the previous one."""

from dataclasses import replace

import pytest

from custom_components.ocpp_csms.csms.charging.plan import Charger
from custom_components.ocpp_csms.csms.charging.planner import plan

from .requests import at, hours, request_of, times_of


@pytest.mark.parametrize(
    ("threshold", "changes"),
    [(0.0, True), (0.06, True), (0.1103, True), (0.1105, False), (0.2, False)],
)
def test_saving_that_is_worth_a_change(threshold: float, changes: bool) -> None:
    """11.04 kWh for 0.09 instead of 0.10 save 0.1104: a threshold up to that is passed."""
    first = plan(request_of())
    again = request_of(
        import_price=hours(0.2, 0.6, 0.1, 0.8, 0.09, 0.9),
        previous=first,
        saving_threshold=threshold,
    )
    assert times_of(plan(again)) == ([(240, 300)] if changes else [(120, 180)])


@pytest.mark.parametrize(
    ("threshold", "changes"), [(0.05, True), (0.14, True), (0.2, False)]
)
def test_pause_that_is_worth_a_change(threshold: float, changes: bool) -> None:
    """A pause has to save its new beginning and the threshold; going on begins nothing.

    7.36 kWh for 0.15 instead of 0.20 save 0.368, of which the beginning takes 0.22.
    """
    request = request_of(import_price=hours(0.2, 0.3, 0.3), start_cost=0.22)
    made = plan(request)
    later = replace(
        request,
        now=at(20),
        energy_wh=7_360,
        import_price=hours(0.2, 0.15, 0.3),
        previous=made,
        saving_threshold=threshold,
    )
    assert times_of(plan(later)) == ([(75, 115)] if changes else [(20, 60)])


@pytest.mark.parametrize(
    ("threshold", "changes"), [(0.5, True), (1.1, True), (1.11, False)]
)
def test_other_current_is_no_beginning(threshold: float, changes: bool) -> None:
    """A plan of two currents without a pause begins once, as that of one current does.

    5.52 kWh for 0.1 instead of 0.3 save 1.104.
    """
    request = request_of(
        charger=Charger(min_a=8, max_a=16, step_a=8),
        deadline=at(240),
        energy_wh=16_560,
        import_price=hours(0.9, 0.3, 0.2, 0.1),
        start_cost=1.0,
    )
    made = plan(replace(request, capacity_a=hours(8, 8, 8, 8)))
    again = replace(
        request,
        capacity_a=hours(8, 8, 8, 16),
        previous=made,
        saving_threshold=threshold,
    )
    better = [(120, 180), (180, 240)]
    assert times_of(made) == [(60, 240)]
    assert times_of(plan(again)) == (better if changes else [(60, 240)])
