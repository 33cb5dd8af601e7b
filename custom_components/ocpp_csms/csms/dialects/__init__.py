"""Dialects: the messages of each OCPP version, to and from the neutral model."""

from ..model.version import OcppVersion
from .base import Dialect, Setting
from .v16 import DIALECT as V16
from .v21 import DIALECT as V21
from .v201 import DIALECT as V201

DIALECTS: dict[OcppVersion, Dialect] = {
    dialect.version: dialect for dialect in (V21, V201, V16)
}
"""In the order in which the central system prefers them."""

__all__ = ["DIALECTS", "Dialect", "Setting"]
