"""A real Home Assistant with the integration, simulated stations and a simulated home."""
