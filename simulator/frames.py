"""Frames of OCPP-J, errors, and the schemas of the messages."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import orjson

type Json = dict[str, Any]
type Direction = Literal["sent", "received"]
type Version = Literal["1.6", "2.0.1", "2.1"]

CALL = 2
CALLRESULT = 3
CALLERROR = 4
CALLRESULTERROR = 5
SEND = 6

SUBPROTOCOLS: dict[str, str] = {
    "1.6": "ocpp1.6",
    "2.0.1": "ocpp2.0.1",
    "2.1": "ocpp2.1",
}
_FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}


@dataclass(frozen=True)
class Frame:
    """One recorded frame."""

    direction: Direction
    kind: int
    message_id: str
    action: str
    payload: Any
    """Payload of a CALL, CALLRESULT or SEND; [code, description, details] of an error."""
    raw: str | bytes
    time: datetime

    @property
    def is_call(self) -> bool:
        """Return whether the frame is a request."""
        return self.kind == CALL


class SimulatorError(Exception):
    """Something the station could not do."""


class ConnectionLost(SimulatorError):
    """The socket closed before the answer came."""


class SchemaViolation(SimulatorError):
    """A payload that the station was about to send breaks its schema."""


class CallRefused(SimulatorError):
    """A CALLERROR: received by a caller, or raised by a handler to send one."""

    def __init__(self, code: str, description: str = "", details: Any = None) -> None:
        """Keep the parts of the error."""
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.details = {} if details is None else details


class Schemas:
    """The message schemas of one version, compiled when first used."""

    def __init__(self, version: str) -> None:
        """Find the folder of a version."""
        spec = find_spec("ocpp")
        if spec is None or not spec.submodule_search_locations:
            raise SimulatorError(
                "the package ocpp, which holds the schemas, is not installed"
            )
        self.version = version
        self._folder = (
            Path(spec.submodule_search_locations[0]) / _FOLDERS[version] / "schemas"
        )
        self._request_suffixes = ("",) if version == "1.6" else ("Request", "")
        self._compiled: dict[tuple[str, bool], jsonschema_rs.Validator | None] = {}

    def validator(
        self, action: str, *, response: bool
    ) -> jsonschema_rs.Validator | None:
        """Return the validator of a message, or None when the version lacks it."""
        key = (action, response)
        if key not in self._compiled:
            self._compiled[key] = self._load(action, response=response)
        return self._compiled[key]

    def _load(self, action: str, *, response: bool) -> jsonschema_rs.Validator | None:
        """Compile one schema."""
        if not action.isalnum() or (
            action.endswith("Response") and self.version == "1.6"
        ):
            return None
        for suffix in ("Response",) if response else self._request_suffixes:
            path = self._folder / f"{action}{suffix}.json"
            if path.is_file():
                return jsonschema_rs.validator_for(orjson.loads(path.read_bytes()))
        return None

    def knows(self, action: str) -> bool:
        """Return whether the version has an action."""
        return self.validator(action, response=False) is not None

    def check(self, action: str, payload: Any, *, response: bool) -> None:
        """Raise when a payload to be sent breaks its schema."""
        validator = self.validator(action, response=response)
        if validator is None:
            return
        for error in validator.iter_errors(payload):
            where = "/".join(str(part) for part in error.instance_path)
            raise SchemaViolation(f"{action}: {error.message} at {where or 'top'}")

    def refusal(
        self, action: str, payload: Any, *, response: bool = False
    ) -> CallRefused | None:
        """Return the error with which to answer a received payload, if it is wrong."""
        validator = self.validator(action, response=response)
        if validator is None:
            return None
        for error in validator.iter_errors(payload):
            code = _violation_code(self.version, str(error.schema_path[-1]))
            return CallRefused(
                code, error.message[:255], {"path": list(error.instance_path)}
            )
        return None


def _violation_code(version: str, keyword: str) -> str:
    """Return the error code for a broken schema keyword."""
    if keyword in {"required", "minItems", "maxItems"}:
        return (
            "OccurenceConstraintViolation"
            if version == "1.6"
            else "OccurrenceConstraintViolation"
        )
    if keyword == "type":
        return "TypeConstraintViolation"
    if keyword in {"enum", "maxLength", "minimum", "maximum", "multipleOf"}:
        return "PropertyConstraintViolation"
    return "FormationViolation" if version == "1.6" else "FormatViolation"


@cache
def schemas(version: str) -> Schemas:
    """Return the shared schemas of a version."""
    return Schemas(version)
