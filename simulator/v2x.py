"""OCPP 2.0.1 and 2.1: what the station says."""

from itertools import count
from typing import TYPE_CHECKING, Any, override

from .device_model import Name, write_name
from .dialect import Dialect, Message, Occasion, occasion_of
from .evse import Evse, Token, Transaction
from .frames import Json
from .meter import Reading
from .v2x_device import DeviceRequests
from .v2x_profiles import ProfileRequests
from .v2x_requests import Requests2x

if TYPE_CHECKING:
    from .station import ChargingStation

_SETTINGS: dict[str, tuple[str, str, str | None]] = {
    "heartbeat_interval": ("OCPPCommCtrlr", "HeartbeatInterval", None),
    "sample_interval": ("SampledDataCtrlr", "TxUpdatedInterval", None),
    "aligned_interval": ("AlignedDataCtrlr", "Interval", None),
    "connection_timeout": ("TxCtrlr", "EVConnectionTimeOut", None),
    "stop_on_unplug": ("TxCtrlr", "StopTxOnEVSideDisconnect", None),
    "stop_on_invalid": ("TxCtrlr", "StopTxOnInvalidId", None),
    "authorize_remote": ("AuthCtrlr", "AuthorizeRemoteStart", None),
    "local_preauthorize": ("AuthCtrlr", "LocalPreAuthorize", None),
    "local_offline": ("AuthCtrlr", "LocalAuthorizeOffline", None),
    "offline_unknown": ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", None),
    "cache": ("AuthCacheCtrlr", "Enabled", None),
    "list": ("LocalAuthListCtrlr", "Enabled", None),
    "unlock_on_stop": ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", None),
    "message_attempts": ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"),
    "message_retry": ("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent"),
}
_OCCASIONS: dict[Occasion, tuple[str, str]] = {
    "sampled": ("SampledDataCtrlr", "TxUpdatedMeasurands"),
    "aligned": ("AlignedDataCtrlr", "Measurands"),
    "started": ("SampledDataCtrlr", "TxStartedMeasurands"),
    "ended": ("SampledDataCtrlr", "TxEndedMeasurands"),
}
_REASONS = {
    "HardReset": "ImmediateReset",
    "SoftReset": "Reboot",
    "UnlockCommand": "Other",
    "FirmwareUpdate": "Reboot",
}


class Dialect2x(Dialect):
    """The messages and settings of OCPP 2.0.1 and 2.1."""

    def __init__(self, station: ChargingStation) -> None:
        """Speak for a station."""
        super().__init__(station)
        self._event_ids = count(1)
        self.handlers = {
            **Requests2x(station).handlers,
            **DeviceRequests(station).handlers,
            **ProfileRequests(station).handlers,
        }
        if station.version == "2.1":
            self.handlers |= station.streams.handlers

    @override
    def setting(self, name: str) -> str:
        """Return a setting by its neutral name."""
        where = _SETTINGS.get(name)
        return self.station.device_model.text(*where) if where else ""

    @override
    def set_setting(self, name: str, value: str) -> None:
        """Change a setting by its neutral name."""
        component, variable, instance = _SETTINGS[name]
        model = self.station.device_model
        if model.text(component, variable, instance):
            model[component, variable] = value

    @override
    def reset_settings(self) -> None:
        """Go back to the settings of the factory."""
        self.station.device_model.factory_reset()

    @override
    def measurands(self, occasion: Occasion) -> list[str]:
        """Return the measurands to report on an occasion."""
        listed = self.station.device_model.text(*_OCCASIONS[occasion])
        return [name for name in listed.split(",") if name]

    # Messages.

    @override
    def boot(self, *, triggered: bool = False) -> Message:
        """Return the BootNotification."""
        station = self.station
        return "BootNotification", {
            "reason": "Triggered" if triggered else station.boot_reason,
            "chargingStation": {
                "vendorName": station.vendor,
                "model": station.model,
                "serialNumber": station.serial,
                "firmwareVersion": station.firmware,
            },
        }

    @override
    def authorize(self, token: Token) -> Message:
        """Return the Authorize."""
        return "Authorize", {"idToken": self._token(token)}

    @override
    def authorized(self, answer: Json) -> bool:
        """Return whether an answer to Authorize lets the token charge."""
        return bool(answer.get("idTokenInfo", {}).get("status") == "Accepted")

    @override
    def status(self, evse: Evse) -> Message:
        """Return the StatusNotification of an EVSE."""
        odd = self.station.misbehaviour
        payload: Json = {
            "connectorStatus": evse.status,
            "evseId": 0 if odd.status_at_zero else evse.id,
            "connectorId": 0 if odd.status_at_zero else 1,
        }
        if not odd.status_without_timestamp:
            self._stamp(payload)
        return "StatusNotification", payload

    @override
    def station_status(self) -> Message | None:
        """Return nothing: 2.x has no status of the whole station."""
        return None

    @override
    def log_status(self, status: str, request_id: int) -> Message:
        """Return the progress of an upload of logs."""
        return "LogStatusNotification", _progress(status, request_id)

    @override
    def firmware_status(self, status: str, request_id: int) -> Message:
        """Return the progress of a firmware update."""
        return "FirmwareStatusNotification", _progress(status, request_id)

    # Transactions.

    @override
    def fault_changed(self, evse: Evse) -> None:
        """Send NotifyEvent about the problem of the connector."""
        name = Name("Connector", "Problem", evse=evse.id, connector=1)
        event: Json = {
            "eventId": next(self._event_ids),
            "trigger": "Alerting",
            "actualValue": str(evse.fault is not None).lower(),
            "eventNotificationType": "HardWiredNotification",
            "cleared": evse.fault is None,
            **write_name(name),
        }
        if evse.fault is not None:
            event["techCode"] = evse.fault[:50]
        self._stamp(event)
        payload = {
            "generatedAt": event.get("timestamp", ""),
            "seqNo": 0,
            "tbc": False,
            "eventData": [event],
        }
        self.station.post("NotifyEvent", payload)

    @override
    def plugged(self, evse: Evse) -> None:
        """Tell a running transaction that the car is there."""
        if evse.transaction is not None:
            evse.transaction.told_state = evse.charging_state
            self.updated(evse, evse.transaction, "CablePluggedIn")

    @override
    def starts_at(self, evse: Evse) -> bool:
        """Return whether a transaction is due."""
        points = self.station.device_model.text("TxCtrlr", "TxStartPoint").split(",")
        connected, allowed = evse.car is not None, evse.authorized is not None
        return (
            (connected and allowed)
            or (
                connected and bool({"EVConnected", "ParkingBayOccupancy"} & set(points))
            )
            or (allowed and "Authorized" in points)
        )

    @override
    def started(self, evse: Evse, transaction: Transaction, trigger: str) -> None:
        """Send TransactionEvent Started."""
        values = self._samples(evse, "started", "Transaction.Begin", transaction)
        transaction.begin_samples = list(values)
        transaction.told_state = "EVConnected" if evse.plugged_in else "Idle"
        self._event("Started", evse, transaction, trigger, {"meterValue": values})

    @override
    def updated(
        self, evse: Evse, transaction: Transaction, trigger: str, *, context: str = ""
    ) -> None:
        """Send TransactionEvent Updated."""
        occasion = occasion_of(context)
        values: list[Json] = []
        if context:
            values = self._samples(evse, occasion, context, transaction)
        if context in {"Sample.Clock", "Sample.Periodic"} and not values:
            return
        self._event("Updated", evse, transaction, trigger, {"meterValue": values})

    @override
    def ended(
        self, evse: Evse, transaction: Transaction, reason: str, trigger: str
    ) -> None:
        """Send TransactionEvent Ended."""
        values = self._samples(evse, "ended", "Transaction.End", transaction)
        info = {
            "stoppedReason": _REASONS.get(reason, reason),
            "timeSpentCharging": int(transaction.charging_seconds),
        }
        transaction.told_state = evse.charging_state
        content = {"meterValue": [*transaction.begin_samples, *values]}
        self._event("Ended", evse, transaction, trigger, content, info)

    def _event(
        self,
        kind: str,
        evse: Evse,
        transaction: Transaction,
        trigger: str,
        content: Json,
        info: Json | None = None,
    ) -> None:
        """Queue a TransactionEvent."""
        station, odd = self.station, self.station.misbehaviour
        about: Json = {"transactionId": transaction.id, **(info or {})}
        about["chargingState"] = odd.charging_state or transaction.told_state or "Idle"
        if transaction.remote_start_id is not None:
            about["remoteStartId"] = transaction.remote_start_id
        payload: Json = {
            "eventType": kind,
            "triggerReason": odd.trigger_reason or trigger,
            "seqNo": transaction.seq_no if odd.seq_no is None else odd.seq_no,
            "transactionInfo": about,
            **{key: value for key, value in content.items() if value},
        }
        self._stamp(payload)
        if station.offline:
            payload["offline"] = True
        if kind == "Started" and transaction.reservation_id is not None:
            payload["reservationId"] = transaction.reservation_id
        if kind == "Started" or not odd.omit_evse:
            payload["evse"] = {"id": evse.id}
            if not odd.omit_connector:
                payload["evse"]["connectorId"] = 1
        self._add_token(payload, transaction, trigger)
        transaction.seq_no += 1
        station.post(
            "TransactionEvent",
            payload,
            keep=True,
            on_answer=lambda answer: self._answered(evse, transaction, answer),
        )

    def _add_token(self, payload: Json, transaction: Transaction, trigger: str) -> None:
        """Name the token in the events that it brings about."""
        telling = {"Authorized", "RemoteStart", "StopAuthorized", "CablePluggedIn"}
        if transaction.token is not None and trigger in telling:
            payload["idToken"] = self._token(transaction.token)

    def _answered(self, evse: Evse, transaction: Transaction, answer: Json) -> None:
        """Mind whether the token is accepted."""
        info = answer.get("idTokenInfo")
        if info is not None and info.get("status") not in {"Accepted", "ConcurrentTx"}:
            self.station.sessions.deauthorize(evse, transaction)

    @override
    def meter_values(self, evse: Evse, context: str, *, kind: str = "normal") -> None:
        """Send MeterValues."""
        occasion = occasion_of(context)
        values: Any = self._samples(evse, occasion, context, evse.transaction)
        if not values:
            return
        if self.station.misbehaviour.meter_value_object:
            values = values[0]
        payload = {"evseId": evse.id, "meterValue": values}
        self.station.post("MeterValues", payload, triggered=kind == "triggered")

    @override
    def _sampled(self, reading: Reading) -> Json:
        """Return a sampledValue of 2.x."""
        sample = super()._sampled(reading)
        if reading.unit is not None and not self.station.misbehaviour.omit_units:
            sample["unitOfMeasure"] = {"unit": reading.unit}
        return sample

    def _token(self, token: Token) -> Json:
        """Return an id token as it is sent."""
        return {
            "idToken": token.id + self.station.misbehaviour.id_tag_suffix,
            "type": token.type,
        }


def _progress(status: str, request_id: int) -> Json:
    """Return how far a request has been carried out."""
    if status == "Idle":
        return {"status": status}
    return {"status": status, "requestId": request_id}
