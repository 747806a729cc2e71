"""Liquidation spirals of lending pools: from which loan-to-value on liquidating makes it worse.

Cash is a millionth of a tick times a lot; there is no real unit here.
"""

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import Finding, Incident, Played
from experiments.studies.incidents.scene import leg_amounts, prices_over_time
from lob import Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import LoanToValue
from lob.liquidation.designs import make
from lob.units import PPM, SECOND_NS

__all__ = ["TOXIC_SPIRALS"]

PRICE, LOTS = 1_000_000, 1_000_000
BONUSES = (45_000, 80_000, 150_000)
STEP = 0.001
"""Between the loan-to-values of two accounts."""
TOLERANCE = 0.0012
"""A threshold is found between two accounts, and prices are whole ticks."""


def threshold(bonus: int) -> tuple[Simulation, float]:
    """The run, and the least loan-to-value at which the first liquidation raises it.

    ``bonus`` in ppm. An account for each loan-to-value from 85 to 96.9 %, all of which fail.
    """
    design = make("fixed-spread", bonus=bonus, fee=0, close=100_000, full_health=0, dust=False)
    clearing = Clearing(
        "pool",
        holdings=[Holding(prices_over_time([(1.0, PRICE)]), LoanToValue(700_000, 750_000))],
        liquidation_engine=design,
    )
    simulation = Simulation(instruments=[Instrument("collateral")], clearings=[clearing])
    ratios = [850 + i for i in range(120)]
    debts = [LOTS * PRICE // 1_000 * ratio for ratio in ratios]
    first = clearing.open(1_000_000, [-debt for debt in debts], [LOTS] * len(debts))
    simulation.add(PassiveHolder("liquidator", capital=10**17, discount=0))
    simulation.run(until=2 * SECOND_NS)
    worse = []
    for i, debt in enumerate(debts):
        paid = leg_amounts(simulation, "cash", first + i)[0]
        taken = -leg_amounts(simulation, "collateral", first + i)[0]
        before, after = debt / (LOTS * PRICE), (debt - paid) / ((LOTS - taken) * PRICE)
        if after > before:
            worse.append(ratios[i] * STEP)
    return simulation, min(worse)


def play() -> Played:
    """Find the threshold at three bonuses."""
    runs = {bonus: threshold(bonus) for bonus in BONUSES}
    return Played(
        tuple(
            Finding(
                f"loan-to-value from which on it is toxic, bonus {bonus / 10_000:g} %",
                found,
                PPM / (PPM + bonus),
                TOLERANCE,
            )
            for bonus, (_, found) in runs.items()
        ),
        tuple(simulation for simulation, _ in runs.values()),
    )


TOXIC_SPIRALS = Incident(
    "toxic-spirals",
    "a liquidation that leaves the account worse than before",
    "described in 2022",
    ("liquidating raises the loan-to-value iff it is above 1 / (1 + bonus) (arXiv 2212.07306)",),
    (
        "120 accounts with loan-to-values of 85 to 96.9 %; a tenth of a debt may be repaid at a "
        "time",
    ),
    "The threshold is read off what liquidations did to 120 accounts, at three bonuses, and held "
    "to the law, to the distance between two accounts.",
    play,
)
