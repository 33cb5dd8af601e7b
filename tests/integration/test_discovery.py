"""Unknown stations that dial in: offered, let in, ignored."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms import offers
from custom_components.ocpp_csms.const import CONF_IDENTITY, DOMAIN
from simulator import ManualClock, Misbehaviour

from ..csms.support import boot
from .common import (
    IDENTITY,
    LOOPBACK,
    STATION_INPUT,
    Charger,
    discoveries,
    mock_entry,
    start_adding,
    station_of,
    subentry_data,
    until,
)
from .conftest import Bare, Connect, SetUp, StartStation

# What a flow has set up is unloaded.
pytestmark = pytest.mark.usefixtures("set_up")


async def discover(
    hass: HomeAssistant, start: StartStation, entry: MockConfigEntry, version: str
) -> Any:
    """Let an unknown station dial in; return the station and the flow that offers it."""
    station = await start(entry, version, "NEW1", wait=False)
    await until(lambda: discoveries(hass))
    await hass.async_block_till_done()
    (flow,) = discoveries(hass)
    return station, flow


async def confirm(hass: HomeAssistant, flow: Any) -> Any:
    """Accept an offered station as "Carport"; return what the flow says."""
    return await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport"}
    )


async def test_discovery(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    connect: Connect,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """An unknown station is offered with all it says, let in, and nobody else is dropped."""
    known = await connect(entry, version)
    station, flow = await discover(hass, start_station, entry, version)
    assert "NEW1" in flow["context"]["title_placeholders"]["name"]
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "confirm"
    assert result["description_placeholders"] == {
        "identity": "NEW1",
        "vendor": "Simulated",
        "model": "Loopback",
        "serial": "SIM-0001",
        "firmware": "1.0.0",
        "address": LOOPBACK,
        "version": version,
    }
    assert not station.registered
    result = await confirm(hass, flow)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "station_added"
    await hass.async_block_till_done()
    await clock.advance_until(lambda: station.registered)
    charger = Charger(hass, entry, station, clock)
    await charger.ready()
    await charger.expect("binary_sensor.connected", "on", 0)
    await charger.expect("sensor.status", "available")
    assert station.link.connections == known.sim.link.connections == 1
    await charger.charge()


async def test_discovery_in_vain(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """A station that is offered already is not offered again when it asks again."""
    station, _ = await discover(hass, start_station, entry, version)
    await clock.advance(65)
    await station.drop_connection()
    await clock.advance_until(lambda: station.connected)
    await station.idle()
    await hass.async_block_till_done()
    assert len(discoveries(hass)) == 1
    assert not station.registered


async def test_discovery_password(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
) -> None:
    """A password can be set at once; a wrong one can be corrected."""
    _, flow = await discover(hass, start_station, entry, "1.6")
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport", CONF_PASSWORD: "x" * 41}
    )
    assert result["errors"] == {CONF_PASSWORD: "password_too_long"}
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_NAME: "Carport", CONF_PASSWORD: "s3cret"}
    )
    assert result["reason"] == "station_added"
    await hass.async_block_till_done()
    assert entry.runtime_data.server.stations["NEW1"].config.password == "s3cret"


async def test_discovery_ignored(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """An ignored station is never offered again."""
    station, flow = await discover(hass, start_station, entry, version)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": flow["context"]["unique_id"], "title": "NEW1"},
    )
    await hass.async_block_till_done()
    assert discoveries(hass) == []
    await station.drop_connection()
    await clock.advance_until(lambda: station.connected)
    await station.idle()
    await hass.async_block_till_done()
    assert discoveries(hass) == []
    assert not station.registered


async def test_discovery_already_configured(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A station of any entry is not offered."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={
            "entry_id": entry.entry_id,
            CONF_IDENTITY: IDENTITY,
            "vendor": "",
            "model": "",
        },
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_discovery_entry_removed(
    hass: HomeAssistant, entry: MockConfigEntry, start_station: StartStation
) -> None:
    """An offer ends with the entry that makes it."""
    await discover(hass, start_station, entry, "1.6")
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


async def test_discovery_by_an_entry_that_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A station can't be let in by an entry that is gone."""
    keys = ("address", "version", "vendor", "model", "serial", "firmware")
    found = {"entry_id": "gone", "identity": "NEW1", **dict.fromkeys(keys, "")}
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=found
    )
    result = await confirm(hass, flow)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_removed"


async def test_discovery_configured_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    set_up: SetUp,
    start_station: StartStation,
) -> None:
    """A station that was set up in another way meanwhile is not added twice."""
    _, flow = await discover(hass, start_station, entry, "1.6")
    await set_up(mock_entry(subentry_data("NEW1")))
    result = await confirm(hass, flow)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_added_by_hand_ends_discovery(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """Entering a waiting station by hand lets it in and ends the offer."""
    station, _ = await discover(hass, start_station, entry, version)
    flow_id = await start_adding(hass, entry)
    await hass.config_entries.subentries.async_configure(
        flow_id, {CONF_IDENTITY: "NEW1"} | STATION_INPUT
    )
    await hass.async_block_till_done()
    assert discoveries(hass) == []
    await clock.advance_until(lambda: station.registered)
    assert station.link.connections == 1


async def test_discovery_of_silent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    start_station: StartStation,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    """A station that never says what it is is offered by its identity."""
    monkeypatch.setattr("custom_components.ocpp_csms.offers.KNOCK_WAIT_S", 0)
    odd = Misbehaviour(no_boot=True)
    await start_station(entry, version, "NEW1", wait=False, misbehaviour=odd)
    await until(lambda: discoveries(hass))
    (flow,) = discoveries(hass)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert (result["description_placeholders"] or {})["vendor"] == "–"
    assert flow["context"]["title_placeholders"]["name"] == "NEW1"


async def test_removed_station_is_offered(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect, version: str
) -> None:
    """A station that was removed and dials in again is unknown."""
    charger = await connect(entry, version)
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await until(lambda: not charger.sim.connected)
    await charger.clock.advance_until(lambda: charger.sim.connected)
    await until(lambda: discoveries(hass))


async def test_offers_are_bounded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A scan of made-up names fills no page with offers."""
    monkeypatch.setattr("custom_components.ocpp_csms.offers.MAX_OFFERS", 3)
    for number in range(8):
        stranger = await bare(entry, f"/STRANGER{number}")
        await stranger.call("BootNotification", boot())
        stranger.abort()
        await until(lambda: not entry.runtime_data.server.stations.keys() - {IDENTITY})
    await hass.async_block_till_done()
    assert len(discoveries(hass)) == 3


async def test_offer_of_a_station_that_left(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A station that went away is offered no longer, after a while."""
    stays, leaves = await bare(entry, "/STAYS"), await bare(entry, "/LEAVES")
    for stranger in (stays, leaves):
        await stranger.call("BootNotification", boot())
    await until(lambda: len(discoveries(hass)) == 2)
    monkeypatch.setattr("custom_components.ocpp_csms.offers.OFFER_STAYS_S", 0)
    leaves.abort()
    await until(lambda: len(discoveries(hass)) == 1)
    assert discoveries(hass)[0]["context"]["unique_id"] == "STAYS"


@pytest.mark.parametrize("removed", [False, True])
async def test_offers_end_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare, removed: bool
) -> None:
    """What nobody listens to any more is offered no longer."""
    stranger = await bare(entry, "/STRANGER")
    await stranger.call("BootNotification", boot())
    await until(lambda: discoveries(hass))
    if removed:
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_unload(entry.entry_id)
    assert discoveries(hass) == []


async def test_strangers_that_come_and_go(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare
) -> None:
    """Of a stranger that was never offered nothing stays behind once it has left."""
    for number in range(20):
        stranger = await bare(entry, f"/STRANGER{number}")
        await stranger.close()
    offers = entry.runtime_data._offers
    await until(lambda: not offers._timers)


class Timers:
    """Timers of offers, which elapse when a test says so."""

    def __init__(self) -> None:
        """Start with none."""
        self.waiting: list[tuple[float, Callable[[datetime], None]]] = []

    @property
    def seconds(self) -> list[float]:
        """How long is waited, by all timers that wait."""
        return [seconds for seconds, _ in self.waiting]

    def start(
        self, _: HomeAssistant, seconds: float, action: Callable[[datetime], None]
    ) -> Callable[[], None]:
        """Start a timer and return what cancels it."""
        timer = (seconds, action)
        self.waiting.append(timer)
        return lambda: self.waiting.remove(timer)

    def elapse(self) -> None:
        """Let all elapse that wait."""
        waiting, self.waiting = self.waiting, []
        for _, action in waiting:
            action(dt_util.utcnow())


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    """Return the timers of offers."""
    made = Timers()
    monkeypatch.setattr(offers, "async_call_later", made.start)
    return made


async def test_offer_of_a_station_that_comes_back(
    hass: HomeAssistant, entry: MockConfigEntry, bare: Bare, timers: Timers
) -> None:
    """A station that is back before its offer is withdrawn keeps it."""
    stranger = await bare(entry, "/STRANGER")
    await stranger.call("BootNotification", boot())
    await until(lambda: discoveries(hass))
    (offered,) = discoveries(hass)
    stranger.abort()
    await until(lambda: timers.seconds == [offers.OFFER_STAYS_S])
    await bare(entry, "/STRANGER")
    await until(lambda: timers.seconds == [offers.KNOCK_WAIT_S])
    timers.elapse()
    await hass.async_block_till_done()
    assert [flow["flow_id"] for flow in discoveries(hass)] == [offered["flow_id"]]


async def test_guest_that_dials_in_again_and_again(
    entry: MockConfigEntry, bare: Bare, timers: Timers
) -> None:
    """However often a guest dials in anew, it is listened to and waited for once."""
    guest = await bare(entry, "/STRANGER")
    await until(lambda: timers.waiting)
    station = station_of(entry, "STRANGER")
    for _ in range(10):
        before, guest = guest, await bare(entry, "/STRANGER")
        await before.close_code()
    assert station_of(entry, "STRANGER") is station
    listeners = station.changed._callbacks
    assert [listener.__qualname__ for listener in listeners] == ["Offers._changed"]
    assert timers.seconds == [offers.KNOCK_WAIT_S]


@pytest.mark.parametrize("offered", [False, True])
async def test_no_offer_after_the_unloading(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bare: Bare,
    timers: Timers,
    offered: bool,
) -> None:
    """Once nobody listens, nothing is waited for, and nothing is offered any more."""
    stranger = await bare(entry, "/STRANGER")
    if offered:
        await stranger.call("BootNotification", boot())
    await until(lambda: timers.seconds == ([] if offered else [offers.KNOCK_WAIT_S]))
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert timers.seconds == []
    assert discoveries(hass) == []
