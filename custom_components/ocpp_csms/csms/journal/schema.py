"""The tables of the journal, and how older ones become today's.

Times are microseconds since 1970 UTC, so that they come back as they went in; energy in Wh.
"""

import sqlite3

from .errors import JournalError, JournalProblem

_V1 = """
CREATE TABLE sessions (
    record INTEGER PRIMARY KEY,
    station TEXT NOT NULL,
    evse INTEGER NOT NULL,
    transaction_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    id_token TEXT,
    holder_id TEXT,
    energy_wh REAL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_start ON sessions (started_at);
CREATE INDEX sessions_by_station ON sessions (station, started_at);
CREATE INDEX open_sessions ON sessions (station) WHERE ended_at IS NULL;
CREATE TABLE samples (
    record INTEGER NOT NULL REFERENCES sessions (record) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    energy_wh REAL,
    power_w REAL,
    current_a REAL,
    state_of_charge REAL,
    PRIMARY KEY (record, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX samples_by_time ON samples (at);
CREATE TABLE summaries (
    record INTEGER PRIMARY KEY REFERENCES sessions (record) ON DELETE CASCADE,
    charging_s REAL NOT NULL,
    charging_from INTEGER,
    charging_until INTEGER,
    peak_w REAL,
    quarters TEXT NOT NULL,
    solar_wh REAL NOT NULL,
    share_known_wh REAL NOT NULL,
    cost REAL,
    priced_wh REAL NOT NULL,
    co2_g REAL,
    co2_known_wh REAL NOT NULL,
    currency TEXT
) STRICT;
-- What held in each quarter hour: prices, CO2, and how much of the cars' energy was solar.
CREATE TABLE conditions (
    at INTEGER PRIMARY KEY,
    import_price REAL,
    export_price REAL,
    co2 REAL,
    solar_share REAL
) STRICT;
CREATE TABLE fixed_prices (
    since INTEGER PRIMARY KEY,
    import_price REAL,
    export_price REAL
) STRICT;
-- What users have changed lies beside what stations told, which may come again.
CREATE TABLE corrections (
    record INTEGER PRIMARY KEY REFERENCES sessions (record) ON DELETE CASCADE,
    changes TEXT NOT NULL
) STRICT;
CREATE TABLE deleted (record INTEGER PRIMARY KEY) STRICT;
CREATE TABLE audit (
    at INTEGER NOT NULL,
    record INTEGER NOT NULL,
    action TEXT NOT NULL,
    who TEXT,
    reason TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT
) STRICT;
CREATE INDEX audit_by_record ON audit (record, at);
-- The energy of a session that runs is that of its samples, which are written more often.
CREATE VIEW known_sessions AS
SELECT record, station, evse, transaction_id, started_at, ended_at, id_token, holder_id,
    CASE WHEN ended_at IS NULL THEN coalesce(
        (SELECT max(energy_wh) FROM samples WHERE samples.record = sessions.record), energy_wh
    ) ELSE energy_wh END AS energy_wh,
    details
FROM sessions;
-- Sessions that have ended, as they are after what users have changed of them.
CREATE VIEW settled AS
SELECT record, station, evse, started_at, ended_at,
    coalesce(nullif(changes ->> 'id_token', ''), CASE WHEN changes ->> 'id_token' IS NULL
        THEN id_token END) AS id_token,
    coalesce(nullif(changes ->> 'holder_id', ''), CASE WHEN changes ->> 'holder_id' IS NULL
        THEN holder_id END) AS holder_id,
    coalesce(changes ->> 'energy_wh', energy_wh) AS energy_wh,
    coalesce(changes ->> 'cost', CASE
        WHEN changes ->> 'energy_wh' IS NULL OR energy_wh IS NULL OR energy_wh = 0 THEN cost
        ELSE cost * (changes ->> 'energy_wh') / energy_wh END) AS cost
FROM sessions LEFT JOIN summaries USING (record) LEFT JOIN corrections USING (record)
WHERE ended_at IS NOT NULL;
"""

_V2 = """
-- When a session was by the right clock: a station's that is off by half a minute is corrected.
ALTER TABLE sessions ADD COLUMN clock_offset INTEGER GENERATED ALWAYS AS (
    CASE WHEN abs(details ->> 'clock_offset_s') >= 30
        THEN CAST(round((details ->> 'clock_offset_s') * 1e6) AS INTEGER) ELSE 0 END
) VIRTUAL;
ALTER TABLE sessions ADD COLUMN began INTEGER
    GENERATED ALWAYS AS (started_at - clock_offset) VIRTUAL;
ALTER TABLE sessions ADD COLUMN finished INTEGER
    GENERATED ALWAYS AS (ended_at - clock_offset) VIRTUAL;
DROP INDEX samples_by_time;
-- Samples keep the register: where a session began may become known later than they.
DROP VIEW known_sessions;
ALTER TABLE samples RENAME COLUMN energy_wh TO register_wh;
UPDATE samples SET register_wh = register_wh + coalesce(
    (SELECT details ->> 'meter_start_wh' FROM sessions WHERE record = samples.record), 0.0);
CREATE VIEW known_sessions AS
SELECT record, station, evse, transaction_id, started_at, ended_at, id_token, holder_id,
    CASE WHEN ended_at IS NULL THEN coalesce(
        (SELECT max(register_wh) FROM samples WHERE samples.record = sessions.record)
            - (details ->> 'meter_start_wh'), energy_wh
    ) ELSE energy_wh END AS energy_wh,
    details
FROM sessions;
DROP INDEX sessions_by_start;
CREATE INDEX sessions_by_begin ON sessions (began);
ALTER TABLE summaries ADD COLUMN outlives_samples INTEGER NOT NULL DEFAULT 0;
-- What sessions came to that are not kept any more; an empty text stands for none.
CREATE TABLE forgotten (
    station TEXT NOT NULL,
    evse INTEGER NOT NULL,
    holder_id TEXT NOT NULL,
    id_token TEXT NOT NULL,
    currency TEXT NOT NULL,
    sessions INTEGER NOT NULL,
    energy_wh REAL NOT NULL,
    cost REAL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (station, evse, holder_id, id_token, currency)
) STRICT, WITHOUT ROWID;
DROP VIEW settled;
CREATE VIEW settled AS
SELECT record, station, evse,
    coalesce(changes ->> 'started_at', began) AS started_at,
    coalesce(changes ->> 'ended_at', finished) AS ended_at,
    coalesce(nullif(changes ->> 'id_token', ''), CASE WHEN changes ->> 'id_token' IS NULL
        THEN id_token END) AS id_token,
    coalesce(nullif(changes ->> 'holder_id', ''), CASE WHEN changes ->> 'holder_id' IS NULL
        THEN holder_id END) AS holder_id,
    coalesce(changes ->> 'energy_wh', energy_wh) AS energy_wh,
    coalesce(changes ->> 'cost', CASE
        WHEN changes ->> 'energy_wh' IS NULL OR energy_wh IS NULL OR energy_wh = 0 THEN cost
        ELSE cost * (changes ->> 'energy_wh') / energy_wh END) AS cost,
    coalesce(changes ->> 'currency', currency) AS currency
FROM sessions LEFT JOIN summaries USING (record) LEFT JOIN corrections USING (record)
WHERE ended_at IS NOT NULL;
-- Sessions with all that is known of them.
CREATE VIEW whole_sessions AS
SELECT known_sessions.*, charging_s, charging_from, charging_until, peak_w, quarters, solar_wh,
    share_known_wh, cost, priced_wh, co2_g, co2_known_wh, currency, changes
FROM known_sessions LEFT JOIN summaries USING (record) LEFT JOIN corrections USING (record);
-- All that was ever charged; what has no record is not kept any more.
CREATE VIEW charged AS
SELECT record, station, evse, holder_id, id_token, currency, 1 AS sessions, energy_wh, cost, ended_at
FROM settled
UNION ALL
SELECT NULL, station, evse, nullif(holder_id, ''), nullif(id_token, ''), nullif(currency, ''),
    sessions, energy_wh, cost, ended_at
FROM forgotten;
"""

MIGRATIONS = (_V1, _V2)
"""What brings a file from one version to the next; their number is today's version."""


def version_of(database: sqlite3.Connection) -> int:
    """Return the version of a file, 0 for an empty one."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(database: sqlite3.Connection) -> None:
    """Bring a file to today's version, step by step; a step is done wholly or not at all.

    Raises JournalError for a file of a newer version, which is left as it is.
    """
    version = version_of(database)
    if version > len(MIGRATIONS):
        raise JournalError(JournalProblem.NEWER, str(version))
    for number in range(version, len(MIGRATIONS)):
        script = (
            f"BEGIN; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
        )
        try:
            database.executescript(script)
        except sqlite3.Error:
            if database.in_transaction:
                database.rollback()
            raise
