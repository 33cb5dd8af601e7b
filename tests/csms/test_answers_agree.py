"""What is said of a token: the same in every message of a session, of every version."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms import admission
from custom_components.ocpp_csms.csms.authorization import (
    Authorizer,
    Holder,
    StartPolicy,
    UnknownTokens,
)
from custom_components.ocpp_csms.csms.model.id_token import IdToken
from custom_components.ocpp_csms.csms.occurrences import Occurrence, OccurrenceKind
from custom_components.ocpp_csms.csms.server import Server
from custom_components.ocpp_csms.csms.station import Station

from .conftest import Dial, StartServer
from .support import NOW, BareStation, Json, accept, event, start, status, stop

PLAIN = Holder(id="1", name="Ann", tokens=frozenset({IdToken("ANN")}), group="HOME")
HOLDERS = (
    PLAIN,
    replace(PLAIN, id="2", name="Mate", tokens=frozenset({IdToken("MATE")})),
    Holder(id="3", name="Blocked", tokens=frozenset({IdToken("BAD")}), blocked=True),
    Holder(
        id="4",
        name="Old",
        tokens=frozenset({IdToken("OLD")}),
        expires_at=NOW - timedelta(days=1),
    ),
    Holder(
        id="5",
        name="Elsewhere",
        tokens=frozenset({IdToken("AWAY")}),
        stations=frozenset({"CP9"}),
    ),
)
_IN_16 = {"Unknown": "Invalid", "NotAtThisLocation": "Invalid"}
"""1.6 has few words (section 7.2)."""


@dataclass
class Teller:
    """A station that tells everything a token can come with."""

    version: str
    station: Station
    socket: BareStation
    transaction: str = "T1"

    async def authorize(self, value: str) -> Json:
        """Present a token."""
        return await self._info("Authorize", self._token(value))

    async def begin(self, value: str, at: float = 0) -> Json:
        """Begin a transaction."""
        if self.version == "1.6":
            told = start(at=at, idTag=value)
            answer = await self.socket.call("StartTransaction", told)
            self.transaction = str(answer["transactionId"])
            info: Json = answer["idTagInfo"]
            return info
        return await self._event("Started", value, at)

    async def update(self, value: str) -> Json | None:
        """Tell a token in the midst of a transaction, which 1.6 can't."""
        return (
            None if self.version == "1.6" else await self._event("Updated", value, 30)
        )

    async def end(self, value: str) -> Json:
        """End the transaction."""
        if self.version == "1.6":
            told = stop(int(self.transaction), **self._token(value))
            return await self._info("StopTransaction", told)
        return await self._event("Ended", value, 60)

    async def _event(self, kind: str, value: str, at: float) -> Json:
        told = event(kind, tx=self.transaction, at=at, **self._token(value))
        return await self._info("TransactionEvent", told)

    async def _info(self, action: str, payload: Json) -> Json:
        answer = await self.socket.call(action, payload)
        info: Json = answer["idTagInfo" if self.version == "1.6" else "idTokenInfo"]
        return info

    def _token(self, value: str) -> Json:
        if self.version == "1.6":
            return {"idTag": value}
        return {"idToken": {"idToken": value, "type": "ISO14443"}}

    def word(self, word: str) -> str:
        """Return how a version says it."""
        return _IN_16.get(word, word) if self.version == "1.6" else word


@pytest.fixture
async def house(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return a central system that knows the holders, and leaves refused sessions alone."""
    monkeypatch.setattr(admission, "GRACE_S", 1e6)
    return await start_server(more={"authorizer": Authorizer(HOLDERS)})


async def _teller(
    house: Server,
    call_in: Dial,
    version: str,
    policies: dict[str, Any],
    identity: str = "CP1",
    decision: bool | None = None,
) -> Teller:
    station = accept(house, identity=identity, **policies)
    if decision is not None:

        def decide(_: Station, occurrence: Occurrence) -> None:
            if occurrence.kind is OccurrenceKind.AUTHORIZATION_REQUESTED:
                token = str(occurrence.data["id_token"])
                loop = asyncio.get_running_loop()
                loop.call_soon(_answer, station, token, decision)

        station.occurred.connect(decide)
    socket = await call_in(f"/{identity}", version=version, port=house.port)
    await socket.call("StatusNotification", status(version))
    return Teller(version, station, socket)


def _answer(station: Station, token: str, accepted: bool) -> None:
    station.admission.answer(token, accepted=accepted)


FREE: dict[str, Any] = {"start": StartPolicy.FREE}
REJECT: dict[str, Any] = {
    "start": StartPolicy.TOKEN,
    "unknown_tokens": UnknownTokens.REJECT,
}
ACCEPT = REJECT | {"unknown_tokens": UnknownTokens.ACCEPT}
ASK = REJECT | {"unknown_tokens": UnknownTokens.ASK}
AUTOMATION: dict[str, Any] = {"start": StartPolicy.AUTOMATION}
TABLE: list[tuple[dict[str, Any], bool | None, str, str]] = [
    (FREE, None, "ANN", "Accepted"),
    (FREE, None, "WHO", "Accepted"),
    (FREE, None, "BAD", "Blocked"),
    (FREE, None, "OLD", "Expired"),
    (FREE, None, "AWAY", "NotAtThisLocation"),
    (REJECT, None, "ANN", "Accepted"),
    (REJECT, None, "WHO", "Unknown"),
    (REJECT, None, "BAD", "Blocked"),
    (REJECT, None, "OLD", "Expired"),
    (REJECT, None, "AWAY", "NotAtThisLocation"),
    (ACCEPT, None, "WHO", "Accepted"),
    (ACCEPT, None, "BAD", "Blocked"),
    (ASK, True, "WHO", "Accepted"),
    (ASK, False, "WHO", "Invalid"),
    (ASK, True, "ANN", "Accepted"),
    (ASK, True, "BAD", "Blocked"),
    (AUTOMATION, True, "ANN", "Accepted"),
    (AUTOMATION, False, "ANN", "Invalid"),
    (AUTOMATION, True, "WHO", "Accepted"),
    (AUTOMATION, False, "WHO", "Invalid"),
    (AUTOMATION, True, "BAD", "Blocked"),
    (AUTOMATION, True, "OLD", "Expired"),
]


@pytest.mark.parametrize(("policies", "decision", "value", "expected"), TABLE)
async def test_all_answers(
    house: Server,
    call_in: Dial,
    version: str,
    policies: dict[str, Any],
    decision: bool | None,
    value: str,
    expected: str,
) -> None:
    """Authorize, the begin, an update and the end say the same of a token (C01, E01 to E07)."""
    teller = await _teller(house, call_in, version, policies, decision=decision)
    word = teller.word(expected)
    answers = [
        await teller.authorize(value),
        await teller.begin(value),
        await teller.update(value),
        await teller.end(value),
    ]
    told = [answer["status"] for answer in answers if answer is not None]
    assert told == [word] * len(told)
    last = teller.station.evses[1].last_transaction
    assert last is not None
    assert last.refused is (expected != "Accepted")


async def test_groups_are_told(house: Server, call_in: Dial, version: str) -> None:
    """Each answer names the group, by which a station lets one end what another has begun."""
    teller = await _teller(house, call_in, version, REJECT)
    for answer in (
        await teller.authorize("MATE"),
        await teller.begin("ANN"),
        await teller.end("MATE"),
    ):
        assert answer["status"] == "Accepted"
        group = answer.get("parentIdTag") or answer["groupIdToken"]["idToken"]
        assert group == "HOME"
    last = teller.station.evses[1].last_transaction
    assert last is not None
    assert (last.holder, last.id_token) == ("Ann", "ANN")


async def test_a_token_that_charges_elsewhere(
    house: Server, call_in: Dial, version: str
) -> None:
    """It may be presented, to end what it has begun, but begins nothing else (1.6 7.2, 2.x C).

    The session that was refused ends without another word of it: what runs elsewhere goes on.
    """
    first = await _teller(house, call_in, version, REJECT)
    second = await _teller(house, call_in, version, REJECT, "CP2")
    second.transaction = "T2"
    assert (await first.begin("ANN"))["status"] == "Accepted"
    assert (await second.begin("ANN"))["status"] == "ConcurrentTx"
    refused = second.station.evses[1].transaction
    assert refused is not None
    assert refused.refused
    assert (await first.authorize("ANN"))["status"] == "Accepted"
    update = await first.update("ANN")
    assert update is None or update["status"] == "Accepted"
    await second.end("ANN")
    assert (await first.end("ANN"))["status"] == "Accepted"
    assert (await second.begin("ANN", at=90))["status"] == "Accepted"
