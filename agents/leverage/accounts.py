"""The margin accounts that a population starts with: given, or drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.random import exp, log
from lob import Instrument
from lob.checks import integer, real
from lob.units import PPM

__all__ = ["Accounts", "draw_accounts", "stacked_accounts"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Accounts:
    """What margin accounts start with: arrays of int64 with a column for each account.

    Examples
    --------
    >>> import numpy as np
    >>> ten = Accounts(np.full(10, 500), np.full(10, 5), np.full(10, 1_000))
    >>> len(ten)
    10
    """

    margin: Integers
    """Own funds in cash units: the equity if the positions were bought at their entry prices."""
    positions: Integers
    """Lots, negative: short; a row a holding for accounts that hold several."""
    entry_prices: Integers
    """Prices in ticks at which the positions were bought, of the shape of ``positions``."""
    rejected: tuple[str, ...] = ()
    """What was wrong with each row that was left out of the snapshot the accounts are from."""

    def __len__(self) -> int:
        return len(self.margin)

    def leverage(self, instrument: Instrument) -> Integers:
        """Leverage of each account in ppm, by its entry price: notional over margin.

        Negative for short positions; rounded towards zero. An array of int64.
        """
        lots = self.positions.astype(object)
        notional = lots * instrument.multiplier
        self.entry_prices.tolist()
        if instrument.inverse:
            # Truncated like all of this: toward zero.
            value = [
                abs(n) * PPM // p
                for n, p in zip(notional, self.entry_prices.tolist(), strict=False)
            ]
        else:
            value = [
                abs(n) * p * PPM for n, p in zip(notional, self.entry_prices.tolist(), strict=False)
            ]
        margins = self.margin.tolist()
        ppm = [v // m if m > 0 else 0 for v, m in zip(value, margins, strict=True)]
        return np.array(
            [min(p, 2**62) * (1 if n > 0 else -1) for p, n in zip(ppm, lots, strict=True)], np.int64
        )


def draw_accounts(
    random: np.random.Generator,
    count: int,
    *,
    price: int,
    multiplier: int = 1,
    inverse: bool = False,
    equity: int = 1_000_000,
    equity_spread: float = 1.0,
    leverage: tuple[float, float] = (2.0, 20.0),
    long_share: float = 1.0,
    entry_spread: float = 0.0,
) -> Accounts:
    """Draw margin accounts: log-normal own funds, leverage even on a log scale.

    Parameters
    ----------
    random
        A stream of its own: ``agents.random.numpy_stream(seed, name)``.
    count
        How many accounts, 1 or more; those too small for one lot get one lot.
    price
        Price in ticks at which the market stands, 1 or more.
    multiplier
        Cash units of one lot at one tick, 1 or more.
    inverse
        Whether a lot is worth ``multiplier / price`` units of a coin instead.
    equity
        Median of the own funds in cash units, 1 or more.
    equity_spread
        Standard deviation of the logarithm of the own funds, 0 or more.
    leverage
        Lowest and highest leverage, a number of times, above 0.
    long_share
        Share of accounts that are long, 0 to 1.
    entry_spread
        Standard deviation of the entry prices as a share of the price, 0 or more. Own funds are
        what is left now: gains and losses since the entry are in them already.

    Returns
    -------
    Accounts
        Isolated accounts of one holding.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """
    integer("count", count, 1)
    integer("price", price, 1)
    integer("multiplier", multiplier, 1)
    integer("equity", equity, 1)
    low, high = leverage
    if not 0 < low <= high:
        raise ValueError(f"leverage must be two rising positive numbers, got {leverage}")
    real("long_share", long_share, 0, 1)
    own = equity * exp(equity_spread * random.standard_normal(count))
    times = exp(random.uniform(log(low), log(high), count))
    worth = multiplier / price if inverse else price * multiplier
    lots = np.maximum(1, np.rint(own * times / worth).astype(np.int64))
    # The leverage is exact, the own funds follow from whole lots; at least one unit.
    margin = np.maximum(1, np.ceil(lots * worth / times)).astype(np.int64)
    side = np.where(random.random(count) < long_share, 1, -1)
    entry = np.full(count, price, np.int64)
    if entry_spread:
        entry = np.maximum(1, np.rint(price * (1 + entry_spread * random.standard_normal(count))))
        entry = entry.astype(np.int64)
    positions = side * lots
    if inverse:
        gain = np.rint(positions * multiplier * (1 / entry - 1 / price)).astype(np.int64)
    else:
        gain = positions * (price - entry) * multiplier
    return Accounts(margin - gain, positions, entry)


def stacked_accounts(
    *, price: int, ticks: int, lots_per_tick: int, size: int, multiplier: int = 1
) -> Accounts:
    """Long accounts that fail one tick apart, under a margin model without requirement.

    At each of ``ticks`` ticks from one below ``price`` on, ``lots_per_tick`` lots fail, in accounts
    of ``size`` lots and a smaller last one. Facing a book with as many lots at every tick, this is
    the case in which a cascade has a closed form. ``multiplier`` is cash units of one lot at one
    tick. Raises ``ValueError`` if ``price``, ``ticks`` or ``size`` is below 1 or
    ``lots_per_tick`` below 0.
    """
    for name, value in (("price", price), ("ticks", ticks), ("size", size)):
        integer(name, value, 1)
    integer("lots_per_tick", lots_per_tick, 0)
    whole, rest = divmod(lots_per_tick, size)
    sizes = np.array([size] * whole + ([rest] if rest else []), np.int64)
    positions = np.tile(sizes, ticks)
    fails_at = np.repeat(price - 1 - np.arange(ticks, dtype=np.int64), len(sizes))
    # Safe at one tick above: there the equity is zero, and below it is negative.
    entry = np.full(len(positions), price, np.int64)
    return Accounts((price - (fails_at + 1)) * positions * multiplier, positions, entry)
