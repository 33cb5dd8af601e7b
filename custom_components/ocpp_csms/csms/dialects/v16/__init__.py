"""OCPP 1.6."""

from ...model.variable import VariableRef
from ...model.version import OcppVersion
from ..base import Dialect, Setting
from .inbound import INBOUND, MAX_TAG
from .outbound import OUTBOUND

DIALECT = Dialect(
    version=OcppVersion.V16,
    inbound=INBOUND,
    outbound=OUTBOUND,
    settings={
        Setting.SAMPLED_MEASURANDS: VariableRef("MeterValuesSampledData"),
        Setting.SAMPLED_MAXIMUM: VariableRef("MeterValuesSampledDataMaxLength"),
        Setting.SAMPLE_INTERVAL: VariableRef("MeterValueSampleInterval"),
        Setting.ALIGNED_INTERVAL: VariableRef("ClockAlignedDataInterval"),
        Setting.PROFILE_UNITS: VariableRef("ChargingScheduleAllowedChargingRateUnit"),
        Setting.PROFILE_STACK_LEVEL: VariableRef("ChargeProfileMaxStackLevel"),
        Setting.PROFILE_PERIODS: VariableRef("ChargingScheduleMaxPeriods"),
        Setting.CONNECTOR_COUNT: VariableRef("NumberOfConnectors"),
        Setting.LOCAL_LIST_ENABLED: VariableRef("LocalAuthListEnabled"),
        Setting.LOCAL_LIST_AT_ONCE: VariableRef("SendLocalListMaxLength"),
        Setting.LOCAL_LIST_LENGTH: VariableRef("LocalAuthListMaxLength"),
        Setting.CACHE_ENABLED: VariableRef("AuthorizationCacheEnabled"),
    },
    reports_inventory=False,
    max_token_length=MAX_TAG,
    max_variables=0,
)
