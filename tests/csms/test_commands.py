"""What a user may ask of a station, against the simulator, on each version."""

import pytest

from custom_components.ocpp_csms.csms.errors import (
    CallError,
    CommandRejectedError,
    InvalidPayloadError,
)
from custom_components.ocpp_csms.csms.model.commands import (
    Call,
    ClearCache,
    ClearChargingProfile,
    DataTransfer,
    GetCompositeSchedule,
    GetTransactionStatus,
    GetVariables,
    Reset,
    ResetKind,
    SetChargingProfile,
    SetVariables,
    Trigger,
    TriggerMessage,
)
from custom_components.ocpp_csms.csms.model.profile import (
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from custom_components.ocpp_csms.csms.model.variable import VariableRef
from simulator import ManualClock

from .conftest import Simulate
from .support import charge, profile, until

HEARTBEAT = {
    "1.6": VariableRef("HeartbeatInterval"),
    "2.0.1": VariableRef("HeartbeatInterval", "OCPPCommCtrlr"),
    "2.1": VariableRef("HeartbeatInterval", "OCPPCommCtrlr"),
}


@pytest.mark.parametrize("kind", ResetKind)
async def test_reset(
    simulate: Simulate, manual: ManualClock, version: str, kind: ResetKind
) -> None:
    """A reset reboots the station."""
    station, simulated = await simulate(version)
    await station.execute(Reset(kind))
    await manual.advance(10)
    await until(lambda: simulated.boots == 2)


async def test_reset_while_charging(
    simulate: Simulate, manual: ManualClock, version: str
) -> None:
    """An immediate reset ends the transaction."""
    station, _, running = await charge(simulate, manual, version)
    await station.execute(Reset(ResetKind.IMMEDIATE))
    await manual.advance(10)
    await until(lambda: not running.active)


async def test_reset_on_idle_waits(
    simulate: Simulate, manual: ManualClock, version_2x: str
) -> None:
    """2.x: a reset on idle waits for the transaction."""
    station, _, running = await charge(simulate, manual, version_2x)
    assert (await station.execute(Reset(ResetKind.ON_IDLE))).status == "Scheduled"
    assert running.active


async def test_trigger(simulate: Simulate, version: str) -> None:
    """What is asked for comes."""
    station, simulated = await simulate(version)
    await station.execute(TriggerMessage(Trigger.STATUS_NOTIFICATION, 1, 1))
    await until(lambda: len(simulated.calls("sent", "StatusNotification")) > 1)


@pytest.mark.parametrize("evse", [5])
async def test_trigger_of_nobody(simulate: Simulate, version: str, evse: int) -> None:
    """What can't be asked for is refused."""
    station, _ = await simulate(version)
    with pytest.raises(CommandRejectedError):
        await station.execute(TriggerMessage(Trigger.METER_VALUES, evse))


async def test_read_variable(simulate: Simulate, version: str) -> None:
    """A variable is read by the same words on each version."""
    station, _ = await simulate(version)
    (result,) = await station.execute(GetVariables((HEARTBEAT[version],)))
    assert (result.ref, result.value) == (HEARTBEAT[version], "300")


async def test_read_unknown_variable(simulate: Simulate, version: str) -> None:
    """A variable that the station lacks is told as such."""
    station, _ = await simulate(version)
    unknown = HEARTBEAT[version]._replace(name="Nothing")
    (result,) = await station.execute(GetVariables((unknown,)))
    assert not result.accepted
    assert result.status == "UnknownVariable"


async def test_write_variable(simulate: Simulate, version: str) -> None:
    """A variable is written."""
    station, simulated = await simulate(version)
    (result,) = await station.execute(SetVariables(((HEARTBEAT[version], "60"),)))
    assert result.accepted
    assert simulated.dialect.seconds("heartbeat_interval") == 60


async def test_refused_write(simulate: Simulate, version: str) -> None:
    """A value that the station refuses is told as such."""
    station, _ = await simulate(version)
    (result,) = await station.execute(SetVariables(((HEARTBEAT[version], "soon"),)))
    assert not result.accepted


async def test_profile(simulate: Simulate, version: str) -> None:
    """A schedule of several periods is installed, told and cleared."""
    station, simulated = await simulate(version)
    schedule = Schedule(
        unit=RateUnit.AMPERE, periods=(Period(0, 10.0), Period(60, 6.0))
    )
    wanted = profile(Purpose.TX_DEFAULT, kind=Kind.RELATIVE, schedule=schedule, id=5)
    await station.execute(SetChargingProfile(1, wanted))
    composite = await station.execute(GetCompositeSchedule(1, 120, RateUnit.AMPERE))
    assert composite.periods[0].limit == 10.0
    assert (composite.evse_id, composite.unit) == (1, RateUnit.AMPERE)
    cleared = await station.execute(ClearChargingProfile(profile_id=5))
    assert (cleared.status, len(simulated.profiles)) == ("Accepted", 0)


async def test_clearing_nothing(simulate: Simulate, version: str) -> None:
    """Clearing what is not there is done."""
    station, _ = await simulate(version)
    cleared = await station.execute(ClearChargingProfile(profile_id=99))
    assert cleared.status == "Unknown"


async def test_refused_profile(simulate: Simulate, version: str) -> None:
    """A profile for a transaction that does not run is refused."""
    station, _ = await simulate(version)
    with pytest.raises(CommandRejectedError):
        await station.execute(
            SetChargingProfile(1, profile(Purpose.TX, transaction_id="5"))
        )


async def test_clear_cache(simulate: Simulate, version: str) -> None:
    """The cache is cleared."""
    station, _ = await simulate(version)
    assert (await station.execute(ClearCache())).status == "Accepted"


async def test_data_transfer(simulate: Simulate, version: str) -> None:
    """A vendor that the station does not know is a refusal."""
    station, _ = await simulate(version)
    with pytest.raises(CommandRejectedError, match="UnknownVendorId"):
        await station.execute(DataTransfer("acme", "hello", "x"))


async def test_any_call(simulate: Simulate, version: str) -> None:
    """Any message of the version may be sent."""
    station, _ = await simulate(version)
    answer = await station.execute(Call("GetLocalListVersion", {}))
    assert set(answer.values()) == {0}


async def test_any_call_is_checked(simulate: Simulate, version: str) -> None:
    """A message that breaks its schema is not sent."""
    station, simulated = await simulate(version)
    before = len(simulated.received)
    with pytest.raises(InvalidPayloadError):
        await station.execute(Call("Reset", {"type": "Nonsense"}))
    assert len(simulated.received) == before


async def test_message_that_the_station_lacks(
    simulate: Simulate, version_2x: str
) -> None:
    """What the station does not implement is an error in its own words."""
    station, _ = await simulate(version_2x)
    with pytest.raises(CallError) as error:
        await station.execute(Call("GetInstalledCertificateIds", {}))
    assert error.value.code in {"NotSupported", "NotImplemented"}


async def test_transaction_status(
    simulate: Simulate, manual: ManualClock, version_2x: str
) -> None:
    """2.x: the station tells whether a transaction goes on."""
    station, _, running = await charge(simulate, manual, version_2x)
    assert await station.execute(GetTransactionStatus(running.id)) is True
    assert await station.execute(GetTransactionStatus("other")) is False
