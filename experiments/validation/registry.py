"""Every target, in the order of the table in docs/validation.md."""

from experiments.validation import (
    targets_flow,
    targets_leverage,
    targets_markets,
    targets_trading,
)
from experiments.validation.target import Target

__all__ = ["TARGETS"]

TARGETS: tuple[Target, ...] = (
    *targets_flow.TARGETS,
    *targets_trading.TARGETS,
    *targets_leverage.TARGETS,
    *targets_markets.TARGETS,
)
"""All validation targets."""
