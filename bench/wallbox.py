"""A charger that does what its charging profiles say, and nothing else."""

from datetime import datetime, timedelta

from custom_components.ocpp_csms.csms.charging.capability import Capabilities
from custom_components.ocpp_csms.csms.charging.combine import Supply
from custom_components.ocpp_csms.csms.charging.composite import (
    Installed,
    Question,
    composite,
)
from custom_components.ocpp_csms.csms.charging.operation import after
from custom_components.ocpp_csms.csms.charging.operations import diff
from custom_components.ocpp_csms.csms.charging.profile import Desired, compile_profiles
from custom_components.ocpp_csms.csms.model.profile import Period
from custom_components.ocpp_csms.csms.model.version import OcppVersion

from .world import VOLTS

ABILITY = Capabilities(version=OcppVersion.V16, phase_switching=True, step_a=1.0)
_LOOK = timedelta(days=1)
_LEAST_A = 6.0
_MOST_A = 16.0


class Wallbox:
    """A charger on three phases, and the car at it."""

    def __init__(self) -> None:
        """Begin without any profile."""
        self.installed: tuple[Installed, ...] = ()
        self.writes = 0
        self._periods: tuple[Period, ...] = ()
        self._looked_at: datetime | None = None

    def bring(self, desired: Desired, now: datetime) -> int:
        """Write what differs, and return how many messages that took."""
        wanted = compile_profiles(desired, ABILITY, now, 1).profiles
        changes = diff(wanted, self.installed, now)
        self.installed = after(self.installed, changes.operations)
        self.writes += changes.writes
        if changes.operations:
            self._looked_at = None
        return changes.writes

    def allowed(self, now: datetime) -> tuple[float, int]:
        """Return the current that its profiles allow, in A, and on how many phases."""
        if self._looked_at is None or now >= self._looked_at + _LOOK:
            question = Question(
                evse_id=1,
                start=now,
                duration_s=_LOOK.total_seconds(),
                assume_transaction=True,
            )
            supply = Supply(limit_a=_MOST_A, voltage_v=VOLTS)
            answer = composite(self.installed, (), question, supply)
            self._periods, self._looked_at = answer.periods, now
        passed = (now - self._looked_at).total_seconds()
        period = next(p for p in reversed(self._periods) if p.start_s <= passed)
        allowed_a = min(_MOST_A, period.limit or 0.0)
        return (allowed_a if allowed_a >= _LEAST_A else 0.0), period.phases or 3
