"""How the cost of a message depends on the number of stations: they send in turn."""

from contextlib import ExitStack
from statistics import median

from .client import settle
from .lane import Lane, ratio, typical_us
from .plan import Plan, tell
from .process import ServerProcess
from .table import Row

SIZES = (1, 10, 100, 1000)
GROWTH = 0.20
_TURN = 1000
_LOGGED = 30
_SETTLED_S = 4.0

_SENDERS = 10

type Fleets = dict[int, list[Lane]]
"""The lanes by number of stations; one for each process."""


def measure_scale(plan: Plan) -> list[Row]:
    """Return what a message costs with one station and with many."""
    with ExitStack() as stack:
        fleets: dict[str, Fleets] = {}
        for name in ("echo", "csms"):
            tell(f"number of stations: connecting to {name}")
            fleets[name] = {
                size: [_lane(stack, name, size) for _ in range(plan.processes)]
                for size in SIZES
            }
        lanes = [
            lane for some in fleets.values() for each in some.values() for lane in each
        ]
        settle([station for lane in lanes for station in lane.stations], _SETTLED_S)
        for lane in lanes:
            lane.run(_TURN)
        for number in range(plan.scale_rounds):
            tell(f"number of stations: round {number + 1} of {plan.scale_rounds}")
            for lane in lanes:
                lane.measure(_TURN)
        rows = _rows(fleets["echo"], fleets["csms"])
        if plan.details:
            rows.append(_few_senders(fleets["csms"], plan))
            rows.append(_memory(fleets["csms"]))
    return rows


def _lane(stack: ExitStack, name: str, size: int) -> Lane:
    """Start a server, and have its stations charge."""
    lane = Lane(stack.enter_context(ServerProcess(name)), in_flight=1)
    identities = [f"BENCH-{number}" for number in range(size)]
    if name == "csms":
        lane.server.ask("expect", identities)
    lane.connect(stack, identities)
    return lane


def _rows(echo: Fleets, csms: Fleets) -> list[Row]:
    sizes = " / ".join(f"{size:,}" for size in SIZES)
    growth = _growth(csms)
    relative = [ratio(csms[size], echo[size]) for size in SIZES]
    return [
        Row(
            f"csms alone, {sizes} stations",
            _figure(csms),
            f"<= {GROWTH:+.0%}",
            growth <= GROWTH,
        ),
        Row("... echo with as many", _figure(echo)),
        Row(
            "... csms relative to echo",
            f"{' / '.join(f'{times:.1f}' for times in relative)} x echo "
            f"({relative[-1] / relative[0] - 1:+.0%})",
        ),
    ]


def _figure(fleets: Fleets) -> str:
    costs = " / ".join(f"{typical_us(fleets[size]):.0f}" for size in SIZES)
    return f"{costs} µs ({_growth(fleets):+.0%})"


def _growth(fleets: Fleets) -> float:
    """Return how much more a message costs with most stations than with one."""
    return ratio(fleets[SIZES[-1]], fleets[SIZES[0]]) - 1


def _few_senders(fleets: Fleets, plan: Plan) -> Row:
    """Measure the same few stations beside more and more that are merely connected."""
    sizes = [size for size in SIZES if size >= _SENDERS]
    costs_us: dict[int, list[float]] = {size: [] for size in sizes}
    for number in range(plan.scale_rounds):
        tell(f"number of stations: few send, {number + 1} of {plan.scale_rounds}")
        for size in sizes:
            costs_us[size] += [lane.run(_TURN, _SENDERS) for lane in fleets[size]]
    growth = median(
        most / few
        for few, most in zip(costs_us[sizes[0]], costs_us[sizes[-1]], strict=True)
    )
    costs = " / ".join(f"{median(costs_us[size]):.0f}" for size in sizes)
    return Row(
        f"... {_SENDERS} send of {' / '.join(f'{size:,}' for size in sizes)} connected",
        f"{costs} µs ({growth - 1:+.0%})",
    )


def _memory(fleets: Fleets) -> Row:
    """Measure the memory of stations that have sent until their frame logs are full."""
    tell("number of stations: filling the frame logs")
    one, most = (fleets[size][0] for size in (SIZES[0], SIZES[-1]))
    for lane in (one, most):
        lane.send(_LOGGED)
    more_kib = most.server.rss_kib() - one.server.rss_kib()
    each_kib = more_kib / (len(most.stations) - len(one.stations))
    return Row("Memory per charging station, csms alone", f"{each_kib:.0f} KiB")
