"""Sampled values: measurands, phases, locations and contexts, in SI units."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Measurand(StrEnum):
    """What is measured; the names of OCPP 2.1, a superset of 1.6 and 2.0.1."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_EXPORT_MINIMUM = "Current.Export.Minimum"
    CURRENT_EXPORT_OFFERED = "Current.Export.Offered"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_IMPORT_MINIMUM = "Current.Import.Minimum"
    CURRENT_IMPORT_OFFERED = "Current.Import.Offered"
    CURRENT_OFFERED = "Current.Offered"
    DISPLAY_BATTERY_ENERGY_CAPACITY = "Display.BatteryEnergyCapacity"
    DISPLAY_CHARGING_COMPLETE = "Display.ChargingComplete"
    DISPLAY_INLET_HOT = "Display.InletHot"
    DISPLAY_MAXIMUM_SOC = "Display.MaximumSOC"
    DISPLAY_MINIMUM_SOC = "Display.MinimumSOC"
    DISPLAY_PRESENT_SOC = "Display.PresentSOC"
    DISPLAY_REMAINING_TIME_TO_MAXIMUM_SOC = "Display.RemainingTimeToMaximumSOC"
    DISPLAY_REMAINING_TIME_TO_MINIMUM_SOC = "Display.RemainingTimeToMinimumSOC"
    DISPLAY_REMAINING_TIME_TO_TARGET_SOC = "Display.RemainingTimeToTargetSOC"
    DISPLAY_TARGET_SOC = "Display.TargetSOC"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_CABLE_LOSS = "Energy.Active.Import.CableLoss"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_ACTIVE_IMPORT_LOCAL_GENERATION_REGISTER = (
        "Energy.Active.Import.LocalGeneration.Register"
    )
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_ACTIVE_NET = "Energy.Active.Net"
    ENERGY_ACTIVE_SETPOINT_INTERVAL = "Energy.Active.Setpoint.Interval"
    ENERGY_APPARENT_EXPORT = "Energy.Apparent.Export"
    ENERGY_APPARENT_IMPORT = "Energy.Apparent.Import"
    ENERGY_APPARENT_NET = "Energy.Apparent.Net"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_REACTIVE_NET = "Energy.Reactive.Net"
    ENERGY_REQUEST_BULK = "EnergyRequest.Bulk"
    ENERGY_REQUEST_MAXIMUM = "EnergyRequest.Maximum"
    ENERGY_REQUEST_MAXIMUM_V2X = "EnergyRequest.Maximum.V2X"
    ENERGY_REQUEST_MINIMUM = "EnergyRequest.Minimum"
    ENERGY_REQUEST_MINIMUM_V2X = "EnergyRequest.Minimum.V2X"
    ENERGY_REQUEST_TARGET = "EnergyRequest.Target"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_ACTIVE_RESIDUAL = "Power.Active.Residual"
    POWER_ACTIVE_SETPOINT = "Power.Active.Setpoint"
    POWER_EXPORT_MINIMUM = "Power.Export.Minimum"
    POWER_EXPORT_OFFERED = "Power.Export.Offered"
    POWER_FACTOR = "Power.Factor"
    POWER_IMPORT_MINIMUM = "Power.Import.Minimum"
    POWER_IMPORT_OFFERED = "Power.Import.Offered"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    RPM = "RPM"
    SOC = "SoC"
    TEMPERATURE = "Temperature"
    VOLTAGE = "Voltage"
    VOLTAGE_MAXIMUM = "Voltage.Maximum"
    VOLTAGE_MINIMUM = "Voltage.Minimum"


class Phase(StrEnum):
    """A phase; a value against neutral counts as a value of its phase."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    N = "N"
    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L1 = "L3-L1"


LINES = (Phase.L1, Phase.L2, Phase.L3)
LINE_PAIRS = (Phase.L1_L2, Phase.L2_L3, Phase.L3_L1)


class Location(StrEnum):
    """Where it is measured (1.6 section 7.30; 2.x adds Upstream)."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"
    UPSTREAM = "Upstream"


class Context(StrEnum):
    """Why a value was sampled (1.6 section 7.36)."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"


class Channel(NamedTuple):
    """One stream of values: what, on which phase (None is the total), where."""

    measurand: Measurand
    phase: Phase | None = None
    location: Location = Location.OUTLET


class Sample(NamedTuple):
    """One value as a station sent it, converted to SI units.

    Energy in Wh (varh, VAh), power in W (var, VA), current in A, voltage in V,
    temperature in °C, state of charge in percent, frequency in Hz.
    """

    channel: Channel
    value: float
    context: Context = Context.SAMPLE_PERIODIC


class SignedValue(NamedTuple):
    """A value that the meter itself has signed, as it is (1.6 SignedData, 2.x SignedMeterValue)."""

    data: str
    context: Context
    encoding: str | None = None
    method: str | None = None
    public_key: str | None = None


class Samples(NamedTuple):
    """The values of one moment. `at` is None where the station's time is unusable."""

    at: datetime | None
    values: tuple[Sample, ...]
    dropped: int = 0
    signed: tuple[SignedValue, ...] = ()


class Reading(NamedTuple):
    """Newest value of a channel. `derived` marks what was calculated from phases."""

    value: float
    at: datetime
    derived: bool = False


REGISTER = Channel(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER)
POWER = Channel(Measurand.POWER_ACTIVE_IMPORT)
CURRENT = Channel(Measurand.CURRENT_IMPORT)
VOLTAGE = Channel(Measurand.VOLTAGE)
CURRENT_OFFERED = Channel(Measurand.CURRENT_OFFERED)
STATE_OF_CHARGE = Channel(Measurand.SOC, None, Location.EV)
