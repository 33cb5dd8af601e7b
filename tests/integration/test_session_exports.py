"""Sessions as sums, as records of OCPI, as a page to be printed, and by a link."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp_csms import downloads
from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.csms.journal.session import SessionSample
from custom_components.ocpp_csms.csms.model.conditions import Conditions
from custom_components.ocpp_csms.journal import async_current

from ..csms.journal.disk import session
from .common import IDENTITY, NAME, holder, mock_entry, subentry_data
from .conftest import SetUp

BEGIN = datetime(2026, 10, 5, 18, tzinfo=UTC)
RANGE = {"begin": "2026-10-01 00:00:00", "end": "2026-11-01 00:00:00"}
EVIL = "<script>alert(1)</script>"


async def _ask(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )


@pytest.fixture
async def october(hass: HomeAssistant, set_up: SetUp) -> HomeAssistant:
    """Return a house with two sessions of Ann, and others with odd names, in October."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    await hass.config.async_update(currency="EUR", country="DE", location_name="Home")
    assert await async_setup_component(hass, "http", {})
    await set_up(mock_entry(subentry_data(), holder("Ann", "04AABB")))
    journal = async_current(hass)
    assert journal is not None
    known = Conditions(import_price=0.3, export_price=0.1, co2=300.0, solar_share=0.5)
    for number, fields in enumerate(
        (
            {"holder": "Ann", "holder_id": "1", "id_token": "04AABB", "vehicle": "Zoe"},
            {"id_token": "04aabb"},
            {"holder": EVIL, "id_token": EVIL},
            {"id_token": None},
            {"energy_wh": None, "ended_at": None},
        )
    ):
        began = BEGIN + timedelta(days=number)
        journal.note({began + timedelta(minutes=15 * n): known for n in range(4)})
        plain: dict[str, Any] = {
            "started_at": began,
            "ended_at": began + timedelta(hours=1),
            "energy_wh": 4000.0,
        }
        kept = session(f"tx{number}", **plain | fields)
        if number == 0:
            kept.signed = [
                {"nature": "Start", "data": "OCMF|a", "encoding": "OCMF"},
                {"nature": "End", "data": "OCMF|b", "encoding": "OCMF"},
            ]
        journal.put(IDENTITY, kept)
        for minute in range(0, 60, 15):
            at = began + timedelta(minutes=minute)
            told = None if plain | fields is None else minute / 60 * 4000
            journal.add(SessionSample(kept.record, at, told, 4000.0))
    await journal.commit()
    return hass


async def test_totals(october: HomeAssistant) -> None:
    """By charger, holder and month, or by some of them; what runs is not counted."""
    answer = await _ask(october, "get_session_totals", **RANGE, group_by=["holder"])
    sums = {each["holder"]: each for each in answer["totals"]}
    assert sums["Ann"] == {
        "holder": "Ann",
        "sessions": 2,
        "energy": 8.0,
        "priced_energy": 8.0,
        "solar_energy": 4.0,
        "cost": 1.6,
        "currency": "EUR",
    }
    assert sums.keys() == {"Ann", EVIL, None}
    answer = await _ask(october, "get_session_totals", **RANGE)
    assert {each["station"] for each in answer["totals"]} == {NAME}
    assert {each["month"] for each in answer["totals"]} == {"2026-10"}
    answer = await _ask(october, "get_session_totals", **RANGE, group_by="month")
    (all_of_it,) = answer["totals"]
    assert (all_of_it["sessions"], all_of_it["cost"]) == (4, 3.2)


async def _fetch(client: Any, url: str) -> str:
    response = await client.get(url)
    assert response.status == 200
    return str(await response.text("utf-8-sig"))


async def test_records_of_ocpi(
    october: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Those that have ended, with all that OCPI asks for, by a link that needs no login."""
    answer = await _ask(october, "export_sessions", **RANGE, format="ocpi")
    client = await hass_client_no_auth()
    records = json.loads(await _fetch(client, answer["url"]))
    assert len(records) == answer["sessions"] == 4
    first = records[0]
    assert first["cdr_token"] == {
        "country_code": "DE",
        "party_id": "HOM",
        "uid": "04AABB",
        "type": "RFID",
        "contract_id": "Ann",
    }
    assert first["start_date_time"] == "2026-10-05T18:00:00Z"
    assert (first["total_energy"], first["total_time"]) == (4.0, 1.0)
    assert first["total_cost"] == {"excl_vat": 0.8, "incl_vat": 0.8}
    assert first["currency"] == "EUR"
    assert first["cdr_location"]["country"] == "DEU"
    assert first["signed_data"]["signed_values"][0] == {
        "nature": "Start",
        "plain_data": "",
        "signed_data": "OCMF|a",
    }
    energy = [period["dimensions"][0]["volume"] for period in first["charging_periods"]]
    assert sum(energy) == pytest.approx(4.0)
    assert records[3]["auth_method"] == "COMMAND"
    for record in records:
        lengths = {"country_code": 2, "party_id": 3, "id": 39, "currency": 3}
        assert all(0 < len(record[key]) <= most for key, most in lengths.items())
        assert len(record["cdr_token"]["uid"]) <= 36


async def test_report(
    october: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """A page for each holder with sums; what others have written is text, not markup."""
    answer = await _ask(october, "create_report", month="2026-10")
    assert answer["sessions"] == 4
    page = await _fetch(await hass_client_no_auth(), answer["url"])
    assert "<h2>Ann</h2>" in page
    assert "2 sessions" in page
    assert "1.60 EUR" in page
    assert "2026-10-05 20:00" in page
    assert "Zoe" in page
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    answer = await _ask(october, "create_report", month="2026-10", holder="ann")
    page = await _fetch(await hass_client_no_auth(), answer["url"])
    assert page.count("<h2>") == 1


async def test_report_of_the_last_month(
    october: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Without a month it is the last one, by the clock of the house."""
    freezer.move_to("2026-10-31 23:30:00+00:00")
    answer = await _ask(october, "create_report")
    assert answer["sessions"] == 4
    freezer.move_to("2026-10-31 22:30:00+00:00")
    answer = await _ask(october, "create_report")
    assert answer["sessions"] == 0
    page = await _fetch(await hass_client_no_auth(), answer["url"])
    assert "There were no sessions." in page


@pytest.mark.parametrize("month", ["0000-01", "9999-12", "2026-13", "2026-1", "x"])
async def test_no_month(october: HomeAssistant, month: str) -> None:
    """What is no month of this century is refused."""
    with pytest.raises(probatio.Invalid):
        await _ask(october, "create_report", month=month)


async def test_report_into_a_file(october: HomeAssistant) -> None:
    """A page can be written where files may be, and nowhere else."""
    folder = Path(october.config.path("www"))
    folder.mkdir()
    october.config.allowlist_external_dirs = {str(folder)}
    answer = await _ask(
        october, "create_report", month="2026-10", path="www/october.html"
    )
    assert answer == {"path": str(folder / "october.html"), "sessions": 4}
    assert "<h2>Ann</h2>" in (folder / "october.html").read_text("utf-8")
    with pytest.raises(ServiceValidationError):
        await _ask(october, "create_report", path="../../etc/report.html")


async def test_links_end(
    october: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A link is for an hour, and for those who have it; only so many are kept."""
    answer = await _ask(october, "export_sessions", **RANGE)
    client = await hass_client_no_auth()
    assert (await _fetch(client, answer["url"])).startswith("Station,EVSE,")
    unsigned = await client.get(answer["url"].partition("?")[0])
    assert unsigned.status == 401
    for _ in range(downloads._MOST):
        await _ask(october, "export_sessions", **RANGE)
    assert (await client.get(answer["url"])).status == 404
    answer = await _ask(october, "export_sessions", **RANGE, format="json")
    freezer.tick(timedelta(minutes=59))
    assert (await client.get(answer["url"])).status == 200
    freezer.tick(timedelta(minutes=2))
    assert (await client.get(answer["url"])).status == 401
