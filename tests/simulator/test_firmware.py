"""How a station pretends to update its firmware and to upload its logs."""

from simulator import ManualClock

from .conftest import StartStation
from .csms import TinyCsms


async def test_firmware_and_logs(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """Uploads and updates are pretended, with their progress."""
    station = await start(version)
    when = "2026-01-05T12:00:00Z"
    place = "https://example.invalid/2.0.0"
    log = {
        "log": {"remoteLocation": place},
        "logType": "DiagnosticsLog",
        "requestId": 3,
    }
    assert (await csms.call("GetLog", log))["status"] == "Accepted"
    await clock.advance(5)
    assert [p["status"] for p in csms.got("LogStatusNotification")] == [
        "Uploading",
        "Uploaded",
    ]
    if version == "1.6":
        await csms.call("GetDiagnostics", {"location": place})
        await csms.call("UpdateFirmware", {"location": place, "retrieveDate": when})
    else:
        firmware = {"location": place, "retrieveDateTime": when}
        answer = await csms.call(
            "UpdateFirmware", {"requestId": 4, "firmware": firmware}
        )
        assert answer == {"status": "Accepted"}
    await clock.advance(30)
    await station.wait_registered()
    await clock.advance(5)
    assert [p["status"] for p in csms.got("FirmwareStatusNotification")] == [
        "Downloading",
        "Downloaded",
        "Installing",
        "Installed",
    ]
    if version == "1.6":
        assert len(csms.got("DiagnosticsStatusNotification")) == 2
        signed = {
            "location": place,
            "retrieveDateTime": when,
            "signingCertificate": "c",
        }
        payload = {"requestId": 9, "firmware": {**signed, "signature": "s"}}
        assert await csms.call("SignedUpdateFirmware", payload) == {
            "status": "Accepted"
        }
        await clock.settle()
        assert csms.got("SignedFirmwareStatusNotification")[0]["requestId"] == 9
    else:
        assert csms.got("BootNotification")[-1]["reason"] == "FirmwareUpdate"
        assert (
            csms.got("BootNotification")[-1]["chargingStation"]["firmwareVersion"]
            == "2.0.0"
        )
