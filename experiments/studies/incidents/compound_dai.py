"""Compound, 26 November 2020: the price of DAI, at 1.30 on one exchange, fails accounts.

Cash is a hundredth of a cent, a lot of DAI and cDAI is one, prices are hundredths of a cent.
"""

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import leg_amounts, prices_over_time
from lob import Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import LoanToValue
from lob.liquidation.parts.price_paths import FixedBonus
from lob.liquidation.parts.sizing import CloseFactor
from lob.liquidation.recipes.common import at_last, losses_of
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.in_kind import DebtsOnly, InKind
from lob.units import PPM, SECOND_NS

__all__ = ["COMPOUND_DAI"]

USD = 10_000
"""Cash units, and ticks, of a dollar."""
PRICES = [(0.0, USD), (10.0, 13 * USD // 10)]
INCENTIVE = 1_080_000
OWNER = 1_000_000


def liquidated(collateral: str, lots: int, cash: int, debt: int) -> tuple[Simulation, int, int]:
    """The run of one borrower of DAI: DAI repaid and lots seized by the first liquidation.

    Parameters
    ----------
    collateral
        Name of what is pledged: its price is that of DAI where it is cDAI, else a dollar.
    lots, cash, debt
        Lots of it, cash units and lots of DAI that are owed.
    """
    design = StagedDesign(
        [
            Stage(
                sizing=DebtsOnly(CloseFactor(500_000)),
                price_path=FixedBonus(INCENTIVE, 0, PPM),
                takers=InKind(),
                every=SECOND_NS,
                patience=3_600 * SECOND_NS,
                settlement=losses_of("deficit"),
            ),
            at_last(losses_of("deficit"), 3_600.0),
        ]
    )
    same = collateral == "cDAI"
    clearing = Clearing(
        "compound",
        holdings=[
            Holding(
                prices_over_time(PRICES if same else PRICES[:1]),
                LoanToValue(750_000, 750_000),
                instrument=1,
            ),
            Holding(prices_over_time(PRICES), LoanToValue(0, 0)),
        ],
        liquidation_engine=design,
    )
    simulation = Simulation(
        instruments=[Instrument("DAI"), Instrument(collateral, number=1)], clearings=[clearing]
    )
    account = clearing.open(OWNER, [cash], [[lots], [-debt]], cross=True)
    simulation.add(PassiveHolder("liquidator", capital=10**9 * USD, discount=0))
    simulation.run(until=60 * SECOND_NS)
    repaid = leg_amounts(simulation, "DAI", account)
    seized = leg_amounts(simulation, collateral, account)
    return simulation, repaid[0], -seized[0]


def play() -> Played:
    """The largest account, in its own asset, and a borrower with another collateral."""
    first, repaid, seized = liquidated("cDAI", 60_000_000, 50_000_000 * USD, 92_200_000)
    second, paid, got = liquidated("stable", 1_300_000, 0, 900_000)
    return Played(
        (
            Finding("DAI repaid for the largest account", repaid, 46_100_000, ROUNDED, "DAI"),
            Finding("cDAI seized for it", seized, 49_800_000, ROUNDED, "DAI"),
            Finding("repaid / seized, one asset both ways", repaid / seized, 0.926, ROUNDED),
            Finding(
                "worth of what was repaid / seized, other collateral", paid / got, 0.712, ROUNDED
            ),
        ),
        (first, second),
        (
            Figure("what 8 % of the 85.2 M DAI repaid in all would be", 0.08 * 85.2e6, "DAI"),
            Figure("and 30 % of it", 0.3 * 85.2e6, "DAI"),
        ),
    )


COMPOUND_DAI = Incident(
    "compound-dai",
    "DAI at 1.30 on one exchange, which the oracle believed",
    "26 November 2020",
    (
        "DAI at 1.30 on Coinbase, incentive 1.08, close factor 50 % (comp.xyz/t/642)",
        "the largest account repaid 46.1 M DAI, and cDAI worth 49.8 M was seized (the same)",
    ),
    (
        "the largest account owes twice what it repaid, and pledges 60 M cDAI and 50 M dollars in "
        "cash: a borrower of DAI against nothing but DAI would not have failed by its price",
        "collateral factor 75 %; DAI truly was worth a dollar",
        "a liquidator with money enough for all, who wants no more than the incentive",
    ),
    "What is seized for what is repaid, through the market that believes 1.30. The loss of 1 - 1 "
    "/ (1.3 x 1.08) holds only for a debt in DAI with another collateral; where the collateral is "
    "DAI too both are too dear alike, and the loss is that of the incentive, .926.",
    play,
    ("what was lost: 8 % of what was repaid (6.8 M), or 30 %",),
)
