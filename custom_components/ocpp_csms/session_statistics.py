"""Statistics of what each EVSE has charged, on the hours in which it has, whenever it is told.

A session that a charger tells days later lands on its own hours in the Energy dashboard,
which the states of a sensor can't do.
"""

import asyncio
from datetime import datetime
from hashlib import blake2s
import logging

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import slugify
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN
from .csms.journal.errors import JournalError
from .csms.journal.hours import Hours, floor_hour
from .csms.journal.journal import Journal
from .csms.model.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

SOON_S = 10
_ENERGY, _COST = "energy", "cost"


class SessionStatistics:
    """Keeps them in step with the journal; one for all entries."""

    def __init__(self, hass: HomeAssistant, journal: Journal) -> None:
        """Listen to sessions that end."""
        self._hass = hass
        self._journal = journal
        self._due: dict[tuple[str, int], datetime | None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._running: asyncio.Task[None] | None = None
        self._disconnect = journal.ended.connect(self._ended)

    @property
    def _possible(self) -> bool:
        return "recorder" in self._hass.config.components

    async def async_end(self) -> None:
        """Write what is due, and nothing any more."""
        self._disconnect()
        if self._running is not None:
            await self._running
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            await self._write(self._due)

    @callback
    def _ended(self, station: str, transaction: Transaction) -> None:
        if not transaction.evse_id:
            return
        since = floor_hour(transaction.started_at)
        key = station, transaction.evse_id
        known = self._due.get(key, since)
        self._due[key] = None if known is None else min(known, since)
        self._soon()

    @callback
    def async_rebuild(self) -> None:
        """Write all anew: sessions were changed, or removed."""
        self._running = self._hass.async_create_task(self._write_all(anew=True))

    @callback
    def async_catch_up(self) -> None:
        """Write those that there are none of yet."""
        self._running = self._hass.async_create_task(self._write_all(anew=False))

    def _soon(self) -> None:
        if self._timer is None:
            loop = self._hass.loop
            self._timer = loop.call_later(SOON_S, self._write_due)

    def _write_due(self) -> None:
        self._timer = None
        due, self._due = self._due, {}
        self._running = self._hass.async_create_task(self._write(due))

    async def _write_all(self, *, anew: bool) -> None:
        if not self._possible:
            return
        try:
            await self._journal.commit()
            evses = [(s, e) for s, e in await self._journal.evses() if e]
        except JournalError as error:
            _LOGGER.debug("Sessions can't be read: %s", error)
            return
        if anew:
            ids = [statistic_id(*evse, kind) for evse in evses for kind in _KINDS]
            get_instance(self._hass).async_clear_statistics(ids)
        else:
            evses = [evse for evse in evses if not await self._has_any(*evse)]
        await self._write(dict.fromkeys(evses))

    async def _has_any(self, station: str, evse_id: int) -> bool:
        id_ = statistic_id(station, evse_id, _ENERGY)
        last = await get_instance(self._hass).async_add_executor_job(
            get_last_statistics, self._hass, 1, id_, False, {"sum"}
        )
        return bool(last)

    async def _write(self, due: dict[tuple[str, int], datetime | None]) -> None:
        if not self._possible:
            return
        try:
            await self._journal.commit()
            for (station, evse_id), since in due.items():
                hours = await self._journal.hours(station, evse_id, since)
                self._add(station, evse_id, hours)
        except JournalError as error:
            _LOGGER.debug("Sessions can't be read: %s", error)
            self._due = due | self._due

    def _add(self, station: str, evse_id: int, hours: Hours) -> None:
        energy_kwh, cost = hours.before_wh / 1000, hours.before_cost
        energies: list[StatisticData] = []
        costs: list[StatisticData] = []
        for hour in hours.hours:
            energy_kwh += hour.energy_wh / 1000
            cost += hour.cost
            start = hour.start
            energies.append(
                StatisticData(start=start, state=energy_kwh, sum=energy_kwh)
            )
            costs.append(StatisticData(start=start, state=cost, sum=cost))
        if energies:
            name = f"{station} EVSE {evse_id}"
            self._import(station, evse_id, _ENERGY, f"{name} sessions", energies)
            if cost:
                self._import(station, evse_id, _COST, f"{name} session cost", costs)

    def _import(
        self,
        station: str,
        evse_id: int,
        kind: str,
        name: str,
        rows: list[StatisticData],
    ) -> None:
        is_energy = kind == _ENERGY
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            name=name,
            source=DOMAIN,
            statistic_id=statistic_id(station, evse_id, kind),
            unit_class=EnergyConverter.UNIT_CLASS if is_energy else None,
            unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR
            if is_energy
            else self._hass.config.currency,
        )
        async_add_external_statistics(self._hass, metadata, rows)


_KINDS = (_ENERGY, _COST)


def statistic_id(station: str, evse_id: int, kind: str) -> str:
    """Return the id of a statistic; identities that look alike without their signs differ."""
    name = slugify(station)
    if name != station:
        name += f"_{blake2s(station.encode(), digest_size=3).hexdigest()}"
    return f"{DOMAIN}:{name}_evse_{evse_id}_{kind}"
