"""One EVSE: its connectors, meter and transaction, and the one status they amount to."""

from asyncio import Lock, TimerHandle
from dataclasses import dataclass, field
from datetime import datetime

from .meter import Meter
from .model.evse import PLUGGED_IN, ChargingState, ConnectorStatus, EvseStatus
from .model.meter import Channel
from .model.station import Problem
from .model.transaction import Transaction
from .register import plausible_wh

MAX_EVSES = 64
"""More than any station has: an id beyond it is an error of the station."""
MAX_CONNECTORS = 16
"""More than any EVSE has."""
_DIRECT = {
    ConnectorStatus.AVAILABLE: EvseStatus.AVAILABLE,
    ConnectorStatus.PREPARING: EvseStatus.PREPARING,
    ConnectorStatus.CHARGING: EvseStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EV: EvseStatus.SUSPENDED_EV,
    ConnectorStatus.SUSPENDED_EVSE: EvseStatus.SUSPENDED_EVSE,
    ConnectorStatus.FINISHING: EvseStatus.FINISHING,
    ConnectorStatus.RESERVED: EvseStatus.RESERVED,
    ConnectorStatus.UNAVAILABLE: EvseStatus.UNAVAILABLE,
    ConnectorStatus.FAULTED: EvseStatus.FAULTED,
}
_CHARGING_STATES = {
    ChargingState.EV_CONNECTED: EvseStatus.PREPARING,
    ChargingState.CHARGING: EvseStatus.CHARGING,
    ChargingState.SUSPENDED_EV: EvseStatus.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE: EvseStatus.SUSPENDED_EVSE,
}
_BUSY_FIRST = (
    ConnectorStatus.FAULTED,
    ConnectorStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EV,
    ConnectorStatus.SUSPENDED_EVSE,
    ConnectorStatus.FINISHING,
    ConnectorStatus.PREPARING,
    ConnectorStatus.OCCUPIED,
    ConnectorStatus.RESERVED,
    ConnectorStatus.UNAVAILABLE,
    ConnectorStatus.AVAILABLE,
)
"""Which connector speaks for an EVSE with several: the one that is in use."""
_BLOCKING = (
    ConnectorStatus.FAULTED,
    ConnectorStatus.UNAVAILABLE,
    ConnectorStatus.RESERVED,
)


@dataclass(slots=True)
class Connector:
    """A connector as its StatusNotifications tell."""

    id: int
    status: ConnectorStatus | None = None
    problem: Problem | None = None
    at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Wish:
    """What the user wants of an EVSE; kept and applied again when the station comes back.

    `limit_a` None is no limit of ours. `paused` holds it at 0 without ending anything.
    """

    limit_a: float | None = None
    paused: bool = False
    available: bool | None = None

    @property
    def effective_a(self) -> float | None:
        """The current that is to be allowed, in A; None leaves it to the station."""
        return 0.0 if self.paused else self.limit_a


@dataclass(slots=True)
class Evse:
    """State of one EVSE."""

    id: int
    connectors: dict[int, Connector] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)
    transaction: Transaction | None = None
    last_transaction: Transaction | None = None
    wish: Wish = field(default_factory=Wish)
    known_channels: list[Channel] = field(default_factory=list)
    """Channels that were seen before a restart and have no reading yet."""
    applied_a: float | None = None
    """The limit that the station accepted last, in A; None if none is in force."""
    applied_to_transaction: bool = False
    """Whether that limit ends with the running transaction."""
    applying: Lock = field(default_factory=Lock)
    """Held while a limit is on its way, so that an older one never overtakes a newer."""
    settled: tuple[float | None, bool] = (None, False)
    """Limit and pause before those that are on their way: what a refusal goes back to."""
    closing: TimerHandle | None = None
    """Runs while a status shows that the transaction is over, whose end is not heard yet."""
    unwanted_start: TimerHandle | None = None
    """Runs while a remote start may still begin that the user has taken back."""
    applied_lines: int | None = None
    """The number of phases by which that limit was converted to watts, if it was."""
    pending_start: TimerHandle | None = None
    """Runs while a remote start was accepted that no transaction has followed yet."""

    @property
    def status(self) -> EvseStatus | None:
        """The status, from the connectors and, on 2.x, the transaction's charging state."""
        connector = self.speaking_connector
        reported = connector.status if connector else None
        if reported in _BLOCKING:
            return _DIRECT[reported]
        transaction = self.transaction
        if reported is None or reported in (
            ConnectorStatus.OCCUPIED,
            ConnectorStatus.AVAILABLE,
        ):
            if (
                transaction is not None
                and transaction.charging_state in _CHARGING_STATES
            ):
                return _CHARGING_STATES[transaction.charging_state]
            if reported is ConnectorStatus.OCCUPIED:
                return (
                    EvseStatus.FINISHING if self._has_charged else EvseStatus.PREPARING
                )
        return _DIRECT[reported] if reported else None

    @property
    def speaking_connector(self) -> Connector | None:
        """The connector whose state counts for the EVSE."""
        known = {c.status: c for c in self.connectors.values() if c.status is not None}
        return next((known[status] for status in _BUSY_FIRST if status in known), None)

    @property
    def _has_charged(self) -> bool:
        """Whether the car that is plugged in has had its transaction already."""
        connector = self.speaking_connector
        last = self.last_transaction
        return bool(
            self.transaction is None
            and last
            and last.ended_at
            and connector
            and connector.at
            and connector.at <= last.ended_at
        )

    @property
    def problem(self) -> Problem | None:
        """The fault that a connector reports, if any."""
        return next((c.problem for c in self.connectors.values() if c.problem), None)

    @property
    def plugged_in(self) -> bool | None:
        """Whether a cable joins a car to the EVSE; None while nothing is known."""
        status = self.status
        return None if status is None else status in PLUGGED_IN

    @property
    def charging(self) -> bool | None:
        """Whether energy flows, or may flow; None while nothing is known."""
        status = self.status
        return None if status is None else status is EvseStatus.CHARGING

    @property
    def wish_applied(self) -> bool | None:
        """Whether the station has accepted a limit, or a pause; None if none is wished for."""
        wished = self.wish.effective_a
        return None if wished is None else wished == self.applied_a

    @property
    def connector_id(self) -> int:
        """The connector that commands address."""
        connector = self.speaking_connector
        return connector.id if connector else min(self.connectors, default=1)

    @property
    def session(self) -> Transaction | None:
        """The running transaction, else the last one."""
        return self.transaction or self.last_transaction

    @property
    def channels(self) -> set[Channel]:
        """The channels of its meter, known from now or from before a restart."""
        return self.meter.readings.keys() | set(self.known_channels)

    def note_last(self, transaction: Transaction) -> None:
        """Remember a transaction that has ended as the last one, unless a later one has."""
        last = self.last_transaction
        if last is None or last.started_at <= transaction.started_at:
            self.last_transaction = transaction

    def forget_start(self) -> None:
        """Wait no longer for the transaction of a remote start."""
        if self.pending_start is not None:
            self.pending_start.cancel()
            self.pending_start = None

    def forget_timers(self) -> None:
        """Wait for nothing any more."""
        self.forget_start()
        for timer in (self.closing, self.unwanted_start):
            if timer is not None:
                timer.cancel()
        self.closing = self.unwanted_start = None

    def connector(self, connector_id: int) -> Connector:
        """Return a connector, which comes to exist when it is first heard of."""
        return self.connectors.setdefault(connector_id, Connector(connector_id))

    def count_energy(self, at: datetime) -> bool:
        """Bring the running transaction's energy up to date; return whether it changed."""
        transaction = self.transaction
        register = self.meter.register
        if transaction is None or register.lifetime_wh is None:
            return False
        # Values that came late say nothing newer than the register does.
        until = at if register.at is None else max(at, register.at)
        elapsed = plausible_wh((until - transaction.started_at).total_seconds())
        start = transaction.meter_start_wh
        if start is None or (
            not register.session_relative and register.lifetime_wh - start > elapsed
        ):
            # No start value, or one that can't be true: count from what was known then.
            known = register.base_wh or register.lifetime_wh
            start = (
                known
                if register.lifetime_wh - known <= elapsed
                else register.lifetime_wh
            )
        if register.session_relative:
            start = register.base_wh
        transaction.meter_start_wh = start
        energy = register.session_energy(start)
        if energy is None or energy == transaction.energy_wh:
            return False
        transaction.energy_wh = energy
        return True
