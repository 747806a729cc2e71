"""Schedules of execution: how many lots of an order should be done by now.

A schedule knows nothing of orders and remembers nothing: one may serve any number of executors
(``agents.traders.execution``).

An interval's lots are due at its start, so that the interval is there to trade them in: after it,
what the schedule says is held is what is held. All numbers of lots are exact; at the end of every
schedule but ``POV`` the whole order is due.

Sources: R. Almgren and N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk
3, 2000; A. Obizhaeva and J. Wang, "Optimal trading strategy and supply/demand dynamics", Journal
of Financial Markets 16, 2013.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import sqrt
from typing import Protocol

from lob.checks import integer, real
from lob.engine.elementary import exp, expm1, log1p
from lob.units import SECOND_NS

__all__ = [
    "POV",
    "TWAP",
    "VWAP",
    "AlmgrenChriss",
    "ObizhaevaWang",
    "Schedule",
    "almgren_chriss_held",
    "obizhaeva_wang_block",
]


class Schedule(Protocol):
    """A rule for how many lots of an order should be done at a time after its start."""

    @property
    def sees_volume(self) -> bool:
        """Whether this schedule needs to know what others trade."""

    @property
    def duration(self) -> int:
        """Length of this schedule in ns; at its end the executor looks for the last time."""

    def due(self, size: int, elapsed: int, volume: int) -> int:
        """Lots of an order of ``size`` lots that should be done ``elapsed`` ns after the start.

        ``volume`` is what others have traded since the start, in lots.
        """

    def next_look(self, elapsed: int) -> int:
        """The next time, in ns from the start and after ``elapsed``, at which to look again."""


class TWAP:
    """A schedule of equal parts at equal times, the first at once (time-weighted average price).

    Parameters
    ----------
    duration
        Length in ns, 1 or more.
    slices
        How many parts, 1 to ``duration``. Part sizes differ by one lot at most where ``size`` does
        not divide.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    sees_volume = False

    def __init__(self, duration: int, slices: int) -> None:
        self.duration = integer("duration", duration, 1)
        self.slices = integer("slices", slices, 1, self.duration)

    def due(self, size: int, elapsed: int, volume: int) -> int:
        """Lots of the order that should be done ``elapsed`` ns after its start."""
        return size * (_interval(elapsed, self.duration, self.slices) + 1) // self.slices

    def next_look(self, elapsed: int) -> int:
        """Start of the next interval, in ns from the start of the schedule."""
        return _next_start(elapsed, self.duration, self.slices)


class VWAP:
    """A schedule by a given volume profile, the first part at once (volume-weighted average price).

    Parameters
    ----------
    duration
        Length in ns, 1 or more.
    profile
        The volume expected in each of that many equal intervals, in any unit: 0 or more each, not
        all 0. Its sums are exact, in floats too.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """

    sees_volume = False

    def __init__(self, duration: int, profile: Sequence[float]) -> None:
        self.duration = integer("duration", duration, 1)
        self.intervals = integer("len(profile)", len(profile), 1, self.duration)
        parts = [Fraction(real(f"profile[{i}]", part, 0)) for i, part in enumerate(profile)]
        if not any(parts):
            raise ValueError(f"profile must hold a number above 0, got {profile!r}")
        whole = sum(parts)
        self.done = tuple(part / whole for part in accumulate(parts))

    def due(self, size: int, elapsed: int, volume: int) -> int:
        """Lots of the order that should be done ``elapsed`` ns after its start."""
        return int(size * self.done[_interval(elapsed, self.duration, self.intervals)])

    def next_look(self, elapsed: int) -> int:
        """Start of the next interval, in ns from the start of the schedule."""
        return _next_start(elapsed, self.duration, self.intervals)


class POV:
    """A schedule that trades a share of the volume as it is observed (percentage of volume).

    Parameters
    ----------
    duration
        Length in ns, 1 or more. What is not done by then stays undone.
    rate
        Share of all volume, one's own included, above 0 and below 1: ``rate / (1 - rate)`` lots for
        each lot of the others.
    every
        ns from look to look, 1 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    sees_volume = True

    def __init__(self, duration: int, rate: float, every: int) -> None:
        self.duration = integer("duration", duration, 1)
        self.rate = real("rate", rate, above=0, below=1)
        self.every = integer("every", every, 1)

    def due(self, size: int, elapsed: int, volume: int) -> int:
        """Lots of the order that should be done ``elapsed`` ns after its start."""
        rate = Fraction(self.rate)
        return min(size, int(rate / (1 - rate) * volume))

    def next_look(self, elapsed: int) -> int:
        """Next look on the grid of ``every``, in ns from the start of the schedule."""
        return min(self.duration, (elapsed // self.every + 1) * self.every)


class AlmgrenChriss:
    """The schedule of Almgren and Chriss (2000), which trades impact off against risk.

    Parameters
    ----------
    duration
        T, in ns, 1 or more.
    periods
        N equal intervals, 1 to ``duration``.
    risk_aversion
        lambda, per tick and lot, 0 or more: 0 gives equal parts.
    sigma
        Volatility in ticks per square root of a second, 0 or more.
    eta
        Temporary impact: ticks, for each lot a second; above half of ``gamma`` times an interval.
    gamma
        Permanent impact in ticks a lot, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """

    sees_volume = False

    def __init__(
        self,
        duration: int,
        periods: int,
        *,
        risk_aversion: float,
        sigma: float,
        eta: float,
        gamma: float = 0.0,
    ) -> None:
        self.duration = integer("duration", duration, 1)
        self.periods = integer("periods", periods, 1, self.duration)
        self.held = almgren_chriss_held(
            self.duration / SECOND_NS,
            self.periods,
            risk_aversion=risk_aversion,
            sigma=sigma,
            eta=eta,
            gamma=gamma,
        )

    def due(self, size: int, elapsed: int, volume: int) -> int:
        """Lots that should be done by now; what is still held is rounded to the nearest lot."""
        held = self.held[_interval(elapsed, self.duration, self.periods) + 1]
        return size - round(size * Fraction(held))

    def next_look(self, elapsed: int) -> int:
        """Start of the next interval, in ns from the start of the schedule."""
        return _next_start(elapsed, self.duration, self.periods)


class ObizhaevaWang:
    """The risk-neutral schedule of Obizhaeva and Wang (2013): a block, an even stream, a block.

    Parameters
    ----------
    duration
        T, in ns, 1 or more.
    resilience
        rho, the rate per second at which the book refills, above 0.
    slices
        Into how many equal trades the stream is cut, 1 to ``duration``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    sees_volume = False

    def __init__(self, duration: int, resilience: float, slices: int) -> None:
        self.duration = integer("duration", duration, 1)
        self.resilience = real("resilience", resilience, above=0)
        self.slices = integer("slices", slices, 1, self.duration)

    def due(self, size: int, elapsed: int, volume: int) -> int:
        """Lots that should be done by now, rounded to the nearest lot; at the end all."""
        if elapsed >= self.duration:
            return size
        block = obizhaeva_wang_block(size, self.duration / SECOND_NS, self.resilience)
        return round(block + (size - 2 * block) * self._streamed(elapsed) / self.slices)

    def next_look(self, elapsed: int) -> int:
        """Middle of the next slice, or the end, in ns from the start of the schedule."""
        following = self._streamed(elapsed) + 1
        if following > self.slices:
            return self.duration
        return -(-self.duration * (2 * following - 1) // (2 * self.slices))

    def _streamed(self, elapsed: int) -> int:
        """How many slices are due: each in the middle of its interval, so that the ends match."""
        return (2 * elapsed * self.slices + self.duration) // (2 * self.duration)


def almgren_chriss_held(
    horizon: float,
    periods: int,
    *,
    risk_aversion: float,
    sigma: float,
    eta: float,
    gamma: float = 0.0,
) -> tuple[float, ...]:
    """Return the share of an order still held at ``periods + 1`` times, from 1 to 0.

    sinh(kappa (T - t)) / sinh(kappa T), where 2 (cosh(kappa tau) - 1) / tau^2 is
    lambda sigma^2 / (eta - gamma tau / 2): equations 16 to 18 of Almgren and Chriss (2000).
    ``horizon`` is T, and ``risk_aversion`` lambda; any units that agree will do.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, see ``AlmgrenChriss``. Where ``eta`` does not exceed
        ``gamma * tau / 2`` trading would be free.
    """
    tau = real("horizon", horizon, above=0) / integer("periods", periods, 1)
    aversion = real("risk_aversion", risk_aversion, 0)
    least = real("gamma", gamma, 0) * tau / 2
    if real("eta", eta, above=0) <= least:
        raise ValueError(f"eta must be more than gamma * tau / 2 = {least}, got {eta!r}")
    deviation = real("sigma", sigma, 0)
    curve = aversion * (deviation * deviation) / (eta - least)
    above = min(tau * tau * curve / 2, 1e290)  # from far below on all is sold at once
    # kappa T, where kappa tau is acosh(1 + above)
    angle = periods * log1p(above + sqrt(above) * sqrt(2 + above))
    left = [(periods - k) / periods for k in range(periods + 1)]
    if angle == 0:
        return tuple(left)
    # sinh(a x) / sinh(a), in a form that does not overflow.
    return tuple(exp(angle * (x - 1)) * expm1(-2 * angle * x) / expm1(-2 * angle) for x in left)


def obizhaeva_wang_block(size: float, horizon: float, resilience: float) -> float:
    """Return the first and the last block of an Obizhaeva-Wang schedule: size / (rho T + 2).

    In the unit of ``size``; ``horizon`` (T) and ``resilience`` (rho) are in units that agree.
    """
    return size / (resilience * horizon + 2)


def _interval(elapsed: int, duration: int, count: int) -> int:
    """In which of ``count`` equal intervals a time is; from the end on, the last."""
    return min(count - 1, elapsed * count // duration)


def _next_start(elapsed: int, duration: int, count: int) -> int:
    """The first whole ns of the interval after this one; ``duration`` after the last."""
    following = elapsed * count // duration + 1
    return min(duration, -(-following * duration // count))
