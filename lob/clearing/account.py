"""What one account has and needs."""

from typing import NamedTuple

__all__ = ["MarginAccount"]


class MarginAccount(NamedTuple):
    """One margin account as ``Clearing.account`` sees it. Amounts in units of cash."""

    account: int
    """Number in the ledger."""
    owner: int
    """Owner number of its orders."""
    cash: int
    """Negative: debt. What was paid for positions is off it already."""
    positions: dict[str, int]
    """Lots by asset, negative: short."""
    equity: int | None
    """Cash and what it holds at the marks; ``None`` as long as a mark is missing."""
    maintenance_margin: int | None
    """What the positions must be backed with, rounded up."""
    initial_margin: int | None
    """What they would have to be backed with if they were opened now."""
    liquidation_price: int | None
    """Ticks: the least adverse mark at which an isolated account fails; ``None``: none."""
    failed: bool
    """Whether a liquidation has it."""

    @property
    def margin_ratio(self) -> float:
        """Equity over maintenance margin: below 1 the account fails."""
        if self.equity is None or self.maintenance_margin is None:
            return float("nan")
        if self.maintenance_margin == 0:
            return float("inf") if self.equity >= 0 else float("-inf")
        return self.equity / self.maintenance_margin
