"""Actions: schema, description, texts and icons agree."""

from collections.abc import Iterator
import re
from typing import Any

import homeassistant.components  # noqa: F401
from homeassistant.helpers.service import _SERVICES_SCHEMA
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.ocpp_csms.action_target import TARGET_FIELDS
from custom_components.ocpp_csms.csms.model.commands import Trigger
from custom_components.ocpp_csms.services import ACTIONS
from custom_components.ocpp_csms.session_actions import SESSION_ACTIONS

from .files import INTEGRATION, REPOSITORY, load_json, load_yaml

ALL = [*ACTIONS, *SESSION_ACTIONS]
DESCRIBED = load_yaml("services.yaml")
TEXTS = load_json("translations/en.json")
ICONS = load_json("icons.json")


def words(text: str) -> set[str]:
    """Return what stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


DOCUMENTED = (REPOSITORY / "docs" / "actions.md").read_text("utf-8")
WORDS = words(re.sub(r"^```.*?^```", "", DOCUMENTED, flags=re.DOTALL | re.MULTILINE))


def schema_fields(action: str) -> dict[str, Any]:
    """Return the fields of an action with their markers, by name."""
    if action in SESSION_ACTIONS:
        return {str(key): key for key in SESSION_ACTIONS[action][0]}
    return {str(key): key for key in {**TARGET_FIELDS, **ACTIONS[action][0]}}


def test_same_actions() -> None:
    """Code, description, texts and icons know the same actions."""
    assert list(DESCRIBED) == ALL
    assert list(TEXTS["services"]) == ALL
    assert list(ICONS["services"]) == ALL


@pytest.mark.parametrize("action", ALL)
def test_same_fields(action: str) -> None:
    """Each field is described and named, and required where the code requires it."""
    described = DESCRIBED[action]["fields"]
    markers = schema_fields(action)
    assert described.keys() == markers.keys()
    texts = TEXTS["services"][action]
    assert texts["name"]
    assert texts["description"]
    assert texts["fields"].keys() == markers.keys()
    for name, field in described.items():
        assert texts["fields"][name]["name"], name
        assert texts["fields"][name]["description"], name
        required = type(markers[name]).__name__ == "Required"
        assert field.get("required", False) is required, name
        assert field["selector"], name


def described_words(field: dict[str, Any]) -> Iterator[str]:
    """Return the choices of a field, and the fields of its parts with theirs."""
    selector = field["selector"]
    yield from (selector.get("select") or {}).get("options", ())
    for name, part in (selector.get("object") or {}).get("fields", {}).items():
        yield name
        yield from described_words(part)


@pytest.mark.parametrize("action", ALL)
def test_documented(action: str) -> None:
    """The documentation names each action with all its fields and choices."""
    assert re.search(rf"^\| `{action}` \|", DOCUMENTED, re.MULTILINE)
    for name, field in DESCRIBED[action]["fields"].items():
        missing = {name, *described_words(field)} - WORDS
        assert missing == set(), name


def test_documented_messages() -> None:
    """The documentation names all messages that can be asked for, where it lists them."""
    (line,) = re.findall(r"^- `message`: (.*)$", DOCUMENTED, re.MULTILINE)
    assert words(line) == {trigger.value for trigger in Trigger}


@pytest.mark.parametrize("action", ALL)
def test_defaults(action: str) -> None:
    """The default that the form shows is the one that holds without it."""
    for name, field in DESCRIBED[action]["fields"].items():
        if "default" in field:
            assert schema_fields(action)[name].default() == field["default"], name


@pytest.mark.parametrize("action", ALL)
def test_choices(action: str) -> None:
    """Choices are those that the schema takes, each with a text."""
    values = (
        SESSION_ACTIONS[action][0]
        if action in SESSION_ACTIONS
        else {**TARGET_FIELDS, **ACTIONS[action][0]}
    )
    checks = {str(key): value for key, value in values.items()}
    for name, field in DESCRIBED[action]["fields"].items():
        select = field["selector"].get("select")
        if not select:
            continue
        for option in select["options"]:
            check = checks[name]
            if callable(check):
                assert check(option) in (option, [option])
        if key := select.get("translation_key"):
            assert TEXTS["selector"][key]["options"].keys() == set(select["options"])


def test_runtime_schema() -> None:
    """Home Assistant's own schema takes the description."""
    _SERVICES_SCHEMA(load_yaml_dict(str(INTEGRATION / "services.yaml")))


def test_icons() -> None:
    """Icons are of entities that exist, by their translation keys."""
    for platform, icons in ICONS["entity"].items():
        known = TEXTS["entity"][platform]
        assert icons.keys() <= known.keys(), platform
        for key, icon in icons.items():
            assert icon["default"].startswith("mdi:")
            states = icon.get("state", {}).keys()
            if "state" in known[key]:
                assert states <= known[key]["state"].keys()
