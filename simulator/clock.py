"""Time as a station sees it: real, accelerated, or moved by hand."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import heapq
from itertools import count
from typing import override

_QUIET_ROUNDS = 3
_SPINS_BEFORE_REST = 200


class Clock(ABC):
    """A source of time and of waiting."""

    resolution: float = 0.0
    """Shortest wait in simulated seconds that is worth asking for."""
    patience: float = 0.5
    """Real seconds for which an unanswered request holds up a clock moved by hand."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present time, aware and in UTC."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait for a span of simulated time."""

    def watch(self, busy: Callable[[], bool]) -> Callable[[], None]:
        """Register a probe for work in progress; return its removal."""
        del busy
        return lambda: None

    async def limit[T](self, work: Awaitable[T], seconds: float) -> T:
        """Wait for work, at most for a span of simulated time."""
        task = asyncio.ensure_future(work)
        timer = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise TimeoutError
        finally:
            timer.cancel()
            task.cancel()
            await asyncio.gather(timer, task, return_exceptions=True)


class RealClock(Clock):
    """The clock on the wall."""

    @override
    def now(self) -> datetime:
        """Return the system's time."""
        return datetime.now(UTC)

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait for real seconds."""
        await asyncio.sleep(seconds)

    @override
    async def limit[T](self, work: Awaitable[T], seconds: float) -> T:
        """Wait for work, at most for real seconds."""
        return await asyncio.wait_for(work, seconds)


class ScaledClock(Clock):
    """A clock that runs a given number of times as fast as the real one."""

    def __init__(self, factor: float, start: datetime | None = None) -> None:
        """Start at a given time, or at the real one."""
        if factor <= 0:
            raise ValueError("the factor must be positive")
        self.factor = factor
        self.resolution = factor * 0.02
        self._start = start or datetime.now(UTC)
        self._origin = datetime.now(UTC)

    @override
    def now(self) -> datetime:
        """Return the accelerated time."""
        return self._start + (datetime.now(UTC) - self._origin) * self.factor

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait for the real share of a span of simulated time."""
        await asyncio.sleep(max(seconds, 0) / self.factor)

    @override
    async def limit[T](self, work: Awaitable[T], seconds: float) -> T:
        """Wait for work, at most for a span of simulated time."""
        return await asyncio.wait_for(work, seconds / self.factor)


class ManualClock(Clock):
    """A clock that stands still until a test moves it."""

    def __init__(
        self,
        start: datetime = datetime(2026, 1, 5, 12, tzinfo=UTC),
        *,
        patience: float = 0.5,
    ) -> None:
        """Start at a given time."""
        self._start = start
        self._elapsed = 0.0
        self.patience = patience
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._probes: list[Callable[[], bool]] = []

    @override
    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self._start + timedelta(seconds=self._elapsed)

    @property
    def elapsed(self) -> float:
        """Return the simulated seconds since the start."""
        return self._elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved the clock far enough."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(
            self._sleepers, (self._elapsed + seconds, next(self._order), future)
        )
        await future

    @override
    def watch(self, busy: Callable[[], bool]) -> Callable[[], None]:
        """Register a probe for work that advancing the clock waits for."""
        self._probes.append(busy)
        return lambda: self._probes.remove(busy)

    async def advance(self, seconds: float) -> None:
        """Move on and run everything that falls due, in order."""
        target = self._elapsed + seconds
        await self.settle()
        while await self._wake_next(target):
            await self.settle()
        self._elapsed = target
        await self.settle()

    async def advance_until(
        self, predicate: Callable[[], object], *, limit: float = 3600.0
    ) -> None:
        """Move on from event to event until the predicate holds."""
        target = self._elapsed + limit
        await self.settle()
        while not predicate():
            if not await self._wake_next(target):
                raise TimeoutError(f"not reached within {limit} simulated seconds")
            await self.settle()

    async def _wake_next(self, target: float) -> bool:
        """Wake the sleepers of the next instant up to target, if there are any."""
        woken = False
        while self._sleepers:
            due, _, future = self._sleepers[0]
            if due > target or (woken and due > self._elapsed):
                break
            heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._elapsed = max(due, self._elapsed)
            future.set_result(None)
            woken = True
        return woken

    async def settle(self) -> None:
        """Let all tasks run until nobody reports work in progress."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience
        quiet = spins = 0
        while quiet < _QUIET_ROUNDS:
            await asyncio.sleep(0 if spins < _SPINS_BEFORE_REST else 0.001)
            spins += 1
            if any(busy() for busy in self._probes) and loop.time() < deadline:
                quiet = 0
            else:
                quiet += 1
