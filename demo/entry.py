"""The integration's config entry, as Home Assistant stores it.

The stations are its subentries, so they are accepted as soon as they connect; so is
the tag that the simulated drivers present. Prices and meters are those of the home.
"""

from typing import Any

from .settings import Settings
from .stations import DRIVERS_TOKEN, STATIONS, Station

ENTRY_ID = "01demo0000000000000000ocpp"
SAMPLE_INTERVAL = 5  # seconds; lively for those who watch
STORED_SINCE = "2026-01-01T00:00:00+00:00"
OPTIONS = {
    "price_entity": "sensor.electricity_price",
    "feed_in": 0.08,
    "grid_power": "sensor.grid_power",
    "solar_power": ["sensor.solar_power"],
}


def config_entry(settings: Settings) -> dict[str, Any]:
    """Return the config entry of the listener."""
    return {
        "created_at": STORED_SINCE,
        "data": {"bind_address": "127.0.0.1", "port": settings.ocpp_port},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "ocpp_csms",
        "entry_id": ENTRY_ID,
        "minor_version": 1,
        "modified_at": STORED_SINCE,
        "options": OPTIONS,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [*(_station(station) for station in STATIONS), _holder()],
        "title": f"OCPP Charging ({settings.ocpp_port})",
        "unique_id": None,
        "version": 1,
    }


def _station(station: Station) -> dict[str, Any]:
    """Return the subentry of a station."""
    return {
        "data": {"identity": station.identity, "sample_interval": SAMPLE_INTERVAL},
        "subentry_id": f"01demo00000000000000{station.identity.lower():0<8}"[:26],
        "subentry_type": "charging_station",
        "title": station.name,
        "unique_id": station.identity,
    }


def _holder() -> dict[str, Any]:
    """Return the subentry of who holds the drivers' tag, at several stations at once."""
    return {
        "data": {
            "tokens": [DRIVERS_TOKEN],
            "token_type": "ISO14443",
            "concurrent": True,
        },
        "subentry_id": "01demo0000000000000driver",
        "subentry_type": "id_token",
        "title": "Family",
        "unique_id": None,
    }
