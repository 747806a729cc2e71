"""Solend, 19 June 2022: one account so large that its liquidation would have been the market's.

Cash is a cent, a lot one SOL, a price is cents.
"""

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import (
    EXACT,
    ROUNDED,
    Figure,
    Finding,
    Incident,
    Played,
)
from experiments.studies.incidents.scene import (
    case_marks,
    leg_amounts,
    prices_over_time,
    straight_path,
)
from lob import Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import LoanToValue
from lob.liquidation.designs import make
from lob.units import SECOND_NS

__all__ = ["SOLEND"]

SOL, DEBT = 5_700_000, 108_000_000 * 100


def fall_to(price: int) -> tuple[Simulation, Clearing, int]:
    """A fall of SOL from 30 dollars to a price in cents: the run, its clearing and the account."""
    path = straight_path(3_000, price, start=0.0, seconds=600.0)
    clearing = Clearing(
        "solend",
        holdings=[Holding(prices_over_time(path), LoanToValue(750_000, 850_000))],
        liquidation_engine=make(
            "fixed-spread", bonus=50_000, fee=0, close=200_000, full_health=0, dust=False
        ),
    )
    simulation = Simulation(instruments=[Instrument("SOL")], clearings=[clearing])
    account = clearing.open(1_000_000, [-DEBT], [SOL])
    simulation.add(PassiveHolder("liquidator", capital=10**12, discount=0))
    simulation.run(until=601 * SECOND_NS)
    return simulation, clearing, account


def play() -> Played:
    """A fall that stops a cent above the trigger, and one that goes on."""
    spared, above, _ = fall_to(2_230)
    struck, below, account = fall_to(2_200)
    trigger = case_marks(below)[0] / 100
    first = leg_amounts(struck, "cash", account)[0] / 100
    return Played(
        (
            Finding("price at which it is liquidated", trigger, 22.30, ROUNDED, "USD"),
            Finding("repaid at once", first, 21_600_000, ROUNDED, "USD"),
            Finding("liquidations while SOL stays above", above.case_count, 0, EXACT),
        ),
        (spared, struck),
        (Figure("SOL sold for it at once", first / trigger * 1.05, "SOL"),),
    )


SOLEND = Incident(
    "solend",
    "a liquidation that a vote tried to take over, and that did not come",
    "19 June 2022",
    (
        "5.7 M SOL against 108 M USDC; a fifth of the debt at a time "
        "(cryptonews.net/news/defi/8527237, watcher.guru)",
        "nothing was liquidated; the vote for it, 97.5 %, was taken back (the same)",
    ),
    (
        "liquidation threshold 85 %, Solend's of SOL as remembered; bonus 5 %",
        "a fall in a straight line, from 30 dollars",
    ),
    "The price at which it fails and what is repaid at once come from the threshold and the close "
    "factor; both were published beside them, 22.30 and 21.6 M.",
    play,
)
