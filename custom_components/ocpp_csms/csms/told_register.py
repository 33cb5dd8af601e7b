"""The registers that messages of a transaction tell, of its own or among their samples."""

from .model.events import TransactionReported
from .model.meter import REGISTER, Context, Samples


def start_register(event: TransactionReported) -> float | None:
    """Return the register that a start tells, of its own or among its samples."""
    if event.meter_wh is not None:
        return event.meter_wh
    return begin_register(event.samples)


def stop_register(event: TransactionReported) -> float | None:
    """Return the register that an end tells, of its own or among its samples."""
    if event.meter_wh is not None:
        return event.meter_wh
    return end_register(event.samples)


def begin_register(samples: tuple[Samples, ...]) -> float | None:
    """Return the register at the begin of a transaction: the one marked so, else the first."""
    marked = marked_register(samples, Context.TRANSACTION_BEGIN)
    values = [s for moment in samples for s in moment.values if s.channel == REGISTER]
    return next((s.value for s in values), None) if marked is None else marked


def marked_register(samples: tuple[Samples, ...], context: Context) -> float | None:
    """Return the first register that bears a mark."""
    values = [s for moment in samples for s in moment.values if s.channel == REGISTER]
    return next((s.value for s in values if s.context is context), None)


def end_register(samples: tuple[Samples, ...]) -> float | None:
    """Return the register at the end of a transaction: the one marked so, else the highest."""
    values = [s for moment in samples for s in moment.values if s.channel == REGISTER]
    marked = [s.value for s in values if s.context is Context.TRANSACTION_END]
    others = [s.value for s in values if s.context is not Context.TRANSACTION_BEGIN]
    return max(marked or others, default=None)
