"""The forms of a station, and what can be wrong with what they hold."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from .const import (
    CONF_ALIGNED_INTERVAL,
    CONF_AUTOMATIC_START,
    CONF_CALL_TIMEOUT,
    CONF_HEARTBEAT_INTERVAL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_LOCAL_LIST,
    CONF_MAX_CURRENT,
    CONF_MEASURANDS,
    CONF_OBSERVE_ONLY,
    CONF_SAMPLE_INTERVAL,
    CONF_SKIP_STEPS,
    CONF_START,
    CONF_UNKNOWN_TOKENS,
    CONF_VERSION,
    DEFAULT_MEASURANDS,
    DOMAIN,
    SUBENTRY_STATION,
    VERSION_AUTOMATIC,
    VERSIONS,
)
from .csms.authorization import StartPolicy, UnknownTokens
from .csms.errors import HandshakeError
from .csms.handshake import read_identity
from .csms.model.meter import Measurand
from .csms.onboarding import Step
from .csms.station import DEFAULT_ID_TOKEN
from .listener_form import number

SECTION_ACCESS = "access"
SECTION_METER = "meter"
SECTION_ADVANCED = "advanced"
MAX_PASSWORD_LENGTH = 40
PASSWORD_NOT_CHANGED = "__**password_not_changed**__"
"""Stands in the form for the password that is set, which is never shown."""
MAX_TOKEN_LENGTH = 20


def _choices(key: str, options: list[str], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options,
            multiple=multiple,
            custom_value=False,
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=key,
        )
    )


_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_METER_SCHEMA = probatio.Schema(
    {
        probatio.Optional(
            CONF_MEASURANDS, default=list(DEFAULT_MEASURANDS)
        ): SelectSelector(
            SelectSelectorConfig(
                options=[measurand.value for measurand in Measurand],
                multiple=True,
                custom_value=True,
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        probatio.Required(CONF_SAMPLE_INTERVAL, default=10): number(0, 3600, "s"),
        probatio.Required(CONF_ALIGNED_INTERVAL, default=0): number(0, 86400, "s"),
    }
)
_ACCESS_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_START, default=StartPolicy.FREE.value): _choices(
            CONF_START, [policy.value for policy in StartPolicy]
        ),
        probatio.Required(
            CONF_UNKNOWN_TOKENS, default=UnknownTokens.ACCEPT.value
        ): _choices(CONF_UNKNOWN_TOKENS, [choice.value for choice in UnknownTokens]),
        probatio.Required(CONF_AUTOMATIC_START, default=False): BooleanSelector(),
        probatio.Required(CONF_ID_TOKEN, default=DEFAULT_ID_TOKEN): TextSelector(),
        probatio.Required(CONF_LOCAL_LIST, default=True): BooleanSelector(),
    }
)
_ADVANCED_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_VERSION, default=VERSION_AUTOMATIC): _choices(
            CONF_VERSION,
            [VERSION_AUTOMATIC, *VERSIONS],
        ),
        probatio.Required(CONF_CALL_TIMEOUT, default=30): number(5, 300, "s"),
        probatio.Required(CONF_HEARTBEAT_INTERVAL, default=300): number(10, 86400, "s"),
        probatio.Required(CONF_OBSERVE_ONLY, default=False): BooleanSelector(),
        probatio.Optional(CONF_SKIP_STEPS, default=list): _choices(
            CONF_SKIP_STEPS, [step.value for step in Step], multiple=True
        ),
    }
)
_SETTINGS_SCHEMA = {
    probatio.Optional(CONF_PASSWORD): _PASSWORD,
    probatio.Required(CONF_MAX_CURRENT, default=32): number(6, 500, "A"),
    probatio.Required(SECTION_ACCESS): section(_ACCESS_SCHEMA, {"collapsed": True}),
    probatio.Required(SECTION_METER): section(_METER_SCHEMA, {"collapsed": True}),
    probatio.Required(SECTION_ADVANCED): section(_ADVANCED_SCHEMA, {"collapsed": True}),
}
STATION_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_IDENTITY): TextSelector(),
        probatio.Required(CONF_NAME): TextSelector(),
        **_SETTINGS_SCHEMA,
    }
)
RECONFIGURE_SCHEMA = probatio.Schema(
    {probatio.Required(CONF_NAME): TextSelector(), **_SETTINGS_SCHEMA}
)
CONFIRM_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_NAME): TextSelector(),
        probatio.Optional(CONF_PASSWORD): _PASSWORD,
    }
)


def station_name(identity: str, user_input: Mapping[str, Any]) -> str:
    """Return the name that a form gave, or the identity where it gave none."""
    name: str = user_input[CONF_NAME].strip()
    return name or identity


def station_data(
    identity: str, user_input: Mapping[str, Any], password: str | None = None
) -> dict[str, Any]:
    """Return the data of a station's subentry from what a form gave, sections flattened.

    `password` is the one that was set before, if any.
    """
    data = dict(user_input)
    data.pop(CONF_NAME, None)
    for name in (SECTION_ACCESS, SECTION_METER, SECTION_ADVANCED):
        data |= data.pop(name, {})
    if data.get(CONF_PASSWORD) == PASSWORD_NOT_CHANGED:
        data[CONF_PASSWORD] = password
    if not data.get(CONF_PASSWORD):
        data.pop(CONF_PASSWORD, None)
    return {**data, CONF_IDENTITY: identity}


def sectioned(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a subentry in the shape of its form, without the password."""
    form = dict(data)
    if CONF_PASSWORD in form:
        form[CONF_PASSWORD] = PASSWORD_NOT_CHANGED
    for name, schema in (
        (SECTION_ACCESS, _ACCESS_SCHEMA),
        (SECTION_METER, _METER_SCHEMA),
        (SECTION_ADVANCED, _ADVANCED_SCHEMA),
    ):
        keys = [str(key) for key in schema.schema]
        form[name] = {key: form.pop(key) for key in keys if key in form}
    return form


def station_errors(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with a station's settings, by field."""
    if len(data.get(CONF_PASSWORD, "")) > MAX_PASSWORD_LENGTH:
        return {CONF_PASSWORD: "password_too_long"}
    token = data.get(CONF_ID_TOKEN, DEFAULT_ID_TOKEN)
    if not 0 < len(token) <= MAX_TOKEN_LENGTH:
        return {"base": "id_token_length"}
    return {}


def identity_error(identity: str) -> str | None:
    """Return what is wrong with an identity that was typed in."""
    try:
        read_identity(f"/{quote(identity, safe='')}")
    except HandshakeError as error:
        return error.reason
    return None


def is_configured(hass: HomeAssistant, identity: str) -> bool:
    """Return whether any entry has a station of this identity."""
    return any(
        subentry.unique_id == identity
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_STATION
    )
