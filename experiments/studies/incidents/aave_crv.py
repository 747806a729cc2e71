"""Aave, 22 November 2022: a short of CRV whose liquidations left a debt.

CRV is the debt here. Cash is a hundredth of a cent, a lot one CRV, a price is hundredths of a cent.
"""

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import leg_amounts, prices_over_time
from lob import Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import LoanToValue
from lob.liquidation.designs import make
from lob.units import SECOND_NS

__all__ = ["AAVE_CRV"]

USD = 10_000
CRV, COLLATERAL = 92_000_000, 63_600_000 * USD
BONUS = 45_000
THRESHOLD_AS_WEIGHT = 136_364
"""Ppm that a debt counts beyond its value: 1 / 0.88 - 1, a liquidation threshold of 88 %."""


def price_of(ticks: int) -> tuple[Simulation, Clearing, int]:
    """A rise of CRV from 50 cents to ``ticks``: the run, its clearing and the account."""
    clearing = Clearing(
        "aave",
        holdings=[
            Holding(
                prices_over_time([(0.0, 5_000), (10.0, ticks)]),
                LoanToValue(0, 0, debt_weight=THRESHOLD_AS_WEIGHT),
            )
        ],
        liquidation_engine=make(
            "fixed-spread", bonus=BONUS, fee=0, close=10_000, full_health=0, dust=False, last=0.0
        ),
    )
    simulation = Simulation(instruments=[Instrument("CRV")], clearings=[clearing])
    account = clearing.open(1_000_000, [COLLATERAL], [-CRV])
    simulation.add(PassiveHolder("liquidator", capital=10**13, discount=0))
    simulation.run(until=11 * SECOND_NS)
    return simulation, clearing, account


def first_price(says: str, low: int, high: int) -> tuple[Simulation, int]:
    """The least price in ticks, between two, at which something is so; by halving."""
    while high - low > 1:
        middle = (low + high) // 2
        if happens(says, middle)[1]:
            high = middle
        else:
            low = middle
    return happens(says, high)[0], high


def happens(says: str, ticks: int) -> tuple[Simulation, bool]:
    """A run at a price, and whether the account fails, spirals or is under water in it."""
    simulation, clearing, account = price_of(ticks)
    if not clearing.case_count:
        return simulation, False
    if says == "fails":
        return simulation, True
    if says == "under water":
        # At the failure, before anybody took.
        return simulation, CRV * ticks > COLLATERAL
    paid = -leg_amounts(simulation, "cash", account)[0]
    repaid = leg_amounts(simulation, "CRV", account)[0]
    before, after = CRV * ticks / COLLATERAL, (CRV - repaid) * ticks / (COLLATERAL - paid)
    return simulation, after > before


def play() -> Played:
    """Where it fails, where it spirals, where it is under water; and what a mean price leaves."""
    fails, first = first_price("fails", 5_001, 8_000)
    spirals, toxic = first_price("spirals", 5_001, 8_000)
    drowned, under = first_price("under water", 5_001, 8_000)
    left = CRV - COLLATERAL / (0.681 * 1.045) / USD
    return Played(
        (
            Finding("price from which it is liquidated", first / USD, 0.608, ROUNDED, "USD"),
            Finding("price from which liquidating is toxic", toxic / USD, 0.6615, ROUNDED, "USD"),
            Finding("price from which it is under water", under / USD, 0.691, ROUNDED, "USD"),
            Finding(
                "toxic / liquidated, as 1 / (threshold x (1 + bonus))",
                toxic / first,
                1 / (0.88 * 1.045),
                ROUNDED,
            ),
        ),
        (fails, spirals, drowned),
        (
            Figure(
                "CRV left at .681 throughout, which the left 2.64 M give: an identity", left, "CRV"
            ),
        ),
    )


AAVE_CRV = Incident(
    "aave-crv",
    "a short position of CRV, liquidated upwards until nothing was left to seize",
    "22 November 2022",
    (
        "92 M CRV owed against 63.6 M USDC, bonus 4.5 % (blockworks.co/news/aave-curve-bad-debt, "
        "research.kaiko.com/insights/crv-aave-liquidation)",
        "385 liquidations in 50 minutes left 2.64 M CRV, 1.6 to 1.7 M dollars (the same)",
    ),
    (
        "liquidation threshold 88 %, as remembered (89 elsewhere)",
        "prices that jump, one a run; a hundredth of the debt is repaid at a time",
    ),
    "Three prices are found by halving, each from runs: where the account fails, where a "
    "liquidation raises its loan-to-value, where it owes more than it has. That debt was left "
    "although it was liquidated from .608 on is what the second and the third say must happen to "
    "slow liquidators. The path of the price is in no source at hand, so what was left is shown "
    "and not checked.",
    play,
    ("collateral: Decrypt has 50 M, Arkham an inflow of 55.5 M, net of loops",),
)
