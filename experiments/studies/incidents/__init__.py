"""Incidents whose outcome is known, played through the simulator and held to what is known."""
