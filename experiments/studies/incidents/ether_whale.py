"""Hyperliquid, 12 March 2025: a long in profit is liquidated because its margin was withdrawn.

Cash is a tenth of a dollar, a lot one ETH, a price is tenths of a dollar.
"""

from agents import Simulation
from experiments.studies.incidents.record import EXACT, ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import Actor, case_marks, prices_over_time, straight_path
from lob import Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import FlatMargin
from lob.liquidation.designs import make
from lob.units import SECOND_NS

__all__ = ["ETHER_WHALE"]

USD = 10
LOTS, LEFT, ENTRY = 175_000, 160_234, 18_844
HIGH, LOW = 19_600, 18_800
WITHDRAWN, GAIN = 17_090_000 * USD, 1_800_000 * USD
WHALE, MAKER = 1_000_000, 2_000_000


def play() -> Played:
    """Open, close a part, withdraw, and let the price come down."""
    path = [(0.0, HIGH), *straight_path(HIGH, LOW, start=100.0, seconds=800.0)]
    clearing = Clearing(
        "hyperliquid",
        holdings=[Holding(prices_over_time(path), FlatMargin(20_000, 10_000))],
        liquidation_engine=make("backstop", capital=400_000_000 * USD, patience=3_600.0),
    )
    simulation = Simulation(instruments=[Instrument("ETH")], clearings=[clearing])
    deposit = WITHDRAWN - GAIN
    account = clearing.open(WHALE, [deposit - LOTS * ENTRY], [LOTS])
    simulation.ledger.open_account("bidder", owner=MAKER)
    maker = simulation.ledger.owner_account(MAKER)
    simulation.ledger.transfer(clearing.cash_asset, 0, maker, LOTS * HIGH)
    simulation.add(
        Actor("bidder", [(1.0, lambda actor: actor.buy(LOTS - LEFT, HIGH))], owner=MAKER)
    )
    simulation.add(
        Actor(
            "whale",
            [
                (10.0, lambda actor: actor.sell(LOTS - LEFT, HIGH)),
                (20.0, lambda actor: actor.withdraw(WITHDRAWN, clearing.cash_asset)),
            ],
            owner=WHALE,
        )
    )
    simulation.run(until=30 * SECOND_NS)
    left = clearing.account(account)
    simulation.run(until=1_000 * SECOND_NS)
    vault = simulation.ledger.account("hyperliquid: vault")
    held = simulation.ledger.balance(vault, simulation.ledger.asset("ETH"))
    failed = case_marks(clearing)[0] / USD
    return Played(
        (
            Finding(
                "price at which the long fails, above its entry", failed, 1_915, ROUNDED, "USD"
            ),
            Finding("taken over by the vault", held, LEFT, EXACT, "ETH"),
            Finding("accounts that failed", clearing.case_count, 1, EXACT),
        ),
        (simulation,),
        (
            Figure("equity left after the withdrawal", (left.equity or 0) / USD, "USD"),
            Figure(
                "notional over equity then",
                LEFT * HIGH / max(1, left.equity or 0),
            ),
            Figure(
                "loss of the vault if it gets 1,890: an identity, its exit is in no source",
                held * (failed - 1_890),
                "USD",
            ),
        ),
    )


ETHER_WHALE = Incident(
    "ether-whale",
    "a long in profit that is liquidated because its margin has been withdrawn",
    "12 March 2025",
    (
        "175,000 ETH at 1,884.4; closed 15,000 and withdrew 17.09 M; the vault took 160,234 at "
        "1,915; the trader gained 1.8 M (australiabulletin.com, ainvest.com, kdj.com)",
    ),
    (
        "leverage of 50 at most, so a maintenance margin of 1 %",
        "what was closed and withdrawn was so at 1,960, after which the price came down evenly",
        "what was paid in is what was withdrawn less what was gained, 15.29 M",
    ),
    "The price at which the long fails comes from its entry, its size, what was left of its margin "
    "and the maintenance rate; that the vault took it at 1,915 was published beside them. What the "
    "vault then lost, about 4 M, hangs on the depth of a book that is in no source.",
    play,
    ("leverage: 50, 19.2, 13.5",),
)
