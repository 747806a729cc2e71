"""Price paths: at what price a position is offered, over time."""

from dataclasses import dataclass, replace

from lob.checks import integer, natural, ppm
from lob.liquidation.context import CaseContext
from lob.liquidation.formulas.curves import Curve
from lob.liquidation.formulas.euler import euler1_discount
from lob.liquidation.formulas.health import health_factor
from lob.liquidation.formulas.maker import ClipRules
from lob.liquidation.offers import AnyPrice, AtPrice, Falling, HighestBid, OfferPrice, Spread
from lob.types import MAX_PRICE, Side
from lob.units import PPM, SECOND_NS

__all__ = [
    "AtBankruptcy",
    "AtFundLimit",
    "AtMark",
    "AtMarket",
    "AtPreviousMark",
    "Bids",
    "Dutch",
    "FixedBonus",
    "HealthDiscount",
]


def taker_side(design: CaseContext, case: int, holding: int) -> Side:
    """The side of who takes a position over: he buys long lots."""
    return Side.BUY if design.held(case, holding) > 0 else Side.SELL


@dataclass(frozen=True)
class AtMarket:
    """A price path that asks no price: takers give what they give."""

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        return AnyPrice()


@dataclass(frozen=True)
class AtMark:
    """A price path that stays at the mark of now; any price without one."""

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        mark = design.mark(holding)
        return AnyPrice() if mark is None else AtPrice(mark)


@dataclass(frozen=True)
class AtPreviousMark:
    """At the mark that clearing believed before its last change; any price before a second one.

    Hyperliquid closes opposing positions at an earlier price: the mark's, in one version of its
    documentation, or that of the oracle in another.

    Parameters
    ----------
    of
        Number of a holding of the clearing whose oracle's previous price it is, in ticks of the
        same size: one that nobody holds and that follows an index. ``None``: the holding's own.
    """

    of: int | None = None

    def __post_init__(self) -> None:
        if self.of is not None:
            integer("of", self.of, 0)

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        number = holding if self.of is None else self.of
        before: int = design.holdings[number].oracle.previous_price
        return AtPrice(before) if before > 0 else AnyPrice()


@dataclass(frozen=True)
class AtBankruptcy:
    """At the price that leaves the account with nothing, or better; rounded in its favour.

    A long position that no price makes bankrupt is offered at one tick; a short one that every
    price does at the highest there is.
    """

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        return AtPrice(bankruptcy_limit(design, case, holding))


def bankruptcy_limit(design: CaseContext, case: int, holding: int) -> int:
    """The bankruptcy price, kept within the prices that there are."""
    price = design.bankruptcy_price(case, holding)
    if price is not None:
        return price
    equity = design.equity(case)
    bankrupt = equity is not None and equity < 0
    if design.held(case, holding) > 0:
        return MAX_PRICE if bankrupt else 1
    return 1 if bankrupt else MAX_PRICE


@dataclass(frozen=True)
class AtFundLimit:
    """Worse than the bankruptcy price by as much as the insurance fund can pay for."""

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        limit = bankruptcy_limit(design, case, holding)
        worth = abs(design.held(case, holding)) * design.multiplier(holding)
        room = max(0, design.balance(design.fund)) // worth
        if design.held(case, holding) > 0:
            return AtPrice(max(1, limit - room))
        return AtPrice(min(MAX_PRICE, limit + room))


@dataclass(frozen=True)
class FixedBonus:
    """The mark less a bonus for who takes, whatever the mark is when he does.

    Parameters
    ----------
    bonus
        What he gets for what he repays, over ``unit``: 10,500 is 5 % more.
    fee
        The protocol's share of the bonus. It gets it in cash, where Aave takes collateral.
    """

    bonus: int
    fee: int = 0
    unit: int = 10_000

    def __post_init__(self) -> None:
        integer("unit", self.unit, 1)
        integer("bonus", self.bonus, self.unit)
        integer("fee", self.fee, 0, self.unit)

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        return Spread(
            design.holdings[holding],
            taker_side(design, case, holding),
            self.bonus,
            self.fee,
            self.unit,
            design.now,
        )


@dataclass(frozen=True)
class HealthDiscount:
    """The mark less a discount that grows as the account's health falls (Euler v1).

    ``min(least + 1 - health, most)``, taken when the offer is made. Who takes pays ``reserve`` of
    what he repays on top, to the protocol.

    Parameters
    ----------
    least, most
        Ppm: of the discount at a health of one, and of any. Euler: 2 and 20 %.
    reserve
        Ppm. Euler: 2 %.
    """

    least: int = 20_000
    most: int = 200_000
    reserve: int = 20_000

    def __post_init__(self) -> None:
        ppm("most", self.most, 0, PPM - 1)
        integer("least", self.least, 1, self.most)
        ppm("reserve", self.reserve)

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        assets, debts, kept, owed = design.exposure(case)
        health = health_factor(max(0, assets - kept), debts + owed, PPM)
        below = 0 if health is None else max(0, PPM - health)
        discount = euler1_discount(
            PPM - below, fee=self.least, booster=PPM, cap=self.most, max_boost=0, unit=PPM
        )
        # A spread's fee is a share of the discount: here one of what is left of the price.
        return Spread(
            design.holdings[holding],
            taker_side(design, case, holding),
            PPM * PPM // (PPM - discount),
            min(PPM, self.reserve * (PPM - discount) // discount),
            PPM,
            design.now,
        )


@dataclass(frozen=True)
class Dutch:
    """From above the mark down a curve; a short position's from below it up.

    Parameters
    ----------
    rules
        Curve, start, and when the auction must start again: Maker's, see ``ClipRules``. It may not
        start below the mark, and a price of 0 must be below its ``cusp``.
    unit
        ns that count as one step of the curve's time.
    stops
        ``(start, end)`` times in ns in which the clock stands still, rising and apart: an auction
        that waits for a chain that is out. Without them it falls on while nobody can take.
    """

    rules: ClipRules
    unit: int = SECOND_NS
    stops: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        integer("unit", self.unit, 1)
        last = 0
        for number, (start, end) in enumerate(self.stops):
            integer(f"stops[{number}]: start", start, last)
            last = integer(f"stops[{number}]: end", end, start + 1)
        natural("rules.buf", self.rules.buf, self.rules.unit)
        natural("rules.cusp", self.rules.cusp, 1)

    @property
    def curve(self) -> Curve:
        """The curve on which the price of the auction falls."""
        return self.rules.curve

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        mark = design.mark(holding) or 1
        auction = self.rules.kick(1, 1, mark, 0)
        now = design.now
        side = taker_side(design, case, holding)
        price = Falling(self.curve, auction.top, mark, side, now, now, self.unit, self.stops)
        return replace(price, closes=price.time_after(self.rules.tail + 1))


@dataclass(frozen=True)
class Bids:
    """The price path of an auction whose price bidders say."""

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price in ticks at which a case's holding is offered from now on."""
        return HighestBid()


def fee_of(price: OfferPrice, at: int) -> int:
    """The protocol's share of a price: ticks, of a fixed bonus only."""
    if isinstance(price, Spread) and price.fee:
        bare = price.bare()
        return 0 if bare is None else abs(at - bare)
    return 0
