"""Config flow: the listener of an entry, the stations as its subentries, and discovery."""

from collections.abc import Mapping
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
from homeassistant.core import callback

from .const import CONF_IDENTITY, DOMAIN, SUBENTRY_STATION
from .hub import CsmsConfigEntry
from .listener_form import (
    LISTENER_SCHEMA,
    OPTIONS_SCHEMA,
    listener_data,
    listener_errors,
)
from .station_form import (
    CONFIRM_SCHEMA,
    RECONFIGURE_SCHEMA,
    STATION_SCHEMA,
    identity_error,
    is_configured,
    sectioned,
    station_data,
    station_errors,
    station_name,
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
            data = listener_data(user_input)
            self._async_abort_entries_match({CONF_PORT: data[CONF_PORT]})
            errors = await listener_errors(self.hass, data)
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
            data = listener_data(user_input)
            if data[CONF_PORT] != entry.data[CONF_PORT]:
                self._async_abort_entries_match({CONF_PORT: data[CONF_PORT]})
            open_now = entry.data if entry.state is ConfigEntryState.LOADED else None
            errors = await listener_errors(self.hass, data, open_now)
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
        if is_configured(self.hass, identity):
            return self.async_abort(reason="already_configured")
        self._abort_if_unique_id_configured()
        self._discovered = discovery_info
        name = _suggested_name(discovery_info)
        self.context["title_placeholders"] = {
            "name": identity if name == identity else f"{name} ({identity})"
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
            if is_configured(self.hass, identity):
                return self.async_abort(reason="already_configured")
            data = station_data(identity, user_input)
            errors = station_errors(data)
            if not errors:
                self.hass.config_entries.async_add_subentry(
                    entry,
                    ConfigSubentry(
                        data=MappingProxyType(data),
                        subentry_type=SUBENTRY_STATION,
                        title=station_name(identity, user_input),
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
            if is_configured(self.hass, identity):
                return self.async_abort(reason="already_configured")
            data = station_data(identity, user_input)
            errors = station_errors(data)
            if error := identity_error(identity):
                errors = {CONF_IDENTITY: error}
            if not errors:
                self._forget_discovery(identity)
                return self.async_create_entry(
                    title=station_name(identity, user_input),
                    data=data,
                    unique_id=identity,
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
        """Change the settings of a station."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            identity = subentry.data[CONF_IDENTITY]
            data = station_data(identity, user_input, subentry.data.get(CONF_PASSWORD))
            errors = station_errors(data)
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(),
                    subentry,
                    title=station_name(identity, user_input),
                    data=data,
                )
        suggested = user_input or {
            CONF_NAME: subentry.title,
            **sectioned(subentry.data),
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_SCHEMA, suggested
            ),
            description_placeholders={CONF_IDENTITY: subentry.data[CONF_IDENTITY]},
            errors=errors,
        )
