"""The ledger of transactions."""

from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.evse import Evse
from custom_components.ocpp_csms.csms.model.events import TransactionReported
from custom_components.ocpp_csms.csms.model.evse import ChargingState
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.meter import (
    POWER,
    REGISTER,
    Context,
    Sample,
    Samples,
)
from custom_components.ocpp_csms.csms.model.transaction import (
    Transaction,
    TransactionPhase,
)
from custom_components.ocpp_csms.csms.told_register import begin_register, end_register
from custom_components.ocpp_csms.csms.transactions import LOST, Transactions

from .support import NOW


def _event(
    phase: TransactionPhase = TransactionPhase.STARTED,
    seconds: float | None = 0,
    **fields: Any,
) -> TransactionReported:
    at = None if seconds is None else NOW + timedelta(seconds=seconds)
    values: dict[str, Any] = {"evse_id": 1} | fields
    return TransactionReported(phase=phase, at=at, **values)


def _start(ledger: Transactions, evse: Evse, **fields: Any) -> Transaction:
    return ledger.start(_event(**fields), evse, NOW)


def test_ids_are_never_given_twice() -> None:
    """Two starts of one second get two ids."""
    ledger = Transactions()
    assert len({ledger.new_id(NOW) for _ in range(100)}) == 100


def test_ids_go_on_after_a_restart() -> None:
    """A ledger that has forgotten everything gives out higher ids than the one before."""
    before, after = Transactions(), Transactions()
    old = [int(before.new_id(NOW)) for _ in range(5)][-1]
    assert int(after.new_id(NOW + timedelta(minutes=1))) > old


@given(st.integers(0, 2**30), st.integers(-(10**9), 10**9))
def test_ids_suit_embedded_stations(last_id: int, seconds: int) -> None:
    """Ids are positive, rising, and fit 31 bits."""
    ledger = Transactions(last_id)
    new = int(ledger.new_id(NOW + timedelta(seconds=seconds)))
    assert last_id < new < 2**31


def test_start() -> None:
    """A start makes the EVSE's transaction."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(
        ledger, evse, id_token=IdToken("TAG"), meter_wh=1000.0, remote_start_id=5
    )
    assert evse.transaction == begun
    assert (begun.id_token, begun.meter_start_wh, begun.remote_start_id) == (
        "TAG",
        1000.0,
        5,
    )
    assert (begun.started_at, begun.active) == (NOW, True)


def test_start_without_time() -> None:
    """A start without a usable time is of now."""
    assert _start(Transactions(), Evse(1), seconds=None).started_at == NOW


def test_own_id_of_the_station() -> None:
    """2.x: the station names its transactions."""
    assert _start(Transactions(), Evse(1), transaction_id="abc").id == "abc"


def test_repeated_start() -> None:
    """A start that comes again is the same."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse, meter_wh=5.0)
    assert ledger.known_start(_event(meter_wh=5.0)) is begun


@pytest.mark.parametrize(
    "fields",
    [
        {"evse_id": 2},
        {"seconds": 1},
        {"meter_wh": 6.0},
        {"id_token": IdToken("B")},
    ],
)
def test_another_start(fields: dict[str, Any]) -> None:
    """A start that differs in anything is another one."""
    ledger = Transactions()
    _start(ledger, Evse(1), meter_wh=5.0, id_token=IdToken("A"))
    values: dict[str, Any] = {"meter_wh": 5.0, "id_token": IdToken("A")}
    event = _event(**(values | fields))
    assert ledger.known_start(event) is None


def test_late_start() -> None:
    """A start from the past leaves the running transaction alone."""
    ledger, evse = Transactions(), Evse(1)
    new = _start(ledger, evse, seconds=60)
    old = _start(ledger, evse, seconds=0)
    assert evse.transaction is new
    assert ledger.find(old.id) is old


@pytest.mark.parametrize(
    ("start", "stop", "energy"),
    [
        (1000.0, 3000.0, 2000.0),
        (1000.0, 1000.0, 0.0),
        (1000.0, 500.0, None),
        (None, 500.0, None),
        (1000.0, None, None),
        (1000.0, 90_000_000.0, None),
    ],
)
def test_energy_by_values(
    start: float | None, stop: float | None, energy: float | None
) -> None:
    """The energy is stop less start, where both are known and make sense."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse, meter_wh=start)
    end = _event(TransactionPhase.ENDED, 3600, meter_wh=stop)
    ledger.end(begun, end, evse, NOW)
    assert begun.energy_wh == energy


def test_senseless_stop_keeps_what_was_counted() -> None:
    """A stop value that can't be true does not spoil what the samples told."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse, meter_wh=1000.0)
    begun.energy_wh = 700.0
    ledger.end(begun, _event(TransactionPhase.ENDED, 60, meter_wh=0.0), evse, NOW)
    assert begun.energy_wh == 700.0


def test_end() -> None:
    """An ended transaction is the EVSE's last."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse)
    end = _event(TransactionPhase.ENDED, 60, stop_reason="Remote")
    ledger.end(begun, end, evse, NOW)
    assert (evse.transaction, evse.last_transaction) == (None, begun)
    assert (begun.stop_reason, begun.ended_at) == (
        "Remote",
        NOW + timedelta(seconds=60),
    )


def test_end_before_its_start() -> None:
    """No transaction ends before it began, whatever the station's clock did."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse, seconds=60)
    ledger.end(begun, _event(TransactionPhase.ENDED, 0), evse, NOW)
    assert begun.ended_at == begun.started_at


def test_old_end_does_not_hide_the_last_transaction() -> None:
    """The end of an older transaction leaves the newer one the last."""
    ledger, evse = Transactions(), Evse(1)
    new = _start(ledger, evse, seconds=60)
    old = _start(ledger, evse, seconds=0)
    ledger.end(new, _event(TransactionPhase.ENDED, 90), evse, NOW)
    ledger.end(old, _event(TransactionPhase.ENDED, 95), evse, NOW)
    assert evse.last_transaction is new


def test_lost_transaction_goes_on() -> None:
    """A transaction that was given up too early is taken up again."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse)
    ledger.close(evse, begun, NOW, LOST)
    assert ledger.reopen(begun, evse)
    assert (evse.transaction, begun.active) == (begun, True)


def test_ended_transaction_does_not_go_on() -> None:
    """What the station ended stays ended."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse)
    ledger.close(evse, begun, NOW, "Local")
    assert not ledger.reopen(begun, evse)


def test_foreign_id_while_charging() -> None:
    """An unknown id on an EVSE that charges is a transaction unheard of."""
    ledger, evse = Transactions(), Evse(1)
    adopted = ledger.adopt(evse, "42", NOW, charging=True)
    assert adopted is evse.transaction
    assert adopted is not None
    assert (adopted.id, adopted.resumed) == ("42", True)


def test_foreign_id_while_idle() -> None:
    """An unknown id on an idle EVSE is of the past."""
    evse = Evse(1)
    assert Transactions().adopt(evse, "42", NOW, charging=False) is None
    assert evse.transaction is None


@pytest.mark.parametrize("name", ["-16", "1", "99999999999"])
def test_name_of_the_station(name: str) -> None:
    """A station may call a running transaction by a name of its own."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse)
    assert ledger.adopt(evse, name, NOW, charging=True) == begun
    assert (ledger.find(name), begun.station_id) == (begun, name)


def test_id_of_an_ended_transaction() -> None:
    """Values of an ended transaction are not those of the next one."""
    ledger, evse = Transactions(), Evse(1)
    old = _start(ledger, evse)
    _start(ledger, evse, seconds=60)
    assert ledger.adopt(evse, old.id, NOW, charging=True) is None


def test_memory_is_bounded() -> None:
    """Old transactions and their names are forgotten."""
    ledger, evse = Transactions(), Evse(1)
    first = _start(ledger, evse)
    ledger.adopt(evse, "own", NOW, charging=True)
    for second in range(1, 70):
        _start(ledger, evse, seconds=second)
    assert (ledger.find(first.id), ledger.find("own")) == (None, None)


def test_update() -> None:
    """An update adds what was not known, and changes the charging state."""
    ledger, evse = Transactions(), Evse(1)
    begun = _start(ledger, evse, transaction_id="T")
    update = _event(
        TransactionPhase.UPDATED,
        charging_state=ChargingState.SUSPENDED_EV,
        id_token=IdToken("TAG"),
        remote_start_id=9,
        connector_id=2,
        samples=(Samples(NOW, (Sample(REGISTER, 500.0),)),),
    )
    ledger.update(begun, update, evse)
    assert (begun.charging_state, begun.id_token) == (ChargingState.SUSPENDED_EV, "TAG")
    assert (begun.remote_start_id, begun.connector_id) == (9, 2)
    assert begun.meter_start_wh == 500.0


def _registers(*values: tuple[float, Context]) -> tuple[Samples, ...]:
    samples = tuple(Sample(REGISTER, wh, context) for wh, context in values)
    return (Samples(NOW, (Sample(POWER, 9.0), *samples)),)


@pytest.mark.parametrize(
    ("values", "begin", "end"),
    [
        ([], None, None),
        ([(10, Context.SAMPLE_PERIODIC)], 10, 10),
        ([(10, Context.TRANSACTION_BEGIN), (30, Context.TRANSACTION_END)], 10, 30),
        ([(30, Context.TRANSACTION_END), (10, Context.TRANSACTION_BEGIN)], 10, 30),
        ([(10, Context.SAMPLE_PERIODIC), (20, Context.SAMPLE_PERIODIC)], 10, 20),
        ([(10, Context.TRANSACTION_BEGIN)], 10, None),
        ([(40, Context.SAMPLE_PERIODIC), (30, Context.TRANSACTION_END)], 40, 30),
    ],
)
def test_begin_and_end(
    values: list[tuple[float, Context]], begin: float | None, end: float | None
) -> None:
    """The marked values are start and stop, else the first and the highest."""
    samples = _registers(*values)
    assert (begin_register(samples), end_register(samples)) == (begin, end)
