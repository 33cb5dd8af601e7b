"""Child processes that end with the demo."""

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT, Process
from contextlib import suppress
import os
from pathlib import Path
import signal

from .settings import ROOT, shown

STOP_TIMEOUT = 30.0
EXCERPT_LINES = 30


class ChildFailedError(Exception):
    """A child process ended though it should run on."""


class Child:
    """A process in a group of its own, with its output in a log file."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        """Describe the process; nothing runs yet."""
        self.name = name
        self.log = log
        self._command = command
        self._process: Process | None = None

    async def start(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=ROOT,
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,
            )

    async def wait(self) -> int:
        """Wait for the process to end, and return its exit code."""
        assert self._process
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process and what it started, by force if it takes too long."""
        if (process := self._process) is None:
            return
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        self._signal(signal.SIGKILL)
        await process.wait()
        self._process = None

    def failure(self, exit_code: int) -> ChildFailedError:
        """Return the error that tells what the process last said."""
        return ChildFailedError(
            f"{self.name} ended with exit code {exit_code}.\n{self.excerpt()}"
        )

    def excerpt(self) -> str:
        """Return the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-EXCERPT_LINES:]
        return "\n".join([f"--- end of {shown(self.log)}", *lines, "---"])

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        assert self._process
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
