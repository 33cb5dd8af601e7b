"""The config directory of a Home Assistant that has the integration set up."""

from datetime import UTC, datetime
import json
from pathlib import Path
import socket
from typing import Any

ROOT = Path(__file__).parents[1]
ENTRY_ID = "01bench000000000000000ocpp"
_SINCE = "2026-01-01T00:00:00+00:00"
_RECORDER = "recorder:\n  commit_interval: 5\n"


def seed(
    folder: Path, identities: list[str], *, disabled: bool, recorder: bool
) -> None:
    """Fill an empty folder; the listener takes whatever port is free."""
    (folder / "configuration.yaml").write_text(_RECORDER if recorder else "")
    (folder / "custom_components").symlink_to(ROOT / "custom_components")
    storage = folder / ".storage"
    storage.mkdir()
    _store(storage, "onboarding", 4, 1, {"done": _ONBOARDED})
    _store(storage, "http", 2, 2, _http())
    entry = _entry(identities, disabled=disabled)
    _store(storage, "core.config_entries", 1, 5, {"entries": [entry]})


_ONBOARDED = ["user", "core_config", "analytics", "integration"]


def _store(storage: Path, key: str, version: int, minor: int, data: Any) -> None:
    content = {"version": version, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content))


def _http() -> dict[str, Any]:
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": _free_port(),
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _entry(identities: list[str], *, disabled: bool) -> dict[str, Any]:
    return {
        "created_at": _SINCE,
        "data": {"bind_address": "127.0.0.1", "port": 0},
        "disabled_by": "user" if disabled else None,
        "discovery_keys": {},
        "domain": "ocpp_csms",
        "entry_id": ENTRY_ID,
        "minor_version": 1,
        "modified_at": _SINCE,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [
            {
                "data": {"identity": identity},
                "subentry_id": f"01bench{number:019d}",
                "subentry_type": "charging_station",
                "title": identity,
                "unique_id": identity,
            }
            for number, identity in enumerate(identities)
        ],
        "title": "OCPP Charging",
        "unique_id": None,
        "version": 1,
    }
