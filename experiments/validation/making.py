"""Market making: the tables of Avellaneda and Stoikov.

Source: M. Avellaneda and S. Stoikov, "High-frequency trading in a limit order book", Quantitative
Finance 8, 2008.
"""

from math import log, sqrt

import numpy as np

from experiments.validation.target import Values, positive, whole

__all__ = ["avellaneda_stoikov", "mean_spread"]

STRATEGIES = ("inventory", "symmetric")


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
    paths: int = 100_000,
    seed: int = 1,
) -> Values:
    """Profit and final inventory of a maker whose quotes fill at rate A exp(-k distance).

    In a step the mid moves by sigma sqrt(dt) up or down, and each side fills at most once, with
    probability min(rate dt, 1).

    Parameters
    ----------
    gamma
        Risk aversion.
    strategy
        ``inventory`` centres its quotes on the reservation price s - q gamma sigma^2 (T - t);
        ``symmetric`` centres the inventory strategy's average spread on the mid, held constant.
    sigma, horizon, step
        Of the mid; ``step`` is dt.
    decay, intensity
        k and A.
    paths, seed
        Of the simulation.

    Returns
    -------
    Values
        ``profit`` (mean), ``profit_deviation``, ``inventory_deviation`` and ``average_spread``.
    """
    positive(gamma=gamma, sigma=sigma, horizon=horizon, step=step, decay=decay)
    positive(intensity=intensity, start_price=start_price)
    whole(least=2, paths=paths)
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, got {strategy!r}")
    if not isinstance(start_inventory, int):
        raise ValueError(f"start_inventory must be an integer, got {start_inventory!r}")
    random = np.random.default_rng(seed)
    average = mean_spread(gamma, sigma, horizon, decay)
    price = np.full(paths, float(start_price))
    inventory = np.full(paths, float(start_inventory))
    cash = np.zeros(paths)
    steps = max(1, round(horizon / step))
    for turn in range(steps):
        risk = gamma * sigma**2 * (horizon - turn * step)
        if strategy == "inventory":
            half, skew = (risk + 2 / gamma * log(1 + gamma / decay)) / 2, inventory * risk
        else:
            half, skew = average / 2, np.zeros(paths)
        above, below = half - skew, half + skew  # distance of ask and bid from the mid
        sold = random.random(paths) < intensity * step * np.exp(-decay * above)
        bought = random.random(paths) < intensity * step * np.exp(-decay * below)
        cash += sold * (price + above) - bought * (price - below)
        inventory += bought.astype(np.float64) - sold
        price += sigma * sqrt(step) * (2.0 * random.integers(0, 2, paths) - 1.0)
    profit = cash + inventory * price - start_inventory * start_price
    return {
        "profit": float(profit.mean()),
        "profit_error": float(profit.std() / sqrt(paths)),
        "profit_deviation": float(profit.std()),
        "profit_deviation_error": float(profit.std() / sqrt(2 * paths)),
        "inventory_deviation": float(inventory.std()),
        "inventory_deviation_error": float(inventory.std() / sqrt(2 * paths)),
        "average_spread": average,
    }


def mean_spread(gamma: float, sigma: float, horizon: float, decay: float) -> float:
    """Return the inventory strategy's spread averaged over the horizon."""
    return gamma * sigma**2 * horizon / 2 + 2 / gamma * log(1 + gamma / decay)
