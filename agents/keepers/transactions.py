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
    """A take or a bid that a bot sends about an offer, executed as a whole."""

    tag: int
    """Tag of the liquidation that is on offer."""
    lots: int
    """Lots to take or to bid for, without their sign."""
    price: int
    """Ticks: the worst acceptable price of a take, or the bid."""
    gas: int
    """Cash units that the transaction pays to be included."""
    reserved: int
    """Cash units of capital reserved while the transaction is under way, gas included."""
    group: tuple[int, Side]
    """Number of the book and side of the offer."""


class TransactionOutcome(NamedTuple):
    """What became of a bot's transaction."""

    ts_event: int
    """Time in ns at which the transaction was executed."""
    tag: int
    """Tag of the liquidation that was on offer."""
    asked: int
    """Lots that the transaction asked for."""
    got: int
    """Lots that the transaction brought; of a bid that was accepted 0."""
    cash: int
    """Cash units received; negative: paid."""


def checked_outages(offline: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The outages of ``offline``, pairs of start and end in ns, in the order of time.

    Raises ``TypeError`` or ``ValueError`` unless each ends after it starts and none overlap.
    """
    found = []
    for i, (start, end) in enumerate(offline):
        integer(f"offline[{i}].start", start, 0)
        found.append((start, integer(f"offline[{i}].end", end, start + 1)))
    for (_, end), (start, _) in zip(sorted(found), sorted(found)[1:], strict=False):
        if start < end:
            raise ValueError(f"offline must not overlap, got {sorted(found)}")
    return tuple(sorted(found))


def sink_account(ledger: Ledger, name: str) -> int:
    """Number of the ledger account of a name, which is opened if there is none yet."""
    try:
        return ledger.account(name)
    except ValueError:
        return ledger.open_account(name)
