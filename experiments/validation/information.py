"""Prices that learn from trades: Kyle, Glosten-Milgrom, and Roll's measure of the spread.

Sources: A. S. Kyle, "Continuous auctions and insider trading", Econometrica 53, 1985; L. Glosten
and P. Milgrom, "Bid, ask and transaction prices in a specialist market", Journal of Financial
Economics 14, 1985; R. Roll, "A simple implicit measure of the effective bid-ask spread", Journal
of Finance 39, 1984.
"""

from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from experiments.validation.flows import PRICE
from experiments.validation.target import Values
from lob import MESSAGE, EventKind, Kind, OrderBook, OrderType, Session, Side
from lob.checks import natural, real

__all__ = ["glosten_milgrom", "kyle", "roll", "roll_covariance"]


def kyle(
    prior_variance: float = 1.0, noise_sigma: float = 1.0, draws: int = 20_000, seed: int = 1
) -> Values:
    """One auction of Kyle's model in its linear equilibrium, held again and again in a real book.

    Makers collect in the book a ladder that answers an order flow by lambda; the insider and the
    noise traders send market orders; the call auction sets one price for all.

    Parameters
    ----------
    prior_variance
        Variance of the value before trading, in squared units of price; positive.
    noise_sigma
        Standard deviation of the noise traders' order, in units of size; positive.
    draws
        Auctions.
    seed
        Seed of the values and of the noise traders' orders.

    Returns
    -------
    Values
        ``price_impact`` (lambda: of price on order flow), ``aggressiveness`` (beta: the best answer
        to it), ``variance_left`` (of the value given the price, over the prior) and
        ``insider_profit`` (mean), as traded, and in closed form as ``..._theory``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("prior_variance", prior_variance, above=0)
    real("noise_sigma", noise_sigma, above=0)
    natural("draws", draws, 10)
    deviation = sqrt(prior_variance)
    beta, impact = noise_sigma / deviation, deviation / (2 * noise_sigma)
    random = np.random.default_rng(seed)
    value, noise = random.standard_normal((2, draws))  # in standard deviations of theirs
    order = np.rint(UNIT * value).astype(np.int64)
    other = np.rint(UNIT * noise).astype(np.int64)
    flow = order + other
    # A unit of flow moves the price by half a deviation of the value.
    price = _auctions(order, other) / (2 * UNIT)
    slope = float(flow @ price / (flow @ flow)) * UNIT
    left = value - price
    profit = left * order / UNIT
    scale = noise_sigma * deviation
    return {
        "price_impact": slope * deviation / noise_sigma,
        "price_impact_theory": impact,
        "aggressiveness": beta / (2 * slope),
        "aggressiveness_theory": beta,
        "variance_left": float((left @ left) / (value @ value)),
        "variance_left_error": 0.5 / sqrt(draws),
        "variance_left_theory": 0.5,
        "insider_profit": scale * float(profit.mean()),
        "insider_profit_error": scale * float(profit.std() / sqrt(draws)),
        "insider_profit_theory": scale / 2,
    }


UNIT = 1_000
"""Lots of a standard deviation of the noise traders' order."""
RUNG = 200
"""Lots that makers quote at each price of their ladder."""
RUNGS = 40
"""Prices of the ladder on a side: it ends at more than five standard deviations of the flow."""
AT_ONCE = 1_000
"""Auctions in one batch of messages."""


def _auctions(insider: NDArray[np.int64], noise: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the price of each call auction as the flow, in lots, that the ladder gives it for.

    The ladder stands at the middle of the flow that each of its prices takes.
    """
    book, found = OrderBook(), []
    away = RUNG * (2 * np.arange(1, RUNGS + 1) - 1) // 2
    for start in range(0, len(insider), AT_ONCE):
        orders = np.stack([insider, noise], axis=1)[start : start + AT_ONCE]
        rows = np.zeros((len(orders), 4 * RUNGS + 5), MESSAGE)
        rows["order_id"] = 1 + np.arange(rows.size).reshape(rows.shape) + 10 * start * RUNGS
        rows["ts_event"] = np.arange(len(orders))[:, None]
        rows["kind"] = Kind.NEW
        rows["kind"][:, [0, 2 * RUNGS + 3, -1]] = [Kind.SESSION, Kind.UNCROSS, Kind.SESSION]
        rows["order_id"][:, 0], rows["order_id"][:, -1] = Session.CALL, Session.CALL
        ladder = rows[:, 1 : 2 * RUNGS + 1]
        ladder["side"] = np.repeat([Side.BUY, Side.SELL], RUNGS)
        ladder["price"] = PRICE + np.concatenate([-away, away])
        ladder["size"] = RUNG
        market = rows[:, 2 * RUNGS + 1 : 2 * RUNGS + 3]
        market["side"] = np.where(orders > 0, Side.BUY, Side.SELL)
        market["order_type"] = OrderType.MARKET
        # An order of nothing is one of a lot.
        market["size"] = np.maximum(abs(orders), 1)
        rows["price"][:, 2 * RUNGS + 3] = PRICE
        gone = rows[:, 2 * RUNGS + 4 : -1]
        gone["kind"], gone["order_id"] = Kind.CANCEL, ladder["order_id"]
        events = book.process(rows.ravel())
        trades = events[events["kind"] == EventKind.TRADE]
        which, first = np.unique(trades["ts_event"], return_index=True)
        price = np.full(len(orders), float(PRICE))
        price[which] = trades["price"][first]
        found.append(price - PRICE)
    return np.concatenate(found)


def glosten_milgrom(
    informed: float = 0.3,
    prior: float = 0.5,
    buys: int = 4,
    low: float = 0.0,
    high: float = 1.0,
    draws: int = 30_000,
    seed: int = 1,
) -> Values:
    """Quotes of a competitive maker who faces a share of traders that know the value.

    Parameters
    ----------
    informed
        Share of traders who know the value, between 0 and 1; the rest buy or sell with equal
        chance.
    prior
        Probability of the high value, between 0 and 1.
    buys
        How many asks: after 0, 1, ... ``buys - 1`` purchases in a row.
    low, high
        The two values, in any unit of price.
    draws
        Markets in which as many trade, one after another, with the maker in a real book.
    seed
        Seed of the traders.

    Returns
    -------
    Values
        ``asks`` and ``initial_spread`` as traded; ``..._theory`` by Bayes' rule; ``..._value``: the
        mean value of what was bought at these asks, and of what the first trader bought less that
        of what he sold, which is the same where the maker earns nothing.

    Raises
    ------
    ValueError
        If a parameter is out of range, or ``high`` does not exceed ``low``.
    """
    real("informed", informed, above=0, below=1)
    real("prior", prior, above=0, below=1)
    natural("buys", buys, 1)
    natural("draws", draws, 1)
    if not low < high:
        raise ValueError(f"high must exceed low = {low!r}, got {high!r}")
    odds, asks = prior / (1 - prior), []
    ratio = (1 + informed) / (1 - informed)
    for _ in range(buys):
        odds *= ratio
        asks.append(low + (high - low) * odds / (1 + odds))
    sold = prior / (1 - prior) / ratio
    bid = low + (high - low) * sold / (1 + sold)

    random = np.random.default_rng(seed)
    is_high = random.random(draws) < prior
    # Who knows the value trades at any quote; the others toss a coin.
    knows = random.random((buys, draws)) < informed
    bought = np.where(knows, is_high, random.random((buys, draws)) < 0.5)
    sides = np.where(bought, Side.BUY, Side.SELL).astype(np.int8)
    # The maker believes what all trades before say, and quotes what the next one will add.
    net = np.cumsum(sides, axis=0, dtype=np.int64) - sides
    belief = prior / (1 - prior) * ratio**net
    ticks = [
        np.rint(FINE * odds / (1 + odds)).astype(np.int64)
        for odds in (belief / ratio, belief * ratio)
    ]
    events = OrderBook().process(_quote_and_take(ticks[0].ravel(), ticks[1].ravel(), sides.ravel()))
    trades = events[events["kind"] == EventKind.TRADE].reshape(buys, draws)
    paid = low + (high - low) * trades["price"] / FINE
    value = np.where(is_high, high, low)
    only_bought = np.logical_and.accumulate(trades["side"] == Side.BUY, axis=0)
    values: Values = {"asks": [], "asks_value": [], "asks_value_error": []}
    for turn in range(buys):
        mine = only_bought[turn]
        if not mine.any():
            raise ValueError(f"buys = {buys}: so many in a row never came in {draws:,} draws")
        values["asks"].append(float(paid[turn][mine].mean()))
        values["asks_value"].append(float(value[mine].mean()))
        values["asks_value_error"].append(_error_of_value(is_high[mine], high - low))
    first = trades["side"][0] == Side.BUY
    errors = [_error_of_value(is_high[one], high - low) for one in (first, ~first)]
    return values | {
        "asks_theory": asks,
        "initial_spread": float(paid[0][first].mean() - paid[0][~first].mean()),
        "initial_spread_theory": asks[0] - bid,
        "initial_spread_value": float(value[first].mean() - value[~first].mean()),
        "initial_spread_value_error": hypot(*errors),
    }


FINE = 10**9
"""Ticks from the low value to the high one, so that rounding quotes hardly matters."""


def _error_of_value(is_high: NDArray[np.bool_], range_: float) -> float:
    """Standard error of a mean value; where all are alike, that of one more that is not."""
    share, count = float(is_high.mean()), len(is_high)
    return range_ * max(sqrt(share * (1 - share) / count), 1 / count)


def roll(
    half_spread: float = 0.5, sigma: float = 0.0, trades: int = 400_000, seed: int = 1
) -> Values:
    """Roll's spread from the prices of trades in a real book.

    A maker quotes ``half_spread`` on either side of an efficient price that moves by ``sigma`` a
    trade; takers buy or sell with equal chance.

    Parameters
    ----------
    half_spread
        Half of the quoted spread in units of price, positive; a tick is a hundredth of it.
    sigma
        Standard deviation of the efficient price's step between trades, in units of price.
    trades
        Simulated trades.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``covariance`` of successive price changes (squared units of price) and ``spread`` (units of
        price), both by theory and ``..._simulated``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("half_spread", half_spread, above=0)
    natural("trades", trades, 1_000)
    real("sigma", sigma, 0)
    tick = half_spread / 100
    random = np.random.default_rng(seed)
    steps = np.rint(random.normal(0.0, sigma / tick, trades)).astype(np.int64)
    sides = random.choice(np.array([Side.BUY, Side.SELL], np.int8), trades)
    middle = np.cumsum(steps)
    events = OrderBook().process(_quote_and_take(middle - 100, middle + 100, sides))
    prices = events["price"][events["kind"] == EventKind.TRADE] * tick
    covariance = roll_covariance(prices)
    # Between stretches of the tape, for neighbouring products are correlated.
    stretches = [roll_covariance(part) for part in np.array_split(prices, 50)]
    error = float(np.std(stretches, ddof=1)) / sqrt(len(stretches))
    return {
        "covariance": -(half_spread**2),
        "spread": 2 * half_spread,
        "covariance_simulated": covariance,
        "covariance_simulated_error": error,
        "spread_simulated": 2 * sqrt(max(-covariance, 0.0)),
        "spread_simulated_error": error / half_spread,
    }


def roll_covariance(prices: NDArray[np.float64]) -> float:
    """Return the covariance of successive price changes, in squared units of the prices."""
    changes = np.diff(prices)
    changes -= changes.mean()
    return float((changes[1:] * changes[:-1]).mean())


def _quote_and_take(
    bids: NDArray[np.int64], asks: NDArray[np.int64], sides: NDArray[np.int8]
) -> NDArray[np.void]:
    """Five messages a trade: new quotes, one market order, and the quotes withdrawn."""
    rows = np.zeros((len(bids), 5), MESSAGE)
    turns = np.arange(1, len(bids) + 1)
    rows["kind"] = [Kind.NEW, Kind.NEW, Kind.NEW, Kind.CANCEL, Kind.CANCEL]
    for column, offset in enumerate((1, 2, 3, 1, 2)):
        rows["order_id"][:, column] = 3 * turns + offset
    rows["side"][:, 0], rows["side"][:, 1], rows["side"][:, 2] = Side.BUY, Side.SELL, sides
    rows["price"][:, 0], rows["price"][:, 1] = bids, asks
    rows["order_type"][:, 2] = OrderType.MARKET
    rows["size"] = 1
    flat: NDArray[np.void] = rows.ravel()
    return flat
