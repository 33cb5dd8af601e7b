"""What a user wished for while a station was away, or before it rebooted."""

from itertools import chain
from typing import TYPE_CHECKING

from . import availability, limits
from .errors import CallError, CommandRejectedError, InvalidRequestError, Skipped

if TYPE_CHECKING:
    from .station import Station


async def apply_wishes(station: Station) -> str:
    """Apply the wishes that the station does not fulfil, and return which these were.

    One that is refused keeps none of the others back; the first refusal is raised last.
    """
    applied: list[str] = []
    refusals: list[CallError | CommandRejectedError | InvalidRequestError] = []
    for what, apply in chain(availability.due(station), limits.due(station)):
        try:
            await apply
        except (CallError, CommandRejectedError, InvalidRequestError) as refusal:
            refusals.append(refusal)
        else:
            applied.append(what)
    if refusals:
        raise refusals[0]
    if not applied:
        raise Skipped("nothing to apply")
    return ", ".join(applied)
