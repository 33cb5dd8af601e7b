"""The forms of a listener, and what can be wrong with what they hold."""

from collections.abc import Mapping
import errno
import ipaddress
import socket
from typing import Any

from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
import probatio

from .const import (
    CONF_BIND_ADDRESS,
    CONF_MAX_FRAME_KIB,
    CONF_PING_INTERVAL,
    CONF_SAMPLE_DAYS,
    CONF_SESSION_YEARS,
    DEFAULT_MAX_FRAME_KIB,
    DEFAULT_PING_INTERVAL,
    DEFAULT_PORT,
    DEFAULT_SAMPLE_DAYS,
    DEFAULT_SESSION_YEARS,
)
from .house_form import SECTION_PRICES, SECTION_SOURCES, house_sections


def number(minimum: float, maximum: float, unit: str | None = None) -> NumberSelector:
    """Return a selector of a whole number."""
    config = NumberSelectorConfig(
        min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


LISTENER_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_PORT, default=DEFAULT_PORT): number(1, 65535),
        probatio.Optional(CONF_BIND_ADDRESS): TextSelector(),
    }
)

_NUMBERS = {
    probatio.Required(CONF_PING_INTERVAL, default=DEFAULT_PING_INTERVAL): number(
        0, 3600, "s"
    ),
    probatio.Required(CONF_MAX_FRAME_KIB, default=DEFAULT_MAX_FRAME_KIB): number(
        64, 16384, "KiB"
    ),
    probatio.Required(CONF_SAMPLE_DAYS, default=DEFAULT_SAMPLE_DAYS): number(
        0, 3650, "d"
    ),
    probatio.Required(CONF_SESSION_YEARS, default=DEFAULT_SESSION_YEARS): number(
        0, 100
    ),
}


def options_schema(hass: HomeAssistant) -> probatio.Schema:
    """Return the form of the options."""
    return probatio.Schema({**house_sections(hass), **_NUMBERS})


def options_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options from what a form gave, sections flattened; what is empty is left out."""
    options = dict(user_input)
    for name in (SECTION_PRICES, SECTION_SOURCES):
        options |= options.pop(name, {})
    numbers = [str(key) for key in _NUMBERS]
    options |= {key: int(options[key]) for key in numbers if key in options}
    return {key: value for key, value in options.items() if value not in (None, "", [])}


def options_form(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in the shape of their form: every section may take any of them."""
    return {**options, SECTION_PRICES: options, SECTION_SOURCES: options}


def _check_port(host: str | None, port: int) -> str | None:
    """Return the error that keeps a port from being listened on, None if there is none."""
    if host:
        return _probe(socket.AF_INET6 if ":" in host else socket.AF_INET, host, port)
    error = _probe(socket.AF_INET, "", port)
    if error is None and socket.has_ipv6:
        error = _probe(socket.AF_INET6, "", port)
        # A computer may know IPv6 and have none.
        error = None if error == "address_not_available" else error
    return error


def _probe(family: socket.AddressFamily, host: str, port: int) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host, port))
    except PermissionError:
        return "port_not_permitted"
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        return "port_in_use" if in_use else "address_not_available"
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def listener_errors(
    hass: HomeAssistant, data: dict[str, Any], current: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return what is wrong with a listener, by field. Of its own open port only the address is probed."""
    address = data.get(CONF_BIND_ADDRESS)
    if address and not _is_address(address):
        return {CONF_BIND_ADDRESS: "invalid_address"}
    is_open = current is not None and current[CONF_PORT] == data[CONF_PORT]
    port = 0 if is_open else data[CONF_PORT]
    error = await hass.async_add_executor_job(_check_port, address, port)
    if error is None:
        return {}
    field = CONF_BIND_ADDRESS if error == "address_not_available" else CONF_PORT
    return {field: error}


def listener_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an entry from what a form gave."""
    data = {CONF_PORT: int(user_input[CONF_PORT])}
    address = (user_input.get(CONF_BIND_ADDRESS) or "").strip()
    return data | ({CONF_BIND_ADDRESS: address} if address else {})
