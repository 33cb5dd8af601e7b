"""Deciding when and how fast to charge, and how a charger is told: pure functions.

Nothing here does I/O, knows a clock, asyncio or Home Assistant: time, prices, forecasts and
measurements come in as arguments; plans, set-points and profiles come out.
"""
