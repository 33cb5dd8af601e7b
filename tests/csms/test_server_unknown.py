"""Unknown stations: told to wait, accepted or forgotten."""

import asyncio
from typing import Any

from websockets.exceptions import InvalidStatus

from custom_components.ocpp_csms.csms.server import MAX_WAITING, Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial
from .support import accept, boot, status, turned_away, until


async def test_unknown_station(server: Server, call_in: Dial, version: str) -> None:
    """An unknown station is told to wait, and what it says of itself is known."""
    knocked: list[Station] = []
    server.knocked.connect(knocked.append)
    socket = await call_in("/NEW", version=version)
    answer = await socket.call("BootNotification", boot(version))
    (station,) = knocked
    assert (answer["status"], answer["interval"]) == ("Pending", 10)
    assert station.state.info is not None
    assert (station.identity, station.accepted, station.state.info.vendor) == (
        "NEW",
        False,
        "Acme",
    )


async def test_unknown_station_starts_nothing(
    server: Server, call_in: Dial, version: str
) -> None:
    """What a station sends before it is accepted changes nothing."""
    socket = await call_in("/NEW", version=version)
    await socket.call("BootNotification", boot(version))
    code = await socket.refusal("StatusNotification", status(version))
    assert code == "SecurityError"
    assert server.stations["NEW"].evses == {}


async def test_unknown_station_is_asked_nothing(server: Server, call_in: Dial) -> None:
    """Nothing is sent to a station that is not accepted."""
    socket = await call_in("/NEW")
    await socket.call("BootNotification", boot())
    await socket.call("Heartbeat", {})
    assert socket.requests == []


async def test_boot_of_an_unknown_station_is_told(
    server: Server, call_in: Dial
) -> None:
    """Who watches a waiting station hears what it is."""
    seen: list[Any] = []

    def watch(station: Station) -> None:
        station.changed.connect(lambda _, changes: seen.extend(changes))

    server.knocked.connect(watch)
    socket = await call_in("/NEW")
    await socket.call("BootNotification", boot())
    assert (0, "info") in seen


async def test_acceptance(server: Server, call_in: Dial, version: str) -> None:
    """A waiting station is accepted on its open connection."""
    socket = await call_in("/NEW", version=version)
    await socket.call("BootNotification", boot(version))
    station = accept(server, identity="NEW")
    answer = await socket.call("BootNotification", boot(version))
    assert (station.accepted, answer["status"]) == (True, "Accepted")
    assert await socket.call("StatusNotification", status(version)) == {}


async def test_waiting_station_that_leaves(server: Server, call_in: Dial) -> None:
    """A station that leaves without being accepted is forgotten."""
    socket = await call_in("/NEW")
    await socket.call("Heartbeat", {})
    await socket.close()
    await until(lambda: server.stations == {})


async def test_waiting_station_that_dials_again(server: Server, call_in: Dial) -> None:
    """A waiting station that dials anew is not forgotten with its old socket."""
    old = await call_in("/NEW")
    await old.call("Heartbeat", {})
    new = await call_in("/NEW")
    await old.close_code()
    assert (await new.call("BootNotification", boot()))["status"] == "Pending"
    assert "NEW" in server.stations


async def test_so_many_may_wait(server: Server, call_in: Dial) -> None:
    """Unknown stations can't fill the house; known ones still come in."""
    for number in range(MAX_WAITING):
        await (await call_in(f"/NEW{number}")).call("BootNotification", boot())
    response = await turned_away(call_in, "/ONE-MORE")
    station = accept(server)
    await call_in("/CP1")
    await until(lambda: station.connected)
    assert response.status_code == 503
    assert server.rejections[-1].reason == "too_many_waiting"


async def test_so_many_may_wait_at_once(server: Server, call_in: Dial) -> None:
    """Nor can they when they all come in one moment."""
    sockets = await asyncio.gather(
        *(call_in(f"/NEW{number}") for number in range(MAX_WAITING + 20)),
        return_exceptions=True,
    )
    await until(lambda: not server._guests)
    assert sum(isinstance(one, InvalidStatus) for one in sockets) == 20
    assert len(server.stations) == MAX_WAITING
