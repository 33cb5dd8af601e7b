"""OCPP 2.0.1."""

from ...model.variable import VariableRef
from ...model.version import OcppVersion
from ..base import Dialect, Setting
from .inbound import INBOUND, MAX_TOKEN
from .outbound import OUTBOUND

SETTINGS = {
    Setting.SAMPLED_MEASURANDS: VariableRef("TxUpdatedMeasurands", "SampledDataCtrlr"),
    Setting.SAMPLE_INTERVAL: VariableRef("TxUpdatedInterval", "SampledDataCtrlr"),
    Setting.ALIGNED_INTERVAL: VariableRef("Interval", "AlignedDataCtrlr"),
    Setting.PROFILE_UNITS: VariableRef("RateUnit", "SmartChargingCtrlr"),
    Setting.PROFILE_STACK_LEVEL: VariableRef("ProfileStackLevel", "SmartChargingCtrlr"),
    Setting.PROFILE_PERIODS: VariableRef("PeriodsPerSchedule", "SmartChargingCtrlr"),
    Setting.LOCAL_LIST_ENABLED: VariableRef("Enabled", "LocalAuthListCtrlr"),
    Setting.LOCAL_LIST_AT_ONCE: VariableRef("ItemsPerMessage", "LocalAuthListCtrlr"),
    Setting.LOCAL_LIST_BYTES: VariableRef("BytesPerMessage", "LocalAuthListCtrlr"),
    Setting.LOCAL_LIST_LENGTH: VariableRef("Entries", "LocalAuthListCtrlr"),
    Setting.CACHE_ENABLED: VariableRef("Enabled", "AuthCacheCtrlr"),
}

DIALECT = Dialect(
    version=OcppVersion.V201,
    inbound=INBOUND,
    outbound=OUTBOUND,
    settings=SETTINGS,
    reports_inventory=True,
    max_token_length=MAX_TOKEN,
    max_variables=20,
)
