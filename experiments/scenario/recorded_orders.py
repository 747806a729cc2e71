"""Shocks that are recorded forced orders, replayed as market orders at their times."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, Self

from pydantic import model_validator

import agents
import lob
from experiments.scenario.files import FileName
from experiments.scenario.kept import kept
from experiments.scenario.shock import BaseShock, ShockPlace
from experiments.scenario.table import LONGEST, ns
from lob.counted import counted
from lob.types import MAX_SIZE
from lob.units import SECOND_NS

__all__ = ["OrderOnRecord", "RecordedOrdersTable", "TimedOrders", "read_orders"]

SIDES = {"sell": lob.Side.SELL, "buy": lob.Side.BUY}
NEEDED, KNOWN = ("time", "side", "size"), ("time", "side", "size", "instrument", "account")


class OrderOnRecord(NamedTuple):
    """A row of a file of orders."""

    line: int
    """Line of the file, from 1."""
    time: int
    """ns after the first, or after the shock begins."""
    side: lob.Side
    """Whether it sold or bought."""
    size: Decimal
    """As the file has it."""
    instrument: str
    """Name of the instrument; empty: that of the shock."""
    account: str
    """Name of the account; empty: of one without a name."""


class RecordedOrdersTable(BaseShock):
    """Forced orders of a file, sent as market orders at their times by the accounts they were of.

    The file is a CSV with a row of names. ``time`` is in seconds after ``at``, or the UTC time of
    day as ``2025-10-10 21:15:00.5``, of which the first is at ``at``; ``side`` is ``sell`` or
    ``buy``; ``size`` is in lots or in the asset. There may be ``instrument``, and ``account``: the
    orders of one account are of one trader, which has no margin account here and may go short.
    Times must not fall.
    """

    kind: Literal["recorded"]
    """Which kind of shock this is."""
    file: FileName
    """Path of the CSV, beside the scenario or in the working directory."""
    sizes: Literal["lots", "asset"] = "lots"
    """Whether sizes are whole lots, or how much of the instrument's ``base``."""

    @model_validator(mode="before")
    @classmethod
    def _with_a_side(cls, given: Any) -> Any:
        """What mostly buys is measured as a rise, if it is not said."""
        if isinstance(given, dict) and "side" not in given and "kind" in given:
            try:
                rows = cls.model_validate({**given, "side": "sell"}).orders
            except (ValueError, OSError):
                return given  # told as what it is, with the folder of the scenario
            return {**given, "side": "buy" if sum(r.side * r.size for r in rows) > 0 else "sell"}
        return given

    @model_validator(mode="after")
    def _has_orders(self) -> Self:
        try:
            _ = self.orders
        except OSError as error:
            raise ValueError(f"{self.file}: {error.strerror or error}") from None
        return self

    @property
    def orders(self) -> tuple[OrderOnRecord, ...]:
        """The rows of the file."""
        return kept(read_orders, self.file)

    @property
    def over(self) -> float:
        """Seconds: from the beginning to the last order."""
        return self.orders[-1].time / SECOND_NS

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Make the accounts.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If an instrument is not there, or a size is no whole number of lots: with the line.
        """
        by_account: dict[str, list[tuple[int, lob.Side, int, int]]] = {}
        for row in self.orders:
            name = row.instrument or self.instrument
            market = place.names.markets.get(name)
            where = f"file: {self.file}, line {row.line}: "
            if market is None:
                known = ", ".join(place.names.markets)
                raise ValueError(f"{where}no instrument is called {name!r}: there are {known}")
            lots = row.size / market.lot_size if self.sizes == "asset" else row.size
            if lots != int(lots) or lots > MAX_SIZE:
                raise ValueError(f"{where}size must be a whole number of lots, got {row.size}")
            rows = by_account.setdefault(row.account, [])
            rows.append((ns(self.at) + row.time, row.side, int(lots), market.number))
        return [
            TimedOrders(place.trader + (f" account {account}" if account else ""), rows)
            for account, rows in by_account.items()
        ]

    def reported(self, simulation: agents.Simulation, number: int) -> dict[str, Any]:
        """How many orders of how many accounts there were, and lots that found somebody.

        Parameters
        ----------
        simulation
            The run.
        number
            Number of the shock, from 0.
        """
        name = f"shock {number}"
        traders = [
            one
            for one in simulation.agents
            if isinstance(one, TimedOrders)
            and (one.name == name or one.name.startswith(f"{name} account "))
        ]
        return {
            "kind": self.kind,
            "accounts": len(traders),
            "orders": len(self.orders),
            "lots": sum(size for one in traders for _, _, size, _ in one.orders),
            "filled": sum(one.filled for one in traders),
        }

    def told(self) -> str:
        """How many orders of how many accounts there are."""
        rows = self.orders
        return (
            f"{counted(len(rows), 'recorded order')} of "
            f"{counted(len({row.account for row in rows}), 'account')} sent within {self.over:g} s"
        )


class TimedOrders(agents.Agent):
    """A trader who sends market orders at given times.

    Parameters
    ----------
    name
        Unique among the participants.
    orders
        Time in ns since the start of the run, side, lots and number of the instrument of each;
        times do not fall.
    """

    def __init__(self, name: str, orders: Sequence[tuple[int, lob.Side, int, int]]) -> None:
        super().__init__(name)
        self.orders = list(orders)
        self.sent = 0
        self.filled = 0

    def on_start(self) -> None:
        """Hook: the run begins; wait for the first order."""
        self.wake_in(self.orders[0][0] - self.now)

    def on_wake(self) -> None:
        """Hook: send what is due."""
        while self.sent < len(self.orders) and self.orders[self.sent][0] <= self.now:
            _, side, lots, instrument = self.orders[self.sent]
            self.sent += 1
            self.submit(side, lots, instrument=instrument)
        if self.sent < len(self.orders):
            self.wake_in(self.orders[self.sent][0] - self.now)

    def on_event(self, event: agents.EventView) -> None:
        """Hook: count what has traded."""
        if event.kind == lob.EventKind.TRADE:
            self.filled += event.size


def read_orders(path: str) -> tuple[OrderOnRecord, ...]:
    """Read a CSV of forced orders: see ``RecordedOrdersTable``.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ValueError
        If it is none: the message has the file and the line.
    OSError
        If it cannot be read.
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        try:
            rows = tuple(_rows(csv.reader(file)))
        except _RowError as error:
            raise ValueError(f"{path}, line {error.line}: {error}") from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path}: no CSV in UTF-8: {error}") from None
    if not rows:
        raise ValueError(f"{path}: there is no order in it")
    return rows


class _RowError(ValueError):
    """What is wrong with a line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def _rows(lines: Any) -> Iterator[OrderOnRecord]:
    head = [name.strip().lower() for name in next(lines, [])]
    missing = [name for name in NEEDED if name not in head]
    unknown = [name for name in head if name not in KNOWN]
    if missing or unknown or len(set(head)) < len(head):
        raise _RowError(1, f"columns must be {', '.join(KNOWN)}, of which the last two may be "
                           f"missing, got {', '.join(head) or 'none'}")  # fmt: skip
    first: datetime | None = None
    seconds = False
    before = 0
    for cells in lines:
        number = lines.line_num
        if not cells:
            continue
        if len(cells) != len(head):
            raise _RowError(number, f"{len(head)} cells are needed, got {len(cells)}")
        row = dict(zip(head, (cell.strip() for cell in cells), strict=True))
        time = _time(row["time"], number)
        if isinstance(time, datetime):
            if seconds:
                raise _RowError(number, "times must be all in seconds, or all of a day")
            first = first or time
            after = round((time - first).total_seconds() * SECOND_NS)
        elif first is not None:
            raise _RowError(number, "times must be all in seconds, or all of a day")
        else:
            after, seconds = time, True
        if after < before:
            raise _RowError(number, f"times must not fall, got {row['time']}")
        before = after
        if row["side"].lower() not in SIDES:
            raise _RowError(number, f"side must be sell or buy, got {row['side']!r}")
        yield OrderOnRecord(
            number, after, SIDES[row["side"].lower()], _size(row["size"], number),
            row.get("instrument", ""), row.get("account", ""),
        )  # fmt: skip


def _time(text: str, line: int) -> int | datetime:
    """ns, or a moment."""
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _RowError(
                line, f"time must be seconds, or as 2025-10-10 21:15:00, got {text!r}"
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not (seconds.is_finite() and 0 <= seconds <= Decimal(LONGEST)):
        raise _RowError(line, f"time must be 0 seconds or more, got {text}")
    return int(seconds * SECOND_NS)


def _size(text: str, line: int) -> Decimal:
    try:
        size = Decimal(text)
    except InvalidOperation:
        size = Decimal(-1)
    if not (size.is_finite() and size > 0):
        raise _RowError(line, f"size must be a number above 0, got {text!r}")
    return size
