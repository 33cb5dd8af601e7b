"""Start everything, look after it, stop everything."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
import signal
import sys
from typing import Any

from .check import NotSeenError, wait_for_charging
from .processes import Child
from .rest import HomeAssistantClient
from .seed import seed
from .settings import PASSWORD, USERNAME, Settings, shown
from .stations import STATIONS

START_TIMEOUT = 180.0
RESTART_EXIT_CODE = 100  # asked for in the user interface


def say(text: str) -> None:
    """Tell the user at once."""
    print(text, flush=True)


class StartError(Exception):
    """Home Assistant did not start."""


class Demo:
    """A Home Assistant and the simulated stations that belong to it."""

    def __init__(self, settings: Settings) -> None:
        """Prepare a run."""
        self._settings = settings
        self._home_assistant = Child(
            "Home Assistant",
            [
                sys.executable,
                "-m",
                "homeassistant",
                "--config",
                str(settings.config),
                "--skip-pip",
            ],
            settings.logs / "home-assistant.log",
        )
        self._stations = [
            Child(
                f"Station {station.identity}",
                station.command(settings.ocpp_port),
                settings.logs / f"{station.identity.lower()}.log",
            )
            for station in STATIONS
        ]

    @property
    def children(self) -> list[Child]:
        """Return all processes, in the order in which they start."""
        return [self._home_assistant, *self._stations]

    async def start(self) -> None:
        """Start Home Assistant, then the stations."""
        say("Preparing a Home Assistant with a user, a home and a dashboard")
        seed(self._settings)
        await self._add_user()
        say("Starting Home Assistant")
        await self._home_assistant.start()
        await self._wait_for_home_assistant()
        say("Starting the charging stations")
        for station in self._stations:
            await station.start()

    async def _add_user(self) -> None:
        """Add the user, in a process of its own: it needs much of Home Assistant."""
        command = [sys.executable, "-m", "demo.user", str(self._settings.config)]
        adding = Child("Adding the user", command, self._settings.logs / "user.log")
        await adding.start()
        try:
            if exit_code := await adding.wait():
                raise adding.failure(exit_code)
        finally:
            await adding.stop()

    async def _wait_for_home_assistant(self) -> None:
        """Wait until Home Assistant has started."""
        ended = asyncio.create_task(self._home_assistant.wait())
        try:
            async with (
                asyncio.timeout(START_TIMEOUT),
                HomeAssistantClient(self._settings) as client,
            ):
                while not (await client.try_log_in() and await client.is_running()):
                    if ended.done():
                        raise self._home_assistant.failure(ended.result())
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise StartError(
                f"Home Assistant did not start in {START_TIMEOUT:.0f} s.\n{self._home_assistant.excerpt()}"
            ) from None
        finally:
            ended.cancel()

    async def watch(self) -> None:
        """Run until a process ends that should not."""
        async with asyncio.TaskGroup() as tasks:
            for child in self.children:
                tasks.create_task(self._watch(child))

    async def unless_a_child_fails[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns, or raise as soon as a process ends."""
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self.watch())
            working = tasks.create_task(work)
            working.add_done_callback(lambda _: watching.cancel())
        return working.result()

    async def _watch(self, child: Child) -> None:
        """Wait for the end of a process; start Home Assistant again if that was asked for."""
        while (
            exit_code := await child.wait()
        ) == RESTART_EXIT_CODE and child is self._home_assistant:
            say("Restarting Home Assistant")
            await child.start()
        raise child.failure(exit_code)

    async def stop(self) -> None:
        """Stop everything."""
        await asyncio.gather(*(station.stop() for station in self._stations))
        await self._home_assistant.stop()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Demo]:
    """Start a demo, and stop it in the end, whatever happens."""
    demo = Demo(settings)
    try:
        await demo.start()
        yield demo
    finally:
        say("Stopping")
        await demo.stop()


async def show(settings: Settings) -> None:
    """Run the demo until the user has seen enough."""
    async with running(settings) as demo:
        say(f"\n  Open {settings.url} and log in as {USERNAME} / {PASSWORD}")
        say(
            f"  Stations connect to port {settings.ocpp_port}; logs are in {shown(settings.logs)}"
        )
        say("  Press Ctrl-C to stop\n")
        await demo.watch()


async def check(settings: Settings, timeout: float) -> None:
    """Run the demo until a charger is seen to charge."""
    async with running(settings) as demo, HomeAssistantClient(settings) as client:
        await client.try_log_in()
        try:
            lines = await demo.unless_a_child_fails(wait_for_charging(client, timeout))
        except* NotSeenError:
            for child in demo.children:
                say(child.excerpt())
            raise
        say("Seen in Home Assistant:")
        say("\n".join(lines))


def end_on_signals() -> None:
    """Let the first signal to end cancel the task; a second does not disturb the stopping."""
    task = asyncio.current_task()
    assert task
    loop = task.get_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end() -> None:
        for number in numbers:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, end)
