"""Event entities: what happens and is over at once."""

from typing import Any

from homeassistant.const import STATE_UNKNOWN
import pytest

from custom_components.ocpp_csms.csms import control

from .common import Charger, until


async def happened(
    charger: Charger, kind: str, type_: str, evse: int = 1
) -> dict[str, Any]:
    """Wait until an event entity shows a type of event; return what it tells."""
    await until(
        lambda: charger.state(f"event.{kind}", evse).attributes["event_type"] == type_
    )
    return dict(charger.state(f"event.{kind}", evse).attributes)


async def test_booted(charger: Charger) -> None:
    """A boot is told, with its reason where there is one."""
    told = await happened(charger, "activity", "booted", 0)
    assert told["reason"] == (None if charger.version == "1.6" else "PowerUp")


async def test_nothing_yet(charger: Charger) -> None:
    """Before anything happens nothing is known."""
    for kind, evse in (
        ("id_token", 0),
        ("id_token", 1),
        ("security", 0),
        ("transaction", 1),
        ("fault", 1),
    ):
        assert charger.state(f"event.{kind}", evse).state == STATE_UNKNOWN


async def test_transaction(charging: Charger) -> None:
    """Start and end of a transaction are told with energy and reason."""
    started = await happened(charging, "transaction", "started")
    assert started["id_token"] == "HOMEASSISTANT"
    await charging.clock.advance(600)
    await charging.do("switch.turn_off", "switch.charge")
    ended = await happened(charging, "transaction", "ended")
    assert ended["transaction_id"] == started["transaction_id"]
    assert ended["energy_wh"] == pytest.approx(1840, abs=5)
    assert ended["reason"] == "Remote"


async def test_start_timed_out(
    charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that comes to nothing is told."""
    monkeypatch.setattr(control, "START_WAIT_S", 0.05)
    await charger.do("switch.turn_on", "switch.charge")
    await happened(charger, "transaction", "start_timed_out")


async def test_id_token(charger: Charger) -> None:
    """A card is told at station and EVSE, with its token and what was answered."""
    await charger.plug_in()
    assert await charger.sim.present_token(1, "04AABBCC")
    for place in (0, 1):
        told = await happened(charger, "id_token", "presented", place)
        assert (told["id_token"], told["status"]) == ("04AABBCC", "Accepted")
        assert told["evse_id"] == 1


async def test_fault(charger: Charger) -> None:
    """A fault of an EVSE is told with its code."""
    await charger.sim.set_fault(1, "GroundFailure")
    told = await happened(charger, "fault", "fault")
    if charger.version == "1.6":
        assert told["code"] == "GroundFailure"


async def test_fault_of_station(charger: Charger) -> None:
    """A fault of the station as a whole is told at the station."""
    code = await charger.fail_as_a_whole("Fuse")
    told = await happened(charger, "activity", "fault", 0)
    assert (told["code"], told["info"]) == (code, "Fuse")


async def test_security_event(charger: Charger) -> None:
    """A security event is told with its type."""
    await charger.sim.security_event("InvalidCentralSystemCertificate", "x509")
    told = await happened(charger, "security", "security_event", 0)
    assert told["type"] == "InvalidCentralSystemCertificate"


@pytest.mark.usefixtures("all_enabled")
async def test_data_transfer(charger: Charger) -> None:
    """Data in a vendor's own format is told."""
    await charger.sim.send(
        "DataTransfer", {"vendorId": "acme", "messageId": "hello", "data": "world"}
    )
    told = await happened(charger, "message", "data_transfer", 0)
    assert (told["vendor_id"], told["message_id"], told["data"]) == (
        "acme",
        "hello",
        "world",
    )


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
@pytest.mark.usefixtures("all_enabled")
async def test_monitored_event(charger: Charger) -> None:
    """What a station's monitors notice is told, also of an EVSE."""
    event = {
        "eventId": 1,
        "timestamp": charger.clock.now().isoformat(),
        "trigger": "Alerting",
        "actualValue": "91",
        "eventNotificationType": "CustomMonitor",
        "component": {"name": "Connector", "evse": {"id": 1}},
        "variable": {"name": "Temperature"},
    }
    await charger.sim.send(
        "NotifyEvent",
        {"generatedAt": event["timestamp"], "seqNo": 0, "eventData": [event]},
    )
    told = await happened(charger, "message", "monitored_event", 0)
    assert (told["component"], told["variable"], told["value"]) == (
        "Connector",
        "Temperature",
        "91",
    )
