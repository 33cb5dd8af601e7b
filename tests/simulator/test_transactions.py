"""Charging from plug to plug."""

from collections.abc import Awaitable, Callable

import pytest

from simulator import Car, ManualClock, Misbehaviour

from .conftest import StartStation
from .csms import Json, Silence, TinyCsms

type Settle = Callable[[], Awaitable[None]]


async def test_card_16(csms: TinyCsms, start: StartStation, clock: ManualClock) -> None:
    """1.6: plug, card, charge, card, unplug."""
    station = await start("1.6", register_wh=1000.0)
    await station.plug_in(1)
    assert await station.present_token(1, "TAG")
    await clock.advance(120)
    assert csms.got("StartTransaction") == [
        {
            "connectorId": 1,
            "idTag": "TAG",
            "meterStart": 1000,
            "timestamp": "2026-01-05T12:00:00.000Z",
        }
    ]
    values = csms.got("MeterValues")
    assert [v["transactionId"] for v in values] == [1, 1]
    assert values[1]["meterValue"][0]["timestamp"] == "2026-01-05T12:02:00.000Z"
    assert await station.present_token(1, "TAG")
    await clock.settle()
    stop = csms.got("StopTransaction")[0]
    assert stop["reason"] == "Local"
    assert stop["meterStop"] == 1000 + round(3 * 16 * 230 / 30)
    await station.unplug(1)
    await clock.settle()
    assert [status for _, status in csms.statuses()] == [
        "Available",
        "Available",
        "Preparing",
        "Charging",
        "Finishing",
        "Available",
    ]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_card_2x(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: plug, card, charge, card, unplug."""
    station = await start(version)
    await station.plug_in(1)
    assert await station.present_token(1, "TAG")
    await clock.advance(120)
    assert await station.present_token(1, "TAG")
    await clock.settle()
    assert csms.events() == [
        ("Started", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Updated", "MeterValuePeriodic", "Charging"),
        ("Updated", "MeterValuePeriodic", "Charging"),
        ("Ended", "StopAuthorized", "EVConnected"),
    ]
    events = csms.got("TransactionEvent")
    assert [event["seqNo"] for event in events] == [0, 1, 2, 3, 4]
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1
    assert events[0]["idToken"] == {"idToken": "TAG", "type": "ISO14443"}
    assert events[-1]["transactionInfo"]["stoppedReason"] == "Local"
    assert events[-1]["transactionInfo"]["timeSpentCharging"] == 120
    assert len(events[-1]["meterValue"]) == 2
    await station.unplug(1)
    await clock.settle()
    assert csms.statuses() == [(1, "Available"), (1, "Occupied"), (1, "Available")]


async def remote_start(csms: TinyCsms, version: str, **more: object) -> Json:
    """Start remotely."""
    if version == "1.6":
        payload = {"idTag": "TAG", "connectorId": 1, **more}
        return dict(await csms.call("RemoteStartTransaction", payload))
    token = {"idToken": "TAG", "type": "Central"}
    payload = {"idToken": token, "remoteStartId": 7, "evseId": 1, **more}
    return dict(await csms.call("RequestStartTransaction", payload))


async def remote_stop(csms: TinyCsms, version: str, key: object) -> Json:
    """Stop remotely."""
    action = "RemoteStopTransaction" if version == "1.6" else "RequestStopTransaction"
    return dict(await csms.call(action, {"transactionId": key}))


async def test_remote_start_and_stop(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A transaction starts and stops from afar."""
    station = await start(version)
    await station.plug_in(1)
    assert await remote_start(csms, version) == {"status": "Accepted"}
    await clock.advance(10)
    assert station.evse(1).power_w == pytest.approx(3 * 16 * 230)
    assert csms.got("Authorize") == []
    assert (await remote_start(csms, version))["status"] == "Rejected"
    transaction = station.evse(1).transaction
    assert transaction is not None
    unknown: object = 99 if version == "1.6" else "none"
    assert (await remote_stop(csms, version, unknown))["status"] == "Rejected"
    key: object = int(transaction.key) if version == "1.6" else transaction.key
    assert (await remote_stop(csms, version, key))["status"] == "Accepted"
    await clock.settle()
    assert station.evse(1).power_w == 0
    if version == "1.6":
        assert csms.got("StopTransaction")[0]["reason"] == "Remote"
    else:
        events = csms.got("TransactionEvent")
        assert events[0]["transactionInfo"]["remoteStartId"] == 7
        assert csms.events()[-1] == ("Ended", "RemoteStop", "EVConnected")


async def test_remote_start_before_plug(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A remote start waits for the car, but not for ever."""
    station = await start(version)
    await remote_start(csms, version)
    await clock.advance(59)
    await station.plug_in(1)
    await clock.settle()
    assert station.evse(1).transaction is not None
    await station.unplug(1)
    await remote_start(csms, version)
    await clock.advance(61)
    await station.plug_in(1)
    await clock.settle()
    assert station.evse(1).transaction is None


async def test_remote_start_asks_first(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A station may ask whether a remote token may charge."""
    station = await start(version)
    station.config["AuthorizeRemoteTxRequests"] = "true"
    station.device_model["AuthCtrlr", "AuthorizeRemoteStart"] = "true"
    key = "idTagInfo" if version == "1.6" else "idTokenInfo"
    csms.answers["Authorize"] = lambda _: {key: {"status": "Blocked"}}
    await station.plug_in(1)
    assert await remote_start(csms, version) == {"status": "Accepted"}
    await clock.advance(5)
    assert len(csms.got("Authorize")) == 1
    assert station.evse(1).transaction is None


async def test_unplug_ends(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Pulling the cable ends the transaction."""
    station = await start(version)
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await station.unplug(1)
    await clock.settle()
    if version == "1.6":
        assert csms.got("StopTransaction")[0]["reason"] == "EVDisconnected"
    else:
        event = csms.got("TransactionEvent")[-1]
        assert event["transactionInfo"]["stoppedReason"] == "EVDisconnected"
        assert event["triggerReason"] == "EVCommunicationLost"


async def test_refused_card(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A refused card starts nothing."""
    key = "idTagInfo" if version == "1.6" else "idTokenInfo"
    csms.answers["Authorize"] = lambda _: {key: {"status": "Invalid"}}
    station = await start(version)
    await station.plug_in(1)
    assert not await station.present_token(1, "TAG")
    await clock.settle()
    assert station.evse(1).transaction is None


@pytest.mark.parametrize("ends", [True, False])
async def test_refused_after_start(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str, ends: bool
) -> None:
    """A token that is refused at the start ends the transaction or pauses it."""
    csms.answers["StartTransaction"] = lambda _: {
        "transactionId": 5,
        "idTagInfo": {"status": "Invalid"},
    }
    csms.answers["TransactionEvent"] = lambda p: (
        {"idTokenInfo": {"status": "Invalid"}} if "idToken" in p else {}
    )
    station = await start(version)
    station.config["StopTransactionOnInvalidId"] = str(ends).lower()
    station.device_model["TxCtrlr", "StopTxOnInvalidId"] = str(ends).lower()
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await clock.advance(5)
    if not ends:
        assert station.evse(1).charging_state == "SuspendedEVSE"
    elif version == "1.6":
        assert csms.got("StopTransaction")[0]["reason"] == "DeAuthorized"
    else:
        assert csms.events()[-1][1] == "Deauthorized"


async def test_sleepy_and_full_car(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A sleeping or full car is suspended by itself."""
    station = await start(version)
    car = Car(capacity_wh=10_000, soc=99.0)
    await station.plug_in(1, car)
    await station.present_token(1, "TAG")
    await clock.settle()
    await station.set_willing(1, willing=False)
    assert station.evse(1).charging_state == "SuspendedEV"
    await station.set_willing(1, willing=True)
    assert station.evse(1).charging_state == "Charging"
    await clock.advance(1200)
    assert car.soc == pytest.approx(100)
    assert station.evse(1).charging_state == "SuspendedEV"
    if version == "1.6":
        assert csms.statuses()[-1] == (1, "SuspendedEV")
    else:
        assert csms.events()[-1][2] == "SuspendedEV"


async def test_two_evses(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Two EVSEs charge side by side and count for themselves."""
    station = await start(version, evses=2, tick=10)
    await station.plug_in(1, Car(max_current_a=10))
    await station.plug_in(2, Car(phases=1))
    await station.present_token(1, "A")
    await station.present_token(2, "B")
    await clock.advance(3600)
    assert station.evse(1).register_wh == pytest.approx(6900, rel=1e-3)
    assert station.evse(2).register_wh == pytest.approx(3680, rel=1e-3)


async def test_fault(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A fault stops the current and is told."""
    station = await start(version)
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await station.set_fault(1, "GroundFailure")
    await clock.settle()
    assert station.evse(1).power_w == 0
    assert csms.statuses()[-1] == (1, "Faulted")
    if version == "1.6":
        assert csms.got("StatusNotification")[-1]["errorCode"] == "GroundFailure"
    else:
        assert csms.got("NotifyEvent")[0]["eventData"][0]["techCode"] == "GroundFailure"
    await station.set_fault(1, None)
    await clock.settle()
    assert station.evse(1).power_w > 0


async def test_autostart(csms: TinyCsms, start: StartStation, version: str) -> None:
    """A free station charges whatever is plugged in."""
    station = await start(version, autostart="FREE")
    await station.plug_in(1)
    assert station.evse(1).charging_state == "Charging"


@pytest.mark.parametrize("point", ["EVConnected", "Authorized"])
async def test_start_points(
    csms: TinyCsms, start: StartStation, clock: ManualClock, point: str
) -> None:
    """2.x: a transaction can start with the plug or with the card alone."""
    station = await start("2.0.1")
    station.device_model["TxCtrlr", "TxStartPoint"] = point
    if point == "EVConnected":
        await station.plug_in(1)
        await station.present_token(1, "TAG")
        await clock.settle()
        assert csms.events() == [
            ("Started", "CablePluggedIn", "EVConnected"),
            ("Updated", "Authorized", "EVConnected"),
            ("Updated", "ChargingStateChanged", "Charging"),
        ]
    else:
        await station.present_token(1, "TAG")
        await station.plug_in(1)
        await clock.settle()
        assert csms.events() == [
            ("Started", "Authorized", "Idle"),
            ("Updated", "CablePluggedIn", "Charging"),
        ]


async def test_start_timeout_2x(
    csms: TinyCsms, start: StartStation, clock: ManualClock
) -> None:
    """2.x: a transaction without a car ends after a while."""
    station = await start("2.1")
    station.device_model["TxCtrlr", "TxStartPoint"] = "Authorized"
    await station.present_token(1, "TAG")
    await clock.advance(61)
    event = csms.got("TransactionEvent")[-1]
    assert event["triggerReason"] == "EVConnectTimeout"
    assert event["transactionInfo"]["stoppedReason"] == "Timeout"


async def test_offline_transaction(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """What happens offline is told later, in order and with its own times."""
    station = await start(version, evses=2)
    await station.plug_in(1)
    assert await station.present_token(1, "TAG")
    await clock.advance(1)
    await station.go_offline()
    await clock.advance(120)
    assert await station.present_token(1, "TAG")
    await station.plug_in(2)
    assert await station.present_token(2, "TAG")
    assert not await station.present_token(2, "STRANGER")
    await clock.advance(60)
    await station.go_online()
    await clock.advance(10)
    await station.wait_registered()
    if version == "1.6":
        stop = csms.got("StopTransaction")[0]
        assert stop["timestamp"] == "2026-01-05T12:02:01.000Z"
        assert stop["transactionId"] == 1
        assert [p["connectorId"] for p in csms.got("StartTransaction")] == [1, 2]
        kinds = [
            n for n, _ in csms.calls if n.endswith("Transaction") or n == "MeterValues"
        ]
        assert kinds[:4] == [
            "StartTransaction",
            "MeterValues",
            "MeterValues",
            "StopTransaction",
        ]
    else:
        events = csms.got("TransactionEvent")
        offline = [event for event in events if event.get("offline")]
        assert [event["eventType"] for event in offline] == [
            "Updated",
            "Updated",
            "Ended",
            "Started",
            "Updated",
            "Updated",
        ]
        assert offline[2]["timestamp"] == "2026-01-05T12:02:01.000Z"


@pytest.mark.parametrize("mode", ["end", "continue", "orphan"])
async def test_power_cut(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str, mode: str
) -> None:
    """A power cut ends a transaction, or it goes on, or it is forgotten."""
    odd = Misbehaviour(transaction_on_reboot=mode)  # type: ignore[arg-type]
    station = await start(version, misbehaviour=odd)
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await clock.advance(10)
    await station.reboot()
    await clock.advance(5)
    await station.wait_registered()
    assert len(csms.got("BootNotification")) == 2
    await clock.advance(60)
    if version == "1.6":
        stops = csms.got("StopTransaction")
        assert [stop["reason"] for stop in stops] == (
            ["PowerLoss"] if mode == "end" else []
        )
        assert bool(csms.got("MeterValues")) == (mode == "continue")
    else:
        last = csms.events()[-1]
        expected = {"end": "AbnormalCondition", "continue": "MeterValuePeriodic"}
        assert last[1] == expected.get(mode, "ChargingStateChanged")


async def test_message_attempts(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Transaction messages that are not answered are sent again, then dropped."""
    clock = ManualClock(patience=0.05)
    station = await start(version, call_timeout=5, clock=clock)
    action = "StartTransaction" if version == "1.6" else "TransactionEvent"

    def silent(_: Json) -> Json:
        """Do not answer."""
        raise Silence

    csms.answers[action] = silent
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await clock.advance(1)
    assert len(csms.got(action)) == 1
    await clock.advance(15)
    assert len(csms.got(action)) == 2
    del csms.answers[action]
    await clock.advance(40)
    assert len(csms.got(action)) >= 3
    assert station.link.outbox.items == []


async def test_local_list(csms: TinyCsms, start: StartStation, version: str) -> None:
    """The local list decides without asking if the station is set so."""
    station = await start(version)
    entry: Json
    if version == "1.6":
        entry = {"idTag": "LISTED", "idTagInfo": {"status": "Accepted"}}
        payload = {"listVersion": 3, "updateType": "Full"}
    else:
        token = {"idToken": "LISTED", "type": "Central"}
        entry = {"idToken": token, "idTokenInfo": {"status": "Accepted"}}
        payload = {"versionNumber": 3, "updateType": "Full"}
    answer = await csms.call(
        "SendLocalList", {**payload, "localAuthorizationList": [entry]}
    )
    assert answer == {"status": "Accepted"}
    version_key = "listVersion" if version == "1.6" else "versionNumber"
    assert await csms.call("GetLocalListVersion") == {version_key: 3}
    stale = {**payload, "updateType": "Differential"}
    assert await csms.call("SendLocalList", stale) == {"status": "VersionMismatch"}
    station.config["LocalPreAuthorize"] = "true"
    station.device_model["AuthCtrlr", "LocalPreAuthorize"] = "true"
    await station.plug_in(1)
    assert await station.present_token(1, "LISTED")
    assert csms.got("Authorize") == []
