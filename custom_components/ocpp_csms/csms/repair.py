"""Schema-driven repair of what stations send: lenient in what we take.

A payload that breaks its schema is mended where the meaning is plain (a number as a
string, an object where an array of one belongs, an enum value in another spelling). A
list item that can't be mended is dropped and the rest of the message is used. Only a
message whose own indispensable field is unusable is refused.
"""

import copy
from typing import Any

from jsonschema_rs import ValidationError, Validator

from .framing import ErrorCode, RpcError

type Path = list[str | int]

_ROUNDS = 6
_MAX_NODES = 3000
"""A broken payload of more parts is not mended: to find its breaches takes too long."""

_HARMLESS = frozenset(
    {
        "additionalProperties",
        "format",
        "maxItems",
        "maxLength",
        "minItems",
        "minLength",
        "multipleOf",
        "pattern",
    }
)
"""Breaches that don't hinder use: what is too long, too many or surplus is read as it is."""

_DISPENSABLE = frozenset(
    {
        "chargePointModel",
        "chargePointVendor",
        "chargingState",
        "errorCode",
        "eventNotificationType",
        "expiryDate",
        "generatedAt",
        "idTag",
        "model",
        "reason",
        "seqNo",
        "timestamp",
        "trigger",
        "triggerReason",
        "variableCharacteristics",
        "vendorName",
    }
)
"""Required fields without which a message still says enough."""

_MINOR = frozenset(
    {"context", "format", "location", "customData", "signedMeterValue", "info"}
)
"""Optional fields of a list item that may go without the item losing its meaning."""

_ALIASES = {
    "c": "Celsius",
    "degc": "Celsius",
    "°c": "Celsius",
    "f": "Fahrenheit",
    "degf": "Fahrenheit",
    "hz": "Hertz",
    "%": "Percent",
    "percentage": "Percent",
    "amp": "A",
    "ampere": "A",
    "amps": "A",
    "volt": "V",
    "volts": "V",
    "watt": "W",
    "watts": "W",
    "power": "W",
    "current": "A",
}

_CODES = {
    "type": ErrorCode.TYPE,
    "required": ErrorCode.OCCURRENCE,
    "enum": ErrorCode.PROPERTY,
}


def mend(
    validator: Validator, payload: dict[str, Any], *, keep_unknown_words: bool = False
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a usable copy of a payload, and what was mended or dropped.

    With `keep_unknown_words` an enum value outside its list is left for the reader: the
    status of an answer says something also in an unknown word. Raises RpcError where
    the message can't be used.
    """
    if _weigh(payload, _MAX_NODES) <= 0:
        raise RpcError(ErrorCode.FORMAT, "the payload is too large to be mended")
    payload = copy.deepcopy(payload)
    notes: list[str] = []
    for _ in range(_ROUNDS):
        breaches = [
            error
            for error in validator.iter_errors(payload)
            if not _tolerable(error, keep_unknown_words=keep_unknown_words)
        ]
        if not breaches:
            return payload, tuple(notes)
        _mend_round(payload, breaches, notes)
    raise RpcError(ErrorCode.FORMAT, "the payload breaks its schema in too many ways")


def _weigh(value: Any, left: int) -> int:
    """Return how much is left of a number of parts after counting those of a value."""
    left -= 1
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return left
    for item in value:
        if left <= 0:
            break
        left = _weigh(item, left)
    return left


def _tolerable(error: ValidationError, *, keep_unknown_words: bool) -> bool:
    kind = error.kind.name
    if kind in _HARMLESS:
        return True
    if kind == "required":
        return error.kind.as_dict().get("property") in _DISPENSABLE
    if kind == "enum" and keep_unknown_words:
        return isinstance(error.instance, str)
    return False


def _mend_round(
    payload: dict[str, Any], breaches: list[ValidationError], notes: list[str]
) -> None:
    """Mend every breach once; items to drop go last, from the end, so that paths hold."""
    doomed: set[tuple[str | int, ...]] = set()
    for error in breaches:
        path = list(error.instance_path)
        if error.kind.name == "type":
            mended = _convert(error.instance, error.kind.as_dict().get("types", ()))
        elif error.kind.name == "enum":
            mended = _respell(error.instance, error.kind.as_dict().get("options", ()))
        else:
            mended = None
        if mended is not None and path:
            _put(payload, path, mended)
            notes.append(f"{_spell(path)}: {error.kind.name} mended")
        else:
            doomed.add(_drop_target(path, error))
    for target in sorted(doomed, key=_order, reverse=True):
        _remove(payload, target)
        notes.append(f"{_spell(target)}: dropped")


def _convert(value: Any, types: Any) -> Any:
    """Return the value in the wanted type where its meaning is plain, else None."""
    wanted = {types} if isinstance(types, str) else set(types)
    if "array" in wanted and isinstance(value, dict):
        return [value]
    if isinstance(value, bool):
        return str(value).lower() if "string" in wanted else None
    if "string" in wanted and isinstance(value, int | float):
        return str(value)
    if "boolean" in wanted and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    if wanted & {"integer", "number"} and isinstance(value, str | float):
        return _number(value, whole="number" not in wanted)
    return None


def _number(value: str | float, *, whole: bool) -> float | int | None:
    try:
        number = float(value)
        return round(number) if whole else number
    except ValueError, OverflowError:
        return None


def _respell(value: Any, options: Any) -> str | None:
    """Return the option that is meant by a value in another spelling."""
    if not isinstance(value, str):
        return None
    plain = _plain(value)
    alias = _ALIASES.get(value.strip().lower())
    for option in options:
        if isinstance(option, str) and (_plain(option) == plain or option == alias):
            return option
    return None


def _plain(word: str) -> str:
    return "".join(char for char in word.lower() if char.isalnum())


def _drop_target(path: Path, error: ValidationError) -> tuple[str | int, ...]:
    """Return what must go: a minor or null field alone, else the innermost list item."""
    if not path:
        raise RpcError(_CODES.get(error.kind.name, ErrorCode.FORMAT), error.message)
    if path[-1] in _MINOR or (error.instance is None and isinstance(path[-1], str)):
        return tuple(path)
    for end in range(len(path), 0, -1):
        if isinstance(path[end - 1], int):
            return tuple(path[:end])
    return tuple(path)


def _order(path: tuple[str | int, ...]) -> list[tuple[str, int]]:
    return [("", part) if isinstance(part, int) else (part, 0) for part in path]


def _put(payload: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        payload = payload[part]
    payload[path[-1]] = value


def _remove(payload: Any, path: tuple[str | int, ...]) -> None:
    """Remove what a path names; what went already with its parent is fine."""
    for part in path[:-1]:
        try:
            payload = payload[part]
        except KeyError, IndexError, TypeError:
            return
    if isinstance(payload, list):
        if isinstance(path[-1], int) and path[-1] < len(payload):
            del payload[path[-1]]
    elif isinstance(payload, dict):
        payload.pop(path[-1], None)


def _spell(path: Path | tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)
