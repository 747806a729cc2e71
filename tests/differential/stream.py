"""Seeded streams of messages that try to break a matching engine.

A stream is a ``lob.MESSAGE`` array drawn from a ``Profile``. Every row is well formed (what is not
is the business of ``malformed``), but ids, prices, sizes and the fields that a message's kind does
not read are as hostile as they may be.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import lob
from lob import MAX_PRICE, MAX_SIZE, Flag, Kind, OrderType, Session, Side, TimeInForce

Draw = Callable[[np.random.Generator, int], np.ndarray]
"""Draws that many int64 values."""

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
INSTRUMENTS = (0, 1, 65_535)


def uniform(low: int, high: int) -> Draw:
    """Values from ``low`` to ``high``, both included."""
    return lambda rng, count: rng.integers(low, high, count, endpoint=True)


def one_of(*values: int) -> Draw:
    """Values from a list."""
    return lambda rng, count: rng.choice(np.array(values, dtype=np.int64), count)


def any_of(*draws: Draw) -> Draw:
    """Each value from one of ``draws``, picked with equal odds."""

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        return np.choose(rng.integers(0, len(draws), count), [one(rng, count) for one in draws])

    return draw


def counting(rng: np.random.Generator, count: int) -> np.ndarray:
    """0, 1, 2... from a random start: what most venues hand out."""
    return np.arange(count, dtype=np.int64) + rng.integers(0, 2**40)


def strided(rng: np.random.Generator, count: int) -> np.ndarray:
    """Ids that agree in their low bits: multiples of 8, of 2**32, of any power of two."""
    steps = rng.integers(-40, 40, count)
    return steps << rng.choice([3, 12, 16, 32, 48, 56], count)


def walking(width: int) -> Draw:
    """Prices within ``width`` ticks of a mid that wanders."""

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        mid = 100_000 + np.cumsum(rng.integers(-1, 2, count))
        return mid + rng.integers(-width, width + 1, count)

    return draw


def page_edges(rng: np.random.Generator, count: int) -> np.ndarray:
    """Prices around multiples of powers of two, where paged structures have their seams."""
    base = rng.integers(-4, 5, count) << rng.choice([6, 9, 12, 15, 18, 24, 36], count)
    return base + rng.integers(-1, 2, count)


ids_usual = any_of(counting, uniform(-50, 50))
ids_hostile = any_of(
    one_of(0, -1, 1, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1),
    strided,
    uniform(INT64_MIN, INT64_MAX),
    uniform(-20, 20),
)
prices_usual = walking(8)
prices_extreme = one_of(-MAX_PRICE, 1 - MAX_PRICE, -1, 0, 1, 100_000, MAX_PRICE - 1, MAX_PRICE)
sizes_usual = uniform(1, 20)
sizes_half = one_of(MAX_SIZE // 2, MAX_SIZE // 2 + 1, 1)  # add up to the limit or just beyond
sizes_huge = any_of(
    one_of(1, 2, MAX_SIZE, MAX_SIZE - 1, 2**61, 2**32),
    sizes_half,
    uniform(1, MAX_SIZE),
)


@dataclass(frozen=True)
class Profile:
    """What a stream is drawn from; shares are probabilities."""

    ids: Draw = ids_usual
    prices: Draw = prices_usual
    sizes: Draw = sizes_usual
    kinds: tuple[float, ...] = (0.6, 0.2, 0.08, 0.12)  # as in Kind; what is not there: never
    patience: int = 0
    """How many ticks below the drawn price a buyer bids, and above it a seller asks."""
    owners: int = 3
    market: float = 0.08
    times_in_force: tuple[float, float, float] = (0.8, 0.1, 0.1)  # as in TimeInForce
    stp: tuple[float, ...] = (0.6, 0.1, 0.1, 0.1, 0.1)  # as in SelfTradePrevention
    post_only: float = 0.1
    min_size: float = 0.1
    unknown: float = 0.1
    """Share of the messages about an order whose id may never have been used."""
    strangers: float = 0.15
    """Share of the messages about an order that somebody else sends."""
    total_size: float = 0.2
    """Share of the replacements whose size counts what has traded."""
    protection: float = 0.3
    """Share of the market orders with a protection limit."""
    sessions: tuple[float, float, float] = (0.45, 0.45, 0.1)  # as in Session
    band: int = 12
    """How many ticks the bounds of a band are away from the drawn price, at most."""
    reach: float = 0.1
    """The others name an order entered about ``1 / reach`` orders ago."""
    length: int = 2_000
    """Messages an episode; each episode starts with an empty book."""


PROFILES = {
    "crossing": Profile(prices=walking(3), owners=4),
    "everyday": Profile(prices=walking(20), patience=12, reach=0.02),
    "sparse": Profile(
        ids=ids_hostile, prices=any_of(uniform(-MAX_PRICE, MAX_PRICE), prices_extreme, page_edges)
    ),
    "seams": Profile(ids=strided, prices=page_edges, kinds=(0.5, 0.3, 0.05, 0.15), reach=0.03),
    "stub quotes": Profile(
        prices=any_of(walking(4), walking(4), prices_extreme), market=0.15, reach=0.05
    ),
    "deep queues": Profile(
        prices=walking(2), patience=2, kinds=(0.55, 0.25, 0.12, 0.08), market=0.02, reach=0.01
    ),
    "many levels": Profile(
        prices=any_of(walking(300), walking(40)), patience=60, ids=ids_hostile, reach=0.01
    ),
    "self-trades": Profile(
        owners=2, stp=(0.1, 0.2, 0.25, 0.2, 0.25), prices=walking(4), patience=2
    ),
    "all or little": Profile(
        times_in_force=(0.6, 0.15, 0.25),
        min_size=0.3,
        sizes=any_of(uniform(1, 5), uniform(1, 5), uniform(1, 40)),
        patience=3,
    ),
    "huge sizes": Profile(sizes=sizes_huge, prices=walking(4), ids=any_of(counting, ids_hostile)),
    "full sides": Profile(
        sizes=sizes_half,
        prices=walking(4),
        patience=6,
        kinds=(0.5, 0.15, 0.05, 0.3),
        market=0.2,
        reach=0.3,
    ),
    "auctions": Profile(
        prices=walking(6),
        kinds=(0.62, 0.1, 0.05, 0.1, 0.08, 0.03, 0.02),
        market=0.05,
        times_in_force=(0.9, 0.05, 0.05),
        min_size=0.03,
        length=1_000,
    ),
    "equal auctions": Profile(
        # Few sizes and prices apart: surpluses are equal, and the reference price decides.
        prices=one_of(*range(99_990, 100_010, 4)),
        sizes=one_of(5, 10),
        kinds=(0.63, 0.2, 0.02, 0.03, 0.1, 0.02, 0.0),
        sessions=(0.4, 0.6, 0.0),
        market=0.02,
        times_in_force=(0.96, 0.02, 0.02),
        min_size=0.02,
        ids=counting,
        length=1_000,
    ),
    "bands": Profile(
        prices=walking(15),
        kinds=(0.6, 0.1, 0.05, 0.1, 0.03, 0.02, 0.1),
        sessions=(0.5, 0.45, 0.05),
        market=0.2,
        patience=4,
        length=1_000,
    ),
    "auctions of self-traders": Profile(
        owners=2,
        stp=(0.4, 0.15, 0.15, 0.15, 0.15),
        prices=walking(4),
        kinds=(0.65, 0.15, 0.03, 0.05, 0.1, 0.02, 0.0),
        sessions=(0.45, 0.53, 0.02),
        market=0.05,
        length=1_000,
    ),
    "auctions of market orders": Profile(
        prices=walking(5),
        kinds=(0.62, 0.07, 0.04, 0.1, 0.1, 0.03, 0.04),
        sessions=(0.4, 0.5, 0.1),
        market=0.35,
        protection=0.1,
        times_in_force=(0.96, 0.02, 0.02),
        min_size=0.02,
        sizes=any_of(one_of(5, 10), uniform(1, 30)),
        length=1_000,
    ),
    "protected": Profile(
        prices=any_of(walking(12), walking(12), page_edges),
        patience=5,
        market=0.4,
        protection=0.8,
        kinds=(0.7, 0.08, 0.04, 0.1, 0.02, 0.02, 0.04),
        length=1_000,
    ),
    "extreme auctions": Profile(
        ids=ids_hostile,
        prices=any_of(prices_extreme, page_edges, uniform(-MAX_PRICE, MAX_PRICE)),
        sizes=sizes_huge,
        kinds=(0.68, 0.08, 0.02, 0.08, 0.08, 0.03, 0.03),
        band=MAX_PRICE,
        times_in_force=(0.94, 0.03, 0.03),
        min_size=0.03,
        length=1_000,
    ),
    "id churn": Profile(
        ids=uniform(-40, 40), kinds=(0.45, 0.35, 0.05, 0.15), prices=walking(6), patience=6
    ),
}


def generate(profile: Profile, seed: int) -> tuple[int, np.ndarray]:
    """The instrument and the messages of one episode: the same for the same seed."""
    rng = np.random.Generator(np.random.PCG64(seed))
    count = profile.length
    instrument = int(rng.choice(INSTRUMENTS))
    rows = _noise(rng, count)
    rows["instrument"] = instrument
    rows["ts_event"] = np.cumsum(rng.integers(0, 1_000_000, count))
    kinds = [int(kind) for kind in Kind][: len(profile.kinds)]
    rows["kind"] = rng.choice(kinds, count, p=profile.kinds)
    rows["size"] = profile.sizes(rng, count)
    rows["price"] = profile.prices(rng, count)
    new = rows["kind"] == Kind.NEW
    rows["order_id"] = profile.ids(rng, count)
    _describe_new(profile, rng, rows, new)
    _aim(profile, rng, rows, new)
    if len(profile.kinds) > Kind.REPLACE:
        _rule(profile, rng, rows)
    return instrument, rows


def _rule(profile: Profile, rng: np.random.Generator, rows: np.ndarray) -> None:
    """Let the messages that change the rules of the book say how."""
    count = len(rows)
    session, uncross, band = (rows["kind"] == kind for kind in (5, 6, 7))
    rules = session | uncross | band
    rows["owner"][rules] = 0
    rows["flags"][rules] = rng.choice([0, int(Flag.VENUE)], count)[rules]
    to = rng.choice([int(one) for one in Session], count, p=profile.sessions)
    rows["order_id"] = np.where(session, to, rows["order_id"])
    priced = rng.random(count) < 0.7
    rows["order_type"] = np.where(session | uncross, ~priced, rows["order_type"])
    noise = rng.integers(INT64_MIN, INT64_MAX, count)
    rows["price"] = np.where((session | uncross) & ~priced, noise, rows["price"])
    low = rows["price"] - rng.integers(0, profile.band, count, endpoint=True)
    high = rows["price"] + rng.integers(0, profile.band, count, endpoint=True)
    open_to = rng.choice(4, count, p=[0.4, 0.15, 0.15, 0.3])
    low = np.where(open_to & 1, -MAX_PRICE, np.maximum(low, -MAX_PRICE))
    high = np.where(open_to & 2, MAX_PRICE, np.minimum(high, MAX_PRICE))
    rows["price"][band], rows["stop_price"][band] = low[band], high[band]


def _noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """Rows whose every field is random: what a message's kind does not read stays like that."""
    return np.frombuffer(rng.bytes(count * lob.MESSAGE.itemsize), dtype=lob.MESSAGE).copy()


def _aim(profile: Profile, rng: np.random.Generator, rows: np.ndarray, new: np.ndarray) -> None:
    """Let the other messages name orders entered before, and often ask for the same again."""
    count = len(rows)
    before = np.cumsum(new) - 1 - rng.geometric(profile.reach, count)
    known = ~new & (before >= 0) & (rng.random(count) >= profile.unknown)
    entered = np.flatnonzero(new)[np.maximum(before, 0)]
    rows["order_id"] = np.where(known, rows["order_id"][entered], rows["order_id"])
    again = known & (rows["kind"] == Kind.REPLACE)
    limit = rows["order_type"][entered] == OrderType.LIMIT
    same_price = again & limit & (rng.random(count) < 0.4)
    rows["price"] = np.where(same_price, rows["price"][entered], rows["price"])
    same_size = again & (rng.random(count) < 0.4)
    rows["size"] = np.where(same_size, rows["size"][entered], rows["size"])
    # Mostly the owner itself, now and then whoever operates the book, else anybody.
    sender = rng.random(count)
    own = known & (sender >= profile.strangers)
    rows["owner"] = np.where(own, rows["owner"][entered], rows["owner"])
    rows["owner"] = np.where(known & (sender < profile.strangers / 2), 0, rows["owner"])
    replacing = rows["kind"] == Kind.REPLACE
    total = rng.random(count) < profile.total_size
    marks = rng.choice([0, int(Flag.VENUE)], count, p=[0.9, 0.1])
    rows["flags"] = np.where(replacing, total * int(Flag.TOTAL_SIZE) | marks, rows["flags"])


def _describe_new(
    profile: Profile, rng: np.random.Generator, rows: np.ndarray, new: np.ndarray
) -> None:
    count = len(rows)

    def fill(name: str, values: np.ndarray) -> None:
        rows[name] = np.where(new, values, rows[name])

    fill("side", rng.choice([int(side) for side in Side], count))
    rows["price"] -= profile.patience * new * rows["side"]
    fill("owner", rng.integers(0, profile.owners, count))
    fill("stp", rng.choice(len(profile.stp), count, p=profile.stp))
    fill("order_type", rng.random(count) < profile.market)
    fill("time_in_force", rng.choice(3, count, p=profile.times_in_force))
    for name in ("reserved", "display_size", "stop_price", "expire_ts"):
        fill(name, np.zeros(count, dtype=np.int64))
    market = new & (rows["order_type"] == OrderType.MARKET)
    protected = market & (rng.random(count) < profile.protection)
    relative = protected & (rng.random(count) < 0.5)
    ticks = rng.choice([1, 2, 5, MAX_PRICE], count, p=[0.4, 0.3, 0.28, 0.02])
    ppm = rng.choice([1, 20, 50, 1_000_000], count, p=[0.3, 0.3, 0.38, 0.02])
    fill("trail", np.where(relative, ppm, np.where(protected, ticks, 0)))
    # A market order's price is not read, so it may be anything.
    noise = rng.integers(INT64_MIN, INT64_MAX, count)
    rows["price"] = np.where(market & (rng.random(count) < 0.5), noise, rows["price"])
    may_rest = new & ~market & (rows["time_in_force"] == TimeInForce.GTC)
    post_only = may_rest & (rng.random(count) < profile.post_only)
    fill(
        "flags",
        np.where(post_only, int(Flag.POST_ONLY), 0)
        | np.where(relative, int(Flag.RELATIVE), 0)
        # Marks that mean nothing to a book.
        | rng.choice([0, int(Flag.REDUCE_ONLY), int(Flag.VENUE)], count, p=[0.9, 0.05, 0.05]),
    )
    least = 1 + (rng.random(count) * np.minimum(rows["size"], 2**40)).astype(np.int64)
    least = np.where(rng.random(count) < 0.2, rows["size"], np.minimum(least, rows["size"]))
    fill("min_size", np.where(~post_only & (rng.random(count) < profile.min_size), least, 0))


BAD_VALUES: dict[str, tuple[int, ...]] = {
    "kind": (0, 8, 63, 64, 255),
    "instrument": (2, 255, 256, 65_534),
    "size": (0, -1, MAX_SIZE + 1, INT64_MIN, INT64_MAX),
    "price": (MAX_PRICE + 1, -MAX_PRICE - 1, INT64_MIN, INT64_MAX),
    "side": (0, 2, -2, 127, -128),
    "order_type": (2, 128, 255),
    "time_in_force": (3, 128, 255),
    "stp": (5, 128, 255),
    "flags": (1, 4, 3, 8, 64, 255),
    "min_size": (-1, MAX_SIZE, INT64_MIN, INT64_MAX),
    "reserved": (1, -1, 2**31 - 1, -(2**31)),
    "display_size": (1, -1, INT64_MIN),
    "owner": (1, -1),
    "order_id": (3, -1, INT64_MIN),
    "stop_price": (1, -1, INT64_MAX),
    "trail": (1, -1, MAX_PRICE + 1),
    "expire_ts": (1, -1),
}
"""Values that are refused in some messages; in others the field is not read, or they are fine."""


def malformed(rng: np.random.Generator, rows: np.ndarray, bad: int) -> np.ndarray:
    """``rows`` with fields of up to ``bad`` rows spoilt, one to three in each."""
    rows = rows.copy()
    names = list(BAD_VALUES)
    for at in rng.integers(0, len(rows), bad):
        for name in rng.choice(names, rng.integers(1, 4), replace=False):
            rows[name][at] = rng.choice(np.array(BAD_VALUES[str(name)], dtype=np.int64))
    return rows
