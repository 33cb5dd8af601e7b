"""The meter of one EVSE: newest value of each channel, derived totals, guarded registers."""

from datetime import datetime, timedelta
from math import sqrt

from .model.meter import (
    CURRENT,
    LINE_PAIRS,
    LINES,
    POWER,
    REGISTER,
    VOLTAGE,
    Channel,
    Context,
    Measurand,
    Phase,
    Reading,
    Sample,
    Samples,
)
from .quirks import Quirks
from .register import Register

FLOWS = (
    Measurand.POWER_ACTIVE_IMPORT,
    Measurand.CURRENT_IMPORT,
    Measurand.POWER_ACTIVE_EXPORT,
    Measurand.CURRENT_EXPORT,
    Measurand.POWER_REACTIVE_IMPORT,
    Measurand.POWER_REACTIVE_EXPORT,
)
"""What is 0 while nothing flows."""
_REGISTERS = frozenset(
    measurand
    for measurand in Measurand
    if measurand.endswith(".Register") and "LocalGeneration" not in measurand
)
_RANKS = dict.fromkeys(Context, 1) | {
    Context.TRANSACTION_BEGIN: 0,
    Context.SAMPLE_CLOCK: 2,
    Context.SAMPLE_PERIODIC: 3,
    Context.TRANSACTION_END: 4,
}
_FUTURE = timedelta(minutes=1)
_STALE_FOR = timedelta(minutes=10)


def _lines(total: Channel) -> tuple[Channel, ...]:
    return tuple(Channel(total.measurand, line, total.location) for line in LINES)


_POWER_LINES = _lines(POWER)
_REGISTER_LINES = _lines(REGISTER)
_CURRENT_LINES = _lines(CURRENT)
_CURRENT_NEUTRAL = Channel(Measurand.CURRENT_IMPORT, Phase.N)
_VOLTAGE_LINES = _lines(VOLTAGE)
_VOLTAGE_PAIRS = tuple(Channel(Measurand.VOLTAGE, pair) for pair in LINE_PAIRS)


class Meter:
    """Readings of an EVSE by channel.

    The total of power and energy is the sum of the phases, that of current the highest
    phase (what a limit is about), that of voltage the mean, wherever the station sends
    no total; such a reading is marked as derived.
    """

    __slots__ = (
        "_newest",
        "_stale_since",
        "dropped",
        "readings",
        "registers",
        "stale",
    )

    def __init__(self) -> None:
        """Start without readings."""
        self.readings: dict[Channel, Reading] = {}
        self.registers: dict[Channel, Register] = {REGISTER: Register()}
        self.dropped = 0
        self.stale = 0
        self._newest: datetime | None = None
        self._stale_since: datetime | None = None

    @property
    def register(self) -> Register:
        """The register of imported active energy."""
        return self.registers[REGISTER]

    @property
    def newest(self) -> datetime | None:
        """When what it shows was measured."""
        return self._newest

    @property
    def quarantined(self) -> int:
        """How many register values were held back."""
        return sum(register.quarantined for register in self.registers.values())

    def value(self, channel: Channel) -> float | None:
        """Return the newest value of a channel."""
        reading = self.readings.get(channel)
        return reading.value if reading else None

    def take(
        self,
        samples: tuple[Samples, ...],
        now: datetime,
        quirks: Quirks,
        session_start: datetime | None = None,
    ) -> list[Channel]:
        """Take the samples of a message and return the channels whose value changed."""
        changed: list[Channel] = []
        for moment in samples:
            self.dropped += moment.dropped
            at = moment.at or now
            if self._is_stale(at, now):
                continue
            self._newest = at
            values = _choose(moment.values)
            derived = _derive_totals(values, quirks)
            for channel, value in values.items():
                self._put(channel, value, at, session_start, changed)
            for channel, value in derived.items():
                self._put(channel, value, at, session_start, changed, derived=True)
        return changed

    def _is_stale(self, at: datetime, now: datetime) -> bool:
        """Return whether values are older than the newest, as out of a queue.

        Where that goes on the clock of the station was set back: then they are taken.
        """
        newest = self._newest
        if newest is None or not at < newest <= now + _FUTURE:
            self._stale_since = None
            return False
        self.stale += 1
        self._stale_since = self._stale_since or now
        return now - self._stale_since < _STALE_FOR

    def forget_time(self) -> None:
        """Take values of any time again: the station has booted, maybe with another clock."""
        self._newest = None

    def _put(
        self,
        channel: Channel,
        value: float,
        at: datetime,
        session_start: datetime | None,
        changed: list[Channel],
        *,
        derived: bool = False,
    ) -> None:
        if channel.measurand in _REGISTERS:
            register = self.registers.get(channel)
            if register is None:
                register = self.registers[channel] = Register()
            lifetime = register.take(value, at, session_start)
            if lifetime is None:
                return
            value = lifetime
        known = self.readings.get(channel)
        self.readings[channel] = Reading(value, at, derived)
        if known is None or known.value != value:
            changed.append(channel)

    def take_register(
        self, value_wh: float, at: datetime, session_start: datetime | None
    ) -> list[Channel]:
        """Take a register value that came with the start or end of a transaction."""
        changed: list[Channel] = []
        self._put(REGISTER, value_wh, at, session_start, changed)
        return changed

    def forget_flow(self) -> list[Channel]:
        """Forget power and current, which are of no value after a long silence."""
        flows = [c for c in self.readings if c.measurand in FLOWS]
        for channel in flows:
            del self.readings[channel]
        return flows

    def show_registers(self) -> list[Channel]:
        """Show registers that were kept over a crash, as nothing newer is going to come."""
        hidden = [channel for channel in self.registers if channel not in self.readings]
        shown: list[Channel] = []
        for channel in hidden:
            register = self.registers[channel]
            if register.lifetime_wh is not None and register.at is not None:
                self.readings[channel] = Reading(register.lifetime_wh, register.at)
                shown.append(channel)
        return shown

    def stop_flow(self, now: datetime) -> list[Channel]:
        """Set power and current to 0: nothing flows, and some stations never say so."""
        changed = []
        for channel, reading in self.readings.items():
            if channel.measurand in FLOWS and reading.value != 0:
                self.readings[channel] = Reading(0.0, now, derived=True)
                changed.append(channel)
        return changed


def totals_of(moment: Samples, quirks: Quirks) -> dict[Channel, float]:
    """Return the values of one moment, with the totals that the station left out."""
    values = _choose(moment.values)
    return _derive_totals(values, quirks) | values


def _choose(values: tuple[Sample, ...]) -> dict[Channel, float]:
    """Return one value per channel: that of the best context, the last among equals.

    A value of a transaction's begin, repeated beside a newer one, is never chosen.
    """
    chosen: dict[Channel, float] = {}
    ranks: dict[Channel, int] = {}
    for channel, value, context in values:
        rank = _RANKS[context]
        if rank >= ranks.get(channel, 0):
            ranks[channel] = rank
            chosen[channel] = value
    return chosen


def _derive_totals(
    values: dict[Channel, float], quirks: Quirks
) -> dict[Channel, float]:
    """Return the totals that the station left out, from its phases."""
    derived: dict[Channel, float] = {}
    if POWER not in values and (parts := _parts(values, _POWER_LINES)):
        derived[POWER] = sum(parts)
    if REGISTER not in values and (parts := _parts(values, _REGISTER_LINES)):
        derived[REGISTER] = sum(parts)
    if CURRENT not in values:
        if parts := _parts(values, _CURRENT_LINES):
            derived[CURRENT] = max(parts)
        elif (neutral := values.get(_CURRENT_NEUTRAL)) is not None:
            derived[CURRENT] = neutral
    if VOLTAGE not in values:
        if parts := _parts(values, _VOLTAGE_LINES):
            derived[VOLTAGE] = float(round(sum(parts) / len(parts)))
        elif parts := _parts(values, _VOLTAGE_PAIRS):
            derived[VOLTAGE] = float(round(sum(parts) / len(parts) / sqrt(3)))
    if quirks.power_from_current and not values.get(POWER):
        power = _apparent_power(values)
        if power is not None:
            values.pop(POWER, None)
            derived[POWER] = power
    return derived


def _parts(values: dict[Channel, float], channels: tuple[Channel, ...]) -> list[float]:
    return [values[channel] for channel in channels if channel in values]


def _apparent_power(values: dict[Channel, float]) -> float | None:
    """Return the power that the phases' voltages and currents make, in VA."""
    volt = values.get(VOLTAGE)
    products = [
        values[current] * volts
        for current, voltage in zip(_CURRENT_LINES, _VOLTAGE_LINES, strict=True)
        if current in values and (volts := values.get(voltage, volt)) is not None
    ]
    return round(sum(products), 1) if products else None
