"""The last table, in the documentation."""

from importlib.metadata import version
import os
from pathlib import Path
import platform

_PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN = "<!-- table -->"
_END = "<!-- end of table -->"
_LOAD = os.getloadavg()[0]
"""How busy the machine was before."""


def surroundings() -> str:
    """Return what was measured on."""
    return (
        f"Home Assistant {version('homeassistant')}, "
        f"Python {platform.python_version()}, websockets {version('websockets')}, "
        f"{os.cpu_count()} cores of {_processor()}, load {_LOAD:.1f} before"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine()).strip()


def record(text: str) -> None:
    """Replace the table in the documentation."""
    page = _PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page = f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}"
    _PAGE.write_text(page, encoding="utf-8")
