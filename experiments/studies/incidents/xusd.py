"""xUSD, 3 and 4 November 2025: lenders whose oracle does not know of a loss.

Cash is a hundredth of a cent, a lot one xUSD, a price is hundredths of a cent.
"""

import numpy as np

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import EXACT, ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import prices_over_time
from lob import Instrument
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import make
from lob.units import SECOND_NS

__all__ = ["XUSD"]

USD = 10_000
BEFORE = 12_600
DEBT = 285_000_000
ACCOUNTS = 19
RECOVERIES = (3_000, 1_100)
"""Ticks: the two ends of what xUSD was worth afterwards."""


def lending(fixed: bool, after: int) -> tuple[Simulation, Clearing, int, int]:
    """The run, its clearing, the first account and what the liquidators paid, in cash units.

    ``fixed``: whether the oracle stays where it was; ``after``: ticks that xUSD falls to.
    """
    path = [(0.0, BEFORE), (60.0, 12_000), (120.0, 9_000), (180.0, 6_000), (240.0, after)]
    oracle = Oracle(Fixed(BEFORE)) if fixed else prices_over_time(path)
    clearing = Clearing(
        "lenders",
        holdings=[Holding(oracle, LoanToValue(915_000, 915_000))],
        liquidation_engine=make("fixed-spread:morpho", lltv=915_000),
    )
    simulation = Simulation(instruments=[Instrument("xUSD")], clearings=[clearing])
    debts = np.full(ACCOUNTS, DEBT * USD // ACCOUNTS)
    # Loan-to-values of 70 to 88 %.
    lots = [int(debt / (ltv * BEFORE)) for debt, ltv in zip(debts, np.linspace(0.70, 0.88, ACCOUNTS),
                                                           strict=True)]  # fmt: skip
    first = clearing.open(1_000_000, -debts, lots)
    holder = simulation.add(PassiveHolder("liquidator", capital=10**13, discount=0))
    simulation.run(until=600 * SECOND_NS)
    spent = holder.capital - simulation.ledger.balance(holder.account, clearing.cash_asset)
    return simulation, clearing, first, spent


def lenders_loss(simulation: Simulation, first: int, price: int) -> tuple[float, float]:
    """What lenders lose if borrowers give up their collateral at a price, and the exposure: dollars."""
    ledger = simulation.ledger
    lots = [ledger.balance(first + i, ledger.asset("xUSD")) for i in range(ACCOUNTS)]
    owed = [-ledger.balance(first + i, ledger.asset("cash")) for i in range(ACCOUNTS)]
    lost = sum(max(0, debt - held * price) for debt, held in zip(owed, lots, strict=True))
    return lost / USD, sum(owed) / USD


def play() -> Played:
    """The fixed oracle at either end of the recovery, and an oracle that follows the market."""
    stays, blind, first, _ = lending(True, RECOVERIES[0])
    follows, sees, _, spent = lending(False, RECOVERIES[0])
    losses = [lenders_loss(stays, first, price) for price in RECOVERIES]
    held = sum(
        stays.ledger.balance(first + i, stays.ledger.asset("xUSD")) for i in range(ACCOUNTS)
    )
    expected = [DEBT - held * price / USD for price in RECOVERIES]
    return Played(
        (
            Finding("liquidations with the fixed oracle", blind.case_count, 0, EXACT),
            Finding("lenders' loss at .30 is exposure less recovery", losses[0][0], expected[0],
                    ROUNDED, "USD"),
            Finding("and at .11", losses[1][0], expected[1], ROUNDED, "USD"),
            Finding("liquidations if the oracle follows the market", sees.case_count, ACCOUNTS, EXACT),
        ),
        (stays, follows),
        (
            Figure("lost of each dollar lent, at .30", losses[0][0] / losses[0][1]),
            Figure("and at .11", losses[1][0] / losses[1][1]),
            Figure("paid by liquidators where the oracle follows the market", spent / USD, "USD"),
        ),
    )  # fmt: skip


XUSD = Incident(
    "xusd",
    "collateral that loses most of its worth, and an oracle that does not say so",
    "3 and 4 November 2025",
    (
        "285 M of debt against xUSD; afterwards it was worth .11 to .30; no liquidation "
        "(news.adtechsolutions.net, bitcoinethereumnews.com/?p=2267923)",
    ),
    (
        "1.26 as the price that oracles kept, 91.5 % as the loan-to-value at which accounts fail",
        "19 equal borrowers with loan-to-values of 70 to 88 %; liquidators with money enough",
    ),
    "That nothing is liquidated, and that all lenders lose is exposure less recovery, at either end of "
    "the price; with an oracle that follows the market every account is liquidated on the way down. "
    "The bad debt of Morpho's 18 markets, 3.64 M, would need each market's exposure, and is not shown.",
    play,
    ("a loss of 93 M of the fund behind it",),
)
