"""Sessions as Charge Detail Records of OCPI 2.2.1 (section 10), for services that reimburse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any

from .countries import THREE_LETTERS
from .csms.journal.session import Remark, Session
from .csms.model.rates import SLOT
from .session_table import Place

PARTY = "HOM"
"""Who operates the charger: OCPI has no word for a home."""
_UNKNOWN_COUNTRY = "UND"
_MOST_ID, _MOST_UID, _MOST_NAME = 39, 36, 255
_MOST_KEY, _MOST_SIGNED = 512, 5000


@dataclass(frozen=True, slots=True)
class House:
    """Where the chargers stand."""

    name: str
    country: str | None
    latitude: float
    longitude: float


def cdrs(
    sessions: Iterable[Session], place: Place, house: House, now: datetime
) -> list[dict[str, Any]]:
    """Return the records of sessions that have ended and of which the energy is known.

    Where no price was known the cost is 0, and a remark says so; which part of a price is
    tax nobody has told, so that `excl_vat` holds all of it, and `incl_vat` the same.
    """
    return [
        _cdr(session, place, house, now)
        for session in sessions
        if session.ended_at is not None and session.energy_wh is not None
    ]


def _cdr(session: Session, place: Place, house: House, now: datetime) -> dict[str, Any]:
    ended = session.ended_at or now
    hours = (ended - session.started_at).total_seconds() / 3600
    charging_h = min(hours, session.summary.charging.total_seconds() / 3600)
    country = (house.country or "XX").upper()
    cdr: dict[str, Any] = {
        "country_code": country,
        "party_id": PARTY,
        "id": str(session.record)[:_MOST_ID],
        "start_date_time": _time(session.started_at),
        "end_date_time": _time(ended),
        "session_id": session.transaction_id[:_MOST_UID],
        "cdr_token": _token(session, place, country),
        "auth_method": "AUTH_REQUEST" if session.id_token else "COMMAND",
        "cdr_location": _location(session, place, house),
        "currency": session.summary.currency or place.currency,
        "charging_periods": _periods(session),
        "total_cost": _money(session.cost),
        "total_energy": round((session.energy_wh or 0.0) / 1000, 4),
        "total_energy_cost": _money(session.cost),
        "total_time": round(hours, 4),
        "total_parking_time": round(hours - charging_h, 4),
        "last_updated": _time(now),
    }
    if signed := _signed(session):
        cdr["signed_data"] = signed
    if remark := _remark(session):
        cdr["remark"] = remark
    return cdr


def _token(session: Session, place: Place, country: str) -> dict[str, str]:
    uid = session.id_token or "NONE"
    return {
        "country_code": country,
        "party_id": PARTY,
        "uid": uid[:_MOST_UID],
        "type": "RFID" if session.id_token else "OTHER",
        "contract_id": (place.holder(session) or uid)[:_MOST_UID],
    }


def _location(session: Session, place: Place, house: House) -> dict[str, Any]:
    evse = session.evse_id or 1
    return {
        "id": session.station[:_MOST_UID],
        "name": place.name(session.station)[:_MOST_NAME],
        "address": house.name[:45] or "-",
        "city": house.name[:45] or "-",
        "country": THREE_LETTERS.get((house.country or "").upper(), _UNKNOWN_COUNTRY),
        "coordinates": {
            "latitude": f"{house.latitude:.5f}",
            "longitude": f"{house.longitude:.5f}",
        },
        "evse_uid": f"{session.station}-{evse}"[:_MOST_UID],
        "evse_id": f"{session.station}*{evse}"[:48],
        "connector_id": str(session.connector_id or 1),
        "connector_standard": "IEC_62196_T2",
        "connector_format": "CABLE",
        "connector_power_type": "AC_3_PHASE",
    }


def _periods(session: Session) -> list[dict[str, Any]]:
    """Return the quarter hours in which energy flowed, and what is between them, in sequence.

    They fill the session from its begin to its end; one for all, if no quarter hour is known.
    """
    begin, end = session.started_at, session.ended_at
    quarters = session.summary.quarters or ((begin, session.energy_wh or 0.0),)
    volumes: dict[datetime, float] = {begin: 0.0}
    for at, energy_wh in quarters:
        start, over = max(at, begin), at + SLOT
        volumes[start] = volumes.get(start, 0.0) + energy_wh
        if session.summary.quarters and begin < over and (end is None or over < end):
            volumes.setdefault(over, 0.0)
    starts = sorted(volumes)
    # Rounded in sum, so that the periods come to what the session does.
    sums = [round(wh / 1000, 4) for wh in accumulate(volumes[at] for at in starts)]
    parts = [after - before for before, after in pairwise((0.0, *sums))]
    return [_period(at, part) for at, part in zip(starts, parts, strict=True)]


def _period(start: datetime, energy_kwh: float) -> dict[str, Any]:
    volume = round(energy_kwh, 4)
    return {
        "start_date_time": _time(start),
        "dimensions": [{"type": "ENERGY", "volume": volume}],
    }


def _signed(session: Session) -> dict[str, Any] | None:
    """Return what the meter has signed; what is too long for OCPI would be worth nothing cut."""
    values = [value for value in session.signed if not _is_too_long(value)]
    if not values:
        return None
    key = values[0].get("public_key") or ""
    return {
        "encoding_method": str(values[0].get("encoding") or "OCMF")[:36],
        "public_key": key if len(key) <= _MOST_KEY else "",
        "signed_values": [
            {
                "nature": value.get("nature") or "Intermediate",
                "plain_data": "",
                "signed_data": value["data"],
            }
            for value in values
        ],
    }


def _is_too_long(value: Mapping[str, str | None]) -> bool:
    return len(value["data"] or "") > _MOST_SIGNED


def _remark(session: Session) -> str:
    remarks = [str(remark) for remark in sorted(session.remarks - {Remark.RUNNING})]
    if any(_is_too_long(value) for value in session.signed):
        remarks = [*remarks, "signed_values_too_long"]
    if session.cost is None:
        remarks = [*remarks, "no_price_known"]
    return ", ".join(remarks)


def _money(cost: float | None) -> dict[str, float]:
    amount = round(cost or 0.0, 4)
    return {"excl_vat": amount, "incl_vat": amount}


def _time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
