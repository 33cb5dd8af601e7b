"""A charging station."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
import logging
from ssl import SSLContext
from typing import Any, Self

from .behaviour import Behaviour
from .car import Car
from .clock import Clock, RealClock
from .configuration import Configuration
from .device_model import DeviceModel
from .dialect import Dialect
from .evse import Evse, Reservation, Token
from .frames import CallRefused, Json, Schemas, SimulatorError, schemas
from .inventory import inventory
from .link import Link
from .misbehaviour import Misbehaviour
from .outbox import Kind, Outgoing
from .profiles import ProfileStore
from .recorder import Recorder
from .rpc import MessageIds
from .sessions import Sessions
from .streams import Streams
from .v2x import Dialect2x
from .v16 import Dialect16

_LOGGER = logging.getLogger(__name__)


class ChargingStation(Recorder):
    """A charging station that dials a central system and charges simulated cars."""

    def __init__(
        self,
        identity: str,
        url: str,
        version: str = "1.6",
        *,
        evses: int = 1,
        phases: int = 3,
        max_current_a: float = 32.0,
        register_wh: float = 0.0,
        password: str | None = None,
        ssl: SSLContext | None = None,
        clock: Clock | None = None,
        misbehaviour: Misbehaviour | None = None,
        vendor: str = "Simulated",
        model: str = "Loopback",
        serial: str = "SIM-0001",
        firmware: str = "1.0.0",
        message_ids: MessageIds = "uuid",
        autostart: str = "",
        tick: float = 1.0,
        call_timeout: float = 30.0,
        boot_seconds: float = 2.0,
        boot_retry: float = 30.0,
        reconnect_min: float = 1.0,
        reconnect_max: float = 60.0,
        ping_interval: float | None = None,
        keep_frames: int = 0,
    ) -> None:
        """Describe a station; nothing happens before start()."""
        super().__init__(keep_frames)
        self.identity, self.url, self.version = identity, url, version
        self.password, self.ssl, self.ping_interval = password, ssl, ping_interval
        self.vendor, self.model, self.serial, self.firmware = (
            vendor,
            model,
            serial,
            firmware,
        )
        self.clock: Clock = clock or RealClock()
        self.misbehaviour = misbehaviour or Misbehaviour()
        self.message_ids: MessageIds = message_ids
        self.autostart = autostart
        self.phases = phases
        self.call_timeout = call_timeout
        self.boot_seconds, self.boot_retry = boot_seconds, boot_retry
        self.reconnect_min, self.reconnect_max = reconnect_min, reconnect_max
        self.complaints: list[str] = []
        self.errors: list[BaseException] = []
        self.boot_reason = "PowerUp"
        self.boots = 0
        self.profiles = ProfileStore()
        self.evses = [
            Evse(
                number + 1,
                phases=phases,
                max_current_a=max_current_a,
                register_wh=register_wh,
                fine=version == "1.6",
            )
            for number in range(evses)
        ]
        self.config = Configuration(connectors=evses)
        self.device_model = DeviceModel(lambda: inventory(self))
        self.streams = Streams(self)
        self.dialect: Dialect = Dialect16(self) if version == "1.6" else Dialect2x(self)
        self.sessions = Sessions(self)
        self.behaviour = Behaviour(self)
        self.link = Link(self)
        self._tick = tick
        self._tasks: set[asyncio.Future[Any]] = set()
        self._follow_ups: list[Callable[[], object]] = []
        self._releases: dict[str, asyncio.Event] = {}
        self._unwatch: Callable[[], None] = lambda: None

    # Life.

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Connect and boot in the background."""
        self._unwatch = self.clock.watch(lambda: self.link.busy)
        self.spawn(self.link.run())
        self.spawn(self._run_ticks())

    async def stop(self) -> None:
        """Disconnect and leave nothing behind."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.link.outbox.close()
        self._unwatch()
        self._unwatch = lambda: None

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
        """Run something until the station stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self.watch_task)
        return task

    def watch_task(self, task: asyncio.Future[Any]) -> None:
        """Keep the error of a task that failed."""
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, SimulatorError | TimeoutError):
            self.note_error(error)

    def note_error(self, error: BaseException) -> None:
        """Keep a flaw of the simulator itself."""
        _LOGGER.error("%s: %r", self.identity, error, exc_info=error)
        self.errors.append(error)

    async def _run_ticks(self) -> None:
        """Let time pass at the EVSEs."""
        while True:
            await self.clock.sleep(max(self._tick, self.clock.resolution))
            self.sessions.tick()

    # What people do.

    def evse(self, evse_id: int) -> Evse:
        """Return an EVSE by its number, from 1."""
        return self.evses[evse_id - 1]

    async def plug_in(self, evse_id: int, car: Car | None = None) -> None:
        """Connect a car."""
        self.sessions.plug_in(self.evse(evse_id), car or Car())

    async def unplug(self, evse_id: int) -> None:
        """Disconnect the car."""
        self.sessions.unplug(self.evse(evse_id))

    async def present_token(
        self, evse_id: int, tag: str, kind: str = "ISO14443"
    ) -> bool:
        """Hold a card before the reader; return whether it was accepted."""
        return await self.sessions.present_token(self.evse(evse_id), Token(tag, kind))

    async def set_fault(self, evse_id: int, code: str | None) -> None:
        """Break an EVSE, or with None repair it."""
        evse = self.evse(evse_id)
        evse.flow_until(self.clock.now())
        evse.fault = code
        self.sessions.refresh(evse)
        self.dialect.fault_changed(evse)

    async def set_willing(self, evse_id: int, willing: bool) -> None:
        """Let the car ask for energy, or not."""
        evse = self.evse(evse_id)
        evse.flow_until(self.clock.now())
        if evse.car is not None:
            evse.car.willing = willing
        self.sessions.refresh(evse)

    async def reboot(self, reason: str = "PowerUp") -> None:
        """Cut the power for a moment; reason is what a 2.x boot gives."""
        self.behaviour.go_down(reason)
        await self.wait_until(lambda: not self.connected)

    async def security_event(self, kind: str, info: str = "") -> None:
        """Send a SecurityEventNotification."""
        await self.behaviour.security_event(kind, info)

    async def external_limit(self, amps: float | None, source: str = "EMS") -> None:
        """Limit the station from outside the central system, or with None no longer."""
        self.behaviour.external_limit(amps, source)

    async def drop_connection(self) -> None:
        """Cut the network for a moment; the station dials again by itself."""
        self.link.drop()
        await self.wait_until(lambda: not self.connected)

    async def go_offline(self) -> None:
        """Cut the network until go_online()."""
        self.link.hold_off()
        await self.wait_until(lambda: not self.connected)

    async def go_online(self) -> None:
        """Mend the network."""
        self.link.allow()

    def release(self, action: str) -> None:
        """Let withheld answers go."""
        self.misbehaviour.hold.discard(action)
        self._releases.setdefault(action, asyncio.Event()).set()

    async def held(self, action: str) -> None:
        """Wait until release() lets an answer go."""
        event = self._releases[action] = asyncio.Event()
        await event.wait()

    # Messages.

    @property
    def schemas(self) -> Schemas:
        """Return the message schemas of the version."""
        return schemas(self.version)

    @property
    def connected(self) -> bool:
        """Return whether the socket is open."""
        return self.link.connected

    @property
    def registered(self) -> bool:
        """Return whether the central system has accepted the station."""
        return self.link.connected and self.link.registration == "Accepted"

    @property
    def offline(self) -> bool:
        """Return whether messages have to wait."""
        return not self.registered

    def post(
        self,
        action: str,
        payload: Json | Callable[[], Json | None],
        *,
        keep: bool = False,
        triggered: bool = False,
        on_answer: Callable[[Json], None] | None = None,
    ) -> None:
        """Queue a request; with keep it survives a lost connection."""
        if not keep and not self.link.connected:
            return
        kind: Kind = "triggered" if triggered else "normal"
        self.link.outbox.put(Outgoing(action, payload, keep, kind, on_answer))

    async def send(self, action: str, payload: Json, *, check: bool = True) -> Json:
        """Send any request and return the answer."""
        item = Outgoing(action, payload, unchecked=not check)
        if not self.link.connected:
            raise SimulatorError("not connected")
        self.link.outbox.put(item)
        return await item.answer

    async def notify(self, action: str, payload: Json) -> None:
        """Send an unconfirmed message (2.1)."""
        if self.link.connection is None:
            raise SimulatorError("not connected")
        await self.link.connection.notify(action, payload)

    async def send_raw(self, raw: str | bytes) -> None:
        """Send a frame as it is."""
        if self.link.connection is None:
            raise SimulatorError("not connected")
        await self.link.connection.send_raw(raw)

    def prepared(self, item: Outgoing, payload: Json) -> Any:
        """Return a payload as it goes out, checked or distorted."""
        odd = self.misbehaviour
        content: Any = dict(payload, simulatorExtra=1) if odd.extra_keys else payload
        for change in odd.change:
            content = change(item.action, content)
        if not odd.distorts and not item.unchecked:
            self.schemas.check(item.action, content, response=False)
        return content

    def post_status(self, evse: Evse, *, triggered: bool = False) -> None:
        """Queue the StatusNotification of an EVSE."""
        odd = self.misbehaviour
        action, payload = self.dialect.status(evse)
        key = "status" if self.version == "1.6" else "connectorStatus"
        for status in odd.status_walk:
            self.post(action, {**payload, key: status}, triggered=triggered)
        for _ in range(1 + odd.repeat_status):
            if odd.status_delay:
                self.spawn(self._post_later(action, payload, odd.status_delay))
            else:
                self.post(action, payload, triggered=triggered)

    async def _post_later(self, action: str, payload: Json, seconds: float) -> None:
        """Queue a request after a while."""
        await self.clock.sleep(seconds)
        self.post(action, payload)

    def now(self) -> str | None:
        """Return the present time as the station writes it."""
        return self.behaviour.stamp(self.clock.now())

    def on_registered(self, *, warm: bool) -> None:
        """Tell the state of things after the boot."""
        self.behaviour.announce(warm=warm)

    def reservation_over(self, reservation: Reservation, status: str) -> None:
        """Drop a reservation and, in 2.x, tell so."""
        self.behaviour.reservation_over(reservation, status)

    # Requests from the central system.

    def answer(self, action: str, payload: Json) -> Json:
        """Handle a request."""
        if (
            self.misbehaviour.refuse_before_boot
            and self.link.registration != "Accepted"
        ):
            code = "GenericError" if self.version == "1.6" else "SecurityError"
            raise CallRefused(code, "not booted")
        refusal = self.schemas.refusal(action, payload)
        if refusal is not None:
            self.complaints.append(f"{action}: {refusal}")
            raise refusal
        handler = self.dialect.handlers.get(action)
        if handler is None:
            raise CallRefused(
                "NotSupported" if self.schemas.knows(action) else "NotImplemented"
            )
        return handler(payload)

    def objection(self, action: str, payload: Any) -> CallRefused | None:
        """Note a wrong answer; return it if 2.1 or the script says so to the other side."""
        code = self.misbehaviour.result_errors.get(action)
        if code is not None:
            return CallRefused(code, "as told")
        refusal = self.schemas.refusal(action, payload, response=True)
        if refusal is not None:
            self.complaints.append(f"{action} result: {refusal}")
        return refusal if self.version == "2.1" else None

    def reboot_if_told(self, action: str) -> None:
        """Reboot if that is what the station does after an action."""
        if self.misbehaviour.hits(action, self.misbehaviour.reboot_on):
            self.behaviour.go_down("Watchdog")

    async def drained(self) -> None:
        """Wait until all that is queued is sent."""
        await self.link.drained()

    def follow_up(self, work: Callable[[], object]) -> None:
        """Do something once the request under way is answered."""
        self._follow_ups.append(work)

    async def after_answer(self) -> None:
        """Do what follows from a request once it is answered."""
        while self._follow_ups:
            self._follow_ups.pop(0)()

    # Watching.

    async def wait_registered(self, timeout: float = 5.0) -> None:
        """Wait until the boot is accepted and everything queued is sent."""
        await self.wait_until(
            lambda: (
                self.registered and self.link.announced and not self.link.outbox.items
            ),
            timeout,
        )

    async def idle(self, timeout: float = 5.0) -> None:
        """Wait until nothing is queued or under way."""
        with suppress(TimeoutError):
            await self.wait_until(lambda: not self.link.busy, timeout)
