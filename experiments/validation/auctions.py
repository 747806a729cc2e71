"""Auctions with private values, held by the project's own designs among its own bidders.

Sources: W. Vickrey, "Counterspeculation, auctions, and competitive sealed tenders", Journal of
Finance 16, 1961; R. Myerson, "Optimal auction design", Mathematics of Operations Research 6, 1981;
J. Riley and W. Samuelson, "Optimal auctions", American Economic Review 71, 1981.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from agents.keepers import Bidder, FirstPrice, ShareOfValue, expected_revenue
from agents.keepers.bidding import BiddingRule
from experiments.validation.target import Values
from lob.checks import natural
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import make
from lob.liquidation.offers import Offer
from lob.liquidation.sealed_bid import SealedBid
from lob.liquidation.staged import StagedDesign
from lob.units import PPM, SECOND_NS

__all__ = ["auction_revenue"]

HIGH = 10**6
"""Ticks of the highest value, so that rounding bids to ticks hardly matters."""
DEBTOR = 10**6
"""Owner of the first account that failed."""


def auction_revenue(n: int = 2, rho: float = 0.0, auctions: int = 1_000, seed: int = 1) -> Values:
    """What an auction brings from bidders with private values, uniform on 0 to 1.

    Vickrey 1961, Myerson 1981; with constant relative risk aversion Riley, Samuelson 1981: in a
    sealed first-price auction such a bidder bids v (n - 1) / (n - rho). Bidders of
    ``agents.keepers`` bid for the right to accounts that have failed (``lob.liquidation``).

    Parameters
    ----------
    n
        Bidders, 1 to 1,000.
    rho
        Relative risk aversion, from 0 to below 1.
    auctions
        Auctions of each kind; n times this is 1e6 at most.
    seed
        Seed of the bidders' values.

    Returns
    -------
    Values
        Mean price, where values are from 0 to 1: ``revenue`` of a first-price auction, n (n - 1) /
        ((n + 1) (n - rho)), and without risk aversion ``with_reserve``: that with the best reserve,
        1 / 2. As paid: ``first_price``, and without risk aversion ``second_price`` and
        ``first_price_with_reserve``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    natural("n", n, 1)
    natural("auctions", auctions, 100)
    if not 0 <= rho < 1 or n > 1_000 or n * auctions > 10**6:
        raise ValueError(
            f"rho must be 0 to below 1, n up to 1,000 and n * auctions up to 1e6, got {rho!r}, "
            f"{n!r} and {auctions!r}"
        )
    kinds: dict[str, tuple[BiddingRule, bool]] = {}
    if rho and n > 1:
        kinds["first_price"] = (ShareOfValue(round(PPM * (n - 1) / (n - rho))), False)
    else:
        kinds["first_price"] = (FirstPrice(n), False)
    values: Values = {"revenue": n * (n - 1) / ((n + 1) * (n - rho))}
    if not rho:
        values |= {"revenue": expected_revenue(n), "with_reserve": expected_revenue(n, 0.5)}
        kinds["second_price"] = (ShareOfValue(), True)
        kinds["first_price_with_reserve"] = (FirstPrice(n, HIGH // 2), False)
    for name, (rule, second_price) in kinds.items():
        paid = _held(n, rule, second_price, auctions, seed)
        values[name] = float(paid.mean())
        values[f"{name}_error"] = float(paid.std() / sqrt(auctions))
    return values


class _Bidder(Bidder):
    """Bids for the right to lots, which is worth its private value to it."""

    def next_bid(self, offer: Offer, value: int, best: int | None) -> tuple[int, int] | None:
        price = self.rule.bid(value, None, offer.side)
        return None if price is None else (offer.size, price)


def _held(
    bidders: int, rule: BiddingRule, second_price: bool, auctions: int, seed: int
) -> NDArray[np.float64]:
    """Return what each auction brought, over the highest value."""
    sale = make("fixed-spread")
    assert isinstance(sale, StagedDesign)
    design = SealedBid(sale, second_price=second_price)
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(200_000, 100_000))],
        liquidation_engine=design,
    )
    simulation = agents.Simulation(
        seed, instruments=[lob.Instrument("X")], clearings=[clearing], messages=False
    )
    # Their equity is nothing at the mark: all fail at once, each with a lot.
    lots = np.ones(auctions, np.int64)
    clearing.open(DEBTOR, -100 * lots, lots)
    for number in range(bidders):
        simulation.add(
            _Bidder(f"bidder {number}", capital=auctions * HIGH, value=(0, HIGH), rule=rule)
        )
    simulation.venue.refresh()
    simulation.run(until=SECOND_NS)
    entries = simulation.entries
    mine = entries[entries["credit"] == clearing.fund]
    paid = np.zeros(auctions)
    paid[: len(mine)] = mine["amount"] / HIGH
    return paid
