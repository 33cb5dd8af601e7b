"""CPU time per message: the echo, the central system alone, and all of Home Assistant."""

from contextlib import ExitStack
from dataclasses import dataclass, field
import time

from .client import settle
from .home import home_assistant
from .lane import Lane, ratio, typical_us
from .messages import KINDS, METER_VALUES_16, Kind
from .plan import Plan, tell
from .process import ServerProcess
from .table import Row

CSMS_RATIO = 3.0
HOME_RATIO = 6.0
HOME_US = 500.0
STATIONS = 10
"""As many report at once, as happens where their clocks agree."""
WARM_UP = 500
SETTLED_S = 3.5
_RECORDED = 3000
_COMMITTED_S = 7.0
_COUNTED = 10


@dataclass
class Track:
    """The lanes of one kind of message, by server; one for each process."""

    kind: Kind
    in_flight: int = STATIONS
    echo: list[Lane] = field(default_factory=list)
    csms: list[Lane] = field(default_factory=list)
    home: list[Lane] = field(default_factory=list)

    @property
    def lanes(self) -> list[Lane]:
        """All lanes."""
        return [*self.echo, *self.csms, *self.home]

    @property
    def name(self) -> str:
        """What sends what."""
        many = f"{self.in_flight} stations" if self.in_flight > 1 else "1 station"
        return f"{self.kind.name}, {many}"


def measure_cost(plan: Plan) -> list[Row]:
    """Return what a message with eight sampled values costs."""
    many, single = Track(METER_VALUES_16), Track(METER_VALUES_16, in_flight=1)
    others = [Track(kind) for kind in KINDS[1:]] if plan.details else []
    with ExitStack() as stack:
        for number in range(plan.processes):
            tell(
                f"cost per message: starting servers, {number + 1} of {plan.processes}"
            )
            tracks = [many, *others] if number == 0 else [many]
            _add_processes(stack, tracks, single)
        tracks = [many, single, *others]
        lanes = [lane for track in tracks for lane in track.lanes]
        settle([station for lane in lanes for station in lane.stations], SETTLED_S)
        tell("cost per message: warming up")
        for lane in lanes:
            lane.run(WARM_UP)
        for number in range(plan.rounds):
            tell(f"cost per message: round {number + 1} of {plan.rounds}")
            for lane in lanes:
                lane.measure(plan.messages)
        _check(tracks)
        writes = _writes(many.home[0])
    rows = [*_rows(many), *_rows(single), Row("... states per message", writes)]
    if plan.details:
        rows.append(_with_recorder())
    return rows + [
        Row(f"csms alone, {track.name}", _figure(track.csms, track.echo))
        for track in others
    ]


def _add_processes(stack: ExitStack, tracks: list[Track], single: Track) -> None:
    """Start one process of each server, with some stations for each kind of message.

    A station that is alone gets an echo and a central system of its own. In Home
    Assistant it is one of the others.
    """
    echo = stack.enter_context(ServerProcess("echo"))
    csms = stack.enter_context(ServerProcess("csms"))
    home = stack.enter_context(home_assistant(_identities(METER_VALUES_16)))
    for track in tracks:
        names = _identities(track.kind)
        track.echo.append(_lane(stack, echo, track, names))
        track.csms.append(_lane(stack, csms, track, names))
        if track.kind is METER_VALUES_16:
            track.home.append(_lane(stack, home, track, names))
    names = _identities(single.kind)[:1]
    for name, lanes in (("echo", single.echo), ("csms", single.csms)):
        server = stack.enter_context(ServerProcess(name))
        lanes.append(_lane(stack, server, single, names))
    lane = Lane(home, single.kind, in_flight=single.in_flight)
    lane.stations = tracks[0].home[-1].stations[:1]
    single.home.append(lane)


def _lane(
    stack: ExitStack,
    server: ServerProcess,
    track: Track,
    identities: list[str],
) -> Lane:
    if server.name == "csms":
        server.ask("expect", identities)
    lane = Lane(server, track.kind, in_flight=track.in_flight)
    lane.connect(stack, identities)
    return lane


def _identities(kind: Kind) -> list[str]:
    name = kind.name.replace(" ", "-")
    return [f"{name}-{number}" for number in range(STATIONS)]


def _check(tracks: list[Track]) -> None:
    """Fail unless the central systems have used every value."""
    for track in tracks:
        for lane in track.csms:
            names = _identities(track.kind)[: len(lane.stations)]
            lane.server.ask("check", names)


def _writes(home: Lane) -> str:
    """Return how many states a message writes, and of how many entities."""
    home.server.ask("count")
    messages = home.send(_COUNTED)
    written, changed = home.server.ask("counted")
    entities = home.server.ask("entities", _identities(home.kind)[0])
    return (
        f"{written / messages:.1f} writes, {changed / messages:.1f} of them changes "
        f"({entities} entities)"
    )


def _figure(lanes: list[Lane], echo: list[Lane]) -> str:
    return f"{ratio(lanes, echo):.1f} x echo ({typical_us(lanes):.0f} µs)"


def _rows(track: Track) -> list[Row]:
    csms_ratio, home_ratio = (
        ratio(lanes, track.echo) for lanes in (track.csms, track.home)
    )
    return [
        Row(f"Echo baseline, {track.name}", f"{typical_us(track.echo):.0f} µs"),
        Row(
            f"csms alone, {track.name}",
            _figure(track.csms, track.echo),
            f"<= {CSMS_RATIO:.0f} x echo",
            csms_ratio <= CSMS_RATIO,
        ),
        Row(
            f"Home Assistant, {track.name}",
            _figure(track.home, track.echo),
            f"<= {HOME_RATIO:.0f} x echo, < {HOME_US:.0f} µs",
            home_ratio <= HOME_RATIO and typical_us(track.home) < HOME_US,
        ),
    ]


def _with_recorder() -> Row:
    """Measure the same with Home Assistant's recorder, which writes later, in a thread."""
    tell("cost per message: with the recorder")
    identities = _identities(METER_VALUES_16)
    with ExitStack() as stack:
        home = stack.enter_context(home_assistant(identities, recorder=True))
        lane = Lane(home, in_flight=STATIONS)
        lane.connect(stack, identities)
        settle(lane.stations, SETTLED_S)
        lane.run(WARM_UP)
        time.sleep(_COMMITTED_S)
        before = home.cpu_s()
        lane.run(_RECORDED)
        time.sleep(_COMMITTED_S)
        cost_us = (home.cpu_s() - before) / _RECORDED * 1e6
    return Row(
        f"Home Assistant with recorder, {STATIONS} stations", f"{cost_us:.0f} µs"
    )
