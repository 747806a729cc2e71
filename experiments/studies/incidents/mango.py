"""Mango, 11 October 2022: unrealised profit at a pumped price, borrowed against and withdrawn.

Cash is a hundredth of a cent, a lot one MNGO, a price is hundredths of a cent.
"""

from agents import Simulation
from experiments.studies.incidents.record import EXACT, ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import Actor
from lob import EntryKind, Instrument
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import make
from lob.units import PPM, SECOND_NS

__all__ = ["MANGO"]

USD = 10_000
LOTS, ENTRY, PEAK = 483_000_000, 382, 9_100
DEPOSIT, WITHDRAWN = 5_000_000 * USD, 116_000_000 * USD
LONG, SHORT = 1_000_000, 2_000_000


def attack(pumps: bool) -> tuple[Simulation, dict[str, int]]:
    """A run, and what the long was worth at the peak, withdrew and owed afterwards, in cash units.

    ``pumps``: whether the oracle is manipulated.
    """
    off = PEAK * PPM // ENTRY - PPM
    oracle = Oracle(
        Fixed(ENTRY), manipulations=[(10 * SECOND_NS, 60 * SECOND_NS, off)] if pumps else []
    )
    clearing = Clearing(
        "mango",
        holdings=[Holding(oracle, FlatMargin(200_000, 100_000))],
        liquidation_engine=make("market-sale"),
    )
    simulation = Simulation(instruments=[Instrument("MNGO")], clearings=[clearing])
    account = clearing.open(LONG, [DEPOSIT - LOTS * ENTRY], [LOTS])
    clearing.open(SHORT, [DEPOSIT + LOTS * ENTRY], [-LOTS])
    simulation.add(
        Actor(
            "attacker",
            [(30.0, lambda actor: actor.withdraw(WITHDRAWN, clearing.cash_asset))],
            owner=LONG,
        )
    )
    simulation.run(until=20 * SECOND_NS)
    unrealised = (clearing.account(account).equity or 0) - DEPOSIT
    mark = clearing.holdings[0].mark_price or 0
    simulation.run(until=90 * SECOND_NS)
    out = simulation.entries
    out = out[(out["kind"] == EntryKind.WITHDRAWAL) & (out["debit"] == account)]
    back = simulation.entries
    back = back[(back["kind"] == EntryKind.WITHDRAWAL) & (back["credit"] == account)]
    return simulation, {
        "mark": mark,
        "unrealised": unrealised,
        "withdrawn": int(out["amount"].sum()) - int(back["amount"].sum()),
        "owed": -(clearing.account(account).equity or 0),
    }


def play() -> Played:
    """With the manipulation, and without."""
    pumped, seen = attack(True)
    calm, otherwise = attack(False)
    return Played(
        (
            Finding("unrealised profit", seen["unrealised"] / USD, 421e6, ROUNDED, "USD"),
            Finding("withdrawn against it", seen["withdrawn"] / USD, 116e6, EXACT, "USD"),
            Finding("withdrawn at the true price", otherwise["withdrawn"] / USD, 0, EXACT, "USD"),
            Finding("owed once the price is true again", seen["owed"] / USD, 111e6, ROUNDED, "USD"),
        ),
        (pumped, calm),
        (Figure("pumped price / true price", seen["mark"] / ENTRY),),
    )


MANGO = Incident(
    "mango",
    "a treasury lent against a profit that a pumped oracle shows",
    "11 October 2022",
    (
        "483 M MNGO-PERP bought from oneself at .0382, with 5 M USDC on either side; a peak of .91 "
        "(dwt.com, chainbulletin.com)",
        "110 to 116 M withdrawn (the same)",
    ),
    (
        "initial margin 20 %, maintenance margin 10 %; the venue has 116 M to be withdrawn",
        "the price jumps to its peak for 50 s; nobody trades MNGO meanwhile",
    ),
    "483 M (.91 - .0382) through the clearing; that all there was could be withdrawn against it, "
    "and nothing at the true price; what is owed once that is back is the withdrawal less the "
    "deposit.",
    play,
    (
        "how far it was pumped: over 13 times in 30 minutes (CFTC), +1,300 % (SEC), +2,300 % "
        "(Solidus); .91 / .0382 is 23.8",
        "borrowed in gross: 144 M (CFTC)",
    ),
)
