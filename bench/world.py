"""A house with sun, clouds, prices and loads for a week, the same for each seed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import pi, sin
from random import Random

from custom_components.ocpp_csms.csms.model.rates import Series

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 7
VOLTS = 230.0
EXPORT = 0.08
IDLE_W = 800.0
"""What the house draws at least, as far as its owner knows."""
_SLOTS_A_DAY = 96
_STEPS_A_DAY = 2880
_PEAK_W = 8000.0

type Flows = tuple[float, float, float]
"""Currents of the three phases, in A."""


class World:
    """What happens whether anybody decides or not."""

    def __init__(self, seed: int = 1) -> None:
        """Draw the week."""
        random = Random(seed)
        count = DAYS * _SLOTS_A_DAY
        self._prices = tuple(_price(slot, random) for slot in range(count))
        self._clouds = tuple(_clouds(random, DAYS * _STEPS_A_DAY))
        self._kettles = tuple(random.random() < 0.04 for _ in range(count * 3))
        self._ovens = tuple(random.random() < 0.35 for _ in range(count // 2))
        self._pumps = tuple(random.random() < 0.35 for _ in range(count // 2))
        self._series = Series(MONDAY, self._prices)
        self.forecast = self._forecast(random)

    def solar_w(self, at: datetime) -> float:
        """Return what the roof gives."""
        minutes = _minutes(at)
        cloud = self._clouds[int(minutes * 2) % len(self._clouds)]
        return _clear_w(minutes / 60 % 24) * cloud

    def house_a(self, at: datetime) -> Flows:
        """Return what the house draws: kettle and oven on L2, a heat pump on all phases."""
        minutes = _minutes(at)
        hour = minutes / 60 % 24
        kettle = 9.0 if self._kettles[int(minutes // 5) % len(self._kettles)] else 0.0
        half_hour = int(minutes // 30) % len(self._ovens)
        oven = 7.0 if _cooks(hour) and self._ovens[half_hour] else 0.0
        heats = hour >= 17 or hour < 9
        pump = 7.0 if heats and self._pumps[half_hour] else 0.0
        return 1.2 + pump, 0.8 + pump + kettle + oven, 1.0 + pump

    def house_w(self, at: datetime) -> float:
        """Return what the house draws in all."""
        return sum(self.house_a(at)) * VOLTS

    def flows(self, at: datetime) -> list[float]:
        """Return what flows through the house's fuse without cars; export is negative."""
        solar_a = self.solar_w(at) / 3 / VOLTS
        return [load - solar_a for load in self.house_a(at)]

    def surplus_w(self, at: datetime) -> float:
        """Return what the house leaves of the sun."""
        return max(0.0, self.solar_w(at) - self.house_w(at))

    def price(self, at: datetime, own: float) -> float:
        """Return what a kWh costs of which a part comes from the own roof."""
        return own * EXPORT + (1 - own) * (self._series.at(at) or 0.0)

    def known_prices(self, now: datetime) -> Series:
        """Return the prices that are known: tomorrow's from 13 o'clock on."""
        days = (now - MONDAY) // timedelta(days=1) + (2 if now.hour >= 13 else 1)
        return Series(MONDAY, self._prices[: days * _SLOTS_A_DAY])

    def left_a(self) -> Series:
        """Return what the fuse usually leaves for a car: less when the house cooks."""
        hours = [slot % _SLOTS_A_DAY / 4 for slot in range(len(self._prices))]
        return Series(MONDAY, tuple(8.0 if _cooks(hour) else 14.0 for hour in hours))

    def constant(self, value: float) -> Series:
        """Return a series that is the same all week."""
        return Series(MONDAY, (value,) * len(self._prices))

    def _forecast(self, random: Random) -> Series:
        """Return what the house will leave: each day's weather is foreseen, its hours are not."""
        values: list[float] = []
        for day in range(DAYS):
            first = day * _STEPS_A_DAY
            steps = self._clouds[first + 1000 : first + 2200]
            weather = sum(steps) / len(steps) * random.uniform(0.8, 1.1)
            values += [
                max(0.0, _clear_w(slot / 4) * weather - IDLE_W)
                for slot in range(_SLOTS_A_DAY)
            ]
        return Series(MONDAY, tuple(values))


def _minutes(at: datetime) -> float:
    return (at - MONDAY) / timedelta(minutes=1)


def _cooks(hour: float) -> bool:
    return 17 <= hour < 21 or 6 <= hour < 8


def _clear_w(hour: float) -> float:
    """Return what the roof gives under a clear sky."""
    return _PEAK_W * sin((hour - 5) / 16 * pi) ** 1.3 if 5 < hour < 21 else 0.0


def _price(slot: int, random: Random) -> float:
    hour = slot % _SLOTS_A_DAY / 4
    shape = 0.10 * sin((hour - 9) / 24 * 4 * pi)
    return round(0.24 + shape + random.uniform(-0.04, 0.04), 4)


def _clouds(random: Random, count: int) -> Iterator[float]:
    clear = 0.8
    for _ in range(count):
        clear = min(1.0, max(0.1, clear + random.uniform(-0.06, 0.062)))
        yield clear
