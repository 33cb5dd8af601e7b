"""Actions: the sessions of the past, told and exported."""

import csv
from datetime import datetime, timedelta
from io import StringIO
import json
from pathlib import Path
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.ocpp_csms.const import DOMAIN
from custom_components.ocpp_csms.csms.journal.session import SessionSample
from custom_components.ocpp_csms.journal import FILE_NAME, async_current

from ..csms.journal.disk import session
from .common import (
    IDENTITY,
    NAME,
    Charger,
    assert_translated,
    holder,
    mock_entry,
    subentry_data,
)
from .conftest import SetUp

BEGIN = datetime(2026, 10, 24, 22, 30, tzinfo=dt_util.UTC)


async def _ask(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )


@pytest.fixture
async def past(hass: HomeAssistant, set_up: SetUp) -> HomeAssistant:
    """Return a house with a charger of which three sessions are known, and one of another."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    open_folder = Path(hass.config.path("www"))
    open_folder.mkdir()
    # As in a Home Assistant that was started.
    hass.config.allowlist_external_dirs = {str(open_folder)}
    await set_up(mock_entry(subentry_data()))
    journal = async_current(hass)
    assert journal is not None
    for number, (station, token, evse) in enumerate(
        ((IDENTITY, "=cmd|' /C calc'!A0", 1), (IDENTITY, None, 2), ("GONE", "CARD", 1))
    ):
        began = BEGIN + timedelta(days=number)
        kept = session(
            str(number),
            started_at=began,
            ended_at=began + timedelta(hours=2),
            id_token=token,
            evse_id=evse,
            energy_wh=1500.0,
            reported_start_wh=1000.0,
            meter_stop_wh=2500.0,
            stop_reason="EVDisconnected",
        )
        journal.put(station, kept)
        for minute in (0, 15, 30):
            at = began + timedelta(minutes=minute)
            journal.add(SessionSample(kept.record, at, minute * 50.0, 3000.0))
    await journal.commit()
    return hass


RANGE = {"begin": "2026-10-01 00:00:00", "end": "2026-11-01 00:00:00"}


async def test_get_sessions(past: HomeAssistant) -> None:
    """All that is known, by the clock of the house."""
    answer = await _ask(past, "get_sessions", **RANGE)
    first, second, third = answer["sessions"]
    assert first["id"]
    del first["id"]
    assert first.pop("quarter_hours") == [
        {"start": "2026-10-25T00:30:00+02:00", "energy": 0.75},
        {"start": "2026-10-25T00:45:00+02:00", "energy": 0.75},
    ]
    assert first == {
        "station": NAME,
        "identity": IDENTITY,
        "evse": 1,
        "connector": 1,
        "transaction_id": "0",
        "id_token": "=cmd|' /C calc'!A0",
        "holder": None,
        "vehicle": None,
        "started_at": "2026-10-25T00:30:00+02:00",
        "ended_at": "2026-10-25T02:30:00+02:00",
        "duration": 7200.0,
        "charging_duration": 1800.0,
        "idle_duration": 5400.0,
        "charging_from": "2026-10-25T00:30:00+02:00",
        "charging_until": "2026-10-25T01:00:00+02:00",
        "energy": 1.5,
        "meter_start": 1.0,
        "meter_stop": 2.5,
        "peak_power": 3000.0,
        "mean_power": 3000.0,
        "cost": None,
        "currency": None,
        "price": None,
        "priced_energy": 0.0,
        "solar_share": None,
        "solar_energy": None,
        "co2": None,
        "stop_reason": "EVDisconnected",
        "signed_values": [],
        "remarks": [],
    }
    assert (second["id_token"], third["station"]) == (None, "GONE")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"id_token": "CARD"}, ["2"]),
        # The clock was changed on the 25th: 22:30 UTC is an hour earlier from then on.
        ({"begin": "2026-10-26 00:00:00", "end": "2026-10-27 00:00:00"}, ["2"]),
        ({"begin": "2026-10-25 00:30:00"}, ["0", "1", "2"]),
        ({"begin": "2026-10-25 00:30:01"}, ["1", "2"]),
    ],
)
async def test_filters(
    past: HomeAssistant, wanted: dict[str, Any], found: list[str]
) -> None:
    """By time, as the clocks of the house tell it, and by token."""
    answer = await _ask(past, "get_sessions", **RANGE | wanted)
    assert [kept["transaction_id"] for kept in answer["sessions"]] == found


async def test_last_month_and_chargers(charging: Charger) -> None:
    """Without a time the last month; a charger may be chosen, or one of its EVSEs."""
    hass = charging.hass
    journal = async_current(hass)
    assert journal is not None
    journal.put("OTHER", session("other", started_at=dt_util.utcnow()))
    await journal.commit()
    answer = await _ask(hass, "get_sessions", begin="2026-01-01 00:00:00")
    assert len(answer["sessions"]) == 2
    for device in (charging.device_id(), charging.device_id(1)):
        answer = await _ask(
            hass, "get_sessions", begin="2026-01-01 00:00:00", device_id=[device]
        )
        (mine,) = answer["sessions"]
        assert mine["identity"] == charging.station.identity
        assert mine["remarks"] == ["running"]
    assert len((await _ask(hass, "get_sessions"))["sessions"]) == 1


@pytest.mark.parametrize(
    ("kind", "delimiter", "energy", "hours"),
    [("csv", ",", "1.500", "2.000"), ("csv_decimal_comma", ";", "1,500", "2,000")],
)
async def test_table(
    past: HomeAssistant, kind: str, delimiter: str, energy: str, hours: str
) -> None:
    """A table that spreadsheets read, and in which nothing is a formula."""
    answer = await _ask(
        past, "export_sessions", path="www/sessions.csv", format=kind, **RANGE
    )
    path = Path(past.config.path("www/sessions.csv"))
    assert answer == {"path": str(path), "sessions": 3}
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    first, *_ = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter)
    assert (first["Energy (kWh)"], first["Duration (h)"]) == (energy, hours)
    assert (first["Begin"], first["Station"]) == ("2026-10-25 00:30:00", NAME)
    assert first["Id token"] == "'=cmd|' /C calc'!A0"
    assert first["Remarks"] == ""
    assert list(path.parent.iterdir()) == [path]


async def test_json(past: HomeAssistant) -> None:
    """The same as get_sessions tells."""
    await _ask(
        past, "export_sessions", path="www/sessions.json", format="json", **RANGE
    )
    written = json.loads(Path(past.config.path("www/sessions.json")).read_text("utf-8"))
    assert written == (await _ask(past, "get_sessions", **RANGE))["sessions"]


@pytest.mark.parametrize(
    "path", ["/etc/sessions.csv", "../sessions.csv", "sessions.csv"]
)
async def test_path_that_is_not_allowed(past: HomeAssistant, path: str) -> None:
    """Nothing is written where Home Assistant may not."""
    with pytest.raises(ServiceValidationError) as raised:
        await _ask(past, "export_sessions", path=path, **RANGE)
    assert raised.value.translation_key == "path_not_allowed"


async def test_file_that_can_not_be_written(past: HomeAssistant) -> None:
    """What the disk says is told."""
    with pytest.raises(HomeAssistantError) as raised:
        await _ask(past, "export_sessions", path="www/no/such/place.csv", **RANGE)
    assert raised.value.translation_key == "file_not_written"


async def test_journal_that_can_not_be_read(past: HomeAssistant) -> None:
    """So is a journal that is gone."""
    Path(past.config.path(FILE_NAME)).unlink()
    with pytest.raises(HomeAssistantError) as raised:
        await _ask(past, "get_sessions")
    assert raised.value.translation_key == "sessions_not_readable"


async def test_without_an_entry(past: HomeAssistant) -> None:
    """Where nothing is loaded there is nothing to ask."""
    (entry,) = past.config_entries.async_entries(DOMAIN)
    await past.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as raised:
        await _ask(past, "get_sessions")
    assert_translated(raised, "no_journal")


async def _first(hass: HomeAssistant) -> dict[str, Any]:
    answer = await _ask(hass, "get_sessions", **RANGE)
    first: dict[str, Any] = answer["sessions"][0]
    return first


async def _do(hass: HomeAssistant, action: str, user: Any = None, **data: Any) -> None:
    context = Context(user_id=user.id) if user else None
    await hass.services.async_call(DOMAIN, action, data, blocking=True, context=context)


async def test_correct(past: HomeAssistant, hass_admin_user: MockUser) -> None:
    """What a user has changed is told as such, and who has done it and why."""
    id_ = (await _first(past))["id"]
    await _do(
        past,
        "correct_session",
        hass_admin_user,
        session=id_,
        reason="the meter was exchanged",
        energy=2.5,
        ended_at="2026-10-25 01:30:00",
    )
    first = await _first(past)
    assert (first["energy"], first["ended_at"]) == (2.5, "2026-10-25T01:30:00+02:00")
    assert first["remarks"] == ["corrected"]
    assert sum(part["energy"] for part in first["quarter_hours"]) == 2.5
    (change,) = (await _ask(past, "get_session_history", session=id_))["changes"]
    assert change["at"]
    del change["at"]
    assert change == {
        "action": "corrected",
        "who": hass_admin_user.name,
        "reason": "the meter was exchanged",
        "before": {"energy": 1.5, "ended_at": "2026-10-25T02:30:00+02:00"},
        "after": {"energy": 2.5, "ended_at": "2026-10-25T01:30:00+02:00"},
    }


async def test_delete(past: HomeAssistant) -> None:
    """A deleted session is told of nowhere but in its history."""
    id_ = (await _first(past))["id"]
    await _do(past, "delete_sessions", sessions=[id_], reason="a test")
    assert (await _first(past))["id"] != id_
    (change,) = (await _ask(past, "get_session_history", session=id_))["changes"]
    assert (change["action"], change["who"], change["after"]) == ("deleted", None, None)
    assert change["before"]["energy"] == 1.5


@pytest.mark.parametrize(
    ("action", "data", "key"),
    [
        ("correct_session", {"session": "1", "energy": 1}, "session_unknown"),
        ("delete_sessions", {"sessions": ["1"]}, "session_unknown"),
        ("correct_session", {}, "nothing_corrected"),
        ("correct_session", {"energy": -1}, "energy_not_possible"),
        ("correct_session", {"ended_at": "2020-01-01 00:00"}, "times_not_possible"),
    ],
)
async def test_refused_changes(
    past: HomeAssistant, action: str, data: dict[str, Any], key: str
) -> None:
    """What can't be changed so is refused with its reason."""
    if action == "correct_session" and "session" not in data:
        data = data | {"session": (await _first(past))["id"]}
    with pytest.raises(ServiceValidationError) as raised:
        await _do(past, action, reason="a test", **data)
    assert raised.value.translation_key == key


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("get_sessions", {"end": "0001-01-01 00:00"}),
        ("get_sessions", {"begin": "9999-12-31 23:59"}),
        ("get_session_totals", {"end": "0001-01-01 00:00"}),
        ("export_sessions", {"end": "1999-01-01 00:00"}),
        ("correct_session", {"session": "1", "started_at": "9999-12-31 23:59"}),
        ("correct_session", {"session": 2**63, "energy": 1}),
        ("delete_sessions", {"sessions": [0]}),
        ("get_session_history", {"session": 2**70}),
    ],
)
async def test_values_of_no_session(
    past: HomeAssistant, action: str, data: dict[str, Any]
) -> None:
    """Times and numbers that no session can have are refused before anything is asked."""
    changes = action in ("correct_session", "delete_sessions")
    reason = {"reason": "a test"} if changes else {}
    with pytest.raises(probatio.Invalid):
        await past.services.async_call(
            DOMAIN,
            action,
            data | reason,
            blocking=True,
            return_response=not changes,
        )


async def test_a_session_that_is_nobodys(past: HomeAssistant, set_up: SetUp) -> None:
    """A holder that is taken away is told of nowhere, whoever has the token."""
    await set_up(mock_entry(subentry_data("CP2"), holder("Ann", "04AABB")))
    first = await _first(past)
    named = {"session": first["id"], "reason": "a test"}
    await _do(past, "correct_session", **named, id_token="04AABB", holder="Bob")
    assert (await _first(past))["holder"] == "Bob"
    await _do(past, "correct_session", **named, holder=" ")
    assert (await _first(past))["holder"] is None


@pytest.mark.parametrize("action", ["correct_session", "delete_sessions"])
async def test_only_administrators_change_sessions(
    past: HomeAssistant, hass_read_only_user: MockUser, action: str
) -> None:
    """Others may read what is money, not change it."""
    id_ = (await _first(past))["id"]
    data = {"session": id_, "energy": 0} if "correct" in action else {"sessions": [id_]}
    with pytest.raises(Unauthorized):
        await _do(past, action, hass_read_only_user, reason="greed", **data)
    assert (await _first(past))["remarks"] == []
