"""A charger as Home Assistant shows it, together with the simulated station behind it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import socket
from typing import Any

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.const import ATTR_ENTITY_ID, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import (
    CONF_AUTOMATIC_START,
    CONF_BIND_ADDRESS,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_LOCAL_LIST,
    CONF_MAX_CURRENT,
    CONF_OBSERVE_ONLY,
    CONF_SAMPLE_INTERVAL,
    CONF_START,
    CONF_UNKNOWN_TOKENS,
    CONF_VERSION,
    DOMAIN,
    SUBENTRY_STATION,
)
from custom_components.ocpp_csms.csms.station import Station
from simulator import Car, ChargingStation, Frame, ManualClock

VERSIONS = ("1.6", "2.0.1", "2.1")
IDENTITY = "CP1"
NAME = "Garage"
LOOPBACK = "127.0.0.1"
PATIENCE_S = 5.0
ACCEPTED = {"status": "Accepted"}
PERIODS = [{"start": 0, "limit": 10}]
STATION_INPUT: dict[str, Any] = {
    CONF_NAME: NAME,
    CONF_MAX_CURRENT: 16,
    "meter": {CONF_SAMPLE_INTERVAL: 30, "aligned_interval": 0, "measurands": []},
    "access": {
        CONF_START: "free",
        CONF_UNKNOWN_TOKENS: "accept",
        CONF_AUTOMATIC_START: False,
        CONF_ID_TOKEN: "HOUSE",
        CONF_LOCAL_LIST: True,
    },
    "advanced": {
        CONF_VERSION: "automatic",
        "call_timeout": 20,
        "heartbeat_interval": 600,
        CONF_OBSERVE_ONLY: False,
        "skip_steps": ["meter"],
    },
}
"""The form of a station, filled in."""


async def until(predicate: Callable[[], object], patience: float = PATIENCE_S) -> None:
    """Wait until something holds; nothing waits for a time only."""
    async with asyncio.timeout(patience):
        while not predicate():
            await asyncio.sleep(0.001)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def can_listen(port: int) -> bool:
    """Return whether a port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def subentry_data(
    identity: str = IDENTITY, title: str = NAME, /, **data: Any
) -> ConfigSubentryData:
    """Return the subentry of a station."""
    return ConfigSubentryData(
        data={CONF_IDENTITY: identity, **data},
        subentry_type=SUBENTRY_STATION,
        title=title,
        unique_id=identity,
    )


def holder(name: str = "Ann", /, *tokens: str, **data: Any) -> ConfigSubentryData:
    """Return the subentry of a holder."""
    return ConfigSubentryData(
        data={"tokens": list(tokens or ("04AABB",)), **data},
        subentry_type="id_token",
        title=name,
        unique_id=None,
    )


def mock_entry(
    *stations: ConfigSubentryData, port: int | None = None, **options: Any
) -> MockConfigEntry:
    """Return an entry that listens on a free loopback port."""
    port = port or free_port()
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"OCPP Charging ({port})",
        data={CONF_PORT: port, CONF_BIND_ADDRESS: LOOPBACK},
        options=options,
        subentries_data=stations,
    )


def find_entity(
    hass: HomeAssistant, kind: str, evse: int = 1, identity: str = IDENTITY
) -> str:
    """Return the entity id of, for instance, `switch.charge` of an EVSE (0: the station)."""
    platform, key = kind.split(".")
    entity_id = er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{identity}_{evse}_{key}"
    )
    assert entity_id is not None, f"there is no {kind} of EVSE {evse}"
    return entity_id


def has_entity(
    hass: HomeAssistant, kind: str, evse: int = 1, identity: str = IDENTITY
) -> bool:
    """Return whether an entity is registered."""
    platform, key = kind.split(".")
    return (
        er.async_get(hass).async_get_entity_id(
            platform, DOMAIN, f"{identity}_{evse}_{key}"
        )
        is not None
    )


def find_device(
    hass: HomeAssistant, entry: MockConfigEntry, identity: str = IDENTITY
) -> dr.DeviceEntry | None:
    """Return the device of a station."""
    return dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, identity), entry.entry_id
    )


def find_evse_device(
    hass: HomeAssistant, entry: MockConfigEntry, evse: int, identity: str = IDENTITY
) -> dr.ChildDeviceEntry | None:
    """Return the device of an EVSE."""
    return dr.async_get(hass).async_get_child_device_by_identifier(
        (DOMAIN, f"{identity}/evse/{evse}"), entry.entry_id
    )


def in_state(entry: MockConfigEntry, state: ConfigEntryState) -> bool:
    """Return whether an entry is in a state."""
    return entry.state is state


def assert_translated(
    raised: pytest.ExceptionInfo[HomeAssistantError], key: str, **placeholders: str
) -> None:
    """Check that an error tells the user what is wrong, by key and placeholders."""
    error = raised.value
    assert error.translation_domain == DOMAIN
    assert error.translation_key == key
    known = error.translation_placeholders or {}
    assert {name: known.get(name) for name in placeholders} == placeholders


def station_of(entry: MockConfigEntry, identity: str = IDENTITY) -> Station:
    """Return what the central system knows of a station."""
    station: Station = entry.runtime_data.server.stations[identity]
    return station


def state(hass: HomeAssistant, kind: str, evse: int = 1) -> str | None:
    """Return the state of an entity, None if there is none."""
    if not has_entity(hass, kind, evse):
        return None
    shown = hass.states.get(find_entity(hass, kind, evse))
    return shown.state if shown else None


async def expect_refusal(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, data: dict[str, Any]
) -> None:
    """Run an action on EVSE 1 that must be refused in words for the user."""
    device = find_evse_device(hass, entry, 1)
    assert device is not None
    with pytest.raises((HomeAssistantError, probatio.Invalid)) as raised:
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": device.id, **data},
            blocking=True,
            return_response=True,
        )
    if isinstance(raised.value, HomeAssistantError):
        assert raised.value.translation_key


async def start_adding(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Start to add a station; return the flow's id."""
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_STATION), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    return str(result["flow_id"])


def discoveries(hass: HomeAssistant) -> list[Any]:
    """Return the flows that offer a station."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    ]


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the open issues by their translation key."""
    return {
        issue.translation_key or "": issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    }


@dataclass
class Charger:
    """One charger from both sides."""

    hass: HomeAssistant
    entry: MockConfigEntry
    sim: ChargingStation
    clock: ManualClock

    @property
    def identity(self) -> str:
        """The OCPP identity."""
        return self.sim.identity

    @property
    def version(self) -> str:
        """The OCPP version."""
        return self.sim.version

    @property
    def station(self) -> Station:
        """What the central system knows of the station."""
        station: Station = self.entry.runtime_data.server.stations[self.identity]
        return station

    def entity_id(self, kind: str, evse: int = 1) -> str:
        """Return the entity id of an entity (EVSE 0 is the station)."""
        return find_entity(self.hass, kind, evse, self.identity)

    def state(self, kind: str, evse: int = 1) -> State:
        """Return the state of an entity."""
        state = self.hass.states.get(self.entity_id(kind, evse))
        assert state is not None
        return state

    def value(self, kind: str, evse: int = 1) -> float:
        """Return the state of an entity as a number."""
        return float(self.state(kind, evse).state)

    def device(self, evse: int = 0) -> dr.AnyDeviceEntry:
        """Return the device of the station, or of an EVSE."""
        device: dr.AnyDeviceEntry | None = (
            find_evse_device(self.hass, self.entry, evse, self.identity)
            if evse
            else find_device(self.hass, self.entry, self.identity)
        )
        assert device is not None
        return device

    def device_id(self, evse: int = 0) -> str:
        """Return the id of the device of the station, or of an EVSE."""
        return self.device(evse).id

    async def expect(
        self, kind: str, value: str, evse: int = 1, /, **attributes: Any
    ) -> State:
        """Wait until an entity has a state, and these attributes; return it."""

        def seen() -> tuple[str, dict[str, Any]] | None:
            if not has_entity(self.hass, kind, evse, self.identity):
                return None
            state = self.hass.states.get(self.entity_id(kind, evse))
            if state is None:
                return None
            return state.state, {
                name: state.attributes.get(name) for name in attributes
            }

        try:
            await until(lambda: seen() == (value, attributes))
        except TimeoutError:
            assert seen() == (value, attributes), f"{kind} of EVSE {evse}"
        return self.state(kind, evse)

    async def expect_number(self, kind: str, number: float, evse: int = 1) -> State:
        """Wait until an entity shows a number, within rounding."""

        def near() -> bool:
            if not has_entity(self.hass, kind, evse, self.identity):
                return False
            state = self.hass.states.get(self.entity_id(kind, evse))
            try:
                return state is not None and abs(float(state.state) - number) < 0.002
            except ValueError:
                return False

        try:
            await until(near)
        except TimeoutError:
            assert self.value(kind, evse) == number, f"{kind} of EVSE {evse}"
        return self.state(kind, evse)

    async def do(self, service: str, kind: str, evse: int = 1, /, **data: Any) -> None:
        """Act on an entity as a user does, for instance `switch.turn_on`."""
        domain, name = service.split(".")
        await self.hass.services.async_call(
            domain,
            name,
            {ATTR_ENTITY_ID: self.entity_id(kind, evse), **data},
            blocking=True,
        )

    async def act(self, name: str, device: int = 0, /, **data: Any) -> Any:
        """Run an action of the integration on a device (0: the station) for its response."""
        return await self.hass.services.async_call(
            DOMAIN,
            name,
            {"device_id": self.device_id(device), **data},
            blocking=True,
            return_response=True,
        )

    def calls(self, action: str) -> list[Frame]:
        """Return what the central system has asked of the station."""
        return self.sim.calls("received", action)

    def last_call(self, action: str) -> Any:
        """Return the payload of the newest request of the central system."""
        return self.calls(action)[-1].payload

    async def go_offline(self) -> None:
        """Cut the network, and wait until Home Assistant shows it."""
        await self.sim.go_offline()
        await self.expect("binary_sensor.connected", "off", 0)

    async def go_online(self) -> None:
        """Mend the network, and wait until the station is back and settled."""
        await self.sim.go_online()
        await self.come_back()

    async def come_back(self) -> None:
        """Let a station that has lost its connection dial in and settle."""
        await self.clock.advance_until(lambda: self.sim.registered)
        await self.sim.wait_registered()
        await self.ready()

    async def unload(self) -> None:
        """Unload the entry, as when Home Assistant stops."""
        await self.sim.idle()
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        await until(lambda: not self.sim.connected)

    async def set_up(self) -> None:
        """Set the entry up again."""
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def reload(self) -> None:
        """Unload the entry and set it up again; the station comes back."""
        await self.unload()
        await self.set_up()
        await self.come_back()

    async def ready(self) -> None:
        """Wait until the steps after a station's coming are done."""
        await until(lambda: self.station.connected and self.station.onboarding.finished)
        await self.sim.idle()

    async def plug_in(self, evse: int = 1, **car: Any) -> None:
        """Connect a car."""
        await self.sim.plug_in(evse, Car(**car))
        await self.expect("binary_sensor.plugged_in", "on", evse)

    async def fail_as_a_whole(self, info: str) -> str:
        """Let the station tell a fault that is no EVSE's; return its code."""
        if is_16(self):
            status = {"connectorId": 0, "errorCode": "InternalError", "info": info}
            await self.sim.send("StatusNotification", status | {"status": "Faulted"})
            return "InternalError"
        now = self.clock.now().isoformat()
        event = {
            "eventId": 1,
            "timestamp": now,
            "trigger": "Delta",
            "actualValue": "true",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "ChargingStation"},
            "variable": {"name": "Problem"},
            "techInfo": info,
        }
        await self.sim.send(
            "NotifyEvent", {"generatedAt": now, "seqNo": 0, "eventData": [event]}
        )
        return "Problem"

    async def charge(self, evse: int = 1, **car: Any) -> None:
        """Connect a car and charge it from Home Assistant."""
        await self.plug_in(evse, **car)
        await self.do("switch.turn_on", "switch.charge", evse)
        await self.expect("sensor.status", "charging", evse)


def is_16(charger: Charger) -> bool:
    """Return whether a charger speaks 1.6."""
    return charger.version == "1.6"
