"""The central system is a package of its own: it works where Home Assistant is not."""

from pathlib import Path
import subprocess
import sys

_ROOT = Path(__file__).parents[2]

_PROGRAM = """
import asyncio, importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("homeassistant", "voluptuous", "probatio"):
            raise ImportError(f"{name} must not be needed")

sys.meta_path.insert(0, Blocker())
import csms
for module in pkgutil.walk_packages(csms.__path__, "csms."):
    importlib.import_module(module.name)

import orjson
from websockets.asyncio.client import connect
from csms.server import Server, ServerSettings
from csms.station import StationConfig

async def main():
    server = Server(ServerSettings(host="127.0.0.1", port=0))
    await server.start()
    server.add(StationConfig(identity="CP1", observe_only=True))
    async with connect(
        f"ws://127.0.0.1:{server.port}/CP1", subprotocols=["ocpp1.6"], proxy=None
    ) as socket:
        boot = {"chargePointVendor": "Acme", "chargePointModel": "One"}
        await socket.send(orjson.dumps([2, "1", "BootNotification", boot]).decode())
        print(orjson.loads(await socket.recv())[2]["status"])
    await server.stop()

asyncio.run(main())
assert "homeassistant" not in sys.modules
"""


def test_without_home_assistant() -> None:
    """Every module is imported and a station is served in a process without Home Assistant."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=_ROOT / "custom_components" / "ocpp_csms",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Accepted\n", "")
