"""What the central system waits for, how long, and what it tries again."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import inventory, limits, onboarding
from custom_components.ocpp_csms.csms.errors import CsmsError
from custom_components.ocpp_csms.csms.model.commands import (
    ClearCache,
    Trigger,
    TriggerMessage,
)
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.onboarding import Step, StepState
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import BareStation, Json, accept, boot, stamp, status, until

SET, GET, CHANGE = "SetChargingProfile", "GetConfiguration", "ChangeConfiguration"
KEY = "MeterValuesSampledData"
ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}
REGISTER, POWER = "Energy.Active.Import.Register", "Power.Active.Import"


def _without(*steps: str, **config: Any) -> dict[str, Any]:
    """Return settings of a station for which only some steps are done."""
    others = frozenset(step.value for step in Step) - set(steps)
    return {"observe_only": False, "skip_steps": others} | config


async def _boot(socket: BareStation, station: Station, version: str = "1.6") -> None:
    await socket.call("BootNotification", boot(version))
    await until(lambda: station.onboarding.finished)


# One CALL at a time.


async def test_cancelled_calls_keep_their_turn(
    cp1: BareStation, station: Station
) -> None:
    """However often a caller gives up, the station has one CALL to answer at a time."""
    await cp1.call("StatusNotification", status())
    for amps in range(6, 11):
        task = asyncio.create_task(limits.set_limit(station, 1, amps))
        await until(lambda: station.evses[1].wish.limit_a == amps)  # noqa: B023
        await cp1.request(SET)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    last = asyncio.create_task(station.execute(ClearCache()))
    await cp1.call("Heartbeat", {})
    assert [request.action for request in cp1.requests] == [SET]
    cp1.replies = {SET: ACCEPTED, "ClearCache": ACCEPTED}
    await cp1.answer(cp1.requests[0], ACCEPTED)
    assert (await last).status == "Accepted"
    assert station.counters.unknown_answers == 0


async def test_cancelled_call_that_is_never_answered(
    cp1: BareStation, station: Station
) -> None:
    """A CALL whose caller gave up ends with its time-out, and the next one goes out."""
    await cp1.call("Heartbeat", {})
    task = asyncio.create_task(station.execute(ClearCache(), 0.05))
    await cp1.request("ClearCache")
    task.cancel()
    cp1.replies["Reset"] = ACCEPTED
    trigger = TriggerMessage(Trigger.HEARTBEAT)
    cp1.replies["TriggerMessage"] = ACCEPTED
    assert (await station.execute(trigger)).status == "Accepted"
    assert station.counters.timeouts == 1


async def test_cancelled_call_of_a_lost_connection(
    cp1: BareStation, station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is told of the end of a CALL that nobody waits for."""
    await cp1.call("Heartbeat", {})
    task = asyncio.create_task(station.execute(ClearCache()))
    await cp1.request("ClearCache")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    cp1.abort()
    await until(lambda: not station.connected)
    assert station.connection is None
    loud = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert loud == []


# Inventories.


def _page(request_id: int, number: int, size: int) -> Json:
    item = {
        "component": {"name": "C"},
        "variable": {"name": f"V{number}"},
        "variableAttribute": [{"value": "x"}],
    }
    return {
        "requestId": request_id,
        "generatedAt": stamp(),
        "seqNo": number,
        "tbc": True,
        "reportData": [item | {"component": {"name": f"C{n}"}} for n in range(size)],
    }


async def _reporting(
    server: Server, call_in: Dial, version: str
) -> tuple[Station, BareStation, Callable[[int], Json]]:
    """Return a station that begins to tell its inventory, and what makes its pages."""
    station = accept(server, **_without("configuration", "wishes"))
    socket = await call_in(version=version)
    socket.replies = {"GetBaseReport": ACCEPTED, SET: ACCEPTED}
    await socket.call("StatusNotification", status(version))
    station.evses[1].wish.limit_a = 10
    await socket.call("BootNotification", boot(version))
    request = await socket.request("GetBaseReport")
    id_ = request.payload["requestId"]
    return station, socket, lambda number: _page(id_, number, 10)


async def test_inventory_without_end(
    server: Server, call_in: Dial, version_2x: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.x: an inventory that goes on for ever is cut, and the other steps are done."""
    monkeypatch.setattr(inventory, "MAX_VARIABLES", 50)
    station, socket, page = await _reporting(server, call_in, version_2x)
    for number in range(20):
        await socket.call("NotifyReport", page(number))
    await until(lambda: station.evses[1].wish_applied)
    assert len(station.state.variables) <= 60
    assert station.onboarding.records[Step.CONFIGURATION].state is StepState.DONE


async def test_inventory_that_drags_on(
    server: Server, call_in: Dial, version_2x: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.x: pages that come just in time, for ever, keep no wish back."""
    monkeypatch.setattr(inventory, "TOTAL_WAIT_S", 0.1)
    station, socket, page = await _reporting(server, call_in, version_2x)
    number = 0
    while not station.evses[1].wish_applied:
        number += 1
        await socket.call("NotifyReport", page(number))
    assert station.onboarding.records[Step.CONFIGURATION].state is StepState.FAILED
    assert station.state.variables == {}


# Measurands.


class _Measurands:
    """A station that samples only some measurands."""

    def __init__(self, socket: BareStation, refused: set[str]) -> None:
        """Answer for a socket."""
        self.value, self.refused = "", refused
        socket.replies |= {GET: self.get, CHANGE: self.change}

    def get(self, _: Json) -> Json:
        """Tell the key."""
        key = {"key": KEY, "readonly": False, "value": self.value}
        return {"configurationKey": [key]}

    def change(self, payload: Json) -> Json:
        """Take what can be sampled."""
        if set(payload["value"].split(",")) & self.refused:
            return REJECTED
        self.value = payload["value"]
        return ACCEPTED


ALL = (REGISTER, POWER, "Current.Import", "Voltage", "SoC")


@pytest.mark.parametrize("refused", [{POWER}, {REGISTER}, {"SoC"}, {POWER, "Voltage"}])
async def test_one_measurand_costs_no_other(
    server: Server, call_in: Dial, refused: set[str]
) -> None:
    """A measurand that the station lacks is left out, wherever it stands."""
    station = accept(server, **_without("configuration", "measurands", measurands=ALL))
    socket = await call_in()
    sampled = _Measurands(socket, refused)
    await _boot(socket, station)
    assert sampled.value.split(",") == [name for name in ALL if name not in refused]


async def test_measurands_are_written_once(server: Server, call_in: Dial) -> None:
    """What the station has taken as far as it can is not written at its next boot."""
    station = accept(server, **_without("configuration", "measurands", measurands=ALL))
    socket = await call_in()
    sampled = _Measurands(socket, {"SoC"})
    await _boot(socket, station)
    written = len(socket.asked(CHANGE))
    for _ in range(3):
        await _boot(socket, station)
    assert len(socket.asked(CHANGE)) == written
    sampled.value = "Voltage"
    await _boot(socket, station)
    assert sampled.value.split(",") == list(ALL[:-1])


async def test_measurands_are_written_once_over_a_reload(
    server: Server, call_in: Dial
) -> None:
    """Nor when other measurands are wanted that come to the same."""
    station = accept(server, **_without("configuration", "measurands", measurands=ALL))
    socket = await call_in()
    sampled = _Measurands(socket, {"SoC"})
    await _boot(socket, station)
    accept(server, **_without("configuration", "measurands", measurands=ALL[:2]))
    await _boot(socket, station)
    assert set(ALL[:2]) <= set(sampled.value.split(","))


# Boots that were asked for.


async def _limited(socket: BareStation, station: Station) -> None:
    """Have a limit in force."""
    socket.replies[SET] = ACCEPTED
    await _boot(socket, station)
    await socket.call("StatusNotification", status())
    await limits.set_limit(station, 1, 10)


def _boots(occurrences: list[Occurrence]) -> int:
    return sum(o.kind is OccurrenceKind.BOOTED for o in occurrences)


async def test_boot_that_was_refused(
    cp1: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """A boot after a trigger that was refused is a real one: limits are sent again."""
    await _limited(cp1, station)
    cp1.replies["TriggerMessage"] = REJECTED
    with pytest.raises(CsmsError):
        await station.execute(TriggerMessage(Trigger.BOOT_NOTIFICATION))
    before = _boots(occurrences)
    await _boot(cp1, station)
    assert _boots(occurrences) == before + 1
    assert len(cp1.asked(SET)) == 2


async def test_boot_that_was_asked_for_on_another_connection(
    cp1: BareStation,
    station: Station,
    call_in: Dial,
    occurrences: list[Occurrence],
) -> None:
    """So is one on a new connection."""
    await _limited(cp1, station)
    cp1.replies["TriggerMessage"] = ACCEPTED
    await station.execute(TriggerMessage(Trigger.BOOT_NOTIFICATION))
    before = _boots(occurrences)
    again = await call_in()
    again.replies[SET] = ACCEPTED
    await _boot(again, station)
    assert _boots(occurrences) == before + 1
    assert len(again.asked(SET)) == 1


async def test_boot_that_was_asked_for(
    cp1: BareStation, station: Station, occurrences: list[Occurrence]
) -> None:
    """One that was asked for, and taken, is none."""
    await _limited(cp1, station)
    cp1.replies["TriggerMessage"] = ACCEPTED
    await station.execute(TriggerMessage(Trigger.BOOT_NOTIFICATION))
    before = _boots(occurrences)
    await _boot(cp1, station)
    assert _boots(occurrences) == before
    assert len(cp1.asked(SET)) == 1


# Steps that fail.


async def test_step_is_tried_again(
    server: Server, call_in: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that was not answered is done later, without a boot and alone."""
    monkeypatch.setattr(onboarding, "RETRY_S", 0.02)
    settings = _without("configuration", "meter", call_timeout_s=0.05)
    station = accept(server, **settings)
    socket = await call_in()
    socket.replies["TriggerMessage"] = ACCEPTED
    await socket.call("StatusNotification", status())
    await _boot(socket, station)
    assert Step.CONFIGURATION in station.onboarding.problems
    socket.replies[GET] = {"configurationKey": []}
    await until(lambda: not station.onboarding.problems)
    assert len(socket.asked("TriggerMessage")) == 1


async def test_step_is_tried_again_on_a_new_connection(
    server: Server, call_in: Dial
) -> None:
    """A step that failed is done when the station comes back, also without a boot."""
    station = accept(server, **_without("configuration", call_timeout_s=0.05))
    socket = await call_in()
    await _boot(socket, station)
    assert Step.CONFIGURATION in station.onboarding.problems
    again = await call_in()
    again.replies[GET] = {"configurationKey": []}
    await until(lambda: not station.onboarding.problems)


async def test_step_is_given_up(
    server: Server, call_in: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some tries it is given up, until the station boots."""
    monkeypatch.setattr(onboarding, "RETRY_S", 0.001)
    monkeypatch.setattr(onboarding, "MAX_RETRIES", 2)
    station = accept(server, **_without("configuration", call_timeout_s=0.02))
    socket = await call_in()
    await socket.call("BootNotification", boot())
    await until(lambda: station.onboarding.given_up)
    assert len(socket.asked(GET)) == 3
    socket.replies[GET] = {"configurationKey": []}
    accept(server, **_without("configuration"))
    await _boot(socket, station)
    assert not station.onboarding.given_up
    assert station.onboarding.problems == {}


async def test_refused_step_is_not_tried_again(
    server: Server, call_in: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal is an answer."""
    monkeypatch.setattr(onboarding, "RETRY_S", 0.001)
    station = accept(server, **_without("meter"))
    socket = await call_in()
    socket.replies["TriggerMessage"] = REJECTED
    await socket.call("StatusNotification", status())
    await _boot(socket, station)
    assert station.onboarding.problems == {}
    assert station.onboarding._retry is None


# Compression.


@pytest.mark.parametrize(
    ("version", "compressed"), [("1.6", False), ("2.0.1", True), ("2.1", True)]
)
async def test_compression(
    call_in: Dial, station: Station, version: str, compressed: bool
) -> None:
    """It is had where the specification demands it, and only if it is offered."""
    offered = await call_in(version=version, compression="deflate")
    assert bool(offered.socket.protocol.extensions) is compressed
    assert (await offered.call("Heartbeat", {}))["currentTime"]
    await offered.call("DataTransfer", {"vendorId": "acme", "data": "x" * 50_000})
    plain = await call_in(version=version)
    assert plain.socket.protocol.extensions == []
    assert (await plain.call("Heartbeat", {}))["currentTime"]


@pytest.mark.parametrize("version", ["2.0.1"])
async def test_compressed_bomb(call_in: Dial, station: Station, version: str) -> None:
    """A frame that is small only until it is unpacked is too large all the same."""
    bomb = await call_in(version=version, compression="deflate")
    await bomb.send("x" * (2**20 + 1))
    assert await bomb.close_code() == 1009
