"""What bots ask for, what became of it, and the accounts that they pay into."""

from collections.abc import Iterable
from typing import NamedTuple

from lob import Side
from lob.checks import integer
from lob.clearing import Ledger

__all__ = ["GAS_ACCOUNT", "Transaction", "TransactionOutcome", "checked_outages", "sink_account"]

GAS_ACCOUNT = "gas"
"""Name of the account into which all gas is paid."""


class Transaction(NamedTuple):
    """Something that a bot wants to be done about an offer."""

    tag: int
    lots: int
    price: int
    """Ticks: the worst acceptable one of a take, or the bid."""
    gas: int
    """Cash units that it pays to be included."""
    reserved: int
    """Cash units of capital that are spoken for while it is under way, gas included."""
    group: tuple[int, Side]
    """Book and side of the offer."""


class TransactionOutcome(NamedTuple):
    """What became of a transaction."""

    ts_event: int
    tag: int
    asked: int
    """Lots."""
    got: int
    """Lots, of a bid that was accepted 0."""
    cash: int
    """Units received, negative: paid."""


def checked_outages(offline: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Outages in the order of time."""
    found = []
    for i, (start, end) in enumerate(offline):
        integer(f"offline[{i}].start", start, 0)
        found.append((start, integer(f"offline[{i}].end", end, start + 1)))
    for (_, end), (start, _) in zip(sorted(found), sorted(found)[1:], strict=False):
        if start < end:
            raise ValueError(f"offline must not overlap, got {sorted(found)}")
    return tuple(sorted(found))


def sink_account(ledger: Ledger, name: str) -> int:
    """The account of that name, opened if there is none yet."""
    try:
        return ledger.account(name)
    except ValueError:
        return ledger.open_account(name)
