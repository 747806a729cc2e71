"""A liquid Nasdaq stock of 2012, fitted to one day of order-level data."""

from decimal import Decimal
from typing import Any, Literal

from agents import Simulation
from agents.flow import BackgroundFlow, MakerMarket
from experiments.markets.place import MarketPlace
from experiments.markets.scaled import scaled
from lob import Instrument
from lob.checks import integer
from lob.unit_types import Ticks

__all__ = ["PARAMETERS", "PRICE", "equity", "join_equity"]

PRICE = 22_300
"""Ticks of 0.01 USD: about the mean mid of the day."""

PARAMETERS: dict[str, Any] = {
    # The seven statistics of the day's 6,591 market orders, fitted by themselves.
    "clusters": 0.053,
    "followers": (0.51, 0.14, 0.15),
    "follower_rates": (200.0, 7.8, 0.08),
    "same_side": (0.99, 0.75, 0.78),
    "metaorders": 6,
    "metaorder_rate": 0.0034,
    "beta": 1.5,
    # Quantiles of the day: of sizes that were asked for (an order that took all of the best price
    # asked for no less: Kaplan and Meier's estimate), of sizes of limit orders, and of their ticks
    # behind the best price.
    "market_sizes": (
        *(1, 4, 10, 20, 20, 20, 27, 39, 40, 50, 60, 75, 86, 97),
        *[100] * 8,
        *(120, 150, 176),
        *[200] * 6,
        *(245, 300, 300, 300, 306, 370, 400, 420, 500, 500, 600, 600, 700, 800, 1_100, 1_400),
        *[1_600] * 3,
    ),
    "limit_sizes": (
        *(3, 5, 6, 7, 9, 10, 10, 10, 13, 15, 16, 16, 17, 18, 19, 19, 20, 21, 22, 24, 50),
        *[100] * 24,
        *(200, 200, 200, 300, 900),
    ),
    "distances": (
        *[1] * 5,
        *[2] * 6,
        *(3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 8, 8, 9, 9, 10, 10, 11, 12, 13),
        # Beyond the five recorded levels: chosen, with ``patience``.
        *(16, 20, 25, 30, 35, 40, 50, 60, 70, 85, 100, 130, 170),
    ),
    "patience": 5.0,
    # The day's hazard by age, each line times a factor of the fit: stale orders are pulled besides.
    # From 100 s on a floor, so that the book settles within hours.
    "ages": (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200),
    "hazard": (
        *(48.2, 13.3, 8.38, 3.55, 1.72, 0.914, 0.511, 0.354, 0.305),
        *(0.359, 0.217, 0.133),
        *(0.0115, 0.00417, 0.00156, 0.00102, 0.00102),
    ),
    # Fitted: the distance to the day's statistics, with its spread, volatility and volume.
    "limit_rate": 3.52,
    "answers": (0.0636, 0.0, 2.75),
    "answer_rates": (250.0, 25.0, 1.4),
    "answer_same": (0.919, 0.919, 0.919),
    "gap": 19.9,
    "join": 0.174,
    "undercut": 0.518,
    "reach": 0.656,
    "least_gap": 0.801,
    "reaction": 13.4,
    "volatility": 0.522,
    "news_rate": 0.0252,
    "news_followers": 0.592,
    "news_follower_rate": 0.00541,
    "calm": 0.864,
    "thinning": 0.58,
    "calming": 0.00545,
    # Fitted too, but bounded from below by the impact of large orders, which no statistic of the
    # day tells; the next three by how that depends on the duration, and by what is left of it.
    "impact": 0.18,
    "permanent": 0.38,
    "decays": (0.008, 0.0003, 0.00005),
    "forgetting": 0.00005,
}
"""What ``agents.flow.MakerMarket`` is given: see there for the units."""


def equity(
    seed: int = 1,
    *,
    price: Ticks = PRICE,
    recognise_sources: bool = True,
    forced_sources: Literal["account", "engine"] = "account",
    depth: float = 1.0,
    refill: float = 1.0,
    volatility: float = 1.0,
    events: bool = True,
) -> Simulation:
    """A stock in dollars and shares, fitted to Amazon's trading on Nasdaq of 21 June 2012.

    One ``agents.flow.MakerMarket``, on ticks of 0.01 USD and lots of a share. The day is the sample
    of LOBSTER: 09:30 to 16:00, five levels, 155,935 rows. Over seeds that the fit did not use it is
    at a distance of 0.24 from the day by all 27 statistics of ``firesale score``, with its spread
    (5.8 bps), volatility (2.8 % in 24 hours) and volume (94,000 shares an hour).

    What it cannot show:

    - What large orders do is stated, not seen: the square root law, at 0.5 to 0.9 of
      ``sigma sqrt(Q / V)``. It rests on makers who recognise who trades.
    - The day's course: there is no opening, close or auction, and none of the fall of its spread
      from 22 to 8 ticks. So kurtosis at 60 s (0.8, the day 3.3) and the memory of volatility are
      too low.
    - Depth beyond the five recorded levels is chosen: some 10,000 shares a side within 100 ticks.
    - Takers do not look at the book: the imbalance ahead of market orders is 0, the day's 0.11.
    - Other venues, hidden orders, and what is left of 2012 in a stock of today.

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where the market begins, in ticks of 0.01 USD, 1 or more. Distances stay in ticks.
    recognise_sources
        Whether makers tell sources of trades apart, see ``agents.flow.MakerMarket``: without it
        impact is near linear.
    forced_sources
        Who makers take a forced order for: each account that is sold out, or the liquidation engine
        as one, so that many small liquidations move the price like one large one.
    depth, refill, volatility
        Factors on how large orders are, on how fast limit orders come and go, and on how far prices
        move: markets that are like this one but were not fitted. See
        ``experiments.markets.scaled.scaled``.
    events
        Whether the tapes are kept.
    """
    amazon = Instrument("AMZN", Decimal("0.01"), base="AMZN share", quote="USD")
    simulation = Simulation(seed, instruments=[amazon], events=events, messages=events)
    joined = join_equity(
        MarketPlace(seed), price, recognise_sources, forced_sources, depth, refill, volatility
    )
    for one in joined:
        simulation.add(one)
    return simulation


def join_equity(
    place: MarketPlace,
    price: int,
    recognise_sources: bool,
    forced_sources: Literal["account", "engine"],
    depth: float,
    refill: float,
    volatility: float,
) -> list[BackgroundFlow]:
    """Who trades in ``equity``.

    Parameters
    ----------
    place
        Where they trade.
    price, recognise_sources, forced_sources, depth, refill, volatility
        As of ``equity``.
    """
    factors = {"depth": depth, "refill": refill, "volatility": volatility}
    return [
        MakerMarket(
            f"{place.prefix}flow",
            price=integer("price", price, 1),
            instrument=place.instrument,
            recognise_sources=recognise_sources,
            forced_sources=forced_sources,
            **{**PARAMETERS, **scaled("maker-market", PARAMETERS, **factors)},
        )
    ]
