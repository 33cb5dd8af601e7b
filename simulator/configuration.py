"""The configuration keys of an OCPP 1.6 station."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from .frames import Json

type Kind = Literal["text", "integer", "flag", "list"]

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "Power.Offered",
    "SoC",
    "Temperature",
    "Frequency",
    "Power.Factor",
)
_SAMPLED = ",".join(MEASURANDS[:5])
_PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
_LIST_LIMIT = "MaxLength"


@dataclass(frozen=True)
class Key:
    """A configuration key with what may be done to it."""

    name: str
    value: str | None
    readonly: bool = False
    kind: Kind = "text"
    reboot_required: bool = False
    minimum: int = 0
    hidden: bool = False
    """Left out of the full list, such as a password."""
    answers: str = ""
    """Status with which every change is answered, and not made."""


def _keys(connectors: int) -> list[Key]:
    """Return the keys as the factory sets them."""
    return [
        Key("AllowOfflineTxForUnknownId", "false", kind="flag"),
        Key("AuthorizationCacheEnabled", "true", kind="flag"),
        Key("AuthorizationKey", "", hidden=True),
        Key("AuthorizeRemoteTxRequests", "false", kind="flag"),
        Key("ChargeProfileMaxStackLevel", "10", readonly=True, kind="integer"),
        Key(
            "ChargingScheduleAllowedChargingRateUnit",
            "Current,Power",
            readonly=True,
            kind="list",
        ),
        Key("ChargingScheduleMaxPeriods", "48", readonly=True, kind="integer"),
        Key("ClockAlignedDataInterval", "0", kind="integer"),
        Key("ConnectionTimeOut", "60", kind="integer"),
        Key("ConnectorPhaseRotation", "0.RST", kind="list"),
        Key("ConnectorSwitch3to1PhaseSupported", "true", readonly=True, kind="flag"),
        Key("GetConfigurationMaxKeys", "100", readonly=True, kind="integer"),
        Key("HeartbeatInterval", "300", kind="integer", minimum=1),
        Key("LocalAuthListEnabled", "true", kind="flag"),
        Key("LocalAuthListMaxLength", "100", readonly=True, kind="integer"),
        Key("LocalAuthorizeOffline", "true", kind="flag"),
        Key("LocalPreAuthorize", "false", kind="flag"),
        Key("MaxChargingProfilesInstalled", "20", readonly=True, kind="integer"),
        Key("MeterValueSampleInterval", "60", kind="integer"),
        Key("MeterValuesAlignedData", _SAMPLED, kind="list"),
        Key("MeterValuesAlignedDataMaxLength", "10", readonly=True, kind="integer"),
        Key("MeterValuesSampledData", _SAMPLED, kind="list"),
        Key("MeterValuesSampledDataMaxLength", "10", readonly=True, kind="integer"),
        Key("NumberOfConnectors", str(connectors), readonly=True, kind="integer"),
        Key("ReserveConnectorZeroSupported", "false", readonly=True, kind="flag"),
        Key("ResetRetries", "1", kind="integer"),
        Key("SendLocalListMaxLength", "100", readonly=True, kind="integer"),
        Key("StopTransactionOnEVSideDisconnect", "true", kind="flag"),
        Key("StopTransactionOnInvalidId", "true", kind="flag"),
        Key("StopTxnAlignedData", "", kind="list"),
        Key("StopTxnSampledData", "", kind="list"),
        Key("SupportedFeatureProfiles", _PROFILES, readonly=True, kind="list"),
        Key("TransactionMessageAttempts", "3", kind="integer"),
        Key("TransactionMessageRetryInterval", "10", kind="integer"),
        Key("UnlockConnectorOnEVSideDisconnect", "true", kind="flag"),
        Key("WebSocketPingInterval", "0", kind="integer", reboot_required=True),
    ]


class Configuration:
    """A table of keys."""

    def __init__(self, *, connectors: int = 1) -> None:
        """Start with the settings of the factory."""
        self._connectors = connectors
        self._keys: dict[str, Key] = {}
        self._after_reboot: dict[str, str] = {}
        self.measurands: tuple[str, ...] = MEASURANDS
        self.factory_reset()

    def factory_reset(self) -> None:
        """Go back to the settings of the factory."""
        self._keys = {key.name: key for key in _keys(self._connectors)}
        self._after_reboot.clear()

    def __getitem__(self, name: str) -> str:
        """Return a value; a missing key is a KeyError."""
        return self._keys[name].value or ""

    def __setitem__(self, name: str, value: str) -> None:
        """Set a value as the installer would, whatever the rules."""
        old = self._keys.get(name, Key(name, ""))
        self._keys[name] = replace(old, value=str(value))

    def __delitem__(self, name: str) -> None:
        """Let the station not know a key."""
        del self._keys[name]

    def __contains__(self, name: object) -> bool:
        """Return whether a key is known."""
        return name in self._keys

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._keys)

    def define(self, key: Key) -> None:
        """Add or redefine a key."""
        self._keys[key.name] = key

    def key(self, name: str) -> Key:
        """Return a key with what may be done to it."""
        return self._keys[name]

    def get(self, name: str, default: str = "") -> str:
        """Return a value, or a default."""
        return self[name] if name in self._keys else default

    def change(self, name: str, value: str) -> str:
        """Change a key as the central system asks; return the status."""
        key = self._keys.get(name)
        if key is None:
            return "NotSupported"
        if key.answers:
            return key.answers
        if key.readonly or not self._valid(key, value):
            return "Rejected"
        if key.reboot_required:
            self._after_reboot[name] = value
            return "RebootRequired"
        self._keys[name] = replace(key, value=value)
        return "Accepted"

    def reboot(self) -> None:
        """Let the changes that waited for a reboot take effect."""
        for name, value in self._after_reboot.items():
            self[name] = value
        self._after_reboot.clear()

    def report(self, names: list[str] | None) -> Json:
        """Return the answer to GetConfiguration."""
        limit = int(self.get("GetConfigurationMaxKeys") or 0) or len(self._keys)
        wanted = names or [name for name, key in self._keys.items() if not key.hidden]
        known = [self._keys[name] for name in wanted if name in self._keys]
        answer: Json = {"configurationKey": [_entry(key) for key in known[:limit]]}
        unknown = [name[:50] for name in wanted if name not in self._keys]
        if unknown:
            answer["unknownKey"] = unknown
        return answer

    def _valid(self, key: Key, value: str) -> bool:
        """Return whether a value suits a key."""
        if key.kind == "integer":
            return value.isdecimal() and int(value) >= key.minimum
        if key.kind == "flag":
            return value.lower() in {"true", "false"}
        if key.kind == "list" and f"{key.name}{_LIST_LIMIT}" in self._keys:
            return self._valid_measurands(key, value)
        return True

    def _valid_measurands(self, key: Key, value: str) -> bool:
        """Return whether a list of measurands is supported."""
        names = [name.strip() for name in value.split(",") if name.strip()]
        if len(names) > int(self[f"{key.name}{_LIST_LIMIT}"] or 0):
            return False
        return all(name in self.measurands for name in names)


def _entry(key: Key) -> Json:
    """Return a key as it stands in an answer."""
    entry: Json = {"key": key.name, "readonly": key.readonly}
    if key.value is not None and not key.hidden:
        entry["value"] = key.value
    return entry
