"""Repair issues: what only the user can mend."""

from typing import Any

import aiohttp
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp_csms.const import (
    CONF_CALL_TIMEOUT,
    CONF_SKIP_STEPS,
    CONF_VERSION,
)
from custom_components.ocpp_csms.csms import onboarding
from simulator import ManualClock, Misbehaviour

from ..csms.support import boot
from .common import (
    IDENTITY,
    LOOPBACK,
    NAME,
    Charger,
    discoveries,
    issues,
    mock_entry,
    subentry_data,
    until,
)
from .conftest import Bare, Connect, SetUp, StartStation


@pytest.mark.parametrize(
    ("settings", "options", "key", "placeholders"),
    [
        ({CONF_PASSWORD: "right"}, {}, "rejected_password_missing", {}),
        (
            {CONF_PASSWORD: "right"},
            {"password": "wrong"},
            "rejected_password_wrong",
            {"station": "`CP1`", "address": LOOPBACK},
        ),
        (
            {CONF_VERSION: "ocpp2_1"},
            {},
            "rejected_subprotocol",
            {"detail": "`ocpp1.6 / ocpp2.1`"},
        ),
        (
            {},
            {"misbehaviour": Misbehaviour(path="/")},
            "rejected_no_identity",
            {"path": "`/`"},
        ),
        (
            {},
            {"misbehaviour": Misbehaviour(path="/" + "C" * 49)},
            "rejected_identity_too_long",
            {},
        ),
        (
            {},
            {"misbehaviour": Misbehaviour(path="/CP%3B1")},
            "rejected_identity_characters",
            {"detail": "`'CP;1'`"},
        ),
    ],
)
async def test_turned_away(
    hass: HomeAssistant,
    set_up: SetUp,
    start_station: StartStation,
    settings: dict[str, Any],
    options: dict[str, Any],
    key: str,
    placeholders: dict[str, str],
) -> None:
    """What the user can mend is told in words for the user."""
    entry = await set_up(mock_entry(subentry_data(**settings)))
    await start_station(entry, "1.6", wait=False, **options)
    await until(lambda: key in issues(hass))
    issue = issues(hass)[key]
    assert not issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    assert placeholders.items() <= (issue.translation_placeholders or {}).items()


async def test_mended(
    hass: HomeAssistant,
    set_up: SetUp,
    start_station: StartStation,
    clock: ManualClock,
    version: str,
) -> None:
    """Once the station gets in, its issue is gone, and only its own."""
    entry = await set_up(
        mock_entry(
            subentry_data("A", "A", **{CONF_PASSWORD: "right"}),
            subentry_data("A_2", "A_2", **{CONF_PASSWORD: "right"}),
        )
    )
    wrong = [
        await start_station(entry, version, name, wait=False, password="wrong")
        for name in ("A", "A_2")
    ]
    registry = ir.async_get(hass)
    await until(lambda: len(registry.issues) == 2)
    wrong[0].password = "right"
    await clock.advance_until(lambda: wrong[0].registered)
    await until(lambda: len(registry.issues) == 1)
    (issue,) = registry.issues.values()
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["station"] == "`A_2`"
    assert "A_2" not in issue.issue_id


async def test_noise_is_no_issue(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Whoever speaks HTTP to the port makes no issue."""
    url = f"http://{LOOPBACK}:{entry.data['port']}/CP1"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 426
    assert issues(hass) == {}


async def test_not_too_many(
    hass: HomeAssistant, entry: MockConfigEntry, start_station: StartStation
) -> None:
    """A scan of made-up names does not flood the user."""
    for number in range(14):
        odd = Misbehaviour(path=f"/{number};")
        station = await start_station(entry, "1.6", wait=False, misbehaviour=odd)
        await until(lambda: station.link.last_error is not None)  # noqa: B023
    assert len(ir.async_get(hass).issues) == 10


async def test_gone_with_the_station(
    hass: HomeAssistant, set_up: SetUp, start_station: StartStation
) -> None:
    """Removing a station removes its issues."""
    entry = await set_up(mock_entry(subentry_data(**{CONF_PASSWORD: "right"})))
    await start_station(entry, "1.6", wait=False, password="wrong")
    await until(lambda: issues(hass))
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    assert issues(hass) == {}


async def test_gone_with_the_entry(
    hass: HomeAssistant, set_up: SetUp, start_station: StartStation
) -> None:
    """Unloading removes all issues."""
    entry = await set_up(mock_entry(subentry_data(**{CONF_PASSWORD: "right"})))
    await start_station(entry, "1.6", wait=False, password="wrong")
    await until(lambda: issues(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == {}


async def test_raw_password(set_up: SetUp, connect: Connect, version: str) -> None:
    """A password of hexadecimal digits is also taken as the bytes that it means."""
    entry = await set_up(mock_entry(subentry_data(**{CONF_PASSWORD: "00ff10"})))
    odd = Misbehaviour(password_bytes=b"\x00\xff\x10")
    charger: Charger = await connect(entry, version, misbehaviour=odd)
    await charger.expect("binary_sensor.connected", "on", 0)


async def test_set_up_under_another_entry(
    hass: HomeAssistant, set_up: SetUp, watched: MockConfigEntry, bare: Bare
) -> None:
    """A station that dials the port of another entry is no mystery."""
    other = await set_up(mock_entry())
    lost = await bare(other)
    await lost.call("BootNotification", boot())
    await until(lambda: issues(hass))
    (issue,) = issues(hass).values()
    assert issue.translation_key == "rejected_other_port"
    assert (issue.translation_placeholders or {})["detail"] == f"`{watched.title}`"
    assert discoveries(hass) == []
    await (await bare(watched)).call("BootNotification", boot())
    await until(lambda: not issues(hass))


async def test_steps_that_fail_are_an_issue(
    hass: HomeAssistant,
    set_up: SetUp,
    bare: Bare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step that fails again and again is told to the user, until it is done."""
    monkeypatch.setattr(onboarding, "RETRY_S", 0.001)
    monkeypatch.setattr(onboarding, "MAX_RETRIES", 2)
    others = [step.value for step in onboarding.Step if step != "configuration"]
    data = {CONF_CALL_TIMEOUT: 0.05, CONF_SKIP_STEPS: others}
    entry = await set_up(mock_entry(subentry_data(IDENTITY, NAME, **data)))
    cp1 = await bare(entry)
    await cp1.call("BootNotification", boot())
    await until(lambda: "setup_failed" in issues(hass))
    placeholders = issues(hass)["setup_failed"].translation_placeholders or {}
    assert (placeholders["station"], placeholders["step"]) == (
        f"`{IDENTITY}`",
        "configuration",
    )
    cp1.replies["GetConfiguration"] = {"configurationKey": []}
    await cp1.call("BootNotification", boot())
    await until(lambda: not issues(hass))
