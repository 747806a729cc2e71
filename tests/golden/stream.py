"""A fixed stream of messages, and the digest of the events that it must give for ever.

The stream is drawn from raw PCG64 bits with integer arithmetic only, which numpy promises to keep,
so that the digest changes only when the rules or the records do. When they are meant to, write the
new one and say why in the changelog::

    python -m tests.golden.stream --write
"""

import argparse
import json
from hashlib import blake2b
from pathlib import Path

import numpy as np

import lob
from lob import Kind, OrderType, TimeInForce

PATH = Path(__file__).with_name("events.json")
MESSAGES = 20_000
SEED = 20_120_621


def stream() -> np.ndarray:
    """All kinds, types and modes around a mid of 100,000 ticks, with a few orders far away."""
    source = np.random.PCG64(SEED)

    def below(bound: int) -> np.ndarray:
        return (source.random_raw(MESSAGES) >> np.uint64(33)).astype(np.int64) % bound

    rows = np.zeros(MESSAGES, dtype=lob.MESSAGE)
    number = np.arange(MESSAGES)
    rows["ts_event"] = number * 1_000
    rows["kind"] = np.array([Kind.NEW] * 6 + [Kind.CANCEL] * 2 + [Kind.REDUCE, Kind.REPLACE])[
        below(10)
    ]
    sweep = number % 2_000 == 1_999  # a market order that empties the other side
    rows["kind"][sweep] = Kind.NEW
    new = rows["kind"] == Kind.NEW
    # Now and then an order comes with the id of one that may still rest.
    fresh = number - np.where(number % 50 == 0, 7, 0)
    rows["order_id"] = np.where(new, fresh, np.maximum(number - 1 - below(200), 0))
    rows["side"] = 1 - 2 * below(2)
    far = np.where(below(100) == 0, 1 << (below(20) + 19), 0)
    rows["price"] = 100_000 - rows["side"] * (below(30) - 5 + far)
    rows["size"] = np.where(sweep, 10**6, 1 + below(50))
    market = (new & (below(12) == 0)) | sweep
    rows["order_type"] = np.where(market, OrderType.MARKET, OrderType.LIMIT)
    rows["time_in_force"] = np.array([TimeInForce.GTC] * 8 + [TimeInForce.IOC, TimeInForce.FOK])[
        below(10)
    ]
    rows["time_in_force"][sweep] = TimeInForce.GTC
    plain = new & ~market & (rows["time_in_force"] == TimeInForce.GTC)
    rows["flags"] = plain & (below(10) == 0)
    rows["min_size"] = np.where(below(10) == 0, 1 + below(50), 0)
    rows["min_size"] = np.where(rows["flags"] != 0, 0, np.minimum(rows["min_size"], rows["size"]))
    rows["stp"] = below(5) * (below(2) == 0)
    rows["owner"] = below(6) - 2
    # What is asked about an order its owner asks, all but now and then.
    own = ~new & (number % 20 != 0)
    rows["owner"][own] = rows["owner"][rows["order_id"][own]]
    rows["tag"] = below(2**31) << 20
    return rows


def digests(make: type) -> dict[str, str | int]:
    """What ``make``'s book gives for the stream."""
    rows = stream()
    book = make()
    events = book.process(rows)
    return {
        "messages": _digest(rows),
        "events": _digest(events),
        "count": len(events),
        "trades": int(np.count_nonzero(events["kind"] == lob.EventKind.TRADE)),
        "resting": len(book),
        "book": book.digest(),
    }


def _digest(rows: np.ndarray) -> str:
    return blake2b(rows.tobytes(), digest_size=16).hexdigest()


def main() -> None:
    """Show the digests that the reference gives, or write them."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.stream")
    parser.add_argument("--write", action="store_true", help=f"write them to {PATH.name}")
    text = json.dumps(digests(lob.reference.OrderBook), indent=2) + "\n"
    if parser.parse_args().write:
        PATH.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
