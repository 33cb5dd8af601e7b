"""Stations at one server process, and what their messages cost there."""

from contextlib import ExitStack
from itertools import batched
from statistics import median

from .client import Station, settle
from .messages import METER_VALUES_16, Kind
from .process import ServerProcess

_WARMERS = 10
_WARM_UP = 100

type _Groups = list[tuple[tuple[Station, bytes], ...]]


class Lane:
    """A server process, and stations that send it one kind of message.

    They go in turn, `in_flight` of them at once; each waits for its answer. More at once
    give steadier figures: the server is not put to sleep and woken for each message.
    """

    def __init__(
        self,
        server: ServerProcess,
        kind: Kind = METER_VALUES_16,
        *,
        in_flight: int,
    ) -> None:
        """Begin without stations."""
        self.server = server
        self.kind = kind
        self.in_flight = in_flight
        self.stations: list[Station] = []
        self.cost_us: list[float] = []

    def connect(self, stack: ExitStack, identities: list[str]) -> None:
        """Have more stations connect, boot and start to charge."""
        for identity in identities:
            station = Station(self.server.port, identity, self.kind.version)
            stack.callback(station.close)
            station.boot()
            station.charge()
            self.stations.append(station)

    def run(self, messages: int, senders: int | None = None) -> float:
        """Send messages, at least one per station, and return the CPU time of each in µs.

        With `senders` only so many of the stations send; the others are merely there.
        """
        sending = self.stations[:senders]
        rounds = max(1, messages // len(sending))
        settle(self.stations, 0)
        # What ran before on this core has left its own in the caches.
        self._send(self._groups(sending[:_WARMERS], _WARM_UP // _WARMERS))
        groups = self._groups(sending, rounds)
        before = self.server.cpu_s()
        self._send(groups)
        cpu_s = self.server.cpu_s() - before
        return cpu_s / rounds / len(sending) * 1e6

    def _groups(self, stations: list[Station], rounds: int) -> _Groups:
        """Return what is sent at once, group by group."""
        frames = (
            (station, station.frame(self.kind))
            for _ in range(rounds)
            for station in stations
        )
        return list(batched(frames, self.in_flight, strict=False))

    def _send(self, groups: _Groups) -> None:
        for group in groups:
            for station, frame in group:
                station.send(frame)
            for station, _ in group:
                station.await_answer()

    def send(self, rounds: int) -> int:
        """Send messages without measuring, and return how many."""
        self._send(self._groups(self.stations, rounds))
        return rounds * len(self.stations)

    def measure(self, messages: int) -> None:
        """Note what messages cost."""
        self.cost_us.append(self.run(messages))


def typical_us(lanes: list[Lane]) -> float:
    """Return what a message costs, over all turns of some processes alike."""
    return median(cost for lane in lanes for cost in lane.cost_us)


def ratio(lanes: list[Lane], baseline: list[Lane]) -> float:
    """Return how many times the baseline's messages cost: turn by turn, process by process."""
    return median(
        mine / other
        for lane, base in zip(lanes, baseline, strict=True)
        for mine, other in zip(lane.cost_us, base.cost_us, strict=True)
    )
