"""A car that follows the sun, on as many phases as suit: what both decisions together let it take."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings, strategies as st

from custom_components.ocpp_csms.csms.charging import phases
from custom_components.ocpp_csms.csms.charging.ability import PhaseAbility
from custom_components.ocpp_csms.csms.charging.budget import Budget
from custom_components.ocpp_csms.csms.charging.surplus import SurplusReason

from .sunny_house import House, at

_SETTLED_S = 60


@dataclass
class Switching:
    """A house whose charger can switch phases, and what has come of it."""

    house: House
    config: phases.PhaseConfig
    car: int
    state: phases.PhaseState = field(default_factory=phases.PhaseState)
    switched: list[int] = field(default_factory=list)
    importing_since: int | None = None

    def go(self, seconds: int, sun_w: float) -> None:
        """Decide on phases, then on the current."""
        house = self.house
        ability = PhaseAbility(
            switchable=True,
            connected=house.phases if self.car > 1 else 3,
            car=self.car,
            measured=min(house.phases, self.car) if house.drawn_a else None,
        )
        seen = phases.PhaseObservation(
            now=at(seconds),
            site_w=house.drawn_w - sun_w,
            charge_w=house.drawn_w,
            charging=house.drawn_a > 0,
            enabled=house.state.on,
        )
        self.state, choice = phases.step(self.state, seen, ability, self.config)
        if choice.switch_to is not None:
            house.phases = min(choice.switch_to, self.car)
            self.switched.append(seconds)
        house.go(seconds, sun_w, freed_w=choice.freed_w)
        imports = house.drawn_a > 0 and house.drawn_w - sun_w > 1
        if not imports:
            self.importing_since = None
        elif self.importing_since is None:
            self.importing_since = seconds


SUNS = st.sampled_from([0, 500, 2000, 3000, 9000]) | st.floats(-4000, 13000)
SKIES = st.lists(st.tuples(st.integers(10, 400), SUNS), min_size=5, max_size=40)
"""How much sun there is for how many seconds."""
CLOUD_THEN_NIGHT = [(150, 9000.0), (50, 2000.0), (600, 0.0)]
"""The sun is gone just before one phase, which would have been enough, is switched to."""


@settings(max_examples=150)
@given(
    sky=SKIES,
    step_s=st.sampled_from([5, 10, 30, 60]),
    car=st.fixed_dictionaries(
        {
            "car_a": st.sampled_from([3.0, 7.0, 13.5, 32.0]),
            "least_a": st.sampled_from([0.0, 8.0]),
        }
    ),
    lines=st.sampled_from([1, 2, 3, 3, 3]),
    disable_s=st.sampled_from([0, 60, 180, 600]),
    down_s=st.sampled_from([0, 60, 180, 300]),
    up_s=st.sampled_from([0, 60]),
    dwell_s=st.sampled_from([0, 120, 600]),
    most=st.sampled_from([0, 2, 10, None]),
    writes=st.sampled_from([100, 300, None]),
    hold_s=st.sampled_from([0, 60]),
)
@example(
    sky=CLOUD_THEN_NIGHT,
    step_s=10,
    car={"car_a": 32.0, "least_a": 0.0},
    lines=3,
    disable_s=60,
    down_s=60,
    up_s=0,
    dwell_s=0,
    most=None,
    writes=None,
    hold_s=0,
)
def test_import_ends(
    sky: list[tuple[int, float]],
    step_s: int,
    car: dict[str, Any],
    lines: int,
    disable_s: int,
    down_s: int,
    up_s: int,
    dwell_s: int,
    most: int | None,
    writes: int | None,
    hold_s: int,
) -> None:
    """Whatever the sky: not longer than the delay, or until fewer phases have settled."""
    budget = Budget(writes)
    house = House(
        **car,
        phases=lines,
        budget=budget,
        hold=timedelta(seconds=hold_s),
        disable_delay=timedelta(seconds=disable_s),
    )
    config = phases.PhaseConfig(
        up_delay=timedelta(seconds=up_s),
        down_delay=timedelta(seconds=down_s),
        dwell=timedelta(seconds=dwell_s),
        max_switches=most,
    )
    both = Switching(house, config, lines)
    longest_s = max(disable_s, down_s + _SETTLED_S) + step_s
    seconds = 0
    for length, sun_w in sky:
        for _ in range(0, length, step_s):
            both.go(seconds, sun_w)
            since = both.importing_since
            assert since is None or seconds - since <= longest_s
            if writes is not None:
                allowance = budget.burst + seconds * budget.per_second
                assert house.writes <= allowance + 1e-6
            seconds += step_s
    gaps = [later - earlier for earlier, later in pairwise(both.switched)]
    assert all(gap >= dwell_s for gap in gaps)
    assert most is None or len(both.switched) <= most


def test_a_cloud_that_one_phase_bears() -> None:
    """With three phases too little, the car goes on with one: it never stops meanwhile."""
    house = House(phases=3, disable_delay=timedelta(seconds=60))
    both = Switching(house, phases.PhaseConfig(dwell=timedelta()), 3)
    for seconds in range(0, 600, 10):
        both.go(seconds, 9000)
    assert house.phases == 3
    for seconds in range(600, 1200, 10):
        both.go(seconds, 2000)
        assert house.state.on
    assert (house.phases, house.state.current_a) == (1, 8)


def test_no_sun_at_all() -> None:
    """Where one phase would not do either nothing is waited for."""
    house = House(phases=3, disable_delay=timedelta(seconds=60))
    both = Switching(house, phases.PhaseConfig(dwell=timedelta()), 3)
    for seconds in range(0, 600, 10):
        both.go(seconds, 9000)
    for seconds in range(600, 670, 10):
        both.go(seconds, 0)
    assert not house.state.on
    assert house.go(670, 0).reason is SurplusReason.TOO_LITTLE
