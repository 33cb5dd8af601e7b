"""The one table that comes out."""

from dataclasses import dataclass

_HEAD = ("Measure", "Figure", "Target", "Met")


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured; without a target it is for information."""

    measure: str
    figure: str
    target: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the row, as text."""
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return self.measure, self.figure, self.target, met


def render(rows: list[Row]) -> str:
    """Return the rows as a table that reads well, also as Markdown."""
    lines = [_HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    texts = [_line(line, widths) for line in lines]
    return "\n".join(
        [texts[0], _line(tuple("-" * w for w in widths), widths), *texts[1:]]
    )


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
