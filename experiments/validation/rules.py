"""Rules: liquidation prices, toxic liquidations, auctions, and what deleveraging shares out.

Sources are named at each function. The project's own rules are used (prices, curves, auctions,
sharing) where there are such, else the published equations.
"""

from collections.abc import Sequence

import numpy as np

from experiments.validation.target import Values
from lob import MESSAGE, EventKind, Kind, OrderBook, Session, Side
from lob.allocation import pro_rata
from lob.checks import natural, real
from lob.clearing.margin import Tiers
from lob.clearing.prices import liquidation_price
from lob.liquidation.formulas.adl import profit_leverage_score, queue_order, take_from_queue
from lob.liquidation.formulas.curves import StairStep, reaches
from lob.liquidation.formulas.health import (
    bad_debt_at_exhaustion,
    loan_to_value_after,
    toxic_threshold,
)
from lob.venue.call_auction import uncross

__all__ = [
    "auction_clock",
    "batch_auction",
    "deleveraging_shares",
    "impact_invariance",
    "perpetual_prices",
    "toxic_liquidation",
]

WAD = 10**18
"""One, in the 18-decimal numbers of lending protocols."""
PPM = 1_000_000
"""One, in parts per million."""


def toxic_liquidation(i: Sequence[float] = (0.045, 0.05, 0.08)) -> Values:
    """Liquidations that make a loan worse (Warmuz, Chaudhary, Pinna 2022).

    Parameters
    ----------
    i
        Liquidation bonuses as shares, each from 0 to 10; the defaults are the paper's.

    Returns
    -------
    Values
        ``frontier``: the loan-to-value 1 / (1 + i) above which a liquidation raises it;
        ``bad_debt``: what is left of a debt of 0.96 once all collateral of 1 is gone, at a bonus of
        0.05; ``after_94``, ``after_96``: loan-to-value after repaying 0.01, from 0.94 and 0.96.

    Raises
    ------
    ValueError
        If a bonus is out of range.
    """
    for one in i:
        if not 0 <= one <= 10:
            raise ValueError(f"i must be a bonus of 0 to 10, got {one!r}")
    bonus = WAD // 20
    return {
        "frontier": [float(toxic_threshold(round(one * WAD))) for one in i],
        "bad_debt": float(bad_debt_at_exhaustion(WAD, 96 * WAD // 100, bonus)) / WAD,
        "after_94": float(loan_to_value_after(WAD, 94 * WAD // 100, WAD // 100, bonus)),
        "after_96": float(loan_to_value_after(WAD, 96 * WAD // 100, WAD // 100, bonus)),
    }


def perpetual_prices(
    P0: float = 100.0,  # noqa: N803
    cases: Sequence[tuple[float, float]] = ((10, 0.005), (25, 0.01)),
) -> Values:
    """Liquidation prices of perpetuals, maintenance on the notional of the moment.

    Both from ``lob.clearing.prices``, in the unit of the entry price; the defaults are chosen.

    Parameters
    ----------
    P0
        Entry price, above 0 and at most 1e6.
    cases
        (leverage L, maintenance rate m from 0 to below 1), one at least.

    Returns
    -------
    Values
        ``long`` P0 (1 - 1 / L) / (1 - m), one a case, and ``short``, that of the first case only,
        P0 (1 + 1 / L) / (1 + m).

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("P0", P0, above=0)
    if not cases or P0 > 1e6:
        raise ValueError(f"P0 must be 1e6 at most and there be a case, got {P0!r} and {cases!r}")
    found: dict[int, list[float]] = {1: [], -1: []}
    unit = 10**9
    for leverage, rate in cases:
        real("leverage", leverage, above=0)
        if not 0 <= rate < 1:
            raise ValueError(f"cases: the maintenance rate must be 0 to below 1, got {rate!r}")
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
    """What market microstructure invariance predicts for a large sale (Kyle, Obizhaeva 2023).

    The defaults are the flash crash of May 2010, as in the paper.

    Parameters
    ----------
    X
        Size of the sale in dollars, positive.
    ADV
        Average daily volume in dollars, positive.
    sigma
        Daily volatility as a share, positive.
    deflator
        Dollars of 2005 in one of then: consumer prices of 2005 over May 2010.

    Returns
    -------
    Values
        ``predicted`` decline, as a positive share; ``benchmark``: 1 % of the volume of a stock with
        2 % volatility and 40 million dollars a day; ``scaling``: how much more for 100 times the
        volume, at the same share of it.

    Raises
    ------
    ValueError
        If a parameter is not positive.
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

    The defaults are Maker's.

    Parameters
    ----------
    buf
        First price over the market price, times; rounded to 1e-6.
    cut
        Factor on the price at each step; rounded to 1e-6.
    step
        Seconds from one step to the next, 1 or more.

    Returns
    -------
    Values
        ``seconds`` until the price is at most 1, 0.95 and 0.6 of the market price.

    Raises
    ------
    ValueError
        If a parameter is not positive.
    """
    real("buf", buf, above=0)
    real("cut", cut, above=0)
    ray = 10**27
    curve = StairStep(cut=round(cut * 10**6) * ray // 10**6, step=step)
    top = round(buf * 10**6) * ray // 10**6
    goals = [ray, 95 * ray // 100, 6 * ray // 10]
    return {"seconds": [reaches(curve, top, goal, 10**7) for goal in goals]}


def batch_auction() -> Values:
    """One batch of orders at one price (a micro-test of Budish, Cramton and Shim 2015).

    Bids of 10 lots at 105, 103, 101 and 99 ticks; asks of 10 at 98, 100, 102 and 104.

    Returns
    -------
    Values
        ``volume`` in lots; ``interval``: lowest and highest whole price with that volume; ``gains``
        from trade in ticks times lots.
    """
    bids = [(105, 10), (103, 10), (101, 10), (99, 10)]
    asks = [(98, 10), (100, 10), (102, 10), (104, 10)]
    found = uncross(bids, asks, 101)
    if found is None:
        raise AssertionError("these orders trade")
    orders = [(Side.BUY, *bid) for bid in bids] + [(Side.SELL, *ask) for ask in asks]
    rows = np.zeros(len(orders) + 2, MESSAGE)
    rows["kind"] = [Kind.SESSION, *[Kind.NEW] * len(orders), Kind.UNCROSS]
    rows["order_id"] = [Session.CALL, *range(len(orders)), 0]
    rows["side"][1:-1], rows["price"][1:-1], rows["size"][1:-1] = zip(*orders, strict=True)
    rows["price"][-1] = 101
    events = OrderBook().process(rows)
    trades = events[events["kind"] == EventKind.TRADE]
    limits = {number: price for number, (_, price, _) in enumerate(orders)}
    gains = sum(
        int(trade["size"])
        * abs(limits[int(trade["order_id"])] - limits[int(trade["resting_order_id"])])
        for trade in trades
    )
    return {
        "volume": int(trades["size"].sum()),
        "interval": [found.lowest, found.highest],
        "gains": gains,
    }


def deleveraging_shares(
    deficit: int = 150,
    pnl: Sequence[int] = (100, 100, 300),
    leverage: Sequence[int] = (10, 2, 1),
    margin: Sequence[int] = (50, 100, 600),
) -> Values:
    """Who pays a deficit by auto-deleveraging, under three rules, in cash units for each account.

    The defaults are a toy.

    Parameters
    ----------
    deficit
        Cash units to be paid, not negative.
    pnl
        Profits of the winning accounts in cash units, none negative; they cover the deficit.
    leverage
        Leverage of each account, times.
    margin
        Margin of each account in cash units.

    Returns
    -------
    Values
        ``queue`` by profit over margin times leverage, ``pro_rata`` by profit, ``weighted`` by
        profit times leverage.

    Raises
    ------
    ValueError
        If the profits do not cover the deficit, or the lists are not as long.
    """
    natural("deficit", deficit, 1)
    for name, values in (("leverage", leverage), ("margin", margin)):
        natural(name, min(values, default=0), 1)
        if len(values) != len(pnl):
            raise ValueError(f"{name} must have as many values as pnl, got {values!r} for {pnl!r}")
    if not deficit <= sum(pnl) or min(pnl) < 0:
        raise ValueError(f"pnl must be 0 or more each and cover {deficit}, got {pnl!r}")
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
