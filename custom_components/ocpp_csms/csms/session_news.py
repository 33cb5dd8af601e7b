"""What listeners are told of tokens and transactions, in the order in which it happens."""

from typing import TYPE_CHECKING

from .model.id_token import IdToken, IdTokenInfo
from .model.transaction import Transaction
from .occurrences import Occurrence, OccurrenceKind

if TYPE_CHECKING:
    from .station import Station


def tell_token(
    station: Station, evse_id: int, token: IdToken, info: IdTokenInfo | None
) -> None:
    """Tell of a token, which may still wait for a decision."""
    data = {
        "id_token": token.value,
        "status": info.status.value if info else None,
        "evse_id": evse_id or None,
        **station.admission.known(token),
    }
    kind = OccurrenceKind.ID_TOKEN_PRESENTED
    station.tell(Occurrence(kind, evse_id, data))


def tell_started(
    station: Station, transaction: Transaction, info: IdTokenInfo | None = None
) -> None:
    """Tell of a new transaction, or of one that is heard of for the first time."""
    holder = station.admission.holder(transaction.id_token)
    data = {
        "transaction_id": transaction.id,
        "id_token": transaction.id_token,
        "holder": holder.name if holder else None,
        "id_token_status": info.status.value if info else None,
        "meter_start_wh": transaction.meter_start_wh,
        "started_at": transaction.started_at.isoformat(),
        "resumed": transaction.resumed,
    }
    kind = OccurrenceKind.TRANSACTION_STARTED
    station.tell(Occurrence(kind, transaction.evse_id, data))


def tell_ended(station: Station, transaction: Transaction) -> None:
    """Tell of the end of a transaction."""
    data = {
        "transaction_id": transaction.id,
        "id_token": transaction.id_token,
        "holder": transaction.holder,
        "energy_wh": transaction.energy_wh,
        "started_at": transaction.started_at.isoformat(),
        "ended_at": transaction.ended_at.isoformat() if transaction.ended_at else None,
        "reason": transaction.stop_reason,
    }
    kind = OccurrenceKind.TRANSACTION_ENDED
    station.tell(Occurrence(kind, transaction.evse_id, data))
