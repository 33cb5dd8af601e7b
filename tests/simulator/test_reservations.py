"""How a station keeps an EVSE for somebody."""

from simulator import ManualClock

from .conftest import StartStation
from .csms import Json, TinyCsms


async def test_reservations(
    csms: TinyCsms, start: StartStation, clock: ManualClock, version: str
) -> None:
    """A reservation keeps others out until it is used, cancelled or over."""
    station = await start(version)
    expiry = "2026-01-05T12:10:00Z"
    payload: Json = {
        "connectorId": 1,
        "idTag": "MINE",
        "reservationId": 4,
        "expiryDate": expiry,
    }
    if version != "1.6":
        token = {"idToken": "MINE", "type": "Central"}
        payload = {"id": 4, "evseId": 1, "idToken": token, "expiryDateTime": expiry}
    assert await csms.call("ReserveNow", payload) == {"status": "Accepted"}
    await clock.settle()
    assert csms.statuses()[-1] == (1, "Reserved")
    assert not await station.present_token(1, "OTHER")
    cancel = {"reservationId": 4}
    assert await csms.call("CancelReservation", cancel) == {"status": "Accepted"}
    assert await csms.call("CancelReservation", cancel) == {"status": "Rejected"}
    assert await csms.call("ReserveNow", payload) == {"status": "Accepted"}
    await clock.advance(601)
    assert csms.statuses()[-1] == (1, "Available")
    assert bool(csms.got("ReservationStatusUpdate")) == (version != "1.6")
    await station.plug_in(1)
    assert await csms.call("ReserveNow", payload) == {"status": "Occupied"}
    await station.unplug(1)
    late = {k: "2026-01-05T13:00:00Z" if v == expiry else v for k, v in payload.items()}
    assert await csms.call("ReserveNow", late) == {"status": "Accepted"}
    await station.plug_in(1)
    assert await station.present_token(1, "MINE")
    await clock.settle()
    action = "StartTransaction" if version == "1.6" else "TransactionEvent"
    assert csms.got(action)[0]["reservationId"] == 4
