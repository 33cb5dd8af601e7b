"""OCPP 2.x: how the station answers, apart from device model and charging profiles."""

from typing import TYPE_CHECKING, Any

from .dialect import Handler
from .evse import Evse, Reservation, Token
from .frames import Json
from .profile_rules import objection_2x
from .profiles import TX, read_profile
from .times import parse

if TYPE_CHECKING:
    from .station import ChargingStation


class Requests2x:
    """The requests of the central system in OCPP 2.x."""

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        self.station = station
        self.messages: dict[int, Json] = {}
        self.costs: dict[str, float] = {}
        self._reset_when_idle = False
        self.handlers: dict[str, Handler] = {
            "CancelReservation": self.cancel_reservation,
            "ChangeAvailability": self.change_availability,
            "ClearCache": self.clear_cache,
            "ClearDisplayMessage": self.clear_display_message,
            "CostUpdated": self.cost_updated,
            "DataTransfer": self.data_transfer,
            "GetLocalListVersion": self.get_local_list_version,
            "GetLog": self.get_log,
            "GetTransactionStatus": self.get_transaction_status,
            "RequestStartTransaction": self.request_start,
            "RequestStopTransaction": self.request_stop,
            "ReserveNow": self.reserve_now,
            "Reset": self.reset,
            "SendLocalList": self.send_local_list,
            "SetDisplayMessage": self.set_display_message,
            "TriggerMessage": self.trigger_message,
            "UnlockConnector": self.unlock_connector,
            "UpdateFirmware": self.update_firmware,
        }

    # Transactions.

    def request_start(self, payload: Json) -> Json:
        """Start for a token, perhaps after asking whether it may."""
        token = Token(payload["idToken"]["idToken"], payload["idToken"]["type"])
        evse = self._startable(payload.get("evseId"), token)
        if evse is None:
            return {"status": "Rejected"}
        raw = payload.get("chargingProfile")
        if raw is not None and not self._install(evse, raw):
            return {
                "status": "Rejected",
                "statusInfo": {"reasonCode": "InvalidProfile"},
            }
        start_id = payload["remoteStartId"]
        self.station.follow_up(
            lambda: self.station.spawn(self._start(evse, token, start_id))
        )
        answer: Json = {"status": "Accepted"}
        if evse.transaction is not None:
            answer["transactionId"] = evse.transaction.id
        return answer

    def _install(self, evse: Evse, raw: Json) -> bool:
        """Install the TxProfile that comes with a remote start."""
        station = self.station
        profile = read_profile(evse.id, raw, station.clock.now())
        if profile.purpose != TX or profile.transaction_id is not None:
            return False
        if objection_2x(station, evse.id, profile) not in {None, "MissingParam"}:
            return False
        station.profiles.install(profile, replace_same_slot=False)
        if evse.transaction is not None:
            station.profiles.bind(evse.id, evse.transaction.id)
        return True

    async def _start(self, evse: Evse, token: Token, start_id: int) -> None:
        """Carry a remote start out."""
        sessions = self.station.sessions
        if self.station.dialect.flag("authorize_remote"):
            if not await sessions.authorizer.authorize(token):
                return
        sessions.grant(evse, token, "RemoteStart", start_id)

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

    def request_stop(self, payload: Json) -> Json:
        """Stop a transaction."""
        evse = self.station.sessions.find(payload["transactionId"])
        if evse is None:
            return {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}
        self.station.follow_up(
            lambda: self.station.sessions.stop(evse, "Remote", "RemoteStop")
        )
        return {"status": "Accepted"}

    def get_transaction_status(self, payload: Json) -> Json:
        """Tell whether messages of a transaction wait, and whether it runs."""
        key = payload.get("transactionId")
        waiting = [
            item.payload
            for item in self.station.link.outbox.items
            if item.action == "TransactionEvent" and isinstance(item.payload, dict)
        ]
        if key is None:
            return {"messagesInQueue": bool(waiting)}
        queued = any(
            payload["transactionInfo"]["transactionId"] == key for payload in waiting
        )
        running = self.station.sessions.find(key) is not None
        return {"messagesInQueue": queued, "ongoingIndicator": running}

    def unlock_connector(self, payload: Json) -> Json:
        """Unlock the cable unless a transaction runs."""
        if payload["evseId"] > len(self.station.evses) or payload["connectorId"] != 1:
            return {"status": "UnknownConnector"}
        evse = self.station.evse(payload["evseId"])
        if evse.transaction is not None and evse.authorized is not None:
            return {"status": "OngoingAuthorizedTransaction"}
        evse.cable_locked = False
        return {"status": "Unlocked"}

    def cost_updated(self, payload: Json) -> Json:
        """Show a cost."""
        self.costs[payload["transactionId"]] = payload["totalCost"]
        return {}

    # Station.

    def reset(self, payload: Json) -> Json:
        """Reboot at once, or when no transaction runs."""
        station = self.station
        if "evseId" in payload:
            return {"status": "Rejected", "statusInfo": {"reasonCode": "NotSupported"}}
        if payload["type"] == "OnIdle":
            if any(evse.transaction for evse in station.evses):
                station.spawn(self._reset_later())
                return {"status": "Scheduled"}
            boot_reason, stop_reason = "ScheduledReset", "Reboot"
        else:
            boot_reason, stop_reason = "RemoteReset", "ImmediateReset"
        station.follow_up(lambda: station.behaviour.reset(boot_reason, stop_reason))
        return {"status": "Accepted"}

    async def _reset_later(self) -> None:
        """Reboot once no transaction runs."""
        station = self.station
        while any(evse.transaction for evse in station.evses):
            await station.clock.sleep(max(1.0, station.clock.resolution))
        await station.behaviour.shut_down("ScheduledReset", "Reboot")

    def change_availability(self, payload: Json) -> Json:
        """Put an EVSE, or the whole station, in or out of service."""
        evse_id = payload.get("evse", {}).get("id", 0)
        if evse_id > len(self.station.evses):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}
        evses = [self.station.evse(evse_id)] if evse_id else self.station.evses
        operative = payload["operationalStatus"] == "Operative"
        return {
            "status": self.station.behaviour.change_availability(
                evses, operative=operative
            )
        }

    def trigger_message(self, payload: Json) -> Json:
        """Send what is asked for."""
        evse_id = payload.get("evse", {}).get("id", 0)
        if evse_id > len(self.station.evses):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}
        evses = [self.station.evse(evse_id)] if evse_id else self.station.evses
        message = payload["requestedMessage"]
        if message == "TransactionEvent" and not any(
            evse.transaction for evse in evses
        ):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}
        work = self._triggered(message, evses)
        if work is None:
            return {"status": "NotImplemented"}
        self.station.follow_up(work)
        return {"status": "Accepted"}

    def _triggered(self, message: str, evses: list[Evse]) -> Any:
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
                return lambda: [
                    station.dialect.meter_values(evse, "Trigger", kind="triggered")
                    for evse in evses
                ]
            case "TransactionEvent":
                return lambda: self._tell_transactions(evses)
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

    def _tell_transactions(self, evses: list[Evse]) -> None:
        """Send an event for each running transaction."""
        for evse in evses:
            if evse.transaction is not None:
                self.station.dialect.updated(
                    evse, evse.transaction, "Trigger", context="Trigger"
                )

    def _tell_statuses(self, evses: list[Evse]) -> None:
        """Queue triggered statuses."""
        for evse in evses:
            self.station.post_status(evse, triggered=True)

    def _post(self, message: tuple[str, Json]) -> None:
        """Queue a triggered message."""
        self.station.post(*message, triggered=True)

    def data_transfer(self, payload: Json) -> Json:
        """Know no vendor."""
        known = payload["vendorId"] == self.station.vendor
        return {"status": "UnknownMessageId" if known else "UnknownVendorId"}

    def set_display_message(self, payload: Json) -> Json:
        """Show a message."""
        self.messages[payload["message"]["id"]] = payload["message"]
        return {"status": "Accepted"}

    def clear_display_message(self, payload: Json) -> Json:
        """Show a message no longer."""
        known = self.messages.pop(payload["id"], None) is not None
        return {"status": "Accepted" if known else "Unknown"}

    # Lists and reservations.

    def clear_cache(self, payload: Json) -> Json:
        """Forget the tokens that were once accepted."""
        del payload
        if not self.station.dialect.flag("cache"):
            return {"status": "Rejected"}
        self.station.sessions.authorizer.cache.clear()
        return {"status": "Accepted"}

    def get_local_list_version(self, payload: Json) -> Json:
        """Return the version of the local list."""
        del payload
        return {"versionNumber": self.station.sessions.authorizer.list_version}

    def send_local_list(self, payload: Json) -> Json:
        """Take a local list."""
        entries = {
            entry["idToken"]["idToken"]: entry.get("idTokenInfo")
            for entry in payload.get("localAuthorizationList", [])
        }
        status = self.station.sessions.authorizer.update(
            payload["versionNumber"], entries, full=payload["updateType"] == "Full"
        )
        return {"status": status}

    def reserve_now(self, payload: Json) -> Json:
        """Hold an EVSE for a token."""
        evse_id = payload.get("evseId", 0)
        if evse_id > len(self.station.evses):
            return {"status": "Rejected"}
        reservation = Reservation(
            payload["id"],
            evse_id,
            payload["idToken"]["idToken"],
            parse(payload["expiryDateTime"]),
            payload.get("groupIdToken", {}).get("idToken"),
        )
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
        """Pretend to update the firmware."""
        request_id = payload["requestId"]
        version = str(payload["firmware"]["location"]).rpartition("/")[2]
        self.station.follow_up(
            lambda: self.station.behaviour.update_firmware(request_id, version)
        )
        return {"status": "Accepted"}
