"""A perpetual future on Bitcoin, fitted to a capture of a venue and to public figures of it."""

from decimal import Decimal
from typing import Any, Literal

from agents import Simulation
from agents.flow import BackgroundFlow, MakerMarket
from experiments.markets.place import MarketPlace
from experiments.markets.scaled import scaled
from lob import Instrument
from lob.checks import integer

__all__ = ["PARAMETERS", "PRICE", "join_perp_btc", "perp_btc"]

PRICE = 600_000
"""Ticks of 0.1 USDT: about where the capture was."""

PARAMETERS: dict[str, Any] = {
    # The gaps, the clusters and the signs of the capture's 5,431 market orders, fitted by
    # themselves; how many there are, by the volume of an average hour.
    "clusters": 0.93,
    "followers": (0.036, 0.39, 0.35),
    "follower_rates": (200.0, 7.8, 0.08),
    "same_side": (0.82, 0.88, 1.0),
    "metaorders": 3,
    "metaorder_rate": 0.83,
    "beta": 1.3,
    # Sixtieths of the capture: what market orders took.
    "market_sizes": (
        *[2] * 7,
        *(3, 3, 4, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 12, 14, 16, 16, 17, 19, 21, 24, 25, 28),
        *(32, 33, 35, 39, 44, 48, 51, 58, 65, 74, 82, 92, 101, 112, 128, 147, 167, 193, 229),
        *(269, 317, 383, 481, 592, 748, 919, 1_211, 1_798, 3_072, 15_105),
    ),
    # Chosen, by the capture's depth: what rests at the best price, and within 0.2 %.
    "limit_sizes": (300, 400, 600, 800, 1_100, 1_500, 2_000, 2_600, 3_400, 4_500, 6_000, 9_000),
    "distances": (
        *(3, 3, 4, 4, 5, 6, 7, 7, 9, 10, 11, 13, 14, 16, 19, 21, 24, 28, 32, 36, 41, 47, 53),
        *(61, 70, 79, 91, 104, 118, 135, 154, 176, 201, 230, 263, 300, 343, 392, 448, 512, 585),
        *(668, 763, 872, 997, 1_139, 1_301, 1_487, 1_699, 1_941, 2_218, 2_535, 2_896, 3_310),
        *(3_782, 4_322, 4_938, 5_643, 6_448, 7_368, 8_419, 10_000, 12_500, 16_000, 22_000, 32_000),
    ),
    "patience": 250.0,
    # Chosen: a level feed does not tell how long an order stays.
    "ages": (0.01, 0.1, 1.0, 5.0, 20.0),
    "hazard": (5.0, 1.0, 0.3, 0.12, 0.06, 0.05),
    # Chosen, so that there are less than 100 messages a second.
    "limit_rate": 22.0,
    "answers": (0.3, 0.3, 1.6),
    "answer_rates": (250.0, 25.0, 1.4),
    "answer_same": (0.9, 0.9, 0.9),
    "gap": 4.0,
    "join": 0.15,
    "undercut": 0.1,
    "reach": 0.95,
    "least_gap": 1.0,
    "reaction": 40.0,
    # By the volatility of a year of hours.
    "volatility": 0.4,
    "news_rate": 0.05,
    "news_followers": 0.7,
    "news_follower_rate": 0.005,
    "calm": 1.0,
    "thinning": 0.58,
    "calming": 0.005,
    # By the square root law, and by how much of an impact is known to stay.
    "impact": 0.018,
    "permanent": 0.36,
    "decays": (0.008, 0.0003, 0.00005),
    "forgetting": 0.00005,
}
"""What ``agents.flow.MakerMarket`` is given: see there for the units."""


def perp_btc(
    seed: int = 1,
    *,
    price: int = PRICE,
    recognise_sources: bool = True,
    forced_sources: Literal["account", "engine"] = "account",
    depth: float = 1.0,
    refill: float = 1.0,
    volatility: float = 1.0,
    events: bool = True,
) -> Simulation:
    """A perpetual future on Bitcoin in USDT, fitted to a capture and public figures of its venue.

    One ``agents.flow.MakerMarket``, on ticks of 0.1 USDT and lots of 0.001 BTC; some 87 messages a
    second. It is made of three sources:

    - a capture of BTCUSDT on Binance of 8 August 2024: 345 s, 404,683 changes of levels, 5,431
      market orders. From it are the sizes of market orders, their clusters and signs, and about
      what rests at the best price (3.8 BTC) and near it (some 300 BTC a side within 0.2 %; within
      1 % at least 1,350 of bids and 4,750 of asks, for its snapshot ends before).
    - Hourly candles of the same contract, March 2025 to March 2026: 6,850 BTC an hour, and a
      volatility of 2.3 % in 24 hours. The capture is of a busier hour, of 25,400 BTC.
    - The square root law of large orders, and that most of their impact stays for hours.

    What it cannot show:

    - The venue's own spread, 1.2 ticks: it takes more than 1,000 messages a second to hold that.
      One limit order here is several there; the spread is 7.7 ticks (0.13 bps, the capture 0.02).
      So all that is measured in spreads is off, and the distance to the capture is 1.1 by the 17
      statistics that a level feed of six minutes tells. No score of this market passes its gates.
    - How long orders stay, and how many of them there are: a level feed does not tell.
    - Trades at several prices: a market order gets what rests at the best price, so sizes vary less
      (3.5, the capture 6.2).
    - Memory of signs at 10 orders: 0.04, the capture 0.12. Fat tails at a minute and beyond, the
      hours of the day, funding, and other venues.
    - What large orders do is stated, not seen, and rests on makers who recognise who trades. So
      many small sellers move the price by more than one of the same size.
    - The first half hour: the book begins with a fifth of its depth, for far orders come slowly.
      After that some 930 BTC rest within 1 %, a side, and 2,600 in all.

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where the market begins, in ticks of 0.1 USDT, 1 or more. Distances stay in ticks.
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
    bitcoin = Instrument(
        "BTC-PERP", Decimal("0.1"), lot_size=Decimal("0.001"), base="BTC", quote="USDT"
    )
    simulation = Simulation(seed, instruments=[bitcoin], events=events, messages=events)
    joined = join_perp_btc(
        MarketPlace(seed), price, recognise_sources, forced_sources, depth, refill, volatility
    )
    for one in joined:
        simulation.add(one)
    return simulation


def join_perp_btc(
    place: MarketPlace,
    price: int,
    recognise_sources: bool,
    forced_sources: Literal["account", "engine"],
    depth: float,
    refill: float,
    volatility: float,
) -> list[BackgroundFlow]:
    """Who trades in ``perp_btc``.

    Parameters
    ----------
    place
        Where they trade.
    price, recognise_sources, forced_sources, depth, refill, volatility
        As of ``perp_btc``.
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
