"""Whom an action addresses, and who may ask for it."""

from dataclasses import dataclass
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_device_and_config_entry
import probatio

from .const import DOMAIN
from .coordinator import StationCoordinator
from .csms.control import find_evse
from .csms.station import Station

ATTR_EVSE = "evse"
"""Given where the device is that of the station, and an EVSE of it is meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an action addresses."""

    coordinator: StationCoordinator
    evse_id: int | None

    @property
    def station(self) -> Station:
        """The station."""
        return self.coordinator.station

    def check(self) -> None:
        """Raise InvalidRequestError if the EVSE that is named does not exist."""
        if self.evse_id is not None and self.station.evses:
            find_evse(self.station, self.evse_id)

    def evse(self) -> int:
        """Return the EVSE that is meant, also where a station has just one."""
        return find_evse(self.station, self.evse_id).id


def action_targets(hass: HomeAssistant, call: ServiceCall) -> dict[str, Target]:
    """Return whom an action addresses, by device. Raises ServiceValidationError."""
    return {
        device_id: _target(hass, device_id, call.data.get(ATTR_EVSE))
        for device_id in call.data[ATTR_DEVICE_ID]
    }


def _target(hass: HomeAssistant, device_id: str, evse: int | None) -> Target:
    """Return the station, and the EVSE if one is named."""
    device = dr.async_get(hass).async_get(device_id)
    # The parent stands for its child devices, which the helper of 2026.9 does not know.
    main_id = getattr(device, "parent_device_id", None) or device_id
    main, entry = async_get_device_and_config_entry(hass, DOMAIN, main_id)
    coordinator: StationCoordinator = entry.runtime_data.coordinator_of_device(main)
    evse_id = coordinator.evse_of_device(device or main)
    return Target(coordinator, evse_id or evse)


async def check_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Refuse a user who is no administrator; automations may."""
    if not call.context.user_id:
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


TARGET_FIELDS: dict[Any, Any] = {
    probatio.Required(ATTR_DEVICE_ID): probatio.All(
        probatio.EnsureList(), probatio.Length(min=1), [cv.string]
    ),
    probatio.Optional(ATTR_EVSE): probatio.All(
        probatio.Coerce(int), probatio.Range(min=1)
    ),
}
