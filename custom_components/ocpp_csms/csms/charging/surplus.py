"""Following the sun: how much a car may draw now, one step at a time.

What the house has left decides about the current; delays keep clouds and kettles from
switching the car; a budget keeps the charger's memory from wearing out. Less is told at
once, more only when it has been worth it for a while. Every set-point has a lease: when
nobody repeats it, the charger goes back to the plan or the baseline below.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor

from .budget import KEEP_TO_LOWER, KEEP_TO_STOP, Budget, Purse
from .errors import ChargingError
from .figures import is_figure
from .times import utc

_RAMP_A = 2.0
"""How far above what a car draws the limit may be, so that it can draw more."""
_PRIORITY_RESIDUAL_W = 100.0
"""What is left to a home battery that goes first, so that it feels a surplus."""
_REGULATED_W = 100.0
"""How much a home battery leaves to the grid that gives all that is missing."""
_SETTLED = timedelta(seconds=60)
"""How long it takes until a change of phases shows in what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusConfig:
    """How the sun is followed. Currents in A per phase, powers in W, import positive.

    `enable_w` 0 starts when the surplus reaches the minimum current; any other value when
    the grid's power is at most that. `disable_w` is the import at which charging ends.
    """

    min_a: float = 6.0
    max_a: float = 16.0
    step_a: float = 1.0
    voltage_v: float = 230.0
    enable_w: float = 0.0
    enable_delay: timedelta = timedelta(seconds=60)
    disable_w: float = 0.0
    disable_delay: timedelta = timedelta(seconds=180)
    residual_w: float = 0.0
    """A margin: how much surplus is left to the grid; negative allows as much import."""
    keep_minimum: bool = False
    """Whether the car gets the minimum current even without sun."""
    priority_soc: float = 0.0
    """Below this charge in percent a home battery goes before the car."""
    buffer_soc: float = 100.0
    """Above this charge a home battery keeps a car going that charges."""
    buffer_start_soc: float = 100.0
    """From this charge on a home battery also lets a car begin."""
    hold: timedelta = timedelta(seconds=60)
    """How long a set-point stays before it is raised."""
    deadband_a: float = 1.0
    """What a raise has to be worth."""
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        positive = (self.min_a, self.max_a, self.step_a, self.voltage_v)
        finite = (self.enable_w, self.disable_w, self.residual_w, self.deadband_a)
        levels = (self.priority_soc, self.buffer_soc, self.buffer_start_soc)
        if not all(is_figure(value) for value in (*positive, *finite, *levels)):
            raise ChargingError("surplus_not_a_number")
        if min(positive) <= 0 or self.deadband_a < 0:
            raise ChargingError("surplus_not_positive")
        if self.min_a > self.max_a:
            raise ChargingError("minimum_above_maximum", f"{self.min_a} > {self.max_a}")
        if not all(0 <= level <= 100 for level in levels):
            raise ChargingError("soc_out_of_range", str(levels))
        if min(self.enable_delay, self.disable_delay, self.hold) < timedelta():
            raise ChargingError("delay_negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is measured at a moment. Import and a battery's discharge are positive, in W.

    `drawn_a` is the car's highest current of a phase, None where it is not measured;
    `phases` are those that it draws on, or would draw on. `freed_w` is what the minimum
    current will need less once fewer phases are used, which is being waited for.
    """

    now: datetime
    grid_w: float
    battery_w: float = 0.0
    battery_soc: float | None = None
    connected: bool = True
    charging: bool = False
    drawn_a: float | None = None
    phases: int = 3
    freed_w: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot have been measured; bring the time to UTC."""
        object.__setattr__(self, "now", utc(self.now))
        values = (
            self.grid_w,
            self.battery_w,
            self.battery_soc or 0,
            self.drawn_a or 0,
            self.freed_w,
        )
        if not all(is_figure(value) for value in values) or (self.drawn_a or 0) < 0:
            raise ChargingError("measurement_not_a_number")
        if self.battery_soc is not None and not 0 <= self.battery_soc <= 100:
            raise ChargingError("soc_out_of_range", str(self.battery_soc))
        if self.phases not in (1, 2, 3):
            raise ChargingError("phases_unknown", str(self.phases))


class SurplusReason(StrEnum):
    """Why a set-point is what it is; keys for translation."""

    NO_CAR = "no_car"
    TOO_LITTLE = "too_little"
    """Not enough sun to begin."""
    STARTING = "starting"
    """Enough sun; charging begins when it has been enough for the delay."""
    FOLLOWING = "following"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    """The least current, because the user wants it even without sun."""
    BATTERY = "battery"
    """The least current, from the home battery."""
    WEAK = "weak"
    """The least current; too little sun, but not enough import to end it."""
    STOPPING = "stopping"
    """Too much import; charging ends when it has been too much for the delay."""
    HOLDING = "holding"
    """There is more, but the set-point has just been changed."""
    BUDGET = "budget"
    """Something else would be better, but the charger has been written to often enough."""


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What a car may draw, in A per phase; 0 is a pause.

    `until` is when the reason ends if nothing changes, `lease` for how long the set-point
    holds unless repeated, `write` whether it is to be sent now.
    """

    current_a: float
    reason: SurplusReason
    lease: timedelta
    until: datetime | None = None
    write: bool = False


@dataclass(frozen=True, slots=True)
class SurplusState:
    """What is remembered between two steps. `current_a` is what was written last."""

    current_a: float = 0.0
    written_at: datetime | None = None
    enough_since: datetime | None = None
    least_a: float = 0.0
    """The least target since it has been enough."""
    import_since: datetime | None = None
    waited_at: datetime | None = None
    """When fewer phases were last waited for, instead of ending the charge."""
    purse: Purse = field(default_factory=Purse)

    @property
    def on(self) -> bool:
        """Whether the car may charge."""
        return self.current_a > 0

    def after_writing(self, messages: int) -> SurplusState:
        """Return the state after others have written to the same memory."""
        return replace(self, purse=self.purse.take(messages))

    def not_after(self, now: datetime) -> SurplusState:
        """Return the state without times in the future, after a clock went back."""
        return replace(
            self,
            written_at=_not_after(self.written_at, now),
            enough_since=_not_after(self.enough_since, now),
            import_since=_not_after(self.import_since, now),
            waited_at=_not_after(self.waited_at, now),
            purse=self.purse.not_after(now),
        )


def _not_after(time: datetime | None, now: datetime) -> datetime | None:
    return None if time is None else min(time, now)


@dataclass(frozen=True, slots=True)
class _Wish:
    current_a: float
    reason: SurplusReason
    until: datetime | None = None


def step(
    state: SurplusState, seen: Observation, config: SurplusConfig
) -> tuple[SurplusState, Setpoint]:
    """Return what to remember and what the car may draw now.

    A set-point that could not be written is to be taken back: keep the state before it.
    """
    state = state.not_after(seen.now)
    state = replace(state, purse=state.purse.at_time(seen.now, config.budget))
    site_w = site_power(seen, config)
    target_a = _target(state, seen, config, site_w)
    if not seen.connected:
        state = replace(state, enough_since=None, import_since=None)
        wish = _Wish(0.0, SurplusReason.NO_CAR)
    elif state.on:
        state, wish = _while_on(state, seen, config, site_w, target_a)
    else:
        state, wish = _while_off(state, seen, config, site_w, target_a)
    return _settle(state, seen, config, wish)


def site_power(seen: Observation, config: SurplusConfig) -> float:
    """Return the power in W that is missing (positive) or left for the car (negative)."""
    battery_w, residual_w = seen.battery_w, config.residual_w
    if seen.battery_soc is not None and seen.battery_soc < config.priority_soc:
        battery_w = max(battery_w, 0.0)
        residual_w = residual_w if residual_w > 0 else _PRIORITY_RESIDUAL_W
    return seen.grid_w + battery_w + residual_w


def _target(
    state: SurplusState, seen: Observation, config: SurplusConfig, site_w: float
) -> float:
    """Return the current at which nothing would be missing or left."""
    change_a = -site_w / (config.voltage_v * seen.phases)
    present_a = 0.0
    if seen.charging and state.on:
        present_a = state.current_a
        if seen.drawn_a is not None:
            ramp_a = _RAMP_A if change_a >= 0 and seen.drawn_a > 0 else 0.0
            present_a = min(present_a, seen.drawn_a + ramp_a)
    return max(0.0, present_a + change_a)


def _floor(current_a: float, config: SurplusConfig) -> float:
    """Return a current that the charger can be told, not above the given one."""
    if current_a >= config.max_a:
        return config.max_a
    steps = floor((current_a - config.min_a) / config.step_a + 1e-6)
    return round(config.min_a + max(0, steps) * config.step_a, 3)


def _has_buffer(seen: Observation, level: float) -> bool:
    return seen.battery_soc is not None and level < 100 and seen.battery_soc >= level


def _while_off(
    state: SurplusState,
    seen: Observation,
    config: SurplusConfig,
    site_w: float,
    target_a: float,
) -> tuple[SurplusState, _Wish]:
    state = replace(state, import_since=None)
    if config.keep_minimum:
        return state, _following(target_a, SurplusReason.MINIMUM, config)
    enough = (
        site_w <= config.enable_w
        if config.enable_w
        else target_a >= config.min_a - 1e-9
    )
    if not enough and not _has_buffer(seen, config.buffer_start_soc):
        return replace(state, enough_since=None), _Wish(0.0, SurplusReason.TOO_LITTLE)
    since = state.enough_since or seen.now
    least_a = min(target_a, state.least_a) if state.enough_since else target_a
    state = replace(state, enough_since=since, least_a=least_a)
    if seen.now - since < config.enable_delay:
        begin = since + config.enable_delay
        return state, _Wish(0.0, SurplusReason.STARTING, begin)
    weak = SurplusReason.WEAK if enough else SurplusReason.BATTERY
    return state, _following(least_a, weak, config)


def _while_on(
    state: SurplusState,
    seen: Observation,
    config: SurplusConfig,
    site_w: float,
    target_a: float,
) -> tuple[SurplusState, _Wish]:
    state = replace(state, enough_since=None)
    lowers = _floor(target_a, config) < state.current_a
    stuck = lowers and not state.purse.allows(config.budget, KEEP_TO_STOP)
    least_a = state.current_a if stuck else config.min_a
    blind_since = _blind_since(state, seen, site_w)
    ignored = blind_since is not None and blind_since < seen.now
    if target_a >= least_a - 1e-9 and not ignored:
        reason = SurplusReason.FOLLOWING
        state = replace(state, import_since=blind_since)
        return state, _following(target_a, reason, config)
    if config.keep_minimum and not stuck:
        state = replace(state, import_since=None)
        return state, _Wish(least_a, SurplusReason.MINIMUM)
    carried = seen.grid_w <= max(config.disable_w, 0.0) + _REGULATED_W
    if _has_buffer(seen, config.buffer_soc) and carried and not stuck:
        state = replace(state, import_since=None)
        return state, _Wish(least_a, SurplusReason.BATTERY)
    reason = SurplusReason.BUDGET if stuck else SurplusReason.WEAK
    if site_w < config.disable_w:
        return replace(state, import_since=None), _Wish(least_a, reason)
    since = state.import_since or seen.now
    if site_w - seen.freed_w < config.disable_w:
        state = replace(state, import_since=since, waited_at=seen.now)
        return state, _Wish(least_a, reason)
    state = replace(state, import_since=since)
    end = since + config.disable_delay
    if state.waited_at is not None:
        end = max(end, state.waited_at + _SETTLED)
    if seen.now < end:
        return state, _Wish(least_a, SurplusReason.STOPPING, end)
    return state, _Wish(0.0, SurplusReason.TOO_LITTLE)


def _blind_since(
    state: SurplusState, seen: Observation, site_w: float
) -> datetime | None:
    """Return since when too much is taken though less was told, by a car nobody measures.

    It draws less than it may, so that lowering the current a little changes nothing.
    """
    if seen.drawn_a is not None or not seen.charging or site_w <= 0:
        return None
    return state.import_since or seen.now


def _following(target_a: float, weak: SurplusReason, config: SurplusConfig) -> _Wish:
    """Return the wish for a target; `weak` is the reason where the minimum is above it."""
    current_a = _floor(target_a, config)
    if target_a < config.min_a - 1e-9:
        return _Wish(current_a, weak)
    full = current_a >= config.max_a
    return _Wish(current_a, SurplusReason.MAXIMUM if full else SurplusReason.FOLLOWING)


def _settle(
    state: SurplusState, seen: Observation, config: SurplusConfig, wish: _Wish
) -> tuple[SurplusState, Setpoint]:
    """Decide whether a wish is written now, later or not at all."""
    now, lease = seen.now, config.budget.lease
    wish = _hold(state, now, config, wish)
    changes = state.written_at is None or wish.current_a != state.current_a
    keep = _to_keep(state, wish)
    if changes and not state.purse.allows(config.budget, keep):
        changes = False
        wish = _Wish(state.current_a, SurplusReason.BUDGET)
    refreshed = state.written_at is None or (
        now - state.written_at >= config.budget.refresh
    )
    due = refreshed and seen.connected
    keep = KEEP_TO_STOP if state.on else 0
    write = changes or (due and state.purse.allows(config.budget, keep))
    if write:
        state = replace(
            state,
            current_a=wish.current_a,
            written_at=now,
            purse=state.purse.take(config.budget.messages),
            enough_since=None if wish.current_a else state.enough_since,
            import_since=state.import_since if wish.current_a else None,
        )
    return state, Setpoint(wish.current_a, wish.reason, lease, wish.until, write)


def _hold(
    state: SurplusState, now: datetime, config: SurplusConfig, wish: _Wish
) -> _Wish:
    """Return the wish, or the present set-point where it is too early or little to raise."""
    raises = state.on and wish.current_a > state.current_a
    if not raises or state.written_at is None:
        return wish
    worth = wish.current_a - state.current_a >= config.deadband_a - 1e-9
    if not worth and wish.current_a < config.max_a:
        return _Wish(state.current_a, wish.reason)
    free = state.written_at + config.hold
    if now < free:
        return _Wish(state.current_a, SurplusReason.HOLDING, free)
    return wish


def _to_keep(state: SurplusState, wish: _Wish) -> int:
    """Return how many writes have to be left after this one."""
    if not wish.current_a:
        return 0
    return KEEP_TO_STOP if wish.current_a < state.current_a else KEEP_TO_LOWER
