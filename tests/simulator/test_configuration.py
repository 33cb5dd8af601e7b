"""Configuration keys of 1.6 and variables of 2.x: read, changed and reported."""

from simulator import ManualClock
from simulator.configuration import Key

from .conftest import V2, StartStation
from .csms import Json, TinyCsms


async def test_configuration(csms: TinyCsms, start: StartStation) -> None:
    """1.6: keys are read and changed by their rules."""
    station = await start("1.6")
    found = await csms.call("GetConfiguration", {})
    keys = {entry["key"]: entry for entry in found["configurationKey"]}
    assert keys["NumberOfConnectors"] == {
        "key": "NumberOfConnectors",
        "readonly": True,
        "value": "1",
    }
    assert "AuthorizationKey" not in keys
    found = await csms.call(
        "GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]}
    )
    assert found["unknownKey"] == ["Nonsense"]

    async def change(key: str, value: str) -> str:
        """Change a key."""
        payload = {"key": key, "value": value}
        return str((await csms.call("ChangeConfiguration", payload))["status"])

    assert await change("MeterValueSampleInterval", "10") == "Accepted"
    assert station.config["MeterValueSampleInterval"] == "10"
    assert await change("MeterValueSampleInterval", "ten") == "Rejected"
    assert await change("LocalPreAuthorize", "maybe") == "Rejected"
    assert await change("NumberOfConnectors", "2") == "Rejected"
    assert await change("Nonsense", "2") == "NotSupported"
    assert await change("MeterValuesSampledData", "Voltage,SoC") == "Accepted"
    assert await change("MeterValuesSampledData", "Voltage,Nonsense") == "Rejected"
    station.config["MeterValuesSampledDataMaxLength"] = "1"
    assert await change("MeterValuesSampledData", "Voltage,SoC") == "Rejected"
    assert await change("WebSocketPingInterval", "30") == "RebootRequired"
    assert station.config["WebSocketPingInterval"] == "0"
    await station.reboot()
    assert station.config.get("WebSocketPingInterval") == "30"


async def test_max_keys(csms: TinyCsms, start: StartStation) -> None:
    """1.6: no more keys are returned than allowed."""
    station = await start("1.6")
    station.config["GetConfigurationMaxKeys"] = "3"
    assert len((await csms.call("GetConfiguration", {}))["configurationKey"]) == 3
    del station.config["HeartbeatInterval"]
    assert "HeartbeatInterval" not in station.config


async def test_scripted_key(csms: TinyCsms, start: StartStation) -> None:
    """1.6: the answer for a key can be scripted."""
    station = await start("1.6")
    station.config.define(Key("Odd", "1", answers="Rejected"))
    answer = await csms.call("ChangeConfiguration", {"key": "Odd", "value": "2"})
    assert answer == {"status": "Rejected"}
    station.config.define(Key("Silent", None))
    found = await csms.call("GetConfiguration", {"key": ["Silent"]})
    assert found["configurationKey"] == [{"key": "Silent", "readonly": False}]


async def test_new_password(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A new password is used at once, on a new connection."""
    station = await start(version, password="old")
    if version == "1.6":
        payload: Json = {"key": "AuthorizationKey", "value": "new"}
        await csms.call("ChangeConfiguration", payload)
    else:
        await set_variable(csms, "SecurityCtrlr", "BasicAuthPassword", "new")
    await station.wait_until(lambda: not station.connected)
    await clock.advance(2)
    await station.wait_registered()
    assert csms.socket is not None
    assert csms.socket.request is not None
    assert csms.socket.request.headers["Authorization"] == "Basic Q1AxOm5ldw=="
    assert station.password == "new"


async def set_variable(
    csms: TinyCsms, component: str, variable: str, value: str
) -> str:
    """Change a variable and return the status."""
    item = {
        "component": {"name": component},
        "variable": {"name": variable},
        "attributeValue": value,
    }
    answer = await csms.call("SetVariables", {"setVariableData": [item]})
    return str(answer["setVariableResult"][0]["attributeStatus"])


async def get_variable(
    csms: TinyCsms, component: Json, variable: Json, **more: str
) -> Json:
    """Read a variable."""
    item = {"component": component, "variable": variable, **more}
    answer = await csms.call("GetVariables", {"getVariableData": [item]})
    return dict(answer["getVariableResult"][0])


@V2
async def test_variables(csms: TinyCsms, start: StartStation, version: str) -> None:
    """2.x: variables are read and changed by their rules."""
    station = await start(version, evses=2)
    comm = {"name": "OCPPCommCtrlr"}
    found = await get_variable(csms, comm, {"name": "HeartbeatInterval"})
    assert (found["attributeStatus"], found["attributeValue"]) == ("Accepted", "300")
    found = await get_variable(csms, comm, {"name": "Nonsense"})
    assert found["attributeStatus"] == "UnknownVariable"
    found = await get_variable(csms, {"name": "Nonsense"}, {"name": "X"})
    assert found["attributeStatus"] == "UnknownComponent"
    found = await get_variable(
        csms, comm, {"name": "HeartbeatInterval"}, attributeType="Target"
    )
    assert found["attributeStatus"] == "NotSupportedAttributeType"
    found = await get_variable(
        csms, {"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"}
    )
    assert found["attributeStatus"] == "Rejected"
    found = await get_variable(
        csms, {"name": "EVSE", "evse": {"id": 2}}, {"name": "AvailabilityState"}
    )
    assert found["attributeValue"] == "Available"
    found = await get_variable(
        csms, comm, {"name": "MessageTimeout", "instance": "Default"}
    )
    assert found["attributeValue"] == "30"
    assert (
        await set_variable(csms, "SampledDataCtrlr", "TxUpdatedInterval", "10")
        == "Accepted"
    )
    assert (
        await set_variable(csms, "SampledDataCtrlr", "TxUpdatedInterval", "x")
        == "Rejected"
    )
    assert await set_variable(csms, "ChargingStation", "Model", "x") == "Rejected"
    assert await set_variable(csms, "TxCtrlr", "TxStartPoint", "Nonsense") == "Rejected"
    assert (
        await set_variable(csms, "TxCtrlr", "StopTxOnInvalidId", "maybe") == "Rejected"
    )
    status = await set_variable(csms, "OCPPCommCtrlr", "WebSocketPingInterval", "9")
    assert status == "RebootRequired"
    assert station.device_model["OCPPCommCtrlr", "WebSocketPingInterval"] == "0"
    await station.reboot()
    assert station.device_model["OCPPCommCtrlr", "WebSocketPingInterval"] == "9"


@V2
async def test_reports(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """2.x: inventories come in pages, criteria and names pick variables."""
    station = await start(version, evses=2)
    asked: Json = {"requestId": 5, "reportBase": "FullInventory"}
    assert await csms.call("GetBaseReport", asked) == {"status": "Accepted"}
    await clock.settle()
    pages = csms.got("NotifyReport")
    assert [page["seqNo"] for page in pages] == list(range(len(pages)))
    assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert sum(len(page["reportData"]) for page in pages) == len(
        list(station.device_model)
    )
    secret = [
        entry
        for page in pages
        for entry in page["reportData"]
        if entry["variable"]["name"] == "BasicAuthPassword"
    ]
    assert "value" not in secret[0]["variableAttribute"][0]
    csms.calls.clear()
    asked = {
        "requestId": 6,
        "componentVariable": [
            {
                "component": {"name": "EVSE", "evse": {"id": 2}},
                "variable": {"name": "Power"},
            }
        ],
    }
    assert await csms.call("GetReport", asked) == {"status": "Accepted"}
    await clock.settle()
    data = csms.got("NotifyReport")[0]["reportData"]
    assert [entry["component"]["evse"]["id"] for entry in data] == [2]
    asked = {"requestId": 7, "componentCriteria": ["Problem"]}
    assert await csms.call("GetReport", asked) == {"status": "EmptyResultSet"}
    asked = {"requestId": 8, "reportBase": "SummaryInventory"}
    assert await csms.call("GetBaseReport", asked) == {"status": "Accepted"}
    station.device_model.remove_component("EVSE")
    found = await get_variable(
        csms, {"name": "EVSE", "evse": {"id": 1}}, {"name": "Power"}
    )
    assert found["attributeStatus"] == "UnknownComponent"
