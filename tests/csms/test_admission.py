"""Who is let charge, over sockets of every version."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import admission, control
from custom_components.ocpp_csms.csms.authorization import (
    Authorizer,
    Holder,
    StartPolicy,
    UnknownTokens,
)
from custom_components.ocpp_csms.csms.errors import InvalidRequestError
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.model.transaction import Transaction
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial, StartServer
from .support import (
    BareStation,
    HandClock,
    Json,
    accept,
    event,
    start,
    status,
    stop,
    until,
)

ASKED = OccurrenceKind.AUTHORIZATION_REQUESTED
PRESENTED = OccurrenceKind.ID_TOKEN_PRESENTED
ANN = Holder(id="1", name="Ann", tokens=frozenset({IdToken("ANN")}), vehicle="Zoe")
BOB = Holder(id="2", name="Bob", tokens=frozenset({IdToken("BOB")}), blocked=True)


@dataclass
class Place:
    """A station that is connected, as both sides see it."""

    version: str
    station: Station
    socket: BareStation
    occurrences: list[Occurrence]

    async def authorize(self, value: str) -> str:
        """Present a token; return what is said of it."""
        answer = await self.socket.call("Authorize", self.token(value))
        return self._status(answer)

    async def begin(
        self,
        value: str,
        evse: int = 1,
        tx: str = "T1",
        at: float = 0,
        *,
        late: bool = False,
    ) -> str:
        """Begin a transaction; return what is said of its token."""
        if self.version == "1.6":
            told = start(evse, at=at, idTag=value)
            answer = await self.socket.call("StartTransaction", told)
        else:
            place = {"id": evse, "connectorId": 1}
            told = event(tx=tx, at=at, evse=place, offline=late, **self.token(value))
            answer = await self.socket.call("TransactionEvent", told)
        return self._status(answer)

    async def end(self, value: str, tx: str, at: float = 60) -> str:
        """End a transaction with a token; return what is said of it."""
        if self.version == "1.6":
            told = stop(int(tx), at=at, **self.token(value))
            answer = await self.socket.call("StopTransaction", told)
        else:
            told = event("Ended", tx=tx, at=at, seqNo=1, **self.token(value))
            answer = await self.socket.call("TransactionEvent", told)
        return self._status(answer)

    def running(self) -> Transaction:
        """Return the transaction that runs."""
        running = self.station.evses[1].transaction
        assert running is not None
        return running

    def stops_asked(self) -> int:
        """Return how often the station was asked to end a transaction."""
        words = ("RemoteStopTransaction", "RequestStopTransaction")
        return sum(request.action in words for request in self.socket.requests)

    def told(self, kind: OccurrenceKind) -> list[dict[str, Any]]:
        """Return what was told of a kind."""
        return [dict(each.data) for each in self.occurrences if each.kind is kind]

    def token(self, value: str) -> Json:
        """Return how a message of this version bears a token."""
        if self.version == "1.6":
            return {"idTag": value}
        return {"idToken": {"idToken": value, "type": "ISO14443"}}

    def _status(self, answer: Json) -> str:
        key = "idTagInfo" if self.version == "1.6" else "idTokenInfo"
        return str(answer[key]["status"])

    def word(self, status: str) -> str:
        """Return how a version calls a status; 1.6 has few words."""
        return "Invalid" if self.version == "1.6" and status == "Unknown" else status


type Open = Callable[..., Awaitable[Place]]


@pytest.fixture(autouse=True)
def no_grace_for_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask at once for the end of what was refused."""
    monkeypatch.setattr(admission, "GRACE_S", 0.0)


@pytest.fixture
async def house(start_server: StartServer) -> Server:
    """Return a central system that knows Ann and Bob."""
    return await start_server(more={"authorizer": Authorizer([ANN, BOB])})


@pytest.fixture
def open_place(house: Server, call_in: Dial, version: str) -> Open:
    """Return what connects a station."""

    async def make(
        identity: str = "CP1", start: str = "token", unknown: str = "reject"
    ) -> Place:
        station = accept(
            house,
            identity=identity,
            start=StartPolicy(start),
            unknown_tokens=UnknownTokens(unknown),
        )
        seen: list[Occurrence] = []
        station.occurred.connect(lambda _, occurrence: seen.append(occurrence))
        socket = await call_in(f"/{identity}", version=version, port=house.port)
        socket.replies = {
            "RemoteStopTransaction": {"status": "Accepted"},
            "RequestStopTransaction": {"status": "Accepted"},
            "RemoteStartTransaction": {"status": "Accepted"},
            "RequestStartTransaction": {"status": "Accepted"},
        }
        await socket.call("StatusNotification", status(version))
        return Place(version, station, socket, seen)

    return make


@pytest.mark.parametrize(
    ("value", "expected"),
    [("ann", "Accepted"), ("BOB", "Blocked"), ("STRANGER", "Unknown")],
)
async def test_all_messages_agree(open_place: Open, value: str, expected: str) -> None:
    """Authorize and the begin of a transaction give the same answer."""
    place = await open_place()
    expected = place.word(expected)
    assert await place.authorize(value) == expected
    assert await place.begin(value) == expected


async def test_the_holder_is_kept(open_place: Open) -> None:
    """A session knows who charges, also when the card is given to somebody else later."""
    place = await open_place()
    await place.begin("ANN")
    transaction = place.station.evses[1].transaction
    assert transaction is not None
    assert (transaction.holder, transaction.vehicle) == ("Ann", "Zoe")
    assert (transaction.holder_id, transaction.refused) == ("1", False)


async def test_the_end_takes_nothing_back(open_place: Open) -> None:
    """A card that is no longer let at the end was let at the begin, and that counts."""
    place = await open_place()
    await place.begin("ANN")
    transaction = place.station.evses[1].transaction
    assert transaction is not None
    place.station.authorizer.know([replace(ANN, blocked=True)])
    await place.end("ANN", transaction.id)
    assert transaction.ended_at is not None
    assert not transaction.refused


async def test_what_is_refused_is_ended(open_place: Open) -> None:
    """A station that does not end by itself what was refused is asked to."""
    place = await open_place()
    await place.begin("STRANGER")
    await until(place.stops_asked)


async def test_what_is_accepted_goes_on(open_place: Open) -> None:
    """Nobody is asked to end a transaction that may go on."""
    place = await open_place()
    await place.begin("ANN")
    await place.authorize("BOB")
    await asyncio.sleep(0)
    assert place.stops_asked() == 0


@pytest.mark.parametrize(("start", "stops"), [("token", True), ("free", False)])
async def test_energy_without_a_token(
    open_place: Open, start: str, stops: bool
) -> None:
    """Where a token is needed, energy that flows without one is stopped."""
    place = await open_place(start=start)
    if place.version == "1.6":
        told = await place.begin("")
        assert told == ("Invalid" if stops else "Accepted")
    else:
        charging = event(info={"chargingState": "Charging"})
        await place.socket.call("TransactionEvent", charging)
    if stops:
        await until(place.stops_asked)
    else:
        await place.authorize("ANN")
        assert place.stops_asked() == 0


async def test_a_car_that_waits_for_a_token(open_place: Open) -> None:
    """2.x: a transaction may begin before its token is presented."""
    place = await open_place()
    if place.version == "1.6":
        return
    connected = event(info={"chargingState": "EVConnected"})
    await place.socket.call("TransactionEvent", connected)
    token = {"idToken": {"idToken": "ANN", "type": "Central"}}
    answer = await place.socket.call("TransactionEvent", event("Updated", **token))
    assert answer["idTokenInfo"]["status"] == "Accepted"
    transaction = place.station.evses[1].transaction
    assert transaction is not None
    assert (transaction.holder, transaction.refused) == ("Ann", False)
    assert place.stops_asked() == 0


async def test_a_second_try(open_place: Open) -> None:
    """2.x: another token that is accepted saves a transaction that was refused."""
    place = await open_place()
    if place.version == "1.6":
        return
    assert await place.begin("STRANGER") == "Unknown"
    token = {"idToken": {"idToken": "ANN", "type": "Central"}}
    await place.socket.call("TransactionEvent", event("Updated", **token))
    transaction = place.station.evses[1].transaction
    assert transaction is not None
    assert (transaction.holder, transaction.refused) == ("Ann", False)


async def test_one_place_at_a_time(open_place: Open) -> None:
    """A token that charges already may not begin elsewhere, but where it charges."""
    first, second = await open_place("CP1"), await open_place("CP2")
    assert await first.begin("ANN") == "Accepted"
    assert await second.begin("ANN") == "ConcurrentTx"
    await until(second.stops_asked)
    assert await first.authorize("ANN") == "Accepted"
    assert first.stops_asked() == 0


async def test_several_places_at_a_time(open_place: Open, house: Server) -> None:
    """Whoever may, may."""
    both = Holder(id="1", name="Ann", tokens=ANN.tokens, concurrent=True)
    house.authorizer.know([both])
    first, second = await open_place("CP1"), await open_place("CP2")
    assert await first.begin("ANN") == "Accepted"
    assert await second.begin("ANN") == "Accepted"


@pytest.mark.parametrize(
    ("start", "value"),
    [("token", "STRANGER"), ("automation", "STRANGER"), ("automation", "ANN")],
)
@pytest.mark.parametrize("accepted", [True, False])
async def test_somebody_decides(
    open_place: Open, start: str, value: str, accepted: bool
) -> None:
    """The answer waits for the decision; what follows agrees, without another question."""
    place = await open_place(start=start, unknown="ask")
    answer = asyncio.create_task(place.authorize(value))
    await until(lambda: place.told(ASKED))
    (asked,) = place.told(ASKED)
    holder = "Ann" if value == "ANN" else None
    assert asked == {
        "id_token": value,
        "seconds": 20,
        "known": bool(holder),
        "holder": holder,
    }
    (presented,) = place.told(PRESENTED)
    assert presented["status"] is None
    # Meanwhile the station may speak.
    await place.socket.call("Heartbeat", {})
    place.station.admission.answer(value.lower(), accepted=accepted)
    assert await answer == ("Accepted" if accepted else "Invalid")
    if accepted:
        assert await place.begin(value) == "Accepted"
        assert len(place.told(ASKED)) == 1


async def test_a_transaction_waits_for_a_decision(open_place: Open) -> None:
    """Whoever begins unasked is asked about then, and ended if refused."""
    place = await open_place(unknown="ask")
    answer = asyncio.create_task(place.begin("STRANGER"))
    await until(lambda: place.told(ASKED))
    assert place.station.evses[1].transaction is not None
    place.station.admission.answer("STRANGER", accepted=False)
    assert await answer == "Invalid"
    await until(place.stops_asked)


async def _begin_asked(place: Place, value: str, *, accepted: bool) -> Transaction:
    """Begin a transaction of which somebody decides; return it."""
    answer = asyncio.create_task(place.begin(value))
    await until(lambda: place.told(ASKED))
    place.station.admission.answer(value, accepted=accepted)
    assert await answer == ("Accepted" if accepted else "Invalid")
    return place.running()


@pytest.mark.parametrize(
    ("start", "value"),
    [("token", "STRANGER"), ("automation", "STRANGER"), ("automation", "ANN")],
)
async def test_what_was_decided_holds_to_the_end(
    open_place: Open, clock: HandClock, start: str, value: str
) -> None:
    """A card that was let begin ends its session hours later, and nobody is asked again."""
    place = await open_place(start=start, unknown="ask")
    transaction = await _begin_asked(place, value, accepted=True)
    clock.advance(7200)
    assert await place.authorize(value) == "Accepted"
    if place.version != "1.6":
        told = event("Updated", at=7200, **place.token(value))
        answer = await place.socket.call("TransactionEvent", told)
        assert answer["idTokenInfo"]["status"] == "Accepted"
    assert await place.end(value, transaction.id, at=7200) == "Accepted"
    assert not transaction.refused
    assert len(place.told(ASKED)) == 1


async def test_another_card_at_the_end(open_place: Open, clock: HandClock) -> None:
    """Nobody is asked about a card that has ended a session: it is over."""
    place = await open_place(unknown="ask")
    await place.begin("ANN")
    transaction = place.running()
    clock.advance(7200)
    assert await place.end("STRANGER", transaction.id, at=7200) == "Invalid"
    assert place.told(ASKED) == []
    assert (transaction.active, transaction.refused) == (False, False)


@pytest.mark.parametrize(
    ("start", "value", "expected"),
    [
        ("token", "STRANGER", "Invalid"),
        ("token", "ANN", "Accepted"),
        ("automation", "STRANGER", "Invalid"),
        ("automation", "ANN", "Accepted"),
        ("automation", "BOB", "Blocked"),
    ],
)
async def test_a_start_out_of_a_queue(
    open_place: Open, clock: HandClock, start: str, value: str, expected: str
) -> None:
    """Nobody is asked about a past start; what a holder has begun then is let."""
    place = await open_place(start=start, unknown="ask")
    clock.advance(7200)
    assert await place.begin(value, late=True) == expected
    assert await place.begin(value, late=True) == expected
    assert place.told(ASKED) == []


@pytest.mark.parametrize(
    ("start", "value"), [("automation", "ANN"), ("token", "STRANGER")]
)
async def test_a_refusal_is_repeated(
    open_place: Open, clock: HandClock, start: str, value: str
) -> None:
    """What was refused is so when it is told again, at once or later; nobody is asked anew."""
    place = await open_place(start=start, unknown="ask")
    transaction = await _begin_asked(place, value, accepted=False)
    assert await place.begin(value) == "Invalid"
    clock.advance(1800)
    assert await place.begin(value, late=True) == "Invalid"
    assert transaction.refused
    assert len(place.told(ASKED)) == 1


async def test_a_slow_clock_spares_no_question(
    open_place: Open, clock: HandClock
) -> None:
    """2.x: a station that says that it is online is asked about, whatever its clock says."""
    place = await open_place(start="automation")
    if place.version == "1.6":
        return
    clock.advance(3600)
    answer = asyncio.create_task(place.begin("ANN"))
    await until(lambda: place.told(ASKED))
    place.station.admission.answer("ANN", accepted=False)
    assert await answer == "Invalid"


async def test_a_card_that_has_expired_since(
    open_place: Open, house: Server, clock: HandClock
) -> None:
    """A start that comes late is judged by the time at which it was."""
    ends = clock() + timedelta(hours=1)
    house.authorizer.know([replace(ANN, expires_at=ends)])
    place = await open_place()
    clock.advance(7200)
    assert await place.authorize("ANN") == "Expired"
    assert await place.begin("ANN") == "Accepted"


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_start_that_is_repeated_after_the_decision(
    open_place: Open, clock: HandClock, accepted: bool
) -> None:
    """An answer that was lost is the same when it is asked for again, later."""
    place = await open_place(unknown="ask")
    await _begin_asked(place, "STRANGER", accepted=accepted)
    clock.advance(1800)
    assert await place.begin("STRANGER") == ("Accepted" if accepted else "Invalid")
    assert len(place.told(ASKED)) == 1


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_decision_while_the_station_is_away(
    open_place: Open, clock: HandClock, accepted: bool
) -> None:
    """What is decided counts also if the station can't be answered any more."""
    place = await open_place(unknown="ask")
    answer = asyncio.create_task(place.begin("STRANGER"))
    await until(lambda: place.told(ASKED))
    transaction = place.running()
    assert transaction.undecided
    await place.socket.close()
    await until(lambda: not place.station.connected)
    answer.cancel()
    place.station.admission.answer("STRANGER", accepted=accepted)
    await until(lambda: not transaction.undecided)
    assert transaction.refused is not accepted


async def test_a_question_that_is_open_at_the_end(open_place: Open) -> None:
    """What nobody has decided when the central system stops is neither let nor refused."""
    place = await open_place(unknown="ask")
    answer = asyncio.create_task(place.begin("STRANGER"))
    await until(lambda: place.told(ASKED))
    transaction = place.running()
    await place.station.disconnect("it stops")
    assert (transaction.undecided, transaction.refused) == (True, False)
    assert not transaction.lets("STRANGER")
    answer.cancel()


async def test_a_station_that_vanished_holds_nobody_up(
    open_place: Open, clock: HandClock
) -> None:
    """A session of a station that is gone for an hour keeps its holder from nothing."""
    first, second = await open_place("CP1"), await open_place("CP2")
    assert await first.begin("ANN") == "Accepted"
    await first.socket.close()
    await until(lambda: not first.station.connected)
    clock.advance(1800)
    assert await second.begin("ANN") == "ConcurrentTx"
    clock.advance(3600)
    assert await second.begin("ANN", tx="T2", at=5400) == "Accepted"


async def test_nobody_decides(
    open_place: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an answer a token is refused; it may be asked about again."""
    monkeypatch.setattr(admission, "ASK_S", 0.01)
    place = await open_place(unknown="ask")
    assert await place.authorize("STRANGER") == "Invalid"
    assert await place.authorize("STRANGER") == "Invalid"
    assert len(place.told(ASKED)) == 2
    with pytest.raises(InvalidRequestError):
        place.station.admission.answer("STRANGER", accepted=True)


async def test_many_questions(open_place: Open) -> None:
    """Somebody who tries many tokens at a time is not asked about with all of them."""
    place = await open_place(unknown="ask")
    for number in range(20):
        place.station.admission.ask(IdToken(f"T{number}"), 1)
    assert len(place.told(ASKED)) == 8


async def test_the_user_starts_for_somebody(open_place: Open) -> None:
    """A token for which the user has started charging is let, but for a blocked one."""
    place = await open_place()
    await control.start_charging(place.station, id_token=IdToken("STRANGER"))
    assert await place.begin("STRANGER") == "Accepted"
    assert await place.authorize("BOB") == "Blocked"


async def test_the_end_of_a_transaction(open_place: Open) -> None:
    """A token that ends a transaction is judged as any other."""
    place = await open_place()
    if place.version != "1.6":
        return
    answer = await place.socket.call("StartTransaction", start(idTag="ANN"))
    tx = answer["transactionId"]
    answer = await place.socket.call("StopTransaction", stop(tx, idTag="BOB"))
    assert answer["idTagInfo"]["status"] == "Blocked"
    last = place.station.evses[1].last_transaction
    assert last is not None
    assert (last.holder, last.refused) == ("Ann", False)
