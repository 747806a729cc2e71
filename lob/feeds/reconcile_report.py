"""What was met when the two files of a LOBSTER day were made one stream."""

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from lob.counted import counted
from lob.units import MILLISECOND_NS, SECOND_NS

__all__ = ["HALT_STATES", "Halt", "Match", "ReconcileReport"]

HALT_STATES = {-1: "halted", 0: "quoting resumes", 1: "trading resumes"}


class Halt(NamedTuple):
    """A change of the trading state."""

    ts_event: int
    state: str


class Match(NamedTuple):
    """How many rows of the recorded book came out of the stream as they are in the file."""

    compared: int
    all_levels: int
    """Rows that are the same in every price and size."""
    touch: int
    """Rows that are the same in price and size of the best bid and ask."""


@dataclass(frozen=True, kw_only=True)
class ReconcileReport:
    """The counts of a reconciliation. All times are ns after midnight.

    Attributes
    ----------
    rows, rows_by_type
        Rows of the message file.
    unknown_ids
        Messages about an order that is not in the book: it came before the record or out of
        sight. Their lots are taken from other orders at their price.
    unknown_prices, overdrawn
        Such messages where nothing is at the price, or less than they take.
    contradictions
        Messages that deny an order's price or direction, add it twice, or add one that crosses.
    adopted_levels, corrected_levels, dropped_levels
        Prices that came into view and were not in the book, or were there with another size;
        prices that went out of view.
    requeued_orders
        Orders put behind another that was executed before them.
    synthetic_messages
        Messages made for all this.
    match
        Agreement of the stream with the orderbook file.
    first_problem
        Where the files first contradict each other, and how.
    truncated
        What is missing at the end of the day; empty: nothing.
    """

    day: str
    rows: int
    rows_by_type: dict[str, int]
    first_ts_event: int
    last_ts_event: int
    halts: list[Halt] = field(default_factory=list)
    unknown_ids: int
    unknown_prices: int
    overdrawn: int
    contradictions: int
    adopted_levels: int
    corrected_levels: int
    dropped_levels: int
    requeued_orders: int
    synthetic_messages: int
    match: Match
    first_problem: str | None
    truncated: str = ""

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        fields = asdict(self)
        fields["halts"] = [halt._asdict() for halt in self.halts]
        fields["match"] = self.match._asdict()
        return fields

    def __str__(self) -> str:
        by_type = ", ".join(f"{n:,} {name}" for name, n in self.rows_by_type.items() if n)
        lines = [
            f"{self.day}: {counted(self.rows, 'message')} from "
            f"{_clock(self.first_ts_event)} to {_clock(self.last_ts_event)}",
            f"  of these {by_type}".replace("_", " "),
            *(f"  {_clock(halt.ts_event)} {halt.state}" for halt in self.halts),
            f"  {self.unknown_ids:,} about orders from before the record or out of sight; "
            f"{self.unknown_prices:,} where nothing was, {self.overdrawn:,} for more than was "
            f"there, {self.contradictions:,} contradictory",
            f"  {counted(self.synthetic_messages, 'synthetic message')}: "
            f"{counted(self.adopted_levels, 'level')} adopted and {self.corrected_levels:,} "
            f"corrected as they came into view, "
            f"{counted(self.requeued_orders, 'order')} requeued; "
            f"{counted(self.dropped_levels, 'level')} dropped out of view",
        ]
        compared, all_levels, touch = self.match
        lines.append(
            f"  of {counted(compared, 'row')} compared {_share(all_levels, compared)} agree at "
            f"every level, {_share(touch, compared)} at the best bid and ask"
        )
        if self.truncated:
            lines.append(f"  {self.truncated}")
        if self.first_problem:
            lines.append(f"  the files contradict each other, first in {self.first_problem}")
        return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.4f} %)" if whole else "0"


def _clock(ts: int) -> str:
    seconds, ns = divmod(ts, SECOND_NS)
    return (
        f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ns // MILLISECOND_NS:03}"
    )
