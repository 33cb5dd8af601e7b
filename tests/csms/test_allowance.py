"""Holders who may take so much energy, or charge for so long."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import allowance
from custom_components.ocpp_csms.csms.authorization import Holder
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.station import Station
from simulator import Car, ChargingStation, ManualClock

from .conftest import Simulate
from .support import until

LIMITED = OccurrenceKind.TRANSACTION_LIMITED


async def _charge(
    simulate: Simulate, version: str, **fields: Any
) -> tuple[Station, ChargingStation, list[Occurrence]]:
    station, simulated = await simulate(version)
    tokens = frozenset({IdToken("ANN")})
    station.authorizer.know([Holder(id="1", name="Ann", tokens=tokens, **fields)])
    seen: list[Occurrence] = []
    station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
    await simulated.plug_in(1, Car())
    assert await simulated.present_token(1, "ANN")
    evse = station.evses[1]
    await until(lambda: evse.transaction or evse.last_transaction)
    return station, simulated, seen


async def test_enough_energy(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """A transaction ends with the first value that shows that it has got all."""
    station, _, seen = await _charge(simulate, version, most_wh=500.0)
    await manual.advance_until(lambda: station.evses[1].transaction is None, limit=600)
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.energy_wh is not None
    assert 500 <= last.energy_wh < 700
    (told,) = [each for each in seen if each.kind is LIMITED]
    assert told.data["limit"] == "energy"
    assert told.data["holder"] == "Ann"


async def test_no_limit(simulate: Simulate, manual: ManualClock, version: str) -> None:
    """Without a limit nothing ends."""
    station, _, seen = await _charge(simulate, version)
    await manual.advance(600)
    assert station.evses[1].transaction is not None
    assert not [each for each in seen if each.kind is LIMITED]


@pytest.mark.parametrize("most", [timedelta(), timedelta(milliseconds=50)])
async def test_enough_time(
    simulate: Simulate, version: str, most: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction ends when its time is over, also if nothing is heard meanwhile."""
    monkeypatch.setattr(allowance, "LEAST_S", 0.05)
    station, _, seen = await _charge(simulate, version, most_time=most)
    await until(lambda: station.evses[1].transaction is None)
    assert [e.data["limit"] for e in seen if e.kind is LIMITED] == ["time"]


async def test_the_station_is_told(simulate: Simulate) -> None:
    """2.1: the station knows how far it may go."""
    limit = timedelta(hours=2)
    _, simulated, _ = await _charge(simulate, "2.1", most_wh=5000.0, most_time=limit)

    def answers() -> list[Any]:
        return [
            frame.payload["transactionLimit"]
            for frame in simulated.frames
            if isinstance(frame.payload, dict) and "transactionLimit" in frame.payload
        ]

    await until(answers)
    assert answers()[0] == {"maxEnergy": 5000, "maxTime": 7200}
