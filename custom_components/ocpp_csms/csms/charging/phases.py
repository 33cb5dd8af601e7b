"""On how many phases to charge with the sun: fewer when there is little, more when there is much.

Relays wear out, and cars dislike it: a switch has to be worth it for a while, comes some
time after the last one at the earliest, and only so often in a session.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf

from .ability import ALL_PHASES, PhaseAbility
from .errors import ChargingError
from .figures import is_count, is_figure, is_limit
from .times import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseConfig:
    """When phases are switched. Currents in A per phase."""

    min_a: float = 6.0
    max_a: float = 16.0
    voltage_v: float = 230.0
    up_delay: timedelta = timedelta(seconds=60)
    down_delay: timedelta = timedelta(seconds=180)
    dwell: timedelta = timedelta(minutes=10)
    """How long a number of phases stays at least."""
    max_switches: int | None = 10
    """How many switches a session may have; None is any number."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        values = (self.min_a, self.max_a, self.voltage_v)
        if not all(is_figure(value) and value > 0 for value in values):
            raise ChargingError("charger_not_a_number", str(values))
        if self.min_a > self.max_a:
            raise ChargingError("minimum_above_maximum", f"{self.min_a} > {self.max_a}")
        if min(self.up_delay, self.down_delay, self.dwell) < timedelta():
            raise ChargingError("delay_negative")
        most = self.max_switches
        if most is not None and not is_count(most):
            raise ChargingError("switches_negative", str(self.max_switches))


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseObservation:
    """What is measured at a moment, in W; import is positive.

    `site_w` is what is missing (positive) or left (negative), `charge_w` what the car draws.
    `circuit_a` and `circuit_w` are what its circuits allow, per phase and in total.
    """

    now: datetime
    site_w: float
    charge_w: float = 0.0
    charging: bool = True
    enabled: bool = True
    """Whether the car may charge at present."""
    circuit_a: float = inf
    circuit_w: float = inf

    def __post_init__(self) -> None:
        """Refuse what cannot have been measured; bring the time to UTC."""
        object.__setattr__(self, "now", utc(self.now))
        if not (is_figure(self.site_w) and is_figure(self.charge_w)):
            raise ChargingError("measurement_not_a_number")
        if not (is_limit(self.circuit_a) and is_limit(self.circuit_w)):
            raise ChargingError("circuit_not_a_number")

    @property
    def available_w(self) -> float:
        """How much the car could draw with nothing missing and no circuit overloaded."""
        return max(0.0, min(self.charge_w - self.site_w, self.circuit_w))


class PhaseReason(StrEnum):
    """Why phases are what they are; keys for translation."""

    FITTING = "fitting"
    """The present number suits."""
    FEWER = "fewer"
    """Too little for so many phases; fewer when that has lasted for the delay."""
    MORE = "more"
    """Enough for more phases; more when that has lasted for the delay."""
    DWELLING = "dwelling"
    """Another number would suit better, but the last switch was just now."""
    WORN = "worn"
    """Another number would suit better, but there were enough switches."""
    CONTRADICTORY = "contradictory"
    """More phases flow than the charger says that it gives: better left alone."""


@dataclass(frozen=True, slots=True)
class PhaseChoice:
    """What to do: `switch_to` is a number of phases, None leaves them as they are.

    `until` is when the reason ends if nothing changes. `freed_w` is what the minimum
    current needs less on the phases that are being waited for; once they are switched to,
    it shows by itself.
    """

    reason: PhaseReason
    switch_to: int | None = None
    until: datetime | None = None
    freed_w: float = 0.0


@dataclass(frozen=True, slots=True)
class PhaseState:
    """What is remembered between two steps: since when another number would suit."""

    wanted: int | None = None
    since: datetime | None = None
    switched_at: datetime | None = None
    switches: int = 0

    def not_after(self, now: datetime) -> PhaseState:
        """Return the state without times in the future, after a clock went back."""
        since = min(self.since, now) if self.since else None
        switched_at = min(self.switched_at, now) if self.switched_at else None
        return replace(self, since=since, switched_at=switched_at)

    def new_session(self) -> PhaseState:
        """Return the state for another session: relays are counted per session."""
        return replace(self, wanted=None, since=None, switches=0)


def step(
    state: PhaseState,
    seen: PhaseObservation,
    ability: PhaseAbility,
    config: PhaseConfig,
) -> tuple[PhaseState, PhaseChoice]:
    """Return what to remember, and whether to switch now.

    A switch that the charger refuses counts as well: the next try is after the dwell time.
    """
    state = state.not_after(seen.now)
    if not ability.switchable:
        return replace(state, wanted=None, since=None), PhaseChoice(PhaseReason.FITTING)
    if ability.contradictory:
        state = replace(state, wanted=None, since=None)
        return state, PhaseChoice(PhaseReason.CONTRADICTORY)
    wanted = _wanted(seen, ability, config)
    if wanted is None:
        return replace(state, wanted=None, since=None), PhaseChoice(PhaseReason.FITTING)
    return _wait_or_switch(state, seen, ability, config, wanted)


def _wanted(
    seen: PhaseObservation, ability: PhaseAbility, config: PhaseConfig
) -> int | None:
    """Return the number of phases that would suit better, None if none would."""
    active, most = ability.active, ability.most
    minimum_w = config.voltage_v * config.min_a
    missing = seen.site_w > 0 or seen.circuit_w < minimum_w * active
    may_fall = active > 1 and ability.configured != ALL_PHASES
    if (
        may_fall
        and (missing or not seen.enabled)
        and seen.available_w < minimum_w * active
    ):
        return 1
    most_a = min(config.max_a, seen.circuit_a)
    connected = ability.connected or 0
    enough = (
        most > 1
        and connected < most
        and most_a >= config.min_a
        and seen.available_w > config.voltage_v * most_a
        and seen.available_w >= minimum_w * most
    )
    return ALL_PHASES if enough else None


def _wait_or_switch(
    state: PhaseState,
    seen: PhaseObservation,
    ability: PhaseAbility,
    config: PhaseConfig,
    wanted: int,
) -> tuple[PhaseState, PhaseChoice]:
    fewer = wanted < ability.active
    freed_w = 0.0
    if fewer:
        freed_w = config.voltage_v * config.min_a * (ability.active - wanted)
    since = state.since if state.wanted == wanted and state.since else seen.now
    state = replace(state, wanted=wanted, since=since)
    if config.max_switches is not None and state.switches >= config.max_switches:
        return state, PhaseChoice(PhaseReason.WORN)
    delay = config.down_delay if fewer else config.up_delay
    begin = since + delay if seen.charging else seen.now
    free = begin if state.switched_at is None else state.switched_at + config.dwell
    reason = PhaseReason.FEWER if fewer else PhaseReason.MORE
    if seen.now < begin:
        # Where the delay is not all that is waited for, nothing is freed at its end.
        return state, PhaseChoice(reason, None, begin, freed_w if begin >= free else 0)
    if seen.now < free:
        return state, PhaseChoice(PhaseReason.DWELLING, None, free)
    switched = PhaseState(None, None, seen.now, state.switches + 1)
    return switched, PhaseChoice(reason, wanted)


def for_minimum(ability: PhaseAbility) -> int | None:
    """Return the phases to switch to for the least power, None where nothing changes."""
    if not ability.switchable or ability.configured == ALL_PHASES:
        return None
    return None if ability.connected == 1 else 1


def for_maximum(
    ability: PhaseAbility, config: PhaseConfig, circuit_w: float = inf
) -> int | None:
    """Return the phases to switch to for the most power that circuits allow."""
    if not is_limit(circuit_w):
        raise ChargingError("circuit_not_a_number", str(circuit_w))
    if not ability.switchable:
        return None
    fits = circuit_w >= config.voltage_v * config.min_a * ALL_PHASES
    return ability.after(ALL_PHASES if fits else 1)
