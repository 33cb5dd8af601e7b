"""The knobs that quirks turn, and how a station's are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
import re
import tomllib
from typing import Any

from ..model.profile import Kind, Purpose, RateUnit
from ..model.station import StationInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileAttempt:
    """One way to send a limit; None takes what the station's own variables say."""

    purpose: Purpose | None = None
    kind: Kind | None = None
    stack_level: int | None = None
    unit: RateUnit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """The knobs; the defaults suit a station that follows the specification."""

    names: tuple[str, ...] = ()
    """The rules that apply, as file/rule."""
    call_timeout_s: float | None = None
    """How long it may take to answer, at least."""
    call_gap_s: float = 0.0
    """Rest between an answer and the next CALL."""
    boot_settle_s: float = 2.0
    """Rest between its boot and the first CALL."""
    answer_delay_s: Mapping[str, float] = field(default_factory=dict)
    """Rest before certain of its CALLs are answered, by action."""
    skip_steps: frozenset[str] = frozenset()
    """Steps of onboarding that do harm."""
    measurands: tuple[str, ...] | None = None
    """The only measurands that it may be asked for."""
    max_measurands: int | None = None
    """How many measurands it can sample at once."""
    readonly: frozenset[str] = frozenset()
    """Variables that can't be written though they look so."""
    min_sample_interval_s: int | None = None
    """The shortest interval of samples that it stands."""
    one_key_per_get: bool = False
    """Whether it can tell only one configuration key at a time."""
    ignore_connector_count: bool = False
    """Whether the number of connectors that it tells is nonsense."""
    power_from_current: bool = False
    """Whether its power is always 0, though its currents are right."""
    profile_attempts: tuple[ProfileAttempt, ...] = ()
    """The ways to send a limit, in order."""
    current_steps_a: tuple[float, ...] = ()
    """The only currents that it knows, in A."""
    min_current_a: float = 6.0
    """The least current that it can give, in A."""
    id_token: str | None = None
    """The only token with which it lets itself be started."""


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    vendor: re.Pattern[str]
    model: re.Pattern[str]
    firmware: re.Pattern[str]
    knobs: Mapping[str, Any]

    def matches(self, info: StationInfo) -> bool:
        return bool(
            self.vendor.search(info.vendor)
            and self.model.search(info.model)
            and self.firmware.search(info.firmware or "")
        )


class QuirkBook:
    """All known rules; later rules refine earlier ones."""

    def __init__(self, rules: Sequence[_Rule] = ()) -> None:
        """Hold the rules in order."""
        self._rules = tuple(rules)

    def find(self, info: StationInfo | None) -> Quirks:
        """Return the quirks of a station by what it says of itself."""
        quirks = Quirks()
        if info is None:
            return quirks
        for rule in self._rules:
            if rule.matches(info):
                quirks = replace(quirks, **rule.knobs, names=(*quirks.names, rule.name))
        return quirks


def load_quirks(folder: Path | None = None) -> QuirkBook:
    """Read all vendors' files. Reads files: not for the event loop."""
    folder = folder or Path(__file__).parent
    rules: list[_Rule] = []
    for file in sorted(folder.glob("*.toml")):
        data = tomllib.loads(file.read_text("utf-8"))
        rules += [_rule(file.stem, entry) for entry in data.get("rule", [])]
    return QuirkBook(rules)


def _rule(stem: str, entry: dict[str, Any]) -> _Rule:
    entry = dict(entry)
    name = f"{stem}/{entry.pop('name')}"
    entry.pop("source", None)
    vendor, model, firmware = (
        re.compile(entry.pop(key, ""), re.IGNORECASE)
        for key in ("vendor", "model", "firmware")
    )
    knobs = {key: _value(key, value) for key, value in entry.items()}
    return _Rule(name, vendor, model, firmware, knobs)


_KNOBS = {knob.name for knob in fields(Quirks)}


def _value(key: str, value: Any) -> Any:
    """Return a knob's value in its own type. Raises ValueError for an unknown knob."""
    if key not in _KNOBS:
        raise ValueError(f"unknown knob {key}")
    if key == "profile_attempts":
        return tuple(_attempt(item) for item in value)
    if key in ("skip_steps", "readonly"):
        return frozenset(value)
    return tuple(value) if isinstance(value, list) else value


def _attempt(item: dict[str, Any]) -> ProfileAttempt:
    return ProfileAttempt(
        purpose=Purpose(item["purpose"]) if "purpose" in item else None,
        kind=Kind(item["kind"]) if "kind" in item else None,
        stack_level=item.get("stack_level"),
        unit=RateUnit(item["unit"]) if "unit" in item else None,
    )
