"""The ready-made dashboard."""

from typing import Any

from .stations import STATIONS, Place

type Card = dict[str, Any]

URL_PATH = "ocpp-charging"
WELCOME = """\
## Charging at home
Simulated charging stations, one for each version of OCPP, charge simulated cars. \
**Stop** one, **pause** it, or move its **current limit**: the car follows within seconds.
"""
PRICES = """\
{% from "home.jinja" import price_chart %}
{{ price_chart("Today", state_attr("sensor.electricity_price", "raw_today")) }}
{{ price_chart("Tomorrow", state_attr("sensor.electricity_price", "raw_tomorrow")) }}
"""
HOME_TILES = {
    "solar_power": ("Solar", "amber"),
    "house_power": ("House", "blue"),
    "charging_power": ("Charging", "green"),
    "grid_power": ("Grid", "purple"),
}
FULL = {"columns": "full"}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Home Assistant stores it."""
    return {
        "views": [
            {
                "title": "Charging",
                "path": "charging",
                "icon": "mdi:ev-station",
                "type": "sections",
                "max_columns": 3,
                "header": {
                    "layout": "start",
                    "card": {"type": "markdown", "text_only": True, "content": WELCOME},
                },
                "sections": [
                    _home_section(),
                    *(_place_section(place) for place in _places()),
                    _history_section(),
                ],
            }
        ]
    }


def _places() -> list[Place]:
    """Return all places to charge at."""
    return [place for station in STATIONS for place in station.places]


def _section(heading: Card, cards: list[Card]) -> Card:
    """Return a section with a heading."""
    return {"type": "grid", "cards": [{"type": "heading", **heading}, *cards]}


def _tile(entity: str, name: str, **options: Any) -> Card:
    """Return a tile with a short name."""
    return {"type": "tile", "entity": entity, "name": name, **options}


def _home_section() -> Card:
    """Return the section of the simulated home."""
    heading = {"heading": "Home", "icon": "mdi:home-lightning-bolt"}
    tiles = [
        _tile(f"sensor.{key}", name, color=color)
        for key, (name, color) in HOME_TILES.items()
    ]
    price = _tile("sensor.electricity_price", "Electricity price", grid_options=FULL)
    prices = {"type": "markdown", "content": PRICES, "grid_options": FULL}
    return _section(heading, [*tiles, price, prices])


def _place_section(place: Place) -> Card:
    """Return the section of one EVSE."""
    heading = {
        "heading": f"{place.title} · OCPP {place.version}",
        "icon": "mdi:ev-station",
        "badges": [
            {
                "type": "entity",
                "entity": f"binary_sensor.{place.station_id}_connectivity",
            }
        ],
    }
    limit = _tile(
        place.entity("number", "current_limit"),
        "Current limit",
        features=[{"type": "numeric-input", "style": "slider"}],
        grid_options=FULL,
    )
    return _section(heading, [*_value_tiles(place), limit, *_switch_tiles(place)])


def _value_tiles(place: Place) -> list[Card]:
    """Return the tiles of what an EVSE measures."""
    return [
        _tile(place.entity("sensor", key), name)
        for key, name in (
            ("status", "Status"),
            ("power", "Power"),
            ("session_energy", "This session"),
            ("state_of_charge", "Car battery"),
            ("session_cost", "Cost"),
            ("session_holder", "Whose"),
        )
    ]


def _switch_tiles(place: Place) -> list[Card]:
    """Return the tiles that start, stop and pause charging."""
    return [
        _tile(
            place.entity("switch", key),
            name,
            color=color,
            features=[{"type": "toggle"}],
            features_position="inline",
        )
        for key, name, color in (
            ("charge", "Charge", "green"),
            ("pause", "Pause", "orange"),
        )
    ]


def _history_section() -> Card:
    """Return the section of the last half hour."""
    heading = {"heading": "The last half hour", "icon": "mdi:chart-line"}
    graphs = [
        _graph([(f"sensor.{key}", name) for key, (name, _) in HOME_TILES.items()]),
        _graph([(place.entity("sensor", "power"), place.title) for place in _places()]),
    ]
    return _section(heading, graphs)


def _graph(entities: list[tuple[str, str]]) -> Card:
    """Return a graph of powers."""
    return {
        "type": "history-graph",
        "hours_to_show": 0.5,
        "entities": [{"entity": entity, "name": name} for entity, name in entities],
        "grid_options": FULL,
    }
