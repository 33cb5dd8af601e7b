"""What a station's events do to its state, and what is replied."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from .changes import EvseKey, StationKey
from .evse import Evse
from .framing import ErrorCode, RpcError
from .model.events import (
    Booted,
    DataTransferred,
    Event,
    EventsNotified,
    FirmwareStatusChanged,
    HeartbeatReceived,
    LogStatusChanged,
    MeterSampled,
    ReportReceived,
    SecurityEventReported,
    StatusChanged,
    TokenPresented,
    TransactionReported,
)
from .model.evse import ConnectorStatus, EvseStatus
from .model.id_token import IdTokenInfo
from .model.meter import Samples
from .model.replies import (
    ACKNOWLEDGED,
    Acknowledged,
    BootReply,
    DataTransferReply,
    HeartbeatReply,
    Reply,
    TokenReply,
    TransactionReply,
)
from .model.station import RegistrationStatus
from .model.transaction import Transaction, TransactionPhase
from .occurrences import Occurrence, OccurrenceKind
from .transactions import LOST

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

PENDING_INTERVAL_S = 30
"""How soon a station that waits for acceptance asks again."""
MAX_EVSES = 64
"""More than any station has: an id beyond it is an error of the station."""
_SEEN_STEP = timedelta(minutes=1)
_OFFSET_STEP_S = 5.0
_FLOWING = (EvseStatus.CHARGING, EvseStatus.SUSPENDED_EV, EvseStatus.SUSPENDED_EVSE)


class Inbox:
    """Applies events to one station."""

    __slots__ = ("_handlers", "_station", "_told_seen")

    def __init__(self, station: Station) -> None:
        """Serve a station."""
        self._station = station
        self._told_seen: datetime | None = None
        self._handlers: dict[type[Any], Callable[[Any, datetime], Reply]] = {
            Booted: self._booted,
            DataTransferred: self._data_transferred,
            EventsNotified: self._events_notified,
            FirmwareStatusChanged: self._firmware_status,
            HeartbeatReceived: self._heartbeat,
            LogStatusChanged: self._log_status,
            MeterSampled: self._meter_sampled,
            ReportReceived: self._report_received,
            SecurityEventReported: self._security_event,
            StatusChanged: self._status_changed,
            TokenPresented: self._token_presented,
            TransactionReported: self._transaction_reported,
        }

    def take(self, event: Event, now: datetime) -> Reply:
        """Apply an event and return the reply. Raises RpcError for what can't be taken."""
        station = self._station
        station.state.last_seen = now
        if self._told_seen is None or now - self._told_seen >= _SEEN_STEP:
            self._told_seen = now
            station.mark(StationKey.LAST_SEEN)
        if not station.accepted and not isinstance(event, Booted | HeartbeatReceived):
            raise RpcError(ErrorCode.SECURITY, "the station is not accepted yet")
        return self._handlers[type(event)](event, now)

    def _evse(self, evse_id: int) -> Evse:
        if not 0 < evse_id <= MAX_EVSES:
            raise RpcError(ErrorCode.PROPERTY, f"there is no EVSE {evse_id}")
        return self._station.evse(evse_id)

    def _booted(self, event: Booted, now: datetime) -> BootReply:
        station = self._station
        station.identify(event.info)
        if not station.accepted:
            return BootReply(RegistrationStatus.PENDING, now, PENDING_INTERVAL_S)
        state = station.state
        triggered = event.reason == "Triggered" or station.onboarding.asked_for_boot
        state.last_boot = state.last_boot if triggered and state.last_boot else now
        state.boot_reason = event.reason
        station.mark(StationKey.LAST_BOOT)
        if not triggered:
            for evse in station.evses.values():
                evse.applied_a = None
            station.tell(
                Occurrence(OccurrenceKind.BOOTED, data={"reason": event.reason})
            )
        station.onboarding.asked_for_boot = False
        station.onboarding.start(after_boot=not triggered)
        return BootReply(
            RegistrationStatus.ACCEPTED, now, station.config.heartbeat_interval_s
        )

    def _heartbeat(self, _: HeartbeatReceived, now: datetime) -> HeartbeatReply:
        return HeartbeatReply(now)

    def _status_changed(self, event: StatusChanged, now: datetime) -> Acknowledged:
        station = self._station
        if event.evse_id == 0:
            self._station_status(event)
            return ACKNOWLEDGED
        evse = self._evse(event.evse_id)
        before, problem_before = evse.status, evse.problem
        connector = evse.connector(event.connector_id or 1)
        if connector.status is not event.status:
            connector.at = event.at or now
        connector.status, connector.problem = event.status, event.problem
        if event.status is ConnectorStatus.AVAILABLE:
            self._close_stale(evse, event.at or now)
        self._status_effects(evse, before, now)
        if evse.problem != problem_before:
            station.mark(EvseKey.PROBLEM, evse.id)
            self._tell_fault(evse.id, event)
        return ACKNOWLEDGED

    def _station_status(self, event: StatusChanged) -> None:
        state = self._station.state
        if event.status is not state.status:
            state.status = event.status
            self._station.mark(StationKey.STATUS)
        if event.problem != state.problem:
            state.problem = event.problem
            self._station.mark(StationKey.PROBLEM)
            self._tell_fault(0, event)

    def _tell_fault(self, evse_id: int, event: StatusChanged) -> None:
        problem = event.problem
        if problem is None:
            return
        data = {
            "code": problem.code,
            "info": problem.info,
            "vendor_id": problem.vendor_id,
            "vendor_code": problem.vendor_code,
        }
        self._station.tell(Occurrence(OccurrenceKind.FAULT, evse_id, data))

    def _close_stale(self, evse: Evse, at: datetime) -> None:
        """End a transaction that an available connector shows to be over.

        Its stop may still wait in the station's queue: then it is corrected.
        """
        if evse.transaction is not None and at >= evse.transaction.started_at:
            self.end_lost(evse, at)

    def end_lost(self, evse: Evse, at: datetime) -> None:
        """End a transaction whose own end was not heard."""
        if evse.transaction is not None:
            transaction = evse.transaction
            self._station.transactions.close(evse, transaction, at, LOST)
            self._after_end(evse, transaction, at)

    def _status_effects(
        self, evse: Evse, before: EvseStatus | None, now: datetime
    ) -> None:
        status = evse.status
        if status is before:
            return
        self._station.mark(EvseKey.STATUS, evse.id)
        if status is not None and status is not EvseStatus.CHARGING:
            self._station.mark_channels(evse.id, evse.meter.stop_flow(now))

    def _token_presented(self, event: TokenPresented, _: datetime) -> TokenReply:
        station = self._station
        info = station.authorizer(station.identity, event.id_token, None)
        self._tell_token(0, event.id_token.value, info)
        return TokenReply(info)

    def _tell_token(self, evse_id: int, token: str, info: IdTokenInfo) -> None:
        data = {"id_token": token, "status": info.status.value}
        self._station.tell(Occurrence(OccurrenceKind.ID_TOKEN_PRESENTED, evse_id, data))

    def _transaction_reported(
        self, event: TransactionReported, now: datetime
    ) -> TransactionReply:
        info = self._authorize(event)
        started = event.phase is TransactionPhase.STARTED
        transaction = (
            self._started(event, info, now) if started else self._continued(event, now)
        )
        id_ = transaction.id if transaction else event.transaction_id or "0"
        return TransactionReply(id_, info)

    def _authorize(self, event: TransactionReported) -> IdTokenInfo | None:
        if event.id_token is None:
            return None
        station = self._station
        return station.authorizer(station.identity, event.id_token, event.evse_id)

    def _started(
        self, event: TransactionReported, info: IdTokenInfo | None, now: datetime
    ) -> Transaction:
        station = self._station
        known = station.transactions.known_start(event)
        if known is not None:
            return known
        if event.evse_id is None:
            event = replace(event, evse_id=self._only_evse())
        evse = self._evse(event.evse_id or 0)
        before = evse.status
        self._take_meter_start(evse, event, now)
        transaction = station.transactions.start(event, evse, now)
        evse.forget_start()
        station.transactions.update(transaction, event)
        self._take_samples(evse, event.samples, now, transaction)
        station.mark(EvseKey.SESSION, evse.id)
        self._status_effects(evse, before, now)
        data = {
            "transaction_id": transaction.id,
            "id_token": transaction.id_token,
            "id_token_status": info.status.value if info else None,
            "meter_start_wh": transaction.meter_start_wh,
            "started_at": transaction.started_at.isoformat(),
        }
        station.tell(Occurrence(OccurrenceKind.TRANSACTION_STARTED, evse.id, data))
        return transaction

    def _take_meter_start(
        self, evse: Evse, event: TransactionReported, now: datetime
    ) -> None:
        """Count the register at a start as a reading, unless it starts anew with each session."""
        if event.meter_wh is not None and not evse.meter.register.session_relative:
            lifetime = evse.meter.register.lifetime_wh
            if lifetime is None or event.meter_wh >= lifetime:
                keys = evse.meter.take_register(event.meter_wh, event.at or now, None)
                self._mark_channels(evse, keys)

    def _only_evse(self) -> int:
        """Return the EVSE of a station that has just one; else a message must name it."""
        evses = self._station.evses
        if len(evses) > 1:
            raise RpcError(ErrorCode.OCCURRENCE, "the transaction names no EVSE")
        return next(iter(evses), 1)

    def _continued(
        self, event: TransactionReported, now: datetime
    ) -> Transaction | None:
        """Take an update or the end of a transaction, of which the start may be unheard."""
        station = self._station
        id_ = event.transaction_id or ""
        transaction = station.transactions.find(id_)
        if transaction is None:
            if event.evse_id is None or event.phase is TransactionPhase.ENDED:
                _LOGGER.info(
                    "%s: message of an unknown transaction %s", station.identity, id_
                )
                return None
            transaction = station.transactions.resume(
                self._evse(event.evse_id), id_, event.at or now
            )
            station.mark(EvseKey.SESSION, event.evse_id)
        evse = self._evse(transaction.evse_id)
        before = evse.status
        if event.phase is TransactionPhase.UPDATED and station.transactions.reopen(
            transaction, evse
        ):
            station.mark(EvseKey.SESSION, evse.id)
        running = evse.transaction is transaction
        station.transactions.update(transaction, event)
        if running:
            self._take_samples(evse, event.samples, now, transaction)
        if event.phase is TransactionPhase.ENDED:
            self._ended(evse, transaction, event, now)
        self._status_effects(evse, before, now)
        return transaction

    def _ended(
        self,
        evse: Evse,
        transaction: Transaction,
        event: TransactionReported,
        now: datetime,
    ) -> None:
        if not transaction.active and transaction.stop_reason != LOST:
            return
        running = evse.transaction is transaction
        if event.meter_wh is not None and running:
            keys = evse.meter.take_register(
                event.meter_wh, event.at or now, transaction.started_at
            )
            self._mark_channels(evse, keys)
            evse.count_energy(event.at or now)
        self._station.transactions.end(transaction, event, evse, now)
        self._after_end(evse, transaction, now)

    def _after_end(self, evse: Evse, transaction: Transaction, now: datetime) -> None:
        station = self._station
        if evse.transaction is None:
            self._mark_channels(evse, evse.meter.stop_flow(now))
        station.mark(EvseKey.SESSION, evse.id)
        data = {
            "transaction_id": transaction.id,
            "id_token": transaction.id_token,
            "energy_wh": transaction.energy_wh,
            "started_at": transaction.started_at.isoformat(),
            "ended_at": transaction.ended_at.isoformat()
            if transaction.ended_at
            else None,
            "reason": transaction.stop_reason,
        }
        station.tell(Occurrence(OccurrenceKind.TRANSACTION_ENDED, evse.id, data))

    def _meter_sampled(self, event: MeterSampled, now: datetime) -> Acknowledged:
        if event.evse_id == 0:
            return ACKNOWLEDGED
        evse = self._evse(event.evse_id)
        transaction = evse.transaction
        if event.transaction_id is not None and (
            transaction is None or transaction.id != event.transaction_id
        ):
            at = next((s.at for s in event.samples if s.at), None) or now
            adopted = self._station.transactions.adopt(
                evse, event.transaction_id, at, charging=evse.status in _FLOWING
            )
            if adopted is not None and transaction is None:
                self._station.mark(EvseKey.SESSION, evse.id)
            transaction = adopted
        self._take_samples(evse, event.samples, now, transaction)
        return ACKNOWLEDGED

    def _take_samples(
        self,
        evse: Evse,
        samples: tuple[Samples, ...],
        now: datetime,
        transaction: Transaction | None,
    ) -> None:
        if not samples:
            return
        station = self._station
        start = transaction.started_at if transaction else None
        changed = evse.meter.take(samples, now, station.quirks, start)
        self._mark_channels(evse, changed)
        if transaction is not None and evse.count_energy(now):
            station.mark(EvseKey.SESSION_ENERGY, evse.id)
        self._judge_clock(samples, now)

    def _mark_channels(self, evse: Evse, keys: list[Any]) -> None:
        if keys:
            self._station.mark_channels(evse.id, keys)

    def _judge_clock(self, samples: tuple[Samples, ...], now: datetime) -> None:
        """Estimate how far the station's clock is off, from values that are sent at once."""
        at = samples[-1].at
        if at is None:
            return
        state = self._station.state
        offset = round((at - now).total_seconds(), 1)
        if (
            state.clock_offset_s is None
            or abs(offset - state.clock_offset_s) >= _OFFSET_STEP_S
        ):
            state.clock_offset_s = offset
            self._station.mark(StationKey.CLOCK_OFFSET)

    def _data_transferred(
        self, event: DataTransferred, _: datetime
    ) -> DataTransferReply:
        data = {
            "vendor_id": event.vendor_id,
            "message_id": event.message_id,
            "data": event.data,
        }
        self._station.tell(Occurrence(OccurrenceKind.DATA_TRANSFER, data=data))
        return DataTransferReply("UnknownVendorId")

    def _firmware_status(
        self, event: FirmwareStatusChanged, _: datetime
    ) -> Acknowledged:
        self._station.state.firmware_status = event.status
        self._station.mark(StationKey.FIRMWARE_STATUS)
        return ACKNOWLEDGED

    def _log_status(self, event: LogStatusChanged, _: datetime) -> Acknowledged:
        self._station.state.log_status = event.status
        self._station.mark(StationKey.LOG_STATUS)
        return ACKNOWLEDGED

    def _security_event(
        self, event: SecurityEventReported, now: datetime
    ) -> Acknowledged:
        at = event.at or now
        data = {"type": event.type, "at": at.isoformat(), "info": event.info}
        self._station.tell(Occurrence(OccurrenceKind.SECURITY_EVENT, data=data))
        return ACKNOWLEDGED

    def _events_notified(self, event: EventsNotified, _: datetime) -> Acknowledged:
        for item in event.events:
            data = {
                "component": item.component,
                "variable": item.variable,
                "value": item.value,
                "trigger": item.trigger,
                "cleared": item.cleared,
                "tech_code": item.tech_code,
                "tech_info": item.tech_info,
            }
            kind = OccurrenceKind.MONITORED_EVENT
            self._station.tell(Occurrence(kind, item.evse_id or 0, data))
        return ACKNOWLEDGED

    def _report_received(self, event: ReportReceived, _: datetime) -> Acknowledged:
        self._station.onboarding.take_report(event)
        return ACKNOWLEDGED
