"""A booted Home Assistant in a process and a folder of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import tempfile

from .process import ServerProcess
from .seed import seed


@contextmanager
def home_assistant(
    identities: list[str], *, disabled: bool = False, recorder: bool = False
) -> Iterator[ServerProcess]:
    """Yield a Home Assistant with one config entry that has these stations."""
    with tempfile.TemporaryDirectory(
        prefix="ocpp-bench-", ignore_cleanup_errors=True
    ) as folder:
        seed(Path(folder), identities, disabled=disabled, recorder=recorder)
        with ServerProcess("hass", folder) as server:
            yield server
