"""OCPP 2.x: how the station answers, apart from device model and charging profiles."""

from typing import TYPE_CHECKING, override

from .evse import Evse, Reservation, Token
from .frames import Json
from .profile_rules import objection_2x
from .profiles import TX, read_profile
from .requests import Requests, Work
from .times import parse

if TYPE_CHECKING:
    from .station import ChargingStation


class Requests2x(Requests):
    """The requests of the central system in OCPP 2.x."""

    availability_key = "operationalStatus"
    list_version_key = "versionNumber"

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        super().__init__(station)
        self.messages: dict[int, Json] = {}
        self.costs: dict[str, float] = {}
        self.handlers |= {
            "ClearDisplayMessage": self.clear_display_message,
            "CostUpdated": self.cost_updated,
            "GetTransactionStatus": self.get_transaction_status,
            "RequestStartTransaction": self.request_start,
            "RequestStopTransaction": self.remote_stop,
            "Reset": self.reset,
            "SetDisplayMessage": self.set_display_message,
            "UnlockConnector": self.unlock_connector,
            "UpdateFirmware": self.update_firmware,
        }

    @override
    def _rejected(self, reason: str) -> Json:
        """Return a refusal with its reason code."""
        return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}

    @override
    def _evse_id(self, payload: Json) -> int:
        """Return the EVSE that a request is about; 0 means all."""
        return int(payload.get("evse", {}).get("id", 0))

    @override
    def _list_entry(self, entry: Json) -> tuple[str, Json | None]:
        """Return token and information of an entry of a local list."""
        return entry["idToken"]["idToken"], entry.get("idTokenInfo")

    @override
    def _reservation(self, payload: Json) -> Reservation:
        """Return the reservation that is asked for."""
        return Reservation(
            payload["id"],
            payload.get("evseId", 0),
            payload["idToken"]["idToken"],
            parse(payload["expiryDateTime"]),
            payload.get("groupIdToken", {}).get("idToken"),
        )

    # Transactions.

    def request_start(self, payload: Json) -> Json:
        """Start for a token, perhaps after asking whether it may."""
        token = Token(payload["idToken"]["idToken"], payload["idToken"]["type"])
        evse = self._startable(payload.get("evseId"), token)
        if evse is None:
            return {"status": "Rejected"}
        raw = payload.get("chargingProfile")
        if raw is not None and not self._install(evse, raw):
            return self._rejected("InvalidProfile")
        self._start(evse, token, payload["remoteStartId"])
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
            return self._rejected("NotSupported")
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

    @override
    def trigger_message(self, payload: Json) -> Json:
        """Send what is asked for, if there is something to tell."""
        evses = self._evses(payload)
        asked = payload["requestedMessage"] == "TransactionEvent"
        if asked and evses and not any(evse.transaction for evse in evses):
            return self._rejected("TxNotFound")
        return super().trigger_message(payload)

    @override
    def _triggered(self, message: str, evses: list[Evse]) -> Work | None:
        """Return what sends a message, or None."""
        if message == "TransactionEvent":
            return lambda: self._tell_transactions(evses)
        return super()._triggered(message, evses)

    def _tell_transactions(self, evses: list[Evse]) -> None:
        """Send an event for each running transaction."""
        for evse in evses:
            if evse.transaction is not None:
                self.station.dialect.updated(
                    evse, evse.transaction, "Trigger", context="Trigger"
                )

    def set_display_message(self, payload: Json) -> Json:
        """Show a message."""
        self.messages[payload["message"]["id"]] = payload["message"]
        return {"status": "Accepted"}

    def clear_display_message(self, payload: Json) -> Json:
        """Show a message no longer."""
        known = self.messages.pop(payload["id"], None) is not None
        return {"status": "Accepted" if known else "Unknown"}

    # Lists.

    @override
    def clear_cache(self, payload: Json) -> Json:
        """Forget the tokens that were once accepted, if any are kept."""
        if not self.station.dialect.flag("cache"):
            return {"status": "Rejected"}
        return super().clear_cache(payload)
