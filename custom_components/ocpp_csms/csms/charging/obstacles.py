"""Profiles of others that keep ours from being written, or from holding.

They are never touched, as they may be the fuse of an installer or the limit of a grid
operator; they are told, so that somebody can decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..model.profile import ChargingProfile, Purpose
from .composite import Installed
from .outlook import Outlook
from .profile import layer_of
from .timeline import has_meaning, is_over

_STATION = frozenset({Purpose.STATION_MAX, Purpose.STATION_EXTERNAL})
_RANKS = {Purpose.TX_DEFAULT: 0, Purpose.TX: 1, Purpose.PRIORITY: 2}
"""Which transaction profile goes before which (1.6 section 3.13.2, 2.x K01 and K21)."""


class ObstacleKind(StrEnum):
    """How a profile of another is in the way; keys for translation."""

    IN_PLACE = "in_place"
    """It has the place of one of ours, which 1.6 would replace and 2.x refuses (K01.FR.06)."""
    ABOVE = "above"
    """While it says something, it holds instead of one of ours."""
    LIMITS = "limits"
    """It allows less than ours at some time, and holds then."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A profile of another, and the one of ours that it is in the way of."""

    kind: ObstacleKind
    foreign: Installed
    own: Installed


def obstacles(
    desired: Iterable[Installed], believed: Iterable[Installed], outlook: Outlook
) -> tuple[Obstacle, ...]:
    """Return what is in the way of profiles, in the order of those.

    What is not valid any more is in nobody's way; what says nothing any more, or cannot be
    read, but for its place.
    """
    foreign = [item for item in believed if layer_of(item.profile.id) is None]
    return tuple(
        Obstacle(kind, other, own)
        for own in desired
        for other in foreign
        if (kind := _kind(own, other, outlook)) is not None
    )


def _kind(own: Installed, other: Installed, outlook: Outlook) -> ObstacleKind | None:
    mine, its = own.profile, other.profile
    if other.evse_id not in (0, own.evse_id) or _is_past(its, outlook):
        return None
    alike = mine.purpose is its.purpose and mine.transaction_id == its.transaction_id
    same_place = alike and own.evse_id == other.evse_id
    if same_place and mine.stack_level == its.stack_level:
        return ObstacleKind.IN_PLACE
    if not _speaks(its, outlook):
        return None
    if its.purpose in _STATION:
        if same_place and its.stack_level > mine.stack_level:
            return ObstacleKind.ABOVE
        return ObstacleKind.LIMITS if outlook.lowers(other, own) else None
    if mine.purpose in _STATION or its.purpose not in _RANKS:
        return None
    rank, own_rank = _RANKS[its.purpose], _RANKS[mine.purpose]
    above = (rank, its.stack_level) > (own_rank, mine.stack_level)
    return ObstacleKind.ABOVE if above else None


def _is_past(profile: ChargingProfile, outlook: Outlook) -> bool:
    """Return whether a profile is not valid any more; of one without meaning nobody knows."""
    valid_to = profile.valid_to if has_meaning(profile) else None
    return valid_to is not None and valid_to <= outlook.now


def _speaks(profile: ChargingProfile, outlook: Outlook) -> bool:
    return has_meaning(profile) and not is_over(profile, outlook.now)
