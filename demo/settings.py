"""What one run of the demo is to use."""

from dataclasses import dataclass
import errno
from pathlib import Path
import socket

ROOT = Path(__file__).parents[1]
USERNAME = "demo"
PASSWORD = "demo"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the demo lives and which ports it opens."""

    folder: Path
    host: str
    port: int
    ocpp_port: int

    @property
    def config(self) -> Path:
        """Return the config directory of Home Assistant."""
        return self.folder / "config"

    @property
    def logs(self) -> Path:
        """Return the folder of the log files."""
        return self.folder / "logs"

    @property
    def url(self) -> str:
        """Return the address of Home Assistant."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host
        return f"http://{host}:{self.port}"


def shown(path: Path) -> str:
    """Return a path as the user wants to read it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def port_problem(host: str, port: int) -> str | None:
    """Return why the port cannot be opened, None if it can."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"port {port} is in use by another program"
        return f"port {port} cannot be opened: {error.strerror}"
    return None
