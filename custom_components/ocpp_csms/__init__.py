"""OCPP Charging: an OCPP central system in Home Assistant."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr

from .const import DOMAIN
from .downloads import async_setup_downloads
from .hub import CsmsConfigEntry, Hub
from .services import async_setup_services
from .session_actions import async_setup_session_actions

if TYPE_CHECKING:
    from homeassistant.helpers.typing import ConfigType

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    async_setup_session_actions(hass)
    async_setup_downloads(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CsmsConfigEntry) -> bool:
    """Open the listener of an entry and set up its stations."""
    hub = Hub(hass, entry)
    await hub.async_start()
    entry.runtime_data = hub
    async with AsyncExitStack() as on_failure:
        on_failure.push_async_callback(hub.async_stop)
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        on_failure.pop_all()
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CsmsConfigEntry) -> bool:
    """Close the listener and every connection, and free the port."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.async_stop()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: CsmsConfigEntry) -> None:
    """Forget what was kept of the stations."""
    await Hub(hass, entry).async_forget()


async def _async_entry_updated(hass: HomeAssistant, entry: CsmsConfigEntry) -> None:
    """Take over changes; only a changed listener needs a reload, which drops every socket."""
    if entry.runtime_data.listener_changed:
        hass.config_entries.async_schedule_reload(entry.entry_id)
    else:
        await entry.runtime_data.async_sync()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: CsmsConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let the user delete an EVSE; one that exists comes back when it is heard of again."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    return entry.runtime_data.async_forget_device(device)
