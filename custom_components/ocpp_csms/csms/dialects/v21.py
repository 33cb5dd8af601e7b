"""OCPP 2.1: the messages of 2.0.1 and what it changes of them."""

from dataclasses import replace

from ..model.commands import SetChargingProfile
from ..model.version import OcppVersion
from . import v201
from .base import Outbound, done
from .v201.outbound import set_profile

DIALECT = replace(
    v201.DIALECT,
    version=OcppVersion.V21,
    outbound=v201.DIALECT.outbound
    | {
        SetChargingProfile: Outbound(
            "SetChargingProfile", set_profile, done("Accepted")
        )
    },
)
