"""Actions: what an automation can ask of a station."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from .common import NAME, Charger, assert_translated, is_16, until


async def test_start_and_stop(charger: Charger) -> None:
    """Start and stop are answered with the station's word."""
    await charger.plug_in()
    assert await charger.act("start_charging") == {"status": "Accepted"}
    state = await charger.expect("switch.charge", "on", pending=False)
    assert state is not None
    await charger.sim.idle()
    assert await charger.act("stop_charging") == {"status": "Accepted"}
    await charger.expect("switch.charge", "off")


async def test_start_with_token(charger: Charger) -> None:
    """A token of the caller's is used instead of the settings'."""
    await charger.plug_in()
    await charger.act("start_charging", id_token="04AABB", id_token_type="ISO14443")
    await charger.expect("switch.charge", "on", pending=False)
    state = await charger.expect("sensor.session_energy", "0.0")
    assert state.attributes["id_token"] == "04AABB"
    if not is_16(charger):
        token = charger.last_call("RequestStartTransaction")["idToken"]
        assert token == {"idToken": "04AABB", "type": "ISO14443"}


@pytest.mark.parametrize(
    "message", ["BootNotification", "Heartbeat", "StatusNotification", "MeterValues"]
)
async def test_trigger(charger: Charger, message: str) -> None:
    """A station sends what it is asked for."""
    sent = len(charger.sim.calls("sent", message))
    device = 1 if message in ("StatusNotification", "MeterValues") else 0
    answer = await charger.act("trigger_message", device, message=message)
    assert answer == {"status": "Accepted"}
    await until(lambda: len(charger.sim.calls("sent", message)) > sent)


async def test_triggered_boot_is_no_boot(charger: Charger) -> None:
    """A BootNotification that was asked for is no reboot."""
    before = charger.state("sensor.last_boot", 0).state
    await charger.clock.advance(60)
    await charger.act("trigger_message", message="BootNotification")
    await charger.sim.wait_until(
        lambda: len(charger.sim.calls("sent", "BootNotification")) == 2
    )
    await charger.sim.idle()
    assert charger.state("sensor.last_boot", 0).state == before


@pytest.mark.parametrize("version", ["1.6"])
async def test_trigger_not_supported(charger: Charger) -> None:
    """A message that the version does not know is refused."""
    with pytest.raises(ServiceValidationError) as raised:
        await charger.act("trigger_message", message="TransactionEvent")
    assert_translated(
        raised, "trigger_not_supported", station=NAME, trigger="TransactionEvent"
    )


@pytest.mark.parametrize(
    ("type_", "words"),
    [("on_idle", ("Soft", "OnIdle")), ("immediate", ("Hard", "Immediate"))],
)
async def test_reset(charger: Charger, type_: str, words: tuple[str, str]) -> None:
    """A station restarts and comes back."""
    assert await charger.act("reset", type=type_) == {"status": "Accepted"}
    assert charger.last_call("Reset")["type"] == words[not is_16(charger)]
    await charger.expect("binary_sensor.connected", "off", 0)
    await charger.come_back()


async def test_reset_of_evse(charger: Charger) -> None:
    """Only 2.x can restart an EVSE; a station that can't says so."""
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("reset", 1)
    if is_16(charger):
        assert_translated(raised, "reset_of_evse_not_supported", station=NAME)
    else:
        assert charger.last_call("Reset")["evseId"] == 1
        assert_translated(raised, "rejected_with_reason", station=NAME)


async def test_unlock(charger: Charger) -> None:
    """The cable is released."""
    await charger.plug_in()
    charger.sim.evse(1).cable_locked = True
    assert await charger.act("unlock_connector", connector=1) == {"status": "Unlocked"}
    assert not charger.sim.evse(1).cable_locked


async def test_unlock_fails(charger: Charger) -> None:
    """A stuck cable is told."""
    charger.sim.misbehaviour.statuses = {"UnlockConnector": "UnlockFailed"}
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("unlock_connector")
    assert_translated(raised, "rejected", station=NAME, status="UnlockFailed")


async def test_unlock_of_no_connector(charger: Charger) -> None:
    """A connector that the EVSE lacks is refused; on 1.6, where it has one, unasked."""
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("unlock_connector", 1, connector=2)
    if is_16(charger):
        assert_translated(raised, "connector_unknown", station=NAME, connector="2")
        assert charger.calls("UnlockConnector") == []
    else:
        assert_translated(raised, "rejected", station=NAME, status="UnknownConnector")


async def test_change_availability(charger: Charger) -> None:
    """A station, and an EVSE, go out of use and back."""
    for device in (0, 1):
        answer = await charger.act("change_availability", device, available=False)
        assert answer == {"status": "Accepted"}
        await charger.expect("sensor.status", "unavailable")
        await charger.act("change_availability", device, available=True)
        await charger.expect("sensor.status", "available")


async def test_change_availability_later(charging: Charger) -> None:
    """While a transaction runs the change is scheduled."""
    answer = await charging.act("change_availability", 1, available=False)
    assert answer == {"status": "Scheduled"}


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_change_availability_of_connector(charger: Charger) -> None:
    """A single connector can be addressed on 2.x."""
    await charger.act("change_availability", 1, available=False, connector=1)
    assert charger.last_call("ChangeAvailability")["evse"] == {
        "id": 1,
        "connectorId": 1,
    }


async def test_clear_cache(charger: Charger) -> None:
    """The cache of tokens is cleared."""
    assert await charger.act("clear_cache") == {"status": "Accepted"}


async def test_data_transfer(charger: Charger) -> None:
    """Data in a vendor's own format are sent and answered."""
    charger.sim.misbehaviour.replies["DataTransfer"] = {
        "status": "Accepted",
        "data": "pong",
    }
    answer = await charger.act(
        "data_transfer", vendor_id="acme", message_id="ping", data="1"
    )
    assert answer == {"status": "Accepted", "data": "pong"}
    assert charger.last_call("DataTransfer") == {
        "vendorId": "acme",
        "messageId": "ping",
        "data": "1",
    }


async def test_data_transfer_refused(charger: Charger) -> None:
    """A vendor that the station does not know is told."""
    with pytest.raises(HomeAssistantError) as raised:
        await charger.act("data_transfer", vendor_id="nobody")
    assert raised.value.translation_key in ("rejected", "rejected_with_reason")
    assert (raised.value.translation_placeholders or {})["status"] == "UnknownVendorId"
