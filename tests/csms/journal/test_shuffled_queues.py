"""Queues of several sessions of several EVSEs, in any order: each has what its own meter says."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest

from custom_components.ocpp_csms.csms.journal.journal import Journal
from custom_components.ocpp_csms.csms.journal.session import Session
from custom_components.ocpp_csms.csms.model.rates import SLOT
from custom_components.ocpp_csms.csms.server import Server

from ..conftest import Dial
from ..support import NOW, HandClock, Json, energy, event

QUARTER_S = 900


@dataclass
class Charge:
    """A session as the meter has it: a register for each quarter hour from a first one on."""

    evse: int
    id: str
    first: int
    registers: list[int]

    def events(self) -> list[Json]:
        """Return what the station tells of it."""
        last = len(self.registers) - 1
        kinds = ["Started", *["Updated"] * (last - 1), "Ended"]
        return [
            event(
                kind,
                tx=self.id,
                at=(at := (self.first + number) * QUARTER_S),
                seqNo=number,
                offline=True,
                evse={"id": self.evse, "connectorId": 1},
                meterValue=[energy(wh, at=at)],
            )
            for number, (kind, wh) in enumerate(zip(kinds, self.registers, strict=True))
        ]

    def quarters(self) -> list[tuple[int, int]]:
        """Return the energy of each quarter hour in which there was any."""
        parts = [after - before for before, after in pairwise(self.registers)]
        return [(self.first + n, wh) for n, wh in enumerate(parts) if wh]


def _day(random: Random) -> list[Charge]:
    """Return sessions at two EVSEs, one after the other at each."""
    charges = []
    for evse in (1, 2):
        first, wh = 0, random.randint(0, 5000)
        for number in range(random.randint(1, 3)):
            registers = [wh]
            for _ in range(random.randint(2, 5)):
                registers.append(registers[-1] + random.choice((0, 100, 700, 1500)))
            charges.append(Charge(evse, f"E{evse}T{number}", first, registers))
            first += len(registers) + random.randint(0, 3)
            wh = registers[-1]
    return charges


@pytest.mark.parametrize("seed", range(40))
async def test_shuffled(
    server: Server,
    call_in: Dial,
    journal: Journal,
    clock: HandClock,
    version_2x: str,
    seed: int,
) -> None:
    """2.x: shuffled or backwards, some of it twice: nothing is lost, double, or in a wrong hour."""
    clock.advance(48 * 3600)
    random = Random(seed)
    charges = _day(random)
    queue = [told for charge in charges for told in charge.events()]
    again = random.sample(queue, len(queue) // 2) if seed % 2 else []
    if seed % 4:
        random.shuffle(queue)
    else:
        queue.reverse()
    cp1 = await call_in(version=version_2x)
    for told in (*queue, *again):
        await cp1.call("TransactionEvent", told)
    await journal.commit()
    kept = await journal.sessions(NOW, NOW + 400 * SLOT)
    assert {session.transaction_id: _facts(session) for session in kept} == {
        charge.id: (
            charge.first,
            charge.first + len(charge.registers) - 1,
            charge.registers[-1] - charge.registers[0],
            charge.quarters(),
        )
        for charge in charges
    }
    assert len(kept) == len(charges)


def _facts(session: Session) -> tuple[object, ...]:
    assert session.ended_at is not None
    return (
        (session.started_at - NOW) // SLOT,
        (session.ended_at - NOW) // SLOT,
        session.energy_wh,
        [((at - NOW) // SLOT, round(wh, 3)) for at, wh in session.summary.quarters],
    )
