"""Scenarios of the tests' own, in ticks and lots, that are over in seconds."""

from pathlib import Path

__all__ = ["FLASH_CRASH", "SPIRAL"]

FOLDER = Path(__file__).with_name("scenarios")

FLASH_CRASH = str(FOLDER / "flash-crash.toml")
"""Makers who leave, on zero-intelligence flow."""
SPIRAL = str(FOLDER / "deleveraging-spiral.toml")
"""A deleveraging spiral on zero-intelligence flow."""
