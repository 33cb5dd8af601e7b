"""A station's local list and cache, kept in step."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import memory
from custom_components.ocpp_csms.csms.authorization import Holder, StartPolicy
from custom_components.ocpp_csms.csms.dialects import Setting
from custom_components.ocpp_csms.csms.model.commands import SetVariables
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.variable import Variable
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.station import Station
from simulator import Car, ChargingStation, ManualClock, Misbehaviour

from .conftest import Simulate
from .support import again, calls_received, come_back, step_states, until

ANN = Holder(id="1", name="Ann", tokens=frozenset({IdToken("ANN"), IdToken("ANN2")}))
BOB = Holder(id="2", name="Bob", tokens=frozenset({IdToken("BOB")}), group="FAMILY")


async def _know(station: Station, *holders: Holder) -> None:
    station.authorizer.know(holders)
    await again(station, Step.ID_TOKENS)


def _listed(simulated: ChargingStation) -> dict[str, str]:
    known = simulated.sessions.authorizer.local_list
    return {token: str(info["status"]) for token, info in known.items()}


async def test_the_list_is_written_once(simulate: Simulate, version: str) -> None:
    """All tokens are in the list; it is not written again before something changes."""
    station, simulated = await simulate(version)
    assert step_states(station)["id_tokens"] == "skipped"
    await _know(station, ANN, BOB)
    assert step_states(station)["id_tokens"] == "done"
    assert _listed(simulated) == dict.fromkeys(["ANN", "ANN2", "BOB"], "Accepted")
    await again(station, Step.ID_TOKENS)
    assert step_states(station)["id_tokens"] == "skipped"
    assert calls_received(simulated, "SendLocalList") == 1
    await _know(station, ANN, replace(BOB, blocked=True))
    assert _listed(simulated)["BOB"] == "Blocked"
    await _know(station)
    assert _listed(simulated) == {}


async def test_the_cache_is_cleared(simulate: Simulate, version: str) -> None:
    """What a station remembers of tokens is forgotten when they change."""
    station, simulated = await simulate(version)
    simulated.sessions.authorizer.cache.add("BOB")
    await _know(station, replace(BOB, blocked=True))
    assert simulated.sessions.authorizer.cache == set()
    simulated.sessions.authorizer.cache.add("ANN")
    await again(station, Step.ID_TOKENS)
    assert simulated.sessions.authorizer.cache == {"ANN"}


async def test_who_is_offline(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A card of the list charges while the station is offline; its session is told later."""
    station, simulated = await simulate(version, config={"start": StartPolicy.TOKEN})
    await _know(station, ANN)
    await simulated.go_offline()
    await until(lambda: not station.connected)
    await simulated.plug_in(1, Car())
    assert not await simulated.present_token(1, "STRANGER")
    assert await simulated.present_token(1, "ANN")
    await manual.advance(120)
    await simulated.go_online()
    await come_back(manual, station, simulated)
    await until(lambda: station.evses[1].transaction)
    transaction = station.evses[1].transaction
    assert transaction is not None
    assert (transaction.holder, transaction.refused) == ("Ann", False)


async def test_changes_while_it_was_away(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A station that was away gets what has changed when it is back."""
    station, simulated = await simulate(version)
    await _know(station, ANN)
    await simulated.go_offline()
    await until(lambda: not station.connected)
    station.authorizer.know([BOB])
    station.onboarding.repeat(Step.ID_TOKENS)
    await simulated.go_online()
    await come_back(manual, station, simulated)
    assert _listed(simulated) == {"BOB": "Accepted"}


def _tell(station: Station, setting: Setting, value: int) -> None:
    """Let a station have told a setting; 2.x tells the length of the list as a limit."""
    ref = station.dialect.settings[setting]
    limit = setting is Setting.LOCAL_LIST_LENGTH and station.version != "1.6"
    variable = Variable(ref, "0", limit=value) if limit else Variable(ref, str(value))
    station.state.variables[ref] = variable


def _cards(count: int, **fields: Any) -> Holder:
    cards = frozenset(IdToken(f"CARD{number:03}") for number in range(count))
    return Holder(**{"id": "9", "name": "All", "tokens": cards} | fields)


def _parts(simulated: ChargingStation) -> list[Any]:
    """Return the entries of each list that was sent."""
    return [
        request.payload.get("localAuthorizationList", [])
        for request in simulated.received
        if request.action == "SendLocalList"
    ]


async def test_a_list_that_is_full(
    simulate: Simulate, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As many as the station holds: those that may charge; the user is told of the others."""
    station, simulated = await simulate(version)
    _tell(station, Setting.LOCAL_LIST_LENGTH, 4)
    await _know(station, replace(_cards(3), blocked=True), ANN, BOB)
    assert _listed(simulated) == {
        "ANN": "Accepted",
        "ANN2": "Accepted",
        "BOB": "Accepted",
        "CARD000": "Blocked",
    }
    told = "4 of 6 tokens written, as the list holds no more"
    assert told in station.onboarding.records[Step.ID_TOKENS].detail
    assert told in caplog.text
    await again(station, Step.ID_TOKENS)
    assert calls_received(simulated, "SendLocalList") == 1
    # Room for all: the others follow.
    _tell(station, Setting.LOCAL_LIST_LENGTH, 6)
    await again(station, Step.ID_TOKENS)
    assert len(_listed(simulated)) == 6


async def test_messages_that_may_not_be_long(
    simulate: Simulate, version_2x: str
) -> None:
    """2.x: none is longer than the station reads, also if few entries fit."""
    station, simulated = await simulate(version_2x)
    _tell(station, Setting.LOCAL_LIST_BYTES, 1000)
    await _know(station, _cards(40, group="FAMILY"))
    parts = _parts(simulated)
    assert len(parts) > 3
    assert max(len(json.dumps(part)) for part in parts) < 1000
    assert len(_listed(simulated)) == 40
    _tell(station, Setting.LOCAL_LIST_BYTES, 10)
    await _know(station, _cards(3))
    assert [len(part) for part in _parts(simulated)[-3:]] == [1, 1, 1]


@pytest.mark.parametrize("by", ["status", "error"])
async def test_a_station_that_takes_no_list(
    simulate: Simulate, version: str, by: str, manual: ManualClock
) -> None:
    """It is not asked again with each reconnection, but when it has booted."""
    if by == "status" and version != "1.6":
        return  # Only 1.6 has a status for it.
    odd = Misbehaviour()
    station, simulated = await simulate(version, misbehaviour=odd)
    if by == "status":
        odd.statuses["SendLocalList"] = "NotSupported"
    else:
        odd.refuse["GetLocalListVersion"] = "NotSupported"
    asked = "SendLocalList" if by == "status" else "GetLocalListVersion"
    await _know(station, ANN)
    assert step_states(station)["id_tokens"] == "refused"
    await again(station, Step.ID_TOKENS)
    assert step_states(station)["id_tokens"] in ("done", "skipped")
    await again(station, Step.ID_TOKENS)
    assert station.onboarding.records[Step.ID_TOKENS].detail == "the list was refused"
    assert calls_received(simulated, asked) == 1
    odd.statuses.clear()
    odd.refuse.clear()
    await simulated.reboot()
    await come_back(manual, station, simulated)
    assert _listed(simulated) == dict.fromkeys(["ANN", "ANN2"], "Accepted")


async def test_a_list_that_fails(simulate: Simulate, version: str) -> None:
    """What was refused is not taken for written: it is sent again with the next occasion."""
    odd = Misbehaviour()
    station, simulated = await simulate(version, misbehaviour=odd)
    odd.statuses["SendLocalList"] = "Failed"
    await _know(station, ANN)
    assert step_states(station)["id_tokens"] == "refused"
    assert "Failed" in station.onboarding.records[Step.ID_TOKENS].detail
    odd.statuses.clear()
    await again(station, Step.ID_TOKENS)
    assert _listed(simulated) == dict.fromkeys(["ANN", "ANN2"], "Accepted")


async def test_a_list_that_fails_keeps_no_card_in_the_cache(
    simulate: Simulate, version: str
) -> None:
    """A card that is blocked is forgotten although the list can't be written."""
    odd = Misbehaviour()
    station, simulated = await simulate(version, misbehaviour=odd)
    odd.statuses["SendLocalList"] = "Failed"
    simulated.sessions.authorizer.cache.add("BOB")
    await _know(station, replace(BOB, blocked=True))
    assert step_states(station)["id_tokens"] == "refused"
    assert simulated.sessions.authorizer.cache == set()


async def test_another_writer_meanwhile(simulate: Simulate, version: str) -> None:
    """A list that somebody else writes between two messages is written anew, once."""
    station, simulated = await simulate(version)
    _tell(station, Setting.LOCAL_LIST_AT_ONCE, 2)
    authorizer = simulated.sessions.authorizer
    update, others = authorizer.update, [50]

    def interfere(number: int, entries: dict[str, Any], *, full: bool) -> str:
        if not full and others:
            update(others.pop(), {"OTHER": {"status": "Accepted"}}, full=False)
        return update(number, entries, full=full)

    authorizer.update = interfere  # type: ignore[method-assign]
    await _know(station, _cards(5))
    assert set(_listed(simulated)) == {f"CARD{number:03}" for number in range(5)}
    assert authorizer.list_version == station.written_list.version > 50


async def test_a_writer_that_never_ends(simulate: Simulate, version: str) -> None:
    """Two that write against each other are not kept up: the refusal is told."""
    odd = Misbehaviour()
    station, simulated = await simulate(version, misbehaviour=odd)
    odd.statuses["SendLocalList"] = "VersionMismatch"
    await _know(station, ANN)
    assert step_states(station)["id_tokens"] == "refused"
    assert calls_received(simulated, "SendLocalList") == 2


async def test_long_groups(simulate: Simulate, version: str) -> None:
    """A group that no token of a version can name is left out; the answers come all the same."""
    station, simulated = await simulate(version, config={"start": StartPolicy.TOKEN})
    await _know(station, replace(ANN, group="G" * 40), replace(BOB, group="H" * 20))
    known = simulated.sessions.authorizer.local_list
    groups = [
        info.get("parentIdTag") or info.get("groupIdToken")
        for info in (known["ANN"], known["BOB"])
    ]
    assert groups[0] is None
    assert groups[1] is not None
    await simulated.plug_in(1, Car())
    assert await simulated.present_token(1, "ANN")


async def test_many_tokens(simulate: Simulate, version: str) -> None:
    """A long list goes in as many messages as the station wants."""
    station, simulated = await simulate(version)
    _tell(station, Setting.LOCAL_LIST_LENGTH, 500)
    many = [IdToken(f"CARD{number:03}") for number in range(150)]
    await _know(station, Holder(id="1", name="All", tokens=frozenset(many)))
    assert len(_listed(simulated)) == 150
    assert calls_received(simulated, "SendLocalList") > 1
    assert simulated.sessions.authorizer.list_version == station.written_list.version


async def test_somebody_else_has_written_a_list(
    simulate: Simulate, version: str
) -> None:
    """A list of another version is not ours; without tokens it is left alone."""
    station, simulated = await simulate(version)
    simulated.sessions.authorizer.update(7, {"OLD": {"status": "Accepted"}}, full=True)
    await again(station, Step.ID_TOKENS)
    assert _listed(simulated) == {"OLD": "Accepted"}
    await _know(station, ANN)
    assert "OLD" not in _listed(simulated)
    assert station.written_list.version == 8
    simulated.sessions.authorizer.update(9, {"OLD": {"status": "Accepted"}}, full=True)
    await again(station, Step.ID_TOKENS)
    assert "OLD" not in _listed(simulated)


@pytest.mark.parametrize(
    "config", [{"start": StartPolicy.AUTOMATION}, {"local_list": False}]
)
async def test_not_in_the_list(
    simulate: Simulate, version: str, config: dict[str, Any]
) -> None:
    """A list is written only where it is wanted, and not where an automation decides."""
    station, simulated = await simulate(version)
    await _know(station, ANN)
    station.configure(replace(station.config, **config))
    await until(lambda: station.onboarding.finished and _listed(simulated) == {})


async def test_a_list_that_is_off(simulate: Simulate, version: str) -> None:
    """A station whose list is off is told to use it."""
    station, simulated = await simulate(version)
    ref = station.dialect.settings[Setting.LOCAL_LIST_ENABLED]
    await station.execute(SetVariables(((ref, "false"),)))
    await again(station, Step.CONFIGURATION)
    assert not simulated.dialect.flag("list")
    await _know(station, ANN)
    assert simulated.dialect.flag("list")


async def test_what_was_written_is_remembered(simulate: Simulate, version: str) -> None:
    """After a restart the list is not written again."""
    station, simulated = await simulate(version)
    await _know(station, ANN)
    kept = memory.snapshot(station)
    station.written_list = type(station.written_list)()
    memory.restore(station, kept, [])
    await again(station, Step.ID_TOKENS)
    assert calls_received(simulated, "SendLocalList") == 1


async def test_long_tokens(simulate: Simulate, version: str) -> None:
    """A token that a version can't hold is left out of its list."""
    station, simulated = await simulate(version)
    long = IdToken("X" * 30)
    await _know(station, Holder(id="1", name="Ann", tokens=ANN.tokens | {long}))
    assert (long.value in _listed(simulated)) is (version != "1.6")
    longer = IdToken("Y" * 200)
    await _know(station, Holder(id="1", name="Ann", tokens=ANN.tokens | {longer}))
    assert (longer.value in _listed(simulated)) is (version == "2.1")
