"""OCPP 1.6."""

from ...model.variable import VariableRef
from ...model.version import OcppVersion
from ..base import Dialect, Setting
from .inbound import INBOUND
from .outbound import OUTBOUND

DIALECT = Dialect(
    version=OcppVersion.V16,
    inbound=INBOUND,
    outbound=OUTBOUND,
    settings={
        Setting.SAMPLED_MEASURANDS: VariableRef("MeterValuesSampledData"),
        Setting.SAMPLE_INTERVAL: VariableRef("MeterValueSampleInterval"),
        Setting.ALIGNED_MEASURANDS: VariableRef("MeterValuesAlignedData"),
        Setting.ALIGNED_INTERVAL: VariableRef("ClockAlignedDataInterval"),
        Setting.HEARTBEAT_INTERVAL: VariableRef("HeartbeatInterval"),
        Setting.PING_INTERVAL: VariableRef("WebSocketPingInterval"),
        Setting.PROFILE_UNITS: VariableRef("ChargingScheduleAllowedChargingRateUnit"),
        Setting.PROFILE_STACK_LEVEL: VariableRef("ChargeProfileMaxStackLevel"),
        Setting.PROFILE_PERIODS: VariableRef("ChargingScheduleMaxPeriods"),
        Setting.PHASE_SWITCHING: VariableRef("ConnectorSwitch3to1PhaseSupported"),
        Setting.CONNECTOR_COUNT: VariableRef("NumberOfConnectors"),
        Setting.SMART_CHARGING: VariableRef("SupportedFeatureProfiles"),
        Setting.REMOTE_AUTHORIZATION: VariableRef("AuthorizeRemoteTxRequests"),
    },
    reports_inventory=False,
    max_token_length=20,
    max_variables=0,
    secures_pending=False,
)
