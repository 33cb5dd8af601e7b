"""Whether a station and its EVSEs are in use: a wish that is kept and applied again."""

from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING

from .changes import EvseKey, StationKey
from .control import find_evse
from .errors import (
    CallTimeoutError,
    CommandRejectedError,
    ConnectionLostError,
    CsmsError,
    NotConnectedError,
)
from .evse import Evse
from .model.commands import ChangeAvailability
from .model.evse import EvseStatus
from .model.station import Availability

if TYPE_CHECKING:
    from .station import Station


async def set_available(
    station: Station,
    evse_id: int | None,
    *,
    available: bool,
    connector_id: int | None = None,
) -> str:
    """Wish for an EVSE, or the whole station, to be in or out of use; return its word.

    The wish is kept when the station is away. Scheduled means: after the transaction. A
    single connector of an EVSE (2.x) is asked for at once and not kept.
    """
    evse = None if evse_id is None else find_evse(station, evse_id)
    if connector_id is not None:
        return await _send(station, evse, available, connector_id)
    before = station.state.wish_available if evse is None else evse.wish.available
    _wish(station, evse, available)
    if not station.connected:
        return "Stored"
    try:
        return await _send(station, evse, available)
    except CallTimeoutError, ConnectionLostError, NotConnectedError:
        station.onboarding.retry_wishes()
        raise
    except CsmsError:
        now = station.state.wish_available if evse is None else evse.wish.available
        if now is available:
            _wish(station, evse, before)
        raise


def due(station: Station) -> Iterator[tuple[str, Awaitable[object]]]:
    """Return the wishes that the station does not fulfil, and what fulfils them."""
    if _differs(station, None):
        wish = bool(station.state.wish_available)
        yield "availability", _send(station, None, wish)
    for evse in tuple(station.evses.values()):
        if _differs(station, evse):
            wish = bool(evse.wish.available)
            yield f"availability of EVSE {evse.id}", _send(station, evse, wish)


def _wish(station: Station, evse: Evse | None, available: bool | None) -> None:
    if evse is None:
        station.state.wish_available = available
        station.mark(StationKey.STATUS)
    else:
        evse.wish.available = available
        station.mark(EvseKey.WISH, evse.id)
    station.flush()


async def _send(
    station: Station,
    evse: Evse | None,
    available: bool,
    connector_id: int | None = None,
) -> str:
    word = Availability.OPERATIVE if available else Availability.INOPERATIVE
    evse_id = evse.id if evse else None
    try:
        done = await station.execute(ChangeAvailability(word, evse_id, connector_id))
    except CommandRejectedError:
        # Some single-connector stations refuse to be addressed as a whole.
        if evse is not None or len(station.evses) != 1:
            raise
        (only,) = station.evses
        done = await station.execute(ChangeAvailability(word, only))
    return done.status


def _differs(station: Station, evse: Evse | None) -> bool:
    """Return whether a wish for availability is not what the station reports."""
    if evse is None:
        wish, out_of_use = station.state.wish_available, station.out_of_use
    else:
        wish = evse.wish.available
        out_of_use = evse.status is EvseStatus.UNAVAILABLE
    if evse is not None and wish and station.state.wish_available is False:
        return False
    return wish is not None and wish is out_of_use
