"""A real Home Assistant with the integration, booted in this process."""

import asyncio
import logging
import os
from pathlib import Path
import sys
import time
from typing import Any

from homeassistant import bootstrap, runner
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity

from bench.seed import ENTRY_ID

from .control import obey, prepare
from .watch import CallbackWatch, Complaints, WaitWatch, WriteCounter


class Home:
    """Answers what is asked of a booted Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take a Home Assistant that runs."""
        self._hass = hass
        self._counter: WriteCounter | None = None

    @property
    def entry(self) -> ConfigEntry[Any]:
        """The integration's config entry."""
        entry = self._hass.config_entries.async_get_entry(ENTRY_ID)
        assert entry is not None
        return entry

    @property
    def port(self) -> int:
        """The listener's port, 0 if it is not open."""
        if self.entry.state is ConfigEntryState.LOADED:
            return int(self.entry.runtime_data.server.port)
        return 0

    async def count(self, _: Any) -> None:
        """Start to count the states that are written."""
        self._counter = WriteCounter(self._hass)

    async def counted(self, _: Any) -> tuple[int, int]:
        """Return how many states were written, and how many changed by it."""
        assert self._counter is not None
        return self._counter.stop()

    async def entities(self, identity: str) -> int:
        """Return how many entities a station has."""
        registry = er.async_get(self._hass)
        return sum(
            entity.unique_id.startswith(f"{identity}_") and not entity.disabled
            for entity in er.async_entries_for_config_entry(registry, ENTRY_ID)
        )

    async def open_port(self, _: Any) -> int:
        """Return the listener's port."""
        return self.port

    async def set_up(self, _: Any) -> float:
        """Enable the entry, and return how many seconds setting it up took."""
        begin = time.perf_counter()
        await self._hass.config_entries.async_set_disabled_by(ENTRY_ID, None)
        await self._hass.async_block_till_done()
        seconds = time.perf_counter() - begin
        if not self.port:
            raise RuntimeError(f"the entry is {self.entry.state}: {self.entry.reason}")
        return seconds

    async def unload(self, _: Any) -> None:
        """Disable the entry."""
        await self._hass.config_entries.async_set_disabled_by(
            ENTRY_ID, ConfigEntryDisabler.USER
        )
        await self._hass.async_block_till_done()

    async def watch(self, _: Any) -> None:
        """Begin to watch what holds up the event loop."""
        self._complaints = Complaints()
        logging.getLogger().addHandler(self._complaints)
        self._callbacks = CallbackWatch()
        self._waits = WaitWatch()

    async def watched(self, _: Any) -> dict[str, Any]:
        """Return what held up the event loop."""
        return {
            "longest_s": self._callbacks.longest_s,
            "waits": dict(self._waits.found),
            "complaints": self._complaints.texts,
        }


async def main(folder: Path) -> None:
    """Boot, then do what is asked."""
    config = runner.RuntimeConfig(config_dir=str(folder), skip_pip=True)
    hass = await bootstrap.async_setup_hass(config)
    if hass is None:
        raise SystemExit("Home Assistant did not start")
    await hass.async_start()
    await hass.async_block_till_done()
    home = Home(hass)
    await obey(
        home.port,
        {
            "count": home.count,
            "counted": home.counted,
            "entities": home.entities,
            "port": home.open_port,
            "set_up": home.set_up,
            "unload": home.unload,
            "watch": home.watch,
            "watched": home.watched,
        },
    )
    # Nothing of this Home Assistant is kept: it need not stop in good order.
    os._exit(0)


def enable_all_entities() -> None:
    """Have every entity enabled, also those that users have to enable themselves."""
    Entity.entity_registry_enabled_default = property(lambda _: True)  # type: ignore[assignment,method-assign]


def run(folder: Path) -> None:
    """Serve as Home Assistant's own command line does."""
    loop = runner.create_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(folder))


if __name__ == "__main__":
    prepare(sys.argv[1])
    enable_all_entities()
    run(Path(sys.argv[2]))
