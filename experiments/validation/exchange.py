"""Pools, auctions and prices: what those who provide, bid and wait can expect.

Sources are named at each function.
"""

from math import sqrt

import numpy as np

from agents.keepers import expected_revenue
from experiments.validation.target import Values
from lob.checks import natural, real

__all__ = [
    "arbitrage_chance",
    "auction_revenue",
    "loss_versus_rebalancing",
    "noise_price",
    "pool_sale",
]


def auction_revenue(
    n: int = 2, rho: float = 0.0, auctions: int = 1_000_000, seed: int = 1
) -> Values:
    """What an auction brings from bidders with private values, uniform on 0 to 1.

    Vickrey 1961, Myerson 1981; with constant relative risk aversion Riley, Samuelson 1981: in a
    sealed first-price auction such a bidder bids v (n - 1) / (n - rho).

    Parameters
    ----------
    n
        Bidders, 1 to 1,000.
    rho
        Relative risk aversion, from 0 to below 1.
    auctions
        Simulated auctions; n times this is 1e8 at most.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        Mean price, where values are from 0 to 1: ``revenue`` of a first-price auction, n (n - 1) /
        ((n + 1) (n - rho)), and without risk aversion ``with_reserve``: that with the best reserve,
        1 / 2. Simulated: ``first_price``, ``second_price`` and ``second_price_with_reserve``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    natural("n", n, 1)
    natural("auctions", auctions, 100)
    if not 0 <= rho < 1 or n > 1_000 or n * auctions > 10**8:
        raise ValueError(
            f"rho must be 0 to below 1, n up to 1,000 and n * auctions up to 1e8, got {rho!r}, "
            f"{n!r} and {auctions!r}"
        )
    ranked = np.sort(np.random.default_rng(seed).random((auctions, n)), axis=1)
    best, second = ranked[:, -1], ranked[:, -2] if n > 1 else np.zeros(auctions)
    drawn = {"first_price": best * ((n - 1) / (n - rho))}
    values: Values = {"revenue": n * (n - 1) / ((n + 1) * (n - rho))}
    if not rho:
        values |= {"revenue": expected_revenue(n), "with_reserve": expected_revenue(n, 0.5)}
        drawn["second_price"] = second
        drawn["second_price_with_reserve"] = np.where(best < 0.5, 0.0, np.maximum(second, 0.5))
    for name, paid in drawn.items():
        values[name] = float(paid.mean())
        values[f"{name}_error"] = float(paid.std() / sqrt(auctions))
    return values


def pool_sale(base: float = 1_000.0, cash: float = 1_000_000.0, sold: float = 10.0) -> Values:
    """A sale to a constant-product pool without a fee.

    The defaults are chosen.

    Parameters
    ----------
    base, cash
        Reserves of the pool in units of the base and of cash, positive.
    sold
        Units of the base that are sold, positive.

    Returns
    -------
    Values
        ``cash_out`` in cash; ``slippage`` of the average price and ``drop`` of the spot price, as
        positive shares.

    Raises
    ------
    ValueError
        If a parameter is not positive.
    """
    real("base", base, above=0)
    real("cash", cash, above=0)
    real("sold", sold, above=0)
    out = cash * sold / (base + sold)
    before, after = cash / base, (cash - out) / (base + sold)
    return {"cash_out": out, "slippage": 1 - out / sold / before, "drop": 1 - after / before}


def loss_versus_rebalancing(
    sigma: float = 0.05, days: int = 20, step_seconds: int = 1, seed: int = 1
) -> Values:
    """What a constant-product pool without a fee loses to arbitrage (Milionis et al. 2022).

    Parameters
    ----------
    sigma
        Volatility of a day as a share, above 0 and at most 1; 5 % is the example of the paper.
    days
        Simulated days.
    step_seconds
        Seconds from one step of the arbitrageur, who brings the pool to the price, to the next; 1
        to 864.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``loss``: a day, over the pool's value, sigma^2 / 8; ``loss_simulated``: what the portfolio
        that holds the same, traded at the price outside, has made more than the pool.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("sigma", sigma, above=0)
    natural("days", days, 1)
    natural("step_seconds", step_seconds, 1)
    steps = 86_400 // step_seconds
    if sigma > 1 or steps < 100 or days * steps > 10**8:
        raise ValueError(
            f"sigma must be 1 at most, step_seconds 864 at most and days * steps 1e8, got "
            f"{sigma!r}, {step_seconds!r} and {days!r}"
        )
    random, lost = np.random.default_rng(seed), []
    for _ in range(days):
        moves = sigma / sqrt(steps) * random.standard_normal(steps) - sigma**2 / steps / 2
        root = np.exp(np.concatenate([[0.0], np.cumsum(moves)]) / 2)
        # Of a pool with k = 1: it holds 1 / root of the base, and is worth 2 root.
        held = (np.diff(root**2) / root[:-1]) - 2 * np.diff(root)
        lost.append(float((held / (2 * root[:-1])).sum()))
    return {
        "loss": sigma**2 / 8,
        "loss_simulated": float(np.mean(lost)),
        "loss_simulated_error": float(np.std(lost) / sqrt(days)),
    }


def arbitrage_chance(
    fee: float = 0.003,
    sigma: float = 0.05,
    block: float = 12.0,
    pools: int = 2_000,
    blocks: int = 1_000,
    seed: int = 1,
) -> Values:
    """How often a block has an arbitrage trade (Milionis, Moallemi, Roughgarden 2023).

    Parameters
    ----------
    fee
        Fee of the pool, a share of the trade; positive.
    sigma
        Volatility of a day as a share, positive.
    block
        Mean seconds between blocks, which come at exponential gaps; positive.
    pools, blocks
        Simulated independent pools, and blocks of each; their product is 1e8 at most.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``chance``, a share of blocks, = 1 / (1 + sqrt(2) fee / (sigma sqrt(block / day))), and
        ``chance_simulated`` with its error.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("fee", fee, above=0)
    real("sigma", sigma, above=0)
    real("block", block, above=0)
    natural("pools", pools, 2)
    natural("blocks", blocks, 2)
    if pools * blocks > 10**8:
        raise ValueError(f"pools * blocks must be 1e8 at most, got {pools * blocks:,}")
    deviation = sigma * sqrt(block / 86_400)
    random = np.random.default_rng(seed)
    # Where it settles the gap is uniform within the fee, and at either end after a trade.
    gap, share = random.uniform(-fee, fee, pools), np.zeros(pools)
    for number in range(-blocks // 4, blocks):
        gap += deviation * np.sqrt(random.exponential(1.0, pools)) * random.standard_normal(pools)
        if number >= 0:
            share += abs(gap) > fee
        np.clip(gap, -fee, fee, out=gap)
    share /= blocks
    return {
        "chance": 1 / (1 + sqrt(2) * fee / deviation),
        "chance_simulated": float(share.mean()),
        "chance_simulated_error": float(share.std() / sqrt(pools)),
    }


def noise_price(
    rho: float = 0.99, sigma: float = 0.035, paths: int = 1_000, steps: int = 2_000, seed: int = 1
) -> Values:
    """A log price that noise drives and that returns to its mean (Thurner et al. 2012, no funds).

    The defaults of ``rho`` and ``sigma`` are the paper's.

    Parameters
    ----------
    rho
        How much of a deviation is left after a step, from 0 to below 1.
    sigma
        Standard deviation of the noise of a step, in log price; positive.
    paths, steps
        Simulated paths, and steps of each; their product is 1e9 at most.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``deviation`` of the log price, ``return_deviation``, ``autocorrelation`` of returns at lag
        1, and the same ``..._simulated``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("rho", rho, above=0, below=1)
    real("sigma", sigma, above=0)
    natural("paths", paths, 100)
    natural("steps", steps, 100)
    if paths * steps > 10**9:
        raise ValueError(f"paths * steps must be 1e9 at most, got {paths * steps:,}")
    random = np.random.default_rng(seed)
    price = sigma / sqrt(1 - rho**2) * random.standard_normal(paths)
    before = np.zeros(paths)
    squares = np.zeros((3, paths))  # of prices, of returns, of neighbouring returns
    for _ in range(steps):
        moved = (rho - 1) * price + sigma * random.standard_normal(paths)
        price += moved
        squares += price**2, moved**2, moved * before
        before = moved
    levels, returns, neighbours = squares / steps
    found = {
        "deviation": (sigma / sqrt(1 - rho**2), np.sqrt(levels.mean()), levels),
        "return_deviation": (sigma * sqrt(2 / (1 + rho)), np.sqrt(returns.mean()), returns),
    }
    values: Values = {"autocorrelation": -(1 - rho) / 2}
    values["autocorrelation_simulated"] = float(neighbours.mean() / returns.mean())
    values["autocorrelation_simulated_error"] = 1 / sqrt(paths * steps)
    for name, (theory, root, each) in found.items():
        values |= {name: theory, f"{name}_simulated": float(root)}
        values[f"{name}_simulated_error"] = float(each.std() / sqrt(paths) / 2 / root)
    return values
