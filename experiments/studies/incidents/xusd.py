"""xUSD, 3 and 4 November 2025: lenders whose oracle does not know of a loss.

Cash is a hundredth of a cent, a lot one xUSD, a price is hundredths of a cent.
"""

import numpy as np

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import EXACT, ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import prices_over_time
from lob import EntryKind, Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import LoanToValue
from lob.liquidation.designs import make
from lob.liquidation.formulas.arithmetic import WAD
from lob.liquidation.formulas.morpho import morpho_incentive
from lob.units import PPM, SECOND_NS

__all__ = ["XUSD"]

USD = 10_000
BEFORE = 12_600
DEBT = 285_000_000
ACCOUNTS = 19
LLTV = 915_000
POSITIONS = [
    int(DEBT * USD / ACCOUNTS / (ltv * BEFORE)) for ltv in np.linspace(0.70, 0.88, ACCOUNTS)
]
"""Lots of each borrower: loan-to-values of 70 to 88 %."""
NEVER = 1e6
"""Seconds: after the end of every run."""
RECOVERIES = (3_000, 1_100)
"""Ticks: the two ends of what xUSD was worth afterwards."""


def lending(after: int, silent: float | None) -> tuple[Simulation, Clearing, float]:
    """A run: its clearing, and the debt that lenders were left with, in dollars.

    ``after``: ticks that xUSD falls to. ``silent``: seconds until which the oracle says nothing of
    the fall; ``None``: it follows the market.
    """
    path = [(0.0, BEFORE), (60.0, 12_000), (120.0, 9_000), (180.0, 6_000), (240.0, after)]
    out = [] if silent is None else [(SECOND_NS, round(silent * SECOND_NS))]
    clearing = Clearing(
        "lenders",
        holdings=[Holding(prices_over_time(path, outages=out), LoanToValue(LLTV, LLTV))],
        liquidation_engine=make("fixed-spread:morpho", lltv=LLTV),
    )
    simulation = Simulation(instruments=[Instrument("xUSD")], clearings=[clearing])
    clearing.open(1_000_000, [-DEBT * USD // ACCOUNTS] * ACCOUNTS, POSITIONS)
    simulation.add(PassiveHolder("liquidator", capital=10**13, discount=0))
    simulation.run(until=600 * SECOND_NS)
    rows = simulation.entries
    bad = rows["amount"][rows["kind"] == EntryKind.BAD_DEBT].sum()
    return simulation, clearing, float(bad) / USD


def play() -> Played:
    """An oracle that is silent, for ever or until the end, and one that follows the market."""
    stays, blind, _ = lending(RECOVERIES[0], NEVER)
    follows, sees, spared = lending(RECOVERIES[0], None)
    told = [lending(after, 300.0) for after in RECOVERIES]
    incentive = morpho_incentive(LLTV * (WAD // PPM)) / WAD
    left = [DEBT - sum(POSITIONS) * after / USD / incentive for after in RECOVERIES]
    return Played(
        (
            Finding("liquidations while the oracle stays", blind.case_count, 0, EXACT),
            Finding("liquidations if it follows the market", sees.case_count, ACCOUNTS, EXACT),
            Finding("lenders' loss at .30: exposure less recovery", told[0][2], left[0], ROUNDED,
                    "USD"),
            Finding("and at .11", told[1][2], left[1], ROUNDED, "USD"),
        ),
        (stays, follows, *(run for run, _, _ in told)),
        (
            Figure("lost of each dollar lent, at .30", told[0][2] / DEBT),
            Figure("and at .11", told[1][2] / DEBT),
            Figure("lenders' loss at .30 if the oracle follows the market", spared, "USD"),
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
    "That nothing is liquidated while the oracle stays, and everything if it follows the market. "
    "Once the price is told, lenders lose the exposure less the recovery, at either end of the "
    "price (less the liquidators' incentive: morpho's, which the run pays). The bad debt of "
    "Morpho's 18 markets, 3.64 M, would need each market's exposure, and is not shown.",
    play,
    ("a loss of 93 M of the fund behind it",),
)
