"""Aave, 10 March 2026: a cap on the ratio of wstETH prices it 2.85 % too low.

Cash is WETH in units of 1e-8, a lot 0.0001 wstETH, a price is ten-thousandths of a WETH each.
"""

from agents import Simulation
from agents.keepers import PassiveHolder
from experiments.studies.incidents.record import EXACT, ROUNDED, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import leg_amounts
from lob import EntryKind, Instrument
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import make
from lob.units import PPM, SECOND_NS

__all__ = ["CAPO"]

LOT = 10_000
"""Lots of a wstETH, and of ticks of a WETH; a WETH is ``LOT * LOT`` units of cash."""
WETH = LOT * LOT
TRUE, CAPPED = 12_289, 11_939
ACCOUNTS, LIQUIDATED = 34, 10_938
THRESHOLD = 0.95
WHOLE = 0.05
"""Tolerance of the fee, which was published as a whole number of 13."""
SPARED = 1.032
"""Health of the accounts that the cap does not reach: above 1 / (1 - 2.85 %)."""


def play() -> Played:
    """Accounts that the cap reaches, whole; some that it does not; and loops of twelve times."""
    off = CAPPED * PPM // TRUE - PPM
    # What is published rounds down: a millionth above, so that the capped price is met.
    oracle = Oracle(Fixed(TRUE), manipulations=[(10 * SECOND_NS, 100 * SECOND_NS, off + 1)])
    clearing = Clearing(
        "aave",
        holdings=[Holding(oracle, LoanToValue(930_000, 950_000))],
        liquidation_engine=make(
            "fixed-spread", bonus=10_000, fee=100_000, close=PPM, full_health=0, dust=False
        ),
    )
    simulation = Simulation(instruments=[Instrument("wstETH")], clearings=[clearing])
    each = LIQUIDATED * LOT // ACCOUNTS
    worth = each * TRUE
    # Struck: health of 1.005 to 1.02 at the true price, which the cap brings below 1.
    health = [1.005 + 0.015 * i / (ACCOUNTS - 1) for i in range(ACCOUNTS)]
    debts = [int(worth * THRESHOLD / one) for one in health]
    spared = int(worth * THRESHOLD / SPARED)
    loops = worth * 11 // 12
    first = clearing.open(1_000_000, [-debt for debt in [*debts, spared, loops]],
                          [each] * (ACCOUNTS + 2))  # fmt: skip
    keeper = simulation.add(PassiveHolder("liquidator", capital=10**14, discount=0))
    simulation.run(until=50 * SECOND_NS)
    capped = clearing.holdings[0].mark_price or 0
    health_of_loop = capped * each * THRESHOLD / loops
    simulation.run(until=200 * SECOND_NS)
    taken = simulation.ledger.balance(keeper.account, simulation.ledger.asset("wstETH"))
    paid = sum(sum(leg_amounts(simulation, "cash", first + i)) for i in range(ACCOUNTS))
    fees = simulation.ledger.balance(clearing.fees, clearing.cash_asset)
    scale = LIQUIDATED * LOT / taken
    gained = taken * TRUE - paid
    bad = simulation.entries["amount"][simulation.entries["kind"] == EntryKind.BAD_DEBT].sum()
    under = taken * (TRUE - CAPPED) * scale / WETH
    bonus = (taken * CAPPED - paid + fees) * scale / WETH
    return Played(
        (
            Finding("accounts struck", clearing.case_count, ACCOUNTS, EXACT),
            Finding(
                "health of a loop of twelve at the capped price", health_of_loop, 1.0068, ROUNDED
            ),
            Finding("sold below its worth", under, 382, ROUNDED, "WETH"),
            Finding("bonus, fee included", bonus, 129.3, ROUNDED, "WETH"),
            Finding("fee of the protocol", fees * scale / WETH, 13, WHOLE, "WETH"),
            Finding("liquidators' gain", gained * scale / WETH, 499, ROUNDED, "WETH"),
            Finding("bad debt", float(bad), 0, EXACT, "WETH"),
        ),
        (simulation,),
        (
            Figure("capped price", capped / LOT, "WETH"),
            Figure("wstETH liquidated", taken / LOT, "wstETH"),
            Figure("accounts it does not reach, of which one loops twelve times", 2),
        ),
    )


CAPO = Incident(
    "capo",
    "a cap on the growth of a ratio, against an old snapshot, that prices collateral too low",
    "10 March 2026",
    (
        "wstETH at 1.1939 where it was worth 1.228 to 1.22892; 34 accounts, 10,938 wstETH, bonus "
        "1 %; liquidators gained 499 ETH; no bad debt (timescrypto.com article 23344, "
        "altcoindaily.co/?p=1297048)",
        "liquidation threshold 95 % (earlier governance)",
        "the protocol's share of the bonus, 10 %",
    ),
    (
        "34 equal accounts with health factors of 1.005 to 1.02; one of 1.032, and one that loops "
        "twelve times, which are to be spared; each account is taken whole",
        "what was liquidated in the run is scaled to 10,938 wstETH, which is given",
    ),
    "What the error cost: what was sold below its worth was published as 382, the bonus follows "
    "to be 129.3, of which a tenth is the protocol's, and the liquidators' gain as 499, their "
    "part of both.",
    play,
)
