"""OCPP 1.6: what the station says."""

from typing import TYPE_CHECKING, Any, override

from .dialect import Dialect, Message, Occasion, occasion_of
from .evse import Evse, Token, Transaction
from .frames import Json
from .meter import Reading
from .v16_requests import Requests16

if TYPE_CHECKING:
    from .station import ChargingStation

_SETTINGS = {
    "heartbeat_interval": "HeartbeatInterval",
    "sample_interval": "MeterValueSampleInterval",
    "aligned_interval": "ClockAlignedDataInterval",
    "connection_timeout": "ConnectionTimeOut",
    "stop_on_unplug": "StopTransactionOnEVSideDisconnect",
    "stop_on_invalid": "StopTransactionOnInvalidId",
    "authorize_remote": "AuthorizeRemoteTxRequests",
    "local_preauthorize": "LocalPreAuthorize",
    "local_offline": "LocalAuthorizeOffline",
    "offline_unknown": "AllowOfflineTxForUnknownId",
    "cache": "AuthorizationCacheEnabled",
    "list": "LocalAuthListEnabled",
    "unlock_on_stop": "UnlockConnectorOnEVSideDisconnect",
    "message_attempts": "TransactionMessageAttempts",
    "message_retry": "TransactionMessageRetryInterval",
}
_OCCASIONS: dict[Occasion, str] = {
    "sampled": "MeterValuesSampledData",
    "aligned": "MeterValuesAlignedData",
    "started": "StopTxnSampledData",
    "ended": "StopTxnSampledData",
}
_REASONS = {
    "EVDisconnected": "EVDisconnected",
    "DeAuthorized": "DeAuthorized",
    "Local": "Local",
    "Remote": "Remote",
    "PowerLoss": "PowerLoss",
    "HardReset": "HardReset",
    "SoftReset": "SoftReset",
    "UnlockCommand": "UnlockCommand",
    "EmergencyStop": "EmergencyStop",
    "FirmwareUpdate": "Reboot",
    "Reboot": "Reboot",
}


class Dialect16(Dialect):
    """The messages and settings of OCPP 1.6."""

    def __init__(self, station: ChargingStation) -> None:
        """Speak for a station."""
        super().__init__(station)
        self.handlers = Requests16(station).handlers

    @override
    def setting(self, name: str) -> str:
        """Return a setting by its neutral name."""
        return self.station.config.get(_SETTINGS.get(name, name))

    @override
    def set_setting(self, name: str, value: str) -> None:
        """Change a setting by its neutral name."""
        self.station.config[_SETTINGS.get(name, name)] = value

    @override
    def reset_settings(self) -> None:
        """Go back to the settings of the factory."""
        self.station.config.factory_reset()

    @override
    def measurands(self, occasion: Occasion) -> list[str]:
        """Return the measurands to report on an occasion."""
        listed = self.station.config.get(_OCCASIONS[occasion])
        return [name.strip() for name in listed.split(",") if name.strip()]

    # Messages.

    @override
    def boot(self, *, triggered: bool = False) -> Message:
        """Return the BootNotification."""
        station = self.station
        return "BootNotification", {
            "chargePointVendor": station.vendor,
            "chargePointModel": station.model,
            "chargePointSerialNumber": station.serial,
            "firmwareVersion": station.firmware,
        }

    @override
    def authorize(self, token: Token) -> Message:
        """Return the Authorize."""
        return "Authorize", {"idTag": self._tag(token)}

    @override
    def authorized(self, answer: Json) -> bool:
        """Return whether an answer to Authorize lets the token charge."""
        return bool(answer.get("idTagInfo", {}).get("status") == "Accepted")

    @override
    def status(self, evse: Evse) -> Message:
        """Return the StatusNotification of a connector."""
        odd = self.station.misbehaviour
        connector = 0 if odd.status_at_zero else evse.id
        return self._status(connector, evse.status, evse.fault)

    @override
    def station_status(self) -> Message | None:
        """Return the StatusNotification of connector 0."""
        if self.station.misbehaviour.no_status_of_station:
            return None
        operative = any(evse.operative for evse in self.station.evses)
        return self._status(0, "Available" if operative else "Unavailable", None)

    def _status(self, connector: int, status: str, fault: str | None) -> Message:
        """Return a StatusNotification."""
        odd = self.station.misbehaviour
        payload: Json = {
            "connectorId": connector,
            "errorCode": odd.error_code or fault or "NoError",
            "status": status,
        }
        if not odd.status_without_timestamp:
            self._stamp(payload)
        return "StatusNotification", payload

    @override
    def log_status(self, status: str, request_id: int) -> Message:
        """Return the progress of an upload of diagnostics."""
        if request_id >= 0:
            return "LogStatusNotification", {"status": status, "requestId": request_id}
        return "DiagnosticsStatusNotification", {"status": status}

    @override
    def firmware_status(self, status: str, request_id: int) -> Message:
        """Return the progress of a firmware update."""
        if request_id >= 0:
            return "SignedFirmwareStatusNotification", {
                "status": status,
                "requestId": request_id,
            }
        return "FirmwareStatusNotification", {"status": status}

    # Transactions.

    @override
    def fault_changed(self, evse: Evse) -> None:
        """Tell nothing more than the status."""

    @override
    def plugged(self, evse: Evse) -> None:
        """Tell nothing more than the status."""

    @override
    def starts_at(self, evse: Evse) -> bool:
        """Return whether a transaction is due: car and permission are there."""
        return evse.car is not None and evse.authorized is not None

    @override
    def started(self, evse: Evse, transaction: Transaction, trigger: str) -> None:
        """Send StartTransaction."""
        station = self.station
        payload: Json = {
            "connectorId": evse.id,
            "idTag": self._tag(transaction.token),
            "meterStart": round(station.sessions.told_register(evse, transaction)),
        }
        if transaction.reservation_id is not None:
            payload["reservationId"] = transaction.reservation_id
        self._stamp(payload)
        transaction.begin_samples = list(
            self._samples(evse, "started", "Transaction.Begin", transaction)
        )

        def on_answer(answer: Json) -> None:
            """Take the id, and mind whether the token is accepted."""
            self._numbered(evse, transaction, answer)

        if isinstance(station.misbehaviour.transaction_id, int):
            transaction.number = station.misbehaviour.transaction_id
        station.post("StartTransaction", payload, keep=True, on_answer=on_answer)

    def _numbered(self, evse: Evse, transaction: Transaction, answer: Json) -> None:
        """Take the transaction id from the answer to StartTransaction."""
        if transaction.number is None:
            transaction.number = answer.get("transactionId")
            if evse.transaction is transaction and transaction.number is not None:
                self.station.profiles.bind(evse.id, transaction.key)
        if answer.get("idTagInfo", {}).get("status") not in {
            "Accepted",
            "ConcurrentTx",
        }:
            self.station.sessions.deauthorize(evse, transaction)

    @override
    def updated(
        self, evse: Evse, transaction: Transaction, trigger: str, *, context: str = ""
    ) -> None:
        """Send MeterValues if there is something to read; states go by StatusNotification."""
        if not context:
            return
        occasion = occasion_of(context)
        self._send_values(
            evse, self._samples(evse, occasion, context, transaction), transaction
        )

    @override
    def ended(
        self, evse: Evse, transaction: Transaction, reason: str, trigger: str
    ) -> None:
        """Send StopTransaction."""
        station, odd = self.station, self.station.misbehaviour
        register = (
            station.sessions.told_register(evse, transaction) + odd.meter_stop_offset_wh
        )
        payload: Json = {
            "meterStop": round(register),
            "reason": _REASONS.get(reason, "Other"),
        }
        if transaction.token is not None and not odd.stop_without_id_tag:
            payload["idTag"] = self._tag(transaction.token)
        self._stamp(payload)
        ends = self._samples(evse, "ended", "Transaction.End", transaction)
        if transaction.begin_samples or ends:
            payload["transactionData"] = [*transaction.begin_samples, *ends]

        def content() -> Json:
            """Fill in the transaction id, which may have come late."""
            return {"transactionId": self._number(transaction), **payload}

        station.post("StopTransaction", content, keep=True)
        if odd.closing_meter_values:
            ends = self._samples(evse, "sampled", "Transaction.End", transaction)
            self._send_values(evse, ends, transaction)

    @override
    def meter_values(self, evse: Evse, context: str, *, kind: str = "normal") -> None:
        """Send MeterValues."""
        occasion = occasion_of(context)
        values = self._samples(evse, occasion, context, evse.transaction)
        self._send_values(
            evse,
            values,
            evse.transaction,
            triggered=kind == "triggered",
            aligned=occasion == "aligned",
        )

    def _send_values(
        self,
        evse: Evse,
        values: list[Json],
        transaction: Transaction | None,
        *,
        triggered: bool = False,
        aligned: bool = False,
    ) -> None:
        """Queue MeterValues."""
        odd = self.station.misbehaviour
        if not values:
            return
        meter_value: Any = values[0] if odd.meter_value_object else values

        def content() -> Json:
            """Fill in the transaction id, which may have come late."""
            payload: Json = {"connectorId": evse.id, "meterValue": meter_value}
            loose = odd.samples_without_transaction or (
                aligned and odd.aligned_without_transaction
            )
            if transaction is not None and not loose:
                payload["transactionId"] = self._number(transaction)
            return payload

        self.station.post(
            "MeterValues", content, keep=transaction is not None, triggered=triggered
        )

    @override
    def _sampled_values(
        self,
        evse: Evse,
        occasion: Occasion,
        context: str,
        transaction: Transaction | None,
    ) -> list[Json]:
        """Read the meter, and if told repeat its state at the start."""
        found = super()._sampled_values(evse, occasion, context, transaction)
        if self.station.misbehaviour.repeat_begin and transaction is not None:
            found.append(
                {
                    "value": f"{transaction.meter_start:.1f}",
                    "context": "Transaction.Begin",
                    "measurand": "Energy.Active.Import.Register",
                }
            )
        return found

    @override
    def _sampled(self, reading: Reading) -> Json:
        """Return a sampledValue of 1.6."""
        sample = {**super()._sampled(reading), "value": str(reading.value)}
        bare = self.station.misbehaviour.omit_units
        if reading.unit not in {None, "Hz"} and not bare:
            sample["unit"] = reading.unit
        return sample

    def _number(self, transaction: Transaction) -> int:
        """Return the transaction id; -1 when the central system never gave one."""
        return -1 if transaction.number is None else transaction.number

    def _tag(self, token: Token | None) -> str:
        """Return an id tag as it is sent."""
        suffix = self.station.misbehaviour.id_tag_suffix
        return (token.id if token else "") + suffix
