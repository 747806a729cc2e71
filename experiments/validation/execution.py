"""Optimal execution: Almgren-Chriss, Obizhaeva-Wang, and the impact of Almgren et al.

Sources: R. Almgren and N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk
3, 2000; A. Obizhaeva and J. Wang, "Optimal trading strategy and supply/demand dynamics", Journal
of Financial Markets 16, 2013; R. Almgren, C. Thum, E. Hauptmann and H. Li, "Direct estimation of
equity market impact", Risk, 2005.
"""

from math import acosh, exp, sqrt

import numpy as np
from numpy.typing import NDArray

from experiments.validation.target import Values
from lob.checks import natural, real

__all__ = ["almgren_chriss", "almgren_impact", "obizhaeva_wang", "shortfall", "trajectory"]


def almgren_chriss(
    shares: float = 1e6,
    horizon_days: float = 5.0,
    periods: int = 5,
    sigma: float = 0.95,
    epsilon: float = 0.0625,
    gamma: float = 2.5e-7,
    eta: float = 2.5e-6,
    risk_aversion: float = 1e-6,
    start_price: float = 50.0,
    paths: int = 20_000,
    seed: int = 1,
) -> Values:
    """The optimal schedule of a sale under linear impact, its cost and its risk.

    The defaults are the example of Almgren and Chriss 2000.

    Parameters
    ----------
    shares
        X: shares to sell, positive.
    horizon_days
        Days in which they must be sold, positive.
    periods
        Equal periods of the horizon, 1 or more.
    sigma
        Volatility in dollars a share and square root of a day.
    epsilon, gamma, eta
        Fixed cost (dollars a share), permanent impact (dollars a share squared) and temporary
        impact (dollars a share, per share a day), none negative; eta above gamma tau / 2.
    risk_aversion
        lambda, per dollar, not negative; 0 gives equal parts.
    start_price
        Price before the sale in dollars; the shortfall does not depend on it.
    paths
        Simulated paths that check the two moments.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``holdings`` at the inner times, ``kappa`` (per day), ``theta`` (its inverse; absent where
        kappa is 0), ``expected_cost`` and ``standard_deviation`` of the shortfall in dollars, the
        same two ``..._simulated``, and ``instant_cost``: all sold in the first period.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("shares", shares, above=0)
    real("horizon_days", horizon_days, above=0)
    real("sigma", sigma, above=0)
    real("eta", eta, above=0)
    real("start_price", start_price, above=0)
    natural("periods", periods, 1)
    natural("paths", paths, 1)
    for name, value in {"epsilon": epsilon, "gamma": gamma, "risk_aversion": risk_aversion}.items():
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value!r}")
    tau = horizon_days / periods
    if eta <= gamma * tau / 2:
        raise ValueError(f"eta must exceed gamma * period / 2 = {gamma * tau / 2}, got {eta!r}")
    kappa, holdings = trajectory(shares, tau, periods, sigma, gamma, eta, risk_aversion)
    cost, deviation = shortfall(holdings, tau, sigma, epsilon, gamma, eta)
    at_once = np.concatenate([[shares], np.zeros(periods)])
    draws = _simulated_shortfall(holdings, tau, sigma, epsilon, gamma, eta, paths, seed)
    values: Values = {
        "holdings": holdings[1:-1].tolist(),
        "kappa": kappa,
        "expected_cost": cost,
        "standard_deviation": deviation,
        "instant_cost": shortfall(at_once, tau, sigma, epsilon, gamma, eta)[0],
        "expected_cost_simulated": float(draws.mean()),
        "expected_cost_simulated_error": deviation / sqrt(paths),
        "standard_deviation_simulated": float(draws.std()),
        "standard_deviation_simulated_error": deviation / sqrt(2 * paths),
    }
    if kappa > 0:
        values["theta"] = 1 / kappa
    return values


def trajectory(
    shares: float,
    tau: float,
    periods: int,
    sigma: float,
    gamma: float,
    eta: float,
    risk_aversion: float,
) -> tuple[float, NDArray[np.float64]]:
    """Return the optimal trajectory of Almgren and Chriss 2000: kappa, and shares held over time.

    kappa solves cosh(kappa tau) = 1 + tau^2 (lambda sigma^2 / eta~) / 2 with eta~ = eta - gamma tau
    / 2; holdings are X sinh(kappa (T - t)) / sinh(kappa T).

    Parameters
    ----------
    shares
        X: shares to sell.
    tau, periods
        Length of a period in days, and how many there are.
    sigma
        Volatility in dollars a share and square root of a day.
    gamma, eta
        Permanent impact (dollars a share squared) and temporary (dollars a share, per share a day).
    risk_aversion
        lambda, per dollar.

    Returns
    -------
    tuple
        kappa per day, and a float64 array of the shares held at each of ``periods + 1`` times.
    """
    curvature = risk_aversion * sigma**2 / (eta - gamma * tau / 2) * tau**2 / 2
    left = np.arange(periods, -1, -1) / periods
    angle = acosh(1 + curvature) * periods
    if angle == 0:
        return 0.0, shares * left
    # sinh(a x) / sinh(a), without its overflow at large a.
    ratio = np.exp(angle * (left - 1)) * np.expm1(-2 * angle * left) / np.expm1(-2 * angle)
    return angle / (periods * tau), shares * ratio


def shortfall(
    holdings: NDArray[np.float64],
    tau: float,
    sigma: float,
    epsilon: float,
    gamma: float,
    eta: float,
) -> tuple[float, float]:
    """Return mean and standard deviation of the shortfall of any schedule, in dollars.

    Almgren and Chriss 2000, equations 4 and 5, a loss positive.

    Parameters
    ----------
    holdings
        Shares held at each time, from all to none.
    tau
        Length of a period in days.
    sigma
        Volatility in dollars a share and square root of a day.
    epsilon, gamma, eta
        Fixed cost (dollars a share), permanent impact (dollars a share squared) and temporary
        impact (dollars a share, per share a day).
    """
    sold = -np.diff(holdings)
    cost = (
        gamma * holdings[0] ** 2 / 2
        + epsilon * np.abs(sold).sum()
        + (eta - gamma * tau / 2) / tau * (sold**2).sum()
    )
    return float(cost), float(sigma * sqrt(tau * (holdings[1:] ** 2).sum()))


def _simulated_shortfall(
    holdings: NDArray[np.float64],
    tau: float,
    sigma: float,
    epsilon: float,
    gamma: float,
    eta: float,
    paths: int,
    seed: int,
) -> NDArray[np.float64]:
    """Sell along the schedule in an arithmetic random walk that the sale itself pushes down.

    The first slice meets the start price less its own temporary impact; the walk of a period and
    the permanent impact of its slice count from the next slice on.
    """
    random = np.random.default_rng(seed)
    moved = np.zeros(paths)  # the price without temporary impact, against the start price
    lost = np.zeros(paths)
    for sold in -np.diff(holdings):
        lost += sold * (epsilon + eta * sold / tau - moved)
        moved += sigma * sqrt(tau) * random.standard_normal(paths) - gamma * sold
    return lost


def obizhaeva_wang(
    shares: float = 1e5,
    book_density: float = 5000.0,
    permanent_impact: float = 1e-4,
    horizon: float = 1.0,
    resilience: float = 2.231,
    steps: int = 20_000,
) -> Values:
    """The optimal purchase from a block-shaped book that refills exponentially.

    The defaults are the example of Obizhaeva and Wang 2013.

    Parameters
    ----------
    shares
        Shares to buy, positive.
    book_density
        Shares a dollar of price: a trade of x moves the price by x / density.
    permanent_impact
        Dollars a share, from 0 to below 1 / density; the rest of 1 / density is transient.
    horizon, resilience
        Time, and the rate at which the transient part decays per unit of time; positive.
    steps
        Small trades that stand for the continuous part in the simulated book.

    Returns
    -------
    Values
        ``block`` (first and last, each), ``continuous`` (all between) in shares; ``cost`` and
        ``twap_cost`` above the start price, in dollars, by formula and ``..._simulated``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("shares", shares, above=0)
    real("book_density", book_density, above=0)
    real("horizon", horizon, above=0)
    real("resilience", resilience, above=0)
    natural("steps", steps, 2)
    transient = 1 / book_density - permanent_impact
    if not 0 <= permanent_impact < 1 / book_density:
        raise ValueError(
            f"permanent_impact must be at least 0 and less than 1 / book_density = "
            f"{1 / book_density}, got {permanent_impact!r}"
        )
    strength = resilience * horizon
    block = shares / (strength + 2)
    between = shares - 2 * block
    lasting = permanent_impact * shares**2 / 2
    optimal = np.concatenate([[block], np.full(steps, between / steps), [block]])
    even = np.concatenate([[0.0], np.full(steps, shares / steps), [0.0]])
    twap = transient * shares**2 / strength * (1 - (1 - exp(-strength)) / strength)
    book = (book_density, permanent_impact, exp(-strength / steps))
    return {
        "block": block,
        "continuous": between,
        "cost": lasting + transient * shares**2 / (strength + 2),
        "twap_cost": lasting + twap,
        "cost_simulated": _cost_in_block_book(optimal, *book),
        "twap_cost_simulated": _cost_in_block_book(even, *book),
    }


def _cost_in_block_book(
    trades: NDArray[np.float64], density: float, permanent: float, decay: float
) -> float:
    """Eat into a block-shaped book: each trade pays the mean of the prices it moves through.

    The first trade and the last are blocks; the small ones between lie half a step off the ends.
    """
    cost = displaced = bought = 0.0
    factors = np.full(len(trades), decay)
    factors[[0, -2]] = sqrt(decay)
    for size, factor in zip(trades.tolist(), factors.tolist(), strict=True):
        cost += size * (permanent * bought + displaced + size / (2 * density))
        bought += size
        displaced = (displaced + (1 / density - permanent) * size) * factor
    return cost


def almgren_impact(
    sigma_bps: float = 157.0,
    daily_volume: float = 6.561e6,
    shares_outstanding: float = 1.728e9,
    gamma: float = 0.314,
    eta: float = 0.142,
    beta: float = 0.6,
    participation: float = 0.1,
    durations_days: tuple[float, ...] | list[float] = (0.1, 0.2, 0.5),
) -> Values:
    """Permanent impact and cost of an order, in basis points (Almgren, Thum, Hauptmann, Li 2005).

    The defaults are the paper's estimates and its example, 10 % of the daily volume of IBM.

    Parameters
    ----------
    sigma_bps
        Daily volatility in basis points.
    daily_volume, shares_outstanding
        V and Theta, in shares.
    gamma, eta, beta
        Coefficients of permanent and of temporary impact, and exponent of the rate; no unit.
    participation
        X / V: size of the order over the daily volume.
    durations_days
        T: days in which it is executed.

    Returns
    -------
    Values
        ``permanent_bps``, and ``cost_bps`` for each duration: I = gamma sigma (X/V) (Theta/V)^(1/4)
        and J = I/2 + eta sigma (X/(V T))^beta.

    Raises
    ------
    ValueError
        If a parameter is not positive.
    """
    real("sigma_bps", sigma_bps, above=0)
    real("daily_volume", daily_volume, above=0)
    real("participation", participation, above=0)
    real("shares_outstanding", shares_outstanding, above=0)
    real("gamma", gamma, above=0)
    real("eta", eta, above=0)
    real("beta", beta, above=0)
    for duration in durations_days:
        real("durations_days", duration, above=0)
    turnover = (shares_outstanding / daily_volume) ** 0.25
    permanent = gamma * sigma_bps * participation * turnover
    return {
        "permanent_bps": permanent,
        "cost_bps": [
            permanent / 2 + eta * sigma_bps * (participation / duration) ** beta
            for duration in durations_days
        ],
    }
