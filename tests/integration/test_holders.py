"""Id tokens and their holders: entered, learnt, asked about, and what they set off."""

import asyncio
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.ocpp_csms import holder_flow
from custom_components.ocpp_csms.const import DOMAIN

from ..csms.support import BareStation, boot, status
from .common import NAME, Charger, find_entity, holder, mock_entry, subentry_data, until
from .conftest import Bare, Connect, SetUp

LIMITS: dict[str, Any] = {"concurrent": False, "token_type": "ISO14443"}
FORM: dict[str, Any] = {
    CONF_NAME: " Ann ",
    "tokens": [" 04AABB ", "04aabb", "04CCDD", ""],
    "blocked": False,
    "limits": LIMITS,
}
DATA = {"tokens": ["04aabb", "04CCDD"], "blocked": False, **LIMITS}

# What a flow has set up is unloaded.
pytestmark = pytest.mark.usefixtures("set_up")


async def start_adding(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Start to add a holder."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "id_token"), context={"source": SOURCE_USER}
    )


async def configure(hass: HomeAssistant, result: Any, given: Any = None) -> Any:
    """Go on in a flow of a holder."""
    return await hass.config_entries.subentries.async_configure(
        result["flow_id"], given
    )


async def enter(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return the form in which a holder is entered."""
    result = await start_adding(hass, entry)
    assert result["type"] is FlowResultType.MENU
    return await configure(hass, result, {"next_step_id": "details"})


def holders(entry: MockConfigEntry) -> dict[str, Any]:
    """Return the holders of an entry by their names."""
    return {
        subentry.title: dict(subentry.data)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == "id_token"
    }


async def test_enter_a_number(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A holder is entered; tokens count once, whatever their case."""
    result = await enter(hass, entry)
    result = await configure(hass, result, FORM)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert holders(entry) == {"Ann": DATA}
    authorizer = entry.runtime_data.server.authorizer
    assert authorizer.holder("04ccdd").name == "Ann"


async def test_enter_all_limits(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Everything that can be chosen is heeded."""
    result = await enter(hass, entry)
    limits = LIMITS | {
        "expires": "2026-06-01 12:00:00",
        "stations": ["CP1"],
        "most_energy": 20.5,
        "most_hours": 2,
        "group": "FAMILY",
        "concurrent": True,
    }
    form = FORM | {"vehicle": "Zoe", "blocked": True, "limits": limits}
    await configure(hass, result, form)
    await hass.async_block_till_done()
    known = entry.runtime_data.server.authorizer.holder("04aabb")
    assert known.expires_at is not None
    # Los Angeles, where tests live.
    assert known.expires_at.isoformat() == "2026-06-01T19:00:00+00:00"
    assert known.stations == {"CP1"}
    assert (known.most_wh, known.most_time.total_seconds()) == (20500, 7200)
    assert (known.group, known.vehicle) == ("FAMILY", "Zoe")
    assert known.concurrent
    assert known.blocked


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({CONF_NAME: "  "}, {CONF_NAME: "name_missing"}),
        ({CONF_NAME: "BOB"}, {CONF_NAME: "name_taken"}),
        ({"tokens": [" "]}, {"tokens": "tokens_missing"}),
        ({"tokens": ["bob1"]}, {"tokens": "token_taken"}),
        ({"tokens": ["x" * 256]}, {"tokens": "token_not_possible"}),
        ({"tokens": ["a\x00b"]}, {"tokens": "token_not_possible"}),
        ({"limits": LIMITS | {"group": "G" * 21}}, {"base": "group_not_possible"}),
    ],
)
async def test_errors(
    hass: HomeAssistant, set_up: SetUp, changes: Any, errors: dict[str, str]
) -> None:
    """What can't be is refused with its reason, and can be mended."""
    entry = await set_up(mock_entry(subentry_data(), holder("Bob", "BOB1")))
    result = await enter(hass, entry)
    result = await configure(hass, result, FORM | changes)
    assert result["errors"] == errors
    result = await configure(hass, result, FORM)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_change(hass: HomeAssistant, set_up: SetUp) -> None:
    """A holder can be renamed and keeps their tokens; one's own name is not taken."""
    entry = await set_up(mock_entry(subentry_data(), holder(), holder("Bob", "BOB1")))
    (subentry_id,) = (
        s.subentry_id for s in entry.subentries.values() if s.title == "Ann"
    )
    result = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    assert result["type"] is FlowResultType.FORM
    result = await configure(hass, result, FORM | {CONF_NAME: "Bob"})
    assert result["errors"] == {CONF_NAME: "name_taken"}
    result = await configure(hass, result, FORM)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert holders(entry)["Ann"] == DATA


@pytest.fixture
async def cp1(hass: HomeAssistant, set_up: SetUp, bare: Bare) -> BareStation:
    """Return a socket of a station that asks about unknown tokens."""
    data = {"observe_only": True, "start": "token", "unknown_tokens": "ask"}
    entry = await set_up(mock_entry(subentry_data("CP1", NAME, **data)))
    cp1 = await bare(entry)
    await cp1.call("BootNotification", boot())
    await cp1.call("StatusNotification", status())
    await hass.async_block_till_done()
    return cp1


@pytest.fixture
def asking(hass: HomeAssistant, cp1: BareStation) -> MockConfigEntry:
    """Return the entry of that station."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert isinstance(entry, MockConfigEntry)
    return entry


async def test_learn_a_card(
    hass: HomeAssistant, cp1: BareStation, asking: MockConfigEntry
) -> None:
    """A card that is presented meanwhile is filled in."""
    result = await start_adding(hass, asking)
    result = await configure(hass, result, {"next_step_id": "present"})
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    answer = asyncio.create_task(cp1.call("Authorize", {"idTag": "04EE"}))
    presented = hub_of(asking).presented_tokens
    await until(lambda: not presented._waiting)
    await hass.async_block_till_done()
    result = await configure(hass, result)
    assert result["type"] is FlowResultType.FORM
    schema = result["data_schema"]
    assert schema is not None
    (tokens,) = (key for key in schema.schema if key == "tokens")
    assert tokens.description == {"suggested_value": ["04EE"]}
    await configure(hass, result, FORM | {"tokens": ["04EE"]})
    assert (await answer)["idTagInfo"]["status"] == "Accepted"


def hub_of(entry: MockConfigEntry) -> Any:
    """Return the hub of an entry."""
    return entry.runtime_data


async def test_no_card_comes(
    hass: HomeAssistant, asking: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presents none in time can try again, or enter the number."""
    monkeypatch.setattr(holder_flow, "LEARN_S", 0.0)
    result = await start_adding(hass, asking)
    result = await configure(hass, result, {"next_step_id": "present"})
    flows = hass.config_entries.subentries
    await until(lambda: flows.async_get(result["flow_id"])["step_id"] != "present")
    assert flows.async_get(result["flow_id"])["step_id"] == "not_presented"
    result = await configure(hass, result)
    assert result["type"] is FlowResultType.MENU
    result = await configure(hass, result, {"next_step_id": "details"})
    assert result["type"] is FlowResultType.FORM


async def test_learning_given_up(hass: HomeAssistant, asking: MockConfigEntry) -> None:
    """Nobody waits for a card whose form was closed."""
    result = await start_adding(hass, asking)
    result = await configure(hass, result, {"next_step_id": "present"})
    hass.config_entries.subentries.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert not hub_of(asking).presented_tokens._waiting


async def test_not_loaded(hass: HomeAssistant) -> None:
    """Where no charger can connect a number can still be entered."""
    entry = mock_entry()
    entry.add_to_hass(hass)
    result = await start_adding(hass, entry)
    assert result["type"] is FlowResultType.FORM


def offers(hass: HomeAssistant) -> list[Any]:
    """Return the offers of unknown tokens."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if str(flow["context"].get("unique_id")).startswith("id_token/")
    ]


async def test_unknown_card_is_asked_about(
    hass: HomeAssistant, cp1: BareStation, asking: MockConfigEntry
) -> None:
    """The user is told of an unknown card, gives it a name, and it may charge at once."""
    answer = asyncio.create_task(cp1.call("Authorize", {"idTag": "04EE"}))
    await until(lambda: offers(hass))
    (flow,) = offers(hass)
    assert flow["context"]["title_placeholders"] == {"name": f"04EE ({NAME})"}
    notes = persistent_notification._async_get_or_create_notifications(hass)
    (note,) = notes.values()
    assert "04EE" in note["message"]
    assert NAME in note["message"]
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], FORM | {"tokens": []}
    )
    assert result["errors"] == {"tokens": "tokens_missing"}
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], FORM | {"tokens": ["04EE"]}
    )
    assert result["reason"] == "holder_added"
    assert (await answer)["idTagInfo"]["status"] == "Accepted"
    assert holders(asking)["Ann"]["tokens"] == ["04EE"]


async def test_offers_are_few(
    hass: HomeAssistant, cp1: BareStation, asking: MockConfigEntry
) -> None:
    """Somebody who presents many cards is not offered with all of them."""
    calls = [
        asyncio.create_task(cp1.call("Authorize", {"idTag": f"04{number}"}))
        for number in range(8)
    ]
    events = async_capture_events(hass, "tag_scanned")
    await until(lambda: len(events) == 8)
    await hass.async_block_till_done()
    assert len(offers(hass)) == 5
    assert await hass.config_entries.async_unload(asking.entry_id)
    assert offers(hass) == []
    for call in calls:
        call.cancel()


@pytest.mark.parametrize("accepted", [True, False])
async def test_an_automation_answers(
    hass: HomeAssistant,
    set_up: SetUp,
    connect: Connect,
    version: str,
    accepted: bool,
) -> None:
    """The event tells of a card; the action decides."""
    entry = await set_up(
        mock_entry(subentry_data("CP1", NAME, start="automation"), holder())
    )
    charger = await connect(entry, version)
    await charger.plug_in()
    answer = asyncio.create_task(charger.sim.present_token(1, "04AABB"))
    event = find_entity(hass, "event.id_token", 0)
    await until(lambda: _type_of(hass, event) == "authorization_requested")
    state = hass.states.get(event)
    assert state is not None
    assert (state.attributes["id_token"], state.attributes["holder"]) == (
        "04AABB",
        "Ann",
    )
    assert offers(hass) == []
    answering = {"id_token": "04AABB", "accepted": accepted}
    await charger.act("answer_id_token", 0, **answering)
    assert await answer is accepted
    with pytest.raises(ServiceValidationError, match="does not ask"):
        await charger.act("answer_id_token", 0, **answering)


def _type_of(hass: HomeAssistant, entity_id: str) -> str | None:
    state = hass.states.get(entity_id)
    return state.attributes.get("event_type") if state else None


async def test_scanned(
    hass: HomeAssistant, set_up: SetUp, connect: Connect, version: str
) -> None:
    """Cards fire Home Assistant's own event, known or not; our own token does not."""
    entry = await set_up(mock_entry(subentry_data(), holder()))
    charger = await connect(entry, version)
    events = async_capture_events(hass, "tag_scanned")
    await charger.plug_in()
    await charger.sim.present_token(1, "04AABB")
    await until(lambda: len(events) == 1)
    assert events[0].data["tag_id"] == "04AABB"
    assert events[0].data["device_id"] == charger.device_id(0)
    await charger.expect("sensor.status", "charging")
    await charger.sim.present_token(1, "04AABB")
    await charger.do("switch.turn_on", "switch.charge", 1)
    await hass.async_block_till_done()
    assert {event.data["tag_id"] for event in events} == {"04AABB"}


async def test_the_list_follows(
    hass: HomeAssistant, charger: Charger, entry: MockConfigEntry
) -> None:
    """Whoever is entered is soon in the charger's own list, and leaves it when removed."""
    result = await enter(hass, entry)
    await configure(hass, result, FORM)
    listed = charger.sim.sessions.authorizer.local_list
    await until(lambda: set(listed) == {"04aabb", "04CCDD"})
    (subentry_id,) = (
        s.subentry_id for s in entry.subentries.values() if s.title == "Ann"
    )
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await until(lambda: not listed)
    await hass.async_block_till_done()
