"""Hyperliquid, 26 March 2025: a vault inherits a short of JELLY and is pumped against.

Cash is a millionth of a dollar, a lot one JELLY, a price is millionths of a dollar.
"""

from agents import Simulation
from experiments.studies.incidents.record import EXACT, MODEL, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import prices_over_time
from lob import EntryKind, Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import FlatMargin
from lob.liquidation.designs import make
from lob.units import SECOND_NS

__all__ = ["JELLY"]

USD = 1_000_000
LOTS, ENTRY, TAKEN, PEAK = 398_000_000, 9_500, 11_270, 37_555
MARGIN = 1_190_000 * USD
"""Cash of the short beside what it was sold for: it fails by the time the mark is at ``TAKEN``."""


def pumped(capital: int, settled: int) -> tuple[Simulation, Clearing, list[int]]:
    """A pump: the run, its clearing, and what the vault is worth at the takeover, peak and end.

    ``capital`` of the vault in cash units, ``settled`` the mark in ticks at the end.
    """
    path = [(0.0, ENTRY), (60.0, TAKEN), (120.0, PEAK), (180.0, settled)]
    clearing = Clearing(
        "hyperliquid",
        holdings=[Holding(prices_over_time(path), FlatMargin(333_333, 166_667))],
        liquidation_engine=make("backstop", capital=capital),
    )
    simulation = Simulation(instruments=[Instrument("JELLY")], clearings=[clearing])
    sold = LOTS * ENTRY
    clearing.open(1_000_000, [sold + MARGIN], [-LOTS])
    # Whoever is on the other side: well funded, so that nothing fails but the short.
    clearing.open(2_000_000, [-sold + 100_000_000 * USD], [LOTS])
    vault = simulation.ledger.account("hyperliquid: vault")
    worth = []
    for seconds, price in path[1:]:
        simulation.run(until=round((seconds + 30) * SECOND_NS))
        cash = simulation.ledger.balance(vault, clearing.cash_asset)
        worth.append(
            cash + price * simulation.ledger.balance(vault, simulation.ledger.asset("JELLY"))
        )
    return simulation, clearing, worth


def deleveraged(simulation: Simulation) -> int:
    """Lots that were closed against opposing positions."""
    rows = simulation.entries
    rows = rows[
        (rows["kind"] == EntryKind.ADL) & (rows["asset"] == simulation.ledger.asset("JELLY"))
    ]
    return int(abs(rows["amount"]).sum())


def play() -> Played:
    """A vault that shares its collateral with others, and one that has no room."""
    shared, clearing, worth = pumped(230_000_000 * USD, ENTRY)
    isolated, _, _ = pumped(0, ENTRY)
    at_peak, at_end = ((one - worth[0]) / USD for one in worth[1:])
    return Played(
        (
            Finding("loss of the vault at the peak", -at_peak, 10_600_000, MODEL, "USD"),
            Finding("deleveraged with shared collateral", deleveraged(shared), 0, EXACT, "JELLY"),
            Finding("deleveraged where the vault has no room", deleveraged(isolated), LOTS, EXACT,
                    "JELLY"),
            Finding("accounts that failed", clearing.case_count, 1, EXACT),
        ),
        (shared, isolated),
        (
            Figure("gain as it was settled, from which the entry was inferred", at_end, "USD"),
        ),
    )  # fmt: skip


JELLY = Incident(
    "jelly",
    "a vault that inherits a short, and a market that is pumped against it",
    "26 March 2025",
    (
        "a short of 398 M at .0095, a price more than four times as high; longs were refunded at "
        ".037555; no deleveraging because the vault's collateral was shared with its other vaults; "
        "settled at .0095 (Hyperliquid's statement, tglist.com/ru/channel/vIeNxn, "
        "bbx.com/en/news-detail/2275837)",
        "the vault took the short at .01127: inferred from its gain of .703 M at .0095",
    ),
    (
        "margins of three times leverage; the short has 1.2 M of its own, and fails by .01127",
        "230 M of capital in the shared vault; a price that jumps; nobody in the book",
    ),
    "The loss at the peak is a second figure, about 10.6 M, that the entry was not inferred from. "
    "Whether opposing positions are closed follows from the order of stages: the book, the vault, "
    "then they; it is asked with the shared vault and with one without room.",
    play,
    ("loss at the peak: also 12 and 13.5 M",),
)
