"""Optimal execution: Almgren-Chriss, Obizhaeva-Wang, and the impact of Almgren et al.

Schedules are those of ``agents.traders``, and an executor works them in a real book.

Sources: R. Almgren and N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk
3, 2000; A. Obizhaeva and J. Wang, "Optimal trading strategy and supply/demand dynamics", Journal
of Financial Markets 16, 2013; J. Gatheral, "No-dynamic-arbitrage and market impact", Quantitative
Finance 10, 2010; R. Almgren, C. Thum, E. Hauptmann and H. Li, "Direct estimation of equity market
impact", Risk, 2005.
"""

from math import acosh, ceil, exp, sqrt

import numpy as np
from numpy.typing import NDArray

from agents.traders.schedules import TWAP, AlmgrenChriss, ObizhaevaWang, Schedule
from experiments.validation.propagator import Executed, execute
from experiments.validation.target import Values
from lob import Side
from lob.checks import natural, real
from lob.units import SECOND_NS

__all__ = [
    "almgren_chriss",
    "almgren_impact",
    "constant_rate_cost",
    "obizhaeva_wang",
    "shortfall",
]

MOST_STEPS = 10_000
MOST_NEWS = 100
"""Periods up to which the risk of a sale is found by news in each of them."""


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
) -> Values:
    """The optimal schedule of a sale under linear impact, its cost and its risk.

    An executor sells by the schedule into a book that is as deep as the impact says, once without
    news and once with news of a standard deviation in each period. The defaults are the example of
    Almgren and Chriss 2000.

    Parameters
    ----------
    shares
        X: shares to sell, positive.
    horizon_days
        Days in which they must be sold, positive.
    periods
        Equal periods of the horizon, 1 to 10,000.
    sigma
        Volatility in dollars a share and square root of a day.
    epsilon, gamma, eta
        Fixed cost (dollars a share), permanent impact (dollars a share squared) and temporary
        impact (dollars a share, per share a day), none negative; eta above gamma tau / 2.
    risk_aversion
        lambda, per dollar, not negative; 0 gives equal parts.
    start_price
        Price before the sale in dollars; the shortfall does not depend on it.

    Returns
    -------
    Values
        ``holdings`` at the inner times; ``kappa`` (per day; absent with one period), ``theta`` (its
        inverse; absent where kappa is 0); ``expected_cost`` and ``standard_deviation`` of the
        shortfall in dollars, as traded, and the same two ``..._theory``; ``instant_cost``: all sold
        in the first period. With more than 100 periods the deviation is that of the theory, at the
        holdings as traded.

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
    for name, value in {"epsilon": epsilon, "gamma": gamma, "risk_aversion": risk_aversion}.items():
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value!r}")
    tau = horizon_days / periods
    if eta <= gamma * tau / 2:
        raise ValueError(f"eta must exceed gamma * period / 2 = {gamma * tau / 2}, got {eta!r}")
    if periods > MOST_STEPS:
        raise ValueError(f"periods must be 10,000 at most, got {periods!r}")
    # A period is a second of the simulation, and the whole order one unit.
    schedule = AlmgrenChriss(
        periods * SECOND_NS,
        periods,
        risk_aversion=risk_aversion,
        sigma=sigma * sqrt(tau),
        eta=eta / tau,
        gamma=gamma,
    )

    def left(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        return shares * np.where(seconds == 0, 2 * eta / tau, gamma)

    def sold(schedule: Schedule, news: NDArray[np.float64] | None = None) -> Executed:
        return execute(schedule, Side.SELL, left, spread=epsilon, news=news)

    quiet = sold(schedule)
    # After the last period of a schedule it looks once more, when all is done.
    holdings = shares * quiet.held[:-1]
    cost, deviation = shortfall(holdings, tau, sigma, epsilon, gamma, eta)
    values: Values = {
        "holdings": holdings[1:-1].tolist(),
        "expected_cost": shares * quiet.cost,
        "expected_cost_theory": cost,
        "standard_deviation": deviation,
        "standard_deviation_theory": deviation,
        "instant_cost": shares * sold(TWAP(periods * SECOND_NS, 1)).cost,
    }
    if periods <= MOST_NEWS:
        size = sigma * sqrt(tau)
        # Falls of the price that all that is sold later meets; the cost is linear in them.
        steps = size * (np.arange(periods + 1) > np.arange(periods)[:, None])
        falls = [sold(schedule, news).cost - quiet.cost for news in steps]
        values["standard_deviation"] = shares * float(np.linalg.norm(falls))
    if periods > 1:
        # The difference equation that an optimum obeys (equation 15 of the paper).
        first, second, third = schedule.held[:3]
        kappa = acosh(max(1.0, (first + third) / (2 * second))) / tau if risk_aversion else 0.0
        values["kappa"] = kappa
        if kappa > 0:
            values["theta"] = 1 / kappa
    return values


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


def obizhaeva_wang(
    shares: float = 1e5,
    book_density: float = 5000.0,
    permanent_impact: float = 1e-4,
    horizon: float = 1.0,
    resilience: float = 2.231,
    steps: int = 1_000,
) -> Values:
    """The optimal purchase from a block-shaped book that refills exponentially.

    An executor buys by the schedule, and by equal parts, from a real book that does so. The
    defaults are the example of Obizhaeva and Wang 2013.

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
        Small trades that stand for the continuous part; more, where the book refills fast, so that
        there are ten in the time in which it does. 2 to 10,000.

    Returns
    -------
    Values
        ``block`` (first and last, each), ``continuous`` (all between) in shares; ``cost`` and
        ``twap_cost`` above the start price, in dollars, as traded, and the same four ``..._theory``
        by the formulas of the paper.

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
    steps = max(steps, ceil(10 * strength))
    if steps > MOST_STEPS:
        raise ValueError(
            f"steps and 10 * resilience * horizon must be {MOST_STEPS:,} at most, got {steps:,}"
        )
    duration = steps * SECOND_NS  # the horizon, in the time of the simulation

    def left(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        faded = permanent_impact + transient * np.exp(-strength * seconds / steps)
        return shares * np.where(seconds == 0, 1 / book_density, faded)

    optimal = execute(ObizhaevaWang(duration, strength / steps, steps), Side.BUY, left)
    even = execute(TWAP(duration, steps), Side.BUY, left)
    block = shares / (strength + 2)
    lasting = permanent_impact * shares**2 / 2
    twap = transient * shares**2 / strength * (1 - (1 - exp(-strength)) / strength)
    return {
        "block": shares * float(1 - optimal.held[1]),
        "continuous": shares * float(optimal.held[1] - optimal.held[-2]),
        "cost": shares * optimal.cost,
        "twap_cost": shares * even.cost,
        "block_theory": block,
        "continuous_theory": shares - 2 * block,
        "cost_theory": lasting + transient * shares**2 / (strength + 2),
        "twap_cost_theory": lasting + twap,
    }


def constant_rate_cost(gamma: float = 0.4, slices: int = 1_000) -> Values:
    """Cost of trading at a constant rate where impact fades as t^-gamma (Gatheral 2010).

    An executor buys in equal parts from a real book in which what a part has moved fades so.

    Parameters
    ----------
    gamma
        Exponent of the decay, between 0 and 1; 0.4 is Gatheral's for stocks.
    slices
        Equal parts of the order, 10 to 10,000.

    Returns
    -------
    Values
        ``cost`` over X^2 T^-gamma, as traded, and ``cost_theory``, 1 / ((1 - gamma) (2 - gamma));
        X is the size and T the duration of the order.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("gamma", gamma, above=0, below=1)
    natural("slices", slices, 10)
    if slices > MOST_STEPS:
        raise ValueError(f"slices must be 10,000 at most, got {slices!r}")

    def left(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """A part is spread over its slice: what is left of it, on average over a later slice."""
        ages = np.stack([seconds - 1, seconds, seconds + 1]) / slices
        twice = abs(ages) ** (2 - gamma) / ((1 - gamma) * (2 - gamma))
        return np.asarray(slices**2 * (twice[0] - 2 * twice[1] + twice[2]))

    return {
        "cost": execute(TWAP(slices * SECOND_NS, slices), Side.BUY, left).cost,
        "cost_theory": 1 / ((1 - gamma) * (2 - gamma)),
    }


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
