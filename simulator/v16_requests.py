"""OCPP 1.6: how the station answers."""

from typing import TYPE_CHECKING, override

from .evse import Evse, Reservation, Token
from .frames import Json
from .profile_rules import composite, objection_16, stamped
from .profiles import read_profile
from .requests import Requests, Work
from .times import parse

if TYPE_CHECKING:
    from .station import ChargingStation

_NO_REQUEST_ID = -1


class Requests16(Requests):
    """The requests of the central system in OCPP 1.6."""

    availability_key = "type"
    list_version_key = "listVersion"

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        super().__init__(station)
        self.handlers |= {
            "ChangeConfiguration": self.change_configuration,
            "ClearChargingProfile": self.clear_charging_profile,
            "ExtendedTriggerMessage": self.trigger_message,
            "GetCompositeSchedule": self.get_composite_schedule,
            "GetConfiguration": self.get_configuration,
            "GetDiagnostics": self.get_diagnostics,
            "RemoteStartTransaction": self.remote_start,
            "RemoteStopTransaction": self.remote_stop,
            "Reset": self.reset,
            "SetChargingProfile": self.set_charging_profile,
            "SignedUpdateFirmware": self.update_firmware,
            "UnlockConnector": self.unlock_connector,
            "UpdateFirmware": self.update_unsigned_firmware,
        }

    @override
    def _rejected(self, reason: str) -> Json:
        """Return a refusal."""
        return {"status": "Rejected"}

    @override
    def _evse_id(self, payload: Json) -> int:
        """Return the connector that a request is about; 0 means all."""
        return int(payload.get("connectorId", 0))

    @override
    def _list_entry(self, entry: Json) -> tuple[str, Json | None]:
        """Return token and information of an entry of a local list."""
        return entry["idTag"], entry.get("idTagInfo")

    @override
    def _reservation(self, payload: Json) -> Reservation:
        """Return the reservation that is asked for."""
        return Reservation(
            payload["reservationId"],
            payload["connectorId"],
            payload["idTag"],
            parse(payload["expiryDate"]),
            payload.get("parentIdTag"),
        )

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
        self._start(evse, token)
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

    @override
    def _triggered(self, message: str, evses: list[Evse]) -> Work | None:
        """Return what sends a message, or None."""
        dialect, doings = self.station.dialect, self.station.behaviour
        match message:
            case "DiagnosticsStatusNotification":
                return lambda: self._post(
                    dialect.log_status(doings.log_state, _NO_REQUEST_ID)
                )
            case "FirmwareStatusNotification":
                return lambda: self._post(
                    dialect.firmware_status(doings.firmware_state, _NO_REQUEST_ID)
                )
            case _:
                return super()._triggered(message, evses)

    # Configuration.

    def get_configuration(self, payload: Json) -> Json:
        """Return configuration keys."""
        return self.station.config.report(payload.get("key"))

    def change_configuration(self, payload: Json) -> Json:
        """Change a configuration key."""
        key, value = payload["key"], payload["value"]
        status = self.station.config.change(key, value)
        if status == "Accepted" and key == "AuthorizationKey":
            self.station.follow_up(
                lambda: self.station.behaviour.change_password(value)
            )
        if status == "Accepted" and key == "HeartbeatInterval":
            self.station.sessions.plan_heartbeat()
        return {"status": status}

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
        self.station.follow_up(
            lambda: self.station.behaviour.upload_log(_NO_REQUEST_ID)
        )
        return {"fileName": "diagnostics.txt"}

    def update_unsigned_firmware(self, payload: Json) -> Json:
        """Pretend to update the firmware."""
        self._update_firmware(_NO_REQUEST_ID, payload["location"])
        return {}
