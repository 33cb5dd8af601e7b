"""Payloads and their schemas: strict in what is sent."""

import asyncio
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import codec
from custom_components.ocpp_csms.csms.codec import Codec, Codecs
from custom_components.ocpp_csms.csms.errors import InvalidPayloadError
from custom_components.ocpp_csms.csms.framing import ErrorCode, RpcError
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .support import boot, schemas


def test_every_request_has_a_response(version: str) -> None:
    """Requests and responses of a version are complete."""
    loaded = schemas(version)
    # 2.1's NotifyPeriodicEventStream is a SEND, which has no answer.
    assert set(loaded.requests) - set(loaded.responses) <= {"NotifyPeriodicEventStream"}


def test_valid_request_is_taken_as_it_is(version: str) -> None:
    """What fits its schema is not touched."""
    payload = boot(version)
    taken, notes = schemas(version).take_request("BootNotification", payload)
    assert taken is payload
    assert notes == ()


def test_unknown_action(version: str) -> None:
    """An action that the version lacks is NotImplemented."""
    with pytest.raises(RpcError) as error:
        schemas(version).take_request("Teleport", {})
    assert error.value.code is ErrorCode.NOT_IMPLEMENTED


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        ("1.6", "Reset", {"type": "Soft"}),
        ("2.0.1", "Reset", {"type": "OnIdle"}),
        ("2.1", "Reset", {"type": "OnIdle"}),
    ],
)
def test_good_request_may_be_sent(
    version: str, action: str, payload: dict[str, Any]
) -> None:
    """What fits its schema is sent."""
    schemas(version).check_request(action, payload)


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        ("1.6", "Reset", {}),
        ("1.6", "Reset", {"type": "Warm"}),
        ("1.6", "Reset", {"type": "Soft", "extra": 1}),
        ("1.6", "RemoteStartTransaction", {"idTag": "x" * 21}),
        ("1.6", "ClearCache", {"a": 1}),
        ("2.0.1", "Reset", {"type": "Soft"}),
        ("2.0.1", "RequestStopTransaction", {"transactionId": 5}),
        ("2.1", "Reset", {"type": 1}),
        ("1.6", "GetVariables", {}),
        ("2.0.1", "GetConfiguration", {}),
        ("2.1", "Teleport", {}),
    ],
)
def test_bad_request_is_never_sent(
    version: str, action: str, payload: dict[str, Any]
) -> None:
    """What breaks its schema, or does not exist in the version, is not sent."""
    with pytest.raises(InvalidPayloadError):
        schemas(version).check_request(action, payload)


def test_message_without_an_answer_is_never_called() -> None:
    """2.1: what fits its schema but is a SEND can't be sent as a CALL."""
    payload = {
        "id": 1,
        "pending": 0,
        "basetime": "2026-01-05T12:00:00Z",
        "data": [{"t": 0, "v": "1"}],
    }
    action = "NotifyPeriodicEventStream"
    assert schemas("2.1").requests[action].is_valid(payload)
    with pytest.raises(InvalidPayloadError, match=f"no call {action}"):
        schemas("2.1").check_request(action, payload)


def test_reason_names_the_place() -> None:
    """The error says where the payload is wrong."""
    with pytest.raises(InvalidPayloadError, match=r"^chargingProfile\.stackLevel: "):
        schemas("1.6").check_request(
            "RemoteStartTransaction",
            {
                "idTag": "A",
                "chargingProfile": {
                    "chargingProfileId": 1,
                    "stackLevel": "1",
                    "chargingProfilePurpose": "TxProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
                    },
                },
            },
        )


def test_bad_answer_is_never_sent(version: str) -> None:
    """Answers are checked as strictly as requests."""
    with pytest.raises(InvalidPayloadError):
        schemas(version).check_response("Heartbeat", {"currentTime": 5})


async def test_each_version_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many connections at once wait for one compilation."""
    loaded: list[OcppVersion] = []
    real = codec.load

    def load(version: OcppVersion) -> Codec:
        loaded.append(version)
        return real(version)

    monkeypatch.setattr(codec, "load", load)
    codecs = Codecs()
    found = await asyncio.gather(*(codecs.get(OcppVersion.V16) for _ in range(5)))
    assert loaded == [OcppVersion.V16]
    assert all(one is found[0] for one in found)


async def test_giving_up_waiting_harms_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that ends while schemas compile does not spoil it for the next."""
    codecs = Codecs()
    first = asyncio.create_task(codecs.get(OcppVersion.V16))
    await asyncio.sleep(0)
    first.cancel()
    assert (await codecs.get(OcppVersion.V16)).version is OcppVersion.V16
