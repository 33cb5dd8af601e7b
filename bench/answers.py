"""What a station answers to the central system while it is set up."""

from typing import Any

import orjson

from .frames import masked_frame

_CONFIGURATION = {
    "AllowOfflineTxForUnknownId": "false",
    "AuthorizationCacheEnabled": "true",
    "AuthorizeRemoteTxRequests": "false",
    "ChargeProfileMaxStackLevel": "8",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "24",
    "ClockAlignedDataInterval": "0",
    "ConnectionTimeOut": "60",
    "ConnectorPhaseRotation": "1.RST",
    "ConnectorSwitch3to1PhaseSupported": "false",
    "GetConfigurationMaxKeys": "50",
    "HeartbeatInterval": "300",
    "LightIntensity": "50",
    "LocalAuthListEnabled": "true",
    "LocalAuthListMaxLength": "100",
    "LocalAuthorizeOffline": "true",
    "LocalPreAuthorize": "false",
    "MaxChargingProfilesInstalled": "10",
    "MaxEnergyOnInvalidId": "0",
    "MeterValueSampleInterval": "10",
    "MeterValuesAlignedData": "Energy.Active.Import.Register",
    "MeterValuesSampledData": "Power.Active.Import,Energy.Active.Import.Register,Current.Import,Voltage",
    "MinimumStatusDuration": "0",
    "NumberOfConnectors": "1",
    "ResetRetries": "1",
    "SendLocalListMaxLength": "20",
    "StopTransactionOnEVSideDisconnect": "true",
    "StopTransactionOnInvalidId": "true",
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
    "SupportedFeatureProfiles": "Core,FirmwareManagement,LocalAuthListManagement,SmartCharging,RemoteTrigger",
    "TransactionMessageAttempts": "3",
    "TransactionMessageRetryInterval": "60",
    "UnlockConnectorOnEVSideDisconnect": "true",
    "WebSocketPingInterval": "60",
}
_READONLY = frozenset({"NumberOfConnectors", "SupportedFeatureProfiles"})


def respond(raw: bytes) -> bytes | None:
    """Return the frame that answers a CALL of the central system, None for other messages."""
    message = orjson.loads(raw)
    if message[0] != 2:
        return None
    answer = _answer(message[2])
    if answer is None:
        return masked_frame(orjson.dumps([4, message[1], "NotImplemented", "", {}]))
    return masked_frame(orjson.dumps([3, message[1], answer]))


def _answer(action: str) -> dict[str, Any] | None:
    if action == "GetConfiguration":
        return {"configurationKey": _configuration(), "unknownKey": []}
    if action in ("ChangeConfiguration", "TriggerMessage"):
        return {"status": "Accepted"}
    return None


def _configuration() -> list[dict[str, Any]]:
    return [
        {"key": key, "readonly": key in _READONLY, "value": value}
        for key, value in _CONFIGURATION.items()
    ]
