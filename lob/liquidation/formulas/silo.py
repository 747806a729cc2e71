"""Silo v1: all collateral for all debt."""

__all__ = ["silo_profit"]


def silo_profit(collateral_value: int, debt_value: int) -> int:
    """Silo v1: a liquidator repays all and takes all; what is left is his, or his loss."""
    return collateral_value - debt_value
