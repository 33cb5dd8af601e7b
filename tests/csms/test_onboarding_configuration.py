"""What is read of a station's configuration after it has come, and what is written."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import inventory
from custom_components.ocpp_csms.csms.dialects import Setting
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.station import StationConfig
from simulator import ChargingStation, ManualClock, Misbehaviour

from .conftest import Simulate
from .support import (
    CONFIGURATION,
    MEASURANDS,
    calls_received,
    come_back,
    onboarded,
    step_states,
    until,
)


async def test_configuration_is_read_once(simulate: Simulate, version: str) -> None:
    """The whole configuration is read with one request."""
    station, simulated = await simulate(version)
    assert calls_received(simulated, CONFIGURATION[version][0]) == 1
    assert len(station.state.variables) > 20


async def test_configuration_names_the_evses(simulate: Simulate, version: str) -> None:
    """EVSEs of which nothing was heard are known from the configuration."""
    odd = Misbehaviour(no_status_on_connect=True)
    station, _ = await simulate(version, evses=3, misbehaviour=odd)
    assert sorted(station.evses) == [1, 2, 3]


@pytest.mark.parametrize("count", ["0", "1634030126", "-1", "many", ""])
async def test_absurd_count_of_connectors(simulate: Simulate, count: str) -> None:
    """1.6: a number that no station has is not believed."""
    station, simulated = await simulate("1.6", wait=False)
    simulated.config["NumberOfConnectors"] = count
    await onboarded(station)
    assert sorted(station.evses) == [1]


async def test_absurd_evse_in_an_inventory(simulate: Simulate, version_2x: str) -> None:
    """2.x: an EVSE that no station has does not come to exist."""

    def change(action: str, payload: Any) -> Any:
        if action == "NotifyReport":
            for item in payload.get("reportData", ()):
                evse = item["component"].get("evse")
                if evse and item["variable"]["name"] == "Power":
                    evse["id"] = 1634030126
        return payload

    station, _ = await simulate(version_2x, misbehaviour=Misbehaviour(change=[change]))
    assert sorted(station.evses) == [1]


async def test_measurands_are_set(simulate: Simulate, version: str) -> None:
    """The wanted measurands are set."""
    _, simulated = await simulate(version, config={"measurands": MEASURANDS})
    assert simulated.dialect.measurands("sampled") == list(MEASURANDS)


async def test_measurands_within_what_the_station_lists(
    simulate: Simulate, version_2x: str
) -> None:
    """2.x: what the station does not list is not asked for."""
    wanted = (*MEASURANDS, "Energy.Reactive.Export.Register")
    _, simulated = await simulate(version_2x, config={"measurands": wanted})
    assert simulated.dialect.measurands("sampled") == list(MEASURANDS)


async def test_measurands_that_are_refused(simulate: Simulate) -> None:
    """1.6: what the station refuses is left out, what it takes is kept."""
    wanted = ("Voltage", "SoC", "RPM", "Frequency")
    _, simulated = await simulate("1.6", config={"measurands": wanted})
    assert simulated.dialect.measurands("sampled") == ["Voltage", "SoC", "Frequency"]


async def test_measurands_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: of what the user chose, a model may be asked for some only, and for so many."""
    quirks = {"measurands": ("Frequency", "SoC", "Voltage"), "max_measurands": 2}
    wanted = ("Temperature", "Voltage", "SoC", "Frequency")
    _, simulated = await simulate("1.6", quirks=quirks, config={"measurands": wanted})
    assert simulated.dialect.measurands("sampled") == ["Voltage", "SoC"]


async def test_time_out_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: a model that is slow gets its time, and more where the user chose more."""
    slow: dict[str, Any] = {"call_timeout_s": 90.0}
    station, _ = await simulate("1.6", quirks=slow, config={"call_timeout_s": 30.0})
    assert station.pacing.call_timeout_s == 90.0
    station, _ = await simulate("1.6", quirks=slow, config={"call_timeout_s": 120.0})
    assert station.pacing.call_timeout_s == 120.0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"sample_interval_s": 10}, {"sample_interval_s": 77}),
        ({"observe_only": True}, {"sample_interval_s": 77}),
        (
            {"sample_interval_s": 77, "skip_steps": frozenset({"intervals"})},
            {"sample_interval_s": 77},
        ),
    ],
)
@pytest.mark.parametrize("away", [True, False])
async def test_settings_are_done_when_they_can_be(
    simulate: Simulate,
    manual: ManualClock,
    version: str,
    before: dict[str, Any],
    after: dict[str, Any],
    away: bool,
) -> None:
    """What was changed while the station was away, or left out before, is done then."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated = await simulate(version, misbehaviour=odd, config=before)
    if away:
        await simulated.go_offline()
        await until(lambda: not station.connected)
    station.configure(StationConfig(identity="CP1", **after))
    if away:
        await simulated.go_online()
        await manual.advance_until(lambda: simulated.registered, limit=120)
    await until(lambda: simulated.dialect.seconds("sample_interval") == 77)
    await onboarded(station)
    assert step_states(station)["configuration"] == "done"


async def test_dependent_settings_are_done_too(
    simulate: Simulate, version: str
) -> None:
    """Once the configuration may be read, what needs it is written as well."""
    left_out = {"skip_steps": frozenset({"configuration"}), "measurands": MEASURANDS}
    station, simulated = await simulate(version, config=left_out)
    station.configure(StationConfig(identity="CP1", measurands=MEASURANDS))
    await until(lambda: simulated.dialect.measurands("sampled") == list(MEASURANDS))
    await onboarded(station)


async def test_steps_are_done_in_their_order(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """However the user's changes came: what is read goes before what is written."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    watched = {"observe_only": True}
    station, simulated = await simulate(version, misbehaviour=odd, config=watched)
    await simulated.go_offline()
    await until(lambda: not station.connected)
    station.configure(
        StationConfig(identity="CP1", measurands=MEASURANDS, observe_only=True)
    )
    station.configure(StationConfig(identity="CP1", measurands=MEASURANDS))
    await simulated.go_online()
    await manual.advance_until(lambda: simulated.registered, limit=120)
    await until(lambda: simulated.dialect.measurands("sampled") == list(MEASURANDS))
    await onboarded(station)
    assert calls_received(simulated, CONFIGURATION[version][0]) == 1


async def test_intervals_are_set(simulate: Simulate, version: str) -> None:
    """The wanted intervals are set."""
    config = {"sample_interval_s": 20, "aligned_interval_s": 900}
    _, simulated = await simulate(version, config=config)
    settings = simulated.dialect
    assert settings.seconds("sample_interval") == 20
    assert settings.seconds("aligned_interval") == 900


async def test_interval_of_a_quirk(simulate: Simulate) -> None:
    """Quirk: a model may not be sampled that often."""
    quirks = {"min_sample_interval_s": 30}
    _, simulated = await simulate("1.6", quirks=quirks)
    assert simulated.config["MeterValueSampleInterval"] == "30"


async def test_nothing_equal_is_written(simulate: Simulate, version: str) -> None:
    """What is set already is not written."""
    config = {
        "sample_interval_s": 60,
        "measurands": ("Voltage", "Energy.Active.Import.Register"),
    }
    station, simulated = await simulate(version, config=config)
    assert calls_received(simulated, CONFIGURATION[version][1]) == 0
    assert step_states(station)["measurands"] == "skipped"
    assert step_states(station)["intervals"] == "skipped"


@pytest.mark.parametrize("value", ["60", "60.0", " 60 "])
async def test_equal_in_another_spelling(simulate: Simulate, value: str) -> None:
    """A number in another spelling is the same number."""
    station, simulated = await simulate(
        "1.6", wait=False, config={"sample_interval_s": 60}
    )
    simulated.config["MeterValueSampleInterval"] = value
    await onboarded(station)
    assert calls_received(simulated, "ChangeConfiguration") == 0


async def test_nothing_switched_off_is_switched_on(
    simulate: Simulate, version: str
) -> None:
    """An interval of 0 in the options leaves the station's own."""
    config = {"sample_interval_s": 0, "aligned_interval_s": 0}
    _, simulated = await simulate(version, config=config)
    assert calls_received(simulated, CONFIGURATION[version][1]) == 0


async def test_read_only_is_not_written(simulate: Simulate) -> None:
    """What the station calls read-only is left alone, and so is what a quirk calls so."""
    quirks = {"readonly": frozenset({"MeterValueSampleInterval"})}
    station, simulated = await simulate("1.6", quirks=quirks)
    assert calls_received(simulated, "ChangeConfiguration") == 0
    assert step_states(station)["intervals"] == "skipped"


async def test_unknown_key_is_not_written(simulate: Simulate) -> None:
    """A key that the station does not have is not written."""
    station, simulated = await simulate("1.6", wait=False)
    del simulated.config["MeterValueSampleInterval"]
    await onboarded(station)
    assert calls_received(simulated, "ChangeConfiguration") == 0


async def test_one_key_at_a_time(simulate: Simulate) -> None:
    """Quirk: a station that can't tell everything is asked for what matters, singly."""
    station, simulated = await simulate("1.6", quirks={"one_key_per_get": True})
    asked = [frame.payload for frame in simulated.calls("received", "GetConfiguration")]
    assert all(len(payload["key"]) == 1 for payload in asked)
    assert 5 < len(asked) < 20
    assert station.onboarding.problems == {}


async def test_no_configuration_at_once(simulate: Simulate) -> None:
    """A station that answers with no key at all is asked singly."""
    odd = Misbehaviour(replies={"GetConfiguration": {}})
    station, simulated = await simulate("1.6", misbehaviour=odd)
    assert calls_received(simulated, "GetConfiguration") > 5
    assert step_states(station)["intervals"] == "skipped"


@pytest.mark.parametrize("status", ["Rejected", "NotSupported", "EmptyResultSet"])
async def test_inventory_that_is_refused(
    simulate: Simulate, version_2x: str, status: str
) -> None:
    """2.x: a station that reports no inventory is asked for what matters, and set up."""
    odd = Misbehaviour(statuses={"GetBaseReport": status})
    station, simulated = await simulate(
        version_2x, misbehaviour=odd, config={"measurands": MEASURANDS}
    )
    assert step_states(station)["configuration"] == "done"
    assert len(station.state.variables) == len(station.dialect.settings)
    assert simulated.dialect.measurands("sampled") == list(MEASURANDS)


async def test_inventory_that_is_not_known(simulate: Simulate, version_2x: str) -> None:
    """2.x: nor does an error instead of a refusal keep the settings back."""
    odd = Misbehaviour(refuse={"GetBaseReport": "NotImplemented"})
    _, simulated = await simulate(
        version_2x, misbehaviour=odd, config={"measurands": MEASURANDS}
    )
    assert simulated.dialect.measurands("sampled") == list(MEASURANDS)


async def test_inventory_that_stays_away(
    simulate: Simulate, version_2x: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.x: pages that never come fail the step, but what matters is read and set."""
    monkeypatch.setattr(inventory, "PAGE_WAIT_S", 0.05)
    odd = Misbehaviour(statuses={"GetBaseReport": "Accepted"})
    station, simulated = await simulate(
        version_2x, misbehaviour=odd, config={"measurands": MEASURANDS}
    )
    assert "NotifyReport" in station.onboarding.problems[Step.CONFIGURATION]
    assert simulated.dialect.measurands("sampled") == list(MEASURANDS)


async def test_answer_that_says_nothing_of_a_write(
    simulate: Simulate, version_2x: str
) -> None:
    """2.x: an empty result of a write does not stop the steps."""
    odd = Misbehaviour(replies={"SetVariables": {"setVariableResult": []}})
    station, simulated = await simulate(version_2x, misbehaviour=odd, wait=False)
    await simulated.wait_registered()
    await onboarded(station)
    assert step_states(station)["meter"] == "done"


# Settings that are changed while the station is there.

CHOSEN: dict[str, Any] = {
    "measurands": MEASURANDS,
    "sample_interval_s": 20,
    "aligned_interval_s": 900,
}


def _written(simulated: ChargingStation) -> list[tuple[str, str]]:
    """Return names and values of what was written, in order."""
    written: list[tuple[str, str]] = []
    for frame in simulated.calls("received", CONFIGURATION[simulated.version][1]):
        for item in frame.payload.get("setVariableData", [frame.payload]):
            variable = item.get("variable", {"name": item.get("key")})
            value = item["value"] if "key" in item else item["attributeValue"]
            written.append((variable["name"], value))
    return written


@pytest.mark.parametrize(
    ("change", "setting", "value"),
    [
        (
            {"measurands": ("SoC", "Voltage")},
            Setting.SAMPLED_MEASURANDS,
            "SoC,Voltage",
        ),
        ({"sample_interval_s": 30}, Setting.SAMPLE_INTERVAL, "30"),
        ({"aligned_interval_s": 300}, Setting.ALIGNED_INTERVAL, "300"),
    ],
)
async def test_changed_setting_is_written(
    simulate: Simulate,
    version: str,
    change: dict[str, Any],
    setting: Setting,
    value: str,
) -> None:
    """What is chosen anew is written at once, and nothing else."""
    station, simulated = await simulate(version, config=CHOSEN)
    before = len(_written(simulated))
    station.configure(replace(station.config, **change))
    await onboarded(station)
    name = station.dialect.settings[setting].name
    assert _written(simulated)[before:] == [(name, value)]


@pytest.mark.parametrize("change", [{}, {"max_current_a": 16.0}, {"id_token": "X"}])
async def test_unchanged_setting_is_not_written(
    simulate: Simulate, version: str, change: dict[str, Any]
) -> None:
    """What stays as it was is not even looked at, whatever else is changed."""
    station, simulated = await simulate(version, config=CHOSEN)
    asked = [frame for frame in simulated.received if frame.is_call]
    records = dict(station.onboarding.records)
    station.configure(replace(station.config, **change))
    await onboarded(station)
    assert [frame for frame in simulated.received if frame.is_call] == asked
    now = station.onboarding.records
    assert all(now[step] is record for step, record in records.items())


async def test_setting_that_is_changed_while_away(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A station that was away gets the new setting when it is back, also without a boot."""
    odd = Misbehaviour(no_boot_on_reconnect=True)
    station, simulated = await simulate(version, config=CHOSEN, misbehaviour=odd)
    before = len(_written(simulated))
    await simulated.go_offline()
    await until(lambda: not station.connected)
    station.configure(replace(station.config, sample_interval_s=30))
    await simulated.go_online()
    await come_back(manual, station, simulated)
    name = station.dialect.settings[Setting.SAMPLE_INTERVAL].name
    assert _written(simulated)[before:] == [(name, "30")]
