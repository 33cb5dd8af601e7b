"""What held in each quarter hour, kept so that sessions can be priced when they are told."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
import sqlite3
from typing import Any

from ..model.conditions import Conditions
from .records import micros

UPSERT_CONDITIONS = """
INSERT OR REPLACE INTO conditions (at, import_price, export_price, co2, solar_share)
VALUES (?, ?, ?, ?, ?)
"""
DELETE_OLD_CONDITIONS = "DELETE FROM conditions WHERE at < ?"
_INSERT_FIXED = """
INSERT OR REPLACE INTO fixed_prices (since, import_price, export_price) VALUES (?, ?, ?)
"""
_SELECT_CONDITIONS = """
SELECT import_price, export_price, co2, solar_share FROM conditions WHERE at = ?
"""
_SELECT_FIXED = """
SELECT import_price, export_price FROM fixed_prices
ORDER BY since <= ?1 DESC, CASE WHEN since <= ?1 THEN -since ELSE since END LIMIT 1
"""
"""The price that held at a time; for the time before the first one the first."""
_SELECT_LAST_FIXED = """
SELECT import_price, export_price FROM fixed_prices ORDER BY since DESC LIMIT 1
"""


def conditions_row(at: datetime, conditions: Conditions) -> tuple[Any, ...]:
    """Return the row of a quarter hour."""
    return (
        micros(at),
        conditions.import_price,
        conditions.export_price,
        conditions.co2,
        conditions.solar_share,
    )


def known_conditions(
    database: sqlite3.Connection, quarters: Iterable[datetime]
) -> Mapping[datetime, Conditions]:
    """Return what held in quarter hours, fixed prices where nothing was noted."""
    return {at: _conditions_at(database, at) for at in quarters}


def _conditions_at(database: sqlite3.Connection, at: datetime) -> Conditions:
    row = database.execute(_SELECT_CONDITIONS, (micros(at),)).fetchone()
    known = Conditions()
    if row is not None:
        import_price, export_price, co2, share = row
        known = Conditions(
            import_price=import_price,
            export_price=export_price,
            co2=co2,
            solar_share=share,
        )
    if known.import_price is not None:
        return known
    fixed = database.execute(_SELECT_FIXED, (micros(at),)).fetchone()
    if fixed is None:
        return known
    price, earned = fixed
    export = earned if known.export_price is None else known.export_price
    return replace(known, import_price=price, export_price=export)


def fix_price(
    since: datetime,
    import_price: float | None,
    export_price: float | None,
    database: sqlite3.Connection,
) -> None:
    """Note which price is fixed from a time on, None for none, if that is new."""
    last = database.execute(_SELECT_LAST_FIXED).fetchone() or (None, None)
    if last != (import_price, export_price):
        database.execute(_INSERT_FIXED, (micros(since), import_price, export_price))
