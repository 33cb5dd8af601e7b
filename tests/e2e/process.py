"""The demo as a child process, and what it leaves behind."""

from collections.abc import Iterable
from pathlib import Path
import re
import signal
import subprocess

from demo.settings import ROOT

NEWEST_PYTHON = ROOT / ".venv-newest" / "bin" / "python"
STOP_TIMEOUT = 40.0
_ADDRESS = re.compile(r"Open http://127\.0\.0\.1:(\d+) ")
_OCPP_PORT = re.compile(r"Stations connect to port (\d+);")
_PROBLEM = re.compile(r" (ERROR|CRITICAL) |Traceback|blocking call", re.IGNORECASE)
_OWN_WARNING = re.compile(r" WARNING .*ocpp_csms")
_UNTESTED = "We found a custom integration ocpp_csms"


class RunningDemo:
    """A demo that has started."""

    def __init__(self, folder: Path) -> None:
        """Start it on free ports, and wait until the stations are about to connect."""
        self.folder = folder
        self._process = subprocess.Popen(
            [
                str(NEWEST_PYTHON),
                *("-u", "-m", "demo", "--port", "0", "--ocpp-port", "0"),
                *("--folder", str(folder)),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout
        self.port = _find(_ADDRESS, self._process.stdout)
        self.ocpp_port = _find(_OCPP_PORT, self._process.stdout)

    def stop(self) -> None:
        """Press Ctrl-C, and see that it ends well."""
        self._process.send_signal(signal.SIGINT)
        try:
            output, _ = self._process.communicate(timeout=STOP_TIMEOUT)
        finally:
            self._process.kill()
        assert self._process.returncode == 0, f"{self._process.returncode}: {output}"


class RunningCheck:
    """script/demo --check, under way."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self.folder = folder
        command = (ROOT / "script" / "demo", "--check", "--timeout", "60")
        self._process = subprocess.Popen(
            [*command, "--folder", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self) -> tuple[int, str]:
        """Return its exit code and what it said."""
        output, _ = self._process.communicate()
        return self._process.returncode, output

    def stop(self) -> None:
        """Have it end, if it has not yet."""
        self._process.terminate()
        self._process.wait(STOP_TIMEOUT)


def _find(pattern: re.Pattern[str], lines: Iterable[str]) -> int:
    """Return the number in the first line that matches."""
    seen: list[str] = []
    for line in lines:
        if match := pattern.search(line):
            return int(match[1])
        seen.append(line)
    raise AssertionError("the demo did not start:\n" + "".join(seen))


def problems(folder: Path) -> list[str]:
    """Return the lines of Home Assistant's log that should not be there."""
    log = (folder / "logs" / "home-assistant.log").read_text()
    return [
        line
        for line in log.splitlines()
        if _PROBLEM.search(line)
        or (_OWN_WARNING.search(line) and _UNTESTED not in line)
    ]


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that work in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_text().replace("\0", " ")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found
