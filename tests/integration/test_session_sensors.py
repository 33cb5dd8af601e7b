"""Sensors of sessions, and of those who charge."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.session_book import EVERY

from .common import Charger, holder, mock_entry, subentry_data, until
from .conftest import Connect, SetUp


@pytest.fixture
async def ann(set_up: SetUp, connect: Connect, version: str) -> Charger:
    """Return a charger at which Ann may charge, at 0.50 a kWh."""
    more: dict[str, Any] = {"vehicle": "Zoe"}
    entry = mock_entry(subentry_data(), holder("Ann", "04AABB", **more), price=0.5)
    return await connect(await set_up(entry), version)


def _of_holder(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> State:
    (subentry_id,) = (
        subentry.subentry_id
        for subentry in entry.subentries.values()
        if subentry.subentry_type == "id_token"
    )
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"holder_{subentry_id}_{key}"
    )
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state


async def _charge(charger: Charger, minutes: float = 60) -> None:
    await charger.plug_in()
    assert await charger.sim.present_token(1, "04AABB")
    await charger.expect("sensor.status", "charging")
    await charger.clock.advance(minutes * 60)
    await charger.sim.idle()


async def _end(charger: Charger) -> None:
    await charger.sim.present_token(1, "04AABB")
    await until(lambda: charger.station.evses[1].transaction is None)
    await charger.hass.async_block_till_done()


async def test_the_running_session(ann: Charger) -> None:
    """Who charges, for how long, and what it has cost: every minute."""
    await _charge(ann)
    await ann.expect("sensor.session_holder", "Ann")
    async_fire_time_changed(ann.hass, dt_util.utcnow() + EVERY)
    await until(lambda: ann.state("sensor.session_cost").state != "unknown")
    transaction = ann.station.evses[1].transaction
    assert transaction is not None
    assert transaction.energy_wh is not None
    cost = ann.value("sensor.session_cost")
    assert cost == pytest.approx(transaction.energy_wh / 2000, rel=0.05)
    assert ann.state("sensor.session_cost").attributes["unit_of_measurement"] == "EUR"
    assert ann.state("sensor.last_session_holder").state == "unknown"


async def test_the_last_session(ann: Charger) -> None:
    """What has ended is the last one; nothing runs any more."""
    await _charge(ann)
    await _end(ann)
    await until(lambda: ann.state("sensor.last_session_holder").state == "Ann")
    assert ann.state("sensor.session_holder").state == "unknown"
    last = ann.station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh is not None
    assert ann.value("sensor.last_session_energy") * 1000 == pytest.approx(
        last.energy_wh, abs=1
    )
    cost = ann.value("sensor.last_session_cost")
    assert cost == pytest.approx(last.energy_wh / 2000, abs=0.001)
    details = ann.state("sensor.last_session_energy").attributes
    assert details["session"] == str(last.record)


async def test_after_a_restart(ann: Charger) -> None:
    """What the journal knows is there again at once."""
    await _charge(ann)
    await _end(ann)
    await until(lambda: ann.state("sensor.last_session_holder").state == "Ann")
    cost = ann.state("sensor.last_session_cost").state
    await ann.reload()
    await until(lambda: ann.state("sensor.last_session_cost").state == cost)
    await until(lambda: _of_holder(ann.hass, ann.entry, "sessions").state == "1")


async def test_totals_of_a_holder(ann: Charger) -> None:
    """All of Ann's sessions, on a device of her own; also what is corrected."""
    hass, entry = ann.hass, ann.entry
    assert _of_holder(hass, entry, "sessions").state == "0"
    await _charge(ann)
    await _end(ann)
    await until(lambda: _of_holder(hass, entry, "sessions").state == "1")
    last = ann.station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh is not None
    energy = float(_of_holder(hass, entry, "energy").state)
    assert energy * 1000 == pytest.approx(last.energy_wh, abs=1)
    cost = float(_of_holder(hass, entry, "cost").state)
    assert cost == pytest.approx(last.energy_wh / 2000, abs=0.001)
    charged = _of_holder(hass, entry, "last_charged").state
    assert dt_util.parse_datetime(charged) is not None
    await hass.services.async_call(
        DOMAIN,
        "correct_session",
        {"session": str(last.record), "reason": "gift", "cost": 0},
        blocking=True,
    )
    await until(lambda: float(_of_holder(hass, entry, "cost").state) == 0)


async def test_another_holder(ann: Charger) -> None:
    """A session that was somebody else's moves to them, by token or by name."""
    hass, entry = ann.hass, ann.entry
    await _charge(ann)
    await _end(ann)
    await until(lambda: _of_holder(hass, entry, "sessions").state == "1")
    last = ann.station.evses[1].last_transaction
    assert last is not None
    plain = {"session": str(last.record), "reason": "lent"}
    for given, sessions in (
        ({"holder": "Bob"}, "0"),
        ({"id_token": "04aabb"}, "1"),
        ({"id_token": "BOB"}, "0"),
        ({"holder": " ann "}, "1"),
    ):
        await hass.services.async_call(
            DOMAIN, "correct_session", plain | given, blocking=True
        )
        await until(
            lambda sessions=sessions: (
                _of_holder(hass, entry, "sessions").state == sessions
            )
        )


async def test_renamed(ann: Charger) -> None:
    """A new name is that of the device; the sessions of the past keep the old one."""
    hass, entry = ann.hass, ann.entry
    await _charge(ann)
    await _end(ann)
    (subentry,) = (
        s for s in entry.subentries.values() if s.subentry_type == "id_token"
    )
    hass.config_entries.async_update_subentry(entry, subentry, title="Anna")
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"holder/{subentry.subentry_id}"), entry.entry_id
    )
    assert device is not None
    assert device.name == "Anna"
    answer = await ann.hass.services.async_call(
        DOMAIN,
        "get_sessions",
        {"begin": "2025-01-01 00:00:00", "holder": "ANN"},
        blocking=True,
        return_response=True,
    )
    (told,) = answer["sessions"]
    assert (told["holder"], told["vehicle"]) == ("Ann", "Zoe")
    assert told["cost"] > 0
    assert _of_holder(hass, entry, "sessions").state == "1"


async def test_added_while_running(
    hass: HomeAssistant, charger: Charger, entry: MockConfigEntry
) -> None:
    """Somebody who is entered later gets sensors, and the sessions of their token so far."""
    await charger.plug_in()
    assert await charger.sim.present_token(1, "04AABB")
    await charger.expect("sensor.status", "charging")
    await charger.clock.advance(timedelta(minutes=10).total_seconds())
    await charger.sim.idle()
    await _end(charger)
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType({"tokens": ["04AABB"]}),
            subentry_type="id_token",
            title="Ann",
            unique_id=None,
        ),
    )
    await hass.async_block_till_done()
    await until(lambda: _of_holder(hass, entry, "sessions").state == "1")
    assert _of_holder(hass, entry, "cost").state == "unknown"
