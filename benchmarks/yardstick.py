"""Builds and drives the bare C loop of ``yardstick.c``."""

import ctypes
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import lob
from benchmarks.contenders import Loaded, Start, Touch
from benchmarks.mixes import Mix

__all__ = ["BareLoop"]

SOURCE = Path(__file__).with_name("yardstick.c")
FLAGS = ("-O3", "-shared", "-fPIC")


class BareLoop:
    """The mixes through plain arrays in C: as fast as this could go, with nothing checked."""

    name = "bare C loop"
    note = "plain arrays of known size, no checks; writes the same 96-byte events"
    limit: int | None = None

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "yardstick.so"
            compiler = shlex.split(os.environ.get("CC", "cc"))
            subprocess.run([*compiler, *FLAGS, "-o", target, SOURCE], check=True)
            self._code = ctypes.CDLL(str(target))
        pointer, integer = ctypes.c_void_p, ctypes.c_int64
        for name, result, arguments in (
            ("book_new", pointer, [integer] * 4),
            ("book_free", None, [pointer]),
            ("book_process", integer, [pointer, pointer, integer, pointer]),
            ("book_best_bid", integer, [pointer]),
            ("book_best_ask", integer, [pointer]),
        ):
            function = getattr(self._code, name)
            function.restype, function.argtypes = result, arguments

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        """``out`` must have room for every event: nothing checks."""
        rows = np.concatenate([mix.preload, mix.timed])
        limits = rows["price"][
            (rows["kind"] == lob.Kind.NEW) & (rows["order_type"] == lob.OrderType.LIMIT)
        ]
        base, top = int(limits.min()), int(limits.max())
        most_orders = len(mix.preload) + len(mix.timed)

        def start() -> Loaded:
            book = _Book(self._code, base, top - base + 1, int(rows["order_id"].max()), most_orders)
            book.process(mix.preload, out)
            return Loaded(lambda: book.process(mix.timed, out), book.touch)

        return start

    def pairs(self, mix: Mix, price: int) -> None:
        """It has no calls for single orders."""


class _Book:
    """Owns one book of the C side."""

    def __init__(self, code: ctypes.CDLL, *sizes: int) -> None:
        self._code = code
        self._book = code.book_new(*sizes)

    def __del__(self) -> None:
        self._code.book_free(self._book)

    def process(self, rows: NDArray[np.void], out: NDArray[np.void]) -> NDArray[np.void]:
        count = self._code.book_process(self._book, rows.ctypes.data, len(rows), out.ctypes.data)
        return out[:count]

    def touch(self) -> Touch:
        return self._code.book_best_bid(self._book), self._code.book_best_ask(self._book)
