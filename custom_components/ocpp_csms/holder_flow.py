"""Adding and changing holders of id tokens: by presenting a card, or by typing its number."""

import asyncio
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback

from .const import CONF_TOKENS
from .csms.model.id_token import IdToken
from .holder_form import holder_data, holder_errors, holder_form, holder_schema
from .hub import Hub

LEARN_S = 120.0
"""How long a card may take to be presented."""


class HolderSubentryFlow(ConfigSubentryFlow):
    """Adds a holder of id tokens, and changes one."""

    _presenting: asyncio.Task[IdToken] | None = None
    _token: str | None = None

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how the token is to be entered."""
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return await self.async_step_details()
        return self.async_show_menu(step_id="user", menu_options=["present", "details"])

    async def async_step_present(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Wait for a card to be presented at any charger."""
        if self._presenting is None:
            self._presenting = self.hass.async_create_task(self._next_token())
        if not self._presenting.done():
            return self.async_show_progress(
                step_id="present",
                progress_action="present",
                progress_task=self._presenting,
            )
        presenting, self._presenting = self._presenting, None
        if presenting.cancelled() or presenting.exception() is not None:
            return self.async_show_progress_done(next_step_id="not_presented")
        self._token = presenting.result().value
        return self.async_show_progress_done(next_step_id="details")

    async def _next_token(self) -> IdToken:
        hub: Hub = self._get_entry().runtime_data
        async with asyncio.timeout(LEARN_S):
            return await hub.presented_tokens.async_next()

    async def async_step_not_presented(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say that no card was presented, and let the user try again."""
        return self.async_show_menu(
            step_id="not_presented", menu_options=["present", "details"]
        )

    @callback
    @override
    def async_remove(self) -> None:
        """Wait for no card any more."""
        if self._presenting is not None:
            self._presenting.cancel()

    async def async_step_details(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a holder and what they may do."""
        entry = self._get_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            name, data = user_input[CONF_NAME].strip(), holder_data(user_input)
            errors = holder_errors(entry, name, data)
            if not errors:
                return self.async_create_entry(title=name, data=data)
        suggested = user_input or {CONF_TOKENS: [self._token] if self._token else []}
        return self.async_show_form(
            step_id="details",
            data_schema=self.add_suggested_values_to_schema(
                holder_schema(entry), suggested
            ),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a holder."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            name, data = user_input[CONF_NAME].strip(), holder_data(user_input)
            errors = holder_errors(entry, name, data, subentry)
            if not errors:
                return self.async_update_and_abort(
                    entry, subentry, title=name, data=data
                )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                holder_schema(entry), user_input or holder_form(subentry)
            ),
            errors=errors,
        )
