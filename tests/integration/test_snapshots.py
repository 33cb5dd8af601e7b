"""All entities as they are registered and shown."""

from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.ocpp_csms import PLATFORMS

from .common import mock_entry, subentry_data
from .conftest import Connect, SetUp


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("version", ["1.6", "2.1"])
@pytest.mark.usefixtures("all_enabled")
async def test_entities(
    hass: HomeAssistant,
    set_up: SetUp,
    connect: Connect,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
    version: str,
) -> None:
    """Registry entries and states of a platform, while nobody charges."""
    with patch("custom_components.ocpp_csms.PLATFORMS", [platform]):
        entry = await set_up(mock_entry(subentry_data()))
        await connect(entry, version)
        entries = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        assert entries
        for item in sorted(entries, key=lambda item: item.entity_id):
            assert item == snapshot(name=f"{item.entity_id}-entry")
            if platform is not Platform.EVENT:  # their state is the real time
                state = hass.states.get(item.entity_id)
                assert state == snapshot(name=f"{item.entity_id}-state")
        await hass.config_entries.async_unload(entry.entry_id)
