"""Margin models: what a position must be backed with, read by clearing as tables of rates.

A model answers two questions for a side of a holding, with a table of rates each: how much equity
keeps a position (maintenance), and how much it takes to open one (initial). Rates are parts per
million of the notional in cash units. Clearing compares exactly, without rounding; where a
requirement is shown as whole units, it is rounded up.

Lending fits the same frame. A collateral whose liquidation threshold is 80 % has a maintenance
rate of 20 %: the account fails when 0.8 x collateral < debt.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, runtime_checkable

from lob.checks import integer, ppm
from lob.engine.elementary import share_kept
from lob.types import MAX_SIZE, Side
from lob.units import PPM

if TYPE_CHECKING:
    from lob.book import OrderBook

from lob.unit_types import Cash, Lots, Ppm, Ticks

__all__ = [
    "PPM",
    "FlatMargin",
    "LoanToValue",
    "MarginModel",
    "MarketState",
    "OpenInterestScaled",
    "PortfolioMargin",
    "SkewScaled",
    "Tier",
    "TieredMargin",
    "Tiers",
    "VolatilityScaled",
]

MAX_TIERS = 16


class Tier(NamedTuple):
    """One bracket of margin rates: from a notional on, the part above it is backed at a rate."""

    floor: int
    """Notional in cash units from which on the bracket holds, 0 or more."""
    rate: int
    """Margin rate of the bracket, 0 to 1,000,000 ppm of the notional."""


class Tiers:
    """Margin rates by brackets of notional, which rise and are joined without a step.

    The requirement of a notional ``N`` in bracket ``n`` is ``rate_n * N - deduction_n``, with
    ``deduction_n = floor_n * (rate_n - rate_(n-1)) + deduction_(n-1)``: Binance's maintenance
    amount, Hyperliquid's maintenance deduction, Bybit's risk limits.

    Parameters
    ----------
    rows
        1 to 16 pairs ``(floor, rate)``: floors in cash units rise from 0, rates in ppm do not fall.

    Raises
    ------
    TypeError, ValueError
        If they do not.

    Examples
    --------
    >>> Tiers([(0, 25_000), (100_000, 50_000)]).requirement(200_000)
    7500
    """

    def __init__(self, rows: Sequence[tuple[int, int]]) -> None:
        tiers = tuple(Tier(*row) for row in rows)
        if not 1 <= len(tiers) <= MAX_TIERS:
            raise ValueError(f"rows must be 1 to {MAX_TIERS}, got {len(tiers)}")
        for i, tier in enumerate(tiers):
            integer(f"rows[{i}].floor", tier.floor, 0, MAX_SIZE)
            ppm(f"rows[{i}].rate", tier.rate)
        floors, rates = [t.floor for t in tiers], [t.rate for t in tiers]
        if floors[0] or any(b <= a for a, b in itertools.pairwise(floors)):
            raise ValueError(f"floors must rise from 0, got {floors}")
        if rates != sorted(rates):
            raise ValueError(f"rates must not fall, got {rates}")
        self.rows = tiers

    @property
    def deductions(self) -> tuple[int, ...]:
        """What each bracket takes off the requirement, in millionths of a cash unit."""
        found = [0]
        for below, tier in zip(self.rows, self.rows[1:], strict=False):
            found.append(found[-1] + tier.floor * (tier.rate - below.rate))
        return tuple(found)

    def tier_of(self, notional: int) -> int:
        """Number, from 0, of the bracket that a notional in cash units lies in."""
        return max(i for i, tier in enumerate(self.rows) if notional >= tier.floor)

    def requirement(self, notional: int) -> int:
        """What a notional in cash units must be backed with, in cash units, rounded up."""
        at = self.tier_of(notional)
        return -(-(self.rows[at].rate * notional - self.deductions[at]) // PPM)

    def __iter__(self) -> Iterator[Tier]:
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tiers) and self.rows == other.rows

    def __hash__(self) -> int:
        return hash(self.rows)

    def __repr__(self) -> str:
        return f"Tiers({[tuple(row) for row in self.rows]})"

    @classmethod
    def flat(cls, rate: int) -> Self:
        """Tiers with one rate for every notional, 0 to 1,000,000 ppm."""
        return cls([(0, rate)])


@dataclass(frozen=True, slots=True)
class MarketState:
    """The state of a holding's market, to which a margin model may react."""

    ts_event: int
    """Time of the state in ns."""
    mark_price: int
    """Mark of the holding in ticks."""
    open_interest: int
    """Lots that the accounts of the venue hold long."""
    skew: int
    """Lots held long less lots held short."""
    concentration: float
    """Share of the open interest that the largest account holds."""
    spread: int | None
    """Ticks between the best bid and ask; ``None``: a side is empty."""
    depth: int
    """Lots on the weaker side of the book within 1 % of the mark."""

    @classmethod
    def of_book(
        cls,
        book: "OrderBook",
        *,
        ts_event: int,
        mark_price: int,
        longs: int,
        shorts: int,
        largest: int,
    ) -> Self:
        """The state of a market by its book; ``longs``, ``shorts`` and ``largest`` in lots.

        ``ts_event`` in ns, ``mark_price`` in ticks; ``largest`` is the position of one account.
        """
        bid, ask = book.best_bid, book.best_ask
        reach = max(1, mark_price // 100)
        sides = []
        for rows in (book.bids(256), book.asks(256)):
            near = abs(rows["price"] - mark_price) <= reach
            sides.append(int(rows["size"][near].sum()))
        return cls(
            ts_event=ts_event,
            mark_price=mark_price,
            open_interest=max(longs, shorts),
            skew=longs - shorts,
            concentration=largest / max(longs, shorts) if largest else 0.0,
            spread=None if bid is None or ask is None else ask - bid,
            depth=min(sides),
        )


@runtime_checkable
class MarginModel(Protocol):
    """A margin model: two tables of rates for each side of a holding.

    A model that reacts to the market has a method ``update(state: MarketState) -> bool`` too, which
    says whether its tables have changed; clearing calls it from ``update_margin``.
    """

    def maintenance(self, side: Side) -> Tiers:
        """Maintenance rates, below which an account that is long (``BUY``) or short fails."""
        ...

    def initial(self, side: Side) -> Tiers:
        """Initial rates, which a larger position on this side must meet."""
        ...


def _rate(name: str, value: int, least: int = 0) -> int:
    return ppm(name, value, least)


class FlatMargin:
    """A margin model with one initial and one maintenance rate.

    Parameters
    ----------
    initial, maintenance
        0 to 1,000,000 ppm of the notional; the initial rate at least the other. 1 over the initial
        rate is the largest leverage.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, initial: Ppm, maintenance: Ppm) -> None:
        _rate("maintenance", maintenance)
        self._initial = Tiers.flat(_rate("initial", initial, maintenance))
        self._maintenance = Tiers.flat(maintenance)

    def maintenance(self, side: Side) -> Tiers:
        """The maintenance rates of this model for a side: see ``MarginModel.maintenance``."""
        return self._maintenance

    def initial(self, side: Side) -> Tiers:
        """The initial rates of this model for a side: see ``MarginModel.initial``."""
        return self._initial


class TieredMargin:
    """A margin model with rates by brackets of notional (Binance, Bybit, Hyperliquid).

    Parameters
    ----------
    floors
        Notional from which each bracket holds, in cash units, rising from 0; at most 16.
    initial, maintenance
        0 to 1,000,000 ppm of the notional, one a bracket, not falling; the initial rate at least
        the other.

    Raises
    ------
    TypeError, ValueError
        If they are not so, or not as many.
    """

    def __init__(
        self, floors: Sequence[Cash], initial: Sequence[Ppm], maintenance: Sequence[Ppm]
    ) -> None:
        if not len(floors) == len(initial) == len(maintenance):
            raise ValueError(
                f"floors, initial and maintenance must be as many, got {len(floors)}, "
                f"{len(initial)} and {len(maintenance)}"
            )
        for most, least in zip(initial, maintenance, strict=True):
            _rate("initial", most, least)
        self._initial = Tiers(list(zip(floors, initial, strict=True)))
        self._maintenance = Tiers(list(zip(floors, maintenance, strict=True)))

    def maintenance(self, side: Side) -> Tiers:
        """The maintenance rates of this model for a side: see ``MarginModel.maintenance``."""
        return self._maintenance

    def initial(self, side: Side) -> Tiers:
        """The initial rates of this model for a side: see ``MarginModel.initial``."""
        return self._initial


class LoanToValue:
    """A margin model of collateral that may be borrowed against (Aave, Compound, Morpho).

    Parameters
    ----------
    ltv
        0 to 1,000,000 ppm of the collateral's value that may be borrowed at most.
    liquidation_threshold
        Ppm of the value, at least ``ltv``, above which a debt fails the account. The haircut of the
        collateral is what is missing to a million.
    debt_weight
        0 to 1,000,000 ppm that a borrowed (negative) holding counts beyond its value.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    Examples
    --------
    >>> aave = LoanToValue(ltv=750_000, liquidation_threshold=800_000)
    >>> aave.maintenance(Side.BUY)
    Tiers([(0, 200000)])
    """

    def __init__(self, ltv: Ppm, liquidation_threshold: Ppm, *, debt_weight: Ppm = 0) -> None:
        self.ltv = _rate("ltv", ltv)
        self.liquidation_threshold = _rate("liquidation_threshold", liquidation_threshold, ltv)
        self.debt_weight = _rate("debt_weight", debt_weight)

    def maintenance(self, side: Side) -> Tiers:
        """The maintenance rates of this model for a side: see ``MarginModel.maintenance``."""
        long = PPM - self.liquidation_threshold
        return Tiers.flat(long if side == Side.BUY else self.debt_weight)

    def initial(self, side: Side) -> Tiers:
        """The initial rates of this model for a side: see ``MarginModel.initial``."""
        return Tiers.flat(PPM - self.ltv if side == Side.BUY else self.debt_weight)


class OpenInterestScaled:
    """A margin model: initial margin rises to 100 % with the open interest (dYdX v4).

    Between the two caps the initial rate goes from its base to a million, rounded up; the
    maintenance rate stays.

    Parameters
    ----------
    initial, maintenance
        0 to 1,000,000 ppm of the notional; the initial rate at least the other.
    lower_cap, upper_cap
        Open interest in cash units of notional at the mark, 0 or more, not falling.
    multiplier
        Cash units of one lot at one tick, 1 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        initial: Ppm,
        maintenance: Ppm,
        *,
        lower_cap: Cash,
        upper_cap: Cash,
        multiplier: int = 1,
    ) -> None:
        self.base = _rate("initial", initial, _rate("maintenance", maintenance))
        self.kept = maintenance
        self.lower_cap = integer("lower_cap", lower_cap, 0, MAX_SIZE)
        self.upper_cap = integer("upper_cap", upper_cap, lower_cap, MAX_SIZE)
        self.multiplier = integer("multiplier", multiplier, 1)
        self.rate = self.base

    def initial_rate(self, open_interest: int) -> int:
        """Initial rate in ppm, rounded up, at an open interest in cash units."""
        numerator, denominator = scaled_initial(
            self.base, open_interest, self.lower_cap, self.upper_cap
        )
        return -(-numerator // denominator)

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        rate = self.initial_rate(state.open_interest * state.mark_price * self.multiplier)
        changed = rate != self.rate
        self.rate = rate
        return changed

    def maintenance(self, side: Side) -> Tiers:
        """The maintenance rates of this model for a side: see ``MarginModel.maintenance``."""
        return Tiers.flat(self.kept)

    def initial(self, side: Side) -> Tiers:
        """The initial rates of this model for a side: see ``MarginModel.initial``."""
        return Tiers.flat(self.rate)


def scaled_initial(base: int, open_interest: int, lower: int, upper: int) -> tuple[int, int]:
    """The initial rate of dYdX v4 in ppm at an open interest, as numerator and denominator.

    ``base + clamp((open_interest - lower) / (upper - lower), 0, 1) * (1e6 - base)``; at equal caps
    the rate is the base.
    """
    if upper <= lower:
        return base, 1
    above = min(max(open_interest - lower, 0), upper - lower)
    return base * (upper - lower) + above * (PPM - base), upper - lower


class SkewScaled:
    """A margin model: margin grows with a position's own share of the market (Synthetix Perps v3).

    ``initial ratio = |size| / skew_scale * fraction + minimum``, ``maintenance = initial *
    scalar``, both times the notional, so the requirement grows with the square of the size.
    Clearing gets it as 16 brackets, drawn as chords: nowhere below the exact requirement.

    Parameters
    ----------
    skew_scale
        Lots at which the size term of the initial ratio is ``fraction``, 1 or more.
    fraction
        Initial margin fraction in ppm, 1 or more: may be above a million.
    minimum
        Minimum initial ratio, 0 to 1,000,000 ppm.
    scalar
        0 to 1,000,000 ppm of the initial ratio that maintenance takes.
    price, multiplier
        Mark in ticks, and cash units of one lot at one tick, at which sizes become notionals: the
        brackets hold near this mark, and ``update`` follows it.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        skew_scale: Lots,
        *,
        fraction: Ppm,
        minimum: Ppm = 0,
        scalar: Ppm,
        price: Ticks,
        multiplier: int = 1,
    ) -> None:
        self.skew_scale = integer("skew_scale", skew_scale, 1)
        self.fraction = integer("fraction", fraction, 1)
        self.minimum = _rate("minimum", minimum)
        self.scalar = _rate("scalar", scalar)
        self.multiplier = integer("multiplier", multiplier, 1)
        self.price = integer("price", price, 1)

    def initial_of(self, size: int, price: int) -> int:
        """Initial margin of a position in lots at a price in ticks: cash units, rounded up."""
        return -(-self._scaled(size) * abs(size) * price * self.multiplier // self._unit())

    def maintenance_of(self, size: int, price: int) -> int:
        """Maintenance margin of a position in lots at a price in ticks: cash units, rounded up."""
        exact = self._scaled(size) * abs(size) * price * self.multiplier * self.scalar
        return -(-exact // (self._unit() * PPM))

    def _scaled(self, size: int) -> int:
        return abs(size) * self.fraction + self.minimum * self.skew_scale

    def _unit(self) -> int:
        return self.skew_scale * PPM

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        changed = state.mark_price != self.price
        self.price = state.mark_price
        return changed

    def maintenance(self, side: Side) -> Tiers:
        """The maintenance rates of this model for a side: see ``MarginModel.maintenance``."""
        return self._brackets(self.scalar)

    def initial(self, side: Side) -> Tiers:
        """The initial rates of this model for a side: see ``MarginModel.initial``."""
        return self._brackets(PPM)

    def _brackets(self, scalar: int) -> Tiers:
        # Between sizes a < b the chord of k s^2 has the slope k (a + b): the marginal rate.
        full = max(1, (PPM - self.minimum) * self.skew_scale // self.fraction)
        edges = [full * i // MAX_TIERS for i in range(MAX_TIERS + 1)]
        rows: list[tuple[int, int]] = []
        for low, high in itertools.pairwise(edges):
            rate = (low + high) * self.fraction + self.minimum * self.skew_scale
            rate = min(PPM, -(-rate * scalar // (self.skew_scale * PPM)))
            floor = low * self.price * self.multiplier
            if not rows or (floor > rows[-1][0] and rate >= rows[-1][1]):
                rows.append((floor, rate))
        return Tiers(rows)


class VolatilityScaled:
    """A margin model: margin in proportion to recent volatility, between two bounds.

    Parameters
    ----------
    initial, maintenance
        Rates at the reference volatility, 0 to 1,000,000 ppm of the notional; the initial rate at
        least the other.
    reference
        Volatility of the mark over one update interval at which the rates are those, as a share of
        the price, above 0.
    half_life
        Updates after which an observation counts half, above 0.
    floor, cap
        Ppm of the two rates, at most and at least 1,000,000: they go no lower, no higher, than so
        much of themselves.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """

    def __init__(
        self,
        initial: Ppm,
        maintenance: Ppm,
        *,
        reference: float,
        half_life: float = 20.0,
        floor: Ppm = PPM // 2,
        cap: Ppm = 4 * PPM,
    ) -> None:
        self.base = (_rate("initial", initial, _rate("maintenance", maintenance)), maintenance)
        if not reference > 0 or not half_life > 0:
            raise ValueError(
                f"reference and half_life must be positive, got {reference} and {half_life}"
            )
        self.reference = reference
        self.kept = share_kept(1, half_life)
        self.floor = ppm("floor", floor)
        self.cap = integer("cap", cap, PPM)
        self.scale = PPM
        self.variance = reference * reference
        self.last: int | None = None

    def update(self, state: MarketState) -> bool:
        """Set the rates by the state of the market; returns whether they changed."""
        if self.last is not None:
            change = (state.mark_price - self.last) / self.last
            self.variance = self.kept * self.variance + (1 - self.kept) * (change * change)
        self.last = state.mark_price
        ratio = sqrt(self.variance) / self.reference
        scale = min(self.cap, max(self.floor, round(PPM * ratio)))
        changed = bool(scale != self.scale)
        self.scale = scale
        return changed

    def _scaled(self, rate: int) -> Tiers:
        return Tiers.flat(min(PPM, -(-rate * self.scale // PPM)))

    def maintenance(self, side: Side) -> Tiers:
        """The maintenance rates of this model for a side: see ``MarginModel.maintenance``."""
        return self._scaled(self.base[1])

    def initial(self, side: Side) -> Tiers:
        """The initial rates of this model for a side: see ``MarginModel.initial``."""
        return self._scaled(self.base[0])


class PortfolioMargin:
    """Margin by scenarios: an account must survive each of a set of joint price moves.

    Parameters
    ----------
    scenarios
        Rows of ppm, -1,000,000 to 10,000,000, one value a holding: by how much its price moves. A
        row of zeros belongs to every set and is added if it is missing; with it at most 32 rows.

    Raises
    ------
    TypeError, ValueError
        If they are not so.

    Examples
    --------
    >>> PortfolioMargin([(-100_000, 0), (100_000, 0)]).scenarios
    ((0, 0), (-100000, 0), (100000, 0))
    """

    def __init__(self, scenarios: Sequence[Sequence[int]]) -> None:
        rows = tuple(tuple(row) for row in scenarios)
        if not rows or len({len(row) for row in rows}) != 1:
            raise ValueError(f"scenarios must be rows of one length, got {rows}")
        for row in rows:
            for value in row:
                integer("scenarios", value, -PPM, 10 * PPM)
        still = (0,) * len(rows[0])
        self.scenarios = rows if still in rows else (still, *rows)
        if len(self.scenarios) > 32:
            raise ValueError(f"scenarios must be at most 32, got {len(self.scenarios)}")
