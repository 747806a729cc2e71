"""Order-by-order feeds: ITCH beside a bare C loop, Databento by records a second.

The flow is made: so many orders live at a time, of a hundred stocks, prices a few hundred ticks
around the middle and the more the nearer; lives are uniform, some orders are executed or reduced in
part, some replaced. Files lie in the page cache; times are CPU times of one thread.
"""

import ctypes
import os
import shlex
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import FULL, Measure, Plan, Say
from benchmarks.timing import in_turn

__all__ = ["measure"]

ITCH_RATIO = 1.5  # to the bare loop
DBN_RATE = 10.0  # million records a CPU second
STOCKS = 100
TICKS = 300.0  # mean distance from the middle
MIDDLE = 1_000_000
LENGTHS = {"A": 36, "D": 19, "E": 31, "X": 23, "U": 35}
MBO = np.dtype(
    [
        ("length", "u1"), ("rtype", "u1"), ("publisher", "<u2"), ("instrument", "<u4"),
        ("ts_event", "<u8"), ("order_id", "<u8"), ("price", "<i8"), ("size", "<u4"),
        ("flags", "u1"), ("channel", "u1"), ("action", "S1"), ("side", "S1"),
        ("ts_recv", "<u8"), ("delta", "<i4"), ("sequence", "<u4"),
    ]
)  # fmt: skip
SCAN = """
import re, sys
from lob.feeds import open_feed
def most():  # ru_maxrss is the parent's, where that had more
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
feed = open_feed(sys.argv[1])
before = most()
feed.scan()
print((most() - before) / 1024)
"""


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Read made files of both formats."""
    count, live = (
        (10_000_000, 1_000_000) if plan.messages >= FULL.messages else (2_000_000, 200_000)
    )
    rounds = max(3, plan.rounds // 2)
    with tempfile.TemporaryDirectory() as folder:
        flow = _flow(count, live)
        itch, dbn = Path(folder) / "day.itch", Path(folder) / "day.dbn"
        _write_itch(itch, flow)
        _write_dbn(dbn, flow)
        del flow
        say(
            f"{count:,} records, {live:,} live orders, {STOCKS} stocks; "
            "million records a CPU second"
        )
        loop = _Loop(itch, live)
        spreads = in_turn(
            {
                "ITCH, bare C loop": partial(_rate, loop.run, count),
                "ITCH, books": partial(_rate, partial(_scan, itch), count),
                "ITCH, messages and books": partial(_rate, partial(_read, itch), count),
                "DBN, tick stated": partial(_rate, partial(_read, dbn, tick_size="0.01"), count),
                "DBN, tick found": partial(_rate, partial(_read, dbn), count),
                "DBN, books": partial(_rate, partial(_scan, dbn, tick_size="0.01"), count),
            },
            rounds,
        )
        for name, spread in spreads.items():
            say(f"  {name:<42}{spread.median:>8.2f}  ({spread.low:.2f} to {spread.high:.2f})")
        for name in ("ITCH, books", "ITCH, messages and books"):
            ratio = spreads["ITCH, bare C loop"].median / spreads[name].median
            yield Measure(name, ratio, "of a C loop", ITCH_RATIO)
        for name in ("DBN, tick stated", "DBN, tick found", "DBN, books"):
            rate = spreads[name].median
            yield Measure(name, rate, "M records/s", DBN_RATE, at_most=False)
        grown = float(
            subprocess.check_output([sys.executable, "-c", SCAN, str(itch)], cwd=os.getcwd())
        )
        size = itch.stat().st_size / 2**20
        yield Measure(f"memory grown by {size:,.0f} MiB of ITCH", grown, "MiB", 500)


def _scan(path: Path, **options: str) -> object:
    from lob.feeds import open_feed

    feed = open_feed(path, **options)
    report = feed.scan()
    if report.unknown_ids or report.overdrawn:
        raise RuntimeError(f"the made flow is not sound: {report}")
    return report


def _read(path: Path, **options: str) -> object:
    """Take all messages, which a scan need not make."""
    from lob.feeds import open_feed

    feed = open_feed(path, **options)
    for _ in feed.blocks():
        pass
    return feed


def _rate(work: object, count: int) -> float:
    start = time.process_time()
    work()  # type: ignore[operator]
    return count / (time.process_time() - start) / 1e6


class _Loop:
    """Builds and drives ``itch_loop.c``."""

    def __init__(self, path: Path, live: int) -> None:
        self._data = path.read_bytes()
        self._slots = 1 << (4 * live).bit_length() - 1
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "loop.so"
            source = Path(__file__).with_name("itch_loop.c")
            compiler = shlex.split(os.environ.get("CC", "cc"))
            subprocess.run([*compiler, "-O3", "-shared", "-fPIC", "-o", target, source], check=True)
            self._code = ctypes.CDLL(str(target))
        self._code.run.restype = ctypes.c_int64
        self._code.run.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64]

    def run(self) -> object:
        return self._code.run(self._data, len(self._data), self._slots)


def _flow(count: int, live: int) -> dict[str, NDArray[np.int64]]:
    """Columns of a flow: kind, reference, stock, side, price, size, and what an order came with."""
    random = np.random.default_rng(7)
    births = live + (count - live) * 45 // 100
    order = np.arange(births)
    born = np.maximum(order - live, 0).astype(float)
    dies = born + random.uniform(1, 2 * live, births)
    changed = random.uniform(0, 1, births) < 0.22
    between = born + (dies - born) * random.uniform(0.05, 0.95, births)
    size = random.integers(2, 500, births)
    side = np.where(random.uniform(0, 1, births) < 0.5, 1, -1)
    price = MIDDLE - side * 100 * (1 + random.exponential(TICKS, births).astype(np.int64))
    stock = random.integers(1, STOCKS + 1, births)
    how = np.where(changed, random.integers(0, 3, births), -1)  # E, X, U
    times = np.concatenate([born, between[changed], dies])
    orders = np.concatenate([order, order[changed], order])
    letters = np.array([ord(letter) for letter in "EXU"])
    kinds = np.concatenate(
        [np.full(births, ord("A")), letters[how[changed]], np.full(births, ord("D"))]
    )
    at = np.argsort(times, kind="stable")[:count]
    kinds, orders = kinds[at], orders[at]
    # A replaced order goes on under another reference.
    replaced = how[orders] == 2
    late = (kinds == ord("D")) & replaced
    return {
        "kind": kinds,
        "ref": 10 + 2 * orders + late,
        "stock": stock[orders],
        "side": side[orders],
        "price": price[orders],
        "size": np.where(kinds == ord("A"), size[orders], 1),
        "left": size[orders],
    }


def _write_itch(path: Path, flow: dict[str, NDArray[np.int64]]) -> None:
    layouts = {
        "A": [("ref", ">u8"), ("side", "S1"), ("size", ">u4"), ("name", "S8"), ("price", ">u4")],
        "D": [("ref", ">u8")],
        "E": [("ref", ">u8"), ("size", ">u4"), ("match", ">u8")],
        "X": [("ref", ">u8"), ("size", ">u4")],
        "U": [("ref", ">u8"), ("new", ">u8"), ("size", ">u4"), ("price", ">u4")],
    }
    head = [("length", ">u2"), ("kind", "S1"), ("locate", ">u2"), ("tracking", ">u2"),
            ("high", ">u2"), ("low", ">u4")]  # fmt: skip
    lengths = np.zeros(256, np.int64)
    for letter, length in LENGTHS.items():
        lengths[ord(letter)] = 2 + length
    names = np.array([f"S{i:<7}".encode() for i in range(STOCKS + 1)])
    with path.open("wb") as file:
        file.write(struct.pack(">H", 12) + b"S" + bytes(10) + b"Q")
        for start in range(0, len(flow["kind"]), 2**20):
            part = {name: column[start : start + 2**20] for name, column in flow.items()}
            ends = np.cumsum(lengths[part["kind"]])
            out = np.zeros(int(ends[-1]), np.uint8)
            for letter, fields in layouts.items():
                rows = np.flatnonzero(part["kind"] == ord(letter))
                made = np.zeros(len(rows), np.dtype(head + fields))
                made["length"], made["kind"] = LENGTHS[letter], letter.encode()
                made["locate"], made["low"] = part["stock"][rows], start + rows
                columns = {
                    **{name: column[rows] for name, column in part.items()},
                    "side": np.where(part["side"][rows] > 0, b"B", b"S"),
                    "name": names[part["stock"][rows]],
                    "match": rows,
                    "new": part["ref"][rows] + 1,
                }
                for name, _ in fields:
                    made[name] = columns[name]
                places = ends[rows] - made.itemsize
                out[places[:, None] + np.arange(made.itemsize)] = made.view(np.uint8).reshape(
                    len(rows), made.itemsize
                )
            file.write(out.data)


def _write_dbn(path: Path, flow: dict[str, NDArray[np.int64]]) -> None:
    kind = flow["kind"]
    rows = np.zeros(len(kind), MBO)
    rows["length"], rows["rtype"], rows["flags"] = 14, 0xA0, 128
    rows["instrument"] = flow["stock"]
    rows["ts_event"] = rows["ts_recv"] = 1_700_000_000_000_000_000 + np.arange(len(kind))
    # A replacement keeps its id here: the size changes.
    rows["order_id"] = flow["ref"] - (flow["ref"] % 2)
    rows["price"] = flow["price"] * 100_000
    rows["size"] = flow["size"]
    rows["action"] = np.array([b"C"])
    rows["action"][kind == ord("A")] = b"A"
    rows["action"][kind == ord("U")] = b"M"
    rows["side"] = np.where(flow["side"] > 0, b"B", b"A")
    # A deletion takes what an execution or a cancel has left.
    gone = kind == ord("D")
    rows["size"][gone] = _left(flow)[gone]
    meta = b"MADE".ljust(16, b"\0") + struct.pack("<HQQQ", 0, 0, 1, 0) + b"\1\0\0"
    meta = (meta + struct.pack("<H", 71)).ljust(100, b"\0") + bytes(20)
    with path.open("wb") as file:
        file.write(b"DBN" + struct.pack("<BI", 3, len(meta)) + meta)
        file.write(rows.data)


def _left(flow: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """What is left of an order at each row, before it."""
    kind, order = flow["kind"], flow["ref"] // 2
    reduced = np.zeros(int(order.max()) + 1, np.int64)
    replaced = np.zeros(len(reduced), np.bool_)
    reduced[order[(kind == ord("E")) | (kind == ord("X"))]] = 1
    replaced[order[kind == ord("U")]] = True
    return np.where(replaced[order], 1, flow["left"] - reduced[order])
