"""hftbacktest, version 2: its event files (npz), read and written.

An event has 64 bytes: flags, the venue's and the recorder's time, price and quantity as floats.
Reading takes the depth and trade events that the venue's side sees (bit 31). Prices and quantities
become the shortest decimals that the floats can stand for. Depth events of one time are one update;
clears and snapshots in a row are one snapshot. A file has one instrument and does not name it.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lob.counted import counted
from lob.feeds._table_rows import TableRows
from lob.feeds._taken import Taken
from lob.feeds.containers import open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import Feed, FeedReport
from lob.feeds.level_feed import LevelFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code
from lob.types import Kind

__all__ = ["EVENT", "HftBacktest", "write_hftbacktest"]

EVENT = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ],
    align=True,
)
"""One event of hftbacktest, 64 bytes."""

MEMBER = "data.npy"
DEPTH, TRADE = 1, 2
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_CHUNK = 2**14


class HftBacktest(LevelFeed):
    """An event file of hftbacktest, version 2.

    Parameters are those of ``LevelFeed``.
    """

    format = "hftbacktest"

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has an array of hftbacktest's events."""
        return head.data.startswith(npy.MAGIC_PREFIX) and b"'exch_ts'" in head.data[:1024]

    def _shape(self) -> TableRows:
        codes = {"depth": Code.UPDATE, "snapshot": Code.SNAPSHOT, "trade": Code.TRADE}
        shape = TableRows(lambda kind: codes[kind])
        shape.name(self.path.name.split(".")[0])
        return shape

    def _read(self, shape: Taken, report: FeedReport) -> Iterator[None]:
        assert isinstance(shape, TableRows)
        with open_source(self.path, self.member) as source:
            start, count = _header(source.name, source.read(4096))
        with open_source(self.path, self.member) as source:
            source.read(start)
            at = 0
            while at < count:
                data = source.read(min(_CHUNK, count - at) * EVENT.itemsize)
                if len(data) % EVENT.itemsize or not data:
                    raise FeedError(
                        f"ends within event {at + len(data) // EVENT.itemsize + 1} of {count}",
                        path=source.name,
                        offset=source.offset,
                    )
                events = np.frombuffer(data, EVENT)
                if np.any((events["ev"] & 0xFF >= 10) & (events["ev"] & 0xFF <= 13)):
                    raise FeedError(
                        "has events order by order, which are not read; only depth is",
                        path=source.name,
                        offset=source.offset - len(data),
                    )
                wrong = shape.read_events(events, at)
                if wrong:
                    raise FeedError(wrong, path=source.name)
                at += len(events)
                yield
            shape.finish()
            yield
        if shape.passed_over:
            report.note(
                f"{counted(shape.passed_over, 'event')} of other kinds or other sides left out"
            )


def write_hftbacktest(feed: Feed, path: str | Path, *, instrument: int = 0) -> int:
    """Write the levels and prints of a feed as hftbacktest's events; returns how many there are.

    A trade comes before the depth events of its time. Both times of an event are the venue's.

    Parameters
    ----------
    feed
        A level feed; it is read twice.
    path
        The npz to write.
    instrument
        Number of the instrument in the feed.

    Raises
    ------
    ValueError
        If the feed is order by order, or has no such instrument.
    FeedError
        If the feed is damaged.
    """
    if not feed.is_level_feed:
        raise ValueError(f"{feed.path} is order by order; only level feeds can be written")
    if not 0 <= instrument < len(feed.instruments):
        raise ValueError(f"instrument must be below {len(feed.instruments)}, got {instrument}")
    count = sum(len(events) for events in _events(feed, instrument))
    target = Path(path)
    part = target.with_name(target.name + ".part")
    try:
        with (
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(MEMBER, "w", force_zip64=True) as member,
        ):
            head = io.BytesIO()
            npy.write_array_header_1_0(
                head,
                {"descr": npy.dtype_to_descr(EVENT), "fortran_order": False, "shape": (count,)},
            )
            member.write(head.getvalue())
            for events in _events(feed, instrument):
                member.write(events.tobytes())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return count


def _events(feed: Feed, instrument: int) -> Iterator[NDArray[np.void]]:
    """The events of one instrument, a block at a time."""
    told = feed.instruments[instrument]
    tick, lot = float(told.tick_size), float(told.lot_size)
    inverse = (round(1 / tick) if tick < 1 else 0), (round(1 / lot) if lot < 1 else 0)
    orders: dict[int, tuple[int, int, int]] = {}
    made = 0
    for block in feed.blocks():
        mine = block.messages["instrument"] == instrument
        messages = block.messages[mine]
        sides, prices, sizes = _absolute(messages, orders)
        depth = np.zeros(len(messages), EVENT)
        depth["ev"] = DEPTH | EXCH | LOCAL | np.where(sides > 0, BUY, SELL).astype(np.uint64)
        depth["exch_ts"] = depth["local_ts"] = messages["ts_event"]
        depth["px"], depth["qty"] = _float(prices, tick, inverse[0]), _float(sizes, lot, inverse[1])
        prints = block.prints[block.prints["instrument"] == instrument]
        trades = np.zeros(len(prints), EVENT)
        flags = np.where(prints["side"] > 0, BUY, np.where(prints["side"] < 0, SELL, 0))
        trades["ev"] = TRADE | EXCH | LOCAL | flags.astype(np.uint64)
        trades["exch_ts"] = trades["local_ts"] = prints["ts_event"]
        trades["px"] = _float(prints["price"], tick, inverse[0])
        trades["qty"] = _float(prints["size"], lot, inverse[1])
        at = np.concatenate([prints["at"] - 0.5, made + np.flatnonzero(mine)])
        made += len(block.messages)
        yield np.concatenate([trades, depth])[np.argsort(at, kind="stable")]


def _absolute(
    messages: NDArray[np.void], orders: dict[int, tuple[int, int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Side, price and new size of the level that each message is about."""
    out = np.zeros((len(messages), 3), np.int64)
    columns = (messages[name].tolist() for name in ("kind", "order_id", "side", "price", "size"))
    for row, (kind, order_id, side, price, size) in enumerate(zip(*columns, strict=True)):
        if kind == Kind.CANCEL:
            side, price, _ = orders.pop(order_id)
            out[row] = side, price, 0
            continue
        if kind == Kind.REDUCE:
            side, price, old = orders[order_id]
            size = old - size
        orders[order_id] = side, price, size
        out[row] = side, price, size
    return out[:, 0], out[:, 1], out[:, 2]


def _float(steps: NDArray[np.int64], step: float, inverse: int) -> NDArray[np.float64]:
    """Steps as the float nearest to the decimal: a division by a whole number rounds once."""
    found: NDArray[np.float64] = np.asarray(
        steps / inverse if inverse else steps * step, np.float64
    )
    return found


def _header(name: str, data: bytes) -> tuple[int, int]:
    """Where the events start, and how many there are."""
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, SyntaxError, TypeError, EOFError) as error:
        raise FeedError(f"is no array of events ({error})", path=name, offset=0) from None
    if dtype != EVENT or fortran or len(shape) != 1:
        raise FeedError(f"is an array of another kind ({str(dtype)[:80]})", path=name, offset=0)
    return stream.tell(), int(shape[0])
