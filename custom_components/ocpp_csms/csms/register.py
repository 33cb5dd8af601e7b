"""An energy register that never runs backwards, whatever the station sends.

Stations send registers that restart with each session, drop to 0, jump by megawatt hours
or go back. None of that may reach an energy dashboard. A value that does not fit is held
back and counted. Only a series of values that rise as a meter does makes credible that
the meter is another one, or counts from the start of the session; one glitch, or one that
repeats, never does.
"""

from dataclasses import dataclass
from datetime import datetime

MAX_POWER_W = 500_000.0
"""More than any charger delivers: what exceeds it is not energy but an error."""
CEILING_WH = 1e10
"""More than any charger's meter has ever counted."""
SLACK_WH = 1_000.0
"""Rounding and late time stamps: less than this is never judged."""
RELATIVE_EVIDENCE = 3
"""So many rising values that fit the session make one credible that began at 0."""
RESET_EVIDENCE = 10
"""So many rising values from elsewhere make another meter credible."""


def plausible_wh(seconds: float) -> float:
    """Return the most energy that can have flowed in a time, in Wh."""
    return MAX_POWER_W * max(seconds, 0.0) / 3600 + SLACK_WH


@dataclass(slots=True)
class Register:
    """Lifetime energy of one meter in Wh, kept monotonic and continuous.

    `session_relative` is set by evidence, per EVSE: inside a transaction the register
    counts from the start of that transaction. `base_wh` is then what came before it.
    `offset_wh` joins the count of another meter to that of the one before.
    """

    lifetime_wh: float | None = None
    at: datetime | None = None
    session_relative: bool = False
    base_wh: float = 0.0
    offset_wh: float = 0.0
    quarantined: int = 0
    resets: int = 0
    _suspect_wh: float | None = None
    _suspect_at: datetime | None = None
    _suspects: int = 0

    def take(
        self, value_wh: float, at: datetime, session_start: datetime | None = None
    ) -> float | None:
        """Return the lifetime energy after a value, None if the value is held back.

        `session_start` is when the running transaction began, None outside of one.
        """
        if not 0 <= value_wh <= CEILING_WH:
            self.quarantined += 1
            return None
        if self.lifetime_wh is None:
            return self._accept(value_wh, at)
        absolute = value_wh + self.offset_wh
        relative = self.base_wh + value_wh
        counts = self.session_relative and session_start is not None
        if counts and self._follows(relative, at):
            if not (self._follows(absolute, at) and absolute < relative):
                return self._accept(relative, at)
        if self._follows(absolute, at):
            if session_start is not None:
                self.session_relative = False
            return self._accept(absolute, at)
        return self._doubt(value_wh, at, session_start)

    def begin_session(self, at: datetime, start_wh: float | None = None) -> None:
        """Remember where a session begins, in case its values turn out to be relative.

        A start value far below the count speaks for it: it is no mere glitch of a sample.
        """
        self.base_wh = self.lifetime_wh or 0.0
        if start_wh is not None and self._is_below(start_wh):
            self._suspect_wh, self._suspect_at = start_wh, at
            self._suspects = RELATIVE_EVIDENCE - 1

    def _is_below(self, value_wh: float) -> bool:
        return value_wh + self.offset_wh < self.base_wh - SLACK_WH

    def at_start(self, start_wh: float) -> float:
        """Return the lifetime energy at the start of a session, of which the register is told.

        One that counts from the start of each session goes on from what there was.
        """
        if self.session_relative:
            return self.lifetime_wh or 0.0
        return start_wh + self.offset_wh

    def session_energy(self, meter_start_wh: float) -> float | None:
        """Return the energy since a start value, None if the two don't belong together."""
        if self.lifetime_wh is None:
            return None
        start = self.base_wh if self.session_relative else meter_start_wh
        energy = round(self.lifetime_wh - start, 3)
        return energy if energy >= 0 else None

    def _follows(self, lifetime_wh: float, at: datetime) -> bool:
        """Return whether a count can be what the last one has become."""
        if self.lifetime_wh is None:
            return True
        seconds = (at - self.at).total_seconds() if self.at else 0.0
        most = plausible_wh(seconds) + SLACK_WH
        return 0 <= lifetime_wh - self.lifetime_wh <= most

    def _doubt(
        self, value_wh: float, at: datetime, session_start: datetime | None
    ) -> float | None:
        """Hold a value back, until enough others rise from it as a meter does."""
        self._count_evidence(value_wh, at)
        if self._counts_from_session(value_wh, at, session_start):
            if self._suspects >= RELATIVE_EVIDENCE:
                self.session_relative = True
                return self._accept(self.base_wh + value_wh, at)
        elif self._suspects >= RESET_EVIDENCE:
            self.resets += 1
            self.offset_wh = (self.lifetime_wh or 0.0) - value_wh
            return self._accept(value_wh + self.offset_wh, at)
        self.quarantined += 1
        return None

    def _count_evidence(self, value_wh: float, at: datetime) -> None:
        """Count values that rise one from the other, no faster than energy can flow."""
        last, last_at = self._suspect_wh, self._suspect_at
        if last is None or last_at is None or value_wh < last:
            self._suspects = 1
        elif value_wh > last:
            seconds = (at - last_at).total_seconds()
            rises = value_wh - last <= plausible_wh(seconds)
            self._suspects = self._suspects + 1 if rises else 1
        self._suspect_wh, self._suspect_at = value_wh, at

    def _counts_from_session(
        self, value_wh: float, at: datetime, session_start: datetime | None
    ) -> bool:
        """Return whether a value can count from the start of the session.

        It is below what the meter had reached before, and no more than can have flowed.
        """
        if (
            session_start is None
            or value_wh + self.offset_wh >= self.base_wh - SLACK_WH
        ):
            return False
        seconds = (at - session_start).total_seconds()
        return value_wh <= plausible_wh(seconds) and self.base_wh + value_wh >= (
            self.lifetime_wh or 0.0
        )

    def _accept(self, lifetime_wh: float, at: datetime) -> float:
        self.lifetime_wh = lifetime_wh
        self.at = at
        self._suspect_wh = self._suspect_at = None
        self._suspects = 0
        return lifetime_wh
