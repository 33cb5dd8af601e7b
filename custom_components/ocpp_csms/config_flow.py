"""Config flow: the listener of an entry, and what is discovered; subentries have flows of their own."""

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
)
from homeassistant.const import CONF_NAME, CONF_PORT
from homeassistant.core import callback

from .const import CONF_IDENTITY, CONF_TOKENS, DOMAIN, SUBENTRY_HOLDER, SUBENTRY_STATION
from .holder_flow import HolderSubentryFlow
from .holder_form import holder_data, holder_errors, holder_schema
from .house_form import async_propose, house_errors
from .hub import CsmsConfigEntry
from .listener_form import (
    LISTENER_SCHEMA,
    listener_data,
    listener_errors,
    options_data,
    options_form,
    options_schema,
)
from .presented_tokens import offer_id
from .station_flow import StationSubentryFlow
from .station_form import (
    CONFIRM_SCHEMA,
    is_configured,
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
        return {
            SUBENTRY_STATION: StationSubentryFlow,
            SUBENTRY_HOLDER: HolderSubentryFlow,
        }

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
        """Offer a station, or an id token, that nobody knows."""
        if CONF_TOKENS in discovery_info:
            return await self._offer_token(discovery_info)
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

    async def _offer_token(self, found: dict[str, str]) -> ConfigFlowResult:
        """Offer a token that was presented at a charger and that nobody holds."""
        await self.async_set_unique_id(offer_id(found[CONF_TOKENS]))
        self._discovered = found
        name = f"{found[CONF_TOKENS]} ({found['station']})"
        self.context["title_placeholders"] = {"name": name}
        return await self.async_step_token()

    async def async_step_token(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give a token a holder, who may charge from then on."""
        entry = self.hass.config_entries.async_get_entry(self._discovered["entry_id"])
        if entry is None:
            return self.async_abort(reason="entry_removed")
        errors: dict[str, str] = {}
        if user_input is not None:
            name, data = user_input[CONF_NAME].strip(), holder_data(user_input)
            errors = holder_errors(entry, name, data)
            if not errors:
                self.hass.config_entries.async_add_subentry(
                    entry,
                    ConfigSubentry(
                        data=MappingProxyType(data),
                        subentry_type=SUBENTRY_HOLDER,
                        title=name,
                        unique_id=None,
                    ),
                )
                return self.async_abort(reason="holder_added")
        suggested = user_input or {CONF_TOKENS: [self._discovered[CONF_TOKENS]]}
        return self.async_show_form(
            step_id="token",
            data_schema=self.add_suggested_values_to_schema(
                holder_schema(entry), suggested
            ),
            description_placeholders={"station": self._discovered["station"]},
            errors=errors,
        )

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
        errors: dict[str, str] = {}
        if user_input is not None:
            options = options_data(user_input)
            errors = house_errors(self.hass, options)
            if not errors:
                return self.async_create_entry(data=options)
        suggested = user_input
        if suggested is None:
            options = dict(self.config_entry.options)
            suggested = options_form(await async_propose(self.hass, options) | options)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                options_schema(self.hass), suggested
            ),
            errors=errors,
        )
