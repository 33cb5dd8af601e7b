"""What a plan that was made before is worth now."""

from dataclasses import replace

import numpy as np

from .grid import Grid, resized
from .optimum import OFF, Ints
from .outcome import is_as_wanted
from .plan import Plan, PlanRequest, PlanSegment

_LEAST_LEANING = 1e-6
"""What a slot that was planned before is worth more, in currency, if nothing else counts."""


def what_is_left(
    request: PlanRequest, grid: Grid, previous: Plan
) -> tuple[Grid, Ints] | None:
    """Return what a plan still holds, slot by slot to the second; None if it is not allowed."""
    choices = np.full(len(grid.hours), OFF, dtype=np.int64)
    for slot, (start, end) in enumerate(zip(grid.starts, grid.ends, strict=True)):
        segments = [s for s in previous.segments if s.start < end and start < s.end]
        if not segments:
            continue
        segment, *others = segments
        option = _option(grid, segment)
        if others or option is None or not np.isfinite(grid.costs[slot, option]):
            return None
        choices[slot] = option
        start, end = max(start, segment.start), min(end, segment.end)
        if (start, end) != (grid.starts[slot], grid.ends[slot]):
            grid = resized(grid, slot, start, end)
    return (grid, choices) if is_as_wanted(request, grid, choices) else None


def lean_on(request: PlanRequest, grid: Grid, previous: Plan) -> Grid:
    """Return the grid with what was planned before a little cheaper.

    In all by the saving that is not worth a change.
    """
    planned = np.zeros(grid.costs.shape)
    for slot, (start, end) in enumerate(zip(grid.starts, grid.ends, strict=True)):
        segment = previous.during(start, end)
        option = None if segment is None else _option(grid, segment)
        if option is not None:
            planned[slot, option] = grid.units[slot, option]
    total = max(1.0, float(planned.sum()))
    bonus = max(request.saving_threshold, _LEAST_LEANING)
    return replace(grid, costs=grid.costs - planned * (bonus / total))


def _option(grid: Grid, segment: PlanSegment) -> int | None:
    """Return the option that a segment uses, None if it is none any more."""
    same = np.isclose(grid.currents, segment.current_a) & (
        grid.phases == segment.phases
    )
    matches = np.flatnonzero(same)
    return int(matches[0]) if matches.size else None
