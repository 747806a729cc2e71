"""What an offer is worth to somebody who will sell what it brings through the book.

The order book is walked level by level. All is in integers: cash is rounded against the taker,
prices are rounded to where the taker does not lose. Rates are ppm.

With ``s`` the price of a level, ``p`` the price asked, ``f`` the fee of the book and ``h`` what is
wanted on the capital (profit, funding and risk), a lot of a level is worth taking

============  ====================  ======================
contract      a long lot (BUY)      a short lot (SELL)
============  ====================  ======================
linear        s(1-f) >= p(1+h)      p(1-h) >= s(1+f)
inverse       s(1-h) >= p(1+f)      p(1-f) >= s(1+h)
============  ====================  ======================
"""

from collections.abc import Iterable
from typing import NamedTuple

from agents.keepers.sellable_depth import DepthBehind, SellableDepth, depth_of
from lob import OrderBook, Side
from lob.types import MAX_PRICE
from lob.units import PPM

__all__ = [
    "Costs",
    "Levels",
    "SellableDepth",
    "Worth",
    "gain",
    "levels_of",
    "limit_at",
    "limit_of",
    "worth_taking",
]

Levels = DepthBehind | Iterable[tuple[int, int]]
"""Price in ticks and size in lots, best first; those of a book are a ``DepthBehind``."""


class Costs(NamedTuple):
    """What it costs to take lots of an offer and trade them in a book, with that book's terms."""

    hurdle: int = 0
    """Ppm of the capital: least profit, funding, and the charge for risk."""
    fee: int = 0
    """Fee in ppm of what is traded in the book."""
    gas: int = 0
    """Cash units that one transaction pays for gas."""
    multiplier: int = 1
    """Multiplier of the instrument, see ``lob.Instrument``."""
    inverse: bool = False
    """Whether the instrument is an inverse contract."""


class Worth(NamedTuple):
    """The most profitable part of an offer at a price."""

    lots: int
    """Lots to take; 0: none are worth taking."""
    gain: int
    """Cash units that taking these lots gains, after all costs."""


NOTHING = Worth(0, 0)


def levels_of(
    book: OrderBook, side: Side, lots: int, *, ahead: int = 0, slices: int = 1
) -> list[tuple[int, int]]:
    """The levels into which lots would be traded, of a book that is looked at once: a list.

    Parameters are those of ``SellableDepth.levels``.
    """
    return list(SellableDepth().levels(book, side, lots, ahead=ahead, slices=slices))


def gain(side: Side, price: int, levels: Levels, lots: int, costs: Costs, reward: int = 0) -> int:
    """Cash units gained, after costs, by taking lots at a price and trading them into levels.

    ``side`` is ``BUY`` of long lots; ``price`` in ticks; ``reward`` cash units that the taker gets
    besides; ``costs`` are the taker's. Cash is rounded against the taker.

    Lots beyond the levels bring nothing, or cannot be bought back: such a take counts as a loss of
    all that is paid.
    """
    depth = depth_of(levels)
    left = max(0, lots - depth.total)
    traded = depth.traded(lots, costs.multiplier, costs.inverse, side == Side.BUY)
    paid = _cash(price, lots, costs, up=side == Side.SELL)
    direction = -side if costs.inverse else side
    charged = -(-traded * costs.fee // PPM) - (-paid * costs.hurdle // PPM) + costs.gas
    if left:
        return -paid - charged
    return direction * (traded - paid) - charged + reward


def worth_taking(
    side: Side,
    price: int,
    levels: Levels,
    *,
    size: int,
    most: int,
    least: int,
    costs: Costs,
    reward: int = 0,
) -> Worth:
    """How many lots of an offer to take at a price in ticks, and what that gains: a ``Worth``.

    ``size`` is the lots on offer, ``most`` and ``least`` how many may be taken, ``reward`` cash
    units for taking all; ``side`` is ``BUY`` of long lots; ``levels`` are those of the book, and
    ``costs`` those of the taker.

    All levels at which a lot pays for itself; if that is below ``least``, or the reward for taking
    all makes it better, the other sizes that are allowed. At most ``most`` lots. Where none of them
    pays, because each level is rounded against the taker, the sizes that ``limit_of`` goes by: at
    the price that it names something is always taken.
    """
    # What cannot be traded on is worth nothing, and not even rounding makes it worth a take.
    levels = depth_of(levels)
    most = min(most, levels.total)
    good = levels.until(_worst_that_pays(side, price, costs), side == Side.BUY)
    sizes = {min(good, most, size)}
    sizes |= {min(max(good, least), most, size), min(size, most)}
    allowed = sorted(lots for lots in sizes if lots and (lots >= least or lots == size))
    best = _best_of(allowed, side, price, levels, size, costs, reward)
    if not best.lots and good and (costs.inverse or costs.fee or costs.hurdle):
        allowed = _break_even_sizes(levels, size, least, most)
        best = _best_of(allowed, side, price, levels, size, costs, reward)
    return best


def _best_of(
    sizes: list[int],
    side: Side,
    price: int,
    levels: DepthBehind,
    size: int,
    costs: Costs,
    reward: int,
) -> Worth:
    """The most profitable of some sizes in rising order, the smallest of equals."""
    best = NOTHING
    for lots in sizes:
        won = gain(side, price, levels, lots, costs, reward if lots == size else 0)
        if won > best.gain or (won == 0 and not best.lots):
            best = Worth(lots, won)
    return best


def _break_even_sizes(levels: DepthBehind, size: int, least: int, most: int) -> list[int]:
    """The sizes, in rising order, that may be the first to become worth taking."""
    top, least = min(levels.total, most, size), min(least, size)
    ends = {max(min(end, top), least) for end in (*levels.ends(), top)}
    return sorted(lots for lots in ends if 0 < lots <= top)


def _ends_of_sizes(levels: DepthBehind, size: int, least: int, most: int) -> list[int]:
    """The first and the last of ``_break_even_sizes``."""
    top, least = min(levels.total, most, size), min(least, size)
    if top < max(1, least):
        return []
    return sorted({min(top, max(levels.first_size, least)), top})


def limit_of(
    side: Side, levels: Levels, *, size: int, least: int, most: int, costs: Costs, reward: int = 0
) -> int | None:
    """The worst price in ticks at which some part of an offer becomes worth taking.

    Parameters are those of ``worth_taking``.

    The part that becomes worth it first ends with a level (a fixed cost is spread over more lots
    as long as the level pays more than the average), or is the least that may be taken, or all.
    ``None``: at no price.
    """
    levels = depth_of(levels)
    if costs.gas or reward:
        sizes = _break_even_sizes(levels, size, least, most)
    else:
        # A level pays no more than the one before it: it only lowers the average.
        sizes = _ends_of_sizes(levels, size, least, most)
    best: int | None = None
    for lots in sizes:
        found = _break_even(side, levels, lots, costs, reward if lots == size else 0)
        if found is not None and (best is None or side * (found - best) > 0):
            best = found
    return best


def limit_at(side: Side, at: int, costs: Costs) -> int | None:
    """The worst price in ticks at which lots that are traded at ``at`` ticks pay for themselves.

    ``side`` is ``BUY`` of long lots, and ``costs`` are the taker's.

    Gas and the rounding of cash apart, which more lots make as small as one likes: no part of an
    offer is worth taking at a worse price where ``at`` is the best of the book and there is no
    reward. ``None``: at no price.
    """
    hurdle, fee = (costs.fee, costs.hurdle) if costs.inverse else (costs.hurdle, costs.fee)
    if side == Side.BUY:
        return at * (PPM - fee) // (PPM + hurdle) or None
    return None if hurdle >= PPM else -(-at * (PPM + fee) // (PPM - hurdle))


def _break_even(
    side: Side, levels: DepthBehind, lots: int, costs: Costs, reward: int
) -> int | None:
    """The price at which taking so many lots gains nothing: down for a buyer, up for a seller."""
    traded = levels.traded(lots, costs.multiplier, costs.inverse, side == Side.BUY)
    charged = costs.gas - reward
    long_cash = (side == Side.BUY) != costs.inverse
    # What the taker pays for the lots at most, or wants to get for them at least.
    if long_cash:
        cash = (traded * (PPM - costs.fee) // PPM - charged) * PPM // (PPM + costs.hurdle)
    else:
        if costs.hurdle >= PPM:
            return None
        cash = -(-(-(-traded * (PPM + costs.fee) // PPM) + charged) * PPM // (PPM - costs.hurdle))
    if cash <= 0:
        return None if long_cash or costs.inverse else 1
    worth = lots * costs.multiplier
    if costs.inverse:
        price = worth // cash if side == Side.BUY else -(-worth // cash)
    else:
        price = cash // worth if side == Side.BUY else -(-cash // worth)
    return price if price >= 1 else None


def _worst_that_pays(side: Side, price: int, costs: Costs) -> int:
    """The worst level in ticks at which a lot taken at ``price`` pays for itself, gas apart."""
    hurdle, fee = costs.hurdle, costs.fee
    if costs.inverse:
        hurdle, fee = fee, hurdle
    if side == Side.BUY:
        # at * (PPM - fee) >= price * (PPM + hurdle)
        return -(-price * (PPM + hurdle) // (PPM - fee)) if fee < PPM else MAX_PRICE + 1
    # price * (PPM - hurdle) >= at * (PPM + fee)
    return price * (PPM - hurdle) // (PPM + fee)


def _cash(price: int, lots: int, costs: Costs, *, up: bool) -> int:
    """What lots are worth at a price; of an inverse contract rounded up or down.

    Who takes long lots of an inverse contract is paid their value, and pays what they are worth
    when he sells them: the sums of a linear contract with their signs turned round.
    """
    value = lots * costs.multiplier
    if not costs.inverse:
        return value * price
    return -(-value // price) if up else value // price
