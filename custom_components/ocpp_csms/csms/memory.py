"""What is kept of a station while nobody runs: as JSON-ready data, out and in again."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from .evse import Evse, Wish
from .model.meter import Channel, Location, Measurand, Phase, Reading
from .model.station import StationInfo
from .model.transaction import Transaction
from .register import Register
from .station import Station
from .token_list import WrittenList

_RESTING = timedelta(minutes=10)
"""A register of which nothing was heard for so long is not expected to have moved since."""


def snapshot(station: Station, *, final: bool = False) -> dict[str, Any]:
    """Return what is to be known of a station after a restart.

    `final` says that nothing more is going to be heard before it.
    """
    state = station.state
    return {
        "saved_at": _time(station.clock()),
        "info": asdict(state.info) if state.info else None,
        "last_boot": _time(state.last_boot),
        "last_seen": _time(state.last_seen),
        "available": state.wish_available,
        "profile_attempt": station.profile_attempt,
        "measurands_taken": _measurands(station),
        "written_list": asdict(station.written_list),
        "last_transaction_id": station.transactions.last_id,
        "evses": [_evse(evse, final=final) for evse in station.evses.values()],
    }


def restore(
    station: Station, data: dict[str, Any] | None, sessions: Iterable[Transaction]
) -> None:
    """Give a new station its memory back, and its sessions of the journal, oldest first.

    Where more may have been heard after it was written, what the meter told last is not
    shown before the station tells it again: it would fall back.
    """
    if data is not None:
        _restore_state(station, data)
    station.transactions.take_up(sessions, station.evse)
    final = {item["id"] for item in data["evses"] if item["final"]} if data else set()
    for evse in station.evses.values():
        if evse.transaction is not None and evse.id not in final:
            evse.transaction.kept_wh = evse.transaction.energy_wh
            evse.transaction.energy_wh = None
    station.flush()


def _restore_state(station: Station, data: dict[str, Any]) -> None:
    state = station.state
    if data["info"]:
        station.identify(StationInfo(**data["info"]))
    state.last_boot = _read_time(data["last_boot"])
    state.last_seen = _read_time(data["last_seen"])
    state.wish_available = data["available"]
    station.profile_attempt = data["profile_attempt"]
    if data["measurands_taken"]:
        chosen, taken = data["measurands_taken"]
        station.measurands_taken = (tuple(chosen), set(taken))
    station.written_list = WrittenList(**data.get("written_list", {}))
    station.transactions.last_id = data["last_transaction_id"]
    for item in data["evses"]:
        _restore_evse(station, item, _read_time(data["saved_at"]))


def _measurands(station: Station) -> list[list[str]] | None:
    if station.measurands_taken is None:
        return None
    chosen, taken = station.measurands_taken
    return [list(chosen), sorted(taken)]


def _evse(evse: Evse, *, final: bool) -> dict[str, Any]:
    shown = all(
        channel in evse.meter.readings or register.lifetime_wh is None
        for channel, register in evse.meter.registers.items()
    )
    return {
        "id": evse.id,
        "final": final and shown,
        "connectors": list(evse.connectors),
        "channels": [
            [channel.measurand, channel.phase, channel.location]
            for channel in sorted(evse.channels, key=str)
        ],
        "registers": [
            [*channel, _register(register)]
            for channel, register in evse.meter.registers.items()
        ],
        "wish": {
            "limit_a": evse.wish.limit_a,
            "paused": evse.wish.paused,
            "available": evse.wish.available,
        },
        "applied_a": evse.applied_a,
        "applied_to_transaction": evse.applied_to_transaction,
        "applied_lines": evse.applied_lines,
        "charging": evse.transaction is not None,
    }


def _channel(measurand: str, phase: str | None, location: str) -> Channel:
    return Channel(
        Measurand(measurand), Phase(phase) if phase else None, Location(location)
    )


def _register(register: Register) -> dict[str, Any]:
    return {
        "lifetime_wh": register.lifetime_wh,
        "at": _time(register.at),
        "session_relative": register.session_relative,
        "base_wh": register.base_wh,
        "offset_wh": register.offset_wh,
    }


def _restore_register(
    evse: Evse, channel: Channel, data: dict[str, Any], *, shown: bool
) -> None:
    register = Register(**(data | {"at": _read_time(data["at"])}))
    evse.meter.registers[channel] = register
    if shown and register.lifetime_wh is not None and register.at is not None:
        evse.meter.readings[channel] = Reading(register.lifetime_wh, register.at)


def _restore_evse(
    station: Station, data: dict[str, Any], saved_at: datetime | None
) -> None:
    evse = station.evse(data["id"])
    for connector_id in data["connectors"]:
        evse.connector(connector_id)
    evse.known_channels = [_channel(*item) for item in data["channels"]]
    for measurand, phase, location, kept in data["registers"]:
        channel = _channel(measurand, phase, location)
        shown = data["final"] or _rests(data, kept, saved_at)
        _restore_register(evse, channel, kept, shown=shown)
    evse.wish = Wish(**data["wish"])
    evse.applied_a = data["applied_a"]
    evse.applied_to_transaction = data["applied_to_transaction"]
    evse.applied_lines = data["applied_lines"]


def _rests(
    data: dict[str, Any], kept: dict[str, Any], saved_at: datetime | None
) -> bool:
    """Return whether a register did not move any more when it was saved."""
    at = _read_time(kept["at"])
    if data["charging"] or at is None or saved_at is None:
        return False
    return saved_at - at > _RESTING


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
