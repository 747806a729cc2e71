"""Margin accounts that pledge a claim, as one participant."""

from collections.abc import Sequence

from agents.agent import Agent
from lob import EntryKind
from lob.checks import integer

__all__ = ["Pledgers"]


class Pledgers(Agent):
    """Portfolios of a claim and a debt, opened when the run starts; they do nothing by themselves.

    Parameters
    ----------
    name
        Of the population.
    asset
        Name of the claim, a holding of the clearing.
    units
        Of it, one number an account.
    debts
        Units of cash that each owes: it has spent them outside.
    holders
        Name of the ledger account that the claims come from; ``None``: the outside world.
    clearing
        Number.
    """

    def __init__(
        self,
        name: str,
        *,
        asset: str,
        units: Sequence[int],
        debts: Sequence[int],
        holders: str | None = None,
        clearing: int = 0,
        owner: int | None = None,
    ) -> None:
        if not len(units) or len(units) != len(debts):
            raise ValueError(
                f"units and debts must be as many, at least one, got {len(units)} and {len(debts)}"
            )
        super().__init__(name, owner=owner, members=len(units))
        self.asset = asset
        self.units = [integer("units", one, 1) for one in units]
        self.debts = [integer("debts", one, 0) for one in debts]
        self.holders = holders
        self.clearing_number = integer("clearing", clearing, 0)
        self.first_account = 0

    def on_start(self) -> None:
        """Open the accounts, give each its claims, and let it owe."""
        venue = self.simulation.venue
        clearing = venue.clearings[self.clearing_number]
        if self.asset not in [one.name for one in clearing.holdings]:
            raise ValueError(f"asset {self.asset!r} is no holding of clearing {clearing.name!r}")
        count = len(self.units)
        rows = [[0] * count for _ in clearing.holdings]
        self.first_account = clearing.open(self.owner, [0] * count, rows, cross=True)
        ledger = venue.ledger
        claim = ledger.asset(self.asset)
        source = ledger.WORLD if self.holders is None else ledger.account(self.holders)
        cash = clearing.cash_asset
        for i, (units, debt) in enumerate(zip(self.units, self.debts, strict=True)):
            ledger.transfer(claim, source, self.first_account + i, units, kind=EntryKind.OPENING)
            ledger.transfer(cash, self.first_account + i, ledger.WORLD, debt)
        venue.refresh()
