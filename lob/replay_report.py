"""The report of a replay: counts, and how well it kept to the record."""

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from lob.counted import counted
from lob.units import MILLISECOND_NS, SECOND_NS

__all__ = ["HALT_STATES", "Halt", "Match", "ReplayReport"]

HALT_STATES = {-1: "halted", 0: "quoting resumes", 1: "trading resumes"}


class Halt(NamedTuple):
    """A change of the trading state of a recorded day."""

    ts_event: int
    """Time of the change in ns after midnight."""
    state: str
    """The state from then on: ``"halted"``, ``"quoting resumes"`` or ``"trading resumes"``."""


class Match(NamedTuple):
    """How many rows of the recorded book came out of the replay as they are in the file."""

    compared: int
    """Rows compared."""
    all_levels: int
    """Rows that are the same in every price and size."""
    touch: int
    """Rows that are the same in price and size of the best bid and ask."""


@dataclass(frozen=True, kw_only=True)
class ReplayReport:
    """The counts of a replay. All times are ns after midnight.

    Attributes
    ----------
    day, mode
        Name of the day, and mode of the replay.
    rows, rows_by_type
        Rows of the message file, all and by their type.
    first_ts_event, last_ts_event
        Times of the first and the last row.
    halts
        Changes of the trading state.
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
    injected_messages
        Messages that the caller injected.
    aggressors, unfilled_aggressors, unfilled_lots
        Orders made of executions, those of them that did not fill whole, and what they lacked.
    orphaned_cancels, other_rejections
        Messages of the day about orders that are no longer there, and other rejections.
    marketable_adds
        Adds of the day that traded on arrival, which they did not in the record.
    match
        Agreement with the orderbook file; ``None`` where injected orders make it pointless.
    first_problem
        Where the files first contradict each other, and how.
    postponed_messages
        Injected messages that came in a halt and waited until trading resumed.
    truncated
        What is missing at the end of the day; empty: nothing.
    """

    day: str
    mode: str
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
    injected_messages: int = 0
    postponed_messages: int = 0
    aggressors: int = 0
    unfilled_aggressors: int = 0
    unfilled_lots: int = 0
    orphaned_cancels: int = 0
    other_rejections: int = 0
    marketable_adds: int = 0
    match: Match | None
    first_problem: str | None
    truncated: str = ""

    def to_dict(self) -> dict[str, Any]:
        """All fields of this report as a dict, ready for JSON."""
        fields = asdict(self)
        fields["halts"] = [halt._asdict() for halt in self.halts]
        fields["match"] = self.match and self.match._asdict()
        return fields

    def __str__(self) -> str:
        by_type = ", ".join(f"{n:,} {name}" for name, n in self.rows_by_type.items() if n)
        lines = [
            f"{self.day}, {self.mode}: {counted(self.rows, 'message')} from "
            f"{_clock(self.first_ts_event)} to {_clock(self.last_ts_event)}",
            f"  of these {by_type}".replace("_", " "),
            *(f"  {_clock(halt.ts_event)} {halt.state}" for halt in self.halts),
            f"  {self.unknown_ids:,} about orders from before the record or out of sight; "
            f"{self.unknown_prices:,} where nothing was, {self.overdrawn:,} for more than was "
            f"there, {self.contradictions:,} contradictory",
            f"  {counted(self.synthetic_messages, 'synthetic message')}: "
            f"{counted(self.adopted_levels, 'level')} adopted and {self.corrected_levels:,} "
            "corrected as they came into view, "
            f"{counted(self.requeued_orders, 'order')} requeued; "
            f"{counted(self.dropped_levels, 'level')} dropped out of view",
        ]
        if self.mode == "interactive":
            lines.append(
                f"  {counted(self.aggressors, 'aggressor')}, {self.unfilled_aggressors:,} "
                f"not filled whole ({counted(self.unfilled_lots, 'lot')}); "
                f"{counted(self.orphaned_cancels, 'orphaned cancel')}, "
                f"{counted(self.other_rejections, 'other rejection')}, "
                f"{counted(self.marketable_adds, 'add')} that traded on arrival"
            )
        if self.injected_messages:
            waited = (
                f", {self.postponed_messages:,} of them waited for the end of a halt"
                if self.postponed_messages
                else ""
            )
            lines.append(f"  {counted(self.injected_messages, 'injected message')}{waited}")
        if self.match:
            compared, all_levels, touch = self.match
            lines.append(
                f"  of {counted(compared, 'row')} compared {_share(all_levels, compared)} agree "
                f"at every level, {_share(touch, compared)} at the best bid and ask"
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
