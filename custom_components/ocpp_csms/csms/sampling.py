"""Meter values of one station: whose they are, and what they do to its EVSEs."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .allowance import Allowances
from .changes import EvseKey
from .evse import Evse
from .limits import count_lines
from .meter import totals_of
from .model.events import MeterSampled, TransactionReported
from .model.evse import EvseStatus
from .model.meter import REGISTER, Samples
from .model.replies import ACKNOWLEDGED, Acknowledged
from .model.transaction import Transaction
from .recorder import Recorder
from .session_news import tell_started
from .transactions import NO_TRANSACTION, take_signed

if TYPE_CHECKING:
    from .station import Station

_FLOWING = (EvseStatus.CHARGING, EvseStatus.SUSPENDED_EV, EvseStatus.SUSPENDED_EVSE)


class Sampling:
    """Takes the meter values of one station."""

    __slots__ = ("_allowances", "_recorder", "_station")

    def __init__(
        self, station: Station, recorder: Recorder, allowances: Allowances
    ) -> None:
        """Serve a station."""
        self._station = station
        self._recorder = recorder
        self._allowances = allowances

    def sampled(self, event: MeterSampled, now: datetime) -> Acknowledged:
        """Apply meter values and reply to them."""
        if event.evse_id == 0:
            return ACKNOWLEDGED
        evse = self._station.known_evse(event.evse_id)
        transaction = evse.transaction
        id_ = event.transaction_id
        if (
            id_ is not None
            and id_ not in NO_TRANSACTION
            and (transaction is None or transaction.id != id_)
        ):
            transaction = self._adopt(evse, id_, event, now)
            past = None if transaction else self._station.transactions.find(id_)
            if past is not None:
                self.take_late(evse, event.samples, now, past)
                self._recorder.keep(past, urgent=False)
        elif transaction is not None and id_ == transaction.id:
            transaction.id_confirmed = True
        self.take(evse, event.samples, now, transaction)
        return ACKNOWLEDGED

    def _adopt(
        self, evse: Evse, id_: str, event: MeterSampled, now: datetime
    ) -> Transaction | None:
        """Return the transaction that values of another id than the running one's belong to."""
        station = self._station
        before, known = evse.transaction, station.transactions.find(id_)
        at = next((s.at for s in event.samples if s.at), None) or now
        charging = evse.status in _FLOWING
        adopted = station.transactions.adopt(evse, id_, at, charging=charging)
        if adopted is not None:
            self._recorder.keep(adopted, urgent=False)
        if adopted is not None and before is None:
            station.mark(EvseKey.SESSION, evse.id)
            if known is None:
                tell_started(station, adopted)
        return adopted

    def take(
        self,
        evse: Evse,
        samples: tuple[Samples, ...],
        now: datetime,
        transaction: Transaction | None,
    ) -> None:
        """Take what an EVSE tells, of the transaction that runs there, if it is of one."""
        if not samples:
            return
        station = self._station
        start = transaction.started_at if transaction else None
        changed = evse.meter.take(samples, now, station.quirks, start)
        self._mark(evse, changed)
        if self._are_closing(evse, samples):
            self._mark(evse, evse.meter.stop_flow(now))
        if transaction is not None:
            take_signed(transaction, samples)
            if evse.count_energy(samples[-1].at or now):
                station.mark(EvseKey.SESSION_ENERGY, evse.id)
                self._allowances.look_at(evse)
            self._recorder.take(evse, transaction, samples, now)
        station.hear_clock(samples[-1].at, now, measured=True)
        if evse.applied_lines not in (None, count_lines(evse)):
            evse.applied_a = evse.applied_lines = None
            station.onboarding.repeat_wishes()

    def take_late(
        self,
        evse: Evse,
        samples: tuple[Samples, ...],
        now: datetime,
        transaction: Transaction,
    ) -> None:
        """Take values of a transaction that does not run any more."""
        for moment in samples:
            value = totals_of(moment, self._station.quirks).get(REGISTER)
            if value is not None:
                at = moment.at or now
                self._station.transactions.count_late(transaction, value, at)
        take_signed(transaction, samples)
        self._recorder.take(evse, transaction, samples, now)

    @staticmethod
    def _are_closing(evse: Evse, samples: tuple[Samples, ...]) -> bool:
        """Return whether values belong to a transaction that is over: nothing flows any more."""
        last, at = evse.last_transaction, samples[-1].at
        return (
            evse.transaction is None
            and last is not None
            and last.ended_at is not None
            and at is not None
            and at <= last.ended_at
        )

    def take_start(self, evse: Evse, event: TransactionReported, now: datetime) -> None:
        """Count the register at a start as a reading, unless it starts anew with each session."""
        if event.meter_wh is not None and not evse.meter.register.session_relative:
            lifetime = evse.meter.register.lifetime_wh
            if lifetime is None or event.meter_wh >= lifetime:
                keys = evse.meter.take_register(event.meter_wh, event.at or now, None)
                self._mark(evse, keys)

    def take_end(
        self, evse: Evse, register_wh: float, at: datetime, began: datetime
    ) -> None:
        """Count the register at the end of the transaction that runs as a reading."""
        self._mark(evse, evse.meter.take_register(register_wh, at, began))
        evse.count_energy(at)

    def flow_ended(self, evse: Evse, now: datetime) -> None:
        """Show that nothing flows any more, and all that the registers tell."""
        self._mark(evse, evse.meter.stop_flow(now))
        self._mark(evse, evse.meter.show_registers())

    def _mark(self, evse: Evse, keys: list[Any]) -> None:
        if keys:
            self._station.mark_channels(evse.id, keys)
