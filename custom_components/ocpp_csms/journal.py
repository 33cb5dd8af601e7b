"""The journal of sessions, one for all entries: opened with the first, closed with the last."""

from dataclasses import dataclass
import logging
from pathlib import Path

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .csms.journal.corrections import Changed
from .csms.journal.errors import JournalError, JournalProblem
from .csms.journal.journal import Journal
from .house import House
from .repairs import async_report_damaged_journal, async_report_journal
from .retention import async_keep_tidy
from .session_statistics import SessionStatistics

_LOGGER = logging.getLogger(__name__)

FILE_NAME = f"{DOMAIN}.db"


@dataclass(slots=True)
class _Shared:
    """The open journal, and how many entries use it."""

    journal: Journal
    house: House
    statistics: SessionStatistics
    stop_tidying: CALLBACK_TYPE
    users: int = 0


_SHARED: HassKey[_Shared] = HassKey(f"{DOMAIN}_journal")


async def async_acquire(hass: HomeAssistant) -> Journal:
    """Return the journal, which is opened if nobody uses it yet.

    One that can't be opened is tried again with each session; the user is told.
    """
    shared = hass.data.get(_SHARED)
    if shared is None:
        journal = Journal(Path(hass.config.path(FILE_NAME)))
        stop = async_keep_tidy(hass, journal)
        statistics = SessionStatistics(hass, journal)
        house = House(hass, journal)
        shared = hass.data[_SHARED] = _Shared(journal, house, statistics, stop)
        _tell_the_user(hass, journal)
        shared.users += 1
        try:
            await journal.open()
        except JournalError as error:
            _LOGGER.error("Sessions can't be stored: %s", error)
        else:
            async_when_setup(hass, "recorder", _catch_up)
    else:
        shared.users += 1
    return shared.journal


async def async_release(hass: HomeAssistant) -> None:
    """Use the journal no longer."""
    shared = hass.data.get(_SHARED)
    if shared is None:
        return
    shared.users -= 1
    if shared.users <= 0:
        hass.data.pop(_SHARED)
        shared.house.async_stop()
        shared.stop_tidying()
        await shared.statistics.async_end()
        await shared.journal.close()


async def _catch_up(hass: HomeAssistant, _: str) -> None:
    """Write the statistics of sessions from before there was a recorder."""
    shared = hass.data.get(_SHARED)
    if shared is not None:
        shared.statistics.async_catch_up()


@callback
def async_session_changed(hass: HomeAssistant, changed: Changed) -> None:
    """Have told anew what was made of a session before somebody has changed it."""
    shared = hass.data.get(_SHARED)
    if shared is not None:
        shared.statistics.async_changed(changed)


async def async_watch_house(hass: HomeAssistant) -> None:
    """Have the prices and powers watched that are chosen now."""
    shared = hass.data.get(_SHARED)
    if shared is not None:
        await shared.house.async_watch()


@callback
def async_current(hass: HomeAssistant) -> Journal | None:
    """Return the journal while an entry uses it."""
    shared = hass.data.get(_SHARED)
    return shared.journal if shared else None


def _tell_the_user(hass: HomeAssistant, journal: Journal) -> None:
    def problem_changed(_: Journal, problem: JournalProblem | None) -> None:
        async_report_journal(hass, journal.path, problem)

    def damaged(_: Journal, aside: Path) -> None:
        async_report_damaged_journal(hass, aside)

    journal.problem_changed.connect(problem_changed)
    journal.damaged.connect(damaged)
