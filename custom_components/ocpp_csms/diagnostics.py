"""Diagnostics: what a maintainer needs to see, without what nobody else may see."""

from dataclasses import asdict
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import orjson

from .const import CONF_ID_TOKEN, CONF_IDENTITY
from .csms import memory
from .csms.frame_log import LoggedFrame
from .csms.station import Station
from .hub import CsmsConfigEntry

TO_REDACT = {
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_PASSWORD,
    "AuthorizationKey",
    "additionalIdToken",
    "apnPassword",
    "apnUserName",
    "basicAuthPassword",
    "address",
    "chargeBoxSerialNumber",
    "chargePointSerialNumber",
    "iccid",
    "idTag",
    "idToken",
    "id_token",
    "imsi",
    "parentIdTag",
    "path",
    "serial",
    "serialNumber",
    "title",
    "tokens",
    "unique_id",
    "vpn",
}
"""Keys whose values are removed wherever they stand, also inside of logged frames."""
_SECRET_WORDS = (
    "authorizationkey",
    "password",
    "identity",
    "serialnumber",
    "iccid",
    "imsi",
    "imei",
)
"""What the name of a variable holds whose value is nobody's business."""
_SECRET_TOKENS = frozenset({"key", "pin", "psk", "pwd", "secret", "token"})
"""Words of such a name, between capitals or other signs."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAX_DEPTH = 40
_LEAST_SECRET = 4
"""Shorter strings are too common to be looked for."""
_VALUES = ("value", "attributeValue", "actualValue")


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: CsmsConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of an entry and all of its stations."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": async_redact_data(entry.as_dict(), TO_REDACT)}
    server = entry.runtime_data.server
    return {
        "entry": async_redact_data(entry.as_dict(), TO_REDACT),
        "rejections": [
            async_redact_data(asdict(rejection), TO_REDACT | {"detail"})
            for rejection in server.rejections
        ],
        "stations": [
            station_diagnostics(station) for station in server.stations.values()
        ],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: CsmsConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Return the diagnostics of a station, also for the device of one of its EVSEs."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": async_redact_data(entry.as_dict(), TO_REDACT)}
    coordinator = entry.runtime_data.coordinator_of_device(device)
    return station_diagnostics(coordinator.station)


def station_diagnostics(station: Station) -> dict[str, Any]:
    """Return all that is known of a station."""
    onboarding = station.onboarding
    return {
        "accepted": station.accepted,
        "connected": station.connected,
        "version": station.version,
        "config": async_redact_data(
            asdict(station.config) | {"skip_steps": sorted(station.config.skip_steps)},
            TO_REDACT,
        ),
        "quirks": list(station.quirks.names),
        "onboarding": {
            step.value: {
                "state": record.state.value,
                "detail": record.detail,
                "at": record.at,
            }
            for step, record in onboarding.records.items()
        },
        "counters": asdict(station.counters),
        "state": async_redact_data(memory.snapshot(station), TO_REDACT),
        "meters": {
            evse.id: {
                "dropped": evse.meter.dropped,
                "stale": evse.meter.stale,
                "quarantined": evse.meter.quarantined,
                "resets": evse.meter.register.resets,
            }
            for evse in station.evses.values()
        },
        "variables": {
            str(variable.ref): _variable_value(str(variable.ref), variable.value)
            for variable in station.state.variables.values()
        },
        "frames": _without(
            [_frame(frame) for frame in station.frames], _known_secrets(station)
        ),
    }


def _known_secrets(station: Station) -> set[str]:
    """Return what is nobody's business wherever it stands, also inside of free text."""
    config, info = station.config, station.state.info
    secrets = {config.identity, config.id_token, config.password}
    if info is not None:
        secrets |= {info.serial, info.iccid, info.imsi}
    for evse in station.evses.values():
        for transaction in (evse.transaction, evse.last_transaction):
            secrets.add(transaction.id_token if transaction else None)
    return {secret for secret in secrets if secret and len(secret) >= _LEAST_SECRET}


def _without(part: Any, secrets: set[str]) -> Any:
    """Return a structure whose strings hold none of some secrets."""
    if isinstance(part, dict):
        return {key: _without(value, secrets) for key, value in part.items()}
    if isinstance(part, list):
        return [_without(item, secrets) for item in part]
    if isinstance(part, str):
        for secret in secrets:
            part = part.replace(secret, REDACTED)
    return part


def _is_secret(name: object) -> bool:
    plain = str(name).lower()
    if any(word in plain for word in _SECRET_WORDS):
        return True
    return any(word.lower() in _SECRET_TOKENS for word in _WORDS.findall(str(name)))


def _variable_value(name: str, value: str | None) -> str | None:
    return REDACTED if value and _is_secret(name) else value


def _frame(frame: LoggedFrame) -> dict[str, Any]:
    """Return a logged frame; one that can't be read is not shown, it may hold anything."""
    try:
        content: Any = orjson.loads(frame.raw)
    except orjson.JSONDecodeError:
        content = f"unreadable, {len(frame.raw)} bytes"
    content = _redact(content)
    return {
        "at": frame.at,
        "from": "station" if frame.incoming else "central",
        "frame": content,
    }


def _redact(part: Any, depth: int = 0) -> Any:
    """Redact a part of a frame, at any depth: by key, and by what a variable is called."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(part, list):
        return [_redact(item, depth + 1) for item in part]
    if not isinstance(part, dict):
        return part
    redacted = {
        key: REDACTED if key in TO_REDACT and value else _redact(value, depth + 1)
        for key, value in part.items()
    }
    _redact_variable(redacted)
    return redacted


def _redact_variable(item: dict[str, Any]) -> None:
    """Remove the values from an object that names a secret key or variable."""
    variable = item.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else item.get("key")
    if not _is_secret(name):
        return
    attributes = item.get("variableAttribute")
    for place in (item, *(attributes if isinstance(attributes, list) else ())):
        for key in _VALUES:
            if isinstance(place, dict) and place.get(key):
                place[key] = REDACTED
