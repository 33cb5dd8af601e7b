"""A message about a profile, and what it makes of the profiles that are installed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..model.profile import Kind, Purpose
from .composite import Installed
from .profile import layer_of
from .sameness import slot


class OperationKind(StrEnum):
    """What is sent."""

    SET = "set"
    """SetChargingProfile."""
    UPDATE = "update"
    """UpdateDynamicSchedule, which wears out nothing (2.1 K28)."""
    CLEAR = "clear"
    """ClearChargingProfile, by its id."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A message and the profile that it is about."""

    kind: OperationKind
    installed: Installed

    @property
    def wears(self) -> bool:
        """Whether the station has to store something for it."""
        return self.kind is not OperationKind.UPDATE


def next_operation(
    step: Operation, before: Installed | None, there: Iterable[Installed]
) -> Operation:
    """Return the next message that a step takes.

    `before` is the profile of its id, `there` what is installed on its EVSE: what is in its
    way has to go first.
    """
    if step.kind is OperationKind.CLEAR:
        return step
    item = step.installed
    other = next((o for o in there if _is_in_the_way(o, item)), None)
    if other is not None:
        return Operation(OperationKind.CLEAR, other)
    return _written(item, before)


def after(
    believed: Iterable[Installed], operations: Iterable[Operation]
) -> tuple[Installed, ...]:
    """Return what is installed once operations have been accepted."""
    present = {item.profile.id: item for item in believed}
    for operation in operations:
        if operation.kind is OperationKind.CLEAR:
            present.pop(operation.installed.profile.id, None)
        else:
            present[operation.installed.profile.id] = operation.installed
    return tuple(present.values())


def _is_in_the_way(other: Installed, item: Installed) -> bool:
    """Return whether a profile of ours is in another's place: 2.x does not replace it (K01.FR.06)."""
    return (
        place_of(other) == place_of(item)
        and other.profile.id != item.profile.id
        and layer_of(other.profile.id) is not None
    )


def place_of(item: Installed) -> tuple[int, Purpose, int]:
    """Return what no two profiles of a station may share (2.x K01.FR.06)."""
    return item.evse_id, item.profile.purpose, item.profile.stack_level


def _written(item: Installed, before: Installed | None) -> Operation:
    """Return how a profile is written: a Dynamic one that is there is but updated."""
    updates = (
        before is not None
        and item.profile.kind is Kind.DYNAMIC is before.profile.kind
        and before.evse_id == item.evse_id
        and slot(item.profile) == slot(before.profile)
        and item.profile.schedule.duration_s == before.profile.schedule.duration_s
    )
    return Operation(OperationKind.UPDATE if updates else OperationKind.SET, item)
