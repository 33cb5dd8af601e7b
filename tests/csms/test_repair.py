"""Payloads that break their schemas: lenient in what is taken."""

from contextlib import suppress
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.framing import ErrorCode, RpcError
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .support import (
    JSON,
    Json,
    boot,
    energy,
    event,
    meter,
    moment,
    register,
    sample,
    schemas,
    stamp,
    start,
    status,
    stop,
)


def _take(version: str, action: str, payload: Json) -> Json:
    return schemas(version).take_request(action, payload)[0]


def _notes(version: str, action: str, payload: Json) -> tuple[str, ...]:
    return schemas(version).take_request(action, payload)[1]


def _answer(version: str, action: str, payload: Json) -> Json:
    return schemas(version).take_response(action, payload)[0]


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        ("1.6", "BootNotification", boot(chargePointModel="x" * 22)),
        ("1.6", "BootNotification", boot(chargePointVendor="")),
        ("1.6", "BootNotification", boot(extra={"a": 1})),
        ("1.6", "BootNotification", {"chargePointModel": "One"}),
        ("1.6", "StatusNotification", status(info="x" * 200, timestamp="now")),
        ("1.6", "StartTransaction", start(idTag="x" * 40)),
        ("1.6", "MeterValues", {"connectorId": 1, "meterValue": []}),
        ("1.6", "MeterValues", {"connectorId": 1, "meterValue": [moment()]}),
        ("2.0.1", "BootNotification", boot("2.0.1", customData={"vendorId": "x"})),
        ("2.0.1", "MeterValues", {"evseId": 1, "meterValue": [moment()]}),
        ("2.0.1", "NotifyReport", {"requestId": 1, "seqNo": 0, "generatedAt": "x"}),
        (
            "2.0.1",
            "NotifyReport",
            {"requestId": 1, "seqNo": 0, "generatedAt": stamp(), "reportData": []},
        ),
        ("2.1", "StatusNotification", status("2.1") | {"timestamp": "1970"}),
    ],
)
def test_harmless_breach(version: str, action: str, payload: Json) -> None:
    """What is only too long, too many or surplus is read as it is."""
    assert _take(version, action, payload) == payload


@pytest.mark.parametrize(
    ("version", "action", "payload", "key", "value"),
    [
        ("1.6", "StartTransaction", start(wh="1234"), "meterStart", 1234),
        ("1.6", "StartTransaction", start(wh=1234.4), "meterStart", 1234),
        ("1.6", "StartTransaction", start(wh="1234.6"), "meterStart", 1235),
        ("1.6", "StartTransaction", start(connectorId="1"), "connectorId", 1),
        ("1.6", "StartTransaction", start(idTag=1234), "idTag", "1234"),
        (
            "1.6",
            "StopTransaction",
            stop(1, transactionId="77"),
            "transactionId",
            77,
        ),
        ("1.6", "StatusNotification", status(word="available"), "status", "Available"),
        (
            "1.6",
            "StatusNotification",
            status(word="Suspended_EV"),
            "status",
            "SuspendedEV",
        ),
        (
            "1.6",
            "StatusNotification",
            status(errorCode="noerror"),
            "errorCode",
            "NoError",
        ),
        (
            "2.0.1",
            "StatusNotification",
            status("2.0.1", word="OCCUPIED"),
            "connectorStatus",
            "Occupied",
        ),
        ("2.0.1", "TransactionEvent", event(seqNo="3"), "seqNo", 3),
        ("2.1", "TransactionEvent", event(offline="true"), "offline", True),
        ("2.1", "TransactionEvent", event(eventType="started"), "eventType", "Started"),
    ],
)
def test_mended(version: str, action: str, payload: Json, key: str, value: Any) -> None:
    """A value whose meaning is plain is put right."""
    assert _take(version, action, payload)[key] == value


@pytest.mark.parametrize(
    ("version", "action", "payload", "key"),
    [
        ("1.6", "StatusNotification", status(errorCode="Error"), "errorCode"),
        ("1.6", "StatusNotification", status(info=None), "info"),
        ("1.6", "StatusNotification", status(timestamp=None), "timestamp"),
        ("1.6", "BootNotification", boot(iccid=None), "iccid"),
        ("1.6", "BootNotification", boot(chargePointVendor=None), "chargePointVendor"),
        ("1.6", "StartTransaction", start(idTag=None), "idTag"),
        ("1.6", "StopTransaction", stop(1, reason="Bored"), "reason"),
        ("2.0.1", "TransactionEvent", event(triggerReason="Whim"), "triggerReason"),
        ("2.0.1", "TransactionEvent", event(seqNo=None), "seqNo"),
        ("2.1", "BootNotification", boot("2.1", reason="Bored"), "reason"),
    ],
)
def test_dispensable_field_is_dropped(
    version: str, action: str, payload: Json, key: str
) -> None:
    """A field that the message can do without goes, the message stays."""
    assert key not in _take(version, action, payload)


_GOOD = sample("230", "Voltage", unit="V")


@pytest.mark.parametrize(
    "bad",
    [
        sample("50", "Frequency", unit="Parsec"),
        sample("50", "Luck"),
        sample("1", "Voltage", phase="L9"),
        sample(None, "Voltage"),
        sample({}, "Voltage"),
        {"measurand": "Voltage"},
        "12",
        None,
        [],
    ],
)
def test_bad_sample_is_dropped_16(bad: Any) -> None:
    """1.6: a sample that makes no sense goes, those beside it stay."""
    payload = meter(bad, _GOOD, bad)
    taken = _take("1.6", "MeterValues", payload)
    assert taken["meterValue"][0]["sampledValue"] == [_GOOD]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
@pytest.mark.parametrize("value", ["abc", "", None, True, {}, [], "NaN", "Infinity"])
def test_bad_sample_is_dropped_2x(version: str, value: Any) -> None:
    """2.x: a value that is no number goes with its sample, those beside it stay."""
    good = sample(230.0, "Voltage")
    payload = {"evseId": 1, "meterValue": [moment(sample(value, "Voltage"), good)]}
    taken = _take(version, "MeterValues", payload)
    assert taken["meterValue"][0]["sampledValue"] == [good]


@pytest.mark.parametrize("field", ["context", "location", "format"])
def test_minor_field_of_a_sample_is_dropped(field: str) -> None:
    """A sample goes on without a context, location or format that nobody knows."""
    taken = _take("1.6", "MeterValues", meter(_GOOD | {field: "Nonsense"}))
    assert taken["meterValue"][0]["sampledValue"] == [_GOOD]


@pytest.mark.parametrize(
    ("unit", "meant"),
    [
        ("c", "Celsius"),
        ("C", "Celsius"),
        ("°C", "Celsius"),
        ("degC", "Celsius"),
        ("kwh", "kWh"),
        ("WH", "Wh"),
        ("Power", "W"),
        ("%", "Percent"),
        ("Amp", "A"),
        ("volts", "V"),
    ],
)
def test_unit_in_another_spelling(unit: str, meant: str) -> None:
    """1.6: units that stations misspell are understood."""
    taken = _take("1.6", "MeterValues", meter(sample("1", unit=unit)))
    assert taken["meterValue"][0]["sampledValue"][0]["unit"] == meant


def test_object_meter_value_16() -> None:
    """1.6: a lone object stands for a list of one."""
    payload = register(5) | {"meterValue": moment(_GOOD)}
    assert _take("1.6", "MeterValues", payload)["meterValue"] == [moment(_GOOD)]


def test_object_meter_value_2x(version_2x: str) -> None:
    """2.x: a lone object stands for a list of one, in events too."""
    taken = _take(version_2x, "TransactionEvent", event(meterValue=energy(5)))
    assert taken["meterValue"] == [energy(5)]


def test_object_sampled_value() -> None:
    """A lone sample stands for a list of one."""
    payload = meter() | {"meterValue": [{"timestamp": stamp(), "sampledValue": _GOOD}]}
    taken = _take("1.6", "MeterValues", payload)
    assert taken["meterValue"][0]["sampledValue"] == [_GOOD]


def test_moment_without_samples() -> None:
    """A moment that holds nothing goes, the next one stays."""
    payload = meter() | {"meterValue": [{"timestamp": stamp()}, moment(_GOOD)]}
    assert _take("1.6", "MeterValues", payload)["meterValue"] == [moment(_GOOD)]


def test_stop_with_bad_data() -> None:
    """A StopTransaction is taken whatever its transactionData holds."""
    payload = stop(1, transactionData=[moment(sample("x", "Luck")), 5])
    assert _take("1.6", "StopTransaction", payload)["transactionId"] == 1


@pytest.mark.parametrize(
    ("version", "action", "payload", "code"),
    [
        ("1.6", "StartTransaction", start(connectorId=None), ErrorCode.OCCURRENCE),
        ("1.6", "StartTransaction", start(wh="lots"), ErrorCode.OCCURRENCE),
        ("1.6", "StatusNotification", status(word="Bored"), ErrorCode.OCCURRENCE),
        ("1.6", "StatusNotification", {}, ErrorCode.OCCURRENCE),
        ("1.6", "MeterValues", {"connectorId": 1}, ErrorCode.OCCURRENCE),
        ("2.0.1", "TransactionEvent", event(transactionInfo=5), ErrorCode.OCCURRENCE),
        ("2.0.1", "BootNotification", {"reason": "PowerUp"}, ErrorCode.OCCURRENCE),
        ("2.1", "StatusNotification", {"evseId": 1}, ErrorCode.OCCURRENCE),
    ],
)
def test_unusable(version: str, action: str, payload: Json, code: ErrorCode) -> None:
    """A message without what it is about is refused."""
    with pytest.raises(RpcError) as error:
        _take(version, action, payload)
    assert error.value.code is code


@pytest.mark.parametrize("bad", [[None, 5], {"sampledValue": 5}, [[[]]], [{}]])
def test_meter_values_without_anything(bad: Any) -> None:
    """Meter values of which nothing can be used are empty."""
    payload = {"connectorId": 1, "meterValue": bad}
    assert _take("1.6", "MeterValues", payload)["meterValue"] == []


def test_the_original_is_left_alone() -> None:
    """What came is still what is logged."""
    payload = start(wh="1234")
    _take("1.6", "StartTransaction", payload)
    assert payload["meterStart"] == "1234"


def test_what_was_mended_is_told() -> None:
    """Each repair leaves a note with its place."""
    notes = _notes("1.6", "MeterValues", meter(sample(5, unit="C"), sample({})))
    assert set(notes) == {
        "meterValue.0.sampledValue.0.value: type mended",
        "meterValue.0.sampledValue.0.unit: enum mended",
        "meterValue.0.sampledValue.1: dropped",
    }


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        ("1.6", "UnlockConnector", {"status": "Accepted"}),
        ("1.6", "Reset", {"status": "Maybe"}),
        ("2.0.1", "GetLocalListVersion", {"versionNumber": 1, "listVersion": 2}),
        (
            "2.0.1",
            "GetCompositeSchedule",
            {
                "status": "Accepted",
                "schedule": {
                    "evseId": 1,
                    "duration": 2**40,
                    "scheduleStart": stamp(),
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 5.797101},
                    ],
                },
            },
        ),
    ],
)
def test_odd_answer_is_used(version: str, action: str, payload: Json) -> None:
    """An answer that breaks its schema without harm is read as it is."""
    assert _answer(version, action, payload) == payload


def test_answer_without_status() -> None:
    """An answer that says nothing is refused."""
    with pytest.raises(RpcError):
        _answer("1.6", "Reset", {})


@given(st.sampled_from(OcppVersion), st.data())
def test_any_payload(version: OcppVersion, data: st.DataObject) -> None:
    """Whatever a payload holds, nothing but RpcError is raised, and the rest is valid."""
    action = data.draw(st.sampled_from(["MeterValues", "StatusNotification"]))
    keys = ["connectorId", "evseId", "meterValue", "status", "connectorStatus"]
    payload = data.draw(st.dictionaries(st.sampled_from(keys), JSON))
    with suppress(RpcError):
        schemas(version).take_request(action, payload)
