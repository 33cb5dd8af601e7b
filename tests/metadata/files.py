"""The integration's files, read."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
INTEGRATION = REPOSITORY / "custom_components" / "ocpp_csms"


def load_json(name: str) -> Any:
    """Return a JSON file of the integration."""
    return json.loads((INTEGRATION / name).read_text("utf-8"))


def load_yaml(name: str) -> Any:
    """Return a YAML file of the integration."""
    return yaml.safe_load((INTEGRATION / name).read_text("utf-8"))


def calls() -> Iterator[tuple[Path, str, ast.Call]]:
    """Return all calls in the integration's code: file, name of the function, call."""
    for file in sorted(INTEGRATION.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                name = (
                    function.attr
                    if isinstance(function, ast.Attribute)
                    else getattr(function, "id", "")
                )
                yield file, name, node


def constant(node: ast.expr | None) -> str | None:
    """Return a text that is written in the code, None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return a keyword argument of a call."""
    return next((word.value for word in call.keywords if word.arg == name), None)
