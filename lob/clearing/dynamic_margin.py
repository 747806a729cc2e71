"""Margin models that react to the market, and to what a claim is made of.

Each is a ``MarginModel`` with an ``update``: ``Clearing.update_margin`` lets it look at the market,
for example from a timer. That margins rise when markets fall is what makes them *procyclical*
(Brunnermeier and Pedersen 2009): a rise fails accounts that the price alone would have spared.
"""

from collections.abc import Mapping
from math import sqrt

from lob.checks import integer, ppm
from lob.clearing.margin import MarketState, Tiers
from lob.clearing.valuation import ClaimValue
from lob.engine.elementary import share_kept
from lob.types import MAX_SIZE, Side
from lob.unit_types import Lots, Ppm
from lob.units import PPM

__all__ = ["ConcentrationScaled", "DepthScaled", "LookThroughMargin", "Procyclical"]


class _Moving:
    """A maintenance rate that moves, and an initial one that is so much above it."""

    def __init__(self, rate: int, buffer: int) -> None:
        self.rate = ppm("rate", rate)
        self.buffer = ppm("buffer", buffer)

    def _move(self, rate: int) -> bool:
        changed = rate != self.rate
        self.rate = rate
        return changed

    def maintenance(self, side: Side) -> Tiers:
        """Set the rates by the state of the market; returns whether they changed."""
        return Tiers.flat(self.rate)

    def initial(self, side: Side) -> Tiers:
        """Set the rates by the state of the market; returns whether they changed."""
        return Tiers.flat(min(PPM, self.rate + self.buffer))


class Procyclical(_Moving):
    """A margin model: a haircut that rises with volatility and with thin depth, between bounds.

    ``haircut = base + volatility_weight (v / reference - 1) + depth_weight max(0, 1 - d / depth)``,
    rounded up and held between ``floor`` and ``cap``, where ``v`` is the exponentially weighted
    volatility of the mark from one update to the next, and ``d`` the lots on the weaker side of the
    book within 1 % of the mark.

    Parameters
    ----------
    base
        Haircut at the reference volatility and the full depth, 0 to 1,000,000 ppm.
    volatility_weight, depth_weight
        Ppm that twice the volatility adds, and that an empty book adds, 0 to 1,000,000.
    reference
        Volatility over one update, as a share of the price, above 0.
    depth
        Lots from which on the book counts as full, 1 or more.
    half_life
        Updates after which an observation counts half, above 0.
    floor, cap
        Bounds of the haircut in ppm, at most and at least ``base``.
    buffer
        Ppm by which the initial rate is above the maintenance rate, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """

    def __init__(
        self,
        base: Ppm,
        *,
        volatility_weight: Ppm,
        depth_weight: Ppm,
        reference: float,
        depth: Lots,
        half_life: float = 20.0,
        floor: Ppm = 0,
        cap: Ppm = PPM,
        buffer: Ppm = 0,
    ) -> None:
        super().__init__(base, buffer)
        self.base = base
        self.volatility_weight = ppm("volatility_weight", volatility_weight)
        self.depth_weight = ppm("depth_weight", depth_weight)
        if not reference > 0 or not half_life > 0:
            raise ValueError(
                f"reference and half_life must be positive, got {reference} and {half_life}"
            )
        self.reference = reference
        self.depth = integer("depth", depth, 1, MAX_SIZE)
        self.kept = share_kept(1, half_life)
        self.floor = integer("floor", floor, 0, base)
        self.cap = ppm("cap", cap, base)
        self.variance = reference * reference
        self.last: int | None = None

    def haircut(self, volatility: float, depth: int) -> int:
        """Haircut in ppm, rounded up, at a volatility over one update and a depth in lots.

        The volatility is a share of the price.
        """
        missing = max(0, self.depth - depth)
        rate = self.base + round(self.volatility_weight * (volatility / self.reference - 1))
        rate += -(-self.depth_weight * missing // self.depth)
        return min(self.cap, max(self.floor, rate))

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        if self.last is not None:
            change = (state.mark_price - self.last) / self.last
            self.variance = self.kept * self.variance + (1 - self.kept) * (change * change)
        self.last = state.mark_price
        return self._move(self.haircut(sqrt(self.variance), state.depth))


class ConcentrationScaled(_Moving):
    """A margin model: margin rises once one account holds much of the market.

    From ``rate`` up to a share ``threshold`` it rises in a straight line to ``cap`` where one
    account holds all, rounded up.

    Parameters
    ----------
    rate, cap
        Lowest and highest maintenance rate, 0 to 1,000,000 ppm of the notional.
    threshold
        0 to 999,999 ppm of the open interest that the largest account may hold without effect.
    buffer
        Ppm by which the initial rate is above the maintenance rate, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, rate: Ppm, *, cap: Ppm, threshold: Ppm, buffer: Ppm = 0) -> None:
        super().__init__(rate, buffer)
        self.base = rate
        self.cap = ppm("cap", cap, rate)
        self.threshold = ppm("threshold", threshold, 0, PPM - 1)

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        above = max(0, round(state.concentration * PPM) - self.threshold)
        rise = -(-(self.cap - self.base) * above // (PPM - self.threshold))
        return self._move(min(self.cap, self.base + rise))


class DepthScaled(_Moving):
    """A margin model: margin grows with how many times the depth of the book the open interest is.

    ``rate max(1, open interest / (depth multiple))``, rounded up, at most ``cap``: what could not
    be sold within 1 % of the mark is backed by more.

    Parameters
    ----------
    rate, cap
        Lowest and highest maintenance rate, 0 to 1,000,000 ppm of the notional.
    multiple
        How many times the depth the open interest may be without effect, 1 or more.
    buffer
        Ppm by which the initial rate is above the maintenance rate, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, rate: Ppm, *, cap: Ppm, multiple: int = 1, buffer: Ppm = 0) -> None:
        super().__init__(rate, buffer)
        self.base = rate
        self.cap = ppm("cap", cap, rate)
        self.multiple = integer("multiple", multiple, 1)

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        room = state.depth * self.multiple
        if not room:
            return self._move(self.cap if state.open_interest else self.base)
        rate = -(-self.base * max(room, state.open_interest) // room)
        return self._move(min(self.cap, rate))


class LookThroughMargin(_Moving):
    """A margin model: the haircut of a claim, made of the haircuts of all that is behind it.

    What is left of a claim after its haircut is the product of what is left at every claim on the
    way down to the base assets, weighted by value where several back one; a debt on the way is not
    cut, so a leveraged claim is cut by more than its base. It follows the graph at every
    ``Clearing.update_margin``.

    Parameters
    ----------
    value
        The ``ClaimValue`` that prices the claim: the holding's own.
    haircuts
        0 to 1,000,000 ppm by name of asset, claims and base assets; what is not named has none.
    start
        Haircut in ppm until the first update; ``None``: all the haircuts one after the other.
    buffer
        Ppm by which the initial rate is above the maintenance rate, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If ``value`` is no ``ClaimValue``, or a haircut is outside its range.
    """

    def __init__(
        self,
        value: ClaimValue,
        haircuts: Mapping[str, Ppm],
        *,
        start: Ppm | None = None,
        buffer: Ppm = 0,
    ) -> None:
        if not isinstance(value, ClaimValue):
            raise TypeError(f"value must be a ClaimValue, got {value!r}")
        left = PPM
        for name, haircut in haircuts.items():
            left = left * (PPM - ppm(f"haircuts[{name!r}]", haircut)) // PPM
        super().__init__(PPM - left if start is None else ppm("start", start), buffer)
        self.value = value
        self.haircuts = dict(haircuts)

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        rate = self.value.effective_haircut(self.haircuts)
        return rate is not None and self._move(rate)
