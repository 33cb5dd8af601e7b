"""Days of prices and sun, as slots of a plan."""

import numpy as np

from custom_components.ocpp_csms.csms.charging.optimum import Slots


def three_days(seed: int, phases: int, *, sun: bool, gaps: bool) -> Slots:
    """Return 288 slots with random prices; some may be forbidden."""
    random = np.random.default_rng(seed)
    currents = np.arange(6, 17, 2)
    power = currents * 230.0 * phases
    price = np.repeat(random.uniform(0.05, 0.5, 72), 4)
    shine = np.maximum(0, np.sin(np.arange(288) / 96 * 2 * np.pi))
    sun_w = shine * random.uniform(0, 9000) if sun else np.zeros(288)
    solar = np.minimum(power[None, :], sun_w[:, None])
    costs = (solar * 0.08 + (power[None, :] - solar) * price[:, None]) / 4000
    if gaps:
        costs[random.uniform(size=288) < 0.3] = np.inf
    return Slots(costs, np.tile(currents // 2, (288, 1)))
