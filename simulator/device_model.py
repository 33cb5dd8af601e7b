"""The device model of an OCPP 2.x station."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .frames import Json

_PAGE_LENGTH = 2500


class Name(NamedTuple):
    """What names a variable."""

    component: str
    variable: str
    instance: str | None = None
    """Instance of the variable."""
    evse: int | None = None
    connector: int | None = None
    component_instance: str | None = None


@dataclass
class Variable:
    """A variable with its attribute Actual and what may be done to it."""

    value: str | Callable[[], str]
    kind: str = "string"
    mutability: str = "ReadOnly"
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: str | None = None
    reboot_required: bool = False
    settings: bool = False
    """Whether the variable is part of the configuration inventory."""
    targets: dict[str, str] = field(default_factory=dict)
    """Values of attributes other than Actual."""

    @property
    def text(self) -> str:
        """Return the value."""
        return self.value() if callable(self.value) else self.value

    def accepts(self, value: str) -> bool:
        """Return whether a value suits the variable."""
        match self.kind:
            case "integer" | "decimal":
                try:
                    number = float(value) if self.kind == "decimal" else int(value)
                except ValueError:
                    return False
                low = self.minimum is None or number >= self.minimum
                return low and (self.maximum is None or number <= self.maximum)
            case "boolean":
                return value.lower() in {"true", "false"}
            case "OptionList" | "MemberList" | "SequenceList" if self.choices:
                allowed = set(self.choices.split(","))
                parts = [part for part in value.split(",") if part]
                return set(parts) <= allowed and (
                    self.kind != "OptionList" or len(parts) == 1
                )
        return len(value) <= _PAGE_LENGTH


class DeviceModel:
    """All variables of a station."""

    def __init__(self, factory: Callable[[], dict[Name, Variable]]) -> None:
        """Start with the settings of the factory."""
        self._factory = factory
        self._variables: dict[Name, Variable] = {}
        self._after_reboot: dict[Name, str] = {}
        self.factory_reset()

    def factory_reset(self) -> None:
        """Go back to the settings of the factory."""
        self._variables = self._factory()
        self._after_reboot.clear()

    def __iter__(self) -> Iterator[Name]:
        """Iterate over the names."""
        return iter(self._variables)

    def __getitem__(self, key: tuple[str, str] | Name) -> str:
        """Return a value; a missing variable is a KeyError."""
        return self._variables[Name(*key)].text

    def __setitem__(self, key: tuple[str, str] | Name, value: str) -> None:
        """Set a value as the installer would, whatever the rules."""
        name = Name(*key)
        if name in self._variables:
            self._variables[name].value = value
        else:
            self._variables[name] = Variable(
                value, mutability="ReadWrite", settings=True
            )

    def __delitem__(self, key: tuple[str, str] | Name) -> None:
        """Let the station not know a variable."""
        del self._variables[Name(*key)]

    def remove_component(self, component: str) -> None:
        """Let the station not know a component."""
        self._variables = {
            n: v for n, v in self._variables.items() if n.component != component
        }

    def define(self, name: Name, variable: Variable) -> None:
        """Add or redefine a variable."""
        self._variables[name] = variable

    def variable(self, name: Name) -> Variable:
        """Return a variable with what may be done to it."""
        return self._variables[name]

    def text(self, component: str, variable: str, instance: str | None = None) -> str:
        """Return a value, or nothing when it is missing."""
        found = self._variables.get(Name(component, variable, instance))
        return found.text if found else ""

    def number(self, component: str, variable: str) -> float:
        """Return a value as a number; a large one when it is missing."""
        try:
            return float(self.text(component, variable) or 9999)
        except ValueError:
            return 9999.0

    def knows_component(self, name: Name) -> bool:
        """Return whether a component is there."""
        return any(
            other.component == name.component
            and (other.evse, other.connector) == (name.evse, name.connector)
            for other in self._variables
        )

    def status_of(self, name: Name, attribute: str) -> str:
        """Return whether an attribute can be found."""
        if name in self._variables:
            variable = self._variables[name]
            known = attribute == "Actual" or attribute in variable.targets
            return "Accepted" if known else "NotSupportedAttributeType"
        return "UnknownVariable" if self.knows_component(name) else "UnknownComponent"

    def get(self, name: Name, attribute: str) -> tuple[str, str | None]:
        """Return status and value as the central system gets them."""
        status = self.status_of(name, attribute)
        if status != "Accepted":
            return status, None
        variable = self._variables[name]
        if variable.mutability == "WriteOnly":
            return "Rejected", None
        return status, variable.text if attribute == "Actual" else variable.targets[
            attribute
        ]

    def change(self, name: Name, attribute: str, value: str) -> str:
        """Change a value as the central system asks; return the status."""
        status = self.status_of(name, attribute)
        if status != "Accepted":
            return status
        variable = self._variables[name]
        if variable.mutability == "ReadOnly" or not variable.accepts(value):
            return "Rejected"
        if variable.reboot_required:
            self._after_reboot[name] = value
            return "RebootRequired"
        if attribute == "Actual":
            variable.value = value
        else:
            variable.targets[attribute] = value
        return "Accepted"

    def reboot(self) -> None:
        """Let the changes that waited for a reboot take effect."""
        for name, value in self._after_reboot.items():
            self[name] = value
        self._after_reboot.clear()

    def report(self, kind: str) -> list[Json]:
        """Return the report data of a base report."""
        return [
            report_entry(name, variable)
            for name, variable in self._variables.items()
            if kind != "ConfigurationInventory" or variable.settings
            if kind != "SummaryInventory" or name.variable in _SUMMARY
        ]

    def search(self, wanted: list[Json], criteria: list[str]) -> list[Json]:
        """Return the report data of the variables asked for."""
        return [
            report_entry(name, variable)
            for name, variable in self._variables.items()
            if (not wanted or any(_matches(name, item) for item in wanted))
            and (not criteria or self._meets(name, criteria))
        ]

    def _meets(self, name: Name, criteria: list[str]) -> bool:
        """Return whether a component has one of the properties asked for."""
        return any(
            self._variables[other].text.lower() == "true"
            for other in self._variables
            if other.variable in criteria
            and (other.component, other.evse, other.connector)
            == (name.component, name.evse, name.connector)
        )


_SUMMARY = {"AvailabilityState", "Available", "Enabled", "Problem"}


def _matches(name: Name, wanted: Json) -> bool:
    """Return whether a variable is one of those asked for."""
    component, variable = wanted["component"], wanted.get("variable")
    evse = component.get("evse")
    if component["name"].lower() != name.component.lower():
        return False
    if evse is not None and evse["id"] != name.evse:
        return False
    if evse is not None and evse.get("connectorId") not in {None, name.connector}:
        return False
    if variable is None:
        return True
    return variable["name"].lower() == name.variable.lower() and variable.get(
        "instance"
    ) in {None, name.instance}


def read_name(item: Json) -> Name:
    """Read component and variable of a message."""
    component, variable = item["component"], item["variable"]
    evse = component.get("evse", {})
    return Name(
        component["name"],
        variable["name"],
        variable.get("instance"),
        evse.get("id"),
        evse.get("connectorId"),
        component.get("instance"),
    )


def write_name(name: Name) -> Json:
    """Return component and variable as they stand in messages."""
    component: Json = {"name": name.component}
    if name.component_instance is not None:
        component["instance"] = name.component_instance
    if name.evse is not None:
        component["evse"] = {"id": name.evse}
        if name.connector is not None:
            component["evse"]["connectorId"] = name.connector
    variable: Json = {"name": name.variable}
    if name.instance is not None:
        variable["instance"] = name.instance
    return {"component": component, "variable": variable}


def report_entry(name: Name, variable: Variable) -> Json:
    """Return a variable as it stands in a report."""
    attribute: Json = {"type": "Actual", "mutability": variable.mutability}
    if variable.mutability != "WriteOnly":
        attribute["value"] = variable.text
    characteristics: Json = {"dataType": variable.kind, "supportsMonitoring": False}
    optional = {
        "unit": variable.unit,
        "minLimit": variable.minimum,
        "maxLimit": variable.maximum,
        "valuesList": variable.choices,
    }
    characteristics.update({k: v for k, v in optional.items() if v is not None})
    others = [
        {"type": kind, "value": value} for kind, value in variable.targets.items()
    ]
    return {
        **write_name(name),
        "variableAttribute": [attribute, *others],
        "variableCharacteristics": characteristics,
    }
