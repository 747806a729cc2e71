"""bZx, 15 February 2020: a loan, a short of WBTC, and a pool pushed to three times its price.

Cash is a millionth of an ETH, a unit of WBTC a ten-thousandth.
"""

from agents import Simulation
from experiments.studies.incidents.record import MODEL, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import Actor
from lob import Instrument, Kind, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.liquidation import Frozen
from lob.units import SECOND_NS
from lob.venue.pool import Pool

__all__ = ["BZX"]

ETH, WBTC = 1_000_000, 10_000
MARKET = 38.5
"""ETH for a WBTC."""
PAID, BOUGHT, SOLD = 5_637.6, 51.3, 112
FEE = 0.003
SWAP_TOLERANCE = 0.02
"""Of the second swap: a pool of this kind was one of several that were used."""
ATTACKER, BORROWER, LENDER, PROVIDER = 1_000_000, 2_000_000, 3_000_000, 4_000_000


def reserves() -> tuple[float, float]:
    """WBTC and ETH of a pool at the market price in which ``BOUGHT`` costs ``PAID``.

    ``PAID (1 - FEE) = y BOUGHT / (x - BOUGHT)`` with ``y = MARKET x``.
    """
    without_fee = PAID * (1 - FEE)
    base = without_fee * BOUGHT / (without_fee - MARKET * BOUGHT)
    return base, MARKET * base


def play() -> Played:
    """The loan, the short, the pushed pool, the sale, the repayment."""
    base, cash = (
        round(amount * unit) for amount, unit in zip(reserves(), (WBTC, ETH), strict=True)
    )
    pool = Pool("pool", base="wbtc", fee=round(FEE * 1e6), initial=(base // 100, cash // 100))
    # A unit of WBTC at MARKET in ticks of a cash unit.
    ticks = round(MARKET * ETH / WBTC)
    clearing = Clearing(
        "compound",
        holdings=[Holding(Oracle(Fixed(ticks)), LoanToValue(0, 0, debt_weight=250_000))],
        liquidation_engine=Frozen(),
    )
    simulation = Simulation(
        instruments=[Instrument("WBTC", base="wbtc")], clearings=[clearing], facilities=[pool]
    )
    ledger = simulation.ledger
    wbtc, eth = ledger.asset("wbtc"), clearing.cash_asset
    for name, owner in (("attacker", ATTACKER), ("bZx", LENDER), ("provider", PROVIDER)):
        ledger.open_account(name, owner=owner)
    attacker, lender = ledger.account("attacker"), ledger.account("bZx")
    ledger.transfer(wbtc, 0, ledger.account("provider"), 2 * base)
    ledger.transfer(eth, 0, ledger.account("provider"), 2 * cash)
    # The loan of 10,000: 5,500 to Compound, 1,300 as margin, 3,200 kept.
    ledger.transfer(eth, 0, attacker, 3_200 * ETH)
    ledger.transfer(eth, 0, lender, round(PAID * ETH) + ETH)
    short = clearing.open(BORROWER, [5_500 * ETH], [0])
    spent: dict[str, int] = {}

    def swap(actor: Actor, side: Side, size: int, what: str) -> None:
        account = ledger.owner_account(actor.owner)
        before = ledger.balance(account, eth)
        actor.move_funds(Kind.SWAP, size, pool.number, side)
        spent[what] = ledger.balance(account, eth) - before

    steps = {
        "provider": (PROVIDER, [(1.0, lambda a: a.move_funds(Kind.MINT, 100, pool.number))]),
        "borrower": (BORROWER, [(2.0, lambda a: a.withdraw(SOLD * WBTC, wbtc))]),
        "bzx": (LENDER, [(3.0, lambda a: swap(a, Side.BUY, round(BOUGHT * WBTC), "bought"))]),
        "attacker": (
            ATTACKER,
            [
                (2.5, lambda a: a.deposit(SOLD * WBTC, wbtc)),
                (4.0, lambda a: swap(a, Side.SELL, SOLD * WBTC, "sold")),
            ],
        ),
    }
    for name, (owner, todo) in steps.items():
        simulation.add(Actor(name, todo, owner=owner))
    simulation.run(until=5 * SECOND_NS)
    got = spent["sold"] / ETH
    cash_left = ledger.balance(attacker, eth) / ETH - 10_000
    position = (clearing.account(short).equity or 0) / ETH
    bought = -spent["bought"] / ETH
    return Played(
        (
            Finding("brought by 112 WBTC in the pushed pool", got, 6_871.4, SWAP_TOLERANCE, "ETH"),
            Finding(
                "profit, with what the short is worth", cash_left + position, 1_259, MODEL, "ETH"
            ),
        ),
        (simulation,),
        (
            Figure("paid for 51.3 WBTC, from which the pool was inferred", bought, "ETH"),
            Figure("of which lost to the lenders", bought - 1_300 - BOUGHT * MARKET, "ETH"),
            Figure("WBTC in the pool before", base / WBTC, "WBTC"),
            Figure("profit if the sale had brought 6,871.4", 71.4 + position, "ETH"),
        ),
    )


BZX = Incident(
    "bzx",
    "a margin trade that pushes a thin pool, and a sale into it",
    "15 February 2020",
    (
        "a loan of 10,000 ETH: 5,500 borrow 112 WBTC, 1,300 of margin buy 51.3 WBTC for 5,637.6 "
        "ETH, 2.85 times the market; 112 WBTC bring 6,871.4 (blocking.net, "
        "cryptoglobe.com/latest/2020/02)",
        "1,193 to 1,271 ETH of profit, the short included (the same)",
    ),
    (
        "all of it through one pool of constant product with a fee of .3 %, whose size is the one "
        "in which the first purchase costs what it cost, at a market price of 38.5",
        "bZx's own check, which did not hold the trade back, is not there",
    ),
    "The size of the pool comes from the first swap; what the second brings, and the profit, are "
    "then predicted. The sources' own profit, 71.4 + 5,500 - 112 x 38.5, is 1,259.",
    play,
    ("profit: 1,193 to 1,271 ETH",),
)
