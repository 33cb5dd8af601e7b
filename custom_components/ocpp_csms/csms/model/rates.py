"""Series of values on a grid of quarter hours: prices, CO2, power."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SLOT_S = 900
"""Length of a slot, in seconds."""
SLOT = timedelta(seconds=SLOT_S)


def floor_slot(time: datetime) -> datetime:
    """Return the start of the slot that a time lies in, in UTC."""
    seconds = int(time.timestamp()) // SLOT_S * SLOT_S
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class Rate:
    """A value that holds from `start` until `end` (exclusive), both aware."""

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """Values of consecutive slots from `start` on (UTC, on the grid); None is not known.

    A price is in currency per kWh, CO2 in g per kWh, power in W (mean of the slot).
    """

    start: datetime
    values: tuple[float | None, ...] = ()

    @property
    def end(self) -> datetime:
        """The end of the last slot."""
        return self.start + SLOT * len(self.values)

    def at(self, time: datetime) -> float | None:
        """Return the value at a time, None if it is not known."""
        index = int((time - self.start).total_seconds() // SLOT_S)
        return self.values[index] if 0 <= index < len(self.values) else None

    def window(self, start: datetime, count: int) -> tuple[float | None, ...]:
        """Return the values of `count` slots from a start on the grid."""
        first = int((start - self.start).total_seconds() // SLOT_S)
        return tuple(
            self.values[index] if 0 <= index < len(self.values) else None
            for index in range(first, first + count)
        )
