"""Sessions as data for automations, and as tables for spreadsheets."""

from collections.abc import Callable, Iterable, Sequence
import csv
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from io import StringIO
from typing import Any

from .csms.journal.corrections import AuditEntry
from .csms.journal.records import read_time
from .csms.journal.session import Session
from .csms.model.id_token import token_key

_FORMULAS = ("=", "+", "-", "@")
"""What makes a spreadsheet take a text for a formula."""


@dataclass(frozen=True, slots=True)
class Place:
    """What sessions are told with: names, the zone and the currency of the house."""

    names: dict[str, str]
    """Names of stations by identity; one that is not set up any more keeps its identity."""
    zone: tzinfo
    holders: dict[str, str] = field(default_factory=dict)
    """Names of those who hold a token now, by the token."""
    currency: str = ""

    def name(self, identity: str) -> str:
        """Return the name of a station."""
        return self.names.get(identity, identity)

    def holder(self, session: Session) -> str | None:
        """Return whose session it was; if nobody's then, who holds its token now.

        One that a user has taken from its holder has none.
        """
        taken = session.holder is None and session.holder_id is not None
        if session.holder is not None or session.id_token is None or taken:
            return session.holder
        return self.holders.get(token_key(session.id_token))

    def time(self, time: datetime | None) -> datetime | None:
        """Return a time by the clock of the house."""
        return None if time is None else time.astimezone(self.zone)


def session_data(session: Session, place: Place) -> dict[str, Any]:
    """Return a session as data; energy in kWh, power in W, lengths in seconds.

    Money in `currency`, the solar share in percent, CO2 in g.
    """
    summary, duration = session.summary, session.duration
    totals, share, idle = summary.totals, session.solar_share, session.idle
    return {
        "id": str(session.record),
        "station": place.name(session.station),
        "identity": session.station,
        "evse": session.evse_id,
        "connector": session.connector_id,
        "transaction_id": session.transaction_id,
        "id_token": session.id_token,
        "holder": place.holder(session),
        "vehicle": session.vehicle,
        "started_at": _iso(place.time(session.started_at)),
        "ended_at": _iso(place.time(session.ended_at)),
        "duration": None if duration is None else duration.total_seconds(),
        "charging_duration": summary.charging.total_seconds(),
        "idle_duration": None if idle is None else idle.total_seconds(),
        "charging_from": _iso(place.time(summary.charging_from)),
        "charging_until": _iso(place.time(summary.charging_until)),
        "energy": _kilo(session.energy_wh),
        "meter_start": _kilo(session.meter_start_wh),
        "meter_stop": _kilo(session.meter_stop_wh),
        "peak_power": summary.peak_w,
        "mean_power": None if session.mean_w is None else round(session.mean_w, 1),
        "cost": _rounded(totals.cost, 4),
        "currency": summary.currency,
        "price": _rounded(totals.price_per_kwh, 5),
        "priced_energy": _kilo(totals.priced_wh),
        "solar_share": None if share is None else round(share * 100, 1),
        "solar_energy": None if share is None else _kilo(totals.solar_wh),
        "co2": _rounded(totals.co2_g, 0),
        "stop_reason": session.stop_reason,
        "signed_values": [dict(value) for value in session.signed],
        "remarks": sorted(session.remarks),
        "quarter_hours": [
            {"start": _iso(place.time(at)), "energy": _kilo(wh)}
            for at, wh in summary.quarters
        ],
    }


def session_totals(
    sessions: Iterable[Session], place: Place, group_by: Sequence[str]
) -> list[dict[str, Any]]:
    """Return sums of sessions that have ended, by station, holder or month; energy in kWh.

    Money of different currencies is never summed.
    """
    groups: dict[tuple[str | None, ...], list[Session]] = {}
    for session in sessions:
        if session.ended_at is None:
            continue
        by = {
            "station": place.name(session.station),
            "holder": place.holder(session),
            "month": f"{session.started_at.astimezone(place.zone):%Y-%m}",
        }
        key = (*(by[each] for each in group_by), session.summary.currency)
        groups.setdefault(key, []).append(session)
    return [
        dict(zip(group_by, key, strict=False)) | _sums(group, key[-1])
        for key, group in sorted(groups.items(), key=lambda item: str(item[0]))
    ]


def _sums(sessions: Sequence[Session], currency: str | None) -> dict[str, Any]:
    totals = [session.summary.totals for session in sessions]
    costs = [each.cost for each in totals if each.cost is not None]
    return {
        "sessions": len(sessions),
        "energy": _kilo(sum(session.energy_wh or 0.0 for session in sessions)),
        "priced_energy": _kilo(sum(each.priced_wh for each in totals)),
        "solar_energy": _kilo(sum(each.solar_wh for each in totals)),
        "cost": round(sum(costs), 4) if costs else None,
        "currency": currency,
    }


def change_data(entry: AuditEntry, place: Place) -> dict[str, Any]:
    """Return a change of a session as data."""
    return {
        "at": _iso(place.time(entry.at)),
        "action": entry.action,
        "who": entry.who,
        "reason": entry.reason,
        "before": _values(entry.before, place),
        "after": None if entry.after is None else _values(entry.after, place),
    }


def _values(values: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return what changed in the words and units of a session's data."""
    told: dict[str, Any] = {}
    for key, value in values.items():
        if key == "energy_wh":
            told["energy"] = _kilo(value)
        elif key.endswith("_at") and value is not None:
            told[key] = _iso(place.time(read_time(value)))
        else:
            told[key] = value
    return told


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _kilo(value_wh: float | None) -> float | None:
    return None if value_wh is None else round(value_wh / 1000, 3)


type _Cell = str | float | int | datetime | None
_COLUMNS: dict[str, Callable[[Session, Place], _Cell]] = {
    "Station": lambda session, place: place.name(session.station),
    "EVSE": lambda session, _: session.evse_id or None,
    "Begin": lambda session, place: place.time(session.started_at),
    "End": lambda session, place: place.time(session.ended_at),
    "Duration (h)": lambda session, _: _hours(session),
    "Charging (h)": lambda session, _: round(
        session.summary.charging.total_seconds() / 3600, 3
    ),
    "Energy (kWh)": lambda session, _: _kilo(session.energy_wh),
    "Meter begin (kWh)": lambda session, _: _kilo(session.meter_start_wh),
    "Meter end (kWh)": lambda session, _: _kilo(session.meter_stop_wh),
    "Peak power (kW)": lambda session, _: _kilo(session.summary.peak_w),
    "Cost": lambda session, _: _rounded(session.cost, 4),
    "Currency": lambda session, _: session.summary.currency,
    "Solar energy (kWh)": lambda session, _: _solar(session),
    "CO2 (kg)": lambda session, _: _kilo(session.summary.totals.co2_g),
    "Holder": lambda session, place: place.holder(session),
    "Vehicle": lambda session, _: session.vehicle,
    "Id token": lambda session, _: session.id_token,
    "Stop reason": lambda session, _: session.stop_reason,
    "Remarks": lambda session, _: ", ".join(sorted(session.remarks)) or None,
    "Transaction": lambda session, _: session.transaction_id,
    "Record": lambda session, _: str(session.record),
}


def _solar(session: Session) -> float | None:
    known = session.solar_share is not None
    return _kilo(session.summary.totals.solar_wh) if known else None


def _hours(session: Session) -> float | None:
    duration = session.duration
    return None if duration is None else round(duration.total_seconds() / 3600, 3)


def session_csv(
    sessions: Iterable[Session], place: Place, *, decimal_comma: bool = False
) -> str:
    """Return sessions as CSV (RFC 4180), a line each, with a line of names.

    With a decimal comma the fields are set apart by semicolons, as spreadsheets expect
    where such a comma is used. Texts that would be taken for formulas begin with an
    apostrophe, which spreadsheets do not show.
    """
    text = StringIO()
    writer = csv.writer(text, delimiter=";" if decimal_comma else ",")
    writer.writerow(_COLUMNS)
    for session in sessions:
        cells = (column(session, place) for column in _COLUMNS.values())
        writer.writerow(_text(cell, decimal_comma=decimal_comma) for cell in cells)
    return text.getvalue()


def _text(cell: _Cell, *, decimal_comma: bool) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case float():
            number = f"{cell:.3f}"
            return number.replace(".", ",") if decimal_comma else number
        case str():
            plain = "".join(c if c.isprintable() else " " for c in cell)
            return f"'{plain}" if plain.lstrip().startswith(_FORMULAS) else plain
        case _:
            return str(cell)
