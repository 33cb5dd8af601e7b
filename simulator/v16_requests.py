"""OCPP 1.6: how the station answers."""

from typing import TYPE_CHECKING, Any

from .dialect import Handler
from .evse import Evse, Reservation, Token
from .frames import Json
from .profile_rules import composite, objection_16, stamped
from .profiles import read_profile
from .times import parse

if TYPE_CHECKING:
    from .station import ChargingStation


class Requests16:
    """The requests of the central system in OCPP 1.6."""

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        self.station = station
        self.handlers: dict[str, Handler] = {
            "CancelReservation": self.cancel_reservation,
            "ChangeAvailability": self.change_availability,
            "ChangeConfiguration": self.change_configuration,
            "ClearCache": self.clear_cache,
            "ClearChargingProfile": self.clear_charging_profile,
            "DataTransfer": self.data_transfer,
            "ExtendedTriggerMessage": self.trigger_message,
            "GetCompositeSchedule": self.get_composite_schedule,
            "GetConfiguration": self.get_configuration,
            "GetDiagnostics": self.get_diagnostics,
            "GetLocalListVersion": self.get_local_list_version,
            "GetLog": self.get_log,
            "RemoteStartTransaction": self.remote_start,
            "RemoteStopTransaction": self.remote_stop,
            "ReserveNow": self.reserve_now,
            "Reset": self.reset,
            "SendLocalList": self.send_local_list,
            "SetChargingProfile": self.set_charging_profile,
            "SignedUpdateFirmware": self.signed_update_firmware,
            "TriggerMessage": self.trigger_message,
            "UnlockConnector": self.unlock_connector,
            "UpdateFirmware": self.update_firmware,
        }

    # Transactions.

    def remote_start(self, payload: Json) -> Json:
        """Start for a token, perhaps after asking whether it may."""
        token = Token(payload["idTag"])
        evse = self._startable(payload.get("connectorId"), token)
        if evse is None:
            return {"status": "Rejected"}
        raw = payload.get("chargingProfile")
        if raw is not None:
            if raw["chargingProfilePurpose"] != "TxProfile" or "transactionId" in raw:
                return {"status": "Rejected"}
            profile = read_profile(evse.id, raw, self.station.clock.now())
            self.station.profiles.install(profile, replace_same_slot=True)
        self.station.follow_up(
            lambda: self.station.spawn(self._remote_start(evse, token))
        )
        return {"status": "Accepted"}

    async def _remote_start(self, evse: Evse, token: Token) -> None:
        """Carry a remote start out."""
        sessions = self.station.sessions
        if self.station.dialect.flag("authorize_remote"):
            if not await sessions.authorizer.authorize(token):
                return
        sessions.grant(evse, token, "RemoteStart")

    def _startable(self, connector: int | None, token: Token) -> Evse | None:
        """Return the connector for a remote start."""
        station = self.station
        if connector is not None:
            if not 1 <= connector <= len(station.evses):
                return None
            evse = station.evse(connector)
            return evse if station.sessions.may_start(evse, token) else None
        if station.misbehaviour.start_needs_connector:
            return None
        able = [
            evse for evse in station.evses if station.sessions.may_start(evse, token)
        ]
        return next(
            (evse for evse in able if evse.plugged_in), able[0] if able else None
        )

    def remote_stop(self, payload: Json) -> Json:
        """Stop a transaction."""
        evse = self.station.sessions.find(str(payload["transactionId"]))
        if evse is None:
            return {"status": "Rejected"}
        self.station.follow_up(
            lambda: self.station.sessions.stop(evse, "Remote", "RemoteStop")
        )
        return {"status": "Accepted"}

    def unlock_connector(self, payload: Json) -> Json:
        """Unlock the cable, ending the transaction."""
        connector = payload["connectorId"]
        if not 1 <= connector <= len(self.station.evses):
            return {"status": "NotSupported"}
        evse = self.station.evse(connector)
        self.station.follow_up(lambda: self._unlock(evse))
        return {"status": "Unlocked"}

    def _unlock(self, evse: Evse) -> None:
        """End the transaction and let the cable go."""
        if evse.transaction is not None:
            self.station.sessions.stop(evse, "UnlockCommand", "UnlockCommand")
        evse.cable_locked = False

    # Station.

    def reset(self, payload: Json) -> Json:
        """Reboot."""
        stop_reason = f"{payload['type']}Reset"
        self.station.follow_up(
            lambda: self.station.behaviour.reset("RemoteReset", stop_reason)
        )
        return {"status": "Accepted"}

    def change_availability(self, payload: Json) -> Json:
        """Put a connector, or with 0 all of them, in or out of service."""
        connector = payload["connectorId"]
        if connector > len(self.station.evses):
            return {"status": "Rejected"}
        evses = [self.station.evse(connector)] if connector else self.station.evses
        operative = payload["type"] == "Operative"
        return {
            "status": self.station.behaviour.change_availability(
                evses, operative=operative
            )
        }

    def trigger_message(self, payload: Json) -> Json:
        """Send what is asked for."""
        connector = payload.get("connectorId")
        if connector is not None and connector > len(self.station.evses):
            return {"status": "Rejected"}
        evses = [self.station.evse(connector)] if connector else self.station.evses
        work = self._triggered(payload["requestedMessage"], evses)
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
            case "DiagnosticsStatusNotification":
                return lambda: self._post(
                    station.dialect.log_status(doings.log_state, -1)
                )
            case "LogStatusNotification":
                return lambda: self._post(
                    station.dialect.log_status(doings.log_state, 0)
                )
            case "FirmwareStatusNotification":
                return lambda: self._post(
                    station.dialect.firmware_status(doings.firmware_state, -1)
                )
            case _:
                return None

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

    # Configuration and lists.

    def get_configuration(self, payload: Json) -> Json:
        """Return configuration keys."""
        return self.station.config.report(payload.get("key"))

    def change_configuration(self, payload: Json) -> Json:
        """Change a configuration key."""
        key, value = payload["key"], payload["value"]
        status = self.station.config.change(key, value)
        if status == "Accepted" and key == "AuthorizationKey":
            self.station.follow_up(lambda: self._change_password(value))
        if status == "Accepted" and key == "HeartbeatInterval":
            self.station.sessions.plan_heartbeat()
        return {"status": status}

    def _change_password(self, value: str) -> None:
        """Dial again at once with the new password."""
        self.station.password = value
        self.station.link.drop()

    def clear_cache(self, payload: Json) -> Json:
        """Forget the tokens that were once accepted."""
        del payload
        self.station.sessions.authorizer.cache.clear()
        return {"status": "Accepted"}

    def get_local_list_version(self, payload: Json) -> Json:
        """Return the version of the local list."""
        del payload
        return {"listVersion": self.station.sessions.authorizer.list_version}

    def send_local_list(self, payload: Json) -> Json:
        """Take a local list."""
        entries = {
            entry["idTag"]: entry.get("idTagInfo")
            for entry in payload.get("localAuthorizationList", [])
        }
        status = self.station.sessions.authorizer.update(
            payload["listVersion"], entries, full=payload["updateType"] == "Full"
        )
        return {"status": status}

    def reserve_now(self, payload: Json) -> Json:
        """Hold a connector for a token."""
        connector = payload["connectorId"]
        if connector > len(self.station.evses):
            return {"status": "Rejected"}
        reservation = Reservation(
            payload["reservationId"],
            connector,
            payload["idTag"],
            parse(payload["expiryDate"]),
            payload.get("parentIdTag"),
        )
        return {"status": self.station.behaviour.reserve(reservation)}

    def cancel_reservation(self, payload: Json) -> Json:
        """Give a held connector free."""
        return {
            "status": self.station.behaviour.cancel_reservation(
                payload["reservationId"]
            )
        }

    # Charging profiles.

    def set_charging_profile(self, payload: Json) -> Json:
        """Install a charging profile."""
        station, connector = self.station, payload["connectorId"]
        profile = read_profile(
            connector, payload["csChargingProfiles"], station.clock.now()
        )
        purpose = payload["csChargingProfiles"]["chargingProfilePurpose"]
        scripted = station.misbehaviour.refuses_profile(
            purpose, profile.kind, profile.schedule.unit
        )
        if scripted is not None:
            return {"status": scripted}
        if objection_16(station, connector, profile) is not None:
            return {"status": "Rejected"}
        station.profiles.install(profile, replace_same_slot=True)
        station.follow_up(station.behaviour.refresh)
        return {"status": "Accepted"}

    def clear_charging_profile(self, payload: Json) -> Json:
        """Remove charging profiles."""
        store, purpose = self.station.profiles, payload.get("chargingProfilePurpose")
        found = store.match(
            id=payload.get("id"),
            evse_id=payload.get("connectorId"),
            stack=payload.get("stackLevel"),
            purpose="ChargingStationMaxProfile"
            if purpose == "ChargePointMaxProfile"
            else purpose,
        )
        store.remove(found)
        self.station.follow_up(self.station.behaviour.refresh)
        return {"status": "Accepted" if found else "Unknown"}

    def get_composite_schedule(self, payload: Json) -> Json:
        """Tell what a connector will do."""
        connector = payload["connectorId"]
        if connector > len(self.station.evses):
            return {"status": "Rejected"}
        unit = payload.get("chargingRateUnit", "A")
        start, periods = composite(self.station, connector, payload["duration"], unit)
        return {
            "status": "Accepted",
            "connectorId": connector,
            "scheduleStart": stamped(start),
            "chargingSchedule": {
                "duration": payload["duration"],
                "chargingRateUnit": unit,
                "chargingSchedulePeriod": periods,
            },
        }

    # Diagnostics and firmware.

    def get_diagnostics(self, payload: Json) -> Json:
        """Pretend to upload diagnostics."""
        del payload
        self.station.follow_up(lambda: self.station.behaviour.upload_log(-1))
        return {"fileName": "diagnostics.txt"}

    def get_log(self, payload: Json) -> Json:
        """Pretend to upload a log."""
        request_id = payload["requestId"]
        self.station.follow_up(lambda: self.station.behaviour.upload_log(request_id))
        return {"status": "Accepted", "filename": "log.txt"}

    def update_firmware(self, payload: Json) -> Json:
        """Pretend to update the firmware."""
        version = str(payload["location"]).rpartition("/")[2]
        self.station.follow_up(
            lambda: self.station.behaviour.update_firmware(-1, version)
        )
        return {}

    def signed_update_firmware(self, payload: Json) -> Json:
        """Pretend to update the firmware with a signed one."""
        request_id = payload["requestId"]
        version = str(payload["firmware"]["location"]).rpartition("/")[2]
        self.station.follow_up(
            lambda: self.station.behaviour.update_firmware(request_id, version)
        )
        return {"status": "Accepted"}
