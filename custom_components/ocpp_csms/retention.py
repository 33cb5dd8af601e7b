"""How long samples and sessions are kept: what is older is forgotten once a day."""

from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import (
    CONF_SAMPLE_DAYS,
    CONF_SESSION_YEARS,
    DEFAULT_SAMPLE_DAYS,
    DEFAULT_SESSION_YEARS,
    DOMAIN,
)
from .csms.journal.errors import JournalError
from .csms.journal.journal import Journal

_LOGGER = logging.getLogger(__name__)

FIRST = timedelta(minutes=10)
_EVERY = timedelta(days=1)
_DAYS_A_YEAR = 365.25


def async_keep_tidy(hass: HomeAssistant, journal: Journal) -> CALLBACK_TYPE:
    """Forget what is too old, soon and then once a day; returns what ends it."""

    async def tidy(now: datetime) -> None:
        await _forget(hass, journal, now)

    stops = (
        async_call_later(hass, FIRST, tidy),
        async_track_time_interval(hass, tidy, _EVERY, cancel_on_shutdown=True),
    )

    def stop() -> None:
        for each in stops:
            each()

    return stop


async def _forget(hass: HomeAssistant, journal: Journal, now: datetime) -> None:
    days = _longest(hass, CONF_SAMPLE_DAYS, DEFAULT_SAMPLE_DAYS)
    years = _longest(hass, CONF_SESSION_YEARS, DEFAULT_SESSION_YEARS)
    try:
        await journal.prune(
            samples=_before(now, days),
            sessions=_before(now, None if years is None else years * _DAYS_A_YEAR),
        )
    except JournalError as error:
        _LOGGER.warning("What is too old could not be removed: %s", error)


def _longest(hass: HomeAssistant, option: str, default: int) -> float | None:
    """Return the longest time that an entry asks for, None being for ever (0 in its options)."""
    entries = hass.config_entries.async_entries(DOMAIN)
    times = [float(entry.options.get(option, default)) for entry in entries]
    return max(times) if times and min(times) > 0 else None


def _before(now: datetime, days: float | None) -> datetime | None:
    return None if days is None else dt_util.as_utc(now) - timedelta(days=days)
