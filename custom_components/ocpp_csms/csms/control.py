"""Starting and stopping, as a user means it: checked first, refused clearly, followed up."""

import asyncio
import logging
from typing import TYPE_CHECKING

from .changes import EvseKey
from .errors import CsmsError, InvalidRequestError
from .evse import Evse
from .model.commands import Done, StartCharging, StopCharging, UnlockConnector
from .model.evse import EvseStatus
from .model.id_token import IdToken
from .occurrences import Occurrence, OccurrenceKind

if TYPE_CHECKING:
    from .station import Station

_LOGGER = logging.getLogger(__name__)

START_WAIT_S = 120.0
_SHORTEST_TOKEN = 20
"""How long a token may be in every version."""
"""How long the car may be plugged in after a remote start; stations' own default is less."""


def find_evse(station: Station, evse_id: int | None) -> Evse:
    """Return the EVSE that is meant; it may stay unnamed where there is only one."""
    if evse_id is None:
        if len(station.evses) != 1:
            raise InvalidRequestError("evse_needed")
        return next(iter(station.evses.values()))
    evse = station.evses.get(evse_id)
    if evse is None:
        raise InvalidRequestError("evse_unknown", evse=evse_id)
    return evse


async def start_charging(
    station: Station,
    evse_id: int | None = None,
    *,
    id_token: IdToken | None = None,
) -> Done:
    """Ask for a transaction. Raises CsmsError if it can't be or is refused."""
    evse = find_evse(station, evse_id)
    if evse.transaction is not None:
        raise InvalidRequestError("already_charging")
    if evse.status in (EvseStatus.FAULTED, EvseStatus.UNAVAILABLE):
        raise InvalidRequestError("evse_not_usable", status=evse.status)
    token = id_token or own_token(station)
    station.admission.grant(token)
    done = await station.execute(
        StartCharging(
            id_token=token,
            remote_start_id=station.next_remote_start_id(),
            evse_id=evse.id,
        )
    )
    _await_start(station, evse)
    return done


def _await_start(station: Station, evse: Evse) -> None:
    """Watch for the transaction that an accepted start leads to, or does not."""
    if evse.transaction is not None:
        return
    evse.forget_timers()
    loop = asyncio.get_running_loop()
    evse.pending_start = loop.call_later(START_WAIT_S, _give_up_start, station, evse)
    station.mark(EvseKey.WISH, evse.id)
    station.flush()


def _give_up_start(station: Station, evse: Evse) -> None:
    evse.pending_start = None
    station.mark(EvseKey.WISH, evse.id)
    station.tell(Occurrence(OccurrenceKind.START_TIMED_OUT, evse.id))


def own_token(station: Station) -> IdToken:
    """Return the token with which the central system starts charging by itself."""
    value = station.quirks.id_token or station.config.id_token
    length = station.dialect.max_token_length if station.connected else _SHORTEST_TOKEN
    return IdToken(value[:length])


async def stop_charging(station: Station, evse_id: int | None = None) -> Done:
    """Ask for the end of the running transaction. Raises CsmsError if refused.

    A start that no transaction has followed yet is no longer waited for.
    """
    evse = find_evse(station, evse_id)
    transaction = evse.transaction
    if transaction is None:
        if evse.pending_start is None:
            raise InvalidRequestError("no_transaction")
        evse.forget_start()
        _refuse_start(evse)
        station.mark(EvseKey.WISH, evse.id)
        station.flush()
        return Done("Forgotten")
    return await station.execute(StopCharging(transaction.station_id or transaction.id))


def _refuse_start(evse: Evse) -> None:
    """Remember for a while that a start that was asked for is no longer wanted."""

    def forget() -> None:
        evse.unwanted_start = None

    loop = asyncio.get_running_loop()
    evse.unwanted_start = loop.call_later(START_WAIT_S, forget)


async def stop_unwanted(station: Station, evse: Evse, why: str) -> None:
    """Stop a transaction that must not go on; log where the station won't."""
    try:
        await stop_charging(station, evse.id)
    except CsmsError as error:
        _LOGGER.warning(
            "%s: the transaction of EVSE %s %s, but could not be stopped: %s",
            station.identity,
            evse.id,
            why,
            error,
        )


async def unlock(station: Station, evse_id: int | None = None) -> Done:
    """Ask for the cable to be released. Raises CsmsError if refused."""
    evse = find_evse(station, evse_id)
    return await station.execute(UnlockConnector(evse.id, evse.connector_id))
