"""An EVSE: socket, cable, car, transaction and the state that follows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .car import Car
from .meter import Meter
from .profiles import Limit

type ChargingState = Literal[
    "Idle", "EVConnected", "Charging", "SuspendedEV", "SuspendedEVSE"
]

MINIMUM_CURRENT_A = 6.0
_STEP = 1.0


@dataclass(frozen=True)
class Token:
    """An id token."""

    id: str
    type: str = "ISO14443"


@dataclass
class Transaction:
    """A transaction, as the station keeps it."""

    evse_id: int
    id: str
    token: Token | None
    started: datetime
    meter_start: float
    next_sample: datetime | None = None
    number: int | None = None
    """1.6: the id given by the central system, once it is known."""
    remote_start_id: int | None = None
    reservation_id: int | None = None
    seq_no: int = 0
    told_state: str = ""
    """2.x: the charging state last reported."""
    begin_samples: list[object] = field(default_factory=list)
    stuck: bool = False
    """Whether a pause has made the station deaf to higher limits."""
    charging_seconds: float = 0.0
    authorized: bool = True
    priority: bool = False
    """2.1: whether priority charging is on."""

    @property
    def key(self) -> str:
        """Return the id by which charging profiles name the transaction."""
        return self.id if self.number is None else str(self.number)


@dataclass(frozen=True)
class Reservation:
    """A promise to a token."""

    id: int
    evse_id: int
    token: str
    expires: datetime
    group: str | None = None


class Evse:
    """One EVSE; in 1.6 one connector."""

    def __init__(
        self,
        evse_id: int,
        *,
        phases: int,
        max_current_a: float,
        register_wh: float,
        fine: bool,
    ) -> None:
        """Make an EVSE; fine tells whether its status names are those of 1.6."""
        self.id = evse_id
        self.phases = phases
        self.max_current_a = max_current_a
        self.meter = Meter(phases=phases, register_wh=register_wh)
        self.car: Car | None = None
        self.cable_locked = False
        self.fault: str | None = None
        self.operative = True
        self.scheduled_operative: bool | None = None
        self.transaction: Transaction | None = None
        self.authorized: Token | None = None
        self.authorized_until: datetime | None = None
        self.remote_start_id: int | None = None
        self.reservation: Reservation | None = None
        self.finishing = False
        self.limit = Limit(max_current_a, phases=phases)
        self.told_status = ""
        self.forced_status: str | None = None
        """Status to report whatever the truth."""
        self._fine = fine
        self.last_flow: datetime | None = None

    @property
    def plugged_in(self) -> bool:
        """Return whether a car is connected."""
        return self.car is not None

    @property
    def power_w(self) -> float:
        """Return the power that flows now."""
        return self.meter.power_w

    @property
    def register_wh(self) -> float:
        """Return the true register of the meter."""
        return self.meter.register_wh

    @property
    def current_a(self) -> float:
        """Return the current on the first phase."""
        return self.meter.currents_a[0]

    @property
    def limit_a(self) -> float:
        """Return the current offered per phase."""
        return self.limit.amps

    @property
    def energised(self) -> bool:
        """Return whether power may flow."""
        transaction = self.transaction
        return (
            transaction is not None
            and transaction.authorized
            and self.authorized is not None
            and self.car is not None
            and self.fault is None
        )

    @property
    def charging_state(self) -> ChargingState:
        """Return the state in the words of 2.x."""
        if self.car is None:
            return "Idle"
        if self.transaction is None or self.authorized is None:
            return "EVConnected"
        paused = self.limit.amps < MINIMUM_CURRENT_A or self.transaction.stuck
        if not self.energised or paused:
            return "SuspendedEVSE"
        if not self.car.can_start_at(self.limit.amps) or not self.car.wants_energy:
            return "SuspendedEV"
        return "Charging"

    @property
    def status(self) -> str:
        """Return the status of the connector in the words of its version."""
        if self.forced_status is not None:
            return self.forced_status
        if self.fault is not None:
            return "Faulted"
        if not self.operative:
            return "Unavailable"
        return self._fine_status() if self._fine else self._coarse_status()

    def _fine_status(self) -> str:
        """Return the status as 1.6 has it."""
        if self.transaction is not None:
            state = self.charging_state
            return "Preparing" if state in {"Idle", "EVConnected"} else state
        if self.finishing:
            return "Finishing"
        if self.car is not None or self.authorized is not None:
            return "Preparing"
        return "Reserved" if self.reservation else "Available"

    def _coarse_status(self) -> str:
        """Return the status as 2.x has it."""
        if self.car is not None or self.transaction is not None:
            return "Occupied"
        return "Reserved" if self.reservation else "Available"

    def clear_authorization(self) -> None:
        """Forget who is charging."""
        self.authorized = self.authorized_until = self.remote_start_id = None

    def run(self, now: datetime, limit: Limit) -> None:
        """Obey a limit from now on, after letting the past flow at the old one."""
        self.flow_until(now)
        self.limit = limit
        self._draw()

    def flow_until(self, now: datetime) -> None:
        """Let power flow up to a time under the present limit."""
        last, self.last_flow = self.last_flow, now
        if last is None or now <= last:
            return
        left = (now - last).total_seconds()
        if not self.energised:
            return
        while left > 1e-9:
            step = min(_STEP, left)
            left -= step
            self._draw(step)

    def _draw(self, seconds: float = 0.0) -> None:
        """Let the car draw what it wants and may for some seconds."""
        phases = min(self.phases, self.limit.phases)
        self.meter.offered_a = self.limit.amps if self.energised else 0.0
        self.meter.offered_phases = phases
        if self.car is None or self.charging_state != "Charging":
            self.meter.flow(0.0, phases, seconds)
            return
        phases = min(phases, self.car.phases)
        self.car.take(
            self.meter.flow(self.car.current_for(self.limit.amps), phases, seconds)
        )
        if self.transaction is not None:
            self.transaction.charging_seconds += seconds
