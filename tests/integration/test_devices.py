"""Devices: what they show, and which can be deleted."""

import json

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms import async_remove_config_entry_device
from custom_components.ocpp_csms.const import DOMAIN

from ..csms.support import BareStation, boot, start, status
from .common import (
    Charger,
    find_device,
    find_evse_device,
    mock_entry,
    station_of,
    subentry_data,
)
from .conftest import Bare, SetUp


async def test_remove_device(
    charger: Charger, device_registry: dr.DeviceRegistry
) -> None:
    """An EVSE may be deleted, and comes back if it exists; the station may not."""
    hass, entry = charger.hass, charger.entry
    device = find_device(hass, entry)
    assert device is not None
    assert not await async_remove_config_entry_device(hass, entry, device)
    evse = find_evse_device(hass, entry, 1)
    assert evse is not None
    assert await async_remove_config_entry_device(hass, entry, evse)
    gone = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=next(iter(entry.subentries)),
        identifiers={(DOMAIN, "CP1/evse/9")},
    )
    assert await async_remove_config_entry_device(hass, entry, gone)


async def test_remove_device_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """While the entry is not loaded nobody knows, so nothing is deleted."""
    device = find_device(hass, entry)
    assert device is not None
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not await async_remove_config_entry_device(hass, entry, device)


async def test_evse_that_never_was(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """An EVSE that a station told of by mistake can be deleted, for good."""
    await cp1.call("StatusNotification", status(evse=60))
    await hass.async_block_till_done()
    phantom = find_evse_device(hass, watched, 60)
    assert phantom is not None
    assert await async_remove_config_entry_device(hass, watched, phantom)
    cp1.abort()
    await hass.config_entries.async_reload(watched.entry_id)
    await hass.async_block_till_done()
    assert station_of(watched).evses.keys() == {1}
    assert find_evse_device(hass, watched, 1) is not None


async def test_evse_in_use_is_kept(
    hass: HomeAssistant, watched: MockConfigEntry, cp1: BareStation
) -> None:
    """An EVSE at which a transaction runs is not deleted."""
    await cp1.call("StartTransaction", start())
    await hass.async_block_till_done()
    device = find_evse_device(hass, watched, 1)
    assert device is not None
    assert not await async_remove_config_entry_device(hass, watched, device)
    assert 1 in station_of(watched).evses


async def test_station_named_like_an_evse(
    hass: HomeAssistant, set_up: SetUp, bare: Bare
) -> None:
    """A station may be called as the EVSE of another one is."""
    names = ("CP1", "CP1_evse_1")
    entry = await set_up(
        mock_entry(*(subentry_data(name, name, observe_only=True) for name in names))
    )
    for name in names:
        socket_ = await bare(entry, f"/{name}")
        await socket_.call("BootNotification", boot())
        await socket_.call("StatusNotification", status())
    await hass.async_block_till_done()
    ids = set()
    for name in names:
        for device in (
            find_device(hass, entry, name),
            find_evse_device(hass, entry, 1, name),
        ):
            assert device is not None
            ids.add(device.id)
    assert len(ids) == 4


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_long_texts(
    hass: HomeAssistant, watched: MockConfigEntry, bare: Bare, version: str
) -> None:
    """Texts without end are cut before they are kept."""
    long = "x" * 100_000
    cp1 = await bare(watched, version=version)
    payload = (
        boot(chargePointVendor=long, firmwareVersion=long)
        if version == "1.6"
        else boot(
            version,
            chargingStation={
                "vendorName": long,
                "model": long,
                "firmwareVersion": long,
                "serialNumber": long,
            },
        )
    )
    await cp1.call("BootNotification", payload)
    if version == "1.6":
        fault = status(word="Faulted", info=long, vendorErrorCode=long, vendorId=long)
        await cp1.call("StatusNotification", fault)
    await cp1.call("DataTransfer", {"vendorId": "acme", "data": long})
    await hass.async_block_till_done()
    device = find_device(hass, watched)
    assert device is not None
    texts = (device.manufacturer, device.model, device.sw_version, device.serial_number)
    assert max(len(text or "") for text in texts) <= 255
    for shown in hass.states.async_all():
        assert len(json.dumps(dict(shown.attributes), default=str)) < 16_384
