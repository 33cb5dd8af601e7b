"""The form of a holder of id tokens, and what can be wrong with what it holds."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateTimeSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.util import dt as dt_util
import probatio

from .const import (
    CONF_BLOCKED,
    CONF_CONCURRENT,
    CONF_EXPIRES,
    CONF_GROUP,
    CONF_MOST_ENERGY,
    CONF_MOST_HOURS,
    CONF_STATIONS,
    CONF_TOKEN_TYPE,
    CONF_TOKENS,
    CONF_VEHICLE,
    SUBENTRY_HOLDER,
    SUBENTRY_STATION,
)
from .csms.authorization import Holder
from .csms.model.id_token import IdToken, token_key

SECTION_LIMITS = "limits"
TOKEN_TYPES = (
    "ISO14443",
    "ISO15693",
    "Central",
    "eMAID",
    "KeyCode",
    "Local",
    "MacAddress",
)
MAX_TOKEN_LENGTH = 255
"""The longest of any version; a charger is told only those that its version can hold."""
MAX_GROUP_LENGTH = 20
"""What every version can hold, as each answer to a holder names the group."""


def _amount(most: float, unit: str) -> NumberSelector:
    config = NumberSelectorConfig(
        min=0.1,
        max=most,
        step=0.1,
        unit_of_measurement=unit,
        mode=NumberSelectorMode.BOX,
    )
    return NumberSelector(config)


def holder_schema(entry: ConfigEntry) -> probatio.Schema:
    """Return the form of a holder; the stations of the entry can be chosen from."""
    stations = [
        SelectOptionDict(value=str(subentry.unique_id), label=subentry.title)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_STATION
    ]
    limits = probatio.Schema(
        {
            probatio.Optional(CONF_EXPIRES): DateTimeSelector(),
            probatio.Optional(CONF_STATIONS): SelectSelector(
                SelectSelectorConfig(
                    options=stations,
                    multiple=True,
                    custom_value=False,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
            probatio.Optional(CONF_MOST_ENERGY): _amount(1000, "kWh"),
            probatio.Optional(CONF_MOST_HOURS): _amount(1000, "h"),
            probatio.Required(CONF_CONCURRENT, default=False): BooleanSelector(),
            probatio.Optional(CONF_GROUP): TextSelector(),
            probatio.Required(CONF_TOKEN_TYPE, default=TOKEN_TYPES[0]): SelectSelector(
                SelectSelectorConfig(
                    options=list(TOKEN_TYPES),
                    custom_value=False,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
        }
    )
    return probatio.Schema(
        {
            probatio.Required(CONF_NAME): TextSelector(),
            probatio.Required(CONF_TOKENS): TextSelector(
                TextSelectorConfig(multiple=True)
            ),
            probatio.Optional(CONF_VEHICLE): TextSelector(),
            probatio.Required(CONF_BLOCKED, default=False): BooleanSelector(),
            probatio.Required(SECTION_LIMITS): section(limits, {"collapsed": True}),
        }
    )


def holder_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a holder's subentry from what a form gave; what is empty is left out."""
    given = {**user_input, **user_input.get(SECTION_LIMITS, {})}
    given.pop(SECTION_LIMITS, None)
    given.pop(CONF_NAME, None)
    data = {
        key: value.strip() if isinstance(value, str) else value
        for key, value in given.items()
    }
    data[CONF_TOKENS] = _distinct(str(token) for token in data.get(CONF_TOKENS, ()))
    return {key: value for key, value in data.items() if value not in (None, "", [])}


def _distinct(tokens: Iterable[str]) -> list[str]:
    """Return tokens without spaces around them, each once."""
    by_key = {token_key(token): token.strip() for token in tokens if token.strip()}
    return list(by_key.values())


def holder_form(subentry: ConfigSubentry) -> dict[str, Any]:
    """Return the data of a subentry in the shape of its form."""
    data = dict(subentry.data)
    limits = (
        CONF_EXPIRES,
        CONF_STATIONS,
        CONF_MOST_ENERGY,
        CONF_MOST_HOURS,
        CONF_CONCURRENT,
        CONF_GROUP,
        CONF_TOKEN_TYPE,
    )
    section_data = {key: data.pop(key) for key in limits if key in data}
    return {CONF_NAME: subentry.title, **data, SECTION_LIMITS: section_data}


def holder_errors(
    entry: ConfigEntry,
    name: str,
    data: Mapping[str, Any],
    current: ConfigSubentry | None = None,
) -> dict[str, str]:
    """Return what is wrong with a holder, by field; `current` is the one that is changed."""
    others = [
        subentry
        for subentry in holder_subentries(entry)
        if current is None or subentry.subentry_id != current.subentry_id
    ]
    tokens = data.get(CONF_TOKENS, [])
    if not name:
        return {CONF_NAME: "name_missing"}
    if name.casefold() in {other.title.casefold() for other in others}:
        return {CONF_NAME: "name_taken"}
    if not tokens:
        return {CONF_TOKENS: "tokens_missing"}
    if any(
        len(token) > MAX_TOKEN_LENGTH or not token.isprintable() for token in tokens
    ):
        return {CONF_TOKENS: "token_not_possible"}
    taken = {token_key(t) for other in others for t in other.data[CONF_TOKENS]}
    if any(token_key(token) in taken for token in tokens):
        return {CONF_TOKENS: "token_taken"}
    group = data.get(CONF_GROUP, "")
    if len(group) > MAX_GROUP_LENGTH or not group.isprintable():
        return {"base": "group_not_possible"}
    return {}


def holder_subentries(entry: ConfigEntry) -> list[ConfigSubentry]:
    """Return the holders of an entry."""
    return [
        subentry
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_HOLDER
    ]


def read_holder(subentry: ConfigSubentry) -> Holder:
    """Return the holder that a subentry describes."""
    data = subentry.data
    kind = data.get(CONF_TOKEN_TYPE, TOKEN_TYPES[0])
    stations, energy = data.get(CONF_STATIONS), data.get(CONF_MOST_ENERGY)
    hours = data.get(CONF_MOST_HOURS)
    return Holder(
        id=subentry.subentry_id,
        name=subentry.title,
        tokens=frozenset(IdToken(token, kind) for token in data[CONF_TOKENS]),
        blocked=data.get(CONF_BLOCKED, False),
        expires_at=_time(data.get(CONF_EXPIRES)),
        group=data.get(CONF_GROUP),
        stations=frozenset(stations) if stations else None,
        concurrent=data.get(CONF_CONCURRENT, False),
        vehicle=data.get(CONF_VEHICLE),
        most_wh=None if energy is None else energy * 1000,
        most_time=None if hours is None else timedelta(hours=hours),
    )


def _time(text: str | None) -> datetime | None:
    """Return a time that was given by the clock of the house."""
    time = dt_util.parse_datetime(text) if text else None
    return None if time is None else dt_util.as_utc(time)
