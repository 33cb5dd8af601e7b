"""A station's local list and cache, kept in step."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import memory
from custom_components.ocpp_csms.csms.authorization import Holder, StartPolicy
from custom_components.ocpp_csms.csms.dialects import Setting
from custom_components.ocpp_csms.csms.model.commands import SetVariables
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.onboarding import Step
from custom_components.ocpp_csms.csms.station import Station
from simulator import Car, ChargingStation, ManualClock

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


async def test_many_tokens(simulate: Simulate, version: str) -> None:
    """A long list goes in as many messages as the station wants."""
    station, simulated = await simulate(version)
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
