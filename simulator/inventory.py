"""The variables that a simulated 2.x station has."""

from typing import TYPE_CHECKING

from .device_model import Name, Variable

if TYPE_CHECKING:
    from .evse import Evse
    from .station import ChargingStation

type Inventory = dict[Name, Variable]

_MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,"
    "Current.Offered,Power.Offered,SoC,Frequency,Power.Factor"
)
_SAMPLED = ",".join(_MEASURANDS.split(",")[:5])
_REGISTER = "Energy.Active.Import.Register"
_POINTS = "ParkingBayOccupancy,EVConnected,Authorized,PowerPathClosed,EnergyTransfer,DataSigned"


def _whole(value: int, unit: str | None = None, minimum: int | None = 0) -> Variable:
    """Return a number that may be set."""
    return Variable(str(value), "integer", "ReadWrite", unit, minimum, settings=True)


def _flag(value: bool) -> Variable:
    """Return a yes or no that may be set."""
    return Variable(str(value).lower(), "boolean", "ReadWrite", settings=True)


def _fixed(value: str, kind: str = "string", unit: str | None = None) -> Variable:
    """Return a value that may not be set."""
    return Variable(value, kind, unit=unit)


def _members(value: str, choices: str) -> Variable:
    """Return a list that may be set."""
    return Variable(value, "MemberList", "ReadWrite", choices=choices, settings=True)


def inventory(station: ChargingStation) -> Inventory:
    """Return all variables of a station as the factory sets them."""
    found: Inventory = {}
    for part in (
        _communication,
        _sampling,
        _transactions,
        _authorization,
        _charging,
        _security,
    ):
        found |= part()
    found |= _station(station)
    for evse in station.evses:
        found |= _evse(station, evse)
    if station.version == "2.1":
        feature = Name("SmartChargingCtrlr", "SupportsFeature", "DynamicProfiles")
        found[feature] = _fixed("true", "boolean")
    return found


def _communication() -> Inventory:
    """Return what governs the exchange of messages."""
    comm = "OCPPCommCtrlr"
    return {
        Name(comm, "HeartbeatInterval"): _whole(300, "s", 1),
        Name(comm, "WebSocketPingInterval"): Variable(
            "0", "integer", "ReadWrite", "s", 0, reboot_required=True, settings=True
        ),
        Name(comm, "RetryBackOffRepeatTimes"): _whole(5),
        Name(comm, "RetryBackOffRandomRange"): _whole(0, "s"),
        Name(comm, "RetryBackOffWaitMinimum"): _whole(1, "s"),
        Name(comm, "NetworkConfigurationPriority"): Variable(
            "1", "SequenceList", "ReadWrite", choices="1,2", settings=True
        ),
        Name(comm, "NetworkProfileConnectionAttempts"): _whole(3),
        Name(comm, "ActiveNetworkProfile"): _fixed("1", "integer"),
        Name(comm, "OfflineThreshold"): _whole(60, "s"),
        Name(comm, "ResetRetries"): _whole(1),
        Name(comm, "UnlockOnEVSideDisconnect"): _flag(True),
        Name(comm, "FileTransferProtocols"): Variable(
            "HTTPS", "MemberList", choices="HTTPS,FTP"
        ),
        Name(comm, "MessageTimeout", "Default"): _whole(30, "s", 1),
        Name(comm, "MessageAttempts", "TransactionEvent"): _whole(3, None, 1),
        Name(comm, "MessageAttemptInterval", "TransactionEvent"): _whole(10, "s"),
        Name("DeviceDataCtrlr", "ItemsPerMessage", "GetReport"): _fixed(
            "50", "integer"
        ),
        Name("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"): _fixed(
            "50", "integer"
        ),
        Name("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"): _fixed(
            "50", "integer"
        ),
        Name("DeviceDataCtrlr", "BytesPerMessage", "GetReport"): _fixed(
            "65000", "integer"
        ),
        Name("DeviceDataCtrlr", "BytesPerMessage", "GetVariables"): _fixed(
            "65000", "integer"
        ),
        Name("DeviceDataCtrlr", "BytesPerMessage", "SetVariables"): _fixed(
            "65000", "integer"
        ),
    }


def _sampling() -> Inventory:
    """Return what governs meter values."""
    sampled, aligned = "SampledDataCtrlr", "AlignedDataCtrlr"
    return {
        Name(sampled, "Enabled"): _flag(True),
        Name(sampled, "Available"): _fixed("true", "boolean"),
        Name(sampled, "TxStartedMeasurands"): _members(_REGISTER, _MEASURANDS),
        Name(sampled, "TxUpdatedMeasurands"): _members(_SAMPLED, _MEASURANDS),
        Name(sampled, "TxUpdatedInterval"): _whole(60, "s"),
        Name(sampled, "TxEndedMeasurands"): _members(_REGISTER, _MEASURANDS),
        Name(sampled, "TxEndedInterval"): _whole(0, "s"),
        Name(aligned, "Enabled"): _flag(True),
        Name(aligned, "Available"): _fixed("true", "boolean"),
        Name(aligned, "Measurands"): _members(_SAMPLED, _MEASURANDS),
        Name(aligned, "Interval"): _whole(0, "s"),
        Name(aligned, "TxEndedMeasurands"): _members("", _MEASURANDS),
        Name(aligned, "TxEndedInterval"): _whole(0, "s"),
        Name(aligned, "SendDuringIdle"): _flag(False),
    }


def _transactions() -> Inventory:
    """Return what governs transactions."""
    control = "TxCtrlr"
    return {
        Name(control, "EVConnectionTimeOut"): _whole(60, "s"),
        Name(control, "StopTxOnEVSideDisconnect"): _flag(True),
        Name(control, "StopTxOnInvalidId"): _flag(True),
        Name(control, "TxBeforeAcceptedEnabled"): _flag(False),
        Name(control, "TxStartPoint"): _members("PowerPathClosed", _POINTS),
        Name(control, "TxStopPoint"): _members("Authorized,EVConnected", _POINTS),
        Name("ReservationCtrlr", "Enabled"): _flag(True),
        Name("ReservationCtrlr", "Available"): _fixed("true", "boolean"),
    }


def _authorization() -> Inventory:
    """Return what governs who may charge."""
    return {
        Name("AuthCtrlr", "Enabled"): _flag(True),
        Name("AuthCtrlr", "AuthorizeRemoteStart"): _flag(False),
        Name("AuthCtrlr", "LocalAuthorizeOffline"): _flag(True),
        Name("AuthCtrlr", "LocalPreAuthorize"): _flag(False),
        Name("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): _flag(False),
        Name("AuthCacheCtrlr", "Enabled"): _flag(True),
        Name("AuthCacheCtrlr", "Available"): _fixed("true", "boolean"),
        Name("LocalAuthListCtrlr", "Enabled"): _flag(True),
        Name("LocalAuthListCtrlr", "Available"): _fixed("true", "boolean"),
        Name("LocalAuthListCtrlr", "Entries"): _fixed("0", "integer"),
        Name("LocalAuthListCtrlr", "ItemsPerMessage"): _fixed("100", "integer"),
        Name("LocalAuthListCtrlr", "BytesPerMessage"): _fixed("65000", "integer"),
    }


def _charging() -> Inventory:
    """Return what is said about smart charging."""
    control = "SmartChargingCtrlr"
    return {
        Name(control, "Enabled"): _flag(True),
        Name(control, "Available"): _fixed("true", "boolean"),
        Name(control, "ProfileStackLevel"): _fixed("10", "integer"),
        Name(control, "RateUnit"): Variable("A,W", "MemberList", choices="A,W"),
        Name(control, "PeriodsPerSchedule"): _fixed("48", "integer"),
        Name(control, "Entries", "ChargingProfiles"): Variable(
            "0", "integer", minimum=0, maximum=20
        ),
        Name(control, "LimitChangeSignificance"): Variable(
            "1.0", "decimal", "ReadWrite", "Percent", 0.0, settings=True
        ),
        Name(control, "ExternalControlSignalsEnabled"): _flag(False),
        Name(control, "NotifyChargingLimitWithSchedules"): _flag(False),
        Name(control, "Phases3to1"): _flag(True),
        Name(control, "ACPhaseSwitchingSupported"): _fixed("true", "boolean"),
    }


def _security() -> Inventory:
    """Return identity, security and clock."""
    return {
        Name("SecurityCtrlr", "BasicAuthPassword"): Variable(
            "", mutability="WriteOnly", settings=True
        ),
        Name("SecurityCtrlr", "Identity"): Variable(
            "", mutability="ReadWrite", settings=True
        ),
        Name("SecurityCtrlr", "OrganizationName"): Variable(
            "Simulated", mutability="ReadWrite", settings=True
        ),
        Name("SecurityCtrlr", "SecurityProfile"): _fixed("1", "integer"),
        Name("SecurityCtrlr", "CertificateEntries"): _fixed("0", "integer"),
        Name("ClockCtrlr", "TimeSource"): Variable(
            "Heartbeat",
            "SequenceList",
            "ReadWrite",
            choices="Heartbeat,NTP",
            settings=True,
        ),
        Name("ClockCtrlr", "TimeOffset"): Variable(
            "+00:00", mutability="ReadWrite", settings=True
        ),
        Name("DisplayMessageCtrlr", "Enabled"): _flag(True),
        Name("DisplayMessageCtrlr", "Available"): _fixed("true", "boolean"),
    }


def _station(station: ChargingStation) -> Inventory:
    """Return the station itself."""
    whole = "ChargingStation"
    return {
        Name(whole, "VendorName"): Variable(lambda: station.vendor),
        Name(whole, "Model"): Variable(lambda: station.model),
        Name(whole, "SerialNumber"): Variable(lambda: station.serial),
        Name(whole, "FirmwareVersion"): Variable(lambda: station.firmware),
        Name(whole, "Available"): _fixed("true", "boolean"),
        Name(whole, "Problem"): Variable(
            lambda: str(any(evse.fault for evse in station.evses)).lower(), "boolean"
        ),
        Name(whole, "AvailabilityState"): _fixed("Available", "OptionList"),
        Name(whole, "SupplyPhases"): Variable(lambda: str(station.phases), "integer"),
        Name("ClockCtrlr", "DateTime"): Variable(
            lambda: station.now() or "", "dateTime"
        ),
    }


def _evse(station: ChargingStation, evse: Evse) -> Inventory:
    """Return an EVSE and its connector."""
    power = evse.max_current_a * evse.phases * evse.meter.voltage_v
    return {
        Name("EVSE", "AvailabilityState", evse=evse.id): Variable(
            lambda: evse.status, "OptionList"
        ),
        Name("EVSE", "Available", evse=evse.id): _fixed("true", "boolean"),
        Name("EVSE", "AllowReset", evse=evse.id): _fixed("false", "boolean"),
        Name("EVSE", "SupplyPhases", evse=evse.id): _fixed(
            str(station.phases), "integer"
        ),
        Name("EVSE", "Power", evse=evse.id): Variable(
            lambda: f"{evse.power_w:.1f}", "decimal", unit="W", maximum=power
        ),
        Name("Connector", "AvailabilityState", evse=evse.id, connector=1): Variable(
            lambda: evse.status, "OptionList"
        ),
        Name("Connector", "Available", evse=evse.id, connector=1): _fixed(
            "true", "boolean"
        ),
        Name("Connector", "ConnectorType", evse=evse.id, connector=1): _fixed("cType2"),
        Name("Connector", "SupplyPhases", evse=evse.id, connector=1): _fixed(
            str(station.phases), "integer"
        ),
    }
