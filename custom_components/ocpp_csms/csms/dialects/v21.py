"""OCPP 2.1: the messages of 2.0.1 and what it changes of them."""

from dataclasses import replace

from ..model.commands import SetChargingProfile
from ..model.replies import TransactionReply
from ..model.version import OcppVersion
from . import v201
from .base import Inbound, Outbound, Payload, done, without_none
from .v201.inbound import transaction_reply, transaction_reported
from .v201.outbound import set_profile


def _limited_reply(reply: TransactionReply) -> Payload:
    """Return a TransactionEventResponse, with how far the transaction may go."""
    limit = reply.limit
    if limit is None:
        return transaction_reply(reply)
    told = without_none(
        maxEnergy=limit.most_wh,
        maxTime=int(limit.most_time.total_seconds()) if limit.most_time else None,
    )
    return transaction_reply(reply) | {"transactionLimit": told}


DIALECT = replace(
    v201.DIALECT,
    version=OcppVersion.V21,
    max_token_length=255,
    inbound=v201.DIALECT.inbound
    | {"TransactionEvent": Inbound(transaction_reported, _limited_reply)},
    outbound=v201.DIALECT.outbound
    | {
        SetChargingProfile: Outbound(
            "SetChargingProfile", set_profile, done("Accepted")
        )
    },
)
