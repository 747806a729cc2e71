"""The liquidation designs by name: compositions of parts with the real systems' parameters.

Times are seconds, rates parts per million, amounts units of cash; each parameter's unit, range and
source is at its recipe (``lob.liquidation.recipes``). Every design but the null design ends with
what no real system says: after ``patience`` without success what is left is sold by market order
for ``last`` seconds, and what then is left the lenders take over at the mark. Both are chosen.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from lob.clearing.liquidation_engine import LiquidationEngine
from lob.liquidation.recipes import auctions, exchanges, lending
from lob.units import PPM

__all__ = ["DESIGNS", "DesignRecipe", "make"]


class DesignRecipe(NamedTuple):
    """A named liquidation design: how it is made, tuned and described."""

    build: Callable[..., LiquidationEngine]
    """What makes the design; its keywords are the design's parameters."""
    preset: dict[str, Any]
    """The parameters of the real system, by name."""
    tunable: dict[str, tuple[float, float, str]]
    """What may be tuned: lowest, highest and kind (``int``, ``float``, ``log``)."""
    summary: str
    """What the design does, in one line."""
    source: str
    """Where the design's mechanics and parameters are from."""

    def make(self, **parameters: Any) -> LiquidationEngine:
        """Make the design, with its preset for every parameter that is not given."""
        return self.build(**{**self.preset, **parameters})


REAL_TIME = (0.1, 60.0, "log")
LATER = (1.0, 3_600.0, "log")
AUCTION: dict[str, tuple[float, float, str]] = {
    "cut": (900_000, 999_000, "int"),
    "step": (1, 600, "int"),
    "buf": (1_010_000, 2_000_000, "int"),
    "cusp": (100_000, 900_000, "int"),
    "tail": (60, 36_000, "int"),
}
MAKER = "makerdao/dss dog.sol, clip.sol, abaci.sol; mainnet parameters of 2021"

DESIGNS: dict[str, DesignRecipe] = {
    "market-sale": DesignRecipe(
        exchanges.market_sale,
        {},
        {"delay": (0.0, 10.0, "float"), "retry": REAL_TIME},
        "everything by market order at once: the null design",
        "no system's; chosen",
    ),
    "bankruptcy-takeover": DesignRecipe(
        exchanges.bankruptcy_takeover,
        {"adl": "queue"},
        {"rest": LATER, "first": (0, 100, "int")},
        "an order at the bankruptcy price, then the insurance fund, then auto-deleveraging",
        "BitMEX and Bybit documentation; how long the order rests is chosen",
    ),
    "tiered": DesignRecipe(
        exchanges.tiered,
        {},
        {"every": REAL_TIME, "patience": LATER, "rest": LATER},
        "a margin bracket down at a time, then taken over at the bankruptcy price",
        "Binance and Bybit documentation; rhythm and patience are chosen",
    ),
    "backstop": DesignRecipe(
        exchanges.backstop,
        {"share": 666_667, "slice_share": 200_000, "slice_above": 100_000},
        {
            "share": (0, PPM, "int"),
            "slice_share": (10_000, PPM, "int"),
            "every": REAL_TIME,
            "unwind": (0, PPM, "int"),
        },
        "the book first; below two thirds of the margin a vault takes position and margin",
        "Hyperliquid documentation; the vault's capital, margin and unwinding are chosen",
    ),
    "backstop:ftx": DesignRecipe(
        exchanges.backstop_ftx,
        {"close": 100_000, "every": 6.0, "share": 500_000},
        {
            "close": (10_000, PPM, "int"),
            "every": REAL_TIME,
            "share": (0, PPM, "int"),
            "unwind": (0, PPM, "int"),
        },
        "tenths in the book, then providers at the zero price, then ten positions pro rata",
        "FTX documentation (an order every second with chance 1/6 is one every 6 s here)",
    ),
    "fixed-spread": DesignRecipe(
        lending.fixed_spread,
        {"bonus": 50_000, "fee": 100_000, "close": 500_000, "full_health": 950_000},
        {
            "bonus": (0, 200_000, "int"),
            "close": (10_000, PPM, "int"),
            "full_health": (0, PPM, "int"),
        },
        "offers at the mark less 5 %, half of the debt or all of it",
        "aave-v3-origin 3.3 (close factor, dust, deficit); bonus of a large reserve",
    ),
    "fixed-spread:compound2": DesignRecipe(
        lending.fixed_spread_compound2,
        {"bonus": 80_000, "close": 500_000},
        {"bonus": (0, 200_000, "int"), "close": (10_000, PPM, "int")},
        "offers at the mark less 8 %, half of the position at a time",
        "compound-protocol; close factor and incentive from memory of mainnet",
    ),
    "fixed-spread:morpho": DesignRecipe(
        lending.fixed_spread_morpho,
        {"lltv": 860_000},
        {"lltv": (400_000, 980_000, "int")},
        "all of it at a bonus set by the loan-to-value; lenders bear bad debt at once",
        "morpho-blue, Morpho.sol",
    ),
    "dutch": DesignRecipe(
        auctions.dutch,
        {"curve": "stair", "cut": 990_000, "step": 90, "buf": 1_300_000, "cusp": 400_000,
         "tail": 8_400, "chip": 1_000, "tip": 0, "chop": 1_130_000},
        AUCTION,
        "a Dutch auction, a hundredth down every 90 s",
        MAKER,
    ),
    "dutch:linear": DesignRecipe(
        auctions.dutch,
        {"curve": "linear", "fall": 6_000, "buf": 1_300_000, "cusp": 400_000, "tail": 8_400,
         "chip": 1_000, "tip": 0, "chop": 1_130_000},
        {
            "fall": (60, 36_000, "int"),
            "buf": AUCTION["buf"],
            "cusp": AUCTION["cusp"],
            "tail": AUCTION["tail"],
        },
        "a Dutch auction in a straight line to nothing",
        f"{MAKER}; how long it falls is chosen",
    ),
    "dutch:exponential": DesignRecipe(
        auctions.dutch,
        {"curve": "exponential", "cut": 990_000, "step": 90, "buf": 1_300_000, "cusp": 400_000,
         "tail": 8_400, "chip": 1_000, "tip": 0, "chop": 1_130_000},
        AUCTION,
        "a Dutch auction that falls a hundredth in 90 s, second by second",
        MAKER,
    ),
    "english": DesignRecipe(
        auctions.english,
        {"beg": 1_050_000, "ttl": 10_800.0, "tau": 172_800.0, "chop": 1_130_000},
        {
            "beg": (1_001_000, 1_200_000, "int"),
            "ttl": (1.0, 10_800.0, "log"),
            "tau": (10.0, 172_800.0, "log"),
        },
        "an English auction: bids rise to the debt, then less is accepted for it",
        "makerdao/dss flip.sol",
    ),
    "call-auction": DesignRecipe(
        auctions.call_auction,
        {"bounded": True},
        {"every": REAL_TIME, "pause": REAL_TIME, "patience": LATER},
        "the book collects for a second: one price for all, none worse than its bankruptcy price",
        "Quedex documentation; interval, pause and patience are chosen",
    ),
    "stability-pool": DesignRecipe(
        lending.stability_pool,
        {"version": 1},
        {"every": REAL_TIME},
        "deposits pay the debt and get the collateral; the rest goes to other borrowers",
        "liquity/dev; the deposits are chosen",
    ),
    "stability-pool:liquity2": DesignRecipe(
        lending.stability_pool,
        {"version": 2, "pool_penalty": 50_000, "spread_penalty": 100_000},
        {
            "pool_penalty": (0, 200_000, "int"),
            "spread_penalty": (0, 300_000, "int"),
            "every": REAL_TIME,
        },
        "the same with penalties of 5 and 10 %, and what is more given back",
        "liquity/bold; the deposits are chosen",
    ),
}  # fmt: skip
"""All designs, and variants as ``design:variant``."""
DESIGNS["dutch:stair"] = DESIGNS["dutch"]


def make(name: str, **parameters: Any) -> LiquidationEngine:
    """A design by name, with its preset and what is said otherwise.

    Raises
    ------
    ValueError
        If there is no such design, or a parameter is not one of its.

    Examples
    --------
    >>> make("dutch", buf=1_100_000).stages[0].price_path.rules.buf
    1100000
    """
    if name not in DESIGNS:
        raise ValueError(f"no design is called {name!r}: there are {', '.join(sorted(DESIGNS))}")
    try:
        return DESIGNS[name].make(**parameters)
    except TypeError as error:
        raise ValueError(f"design {name}: {error}") from None
