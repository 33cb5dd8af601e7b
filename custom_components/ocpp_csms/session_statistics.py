"""Statistics of what each EVSE has charged, on the hours in which it has, whenever it is told.

A session that a charger tells days later lands on its own hours in the Energy dashboard,
which the states of a sensor can't do.
"""

import asyncio
from datetime import UTC, datetime
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
    statistics_during_period,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import slugify
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN
from .csms.journal.corrections import Changed
from .csms.journal.errors import JournalError
from .csms.journal.hours import Hours, floor_hour
from .csms.journal.journal import Journal
from .csms.journal.session import times_of
from .csms.model.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

SOON_S = 10
AGAIN_S = 60
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_ENERGY, _COST = "energy", "cost"


class SessionStatistics:
    """Keeps them in step with the journal; one for all entries."""

    def __init__(self, hass: HomeAssistant, journal: Journal) -> None:
        """Listen to sessions that end."""
        self._hass = hass
        self._journal = journal
        self._due: dict[tuple[str, int], datetime] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._running: asyncio.Task[None] | None = None
        self._ending = False
        self._disconnect = journal.ended.connect(self._ended)

    @property
    def _possible(self) -> bool:
        return "recorder" in self._hass.config.components

    async def async_end(self) -> None:
        """Write what is due, and nothing any more."""
        self._disconnect()
        self._ending = True
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
        self._note(station, transaction.evse_id, times_of(transaction)[0])

    @callback
    def async_changed(self, changed: Changed) -> None:
        """Write anew what somebody has changed, or removed."""
        if changed.evse_id:
            self._note(changed.station, changed.evse_id, changed.since)

    @callback
    def async_catch_up(self) -> None:
        """Write those that there are none of yet."""
        self._running = self._hass.async_create_task(self._catch_up())

    def _note(
        self, station: str, evse_id: int, since: datetime, in_s: float | None = None
    ) -> None:
        """Have an EVSE written from the hour of a time on, in a while."""
        key, since = (station, evse_id), floor_hour(since)
        self._due[key] = min(self._due.get(key, since), since)
        if self._timer is None and not self._ending:
            delay_s = SOON_S if in_s is None else in_s
            self._timer = self._hass.loop.call_later(delay_s, self._write_due)

    def _write_due(self) -> None:
        self._timer = None
        if self._running is not None and not self._running.done():
            self._running.add_done_callback(lambda _: self._write_due())
            return
        due, self._due = self._due, {}
        self._running = self._hass.async_create_task(self._write(due))

    async def _catch_up(self) -> None:
        if not self._possible:
            return
        try:
            await self._journal.commit()
            evses = [(s, e) for s, e in await self._journal.evses() if e]
        except JournalError as error:
            _LOGGER.debug("Sessions can't be read: %s", error)
            return
        missing = [evse for evse in evses if not await self._has_any(*evse)]
        await self._write(dict.fromkeys(missing, _FIRST))

    async def _has_any(self, station: str, evse_id: int) -> bool:
        id_ = statistic_id(station, evse_id, _ENERGY)
        last = await get_instance(self._hass).async_add_executor_job(
            get_last_statistics, self._hass, 1, id_, False, {"sum"}
        )
        return bool(last)

    async def _write(self, due: dict[tuple[str, int], datetime]) -> None:
        if not self._possible:
            return
        for (station, evse_id), since in due.items():
            try:
                await self._journal.commit()
                hours = await self._journal.hours(station, evse_id, since)
            except JournalError as error:
                _LOGGER.debug("Sessions can't be read: %s", error)
                self._note(station, evse_id, since, AGAIN_S)
                continue
            await self._add(station, evse_id, since, hours)

    async def _add(
        self, station: str, evse_id: int, since: datetime, hours: Hours
    ) -> None:
        """Write the hours of an EVSE, and those in which there was something before."""
        name = f"{station} EVSE {evse_id}"
        energies = {hour.start: hour.energy_wh / 1000 for hour in hours.hours}
        costs = {hour.start: hour.cost for hour in hours.hours}
        for kind, title, before, parts in (
            (_ENERGY, f"{name} sessions", hours.before_wh / 1000, energies),
            (_COST, f"{name} session cost", hours.before_cost, costs),
        ):
            known = await self._starts(statistic_id(station, evse_id, kind), since)
            if known or any(parts.values()):
                rows = _running_sums(before, dict.fromkeys(known, 0.0) | parts)
                self._import(station, evse_id, kind, title, rows)

    async def _starts(self, id_: str, since: datetime) -> set[datetime]:
        """Return the hours that a statistic has from a time on, with what waits to be written."""
        recorder = get_instance(self._hass)
        await recorder.async_block_till_done()
        found = await recorder.async_add_executor_job(
            statistics_during_period,
            self._hass,
            since,
            None,
            {id_},
            "hour",
            None,
            {"sum"},
        )
        return {datetime.fromtimestamp(row["start"], UTC) for row in found.get(id_, ())}

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


def _running_sums(total: float, parts: dict[datetime, float]) -> list[StatisticData]:
    """Return the sums at the ends of hours, by what came to them in each."""
    rows: list[StatisticData] = []
    for start in sorted(parts):
        total += parts[start]
        rows.append(StatisticData(start=start, state=total, sum=total))
    return rows


def statistic_id(station: str, evse_id: int, kind: str) -> str:
    """Return the id of a statistic; identities that look alike without their signs differ."""
    name = slugify(station)
    if name != station:
        name += f"_{blake2s(station.encode(), digest_size=3).hexdigest()}"
    return f"{DOMAIN}:{name}_evse_{evse_id}_{kind}"
