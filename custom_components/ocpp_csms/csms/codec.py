"""JSON schemas of one OCPP version: strict in what we send, lenient in what we take."""

import asyncio
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jsonschema_rs import Validator, validator_for
import orjson

from .errors import InvalidPayloadError
from .framing import ErrorCode, RpcError
from .model.version import OcppVersion
from .repair import mend

_PACKAGES = {OcppVersion.V16: "v16", OcppVersion.V201: "v201", OcppVersion.V21: "v21"}


@dataclass(frozen=True, slots=True)
class Codec:
    """The compiled schemas of a version, by action."""

    version: OcppVersion
    requests: dict[str, Validator]
    responses: dict[str, Validator]

    def take_request(
        self, action: str, payload: dict[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return a usable request payload and what had to be mended; else raise RpcError."""
        validator = self.requests.get(action)
        if validator is None:
            raise RpcError(ErrorCode.NOT_IMPLEMENTED, f"unknown action {action}")
        return _take(validator, payload)

    def take_response(
        self, action: str, payload: dict[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return a usable response payload and what had to be mended; else raise RpcError."""
        return _take(self.responses[action], payload, keep_unknown_words=True)

    def check_request(self, action: str, payload: dict[str, Any]) -> None:
        """Raise InvalidPayloadError if a request that we want to send breaks its schema."""
        validator = self.requests.get(action)
        if validator is None or action not in self.responses:
            raise InvalidPayloadError(f"OCPP {self.version} has no call {action}")
        _check(validator, payload)

    def check_response(self, action: str, payload: dict[str, Any]) -> None:
        """Raise InvalidPayloadError if an answer that we want to send breaks its schema."""
        _check(self.responses[action], payload)


def _take(
    validator: Validator, payload: dict[str, Any], *, keep_unknown_words: bool = False
) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        if validator.is_valid(payload):
            return payload, ()
        return mend(validator, payload, keep_unknown_words=keep_unknown_words)
    except (ValueError, RecursionError) as error:
        raise RpcError(ErrorCode.FORMAT, "the payload is nested too deeply") from error


def _check(validator: Validator, payload: dict[str, Any]) -> None:
    try:
        if validator.is_valid(payload):
            return
        error = next(iter(validator.iter_errors(payload)))
    except (ValueError, TypeError, RecursionError) as problem:
        raise InvalidPayloadError(str(problem)) from problem
    place = ".".join(str(part) for part in error.instance_path)
    raise InvalidPayloadError(f"{place}: {error.message}" if place else error.message)


class Codecs:
    """The codecs of all versions, each compiled in a thread when it is first wanted."""

    def __init__(self) -> None:
        """Start with none."""
        self._loading: dict[OcppVersion, asyncio.Task[Codec]] = {}

    async def get(self, version: OcppVersion) -> Codec:
        """Return the codec of a version. A failure is not kept: the next one tries again."""
        loading = self._loading.get(version)
        failed = loading is not None and loading.done() and _has_failed(loading)
        if loading is None or failed:
            loading = asyncio.create_task(asyncio.to_thread(load, version))
            self._loading[version] = loading
        return await asyncio.shield(loading)


def _has_failed(loading: asyncio.Task[Codec]) -> bool:
    return loading.cancelled() or loading.exception() is not None


def load(version: OcppVersion) -> Codec:
    """Read and compile the schemas of a version. Reads files: not for the event loop."""
    requests: dict[str, Validator] = {}
    responses: dict[str, Validator] = {}
    folder = files("ocpp") / _PACKAGES[version] / "schemas"
    for file in folder.iterdir():
        if not file.name.endswith(".json"):
            continue
        validator = validator_for(orjson.loads(file.read_text("utf-8-sig")))
        name = file.name.removesuffix(".json")
        if name.endswith("Response"):
            responses[name.removesuffix("Response")] = validator
        else:
            requests[name.removesuffix("Request")] = validator
    return Codec(version, requests, responses)
