"""Backups of Home Assistant hold the sessions as they were at one moment."""

from homeassistant.core import HomeAssistant

from .journal import async_current


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Leave the journal's file as it is; sessions go on being stored beside it."""
    journal = async_current(hass)
    if journal is not None:
        await journal.hold_for_backup(hold=True)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the journal's file be brought up to date again."""
    journal = async_current(hass)
    if journal is not None:
        await journal.hold_for_backup(hold=False)
