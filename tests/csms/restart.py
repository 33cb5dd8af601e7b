"""Stations after a restart."""

import orjson

from custom_components.ocpp_csms.csms.journal.records import read_session, session_row
from custom_components.ocpp_csms.csms.memory import restore, snapshot
from custom_components.ocpp_csms.csms.station import Station, StationConfig

from .support import HandClock


def reborn(station: Station, clock: HandClock, *, final: bool = True) -> Station:
    """Return a station as it is after a restart, by way of JSON and rows; or after a crash."""
    data = orjson.loads(orjson.dumps(snapshot(station, final=final)))
    rows = [session_row("CP1", session) for session in station.transactions]
    again = Station(StationConfig(identity="CP1", observe_only=True), clock=clock)
    restore(again, data, [read_session(row)[1] for row in rows])
    return again
