"""What the logbook says of sessions."""

from typing import Any

from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.ocpp_csms import logbook
from custom_components.ocpp_csms.session_events import EVENT_ENDED, EVENT_STARTED

from .common import NAME, Charger, holder, mock_entry, subentry_data, until
from .conftest import Connect, SetUp


async def test_a_session(
    hass: HomeAssistant, set_up: SetUp, connect: Connect, version: str
) -> None:
    """Its begin and its end are events, of the EVSE's device, once each."""
    entry = mock_entry(subentry_data(), holder("Ann", "04AABB"), price=0.5)
    charger: Charger = await connect(await set_up(entry), version)
    started, ended = (
        async_capture_events(hass, name) for name in (EVENT_STARTED, EVENT_ENDED)
    )
    await charger.plug_in()
    assert await charger.sim.present_token(1, "04AABB")
    await until(lambda: len(started) == 1)
    assert started[0].data == {
        "device_id": charger.device_id(1),
        "station": NAME,
        "evse": 1,
        "id_token": "04AABB" if version == "1.6" else started[0].data["id_token"],
        "holder": "Ann" if version == "1.6" else started[0].data["holder"],
    }
    await charger.expect("sensor.status", "charging")
    await charger.clock.advance(3600)
    await charger.sim.idle()
    await charger.sim.present_token(1, "04AABB")
    await until(lambda: len(ended) == 1)
    data = ended[0].data
    assert (data["holder"], data["device_id"]) == ("Ann", charger.device_id(1))
    assert data["cost"] == pytest.approx(data["energy"] / 2, abs=0.001)
    await charger.reload()
    await hass.async_block_till_done()
    assert (len(started), len(ended)) == (1, 1)


def _described(hass: HomeAssistant, name: str, **data: Any) -> dict[str, str]:
    found: dict[str, Any] = {}

    def describe(domain: str, event: str, describe_event: Any) -> None:
        assert domain == "ocpp_csms"
        found[event] = describe_event

    logbook.async_describe_events(hass, describe)
    plain = {"station": "Garage", "evse": 1}
    told: dict[str, str] = found[name](Event(name, plain | data))
    return told


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (EVENT_STARTED, {"holder": "Ann", "id_token": "X"}, "began charging for Ann"),
        (EVENT_STARTED, {"id_token": "X"}, "began charging for X"),
        (EVENT_STARTED, {}, "began charging"),
        (
            EVENT_ENDED,
            {"energy": 7.5, "cost": 2.25, "currency": "EUR", "holder": "Ann"},
            "charged 7.50 kWh for Ann, 2.25 EUR",
        ),
        (EVENT_ENDED, {"energy": 7.5}, "charged 7.50 kWh"),
        (EVENT_ENDED, {}, "charged an unknown amount of energy"),
    ],
)
def test_messages(
    hass: HomeAssistant, name: str, data: dict[str, Any], message: str
) -> None:
    """What is not known is left out."""
    told = _described(hass, name, **data)
    assert (told["name"], told["message"]) == ("Garage EVSE 1", message)
