"""An energy register that never runs backwards, whatever the station sends.

Stations send registers that restart with each session, drop to 0, jump by megawatt hours
or go back. None of that may reach an energy dashboard. A value that does not fit is held
back and counted until other values bear it out.
"""

from dataclasses import dataclass
from datetime import datetime

MAX_POWER_W = 500_000.0
"""More than any charger delivers: what exceeds it is not energy but an error."""
SLACK_WH = 1_000.0
"""Rounding and late time stamps: less than this is never judged."""
RESET_EVIDENCE = 10
"""So many values from below, each higher than the last, make a replaced meter credible."""


def plausible_wh(seconds: float) -> float:
    """Return the most energy that can have flowed in a time, in Wh."""
    return MAX_POWER_W * max(seconds, 0.0) / 3600 + SLACK_WH


@dataclass(slots=True)
class Register:
    """Lifetime energy of one meter in Wh, kept monotonic.

    `session_relative` is set by evidence, per EVSE: inside a transaction the register
    counts from the start of that transaction. `base_wh` is then what came before it.
    """

    lifetime_wh: float | None = None
    at: datetime | None = None
    session_relative: bool = False
    base_wh: float = 0.0
    quarantined: int = 0
    resets: int = 0
    _suspect_wh: float | None = None
    _suspects: int = 0

    def take(
        self, value_wh: float, at: datetime, session_start: datetime | None = None
    ) -> float | None:
        """Return the lifetime energy after a value, None if the value is held back.

        `session_start` is when the running transaction began, None outside of one.
        """
        if value_wh < 0:
            self._hold(value_wh)
            return None
        if self.lifetime_wh is None:
            return self._accept(value_wh, at)
        if session_start is not None and self._is_relative(value_wh, at, session_start):
            value_wh += self.base_wh
        if value_wh < self.lifetime_wh:
            return self._take_backward(value_wh, at)
        if value_wh - self.lifetime_wh > self._headroom(at):
            return self._take_jump(value_wh, at)
        return self._accept(value_wh, at)

    def begin_session(self) -> None:
        """Remember where a session begins, in case its values turn out to be relative."""
        self.base_wh = self.lifetime_wh or 0.0

    def session_energy(self, meter_start_wh: float) -> float | None:
        """Return the energy since a start value, None if the two don't belong together."""
        if self.lifetime_wh is None:
            return None
        start = self.base_wh if self.session_relative else meter_start_wh
        energy = round(self.lifetime_wh - start, 3)
        return energy if energy >= 0 else None

    def _is_relative(
        self, value_wh: float, at: datetime, session_start: datetime
    ) -> bool:
        """Decide by evidence whether a value counts from the start of its session.

        For: it is below what the meter had reached before the session, and no more than
        can have flowed since. Against: it is above that, and more than can have flowed.
        """
        fits_session = value_wh <= plausible_wh((at - session_start).total_seconds())
        if self.session_relative:
            if value_wh >= self.base_wh > SLACK_WH and not fits_session:
                self.session_relative = False
        elif value_wh < self.base_wh - SLACK_WH and fits_session:
            self.session_relative = True
        return self.session_relative

    def _headroom(self, at: datetime) -> float:
        seconds = (at - self.at).total_seconds() if self.at else 0.0
        return plausible_wh(seconds) + 50 * SLACK_WH

    def _take_backward(self, value_wh: float, at: datetime) -> float | None:
        """Hold a value from below, until so many rise that the meter must be a new one."""
        if self._suspect_wh is None or value_wh < self._suspect_wh:
            self._suspects = 1
        elif value_wh > self._suspect_wh:
            self._suspects += 1
        if self._suspects >= RESET_EVIDENCE:
            self.resets += 1
            return self._accept(value_wh, at)
        self._hold(value_wh)
        return None

    def _take_jump(self, value_wh: float, at: datetime) -> float | None:
        """Hold a jump until the next value bears it out."""
        suspect = self._suspect_wh
        if suspect is not None and 0 <= value_wh - suspect <= SLACK_WH * 10:
            return self._accept(value_wh, at)
        self._hold(value_wh)
        return None

    def _accept(self, value_wh: float, at: datetime) -> float:
        self.lifetime_wh = value_wh
        self.at = at
        self._suspect_wh = None
        self._suspects = 0
        return value_wh

    def _hold(self, value_wh: float) -> None:
        self.quarantined += 1
        self._suspect_wh = value_wh
