"""A station: what is known of it, its open connection, and how it is commanded."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any

from .admission import Admission
from .authorization import Authorizer, StartPolicy, UnknownTokens
from .autostart import Autostart
from .changes import Change, EvseKey, Key, StationKey
from .clock import Clock, utc_now
from .clock_offset import ClockOffset
from .codec import Codec
from .connection import Connection, Counters, Pacing, Payload, Socket
from .dialects import DIALECTS, Dialect, Setting
from .errors import CsmsError, NotConnectedError
from .evse import MAX_EVSES, Evse
from .frame_log import FrameLog
from .framing import ErrorCode, RpcError
from .inbox import Inbox
from .inventory import Inventory
from .journal.journal import Journal
from .model.commands import Command, GetTransactionStatus, Trigger, TriggerMessage
from .model.evse import ConnectorStatus, EvseStatus
from .model.replies import Deferred
from .model.station import Problem, StationInfo
from .model.variable import Variable, VariableRef
from .model.version import OcppVersion
from .occurrences import Occurrence
from .onboarding import Onboarding
from .quirks import QuirkBook, Quirks
from .recorder import Recorder
from .sessions import Sessions
from .signal import Signal
from .token_list import WrittenList
from .transactions import Transactions

_LOGGER = logging.getLogger(__name__)

GOING_AWAY = 1001
_SILENCE = timedelta(minutes=2)
"""After so long a silence power and current are not known any more."""
_BEFORE_ACCEPTANCE = frozenset({"BootNotification", "Heartbeat"})
DEFAULT_ID_TOKEN = "HOMEASSISTANT"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """What the user has set for a station."""

    identity: str
    password: str | None = None
    version: OcppVersion | None = None
    """Pins the version that is spoken; None takes the best that the station offers."""
    call_timeout_s: float = 30.0
    heartbeat_interval_s: int = 300
    sample_interval_s: int = 10
    aligned_interval_s: int = 0
    measurands: tuple[str, ...] = ()
    """What to sample; empty leaves it to the station."""
    max_current_a: float = 32.0
    id_token: str = DEFAULT_ID_TOKEN
    start: StartPolicy = StartPolicy.FREE
    unknown_tokens: UnknownTokens = UnknownTokens.ACCEPT
    automatic_start: bool = False
    """Start as soon as a car is plugged in, for stations that wait for it."""
    local_list: bool = True
    """Keep the tokens of those who may charge in the station, for when it is offline."""
    skip_steps: frozenset[str] = frozenset()
    """Onboarding steps that are not to be done for this station."""
    observe_only: bool = False
    """Send nothing that the user did not ask for."""


@dataclass(slots=True, kw_only=True)
class StationState:
    """What a station has told of itself."""

    info: StationInfo | None = None
    status: ConnectorStatus | None = None
    problem: Problem | None = None
    last_boot: datetime | None = None
    boot_reason: str | None = None
    last_seen: datetime | None = None
    firmware_status: str | None = None
    log_status: str | None = None
    wish_available: bool | None = None
    address: str | None = None
    variables: dict[VariableRef, Variable] = field(default_factory=dict)


class Station:
    """One station, known by its identity, through all of its connections."""

    def __init__(
        self,
        config: StationConfig,
        *,
        accepted: bool = True,
        clock: Clock = utc_now,
        quirks: QuirkBook | None = None,
        authorizer: Authorizer | None = None,
        neighbours: Callable[[], Iterable[Station]] | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Create a station that has not connected yet; itself is one of its neighbours."""
        self.config = config
        self.accepted = accepted
        self.clock = clock
        self.authorizer = authorizer or Authorizer()
        self.neighbours = neighbours or (lambda: (self,))
        self.state = StationState()
        self.evses: dict[int, Evse] = {}
        self.transactions = Transactions()
        self.frames = FrameLog()
        self.counters = Counters()
        self.connection: Connection | None = None
        self.quirks = Quirks()
        self.changed: Signal[Station, list[Change]] = Signal()
        self.occurred: Signal[Station, Occurrence] = Signal()
        self.onboarding = Onboarding(self)
        self.inventory = Inventory()
        self.clock_offset = ClockOffset()
        self.profile_attempt: int | None = None
        self.written_list = WrittenList()
        self.measurands_taken: tuple[tuple[str, ...], set[str]] | None = None
        """What was asked for last, and what of it the station took."""
        self._quirk_book = quirks or QuirkBook()
        self.admission = Admission(self)
        self.autostart = Autostart(self)
        self._recorder = Recorder(self, journal)
        self._sessions = Sessions(self, self._recorder)
        self._inbox = Inbox(self, self._sessions)
        self._changes: list[Change] = []
        self._remote_start_id = 0
        self._left_at: datetime | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def identity(self) -> str:
        """The OCPP identity."""
        return self.config.identity

    @property
    def connected(self) -> bool:
        """Whether a connection is open."""
        return self.connection is not None

    @property
    def version(self) -> OcppVersion | None:
        """The version of the open connection."""
        return self.connection.version if self.connection else None

    @property
    def dialect(self) -> Dialect:
        """The dialect of the open connection. Raises NotConnectedError."""
        if self.connection is None:
            raise NotConnectedError
        return DIALECTS[self.connection.version]

    @property
    def reports_charging_state(self) -> bool:
        """Whether transactions bear a charging state, and can be asked about (2.x)."""
        connection = self.connection
        return connection is not None and self.dialect.supports(GetTransactionStatus)

    @property
    def out_of_use(self) -> bool:
        """Whether the station as a whole is out of use; 2.x tells it only by its EVSEs."""
        if self.state.status is not None:
            return self.state.status is ConnectorStatus.UNAVAILABLE
        return bool(self.evses) and all(
            evse.status is EvseStatus.UNAVAILABLE for evse in self.evses.values()
        )

    @property
    def pacing(self) -> Pacing:
        """How gently the station is to be handled."""
        return Pacing(
            call_timeout_s=max(
                self.quirks.call_timeout_s or 0.0, self.config.call_timeout_s
            ),
            call_gap_s=self.quirks.call_gap_s,
            answer_delay_s=self.quirks.answer_delay_s,
        )

    def evse(self, evse_id: int) -> Evse:
        """Return an EVSE, which comes to exist when it is first heard of."""
        evse = self.evses.get(evse_id)
        if evse is None:
            evse = self.evses[evse_id] = Evse(evse_id)
            self.mark(StationKey.EVSES)
        return evse

    def known_evse(self, evse_id: int) -> Evse:
        """Return the EVSE that a message names. Raises RpcError where there can't be one."""
        if not 0 < evse_id <= MAX_EVSES:
            raise RpcError(ErrorCode.PROPERTY, f"there is no EVSE {evse_id}")
        return self.evse(evse_id)

    def variable(self, setting: Setting) -> Variable | None:
        """Return a setting, as the station last told it."""
        if self.connection is None:
            return None
        ref = self.dialect.settings.get(setting)
        return self.state.variables.get(ref) if ref else None

    def setting(self, setting: Setting) -> str | None:
        """Return the value of a setting, as the station last told it."""
        variable = self.variable(setting)
        return variable.value if variable else None

    def number(self, setting: Setting) -> int | None:
        """Return the value of a setting that is a whole number, None if it is none."""
        text = (self.setting(setting) or "").strip()
        return int(text) if text.isascii() and text.isdigit() else None

    def next_remote_start_id(self) -> int:
        """Return an id for a remote start that is not in use."""
        self._remote_start_id = self._remote_start_id % 0x7FFFFFFE + 1
        return self._remote_start_id

    def configure(self, config: StationConfig) -> None:
        """Take over changed settings; they hold from the next call on.

        A connection that was let in under another password or version has to come anew.
        """
        before, self.config = self.config, config
        connection = self.connection
        if connection is not None:
            connection.pacing = self.pacing
            other_version = config.version not in (None, connection.version)
            if config.password not in (None, before.password) or other_version:
                self.close_in_background(connection, "the settings have changed")
        self._lower_wishes()
        for evse in self.evses.values():
            self.autostart.look_at(evse)
        self.onboarding.repeat_settings(before)
        self.mark(StationKey.SETTINGS)
        self.flush()

    def _lower_wishes(self) -> None:
        """Lower limits to a maximum that the user has lowered."""
        most = self.config.max_current_a
        for evse in self.evses.values():
            if evse.wish.limit_a is not None and evse.wish.limit_a > most:
                evse.wish.limit_a = most
                self.mark(EvseKey.WISH, evse.id)
                self.onboarding.repeat_wishes()

    def identify(self, info: StationInfo) -> None:
        """Take over what a station says of itself, and what is known of its kind."""
        if info != self.state.info:
            self.state.info = info
            self.mark(StationKey.INFO)
        self.quirks = self._quirk_book.find(info)
        if self.connection is not None:
            self.connection.pacing = self.pacing

    def accept(self, config: StationConfig) -> None:
        """Let a station in that was waiting for it.

        One whose boot was answered with Pending sends it again soon, and is on-boarded then.
        """
        self.accepted = True
        self.configure(config)
        self.mark(StationKey.ACCEPTED)
        self.flush()
        if self.connected and self.state.info is None:
            self.onboarding.start(after_boot=False)

    def hear_clock(
        self, at: datetime | None, now: datetime, *, measured: bool = False
    ) -> None:
        """Take what the time of a message, or of values, says of the station's clock."""
        if at is not None and self.clock_offset.hear(at, now, measured=measured):
            self.mark(StationKey.CLOCK_OFFSET)

    def mark(self, key: Key, evse_id: int = 0) -> None:
        """Note that something changed; listeners hear of it at the next flush."""
        self._changes.append((evse_id, key))

    def mark_channels(self, evse_id: int, keys: list[Any]) -> None:
        """Note that channels of an EVSE changed."""
        self._changes.extend([(evse_id, key) for key in keys])

    def flush(self) -> None:
        """Tell listeners what changed since the last flush."""
        if self._changes:
            changes, self._changes = self._changes, []
            self.changed.emit(self, changes)

    def tell(self, occurrence: Occurrence) -> None:
        """Tell listeners what happened, after what changed by it."""
        self.flush()
        self.occurred.emit(self, occurrence)

    async def execute[R](
        self, command: Command[R], timeout_s: float | None = None
    ) -> R:
        """Send a command and return its result.

        Raises NotConnectedError, CommandNotSupportedError, InvalidRequestError or
        InvalidPayloadError before anything is sent; CallTimeoutError,
        ConnectionLostError, CallError or CommandRejectedError after.
        """
        if self.connection is None:
            raise NotConnectedError
        dialect = self.dialect
        action, payload = dialect.encode(command)
        triggers_boot = (
            isinstance(command, TriggerMessage)
            and command.trigger is Trigger.BOOT_NOTIFICATION
        )
        if triggers_boot:
            self.onboarding.asked_for_boot = True
        try:
            answer = await self.connection.call(action, payload, timeout_s)
            return dialect.decode_result(command, answer)
        except CsmsError:
            if triggers_boot:
                self.onboarding.asked_for_boot = False
            raise

    def end_lost(self, evse: Evse) -> None:
        """End a transaction that the station says is over, though its end was not heard."""
        self._sessions.end_lost(evse, self.clock())
        self.flush()

    async def serve(self, socket: Socket, codec: Codec, address: str) -> None:
        """Serve a new connection until it closes. The newest connection wins."""
        connection = Connection(
            socket,
            codec,
            partial(self._on_call, DIALECTS[codec.version]),
            admit=self._admit,
            frames=self.frames,
            counters=self.counters,
            pacing=self.pacing,
            clock=self.clock,
        )
        self._attach(connection, address)
        try:
            await connection.run()
        finally:
            if self.connection is connection:
                self._detach()

    def _attach(self, connection: Connection, address: str) -> None:
        previous, self.connection = self.connection, connection
        self.onboarding.asked_for_boot = False
        self.state.address = address
        if previous is not None:
            _LOGGER.info(
                "%s has a new connection, the old one is closed", self.identity
            )
            self.close_in_background(previous, "replaced by a newer connection")
        elif self.accepted:
            _LOGGER.info("%s is connected, OCPP %s", self.identity, connection.version)
        self._forget_flows()
        self.mark(StationKey.CONNECTED)
        self.flush()
        self.onboarding.start(after_boot=False)

    def _forget_flows(self) -> None:
        """Show no power of before a long silence as if it were of now."""
        left = self._left_at
        if left is None or self.clock() - left < _SILENCE:
            return
        for evse in self.evses.values():
            flows = evse.meter.forget_flow()
            evse.known_channels.extend(flows)
            self.mark_channels(evse.id, flows)

    def _detach(self) -> None:
        self.connection = None
        self._left_at = self.clock()
        self.onboarding.stop(broken=True)
        if self.accepted:
            _LOGGER.info("%s is no longer connected", self.identity)
        self.mark(StationKey.CONNECTED)
        self.flush()

    def close_in_background(self, connection: Connection, reason: str) -> None:
        """Close a connection without waiting for the other side."""
        self.in_background(connection.close(GOING_AWAY, reason))

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def disconnect(self, reason: str) -> None:
        """Close the open connection, if any."""
        self.onboarding.stop()
        self.admission.stop()
        self.autostart.stop()
        self._sessions.stop()
        for evse in self.evses.values():
            evse.forget_timers()
        if self.connection is not None:
            await self.connection.close(GOING_AWAY, reason)

    def _admit(self, action: str) -> None:
        """Let a station that waits for acceptance say no more than what it is."""
        if not self.accepted and action not in _BEFORE_ACCEPTANCE:
            raise RpcError(ErrorCode.SECURITY, "the station is not accepted yet")

    def _on_call(
        self, dialect: Dialect, action: str, payload: Payload
    ) -> Payload | Awaitable[Payload]:
        """Take a CALL of the station and return the response payload. Raises RpcError.

        A connection that has been replaced may still end what it had begun, in its version.
        What the station forgets once it is answered is on disk before.
        """
        now = self.clock()
        event = dialect.decode(action, payload, now)
        reply = self._inbox.take(event, now)
        self.flush()
        if isinstance(reply, Deferred):
            return self._answer_later(dialect, action, reply)
        answer = dialect.encode_reply(action, reply)
        return self._recorder.before(answer) if self._recorder.unsaved else answer

    async def _answer_later(
        self, dialect: Dialect, action: str, deferred: Deferred
    ) -> Payload:
        """Return the response payload once it is decided, and all is on disk."""
        reply = await deferred.reply
        self.flush()
        return await self._recorder.before(dialect.encode_reply(action, reply))


__all__ = ["EvseKey", "Station", "StationConfig", "StationKey", "StationState"]
