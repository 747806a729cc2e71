"""Scenarios of the tests' own, in ticks and lots, that are over in seconds."""

from pathlib import Path

__all__ = [
    "BLACK_THURSDAY",
    "CHAIN",
    "CONTAGION",
    "FLASH_CRASH",
    "LOOPS",
    "SPIRAL",
    "TWO_ASSETS",
    "VAULT",
]

FOLDER = Path(__file__).with_name("scenarios")

BLACK_THURSDAY = str(FOLDER / "black-thursday.toml")
"""Auctions of a lender whose keepers do not get through, on zero-intelligence flow."""
CHAIN = str(FOLDER / "rehypothecation-chain.toml")
"""A lender that pledges again, on zero-intelligence flow."""
CONTAGION = str(FOLDER / "contagion.toml")
"""Three protocols on one base asset, on zero-intelligence flow."""
FLASH_CRASH = str(FOLDER / "flash-crash.toml")
"""Makers who leave, on zero-intelligence flow."""
LOOPS = str(FOLDER / "looped-staking-depeg.toml")
"""Loops in two protocols, on zero-intelligence flow."""
SPIRAL = str(FOLDER / "deleveraging-spiral.toml")
"""A deleveraging spiral on zero-intelligence flow."""
TWO_ASSETS = str(FOLDER / "two-assets.toml")
"""Portfolios of two assets, on zero-intelligence flow."""
VAULT = str(FOLDER / "leverage-vault.toml")
"""A vault that rebalances and its depositors, on zero-intelligence flow."""
