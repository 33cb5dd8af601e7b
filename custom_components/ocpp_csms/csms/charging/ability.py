"""What an EVSE and its car can do together: currents and phases."""

from dataclasses import dataclass

from .errors import ChargingError
from .figures import is_figure

ALL_PHASES = 3
_NUMBERS = (1, 2, 3)

type CurrentRange = tuple[float | None, float | None]
"""Least and most current in A per phase; None where it is not known."""


def current_range(
    configured: tuple[float, float],
    charger: CurrentRange = (None, None),
    car: CurrentRange = (None, None),
) -> tuple[float, float]:
    """Return the currents between which charging is possible, in A per phase.

    A charger that tells its minimum knows better than the configuration; a car may need
    more than that. Raises ChargingError where nothing is left between them.
    """
    known = [*configured, *(v for v in (*charger, *car) if v is not None)]
    if not all(is_figure(value) and value >= 0 for value in known):
        raise ChargingError("charger_not_a_number", str(known))
    least = configured[0] if charger[0] is None else charger[0]
    if car[0] is not None:
        least = max(least, car[0])
    most = min(
        limit for limit in (configured[1], charger[1], car[1]) if limit is not None
    )
    if least > most:
        raise ChargingError("minimum_above_maximum", f"{least} > {most}")
    return least, most


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseAbility:
    """How many phases there are, by what is known; None counts as three.

    `connected` is how many the charger has switched on (or simply has), `car` how many the
    car uses at most, `measured` on how many current flows, `configured` the user's choice.
    """

    switchable: bool = False
    connected: int | None = None
    car: int | None = None
    measured: int | None = None
    configured: int | None = None

    def __post_init__(self) -> None:
        """Refuse numbers of phases that there are not."""
        for phases in (self.connected, self.car, self.measured, self.configured):
            if phases is None:
                continue
            if phases not in _NUMBERS or isinstance(phases, bool):
                raise ChargingError("phases_unknown", str(phases))

    @property
    def active(self) -> int:
        """How many phases the car draws on now, or would draw on."""
        return _fewest(self.connected, self.car, self.measured)

    @property
    def most(self) -> int:
        """How many phases can be reached."""
        if not self.switchable:
            return self.active
        # What flows says nothing of the car while the charger may give fewer phases.
        measured = self.measured if self.connected == ALL_PHASES else None
        return _fewest(self.car, measured, self.configured)

    @property
    def least(self) -> int:
        """How few phases can be reached."""
        return 1 if self.switchable else self.active

    @property
    def contradictory(self) -> bool:
        """Whether more phases flow than the charger says it has switched on."""
        return (
            self.connected is not None
            and self.measured is not None
            and self.measured > self.connected
        )

    def after(self, asked: int) -> int | None:
        """Return the phases to switch to where some are asked for, None if that is so already.

        The user's choice wins. Raises ChargingError for a number that there is not.
        """
        if asked not in _NUMBERS or isinstance(asked, bool):
            raise ChargingError("phases_unknown", str(asked))
        wanted = self.configured or asked
        return None if wanted == self.connected else wanted


def _fewest(*phases: int | None) -> int:
    return min(ALL_PHASES if number is None else number for number in phases)
