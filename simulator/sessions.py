"""What happens at the sockets: cars, tokens, transactions, limits and readings."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
import uuid

from .authorization import Authorizer
from .car import Car
from .evse import Evse, Token, Transaction
from .meter import register
from .profiles import Limit, Session

if TYPE_CHECKING:
    from .station import ChargingStation

_TICK = timedelta(seconds=1)


class Sessions:
    """The charging at all EVSEs of a station."""

    def __init__(self, station: ChargingStation) -> None:
        """Look after the EVSEs of a station."""
        self.station = station
        self.authorizer = Authorizer(station)
        self._next_heartbeat: datetime | None = None
        self._next_aligned: datetime | None = None

    @property
    def now(self) -> datetime:
        """Return the station's time."""
        return self.station.clock.now()

    # Cars and cables.

    def plug_in(self, evse: Evse, car: Car) -> None:
        """Connect a car."""
        evse.flow_until(self.now)
        evse.car = car
        evse.finishing = False
        evse.authorized_until = None
        self.report_status(evse)
        self.station.dialect.plugged(evse)
        self.start_when_due(evse, "CablePluggedIn")
        self.refresh(evse)
        if self.station.autostart and evse.authorized is None and evse.operative:
            self.grant(evse, Token(self.station.autostart), "Authorized")

    def unplug(self, evse: Evse) -> None:
        """Disconnect the car, however the cable was locked."""
        evse.flow_until(self.now)
        evse.car = None
        evse.cable_locked = False
        evse.finishing = False
        transaction = evse.transaction
        if transaction is not None and self.station.dialect.flag("stop_on_unplug"):
            self.stop(evse, "EVDisconnected", "EVCommunicationLost")
        elif transaction is not None:
            self.station.dialect.updated(evse, transaction, "EVCommunicationLost")
        else:
            evse.clear_authorization()
        self.refresh(evse)

    # Tokens.

    async def present_token(self, evse: Evse, token: Token) -> bool:
        """Hold a card before the reader; return whether it was accepted."""
        if evse.transaction is not None and evse.authorized is not None:
            if evse.authorized.id != token.id:
                await self.authorizer.authorize(token)
                return False
            self.stop(evse, "Local", "StopAuthorized")
            return True
        if not self.may_start(evse, token) or not await self.authorizer.authorize(
            token
        ):
            return False
        self.grant(evse, token, "Authorized")
        return True

    def may_start(self, evse: Evse, token: Token | None) -> bool:
        """Return whether an EVSE can be used by a token."""
        if not evse.operative or evse.fault or (evse.transaction and evse.authorized):
            return False
        if self.station.misbehaviour.finishing_blocks_start and evse.finishing:
            return False
        held = evse.reservation
        return held is None or (
            token is not None and token.id in {held.token, held.group}
        )

    def grant(
        self, evse: Evse, token: Token, trigger: str, remote_start_id: int | None = None
    ) -> None:
        """Let a token charge at an EVSE as soon as a car is there."""
        evse.authorized = token
        evse.remote_start_id = remote_start_id
        evse.finishing = False
        if evse.car is None:
            wait = self.station.dialect.seconds("connection_timeout")
            evse.authorized_until = self.now + timedelta(seconds=wait) if wait else None
        if evse.transaction is not None:
            evse.transaction.token = token
            evse.transaction.remote_start_id = remote_start_id
            self.station.dialect.updated(evse, evse.transaction, trigger)
        else:
            self.start_when_due(evse, trigger)
        self.refresh(evse)

    # Transactions.

    def start_when_due(self, evse: Evse, trigger: str) -> None:
        """Start a transaction if its conditions hold."""
        if evse.transaction is None and self.station.dialect.starts_at(evse):
            self.start(evse, trigger)

    def start(self, evse: Evse, trigger: str) -> None:
        """Start a transaction."""
        if evse.car is not None and evse.authorized is not None:
            self.report_status(evse)
        evse.flow_until(self.now)
        odd = self.station.misbehaviour
        transaction = Transaction(
            evse.id,
            str(odd.transaction_id)
            if odd.transaction_id is not None
            else str(uuid.uuid4()),
            evse.authorized,
            self.now,
            evse.register_wh,
        )
        transaction.remote_start_id = evse.remote_start_id
        if evse.reservation is not None:
            transaction.reservation_id = evse.reservation.id
            evse.reservation = None
        evse.transaction = transaction
        evse.cable_locked = evse.car is not None
        self._plan_samples(transaction)
        if self.station.version != "1.6":
            self.station.profiles.bind(evse.id, transaction.id)
        self.station.dialect.started(evse, transaction, trigger)

    def stop(self, evse: Evse, reason: str, trigger: str) -> None:
        """End the transaction of an EVSE, if there is one."""
        transaction = evse.transaction
        if transaction is None:
            evse.clear_authorization()
            self.refresh(evse)
            return
        evse.flow_until(self.now)
        evse.transaction = None
        evse.run(self.now, evse.limit)
        odd = self.station.misbehaviour
        evse.finishing = evse.car is not None and not odd.no_finishing
        self.station.dialect.ended(evse, transaction, reason, trigger)
        self.station.profiles.end_transaction(evse.id)
        evse.clear_authorization()
        evse.cable_locked = evse.cable_locked and not self.station.dialect.flag(
            "unlock_on_stop"
        )
        if evse.scheduled_operative is not None:
            evse.operative, evse.scheduled_operative = evse.scheduled_operative, None
        self.refresh(evse)

    def deauthorize(self, evse: Evse, transaction: Transaction) -> None:
        """React to a token that the central system refuses after all."""
        if evse.transaction is not transaction:
            return
        if self.station.dialect.flag("stop_on_invalid"):
            self.stop(evse, "DeAuthorized", "Deauthorized")
        else:
            transaction.authorized = False
            self.refresh(evse, "Deauthorized")

    def find(self, key: str) -> Evse | None:
        """Return the EVSE with a transaction."""
        return next(
            (
                evse
                for evse in self.station.evses
                if evse.transaction is not None and evse.transaction.key == key
            ),
            None,
        )

    # Limits and states.

    def limit_of(self, evse: Evse, when: datetime) -> Limit:
        """Return what an EVSE may offer at a time."""
        own = Limit(evse.max_current_a, phases=evse.phases)
        store = self.station.profiles
        if self.station.misbehaviour.ignore_profiles or not len(store):
            return own
        session = self._session(evse)
        limit = own.lower(store.evse_limit(when, session))
        whole = store.station_limit(when, session.offline)
        if whole is None:
            return limit
        sharing = max(sum(1 for other in self.station.evses if other.energised), 1)
        return limit.lower(whole.share(sharing))

    def _session(self, evse: Evse) -> Session:
        """Return what the limit of an EVSE depends on besides the profiles."""
        transaction = evse.transaction
        return Session(
            evse.id,
            transaction.started if transaction else self.now,
            transaction.key if transaction else None,
            transaction.priority if transaction else False,
            self.station.link.offline_seconds,
        )

    def refresh(self, evse: Evse, trigger: str = "ChargingStateChanged") -> None:
        """Bring an EVSE up to date and tell what has changed."""
        now, last = self.now, evse.last_flow
        if evse.energised and last is not None and now - last > _TICK:
            for edge in self.station.profiles.edges(last, now, self._session(evse)):
                evse.run(edge, self.limit_of(evse, edge))
        evse.run(now, self.limit_of(evse, now))
        transaction = evse.transaction
        odd = self.station.misbehaviour
        if (
            transaction
            and odd.stuck_after_pause
            and evse.charging_state == "SuspendedEVSE"
        ):
            transaction.stuck = True
        if transaction is not None and transaction.told_state != evse.charging_state:
            transaction.told_state = evse.charging_state
            self.station.dialect.updated(evse, transaction, trigger)
        self.report_status(evse)

    def report_status(self, evse: Evse) -> None:
        """Send a status if it differs from the last one sent."""
        if evse.told_status != evse.status and self.station.registered:
            evse.told_status = evse.status
            self.station.post_status(evse)

    # Time.

    def tick(self) -> None:
        """Do what is due."""
        self.station.profiles.expire_offline(self.station.link.offline_seconds)
        for evse in self.station.evses:
            self._expire(evse)
            self.refresh(evse)
            self._sample(evse)
        self.station.behaviour.report_station()
        self._align()
        self._beat()

    def booted(self) -> None:
        """Set the timers after an accepted boot."""
        self._next_aligned = None
        self.plan_heartbeat()

    def plan_heartbeat(self) -> None:
        """Count the time to the next heartbeat from now."""
        interval = self.station.dialect.seconds("heartbeat_interval")
        self._next_heartbeat = (
            self.now + timedelta(seconds=interval) if interval > 0 else None
        )

    def _beat(self) -> None:
        """Send a heartbeat when it is due."""
        if not self.station.registered or self.station.misbehaviour.no_heartbeat:
            return
        if self._next_heartbeat is not None and self.now >= self._next_heartbeat:
            self.plan_heartbeat()
            self.station.post("Heartbeat", {})

    def _expire(self, evse: Evse) -> None:
        """Give up waiting for a car or a reserving driver."""
        if evse.reservation is not None and self.now >= evse.reservation.expires:
            self.station.reservation_over(evse.reservation, "Expired")
        if evse.authorized_until is None or self.now < evse.authorized_until:
            return
        if evse.transaction is not None:
            self.stop(evse, "Timeout", "EVConnectTimeout")
        else:
            evse.clear_authorization()

    def _plan_samples(self, transaction: Transaction) -> None:
        """Set the time of the next sample."""
        interval = self.station.dialect.seconds("sample_interval")
        start = transaction.next_sample or self.now
        due = start + timedelta(seconds=interval)
        transaction.next_sample = max(due, self.now) if interval > 0 else None

    def _sample(self, evse: Evse) -> None:
        """Send a sample when it is due."""
        transaction = evse.transaction
        if transaction is None:
            return
        if transaction.next_sample is None:
            self._plan_samples(transaction)
        elif self.now >= transaction.next_sample:
            self._plan_samples(transaction)
            self.station.dialect.updated(
                evse, transaction, "MeterValuePeriodic", context="Sample.Periodic"
            )

    def _align(self) -> None:
        """Send clock-aligned values when they are due."""
        interval = self.station.dialect.seconds("aligned_interval")
        if interval <= 0 or not self.station.registered:
            self._next_aligned = None
            return
        due, now = self._next_aligned, self.now
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (now - midnight).total_seconds() // interval + 1
        self._next_aligned = midnight + timedelta(seconds=passed * interval)
        if due is None or now < due:
            return
        for evse in self.station.evses:
            loose = self.station.misbehaviour.aligned_without_transaction
            if evse.transaction is not None and not loose:
                self.station.dialect.updated(
                    evse, evse.transaction, "MeterValueClock", context="Sample.Clock"
                )
            else:
                self.station.dialect.meter_values(evse, "Sample.Clock")

    def told_register(self, evse: Evse, transaction: Transaction | None) -> float:
        """Return the register as the station tells it."""
        start = transaction.meter_start if transaction else None
        return register(evse.meter, start, self.station.misbehaviour)
