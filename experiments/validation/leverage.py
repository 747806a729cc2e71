"""Leverage: cascades and spirals.

Sources are named at each function. The cascade and the leverage target go through the real book
and clearing, the others use the published equations and the project's own fund.
"""

import math
from collections.abc import Sequence

import numpy as np

import agents
import lob
from agents.leverage import LeverageTarget, ValueFund
from experiments.validation.target import Values
from lob.checks import natural, real
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import BestBid
from lob.liquidation import MarketSale
from lob.units import SECOND_NS

__all__ = [
    "cascade",
    "deleveraging",
    "loss_spiral",
    "pinned_fund",
]


ROUND = SECOND_NS // 10
"""Time between two rounds of trading in ns."""

SELLER, HOLDERS = 7, 1_000
MOST_LEVELS, MOST_ACCOUNTS = 200_000, 2_000_000


def cascade(d: int = 100, Q0: int = 1_000, r: Sequence[int] = (0, 50, 80, 90, 95)) -> Values:  # noqa: N803
    """A uniform book with accounts that fail at every tick, sold out through it.

    An own derivation, which the defaults are from.

    Parameters
    ----------
    d
        Lots that the book has at a tick, 1 or more.
    Q0
        Lots of the first sale.
    r
        Lots that fail at a tick, 0 to below ``d``: one run each.

    Returns
    -------
    Values
        ``drop`` in ticks, measured; ``drop_law``: 0 if Q0 < d, else 1 + floor((Q0 - d) / (d - r)).

    Raises
    ------
    ValueError
        If a parameter is out of range, or the book would have to be larger than fits.
    """
    natural("d", d, 1)
    natural("Q0", Q0, 1)
    for density in r:
        natural("r", density, 0)
        if density >= d:
            raise ValueError(f"r must be below d = {d}, or the book is exhausted, got {density}")
    law = [0 if d > Q0 else 1 + (Q0 - d) // (d - density) for density in r]
    accounts = max((drop * density for drop, density in zip(law, r, strict=True)), default=0)
    if max(law, default=0) > MOST_LEVELS or accounts > MOST_ACCOUNTS:
        raise ValueError(
            f"Q0 = {Q0} must not fall through more than {MOST_LEVELS:,} levels or "
            f"{MOST_ACCOUNTS:,} lots of accounts, got {max(law):,} and {accounts:,}"
        )
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
        bids = np.zeros(ticks, lob.MESSAGE)
        bids["kind"], bids["side"], bids["size"] = 1, 1, depth
        bids["price"] = price - np.arange(ticks)
        self.submit_messages(bids)
        self.wake_in(SECOND_NS // 2)

    def on_wake(self) -> None:
        self.sell(self.what[3], time_in_force=lob.TimeInForce.IOC)


def deleveraging(
    cases: Sequence[tuple[float, float, float]] = (
        (3, 100, 400),
        (3, 100, 300),
        (5, 100, 500),
        (10, 100, 1000),
    ),
    shock: float | None = None,
) -> Values:
    """A fund that holds its leverage, and sells into what moved it.

    Greenwood, Landier, Thesmar 2015 with one asset; Brunnermeier, Pedersen 2009. The defaults are
    chosen.

    Parameters
    ----------
    cases
        (leverage L, assets A, market depth D), A and D in cash: D of cash moves the price by a
        return of one. L of 1 or more, and (L - 1) A / D below 1: at more the spiral ends only with
        the book.
    shock
        Return of the first sale, 1e-8 to 1e-3; ``None``: for each case so small that the theory,
        which is linear, holds to a hundredth.

    Returns
    -------
    Values
        ``amplification`` through the book, ``amplification_theory`` 1 / (1 - (L - 1) A / D), and
        ``critical_leverage`` 1 + D / A; all times.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    if shock is not None and not 1e-8 <= shock <= 1e-3:
        raise ValueError(f"shock must lie between 1e-8 and 1e-3, got {shock!r}")
    theory = [_linear_amplification(*case) for case in cases]
    return {
        "amplification": [
            _deleverage(leverage, a / d, shock, expected)
            for (leverage, a, d), expected in zip(cases, theory, strict=True)
        ],
        "amplification_theory": theory,
        "critical_leverage": [1 + d / a for _, a, d in cases],
    }


def _linear_amplification(leverage: float, assets: float, depth: float) -> float:
    real("A", assets, above=0)
    real("D", depth, above=0)
    feedback = (leverage - 1) * assets / depth
    if not leverage >= 1 or not feedback < 1:
        raise ValueError(
            f"cases: L must be 1 or more and (L - 1) A / D below 1, where the spiral ends, got "
            f"L = {leverage:g} and {feedback:g}"
        )
    return 1 / (1 - feedback)


def _deleverage(leverage: float, share: float, shock: float | None, expected: float) -> float:
    # So high a price, in ticks, that the position's value in cash units just fits.
    price, depth = round(1e9 / math.sqrt(max(1.0, share))), 1
    # Two errors, of like size at this shock: marks are whole ticks, and lots are sold above the
    # last mark, which leaves the equity better off by (L - 1) / 2 times the fall.
    curved = max(1e-9, leverage - 1) * expected**2
    small = min(1e-6, 1 / math.sqrt(price * curved)) if shock is None else shock
    ticks, levels = int(price * small), math.ceil(1.5 * expected * price * small) + 10
    if not ticks >= 50 or not levels <= min(MOST_LEVELS, price // 2):
        raise ValueError(
            f"an amplification of {expected:g} at L = {leverage:g} needs a shock of {small:.3g}, "
            f"which is {ticks} ticks and {levels:,} levels: 50 and {MOST_LEVELS:,} are the bounds"
        )
    assets = int(depth * price * price * share)
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), FlatMargin(0, 0))], liquidation_engine=MarketSale()
    )
    simulation = agents.Simulation(1, clearings=[clearing])
    # Half as deep again as the theory needs, so that it is not the book that ends the spiral.
    simulation.add(_Book(price, depth, levels, depth * ticks))
    simulation.add(
        LeverageTarget(
            "fund",
            target=leverage,
            margin=int(assets / leverage),
            position=assets // price,
            entry_price=price,
            interval=ROUND,
        )
    )
    # Each round is a share of the one before: until what is left is a ten-thousandth.
    feedback = 1 - 1 / expected
    rounds = math.ceil(math.log(1e-4) / math.log(feedback)) if feedback > 1e-9 else 1
    simulation.run(until=SECOND_NS + (rounds + 10) * ROUND)
    return (price - (clearing.holdings[0].mark_price or 0)) / ticks


def loss_spiral(
    k: float = 10.0,
    m: float = 5.0,
    cases: Sequence[tuple[float, float, float]] = ((0, 0, 0), (30, 0, 0), (30, -0.5, 30)),
) -> Values:
    """Losses and margins that force speculators to sell (Brunnermeier, Pedersen 2009, its form).

    The defaults are chosen.

    Parameters
    ----------
    k
        Slope of the customers' demand, units for one of price; positive.
    m
        Margin a unit, in cash; positive.
    cases
        (initial position x0, slope of the margin in the price m', position x), with x0 - m' x from
        0 to below k m: at more a fall feeds on itself.

    Returns
    -------
    Values
        ``slope`` dp / d eta = 1 / (k m + m' x - x0), where eta is the speculators' wealth, and
        ``slope_followed``: the same from following the rounds of forced sales one by one.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("k", k, above=0)
    real("m", m, above=0)
    slopes, followed = [], []
    for start, steeper, position in cases:
        if not 0 <= start - steeper * position < k * m:
            raise ValueError(
                f"cases: x0 - m' x must be 0 to below k m = {k * m:g}, where the rounds of sales "
                f"end, got {start - steeper * position:g} of {(start, steeper, position)}"
            )
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

    N, V and lambda are the paper's; W, p and the shock are chosen.

    Parameters
    ----------
    N
        Units of the asset in all, positive.
    V
        Value of a unit that the fund sees, in cash.
    lam
        Largest leverage of the fund, times.
    W
        Wealth of the fund at the price ``p``, in cash.
    p
        Price before the shock, in cash.
    shock
        Relative change of the noise traders' cash, between -1 and 1 and not 0.

    Returns
    -------
    Values
        ``ret``: the return at which ``agents.leverage.ValueFund`` and the noise clear the market;
        ``hold``: with the fund's demand fixed; ``amp`` their ratio; ``W_after``.

    Raises
    ------
    ValueError
        If a parameter is out of range, or no price clears the market.
    """
    real("N", N, above=0)
    real("V", V, above=0)
    real("lam", lam, above=0)
    real("W", W, above=0)
    real("p", p, above=0)
    if not -1 < shock < 1 or not shock:
        raise ValueError(f"shock must lie between -1 and 1 and not be 0, got {shock!r}")
    fund = ValueFund("fund", value=V, aggression=1e12, cap=lam, margin=0)
    held = fund.demand(p, W)
    if not 0 < held < N:
        raise ValueError(
            f"lam = {lam:g} and W = {W:g}: the fund must hold more than 0 and less than all of the "
            f"N = {N:g} units, got {held:g}"
        )
    cash = (N - held) * p * (1 + shock)

    def excess(price: float) -> float:
        return cash / price + fund.demand(price, W + held * (price - p)) - N

    low, high = 0.5 * p, p if shock < 0 else min(V, 2 * p)
    if not excess(low) > 0 > excess(high):
        raise ValueError(
            f"no price from {low:g} to {high:g} clears the market after a shock of {shock:g}: the "
            "fund's own sales move it further than they help"
        )
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    ret, hold = low / p - 1, cash / ((N - held) * p) - 1
    return {"ret": ret, "hold": hold, "amp": ret / hold, "W_after": W + held * (low - p)}
