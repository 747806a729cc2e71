"""Leverage: cascades, spirals, liquidation prices, and what auctions and deleveraging share out.

Sources are named at each function. The cascade and the leverage target go through the real book
and clearing; the others use the project's own rules (prices, curves, auctions, sharing) where there
are such, else the published equations.
"""

from collections.abc import Sequence

import numpy as np

import agents
import lob
from agents.leverage import LeverageTarget, ValueFund
from experiments.validation.target import Values
from lob.checks import natural, real
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, Tiers
from lob.clearing.oracle import BestBid
from lob.clearing.prices import liquidation_price
from lob.liquidation import MarketSale
from lob.liquidation.formulas.adl import (
    pro_rata,
    profit_leverage_score,
    queue_order,
    take_from_queue,
)
from lob.liquidation.formulas.curves import StairStep, reaches
from lob.liquidation.formulas.health import (
    bad_debt_at_exhaustion,
    loan_to_value_after,
    toxic_threshold,
)
from lob.units import PPM, SECOND_NS
from lob.venue.call_auction import uncross

__all__ = [
    "auction_clock",
    "batch_auction",
    "cascade",
    "deleveraging",
    "deleveraging_shares",
    "impact_invariance",
    "loss_spiral",
    "perpetual_prices",
    "pinned_fund",
    "toxic_liquidation",
]

WAD = 10**18
SELLER, HOLDERS = 7, 1_000


def cascade(d: int = 100, Q0: int = 1_000, r: Sequence[int] = (0, 50, 80, 90, 95)) -> Values:  # noqa: N803
    """A uniform book with accounts that fail at every tick, sold out through it.

    Parameters
    ----------
    d
        Lots that the book has at a tick.
    Q0
        Lots of the first sale.
    r
        Lots that fail at a tick, below ``d``: one run each.

    Returns
    -------
    Values
        ``drop`` in ticks, measured; ``drop_law``: 0 if Q0 < d, else 1 + floor((Q0 - d) / (d - r)).
    """
    natural("d", d, 1)
    natural("Q0", Q0, 1)
    law = [0 if d > Q0 else 1 + (Q0 - d) // (d - density) for density in r]
    return {
        "drop": [
            _cascade(d, Q0, density, deepest + 2) for density, deepest in zip(r, law, strict=True)
        ],
        "drop_law": law,
    }


def _cascade(depth: int, first: int, density: int, ticks: int) -> int:
    start = 10 * ticks
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), FlatMargin(0, 0))], liquidation_engine=MarketSale()
    )
    venue = lob.Venue(1, clearings=[clearing])
    bids = np.zeros(ticks + 1, lob.MESSAGE)
    bids["kind"], bids["side"], bids["size"], bids["owner"] = 1, 1, depth, SELLER
    bids["price"], bids["order_id"] = start - np.arange(ticks + 1), 1 + np.arange(ticks + 1)
    venue.process(bids)
    if density:
        fails = np.repeat(start - 1 - np.arange(ticks - 1), density)
        clearing.open(HOLDERS, -(fails + 1), np.ones(len(fails), np.int64))
        venue.refresh()
    sale = np.zeros(1, lob.MESSAGE)
    sale["kind"], sale["side"], sale["size"], sale["owner"] = 1, -1, first, SELLER
    sale["order_type"], sale["time_in_force"], sale["order_id"] = 1, 1, 10**9
    venue.process(sale)
    venue.advance(1)
    venue.check()
    return start - (clearing.holdings[0].mark_price or 0)


class _Book(agents.Agent):
    """A uniform book, and one sale."""

    def __init__(self, price: int, depth: int, ticks: int, sale: int) -> None:
        super().__init__("book")
        self.what = (price, depth, ticks, sale)

    def on_start(self) -> None:
        price, depth, ticks, _ = self.what
        for i in range(ticks):
            self.buy(depth, price - i)
        self.wake_in(SECOND_NS // 2)

    def on_wake(self) -> None:
        self.sell(self.what[3], time_in_force=lob.TimeInForce.IOC)


def deleveraging(
    cases: Sequence[Sequence[float]] = (
        (3, 100, 400),
        (3, 100, 300),
        (5, 100, 500),
        (10, 100, 1000),
    ),
    shock: float = 1e-5,
) -> Values:
    """A fund that holds its leverage, and sells into what moved it.

    Parameters
    ----------
    cases
        (leverage L, assets A, market depth D): D of cash moves the price by a return of one.
    shock
        Return of the first sale, small: the theory is linear.

    Returns
    -------
    Values
        ``amplification`` through the book, ``amplification_theory`` 1 / (1 - (L - 1) A / D), and
        ``critical_leverage`` 1 + D / A.
    """
    real("shock", shock, above=0)
    theory = [1 / (1 - (leverage - 1) * a / d) for leverage, a, d in cases]
    return {
        "amplification": [_deleverage(leverage, a / d, shock) for leverage, a, d in cases],
        "amplification_theory": theory,
        "critical_leverage": [1 + d / a for _, a, d in cases],
    }


def _deleverage(leverage: float, share: float, shock: float) -> float:
    # Ticks are so small that the first drop has a thousand of them.
    price, depth = 100_000_000, 10
    money = depth * price * price
    assets = int(money * share)
    ticks = int(price * shock)
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), FlatMargin(0, 0))], liquidation_engine=MarketSale()
    )
    simulation = agents.Simulation(1, clearings=[clearing])
    simulation.add(_Book(price, depth, 16 * ticks, depth * ticks))
    simulation.add(
        LeverageTarget(
            "fund",
            target=leverage,
            margin=int(assets / leverage),
            position=assets // price,
            entry_price=price,
            interval=SECOND_NS // 10,
        )
    )
    simulation.run(until=20 * SECOND_NS)
    return (price - (clearing.holdings[0].mark_price or 0)) / ticks


def loss_spiral(
    k: float = 10.0,
    m: float = 5.0,
    cases: Sequence[Sequence[float]] = ((0, 0, 0), (30, 0, 0), (30, -0.5, 30)),
) -> Values:
    """Losses and margins that force speculators to sell (Brunnermeier, Pedersen 2009, its form).

    Parameters
    ----------
    k
        Slope of the customers' demand.
    m
        Margin a unit.
    cases
        (initial position x0, slope of the margin in the price m', position x).

    Returns
    -------
    Values
        ``slope`` dp / d eta = 1 / (k m + m' x - x0), and the same from following the rounds of
        forced sales one by one.
    """
    real("k", k, above=0)
    real("m", m, above=0)
    slopes, followed = [], []
    for start, steeper, position in cases:
        slopes.append(1 / (k * m + steeper * position - start))
        fall, last = 1 / (k * m), 0.0
        while abs(fall - last) > 1e-15:
            last, fall = fall, (1 + (start - steeper * position) * fall) / (k * m)
        followed.append(fall)
    return {"slope": slopes, "slope_followed": followed}


def pinned_fund(
    N: float = 1_000.0,  # noqa: N803
    V: float = 1.0,  # noqa: N803
    lam: float = 10.0,
    W: float = 5.0,  # noqa: N803
    p: float = 0.9,
    shock: float = -0.01,
) -> Values:
    """A value fund at its leverage cap, when noise traders' cash shrinks (Thurner et al. 2012).

    Parameters
    ----------
    N
        Units in all.
    V
        Value that the fund sees.
    lam
        Its largest leverage.
    W
        Its wealth at the price ``p``.
    shock
        Relative change of the noise traders' cash.

    Returns
    -------
    Values
        ``ret``: the return at which ``agents.leverage.ValueFund`` and the noise clear the market;
        ``hold``: with the fund's demand fixed; ``amp`` their ratio; ``W_after``.
    """
    real("N", N, above=0)
    real("V", V, above=0)
    real("lam", lam, above=0)
    real("W", W, above=0)
    real("p", p, above=0)
    fund = ValueFund("fund", value=V, aggression=1e12, cap=lam, margin=0)
    held = fund.demand(p, W)
    cash = (N - held) * p * (1 + shock)

    def excess(price: float) -> float:
        return cash / price + fund.demand(price, W + held * (price - p)) - N

    low, high = 0.5 * p, p if shock < 0 else min(V, 2 * p)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    ret, hold = low / p - 1, cash / ((N - held) * p) - 1
    return {"ret": ret, "hold": hold, "amp": ret / hold, "W_after": W + held * (low - p)}


def toxic_liquidation(i: Sequence[float] = (0.045, 0.05, 0.08)) -> Values:
    """Liquidations that make a loan worse (Warmuz, Chaudhary, Pinna 2022).

    Parameters
    ----------
    i
        Liquidation bonuses, as shares.

    Returns
    -------
    Values
        ``frontier``: the loan-to-value 1 / (1 + i) above which a liquidation raises it;
        ``bad_debt``: what is left of a debt of 0.96 once all collateral of 1 is gone, at a bonus
        of 0.05; ``after_94``, ``after_96``: loan-to-value after repaying 0.01, from 0.94 and 0.96.
    """
    bonus = WAD // 20
    return {
        "frontier": [float(toxic_threshold(round(one * WAD))) for one in i],
        "bad_debt": float(bad_debt_at_exhaustion(WAD, 96 * WAD // 100, bonus)) / WAD,
        "after_94": float(loan_to_value_after(WAD, 94 * WAD // 100, WAD // 100, bonus)),
        "after_96": float(loan_to_value_after(WAD, 96 * WAD // 100, WAD // 100, bonus)),
    }


def perpetual_prices(
    P0: float = 100.0,  # noqa: N803
    cases: Sequence[Sequence[float]] = ((10, 0.005), (25, 0.01)),
) -> Values:
    """Liquidation prices of perpetuals, maintenance on the notional of the moment.

    Parameters
    ----------
    P0
        Entry price.
    cases
        (leverage, maintenance rate).

    Returns
    -------
    Values
        ``long`` P0 (1 - 1 / L) / (1 - m), and ``short``, that of the first case only,
        P0 (1 + 1 / L) / (1 + m), both from ``lob.clearing.prices``.
    """
    real("P0", P0, above=0)
    found: dict[int, list[float]] = {1: [], -1: []}
    unit = 10**9
    for leverage, rate in cases:
        margin = round(P0 * unit / leverage)
        for side in (1, -1):
            cash = margin - side * round(P0 * unit)
            price = liquidation_price(cash, side * unit, Tiers.flat(round(rate * PPM)))
            found[side].append(float(price or 0))
    return {"long": found[1], "short": found[-1][0]}


def impact_invariance(
    X: float = 4.37e9,  # noqa: N803
    ADV: float = 2.93e11,  # noqa: N803
    sigma: float = 0.0107,
    deflator: float = 0.8955,
) -> Values:
    """What market microstructure invariance predicts for a large sale (Kyle, Obizhaeva).

    Parameters
    ----------
    X, ADV
        Size of the sale and average daily volume, in dollars.
    sigma
        Daily volatility.
    deflator
        Dollars of 2005 in one of then: consumer prices of 2005 over May 2010.

    Returns
    -------
    Values
        ``predicted`` decline, as a share; ``benchmark``: 1 % of the volume of a stock with 2 %
        volatility and 40 million dollars a day; ``scaling``: how much more for 100 times the
        volume, at the same share of it.
    """
    real("X", X, above=0)
    real("ADV", ADV, above=0)
    real("sigma", sigma, above=0)
    real("deflator", deflator, above=0)

    def impact(share: float, volatility: float, volume: float) -> float:
        activity: float = (volatility / 0.02) ** (4 / 3) * (volume / 40e6) ** (1 / 3)
        return 5e-4 * activity * share / 0.01

    return {
        "predicted": impact(X / ADV, sigma, ADV * deflator),
        "benchmark": impact(0.01, 0.02, 40e6),
        "scaling": impact(0.01, 0.02, 4e9) / impact(0.01, 0.02, 40e6),
    }


def auction_clock(buf: float = 1.2, cut: float = 0.99, step: int = 90) -> Values:
    """When a stair-step Dutch auction reaches a share of the market price (Maker's clipper).

    Parameters
    ----------
    buf
        First price over the market price.
    cut
        Factor at each step.
    step
        Seconds.

    Returns
    -------
    Values
        ``seconds`` until the price is at most 1, 0.95 and 0.6 of the market price.
    """
    real("buf", buf, above=0)
    real("cut", cut, above=0)
    ray = 10**27
    curve = StairStep(cut=round(cut * 10**6) * ray // 10**6, step=step)
    top = round(buf * 10**6) * ray // 10**6
    goals = [ray, 95 * ray // 100, 6 * ray // 10]
    return {"seconds": [reaches(curve, top, goal, 10**7) for goal in goals]}


def batch_auction() -> Values:
    """One batch of orders at one price (a micro-test of frequent batch auctions).

    Bids of 10 at 105, 103, 101 and 99; asks of 10 at 98, 100, 102 and 104.

    Returns
    -------
    Values
        ``volume``; ``interval``: whole prices with that volume; ``gains`` from trade.
    """
    bids = [(105, 10), (103, 10), (101, 10), (99, 10)]
    asks = [(98, 10), (100, 10), (102, 10), (104, 10)]
    found = uncross(bids, asks, 101)
    if found is None:
        raise AssertionError("these orders trade")
    left, gains = found.volume, 0
    for (bid, size), (ask, _) in zip(bids, asks, strict=True):
        gains += min(size, left) * (bid - ask)
        left -= min(size, left)
    return {"volume": found.volume, "interval": [found.lowest, found.highest], "gains": gains}


def deleveraging_shares(
    deficit: int = 150,
    pnl: Sequence[int] = (100, 100, 300),
    leverage: Sequence[int] = (10, 2, 1),
    margin: Sequence[int] = (50, 100, 600),
) -> Values:
    """Who pays a deficit by auto-deleveraging, under three rules.

    Parameters
    ----------
    deficit
        Cash units.
    pnl, leverage, margin
        Of the winning accounts.

    Returns
    -------
    Values
        ``queue`` by profit over margin times leverage, ``pro_rata`` by profit, ``weighted`` by
        profit times leverage.
    """
    natural("deficit", deficit, 1)
    accounts = range(len(pnl))
    caps = dict(enumerate(pnl))
    scores = {a: profit_leverage_score(pnl[a], margin[a], leverage[a]) for a in accounts}
    queue = take_from_queue(queue_order(scores), caps, deficit)
    by_profit = pro_rata(caps, deficit, caps)
    weighted = pro_rata({a: pnl[a] * leverage[a] for a in accounts}, deficit, caps)
    return {
        "queue": [queue.get(a, 0) for a in accounts],
        "pro_rata": [by_profit[a] for a in accounts],
        "weighted": [weighted[a] for a in accounts],
    }
