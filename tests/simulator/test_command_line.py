"""The command line and the scenarios."""

import asyncio
from pathlib import Path
import signal
import sys

import pytest

from simulator import Car, ManualClock
from simulator.__main__ import main
from simulator.scenarios import SCENARIOS

from .conftest import StartStation
from .csms import TinyCsms

ROOT = Path(__file__).parents[2]


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


async def test_runs_until_interrupted(csms: TinyCsms) -> None:
    """A station charges, shows what it says, and ends cleanly on Ctrl-C."""
    process = await run(
        "--url", csms.url, "--identity", "CLI", "--version", "2.0.1", "--evses", "2",
        "--plug-in", "2", "--token", "ABC", "--accelerate", "600", "--password", "pw",
    )  # fmt: skip
    async with asyncio.timeout(15):
        while len(csms.got("TransactionEvent")) < 3:
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
    assert process.returncode == 0
    assert "-> call   BootNotification" in output.decode()
    assert "<- result BootNotification" in output.decode()
    assert errors.decode().strip() == "stopped"
    assert csms.got("TransactionEvent")[0]["evse"]["id"] == 2


async def test_wrong_arguments(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EVSE that is not there is an error."""
    monkeypatch.setattr("sys.argv", ["simulator", "--url", "ws://x/", "--plug-in", "2"])
    assert main() == 2
    assert "no EVSE 2" in capsys.readouterr().err


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
