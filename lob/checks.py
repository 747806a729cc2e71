"""Checks of arguments and messages: what is misuse, and how it is told, for both engines.

``integer``, ``indexed``, ``natural``, ``ppm``, ``real``, ``reals``, ``text``, ``switch`` and
``choice`` check an argument and return it; whoever takes arguments uses them. All raise
``TypeError`` for the wrong kind of thing and ``ValueError`` for a value out of range, which name
the argument, what is allowed and the value.
``lob/checks.pxd`` has the fast path of compiled code, in the same words. The compiled engine has
fast predicates of its own and comes here for the words of a bad message; the differential tests
hold the two engines to the same verdicts and the same messages.
"""

from collections.abc import Iterable
from math import inf, isfinite
from operator import index
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from lob.types import (
    EVENT,
    MAX_PRICE,
    MAX_SIZE,
    MESSAGE,
    ORDER,
    QUOTE,
    Flag,
    Kind,
    OrderType,
    SelfTradePrevention,
    Session,
    Side,
    TimeInForce,
)
from lob.units import PPM

__all__ = [
    "Message",
    "aligned",
    "apart",
    "beyond_participants",
    "choice",
    "indexed",
    "integer",
    "misuse",
    "natural",
    "ppm",
    "real",
    "reals",
    "switch",
    "text",
    "to_band",
    "to_message_array",
    "to_order_array",
    "to_output",
    "to_protection",
    "to_reference",
]

T = TypeVar("T")

INT64 = (-(2**63), 2**63 - 1)
INT32 = (-(2**31), 2**31 - 1)
RESTING_FLAGS = (Flag.POST_ONLY, Flag.REDUCE_ONLY, Flag.VENUE)
ORDER_FLAGS = (*RESTING_FLAGS, Flag.RELATIVE)
REPLACE_FLAGS = (Flag.TOTAL_SIZE, Flag.VENUE)
RESERVED = ("reserved", "display_size", "stop_price", "expire_ts")


class Message(NamedTuple):
    """A message in plain Python, with the fields of ``lob.MESSAGE``; a NEW needs side and size."""

    ts_event: int = 0
    order_id: int = 0
    price: int = 0
    size: int = 0
    kind: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp: int = 0
    flags: int = 0
    instrument: int = 0
    owner: int = 0
    reserved: int = 0
    tag: int = 0
    min_size: int = 0
    display_size: int = 0
    stop_price: int = 0
    trail: int = 0
    expire_ts: int = 0


def integer(name: str, value: Any, low: float = INT64[0], high: float = INT64[1]) -> int:
    """The ``value`` of the argument ``name`` as a Python int.

    Raises ``TypeError`` if it is no integer or a truth value, which Python counts as 0 or 1, and
    ``ValueError`` unless it is ``low`` to ``high``.
    """
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r} (bool)")
    return indexed(name, value, low, high)


def indexed(name: str, value: Any, low: float = INT64[0], high: float = INT64[1]) -> int:
    """The ``value`` of the argument ``name`` as a Python int, where ``True`` is 1.

    As compiled code takes the fields of an order. Raises ``TypeError`` if it is no integer, and
    ``ValueError`` unless it is ``low`` to ``high``.
    """
    try:
        number = index(value)
    except TypeError:
        raise TypeError(
            f"{name} must be an integer, got {value!r} ({type(value).__name__})"
        ) from None
    if not low <= number <= high:
        raise ValueError(f"{name} must be {low} to {high}, got {number}")
    return number


def natural(name: str, value: Any, low: int = 0) -> int:
    """The ``value`` of the argument ``name`` as a Python int of any width.

    Raises ``TypeError`` if it is no integer, and ``ValueError`` unless it is at least ``low``.
    """
    number = value if type(value) is int else integer(name, value, -inf, inf)
    if number < low:
        raise ValueError(f"{name} must be at least {low}, got {number}")
    return number


def ppm(name: str, value: Any, low: int = 0, high: int = PPM) -> int:
    """The ``value`` of the argument ``name`` as a share in parts per million, an int.

    Raises ``TypeError`` if it is no integer, and ``ValueError`` unless it is ``low`` to ``high``.
    """
    number = value if type(value) is int else integer(name, value, -inf, inf)
    if not low <= number <= high:
        raise ValueError(f"{name} must be {low} to {high} ppm, got {number}")
    return number


def real(
    name: str,
    value: Any,
    low: float = -inf,
    high: float = inf,
    *,
    above: float = -inf,
    below: float = inf,
) -> float:
    """The ``value`` of the argument ``name`` as a finite float.

    Parameters
    ----------
    name
        Name of the argument, for the error.
    value
        Any number; neither text nor a truth value.
    low, high
        The least and the largest that it may be.
    above, below
        It must be more than the one, and less than the other.

    Raises
    ------
    TypeError
        If ``value`` is no number.
    ValueError
        If it is not finite, or outside these bounds.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = None
    if number is None or isinstance(value, str | bytes | bool):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    if not (isfinite(number) and low <= number <= high and above < number < below):
        raise ValueError(f"{name} must be finite{_bounds(low, high, above, below)}, got {value!r}")
    return number


def _bounds(low: float, high: float, above: float, below: float) -> str:
    """What ``real`` allows, for its message."""
    if low > -inf and high < inf:
        return f" and from {low:g} to {high:g}"
    words = (("at least", low), ("above", above), ("at most", high), ("below", below))
    found = [f" and {word} {bound:g}" for word, bound in words if isfinite(bound)]
    return "".join(found)


def reals(name: str, values: Any, length: int | None = None) -> list[float]:
    """The ``values`` of the argument ``name`` as a list of finite floats of 0 or more.

    Raises ``TypeError`` if they are no numbers, and ``ValueError`` if one is out of range, there is
    none, or there are not ``length`` of them.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of numbers, got {values!r}")
    numbers = [real(f"{name}[{i}]", value, 0) for i, value in enumerate(values)]
    if length is not None and len(numbers) != length:
        raise ValueError(f"{name} must have {length} entries, got {len(numbers)}")
    if not numbers:
        raise ValueError(f"{name} must not be empty")
    return numbers


def text(name: str, value: Any) -> str:
    """The ``value`` of the argument ``name``, or a ``TypeError``: a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} must be a string that is not empty, got {value!r}")
    return value


def switch(name: str, value: Any) -> bool:
    """The ``value`` of the argument ``name``, or a ``TypeError``: ``True`` or ``False``."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def choice(name: str, value: T, options: Iterable[T]) -> T:
    """The ``value`` of the argument ``name``, or a ``ValueError``: one of ``options``."""
    allowed = tuple(options)
    # Python counts a truth value as 0 or 1: it is no number to choose.
    if value not in allowed or (isinstance(value, bool) and not _has_truth_values(allowed)):
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value!r}")
    return value


def _has_truth_values(options: tuple[Any, ...]) -> bool:
    return any(isinstance(one, bool) for one in options)


def misuse(message: Message, instrument: int) -> str | None:
    """What is wrong with a message to the book of ``instrument``, in words; ``None``: nothing is.

    Only what the message's kind reads is looked at, see ``lob.MESSAGE``.
    """
    kind = message.kind
    if kind not in _KINDS:
        return f"kind must be one of {_names(_BOOK_KINDS)}, got {kind}"
    if message.instrument != instrument:
        return f"instrument must be {instrument}, this book's, got {message.instrument}"
    if kind == Kind.CANCEL:
        return None
    if kind in _RULES:
        return _rule_misuse(message)
    if not 1 <= message.size <= MAX_SIZE:
        return f"size must be 1 to {MAX_SIZE} lots, got {message.size}"
    if kind == Kind.REDUCE:
        return None
    if message.order_type not in _ORDER_TYPES and kind == Kind.NEW:
        return f"order_type must be one of {_names(OrderType)}, got {message.order_type}"
    priced = kind == Kind.REPLACE or message.order_type == OrderType.LIMIT
    if priced and not -MAX_PRICE <= message.price <= MAX_PRICE:
        return f"price must be {-MAX_PRICE} to {MAX_PRICE} ticks, got {message.price}"
    if kind == Kind.REPLACE:
        if message.flags & ~_REPLACE_FLAGS:
            return f"flags must be {_names(REPLACE_FLAGS)} or 0 of a REPLACE, got {message.flags}"
        return None
    if message.side not in _SIDES:
        return f"side must be one of {_names(Side)}, got {message.side}"
    if message.time_in_force not in _TIMES_IN_FORCE:
        return f"time_in_force must be one of {_names(TimeInForce)}, got {message.time_in_force}"
    if message.stp not in _STP_MODES:
        return f"stp must be one of {_names(SelfTradePrevention)}, got {message.stp}"
    if message.flags & ~_ORDER_FLAGS:
        return f"flags must be a combination of {_names(ORDER_FLAGS)}, got {message.flags}"
    if message.flags & Flag.POST_ONLY and (
        message.order_type != OrderType.LIMIT or message.time_in_force != TimeInForce.GTC
    ):
        return "flags: a post-only order must be a limit order that is good till cancelled"
    if not 0 <= message.min_size <= message.size:
        return f"min_size must be 0 to the order's size {message.size}, got {message.min_size}"
    if message.min_size and message.flags & Flag.POST_ONLY:
        return f"min_size must be 0 for a post-only order, got {message.min_size}"
    for field in RESERVED:
        value = getattr(message, field)
        if value:
            return f"{field} must be 0, got {value}"
    return _protection_misuse(message)


def beyond_participants(message: Message) -> str | None:
    """What of a message only the venue, or who operates it, may say, in words; ``None``: nothing.

    Its flag keeps margin checks and replays off a message; its orders have negative ids; and the
    sessions and bands of a book are its.
    """
    if message.flags & Flag.VENUE:
        return f"flags must not have VENUE (128), the venue's own, got {message.flags}"
    if message.kind in _RULES:
        name = Kind(message.kind).name
        return f"kind must be one that a participant may send, got {name} ({int(message.kind)})"
    if message.kind == Kind.NEW and message.order_id < 0:
        return (
            f"order_id must be 0 or more, for negative ids are the venue's, got {message.order_id}"
        )
    return None


def _protection_misuse(message: Message) -> str | None:
    """What is wrong with the protection limit of a new order."""
    relative = bool(message.flags & Flag.RELATIVE)
    if message.order_type != OrderType.MARKET:
        if relative:
            return "flags: RELATIVE is of the protection limit that only a market order has"
        return f"trail must be 0 of a limit order, got {message.trail}" if message.trail else None
    low, high, unit = (1, PPM, "ppm") if relative else (0, MAX_PRICE, "ticks")
    if not low <= message.trail <= high:
        return f"trail must be {low} to {high} {unit}, got {message.trail}"
    return None


def _rule_misuse(message: Message) -> str | None:
    """What is wrong with a message that changes the rules of a book."""
    if message.owner:
        return f"owner must be 0: rules are the venue's, got {message.owner}"
    if message.flags & ~Flag.VENUE:
        return f"flags must be VENUE or none of a message of the venue, got {message.flags}"
    if message.kind == Kind.SESSION and message.order_id not in _SESSIONS:
        return f"order_id must be a session, one of {_names(Session)}, got {message.order_id}"
    if message.kind != Kind.BAND and message.order_type not in _ORDER_TYPES:
        return f"order_type must be one of {_names(OrderType)}, got {message.order_type}"
    priced = message.kind == Kind.BAND or message.order_type == OrderType.LIMIT
    if priced and not -MAX_PRICE <= message.price <= MAX_PRICE:
        return f"price must be {-MAX_PRICE} to {MAX_PRICE} ticks, got {message.price}"
    if message.kind == Kind.BAND and not message.price <= message.stop_price <= MAX_PRICE:
        return (
            f"stop_price, the highest price allowed, must be {message.price} to {MAX_PRICE} "
            f"ticks, got {message.stop_price}"
        )
    return None


def to_band(low: Any, high: Any) -> tuple[int, int]:
    """The lowest and the highest price allowed in ticks, where ``None`` is no bound.

    Raises ``TypeError`` or ``ValueError`` that names the argument if they are malformed.
    """
    lowest = -MAX_PRICE if low is None else integer("low", low, -MAX_PRICE, MAX_PRICE)
    if high is None:
        return lowest, MAX_PRICE
    return lowest, integer("high", high, lowest, MAX_PRICE)


def to_reference(price: Any) -> tuple[int, OrderType]:
    """A reference price in ticks as ``price`` and ``order_type`` of a message; ``None`` is none.

    Raises ``TypeError`` or ``ValueError`` if it is malformed.
    """
    if price is None:
        return 0, OrderType.MARKET
    return integer("reference_price", price, -MAX_PRICE, MAX_PRICE), OrderType.LIMIT


def to_protection(ticks: Any, relative: Any) -> tuple[int, bool]:
    """A protection limit in ticks or in ppm as ``trail`` of a message, and whether that is in ppm.

    Raises ``TypeError`` or ``ValueError`` if one is malformed, or both are given.
    """
    distance = integer("protection", ticks, 0, MAX_PRICE)
    share = ppm("protection_ppm", relative)
    if distance and share:
        raise ValueError("protection and protection_ppm must not both be given")
    return share or distance, bool(share)


def apart(**arrays: Any) -> None:
    """Raise ``ValueError`` if two arrays share memory: the one would be written while it is read.

    Arrays are contiguous, or not arrays at all; ``None`` is none.
    """
    given = [(name, array) for name, array in arrays.items() if array is not None]
    for i, (name, array) in enumerate(given):
        for other, second in given[:i]:
            if np.may_share_memory(array, second):
                raise ValueError(f"{name} must share no memory with {other}")


def to_output(
    name: str, array: Any, dtype: np.dtype[Any], rows: int = 0, *, align: bool = True
) -> None:
    """Check that ``array`` is ``None`` or can be written to: ``rows`` records of ``dtype``.

    Raises ``TypeError`` or ``ValueError``, which ``name`` begins, if it is not. ``align=False``:
    compiled code looks itself at where in memory it begins.
    """
    if array is None:
        return
    if (
        not isinstance(array, np.ndarray)
        or array.dtype != dtype
        or array.ndim != 1
        or not array.flags.c_contiguous
        or (align and _address(array) % 8)
        or not array.flags.writeable
    ):
        shown = f"{array.ndim}-d {array.dtype}" if isinstance(array, np.ndarray) else repr(array)
        raise TypeError(
            f"{name} must be a writeable, aligned, contiguous, one-dimensional array of dtype "
            f"{_DTYPE_NAMES[dtype]}, got {shown}"
        )
    if len(array) < rows:
        raise ValueError(f"{name} must hold at least {rows} rows, got {len(array)}")


def to_message_array(messages: Any, *, align: bool = True) -> NDArray[np.void]:
    """``messages`` as a one-dimensional, contiguous, aligned ``MESSAGE`` array, or a TypeError.

    ``align=False``: compiled code looks itself at where in memory it begins.
    """
    return _records("messages", messages, MESSAGE, align)


def to_order_array(
    orders: Any, crossed: bool = False, band: tuple[int, int] = (-MAX_PRICE, MAX_PRICE)
) -> NDArray[np.void]:
    """``orders`` as L3 rows that make a possible book.

    Raises ``TypeError`` if they are no ``lob.ORDER`` array, and ``ValueError`` that names the row
    if they make none. ``crossed``: of a book that does not trade continuously, which bids may cross
    asks in. ``band``: no bid lies above it, and no ask below.
    """
    rows = _records("orders", orders, ORDER)

    def refuse(bad: NDArray[np.bool_], field: str, rule: str) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(f"orders[{row}]: {field} {rule}, got {rows[field][row]}")

    side, price, size = rows["side"], rows["price"], rows["size"]
    refuse((side != Side.BUY) & (side != Side.SELL), "side", f"must be one of {_names(Side)}")
    refuse(
        (price < -MAX_PRICE) | (price > MAX_PRICE),
        "price",
        f"must be {-MAX_PRICE} to {MAX_PRICE} ticks",
    )
    limit = rows["order_type"] != OrderType.MARKET
    refuse(
        limit & (side == Side.BUY) & (price > band[1]),
        "price",
        f"must be {band[1]} at most of a bid",
    )
    refuse(
        limit & (side == Side.SELL) & (price < band[0]),
        "price",
        f"must be {band[0]} or more of an ask",
    )
    market = rows["order_type"] == OrderType.MARKET
    refuse(
        ~np.isin(rows["order_type"], list(OrderType)),
        "order_type",
        f"must be one of {_names(OrderType)}",
    )
    refuse(market & (not crossed), "order_type", "must be LIMIT in a continuous book")
    refuse(market & (price != 0), "price", "must be 0 of a market order")
    refuse((size < 1) | (size > MAX_SIZE), "size", f"must be 1 to {MAX_SIZE} lots")
    refuse(
        (rows["filled"] < 0) | (rows["filled"] > MAX_SIZE),
        "filled",
        f"must be 0 to {MAX_SIZE} lots",
    )
    refuse(
        rows["stp"] > max(SelfTradePrevention),
        "stp",
        f"must be one of {_names(SelfTradePrevention)}",
    )
    refuse(
        (rows["flags"] & ~np.uint8(_RESTING_FLAGS)) != 0,
        "flags",
        f"must be a combination of {_names(RESTING_FLAGS)}",
    )
    first = np.zeros(len(rows), dtype=bool)
    first[np.unique(rows["order_id"], return_index=True)[1]] = True
    refuse(~first, "order_id", "must be unique")
    bids, asks = price[limit & (side == Side.BUY)], price[limit & (side == Side.SELL)]
    if not crossed and len(bids) and len(asks) and bids.max() >= asks.min():
        raise ValueError(
            f"orders: the best bid {bids.max()} must be below the best ask {asks.min()}"
        )
    for one in Side:
        total = sum(size[side == one].tolist())
        if total > MAX_SIZE:
            raise ValueError(f"orders: the {one.name} side must hold at most {MAX_SIZE} lots")
    return rows


def _records(name: str, rows: Any, dtype: np.dtype[Any], align: bool = True) -> NDArray[np.void]:
    if not isinstance(rows, np.ndarray) or rows.dtype != dtype or rows.ndim != 1:
        shown = f"{rows.ndim}-d {rows.dtype}" if isinstance(rows, np.ndarray) else repr(rows)
        raise TypeError(
            f"{name} must be a one-dimensional array of dtype {_DTYPE_NAMES[dtype]}, got {shown}"
        )
    return aligned(rows) if align else np.ascontiguousarray(rows)


def aligned(rows: NDArray[Any]) -> NDArray[Any]:
    """An array of ``rows`` as compiled code reads it: contiguous, from a multiple of 8 bytes on.

    A copy only where it is not so. Records have no alignment of their own in numpy's eyes.
    """
    rows = np.ascontiguousarray(rows)
    return rows.copy() if _address(rows) % 8 else rows


def _address(array: NDArray[Any]) -> int:
    """Where in memory an array begins."""
    address: int = array.ctypes.data  # far cheaper than the array interface of a record
    return address


def _names(enum: Iterable[Any]) -> str:
    return ", ".join(f"{member.name} ({member.value})" for member in enum)


_DTYPE_NAMES = {EVENT: "lob.EVENT", MESSAGE: "lob.MESSAGE", ORDER: "lob.ORDER", QUOTE: "lob.QUOTE"}
_RESTING_FLAGS, _ORDER_FLAGS, _REPLACE_FLAGS = (
    sum(int(flag) for flag in flags) for flags in (RESTING_FLAGS, ORDER_FLAGS, REPLACE_FLAGS)
)
_BOOK_KINDS = tuple(kind for kind in Kind if kind < Kind.DEPOSIT)
_KINDS = frozenset(map(int, _BOOK_KINDS))
_RULES = frozenset(map(int, (Kind.SESSION, Kind.UNCROSS, Kind.BAND)))
_SESSIONS = frozenset(map(int, Session))
_ORDER_TYPES = frozenset(map(int, OrderType))
_SIDES = frozenset(map(int, Side))
_TIMES_IN_FORCE = frozenset(map(int, TimeInForce))
_STP_MODES = frozenset(map(int, SelfTradePrevention))
