"""The time before the deadline in which the car is to be charging, to warm its battery."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.plan import PlanReason
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.model.rates import Series

from .requests import ELEVEN_KW, KWH_PER_SLOT, T0, at, hours, request_of, times_of

_HOUR = timedelta(hours=1)


def _fuse(*last_hour: float) -> Series:
    """Return what the fuse leaves: all for five hours, and so much in the last quarters."""
    return Series(T0, (16.0,) * 20 + last_hour)


@pytest.mark.parametrize(
    ("last_hour", "segments", "currents"),
    [
        ((16, 16, 8, 8), None, [16, 16, 8, 8]),
        ((16, 16, 8, 8), 2, [8, 8, 8, 8]),
        ((16, 16, 8, 8), 3, [8, 8, 8, 8]),
        ((7, 16, 16, 9), 2, [7, 7, 7, 7]),
        ((16, 16, 16, 16), 2, [16, 16, 16, 16]),
        ((16, 0, 8, 16), None, [16, None, 8, 16]),
    ],
)
def test_fuse_that_leaves_less_at_the_end(
    last_hour: tuple[float, ...], segments: int | None, currents: list[float | None]
) -> None:
    """All of the time is charged: as fast as may be, or in few stretches at what always may be."""
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=6 * KWH_PER_SLOT * 1000,
            capacity_a=_fuse(*last_hour),
            precondition=_HOUR,
            max_segments=segments,
        )
    )
    held = [result.at(at(minutes)) for minutes in (300, 315, 330, 345)]
    assert [segment and segment.current_a for segment in held] == currents
    assert result.shortfall_wh == 0


@pytest.mark.parametrize("slots", [5, 8, 11])
def test_only_stretch_holds_all_of_the_energy(slots: int) -> None:
    """Where the fuse leaves more at the end, the only stretch is long rather than strong."""
    result = plan(
        request_of(
            charger=ELEVEN_KW,
            energy_wh=slots * KWH_PER_SLOT * 1000,
            capacity_a=hours(8, 8, 8, 8, 8, 16),
            precondition=timedelta(minutes=30),
            max_segments=1,
        )
    )
    (segment,) = result.segments
    assert segment.end == at(360)
    assert segment.current_a <= 8
    assert (result.shortfall_wh, result.reason) == (0, PlanReason.COMPLETE)


_MOST_OF_THE_PRICES = (0.3,) * 12 + (None,) * 10 + (0.4,) * 2


@pytest.mark.parametrize(
    ("energy_wh", "begin", "reason"),
    [
        (1_500, 360 - 1_500 / 184, PlanReason.COMPLETE),
        (5_520, 330, PlanReason.COMPLETE),
        (5_888, 328, PlanReason.WAITING_FOR_PRICES),
    ],
)
def test_prices_of_time_that_is_not_needed(
    energy_wh: float, begin: float, reason: PlanReason
) -> None:
    """A car that is full sooner than it is warm waits for no prices of the rest of the time."""
    result = plan(
        request_of(
            energy_wh=energy_wh,
            import_price=Series(T0, _MOST_OF_THE_PRICES),
            precondition=timedelta(hours=3),
        )
    )
    ((start, end),) = times_of(result)
    assert start == pytest.approx(begin)
    assert (end, result.reason) == (360, reason)


@pytest.mark.parametrize("minutes", [15, 25, 60])
@pytest.mark.parametrize("fields", [{}, {"contiguous": True}, {"start_cost": 0.05}])
def test_rest_is_as_cheap_as_ever(minutes: int, fields: dict[str, Any]) -> None:
    """What is not taken to warm the car is taken in the cheapest hours."""
    warm_wh = minutes * 184.0
    request = request_of(precondition=timedelta(minutes=minutes), **fields)
    assert request.energy_wh
    result = plan(request)
    rest_wh = request.energy_wh - warm_wh
    assert result.energy_wh == pytest.approx(request.energy_wh)
    assert result.cost == pytest.approx((warm_wh * 0.9 + rest_wh * 0.1) / 1000)
