"""Margin models that react to the market, and to what a claim is made of.

Each is a ``MarginModel`` with an ``update``: ``Clearing.update_margin`` lets it look at the market,
for example from a timer. That margins rise when markets fall is what makes them *procyclical*
(Brunnermeier and Pedersen 2009): a rise fails accounts that the price alone would have spared.
"""

from collections.abc import Mapping

from lob.checks import integer, ppm
from lob.clearing.margin import MarketState, Tiers
from lob.clearing.valuation import ClaimValue
from lob.types import MAX_SIZE, Side
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
        """See ``MarginModel``."""
        return Tiers.flat(self.rate)

    def initial(self, side: Side) -> Tiers:
        """See ``MarginModel``."""
        return Tiers.flat(min(PPM, self.rate + self.buffer))


class Procyclical(_Moving):
    """A haircut that rises with volatility and with thin depth, between bounds.

    ``haircut = base + volatility_weight (v / reference - 1) + depth_weight max(0, 1 - d / depth)``,
    rounded up and held between ``floor`` and ``cap``, where ``v`` is the exponentially weighted
    volatility of the mark from one update to the next, and ``d`` the lots on the weaker side of the
    book within 1 % of the mark.

    Parameters
    ----------
    base
        Ppm at the reference volatility and the full depth.
    volatility_weight, depth_weight
        Ppm that twice the volatility adds, and that an empty book adds.
    reference
        Volatility over one update, as a share of the price.
    depth
        Lots from which on the book counts as full.
    half_life
        Updates after which an observation counts half.
    floor, cap
        Ppm.
    buffer
        Ppm by which the initial rate is above the maintenance rate.
    """

    def __init__(
        self,
        base: int,
        *,
        volatility_weight: int,
        depth_weight: int,
        reference: float,
        depth: int,
        half_life: float = 20.0,
        floor: int = 0,
        cap: int = PPM,
        buffer: int = 0,
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
        self.kept = 0.5 ** (1 / half_life)
        self.floor = integer("floor", floor, 0, base)
        self.cap = ppm("cap", cap, base)
        self.variance = reference**2
        self.last: int | None = None

    def haircut(self, volatility: float, depth: int) -> int:
        """Ppm at a volatility over one update and a depth in lots."""
        missing = max(0, self.depth - depth)
        rate = self.base + round(self.volatility_weight * (volatility / self.reference - 1))
        rate += -(-self.depth_weight * missing // self.depth)
        return min(self.cap, max(self.floor, rate))

    def update(self, state: MarketState) -> bool:
        """See ``MarginModel``."""
        if self.last is not None:
            change = (state.mark_price - self.last) / self.last
            self.variance = self.kept * self.variance + (1 - self.kept) * change**2
        self.last = state.mark_price
        return self._move(self.haircut(self.variance**0.5, state.depth))


class ConcentrationScaled(_Moving):
    """Margin that rises once one account holds much of the market.

    From ``rate`` up to a share ``threshold`` it rises in a straight line to ``cap`` where one
    account holds all, rounded up.

    Parameters
    ----------
    rate, cap
        Ppm of the notional.
    threshold
        Ppm of the open interest that the largest account may hold without effect.
    buffer
        Ppm by which the initial rate is above the maintenance rate.
    """

    def __init__(self, rate: int, *, cap: int, threshold: int, buffer: int = 0) -> None:
        super().__init__(rate, buffer)
        self.base = rate
        self.cap = ppm("cap", cap, rate)
        self.threshold = ppm("threshold", threshold, 0, PPM - 1)

    def update(self, state: MarketState) -> bool:
        """See ``MarginModel``."""
        above = max(0, round(state.concentration * PPM) - self.threshold)
        rise = -(-(self.cap - self.base) * above // (PPM - self.threshold))
        return self._move(min(self.cap, self.base + rise))


class DepthScaled(_Moving):
    """Margin in proportion to how many times the open interest is the depth of the book.

    ``rate max(1, open interest / (depth multiple))``, rounded up, at most ``cap``: what could not
    be sold within 1 % of the mark is backed by more.

    Parameters
    ----------
    rate, cap
        Ppm of the notional.
    multiple
        Times the depth that the open interest may be without effect.
    buffer
        Ppm by which the initial rate is above the maintenance rate.
    """

    def __init__(self, rate: int, *, cap: int, multiple: int = 1, buffer: int = 0) -> None:
        super().__init__(rate, buffer)
        self.base = rate
        self.cap = ppm("cap", cap, rate)
        self.multiple = integer("multiple", multiple, 1)

    def update(self, state: MarketState) -> bool:
        """See ``MarginModel``."""
        room = state.depth * self.multiple
        if not room:
            return self._move(self.cap if state.open_interest else self.base)
        rate = -(-self.base * max(room, state.open_interest) // room)
        return self._move(min(self.cap, rate))


class LookThroughMargin(_Moving):
    """The haircut of a claim, made of the haircuts of all that is behind it.

    What is left of a claim after its haircut is the product of what is left at every claim on the
    way down to the base assets, weighted by value where several back one; a debt on the way is not
    cut, so a leveraged claim is cut by more than its base. It follows the graph at every
    ``Clearing.update_margin``.

    Parameters
    ----------
    value
        The source that prices the claim: the holding's own.
    haircuts
        Ppm by name of asset, claims and base assets; what is not named has none.
    start
        Ppm until the first update; ``None``: all the haircuts one after the other.
    buffer
        Ppm by which the initial rate is above the maintenance rate.
    """

    def __init__(
        self,
        value: ClaimValue,
        haircuts: Mapping[str, int],
        *,
        start: int | None = None,
        buffer: int = 0,
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
        """See ``MarginModel``."""
        rate = self.value.effective_haircut(self.haircuts)
        return rate is not None and self._move(rate)
