"""Configuration of a station: 1.6 keys and 2.x component variables, in one shape."""

from dataclasses import dataclass
from typing import NamedTuple, override


class VariableRef(NamedTuple):
    """Address of a variable. A 1.6 key has no component."""

    name: str
    component: str = ""
    instance: str | None = None
    component_instance: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None

    @override
    def __str__(self) -> str:
        """Return the notation that users read and write: Component[.instance].Variable."""
        name = f"{self.name}[{self.instance}]" if self.instance else self.name
        if not self.component:
            return name
        component = self.component
        if self.component_instance:
            component = f"{component}[{self.component_instance}]"
        if self.evse_id is not None:
            place = (
                f"{self.evse_id}"
                if self.connector_id is None
                else (f"{self.evse_id}:{self.connector_id}")
            )
            component = f"{component}@{place}"
        return f"{component}.{name}"


@dataclass(frozen=True, slots=True)
class Variable:
    """Value of a variable. `value` is None where the station did not tell it."""

    ref: VariableRef
    value: str | None
    readonly: bool = False
    limit: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariableResult:
    """Answer for one variable that was read or written."""

    ref: VariableRef
    status: str
    value: str | None = None
    readonly: bool | None = None
    reason: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the value was read, or the write taken."""
        return self.status in ("Accepted", "RebootRequired")
