"""Constants of the adapter."""

from typing import Final

from .csms.model.version import OcppVersion

DOMAIN: Final = "ocpp_csms"

SUBENTRY_STATION: Final = "charging_station"
SUBENTRY_HOLDER: Final = "id_token"

CONF_BIND_ADDRESS: Final = "bind_address"
CONF_PING_INTERVAL: Final = "ping_interval"
CONF_MAX_FRAME_KIB: Final = "max_frame_kib"

CONF_IDENTITY: Final = "identity"
CONF_VERSION: Final = "version"
CONF_CALL_TIMEOUT: Final = "call_timeout"
CONF_HEARTBEAT_INTERVAL: Final = "heartbeat_interval"
CONF_SAMPLE_INTERVAL: Final = "sample_interval"
CONF_ALIGNED_INTERVAL: Final = "aligned_interval"
CONF_MEASURANDS: Final = "measurands"
CONF_MAX_CURRENT: Final = "max_current"
CONF_ID_TOKEN: Final = "id_token"
CONF_START: Final = "start"
CONF_UNKNOWN_TOKENS: Final = "unknown_tokens"
CONF_AUTOMATIC_START: Final = "automatic_start"
CONF_LOCAL_LIST: Final = "local_list"
CONF_OBSERVE_ONLY: Final = "observe_only"
CONF_SKIP_STEPS: Final = "skip_steps"

CONF_TOKENS: Final = "tokens"
CONF_TOKEN_TYPE: Final = "token_type"
CONF_BLOCKED: Final = "blocked"
CONF_EXPIRES: Final = "expires"
CONF_GROUP: Final = "group"
CONF_STATIONS: Final = "stations"
CONF_CONCURRENT: Final = "concurrent"
CONF_VEHICLE: Final = "vehicle"
CONF_MOST_ENERGY: Final = "most_energy"
CONF_MOST_HOURS: Final = "most_hours"

VERSION_AUTOMATIC: Final = "automatic"
VERSIONS: Final = {
    "ocpp1_6": OcppVersion.V16,
    "ocpp2_0_1": OcppVersion.V201,
    "ocpp2_1": OcppVersion.V21,
}
"""What the setting of the version may be, besides automatic."""

DEFAULT_PORT: Final = 9000
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_PRICE: Final = "price"
CONF_FEED_IN_ENTITY: Final = "feed_in_entity"
CONF_FEED_IN: Final = "feed_in"
CONF_CO2_ENTITY: Final = "co2_entity"
CONF_GRID_POWER: Final = "grid_power"
CONF_GRID_INVERTED: Final = "grid_inverted"
CONF_SOLAR_POWER: Final = "solar_power"
CONF_BATTERY_POWER: Final = "battery_power"
CONF_BATTERY_INVERTED: Final = "battery_inverted"

CONF_SAMPLE_DAYS: Final = "sample_days"
CONF_SESSION_YEARS: Final = "session_years"
DEFAULT_SAMPLE_DAYS: Final = 90
DEFAULT_SESSION_YEARS: Final = 0
DEFAULT_PING_INTERVAL: Final = 30
DEFAULT_MAX_FRAME_KIB: Final = 1024
DEFAULT_MEASURANDS: Final = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "SoC",
    "Temperature",
)
"""In the order of their importance: a station that takes fewer gets the first ones."""
