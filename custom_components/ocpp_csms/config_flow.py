"""Config flow: the listener of an entry, the stations as its subentries, and discovery."""

from collections.abc import Mapping
import errno
from http import HTTPStatus
import ipaddress
import socket
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
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
    CONF_BIND_ADDRESS,
    CONF_CALL_TIMEOUT,
    CONF_HEARTBEAT_INTERVAL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_MAX_CURRENT,
    CONF_MAX_FRAME_KIB,
    CONF_MEASURANDS,
    CONF_OBSERVE_ONLY,
    CONF_PING_INTERVAL,
    CONF_SAMPLE_INTERVAL,
    CONF_SKIP_STEPS,
    CONF_VERSION,
    DEFAULT_MAX_FRAME_KIB,
    DEFAULT_MEASURANDS,
    DEFAULT_PING_INTERVAL,
    DEFAULT_PORT,
    DOMAIN,
    SUBENTRY_STATION,
    VERSION_AUTOMATIC,
)
from .csms.errors import HandshakeError
from .csms.handshake import read_identity
from .csms.model.meter import Measurand
from .csms.model.version import OcppVersion
from .csms.onboarding import Step
from .csms.station import DEFAULT_ID_TOKEN
from .hub import CsmsConfigEntry

SECTION_METER = "meter"
SECTION_ADVANCED = "advanced"
MAX_PASSWORD_LENGTH = 40
MAX_TOKEN_LENGTH = 20


def _number(minimum: float, maximum: float, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(
        min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


LISTENER_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_PORT, default=DEFAULT_PORT): _number(1, 65535),
        probatio.Optional(CONF_BIND_ADDRESS): TextSelector(),
    }
)

OPTIONS_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_PING_INTERVAL, default=DEFAULT_PING_INTERVAL): _number(
            0, 3600, "s"
        ),
        probatio.Required(CONF_MAX_FRAME_KIB, default=DEFAULT_MAX_FRAME_KIB): _number(
            64, 16384, "KiB"
        ),
    }
)


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
        probatio.Required(CONF_SAMPLE_INTERVAL, default=10): _number(0, 3600, "s"),
        probatio.Required(CONF_ALIGNED_INTERVAL, default=0): _number(0, 86400, "s"),
    }
)
_ADVANCED_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_VERSION, default=VERSION_AUTOMATIC): _choices(
            CONF_VERSION,
            [VERSION_AUTOMATIC, *(version.value for version in OcppVersion)],
        ),
        probatio.Required(CONF_ID_TOKEN, default=DEFAULT_ID_TOKEN): TextSelector(),
        probatio.Required(CONF_CALL_TIMEOUT, default=30): _number(5, 300, "s"),
        probatio.Required(CONF_HEARTBEAT_INTERVAL, default=300): _number(
            10, 86400, "s"
        ),
        probatio.Required(CONF_OBSERVE_ONLY, default=False): BooleanSelector(),
        probatio.Optional(CONF_SKIP_STEPS, default=list): _choices(
            CONF_SKIP_STEPS, [step.value for step in Step], multiple=True
        ),
    }
)
_SETTINGS_SCHEMA = {
    probatio.Optional(CONF_PASSWORD): _PASSWORD,
    probatio.Required(CONF_MAX_CURRENT, default=32): _number(6, 500, "A"),
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


def _check_port(host: str | None, port: int) -> str | None:
    """Return the error that keeps a port from being listened on, None if there is none."""
    family = socket.AF_INET6 if host and ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host or "", port))
        except PermissionError:
            return "port_not_permitted"
        except OSError as error:
            return (
                "port_in_use"
                if error.errno == errno.EADDRINUSE
                else "address_not_available"
            )
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def _listener_errors(
    hass: HomeAssistant, data: dict[str, Any], current: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return what is wrong with a listener, by field. Its own open port is not probed."""
    address = data.get(CONF_BIND_ADDRESS)
    if address and not _is_address(address):
        return {CONF_BIND_ADDRESS: "invalid_address"}
    if current is not None and current[CONF_PORT] == data[CONF_PORT]:
        return {}
    error = await hass.async_add_executor_job(_check_port, address, data[CONF_PORT])
    if error is None:
        return {}
    field = CONF_BIND_ADDRESS if error == "address_not_available" else CONF_PORT
    return {field: error}


def _listener_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    data = {CONF_PORT: int(user_input[CONF_PORT])}
    address = (user_input.get(CONF_BIND_ADDRESS) or "").strip()
    return data | ({CONF_BIND_ADDRESS: address} if address else {})


def station_data(identity: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a station's subentry from what a form gave, sections flattened."""
    data = dict(user_input)
    data.pop(CONF_NAME, None)
    for name in (SECTION_METER, SECTION_ADVANCED):
        data |= data.pop(name, {})
    if not data.get(CONF_PASSWORD):
        data.pop(CONF_PASSWORD, None)
    return {**data, CONF_IDENTITY: identity}


def _sectioned(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a subentry in the shape of its form."""
    form = dict(data)
    for name, schema in (
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


def _identity_error(identity: str) -> str | None:
    try:
        return (
            None if read_identity(f"/{identity}") == identity else "identity_characters"
        )
    except HandshakeError as error:
        return (
            error.reason
            if error.status != HTTPStatus.NOT_FOUND
            else "identity_characters"
        )


def _is_configured(hass: HomeAssistant, identity: str) -> bool:
    """Return whether any entry has a station of this identity."""
    return any(
        subentry.unique_id == identity
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_STATION
    )


class CsmsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up a listener, and lets in stations that have dialled in."""

    VERSION = 1

    def __init__(self) -> None:
        """Prepare a flow."""
        self._discovered: dict[str, str] = {}

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: CsmsConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the kinds of subentries."""
        return {SUBENTRY_STATION: StationSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: CsmsConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return CsmsOptionsFlow()

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the port to listen on."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _listener_data(user_input)
            self._async_abort_entries_match({CONF_PORT: data[CONF_PORT]})
            errors = await _listener_errors(self.hass, data)
            if not errors:
                return self.async_create_entry(
                    title=f"OCPP Charging ({data[CONF_PORT]})", data=data
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                LISTENER_SCHEMA, user_input
            ),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the port; every station has to dial in anew."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _listener_data(user_input)
            if data[CONF_PORT] != entry.data[CONF_PORT]:
                self._async_abort_entries_match({CONF_PORT: data[CONF_PORT]})
            open_now = entry.data if entry.state is ConfigEntryState.LOADED else None
            errors = await _listener_errors(self.hass, data, open_now)
            if not errors:
                return self._update(entry, data)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                LISTENER_SCHEMA, user_input or entry.data
            ),
            errors=errors,
        )

    def _update(self, entry: CsmsConfigEntry, data: dict[str, Any]) -> ConfigFlowResult:
        """Store a changed listener; an entry that is not loaded tries again."""
        result = self.async_update_and_abort(
            entry, title=f"OCPP Charging ({data[CONF_PORT]})", data=data
        )
        if entry.state is not ConfigEntryState.LOADED:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    @override
    async def async_step_integration_discovery(
        self, discovery_info: dict[str, str]
    ) -> ConfigFlowResult:
        """Offer a station that has dialled in and that nobody knows."""
        identity = discovery_info[CONF_IDENTITY]
        await self.async_set_unique_id(identity)
        if _is_configured(self.hass, identity):
            return self.async_abort(reason="already_configured")
        self._abort_if_unique_id_configured()
        self._discovered = discovery_info
        self.context["title_placeholders"] = {
            "name": " ".join(
                part
                for part in (
                    identity,
                    discovery_info["vendor"],
                    discovery_info["model"],
                )
                if part
            )
        }
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the station in, under a name of the user's."""
        found = self._discovered
        identity = found[CONF_IDENTITY]
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self.hass.config_entries.async_get_entry(found["entry_id"])
            if entry is None:
                return self.async_abort(reason="entry_removed")
            if _is_configured(self.hass, identity):
                return self.async_abort(reason="already_configured")
            data = station_data(identity, user_input)
            errors = station_errors(data)
            if not errors:
                self.hass.config_entries.async_add_subentry(
                    entry,
                    ConfigSubentry(
                        data=MappingProxyType(data),
                        subentry_type=SUBENTRY_STATION,
                        title=user_input[CONF_NAME],
                        unique_id=identity,
                    ),
                )
                return self.async_abort(reason="station_added")
        suggested = user_input or {CONF_NAME: _suggested_name(found)}
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(CONFIRM_SCHEMA, suggested),
            description_placeholders={
                key: found.get(key) or "–"
                for key in (
                    CONF_IDENTITY,
                    "vendor",
                    "model",
                    "serial",
                    "firmware",
                    "address",
                    "version",
                )
            },
            errors=errors,
        )


def _suggested_name(found: Mapping[str, str]) -> str:
    return (
        " ".join(part for part in (found["vendor"], found["model"]) if part)
        or (found[CONF_IDENTITY])
    )


class CsmsOptionsFlow(OptionsFlow):
    """Changes how the listener treats its connections."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(
                data={key: int(value) for key, value in user_input.items()}
            )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_SCHEMA, self.config_entry.options
            ),
        )


class StationSubentryFlow(ConfigSubentryFlow):
    """Adds a station before it dials in, and changes its settings."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for identity and settings of a station."""
        errors: dict[str, str] = {}
        if user_input is not None:
            identity = user_input[CONF_IDENTITY].strip()
            if _is_configured(self.hass, identity):
                return self.async_abort(reason="already_configured")
            data = station_data(identity, user_input)
            errors = station_errors(data)
            if error := _identity_error(identity):
                errors = {CONF_IDENTITY: error}
            if not errors:
                self._forget_discovery(identity)
                return self.async_create_entry(
                    title=user_input[CONF_NAME], data=data, unique_id=identity
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(STATION_SCHEMA, user_input),
            errors=errors,
        )

    def _forget_discovery(self, identity: str) -> None:
        """End the flow that offers the station, if it has dialled in already."""
        for flow in self.hass.config_entries.flow.async_progress_by_handler(DOMAIN):
            if flow["context"].get("unique_id") == identity:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change the settings of a station; its connection stays."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = station_data(subentry.data[CONF_IDENTITY], user_input)
            errors = station_errors(data)
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(), subentry, title=user_input[CONF_NAME], data=data
                )
        suggested = user_input or {
            CONF_NAME: subentry.title,
            **_sectioned(subentry.data),
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_SCHEMA, suggested
            ),
            description_placeholders={CONF_IDENTITY: subentry.data[CONF_IDENTITY]},
            errors=errors,
        )
