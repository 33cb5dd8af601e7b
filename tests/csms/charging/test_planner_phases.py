"""Plans for chargers that can charge on one phase and on three."""

import pytest

from custom_components.ocpp_csms.csms.charging.plan import Charger
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import T0, at, request_of

_STRONG = Charger(max_a=32, phases=(1, 3))


@pytest.mark.parametrize("phases", [(1, 3), (3, 1)])
@pytest.mark.parametrize(
    ("power_w", "fuse_a", "set_point"),
    [
        (6 * 690, 32, (18, 1)),
        (8 * 690, 32, (24, 1)),
        (10 * 690, 32, (30, 1)),
        (11 * 690, 32, (11, 3)),
        (6 * 690, 17, (6, 3)),
        (8 * 690, 10, (8, 3)),
    ],
)
def test_same_power_on_fewer_phases(
    phases: tuple[int, ...], power_w: float, fuse_a: float, set_point: tuple[float, int]
) -> None:
    """Of two ways to the same power the one on fewer phases is taken, as far as the fuse lets it.

    However the phases of the charger are listed.
    """
    result = plan(
        request_of(
            charger=Charger(max_a=32, phases=phases),
            deadline=at(60),
            energy_wh=power_w,
            surplus_w=Series(T0, (power_w,) * 4),
            surplus_only=True,
            capacity_a=Series(T0, (fuse_a,) * 4),
        )
    )
    (segment,) = result.segments
    assert (segment.current_a, segment.phases) == set_point
    assert result.solar_wh == pytest.approx(power_w)


@pytest.mark.parametrize("segments", [None, 1, 2])
def test_all_phases_where_time_is_short(segments: int | None) -> None:
    """What takes all the time there is takes all phases."""
    result = plan(
        request_of(
            charger=_STRONG, deadline=at(60), energy_wh=22_080, max_segments=segments
        )
    )
    assert [(s.current_a, s.phases) for s in result.segments] == [(32, 3)]
    assert result.shortfall_wh == 0
