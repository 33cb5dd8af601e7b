"""What stations are answered."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.model.id_token import (
    IdToken,
    IdTokenInfo,
    IdTokenStatus,
)
from custom_components.ocpp_csms.csms.model.replies import (
    ACKNOWLEDGED,
    BootReply,
    DataTransferReply,
    HeartbeatReply,
    TokenReply,
    TransactionReply,
)
from custom_components.ocpp_csms.csms.model.station import RegistrationStatus

from .support import NOW, V2X, dialect, schemas

REPLIES: list[tuple[tuple[str, ...], str, Any]] = [
    *(
        (("1.6", *V2X), "BootNotification", BootReply(word, NOW, 300))
        for word in RegistrationStatus
    ),
    (("1.6", *V2X), "Heartbeat", HeartbeatReply(NOW)),
    *(
        (("1.6", *V2X), "Authorize", TokenReply(IdTokenInfo(word)))
        for word in IdTokenStatus
    ),
    (
        ("1.6", *V2X),
        "Authorize",
        TokenReply(IdTokenInfo(expires_at=NOW, parent=IdToken("P"))),
    ),
    (("1.6",), "StartTransaction", TransactionReply("7")),
    (("1.6",), "StopTransaction", TransactionReply("7")),
    (("1.6",), "StopTransaction", TransactionReply("7", IdTokenInfo())),
    (V2X, "TransactionEvent", TransactionReply("a")),
    (V2X, "TransactionEvent", TransactionReply("a", IdTokenInfo())),
    (("1.6", *V2X), "DataTransfer", DataTransferReply("UnknownVendorId")),
    (("1.6", *V2X), "DataTransfer", DataTransferReply("Accepted", "d")),
    (("1.6", *V2X), "StatusNotification", ACKNOWLEDGED),
    (("1.6", *V2X), "MeterValues", ACKNOWLEDGED),
    (V2X, "NotifyReport", ACKNOWLEDGED),
    (V2X, "NotifyEvent", ACKNOWLEDGED),
]


@pytest.mark.parametrize(
    ("version", "action", "reply"),
    [
        (version, action, reply)
        for versions, action, reply in REPLIES
        for version in versions
    ],
)
def test_reply_is_valid(version: str, action: str, reply: Any) -> None:
    """Every reply fits its schema."""
    payload = dialect(version).encode_reply(action, reply)
    schemas(version).check_response(action, payload)


@pytest.mark.parametrize(
    ("word", "word_16"),
    [("NoCredit", "Invalid"), ("Blocked", "Blocked"), ("Unknown", "Invalid")],
)
def test_words_that_16_lacks(word: str, word_16: str) -> None:
    """1.6: a status that it does not know is Invalid."""
    reply = TokenReply(IdTokenInfo(IdTokenStatus(word)))
    payload = dialect("1.6").encode_reply("Authorize", reply)
    assert payload["idTagInfo"]["status"] == word_16
