"""Obeying charging profiles."""

from typing import Any

import pytest

from simulator import Car, ManualClock, Misbehaviour

from .conftest import StartStation
from .csms import Json, TinyCsms
from .profiles import install, profile, stamp


async def charge(station: Any, clock: ManualClock, evse_id: int = 1, **car: Any) -> Any:
    """Start charging and return the EVSE."""
    await station.plug_in(evse_id, Car(**{"max_current_a": 32, "phases": 3, **car}))
    assert await station.present_token(evse_id, "TAG")
    await clock.settle()
    return station.evse(evse_id)


async def test_followed_by_the_second(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A schedule is followed from period to period, pauses and all."""
    station = await start(version)
    evse = await charge(station, clock)
    assert evse.current_a == 32
    status = await install(
        csms, version, (0, 10), (60, 16), (120, 0), (180, 8), startSchedule=stamp()
    )
    assert status == "Accepted"
    await clock.settle()
    seen = []
    for _ in range(4):
        seen.append((evse.current_a, evse.charging_state))
        await clock.advance(59)
        assert evse.current_a == seen[-1][0]
        await clock.advance(1)
    assert seen == [
        (10, "Charging"),
        (16, "Charging"),
        (0, "SuspendedEVSE"),
        (8, "Charging"),
    ]


async def test_below_six(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Less than 6 A pauses; the car may want even more."""
    station = await start(version)
    evse = await charge(station, clock, min_current_a=8.0)
    await install(csms, version, (0, 7), startSchedule=stamp())
    await clock.settle()
    assert evse.charging_state == "SuspendedEV"
    await install(csms, version, (0, 5.9), startSchedule=stamp())
    await clock.settle()
    assert evse.charging_state == "SuspendedEVSE"


async def test_watts_and_phases(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Watts are shared among the phases, and phases can be taken away."""
    station = await start(version)
    evse = await charge(station, clock)
    await install(csms, version, (0, 6900), unit="W", startSchedule=stamp())
    await clock.settle()
    assert evse.meter.currents_a == pytest.approx([10, 10, 10])
    await install(
        csms,
        version,
        (0, 2300),
        unit="W",
        startSchedule=stamp(),
        period={"numberPhases": 1},
    )
    await clock.settle()
    assert evse.meter.currents_a == pytest.approx([10, 0, 0])
    assert evse.power_w == pytest.approx(2300)


async def test_stack_and_lease(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A higher level wins while it lasts, then the lower one is back."""
    station = await start(version)
    evse = await charge(station, clock)
    await install(csms, version, (0, 8), startSchedule=stamp())
    await install(
        csms, version, (0, 20), startSchedule=stamp(), duration=60, stack=2, id=2
    )
    await clock.settle()
    assert evse.limit_a == 20
    await clock.advance(60)
    assert evse.limit_a == 8


async def test_tx_profile_ends_with_transaction(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A TxProfile rules its transaction and goes with it."""
    station = await start(version)
    assert (
        await install(csms, version, (0, 9), purpose="TxProfile", startSchedule=stamp())
        == "Rejected"
    )
    evse = await charge(station, clock)
    await install(csms, version, (0, 16), startSchedule=stamp())
    key: Any = evse.transaction.key
    fields = {"purpose": "TxProfile", "startSchedule": stamp(), "id": 2}
    wrong: Any = 4711 if version == "1.6" else "4711"
    assert (
        await install(csms, version, (0, 9), transactionId=wrong, **fields)
        == "Rejected"
    )
    right = int(key) if version == "1.6" else key
    assert (
        await install(csms, version, (0, 9), transactionId=right, **fields)
        == "Accepted"
    )
    await clock.settle()
    assert evse.limit_a == 9
    await station.present_token(1, "TAG")
    await station.unplug(1)
    assert len(station.profiles) == 1
    await charge(station, clock)
    assert evse.limit_a == 16


async def test_remote_start_with_profile(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A profile that comes with a remote start belongs to its transaction."""
    station = await start(version)
    await station.plug_in(1)
    raw = profile(version, (0, 11), purpose="TxProfile", kind="Relative")
    if version == "1.6":
        payload = {"idTag": "T", "connectorId": 1, "chargingProfile": raw}
        await csms.call("RemoteStartTransaction", payload)
    else:
        token = {"idToken": "T", "type": "Central"}
        payload = {
            "idToken": token,
            "remoteStartId": 1,
            "evseId": 1,
            "chargingProfile": raw,
        }
        await csms.call("RequestStartTransaction", payload)
    await clock.settle()
    assert station.evse(1).limit_a == 11
    await station.unplug(1)
    assert len(station.profiles) == 0


async def test_station_maximum_is_shared(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """The station's maximum is divided among the EVSEs that charge."""
    station = await start(version, evses=2)
    await charge(station, clock)
    status = await install(
        csms,
        version,
        (0, 24),
        evse=0,
        purpose="ChargingStationMaxProfile",
        startSchedule=stamp(),
    )
    assert status == "Accepted"
    await clock.settle()
    assert station.evse(1).limit_a == 24
    await charge(station, clock, 2)
    await clock.advance(1)
    assert [evse.limit_a for evse in station.evses] == [12, 12]


async def test_clear(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Profiles are cleared by id, by criteria, or all."""
    station = await start(version)
    evse = await charge(station, clock)
    await install(csms, version, (0, 8), startSchedule=stamp(), stack=1)
    await install(csms, version, (0, 10), startSchedule=stamp(), id=2)
    old = version == "1.6"
    assert await csms.call(
        "ClearChargingProfile", {"id": 9} if old else {"chargingProfileId": 9}
    ) == {"status": "Unknown"}
    criteria: Json = {"stackLevel": 1, "chargingProfilePurpose": "TxDefaultProfile"}
    if not old:
        criteria = {"chargingProfileCriteria": criteria}
    assert await csms.call("ClearChargingProfile", criteria) == {"status": "Accepted"}
    await clock.settle()
    assert evse.limit_a == 10
    assert await csms.call("ClearChargingProfile", {}) == {"status": "Accepted"}
    await clock.settle()
    assert evse.limit_a == 32


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"startSchedule": stamp(), "purpose": "ChargingStationMaxProfile"},
        {"startSchedule": stamp(), "stack": 11},
        {"startSchedule": stamp(), "kind": "Recurring"},
    ],
    ids=["no start", "maximum of an EVSE", "level too high", "no recurrency"],
)
async def test_rejected(
    csms: TinyCsms, start: StartStation, version: str, fields: Json
) -> None:
    """Profiles against the rules are rejected."""
    await start(version)
    assert await install(csms, version, (0, 8), **fields) == "Rejected"


async def test_more_rejections(
    csms: TinyCsms, start: StartStation, version: str
) -> None:
    """Units, periods and places have their rules too."""
    station = await start(version)
    station.config["ChargingScheduleAllowedChargingRateUnit"] = "Current"
    station.device_model["SmartChargingCtrlr", "RateUnit"] = "A"
    begin = {"startSchedule": stamp()}
    assert await install(csms, version, (0, 8), unit="W", **begin) == "Rejected"
    assert await install(csms, version, (5, 8), **begin) == "Rejected"
    assert await install(csms, version, (0, 8), (60, 9), (60, 7), **begin) == "Rejected"
    assert await install(csms, version, (0, 8), evse=7, **begin) == "Rejected"
    many = [(second, 8.0) for second in range(60)]
    assert await install(csms, version, *many, **begin) == "Rejected"


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_conflicts(csms: TinyCsms, start: StartStation, version: str) -> None:
    """2.x: another id in the same place is refused, the same id replaces."""
    station = await start(version)
    assert await install(csms, version, (0, 8), startSchedule=stamp()) == "Accepted"
    assert (
        await install(csms, version, (0, 9), startSchedule=stamp(), id=2) == "Rejected"
    )
    assert await install(csms, version, (0, 9), startSchedule=stamp()) == "Accepted"
    assert len(station.profiles) == 1
    relative = {"kind": "Relative", "startSchedule": stamp(), "stack": 3, "id": 3}
    assert await install(csms, version, (0, 9), **relative) == "Rejected"


async def test_replaced_by_slot(csms: TinyCsms, start: StartStation) -> None:
    """1.6: another id in the same place replaces."""
    station = await start("1.6")
    assert await install(csms, "1.6", (0, 8), startSchedule=stamp()) == "Accepted"
    assert await install(csms, "1.6", (0, 9), startSchedule=stamp(), id=2) == "Accepted"
    assert [found.id for found in station.profiles] == [2]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_reported(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: installed profiles are reported, one message for each EVSE."""
    await start(version, evses=2)
    await install(csms, version, (0, 8), startSchedule=stamp())
    await install(csms, version, (0, 9), startSchedule=stamp(), id=2, evse=2)
    asked: Json = {"requestId": 4, "chargingProfile": {}}
    assert await csms.call("GetChargingProfiles", asked) == {"status": "Accepted"}
    await clock.settle()
    reports = csms.got("ReportChargingProfiles")
    assert [(r["evseId"], r["tbc"]) for r in reports] == [(1, True), (2, False)]
    asked["chargingProfile"] = {"chargingProfileId": [99]}
    assert await csms.call("GetChargingProfiles", asked) == {"status": "NoProfiles"}


async def test_composite(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """The composite schedule tells what will be done, in either unit."""
    await start(version, evses=2, max_current_a=16)
    await install(csms, version, (0, 10), (600, 0), startSchedule=stamp())

    async def composite(evse: int, unit: str) -> list[tuple[int, float]]:
        """Return the periods."""
        place = "connectorId" if version == "1.6" else "evseId"
        asked = {place: evse, "duration": 900, "chargingRateUnit": unit}
        answer = await csms.call("GetCompositeSchedule", asked)
        assert answer["status"] == "Accepted"
        schedule = answer["chargingSchedule" if version == "1.6" else "schedule"]
        return [
            (p["startPeriod"], p["limit"]) for p in schedule["chargingSchedulePeriod"]
        ]

    assert await composite(1, "A") == [(0, 10), (600, 0)]
    assert await composite(1, "W") == [(0, 6900), (600, 0)]
    assert await composite(2, "A") == [(0, 16)]
    assert await composite(0, "A") == [(0, 26), (600, 16)]
    await clock.advance(300)
    assert await composite(1, "A") == [(0, 10), (300, 0)]


async def test_kept_and_forgotten(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Profiles survive reconnections and reboots, unless told to be forgotten."""
    station = await start(version)
    await install(csms, version, (0, 8), startSchedule=stamp())
    await station.drop_connection()
    await clock.advance(5)
    await station.reboot()
    await clock.advance(5)
    await station.wait_registered()
    assert len(station.profiles) == 1
    station.misbehaviour.forget_profiles_on_reboot = True
    await station.reboot()
    assert len(station.profiles) == 0


async def test_external_limit(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A limit from outside is obeyed and, in 2.x, told."""
    station = await start(version)
    evse = await charge(station, clock)
    await station.external_limit(7)
    await clock.settle()
    assert evse.limit_a == 7
    await station.external_limit(None)
    await clock.settle()
    assert evse.limit_a == 32
    assert len(csms.got("NotifyChargingLimit")) == int(version != "1.6")
    assert len(csms.got("ClearedChargingLimit")) == int(version != "1.6")


async def test_dynamic(csms: TinyCsms, start: StartStation, clock: ManualClock) -> None:
    """2.1: a Dynamic profile takes new limits, and lapses without them."""
    station = await start("2.1")
    evse = await charge(station, clock)
    status = await install(csms, "2.1", (0, 10), kind="Dynamic", duration=120)
    assert status == "Accepted"
    await clock.advance(60)
    update = {"chargingProfileId": 1, "scheduleUpdate": {"limit": 14.0}}
    assert await csms.call("UpdateDynamicSchedule", update) == {"status": "Accepted"}
    await clock.advance(100)
    assert evse.limit_a == 14
    await clock.advance(21)
    assert evse.limit_a == 32
    assert await csms.call("UpdateDynamicSchedule", update) == {"status": "Accepted"}
    await clock.settle()
    assert evse.limit_a == 14
    update["chargingProfileId"] = 99
    assert (await csms.call("UpdateDynamicSchedule", update))["status"] == "Rejected"


async def test_priority(
    csms: TinyCsms, start: StartStation, clock: ManualClock
) -> None:
    """2.1: priority charging overrides the transaction's profile."""
    station = await start("2.1")
    evse = await charge(station, clock)
    await install(csms, "2.1", (0, 8), startSchedule=stamp())
    asked = {"transactionId": evse.transaction.key, "activate": True}
    assert await csms.call("UsePriorityCharging", asked) == {"status": "NoProfile"}
    await install(
        csms, "2.1", (0, 25), startSchedule=stamp(), purpose="PriorityCharging", id=5
    )
    await clock.settle()
    assert evse.limit_a == 8
    assert await csms.call("UsePriorityCharging", asked) == {"status": "Accepted"}
    await clock.settle()
    assert evse.limit_a == 25


@pytest.mark.parametrize("invalid", [False, True])
async def test_offline_lease(
    csms: TinyCsms, start: StartStation, clock: ManualClock, invalid: bool
) -> None:
    """2.1: a profile can be limited to a time offline."""
    station = await start("2.1")
    evse = await charge(station, clock)
    fields: Json = {"maxOfflineDuration": 60, "invalidAfterOfflineDuration": invalid}
    await install(csms, "2.1", (0, 8), startSchedule=stamp(), **fields)
    await station.go_offline()
    await clock.advance(59)
    assert evse.limit_a == 8
    await clock.advance(5)
    assert evse.limit_a == 32
    await station.go_online()
    await clock.advance(5)
    assert evse.limit_a == (32 if invalid else 8)


async def test_scripted(
    csms: TinyCsms, start: StartStation, clock: ManualClock
) -> None:
    """A station can refuse by purpose, level or year, ignore, or get stuck."""
    odd = Misbehaviour(profile_answers={"TxDefaultProfile": "NotSupported"})
    station = await start("1.6", misbehaviour=odd)
    begin = {"startSchedule": stamp()}
    assert await install(csms, "1.6", (0, 8), **begin) == "NotSupported"
    odd.profile_answers = {"Absolute": "Rejected"}
    assert await install(csms, "1.6", (0, 8), **begin) == "Rejected"
    odd.profile_answers = {}
    odd.only_stack_level = 0
    assert await install(csms, "1.6", (0, 8), stack=1, **begin) == "Rejected"
    odd.dies_in_2038 = True
    late = {"startSchedule": "2040-01-01T00:00:00Z"}
    assert await install(csms, "1.6", (0, 8), **late) == "Rejected"
    evse = await charge(station, clock)
    odd.ignore_profiles = True
    assert await install(csms, "1.6", (0, 8), **begin) == "Accepted"
    await clock.settle()
    assert evse.limit_a == 32
    odd.ignore_profiles = False
    odd.stuck_after_pause = True
    await install(csms, "1.6", (0, 0), **begin)
    await clock.settle()
    await install(csms, "1.6", (0, 16), **begin)
    await clock.settle()
    assert evse.charging_state == "SuspendedEVSE"


async def test_followed_between_ticks(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A station that looks seldom still charges as its profiles say."""
    station = await start(version, tick=600)
    evse = await charge(station, clock)
    await install(
        csms, version, (0, 10), (60, 0), (120, 20), (180, 0), startSchedule=stamp()
    )
    await clock.advance(600)
    assert evse.register_wh == pytest.approx(3 * 230 * 30 / 60)
