"""Scenarios of the tests' own, in ticks and lots, that are over in seconds."""

from pathlib import Path

__all__ = ["SPIRAL"]

SPIRAL = str(Path(__file__).with_name("scenarios") / "deleveraging-spiral.toml")
"""A deleveraging spiral on zero-intelligence flow."""
