"""What the station wants to tell: a queue, of which a part survives a lost connection."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from .frames import ConnectionLost, Json

type Kind = Literal["normal", "boot", "triggered"]
type Registration = Literal["None", "Pending", "Rejected", "Accepted"]

_ALLOWED: dict[Registration, set[Kind]] = {
    "None": {"boot"},
    "Pending": {"boot", "triggered"},
    "Rejected": {"boot"},
    "Accepted": {"normal", "boot", "triggered"},
}


@dataclass(eq=False)
class Outgoing:
    """A request that waits to be sent."""

    action: str
    payload: Json | Callable[[], Json | None]
    keep: bool = False
    kind: Kind = "normal"
    on_answer: Callable[[Json], None] | None = None
    attempts: int = 0
    message_id: str | None = None
    unchecked: bool = False
    answer: asyncio.Future[Json] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def content(self) -> Json | None:
        """Return the payload; None when it cannot be made."""
        return self.payload() if callable(self.payload) else self.payload

    def succeed(self, answer: Json) -> None:
        """Deliver the answer."""
        if not self.answer.done():
            self.answer.set_result(answer)
        if self.on_answer is not None:
            self.on_answer(answer)

    def fail(self, error: Exception) -> None:
        """Deliver an error; nobody need be listening."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()


class Outbox:
    """The queue of one station, in the order in which things happened."""

    def __init__(self) -> None:
        """Start empty."""
        self.items: list[Outgoing] = []
        self.changed = asyncio.Event()
        self.removed = asyncio.Event()
        self.paused = False
        """Whether the messages that are kept wait for another attempt."""

    def put(self, *items: Outgoing, first: bool = False) -> None:
        """Queue requests, in front of all others or behind them."""
        place = 0 if first else len(self.items)
        self.items[place:place] = items
        self.changed.set()

    def take(self, registration: Registration) -> Outgoing | None:
        """Return the first request that may be sent now, without removing it."""
        allowed = _ALLOWED[registration]
        return next(
            (
                item
                for item in self.items
                if item.kind in allowed and not (item.keep and self.paused)
            ),
            None,
        )

    def remove(self, item: Outgoing) -> None:
        """Take a request out."""
        if item in self.items:
            self.items.remove(item)
        self.removed.set()

    def drop_transient(self) -> None:
        """Forget what does not survive a lost connection."""
        for item in self.items:
            if not item.keep:
                item.fail(ConnectionLost("the connection was lost"))
        self.items = [item for item in self.items if item.keep]
        self.removed.set()

    def close(self) -> None:
        """Forget everything."""
        for item in self.items:
            item.fail(ConnectionLost("the station stopped"))
        self.items.clear()
