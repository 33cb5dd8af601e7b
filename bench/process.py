"""A server in a process of its own: its CPU time, its memory, its end."""

import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]
STOP_TIMEOUT = 15.0
_CPU_CLOCK = 2
_CORES = sorted(os.sched_getaffinity(0))


class ServerProcess:
    """Runs a module of `bench.servers` until the with block is left."""

    def __init__(self, name: str, *arguments: str) -> None:
        """Start the process and wait until it serves."""
        self.name = name
        command = [sys.executable, "-m", f"bench.servers.{name}", server_core()]
        self._errors = tempfile.TemporaryFile()
        # As on a user's machine, modules are compiled once.
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
        self._process = subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        # The clock of another process's CPU time: MAKE_PROCESS_CPUCLOCK of Linux.
        self._clock = ~self._process.pid << 3 | _CPU_CLOCK
        self.port = int(self._read())

    def cpu_s(self) -> float:
        """Return the CPU time that the process has used, all of its threads together."""
        return time.clock_gettime(self._clock)

    def rss_kib(self) -> int:
        """Return the memory that is resident once garbage is collected."""
        self.ask("collect")
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1])

    def ask(self, command: str, argument: Any = None) -> Any:
        """Have the process do something, and return what it says to it."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps([command, argument]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def __enter__(self) -> Self:
        """Let it run."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, by force if it does not by itself."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            words = self._errors.read().decode(errors="replace")
            raise RuntimeError(f"a server process has ended before its time:\n{words}")
        return json.loads(line)


def server_core() -> str:
    """Return the core for servers, empty where there is only one."""
    return str(_CORES[0]) if len(_CORES) > 1 else ""


def leave_server_core() -> None:
    """Keep this process off the core of the servers."""
    if len(_CORES) > 1:
        os.sched_setaffinity(0, set(_CORES[1:]))
