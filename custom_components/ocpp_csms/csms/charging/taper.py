"""How a car takes less and less near full."""

from dataclasses import dataclass
from math import exp, log

from .errors import ChargingError
from .figures import is_figure

_HALVINGS = 40
_MOST = 1e7
"""More Wh, or W, than any car takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taper:
    """How the power that a car takes falls near full: from a charge on, evenly to a rest.

    Above `from_wh` missing energy the car takes all; with nothing missing `rest_w`.
    """

    from_wh: float
    rest_w: float

    def __post_init__(self) -> None:
        """Refuse a car that is never full."""
        for value in (self.from_wh, self.rest_w):
            if not is_figure(value) or not 0 < value <= _MOST:
                raise ChargingError("taper_not_possible", str(value))

    def power(self, missing_wh: float, max_w: float) -> float:
        """Return the most power that the car takes while some energy is missing."""
        rest_w = min(self.rest_w, max_w)
        part = min(1.0, max(missing_wh, 0.0) / self.from_wh)
        return rest_w + (max_w - rest_w) * part

    def charge(
        self, missing_wh: float, offered_w: float, max_w: float, hours: float
    ) -> tuple[float, float]:
        """Return the energy in Wh that the car takes in some hours, and until when it does.

        It is offered so much power, and takes `max_w` at most when nothing holds it back.
        """
        rest_w = min(self.rest_w, max_w)
        knee_wh = self._knee(offered_w, rest_w, max_w)
        evenly_h = min(hours, max(0.0, missing_wh - knee_wh) / offered_w)
        taken_wh = offered_w * evenly_h
        left_wh, left_h = missing_wh - taken_wh, hours - evenly_h
        if left_h <= 0 or left_wh <= 1e-9:
            return taken_wh, evenly_h
        # The rate falls in proportion to what is missing: missing' = -(rest + falls * missing).
        falls = (max_w - rest_w) / self.from_wh
        full_h = log(1 + left_wh * falls / rest_w) / falls
        if full_h <= left_h:
            return missing_wh, evenly_h + full_h
        floor_wh = rest_w / falls
        after_wh = (left_wh + floor_wh) * exp(-falls * left_h) - floor_wh
        return missing_wh - after_wh, hours

    def taken_before(
        self, missing_wh: float, offered_w: float, max_w: float, hours: float
    ) -> float:
        """Return the energy in Wh that the car takes in some hours after which some is missing."""
        low, high = missing_wh, missing_wh + offered_w * hours
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            taken_wh, _ = self.charge(middle, offered_w, max_w, hours)
            if middle - taken_wh > missing_wh:
                high = middle
            else:
                low = middle
        return low - missing_wh

    def _knee(self, offered_w: float, rest_w: float, max_w: float) -> float:
        """Return the missing energy below which the car takes less than it is offered."""
        if offered_w <= rest_w:
            return 0.0
        return self.from_wh * min(1.0, (offered_w - rest_w) / (max_w - rest_w))
