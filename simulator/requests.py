"""How the station answers, as far as the versions agree."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from .dialect import Handler, Message
from .evse import Evse, Reservation, Token
from .frames import Json

if TYPE_CHECKING:
    from .station import ChargingStation

type Work = Callable[[], object]


class Requests(ABC):
    """The requests of the central system in any version."""

    availability_key: ClassVar[str]
    """What ChangeAvailability calls the availability asked for."""
    list_version_key: ClassVar[str]
    """What messages call the version of the local list."""

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        self.station = station
        self.handlers: dict[str, Handler] = {
            "CancelReservation": self.cancel_reservation,
            "ChangeAvailability": self.change_availability,
            "ClearCache": self.clear_cache,
            "DataTransfer": self.data_transfer,
            "GetLocalListVersion": self.get_local_list_version,
            "GetLog": self.get_log,
            "ReserveNow": self.reserve_now,
            "SendLocalList": self.send_local_list,
            "TriggerMessage": self.trigger_message,
        }

    # What differs between the versions.

    @abstractmethod
    def _rejected(self, reason: str) -> Json:
        """Return a refusal with its reason code, where the version has those."""

    @abstractmethod
    def _evse_id(self, payload: Json) -> int:
        """Return the EVSE that a request is about; 0 means all."""

    @abstractmethod
    def _list_entry(self, entry: Json) -> tuple[str, Json | None]:
        """Return token and information of an entry of a local list."""

    @abstractmethod
    def _reservation(self, payload: Json) -> Reservation:
        """Return the reservation that is asked for."""

    # Transactions.

    def _startable(self, evse_id: int | None, token: Token) -> Evse | None:
        """Return the EVSE for a remote start."""
        station = self.station
        if evse_id is not None:
            if not 1 <= evse_id <= len(station.evses):
                return None
            evse = station.evse(evse_id)
            return evse if station.sessions.may_start(evse, token) else None
        if station.misbehaviour.start_needs_connector:
            return None
        able = [
            evse for evse in station.evses if station.sessions.may_start(evse, token)
        ]
        return next(
            (evse for evse in able if evse.plugged_in), able[0] if able else None
        )

    def _start(self, evse: Evse, token: Token, start_id: int | None = None) -> None:
        """Start after the answer."""
        self.station.follow_up(
            lambda: self.station.spawn(self._authorize_and_start(evse, token, start_id))
        )

    async def _authorize_and_start(
        self, evse: Evse, token: Token, start_id: int | None
    ) -> None:
        """Carry a remote start out."""
        sessions = self.station.sessions
        if self.station.dialect.flag("authorize_remote"):
            if not await sessions.authorizer.authorize(token):
                return
        sessions.grant(evse, token, "RemoteStart", start_id)

    def remote_stop(self, payload: Json) -> Json:
        """Stop a transaction."""
        evse = self.station.sessions.find(str(payload["transactionId"]))
        if evse is None:
            return self._rejected("TxNotFound")
        self.station.follow_up(
            lambda: self.station.sessions.stop(evse, "Remote", "RemoteStop")
        )
        return {"status": "Accepted"}

    # Station.

    def _evses(self, payload: Json) -> list[Evse]:
        """Return the EVSEs that a request is about; none when it names no known one."""
        evse_id = self._evse_id(payload)
        if evse_id == 0:
            return self.station.evses
        return [evse for evse in self.station.evses if evse.id == evse_id]

    def change_availability(self, payload: Json) -> Json:
        """Put an EVSE, or all of them, in or out of service."""
        evses = self._evses(payload)
        if not evses:
            return self._rejected("UnknownEvse")
        operative = payload[self.availability_key] == "Operative"
        return {
            "status": self.station.behaviour.change_availability(
                evses, operative=operative
            )
        }

    def trigger_message(self, payload: Json) -> Json:
        """Send what is asked for."""
        evses = self._evses(payload)
        if not evses:
            return self._rejected("UnknownEvse")
        work = self._triggered(payload["requestedMessage"], evses)
        if work is None:
            return {"status": "NotImplemented"}
        self.station.follow_up(work)
        return {"status": "Accepted"}

    def _triggered(self, message: str, evses: list[Evse]) -> Work | None:
        """Return what sends a message, or None."""
        station, doings = self.station, self.station.behaviour
        match message:
            case "BootNotification":
                return lambda: station.spawn(station.link.request_boot(triggered=True))
            case "Heartbeat":
                return lambda: station.post("Heartbeat", {}, triggered=True)
            case "StatusNotification":
                return lambda: self._tell_statuses(evses)
            case "MeterValues":
                return lambda: self._tell_meter_values(evses)
            case "LogStatusNotification":
                return lambda: self._post(
                    station.dialect.log_status(doings.log_state, 0)
                )
            case "FirmwareStatusNotification":
                return lambda: self._post(
                    station.dialect.firmware_status(doings.firmware_state, 0)
                )
            case _:
                return None

    def _tell_statuses(self, evses: list[Evse]) -> None:
        """Queue triggered statuses."""
        for evse in evses:
            self.station.post_status(evse, triggered=True)

    def _tell_meter_values(self, evses: list[Evse]) -> None:
        """Queue triggered meter values."""
        for evse in evses:
            self.station.dialect.meter_values(evse, "Trigger", kind="triggered")

    def _post(self, message: Message) -> None:
        """Queue a triggered message."""
        self.station.post(*message, triggered=True)

    def data_transfer(self, payload: Json) -> Json:
        """Know no vendor."""
        known = payload["vendorId"] == self.station.vendor
        return {"status": "UnknownMessageId" if known else "UnknownVendorId"}

    # Lists and reservations.

    def clear_cache(self, payload: Json) -> Json:
        """Forget the tokens that were once accepted."""
        del payload
        self.station.sessions.authorizer.cache.clear()
        return {"status": "Accepted"}

    def get_local_list_version(self, payload: Json) -> Json:
        """Return the version of the local list."""
        del payload
        return {self.list_version_key: self.station.sessions.authorizer.list_version}

    def send_local_list(self, payload: Json) -> Json:
        """Take a local list."""
        listed = payload.get("localAuthorizationList", [])
        status = self.station.sessions.authorizer.update(
            payload[self.list_version_key],
            dict(self._list_entry(entry) for entry in listed),
            full=payload["updateType"] == "Full",
        )
        return {"status": status}

    def reserve_now(self, payload: Json) -> Json:
        """Hold an EVSE for a token."""
        reservation = self._reservation(payload)
        if reservation.evse_id > len(self.station.evses):
            return {"status": "Rejected"}
        return {"status": self.station.behaviour.reserve(reservation)}

    def cancel_reservation(self, payload: Json) -> Json:
        """Give a held EVSE free."""
        return {
            "status": self.station.behaviour.cancel_reservation(
                payload["reservationId"]
            )
        }

    # Logs and firmware.

    def get_log(self, payload: Json) -> Json:
        """Pretend to upload a log."""
        request_id = payload["requestId"]
        self.station.follow_up(lambda: self.station.behaviour.upload_log(request_id))
        return {"status": "Accepted", "filename": "log.txt"}

    def update_firmware(self, payload: Json) -> Json:
        """Pretend to update the firmware, in 1.6 with a signed one."""
        self._update_firmware(payload["requestId"], payload["firmware"]["location"])
        return {"status": "Accepted"}

    def _update_firmware(self, request_id: int, location: str) -> None:
        """Pretend to update to the version that a file is named for."""
        version = location.rpartition("/")[2]
        self.station.follow_up(
            lambda: self.station.behaviour.update_firmware(request_id, version)
        )
