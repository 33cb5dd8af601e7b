"""The one status that connectors and transaction amount to."""

from datetime import timedelta

import pytest

from custom_components.ocpp_csms.csms.evse import Evse, Wish
from custom_components.ocpp_csms.csms.model.evse import (
    ChargingState,
    ConnectorStatus as C,
    EvseStatus as S,
)
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT_OFFERED,
    REGISTER,
    Reading,
)
from custom_components.ocpp_csms.csms.model.station import Problem
from custom_components.ocpp_csms.csms.model.transaction import Transaction

from .support import NOW


def _evse(*words: C, state: ChargingState | None = None, running: bool = False) -> Evse:
    evse = Evse(1)
    for number, word in enumerate(words, 1):
        evse.connector(number).status = word
        evse.connector(number).at = NOW
    if state or running:
        evse.transaction = Transaction(
            id="T", evse_id=1, connector_id=1, started_at=NOW, charging_state=state
        )
    return evse


@pytest.mark.parametrize(
    ("word", "status", "plugged_in", "charging"),
    [
        (C.AVAILABLE, S.AVAILABLE, False, False),
        (C.PREPARING, S.PREPARING, True, False),
        (C.CHARGING, S.CHARGING, True, True),
        (C.SUSPENDED_EV, S.SUSPENDED_EV, True, False),
        (C.SUSPENDED_EVSE, S.SUSPENDED_EVSE, True, False),
        (C.FINISHING, S.FINISHING, True, False),
        (C.RESERVED, S.RESERVED, False, False),
        (C.UNAVAILABLE, S.UNAVAILABLE, False, False),
        (C.FAULTED, S.FAULTED, False, False),
        (C.OCCUPIED, S.PREPARING, True, False),
    ],
)
def test_status_of_a_connector(
    word: C, status: S, plugged_in: bool, charging: bool
) -> None:
    """Every word of every version has its place."""
    evse = _evse(word)
    assert (evse.status, evse.plugged_in, evse.charging) == (
        status,
        plugged_in,
        charging,
    )


def test_nothing_known() -> None:
    """Before anything is heard nothing is claimed."""
    evse = Evse(1)
    assert (evse.status, evse.plugged_in, evse.charging) == (None, None, None)


@pytest.mark.parametrize(
    ("word", "state", "status"),
    [
        (C.OCCUPIED, ChargingState.CHARGING, S.CHARGING),
        (C.OCCUPIED, ChargingState.SUSPENDED_EV, S.SUSPENDED_EV),
        (C.OCCUPIED, ChargingState.SUSPENDED_EVSE, S.SUSPENDED_EVSE),
        (C.OCCUPIED, ChargingState.EV_CONNECTED, S.PREPARING),
        (C.OCCUPIED, ChargingState.IDLE, S.PREPARING),
        (C.AVAILABLE, ChargingState.CHARGING, S.CHARGING),
        (C.AVAILABLE, ChargingState.IDLE, S.AVAILABLE),
        (C.FAULTED, ChargingState.CHARGING, S.FAULTED),
        (C.UNAVAILABLE, ChargingState.CHARGING, S.UNAVAILABLE),
        (C.SUSPENDED_EV, ChargingState.CHARGING, S.SUSPENDED_EV),
    ],
)
def test_charging_state(word: C, state: ChargingState, status: S) -> None:
    """2.x: the transaction says what Occupied leaves open; a fault is never hidden."""
    assert _evse(word, state=state).status is status


def test_charging_state_alone() -> None:
    """2.x: a transaction tells the status also before any StatusNotification."""
    assert _evse(state=ChargingState.CHARGING).status is S.CHARGING


def _charged(occupied_at: float, ended_at: float) -> Evse:
    evse = _evse(C.OCCUPIED)
    evse.connector(1).at = NOW + timedelta(seconds=occupied_at)
    last = Transaction(id="T", evse_id=1, connector_id=1, started_at=NOW)
    last.ended_at = NOW + timedelta(seconds=ended_at)
    evse.last_transaction = last
    return evse


def test_finishing() -> None:
    """2.x: the car whose transaction has ended is finishing."""
    assert _charged(occupied_at=0, ended_at=60).status is S.FINISHING


def test_next_car() -> None:
    """2.x: a car that came after the last transaction is preparing."""
    assert _charged(occupied_at=90, ended_at=60).status is S.PREPARING


@pytest.mark.parametrize(
    ("words", "status", "connector"),
    [
        ((C.AVAILABLE, C.CHARGING), S.CHARGING, 2),
        ((C.AVAILABLE, C.FAULTED), S.FAULTED, 2),
        ((C.UNAVAILABLE, C.AVAILABLE), S.UNAVAILABLE, 1),
        ((C.PREPARING, C.UNAVAILABLE), S.PREPARING, 1),
    ],
)
def test_several_connectors(words: tuple[C, ...], status: S, connector: int) -> None:
    """The connector in use speaks for the EVSE, and commands address it."""
    evse = _evse(*words)
    assert (evse.status, evse.connector_id) == (status, connector)


def test_connector_before_anything_is_known() -> None:
    """Commands address the first connector of an EVSE that is not known better."""
    assert Evse(1).connector_id == 1


def test_problem() -> None:
    """The fault of any connector is the EVSE's."""
    evse = _evse(C.AVAILABLE, C.FAULTED)
    evse.connector(2).problem = Problem("GroundFailure")
    assert evse.problem == Problem("GroundFailure")


def test_session() -> None:
    """The running transaction is the session, else the last one."""
    evse = _evse(C.CHARGING, running=True)
    last = Transaction(id="L", evse_id=1, connector_id=1, started_at=NOW)
    evse.last_transaction = last
    assert evse.session is evse.transaction
    evse.transaction = None
    assert evse.session is last


def test_offered_current() -> None:
    """What the station offers is read from its meter."""
    evse = Evse(1)
    evse.meter.readings[CURRENT_OFFERED] = Reading(16.0, NOW)
    assert evse.meter.value(CURRENT_OFFERED) == 16.0


@pytest.mark.parametrize(
    ("wish", "amps"),
    [
        (Wish(), None),
        (Wish(limit_a=10.0), 10.0),
        (Wish(limit_a=10.0, paused=True), 0.0),
        (Wish(paused=True), 0.0),
    ],
)
def test_effective_wish(wish: Wish, amps: float | None) -> None:
    """A pause holds at 0 whatever the limit."""
    assert wish.effective_a == amps


def _session(start: float | None, lifetime: float | None, base: float = 0.0) -> Evse:
    evse = _evse(C.CHARGING, running=True)
    assert evse.transaction is not None
    evse.transaction.meter_start_wh = start
    evse.meter.register.lifetime_wh = lifetime
    evse.meter.register.base_wh = base
    return evse


@pytest.mark.parametrize(
    ("start", "lifetime", "base", "energy"),
    [
        (1000.0, 1500.0, 0.0, 500.0),
        (None, 1500.0, 1200.0, 300.0),
        (None, 1500.0, 0.0, 0.0),
        (1000.0, None, 0.0, None),
        (0.0, 16_000_000.0, 15_999_500.0, 500.0),
        (2000.0, 1500.0, 0.0, None),
    ],
)
def test_energy_of_a_session(
    start: float | None, lifetime: float | None, base: float, energy: float | None
) -> None:
    """Energy counts from the start value, or from what was known when it began."""
    evse = _session(start, lifetime, base)
    evse.count_energy(NOW + timedelta(minutes=1))
    assert evse.transaction is not None
    assert evse.transaction.energy_wh == energy


def test_energy_that_stands_still() -> None:
    """It is told whether the energy changed."""
    evse = _session(1000.0, 1500.0)
    at = NOW + timedelta(minutes=1)
    assert [evse.count_energy(at), evse.count_energy(at)] == [True, False]


def test_energy_without_a_transaction() -> None:
    """Nothing is counted outside of transactions."""
    evse = _evse(C.AVAILABLE)
    evse.meter.register.take(5000, NOW)
    assert not evse.count_energy(NOW)
    assert evse.meter.value(REGISTER) is None
