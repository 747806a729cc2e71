"""Euler, 13 March 2023: collateral is given away, and the account liquidated by its own owner.

Cash is a millionth of a DAI, a lot one eDAI, a price is millionths of a DAI.
"""

from agents import Simulation
from experiments.studies.incidents.record import EXACT, ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import Actor, donate, leg_amounts
from lob import EntryKind, Instrument
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.liquidation.parts.price_paths import HealthDiscount
from lob.liquidation.recipes.common import at_last, losses_of
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.offers import OpenOffer
from lob.units import SECOND_NS

__all__ = ["EULER"]

DAI = 1_000_000
PRICE = 1_022_100
SHARES, DEBT, GIVEN = 410_930_000, 390_000_000 * DAI, 100_000_000
DRAWN = 38_900_000
"""DAI that the pool had."""
VIOLATOR, LIQUIDATOR = 1_000_000, 2_000_000


def take_all(actor: Actor) -> None:
    """Take whatever is on offer, whole."""
    for offer in list(actor.simulation.clearings[0].liquidation_engine.offers.values()):
        actor.take_offer(offer.tag, offer.size)


def attack(donation: int) -> tuple[Simulation, Clearing, int, int]:
    """The run, its clearing, and the accounts of who gave and of who liquidated.

    ``donation`` in lots.
    """
    design = StagedDesign(
        [
            Stage(
                price_path=HealthDiscount(),
                takers=OpenOffer(),
                patience=60 * SECOND_NS,
                settlement=losses_of("lenders"),
            ),
            at_last(losses_of("lenders"), 0.0),
        ]
    )
    clearing = Clearing(
        "euler",
        holdings=[Holding(Oracle(Fixed(PRICE)), LoanToValue(950_000, 950_000))],
        liquidation_engine=design,
    )
    simulation = Simulation(instruments=[Instrument("eDAI")], clearings=[clearing])
    violator = clearing.open(VIOLATOR, [-DEBT], [SHARES])
    taker = clearing.open(LIQUIDATOR, [0], [0])
    shares = simulation.ledger.asset("eDAI")
    simulation.add(
        Actor(
            "violator",
            [(10.0, lambda actor: donate(actor, shares, violator, clearing.fees, donation))],
            owner=VIOLATOR,
        )
    )
    simulation.add(
        Actor(
            "liquidator",
            [
                (20.0, take_all),
                (30.0, lambda actor: actor.withdraw(DRAWN * DAI // PRICE, shares)),
            ],
            owner=LIQUIDATOR,
        )
    )
    simulation.run(until=40 * SECOND_NS)
    return simulation, clearing, violator, taker


def play() -> Played:
    """With the donation, and without it."""
    given, _, violator, taker = attack(GIVEN)
    kept, calm, _, _ = attack(0)
    shares = given.ledger.asset("eDAI")
    taken = leg_amounts(given, "eDAI", taker)[0]
    due = -leg_amounts(given, "cash", taker)[0] / DAI
    repaid = leg_amounts(given, "cash", violator)[0] / DAI
    reserves = given.ledger.balance(given.clearings[0].fees, given.clearings[0].cash_asset) / DAI
    bad = given.entries[given.entries["kind"] == EntryKind.BAD_DEBT]
    drawn = (taken - given.ledger.balance(taker, shares)) * PRICE / DAI
    return Played(
        (
            Finding("collateral the liquidator gets", taken, 310.93e6, ROUNDED, "eDAI"),
            Finding("debt taken over, 2 % for the reserves included", due, 259.3e6, ROUNDED, "DAI"),
            Finding("debt that this repays", repaid - reserves, 254.2e6, ROUNDED, "DAI"),
            Finding("debt left that nobody pays", float(bad["amount"].sum()) / DAI, 136e6, ROUNDED,
                    "DAI"),
            Finding("what he could draw", drawn, 38.9e6, ROUNDED, "DAI"),
            Finding("liquidations without the donation", calm.case_count, 0, EXACT),
        ),
        (given, kept),
        (Figure("profit, less the loan of 30 M", drawn - 30e6, "DAI"),),
    )  # fmt: skip


EULER = Incident(
    "euler",
    "collateral given away without a look at health, and a liquidation of oneself",
    "13 March 2023",
    (
        "410.93 M eDAI at 1.0221 against 390 M dDAI, of which 100 M eDAI are given to the "
        "reserves; the liquidator has 310.93 M eDAI and 259.3 M dDAI and draws 38.9 M "
        "(survivalistbriefing.com, a copy of Cointelegraph)",
        "Euler v1's discount: 2 % and what health lacks, 20 % at most; 2 % more to the reserves",
    ),
    (
        "eDAI count 95 % of their worth against dDAI",
        "the positions stand as they were before the donation; the minting before it is not played",
    ),
    "The discount, the debt taken over and what is left follow from the rules: 310.93 x 1.0221 x "
    ".8 = 254.2, and 2 % more. That the liquidator's account then backs a withdrawal of all the "
    "pool had is asked of the clearing.",
    play,
    ("the debt left: an article has 146 M",),
)
