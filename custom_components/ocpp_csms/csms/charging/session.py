"""What a session took, what it cost, how much of it was solar, what CO2 it made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..model.conditions import Conditions
from ..model.rates import SLOT, Series, floor_slot
from .errors import ChargingError
from .figures import is_figure
from .times import utc

_LONGEST = timedelta(days=92)
_NOTHING_KNOWN = Conditions()


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """Running totals of one session.

    Energy in Wh since its start; `cost` in currency over the energy of which the price
    was known (`priced_wh`), None while it never was; CO2 and the solar part likewise.
    """

    energy_wh: float = 0.0
    solar_wh: float = 0.0
    share_known_wh: float = 0.0
    cost: float | None = None
    priced_wh: float = 0.0
    co2_g: float | None = None
    co2_known_wh: float = 0.0
    at: datetime | None = None

    @property
    def solar_share(self) -> float:
        """Share that was solar of the energy of which that was known, 0 to 1."""
        return self.solar_wh / self.share_known_wh if self.share_known_wh else 0.0

    @property
    def price_per_kwh(self) -> float | None:
        """Mean price of the energy of which the price was known."""
        return _per_kwh(self.cost, self.priced_wh)

    @property
    def co2_per_kwh(self) -> float | None:
        """Mean CO2 in g per kWh of the energy of which it was known."""
        return _per_kwh(self.co2_g, self.co2_known_wh)

    def scaled(self, factor: float) -> SessionTotals:
        """Return the totals of so many times the energy, at the same prices and shares."""
        return SessionTotals(
            energy_wh=self.energy_wh * factor,
            solar_wh=self.solar_wh * factor,
            share_known_wh=self.share_known_wh * factor,
            cost=None if self.cost is None else self.cost * factor,
            priced_wh=self.priced_wh * factor,
            co2_g=None if self.co2_g is None else self.co2_g * factor,
            co2_known_wh=self.co2_known_wh * factor,
            at=self.at,
        )


def _per_kwh(total: float | None, energy_wh: float) -> float | None:
    return None if total is None or not energy_wh else total * 1000 / energy_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices in currency per kWh and CO2 in g per kWh over time; None is not known."""

    import_price: Series | None = None
    export_price: Series | None = None
    co2: Series | None = None

    def at(self, time: datetime, solar_share: float) -> Conditions:
        """Return what holds at a time, with a share of the sun.

        Without export prices solar energy costs nothing; one that is not known is a gap.
        """
        export = 0.0 if self.export_price is None else self.export_price.at(time)
        return Conditions(
            import_price=self.import_price.at(time) if self.import_price else None,
            export_price=export,
            co2=self.co2.at(time) if self.co2 else None,
            solar_share=solar_share,
        )


def add(
    totals: SessionTotals,
    energy_wh: float,
    solar_share: float | None,
    price: float | None,
    co2_g_per_kwh: float | None,
) -> SessionTotals:
    """Return the totals with some energy more, at one price and one share."""
    if not is_figure(energy_wh) or energy_wh < 0:
        raise ChargingError("energy_not_a_number", str(energy_wh))
    known = [v for v in (solar_share, price, co2_g_per_kwh) if v is not None]
    if not all(is_figure(value) for value in known):
        raise ChargingError("price_not_a_number", str(known))
    totals = replace(totals, energy_wh=totals.energy_wh + energy_wh)
    if solar_share is not None:
        share = min(max(solar_share, 0.0), 1.0)
        totals = replace(
            totals,
            solar_wh=totals.solar_wh + energy_wh * share,
            share_known_wh=totals.share_known_wh + energy_wh,
        )
    if price is not None:
        totals = replace(
            totals,
            cost=(totals.cost or 0.0) + energy_wh / 1000 * price,
            priced_wh=totals.priced_wh + energy_wh,
        )
    if co2_g_per_kwh is not None:
        totals = replace(
            totals,
            co2_g=(totals.co2_g or 0.0) + energy_wh / 1000 * co2_g_per_kwh,
            co2_known_wh=totals.co2_known_wh + energy_wh,
        )
    return totals


def settle(
    quarters: Iterable[tuple[datetime, float]], known: Mapping[datetime, Conditions]
) -> SessionTotals:
    """Return the totals of energy in Wh by quarter hours, with what is known of each."""
    totals = SessionTotals()
    for at, energy_wh in quarters:
        conditions = known.get(at, _NOTHING_KNOWN)
        totals = add(
            totals,
            energy_wh,
            conditions.solar_share,
            conditions.price,
            conditions.emission,
        )
    return totals


def integrate(
    totals: SessionTotals,
    at: datetime,
    energy_wh: float,
    tariff: Tariff,
    solar_share: float = 0.0,
) -> SessionTotals:
    """Return the totals after a sample of the session's energy so far.

    What flowed since the last sample is spread evenly over the time in between, so that
    each part gets the price of its own quarter hour, also across a gap of hours. A lower
    energy, or an older time, changes nothing: a register that begins anew has to be joined
    to what was before (`csms.register` does so). Across a gap the share is that of its end.
    """
    at = utc(at)
    if not is_figure(energy_wh) or not is_figure(solar_share):
        raise ChargingError("energy_not_a_number", str(energy_wh))
    solar_share = min(max(solar_share, 0.0), 1.0)
    last = totals.at
    if last is not None and at < last:
        return totals
    more = energy_wh - totals.energy_wh
    if more <= 0:
        return replace(totals, at=at)
    for time, part in spread(last or at, at, more):
        conditions = tariff.at(time, solar_share)
        totals = add(totals, part, solar_share, conditions.price, conditions.emission)
    return replace(totals, at=at, energy_wh=energy_wh)


def spread(
    start: datetime, end: datetime, energy_wh: float
) -> list[tuple[datetime, float]]:
    """Return the energy of each quarter hour that a time touches, by its begin (UTC).

    Of a time that is longer than a quarter of a year, as by a clock that was wrong, all is
    in its end.
    """
    start = max(start, end - _LONGEST)
    seconds = (end - start).total_seconds()
    if seconds <= 0:
        return [(floor_slot(end), energy_wh)]
    parts: list[tuple[datetime, float]] = []
    at = start
    while at < end:
        slot = floor_slot(at)
        until = min(slot + SLOT, end)
        parts.append((slot, energy_wh * (until - at).total_seconds() / seconds))
        at = until
    return parts


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of what is used is solar, 0 to 1: in all, of the home, of the cars."""

    total: float
    home: float
    cars: float


def solar_shares(
    *, solar_w: float, battery_w: float, home_w: float, cars_w: float
) -> Shares:
    """Return who uses the sun: the home first, then the battery, then the cars.

    `battery_w` is positive while it discharges; what it gives counts as solar.
    """
    powers = (solar_w, battery_w, home_w, cars_w)
    if not all(is_figure(power) for power in powers):
        raise ChargingError("power_not_a_number", str(powers))
    solar = max(solar_w, 0.0) + max(battery_w, 0.0)
    stored = max(-battery_w, 0.0)
    return Shares(
        total=_share(solar, home_w + stored + cars_w),
        home=_share(solar, home_w),
        cars=_share(solar - home_w - stored, cars_w),
    )


def _share(available_w: float, used_w: float) -> float:
    if available_w <= 0:
        return 0.0
    return 1.0 if used_w <= available_w else available_w / used_w


def cars_solar_share(
    *,
    grid_w: float,
    cars_w: float,
    solar_w: float | None = None,
    battery_w: float = 0.0,
) -> float:
    """Return how much of what the cars take is solar, 0 to 1; see `solar_shares`.

    `grid_w` is positive while energy is taken from the grid. Without the sun's own power
    it follows from the grid's: the cars take what the others leave, so what is taken from
    the grid is theirs first.
    """
    powers = (grid_w, cars_w, 0.0 if solar_w is None else solar_w, battery_w)
    if not all(is_figure(power) for power in powers):
        raise ChargingError("power_not_a_number", str(powers))
    if solar_w is None:
        return _share(cars_w - max(grid_w, 0.0), cars_w)
    home_w = max(0.0, grid_w + solar_w + battery_w - cars_w)
    shares = solar_shares(
        solar_w=solar_w, battery_w=battery_w, home_w=home_w, cars_w=cars_w
    )
    return shares.cars
