"""What several limits mean together, at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..model.profile import OperationMode, Period, RateUnit
from .errors import ChargingError
from .figures import is_figure
from .timeline import Segment

_DECIMALS = 6

type Lines = tuple[float, ...]
"""A value for each phase, or one value where the phases are not told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What a station does where no profile says anything, and how it converts.

    `fill_phases` puts the default number of phases where a period names none (2.x
    K01.FR.49); 1.6 uses it for converting only.
    """

    limit_a: float = 48.0
    limit_w: float = 33_120.0
    phases: int = 3
    voltage_v: float = 230.0
    fill_phases: bool = True

    def __post_init__(self) -> None:
        """Refuse what can't be converted by."""
        values = (self.limit_a, self.limit_w, self.voltage_v)
        numbers = all(is_figure(value) and value >= 0 for value in values)
        if not numbers or self.voltage_v == 0:
            raise ChargingError("supply_not_a_number", str(values))
        if self.phases not in (1, 2, 3):
            raise ChargingError("phases_unknown", str(self.phases))

    def default(self, unit: RateUnit) -> float:
        """Return the limit where there is none."""
        return self.limit_a if unit is RateUnit.AMPERE else self.limit_w


UNLIMITED = Supply(limit_a=1e6, limit_w=1e9)
"""A station without any limit of its own, as seen by those who look for gaps."""


def combine(parts: Sequence[Segment], unit: RateUnit, supply: Supply) -> Period:
    """Return the one period that several amount to: the lowest limit, the fewest phases.

    Discharge limits and set-points (2.1) come likewise; a set-point, which is that of
    the first part that has one, is cut to the limits. Values are converted to `unit` by
    the number of phases of the result.
    """
    parts = [part for part in parts if _says_something(part.period)]
    if not parts:
        return Period(0, supply.default(unit))
    told = [_phases(part, supply) for part in parts]
    known = [phases for phases in told if phases is not None]
    phases = min(known, default=None)
    count = phases or supply.phases
    apart = count > 1 and any(_has_lines(part.period) for part in parts)
    convert = _Conversion(unit, supply.voltage_v, count, apart=apart)
    limit = _lowest([convert(part, _limits(part.period)) for part in parts])
    discharge = _highest(
        [convert(part, _discharge_limits(part.period)) for part in parts]
    )
    setpoint = next(
        (
            value
            for part in parts
            if (value := convert(part, _setpoints(part.period))) is not None
        ),
        None,
    )
    setpoint = _cut(setpoint, limit, discharge)
    mode = next((part.period.operation_mode for part in parts), None)
    return Period(
        0,
        _line(limit, 0),
        phases=phases,
        limit_l2=_line(limit, 1),
        limit_l3=_line(limit, 2),
        discharge_limit=_line(discharge, 0),
        discharge_limit_l2=_line(discharge, 1),
        discharge_limit_l3=_line(discharge, 2),
        setpoint=_line(setpoint, 0),
        setpoint_l2=_line(setpoint, 1),
        setpoint_l3=_line(setpoint, 2),
        operation_mode=mode,
    )


def _says_something(period: Period) -> bool:
    """Return whether a period binds anything; one that is idle allows nothing (2.1 Q07)."""
    values = (period.limit, period.setpoint, period.discharge_limit)
    return any(value is not None for value in values) or _is_idle(period)


def _is_idle(period: Period) -> bool:
    return period.operation_mode is OperationMode.IDLE


def _phases(part: Segment, supply: Supply) -> int | None:
    default = supply.phases if supply.fill_phases else None
    return default if part.period.phases is None else part.period.phases


def _has_lines(period: Period) -> bool:
    return any(
        value is not None
        for value in (
            period.limit_l2,
            period.limit_l3,
            period.discharge_limit_l2,
            period.discharge_limit_l3,
            period.setpoint_l2,
            period.setpoint_l3,
        )
    )


type _Triple = tuple[float | None, float | None, float | None]


def _limits(period: Period) -> _Triple:
    if _is_idle(period):
        return 0.0, None, None
    return period.limit, period.limit_l2, period.limit_l3


def _discharge_limits(period: Period) -> _Triple:
    return period.discharge_limit, period.discharge_limit_l2, period.discharge_limit_l3


def _setpoints(period: Period) -> _Triple:
    return period.setpoint, period.setpoint_l2, period.setpoint_l3


@dataclass(frozen=True, slots=True)
class _Conversion:
    """Brings values to one unit and, with `apart`, to one value for each phase."""

    unit: RateUnit
    voltage_v: float
    count: int
    apart: bool

    def __call__(self, part: Segment, values: _Triple) -> Lines | None:
        """Return the values of a part, None if it has none."""
        first, *others = values
        if first is None:
            return None
        single = all(other is None for other in others)
        lines = [first, *(first if other is None else other for other in others)]
        if not self.apart:
            value = first if single else min(lines, key=abs)
            return (self._convert(part.unit, value, self.count if single else 1),)
        if single and part.unit is RateUnit.WATT:
            lines = [first / self.count] * 3
        return tuple(
            self._convert(part.unit, value, 1) for value in lines[: self.count]
        )

    def _convert(self, unit: RateUnit, value: float, phases: int) -> float:
        if unit is self.unit:
            return value
        factor = self.voltage_v * phases
        return value * factor if self.unit is RateUnit.WATT else value / factor


def _lowest(values: list[Lines | None]) -> Lines | None:
    known = [value for value in values if value is not None]
    return tuple(map(min, zip(*known, strict=True))) if known else None


def _highest(values: list[Lines | None]) -> Lines | None:
    known = [value for value in values if value is not None]
    return tuple(map(max, zip(*known, strict=True))) if known else None


def _cut(
    setpoint: Lines | None, limit: Lines | None, discharge: Lines | None
) -> Lines | None:
    """Return a set-point within its limits."""
    if setpoint is None:
        return None
    if limit is not None:
        setpoint = tuple(map(min, setpoint, limit, strict=True))
    if discharge is not None:
        setpoint = tuple(map(max, setpoint, discharge, strict=True))
    return setpoint


def _line(lines: Lines | None, index: int) -> float | None:
    if lines is None or index >= len(lines):
        return None
    return round(lines[index], _DECIMALS)
