"""What a station can be told by charging profiles, as far as it is known."""

from dataclasses import dataclass, replace
from math import ceil, floor

from ..model.profile import Kind, Purpose, RateUnit
from ..model.version import OcppVersion
from .combine import UNLIMITED, Supply
from .errors import ChargingError
from .figures import is_figure

_EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The abilities of one station (1.6 section 9.4, 2.x SmartChargingCtrlr, and experience).

    The defaults suit a station that follows the specification and tells nothing of itself.
    Currents in A per phase.
    """

    version: OcppVersion
    purposes: frozenset[Purpose] = frozenset(
        {Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX}
    )
    kinds: frozenset[Kind] = frozenset({Kind.ABSOLUTE, Kind.RECURRING, Kind.RELATIVE})
    units: frozenset[RateUnit] = frozenset({RateUnit.AMPERE})
    max_stack_level: int = 2
    max_periods: int = 8
    max_profiles: int | None = None
    """How many profiles it holds for an EVSE; None is enough for all layers."""
    min_a: float = 6.0
    """The least current that it can give."""
    step_a: float = 0.1
    currents_a: tuple[float, ...] = ()
    """The only currents that it knows, if it knows but some."""
    zero: bool = True
    """Whether it pauses at a limit of 0."""
    phase_switching: bool = False
    """Whether it heeds the number of phases of a period."""
    phases: int = 3
    """The phases that it uses where none are named."""
    voltage_v: float = 230.0
    lease: bool = True
    """Whether it falls back to a lower stack level once a duration is over."""
    default_reaches_running: bool = True
    """Whether a TxDefaultProfile holds for a transaction that runs already."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        values = (self.min_a, self.step_a, self.voltage_v, *self.currents_a)
        if not all(is_figure(value) and value > 0 for value in values):
            raise ChargingError("charger_not_a_number", str(values))
        counts = (self.max_stack_level, self.max_periods, self.max_profiles or 1)
        if not all(isinstance(count, int) for count in counts):
            raise ChargingError("no_room_for_profiles", str(counts))
        most = 1 if self.max_profiles is None else self.max_profiles
        if self.max_stack_level < 0 or min(self.max_periods, most) < 1:
            raise ChargingError("no_room_for_profiles")
        if not self.kinds & {Kind.ABSOLUTE, Kind.RELATIVE}:
            raise ChargingError("no_kind")
        if not self.purposes & {Purpose.TX_DEFAULT, Purpose.TX}:
            raise ChargingError("no_purpose")
        if not self.units:
            raise ChargingError("no_unit")
        if not all(isinstance(unit, RateUnit) for unit in self.units):
            raise ChargingError("unit_unknown", str(sorted(self.units)))
        if not isinstance(self.version, OcppVersion):
            raise ChargingError("version_unknown", str(self.version))
        if self.phases not in (1, 2, 3):
            raise ChargingError("phases_unknown", str(self.phases))

    @property
    def supply(self) -> Supply:
        """How it converts between A and W; without any limit of its own."""
        return replace(UNLIMITED, phases=self.phases, voltage_v=self.voltage_v)

    @property
    def unit(self) -> RateUnit:
        """The unit to use: A where it can be, which says the same whatever the voltage."""
        return RateUnit.AMPERE if RateUnit.AMPERE in self.units else RateUnit.WATT

    @property
    def least_a(self) -> float:
        """The least current that can be told, pauses apart."""
        return min(self.currents_a, default=self.min_a)

    def snap(self, current_a: float) -> float:
        """Return the current to tell for one that is wanted: never more, 0 for a pause."""
        if not is_figure(current_a) or current_a < 0:
            raise ChargingError("current_not_a_number", str(current_a))
        if current_a < self.least_a - _EPSILON:
            return 0.0 if self.zero else self.least_a
        if self.currents_a:
            return max(a for a in self.currents_a if a <= current_a + _EPSILON)
        steps = floor((current_a - self.min_a) / self.step_a + _EPSILON)
        return round(self.min_a + steps * self.step_a, 3)

    def fuse(self, current_a: float) -> float:
        """Return a fuse as the limit of a period, in the unit to use: never more."""
        factor, divisor = 10.0, 10.0
        if self.unit is RateUnit.WATT:
            factor, divisor = self.voltage_v * self.phases, 1.0
        return floor(current_a * factor + _EPSILON) / divisor

    def limit(self, current_a: float, phases: int | None) -> float:
        """Return a current as the limit of a period, in the unit to use."""
        factor = 10.0
        if self.unit is RateUnit.WATT:
            factor = self.voltage_v * (phases or self.phases)
        steps = floor(current_a * factor + _EPSILON)
        if current_a and steps / factor < self.least_a - _EPSILON:
            # Rounded down it would be a pause.
            steps = ceil(current_a * factor - _EPSILON)
        return steps / 10 if self.unit is RateUnit.AMPERE else float(steps)
