"""What a station's events do to its state, and what is replied."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from .changes import EvseKey, StationKey
from .evse import MAX_CONNECTORS, Connector, Evse
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
    MonitoredEvent,
    ReportReceived,
    SecurityEventReported,
    StatusChanged,
    TokenPresented,
    TransactionReported,
)
from .model.evse import ConnectorStatus
from .model.replies import (
    ACKNOWLEDGED,
    Acknowledged,
    BootReply,
    DataTransferReply,
    Deferred,
    HeartbeatReply,
    Reply,
)
from .model.station import Problem, RegistrationStatus
from .occurrences import Occurrence, OccurrenceKind

if TYPE_CHECKING:
    from .sessions import Sessions
    from .station import Station

_LOGGER = logging.getLogger(__name__)

_MAX_DATA = 1000
_MAX_EVENTS = 500
"""More than any station has reason to send in one message."""
_MAX_TOLD = 50
"""How many events of one message are told: nobody can act on more at a time."""
_PROBLEM = "Problem"
_PLACES = ("Connector", "EVSE")
PENDING_INTERVAL_S = 10
"""How soon a station that waits for acceptance asks again."""
_SEEN_STEP = timedelta(minutes=1)


class Inbox:
    """Applies events to one station."""

    __slots__ = ("_handlers", "_sessions", "_station", "_told_seen")

    def __init__(self, station: Station, sessions: Sessions) -> None:
        """Serve a station."""
        self._station = station
        self._sessions = sessions
        self._told_seen: datetime | None = None
        self._handlers: dict[type[Any], Callable[[Any, datetime], Reply | Deferred]] = {
            Booted: self._booted,
            DataTransferred: self._data_transferred,
            EventsNotified: self._events_notified,
            FirmwareStatusChanged: self._firmware_status,
            HeartbeatReceived: self._heartbeat,
            LogStatusChanged: self._log_status,
            MeterSampled: self._sessions.sampling.sampled,
            ReportReceived: self._report_received,
            SecurityEventReported: self._security_event,
            StatusChanged: self._status_changed,
            TokenPresented: self._sessions.tokens.presented,
            TransactionReported: self._sessions.reported,
        }

    def take(self, event: Event, now: datetime) -> Reply | Deferred:
        """Apply an event and return the reply. Raises RpcError for what can't be taken."""
        station = self._station
        station.state.last_seen = now
        if self._told_seen is None or now - self._told_seen >= _SEEN_STEP:
            self._told_seen = now
            station.mark(StationKey.LAST_SEEN)
        return self._handlers[type(event)](event, now)

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
            station.written_list = replace(station.written_list, refused=False)
            for evse in station.evses.values():
                evse.applied_a = None
                evse.meter.forget_time()
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
        station.hear_clock(event.at, now)
        if event.evse_id == 0:
            self._station_status(event)
            return ACKNOWLEDGED
        evse = station.known_evse(event.evse_id)
        before, problem_before = evse.status, evse.problem
        connector = _connector(evse, event.connector_id or 1)
        if connector.status is not event.status:
            connector.at = event.at or now
        connector.problem = _problem_after(event, connector)
        connector.status = event.status
        if self._shows_no_transaction(evse, event):
            self._sessions.closing.close_stale(evse, event.at or now)
        self._sessions.status_changed(evse, before, now)
        if evse.problem != problem_before:
            station.mark(EvseKey.PROBLEM, evse.id)
            self._tell_fault(evse.id, event.problem)
        return ACKNOWLEDGED

    def _shows_no_transaction(self, evse: Evse, event: StatusChanged) -> bool:
        """Return whether a status can't be that of an EVSE with a running transaction.

        Available is, of the transaction's own connector; after a boot also Preparing: the
        station has forgotten the transaction.
        """
        transaction = evse.transaction
        if transaction is None:
            return False
        if event.status is ConnectorStatus.AVAILABLE:
            return event.connector_id in (0, transaction.connector_id)
        booted = self._station.state.last_boot
        return (
            event.status is ConnectorStatus.PREPARING
            and booted is not None
            and booted > transaction.started_at
        )

    def _station_status(self, event: StatusChanged) -> None:
        state = self._station.state
        if event.status is not state.status:
            state.status = event.status
            if state.wish_available and not self._station.out_of_use:
                state.wish_available = None
            self._station.mark(StationKey.STATUS)
        if event.problem != state.problem:
            state.problem = event.problem
            self._station.mark(StationKey.PROBLEM)
            self._tell_fault(0, event.problem)

    def _tell_fault(self, evse_id: int, problem: Problem | None) -> None:
        if problem is None:
            return
        data = {
            "code": problem.code,
            "info": problem.info,
            "vendor_id": problem.vendor_id,
            "vendor_code": problem.vendor_code,
        }
        self._station.tell(Occurrence(OccurrenceKind.FAULT, evse_id, data))

    def _data_transferred(
        self, event: DataTransferred, _: datetime
    ) -> DataTransferReply:
        data = {
            "vendor_id": event.vendor_id,
            "message_id": event.message_id,
            "data": _brief(event.data),
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

    def _events_notified(self, event: EventsNotified, now: datetime) -> Acknowledged:
        left_out = len(event.events) - _MAX_EVENTS
        if left_out > 0:
            _LOGGER.info("%s: %d events left out", self._station.identity, left_out)
        for number, item in enumerate(event.events[:_MAX_EVENTS]):
            try:
                self._monitored(item, now)
            except RpcError as error:
                _LOGGER.debug("%s: event left out: %s", self._station.identity, error)
            if number >= _MAX_TOLD:
                continue
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

    def _monitored(self, item: MonitoredEvent, now: datetime) -> None:
        """Take from a monitored event what it tells of the state."""
        status = _status_of(item)
        evse_id = item.evse_id
        if status is not None and evse_id is not None:
            connector_id = item.connector_id or 1
            problem = None
            if status is ConnectorStatus.FAULTED:
                problem = _problem_of("Faulted", item)
            self._status_changed(
                StatusChanged(evse_id, connector_id, status, problem, at=item.at), now
            )
        elif item.variable == _PROBLEM:
            self._take_problem(item)

    def _take_problem(self, item: MonitoredEvent) -> None:
        """Take a problem of a connector, an EVSE or the whole station, or its end."""
        station = self._station
        problem = None
        if item.value.lower() == "true" and not item.cleared:
            problem = _problem_of(_PROBLEM, item)
        if not item.evse_id:
            if station.state.problem != problem:
                station.state.problem = problem
                station.mark(StationKey.PROBLEM)
                self._tell_fault(0, problem)
            return
        evse = station.known_evse(item.evse_id)
        connector = _connector(evse, item.connector_id or evse.connector_id)
        if connector.problem != problem:
            connector.problem = problem
            station.mark(EvseKey.PROBLEM, evse.id)
            self._tell_fault(evse.id, problem)

    def _report_received(self, event: ReportReceived, _: datetime) -> Acknowledged:
        self._station.inventory.take(event)
        return ACKNOWLEDGED


def _connector(evse: Evse, connector_id: int) -> Connector:
    """Return the connector that a message names. Raises RpcError where there can't be one."""
    if not 0 < connector_id <= MAX_CONNECTORS:
        raise RpcError(ErrorCode.PROPERTY, f"there is no connector {connector_id}")
    return evse.connector(connector_id)


def _brief(data: Any) -> str | None:
    """Return what came with a vendor's message as text that fits in an attribute."""
    if data is None:
        return None
    text = data if isinstance(data, str) else repr(data)
    return text[:_MAX_DATA]


def _problem_after(event: StatusChanged, connector: Connector) -> Problem | None:
    """Return the problem after a status: in 2.x one that an event told of outlasts it.

    There a status says nothing of problems, but Faulted was one and is over.
    """
    known = connector.problem
    lasts = (
        event.problem is None
        and known is not None
        and known.code == _PROBLEM
        and connector.status is not ConnectorStatus.FAULTED
    )
    return known if lasts else event.problem


def _problem_of(code: str, item: MonitoredEvent) -> Problem:
    return Problem(code, item.tech_info, None, item.tech_code)


def _status_of(item: MonitoredEvent) -> ConnectorStatus | None:
    """Return the status that a monitored variable tells, which 2.1 prefers to tell so."""
    if item.variable != "AvailabilityState" or item.component not in _PLACES:
        return None
    return next((status for status in ConnectorStatus if status == item.value), None)
