"""The command line and the scenarios."""

import asyncio
from pathlib import Path
import signal
import sys

import pytest

from simulator import Car, ChargingStation, ManualClock, terminal
from simulator.__main__ import main
from simulator.scenarios import SCENARIOS
from simulator.terminal import watch

from .conftest import StartStation
from .csms import TinyCsms

ROOT = Path(__file__).parents[2]
NOBODY = "ws://127.0.0.1:1/"
"""Where nobody listens."""


async def run(*arguments: str) -> asyncio.subprocess.Process:
    """Start the command line."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def read_until(process: asyncio.subprocess.Process, text: str, times: int) -> str:
    """Read what a process shows until lines with the text have come so many times."""
    assert process.stdout is not None
    output = ""
    while output.count(text) < times:
        line = await process.stdout.readline()
        assert line, output
        output += line.decode()
    return output


async def test_runs_until_interrupted(csms: TinyCsms) -> None:
    """A station charges, shows what it says, and ends cleanly on Ctrl-C."""
    process = await run(
        "--url", csms.url, "--identity", "CLI", "--version", "2.0.1", "--evses", "2",
        "--plug-in", "2", "--token", "ABC", "--accelerate", "600", "--password", "pw",
    )  # fmt: skip
    async with asyncio.timeout(15):
        output = await read_until(process, "-> call   TransactionEvent", 3)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert "-> call   BootNotification" in output
    assert "<- result BootNotification" in output
    assert errors.decode().strip() == "stopped"
    assert csms.got("TransactionEvent")[0]["evse"]["id"] == 2


async def test_wrong_arguments(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EVSE that is not there is an error."""
    monkeypatch.setattr("sys.argv", ["simulator", "--url", "ws://x/", "--plug-in", "2"])
    assert main() == 2
    assert "no EVSE 2" in capsys.readouterr().err


async def test_failing_connection_is_told_once(
    csms: TinyCsms,
    clock: ManualClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Why a station can't connect is told when it begins, not again with each attempt."""
    monkeypatch.setattr(terminal, "_PAUSE", 0)
    told: list[str] = []

    def complaints() -> list[str]:
        told.extend(capsys.readouterr().out.splitlines())
        return [text for text in told if text.startswith("cannot connect")]

    async with ChargingStation("CP1", NOBODY, clock=clock) as station:
        station.spawn(watch(station))
        await station.wait_until(complaints)
        for _ in range(3):
            known = station.link.last_error
            await clock.advance_until(lambda: station.link.last_error is not known)  # noqa: B023
            await clock.settle()
        assert len(complaints()) == 1
        station.url = csms.url
        await clock.advance_until(lambda: station.registered)
        await clock.settle()
        assert len(complaints()) == 1
        station.url = NOBODY
        await station.drop_connection()
        await clock.advance_until(lambda: station.link.last_error)
        await station.wait_until(lambda: len(complaints()) == 2)
    assert all("Connect call failed" in text for text in complaints())


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_scenarios(
    csms: TinyCsms, start: StartStation, clock: ManualClock, name: str
) -> None:
    """In every scenario a car charges."""
    station = await start("2.0.1", tick=60)
    station.spawn(SCENARIOS[name](station, Car, "TAG"))
    await clock.advance(3600)
    assert station.evse(1).register_wh > 1000
    assert csms.got("TransactionEvent")
