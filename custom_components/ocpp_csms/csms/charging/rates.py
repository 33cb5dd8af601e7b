"""Prices, CO2 and solar forecasts of any source on one grid of quarter hours."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from math import nan

from ..model.rates import SLOT_S, Rate, Series, floor_slot
from .currencies import part_of_money
from .errors import ChargingError
from .figures import is_figure
from .times import utc

HOUR = timedelta(hours=1)
_GRAMS = frozenset({"g", "gco2", "gco2eq", "gco2e"})
_KILOGRAMS = frozenset({"kg", "kgco2", "kgco2eq", "kgco2e"})
_MOST = timedelta(days=14)
"""What a source tells of a time that is farther away is left out."""
_MAX_SLOTS = 2 * 14 * 96 + 1


@dataclass(frozen=True, slots=True)
class RawRate:
    """A value as a source tells it. `end` None: until the next one, or as long as the last."""

    start: datetime
    value: float
    end: datetime | None = None


def price_factor(unit: str) -> float:
    """Return what makes a price in `unit` one in currency per kWh.

    `EUR/MWh` and `ct/kWh` are the traps. Raises ChargingError for a unit that is none.
    """
    money, per = _split(unit)
    part = part_of_money(money)
    if part is None:
        raise ChargingError("unit_unknown", unit)
    return _per_kwh(per, unit) * part


def co2_factor(unit: str) -> float:
    """Return what makes an intensity in `unit` one in g per kWh."""
    mass, per = _split(unit)
    if mass in _GRAMS:
        return _per_kwh(per, unit)
    if mass in _KILOGRAMS:
        return _per_kwh(per, unit) * 1000
    raise ChargingError("unit_unknown", unit)


def _split(unit: str) -> tuple[str, str]:
    if not isinstance(unit, str):
        raise ChargingError("unit_unknown", str(unit))
    if unit.strip().startswith("GBp/"):
        unit = unit.replace("GBp", "pence", 1)
    unit = unit.replace("₂", "2").replace(" CO2", "CO2")
    numerator, slash, denominator = unit.strip().lower().partition("/")
    if not slash or not numerator.strip():
        raise ChargingError("unit_unknown", unit)
    return numerator.strip(), denominator.strip()


_MOST_VALUE = 1e9
"""More than anything costs, or weighs."""
_PER = {"kwh": 1.0, "mwh": 1e-3, "wh": 1e3}


def _per_kwh(per: str, unit: str) -> float:
    if per not in _PER:
        raise ChargingError("unit_unknown", unit)
    return _PER[per]


def normalise(
    raw: Iterable[RawRate],
    factor: float = 1.0,
    zone: tzinfo = UTC,
    *,
    around: datetime | None = None,
) -> Series:
    """Return rates on the grid, in the unit that `factor` leads to.

    Missing ends are filled in: where the next begins, but no later than usual for the
    source. What begins later covers what began earlier; of two with the same start the
    later in the list holds; values that are no numbers leave a gap. A slot that
    several rates share gets their mean by time; a slot less than half covered is a gap.
    Times without zone are local in `zone`; an hour that comes twice is told apart by its
    place in the list.

    The series holds two weeks before and after `around`, the moment that is looked at: now,
    for who plans. Without it, that is the begin of the last rate.
    """
    if not is_figure(factor):
        raise ChargingError("price_not_a_number", str(factor))
    rates = _ordered(_aware(raw, zone), around and utc(around))
    if not rates:
        return Series(floor_slot(datetime.fromtimestamp(0, UTC)))
    start = floor_slot(rates[0].start)
    sums: dict[int, float] = {}
    covered: dict[int, float] = {}
    for rate in rates:
        for index, seconds in _cover(rate, start):
            sums[index] = sums.get(index, 0.0) + rate.value * seconds
            covered[index] = covered.get(index, 0.0) + seconds
    count = min(max(sums) + 1, _MAX_SLOTS) if sums else 0
    return Series(
        start,
        tuple(
            _value(sums[index] / covered[index] * factor)
            if covered.get(index, 0.0) * 2 >= SLOT_S
            else None
            for index in range(count)
        ),
    )


def _value(value: float | None) -> float | None:
    """Return a value, None for what is no number that can be."""
    return value if value is not None and abs(value) <= _MOST_VALUE else None


def _aware(raw: Iterable[RawRate], zone: tzinfo) -> list[RawRate]:
    """Return the rates with aware times in UTC; ambiguous local hours by their order."""
    aware: list[RawRate] = []
    last: datetime | None = None
    for rate in raw:
        start = _in_utc(rate.start, zone)
        if rate.start.tzinfo is None and last is not None and start <= last:
            again = rate.start.replace(tzinfo=zone, fold=1).astimezone(UTC)
            start = again if again > last else start
        end = _in_utc(rate.end, zone) if rate.end else None
        if end is not None and end <= start:
            end = None
        value = rate.value if is_figure(rate.value) else nan
        aware.append(RawRate(start, value, end))
        last = start
    return aware


def _in_utc(time: datetime, zone: tzinfo) -> datetime:
    if not isinstance(time, datetime):
        raise ChargingError("time_not_a_time", str(time))
    return utc(time.replace(tzinfo=zone) if time.tzinfo is None else time)


def _ordered(raw: list[RawRate], around: datetime | None) -> list[Rate]:
    """Return rates in order, with ends, without overlaps, of the weeks around a moment.

    What begins later covers what began earlier, for as long as it holds.
    """
    by_start = {rate.start: rate for rate in raw}
    starts = sorted(by_start)
    shortest = min((b - a for a, b in pairwise(starts)), default=HOUR)
    usual = _usual_step(starts, min(shortest, HOUR))
    ends = [min(following, start + usual) for start, following in pairwise(starts)]
    known = [
        Rate(start, by_start[start].end or end, by_start[start].value)
        for start, end in zip(
            starts, [*ends, *(start + usual for start in starts[-1:])], strict=True
        )
    ]
    near = _near(known, around or starts[-1]) if known else []
    return _uncovered(near) if near else []


def _near(rates: list[Rate], moment: datetime) -> list[Rate]:
    """Return what of rates lies within two weeks before and after a moment."""
    oldest, newest = moment - _MOST, moment + _MOST
    return [
        Rate(max(rate.start, oldest), min(rate.end, newest), rate.value)
        for rate in rates
        if rate.end > oldest and rate.start < newest
    ]


def _usual_step(starts: Sequence[datetime], otherwise: timedelta) -> timedelta:
    """Return how long a value of a source usually holds: the step that comes most often."""
    steps = Counter(later - earlier for earlier, later in pairwise(starts))
    most = max(steps.values(), default=0)
    if most < 2:
        return otherwise
    return min(step for step, number in steps.items() if number == most)


def _uncovered(rates: list[Rate]) -> list[Rate]:
    """Return the parts of rates that none of a later start covers, where they are numbers."""
    parts: list[Rate] = []
    begun: list[Rate] = []
    stops = [*(rate.start for rate in rates[1:]), max(rate.end for rate in rates)]
    for rate, stop in zip(rates, stops, strict=True):
        begun.append(rate)
        at = rate.start
        while begun and at < stop:
            top = begun[-1]
            if top.end <= at:
                begun.pop()
                continue
            end = min(top.end, stop)
            if _value(top.value) is not None:
                parts.append(Rate(at, end, top.value))
            at = end
    return parts


def _cover(rate: Rate, start: datetime) -> Iterable[tuple[int, float]]:
    """Yield the slots that a rate touches, and for how many seconds."""
    begin = (rate.start - start).total_seconds()
    end = (rate.end - start).total_seconds()
    index = int(begin // SLOT_S)
    while index * SLOT_S < end and index < _MAX_SLOTS:
        slot = index * SLOT_S
        seconds = min(end, slot + SLOT_S) - max(begin, slot)
        if seconds > 0:
            yield index, seconds
        index += 1


def resample_forecast(wh_by_start: Mapping[datetime, float]) -> Series:
    """Return a solar forecast as mean power in W on the grid; the energy is kept.

    `wh_by_start` is the energy of each period in Wh by its start. A period ends where the
    next begins, but is no longer than usual: the stubs at sunrise and sunset are shorter,
    and no period reaches over the night.
    """
    wh_by_start = {utc(start): energy for start, energy in wh_by_start.items()}
    starts = sorted(wh_by_start)
    if not starts:
        return Series(floor_slot(datetime.fromtimestamp(0, UTC)))
    starts = [start for start in starts if start >= starts[-1] - _MOST]
    grid, usual = floor_slot(starts[0]), _usual_step(starts, HOUR)
    watts: dict[int, float] = {}
    for index, start in enumerate(starts):
        energy = wh_by_start[start]
        if not is_figure(energy) or not 0 <= energy <= _MOST_VALUE:
            raise ChargingError("energy_not_a_number", str(energy))
        following = starts[index + 1] if index + 1 < len(starts) else start + usual
        length = min(following - start, usual)
        rate = Rate(start, start + length, energy / (length / HOUR))
        for slot, seconds in _cover(rate, grid):
            watts[slot] = watts.get(slot, 0.0) + rate.value * seconds / SLOT_S
    count = max(watts, default=-1) + 1
    return Series(grid, tuple(watts.get(slot, 0.0) for slot in range(count)))


def flat(value: float, start: datetime, end: datetime) -> Series:
    """Return one value for all slots from the one of `start` until `end`."""
    if not is_figure(value):
        raise ChargingError("price_not_a_number", str(value))
    first, end = floor_slot(utc(start)), utc(end)
    count = max(0, -int(-(end - first).total_seconds() // SLOT_S))
    return Series(first, (value,) * count)
