"""The ready-made dashboard."""

from typing import Any

from .stations import STATIONS, Station

type Card = dict[str, Any]

URL_PATH = "ocpp-charging"


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Home Assistant stores it."""
    return {
        "views": [
            {
                "title": "Charging",
                "path": "charging",
                "icon": "mdi:ev-station",
                "type": "sections",
                "max_columns": 4,
                "sections": [_home_section(), *_evse_sections()],
            }
        ]
    }


def _section(title: str, icon: str, cards: list[Card]) -> Card:
    """Return a section with a heading."""
    heading = {"type": "heading", "heading": title, "icon": icon}
    return {"type": "grid", "cards": [heading, *cards]}


def _home_section() -> Card:
    """Return the section of the simulated home."""
    power = ("solar_power", "house_power", "charging_power", "grid_power")
    tiles: list[Card] = [{"type": "tile", "entity": f"sensor.{name}"} for name in power]
    price = {
        "type": "tile",
        "entity": "sensor.electricity_price",
        "grid_options": {"columns": "full"},
    }
    history = {
        "type": "history-graph",
        "hours_to_show": 1,
        "entities": [{"entity": f"sensor.{name}"} for name in power],
        "grid_options": {"columns": "full"},
    }
    return _section("Home", "mdi:home-lightning-bolt", [*tiles, price, history])


def _evse_sections() -> list[Card]:
    """Return a section per EVSE of the simulated stations."""
    return [
        _evse_section(station, evse)
        for station in STATIONS
        for evse in range(1, station.evses + 1)
    ]


def _evse_section(station: Station, evse: int) -> Card:
    """Return the section of one EVSE."""
    place = f"{station.name.lower()}_evse_{evse}"
    title = station.name if station.evses == 1 else f"{station.name} {evse}"
    tiles: list[Card] = [
        {"type": "tile", "entity": f"{domain}.{place}_{key}"}
        for domain, key in (
            ("sensor", "status"),
            ("sensor", "power"),
            ("sensor", "session_energy"),
            ("switch", "charging"),
        )
    ]
    return _section(f"{title} · OCPP {station.version}", "mdi:ev-plug-type2", tiles)
