"""Write the config directory of a Home Assistant that needs no onboarding."""

from datetime import UTC, datetime
import json
import os
from pathlib import Path
import shutil
from typing import Any

from .dashboard import URL_PATH, dashboard
from .entry import config_entry
from .settings import ROOT, Settings
from .stations import STATIONS, Place

TEMPLATE = Path(__file__).parent / "config"
INTEGRATION = ROOT / "custom_components" / "ocpp_csms"


def seed(settings: Settings) -> None:
    """Make the folder of the demo anew."""
    shutil.rmtree(settings.folder, ignore_errors=True)
    shutil.copytree(TEMPLATE, settings.config)
    settings.logs.mkdir()
    (settings.config / "custom_components").symlink_to(ROOT / "custom_components")
    storage = settings.config / ".storage"
    storage.mkdir()
    _store(storage, "core.config", 1, 4, _core())
    _store(storage, "http", 2, 2, _http(settings))
    _store(storage, "onboarding", 4, 1, _onboarding())
    _store(storage, "core.config_entries", 1, 5, {"entries": _entries(settings)})
    _store(storage, "lovelace_dashboards", 1, 1, {"items": [_dashboard_item()]})
    _store(
        storage, f"lovelace.{_dashboard_item()['id']}", 1, 1, {"config": dashboard()}
    )
    _store(storage, "frontend.system_data", 1, 1, {"core": {"default_panel": URL_PATH}})
    _store(storage, "energy", 1, 3, _energy())


def _store(
    storage: Path, key: str, version: int, minor: int, data: dict[str, Any]
) -> None:
    """Write one store of Home Assistant."""
    content = {"version": version, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content, indent=2))


def _core() -> dict[str, Any]:
    """Return where the home is."""
    return {
        "latitude": 52.09,
        "longitude": 5.12,
        "elevation": 5,
        "unit_system_v2": "metric",
        "location_name": "Demo home",
        "time_zone": _time_zone(),
        "external_url": None,
        "internal_url": None,
        "currency": "EUR",
        "country": "NL",
        "language": "en",
        "radius": 100,
    }


def _time_zone() -> str:
    """Return the machine's time zone, so that the sun shines by day."""
    if name := os.environ.get("TZ"):
        return name
    _, found, name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
    return name if found else "Etc/UTC"


def _http(settings: Settings) -> dict[str, Any]:
    """Return the settings of the web server."""
    stable = {
        "server_host": [settings.host],
        "server_port": settings.port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def _onboarding() -> dict[str, Any]:
    """Return that onboarding is done."""
    return {"done": ["user", "core_config", "analytics", "integration"]}


def _entries(settings: Settings) -> list[dict[str, Any]]:
    """Return the config entries."""
    return [config_entry(settings)]


def _dashboard_item() -> dict[str, Any]:
    """Return how the dashboard is listed."""
    return {
        "id": URL_PATH.replace("-", "_"),
        "url_path": URL_PATH,
        "title": "Charging",
        "icon": "mdi:ev-station",
        "mode": "storage",
        "require_admin": False,
        "show_in_sidebar": True,
    }


def _energy() -> dict[str, Any]:
    """Return the settings of the Energy dashboard."""
    grid = {
        "type": "grid",
        "stat_energy_from": "sensor.grid_energy_imported",
        "stat_energy_to": "sensor.grid_energy_exported",
        "stat_cost": None,
        "entity_energy_price": "sensor.electricity_price",
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": 0.06,
        "stat_rate": "sensor.grid_power",
        "cost_adjustment_day": 0.0,
    }
    solar = {
        "type": "solar",
        "stat_energy_from": "sensor.solar_energy",
        "stat_rate": "sensor.solar_power",
        "config_entry_solar_forecast": None,
    }
    return {
        "energy_sources": [grid, solar],
        "device_consumption": [
            _consumer(place) for station in STATIONS for place in station.places
        ],
        "device_consumption_water": [],
    }


def _consumer(place: Place) -> dict[str, Any]:
    """Return an EVSE as a consumer of the Energy dashboard."""
    return {
        "stat_consumption": place.entity("sensor", "energy"),
        "stat_rate": place.entity("sensor", "power"),
        "name": place.title,
    }
