"""Forced sales that move prices that force sales: between banks, funds and loops of borrowing.

Sources are named at each function. The formulas are those of the sources; where something can be
followed step by step, or sold through the project's own book, that is done beside them.
"""

from collections.abc import Sequence
from math import ceil, exp

import numpy as np

from experiments.validation.target import Values
from lob import OrderBook, OrderType, Side, TimeInForce
from lob.checks import natural, real
from lob.liquidation.formulas.health import (
    bad_debt_at_exhaustion,
    health_factor,
    toxic_threshold,
)

__all__ = [
    "aggregate_vulnerability",
    "capital_rule",
    "feedback_radius",
    "looped_loss",
    "stepwise_bad_debt",
    "toxic_in_a_pool",
]

WAD = 10**18
"""One, in the 18-decimal numbers of lending protocols."""


def toxic_in_a_pool(
    bonus: float = 0.05, share: Sequence[float] = (0.0, 0.01, 0.05), falling: bool = False
) -> Values:
    """Loan-to-value above which a liquidation sold to a constant-product pool lowers health.

    Source: arXiv 2510.10171, equations 2 and 4. The defaults are those of the recomputed case.

    Parameters
    ----------
    bonus
        Bonus of the liquidator as a share of what is repaid, 0 to 10.
    share
        c / y: collateral sold over the depth of the pool, 0 or more; lambda is 1 + 2 c / y.
    falling
        Whether the bonus is ``bonus (1 - health)``, nothing at a health of 1.

    Returns
    -------
    Values
        ``threshold``, a share for each ``share``: 1 / ((1 + bonus) lambda), and 1 / lambda where
        the bonus falls.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    if not 0 <= bonus <= 10 or any(not 0 <= one <= 1e6 for one in share):
        raise ValueError(f"bonus must be 0 to 10 and share 0 or more, got {bonus!r} and {share!r}")
    limit = float(toxic_threshold(0 if falling else round(bonus * WAD)))
    return {"threshold": [limit / (1 + 2 * one) for one in share]}


def looped_loss(threshold: float = 0.95, bonus: float = 0.01, leverage: float = 12.0) -> Values:
    """Instant falls of the collateral's price that a loop of borrowing survives, as shares.

    Recomputed from an audit of recursive collateral loops, which the defaults are from.

    Parameters
    ----------
    threshold
        LT: liquidation threshold of the protocol, a share above 0 and below 1.
    bonus
        b: bonus of the liquidator, a share above 0.
    leverage
        L: collateral over equity, above 1.

    Returns
    -------
    Values
        ``loss``: the fall 1 - (1 + b) LT / HF0 above which a liquidation leaves bad debt, and
        ``eligible``: that above which it may be liquidated, 1 - 1 / HF0, HF0 = LT L / (L - 1).

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("threshold", threshold, above=0, below=1)
    real("bonus", bonus, above=0)
    real("leverage", leverage, above=0)
    if leverage <= 1:
        raise ValueError(f"leverage must exceed 1, got {leverage!r}")
    owed = round((leverage - 1) / leverage * WAD)  # of a collateral worth one
    health = health_factor(round(threshold * WAD), owed)
    assert health is not None, "a loop has a debt"
    worst = toxic_threshold(round(bonus * WAD))  # loan-to-value above which debt is left
    return {"loss": 1 - owed / WAD / float(worst), "eligible": 1 - WAD / health}


def stepwise_bad_debt(
    fall: float = 0.05,
    threshold: float = 0.95,
    bonus: float = 0.01,
    leverage: float = 12.0,
    steps: int = 10_000,
) -> Values:
    """Bad debt of a loop whose collateral falls little by little in a market of infinite depth.

    At each step below a health of 1 just so much is repaid that it is 1 again. Recomputed from an
    audit of recursive collateral loops, which the defaults are from.

    Parameters
    ----------
    fall
        Fall of the collateral's price in all, a share.
    threshold, bonus
        Liquidation threshold and bonus as shares, (1 + bonus) threshold below 1, or a liquidation
        lowers health.
    leverage
        Collateral over equity at the start, above 1.
    steps
        Equal steps in which the price falls.

    Returns
    -------
    Values
        ``bad_debt`` over the debt at the start, ``left``: what is left of that debt; shares.
        ``left_theory``: the same where the price falls without steps, of which the debt is then the
        power 1 / (1 - threshold (1 + bonus)).

    Raises
    ------
    ValueError
        If a parameter is out of range, or the loop is unsafe at the start.
    """
    real("fall", fall, above=0, below=1)
    real("threshold", threshold, above=0, below=1)
    real("bonus", bonus, above=0)
    real("leverage", leverage, above=0)
    natural("steps", steps, 1)
    loop = looped_loss(threshold, bonus, leverage)
    if threshold * (1 + bonus) >= 1 or loop["eligible"] <= 0:
        raise ValueError(
            f"threshold (1 + bonus) must be below 1 and health above 1 at the start, got "
            f"{threshold * (1 + bonus):g} and {1 / (1 - loop['eligible']):g}"
        )
    units, debt = leverage, leverage - 1.0
    for step in range(1, steps + 1):
        price = 1 - fall * step / steps
        health = health_factor(round(threshold * units * price * WAD), round(debt * WAD))
        if health is not None and health < WAD:
            short = debt * (1 - health / WAD)
            repaid = min(short / (1 - threshold * (1 + bonus)), units * price / (1 + bonus))
            debt, units = debt - repaid, units - repaid * (1 + bonus) / price
    lost = bad_debt_at_exhaustion(round(units * (1 - fall) * WAD), round(debt * WAD), 0)
    # What is left of the price at which health is 1.
    below = min(1.0, (1 - fall) * threshold * leverage / (leverage - 1))
    return {
        "bad_debt": float(lost) / WAD / (leverage - 1),
        "left": debt / (leverage - 1),
        "left_theory": below ** (1 / (1 - threshold * (1 + bonus))),
    }


def aggregate_vulnerability(
    assets: Sequence[float] = (100.0, 100.0),
    leverage: Sequence[float] = (4.0, 9.0),
    weights: Sequence[Sequence[float]] = ((0.5, 0.5), (0.0, 1.0)),
    impact: float = 0.001,
    shock: Sequence[float] = (-0.02, 0.0),
    equity: float = 30.0,
) -> Values:
    """Share of all equity that forced sales after a shock cost (Greenwood, Landier, Thesmar 2015).

    Banks sell in proportion to their portfolios to hold their leverage. The defaults are a
    recomputed example.

    Parameters
    ----------
    assets, leverage
        A and B: of each bank assets in money, and debt over equity, not negative.
    weights
        M, a row a bank: its portfolio over the assets' kinds, as shares.
    impact
        L: return for a unit of money sold of a kind, positive.
    shock
        f: return of each kind, -1 to 0.
    equity
        E: equity of all banks together, in money, positive.

    Returns
    -------
    Values
        ``vulnerability`` = sum(A M L M' B A M f) / E, and ``through_books``: the same with the
        sales made as market orders in one book a kind, of one lot a tick.

    Raises
    ------
    ValueError
        If shapes do not match, or a parameter is out of range.
    """
    real("impact", impact, above=0)
    real("equity", equity, above=0)
    size, debt = np.array(assets, float), np.array(leverage, float)
    matrix, returns = np.array(weights, float), np.array(shock, float)
    if matrix.shape != (len(size), len(returns)) or len(debt) != len(size):
        raise ValueError(
            f"weights must have a row for each of {len(size)} banks and a column for each of "
            f"{len(returns)} kinds, and leverage a value a bank, got {weights!r}, {leverage!r}"
        )
    if (returns > 0).any() or (returns < -1).any() or (matrix < 0).any() or (debt < 0).any():
        raise ValueError("shock must be -1 to 0, weights and leverage not negative")
    sales = matrix.T @ (debt * size * (matrix @ returns))
    second = impact * sales
    moved = np.array([_fall_in_book(one) for one in second])
    return {
        "vulnerability": float((size * (matrix @ second)).sum() / equity),
        "through_books": float((size * (matrix @ moved)).sum() / equity),
    }


def _fall_in_book(fall: float, start: int = 1_000_000) -> float:
    """Return of the best bid when a book of a lot a tick takes what moves it by ``fall``."""
    lots = round(-fall * start)
    if not lots:
        return 0.0
    if lots > start // 2:
        raise ValueError(f"impact must move no price by more than a half, got {fall:g}")
    book = OrderBook()
    for level in range(lots + 1):
        book.submit(order_id=level, side=Side.BUY, price=start - level, size=1)
    book.submit(
        order_id=lots + 1,
        side=Side.SELL,
        size=lots,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
    )
    return (book.best_bid or 0) / start - 1


def capital_rule(alpha: float = 0.05, liabilities: float = 0.94, ratio: float = 0.07) -> Values:
    """How much a fund sells that must hold capital against what it holds (Cifuentes et al. 2005).

    It has a unit of an illiquid asset, whose price is exp(-alpha s) once s is sold. The defaults
    are a recomputed example.

    Parameters
    ----------
    alpha
        Fall of the log price for the whole unit sold, positive.
    liabilities
        Liabilities of the fund, below the asset's first price of 1.
    ratio
        Least capital over the value of what it still holds, a share.

    Returns
    -------
    Values
        ``sold``, a share of the unit, and ``price`` at the largest fixed point.

    Raises
    ------
    ValueError
        If a parameter is out of range, or no sale of a part meets the rule.
    """
    real("alpha", alpha, above=0)
    real("liabilities", liabilities, above=0)
    real("ratio", ratio, above=0)
    price, sold, before = 1.0, 0.0, -1.0
    while sold != before:
        before = sold
        sold = max(before, 1 - (price - liabilities) / (ratio * price), 0.0)
        if sold >= 1:
            raise ValueError(
                f"at alpha = {alpha:g} no sale of a part meets the rule: the fund sells all, at "
                f"{exp(-alpha):.6g} for liabilities of {liabilities:g}"
            )
        price = exp(-alpha * sold)
    return {"sold": sold, "price": price}


def feedback_radius(
    matrix: Sequence[Sequence[float]] = ((0.4, 0.3), (0.3, 0.4)),
) -> Values:
    """Whether a shock dies out between funds that hold the same things.

    An own computation; the default matrix is chosen.

    Parameters
    ----------
    matrix
        Square: the fall that a fall of one in each column forces on each row in the next round,
        none negative.

    Returns
    -------
    Values
        ``radius`` of the spectrum; where it is below 1 also ``amplification`` 1 / (1 - radius) of
        the worst direction, and ``followed``: the same from adding up the rounds.

    Raises
    ------
    ValueError
        If the matrix is not square, or has a negative element.
    """
    feedback = np.array(matrix, float)
    if feedback.ndim != 2 or feedback.shape[0] != feedback.shape[1] or (feedback < 0).any():
        raise ValueError(f"matrix must be square and not negative, got {matrix!r}")
    radius = float(max(abs(np.linalg.eigvals(feedback)), default=0.0))
    values: Values = {"radius": radius}
    if 0 < radius < 0.999:
        roots, vectors = np.linalg.eig(feedback)
        worst = abs(vectors[:, int(np.argmax(abs(roots)))])
        total, round_ = worst.copy(), worst.copy()
        for _ in range(ceil(30 / (1 - radius))):
            round_ = feedback @ round_
            total += round_
        values["amplification"] = 1 / (1 - radius)
        values["followed"] = float(total.sum() / worst.sum())
    return values
