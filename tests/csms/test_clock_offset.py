"""How far a station's clock is off."""

from datetime import timedelta

import pytest

from custom_components.ocpp_csms.csms.clock_offset import ClockOffset
from simulator import ManualClock, Misbehaviour

from .conftest import Simulate
from .support import NOW, charge

E = False
"""An event: a status, or a transaction's."""
M = True
"""Measured values."""


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([], None),
        ([(E, 0)], None),
        ([(E, 0), (E, 2)], 2),
        ([(E, -3600), (E, -1800), (E, -2)], None),
        ([(M, -60), (M, -60)], -60),
        ([(E, 0), (E, 0), (M, -60), (M, -60)], 0),
        ([(M, -60), (M, -60), (E, 0), (E, 0)], 0),
        ([(M, -60), (E, 0), (M, -60), (E, 0), (M, -60)], 0),
        ([(E, 0), (E, 0), (M, 90), (M, 90)], 90),
        ([(E, 0), (E, 0), (E, -90), (E, -90)], -90),
        ([(E, 0), (E, 0), (E, 3), (E, 4)], 0),
    ],
)
def test_offset(heard: list[tuple[bool, float]], expected: float | None) -> None:
    """Two that agree are believed; values make no clock slow that events show right."""
    offset = ClockOffset()
    for number, (measured, seconds) in enumerate(heard):
        now = NOW + timedelta(minutes=number)
        offset.hear(now + timedelta(seconds=seconds), now, measured=measured)
    assert offset.seconds == expected


def test_changes_are_told() -> None:
    """Only what is new is told."""
    offset = ClockOffset()
    told = []
    for number, seconds in enumerate((10, 10, 11, 60, 60)):
        now = NOW + timedelta(minutes=number)
        at = now + timedelta(seconds=seconds)
        told.append(offset.hear(at, now, measured=False))
    assert told == [False, True, False, False, True]


def test_a_message_that_is_sent_again() -> None:
    """One out of a queue, sent twice because its answer was lost, makes no clock slow."""
    offset, at = ClockOffset(), NOW - timedelta(hours=4)
    for seconds in (0, 3, 4):
        assert not offset.hear(at, NOW + timedelta(seconds=seconds), measured=True)
    assert offset.seconds is None


async def test_stamps_of_the_begin_of_an_interval(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """Values stamped with the begin of their interval don't make a right clock look wrong."""
    odd = Misbehaviour(interval_start_timestamps=True)
    station, _, _ = await charge(simulate, manual, version, odd)
    await manual.advance(300)
    assert station.clock_offset.seconds is not None
    assert abs(station.clock_offset.seconds) < 6
