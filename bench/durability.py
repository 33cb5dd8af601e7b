"""What it costs to keep sessions: events on disk before they are answered, years of them read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sqlite3
from tempfile import TemporaryDirectory
import time

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.records import (
    INSERT_SAMPLE,
    UPSERT_SESSION,
    UPSERT_SUMMARY,
    Row as Values,
    sample_row,
    session_row,
    summary_row,
)
from custom_components.ocpp_csms.csms.journal.schema import migrate
from custom_components.ocpp_csms.csms.journal.session import SessionSample, summarise
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.csms.server import Server, ServerSettings
from custom_components.ocpp_csms.csms.station import StationConfig

from .plan import Plan, tell
from .table import Row

STATIONS = 100
A_SECOND = 500
P99_MS = 50.0
SESSIONS = 100_000
SAMPLES = 20
MONTH_MS = 50.0
OPEN_MS = 200.0
_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_EVERY = timedelta(minutes=40)


def measure_durability(plan: Plan) -> list[Row]:
    """Return how fast events are stored, and how fast sessions are found."""
    seconds = 8.0 if plan.details else 3.0
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        tell("durability: events")
        done, spent = asyncio.run(_store(Path(folder) / "events.db", seconds))
        tell("durability: 100,000 sessions")
        path = Path(folder) / "years.db"
        per_session = _fill(path)
        month_ms, open_ms = asyncio.run(_read(path))
    p99 = spent[int(len(spent) * 0.99)]
    return [
        Row(
            f"Transaction events on disk before they are answered, {STATIONS} stations",
            f"{done:.0f}/s, p99 {p99:.1f} ms",
            f">= {A_SECOND}/s, p99 <= {P99_MS:g} ms",
            done >= A_SECOND * 0.98 and p99 <= P99_MS,
        ),
        Row(
            f"Sessions of one month out of {SESSIONS:,}",
            f"{month_ms:.1f} ms",
            f"<= {MONTH_MS:g} ms",
            month_ms <= MONTH_MS,
        ),
        Row(
            "Opening the journal and reading the last sessions of ten stations",
            f"{open_ms:.0f} ms",
            f"<= {OPEN_MS:g} ms",
            open_ms <= OPEN_MS,
        ),
        Row(
            f"Size on disk of a session with {SAMPLES} samples",
            f"{per_session:.0f} bytes",
        ),
    ]


async def _store(path: Path, seconds: float) -> tuple[float, list[float]]:
    """Return how many events a second were answered, and how long each took, in ms."""
    journal = Journal(path)
    await journal.open()
    server = Server(ServerSettings(host="127.0.0.1", port=0), journal=journal)
    for number in range(STATIONS):
        server.add(StationConfig(identity=f"S{number}", observe_only=True))
    await server.start()
    sockets = [await _dial(server.port, f"S{number}") for number in range(STATIONS)]
    spent: list[float] = []
    begin = asyncio.get_running_loop().time()
    await asyncio.gather(
        *(_send(socket, n, begin, seconds, spent) for n, socket in enumerate(sockets))
    )
    passed = asyncio.get_running_loop().time() - begin
    for socket in sockets:
        await socket.close()
    await server.stop()
    await journal.close()
    return len(spent) / passed, sorted(spent)


async def _dial(port: int, identity: str) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{port}/{identity}",
        subprotocols=[Subprotocol("ocpp2.0.1")],
        compression=None,
    )


async def _send(
    socket: ClientConnection,
    number: int,
    begin: float,
    seconds: float,
    spent: list[float],
) -> None:
    """Send events at the pace that is asked of all, and note how long each answer took."""
    loop, pause = asyncio.get_running_loop(), STATIONS / A_SECOND
    for index in range(int(seconds / pause)):
        await asyncio.sleep(begin + (index + number / STATIONS) * pause - loop.time())
        at = (_BEGIN + timedelta(seconds=index)).isoformat()
        register = {"value": index, "measurand": "Energy.Active.Import.Register"}
        payload = {
            "eventType": "Updated" if index else "Started",
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": index,
            "transactionInfo": {"transactionId": f"T{number}"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [{"timestamp": at, "sampledValue": [register]}],
        }
        sent = time.perf_counter()
        await socket.send(json.dumps([2, str(index), "TransactionEvent", payload]))
        await socket.recv()
        spent.append((time.perf_counter() - sent) * 1000)


def _fill(path: Path) -> float:
    """Fill a file with years of sessions; return how many bytes each takes."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    migrate(database)
    database.execute("BEGIN")
    for session, samples, summary in _years():
        database.execute(UPSERT_SESSION, session)
        database.executemany(INSERT_SAMPLE, samples)
        database.execute(UPSERT_SUMMARY, summary)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path.stat().st_size / SESSIONS


def _years() -> Iterator[tuple[Values, list[Values], Values]]:
    for number in range(SESSIONS):
        began, start_wh = _BEGIN + _EVERY * number, 1e6 + number * 14_000
        transaction = Transaction(
            record=number + 1,
            id=str(number),
            evse_id=1,
            connector_id=1,
            started_at=began,
            ended_at=began + timedelta(hours=2),
            id_token="04A2B3C4D5E6F7",
            energy_wh=14_000.0,
            reported_start_wh=start_wh,
            meter_start_wh=start_wh,
            meter_stop_wh=start_wh + 14_000,
            stop_reason="EVDisconnected",
        )
        samples = [
            SessionSample(
                number + 1,
                began + timedelta(minutes=6 * n),
                start_wh + n * 700.0,
                7000.0,
                10.2,
            )
            for n in range(SAMPLES)
        ]
        summary = summary_row(number + 1, summarise(transaction, samples))
        rows = [sample_row(sample) for sample in samples]
        yield session_row(f"S{number % 10}", transaction), rows, summary


async def _read(path: Path) -> tuple[float, float]:
    """Return how long a month takes to be read, and how long it takes to begin, in ms."""
    journal = Journal(path)

    async def begin() -> None:
        await journal.open()
        for number in range(10):
            await journal.recent(f"S{number}")

    async def month() -> None:
        start = _BEGIN + timedelta(days=1000)
        found = await journal.sessions(start, start + timedelta(days=30))
        assert len(found) == timedelta(days=30) / _EVERY

    open_ms = await _timed(begin)
    month_ms = min([await _timed(month) for _ in range(5)])
    await journal.close()
    return month_ms, open_ms


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    begin = time.perf_counter()
    await work()
    return (time.perf_counter() - begin) * 1000
