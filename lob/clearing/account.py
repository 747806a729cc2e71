"""``MarginAccount``: what one margin account has and needs."""

from typing import NamedTuple

__all__ = ["MarginAccount"]


class MarginAccount(NamedTuple):
    """The state of one margin account, as ``Clearing.account`` returns it."""

    account: int
    """Number of the account in the ledger."""
    owner: int
    """Owner number of the account's orders; 0: nobody's."""
    cash: int
    """Units of cash; negative: debt. What was paid for positions is off it already."""
    positions: dict[str, int]
    """Lots by name of asset; negative: short."""
    equity: int | None
    """Units of cash: cash and holdings at the marks; ``None`` as long as a mark is missing."""
    maintenance_margin: int | None
    """Units of cash that the positions must be backed with, rounded up; ``None``: no mark yet."""
    initial_margin: int | None
    """Units of cash that would have to back the positions if they were opened now, rounded up.

    ``None``: no mark yet.
    """
    liquidation_price: int | None
    """Ticks: the least adverse mark at which an isolated account fails; ``None``: none."""
    failed: bool
    """Whether a liquidation has taken the account over."""

    @property
    def margin_ratio(self) -> float:
        """Equity over maintenance margin of this account: below 1 it fails."""
        if self.equity is None or self.maintenance_margin is None:
            return float("nan")
        if self.maintenance_margin == 0:
            return float("inf") if self.equity >= 0 else float("-inf")
        return self.equity / self.maintenance_margin
