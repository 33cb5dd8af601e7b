"""How thoroughly is measured."""

from dataclasses import dataclass
import sys


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Numbers of repetitions."""

    processes: int
    """How many of each server: a process is faster or slower by its luck with memory."""
    rounds: int
    """How often the servers take turns."""
    messages: int
    """How many messages each sends in a turn."""
    scale_rounds: int
    boots: int
    """How many times a Home Assistant is booted to set up the integration in it."""
    details: bool
    """Whether to measure also what has no target."""


FULL = Plan(processes=3, rounds=9, messages=400, scale_rounds=5, boots=4, details=True)
QUICK = Plan(
    processes=1, rounds=9, messages=200, scale_rounds=3, boots=1, details=False
)


def tell(text: str) -> None:
    """Say what is going on, beside the table."""
    print(f"... {text}", file=sys.stderr, flush=True)
