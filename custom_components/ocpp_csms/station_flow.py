"""Adding a station before it dials in, and changing its settings."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_PASSWORD

from .const import CONF_IDENTITY, DOMAIN
from .station_form import (
    RECONFIGURE_SCHEMA,
    STATION_SCHEMA,
    identity_error,
    is_configured,
    sectioned,
    station_data,
    station_errors,
    station_name,
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
