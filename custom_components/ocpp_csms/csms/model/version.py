"""The OCPP versions that are spoken."""

from enum import StrEnum


class OcppVersion(StrEnum):
    """An OCPP version."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """Name of the WebSocket subprotocol (OCPP-J 3.1.2 / 3.2)."""
        return f"ocpp{self.value}"

    @classmethod
    def from_subprotocol(cls, name: str) -> OcppVersion | None:
        """Return the version that a subprotocol names, if it is spoken here."""
        return _BY_SUBPROTOCOL.get(name.strip().lower())


_BY_SUBPROTOCOL = {version.subprotocol: version for version in OcppVersion}
