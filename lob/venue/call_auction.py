"""The price at which a call auction trades: one for all.

The rules, in this order (exchanges publish them alike, for example Xetra's and Quedex's): the most
volume; then the smallest surplus; then market pressure, the highest price if the surplus is on the
buy side at all that are left, the lowest if it is on the sell side; then the price nearest to a
reference.

The prices in question are those that limit orders have; market orders count as willing at all of
them. Where market orders trade with market orders only, the price is the reference, moved as far as
it takes that no limit order which does not trade would have.
"""

from collections.abc import Iterable
from typing import NamedTuple

from lob.checks import integer

__all__ = ["Uncross", "executable", "uncross"]


class Uncross(NamedTuple):
    """The outcome of a call auction: one price, and what trades at it."""

    price: int
    """Price of the auction in ticks."""
    volume: int
    """Lots that trade."""
    surplus: int
    """Lots that are willing at the price and do not trade: positive to buy, negative to sell."""
    lowest: int
    """The lowest price in ticks with that volume."""
    highest: int
    """The highest price in ticks with that volume."""


def executable(
    bids: Iterable[tuple[int, int]],
    asks: Iterable[tuple[int, int]],
    market_bids: int = 0,
    market_asks: int = 0,
) -> list[tuple[int, int, int]]:
    """What could trade in a call auction at each price that an order has.

    Parameters
    ----------
    bids, asks
        ``(price, size)`` in ticks and lots, in any order.
    market_bids, market_asks
        Lots of market orders, 0 or more.

    Returns
    -------
    list of (int, int, int)
        Price in ticks, lots that can trade there, and surplus in lots (positive: to buy), prices
        rising.

    Raises
    ------
    TypeError, ValueError
        If a price is no integer, or a number of lots negative.
    """
    buys, sells = list(bids), list(asks)
    for name, rows in (("bids", buys), ("asks", sells)):
        for i, (price, size) in enumerate(rows):
            integer(f"{name}[{i}].price", price)
            integer(f"{name}[{i}].size", size, 0)
    prices = sorted({price for price, _ in (*buys, *sells)})
    bought = dict.fromkeys(prices, 0)
    sold = dict.fromkeys(prices, 0)
    for price, size in buys:
        bought[price] += size
    for price, size in sells:
        sold[price] += size
    found: list[tuple[int, int, int]] = []
    offered, wanted = market_asks, market_bids + sum(bought.values())
    for price in prices:
        offered += sold[price]
        found.append((price, min(wanted, offered), wanted - offered))
        wanted -= bought[price]
    return found


def uncross(
    bids: Iterable[tuple[int, int]],
    asks: Iterable[tuple[int, int]],
    reference_price: int | None = None,
    *,
    market_bids: int = 0,
    market_asks: int = 0,
) -> Uncross | None:
    """The price of a call auction; ``None`` where nothing can trade.

    Parameters
    ----------
    bids, asks
        ``(price, size)`` in ticks and lots, in any order; several at a price add up.
    reference_price
        Ticks; ``None``: the middle of the prices that are left, rounded down.
    market_bids, market_asks
        Lots of market orders, 0 or more. Where they bound the price alone, so that any higher or
        any lower one would do, ``highest`` or ``lowest`` is the price itself.

    Raises
    ------
    TypeError, ValueError
        If a price is no integer, or a number of lots negative.

    Examples
    --------
    >>> uncross([(105, 10), (103, 10)], [(98, 10), (102, 10)], 100)
    Uncross(price=102, volume=20, surplus=0, lowest=102, highest=103)
    """
    buys, sells = list(bids), list(asks)
    integer("market_bids", market_bids, 0)
    integer("market_asks", market_asks, 0)
    rows = executable(buys, sells, market_bids, market_asks)
    among_market = min(market_bids, market_asks)
    volume = max((lots for _, lots, _ in rows), default=among_market)
    if volume == 0:
        return None
    if volume == among_market:
        return _between(buys, sells, reference_price, market_bids, market_asks)
    most = [row for row in rows if row[1] == volume]
    least = min(abs(surplus) for _, _, surplus in most)
    left = [row for row in most if abs(row[2]) == least]
    low, high = left[0][0], left[-1][0]
    if all(surplus > 0 for _, _, surplus in left):
        price = high
    elif all(surplus < 0 for _, _, surplus in left):
        price = low
    else:
        # Between the two, at prices that no order has, the volume is the same and the surplus no
        # larger.
        nearest = (low + high) // 2 if reference_price is None else reference_price
        price = min(max(nearest, low), high)
    return Uncross(
        price,
        volume,
        _surplus(buys, sells, price, market_bids - market_asks),
        price if market_asks >= volume else most[0][0],
        price if market_bids >= volume else most[-1][0],
    )


def _between(
    buys: list[tuple[int, int]],
    sells: list[tuple[int, int]],
    reference_price: int | None,
    market_bids: int,
    market_asks: int,
) -> Uncross | None:
    """Where only market orders trade: at the reference, but past no limit order."""
    bid = max((price for price, _ in buys), default=None)
    ask = min((price for price, _ in sells), default=None)
    price = reference_price
    if price is None:
        known = [one for one in (bid, ask) if one is not None]
        if not known:
            return None
        price = sum(known) // len(known)
    if bid is not None:
        price = max(price, bid)
    if ask is not None:
        price = min(price, ask)
    surplus = _surplus(buys, sells, price, market_bids - market_asks)
    return Uncross(price, min(market_bids, market_asks), surplus, price, price)


def _surplus(
    buys: list[tuple[int, int]], sells: list[tuple[int, int]], price: int, of_market: int
) -> int:
    """Lots willing to buy at a price, less those willing to sell."""
    wanted = sum(size for bid, size in buys if bid >= price)
    return of_market + wanted - sum(size for ask, size in sells if ask <= price)
