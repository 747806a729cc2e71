"""Pools and prices: what those who provide and wait can expect.

Sources are named at each function.
"""

from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

import lob
from agents.leverage.pools import best_swap
from agents.traders import Fundamental
from experiments.validation.target import Values
from lob import Kind, Side
from lob.checks import natural, real
from lob.units import PPM, SECOND_NS
from lob.venue.pool import Pool

__all__ = [
    "arbitrage_chance",
    "loss_versus_rebalancing",
    "noise_price",
    "pool_sale",
]


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
    if sold > 1_000 * base:
        raise ValueError(f"sold must be 1,000 times base at most, got {sold!r} for {base!r}")
    pool = _Pool(0.0, 10**15, 10**15)
    size = max(1, round(sold / base * 10**15))
    before = pool.reserves
    pool.swap(Side.SELL, size)
    after = pool.reserves
    out = (before[1] - after[1]) / before[1]
    price = after[1] / after[0] / (before[1] / before[0])
    return {
        "cash_out": cash * out,
        "slippage": 1 - out / (size / before[0]),
        "drop": 1 - price,
    }


class _Pool:
    """A pool of ``lob.venue`` and somebody rich who trades with it."""

    def __init__(self, fee: float, base: int, cash: int) -> None:
        self.pool = Pool("shares", base="base", fee=round(fee * PPM), initial=(base, cash))
        self.venue = lob.Venue([lob.Instrument("X", base="base")], facilities=[self.pool])
        ledger = self.venue.ledger
        account = ledger.open_account(owner=TRADER)
        for asset in ("base", "cash"):
            ledger.transfer(ledger.asset(asset), ledger.WORLD, account, 4 * 10**18)
        self.venue.refresh()
        self.row = np.zeros(1, lob.MESSAGE)
        self.row["owner"] = TRADER
        self.ask(Kind.MINT, 1, 0)

    @property
    def reserves(self) -> tuple[int, int]:
        """Units of base and of cash."""
        return self.pool.reserves

    def swap(self, side: Side, size: int) -> None:
        """Trade units of the base."""
        self.ask(Kind.SWAP, size, side)

    def arbitrage(self, price: int) -> bool:
        """Trade until nothing is gained against a price elsewhere; whether anything was."""
        base, cash = self.reserves
        for side in (Side.BUY, Side.SELL):
            size = best_swap(base, cash, self.pool.fee, side, price)
            if size:
                self.swap(side, size)
                return True
        return False

    def ask(self, kind: Kind, size: int, side: int) -> None:
        """Send the trader's message, and see that it was done."""
        self.row["kind"], self.row["size"], self.row["side"] = kind, size, side
        events = self.venue.process(self.row)
        if len(events) and events["reason"][0]:
            raise RuntimeError(f"the pool refused: {lob.Reason(events['reason'][0])!r}")


def _outside(logs: NDArray[np.float64]) -> list[int]:
    """Prices outside in cash units for a base unit, of which a pool begins with ``DEAR``."""
    return [int(price) for price in np.rint(DEAR * np.exp(logs))]


TRADER = 1_000
"""Owner of the account that trades with a pool."""
UNITS, DEAR = 10**8, 10**9
"""Base units of a pool that is followed step by step, and cash units for each of them: a step moves
thousands of units, and prices to nine digits."""


def loss_versus_rebalancing(
    sigma: float = 0.05, days: int = 5, step_seconds: int = 10, seed: int = 1
) -> Values:
    """What a constant-product pool without a fee loses to arbitrage (Milionis et al. 2022).

    Parameters
    ----------
    sigma
        Volatility of a day as a share, above 0 and at most 1; 5 % is the example of the paper.
    days
        Simulated days of a pool of ``lob.venue``, each with a new one.
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
    if sigma > 1 or steps < 100 or days * steps > 10**7:
        raise ValueError(
            f"sigma must be 1 at most, step_seconds 864 at most and days * steps 1e7, got "
            f"{sigma!r}, {step_seconds!r} and {days!r}"
        )
    random, lost = np.random.default_rng(seed), []
    for _ in range(days):
        moves = sigma / sqrt(steps) * random.standard_normal(steps) - sigma**2 / steps / 2
        prices = _outside(np.concatenate([[0.0], np.cumsum(moves)]))
        pool, last, share = _Pool(0.0, UNITS, UNITS * DEAR), prices[0], 0.0
        for price in prices[1:]:
            base, cash = pool.reserves
            pool.arbitrage(price)
            left, got = pool.reserves
            # Against who held the same base, and sold what the pool sold at the price outside.
            made = base * (price - last) - (left * price + got - base * last - cash)
            share, last = share + made / (base * last + cash), price
        lost.append(share)
    return {
        "loss": sigma**2 / 8,
        "loss_simulated": float(np.mean(lost)),
        "loss_simulated_error": float(np.std(lost) / sqrt(days)),
    }


def arbitrage_chance(
    fee: float = 0.003,
    sigma: float = 0.05,
    block: float = 12.0,
    pools: int = 20,
    blocks: int = 3_000,
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
        Independent pools of ``lob.venue``, and blocks of each; their product is 1e7 at most.
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
    if fee >= 1 or pools * blocks > 10**7:
        raise ValueError(
            f"fee must be below 1 and pools * blocks 1e7 at most, got {fee:g} and "
            f"{pools * blocks:,}"
        )
    deviation = sigma * sqrt(block / 86_400)
    random = np.random.default_rng(seed)
    share = np.zeros(pools)
    for number in range(pools):
        waits = random.exponential(1.0, blocks)
        steps = deviation * np.sqrt(waits) * random.standard_normal(blocks)
        # Where it settles the gap is uniform within the fee.
        prices = _outside(np.cumsum(steps) + random.uniform(-fee, fee))
        pool = _Pool(fee, UNITS, UNITS * DEAR)
        share[number] = sum(pool.arbitrage(price) for price in prices)
    share /= blocks
    return {
        "chance": 1 / (1 + sqrt(2) * fee / deviation),
        "chance_simulated": float(share.mean()),
        "chance_simulated_error": float(share.std() / sqrt(pools)),
    }


def noise_price(
    rho: float = 0.99, sigma: float = 0.035, paths: int = 200, steps: int = 2_000, seed: int = 1
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
        Paths of ``agents.traders.Fundamental``, and steps of each; their product is 1e7 at most.
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
    if paths * steps > 10**7:
        raise ValueError(f"paths * steps must be 1e7 at most, got {paths * steps:,}")
    prices = np.empty((paths, steps + 1))
    level, reversion = sigma / sqrt(1 - rho**2), -log(rho)
    start = np.random.default_rng(seed).standard_normal(paths)
    for number in range(paths):
        # A step is a second, and a deviation of the price so many ticks that rounding is nothing.
        path = Fundamental(
            seed,
            f"path {number}",
            mean=float(CENTRE),
            initial=CENTRE + TICKS * start[number],
            reversion=reversion,
            volatility=TICKS * sqrt(2 * reversion),
        )
        prices[number] = [path.unrounded(step * SECOND_NS) for step in range(steps + 1)]
    prices = level * (prices - CENTRE) / TICKS
    returns = np.diff(prices, axis=1)
    levels, squares = (prices[:, 1:] ** 2).mean(axis=1), (returns**2).mean(axis=1)
    neighbours = (returns[:, 1:] * returns[:, :-1]).mean(axis=1)
    found = {
        "deviation": (level, np.sqrt(levels.mean()), levels),
        "return_deviation": (sigma * sqrt(2 / (1 + rho)), np.sqrt(squares.mean()), squares),
    }
    values: Values = {"autocorrelation": -(1 - rho) / 2}
    values["autocorrelation_simulated"] = float(neighbours.mean() / squares.mean())
    values["autocorrelation_simulated_error"] = 1 / sqrt(paths * steps)
    for name, (theory, root, each) in found.items():
        values |= {name: theory, f"{name}_simulated": float(root)}
        values[f"{name}_simulated_error"] = float(each.std() / sqrt(paths) / 2 / root)
    return values


CENTRE, TICKS = 10**12, 10**9
"""Ticks of the mean of a path, and of the standard deviation about it."""
