"""A charging session as its owner sees it: when, how much, how fast, and what is not certain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from ..charging.session import SessionTotals, settle, spread
from ..model.conditions import Conditions
from ..model.rates import SLOT
from ..model.transaction import Transaction
from ..transactions import LOST

_CLOCK_STEP_S = 30.0
"""Clocks that are off by less are not corrected."""
_FLOWING_W = 50.0
_NONE_WH = 0.5
_LONGEST_GAP = timedelta(minutes=15)
"""Whoever tells nothing for longer may have stopped and begun again meanwhile."""


class Remark(StrEnum):
    """What is not as certain as it looks; keys for translation."""

    RUNNING = "running"
    START_UNHEARD = "start_unheard"
    """Its begin was not heard: it may have begun earlier, and taken more."""
    END_UNHEARD = "end_unheard"
    """Its end was not heard, but concluded from what came after it."""
    ENERGY_UNKNOWN = "energy_unknown"
    PRICE_UNKNOWN = "price_unknown"
    """The price of a part of the energy was not known: that part is not in the cost."""
    TOKEN_REFUSED = "token_refused"
    CORRECTED = "corrected"
    """A user has changed what the station told."""
    CLOCK_CORRECTED = "clock_corrected"
    """The station's clock was wrong, and its times have been corrected."""


class SessionSample(NamedTuple):
    """What flowed at a moment of a session: register in Wh, power, current, charge.

    The register is that of the EVSE, as `Transaction.meter_start_wh` is.
    """

    record: int
    at: datetime
    register_wh: float | None
    power_w: float | None = None
    current_a: float | None = None
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the samples of a session say: kept for good, when they are not any more."""

    charging: timedelta = timedelta()
    """How long energy flowed, as far as samples tell."""
    charging_from: datetime | None = None
    charging_until: datetime | None = None
    peak_w: float | None = None
    quarters: tuple[tuple[datetime, float], ...] = ()
    """The energy in Wh of each quarter hour in which any flowed."""
    totals: SessionTotals = field(default_factory=SessionTotals)
    """Cost, solar part and CO2, as far as they were known when the session ended."""
    currency: str | None = None

    @property
    def energy_wh(self) -> float:
        """The energy of all quarter hours."""
        return sum(wh for _, wh in self.quarters)

    def with_energy(self, energy_wh: float | None) -> Summary:
        """Return it for what a session took in the end, in the same proportions."""
        if energy_wh is None or not self.energy_wh:
            return self
        return self.scaled(energy_wh / self.energy_wh)

    def scaled(self, factor: float) -> Summary:
        """Return it for another energy, in the same proportions."""
        quarters = tuple((at, wh * factor) for at, wh in self.quarters)
        return replace(self, quarters=quarters, totals=self.totals.scaled(factor))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One charging session. Energy in Wh, power in W, times in UTC."""

    record: int
    station: str
    evse_id: int
    connector_id: int
    transaction_id: str
    id_token: str | None
    holder: str | None
    holder_id: str | None
    vehicle: str | None
    started_at: datetime
    ended_at: datetime | None
    energy_wh: float | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    summary: Summary
    stop_reason: str | None
    signed: tuple[Mapping[str, str | None], ...]
    """What the meter has signed."""
    remarks: frozenset[Remark]

    @property
    def duration(self) -> timedelta | None:
        """How long it lasted, None while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    @property
    def idle(self) -> timedelta | None:
        """How long a car was plugged in without charging, None while it runs."""
        duration = self.duration
        return (
            None
            if duration is None
            else max(timedelta(), duration - self.summary.charging)
        )

    @property
    def cost(self) -> float | None:
        """What its energy cost, as far as the price was known; None where it never was."""
        return self.summary.totals.cost

    @property
    def solar_share(self) -> float | None:
        """Share of its energy that was solar, 0 to 1; None where that was never known."""
        totals = self.summary.totals
        return totals.solar_share if totals.share_known_wh else None

    @property
    def mean_w(self) -> float | None:
        """The mean power while energy flowed."""
        hours = self.summary.charging / timedelta(hours=1)
        return self.energy_wh / hours if self.energy_wh is not None and hours else None


def times_of(transaction: Transaction) -> tuple[datetime, datetime | None]:
    """Return when a transaction began and ended, by the right clock."""
    offset, ended = _offset(transaction), transaction.ended_at
    return transaction.started_at - offset, None if ended is None else ended - offset


def session_of(station: str, transaction: Transaction, summary: Summary) -> Session:
    """Return the session that a transaction and its summary make."""
    begin, end = times_of(transaction)
    return Session(
        record=transaction.record,
        station=station,
        evse_id=transaction.evse_id,
        connector_id=transaction.connector_id,
        transaction_id=transaction.id,
        id_token=transaction.id_token,
        holder=transaction.holder,
        holder_id=transaction.holder_id,
        vehicle=transaction.vehicle,
        started_at=begin,
        ended_at=end,
        energy_wh=transaction.energy_wh,
        meter_start_wh=transaction.reported_start_wh,
        meter_stop_wh=transaction.meter_stop_wh,
        summary=summary,
        stop_reason=transaction.stop_reason,
        signed=tuple(transaction.signed),
        remarks=_remarks(transaction, summary),
    )


def rescaled(session: Session, told_wh: float | None) -> Session:
    """Return a session whose energy was changed, with its quarter hours in the same proportions.

    Where nothing was told before, the energy is spread evenly.
    """
    energy_wh, ended = session.energy_wh, session.ended_at
    if energy_wh is None or energy_wh == told_wh or ended is None:
        return session
    summary = session.summary.scaled(energy_wh / told_wh if told_wh else 0.0)
    if not told_wh:
        quarters = tuple(spread(session.started_at, ended, energy_wh))
        summary = replace(summary, quarters=quarters)
    return replace(session, summary=summary)


def moved(session: Session, begin: datetime, end: datetime | None) -> Session:
    """Return a session at another time, its energy with it: stretched, or pushed together.

    What it cost stays.
    """
    before = session.started_at, session.ended_at
    session = replace(session, started_at=begin, ended_at=end)
    if end is None or before[1] is None:
        return session
    place = _Stretching(before[0], before[1], begin, end)
    quarters: dict[datetime, float] = {}
    for at, wh in session.summary.quarters:
        for slot, part in spread(place.of(at), place.of(at + SLOT), wh):
            quarters[slot] = quarters.get(slot, 0.0) + part
    summary = session.summary
    return replace(
        session,
        summary=replace(
            summary,
            charging=min(summary.charging, end - begin),
            charging_from=summary.charging_from and place.of(summary.charging_from),
            charging_until=summary.charging_until and place.of(summary.charging_until),
            quarters=tuple(sorted(quarters.items())),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Stretching:
    """Times of a session as another begin and another end move them."""

    begin: datetime
    end: datetime
    to_begin: datetime
    to_end: datetime

    def of(self, time: datetime) -> datetime:
        """Return where a time comes to lie, within the session."""
        length = self.end - self.begin
        passed = min(max(time - self.begin, timedelta()), length)
        part = passed / length if length else 1.0
        return self.to_begin + (self.to_end - self.to_begin) * part


def summarise(transaction: Transaction, samples: Sequence[SessionSample]) -> Summary:
    """Return what samples, oldest first, say of a transaction."""
    offset = _offset(transaction)
    moved = [sample._replace(at=sample.at - offset) for sample in samples]
    powers = [sample.power_w for sample in samples if sample.power_w is not None]
    charging, begin, end = _charging(moved)
    return Summary(
        charging=charging,
        charging_from=begin,
        charging_until=end,
        peak_w=max(powers, default=None),
        quarters=_quarters(transaction, moved, offset),
    )


def settled(
    summary: Summary, known: Mapping[datetime, Conditions], currency: str | None
) -> Summary:
    """Return a summary with what its energy cost, by what is known of the quarter hours."""
    totals = settle(summary.quarters, known)
    told = currency if totals.cost is not None else None
    return replace(summary, totals=totals, currency=told)


def _offset(transaction: Transaction) -> timedelta:
    """Return how far the times that the station told are ahead."""
    seconds = transaction.clock_offset_s or 0.0
    return timedelta(seconds=seconds) if abs(seconds) >= _CLOCK_STEP_S else timedelta()


def _charging(
    samples: Sequence[SessionSample],
) -> tuple[timedelta, datetime | None, datetime | None]:
    """Return how long energy flowed, when it began to and when it ended."""
    total, begin, end = timedelta(), None, None
    for before, sample in pairwise(samples):
        rose = (sample.register_wh or 0.0) > (before.register_wh or 0.0)
        flowed = rose or (sample.power_w or 0.0) > _FLOWING_W
        if flowed and timedelta() < sample.at - before.at <= _LONGEST_GAP:
            total += sample.at - before.at
            begin, end = begin or before.at, sample.at
    return total, begin, end


def _quarters(
    transaction: Transaction, samples: Sequence[SessionSample], offset: timedelta
) -> tuple[tuple[datetime, float], ...]:
    """Return the energy by quarter hours; between two moments it is spread evenly.

    What the samples do not tell lies between the last of them and the end. Where they tell
    more than there was in the end, all of them are a little less.
    """
    told = [(s.at, s.register_wh) for s in samples if s.register_wh is not None]
    start_wh = transaction.meter_start_wh
    if start_wh is None:
        start_wh = told[0][1] if told else 0.0
    known = [(at, register_wh - start_wh) for at, register_wh in told]
    points = [(transaction.started_at - offset, 0.0), *known]
    if transaction.ended_at is not None and transaction.energy_wh is not None:
        points.append((transaction.ended_at - offset, transaction.energy_wh))
    quarters: dict[datetime, float] = {}
    at, energy = points[0]
    for time, total in points[1:]:
        if total > energy and time >= at:
            for slot, part in spread(at, time, total - energy):
                quarters[slot] = quarters.get(slot, 0.0) + part
            energy = total
        at = max(at, time)
    most = energy if transaction.active else transaction.energy_wh
    part = 1.0 if most is None or energy <= most else most / energy
    return tuple(
        (at, wh * part) for at, wh in sorted(quarters.items()) if wh * part > 0
    )


def _remarks(transaction: Transaction, summary: Summary) -> frozenset[Remark]:
    totals = summary.totals
    remarks = {
        Remark.TOKEN_REFUSED: transaction.refused,
        Remark.PRICE_UNKNOWN: totals.cost is not None
        and totals.priced_wh < totals.energy_wh - _NONE_WH,
        Remark.RUNNING: transaction.active,
        Remark.START_UNHEARD: transaction.resumed or not transaction.start_heard,
        Remark.END_UNHEARD: transaction.stop_reason == LOST,
        Remark.ENERGY_UNKNOWN: transaction.energy_wh is None,
        Remark.CLOCK_CORRECTED: bool(_offset(transaction)),
    }
    return frozenset(remark for remark, holds in remarks.items() if holds)
