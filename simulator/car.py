"""The car: what it takes from what it is offered."""

from dataclasses import dataclass

NOMINAL_VOLTAGE = 230.0


@dataclass
class Car:
    """An electric car with a battery and an on-board charger."""

    capacity_wh: float = 60_000.0
    soc: float = 40.0
    max_current_a: float = 16.0
    min_current_a: float = 6.0
    phases: int = 3
    efficiency: float = 0.9
    taper_from: float = 80.0
    """State of charge in percent above which the current falls off."""
    taper_floor_a: float = 2.0
    """Current just before the battery is full."""
    target_soc: float = 100.0
    willing: bool = True
    """False while the car sleeps or has been told to wait."""
    energy_wh: float = 0.0
    """Energy taken from the socket so far."""

    @property
    def full(self) -> bool:
        """Return whether the target is reached."""
        return self.soc >= min(self.target_soc, 100.0) - 1e-9

    @property
    def wants_energy(self) -> bool:
        """Return whether the car would charge if it could."""
        return self.willing and not self.full

    def wanted_current(self) -> float:
        """Return the current per phase that the car would like to draw."""
        if not self.wants_energy:
            return 0.0
        if self.soc <= self.taper_from:
            return self.max_current_a
        left = (100.0 - self.soc) / max(100.0 - self.taper_from, 1e-9)
        floor = min(self.taper_floor_a, self.max_current_a)
        return floor + (self.max_current_a - floor) * left

    def can_start_at(self, offered_a: float) -> bool:
        """Return whether an offer is enough to charge at all."""
        return offered_a >= self.min_current_a - 1e-9

    def current_for(self, offered_a: float) -> float:
        """Return the current per phase drawn from an offer."""
        if not self.can_start_at(offered_a):
            return 0.0
        return min(offered_a, self.wanted_current())

    def take(self, energy_wh: float) -> None:
        """Put energy from the socket into the battery, less the losses."""
        self.energy_wh += energy_wh
        gained = energy_wh * self.efficiency / self.capacity_wh * 100.0
        self.soc = min(self.soc + gained, 100.0)
