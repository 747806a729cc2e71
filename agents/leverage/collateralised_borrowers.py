"""Margin accounts that borrow against a claim, as one participant."""

from collections.abc import Sequence

from agents.agent import Agent
from lob.checks import integer, ppm
from lob.units import PPM, SECOND_NS

__all__ = ["CollateralisedBorrowers"]


class CollateralisedBorrowers(Agent):
    """Borrowers with portfolios of a claim and a debt, which do nothing by themselves once open.

    They borrow against what the clearing believes the claim to be worth when they come, and spend
    the money outside.

    Parameters
    ----------
    name
        Name of the population.
    asset
        Name of the claim, a holding of the clearing. It comes from the outside world.
    units
        Units of the claim, 1 or more, one number an account.
    shares
        0 to 1,000,000 ppm of the value of its units that each account borrows, one an account.
    clearing
        Number of the clearing, from 0.
    opens
        ns from the start after which they come, at the earliest when the claim has a mark.
    owner
        Owner number of the first account; made of the name if not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or ``units`` and ``shares`` are not as many.
    """

    def __init__(
        self,
        name: str,
        *,
        asset: str,
        units: Sequence[int],
        shares: Sequence[int],
        clearing: int = 0,
        opens: int = 0,
        owner: int | None = None,
    ) -> None:
        if not len(units) or len(units) != len(shares):
            raise ValueError(
                f"units and shares must be as many, at least one, got {len(units)} and "
                f"{len(shares)}"
            )
        super().__init__(name, owner=owner, members=len(units))
        self.asset = asset
        self.units = [integer("units", one, 1) for one in units]
        self.shares = [ppm("shares", one) for one in shares]
        self.clearing_number = integer("clearing", clearing, 0)
        self.opens = integer("opens", opens, 0)
        self.first_account = 0

    def on_start(self) -> None:
        """Hook: the run begins; wait for the time to open the accounts."""
        clearing = self.simulation.venue.clearings[self.clearing_number]
        names = [one.name for one in clearing.holdings]
        if self.asset not in names:
            raise ValueError(f"asset {self.asset!r} is no holding of clearing {clearing.name!r}")
        self.holding = names.index(self.asset)
        self.wake_in(self.opens)

    def on_wake(self) -> None:
        """Hook: open the accounts with their claims and their debts, once the claim has a mark."""
        venue = self.simulation.venue
        clearing = venue.clearings[self.clearing_number]
        mark = clearing.holdings[self.holding].mark_price
        if mark is None:
            self.wake_in(WAIT)
            return
        instrument = clearing.holdings[self.holding].instrument
        worth = mark * venue.instruments[instrument].multiplier
        nothing = [0] * len(self.units)
        self.first_account = clearing.open(
            self.owner,
            # Down: what is lent is never more than the share.
            [-(u * worth * share // PPM) for u, share in zip(self.units, self.shares, strict=True)],
            [self.units if one.name == self.asset else nothing for one in clearing.holdings],
            cross=True,
        )
        venue.refresh()


WAIT = SECOND_NS
"""ns until it looks for a mark again."""
