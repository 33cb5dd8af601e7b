"""Simulated charging stations and cars that speak OCPP 1.6, 2.0.1 and 2.1."""

from .car import Car
from .clock import Clock, ManualClock, RealClock, ScaledClock
from .frames import CallRefused, ConnectionLost, Frame, SchemaViolation, SimulatorError
from .misbehaviour import ANY, Misbehaviour
from .station import ChargingStation

__all__ = [
    "ANY",
    "CallRefused",
    "Car",
    "ChargingStation",
    "Clock",
    "ConnectionLost",
    "Frame",
    "ManualClock",
    "Misbehaviour",
    "RealClock",
    "ScaledClock",
    "SchemaViolation",
    "SimulatorError",
]
