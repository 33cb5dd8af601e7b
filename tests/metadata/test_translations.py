"""Every key that the code names has a text, and every text is of use."""

import ast
from enum import StrEnum
import importlib
import re
from string import Formatter
from typing import Any
from unittest.mock import Mock

from homeassistant.helpers.entity import EntityDescription
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms import (
    PLATFORMS,
    holder_form,
    listener_form,
    station_form,
)
from custom_components.ocpp_csms.csms.journal.errors import JournalProblem
from custom_components.ocpp_csms.csms.model.evse import EvseStatus
from custom_components.ocpp_csms.meter_sensor import DESCRIPTIONS
from custom_components.ocpp_csms.repairs import _MENDABLE

from .files import INTEGRATION, argument, calls, constant, load_json

EN = load_json("translations/en.json")
OPTIONS_SCHEMA = listener_form.options_schema(Mock())
HOLDER_SCHEMA = holder_form.holder_schema(MockConfigEntry())
FLOWS = ("config_flow.py", "holder_flow.py", "station_flow.py")
FORMS = ("holder_form.py", "listener_form.py", "station_form.py")
PACKAGE = "custom_components.ocpp_csms"
BESIDE = {"sensor": ("sensor", "session_sensor", "holder_sensor")}
"""Platforms whose entities are described in several modules."""
MODULES = [platform.value for platform in PLATFORMS]


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def is_description(item: object) -> bool:
    """Return whether something is a description; their classes are made at run time."""
    return not isinstance(item, type) and hasattr(item, "entity_category")


def descriptions(platform: str) -> list[EntityDescription]:
    """Return the entity descriptions of a platform."""
    found: list[EntityDescription] = []
    for name in BESIDE.get(platform, (platform,)):
        module = importlib.import_module(f"{PACKAGE}.{name}")
        for value in vars(module).values():
            items = value if isinstance(value, tuple) else (value,)
            found += [item for item in items if is_description(item)]
    return found


@pytest.mark.parametrize("platform", sorted(MODULES))
def test_entities(platform: str) -> None:
    """Every entity has a name, by its key or by its device class."""
    texts = EN["entity"].get(platform, {})
    found = descriptions(platform)
    assert found
    for description in found:
        key = description.translation_key
        if key is None:
            assert description.device_class is not None, description.key
        else:
            assert texts[key]["name"], key
    extra = {f"{d.key}{at}" for d in DESCRIPTIONS.values() for at in ("", "_at")}
    known = {d.translation_key for d in found} | (
        extra if platform == "sensor" else set()
    )
    assert texts.keys() <= known


def test_meter() -> None:
    """Every measurand has a name, alone and with a place."""
    texts = EN["entity"]["sensor"]
    for description in DESCRIPTIONS.values():
        assert texts[description.key]["name"]
        assert placeholders(texts[f"{description.key}_at"]["name"]) == {"place"}


@pytest.mark.parametrize("platform", sorted(MODULES))
def test_states(platform: str) -> None:
    """Every word that a state or an event can be has a text."""
    for description in descriptions(platform):
        key = description.translation_key or ""
        if options := getattr(description, "options", None):
            states = EN["entity"][platform][key]["state"]
            assert states.keys() == set(options), key
        if types := getattr(description, "event_types", None):
            texts = EN["entity"][platform][key]["state_attributes"]["event_type"]
            assert texts["state"].keys() == set(types), key


def test_status_words() -> None:
    """The status has the same words on every version."""
    states = EN["entity"]["sensor"]["status"]["state"]
    assert states.keys() == {status.value for status in EvseStatus}


def test_device() -> None:
    """The device of an EVSE has its number in its name."""
    assert placeholders(EN["device"]["evse"]["name"]) == {"evse"}


def raised_keys() -> dict[str, set[str]]:
    """Return the translation keys of all errors in the code, with their placeholders."""
    found: dict[str, set[str]] = {}
    for _, name, call in calls():
        words = {word.arg for word in call.keywords if word.arg}
        if name == "InvalidRequestError":
            keys = [constant(call.args[0])]
            if isinstance(call.args[0], ast.IfExp):
                keys = [constant(call.args[0].body), constant(call.args[0].orelse)]
            words |= {"station"}
        elif name == "CorrectionError":
            keys, words = [constant(call.args[0])], {"session"}
        elif name == "_error":
            keys, words = [constant(call.args[0])], words | {"station"}
        elif name == "async_get_exception_message":
            keys, given = [constant(call.args[1])], call.args[2]
            assert isinstance(given, ast.Dict)
            words = {key for node in given.keys if (key := constant(node))}
        elif name in (
            "ServiceValidationError",
            "HomeAssistantError",
            "ConfigEntryNotReady",
        ):
            keys = [constant(argument(call, "translation_key"))]
            given = argument(call, "translation_placeholders")
            words = (
                {key for node in given.keys if (key := constant(node))}
                if isinstance(given, ast.Dict)
                else set()
            )
        else:
            continue
        for key in keys:
            if key is not None:
                found[key] = found.get(key, words) & words
    return found


def test_exceptions() -> None:
    """Every error has a text with placeholders that it fills, and no text is left over."""
    found = raised_keys()
    texts = {key: text["message"] for key, text in EN["exceptions"].items()}
    assert found.keys() == texts.keys()
    wrong = {
        key: placeholders(text) - found[key]
        for key, text in texts.items()
        if placeholders(text) - found[key]
    }
    assert wrong == {}


def test_issues() -> None:
    """Every reason that makes an issue has a text with placeholders that it fills."""
    reasons = {f"rejected_{reason}" for reason in _MENDABLE}
    journal = {problem.value for problem in JournalProblem} | {"journal_damaged"}
    assert EN["issues"].keys() == reasons | journal | {"setup_failed"}
    for issue in EN["issues"].values():
        used = placeholders(issue["title"]) | placeholders(issue["description"])
        assert used <= {"station", "address", "path", "detail", "step", "reason"}


def fields(schema: Any) -> dict[str, Any]:
    """Return the fields of a form, those of its sections under their names."""
    return {
        str(key): fields(value.schema) if hasattr(value, "schema") else None
        for key, value in schema.schema.items()
    }


def check_form(schema: Any, texts: dict[str, Any]) -> None:
    """Check that each field of a form has a name and a description, and each text a field."""
    plain = {key for key, inner in fields(schema).items() if inner is None}
    assert texts["data"].keys() == plain
    assert texts["data_description"].keys() == plain
    for key, inner in schema.schema.items():
        if hasattr(inner, "schema"):
            section = texts["sections"][str(key)]
            assert section["name"]
            check_form(inner.schema, section)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (listener_form.LISTENER_SCHEMA, "config.step.user"),
        (listener_form.LISTENER_SCHEMA, "config.step.reconfigure"),
        (station_form.CONFIRM_SCHEMA, "config.step.confirm"),
        (OPTIONS_SCHEMA, "options.step.init"),
        (HOLDER_SCHEMA, "config.step.token"),
        (HOLDER_SCHEMA, "config_subentries.id_token.step.details"),
        (HOLDER_SCHEMA, "config_subentries.id_token.step.reconfigure"),
        (
            station_form.STATION_SCHEMA,
            "config_subentries.charging_station.step.user",
        ),
        (
            station_form.RECONFIGURE_SCHEMA,
            "config_subentries.charging_station.step.reconfigure",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_forms(schema: Any, path: str) -> None:
    """Each form's fields are named and described."""
    texts: Any = EN
    for part in path.split("."):
        texts = texts[part]
    assert texts["title"]
    check_form(schema, texts)


def test_abort_reasons() -> None:
    """Each reason for which a flow ends has a text."""
    reasons = {
        reason
        for file, name, call in calls()
        if file.name in FLOWS and name == "async_abort"
        if (reason := constant(argument(call, "reason")))
    }
    known = EN["config"]["abort"].keys()
    for kind in EN["config_subentries"].values():
        known |= kind["abort"].keys()
    assert reasons | {"reconfigure_successful", "already_configured"} == known


def test_errors_of_forms() -> None:
    """Each error that a form can show has a text in its flow."""
    source = "".join(
        (INTEGRATION / name).read_text("utf-8")
        for name in (*FORMS, "csms/handshake.py")
    )
    subentry = EN["config_subentries"]["charging_station"]["error"]
    holder = EN["config_subentries"]["id_token"]["error"]
    chosen = {f"{key}_unit" for key in ("price_entity", "feed_in_entity", "co2_entity")}
    assert EN["options"]["error"].keys() == {*chosen, "grid_power_missing"}
    assert holder.items() <= EN["config"]["error"].items()
    for key in EN["config"]["error"].keys() | subentry.keys() | holder.keys():
        assert f'"{key}"' in source, key
    identity = {"no_identity", "identity_characters", "identity_too_long"}
    assert set(subentry) == {"password_too_long", "id_token_length"} | identity
    assert "password_too_long" in EN["config"]["error"]


def test_keys_are_slugs() -> None:
    """Keys are what Home Assistant takes as keys of translations."""

    def walk(node: Any, path: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        wrong = [
            f"{path}.{key}" for key in node if not re.fullmatch(r"[a-z0-9_-]+", key)
        ]
        return wrong + [
            w for key, sub in node.items() for w in walk(sub, f"{path}.{key}")
        ]

    assert walk(EN, "") == []


def test_no_enum_in_descriptions() -> None:
    """Options are plain words."""
    for platform in MODULES:
        for description in descriptions(platform):
            for option in getattr(description, "options", None) or ():
                assert not isinstance(option, StrEnum)
