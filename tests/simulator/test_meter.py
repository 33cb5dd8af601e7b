"""Readings, proper and odd."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator import Car, ManualClock, Misbehaviour

from .conftest import StartStation
from .csms import Json, TinyCsms

type Read = Callable[..., Awaitable[list[Json]]]


@pytest.fixture
def read(csms: TinyCsms, start: StartStation, clock: ManualClock) -> Read:
    """Return what charges for a minute and returns the last periodic samples."""

    async def run(version: str, **odd: Any) -> list[Json]:
        """Charge for a minute."""
        station = await start(
            version, register_wh=5000.0, misbehaviour=Misbehaviour(**odd)
        )
        everything = (
            "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,"
            "Current.Offered,SoC,Frequency"
        )
        station.config["MeterValuesSampledData"] = everything
        station.device_model["SampledDataCtrlr", "TxUpdatedMeasurands"] = everything
        await station.plug_in(1, Car(soc=50))
        await station.present_token(1, "TAG")
        await clock.advance(60)
        return samples(csms, version)[-1]["sampledValue"]  # type: ignore[no-any-return]

    return run


def samples(csms: TinyCsms, version: str) -> list[Json]:
    """Return the periodic meter values."""
    if version == "1.6":
        found = [p["meterValue"] for p in csms.got("MeterValues")]
    else:
        found = [
            event["meterValue"]
            for event in csms.got("TransactionEvent")
            if event["triggerReason"] == "MeterValuePeriodic"
        ]
    return [values if isinstance(values, dict) else values[0] for values in found]


def by_name(found: list[Json]) -> dict[tuple[str, str], Any]:
    """Return the values by measurand and phase."""
    return {
        (sample.get("measurand", ""), sample.get("phase", "")): float(sample["value"])
        for sample in found
    }


def unit(sample: Json) -> str | None:
    """Return the unit of a sample."""
    found = sample.get("unit") or sample.get("unitOfMeasure", {}).get("unit")
    return None if found is None else str(found)


async def test_proper(read: Read, version: str) -> None:
    """All measurands come with phases and units."""
    found = await read(version)
    values = by_name(found)
    power = 3 * 16 * 230
    assert values["Power.Active.Import", ""] == power
    assert values["Energy.Active.Import.Register", ""] == 5000 + power / 60
    for phase in ("L1", "L2", "L3"):
        assert values["Current.Import", phase] == 16
        assert values["Voltage", f"{phase}-N"] == 230
    assert values["Current.Offered", ""] == 32
    assert values["SoC", ""] > 50
    assert values["Frequency", ""] == 50
    units = {sample["measurand"]: unit(sample) for sample in found}
    assert units["Power.Active.Import"] == "W"
    assert units["Energy.Active.Import.Register"] == "Wh"
    assert units["SoC"] == "Percent"
    assert {sample["context"] for sample in found} == {"Sample.Periodic"}


async def test_units(read: Read, version: str) -> None:
    """Units can be other ones, wrong ones, or missing."""
    kilo = {"Energy.Active.Import.Register": "kWh", "Power.Active.Import": "kW"}
    found = await read(version, units=kilo)
    assert by_name(found)["Power.Active.Import", ""] == pytest.approx(11.04)
    assert "kWh" in {unit(sample) for sample in found}
    found = await read(version, labels={"Power.Active.Import": "kW"})
    assert by_name(found)["Power.Active.Import", ""] == 11040
    found = await read(version, omit_units=True, omit_measurand=True, omit_context=True)
    assert {unit(sample) for sample in found} == {None}
    assert not any("measurand" in sample or "context" in sample for sample in found)


async def test_alternating_units(read: Read, csms: TinyCsms, version: str) -> None:
    """One station can use Wh and kWh by turns."""
    found = await read(version, alternate_units=True)
    assert {unit(s) for s in found} & {"kWh", "kW"}
    assert {unit(s) for s in found} & {"Wh", "W"}


async def test_phases(read: Read, version: str) -> None:
    """Power can come per phase, with a total, without, or with a total of 0."""
    values = by_name(await read(version, per_phase_power=True))
    assert values["Power.Active.Import", "L2"] == 3680
    assert values["Power.Active.Import", ""] == 11040
    values = by_name(await read(version, no_total_power=True))
    assert ("Power.Active.Import", "") not in values
    assert ("Energy.Active.Import.Register", "") in values
    values = by_name(await read(version, per_phase_only=True))
    assert ("Energy.Active.Import.Register", "") not in values
    values = by_name(await read(version, zero_total_power=True))
    assert values["Power.Active.Import", ""] == 0
    values = by_name(await read(version, phase_names={"L1": "L1-N", "L2": "N"}))
    assert ("Current.Import", "L1-N") in values
    assert ("Current.Import", "N") in values


async def test_registers(read: Read, csms: TinyCsms, version: str) -> None:
    """Registers can count per session, jump, repeat their start, or be nonsense."""
    key = ("Energy.Active.Import.Register", "")
    assert by_name(await read(version, session_register=True))[key] == 184
    assert by_name(await read(version, register_offset_wh=-5000.0))[key] == 184
    for nonsense in ("", "NaN", "abc"):
        found = await read(version, values={"Energy.Active.Import.Register": nonsense})
        assert found[0]["value"] == nonsense
    found = await read(version, float_noise=True)
    assert len(str(by_name(found)[key])) > 8
    found = await read(version, omit_measurands={"SoC"}, context="Other")
    assert "SoC" not in {sample["measurand"] for sample in found}
    assert {sample["context"] for sample in found} == {"Other"}
    if version == "1.6":
        found = await read(version, repeat_begin=True)
        assert found[-1]["context"] == "Transaction.Begin"


async def test_shapes(read: Read, csms: TinyCsms, version: str) -> None:
    """The lists of samples can be empty."""
    assert await read(version, empty_samples=True) == []


async def test_object(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """MeterValues can hold an object where a list belongs."""
    station = await start(version, misbehaviour=Misbehaviour(meter_value_object=True))
    station.config["ClockAlignedDataInterval"] = "60"
    station.device_model["AlignedDataCtrlr", "Interval"] = "60"
    await clock.advance(61)
    assert isinstance(csms.got("MeterValues")[0]["meterValue"], dict)


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("no_ms", "2026-01-05T12:01:00Z"),
        ("no_zone", "2026-01-05T12:01:00"),
        ("1970", "1970-01-01T00:00:00Z"),
        ("local", "2026-01-05T14:01:00.000+02:00"),
        ("garbage", "not a time"),
        ("none", None),
    ],
)
async def test_timestamps(
    read: Read, csms: TinyCsms, version: str, style: str, text: str | None
) -> None:
    """Timestamps can be of all kinds."""
    await read(version, timestamps=style)
    assert samples(csms, version)[-1].get("timestamp") == text


async def test_wrong_clock(read: Read, csms: TinyCsms, version: str) -> None:
    """The clock can be wrong, and times can be those of the interval's start."""
    await read(version, clock_offset=-600, interval_start_timestamps=True)
    assert samples(csms, version)[-1]["timestamp"] == "2026-01-05T11:50:00.000Z"


async def test_aligned(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Clock-aligned values come on the quarter hour, with or without a transaction."""
    station = await start(version, tick=5, evses=2)
    station.config["ClockAlignedDataInterval"] = "900"
    station.config["MeterValueSampleInterval"] = "0"
    station.device_model["AlignedDataCtrlr", "Interval"] = "900"
    station.device_model["SampledDataCtrlr", "TxUpdatedInterval"] = "0"
    await clock.advance(100)
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await clock.advance(900)
    values = csms.got("MeterValues")
    if version == "1.6":
        assert [("transactionId" in p, p["connectorId"]) for p in values] == [
            (True, 1),
            (False, 2),
        ]
        assert values[0]["meterValue"][0]["timestamp"].startswith("2026-01-05T12:15:00")
        assert (
            values[0]["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"
        )
    else:
        assert [p["evseId"] for p in values] == [2]
        assert csms.events()[-1][1] == "MeterValueClock"
    station.misbehaviour.aligned_without_transaction = True
    csms.calls.clear()
    await clock.advance(900)
    values = csms.got("MeterValues")
    assert len(values) == 2
    assert not any("transactionId" in payload for payload in values)


async def test_transaction_oddities_16(
    csms: TinyCsms, start: StartStation, clock: ManualClock
) -> None:
    """1.6: own ids, tags with a tail, no tag, odd ends, values after the end."""
    odd = Misbehaviour(
        transaction_id=-16,
        id_tag_suffix="\x00\x01",
        stop_without_id_tag=True,
        meter_stop_offset_wh=-9999,
        closing_meter_values=True,
        samples_without_transaction=True,
    )
    station = await start("1.6", misbehaviour=odd)
    station.config["StopTxnSampledData"] = "Energy.Active.Import.Register"
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await clock.advance(60)
    await station.present_token(1, "TAG")
    await clock.settle()
    assert csms.got("StartTransaction")[0]["idTag"] == "TAG\x00\x01"
    stop = csms.got("StopTransaction")[0]
    assert stop["transactionId"] == -16
    assert stop["meterStop"] < 0
    assert "idTag" not in stop
    contexts = [v["sampledValue"][0]["context"] for v in stop["transactionData"]]
    assert contexts == ["Transaction.Begin", "Transaction.End"]
    assert csms.calls[-1][0] in {"MeterValues", "StatusNotification"}
    assert all("transactionId" not in p for p in csms.got("MeterValues"))
    assert len(csms.got("MeterValues")) == 2


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_transaction_oddities_2x(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: no counting, no EVSE, unfitting reasons and states."""
    odd = Misbehaviour(
        seq_no=0,
        omit_evse=True,
        omit_connector=True,
        trigger_reason="EVDetected",
        charging_state="EVConnected",
        transaction_id="mine",
    )
    station = await start(version, misbehaviour=odd)
    await station.plug_in(1)
    await station.present_token(1, "TAG")
    await clock.advance(60)
    await station.present_token(1, "TAG")
    await clock.settle()
    events = csms.got("TransactionEvent")
    assert {event["seqNo"] for event in events} == {0}
    assert [event.get("evse") for event in events] == [{"id": 1}, None, None, None]
    assert {e["transactionInfo"]["transactionId"] for e in events} == {"mine"}
    assert {kind[1:] for kind in csms.events()} == {("EVDetected", "EVConnected")}


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_report_oddities(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: reports can start at 1, be empty, or have one entry a page."""
    odd = Misbehaviour(report_page=50, report_first_seq_no=1, report_without_data=True)
    await start(version, misbehaviour=odd)
    await csms.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    await clock.settle()
    pages = csms.got("NotifyReport")
    assert pages[0]["seqNo"] == 1
    assert not any("reportData" in page for page in pages)
