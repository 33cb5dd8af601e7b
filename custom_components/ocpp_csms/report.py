"""Sessions of a month as a page to be printed, for whoever reimburses them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape

from .csms.journal.session import Session
from .session_table import Place

_STYLE = """
body { font: 11pt/1.4 sans-serif; margin: 2em auto; max-width: 60em; color: #111; }
h1 { font-size: 1.5em; margin-bottom: 0; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .25em .6em; }
th { text-align: left; border-bottom: 2px solid #111; }
td { border-bottom: 1px solid #ccc; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
tfoot td { font-weight: bold; border-top: 2px solid #111; border-bottom: none; }
.small { color: #555; font-size: .85em; }
@media print { body { margin: 0; } section { break-inside: avoid-page; } }
@page { size: A4; margin: 18mm; }
"""
_HEAD = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<style>{style}</style></head><body>
<h1>{title}</h1><p class="small">{subtitle}</p>
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a report."""

    month: str
    house: str
    made_at: datetime
    language: str = "en"


def report(
    sessions: Iterable[Session],
    place: Place,
    heading: Heading,
    texts: Mapping[str, str],
) -> str:
    """Return the page about sessions that ended: a table for each holder, with its sums.

    `texts` are its words.
    """
    by_holder: dict[str, list[Session]] = {}
    for session in sessions:
        name = place.holder(session) or session.id_token or texts["nobody"]
        by_holder.setdefault(name, []).append(session)
    title = f"{texts['title']} {heading.month}"
    made = heading.made_at.strftime("%Y-%m-%d %H:%M")
    page = _HEAD.format(
        language=escape(heading.language),
        title=escape(title),
        style=_STYLE,
        subtitle=escape(f"{heading.house} · {texts['made']} {made}"),
    )
    for name in sorted(by_holder, key=str.casefold):
        page += _section(name, by_holder[name], place, texts)
    if not by_holder:
        page += f"<p>{escape(texts['nothing'])}</p>"
    return page + "</body></html>\n"


def _section(
    name: str, sessions: list[Session], place: Place, texts: Mapping[str, str]
) -> str:
    rows = "".join(_row(session, place, texts) for session in sessions)
    heads = "".join(
        f"<th{' class="number"' if numeric else ''}>{escape(texts[key])}</th>"
        for key, numeric in _COLUMNS
    )
    return (
        f"<section><h2>{escape(name)}</h2><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody><tfoot>{_sums(sessions, place, texts)}</tfoot>"
        f"</table></section>\n"
    )


_COLUMNS = (
    ("begin", False),
    ("end", False),
    ("charger", False),
    ("vehicle", False),
    ("energy", True),
    ("price", True),
    ("cost", True),
)


def _row(session: Session, place: Place, texts: Mapping[str, str]) -> str:
    totals = session.summary.totals
    remarks = ", ".join(texts[f"remark_{remark}"] for remark in sorted(session.remarks))
    charger = escape(place.name(session.station))
    if remarks:
        charger += f'<br><span class="small">{escape(remarks)}</span>'
    cells = (
        (_time(place.time(session.started_at)), False),
        (_time(place.time(session.ended_at)), False),
        (charger, False),
        (escape(session.vehicle or ""), False),
        (_number(_kilo(session.energy_wh), 3), True),
        (_number(totals.price_per_kwh, 4), True),
        (_money(session.cost, session.summary.currency or place.currency), True),
    )
    return f"<tr>{''.join(_cell(text, numeric) for text, numeric in cells)}</tr>"


def _sums(sessions: list[Session], place: Place, texts: Mapping[str, str]) -> str:
    """Return a line for each currency: sums of different money are no sum."""
    lines: dict[str, tuple[int, float, float | None]] = {}
    for session in sessions:
        currency = session.summary.currency or place.currency
        count, energy, cost = lines.get(currency, (0, 0.0, None))
        if session.cost is not None:
            cost = (cost or 0.0) + session.cost
        lines[currency] = count + 1, energy + (session.energy_wh or 0.0), cost
    return "".join(
        f'<tr><td colspan="4">{count} {escape(texts["sessions"])}</td>'
        f"{_cell(_number(energy / 1000, 3), True)}<td></td>"
        f"{_cell(_money(cost, currency), True)}</tr>"
        for currency, (count, energy, cost) in lines.items()
    )


def _cell(text: str, numeric: bool) -> str:
    return f"<td{' class="number"' if numeric else ''}>{text}</td>"


def _time(time: datetime | None) -> str:
    return "" if time is None else time.strftime("%Y-%m-%d %H:%M")


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _money(cost: float | None, currency: str) -> str:
    return "–" if cost is None else f"{cost:.2f} {escape(currency)}"


def _kilo(value_wh: float | None) -> float | None:
    return None if value_wh is None else value_wh / 1000
