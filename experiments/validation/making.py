"""Market making: the tables of Avellaneda and Stoikov, by the project's own makers.

Source: M. Avellaneda and S. Stoikov, "High-frequency trading in a limit order book", Quantitative
Finance 8, 2008.
"""

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from agents.traders.quoting import reservation_price, reservation_spread
from experiments.validation.own_mid import PathMarket, trade
from experiments.validation.target import Values
from lob.checks import choice, natural, real

__all__ = ["avellaneda_stoikov", "mean_spread"]

STRATEGIES = ("inventory", "symmetric")
"""Names of the two strategies of Avellaneda and Stoikov 2008."""


def avellaneda_stoikov(
    gamma: float = 0.1,
    strategy: str = "inventory",
    sigma: float = 2.0,
    horizon: float = 1.0,
    step: float = 0.005,
    decay: float = 1.5,
    intensity: float = 140.0,
    start_price: float = 100.0,
    start_inventory: int = 0,
    paths: int = 50_000,
    makers: int = 100,
    seed: int = 1,
) -> Values:
    """Profit and final inventory of a maker whose quotes fill at rate A exp(-k distance).

    In a step the mid moves by sigma sqrt(dt) up or down, and each side fills at most once, with
    probability min(rate dt, 1). The defaults are those of Avellaneda and Stoikov 2008.

    Parameters
    ----------
    gamma
        Risk aversion, per unit of money; positive.
    strategy
        ``inventory`` centres its quotes on the reservation price s - q gamma sigma^2 (T - t);
        ``symmetric`` centres the inventory strategy's average spread on the mid, held constant.
    sigma
        Volatility of the mid, in units of price a square root of time.
    horizon, step
        T and dt, in units of time.
    decay, intensity
        k, per unit of price, and A, fills a unit of time.
    start_price, start_inventory
        s at the start in units of price, and q in units, signed.
    paths
        Simulated paths: where the quotes of ``agents.traders`` would have traded.
    makers
        Makers of ``agents.traders``, each in a book of its own, that trade beside them.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``profit`` (mean), ``profit_deviation``, ``inventory_deviation`` and ``average_spread``; the
        first three also ``..._traded`` by the makers, and of the symmetric strategy ``..._exact``,
        for its inventory is a plain random walk.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("gamma", gamma, above=0)
    real("sigma", sigma, above=0)
    real("horizon", horizon, above=0)
    real("step", step, above=0)
    real("decay", decay, above=0)
    real("intensity", intensity, above=0)
    real("start_price", start_price, above=0)
    natural("paths", paths, 2)
    choice("strategy", strategy, STRATEGIES)
    if not isinstance(start_inventory, int):
        raise ValueError(f"start_inventory must be an integer, got {start_inventory!r}")
    natural("makers", makers, 2)
    steps = max(1, round(horizon / step))
    if makers > 2_000 or steps * makers > 10**7:
        raise ValueError(
            f"makers must be 2,000 at most, and 1e7 over the steps of each, got {makers:,} and a "
            f"step of {step!r}"
        )
    random = np.random.default_rng(seed)
    average = mean_spread(gamma, sigma, horizon, decay)
    price = np.full(paths, float(start_price))
    inventory = np.full(paths, float(start_inventory))
    cash = np.zeros(paths)
    half, skew = average / 2, np.zeros(paths)  # of the symmetric strategy, all the time
    for turn in range(steps):
        left = horizon - turn * step
        if strategy == "inventory":
            half = reservation_spread(left, risk_aversion=gamma, sigma=sigma, decay=decay) / 2
            each = reservation_price(0.0, 1.0, left, risk_aversion=gamma, sigma=sigma)
            skew = -each * inventory
        above, below = half - skew, half + skew  # distance of ask and bid from the mid
        sold = random.random(paths) < intensity * step * np.exp(-decay * above)
        bought = random.random(paths) < intensity * step * np.exp(-decay * below)
        cash += sold * (price + above) - bought * (price - below)
        inventory += bought.astype(np.float64) - sold
        price += sigma * sqrt(step) * (2.0 * random.integers(0, 2, paths) - 1.0)
    profit = cash + inventory * price - start_inventory * start_price
    values: Values = {"average_spread": average} | _moments("", profit, inventory)
    if strategy == "symmetric":
        chance = min(intensity * step * exp(-decay * average / 2), 1.0)
        values |= _exact_moments(chance, average / 2, sigma**2 * step, steps)
    moves = sigma * sqrt(step) * (2.0 * random.integers(0, 2, (steps, makers)) - 1.0)
    mids = np.cumsum(np.concatenate([np.zeros((1, makers)), moves]), axis=0)
    market = PathMarket(gamma, sigma * sqrt(step), horizon / step, decay, intensity * step)
    own = average / 2 if strategy == "symmetric" else None
    return values | _moments("_traded", *trade(market, mids, own, start_inventory, random))


def _moments(suffix: str, profit: NDArray[np.float64], inventory: NDArray[np.float64]) -> Values:
    values: Values = {f"profit{suffix}": float(profit.mean())}
    values[f"profit{suffix}_error"] = float(profit.std() / sqrt(len(profit)))
    for name, sample in {"profit": profit, "inventory": inventory}.items():
        values[f"{name}_deviation{suffix}"] = float(sample.std())
        values[f"{name}_deviation{suffix}_error"] = _error_of_deviation(sample)
    return values


def _error_of_deviation(sample: NDArray[np.float64]) -> float:
    """Return the standard error of a standard deviation; profits have heavy tails."""
    variance = float(sample.var())
    fourth = float(((sample - sample.mean()) ** 4).mean())
    return sqrt(max(fourth - variance**2, 0.0) / len(sample) / (4 * variance)) if variance else 0.0


def _exact_moments(chance: float, half: float, variance: float, steps: int) -> Values:
    """Moments where each side fills with a fixed chance a step, at ``half`` from the mid.

    Profit is half times the fills plus the sum of inventory times the next move: uncorrelated,
    and the inventory after i steps has variance 2 p (1 - p) i.
    """
    fill = 2 * chance * (1 - chance)
    held = fill * steps * (steps + 1) / 2
    return {
        "profit_exact": 2 * chance * steps * half,
        "profit_deviation_exact": sqrt(fill * steps * half**2 + held * variance),
        "inventory_deviation_exact": sqrt(fill * steps),
    }


def mean_spread(gamma: float, sigma: float, horizon: float, decay: float) -> float:
    """Return the spread of Avellaneda and Stoikov's inventory strategy averaged over the horizon.

    gamma sigma^2 T / 2 + (2 / gamma) ln(1 + gamma / k), in units of price.

    Parameters
    ----------
    gamma
        Risk aversion, per unit of money; positive.
    sigma
        Volatility of the mid, in units of price a square root of time.
    horizon
        T, in units of time.
    decay
        k, per unit of price.
    """
    # The spread is linear in the time left.
    return reservation_spread(horizon / 2, risk_aversion=gamma, sigma=sigma, decay=decay)
