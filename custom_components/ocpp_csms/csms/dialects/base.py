"""What a dialect is: one OCPP version's messages as the neutral model's events and commands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from ..errors import CallError, CommandNotSupportedError, CommandRejectedError
from ..framing import ErrorCode, RpcError
from ..model.commands import Call, Command, Done
from ..model.events import Event
from ..model.replies import Reply
from ..model.variable import VariableRef
from ..model.version import OcppVersion

type Payload = dict[str, Any]


class Setting(Enum):
    """Settings of a station that the central system takes care of, by their meaning."""

    SAMPLED_MEASURANDS = auto()
    SAMPLED_MAXIMUM = auto()
    SAMPLE_INTERVAL = auto()
    ALIGNED_INTERVAL = auto()
    PROFILE_UNITS = auto()
    PROFILE_STACK_LEVEL = auto()
    PROFILE_PERIODS = auto()
    CONNECTOR_COUNT = auto()
    LOCAL_LIST_ENABLED = auto()
    LOCAL_LIST_AT_ONCE = auto()
    """How many entries of the local list fit in one message."""
    LOCAL_LIST_BYTES = auto()
    """How long such a message may be."""
    LOCAL_LIST_LENGTH = auto()
    """How many entries the list holds at most."""
    CACHE_ENABLED = auto()


@dataclass(frozen=True, slots=True)
class Inbound:
    """How a station's message becomes an event, and the reply a response payload."""

    decode: Callable[[Payload, datetime], Event]
    encode: Callable[[Any], Payload]


@dataclass(frozen=True, slots=True)
class Outbound:
    """How a command becomes a request, and the response a result."""

    action: str
    encode: Callable[[Any], Payload]
    decode: Callable[[Any, Payload], Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One OCPP version."""

    version: OcppVersion
    inbound: dict[str, Inbound]
    outbound: dict[type[Command[Any]], Outbound]
    settings: Mapping[Setting, VariableRef]
    reports_inventory: bool
    """Whether the configuration comes as NotifyReport pages instead of one answer."""
    max_token_length: int
    max_variables: int
    """How many variables fit in one Get/SetVariables; 0 is any number."""

    def decode(self, action: str, payload: Payload, now: datetime) -> Event:
        """Return the event that a station's request means. Raises RpcError."""
        inbound = self.inbound.get(action)
        if inbound is None:
            raise RpcError(ErrorCode.NOT_SUPPORTED, f"{action} is not handled")
        return inbound.decode(payload, now)

    def encode_reply(self, action: str, reply: Reply) -> Payload:
        """Return the response payload for a reply."""
        return self.inbound[action].encode(reply)

    def encode(self, command: Command[Any]) -> tuple[str, Payload]:
        """Return action and payload of a command. Raises CommandNotSupportedError."""
        if isinstance(command, Call):
            return command.action, command.payload
        outbound = self._outbound(command)
        return outbound.action, outbound.encode(command)

    def decode_result[R](self, command: Command[R], payload: Payload) -> R:
        """Return the result of a command. Raises CommandRejectedError or CallError."""
        if isinstance(command, Call):
            return payload  # type: ignore[return-value]
        try:
            result: R = self._outbound(command).decode(command, payload)
        except (KeyError, TypeError, ValueError) as error:
            raise CallError(
                "FormationViolation", f"unusable answer: {error!r}"
            ) from error
        return result

    def supports(self, command: type[Command[Any]]) -> bool:
        """Return whether this version has a message for a command."""
        return command is Call or command in self.outbound

    def _outbound(self, command: Command[Any]) -> Outbound:
        outbound = self.outbound.get(type(command))
        if outbound is None:
            raise CommandNotSupportedError(type(command).__name__)
        return outbound


def done(*good: str) -> Callable[[Any, Payload], Done]:
    """Return a reader of answers that say no more than a status."""

    def decode(_: Any, payload: Payload) -> Done:
        status = str(payload.get("status", ""))
        if status in good:
            return Done(status)
        info = payload.get("statusInfo") or {}
        reason = " ".join(
            str(info[key]) for key in ("reasonCode", "additionalInfo") if info.get(key)
        )
        raise CommandRejectedError(status, reason)

    return decode


def empty(_: object) -> Payload:
    """Return the payload of a message without content."""
    return {}


def without_none(**fields: Any) -> Payload:
    """Return a payload of the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
